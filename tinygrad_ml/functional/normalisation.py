"""Batch, instance and group normalisation, and dropout; layers own the statistics and generators.

The channels are the last axis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..generators import generator
from ..rules.normalisation import centred_scale, normalised
from .checks import floats, numbers
from .rectifiers import SELU_ALPHA, SELU_SCALE

Array = Any  # an ndarray or a Tensor


def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, eps: float = 1e-5
) -> Array:
    """gamma (x - mean) / sqrt(variance + eps) + beta, per channel (Ioffe & Szegedy, 2015).

    Shapes: x (..., c), the others (c,).
    """
    x = _values("batch_norm", x, 1, "(..., c)")
    shape = x.shape[-1:]
    vectors = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
    mean, variance, gamma, beta = (
        _per_channel("batch_norm", what, values, shape) for what, values in vectors.items()
    )
    scale = gamma / np.sqrt(variance + float(eps))
    rows = x.reshape(1, math.prod(x.shape[:-1]), *shape)
    return centred_scale(rows, mean[None], scale[None], beta[None]).reshape(x.shape)


def batch_norm_training(
    x: Array, gamma: Array = None, beta: Array = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Batch normalisation with the batch's own statistics: (result, mean, variance).

    They are taken per channel over all other axes; the variance divides by the number of values.
    Without `gamma` and `beta` the result has mean 0 and variance 1 (Ioffe & Szegedy, 2015).

    Shapes: x (n, ..., c), gamma and beta (c,) -> (n, ..., c), (c,), (c,).

    >>> batch_norm_training(np.array([[1.0], [3.0]]), eps=0.0)[0].tolist()
    [[-1.0], [1.0]]
    """
    x = _values("batch_norm_training", x, 2, "(n, ..., c)")
    c = x.shape[-1]
    rows = x.reshape(1, math.prod(x.shape[:-1]), c)
    out, mean, variance = _normalise("batch_norm_training", rows, c, gamma, beta, eps)
    return out.reshape(x.shape), mean.reshape(c), variance.reshape(c)


def instance_norm(
    x: Array, gamma: Array = None, beta: Array = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Each channel of each sample brought to mean 0 and variance 1: (result, mean, variance).

    Then scaled by `gamma` and shifted by `beta`, if given (Ulyanov, Vedaldi & Lempitsky, 2016).

    Shapes: x (n, ..., c) with at least one axis between, gamma and beta (c,) -> (n, ..., c) and
    the statistics (n, c).
    """
    x = _values("instance_norm", x, 3, "(n, ..., c) with the axes of an image or a sequence")
    n, c = x.shape[0], x.shape[-1]
    rows = x.reshape(n, math.prod(x.shape[1:-1]), c)
    out, mean, variance = _normalise("instance_norm", rows, c, gamma, beta, eps)
    return out.reshape(x.shape), mean, variance


def group_norm(
    x: Array, groups: int, gamma: Array = None, beta: Array = None, eps: float = 1e-5
) -> Array:
    """Each group of neighbouring channels of each sample brought to mean 0 and variance 1.

    Then scaled by `gamma` and shifted by `beta`, per channel, if given (Wu & He, 2018).

    Shapes: x (n, ..., c), gamma and beta (c,) -> (n, ..., c); `groups` divides c.
    """
    x = _values("group_norm", x, 2, "(n, ..., c)")
    n, c = x.shape[0], x.shape[-1]
    if not isinstance(groups, (int, np.integer)) or groups < 1 or c % groups:
        raise ValueError(
            f"group_norm: expected a number of groups that divides the {c} channels, got "
            f"{groups!r} (input shape {x.shape}). Channels are the last axis."
        )
    rows = x.reshape(n, math.prod(x.shape[1:-1]), c)
    return _normalise("group_norm", rows, int(groups), gamma, beta, eps)[0].reshape(x.shape)


def _values(name: str, x: Array, least: int, shape: str) -> Array:
    """Floating-point values with enough axes."""
    x = floats(name, x)
    if x.ndim < least:
        raise ValueError(
            f"{name}: expected an array of shape {shape}, got {x.shape}. "
            "The last axis holds the channels."
        )
    return x


def _per_channel(name: str, what: str, values: Array, shape: tuple[int, ...]) -> Array:
    """A floating-point value for each channel."""
    values = floats(name, values)
    if values.shape != shape:
        raise ValueError(
            f"{name}: expected {what} of shape {shape}, one per channel, got {values.shape}."
        )
    return values


def _normalise(
    name: str, x: Array, groups: int, gamma: Array, beta: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The operation itself on (blocks, rows, channels), its arguments checked and of one type."""
    shape = x.shape[2:]
    if x.shape[1] == 0:
        raise ValueError(f"{name}: expected at least one value per channel, got an empty array.")
    gamma = _per_channel(name, "gamma", np.ones(shape, x.dtype) if gamma is None else gamma, shape)
    beta = _per_channel(name, "beta", np.zeros(shape, x.dtype) if beta is None else beta, shape)
    dtype = np.result_type(x.dtype, gamma.dtype, beta.dtype)
    arrays = (a if a.dtype == dtype else a.astype(dtype) for a in (x, gamma, beta))
    return normalised(*arrays, groups=groups, eps=float(eps))[:3]


def dropout(x: Array, rate: float, rng: Any = None) -> Array:
    """Set each element to 0 with probability `rate`, divide the others by 1 - rate.

    The expected value is unchanged (Srivastava et al., 2014). The mask is drawn from `rng`: None,
    a seed or a Generator.
    """
    x = numbers("dropout", x)
    kept = _kept("dropout", x.shape, rate, rng)
    return x if rate == 0 else x * (kept.astype(x.dtype) / (1 - float(rate)))


def channel_dropout(x: Array, rate: float, rng: Any = None) -> Array:
    """Set each channel of a sample to 0 with probability `rate`, divide the others by 1 - rate.

    Shapes: (n, ..., c) -> the same (Tompson et al., 2015). The mask is drawn from `rng`: None,
    a seed or a Generator.
    """
    x = floats("channel_dropout", x)
    if x.ndim < 2:
        raise ValueError(
            f"channel_dropout: expected an input of shape (n, ..., c), got {x.shape}. x[None] adds "
            "an axis."
        )
    kept = _kept("channel_dropout", (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]), rate, rng)
    return x if rate == 0 else x * (kept.astype(x.dtype) / (1 - float(rate)))


def alpha_dropout(x: Array, rate: float, rng: Any = None) -> Array:
    """a (x or, with probability `rate`, low) + b, where low is the lowest value of SELU.

    a and b keep mean 0 and variance 1 (Klambauer et al., 2017). The mask is drawn from `rng`: None,
    a seed or a Generator.
    """
    x = floats("alpha_dropout", x)
    kept = _kept("alpha_dropout", x.shape, rate, rng)
    if rate == 0:
        return x
    low, rate = -SELU_SCALE * SELU_ALPHA, float(rate)
    scale = 1 / math.sqrt((1 - rate) * (1 + rate * low * low))
    return np.where(kept, scale * x, scale * low) - scale * rate * low


def _kept(name: str, shape: tuple, rate: float, rng: Any) -> np.ndarray:
    """A mask that is True with probability 1 - rate; nothing is drawn for a rate of 0."""
    if not isinstance(rate, (int, float, np.number)) or not 0 <= rate < 1:
        raise ValueError(f"{name}: expected a rate of at least 0 and below 1, got {rate!r}.")
    rng = generator(rng, name)
    return rng.random(shape, dtype=np.float32) >= rate if rate else np.ones(shape, bool)
