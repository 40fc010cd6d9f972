"""Cases of NumPy's functions that move values, resize arrays and work on samples."""

import numpy as np

from rules.registry import (
    NEEDS_AXES,
    NO_KEEPDIMS,
    ONE_ARGUMENT,
    ONE_AXIS,
    add,
    distinct,
    exclude,
    exclude_axes,
    shaping_cases,
)
from tinygrad_ml.rules import shaping

NO_BROADCAST = "NumPy does not broadcast here"
VECTORS = "takes vectors"

# ---------------------------------------------------------------- axes

shaping_cases(
    np.atleast_3d,
    about=np.reshape,
    plain=[(np.atleast_3d, (3,)), (np.atleast_3d, (2, 3)),
           (lambda x, y: np.atleast_3d(x, y), (2,), (2, 2))],
    zero_d=[(np.atleast_3d, ())],
    empty=[(np.atleast_3d, (0,))],
)  # fmt: skip
shaping_cases(
    np.rollaxis,
    about=np.moveaxis,
    plain=[(lambda x: np.rollaxis(x, 2), (2, 3, 4)), (lambda x: np.rollaxis(x, 0, 2), (2, 3, 4)),
           (lambda x: np.rollaxis(x, 0, 3), (2, 3, 4))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.rollaxis(x, 1), (0, 2))],
    negative_axis=[(lambda x: np.rollaxis(x, -1, -2), (2, 3, 4))],
)  # fmt: skip
shaping_cases(
    np.flipud,
    about=np.flip,
    plain=[(np.flipud, (2, 3)), (np.flipud, (3,))],
    zero_d=NEEDS_AXES,
    empty=[(np.flipud, (0, 3))],
)
shaping_cases(
    np.fliplr,
    about=np.flip,
    plain=[(np.fliplr, (2, 3)), (np.fliplr, (2, 3, 2))],
    zero_d=NEEDS_AXES,
    empty=[(np.fliplr, (0, 3))],
)
shaping_cases(
    np.rot90,
    about=np.flip,
    plain=[(np.rot90, (2, 3)), (lambda x: np.rot90(x, 2), (2, 3)),
           (lambda x: np.rot90(x, 3), (2, 3)),
           (lambda x: np.rot90(x, -1, (2, 0)), (2, 3, 2))],
    zero_d=NEEDS_AXES,
    empty=[(np.rot90, (0, 3))],
    negative_axis=[(lambda x: np.rot90(x, 1, (-1, 0)), (2, 3, 2))],
    tuple_axis="a pair of axes in every case",
)  # fmt: skip
shaping_cases(
    np.roll,
    plain=[(lambda x: np.roll(x, 2), (2, 3)), (lambda x: np.roll(x, -1, axis=0), (3, 2)),
           (lambda x: np.roll(x, 7, 1), (3, 2))],
    zero_d=[(lambda x: np.roll(x, 1), ())],
    empty=[(lambda x: np.roll(x, 1, axis=0), (0, 2))],
    negative_axis=[(lambda x: np.roll(x, 1, axis=-1), (2, 3))],
    tuple_axis=[(lambda x: np.roll(x, (1, -1), axis=(0, -1)), (3, 3)),
                (lambda x: np.roll(x, 1, axis=(0, 1)), (3, 3))],
)  # fmt: skip
for function, shape in ((np.hsplit, (2, 4)), (np.vsplit, (4, 2)), (np.dsplit, (2, 1, 4))):
    shaping_cases(
        function,
        about=shaping.split,
        plain=[(lambda x, f=function: f(x, 2), shape), (lambda x, f=function: f(x, [1, 3]), shape)],
        zero_d=NEEDS_AXES,
        empty=[(lambda x, f=function: f(x, 2), tuple(0 if n == 2 else n for n in shape)
                if function is not np.dsplit else (0, 1, 2))],
    )  # fmt: skip

# ---------------------------------------------------------------- repeating

