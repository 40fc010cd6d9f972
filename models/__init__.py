"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .cnn import CNN
from .gpt import GPT
from .kd_tree import KDTree
from .mlp import MLP
from .naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from .neighbors import KNeighborsClassifier, KNeighborsRegressor
from .text import CountVectorizer
from .tfidf import TfidfTransformer, TfidfVectorizer
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "Autoencoder",
    "BernoulliNB",
    "CountVectorizer",
    "GaussianNB",
    "KDTree",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "MultinomialNB",
    "TfidfTransformer",
    "TfidfVectorizer",
    "XORNet",
]
