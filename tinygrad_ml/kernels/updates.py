"""Optimizer steps that write into the parameter and its state: one pass where NumPy needs six.

`p`, `g` and every state are lists, one contiguous vector per parameter, all of one dtype; a state
that is not used is None. Scalars are Python numbers, so float32 stays. d is the gradient with its
weight decay, g + weight_decay p.
"""

import itertools

import numpy as np

from .dispatch import Kernel

_BLOCK = 16384  # elements: the few buffers of a block stay in the first two levels of cache


def _blocks(*lists):
    """The vectors of every parameter, in blocks; None for a state that is not used."""
    for vectors in zip(*(itertools.repeat(None) if each is None else each for each in lists)):
        for start in range(0, vectors[0].size, _BLOCK):
            block = slice(start, start + _BLOCK)
            yield [None if vector is None else vector[block] for vector in vectors]


def _decayed(g, p, weight_decay):
    return g + weight_decay * p if weight_decay else g


@Kernel
def sgd_update(p, g, velocity, *, lr, momentum, dampening, nesterov, weight_decay):
    """One step of stochastic gradient descent, in place in `p` and `velocity`.

    velocity = momentum velocity + (1 - dampening) d;
    p -= lr (d + momentum velocity if nesterov else velocity).
    With `velocity` None there is no momentum: p -= lr d. The first step with momentum starts the
    velocity at d, which the caller gets from zeros and dampening=0.

    Source: Sutskever et al. (2013), in the form PyTorch uses.
    """
    for pb, gb, vb in _blocks(p, g, velocity):
        step = _decayed(gb, pb, weight_decay)
        if vb is not None:
            vb *= momentum
            vb += step * (1 - dampening)
            step = step + momentum * vb if nesterov else vb
        pb -= lr * step


@Kernel
def adam_update(
    p, g, m, v, largest, *,
    rate, gradient_rate, eps, beta1, beta2, weight_decay, keep, adaptive,
):  # fmt: skip
    """One step of Adam or of its kin, in place in `p`, `m`, `v` and `largest`.

    p = keep p;  m = m + (1 - beta1) (d - m);  v = beta2 v + (1 - beta2) d²;
    p -= (rate m + gradient_rate d) / (sqrt(v) + eps), without the divisor if not `adaptive`.
    With `largest`, largest = max(largest, v) takes the place of v in the divisor. Corrections of
    the bias are in the rates and in eps.

    Source: Kingma & Ba (2015); Reddi et al. (2018); Loshchilov & Hutter (2019).
    """
    scratch = np.empty((2, min(max(vector.size for vector in p), _BLOCK)), p[0].dtype)
    for pb, gb, mb, vb, top in _blocks(p, g, m, v, largest):
        work, step = scratch[:, : pb.size]
        if keep != 1:
            pb *= keep
        d = _decayed(gb, pb, weight_decay)
        np.subtract(d, mb, out=work)
        work *= 1 - beta1
        mb += work
        np.multiply(d, d, out=work)
        work *= 1 - beta2
        vb *= beta2
        vb += work
        if top is not None:
            np.maximum(top, vb, out=top)
        np.multiply(mb, rate, out=step)
        if gradient_rate:
            step += gradient_rate * d
        if adaptive:
            np.sqrt(vb if top is None else top, out=work)
            work += eps
            step /= work
        pb -= step


@Kernel
def adamax_update(p, g, m, u, *, rate, beta1, beta2, eps, weight_decay):
    """One step of Adamax, in place in `p`, `m` and `u`.

    m = m + (1 - beta1) (d - m);  u = max(beta2 u, |d| + eps);  p -= rate m / u.

    Source: Kingma & Ba (2015), section 7.1.
    """
    for pb, gb, mb, ub in _blocks(p, g, m, u):
        d = _decayed(gb, pb, weight_decay)
        mb += (1 - beta1) * (d - mb)
        ub *= beta2
        np.maximum(ub, np.abs(d) + eps, out=ub)
        pb -= rate * (mb / ub)


@Kernel
def rmsprop_update(p, g, square, mean, velocity, *, lr, alpha, eps, momentum, weight_decay):
    """One step of RMSprop, in place in `p` and the states.

    square = alpha square + (1 - alpha) d²;  mean = mean + (1 - alpha) (d - mean);
    step = d / (sqrt(square - mean²) + eps);  velocity = momentum velocity + step;
    p -= lr velocity. Without `mean` it is 0, without `velocity` p -= lr step. Rounding must not
    leave a negative number below the root.

    Source: Hinton (2012), Graves (2013).
    """
    for pb, gb, sb, ab, vb in _blocks(p, g, square, mean, velocity):
        d = _decayed(gb, pb, weight_decay)
        sb *= alpha
        sb += (1 - alpha) * (d * d)
        spread = sb
        if ab is not None:
            ab += (1 - alpha) * (d - ab)
            spread = np.maximum(sb - ab * ab, 0)
        step = d / (np.sqrt(spread) + eps)
        if vb is not None:
            vb *= momentum
            vb += step
            step = vb
        pb -= lr * step


@Kernel
def adagrad_update(p, g, total, *, lr, eps, weight_decay):
    """One step of Adagrad, in place in `p` and `total`.

    total = total + d²;  p -= lr d / (sqrt(total) + eps).

    Source: Duchi et al. (2011).
    """
    for pb, gb, tb in _blocks(p, g, total):
        d = _decayed(gb, pb, weight_decay)
        tb += d * d
        pb -= lr * (d / (np.sqrt(tb) + eps))


@Kernel
def adadelta_update(p, g, square, change, *, lr, rho, eps, weight_decay):
    """One step of Adadelta, in place in `p`, `square` and `change`.

    square = rho square + (1 - rho) d²;  step = d sqrt(change + eps) / sqrt(square + eps);
    change = rho change + (1 - rho) step²;  p -= lr step.

    Source: Zeiler (2012).
    """
    for pb, gb, sb, cb in _blocks(p, g, square, change):
        d = _decayed(gb, pb, weight_decay)
        sb *= rho
        sb += (1 - rho) * (d * d)
        step = np.sqrt(cb + eps) / np.sqrt(sb + eps) * d
        cb *= rho
        cb += (1 - rho) * (step * step)
        pb -= lr * step