shaping_cases(
    np.tile,
    about=np.broadcast_to,
    plain=[(lambda x: np.tile(x, 2), (2, 3)), (lambda x: np.tile(x, (2, 1, 3)), (2, 3)),
           (lambda x: np.tile(x, (2,)), (2, 1, 2)), (lambda x: np.tile(x, (0, 2)), (2, 3))],
    zero_d=[(lambda x: np.tile(x, 3), ()), (lambda x: np.tile(x, (2, 2)), ())],
    empty=[(lambda x: np.tile(x, 2), (0, 3))],
)  # fmt: skip
shaping_cases(
    np.repeat,
    plain=[(lambda x: np.repeat(x, 2), (2, 3)), (lambda x: np.repeat(x, 3, axis=0), (2, 3)),
           (lambda x: np.repeat(x, [2, 0, 1], axis=1), (2, 3)),
           (lambda x: np.repeat(x, [2], axis=1), (2, 3)), (lambda x: x.repeat(0), (2, 3))],
    zero_d=[(lambda x: np.repeat(x, 3), ())],
    empty=[(lambda x: np.repeat(x, 2, axis=1), (0, 3))],
    negative_axis=[(lambda x: np.repeat(x, 2, axis=-2), (2, 3))],
)  # fmt: skip
add(np.broadcast_arrays, "plain", np.broadcast_arrays, distinct(2, 3), distinct(2, 3))
add(np.broadcast_arrays, "0-d", np.broadcast_arrays, distinct(), distinct(2))
add(np.broadcast_arrays, "empty", np.broadcast_arrays, distinct(0, 2), distinct(2))
add(np.broadcast_arrays, "broadcast", np.broadcast_arrays, distinct(2, 1), distinct(3))
exclude_axes(np.broadcast_arrays)
shaping_cases(
    np.meshgrid,
    plain=[(lambda x, y: np.meshgrid(x, y), (2,), (3,)),
           (lambda x, y: np.meshgrid(x, y, indexing="ij"), (2,), (3,)),
           (lambda x, y, z: np.meshgrid(x, y, z, sparse=True), (2,), (3,), (2,)),
           (lambda x, y, z: np.meshgrid(x, y, z), (2,), (3,), (2,)), (np.meshgrid, (3,))],
    zero_d=[(lambda x, y: np.meshgrid(x, y), (), (2,))],
    empty=[(lambda x, y: np.meshgrid(x, y), (0,), (2,))],
    broadcast="takes vectors, each along an axis of its own",
)  # fmt: skip

# ---------------------------------------------------------------- choosing

PLACES = np.array([[0, 2], [-1, 1]])
shaping_cases(
    np.take,
    plain=[(lambda x: np.take(x, PLACES), (2, 3)),
           (lambda x: np.take(x, [2, 0, 2], axis=1), (2, 3)),
           (lambda x: np.take(x, 1, axis=0), (2, 3)), (lambda x: x.take(PLACES, 1), (2, 3)),
           (lambda x: np.take(x, [-7, 8, 5], axis=1, mode="wrap"), (2, 3)),
           (lambda x: np.take(x, [-7, 8, 1], axis=1, mode="clip"), (2, 3)),
           (lambda x: np.take(x, [True, False]), (2, 3))],
    zero_d=[(lambda x: np.take(x, [0, 0]), ())],
    empty=[(lambda x: np.take(x, [1], axis=1), (0, 3)),
           (lambda x: np.take(x, PLACES[:0], axis=0), (2, 3))],
    negative_axis=[(lambda x: np.take(x, PLACES, axis=-1), (2, 3))],
)  # fmt: skip
shaping_cases(
    np.partition,
    plain=[(lambda x: np.partition(x, [0, 1, 2]), (2, 3)),
           (lambda x: np.partition(x, [0, 1], axis=0), (2, 3)),
           (lambda x: np.partition(x, list(range(6)), axis=None), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.partition(x, [0, 1, 2], axis=1), (0, 3))],
    negative_axis=[(lambda x: np.partition(x, [0, 1], axis=-2), (2, 3))],
)  # fmt: skip

# ---------------------------------------------------------------- diagonals

