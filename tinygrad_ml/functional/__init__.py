"""The functions networks are made of. They take arrays or Tensors; arrays give arrays."""

from .activations import (
    leaky_relu,
    log_sigmoid,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softmin,
    softplus,
    softsign,
    tanh,
)
from .attention import (
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from .class_losses import (
    cross_entropy,
    kl_div,
    multi_margin_loss,
    nll_loss,
)
from .convolution import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    fold,
    windows,
)
from .distances import (
    pairwise_distances,
)
from .indexing import (
    put_along_axis,
)
from .kernel_functions import (
    kernel_matrix,
)
from .linear import (
    embedding,
    linear,
    one_hot,
)
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from .normalisation import (
    alpha_dropout,
    batch_norm,
    batch_norm_training,
    channel_dropout,
    dropout,
    group_norm,
    instance_norm,
)
from .pair_losses import (
    cosine_embedding_loss,
    cosine_similarity,
    hinge_embedding_loss,
    triplet_margin_loss,
)
from .pooling import (
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
    upsample2d,
)
from .rectifiers import (
    celu,
    elu,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    mish,
    prelu,
    relu6,
    selu,
    silu,
)
from .recurrent import (
    gru,
    lstm,
    rnn,
)
from .row_norms import (
    layer_norm,
    rms_norm,
)
from .special import (
    erf,
    erfc,
    expit,
    logit,
    xlog1py,
    xlogy,
)
from .triangular import (
    solve_triangular,
)

__all__ = [
    "adaptive_avg_pool2d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "batch_norm_training",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_dropout",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "erf",
    "erfc",
    "expit",
    "fold",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gru",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "instance_norm",
    "kernel_matrix",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logit",
    "logsumexp",
    "lstm",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "one_hot",
    "pairwise_distances",
    "poisson_nll_loss",
    "prelu",
    "put_along_axis",
    "relu",
    "relu6",
    "rms_norm",
    "rnn",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "sinusoidal_positions",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "solve_triangular",
    "tanh",
    "triplet_margin_loss",
    "upsample2d",
    "windows",
    "xlog1py",
    "xlogy",
]
