"""The compiled twins of `depthwise`."""

import numpy as np

from . import depthwise
from .compiler import contiguous, loop
from .geometry import extent, output_size
from .memory import zeros


def depthwise2d(x, w, *, stride, padding, dilation=(1, 1)):
    if x.dtype != w.dtype:
        return depthwise.depthwise2d.numpy(x, w, stride=stride, padding=padding, dilation=dilation)
    output = output_size(x.shape, extent(w.shape[:2], dilation), stride, padding)
    out = zeros((len(x), *output, x.shape[3]), x.dtype)
    corner = (padding[0][0], padding[1][0])
    _depthwise(contiguous(x), contiguous(w), out, *stride, *corner, *dilation)
    return out


@loop
def _inside(tap, stride, before, step, extent, count):
    """The windows for which this tap is on the image: begin and end."""
    offset = tap * step - before
    return max(0, -(offset // stride)), min(count, (extent - 1 - offset) // stride + 1)


@loop
def _depthwise(x, w, out, sh, sw, top, left, dh, dw):
    n, height, width = x.shape[:3]
    oh, ow, c = out.shape[1:]
    for i in range(n):
        for oy in range(oh):
            for ky in range(w.shape[0]):
                y = oy * sh + ky * dh - top
                if y < 0 or y >= height:
                    continue
                lines, targets = x[i, y], out[i, oy]
                for kx in range(w.shape[1]):
                    begin, end = _inside(kx, sw, left, dw, width, ow)
                    weights = w[ky, kx]
                    for ox in range(begin, end):
                        source, target = lines[ox * sw + kx * dw - left], targets[ox]
                        for j in range(c):
                            target[j] += source[j] * weights[j]


def depthwise2d_input(g, w, *, shape, stride, padding, dilation=(1, 1)):
    if g.dtype != w.dtype:
        return depthwise.depthwise2d_input.numpy(
            g, w, shape=shape, stride=stride, padding=padding, dilation=dilation
        )
    out = zeros(shape, g.dtype)
    corner = (padding[0][0], padding[1][0])
    _depthwise_back(contiguous(g), contiguous(w), out, *stride, *corner, *dilation)
    return out


@loop
def _depthwise_back(g, w, out, sh, sw, top, left, dh, dw):
    n, height, width, c = out.shape
    oh, ow = g.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            for ky in range(w.shape[0]):
                y = oy * sh + ky * dh - top
                if y < 0 or y >= height:
                    continue
                lines, sources = out[i, y], g[i, oy]
                for kx in range(w.shape[1]):
                    begin, end = _inside(kx, sw, left, dw, width, ow)
                    weights = w[ky, kx]
                    for ox in range(begin, end):
                        source, target = sources[ox], lines[ox * sw + kx * dw - left]
                        for j in range(c):
                            target[j] += source[j] * weights[j]


def depthwise2d_weight(x, g, *, shape, stride, padding, dilation=(1, 1)):
    if x.dtype != g.dtype:
        return depthwise.depthwise2d_weight.numpy(
            x, g, shape=shape, stride=stride, padding=padding, dilation=dilation
        )
    out = np.zeros(shape)
    corner = (padding[0][0], padding[1][0])
    _depthwise_weight(contiguous(x), contiguous(g), out, *stride, *corner, *dilation)
    return out.astype(x.dtype)


@loop
def _depthwise_weight(x, g, out, sh, sw, top, left, dh, dw):
    n, height, width, c = x.shape
    oh, ow = g.shape[1:3]
    part = np.empty(c, x.dtype)
    for i in range(n):
        for oy in range(oh):
            for ky in range(out.shape[0]):
                y = oy * sh + ky * dh - top
                if y < 0 or y >= height:
                    continue
                lines, others = x[i, y], g[i, oy]
                for kx in range(out.shape[1]):
                    begin, end = _inside(kx, sw, left, dw, width, ow)
                    part[:] = 0  # a line in its own type, lines in float64
                    for ox in range(begin, end):
                        source, other = lines[ox * sw + kx * dw - left], others[ox]
                        for j in range(c):
                            part[j] += source[j] * other[j]
                    for j in range(c):
                        out[ky, kx, j] += part[j]
