"""Batch normalisation and dropout as functions; layers own the statistics and the generator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .activations import floating
from .rectifiers import SELU_ALPHA, SELU_SCALE

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
    x = x if hasattr(x, "dtype") else np.asarray(x)
    kept = _kept("dropout", x.shape, rate, rng)
    return x if rate == 0 else x * (kept.astype(x.dtype) / (1 - float(rate)))


def channel_dropout(x: Array, rate: float, rng: np.random.Generator) -> Array:
    """Set each channel of a sample to 0 with probability `rate`, divide the others by 1 - rate.

    Shapes: (n, ..., c) -> the same (Tompson et al., 2015). The mask is drawn from `rng`.
    """
    x = floating(x, "channel_dropout")
    if x.ndim < 2:
        raise ValueError(
            f"channel_dropout: expected an input of shape (n, ..., c), got {x.shape}. x[None] adds "
            "an axis."
        )
    kept = _kept("channel_dropout", (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]), rate, rng)
    return x if rate == 0 else x * (kept.astype(x.dtype) / (1 - float(rate)))


def alpha_dropout(x: Array, rate: float, rng: np.random.Generator) -> Array:
    """a (x or, with probability `rate`, low) + b, where low is the lowest value of SELU.

    a and b keep mean 0 and variance 1 (Klambauer et al., 2017). The mask is drawn from `rng`.
    """
    x = floating(x, "alpha_dropout")
    kept = _kept("alpha_dropout", x.shape, rate, rng)
    if rate == 0:
        return x
    low, rate = -SELU_SCALE * SELU_ALPHA, float(rate)
    scale = 1 / math.sqrt((1 - rate) * (1 + rate * low * low))
    return np.where(kept, scale * x, scale * low) - scale * rate * low


def _kept(name: str, shape: tuple, rate: float, rng: np.random.Generator) -> np.ndarray:
    """A mask that is True with probability 1 - rate; nothing is drawn for a rate of 0."""
    if not isinstance(rate, (int, float, np.number)) or not 0 <= rate < 1:
        raise ValueError(f"{name}: expected a rate of at least 0 and below 1, got {rate!r}.")
    return rng.random(shape, dtype=np.float32) >= rate if rate else np.ones(shape, bool)
