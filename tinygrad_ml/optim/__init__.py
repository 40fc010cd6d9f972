"""Optimizers, learning-rate schedules and gradient clipping."""

from .clipping import clip_grad_norm
from .optimizers import SGD, Adam, AdamW, Optimizer
from .schedules import CosineSchedule, StepSchedule

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineSchedule",
    "Optimizer",
    "StepSchedule",
    "clip_grad_norm",
]
