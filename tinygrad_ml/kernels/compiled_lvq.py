"""The compiled twin of `lvq`."""

import numpy as np

from .compiler import contiguous, loop, reordering_loop


def lvq_epoch(prototypes, X, own, y, order, *, rate, window, epsilon, algorithm):
    prototypes = np.array(prototypes, order="C")
    number = prototypes.dtype.type
    X = contiguous(X.astype(prototypes.dtype, copy=False))
    indices = [contiguous(each.astype(np.intp, copy=False)) for each in (own, y, order)]
    numbers = number(rate), number(window * window), number(epsilon)
    mistakes = _epoch(prototypes, X, *indices, *numbers, algorithm)
    return prototypes, mistakes


@reordering_loop
def _distance(prototypes, X, k, i):
    total = prototypes.dtype.type(0)
    for j in range(np.uint64(X.shape[1])):  # to the end: leaving early costs more than it saves
        difference = X[i, j] - prototypes[k, j]
        total += difference * difference
    return total


@loop
def _move(prototypes, X, k, i, rate):
    for j in range(np.uint64(X.shape[1])):
        prototypes[k, j] += rate * (X[i, j] - prototypes[k, j])


@loop
def _epoch(prototypes, X, own, y, order, rate, window, epsilon, algorithm):
    mistakes = 0
    limit = prototypes.dtype.type(np.inf)
    for turn in range(len(order)):
        i = order[turn]
        first, second = 0, 0
        nearest, next_nearest = limit, limit
        for k in range(len(prototypes)):
            square = _distance(prototypes, X, k, i)
            if square < nearest:
                second, next_nearest = first, nearest
                first, nearest = k, square
            elif square < next_nearest:
                second, next_nearest = k, square
        right = own[first] == y[i]
        mistakes += not right
        if algorithm == 1:
            _move(prototypes, X, first, i, rate if right else -rate)
            continue
        if len(prototypes) == 1:
            continue
        also_right = own[second] == y[i]
        if right != also_right:
            if nearest > window * next_nearest:
                _move(prototypes, X, first, i, rate if right else -rate)
                _move(prototypes, X, second, i, rate if also_right else -rate)
        elif right and algorithm == 3:
            _move(prototypes, X, first, i, epsilon * rate)
            _move(prototypes, X, second, i, epsilon * rate)
    return mistakes
