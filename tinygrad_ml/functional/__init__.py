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
from .convolution import avg_pool2d, conv2d, fold, max_pool2d, windows
from .distances import pairwise_distances
from .indexing import put_along_axis
from .linear import linear, one_hot
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
)
from .normalisation import batch_norm, dropout

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "fold",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "pairwise_distances",
    "put_along_axis",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
    "windows",
]
