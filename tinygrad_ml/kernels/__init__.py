"""The few loops NumPy cannot do fast: each a NumPy version, the specification, and a compiled twin.

Everything here takes and gives plain arrays. Images are (n, height, width, channels), kernels
(kh, kw, c_in, c_out), `stride` is (sh, sw), `padding` ((top, bottom), (left, right)), all tuples;
windows that do not fit completely are left out. Arguments are validated by the callers, results are
fresh contiguous arrays, and only the optimizer updates, which take lists of vectors, write into
what they are given.

The compiled twins need Numba (`pip install "tinygrad_ml[fast]"`) and are compiled at their first
use, then cached on disk. The environment variable TINYGRAD_ML_KERNELS chooses: "numpy" never
compiles, "compiled" insists on Numba, unset takes what is there. `kernel.numpy(...)` and
`kernel.compiled(...)` call one version explicitly.
"""

from .boosting import (
    grow_on_histograms,
)
from .clusters import (
    cluster_sums,
    columns_of,
    nearest_centres,
    squared_distances_to,
    squared_errors,
)
from .convolution import (
    conv2d,
    conv2d_input,
    conv2d_weight,
    fold,
    windows,
)
from .depthwise import (
    depthwise2d,
    depthwise2d_input,
    depthwise2d_weight,
)
from .dispatch import (
    Kernel,
)
from .elementwise import (
    product,
    relu,
    relu_backward,
    scaled_difference,
    sum_rows,
)
from .forest import (
    add_leaves,
    find_all_leaves,
)
from .kd_tree import (
    build_tree,
    query_tree,
)
from .lvq import (
    lvq_epoch,
)
from .nearest import (
    nearest_rows,
)
from .normalisation import (
    centred_scale,
    centred_sum,
    moment_sums,
    moments,
)
from .pooling import (
    max_pool2d,
    max_pool2d_gather,
    max_pool2d_scatter,
    sum_pool2d,
    sum_pool2d_spread,
)
from .quadratic import (
    smo,
)
from .recurrent import (
    gru,
    gru_backward,
    lstm,
    lstm_backward,
    rnn,
    rnn_backward,
)
from .rows import (
    add_rows,
    masked_softmax,
    normalise_rows,
    normalise_rows_backward,
    softmax_backward,
)
from .special import (
    erf,
    erfc,
    gated,
    gated_backward,
    gelu,
    gelu_backward,
    sigmoid,
    sigmoid_backward,
)
from .tree import (
    find_leaves,
    grow_tree,
)
from .updates import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    rmsprop_update,
    sgd_update,
)

__all__ = [
    "Kernel",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "add_leaves",
    "add_rows",
    "build_tree",
    "centred_scale",
    "centred_sum",
    "cluster_sums",
    "columns_of",
    "conv2d",
    "conv2d_input",
    "conv2d_weight",
    "depthwise2d",
    "depthwise2d_input",
    "depthwise2d_weight",
    "erf",
    "erfc",
    "find_all_leaves",
    "find_leaves",
    "fold",
    "gated",
    "gated_backward",
    "gelu",
    "gelu_backward",
    "grow_on_histograms",
    "grow_tree",
    "gru",
    "gru_backward",
    "lstm",
    "lstm_backward",
    "lvq_epoch",
    "masked_softmax",
    "max_pool2d",
    "max_pool2d_gather",
    "max_pool2d_scatter",
    "moment_sums",
    "moments",
    "nearest_centres",
    "nearest_rows",
    "normalise_rows",
    "normalise_rows_backward",
    "product",
    "query_tree",
    "relu",
    "relu_backward",
    "rmsprop_update",
    "rnn",
    "rnn_backward",
    "scaled_difference",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "smo",
    "softmax_backward",
    "squared_distances_to",
    "squared_errors",
    "sum_pool2d",
    "sum_pool2d_spread",
    "sum_rows",
    "windows",
]
