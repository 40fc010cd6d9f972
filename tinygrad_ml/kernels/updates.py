"""Optimizer steps that write into the parameter and its state: one pass where NumPy needs six.

All arrays are contiguous vectors of one dtype; scalars are Python numbers, so float32 stays.
"""

import math

import numpy as np

from .dispatch import Kernel

_BLOCK = 16384  # elements: the few buffers of a block stay in the first two levels of cache


@Kernel
def sgd_update(p, g, velocity, *, lr, momentum, dampening, nesterov, weight_decay):
    """One step of stochastic gradient descent, in place in `p` and `velocity`.

    d = g + weight_decay p;  velocity = momentum velocity + (1 - dampening) d;
    p -= lr (d + momentum velocity if nesterov else velocity).
    With `velocity` None there is no momentum: p -= lr d. The first step with momentum starts the
    velocity at d, which the caller gets from zeros and dampening=0.

    Shapes: all (size,). Source: Sutskever et al. (2013), in the form PyTorch uses.
    """
    for start in range(0, p.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        step = g[block]
        if weight_decay:
            step = step + weight_decay * p[block]
        if velocity is not None:
            v = velocity[block]
            v *= momentum
            v += step * (1 - dampening)
            step = step + momentum * v if nesterov else v
        p[block] -= lr * step


@Kernel
def adam_update(p, g, m, v, *, lr, beta1, beta2, eps, weight_decay, decoupled, step):
    """Step number `step` (from 1) of Adam or, `decoupled`, AdamW, in place in `p`, `m` and `v`.

    Adam: d = g + weight_decay p.  AdamW: p *= 1 - lr weight_decay, d = g.
    m = m + (1 - beta1) (d - m);  v = beta2 v + (1 - beta2) d²;
    p -= lr / (1 - beta1^step) m / (sqrt(v) / sqrt(1 - beta2^step) + eps).

    Shapes: all (size,). Source: Kingma & Ba (2015); Loshchilov & Hutter (2019).
    """
    correction = math.sqrt(1 - beta2**step)  # of sqrt(v); multiplied through, it costs no division
    step_size = lr / (1 - beta1**step) * correction
    eps = eps * correction
    scratch = np.empty(min(p.size, _BLOCK), p.dtype)
    for start in range(0, p.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        pb, gb, mb, vb = p[block], g[block], m[block], v[block]
        work = scratch[: pb.size]
        if weight_decay and decoupled:
            pb *= 1 - lr * weight_decay
        elif weight_decay:
            gb = gb + weight_decay * pb
        np.subtract(gb, mb, out=work)
        work *= 1 - beta1
        mb += work
        np.multiply(gb, gb, out=work)
        work *= 1 - beta2
        vb *= beta2
        vb += work
        np.sqrt(vb, out=work)
        work += eps
        np.divide(mb, work, out=work)
        work *= step_size
        pb -= work
