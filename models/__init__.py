"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .cnn import CNN
from .gpt import GPT
from .mlp import MLP
from .naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
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
    "MultinomialNB",
    "TfidfTransformer",
    "TfidfVectorizer",
    "XORNet",
]
