"""Samples sent down many trees, which stand one behind the other in the same arrays.

Tree t has the nodes from roots[t] on; `left` and `right` count from its root. A node is a leaf
where `feature` is negative. A leaf holds a short list of numbers, each for one column of the
result: one for a regression, the shares of the classes it has seen for a classifier.
"""

import numpy as np

from .dispatch import Kernel
from .tree import find_leaves


@Kernel
def find_all_leaves(X, feature, threshold, left, right, missing_left, roots):
    """The leaf (n_trees, n), counted from its tree's root, of each row of X (n, d) in each tree.

    roots (n_trees + 1,): where each tree begins, and the last one ends.
    """
    out = np.empty((len(roots) - 1, len(X)), np.int32)
    arrays = feature, threshold, left, right, missing_left
    for t, root in enumerate(roots[:-1]):
        out[t] = find_leaves.numpy(X, *(each[root : roots[t + 1]] for each in arrays))
    return out


@Kernel
def add_leaves(
    X, feature, threshold, left, right, missing_left, roots, start, column, value, *, columns
):
    """The sums (n, columns) of what stands at the leaves of each row of X (n, d), tree by tree.

    start (nodes + 1,): node i adds value[k] to column[k], for k from start[i] to start[i + 1] - 1;
    within a node no column comes twice.
    """
    out = np.zeros((len(X), columns))
    arrays = feature, threshold, left, right, missing_left
    for t, root in enumerate(roots[:-1]):
        leaves = find_leaves.numpy(X, *(each[root : roots[t + 1]] for each in arrays)) + root
        count = start[leaves + 1] - start[leaves]
        first = np.cumsum(count) - count
        at = np.arange(count.sum()) + np.repeat(start[leaves] - first, count)
        out[np.repeat(np.arange(len(X)), count), column[at]] += value[at]
    return out
