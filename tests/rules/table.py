"""Cases of every function with a gradient rule, in every situation that concerns it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rules.registry import (
    IMAGES,
    NEEDS_AXES,
    NO_KEEPDIMS,
    ONE_ARGUMENT,
    ONE_AXIS,
    add,
    binary,
    distinct,
    exclude,
    exclude_axes,
    image_case,
    loss,
    shaping_cases,
    unary,
)
from tinygrad_ml import functional
from tinygrad_ml.functional import activations, class_losses, distances, losses
from tinygrad_ml.rules import indexing, linalg, shaping, windows

# ---------------------------------------------------------------- functions of one element


for ufunc in (np.negative, np.positive, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos,
              np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh):  # fmt: skip
    unary(ufunc, -2, 2)
for ufunc in (np.reciprocal, np.log, np.log2, np.log10, np.log1p, np.sqrt):
    unary(ufunc, 0.5, 2)
for ufunc in (np.arcsin, np.arccos, np.arctanh):
    unary(ufunc, -0.8, 0.8)
unary(np.tan, -1, 1)
unary(np.arccosh, 1.5, 3)
unary(np.cbrt, 0.5, 2, analytic=False)
unary(np.absolute, -2, -0.5, analytic=False)
unary(np.fabs, 0.5, 2, analytic=False)
unary(functional.sigmoid, -3, 3, analytic=False)
unary(functional.softplus, -3, 3, analytic=False)
unary(functional.relu, 0.1, 3)
add(functional.relu, "plain", functional.relu, np.array([[-1.0, 2.0], [3.0, -4.0]]))
add(np.absolute, "plain", abs, np.array([-1.0, 2.0]), analytic=False)
for case in ("plain", "0-d", "empty"):
    shape = {"plain": (2, 3), "0-d": (), "empty": (0, 2)}[case]
    sign = np.asarray(distinct(*shape))
    add(activations._relu_backward, case, lambda g, y=sign: activations._relu_backward(g, y),
        distinct(*shape))  # fmt: skip
exclude(activations._relu_backward, broadcast="called with arguments of one shape only")
exclude_axes(activations._relu_backward)

# ---------------------------------------------------------------- functions of two elements


binary(np.add, -2, 2, -2, 2)
binary(np.subtract, -2, 2, -2, 2)
binary(np.multiply, -2, 2, -2, 2)
binary(np.divide, -2, 2, 0.5, 2)
binary(np.power, 0.5, 2, -2, 2)
binary(np.arctan2, -2, -0.5, 0.5, 2, analytic=False)
binary(np.hypot, -2, -0.5, 0.5, 2, analytic=False)
binary(np.maximum, -2, 2, -3, 3)
binary(np.minimum, -2, 2, -3, 3)
for exponent in (0, 1, 2, 3, -1, -2, 0.5, 2.5, np.array([0, 1, 2], np.int8)):
    add(np.power, "plain", lambda x, y=exponent: x**y, distinct(3, low=0.5, high=2))
for exponent in (0, 1, 2, 3, -1, -2, -3):
    add(np.power, "plain", lambda x, y=exponent: x**y, distinct(3, low=-2, high=-0.5))
for base in (2, 0.5, 3.0):
    add(np.power, "plain", lambda y, x=base: x**y, distinct(3))

# where: the condition is constant
MASK = np.array([[True, False, True], [False, False, True]])
add(np.where, "plain", lambda x, y: np.where(MASK, x, y), distinct(2, 3), distinct(2, 3))
add(np.where, "plain", lambda x: np.where(MASK, x, 0), distinct(2, 3))
add(np.where, "plain", lambda x: np.where(MASK, 1, x), distinct(2, 3))
add(np.where, "0-d", lambda x, y: np.where(True, x, y), distinct(), distinct())
add(np.where, "empty", lambda x, y: np.where(MASK[:0], x, y), distinct(0, 3), distinct(3))
add(np.where, "broadcast", lambda x, y: np.where(MASK, x, y), distinct(), distinct(2, 1))
add(np.where, "broadcast", lambda x, y: np.where(MASK[:, :1], x, y), distinct(3), distinct(2, 1))
exclude_axes(np.where)

# clip: also where the bounds cross, and with Tensors as bounds
add(np.clip, "plain", lambda x: np.clip(x, -1, 1), distinct(2, 3, high=1.5))
add(np.clip, "plain", lambda x: np.clip(x, None, 0.3), distinct(5))
add(np.clip, "plain", lambda x: np.clip(x, min=-0.3), distinct(5))
add(np.clip, "plain", lambda x: np.clip(x, 1.0, -1.0), distinct(5))
add(np.clip, "plain", np.clip, distinct(6), distinct(6, low=-1.5, high=-0.5), distinct(6, low=0.5))
add(np.clip, "0-d", lambda x: np.clip(x, -3, 3), distinct())
add(np.clip, "empty", lambda x: np.clip(x, -1, 1), distinct(0, 2))
add(np.clip, "broadcast", np.clip, distinct(2, 3), np.array(-0.7), np.array([[0.4], [1.1]]))
add(np.clip, "broadcast", np.clip, np.array(0.05), distinct(3, low=-0.5), distinct(2, 1, low=0.1))
exclude_axes(np.clip)

add(np.ndarray.astype, "plain", lambda x: np.ndarray.astype(x, dtype=x.dtype)
    if isinstance(x, np.ndarray) else x.astype(x.dtype), distinct(2, 3))  # fmt: skip
add(np.ndarray.astype, "0-d", lambda x: x.astype(x.dtype), distinct())
add(np.ndarray.astype, "empty", lambda x: x.astype(x.dtype), distinct(0, 2))
exclude(np.ndarray.astype, broadcast=ONE_ARGUMENT)
exclude_axes(np.ndarray.astype)

# ---------------------------------------------------------------- reductions


def reduction(function: Callable, low: float = -2, high: float = 2, **kwargs: Any) -> None:
    def reduce(situation: str, shape: tuple, empty_axis: bool = False, **how: Any) -> None:
        x = distinct(*shape, low=low, high=high)
        add(function, situation, lambda x: function(x, **how, **kwargs), x)

    reduce("plain", (2, 3))
    reduce("plain", (2, 3), axis=0)
    reduce("plain", (2, 3, 2), axis=1)
    reduce("plain", (4, 1), axis=1)
    reduce("plain", (1, 3), axis=0)
    reduce("0-d", ())
    reduce("empty", (0, 3), axis=1)
    reduce("empty", (0, 3), axis=1, keepdims=True)
    reduce("negative axis", (2, 3), axis=-1)
    reduce("negative axis", (2, 3, 2), axis=-2)
    reduce("tuple axis", (2, 3, 2), axis=(0, 2))
    reduce("tuple axis", (2, 3, 2), axis=(-1, 0))
    reduce("tuple axis", (2, 3), axis=())
    reduce("keepdims", (2, 3), keepdims=True)
    reduce("keepdims", (2, 3), axis=0, keepdims=True)
    reduce("keepdims", (2, 3, 2), axis=(-1, 1), keepdims=True)
    exclude(function, broadcast=ONE_ARGUMENT)


for function in (np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod):
    reduction(function)
add(np.sum, "empty", lambda x: np.sum(x, axis=0), distinct(0, 3))
add(np.prod, "empty", lambda x: np.prod(x, axis=0), distinct(0, 3))
for n in (1, 2, 4, 5, 7, 8):
    add(np.prod, "plain", lambda x: np.prod(x, axis=-1), distinct(2, n))
add(np.prod, "plain", np.prod, np.array([0.0, 2.0, 3.0]))
add(np.prod, "plain", np.prod, np.array([0.0, 2.0, 0.0, 5.0]))

for function in (np.var, np.std):

    def spread(situation: str, shape: tuple, f: Callable = function, **how: Any) -> None:
        about = np.mean
        add(f, situation, lambda x: f(x, **how), distinct(*shape), analytic=False, about=about)

    spread("plain", (2, 3))
    spread("plain", (5,), ddof=1)
    spread("plain", (4, 3), axis=0)
    spread("negative axis", (2, 3), axis=-1)
    spread("tuple axis", (2, 3, 2), axis=(0, -1), ddof=1)
    spread("keepdims", (2, 3), axis=1, keepdims=True)
    spread("empty", (0, 3), axis=1)
    spread("0-d", ())
    exclude(function, broadcast=ONE_ARGUMENT)

for function in (functional.softmax, functional.log_softmax, functional.logsumexp):

    def along(situation: str, shape: tuple, f: Callable = function, **how: Any) -> None:
        add(f, situation, lambda x: f(x, **how), distinct(*shape), analytic=False)

    along("plain", (2, 3))
    along("plain", (2, 3), axis=0)
    along("plain", (2, 3), axis=None)
    along("empty", (0, 3))
    along("negative axis", (2, 3, 2), axis=-2)
    along("tuple axis", (2, 3, 2), axis=(0, -1))
    exclude(function, broadcast=ONE_ARGUMENT, zero_d=NEEDS_AXES)
    if function is functional.logsumexp:
        along("keepdims", (2, 3), keepdims=True)
        along("keepdims", (2, 3), axis=None, keepdims=True)
        along("keepdims", (2, 3, 2), axis=(0, 1), keepdims=True)
    else:
        exclude(function, keepdims=NO_KEEPDIMS)

add(np.cumsum, "plain", np.cumsum, distinct(2, 3))
add(np.cumsum, "plain", lambda x: np.cumsum(x, axis=0), distinct(2, 3))
add(np.cumsum, "negative axis", lambda x: np.cumsum(x, axis=-2), distinct(2, 3))
add(np.cumsum, "0-d", np.cumsum, distinct())
add(np.cumsum, "empty", lambda x: np.cumsum(x, axis=1), distinct(2, 0))
exclude(np.cumsum, broadcast=ONE_ARGUMENT, tuple_axis=ONE_AXIS, keepdims=NO_KEEPDIMS)

# ---------------------------------------------------------------- moving values


shaping_cases(
    np.reshape,
    plain=[(lambda x: np.reshape(x, (3, 2)), (2, 3)), (lambda x: x.reshape(-1), (2, 3)),
           (lambda x: x.reshape(3, -1), (2, 3)), (lambda x: x.ravel(), (2, 3))],
    zero_d=[(lambda x: x.reshape(1, 1), ()), (lambda x: x.reshape(()), (1, 1))],
    empty=[(lambda x: x.reshape(3, 0), (0, 2))],
)  # fmt: skip
shaping_cases(
    np.ravel,
    plain=[(np.ravel, (2, 3))],
    zero_d=[(np.ravel, ())],
    empty=[(np.ravel, (0, 2))],
)
shaping_cases(
    np.squeeze,
    plain=[(np.squeeze, (1, 3, 1)), (lambda x: np.squeeze(x, axis=0), (1, 3, 1))],
    zero_d=[(np.squeeze, ())],
    empty=[(np.squeeze, (1, 0))],
    negative_axis=[(lambda x: np.squeeze(x, axis=-1), (1, 3, 1))],
    tuple_axis=[(lambda x: np.squeeze(x, axis=(0, -1)), (1, 3, 1))],
)
shaping_cases(
    np.expand_dims,
    plain=[(lambda x: np.expand_dims(x, 1), (2, 3))],
    zero_d=[(lambda x: np.expand_dims(x, 0), ())],
    empty=[(lambda x: np.expand_dims(x, 0), (0,))],
    negative_axis=[(lambda x: np.expand_dims(x, -1), (2, 3))],
    tuple_axis=[(lambda x: np.expand_dims(x, (0, -1)), (2, 3))],
)
shaping_cases(
    np.atleast_1d,
    about=np.reshape,
    plain=[(lambda x: np.atleast_1d(x.reshape(6)), (2, 3))],
    zero_d=[(np.atleast_1d, ())],
    empty=[(lambda x: np.atleast_1d(x.reshape(0)), (0, 2))],
)
shaping_cases(
    np.atleast_2d,
    about=np.reshape,
    plain=[(np.atleast_2d, (3,))],
    zero_d=[(np.atleast_2d, ())],
    empty=[(np.atleast_2d, (0,))],
)
shaping_cases(
    np.transpose,
    plain=[(np.transpose, (2, 3)), (lambda x: np.transpose(x, (1, 2, 0)), (2, 3, 2)),
           (lambda x: x.T, (2, 3)), (lambda x: x.transpose(2, 0, 1), (2, 3, 2))],
    zero_d=[(np.transpose, ())],
    empty=[(np.transpose, (0, 2))],
    negative_axis=[(lambda x: np.transpose(x, (-1, 0, -2)), (2, 3, 2))],
)  # fmt: skip
shaping_cases(
    np.matrix_transpose,
    plain=[(np.matrix_transpose, (2, 3)), (lambda x: x.mT, (2, 3, 2))],
    zero_d="needs at least two axes",
    empty=[(np.matrix_transpose, (0, 2))],
)
shaping_cases(
    np.swapaxes,
    plain=[(lambda x: np.swapaxes(x, 0, 2), (2, 3, 4))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.swapaxes(x, 0, 1), (0, 2))],
    negative_axis=[(lambda x: np.swapaxes(x, -1, 0), (2, 3, 4))],
)
shaping_cases(
    np.moveaxis,
    plain=[(lambda x: np.moveaxis(x, 0, 2), (2, 3, 4))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.moveaxis(x, 0, 1), (0, 2))],
    negative_axis=[(lambda x: np.moveaxis(x, -1, 0), (2, 3, 4))],
    tuple_axis=[(lambda x: np.moveaxis(x, (0, 2), (-1, 0)), (2, 3, 4))],
)
shaping_cases(
    np.flip,
    plain=[(np.flip, (2, 3)), (lambda x: np.flip(x, 0), (2, 3))],
    zero_d=[(np.flip, ())],
    empty=[(np.flip, (0, 2))],
    negative_axis=[(lambda x: np.flip(x, axis=-1), (2, 3))],
    tuple_axis=[(lambda x: np.flip(x, axis=(0, -1)), (2, 3, 2))],
)
shaping_cases(
    np.broadcast_to,
    plain=[(lambda x: np.broadcast_to(x, (2, 3)), (2, 3))],
    zero_d=[(lambda x: np.broadcast_to(x, (2, 3)), ()), (lambda x: np.broadcast_to(x, ()), ())],
    empty=[(lambda x: np.broadcast_to(x, (0, 3)), (3,))],
    broadcast=[(lambda x: np.broadcast_to(x, (4, 2, 3)), (2, 1))],
)
PAIR = ((2, 3), (1, 3))
shaping_cases(
    shaping.concatenate,
    plain=[(lambda x, y: shaping.concatenate(x, y), *PAIR)],
    zero_d=NEEDS_AXES,
    empty=[(lambda x, y: shaping.concatenate(x, y), (2, 3), (0, 3))],
    broadcast="NumPy does not broadcast here",
    negative_axis=[(lambda x, y: shaping.concatenate(x, y, axis=-1), (2, 1), (2, 3))],
)
shaping_cases(
    np.concatenate,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.concatenate([x, y]), *PAIR),
           (lambda x, y: np.concatenate([x, y], axis=None), *PAIR),
           (lambda x: np.concatenate([x, [[True, False, True]], x]), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.concatenate([x, x]), (0, 3))],
    broadcast="NumPy does not broadcast here",
    negative_axis=[(lambda x, y: np.concatenate((x, y, x), axis=-2), *PAIR)],
)  # fmt: skip
shaping_cases(
    np.stack,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.stack([x, y]), (2, 3), (2, 3)),
           (lambda x, y: np.stack([x, y, x], axis=1), (2, 3), (2, 3))],
    zero_d=[(lambda x, y: np.stack([x, y]), (), ())],
    empty=[(lambda x, y: np.stack([x, y]), (0, 3), (0, 3))],
    broadcast="NumPy does not broadcast here",
    negative_axis=[(lambda x, y: np.stack([x, y], axis=-1), (2, 3), (2, 3))],
)  # fmt: skip
shaping_cases(
    np.vstack,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.vstack([x, y]), (3,), (2, 3))],
    zero_d=[(lambda x, y: np.vstack([x, y]), (), ())],
    empty=[(lambda x, y: np.vstack([x, y]), (0, 3), (3,))],
    broadcast="NumPy does not broadcast here",
)
shaping_cases(
    np.hstack,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.hstack([x, y]), (2, 1), (2, 3)),
           (lambda x, y: np.hstack([x, y]), (2,), (3,))],
    zero_d=[(lambda x, y: np.hstack([x, y]), (), ())],
    empty=[(lambda x, y: np.hstack([x, y]), (2, 0), (2, 1))],
    broadcast="NumPy does not broadcast here",
)  # fmt: skip
shaping_cases(
    np.column_stack,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.column_stack([x, y]), (2,), (2, 3)),
           (lambda x: np.column_stack([x, x]), (3,))],
    zero_d=[(lambda x, y: np.column_stack([x, y]), (), ())],
    empty=[(lambda x, y: np.column_stack([x, y]), (0,), (0, 2))],
    broadcast="NumPy does not broadcast here",
)  # fmt: skip
shaping_cases(
    np.dstack,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.dstack([x, y]), (2, 3), (2, 3, 2)),
           (lambda x: np.dstack([x, x]), (3,))],
    zero_d=[(lambda x, y: np.dstack([x, y]), (), ())],
    empty=[(lambda x, y: np.dstack([x, y]), (0, 2), (0, 2))],
    broadcast="NumPy does not broadcast here",
)  # fmt: skip
shaping_cases(
    np.block,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.block([[x, y], [y, x]]), (2, 2), (2, 2)),
           (lambda x, y: np.block([x, y]), (3,), (2,)),
           (lambda x, y: np.block([[x], [y]]), (3,), (2, 3))],
    zero_d=[(lambda x, y: np.block([x, y]), (), ())],
    empty=[(lambda x, y: np.block([[x], [y]]), (0, 2), (1, 2))],
    broadcast="NumPy does not broadcast here",
)  # fmt: skip
shaping_cases(
    shaping.split,
    plain=[(lambda x: shaping.split(x, points=(1, 3)), (4, 2)),
           (lambda x: shaping.split(x, points=(1, 3))[1], (4, 2))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: shaping.split(x, points=(0,)), (0, 2))],
    negative_axis=[(lambda x: shaping.split(x, points=(1,), axis=-1), (2, 3))],
)  # fmt: skip
for function in (np.split, np.array_split):
    shaping_cases(
        function,
        about=shaping.split,
        plain=[(lambda x, f=function: f(x, 2), (4, 2)), (lambda x, f=function: f(x, [1, 2]), (4,)),
               (lambda x, f=function: f(x, [-1])[0], (4,)),
               (lambda x, f=function: f(x, (2, 2, 9)), (4,))],
        zero_d=NEEDS_AXES,
        empty=[(lambda x, f=function: f(x, 2), (0, 2))],
        negative_axis=[(lambda x, f=function: f(x, 3, axis=-1), (2, 3))],
    )  # fmt: skip
add(np.array_split, "plain", lambda x: np.array_split(x, 3), distinct(5), about=shaping.split)
shaping_cases(
    np.pad,
    plain=[(lambda x: np.pad(x, 1), (2, 3)), (lambda x: np.pad(x, (1, 2)), (2, 3)),
           (lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=5), (2, 3)),
           (lambda x: np.pad(x, [[1], [0]]), (2, 3))],
    zero_d=[(lambda x: np.pad(x, 1), ())],
    empty=[(lambda x: np.pad(x, 1), (0, 2))],
)  # fmt: skip

# ---------------------------------------------------------------- indexing

INDICES = (
    0, -1, slice(None), slice(1, None), slice(None, None, -1), slice(None, None, 2), ..., None,
    (0, 1), (slice(None), 0), (..., 0), (None, slice(1)), (0, None, ...), [0, 0, 1],
    np.array([[0, 1], [1, 1]]), np.array([True, False]), (slice(None), [2, 0, 2]),
    (np.array([0, 1, 1]), np.array([2, 0, 0])), (np.array([[0], [1]]), np.array([0, 2])),
    (0, [1, 1]), ([1, 0], None, 0), np.int64(1), True, (slice(None), slice(None, None, -2)), (),
    np.ones((2, 3), bool), slice(5, 9),
)  # fmt: skip
for index in INDICES:
    add(indexing.operator.getitem, "plain", lambda x, i=index: x[i], distinct(2, 3))
for index in ((), ..., None, (None, ...), True, False):
    add(indexing.operator.getitem, "0-d", lambda x, i=index: x[i], distinct())
for index in (slice(None), [], np.zeros(0, int), slice(1, 2)):
    add(indexing.operator.getitem, "empty", lambda x, i=index: x[i], distinct(0, 2))
exclude(indexing.operator.getitem, broadcast=ONE_ARGUMENT)
exclude_axes(indexing.operator.getitem)

add(
    indexing.scatter,
    "plain",
    lambda g: indexing.scatter(g, index=[0, 0, 1], shape=(2,)),
    distinct(3),
)
add(
    indexing.scatter,
    "plain",
    lambda g: indexing.scatter(g, index=slice(None, None, 2), shape=(5, 2)),
    distinct(3, 2),
)
add(indexing.scatter, "0-d", lambda g: indexing.scatter(g, index=1, shape=(3,)), distinct())
add(indexing.scatter, "empty", lambda g: indexing.scatter(g, index=[], shape=(3,)), distinct(0))
exclude(indexing.scatter, broadcast=ONE_ARGUMENT)
exclude_axes(indexing.scatter)

PLACES = np.array([[0, 2, 1, 1], [2, 2, 0, 1]])
shaping_cases(
    np.take_along_axis,
    about=indexing.operator.getitem,
    plain=[(lambda x: np.take_along_axis(x, PLACES, 1), (2, 3)),
           (lambda x: np.take_along_axis(x, PLACES[:1], 1), (2, 3)),
           (lambda x: np.take_along_axis(x, PLACES[0], None), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.take_along_axis(x, PLACES[:, :0], 1), (2, 3))],
    negative_axis=[(lambda x: np.take_along_axis(x, PLACES[:, :3] % 2, -2), (2, 3)),
                   (lambda x: np.take_along_axis(x, PLACES, -1), (2, 3))],
)  # fmt: skip
shaping_cases(
    np.sort,
    about=indexing.operator.getitem,
    plain=[(np.sort, (2, 3)), (lambda x: np.sort(x, axis=0), (3, 2)),
           (lambda x: np.sort(x, axis=None), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(np.sort, (2, 0))],
    negative_axis=[(lambda x: np.sort(x, axis=-2), (3, 2))],
)  # fmt: skip

# ---------------------------------------------------------------- products

MATMULS = (
    ((2, 3), (3, 2)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)),
    ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((1, 1), (1, 1)),
)  # fmt: skip
for left, right in MATMULS:
    add(np.matmul, "plain", lambda x, y: x @ y, distinct(*left), distinct(*right))
for left, right in (((2, 1, 2, 3), (3, 3, 2)), ((2, 3), (2, 3, 2)), ((1, 2, 3), (2, 3, 1))):
    add(np.matmul, "broadcast", np.matmul, distinct(*left), distinct(*right))
for left, right in (((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((2, 2, 0), (0, 3)),
                    ((0, 2, 3), (3, 2)), ((2, 0, 3), (3,))):  # fmt: skip
    add(np.matmul, "empty", np.matmul, distinct(*left), distinct(*right))
exclude(np.matmul, zero_d=NEEDS_AXES)
exclude_axes(np.matmul)

for situation, left, right in (("plain", (2, 3), (3, 2)), ("empty", (0, 3), (3, 2)),
                               ("empty", (2, 0), (0, 3))):  # fmt: skip
    add(linalg.product, situation, linalg.product, distinct(*left), distinct(*right))
exclude(linalg.product, zero_d="takes two matrices", broadcast="takes two matrices")
exclude_axes(linalg.product)

for left, right in (((2, 3), (3, 2)), ((3,), (3,)), ((2, 3), (3,))):
    add(np.dot, "plain", np.dot, distinct(*left), distinct(*right), about=np.matmul)
add(np.dot, "0-d", np.dot, distinct(), distinct(2), about=np.multiply)
add(np.dot, "empty", np.dot, distinct(2, 0), distinct(0), about=np.matmul)
exclude(np.dot, broadcast="products of at most two axes")
exclude_axes(np.dot)

EINSUMS = (
    ("ij,jk->ik", (2, 3), (3, 2)), ("ij->ji", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)),
    ("i,i", (3,), (3,)), ("ij,kj->ik", (2, 3), (2, 3)), ("i,j->ij", (2,), (3,)), ("ij->", (2, 3)),
    ("ij,ij,ij->j", (2, 3), (2, 3), (2, 3)), ("iij,j->i", (2, 2, 3), (3,)),
    ("ij,k->i", (2, 3), (2,)),
    ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)), ("...i->...", (2, 3)), ("ji", (2, 3)),
    ("iii->i", (2, 2, 2)),
)  # fmt: skip
for text, *shapes in EINSUMS:
    add(np.einsum, "plain", lambda *xs, t=text: np.einsum(t, *xs), *[distinct(*s) for s in shapes],
        about=linalg.einsum)  # fmt: skip
add(
    np.einsum,
    "0-d",
    lambda x, y: np.einsum(",i->i", x, y),
    distinct(),
    distinct(2),
    about=linalg.einsum,
)
add(np.einsum, "empty", lambda x, y: np.einsum("ij,jk->ik", x, y), distinct(2, 0), distinct(0, 3),
    about=linalg.einsum)  # fmt: skip
add(np.einsum, "broadcast", lambda x, y: np.einsum("...i,...i->...", x, y), distinct(2, 1, 3),
    distinct(2, 3), about=linalg.einsum)  # fmt: skip
exclude_axes(np.einsum)
for situation, shapes in (("plain", ((2, 3), (3, 2))), ("empty", ((0, 3), (3, 2)))):
    add(linalg.einsum, situation, lambda x, y: linalg.einsum(x, y, terms=("ij", "jk"), result="ki"),
        *[distinct(*s) for s in shapes])  # fmt: skip
add(linalg.einsum, "0-d", lambda x: linalg.einsum(x, terms=("",), result=""), distinct())
exclude(linalg.einsum, broadcast="named axes; the ellipsis belongs to np.einsum")
exclude_axes(linalg.einsum)

for shapes in (((2, 3), (3, 2), (2,)), ((3,), (3, 2), (2,)), ((2, 2, 3), (3, 2), (2,))):
    add(functional.linear, "plain", functional.linear, *[distinct(*s) for s in shapes])
add(functional.linear, "plain", functional.linear, distinct(2, 3), distinct(3, 2))
add(functional.linear, "empty", functional.linear, distinct(0, 3), distinct(3, 2), distinct(2))
add(functional.linear, "empty", functional.linear, distinct(0, 2, 3), distinct(3, 2), distinct(2))
exclude(functional.linear, zero_d=NEEDS_AXES, broadcast="shapes are checked, never broadcast")
exclude_axes(functional.linear)

# ---------------------------------------------------------------- images

HOWS = (
    {"stride": (1, 1), "padding": ((0, 0), (0, 0))},
    {"stride": (2, 1), "padding": ((1, 0), (0, 1))},
    {"stride": (1, 1), "padding": ((1, 1), (1, 1))},
)
IMAGE, KERNEL = (1, 3, 4, 1), (2, 2, 1, 2)


for how in HOWS:
    out_shape = windows.conv2d(np.zeros(IMAGE), np.zeros(KERNEL), None, **how).shape
    image_case(windows.conv2d, "plain", lambda x, w, b, h=how: windows.conv2d(x, w, b, **h),
               IMAGE, KERNEL, (2,))  # fmt: skip
    image_case(
        windows.conv2d_input,
        "plain",
        lambda g, w, h=how: windows.conv2d_input(g, w, shape=IMAGE, **h),
        out_shape,
        KERNEL,
    )
    image_case(
        windows.conv2d_weight,
        "plain",
        lambda x, g, h=how: windows.conv2d_weight(x, g, shape=KERNEL, **h),
        IMAGE,
        out_shape,
    )
    pool = how | {"size": (2, 2)}
    image_case(windows.max_pool2d, "plain", lambda x, h=pool: windows.max_pool2d(x, **h), IMAGE)
    index = windows.max_pool2d(distinct(*IMAGE), **pool)[1]
    image_case(windows.max_pool2d_scatter, "plain", lambda g, i=index, h=pool:
               windows.max_pool2d_scatter(g, i, shape=IMAGE, **h), index.shape)  # fmt: skip
    image_case(windows.max_pool2d_gather, "plain", lambda x, i=index, h=pool:
               windows.max_pool2d_gather(x, i, **h), IMAGE)  # fmt: skip
    image_case(windows.sum_pool2d, "plain", lambda x, h=pool: windows.sum_pool2d(x, **h), IMAGE)
    image_case(windows.sum_pool2d_spread, "plain", lambda g, h=pool:
               windows.sum_pool2d_spread(g, shape=IMAGE, **h), index.shape)  # fmt: skip

how, pool, none = HOWS[0], HOWS[0] | {"size": (2, 2)}, (0, 3, 4, 1)
image_case(
    windows.conv2d, "empty", lambda x, w, b: windows.conv2d(x, w, b, **how), none, KERNEL, (2,)
)
image_case(
    windows.conv2d_input,
    "empty",
    lambda g, w: windows.conv2d_input(g, w, shape=none, **how),
    (0, 2, 3, 2),
    KERNEL,
)
image_case(
    windows.conv2d_weight,
    "empty",
    lambda x, g: windows.conv2d_weight(x, g, shape=KERNEL, **how),
    none,
    (0, 2, 3, 2),
)
image_case(windows.max_pool2d, "empty", lambda x: windows.max_pool2d(x, **pool), none)
NO_INDEX = np.zeros((0, 2, 3, 1), np.uint8)
image_case(windows.max_pool2d_scatter, "empty", lambda g:
           windows.max_pool2d_scatter(g, NO_INDEX, shape=none, **pool), NO_INDEX.shape)  # fmt: skip
image_case(windows.max_pool2d_gather, "empty",
           lambda x: windows.max_pool2d_gather(x, NO_INDEX, **pool), none)  # fmt: skip
image_case(windows.sum_pool2d, "empty", lambda x: windows.sum_pool2d(x, **pool), none)
image_case(windows.sum_pool2d_spread, "empty",
           lambda g: windows.sum_pool2d_spread(g, shape=none, **pool), (0, 2, 3, 1))  # fmt: skip

for n, situation in ((2, "plain"), (0, "empty")):
    image_case(windows.windows, situation, lambda x: windows.windows(x, size=(2, 2), stride=(2, 1)),
               (n, 4, 3, 2))  # fmt: skip
    image_case(
        windows.fold,
        situation,
        lambda g, n=n: windows.fold(g, shape=(n, 4, 3, 1), stride=(2, 1)),
        (n, 2, 2, 2, 2, 1),
    )
    image_case(windows.sum_rows, situation, windows.sum_rows, (n, 3))

for function in (windows.conv2d, windows.conv2d_input, windows.conv2d_weight, windows.max_pool2d,
                 windows.max_pool2d_scatter, windows.max_pool2d_gather, windows.sum_pool2d,
                 windows.sum_pool2d_spread, windows.windows, windows.fold):  # fmt: skip
    exclude(function, zero_d=IMAGES, broadcast=IMAGES)
    exclude_axes(function)
exclude(windows.sum_rows, zero_d="takes a matrix", broadcast=ONE_ARGUMENT)
exclude_axes(windows.sum_rows)

# ---------------------------------------------------------------- losses and distances

CLASSES = np.array([2, 0, 2])


for situation, shape in (("plain", (2, 3)), ("0-d", ()), ("empty", (0, 3))):
    x, y = distinct(*shape), distinct(*shape, low=3, high=5)
    loss(losses._squared, situation, x, y, analytic=True)
    loss(losses._absolute, situation, x, y)
    p, t = distinct(*shape, low=0.2, high=0.8), distinct(*shape, low=0.1, high=0.9)
    loss(losses._binary, situation, p, t)
    loss(losses._binary_logits, situation, x, t)
    add(losses._scaled_difference, situation, losses._scaled_difference, distinct(), x, y)
add(losses._scaled_difference, "broadcast", losses._scaled_difference, distinct(2, 3),
    distinct(2, 3), distinct(2, 3))  # fmt: skip
exclude_axes(losses._scaled_difference)
loss(class_losses._cross_entropy_hard, "plain", distinct(3, 3), classes=CLASSES)
loss(class_losses._cross_entropy_hard, "plain", distinct(3, 1, 3), classes=CLASSES.reshape(3, 1))
loss(class_losses._cross_entropy_hard, "empty", distinct(0, 3), classes=CLASSES[:0])
loss(class_losses._cross_entropy_soft, "plain", distinct(2, 3), distinct(2, 3, low=0, high=1))
loss(class_losses._cross_entropy_soft, "empty", distinct(0, 3), distinct(0, 3))
for function in (class_losses._cross_entropy_hard, class_losses._cross_entropy_soft):
    exclude(function, zero_d=NEEDS_AXES)
for function in (losses._squared, losses._absolute, losses._binary, losses._binary_logits,
                 class_losses._cross_entropy_hard, class_losses._cross_entropy_soft):  # fmt: skip
    exclude(function, broadcast="shapes are checked, never broadcast")
    exclude_axes(function)

add(distances._squared, "plain", distances._squared, distinct(3, 2), distinct(2, 2))
add(distances._squared, "plain", lambda x: distances._squared(x, x), distinct(3, 2))
add(distances._squared, "empty", distances._squared, distinct(0, 2), distinct(2, 2))
add(distances._squared, "empty", distances._squared, distinct(3, 0), distinct(2, 0))
exclude(
    distances._squared, zero_d="takes matrices", broadcast="shapes are checked, never broadcast"
)
exclude_axes(distances._squared)

from rules import (  # noqa: E402, F401
    cases_convolution,
    cases_functional,
    cases_linalg,
    cases_numpy,
    cases_numpy_moving,
    cases_sequences,
)
