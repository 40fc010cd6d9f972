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
