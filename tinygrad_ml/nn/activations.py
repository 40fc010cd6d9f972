"""Activations as layers: each is a function of `functional`, with its options kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .module import Module

Array = Any  # an ndarray or a Tensor


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
