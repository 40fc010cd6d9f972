"""Layers: `__init__` makes parameters, `__call__` computes. Any callable is a layer too."""

from . import initialisers
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .attention import MultiHeadAttention, TransformerBlock
from .convolution import AvgPool2D, Conv2D, MaxPool2D
from .layers import Dense, Dropout, Flatten
from .module import Module, Sequential
from .normalisation import BatchNorm
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from .sequences import Embedding, LayerNorm, PositionalEmbedding, RMSNorm

__all__ = [
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Module",
    "MultiHeadAttention",
    "PositionalEmbedding",
    "RMSNorm",
    "RNN",
    "RNNCell",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "TransformerBlock",
    "initialisers",
]
