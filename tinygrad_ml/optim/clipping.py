"""Keep gradients from exploding."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..tensor import Tensor


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together so that their joint Euclidean norm is at most `max_norm`.

    g <- g min(1, max_norm / |g|) (Pascanu et al., 2013). Returns the norm before clipping.
    Raises FloatingPointError for a NaN or infinite norm, which no factor can mend.
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm must be positive, got {max_norm!r}.")
    if isinstance(parameters, Tensor):
        raise TypeError("clip_grad_norm: expected a list of parameters, got a single Tensor.")
    clipped = [(p, p.grad) for p in parameters if p.grad is not None]
    norm = math.sqrt(math.fsum(float(np.vdot(g, g)) for _, g in clipped))
    if math.isinf(norm):  # the squares may have overflowed, not the gradients
        norm = math.hypot(*(float(np.linalg.norm(g.astype(np.float64))) for _, g in clipped))
    if not math.isfinite(norm):
        raise FloatingPointError(
            f"clip_grad_norm: the norm of the gradients is {norm}. Lower the learning rate, or "
            "look for its origin with tg.detect_anomaly()."
        )
    if norm > max_norm:
        for p, g in clipped:
            p.grad = g * (max_norm / norm)
    return norm
