"""Layers that bring values to mean 0 and variance 1, then to a learned scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Parameter
from .arguments import count
from .module import Module

Array = Any  # an ndarray or a Tensor


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
        c = count("BatchNorm", "c", c)
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
        values = x.size // c
        if values < 2:
            raise ValueError(
                "BatchNorm: expected at least 2 values per channel in training, got input shape "
                f"{x.shape}. Use larger batches, or model.eval() for prediction."
            )
        mean, variance = np.mean(x, axis=axes), np.var(x, axis=axes)
        self._follow("running_mean", mean, 1.0)
        self._follow("running_var", variance, values / (values - 1))  # the unbiased estimate
        return F.batch_norm(x, mean, variance, self.gamma, self.beta, self.eps)

    def _follow(self, name: str, batch: Array, factor: float) -> None:
        running = getattr(self, name)
        values = batch if isinstance(batch, np.ndarray) else batch.data
        moved = running + self.momentum * (values * factor - running)
        setattr(self, name, moved.astype(running.dtype, copy=False))

    def __repr__(self) -> str:
        return f"BatchNorm({self.gamma.size})"
