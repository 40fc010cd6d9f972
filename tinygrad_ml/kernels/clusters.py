"""The loops of clustering: which centre is nearest to each sample, and the sums of the clusters.

The distances to all centres come from one matrix product of rounded copies of the samples, and
only preselect: with each comes a bound of its rounding error, and where the bounds leave more than
one centre the differences x - c decide, in double precision. So the answer is that of the direct
way, ties go to the first centre, and no sample's label depends on its company.
"""

import numpy as np

from .dispatch import Kernel
from .threads import share, slices

ROWS = 512  # samples in a block: their products with 100 centres stay in the second-level cache
_NUMBERS = 1 << 17  # in the products of a block


@Kernel
def columns_of(X, shift, scale, dtype=np.float32):
    """The samples in the form that `nearest_centres` takes: (X - shift) * scale, transposed.

    `scale` brings the largest number to about 1, so that no square overflows or vanishes.
    """
    columns = np.empty((X.shape[1], len(X)), dtype)
    shift = np.asarray(shift, np.float64)

    def some(blocks):
        for start in range(blocks.start * ROWS, blocks.stop * ROWS, ROWS):
            rows = X[start : start + ROWS] - shift
            rows *= scale
            columns[:, start : start + ROWS] = rows.T

    share(some, slices(-(-len(X) // ROWS), X.size))
    return columns


def rows_per_block(n_centres):
    """How many samples a block has whose products with all centres stay in the cache."""
    return max(16, min(ROWS, _NUMBERS // n_centres))


def preselection(columns, centres, shift, scale):
    """What the products need: the centres in the columns' form, |c|^2 / 2, |c| and the error bound.

    For u = x - shift, v = c - shift, |u - v|^2 / 2 = |u|^2 / 2 + (|v|^2 / 2 - u v), and what is in
    brackets is computed within bound * (|u| + |v|)^2.
    """
    dtype = columns.dtype
    near = (np.asarray(centres, np.float64) - shift) * scale
    squares = np.einsum("ij,ij->i", near, near)
    bound = (len(columns) + 8) * np.finfo(dtype).eps / 2
    half, lengths = (squares / 2).astype(dtype), np.sqrt(squares).astype(dtype)
    return near.astype(dtype), half, lengths, dtype.type(bound)


@Kernel
def nearest_centres(columns, X, centres, *, shift, scale):
    """(labels, measured): argmin_j |X[i] - centres[j]|, int32 (n,), the first of equal ones.

    Shapes: columns (d, n) = columns_of(X, shift, scale), X (n, d), centres (k, d), all finite.
    `measured` counts the samples whose preselection left more than one centre; are there many, the
    columns should be float64.
    """
    near, half, lengths, bound = preselection(columns, centres, shift, scale)
    labels = np.empty(len(X), np.int32)
    measured, k = 0, len(centres)
    step = rows_per_block(k)
    for start in range(0, len(X), step):
        block = columns[:, start : start + step]
        nearness = near @ block
        nearness -= half[:, None]
        sizes = np.sqrt(np.einsum("ij,ij->j", block, block))
        slack = 2 * bound * (sizes + lengths.max()) ** 2
        samples, candidates = np.divmod(
            np.flatnonzero((nearness >= nearness.max(axis=0) - slack).T), k
        )
        block_labels = labels[start : start + step]
        block_labels[samples[::-1]] = candidates[::-1]  # the first candidate is written last
        unclear = np.unique(samples[1:][samples[1:] == samples[:-1]])
        for i in unclear:
            difference = (X[start + i] - centres) * scale
            block_labels[i] = np.einsum("ij,ij->i", difference, difference).argmin()
        measured += len(unclear)
    return labels, measured


@Kernel
def squared_distances_to(columns, points):
    """|columns[:, i] - points[j]|^2 in shape (m, n), for a few points (m, d) of the columns' form.

    By direct differences, so that equal samples are exactly 0 apart.
    """
    out = np.empty((len(points), columns.shape[1]), columns.dtype)
    for start in range(0, columns.shape[1], ROWS):
        block = columns[:, start : start + ROWS]
        for j, point in enumerate(points):
            difference = block - point[:, None]
            np.einsum("ij,ij->j", difference, difference, out=out[j, start : start + ROWS])
    return out


@Kernel
def cluster_sums(X, weights, labels, *, shift, n_clusters):
    """The weighted sums of the clusters, float64 (k, d + 1).

    Row j has sum w (x - shift) over the samples of cluster j, then sum w. It is added up anew each
    time: sums that follow the samples that move keep the rounding errors of those that left.
    """
    sums = np.zeros((n_clusters, X.shape[1] + 1))
    for start in range(0, len(X), ROWS):
        some = slice(start, start + ROWS)
        here = labels[some]
        members = np.zeros((len(here), n_clusters))
        members[np.arange(len(here)), here] = weights[some]
        sums[:, :-1] += members.T @ (X[some] - shift)
        sums[:, -1] += members.sum(axis=0)
    return sums


@Kernel
def squared_errors(X, centres, labels):
    """|X[i] - centres[labels[i]]|^2, float64 (n,)."""
    out = np.empty(len(X))
    centres = np.asarray(centres, np.float64)
    for start in range(0, len(X), ROWS):
        difference = X[start : start + ROWS] - centres[labels[start : start + ROWS]]
        np.einsum("ij,ij->i", difference, difference, out=out[start : start + ROWS])
    return out
