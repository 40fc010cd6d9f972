"""The layers: each is one line of mathematics around the functions of `functional`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..functional.convolution import pair
from ..generators import generator
from ..tensor import Parameter
from .initialisers import find
from .module import Module

Array = Any  # an ndarray or a Tensor


def _count(owner: str, name: str, value: Any) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{owner}: {name} must be a positive integer, got {value!r}.")
    return int(value)


def _weights(owner: str, init: Any, shape: tuple[int, ...], rng: Any, dtype: Any) -> Parameter:
    weights = find(init)(shape, generator(rng, owner))
    if np.shape(weights) != shape:
        raise ValueError(
            f"{owner}: init must return an array of shape {shape}, got {np.shape(weights)}."
        )
    return Parameter(weights, dtype=dtype)


class Dense(Module):
    """Affine layer, y = x W + b.

    Parameters
    ----------
    n_in, n_out : numbers of input and output features.
    bias : whether to add b.
    init : name of an initialiser, or a function of (shape, rng); see `nn.initialisers`.
    rng : None, a seed or a Generator. dtype : of the parameters.

    Shapes: x (..., n_in) -> (..., n_out); weight (n_in, n_out), bias (n_out,), which starts at 0.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        init: Any = "glorot_uniform",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        shape = _count("Dense", "n_in", n_in), _count("Dense", "n_out", n_out)
        self.weight = _weights("Dense", init, shape, rng, dtype)
        self.bias = Parameter(np.zeros(n_out), dtype=dtype) if bias else None

    def __call__(self, x: Array) -> Array:
        return F.linear(x, self.weight, self.bias)

    def __repr__(self) -> str:
        n_in, n_out = self.weight.shape
        return f"Dense({n_in}, {n_out}{'' if self.bias is not None else ', bias=False'})"


class Conv2D(Module):
    """Convolution of images, y[i, j] = sum of a window of x times W, + b (LeCun et al., 1989).

    Parameters
    ----------
    c_in, c_out : numbers of input and output channels.
    kernel_size, stride : numbers or pairs (vertical, horizontal).
    padding : number, pair, "same" or "valid".
    bias, init, rng, dtype : as for `Dense`.

    Shapes: x (n, h, w, c_in) -> (n, oh, ow, c_out); weight (kh, kw, c_in, c_out), bias (c_out,).
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        bias: bool = True,
        init: Any = "he_normal",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        size = pair("Conv2D", "kernel_size", kernel_size)
        shape = (*size, _count("Conv2D", "c_in", c_in), _count("Conv2D", "c_out", c_out))
        self.weight = _weights("Conv2D", init, shape, rng, dtype)
        self.bias = Parameter(np.zeros(c_out), dtype=dtype) if bias else None
        self.stride = pair("Conv2D", "stride", stride)
        self.padding = padding

    def __call__(self, x: Array) -> Array:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def __repr__(self) -> str:
        kh, kw, c_in, c_out = self.weight.shape
        return (
            f"Conv2D({c_in}, {c_out}, ({kh}, {kw}), stride={self.stride}, padding={self.padding!r})"
        )


class MaxPool2D(Module):
    """The largest value of each window and channel: (n, h, w, c) -> (n, oh, ow, c).

    `stride` defaults to `pool_size`; windows that stick out are left out.
    """

    def __init__(self, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> None:
        self.pool_size = pair("MaxPool2D", "pool_size", pool_size)
        self.stride = self.pool_size if stride is None else pair("MaxPool2D", "stride", stride)
        self.padding = padding

    def __call__(self, x: Array) -> Array:
        return F.max_pool2d(x, self.pool_size, self.stride, self.padding)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pool_size}, stride={self.stride})"


class AvgPool2D(MaxPool2D):
    """The mean of each window and channel: (n, h, w, c) -> (n, oh, ow, c)."""

    def __call__(self, x: Array) -> Array:
        return F.avg_pool2d(x, self.pool_size, self.stride, self.padding)


class BatchNorm(Module):
    """Batch normalisation, y = gamma (x - mean) / sqrt(var + eps) + beta (Ioffe & Szegedy, 2015).

    In training mean and variance are those of the batch, over all axes but the last, and the
    running ones move towards them, running += momentum (batch - running); in prediction the
    running ones are used.

    Shapes: (..., c) -> (..., c); gamma, beta, running_mean, running_var (c,).
    """

    def __init__(
        self, c: int, momentum: float = 0.1, eps: float = 1e-5, dtype: Any = np.float32
    ) -> None:
        c = _count("BatchNorm", "c", c)
        self.gamma = Parameter(np.ones(c), dtype=dtype)
        self.beta = Parameter(np.zeros(c), dtype=dtype)
        self.running_mean = np.zeros(c, dtype)
        self.running_var = np.ones(c, dtype)
        self.momentum = float(momentum)  # a NumPy number would turn float32 into float64
        self.eps = float(eps)

    def __call__(self, x: Array) -> Array:
        c = self.gamma.size
        if np.ndim(x) < 2 or x.shape[-1] != c:
            raise ValueError(
                f"BatchNorm: expected input of shape (n, ..., {c}), got {np.shape(x)}. "
                "The number of channels is the length of the last axis."
            )
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.gamma, self.beta, self.eps
            )
        axes = tuple(range(x.ndim - 1))
        count = x.size // c
        if count < 2:
            raise ValueError(
                "BatchNorm: expected at least 2 values per channel in training, got input shape "
                f"{x.shape}. Use larger batches, or model.eval() for prediction."
            )
        mean, variance = np.mean(x, axis=axes), np.var(x, axis=axes)
        self._follow("running_mean", mean, 1.0)
        self._follow("running_var", variance, count / (count - 1))  # the unbiased estimate
        return F.batch_norm(x, mean, variance, self.gamma, self.beta, self.eps)

    def _follow(self, name: str, batch: Array, factor: float) -> None:
        running = getattr(self, name)
        values = batch if isinstance(batch, np.ndarray) else batch.data
        moved = running + self.momentum * (values * factor - running)
        setattr(self, name, moved.astype(running.dtype, copy=False))

    def __repr__(self) -> str:
        return f"BatchNorm({self.gamma.size})"


class Dropout(Module):
    """In training, set each element to 0 with probability `rate` and divide the rest by 1 - rate.

    In prediction nothing changes (Srivastava et al., 2014). `rng`: None, a seed or a Generator.
    """

    def __init__(self, rate: float = 0.5, rng: Any = None) -> None:
        if not isinstance(rate, (int, float, np.floating)) or not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate must be at least 0 and below 1, got {rate!r}.")
        self.rate = float(rate)
        self.rng = generator(rng, "Dropout")

    def __call__(self, x: Array) -> Array:
        return F.dropout(x, self.rate, self.rng) if self.training else x

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"


class Flatten(Module):
    """All axes but the first into one: (n, h, w, c) -> (n, h w c)."""

    def __call__(self, x: Array) -> Array:
        shape = np.shape(x)
        if len(shape) < 2:
            raise ValueError(
                f"Flatten: expected a batch of shape (n, ...), got {shape}. x[None] adds an axis."
            )
        return x.reshape(shape[0], int(np.prod(shape[1:])))

    def __repr__(self) -> str:
        return "Flatten()"


class _Activation(Module):
    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


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
        self.slope = float(slope)

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
