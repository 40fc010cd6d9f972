"""Layers: `__init__` makes parameters, `__call__` computes. Any callable is a layer too."""

from typing import TYPE_CHECKING

from ..spellings import unknown_layer
from . import (
    initialisers,
)
from .activations import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softsign,
    Tanh,
)
from .attention import (
    MultiHeadAttention,
    TransformerBlock,
)
from .convolution import (
    Conv1D,
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
)
from .layers import (
    AlphaDropout,
    ChannelDropout,
    Dense,
    Dropout,
    Flatten,
)
from .module import (
    Module,
    Sequential,
)
from .normalisation import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
)
from .pooling import (
    AdaptiveAvgPool2D,
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    Upsample2D,
)
from .recurrent import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    LSTMCell,
    RNNCell,
)
from .sequences import (
    Embedding,
    LayerNorm,
    PositionalEmbedding,
    RMSNorm,
)

if not TYPE_CHECKING:  # the checker shall go on to know what there is not

    def __getattr__(name: str) -> None:
        raise AttributeError(unknown_layer(name, __all__))


__all__ = [
    "AdaptiveAvgPool2D",
    "AlphaDropout",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "CELU",
    "ChannelDropout",
    "Conv1D",
    "Conv2D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GELU",
    "GLU",
    "GRU",
    "GRUCell",
    "GlobalAvgPool2D",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "InstanceNorm",
    "LSTM",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool1D",
    "MaxPool2D",
    "Mish",
    "Module",
    "MultiHeadAttention",
    "PReLU",
    "PositionalEmbedding",
    "RMSNorm",
    "RNN",
    "RNNCell",
    "ReLU",
    "ReLU6",
    "SELU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
    "TransformerBlock",
    "Upsample2D",
    "initialisers",
]
