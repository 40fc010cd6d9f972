"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .autoencoder_transformer import AutoencoderTransformer
from .cnn import CNN
from .cnn_classifier import CNNClassifier
from .environments import ChainEnvironment, GridEnvironment
from .gpt import GPT
from .mlp import MLP
from .mlp_estimators import MLPClassifier, MLPRegressor
from .naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from .policy_evaluation import evaluate_policy
from .q_learning import QLearningAgent
from .text import CountVectorizer
from .tfidf import TfidfTransformer, TfidfVectorizer
from .xor import XORNet

__all__ = [
    "Autoencoder",
    "AutoencoderTransformer",
    "BernoulliNB",
    "CNN",
    "CNNClassifier",
    "ChainEnvironment",
    "CountVectorizer",
    "GPT",
    "GaussianNB",
    "GridEnvironment",
    "MLP",
    "MLPClassifier",
    "MLPRegressor",
    "MultinomialNB",
    "QLearningAgent",
    "TfidfTransformer",
    "TfidfVectorizer",
    "XORNet",
    "evaluate_policy",
]
