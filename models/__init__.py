"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .cnn import CNN
from .gpt import GPT
from .mlp import MLP
from .tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "Autoencoder",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "XORNet",
    "export_text",
]
