"""The functions networks are made of. They take arrays or Tensors; arrays give arrays."""

from .activations import (
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
    tanh,
)
from .attention import scaled_dot_product_attention, sinusoidal_positions
from .convolution import avg_pool2d, conv2d, fold, max_pool2d, windows
from .distances import pairwise_distances
from .gelu import gelu
from .linear import embedding, linear, one_hot
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
)
from .normalisation import batch_norm, dropout
from .recurrent import gru, lstm, rnn
from .row_norms import layer_norm, rms_norm

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "fold",
    "gelu",
    "gru",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "lstm",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "pairwise_distances",
    "relu",
    "rms_norm",
    "rnn",
    "scaled_dot_product_attention",
    "sigmoid",
    "sinusoidal_positions",
    "softmax",
    "softplus",
    "tanh",
    "windows",
]
