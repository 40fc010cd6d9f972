"""The basic layers: each is one line of mathematics around the functions of `functional`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..generators import generator
from ..tensor import Parameter
from .arguments import count, weights
from .module import Module

Array = Any  # an ndarray or a Tensor


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
        shape = count("Dense", "n_in", n_in), count("Dense", "n_out", n_out)
        self.weight = weights("Dense", init, shape, rng, dtype)
        self.bias = Parameter(np.zeros(n_out), dtype=dtype) if bias else None

    def __call__(self, x: Array) -> Array:
        return F.linear(x, self.weight, self.bias)

    def __repr__(self) -> str:
        n_in, n_out = self.weight.shape
        return f"Dense({n_in}, {n_out}{'' if self.bias is not None else ', bias=False'})"


class _Dropout(Module):
    """What the kinds of dropout share: the rate, and the generator that draws the masks."""

    def __init__(self, rate: float = 0.5, rng: Any = None) -> None:
        name = type(self).__name__
        if not isinstance(rate, (int, float, np.floating)) or not 0 <= rate < 1:
            raise ValueError(f"{name}: rate must be at least 0 and below 1, got {rate!r}.")
        self.rate = float(rate)
        self.rng = generator(rng, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"


class Dropout(_Dropout):
    """In training, set each element to 0 with probability `rate` and divide the rest by 1 - rate.

    In prediction nothing changes (Srivastava et al., 2014). `rng`: None, a seed or a Generator.
    """

    def __call__(self, x: Array) -> Array:
        return F.dropout(x, self.rate, self.rng) if self.training else x


class ChannelDropout(_Dropout):
    """In training, set whole channels of a sample to 0, and divide the others by 1 - rate.

    For sequences (n, length, c) and images (n, height, width, c), whose neighbouring values are too
    alike for dropping them one by one to matter (Tompson et al., 2015). In prediction nothing
    changes. `rng`: None, a seed or a Generator.
    """

    def __call__(self, x: Array) -> Array:
        if len(np.shape(x)) < 3:
            raise ValueError(
                f"ChannelDropout: expected an input of shape (n, ..., c), got {np.shape(x)}. Use "
                "Dropout for rows of features."
            )
        return F.channel_dropout(x, self.rate, self.rng) if self.training else x


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELU (Klambauer et al., 2017).

    In training, elements are set to the lowest value of SELU instead of 0, and all are scaled and
    shifted. In prediction nothing changes. `rng`: None, a seed or a Generator.
    """

    def __call__(self, x: Array) -> Array:
        return F.alpha_dropout(x, self.rate, self.rng) if self.training else x


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