shaping_cases(
    np.diagonal,
    plain=[(np.diagonal, (2, 3)), (lambda x: np.diagonal(x, 1), (2, 3)),
           (lambda x: np.diagonal(x, -1), (3, 3)), (lambda x: x.diagonal(0, 1, 2), (2, 3, 3)),
           (lambda x: np.diagonal(x, 5), (3, 3)), (lambda x: np.diagonal(x, 1, 2, 0), (2, 3, 3))],
    zero_d="needs at least two axes",
    empty=[(np.diagonal, (0, 3))],
    negative_axis=[(lambda x: np.diagonal(x, 0, -1, 0), (2, 3, 3))],
    tuple_axis="a pair of axes in every case",
)  # fmt: skip
shaping_cases(
    np.trace,
    plain=[(np.trace, (2, 3)), (lambda x: np.trace(x, 1), (3, 3)),
           (lambda x: x.trace(-1, 1, 2), (2, 3, 3))],
    zero_d="needs at least two axes",
    empty=[(np.trace, (0, 3))],
    negative_axis=[(lambda x: np.trace(x, 0, -1, -2), (2, 3, 3))],
    tuple_axis="a pair of axes in every case",
)  # fmt: skip
shaping_cases(
    np.diag,
    plain=[(np.diag, (3,)), (lambda x: np.diag(x, 2), (2,)), (lambda x: np.diag(x, -1), (2,)),
           (np.diag, (2, 3)), (lambda x: np.diag(x, k=1), (3, 3))],
    zero_d=NEEDS_AXES,
    empty=[(np.diag, (0,))],
)  # fmt: skip
shaping_cases(
    np.diagflat,
    plain=[(np.diagflat, (2, 2)), (lambda x: np.diagflat(x, 1), (2,))],
    zero_d=[(np.diagflat, ())],
    empty=[(np.diagflat, (0, 2))],
)
for function in (np.tril, np.triu):
    shaping_cases(
        function,
        about=np.where,
        plain=[(function, (3, 3)), (lambda x, f=function: f(x, 1), (2, 3)),
               (lambda x, f=function: f(x, k=-1), (2, 3, 3))],
        zero_d=NEEDS_AXES,
        empty=[(function, (0, 3))],
        broadcast=[(function, (3,))],
    )  # fmt: skip

# ---------------------------------------------------------------- resizing

for mode in ("edge", "reflect", "symmetric", "wrap"):
    for width in (1, ((0, 2), (1, 0)), ((7, 5), (4, 9))):
        add(np.pad, "plain", lambda x, w=width, m=mode: np.pad(x, w, mode=m), distinct(2, 3),
            about=np.take)  # fmt: skip
    add(np.pad, "empty", lambda x, m=mode: np.pad(x, ((0, 0), (1, 2)), m), distinct(0, 2),
        about=np.take)  # fmt: skip
    add(np.pad, "plain", lambda x, m=mode: np.pad(x, 3, m), distinct(1), about=np.take)
add(np.pad, "plain", lambda x: np.pad(x, 2, constant_values=((1, 2), (3, 4))), distinct(2, 3))
shaping_cases(
    np.append,
    about=shaping.concatenate,
    plain=[(lambda x, y: np.append(x, y), (2, 3), (2,)),
           (lambda x, y: np.append(x, y, axis=0), (2, 3), (1, 3))],
    zero_d=[(lambda x, y: np.append(x, y), (), ())],
    empty=[(lambda x, y: np.append(x, y), (0, 3), (2,))],
    broadcast=NO_BROADCAST,
    negative_axis=[(lambda x, y: np.append(x, y, axis=-1), (2, 3), (2, 1))],
)  # fmt: skip
shaping_cases(
    np.delete,
    plain=[(lambda x: np.delete(x, 1), (2, 3)), (lambda x: np.delete(x, [0, -1], axis=1), (2, 3)),
           (lambda x: np.delete(x, slice(None, None, 2), 0), (3, 2)),
           (lambda x: np.delete(x, np.array([True, False, True]), 1), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.delete(x, 1, axis=1), (0, 3))],
    negative_axis=[(lambda x: np.delete(x, 0, axis=-2), (2, 3))],
)  # fmt: skip
shaping_cases(
    np.insert,
    plain=[(lambda x, y: np.insert(x, 1, y), (2, 3), (2,)),
           (lambda x, y: np.insert(x, 1, y, axis=1), (2, 3), (2,)),
           (lambda x, y: np.insert(x, [1], y, axis=1), (2, 3), (2, 1)),
           (lambda x, y: np.insert(x, [2, 0, 2], y, axis=1), (2, 3), (2, 3)),
           (lambda x, y: np.insert(x, slice(0, 2), y), (4,), (2,)),
           (lambda x, y: np.insert(x, -1, y, axis=0), (2, 3), (3,))],
    zero_d=[(lambda x, y: np.insert(x, 0, y), (2,), ())],
    empty=[(lambda x, y: np.insert(x, 0, y, axis=0), (0, 3), (3,))],
    broadcast=[(lambda x, y: np.insert(x, [0, 1], y, axis=1), (2, 3), ()),
               (lambda x, y: np.insert(x, 1, y, axis=0), (2, 3), ())],
    negative_axis=[(lambda x, y: np.insert(x, 1, y, axis=-1), (2, 3), (2,))],
)  # fmt: skip

