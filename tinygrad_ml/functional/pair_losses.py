"""Losses of pairs and triplets of vectors: what belongs together shall lie close together.

Vectors stand in the last axis: (..., d), with one loss for each. `reduction` is "mean", "sum" or
"none".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import relu
from .checks import floats, number
from .losses import check_shapes, check_signs, reduce

Array = Any  # an ndarray or a Tensor


def cosine_similarity(x: Array, y: Array, axis: int = -1, eps: float = 1e-8) -> Array:
    """x . y / (|x| |y|) along `axis`, in [-1, 1]; lengths count as at least eps.

    Shapes broadcast: (..., d) and (..., d) -> (...).

    >>> cosine_similarity(np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([6.0, 8.0]))
    array([1., 0.])
    """
    x, y = floats("cosine_similarity", x), floats("cosine_similarity", y)
    eps = number("cosine_similarity", "eps", eps, positive=True)
    _check_pair("cosine_similarity", x, y, axis)
    squares = [np.maximum((v * v).sum(axis=axis), eps * eps) for v in (x, y)]
    return (x * y).sum(axis=axis) / (np.sqrt(squares[0]) * np.sqrt(squares[1]))


def cosine_embedding_loss(
    x: Array, y: Array, target: Array, reduction: str = "mean", margin: float = 0.0
) -> Array:
    """1 - cos(x, y) where the target is 1, max(0, cos(x, y) - margin) where it is -1.

    Shapes: x and y (..., d), target (...).
    """
    _check_vectors("cosine_embedding_loss", x, y)
    margin = number("cosine_embedding_loss", "margin", margin)
    cosine = cosine_similarity(x, y)
    check_shapes("cosine_embedding_loss", cosine, target)
    check_signs("cosine_embedding_loss", target)
    same = np.equal(target, 1)
    return reduce(np.where(same, 1 - cosine, relu(cosine - margin)), reduction)


def hinge_embedding_loss(
    distance: Array, target: Array, reduction: str = "mean", margin: float = 1.0
) -> Array:
    """The distance itself where the target is 1, max(0, margin - distance) where it is -1.

    Shapes: both equal (Hadsell et al., 2006).
    """
    check_shapes("hinge_embedding_loss", distance, target)
    check_signs("hinge_embedding_loss", target)
    margin = number("hinge_embedding_loss", "margin", margin)
    same = np.equal(target, 1)
    return reduce(np.where(same, distance, relu(margin - distance)), reduction)


def triplet_margin_loss(
    anchor: Array, positive: Array, negative: Array, reduction: str = "mean", margin: float = 1.0
) -> Array:
    """max(0, |anchor - positive| - |anchor - negative| + margin) (Schroff et al., 2015).

    Shapes: all (..., d). The gradient of a distance of 0 is 0.
    """
    _check_vectors("triplet_margin_loss", anchor, positive, negative)
    margin = number("triplet_margin_loss", "margin", margin, positive=True)
    closer, farther = _distance(anchor - positive), _distance(anchor - negative)
    return reduce(relu(closer - farther + margin), reduction)


def _distance(difference: Array) -> Array:
    squared = (difference * difference).sum(axis=-1)
    apart = np.greater(squared, 0)
    return np.where(apart, np.sqrt(np.where(apart, squared, 1)), 0)


def _check_vectors(name: str, *vectors: Array) -> None:
    """Vectors in arrays of one shape."""
    shapes = [floats(name, each).shape for each in vectors]
    if len(set(shapes)) > 1 or not shapes[0]:
        raise ValueError(
            f"{name}: expected vectors in arrays of one shape (..., d), got "
            f"{', '.join(map(str, shapes))}. Rows are samples."
        )


def _check_pair(name: str, x: Array, y: Array, axis: Any) -> None:
    fit = isinstance(axis, (int, np.integer)) and all(-v.ndim <= axis < v.ndim for v in (x, y))
    if not fit or x.shape[axis] != y.shape[axis]:
        raise ValueError(
            f"{name}: expected vectors of one length along axis {axis!r}, got shapes {x.shape} and "
            f"{y.shape}."
        )
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        raise ValueError(
            f"{name}: expected shapes that fit together, got {x.shape} and {y.shape}. Add axes of "
            "length 1 to compare each with each."
        ) from None
