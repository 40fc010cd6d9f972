"""Starting values of weights, scaled so that signals keep their size from layer to layer.

A unit that adds up `fan_in` inputs multiplies their variance by fan_in Var(w). Keeping it at 1
forward asks for Var(w) = 1/fan_in (LeCun, for linear and SELU units), 2/fan_in for rectifiers,
which drop half of it (He), and a compromise with the backward pass, 2/(fan_in + fan_out), suits
tanh and sigmoid (Glorot). Weights are (n_in, n_out) or (kh, kw, c_in, c_out).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Initialiser = Callable[[tuple[int, ...], Any], np.ndarray]  # (shape, rng) -> weights


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit adds up, and to how many units an input goes."""
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _uniform(variance: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    limit = math.sqrt(3 * variance)  # the variance of U(-a, a) is a^2 / 3
    return rng.uniform(-limit, limit, shape)


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    return _uniform(2 / sum(fans(shape)), shape, rng)


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    return rng.normal(0, math.sqrt(2 / sum(fans(shape))), shape)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """U(-a, a), a = sqrt(6 / fan_in) (He et al., 2015)."""
    return _uniform(2 / fans(shape)[0], shape, rng)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 2 / fan_in) (He et al., 2015)."""
    return rng.normal(0, math.sqrt(2 / fans(shape)[0]), shape)


def lecun_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """U(-a, a), a = sqrt(3 / fan_in) (LeCun et al., 1998)."""
    return _uniform(1 / fans(shape)[0], shape, rng)


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 1 / fan_in) (LeCun et al., 1998)."""
    return rng.normal(0, math.sqrt(1 / fans(shape)[0]), shape)


_BY_NAME: dict[str, Initialiser] = {
    f.__name__: f
    for f in (glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal)
}


def find(init: Any) -> Initialiser:
    """An initialiser by name, or a function (shape, rng) -> array as it is."""
    if callable(init):
        return init
    if init not in _BY_NAME:
        raise ValueError(
            f"init: expected one of {', '.join(_BY_NAME)} or a function of (shape, rng), "
            f"got {init!r}."
        )
    return _BY_NAME[init]
