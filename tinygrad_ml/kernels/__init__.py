"""The few loops NumPy cannot do fast: each a NumPy version, the specification, and a compiled twin.

Everything here takes and gives plain arrays. Images are (n, height, width, channels), kernels
(kh, kw, c_in, c_out), `stride` is (sh, sw), `padding` ((top, bottom), (left, right)), all tuples;
windows that do not fit completely are left out. Arguments are validated by the callers, results are
fresh contiguous arrays, and only the optimizer updates write into what they are given.

The compiled twins need Numba (`pip install "tinygrad_ml[fast]"`) and are compiled at their first
use, then cached on disk. The environment variable TINYGRAD_ML_KERNELS chooses: "numpy" never
compiles, "compiled" insists on Numba, unset takes what is there. `kernel.numpy(...)` and
`kernel.compiled(...)` call one version explicitly.
"""

from .convolution import conv2d, conv2d_input, conv2d_weight, fold, windows
from .dispatch import Kernel
from .elementwise import product, relu_backward, scaled_difference, sum_rows
from .pooling import (
    max_pool2d,
    max_pool2d_gather,
    max_pool2d_scatter,
    sum_pool2d,
    sum_pool2d_spread,
)
from .recurrent import gru, gru_backward, lstm, lstm_backward, rnn, rnn_backward
from .rows import (
    add_rows,
    masked_softmax,
    normalise_rows,
    normalise_rows_backward,
    softmax_backward,
)
from .updates import adam_update, sgd_update

__all__ = [
    "Kernel",
    "adam_update",
    "add_rows",
    "conv2d",
    "conv2d_input",
    "conv2d_weight",
    "fold",
    "gru",
    "gru_backward",
    "lstm",
    "lstm_backward",
    "masked_softmax",
    "max_pool2d",
    "max_pool2d_gather",
    "max_pool2d_scatter",
    "normalise_rows",
    "normalise_rows_backward",
    "product",
    "relu_backward",
    "rnn",
    "rnn_backward",
    "scaled_difference",
    "sgd_update",
    "softmax_backward",
    "sum_pool2d",
    "sum_pool2d_spread",
    "sum_rows",
    "windows",
]
