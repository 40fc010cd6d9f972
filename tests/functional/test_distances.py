"""Distances that are no sums of squares, and those of a function."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import tinygrad_ml as tg
from tinygrad_ml.functional import pairwise_distances

NAMES = {"manhattan": "cityblock", "chebyshev": "chebyshev", "minkowski": "minkowski"}


@pytest.mark.parametrize("metric", NAMES)
def test_like_scipy(metric):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 5)), rng.standard_normal((20, 5))
    more = {"p": 2.5} if metric == "minkowski" else {}
    np.testing.assert_allclose(
        pairwise_distances(x, y, metric, **more), cdist(x, y, NAMES[metric], **more), rtol=1e-13
    )
    single = pairwise_distances(x.astype(np.float32), metric=metric)
    assert single.dtype == np.float32 and not single.diagonal().any()


def test_hamming_counts():
    x = np.array([[1, 2, 3], [1, 0, 3], [0, 0, 0]], np.uint8)
    expected = [[0, 1, 3], [1, 0, 2], [3, 2, 0]]
    np.testing.assert_array_equal(pairwise_distances(x, metric="hamming"), expected)


def test_powers_neither_overflow_nor_vanish():
    for size in (1e300, 1e-300):
        found = pairwise_distances([[0.0, 0.0]], [[3 * size, 4 * size]], "minkowski", p=7)
        np.testing.assert_allclose(found / size, [[(3**7 + 4**7) ** (1 / 7)]])
    assert pairwise_distances([[0.0, 1.0]], [[3.0, 5.0]], "minkowski", p=np.inf) == 4


def test_a_function():
    x = np.arange(6.0).reshape(3, 2)
    found = pairwise_distances(x, x[:2], lambda one, other: np.abs(one - other).max())
    np.testing.assert_array_equal(found, pairwise_distances(x, x[:2], "chebyshev"))
    with pytest.raises(ValueError, match="to return one number, got array"):
        pairwise_distances(x, metric=lambda one, other: one)


def test_mistakes():
    x = np.ones((2, 2))
    with pytest.raises(TypeError, match="a Tensor that requires a gradient"):
        pairwise_distances(tg.Tensor(x, requires_grad=True), metric="manhattan")
    assert pairwise_distances(tg.Tensor(x), metric="manhattan").tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="p must be a positive number, got 0"):
        pairwise_distances(x, metric="minkowski", p=0)
    with pytest.raises(ValueError, match="'minkowski' or a function, got 'cosine'"):
        pairwise_distances(x, metric="cosine")
