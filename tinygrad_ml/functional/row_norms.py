"""Layer normalisation, with and without the mean: each sample by its own numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..calculus import through
from ..table import defvjp
from ..tensor import primitive
from .checks import as_array, floats

Array = Any  # an ndarray or a Tensor


def layer_norm(x: Array, gamma: Array, beta: Array = None, eps: float = 1e-5) -> Array:
    """gamma (x - mean) / sqrt(variance + eps) + beta, over the last axes, those of gamma.

    Shapes: x (..., *gamma.shape) -> the same; gamma and beta (or None) of one shape, mostly (n,).
    Source: Ba et al. (2016).

    >>> layer_norm(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=0)
    array([[-1.,  1.]])
    """
    return _normalised("layer_norm", x, gamma, beta, eps=float(eps), centred=True)


def rms_norm(x: Array, gamma: Array, eps: float = 1e-5) -> Array:
    """gamma x / sqrt(mean(x^2) + eps), over the last axes, those of gamma.

    Shapes: x (..., *gamma.shape) -> the same; gamma mostly (n,).
    Source: Zhang & Sennrich (2019).
    """
    return _normalised("rms_norm", x, gamma, None, eps=float(eps), centred=False)


def _normalised(name: str, x: Array, gamma: Array, beta: Array, **how: Any) -> Array:
    x, gamma, beta = floats(name, x), floats(name, gamma, "gamma"), as_array(name, beta)
    shape = gamma.shape
    axes = len(shape)
    if axes == 0 or x.shape[-axes:] != shape:
        raise ValueError(
            f"{name}: expected {' x '.join(map(str, shape)) or 'at least one'} features in the "
            f"last {'axes' if axes > 1 else 'axis'}, got input shape {np.shape(x)}. They are "
            "normalised together, so gamma has their shape."
        )
    if beta is not None and np.shape(beta) != shape:
        raise ValueError(
            f"{name}: expected beta of gamma's shape {shape}, got {np.shape(beta)}. "
            "Every feature has one of each."
        )
    n = math.prod(shape)
    rows = x if x.ndim == 2 and axes == 1 else x.reshape(math.prod(x.shape[:-axes]), n)
    vectors = [v if v is None or axes == 1 else v.reshape(n) for v in (gamma, beta)]
    return _normalise(rows, *vectors, **how).reshape(x.shape)


_normalise = primitive(kernels.normalise_rows)
_normalise_backward = primitive(kernels.normalise_rows_backward)


def _normalise_rule(g: Any, out: Any, x: Any, gamma: Any, beta: Any = None, **how: Any) -> Any:
    return _normalise_backward(g, x, gamma, **how)


defvjp(_normalise, together=_normalise_rule)
defvjp(_normalise_backward, together=through(kernels.normalise_rows_backward.numpy))
