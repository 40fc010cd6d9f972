"""The compiled twins of `updates`: one pass over each parameter, all numbers in its dtype."""

from itertools import repeat

import numpy as np

from .compiler import contiguous, loop


def _run(function, lists, numbers, *flags):
    """Call the loop for every parameter; an array of numbers passes faster than each."""
    numbers = np.array(numbers, lists[0][0].dtype)
    columns = [repeat(None) if each is None else each for each in lists]
    for p, g, *state in zip(*columns):
        function(p, contiguous(g) if g.flags.writeable else g, *state, numbers, *flags)


def sgd_update(p, g, velocity, *, lr, momentum, dampening, nesterov, weight_decay):
    _run(_sgd, (p, g, velocity), (lr, momentum, 1 - dampening, weight_decay), bool(nesterov))


@loop
def _sgd(p, g, velocity, numbers, nesterov):
    lr, momentum, fresh, weight_decay = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(p.size):
        step = g[i] + weight_decay * p[i]
        if velocity is not None:
            v = momentum * velocity[i] + fresh * step
            velocity[i] = v
            step = step + momentum * v if nesterov else v
        p[i] -= lr * step


def adam_update(
    p, g, m, v, largest, *,
    rate, gradient_rate, eps, beta1, beta2, weight_decay, keep, adaptive,
):  # fmt: skip
    numbers = rate, gradient_rate, eps, 1 - beta1, beta2, 1 - beta2, weight_decay, keep
    _run(_adam, (p, g, m, v, largest), numbers, bool(adaptive))


@loop
def _adam(p, g, m, v, largest, numbers, adaptive):
    rate, gradient_rate, eps = numbers[0], numbers[1], numbers[2]
    fresh1, beta2, fresh2 = numbers[3], numbers[4], numbers[5]
    weight_decay, keep = numbers[6], numbers[7]
    for i in range(p.size):
        parameter = p[i] * keep
        d = g[i] + weight_decay * parameter
        mean = m[i] + fresh1 * (d - m[i])
        square = v[i] * beta2 + fresh2 * (d * d)
        m[i] = mean
        v[i] = square
        if largest is not None:
            square = np.maximum(largest[i], square)
            largest[i] = square
        step = rate * mean + gradient_rate * d
        if adaptive:
            step = step / (np.sqrt(square) + eps)
        p[i] = parameter - step


def adamax_update(p, g, m, u, *, rate, beta1, beta2, eps, weight_decay):
    _run(_adamax, (p, g, m, u), (rate, 1 - beta1, beta2, eps, weight_decay))


@loop
def _adamax(p, g, m, u, numbers):
    rate, fresh1, beta2 = numbers[0], numbers[1], numbers[2]
    eps, weight_decay = numbers[3], numbers[4]
    for i in range(p.size):
        d = g[i] + weight_decay * p[i]
        mean = m[i] + fresh1 * (d - m[i])
        top = np.maximum(beta2 * u[i], np.abs(d) + eps)
        m[i] = mean
        u[i] = top
        p[i] -= rate * (mean / top)


def rmsprop_update(p, g, square, mean, velocity, *, lr, alpha, eps, momentum, weight_decay):
    numbers = lr, alpha, 1 - alpha, eps, momentum, weight_decay, 0
    _run(_rmsprop, (p, g, square, mean, velocity), numbers)


@loop
def _rmsprop(p, g, square, mean, velocity, numbers):
    lr, alpha, fresh, eps = numbers[0], numbers[1], numbers[2], numbers[3]
    momentum, weight_decay, zero = numbers[4], numbers[5], numbers[6]
    for i in range(p.size):
        d = g[i] + weight_decay * p[i]
        spread = alpha * square[i] + fresh * (d * d)
        square[i] = spread
        if mean is not None:
            a = mean[i] + fresh * (d - mean[i])
            mean[i] = a
            spread = np.maximum(spread - a * a, zero)
        step = d / (np.sqrt(spread) + eps)
        if velocity is not None:
            step = momentum * velocity[i] + step
            velocity[i] = step
        p[i] -= lr * step


def adagrad_update(p, g, total, *, lr, eps, weight_decay):
    _run(_adagrad, (p, g, total), (lr, eps, weight_decay))


@loop
def _adagrad(p, g, total, numbers):
    lr, eps, weight_decay = numbers[0], numbers[1], numbers[2]
    for i in range(p.size):
        d = g[i] + weight_decay * p[i]
        square = total[i] + d * d
        total[i] = square
        p[i] -= lr * (d / (np.sqrt(square) + eps))


def adadelta_update(p, g, square, change, *, lr, rho, eps, weight_decay):
    _run(_adadelta, (p, g, square, change), (lr, rho, 1 - rho, eps, weight_decay))


@loop
def _adadelta(p, g, square, change, numbers):
    lr, rho, fresh = numbers[0], numbers[1], numbers[2]
    eps, weight_decay = numbers[3], numbers[4]
    for i in range(p.size):
        d = g[i] + weight_decay * p[i]
        s = rho * square[i] + fresh * (d * d)
        step = np.sqrt(change[i] + eps) / np.sqrt(s + eps) * d
        square[i] = s
        change[i] = rho * change[i] + fresh * (step * step)
        p[i] -= lr * step
