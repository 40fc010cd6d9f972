"""Rows brought to mean 0 and mean square 1, the softmax of rows, and rows added at their numbers.

The backward functions are written without writing into arrays: their own derivatives are taken
through these very lines.
"""

import numpy as np

from .dispatch import Kernel


@Kernel
def normalise_rows(x, gamma, beta=None, *, eps, centred):
    """gamma (x - m) / sqrt(mean((x - m)^2) + eps) + beta, m the mean of the row or, not centred, 0.

    The squares are those of the differences, so that a large mean costs no digits.
    Shapes: x (rows, n), gamma and beta (n,) -> (rows, n).
    """
    difference = x - x.mean(axis=1, keepdims=True) if centred else x
    square = (difference * difference).mean(axis=1, keepdims=True)
    out = difference / np.sqrt(square + eps) * gamma
    return out if beta is None else out + beta


@Kernel
def normalise_rows_backward(g, x, gamma, *, eps, centred):
    """The gradients of `x`, `gamma` and `beta` of `normalise_rows`."""
    difference = x - x.mean(axis=1, keepdims=True) if centred else x
    scale = 1 / np.sqrt((difference * difference).mean(axis=1, keepdims=True) + eps)
    unit = difference * scale
    slope = g * gamma
    inner = slope - unit * (slope * unit).mean(axis=1, keepdims=True)
    if centred:
        inner = inner - slope.mean(axis=1, keepdims=True)
    return inner * scale, (g * unit).sum(axis=0), g.sum(axis=0)


@Kernel
def masked_softmax(x, mask=None, *, causal):
    """Softmax along the last axis of x + mask, and of the past alone if `causal`.

    A mask holds 0 or -inf, or any numbers; a row that is -inf everywhere gives zeros, not NaN.
    Causal: row i sees the columns up to i.

    Shapes: x (..., rows, columns), mask of a shape that broadcasts to it.
    """
    x = x if mask is None else x + mask
    if causal:
        x = np.where(np.tri(*x.shape[-2:]) == 1, x, -np.inf)
    top = np.max(x.real, axis=-1, keepdims=True, initial=-np.inf)
    out = np.exp(x - np.where(np.isfinite(top), top, 0))
    total = out.sum(axis=-1, keepdims=True)
    return out / np.where(total == 0, 1, total)


@Kernel
def softmax_backward(g, out):
    """out (g - sum(g out)) along the last axis: the gradient of a softmax from its result."""
    return out * (g - (g * out).sum(axis=-1, keepdims=True))


@Kernel
def add_rows(g, rows, *, count):
    """Zeros of (count, n) with row i of `g` added at number rows[i]: g (m, n), rows (m,)."""
    out = np.zeros((count, g.shape[1]), g.dtype)
    if len(rows):
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        first = np.flatnonzero(np.diff(ordered, prepend=-1))
        out[ordered[first]] = np.add.reduceat(g[order], first, axis=0)
    return out
