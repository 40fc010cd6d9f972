"""The error function and the activations built on it and on the logistic function.

float64 is exact to a few units in the last place. float32 has polynomials of its own, exact to
some 1e-7, of the form that a compiler turns into vector instructions: no branch and no table.
"""

import functools
import math

import numpy as np

from .dispatch import Kernel
from .memory import empty

# Below this size the compiled twin costs more than it saves, and NumPy alone starts at once.
_vectorised = functools.partial(Kernel, least=4096)

# Rational approximations of erf(x) / x in x^2 on [0, 0.46875], of exp(x^2) erfc(x) in x on
# [0.46875, 4], and of the rest of its asymptotic series in 1 / x^2 beyond (Cody, 1969).
_CENTRE = (
    (3.20937758913846947e3, 3.77485237685302021e2, 1.13864154151050156e2, 3.16112374387056560,
     1.85777706184603153e-1),
    (2.84423683343917062e3, 1.28261652607737228e3, 2.44024637934444173e2, 2.36012909523441209e1,
     1.0),
)  # fmt: skip
_MIDDLE = (
    (1.23033935479799725e3, 2.05107837782607147e3, 1.71204761263407058e3, 8.81952221241769090e2,
     2.98635138197400131e2, 6.61191906371416295e1, 8.88314979438837594, 5.64188496988670089e-1,
     2.15311535474403846e-8),
    (1.23033935480374942e3, 3.43936767414372164e3, 4.36261909014324716e3, 3.29079923573345963e3,
     1.62138957456669019e3, 5.37181101862009858e2, 1.17693950891312499e2, 1.57449261107098347e1,
     1.0),
)  # fmt: skip
_OUTSIDE = (
    (6.58749161529837803e-4, 1.60837851487422766e-2, 1.25781726111229246e-1,
     3.60344899949804439e-1, 3.05326634961232344e-1, 1.63153871373020978e-2),
    (2.33520497626869185e-3, 6.05183413124413191e-2, 5.27905102951428412e-1,
     1.87295284992346725, 2.56852019228982242, 1.0),
)  # fmt: skip

# float32, fitted to the largest error: the normal distribution above z, as the fourth power of a
# polynomial on [0, 6], where the power itself is much flatter; and erf(x) / x in x^2 on [0, 1].
ABOVE = (
    0.8408964, -0.16773416, -0.05018954, 0.004599421, 0.0039223586, -0.0002026247, -0.0001794406,
    -5.523959e-07, 1.300597e-05, -2.6497084e-06, 2.2261628e-07, -7.1652333e-09,
)  # fmt: skip
ABOVE_END = 6.0
ERF_CENTRE = (1.12837917, -0.376126258, 0.112835851, -0.0268538119, 0.00518832756, -0.00080101925,
              7.85385764e-05)  # fmt: skip
SATURATED = 40.0  # standard deviations beyond which even float64 sees 0 or 1


