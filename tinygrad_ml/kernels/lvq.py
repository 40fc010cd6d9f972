"""One epoch of learning vector quantization: prototypes move sample by sample, in order."""

import numpy as np

from .dispatch import Kernel


@Kernel
def lvq_epoch(prototypes, X, own, y, order, *, rate, window, epsilon, algorithm):
    """(moved prototypes, how many samples were nearest to a wrong one when their turn came).

    algorithm 1: the nearest prototype moves by rate (x - m), towards x if it has x's class, else
    away. 2: the two nearest move so, if just one of them has x's class and x is about as far from
    either, d1 / d2 > window. 3: like 2, and where both have x's class, both move by
    epsilon rate (x - m). The first of equally near prototypes counts as nearer. A single prototype
    has no second beside it, and is moved by 1 only.

    Shapes: prototypes (m, d) with classes own (m,), X (n, d) with classes y (n,), order (any,) of
    row numbers; `window` is the least ratio of the distances.
    """
    prototypes = np.array(prototypes)
    rate, epsilon = prototypes.dtype.type(rate), prototypes.dtype.type(epsilon)
    mistakes = 0
    for i in order:
        difference = X[i] - prototypes
        square = np.einsum("ij,ij->i", difference, difference)
        first = int(square.argmin())
        right = own[first] == y[i]
        mistakes += int(not right)
        if algorithm == 1:
            prototypes[first] += (rate if right else -rate) * difference[first]
            continue
        if len(prototypes) == 1:
            continue
        nearest = square[first]
        square[first] = np.inf
        second = int(square.argmin())
        also_right = own[second] == y[i]
        if right != also_right:
            if nearest > window * window * square[second]:
                prototypes[first] += (rate if right else -rate) * difference[first]
                prototypes[second] += (rate if also_right else -rate) * difference[second]
        elif right and algorithm == 3:
            prototypes[first] += epsilon * rate * difference[first]
            prototypes[second] += epsilon * rate * difference[second]
    return prototypes, mistakes
