"""Optimizers, learning-rate schedules and gradient clipping."""

from .clipping import clip_grad_norm, clip_grad_value
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, RAdam, RMSprop
from .schedules import (
    CosineRestartSchedule,
    CosineSchedule,
    ExponentialSchedule,
    LinearSchedule,
    MultiStepSchedule,
    OneCycleSchedule,
    PolynomialSchedule,
    ProductSchedule,
    SequentialSchedule,
    StepSchedule,
)

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "CosineRestartSchedule",
    "CosineSchedule",
    "ExponentialSchedule",
    "LinearSchedule",
    "MultiStepSchedule",
    "NAdam",
    "OneCycleSchedule",
    "Optimizer",
    "PolynomialSchedule",
    "ProductSchedule",
    "RAdam",
    "RMSprop",
    "SequentialSchedule",
    "StepSchedule",
    "clip_grad_norm",
    "clip_grad_value",
]
