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
from .convolution import conv1d, conv2d, conv_transpose1d, conv_transpose2d, fold, windows
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
from .normalisation import batch_norm, batch_norm_training, dropout, group_norm, instance_norm
from .pooling import (
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
    upsample2d,
)
from .triangular import solve_triangular

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "batch_norm_training",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "fold",
    "group_norm",
    "instance_norm",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_pool1d",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "pairwise_distances",
    "put_along_axis",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "solve_triangular",
    "tanh",
    "upsample2d",
    "windows",
]
