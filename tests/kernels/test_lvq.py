"""An epoch of learning vector quantization is the textbook's loop, prototype by prototype."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, hard_to_read, versions


def by_the_book(prototypes, X, own, y, order, rate, window, epsilon, algorithm):
    m, mistakes = prototypes.copy(), 0
    for i in order:
        x = X[i]
        by_distance = sorted(range(len(m)), key=lambda k: (np.sum((x - m[k]) ** 2), k))
        c = by_distance[0]
        mistakes += own[c] != y[i]
        if algorithm == 1:
            m[c] += rate * (x - m[c]) if own[c] == y[i] else -rate * (x - m[c])
        elif len(m) > 1:
            d = by_distance[1]
            right = [k for k in (c, d) if own[k] == y[i]]
            distances = [np.linalg.norm(x - m[c]), np.linalg.norm(x - m[d])]
            if len(right) == 1 and distances[0] > window * distances[1]:
                for k in (c, d):
                    m[k] += rate * (x - m[k]) if own[k] == y[i] else -rate * (x - m[k])
            elif len(right) == 2 and algorithm == 3:
                for k in (c, d):
                    m[k] += epsilon * rate * (x - m[k])
    return m, mistakes


rng = np.random.default_rng(0)
CASES = {
    "random": (rng.normal(size=(7, 5)), rng.normal(size=(40, 5)), np.arange(7) % 3),
    "ties": (rng.integers(0, 2, (6, 3)), rng.integers(0, 2, (30, 3)), np.arange(6) % 2),
    "two prototypes": (rng.normal(size=(2, 1)), rng.normal(size=(9, 1)), np.arange(2)),
    "one class": (rng.normal(size=(3, 4)), rng.normal(size=(9, 4)), np.zeros(3, int)),
}


@versions
@pytest.mark.parametrize("algorithm", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", dtypes)
def test_an_epoch(name, algorithm, dtype, version):
    prototypes, X, own = CASES[name]
    y, order = rng.integers(0, own.max() + 1, len(X)), rng.permutation(len(X))[:25]
    options = {"rate": 0.125, "window": 0.5, "epsilon": 0.25, "algorithm": algorithm}
    arrays = prototypes.astype(dtype), X.astype(dtype), own, y, order
    expected, wrong = by_the_book(*map(np.array, arrays), **options)
    moved, mistakes = version(kernels.lvq_epoch)(*arrays, **options)
    assert moved.dtype == dtype and mistakes == wrong
    np.testing.assert_allclose(moved, expected, rtol=1e-4 if dtype == np.float32 else 1e-12)
    np.testing.assert_array_equal(arrays[0], prototypes.astype(dtype))  # as they were


@versions
@pytest.mark.parametrize("form", hard_to_read)
def test_arrays_of_any_layout(form, version):
    prototypes, X, own = CASES["random"]
    y, order = own[rng.integers(0, 7, 40)], np.arange(40)
    options = {"rate": 0.1, "window": 0.5, "epsilon": 0.2, "algorithm": 3}
    expected, _ = version(kernels.lvq_epoch)(prototypes, X, own, y, order, **options)
    moved, _ = version(kernels.lvq_epoch)(form(prototypes), form(X), own, y, order, **options)
    np.testing.assert_array_equal(moved, expected)


@versions
def test_a_single_prototype_and_no_samples(version):
    alone, none = np.array([[1.0, 2.0]]), np.array([], int)
    for algorithm in (1, 2, 3):
        options = {"rate": 0.5, "window": 0.5, "epsilon": 0.5, "algorithm": algorithm}
        args = np.zeros((1, 2)), np.array([0]), np.array([0])
        moved, _ = version(kernels.lvq_epoch)(alone, *args, np.array([0]), **options)
        np.testing.assert_array_equal(moved, alone * (0.5 if algorithm == 1 else 1))
        kept, mistakes = version(kernels.lvq_epoch)(alone, *args, none, **options)
        assert mistakes == 0 and (kept == alone).all()
