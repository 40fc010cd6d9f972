"""Layers: `__init__` makes parameters, `__call__` computes. Any callable is a layer too."""

from . import initialisers
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .convolution import Conv1D, Conv2D, ConvTranspose1D, ConvTranspose2D
from .layers import Dense, Dropout, Flatten
from .module import Module, Sequential
from .normalisation import BatchNorm, GroupNorm, InstanceNorm
from .pooling import (
    AdaptiveAvgPool2D,
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    Upsample2D,
)

__all__ = [
    "AdaptiveAvgPool2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "Conv1D",
    "Conv2D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "GlobalAvgPool2D",
    "InstanceNorm",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "Upsample2D",
    "initialisers",
]
