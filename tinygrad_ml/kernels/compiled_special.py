"""The compiled twins of `special`: one pass where NumPy takes ten to thirty.

The float32 loops have no branch and no call, so each becomes vector instructions; their
exponential is written out, since a call would end that. In float64 NumPy's exponential is a vector
function already, and the error function of the C library is exact.
"""

import math

import numpy as np

from . import special
from .compiler import contiguous, fused_loop, loop
from .memory import empty

ABOVE = tuple(map(np.float32, special.ABOVE))
ERF_CENTRE = tuple(map(np.float32, special.ERF_CENTRE))
# exp(r) on |r| <= log(2) / 2, to the largest relative error 3e-8
EXP = tuple(map(np.float32, (1, 1, 0.5, 0.16666667, 0.041666667, 0.0083333333, 0.0013888889)))
LOG2_E = np.float32(math.log2(math.e))
LOG_2 = np.float32(0.693359375)  # few bits, so that its multiples are exact
LOG_2_REST = np.float32(math.log(2) - 0.693359375)
TO_INTEGER = np.float32(3 << 22)  # added, it leaves the rounded integer in the lowest bits
LIMIT = np.float32(special.largest_exponent(np.float32))
END = np.float32(special.ABOVE_END)
SQUARE_ROOT_2, DENSITY_AT_0 = np.float32(math.sqrt(2)), np.float32(1 / math.sqrt(2 * math.pi))
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
TWO, THREE = np.float32(2), np.float32(3)


def _over(run, *arrays, scalars=()):
    """A fresh array filled by a loop over the arrays as vectors."""
    out = empty(arrays[0].shape, arrays[0].dtype)
    run(*(contiguous(array).reshape(-1) for array in arrays), *scalars, out.reshape(-1))
    return out


def _single(*arrays):
    return all(array.dtype == np.float32 for array in arrays)


def erf(x):
    return _over(_erf if _single(x) else _erf_double, x)


def erfc(x):
    return _over(_erfc, x)


def gelu(x):
    return _over(_gelu if _single(x) else _gelu_double, x)


def gelu_backward(g, x):
    if g.dtype != x.dtype:
        return special.gelu_backward.numpy(g, x)
    return _over(_gelu_backward if _single(x) else _gelu_backward_double, g, x)


def sigmoid(x):
    return _over(_sigmoid, x) if _single(x) else special.sigmoid.numpy(x)


def sigmoid_backward(g, out):
    if not _single(g, out):
        return special.sigmoid_backward.numpy(g, out)
    return _over(_sigmoid_backward, g, out)


def gated(x, *, slope, cubic):
    if not _single(x):
        return special.gated.numpy(x, slope=slope, cubic=cubic)
    return _over(_gated, x, scalars=(np.float32(slope), np.float32(cubic)))


def gated_backward(g, x, *, slope, cubic):
    if not _single(g, x):
        return special.gated_backward.numpy(g, x, slope=slope, cubic=cubic)
    return _over(_gated_backward, g, x, scalars=(np.float32(slope), np.float32(cubic)))


@fused_loop
def _polynomial(coefficients, x):
    out = coefficients[-1]
    for k in range(len(coefficients) - 2, -1, -1):
        out = out * x + coefficients[k]
    return out


@fused_loop
def _clipped(x, limit):
    """x within ±limit; a NaN stays, where min and max would lose it."""
    x = limit if x > limit else x
    return -limit if x < -limit else x


@fused_loop
def _exp(x):
    """exp(x) for |x| <= LIMIT: 2^n exp(r), where n goes straight into the exponent's bits."""
    shifted = x * LOG2_E + TO_INTEGER
    n = shifted - TO_INTEGER
    r = (x - n * LOG_2) - n * LOG_2_REST
    exponent = (np.float32(shifted).view(np.int32) << np.int32(23)) + np.int32(127 << 23)
    return _polynomial(EXP, r) * np.int32(exponent).view(np.float32)


@fused_loop
def _above(z):
    """The share of the normal distribution above z, for 0 <= z <= END."""
    root = _polynomial(ABOVE, z)
    square = root * root
    return square * square


@fused_loop
def _mirrored(x, value):
    """What is `value` at -|x| and 1 - value at |x|, at x; 0 far below."""
    return ONE - value if x > ZERO else (ZERO if x < -END else value)


@fused_loop
def _logistic(x):
    value = ONE / (ONE + _exp(-_clipped(x, LIMIT)))
    return ZERO if x < -LIMIT else value


@fused_loop
def _erf(x, out):
    for i in range(x.size):
        size = abs(x[i])
        near = ONE if size > ONE else size
        near = near * _polynomial(ERF_CENTRE, near * near)
        far = ONE - TWO * _above(_clipped(size * SQUARE_ROOT_2, END))
        value = far if size > ONE else near
        out[i] = -value if x[i] < ZERO else value


@loop
def _erf_double(x, out):
    for i in range(x.size):
        out[i] = math.erf(x[i])


@loop
def _erfc(x, out):
    for i in range(x.size):
        out[i] = math.erfc(float(x[i]))


@fused_loop
def _gelu(x, out):
    for i in range(x.size):
        share = _mirrored(x[i], _above(_clipped(abs(x[i]), END)))
        out[i] = (-END if x[i] < -END else x[i]) * share


@loop
def _gelu_double(x, out):
    for i in range(x.size):
        factor = -special.SATURATED if x[i] < -special.SATURATED else x[i]
        out[i] = factor * (0.5 * math.erfc(x[i] * -math.sqrt(0.5)))


@fused_loop
def _gelu_backward(g, x, out):
    for i in range(x.size):
        z = _clipped(abs(x[i]), END)
        density = DENSITY_AT_0 * _exp(-HALF * (z * z))
        out[i] = g[i] * _mirrored(x[i], _above(z) - z * density)


@loop
def _gelu_backward_double(g, x, out):
    for i in range(x.size):
        z = max(min(x[i], special.SATURATED), -special.SATURATED)
        share = 0.5 * math.erfc(x[i] * -math.sqrt(0.5))
        out[i] = g[i] * (share + z * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


@fused_loop
def _sigmoid(x, out):
    for i in range(x.size):
        out[i] = _logistic(x[i])


@fused_loop
def _sigmoid_backward(g, y, out):
    for i in range(y.size):
        out[i] = g[i] * (y[i] * (ONE - y[i]))


@fused_loop
def _gated(x, slope, cubic, out):
    for i in range(x.size):
        z = _clipped(x[i], LIMIT)
        out[i] = (-LIMIT if x[i] < -LIMIT else x[i]) * _logistic(z * (slope + cubic * z * z))


@fused_loop
def _gated_backward(g, x, slope, cubic, out):
    for i in range(x.size):
        z = _clipped(x[i], LIMIT)
        square = z * z
        gate = _logistic(z * (slope + cubic * square))
        out[i] = g[i] * (gate * (ONE + z * (ONE - gate) * (slope + THREE * cubic * square)))
