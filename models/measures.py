"""What searches for neighbours agree on: names of distances, and a unit that no square breaks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_ml.validation import Accepts, choice, is_number

_NAMES = {
    "euclidean": "euclidean", "l2": "euclidean", "sqeuclidean": "sqeuclidean",
    "manhattan": "manhattan", "cityblock": "manhattan", "l1": "manhattan",
    "chebyshev": "chebyshev", "hamming": "hamming",
}  # fmt: skip
METRIC = choice("minkowski", *_NAMES)
POWER = Accepts(
    "a positive number, inf included",
    lambda v: (is_number(v) and v > 0) or (isinstance(v, float) and v == math.inf),
)


def kind_of(metric: str, p: float) -> str:
    """The name under which the kernels know a distance."""
    powers = {1: "manhattan", 2: "euclidean", math.inf: "chebyshev"}
    return powers.get(p, "minkowski") if metric == "minkowski" else _NAMES[metric]


def balance(largest: float, kind: str) -> float:
    """A power of two by which numbers of this size are multiplied before they are squared.

    1 for the usual ones; a power of two changes no digit. What is 1e-150 times smaller than the
    largest number may count as 0.
    """
    if kind == "hamming" or largest == 0 or 1e-100 < largest < 1e100:
        return 1.0
    return 2.0 ** min(1000, -math.frexp(largest)[1])


def balanced_unit(scale: float, kind: str) -> float:
    """What a distance is multiplied by when all numbers are multiplied by `scale`."""
    return scale * scale if kind == "sqeuclidean" else scale


def check_distances(distances: np.ndarray, scale: float, kind: str, owner: str) -> Any:
    """Distances in the unit of the features; ValueError where float64 cannot hold one."""
    if scale == 1:
        return distances
    with np.errstate(over="ignore", under="ignore"):
        distances = distances / scale  # in two steps: the square of the scale may be 0 or inf
        distances = distances / scale if kind == "sqeuclidean" else distances
    if np.isinf(distances).any():
        raise ValueError(
            f"{owner}: expected distances below 1.8e308, got a larger one. Divide X by its scale."
        )
    return distances
