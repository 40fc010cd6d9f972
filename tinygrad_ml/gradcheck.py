"""`check_gradients`: hold the gradients of any function against differences of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .calculus import gradients
from .generators import generator
from .graph import switched
from .messages import as_numbers
from .tensor import Tensor, arrays_of


def check_gradients(
    function: Callable,
    *inputs: Any,
    order: int = 1,
    tolerance: float = 1e-6,
    rng: Any = 0,
) -> None:
    """Raise AssertionError unless the gradients of `function` are right, to the given order.

    Compares with central differences, (f(x + h) - f(x - h)) / 2h, whose own error is about 1e-8
    for h = 1e-5 in float64: a difference above `tolerance` (relative to the largest entry, at
    least 1) is an error. A result that is not a single number is weighted with random numbers
    first. With `order=2` the gradients themselves are checked in the same way.

    Parameters
    ----------
    function : takes `inputs` as Tensors, returns a Tensor.
    inputs : float64 arrays or Tensors; float32 is refused, its rounding would hide errors.
    order : 1 or 2.
    rng : None, a seed or a Generator for the weights.

    >>> check_gradients(lambda x, y: np.sin(x) * y, np.array([0.5, 1.0]), np.array([2.0, 3.0]))
    """
    arrays = [np.array(arrays_of(x)) for x in inputs]
    for i, x in enumerate(arrays):
        if x.dtype != np.float64:
            raise TypeError(
                f"check_gradients: expected float64 inputs, got {x.dtype} for input {i}. Use "
                "x.astype(np.float64), and model.astype(np.float64) for a model."
            )
    if order not in (1, 2):
        raise ValueError(f"check_gradients: expected order 1 or 2, got {order!r}.")
    rng = generator(rng, "check_gradients")
    _check(function, arrays, tolerance, rng, 1)
    if order == 2:
        weights = [rng.standard_normal(x.shape) for x in arrays]

        def slope(*variables: Tensor) -> Any:
            y = function(*variables)
            weight = np.cos(np.arange(1.0, y.size + 1)).reshape(y.shape)  # fixed, all different
            slopes = gradients(y, list(variables), create_graph=True, grad_outputs=weight)
            parts = [(g * w).sum() for g, w in zip(slopes, weights, strict=True) if g is not None]
            return sum(parts[1:], parts[0]) if parts else (variables[0] * 0).sum()

        _check(slope, arrays, tolerance, rng, 2)


def _check(function: Callable, arrays: list, tolerance: float, rng: Any, order: int) -> None:
    variables = [Tensor(x, requires_grad=True) for x in arrays]
    with switched(recording=True):
        y = function(*variables)
    if not isinstance(y, Tensor):
        raise TypeError(
            f"check_gradients: expected a function that returns a Tensor, got {type(y).__name__}."
        )
    weights = rng.standard_normal(y.shape)
    found = gradients(y, variables, grad_outputs=weights)
    for i, (x, g) in enumerate(zip(arrays, found, strict=True)):
        expected = _differences(function, arrays, i, weights)
        got = np.zeros(x.shape) if g is None else g.data
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        error = float(np.abs(got - expected).max(initial=0))
        if not error <= tolerance * scale:
            raise AssertionError(
                f"order {order} gradient of input {i} is off by {error:.3g} (allowed "
                f"{tolerance * scale:.3g}).\nautograd:\n{got}\ncentral differences:\n{expected}"
            )


def _differences(function: Callable, arrays: list, i: int, weights: np.ndarray) -> np.ndarray:
    """Central differences of sum(weights * function) with respect to input i."""
    x = arrays[i]
    slope = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = 1e-5 * max(1.0, abs(float(x[index])))
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            args = [as_numbers(moved if j == i else a, None) for j, a in enumerate(arrays)]
            with switched(recording=True):
                result = function(*[Tensor(a, requires_grad=True) for a in args])
            values.append(float((np.asarray(result.data) * weights).sum()))
        slope[index] = (values[0] - values[1]) / (2 * step)
    return slope
