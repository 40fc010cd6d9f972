"""Layers that sequences begin with: rows for ids, and what tells places apart; layer norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Parameter
from .arguments import count, weights
from .module import Module

Array = Any  # an ndarray or a Tensor


def standard_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 1)."""
    return rng.standard_normal(shape)


def small_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 0.02^2): places shall not drown what stands there (Radford et al., 2018)."""
    return 0.02 * rng.standard_normal(shape)


class Embedding(Module):
    """A learned row for every id, y = W[id].

    Parameters
    ----------
    n, size : how many ids there are, and the length of a row.
    padding_index : an id that stands for nothing: its row is zeros and learns nothing.
    init, rng, dtype : as for `Dense`; rows start as N(0, 1).

    Shapes: ids (...) of integers from 0 to n - 1 -> (..., size); weight (n, size).
    """

    reads_ids = True

    def __init__(
        self,
        n: int,
        size: int,
        padding_index: int | None = None,
        init: Any = standard_normal,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        shape = count("Embedding", "n", n), count("Embedding", "size", size)
        if padding_index is not None and not (
            isinstance(padding_index, (int, np.integer)) and 0 <= padding_index < n
        ):
            raise ValueError(
                f"Embedding: padding_index must be None or an id from 0 to {n - 1}, "
                f"got {padding_index!r}."
            )
        self.padding_index = padding_index
        self.weight = weights("Embedding", init, shape, rng, dtype)
        if padding_index is not None:
            rows = np.array(self.weight.data)
            rows[padding_index] = 0
            self.weight.data = rows

    def __call__(self, ids: Any) -> Array:
        return F.embedding(ids, self.weight, self.padding_index)

    def __repr__(self) -> str:
        n, size = self.weight.shape
        padding = "" if self.padding_index is None else f", padding_index={self.padding_index}"
        return f"Embedding({n}, {size}{padding})"


class PositionalEmbedding(Module):
    """A learned row for every place, added to what stands there: y[t] = x[t] + W[t].

    `F.sinusoidal_positions` gives rows that need not be learned.
    Shapes: x (..., t, size) with t up to `length` -> the same; weight (length, size).
    """

    def __init__(
        self,
        length: int,
        size: int,
        init: Any = small_normal,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        owner = "PositionalEmbedding"
        shape = count(owner, "length", length), count(owner, "size", size)
        self.weight = weights(owner, init, shape, rng, dtype)

    def __call__(self, x: Array) -> Array:
        length, size = self.weight.shape
        shape = np.shape(x)
        if len(shape) < 2 or shape[-1] != size or shape[-2] > length:
            raise ValueError(
                f"PositionalEmbedding: expected sequences of shape (n, up to {length}, {size}), "
                f"got {shape}. Make it as long as the longest sequence."
            )
        return x + self.weight[: shape[-2]]

    def __repr__(self) -> str:
        return "PositionalEmbedding({}, {})".format(*self.weight.shape)


class LayerNorm(Module):
    """y = gamma (x - mean) / sqrt(var + eps) + beta over the last axis (Ba et al., 2016).

    `n` is its length, or a tuple of the lengths of several last axes, normalised together;
    `bias=False` leaves out beta. Training and prediction are the same.

    Shapes: (..., n) -> (..., n); gamma and beta (n,).
    """

    def __init__(
        self, n: Any, eps: float = 1e-5, bias: bool = True, dtype: Any = np.float32
    ) -> None:
        shape = _axes("LayerNorm", n)
        self.gamma = Parameter(np.ones(shape), dtype=dtype)
        self.beta = Parameter(np.zeros(shape), dtype=dtype) if bias else None
        self.eps = float(eps)  # a NumPy number would turn float32 into float64

    def __call__(self, x: Array) -> Array:
        return F.layer_norm(x, self.gamma, self.beta, self.eps)

    def __repr__(self) -> str:
        return f"LayerNorm({', '.join(map(str, self.gamma.shape))})"


class RMSNorm(Module):
    """y = gamma x / sqrt(mean(x^2) + eps) over the last axis (Zhang & Sennrich, 2019).

    Layer normalisation without the mean. `n` as for `LayerNorm`.
    Shapes: (..., n) -> (..., n); gamma (n,).
    """

    def __init__(self, n: Any, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        self.gamma = Parameter(np.ones(_axes("RMSNorm", n)), dtype=dtype)
        self.eps = float(eps)

    def __call__(self, x: Array) -> Array:
        return F.rms_norm(x, self.gamma, self.eps)

    def __repr__(self) -> str:
        return f"RMSNorm({', '.join(map(str, self.gamma.shape))})"


def _axes(owner: str, n: Any) -> tuple[int, ...]:
    lengths = tuple(n) if isinstance(n, (tuple, list)) and n else (n,)
    return tuple(count(owner, "n", length) for length in lengths)
