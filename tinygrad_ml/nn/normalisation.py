"""Layers that bring values to mean 0 and variance 1, then to a learned scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..functional.checks import floats
from ..tensor import Parameter
from .arguments import count
from .module import Module

Array = Any  # an ndarray or a Tensor


class _Normalisation(Module):
    """Scale, shift and running statistics of `c` channels."""

    gamma: Parameter | None
    beta: Parameter | None

    def __init__(self, c: int, eps: float, affine: bool, dtype: Any) -> None:
        self.channels = count(type(self).__name__, "c", c)
        self.gamma = Parameter(np.ones(c), dtype=dtype) if affine else None
        self.beta = Parameter(np.zeros(c), dtype=dtype) if affine else None
        if not isinstance(eps, (int, float, np.floating)) or not eps >= 0:
            raise ValueError(
                f"{type(self).__name__}: eps must be a number of at least 0, got {eps!r}."
            )
        self.eps = float(eps)  # a NumPy number would turn float32 into float64

    def _start_statistics(self, momentum: float | None, dtype: Any) -> None:
        number = isinstance(momentum, (int, float, np.floating))
        if momentum is not None and not (number and 0 <= momentum <= 1):
            raise ValueError(
                f"{type(self).__name__}: momentum must be from 0 to 1, or None for the mean over "
                f"all batches, got {momentum!r}."
            )
        self.running_mean = np.zeros(self.channels, dtype)
        self.running_var = np.ones(self.channels, dtype)
        self.momentum = None if momentum is None else float(momentum)
        if momentum is None:
            self.batches_seen = np.zeros((), np.int64)

    def _checked(self, x: Array, least: int = 2) -> Array:
        """x with the right number of channels, and at least so many axes."""
        x, c = floats(type(self).__name__, x), self.channels
        if x.ndim < least or x.shape[-1] != c:
            shape, axes = x.shape, "n, ..." if least == 2 else "n, length, ..."
            hint = " x.transpose(0, 2, 3, 1) moves the channels to the end." if (
                len(shape) == 4 and shape[1] == c) else (
                " The number of channels is the length of the last axis.")  # fmt: skip
            raise ValueError(
                f"{type(self).__name__}: expected input of shape ({axes}, {c}), got {shape}.{hint}"
            )
        return x

    def _follow(self, mean: Array, variance: Array, factor: float) -> None:
        """Move the running statistics towards those of a batch, all (c,).

        The variance times `factor` is the unbiased estimate. Without a momentum they become the
        means over all batches.
        """
        momentum = self.momentum
        if momentum is None:
            self.batches_seen = np.array(self.batches_seen + 1)  # an array again, so it is state
            momentum = 1 / int(self.batches_seen)
        for name, batch, scale in (
            ("running_mean", mean, 1.0),
            ("running_var", variance, factor),
        ):
            running = getattr(self, name)
            values = batch if isinstance(batch, np.ndarray) else batch.data
            moved = running + momentum * (values * scale - running)
            setattr(self, name, moved.astype(running.dtype, copy=False))

    def _with_running_statistics(self, x: Array) -> Array:
        mean, variance, gamma, beta = self.running_mean, self.running_var, self.gamma, self.beta
        if gamma is None:
            return F.batch_norm(
                x, mean, variance, np.ones_like(mean), np.zeros_like(mean), self.eps
            )
        return F.batch_norm(x, mean, variance, gamma, beta, self.eps)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channels})"


class BatchNorm(_Normalisation):
    """Batch normalisation, y = gamma (x - mean) / sqrt(var + eps) + beta (Ioffe & Szegedy, 2015).

    In training mean and variance are those of the batch, over all axes but the last, and the
    running ones move towards them, running += momentum (batch - running); in prediction the
    running ones are used.

    Parameters
    ----------
    c : number of channels, the length of the last axis.
    momentum : weight of the newest batch; None: the running ones are means over all batches.
    eps : added to the variance.
    affine : whether to learn gamma and beta. dtype : of the parameters.

    Shapes: (n, ..., c) -> the same; gamma, beta, running_mean, running_var (c,).
    """

    def __init__(
        self,
        c: int,
        momentum: float | None = 0.1,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(c, eps, affine, dtype)
        self._start_statistics(momentum, dtype)

    def __call__(self, x: Array) -> Array:
        x = self._checked(x)
        if not self.training:
            return self._with_running_statistics(x)
        values = x.size // self.channels
        if values < 2:
            raise ValueError(
                "BatchNorm: expected at least 2 values per channel in training, got input shape "
                f"{x.shape}. Use larger batches, or model.eval() for prediction."
            )
        out, mean, variance = F.batch_norm_training(x, self.gamma, self.beta, self.eps)
        self._follow(mean, variance, values / (values - 1))
        return out


class InstanceNorm(_Normalisation):
    """Each channel of each sample to mean 0 and variance 1 (Ulyanov, Vedaldi & Lempitsky, 2016).

    Parameters
    ----------
    c, eps, dtype : as for `BatchNorm`.
    affine : whether to learn a scale gamma and a shift beta.
    track_running_stats : keep running statistics in training, and use them in prediction.
    momentum : of the running statistics, as for `BatchNorm`.

    Shapes: (n, length, c) or (n, h, w, c) -> the same; gamma, beta (c,).
    """

    def __init__(
        self,
        c: int,
        eps: float = 1e-5,
        affine: bool = False,
        track_running_stats: bool = False,
        momentum: float | None = 0.1,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(c, eps, affine, dtype)
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self._start_statistics(momentum, dtype)

    def __call__(self, x: Array) -> Array:
        x = self._checked(x, least=3)
        if self.track_running_stats and not self.training:
            return self._with_running_statistics(x)
        values = int(np.prod(x.shape[1:-1]))
        if values < 2:
            raise ValueError(
                "InstanceNorm: expected at least 2 values per channel and sample, got input shape "
                f"{x.shape}. With fewer pools before it more pixels arrive."
            )
        out, mean, variance = F.instance_norm(x, self.gamma, self.beta, self.eps)
        if self.track_running_stats:
            self._follow(mean.mean(axis=0), variance.mean(axis=0), values / (values - 1))
        return out


class GroupNorm(_Normalisation):
    """Each group of channels of each sample to mean 0 and variance 1 (Wu & He, 2018).

    Parameters
    ----------
    groups : number of groups of neighbouring channels; it divides `c`.
    c, eps, affine, dtype : as for `BatchNorm`.

    It does the same in training and in prediction, whatever the batch size.
    Shapes: (n, ..., c) -> the same; gamma, beta (c,).
    """

    def __init__(
        self, groups: int, c: int, eps: float = 1e-5, affine: bool = True, dtype: Any = np.float32
    ) -> None:
        super().__init__(c, eps, affine, dtype)
        self.groups = count("GroupNorm", "groups", groups)
        if self.channels % self.groups:
            raise ValueError(
                f"GroupNorm: expected a number of groups that divides the {c} channels, got "
                f"{groups}. Write GroupNorm(groups, channels)."
            )

    def __call__(self, x: Array) -> Array:
        x = self._checked(x)
        return F.group_norm(x, self.groups, self.gamma, self.beta, self.eps)

    def __repr__(self) -> str:
        return f"GroupNorm({self.groups}, {self.channels})"
