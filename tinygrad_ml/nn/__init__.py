"""Layers: `__init__` makes parameters, `__call__` computes. Any callable is a layer too."""

from . import initialisers
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .convolution import AvgPool2D, Conv2D, MaxPool2D
from .layers import Dense, Dropout, Flatten
from .module import Module, Sequential
from .normalisation import BatchNorm, GroupNorm, InstanceNorm

__all__ = [
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "InstanceNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "initialisers",
]
