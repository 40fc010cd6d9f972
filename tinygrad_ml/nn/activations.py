"""Activations as layers: each is a function of `functional`, with its options kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..functional.checks import number
from ..tensor import Parameter
from .arguments import count
from .module import Module

Array = Any  # an ndarray or a Tensor


class _Activation(Module):
    """Shown with its options: the attributes that its constructor set."""

    def __repr__(self) -> str:
        options = {k: v for k, v in vars(self).items() if k != "training"}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in options.items())})"


class Identity(_Activation):
    """x itself: a layer that does nothing, to put in the place of one."""

    def __call__(self, x: Array) -> Array:
        return x


class Sigmoid(_Activation):
    """1 / (1 + exp(-x)), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.sigmoid(x)


class Tanh(_Activation):
    """Hyperbolic tangent, any shape."""

    def __call__(self, x: Array) -> Array:
        return np.tanh(x)


class ReLU(_Activation):
    """max(x, 0), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.relu(x)


class LeakyReLU(_Activation):
    """x where x > 0, else slope x, any shape."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = number("LeakyReLU", "slope", slope)

    def __call__(self, x: Array) -> Array:
        return F.leaky_relu(x, self.slope)


class Softplus(_Activation):
    """log(1 + exp(x)), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.softplus(x)


class Softmax(_Activation):
    """exp(x) / sum(exp(x)) along `axis`. Train on the logits before it with `cross_entropy`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        return F.softmax(x, axis=self.axis)


class LogSoftmax(_Activation):
    """The logarithm of softmax along `axis`, to train with `nll_loss`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        return F.log_softmax(x, axis=self.axis)


class Softmin(_Activation):
    """exp(-x) / sum(exp(-x)) along `axis`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        return F.softmin(x, axis=self.axis)


class LogSigmoid(_Activation):
    """log(1 / (1 + exp(-x))), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.log_sigmoid(x)


class Softsign(_Activation):
    """x / (1 + |x|), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.softsign(x)


class ELU(_Activation):
    """x where x > 0, else alpha (exp(x) - 1), any shape (Clevert et al., 2016)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("ELU", "alpha", alpha)

    def __call__(self, x: Array) -> Array:
        return F.elu(x, self.alpha)


class CELU(_Activation):
    """x where x > 0, else alpha (exp(x / alpha) - 1), any shape (Barron, 2017)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("CELU", "alpha", alpha, positive=True)

    def __call__(self, x: Array) -> Array:
        return F.celu(x, self.alpha)


class SELU(_Activation):
    """The self-normalising ELU, any shape, which goes with `AlphaDropout`
    (Klambauer et al., 2017).
    """

    def __call__(self, x: Array) -> Array:
        return F.selu(x)


class GELU(_Activation):
    """x Phi(x), any shape; approximate="tanh" for the approximation (Hendrycks & Gimpel, 2016)."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate must be 'none' or 'tanh', got {approximate!r}.")
        self.approximate = approximate

    def __call__(self, x: Array) -> Array:
        return F.gelu(x, self.approximate)


class SiLU(_Activation):
    """x sigmoid(x), also called Swish, any shape (Elfwing et al., 2018)."""

    def __call__(self, x: Array) -> Array:
        return F.silu(x)


class Mish(_Activation):
    """x tanh(softplus(x)), any shape (Misra, 2019)."""

    def __call__(self, x: Array) -> Array:
        return F.mish(x)


class Hardtanh(_Activation):
    """x limited to [low, high], any shape."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low, self.high = number("Hardtanh", "low", low), number("Hardtanh", "high", high)
        if not self.low < self.high:
            raise ValueError(f"Hardtanh: expected low < high, got {low!r} and {high!r}.")

    def __call__(self, x: Array) -> Array:
        return F.hardtanh(x, self.low, self.high)


class ReLU6(_Activation):
    """min(max(x, 0), 6), any shape."""

    def __call__(self, x: Array) -> Array:
        return F.relu6(x)


class Hardsigmoid(_Activation):
    """min(max(x + 3, 0), 6) / 6, any shape."""

    def __call__(self, x: Array) -> Array:
        return F.hardsigmoid(x)


class Hardswish(_Activation):
    """x min(max(x + 3, 0), 6) / 6, any shape."""

    def __call__(self, x: Array) -> Array:
        return F.hardswish(x)


class GLU(_Activation):
    """a sigmoid(b), the halves of x along `axis` being a and b: (..., 2 c) -> (..., c)."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Array) -> Array:
        return F.glu(x, self.axis)


class PReLU(Module):
    """x where x > 0, else slope x, with learned slopes that start at `slope` (He et al., 2015).

    Shapes: (..., c) -> (..., c); slope (c,), or (1,) with c=1 for one slope of all channels.
    """

    def __init__(self, c: int = 1, slope: float = 0.25, dtype: Any = np.float32) -> None:
        start = number("PReLU", "slope", slope)
        self.slope = Parameter(np.full(count("PReLU", "c", c), start), dtype=dtype)

    def __call__(self, x: Array) -> Array:
        return F.prelu(x, self.slope)

    def __repr__(self) -> str:
        return f"PReLU({self.slope.size})"
