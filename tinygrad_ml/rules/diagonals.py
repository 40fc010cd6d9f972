"""Diagonals and triangles of matrices, made of indexing and of np.where."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..table import implements
from .indexing import scatter


def _places(rows: int, columns: int, offset: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a diagonal stands in a matrix: its row and column numbers."""
    below, above = max(-offset, 0), max(offset, 0)
    steps = np.arange(max(0, min(rows - below, columns - above)))
    return steps + below, steps + above


@implements(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    moved = np.moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = moved.shape[-2:]
    return moved[(..., *_places(rows, columns, offset))]


@implements(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return diagonal(x, offset, axis1, axis2).sum(axis=-1)


@implements(np.diag)
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with the vector x on its diagonal k; of a matrix, that diagonal."""
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(
            f"diag: expected a vector or a matrix, got shape {x.shape}. "
            "np.diagonal takes diagonals of more axes."
        )
    n = x.shape[0] + abs(k)
    return scatter(x, index=_places(n, n, k), shape=(n, n))


@implements(np.diagflat)
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with all values of x on its diagonal k."""
    return diag(x.reshape(-1), k)


def _lower(x: Any, k: int) -> np.ndarray:
    """True up to the diagonal k; a vector counts as every row of a square matrix."""
    n, m = x.shape[-2:] if x.ndim > 1 else x.shape * 2
    return np.tri(n, m, k, dtype=bool)


@implements(np.tril)
def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle: zeros above the diagonal k."""
    return np.where(_lower(x, k), x, 0)


@implements(np.triu)
def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle: zeros below the diagonal k."""
    return np.where(_lower(x, k - 1), 0, x)
