"""Cases of special functions, activations and losses."""

from collections.abc import Callable

import numpy as np

from rules.registry import (
    ONE_ARGUMENT,
    add,
    distinct,
    exclude,
    exclude_axes,
    unary,
)
from tinygrad_ml import functional as F
from tinygrad_ml.functional import activations, losses, rectifiers

# ---------------------------------------------------------------- functions of one element

for function in (F.erf, F.erfc, activations.softsign):
    unary(function, 0.2, 2, analytic=False)
    add(function, "plain", function, np.array([-1.5, 0.3, -0.2]), analytic=False)
unary(F.logit, 0.2, 0.8, analytic=False)

SHAPES = (("plain", (2, 3)), ("0-d", ()), ("empty", (0, 3)))


def along(function: Callable, call: Callable, *ranges: tuple[float, float]) -> None:
    """One case per shape, of arguments of one shape."""
    for situation, shape in SHAPES:
        arrays = [distinct(*shape, low=low, high=high) for low, high in ranges]
        add(function, situation, call, *arrays, analytic=False)


def finish(function: Callable) -> None:
    exclude(function, broadcast=ONE_ARGUMENT)
    exclude_axes(function)


for call in (F.elu, F.selu, lambda x: F.elu(x, 0.5), lambda x: F.celu(x, 0.7)):
    along(rectifiers._exponential, call, (-2, -0.1))
    add(rectifiers._exponential, "plain", call, np.array([-1.5, 0.4, -0.3, 2.0]), analytic=False)
finish(rectifiers._exponential)
how = {"above": 1.5, "below": 0.8, "rate": 0.7}
for low, high in ((-0.7, -0.1), (0.1, 2)):
    along(
        rectifiers._exponential_backward,
        lambda g, y, h=how: rectifiers._exponential_backward(g, y, **h),
        (-2, 2),
        (low, high),
    )

for low, high in ((-0.9, 0.9), (1.1, 2)):
    along(rectifiers._between, F.hardtanh, (low, high))
finish(rectifiers._between)
along(rectifiers._gelu, F.gelu, (-3, 3))
along(rectifiers._gelu_backward, rectifiers._gelu_backward, (-2, 2), (-3, 3))
for cubic in (0.0, 0.2):
    how = {"slope": 1.3, "cubic": cubic}
    along(rectifiers._gated, lambda x, h=how: rectifiers._gated(x, **h), (-3, 3))
    along(
        rectifiers._gated_backward,
        lambda g, x, h=how: rectifiers._gated_backward(g, x, **h),
        (-2, 2),
        (-3, 3),
    )
along(activations._sigmoid_backward, activations._sigmoid_backward, (-2, 2), (0.1, 0.9))
for function in (rectifiers._gelu, rectifiers._gated):
    finish(function)
for function in (
    rectifiers._exponential_backward,
    rectifiers._gelu_backward,
    rectifiers._gated_backward,
    activations._sigmoid_backward,
):
    exclude(function, broadcast="called with arguments of one shape only")
    exclude_axes(function)

# ---------------------------------------------------------------- losses

for situation, shape in SHAPES:
    x, t = distinct(*shape, low=-2, high=2), distinct(*shape, low=-2, high=2)
    for delta in (0.53, 9.0):
        for reduction in ("sum", "none") if situation == "empty" else ("mean", "sum", "none"):
            call = lambda x, t, d=delta, r=reduction: losses._huber(x, t, reduction=r, delta=d)
            add(losses._huber, situation, call, x, t, analytic=False)
exclude(losses._huber, broadcast="shapes are checked, never broadcast")
exclude_axes(losses._huber)
