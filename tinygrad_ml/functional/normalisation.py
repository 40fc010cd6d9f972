"""Batch normalisation and dropout as functions; layers own the statistics and the generator."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # an ndarray or a Tensor


def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, eps: float = 1e-5
) -> Array:
    """gamma (x - mean) / sqrt(variance + eps) + beta, per channel (Ioffe & Szegedy, 2015).

    Shapes: x (..., c), the others (c,).
    """
    return (x - mean) * (gamma / np.sqrt(variance + eps)) + beta


def dropout(x: Array, rate: float, rng: np.random.Generator) -> Array:
    """Set each element to 0 with probability `rate`, divide the others by 1 - rate.

    The expected value is unchanged (Srivastava et al., 2014). The mask is drawn from `rng`.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: expected a rate of at least 0 and below 1, got {rate!r}.")
    if rate == 0:
        return x
    x = x if hasattr(x, "dtype") else np.asarray(x)
    kept = rng.random(x.shape, dtype=np.float32) >= rate
    return x * (kept.astype(x.dtype) / (1 - float(rate)))
