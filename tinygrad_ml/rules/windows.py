"""Derivatives of sliding windows: convolution, pooling and the patches they are made of.

The three convolutions, as the three depthwise ones, are bilinear and each is the adjoint of the
others, so their rules close to any order; the same holds for the pairs windows/fold, scatter/gather
and sum/spread.
"""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..table import defvjp
from ..tensor import primitive

windows = primitive(kernels.windows)
fold = primitive(kernels.fold)
conv2d = primitive(kernels.conv2d)
conv2d_input = primitive(kernels.conv2d_input)
conv2d_weight = primitive(kernels.conv2d_weight)
depthwise2d = primitive(kernels.depthwise2d)
depthwise2d_input = primitive(kernels.depthwise2d_input)
depthwise2d_weight = primitive(kernels.depthwise2d_weight)
max_pool2d = primitive(kernels.max_pool2d)
max_pool2d_scatter = primitive(kernels.max_pool2d_scatter)
max_pool2d_gather = primitive(kernels.max_pool2d_gather)
sum_pool2d = primitive(kernels.sum_pool2d)
sum_pool2d_spread = primitive(kernels.sum_pool2d_spread)
sum_rows = primitive(kernels.sum_rows)

# ---- patches

defvjp(
    windows,
    lambda g, _out, _x, *, size, stride: fold(g, shape=_x.shape, stride=stride),
)
defvjp(
    fold,
    lambda g, _out, _x, *, shape, stride: windows(g, size=_x.shape[3:5], stride=stride),
)

# ---- convolution; the bias was added to every pixel

defvjp(
    conv2d,
    lambda g, _out, x, w, bias, **how: conv2d_input(g, w, shape=x.shape, **how),
    lambda g, _out, x, w, bias, **how: conv2d_weight(x, g, shape=w.shape, **how),
    lambda g, _out, x, w, bias, **how: sum_rows(g.reshape(-1, g.shape[-1])),
)
defvjp(
    conv2d_input,
    lambda G, _out, g, w, *, shape, **how: conv2d(G, w, None, **how),
    lambda G, _out, g, w, *, shape, **how: conv2d_weight(G, g, shape=w.shape, **how),
)
defvjp(
    conv2d_weight,
    lambda G, _out, x, g, *, shape, **how: conv2d_input(g, G, shape=x.shape, **how),
    lambda G, _out, x, g, *, shape, **how: conv2d(x, G, None, **how),
)
defvjp(sum_rows, lambda g, _out, _x: np.broadcast_to(g, _x.shape))

# ---- depthwise convolution

defvjp(
    depthwise2d,
    lambda g, _out, x, w, **how: depthwise2d_input(g, w, shape=x.shape, **how),
    lambda g, _out, x, w, **how: depthwise2d_weight(x, g, shape=w.shape, **how),
)
defvjp(
    depthwise2d_input,
    lambda G, _out, g, w, *, shape, **how: depthwise2d(G, w, **how),
    lambda G, _out, g, w, *, shape, **how: depthwise2d_weight(G, g, shape=w.shape, **how),
)
defvjp(
    depthwise2d_weight,
    lambda G, _out, x, g, *, shape, **how: depthwise2d_input(g, G, shape=x.shape, **how),
    lambda G, _out, x, g, *, shape, **how: depthwise2d(x, G, **how),
)

# ---- pooling; the index of the winners is piecewise constant

defvjp(
    max_pool2d,
    lambda g, out, _x, **how: max_pool2d_scatter(g[0], out[1], shape=_x.shape, **how),
)
defvjp(
    max_pool2d_scatter,
    lambda G, _out, _g, index, *, shape, **how: max_pool2d_gather(G, index, **how),
    None,
)
defvjp(
    max_pool2d_gather,
    lambda G, _out, _x, index, **how: max_pool2d_scatter(G, index, shape=_x.shape, **how),
    None,
)
defvjp(sum_pool2d, lambda g, _out, _x, **how: sum_pool2d_spread(g, shape=_x.shape, **how))
defvjp(sum_pool2d_spread, lambda G, _out, _g, *, shape, **how: sum_pool2d(G, **how))
