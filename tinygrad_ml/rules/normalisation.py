"""Derivatives of normalisation by mean and variance: batch, instance and group normalisation.

Everything happens on (blocks, rows, channels). The mean and the variance are those of the rows of a
block and of the channels of a group: batch normalisation has one block and as many groups as
channels, instance normalisation a block per sample, group normalisation fewer groups besides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..table import defvjp
from ..tensor import primitive

moment_sums = primitive(kernels.moment_sums)
centred_scale = primitive(kernels.centred_scale)
centred_sum = primitive(kernels.centred_sum)


@primitive
def normalised(x: Any, gamma: Any, beta: Any, *, groups: int, eps: float) -> tuple[Any, ...]:
    """gamma (x - mean) / sqrt(variance + eps) + beta; the mean, the variance, and what rounding
    took from the mean, which is constant: float32 has no digits for a deviation of 0.01 at 10,000.

    Shapes: x (b, r, c), gamma and beta (c,) -> (b, r, c) and three of (b, groups).
    """
    b, c = len(x), x.shape[2]
    means, variances = kernels.moments(x)
    mean, variance = means, variances
    if groups < c:
        means, variances = (v.reshape(b, groups, c // groups) for v in (means, variances))
        mean = means.mean(axis=2)
        variance = (variances + np.square(means - mean[..., None])).mean(axis=2)
    rounded = mean.astype(x.dtype)
    rest = (mean - rounded).astype(x.dtype)
    scale = _spread(1 / np.sqrt(variance + eps), c) * gamma
    shift = beta - _spread(rest, c) * scale
    vectors = (v.astype(x.dtype, copy=False) for v in (_spread(rounded, c), scale, shift))
    return kernels.centred_scale(x, *vectors), rounded, variance.astype(x.dtype), rest


def _spread(values: Any, c: int) -> Any:
    """A value of each group for all of its channels: (b, groups) -> (b, c)."""
    b, groups = values.shape
    if groups == c:
        return values
    return np.broadcast_to(values[..., None], (b, groups, c // groups)).reshape(b, c)


def _collected(values: Any, groups: int) -> Any:
    """The sum over the channels of each group: (b, c) -> (b, groups)."""
    b, c = values.shape
    return values if groups == c else values.reshape(b, groups, c // groups).sum(axis=2)


def _normalised_rules(
    g: Any, out: Any, x: Any, gamma: Any, beta: Any, *, groups: int, eps: float
) -> tuple[Any, Any, Any]:
    """The gradients of x, gamma and beta, of which all need the same two sums.

    By the chain rule with n = r c / groups values to a mean, s = (variance + eps)^(-1/2) and
    sums over a group: x gets gamma s g + slope (x - mean) + level, where
    slope = (2 g_variance - s^3 sum(gamma g (x - mean))) / n and
    level = (g_mean - s sum(gamma g)) / n.
    """
    (g, g_mean, g_variance, _), (_, mean, variance, rest) = g, out
    c = x.shape[2]
    n = x.shape[1] * (c // groups)
    inverse = (variance + eps) ** -0.5
    centre = _spread(mean, c)
    plain, weighted = moment_sums(g, x, centre)
    weighted = weighted - _spread(rest, c) * plain
    inner = _collected(gamma * weighted, groups)
    slope = (2 * g_variance - inverse * inverse * inverse * inner) / n
    level = (g_mean - inverse * _collected(gamma * plain, groups)) / n - slope * rest
    inverse = _spread(inverse, c)
    g_x = centred_sum(g, x, centre, gamma * inverse, _spread(slope, c), _spread(level, c))
    return g_x, (inverse * weighted).sum(axis=0), plain.sum(axis=0)


defvjp(normalised, together=_normalised_rules)

# ---- with statistics that are given

defvjp(
    centred_scale,
    lambda g, _out, x, centre, scale, shift: g * scale[:, None],
    lambda g, _out, x, centre, scale, shift: -(scale * g.sum(axis=1)),
    lambda g, _out, x, centre, scale, shift: moment_sums(g, x, centre)[1],
    lambda g, _out, x, centre, scale, shift: g.sum(axis=1),
)

# ---- the pieces of the first rule, for the second derivative

defvjp(
    moment_sums,
    lambda g, out, w, x, centre: g[0][:, None] + g[1][:, None] * (x - centre[:, None]),
    lambda g, out, w, x, centre: g[1][:, None] * w,
    lambda g, out, w, x, centre: -(g[1] * out[0]),
)
defvjp(
    centred_sum,
    lambda G, _out, g, x, centre, weight, slope, level: G * weight[:, None],
    lambda G, _out, g, x, centre, weight, slope, level: G * slope[:, None],
    lambda G, _out, g, x, centre, weight, slope, level: -(slope * G.sum(axis=1)),
    lambda G, _out, g, x, centre, weight, slope, level: (G * g).sum(axis=1),
    lambda G, _out, g, x, centre, weight, slope, level: moment_sums(G, x, centre)[1],
    lambda G, _out, g, x, centre, weight, slope, level: G.sum(axis=1),
)
