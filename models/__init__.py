"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .autoencoder_transformer import AutoencoderTransformer
from .cnn import CNN
from .cnn_classifier import CNNClassifier
from .gpt import GPT
from .mlp import MLP
from .mlp_estimators import MLPClassifier, MLPRegressor
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "Autoencoder",
    "AutoencoderTransformer",
    "CNNClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "XORNet",
]
