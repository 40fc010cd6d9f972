"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .autoencoder_transformer import AutoencoderTransformer
from .cnn import CNN
from .cnn_classifier import CNNClassifier
from .environments import ChainEnvironment, GridEnvironment
from .gpt import GPT
from .mlp import MLP
from .mlp_estimators import MLPClassifier, MLPRegressor
from .policy_evaluation import evaluate_policy
from .q_learning import QLearningAgent
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "Autoencoder",
    "AutoencoderTransformer",
    "CNNClassifier",
    "ChainEnvironment",
    "GridEnvironment",
    "MLPClassifier",
    "MLPRegressor",
    "QLearningAgent",
    "XORNet",
    "evaluate_policy",
]