@_vectorised
def erf(x):
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Any shape."""
    if x.dtype == np.float32:
        size = np.abs(x)
        beyond = 1 - 2 * _above(size * math.sqrt(2))
        near = np.minimum(size, 1)
        near = near * _polynomial(ERF_CENTRE, near * near)
        return np.copysign(np.where(size > 1, beyond, near), x)
    flat = x.reshape(-1).astype(np.float64, copy=False)
    far = np.abs(flat) > 0.46875  # False for NaN
    out = np.empty(x.size)
    near = flat[~far]
    out[~far] = near * _ratio(_CENTRE, near * near)
    out[far] = np.copysign(1 - _far_erfc(np.abs(flat[far])), flat[far])
    return out.reshape(x.shape).astype(x.dtype, copy=False)


@_vectorised
def erfc(x):
    """1 - erf(x), without losing the digits of small results. Any shape."""
    flat = x.reshape(-1).astype(np.float64, copy=False)
    far = np.abs(flat) > 0.46875
    out = np.empty(x.size)
    near = flat[~far]
    out[~far] = 1 - near * _ratio(_CENTRE, near * near)
    beyond = _far_erfc(np.abs(flat[far]))
    out[far] = np.where(flat[far] < 0, 2 - beyond, beyond)
    return out.reshape(x.shape).astype(x.dtype, copy=False)


@_vectorised
def gelu(x):
    """x Phi(x), Phi being the share of the normal distribution below x. Any shape."""
    return np.maximum(x, -SATURATED) * _below(x)


@_vectorised
def gelu_backward(g, x):
    """`g` times the derivative of `gelu` at x, Phi(x) + x phi(x). Shapes: all equal."""
    z = np.clip(x, -SATURATED, SATURATED)
    return g * (_below(x) + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


# A number takes twice the time of an array of one: what counts for a few elements.
_ONES = {kind: np.ones((), kind) for kind in np.typecodes["Float"]}


@_vectorised
def sigmoid(x):
    """1 / (1 + exp(-x)). Any shape. The exponential may overflow to inf, the right answer is 0."""
    out = np.negative(x, out=empty(x.shape, x.dtype))
    with np.errstate(over="ignore"):
        np.exp(out, out)
    np.add(out, _ONES[x.dtype.char], out)
    return np.reciprocal(out, out)


@_vectorised
def sigmoid_backward(g, out):
    """`g` times the derivative of the sigmoid, from its result. Shapes: all equal."""
    return g * (out * (1 - out))


@_vectorised
def gated(x, *, slope, cubic):
    """x sigmoid(slope x + cubic x^3): the gate of SiLU and of the approximate GELU. Any shape."""
    limit = largest_exponent(x.dtype)
    return np.maximum(x, -limit) * _gate(np.clip(x, -limit, limit), slope, cubic)


@_vectorised
def gated_backward(g, x, *, slope, cubic):
    """`g` times the derivative of `gated` at x. Shapes: all equal."""
    limit = largest_exponent(x.dtype)
    z = np.clip(x, -limit, limit)
    gate = _gate(z, slope, cubic)
    return g * (gate * (1 + z * (1 - gate) * (slope + 3 * cubic * z * z)))


def largest_exponent(dtype):
    """An argument whose exponential, and its reciprocal, are ordinary numbers: 87 for float32."""
    return math.floor(0.985 * math.log(2) * np.finfo(dtype).maxexp)


def _gate(z, slope, cubic):
    limit = largest_exponent(z.dtype)
    return sigmoid.numpy(np.clip(z * (slope + cubic * z * z), -limit, limit))


def _below(x):
    """The share of the normal distribution below x."""
    if x.dtype != np.float32:
        return 0.5 * erfc.numpy(x * -math.sqrt(0.5))
    share = np.where(x < -ABOVE_END, 0, _above(np.abs(x)))
    return np.where(x > 0, 1 - share, share)


def _above(z):
    """The share of the normal distribution above z >= 0, for float32."""
    root = _polynomial(ABOVE, np.minimum(z, ABOVE_END))
    root *= root
    root *= root
    return root


def _far_erfc(x):
    """erfc of x > 0.46875; exp(-x^2) in two factors, since the rounding of x^2 would be magnified.

    From 30 on, where it is 0, it is that of 30: x^2 shall not overflow.
    """
    x = np.minimum(x, 30)
    coarse = np.trunc(16 * x) / 16
    power = np.exp(-coarse * coarse) * np.exp(-(x - coarse) * (x + coarse))
    square = 1 / (x * x)
    outside = (1 / math.sqrt(math.pi) - square * _ratio(_OUTSIDE, square)) / x
    return power * np.where(x <= 4, _ratio(_MIDDLE, x), outside)


def _ratio(coefficients, x):
    return _polynomial(coefficients[0], x) / _polynomial(coefficients[1], x)


def _polynomial(coefficients, x):
    """sum_k coefficients[k] x^k, from the highest power down (Horner, 1819)."""
    out = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        out *= x
        out += coefficient
    return out
