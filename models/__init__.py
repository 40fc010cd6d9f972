"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .cnn import CNN
from .gpt import GPT
from .kd_tree import KDTree
from .mlp import MLP
from .neighbors import KNeighborsClassifier, KNeighborsRegressor
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "Autoencoder",
    "KDTree",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "XORNet",
]
