"""Keep gradients from exploding."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import is_number


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients together so that their joint norm is at most `max_norm`.

    g <- g min(1, max_norm / |g|), |g| = (sum |g_i|^norm_type)^(1 / norm_type), the Euclidean norm
    by default, the largest |g_i| for np.inf (Pascanu et al., 2013). Returns the norm before
    clipping. Raises FloatingPointError for a NaN or infinite norm, which no factor can mend.
    """
    clipped = _with_gradients("clip_grad_norm", parameters)
    _check_limit("clip_grad_norm", "max_norm", max_norm)
    if not is_number(norm_type) or not norm_type > 0:
        raise ValueError(
            f"clip_grad_norm: norm_type must be a positive number or np.inf, got {norm_type!r}."
        )
    norm = _norm([g for _, g in clipped], norm_type)
    if not math.isfinite(norm):
        raise FloatingPointError(
            _NOT_FINITE.format("clip_grad_norm", "norm of the gradients", norm)
        )
    if norm > max_norm:
        for p, g in clipped:
            p.grad = g * float(max_norm / norm)
    return norm


def clip_grad_value(parameters: Iterable[Tensor], max_value: float) -> None:
    """Bring every element of all gradients into [-max_value, max_value].

    This turns the direction of the gradient; `clip_grad_norm` keeps it. Raises FloatingPointError
    for NaN, and then changes nothing.
    """
    clipped = _with_gradients("clip_grad_value", parameters)
    _check_limit("clip_grad_value", "max_value", max_value)
    if any(np.isnan(g).any() for _, g in clipped):
        raise FloatingPointError(_NOT_FINITE.format("clip_grad_value", "gradient", math.nan))
    for p, g in clipped:
        p.grad = np.clip(g, -float(max_value), float(max_value))


_NOT_FINITE = (
    "{}: the {} is {}. Lower the learning rate, or look for its origin with tg.detect_anomaly()."
)


def _norm(gradients: list[np.ndarray], order: float) -> float:
    """The joint norm of several arrays; divided by the largest element, no power overflows."""
    if order == 2:  # the usual one, in one pass
        norm = math.sqrt(math.fsum(float(np.vdot(g, g)) for g in gradients))
        if not math.isinf(norm):
            return norm
    largest = max((float(np.abs(g).max(initial=0)) for g in gradients), default=0.0)
    if any(np.isnan(g).any() for g in gradients):
        return math.nan
    if order == math.inf or largest == 0 or math.isinf(largest):
        return largest
    scaled = ((np.abs(g.astype(np.float64)) / largest) ** order for g in gradients)
    return largest * math.fsum(float(s.sum()) for s in scaled) ** (1 / order)


def _check_limit(owner: str, name: str, value: Any) -> None:
    if not is_number(value) or not value > 0:
        raise ValueError(f"{owner}: {name} must be positive, got {value!r}.")


def _with_gradients(owner: str, parameters: Any) -> list[tuple[Tensor, np.ndarray]]:
    """The parameters that have a gradient, each once, and it."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        got = "a single Tensor" if isinstance(parameters, Tensor) else type(parameters).__name__
        raise TypeError(
            f"{owner}: expected a list of parameters, got {got}. Write model.parameters()."
        )
    unique = {id(p): p for p in parameters}.values()
    for p in unique:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"{owner}: expected Tensors, got {type(p).__name__}. Write model.parameters()."
            )
    return [(p, p.grad) for p in unique if p.grad is not None]
