"""Cases of dilated, depthwise and grouped convolution, of pooling by bins, and of normalisation."""

import numpy as np

from rules.registry import (
    IMAGES,
    add,
    distinct,
    exclude,
    exclude_axes,
    image_case,
)
from tinygrad_ml.rules import normalisation, windows

DILATED = (
    {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (2, 1)},
    {"stride": (1, 2), "padding": ((1, 0), (0, 1)), "dilation": (1, 2)},
)
BATCH = (1, 3, 4, 2)


def output(w, how):
    images = np.zeros((1, *BATCH[1:3], w[2]))
    return windows.conv2d(images, np.zeros(w), None, **how).shape[1:3]


# ---- convolution with gaps, and depthwise

W, D = (2, 2, 2, 1), (2, 2, 2)  # kernels
for how in DILATED:
    size = output(W, how)
    image_case(windows.conv2d, "plain", lambda x, w, h=how: windows.conv2d(x, w, None, **h),
               BATCH, W)  # fmt: skip
    image_case(windows.conv2d_input, "plain", lambda g, w, h=how:
               windows.conv2d_input(g, w, shape=BATCH, **h), (1, *size, 1), W)  # fmt: skip
    image_case(windows.conv2d_weight, "plain", lambda x, g, h=how:
               windows.conv2d_weight(x, g, shape=W, **h), BATCH, (1, *size, 1))  # fmt: skip
    for n, situation in ((1, "plain"), (0, "empty")):
        shape, results = (n, *BATCH[1:]), (n, *size, 2)
        image_case(windows.depthwise2d, situation, lambda x, w, h=how:
                   windows.depthwise2d(x, w, **h), shape, D)  # fmt: skip
        image_case(windows.depthwise2d_input, situation, lambda g, w, h=how, s=shape:
                   windows.depthwise2d_input(g, w, shape=s, **h), results, D)  # fmt: skip
        image_case(windows.depthwise2d_weight, situation, lambda x, g, h=how:
                   windows.depthwise2d_weight(x, g, shape=D, **h), shape, results)  # fmt: skip
for function in (windows.depthwise2d, windows.depthwise2d_input, windows.depthwise2d_weight):
    exclude(function, zero_d=IMAGES, broadcast=IMAGES)
    exclude_axes(function)

# ---- normalisation; what rounding took from the mean (the last result) is constant


def normalise(groups):
    return lambda *arrays: normalisation.normalised(*arrays, groups=groups, eps=0.1)[:3]


for groups in (1, 2, 4):
    for shape in ((1, 3, 4), (2, 2, 4)):
        add(normalisation.normalised, "plain", normalise(groups), distinct(*shape), distinct(4),
            distinct(4))  # fmt: skip
add(normalisation.normalised, "plain", lambda x: normalise(2)(x, np.ones(2, x.dtype),
    np.zeros(2, x.dtype))[0], distinct(1, 4, 2))  # fmt: skip
add(normalisation.normalised, "empty", normalise(3), distinct(0, 2, 3), distinct(3), distinct(3))
for n, situation in ((2, "plain"), (0, "empty")):
    add(normalisation.moment_sums, situation, normalisation.moment_sums, distinct(n, 3, 2),
        distinct(n, 3, 2), distinct(n, 2))  # fmt: skip
    add(normalisation.centred_scale, situation, normalisation.centred_scale, distinct(n, 3, 2),
        *[distinct(n, 2) for _ in range(3)])  # fmt: skip
    add(normalisation.centred_sum, situation, normalisation.centred_sum, distinct(n, 3, 2),
        distinct(n, 3, 2), *[distinct(n, 2) for _ in range(4)])  # fmt: skip
for function in (normalisation.normalised, normalisation.moment_sums, normalisation.centred_scale,
                 normalisation.centred_sum):  # fmt: skip
    blocks = "takes (blocks, rows, channels) and a number for each channel"
    exclude(function, zero_d=blocks, broadcast=blocks)
    exclude_axes(function)