# ---------------------------------------------------------------- samples

shaping_cases(
    np.diff,
    about=np.subtract,
    plain=[(np.diff, (2, 3)), (lambda x: np.diff(x, 2), (2, 4)),
           (lambda x: np.diff(x, axis=0), (3, 2)),
           (lambda x, y: np.diff(x, prepend=y, append=0), (2, 3), (2, 2)),
           (lambda x, y: np.diff(x, append=y), (2, 3), ()), (lambda x: np.diff(x, 5), (3,))],
    zero_d=NEEDS_AXES,
    empty=[(np.diff, (0, 3)), (np.diff, (2, 0))],
    negative_axis=[(lambda x: np.diff(x, axis=-2), (3, 2))],
)  # fmt: skip
shaping_cases(
    np.ediff1d,
    about=np.subtract,
    plain=[(np.ediff1d, (2, 3)), (lambda x, y, z: np.ediff1d(x, y, z), (3,), (2,), ())],
    zero_d=[(np.ediff1d, ())],
    empty=[(np.ediff1d, (0,))],
)
shaping_cases(
    np.trapezoid,
    plain=[(np.trapezoid, (2, 3)), (lambda y, x: np.trapezoid(y, x), (2, 3), (3,)),
           (lambda y, x: np.trapezoid(y, x), (2, 3), (2, 3)),
           (lambda y, x: np.trapezoid(y, x, axis=0), (2, 3), (2,)),
           (lambda y, h: np.trapezoid(y, dx=h), (2, 3), ())],
    zero_d=NEEDS_AXES,
    empty=[(np.trapezoid, (0, 3))],
    broadcast=[(lambda y, h: np.trapezoid(y, dx=h), (2, 3), (2, 1))],
    negative_axis=[(lambda y, x: np.trapezoid(y, x, axis=-2), (2, 3), (2,))],
)  # fmt: skip
GRID = np.array([0.0, 0.5, 2.0, 2.25])
shaping_cases(
    np.gradient,
    plain=[(np.gradient, (4,)), (np.gradient, (3, 4)), (lambda x: np.gradient(x, 0.5), (2,)),
           (lambda x: np.gradient(x, 2.0, edge_order=2), (3, 4)),
           (lambda x: np.gradient(x, GRID.astype(x.dtype), axis=0, edge_order=2), (4, 2)),
           (lambda x: np.gradient(x, 2, GRID.astype(x.dtype)), (2, 4)),
           (lambda x: np.gradient(x, axis=1), (2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(lambda x: np.gradient(x, axis=1), (0, 3))],
    negative_axis=[(lambda x: np.gradient(x, axis=-2), (3, 2))],
    tuple_axis=[(lambda x: np.gradient(x, axis=(2, 0)), (2, 3, 2))],
)  # fmt: skip
add(np.gradient, "plain", np.gradient, distinct(2, 4), distinct(), GRID)
for n, m in ((5, 3), (3, 5), (4, 4), (1, 3), (3, 1), (5, 2), (2, 5)):
    for mode in ("full", "same", "valid"):
        x, y = distinct(n), distinct(m)
        add(np.convolve, "plain", lambda x, y, m=mode: np.convolve(x, y, m), x, y)
        add(np.correlate, "plain", lambda x, y, m=mode: np.correlate(x, y, m), x, y,
            analytic=False)  # fmt: skip
for function in (np.convolve, np.correlate):
    exclude(function, zero_d=VECTORS, empty="NumPy refuses empty vectors", broadcast=VECTORS)
    exclude_axes(function)

X_OUT = np.array([[-1.0, 0.25], [1.0, 5.0]])
for x in (X_OUT, np.array([0.1, 0.6, 2.1])):
    add(np.interp, "plain", lambda f, x=x: np.interp(x.astype(f.dtype), GRID.astype(f.dtype), f),
        distinct(4), analytic=False)  # fmt: skip
add(np.interp, "plain", np.interp, X_OUT, GRID, distinct(4), analytic=False)
add(np.interp, "plain", lambda x, f: np.interp(x, GRID.astype(x.dtype), f, -5.0, right=7.0), X_OUT,
    distinct(4), analytic=False)  # fmt: skip
add(np.interp, "plain", lambda f: np.interp(np.arange(3).astype(f.dtype), np.ones(1, f.dtype), f),
    distinct(1), analytic=False)  # fmt: skip
add(np.interp, "0-d", np.interp, np.array(0.7), GRID, distinct(4), analytic=False)
add(np.interp, "empty", np.interp, distinct(0, 2), GRID, distinct(4), analytic=False)
exclude(np.interp, broadcast="points are vectors of one length")
exclude_axes(np.interp)

JUMPS = np.array([[0.5, 3.0, -3.0, 0.2], [6.0, 0.1, 5.5, 0.3]])
for situation, how in (("plain", {}), ("negative axis", {"axis": -2}), ("plain", {"period": 4.5})):
    add(np.unwrap, situation, lambda p, how=how: np.unwrap(p, **how), JUMPS, analytic=False)
add(np.unwrap, "empty", np.unwrap, JUMPS[:, :0], analytic=False)
exclude(np.unwrap, zero_d=NEEDS_AXES, broadcast=ONE_ARGUMENT, tuple_axis=ONE_AXIS,
        keepdims=NO_KEEPDIMS)  # fmt: skip

shaping_cases(
    np.linspace,
    plain=[(lambda a, b: np.linspace(a, b, 5), (2,), (2,)),
           (lambda a: np.linspace(a, 3, 4), (2, 3)),
           (lambda b: np.linspace(0, b, 4, endpoint=False), (3,)),
           (lambda a: np.linspace(a, 1, 1), (2,))],
    zero_d=[(lambda a, b: np.linspace(a, b, 5), (), ())],
    empty=[(lambda a, b: np.linspace(a, b, 0), (2,), (2,))],
    broadcast=[(lambda a, b: np.linspace(a, b, 3), (2, 1), (3,))],
    negative_axis=[(lambda a, b: np.linspace(a, b, 3, axis=-1), (2,), ())],
)  # fmt: skip
shaping_cases(
    np.polyval,
    plain=[(np.polyval, (3,), (2, 2)), (lambda x: np.polyval([1.0, -2.0, 3.0], x), (4,)),
           (lambda p: np.polyval(p, 2.0), (3,))],
    zero_d=[(np.polyval, (3,), ())],
    empty=[(np.polyval, (3,), (0,))],
    broadcast="coefficients are a vector",
)  # fmt: skip
shaping_cases(
    np.vander,
    plain=[(np.vander, (3,)), (lambda x: np.vander(x, 2), (3,)),
           (lambda x: np.vander(x, 4, increasing=True), (2,))],
    zero_d=VECTORS,
    empty=[(lambda x: np.vander(x, 2), (0,))],
)  # fmt: skip
add(np.vander, "plain", lambda x: np.vander(x, 4), np.array([0.0, -2.0]))
