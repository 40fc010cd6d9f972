"""The solver's loop: both versions take the same steps, to the last bit, and end at the optimum."""

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.kernels.quadratic import CONVERGED, OUT_OF_STEPS, STUCK

from .versions import versions


def problem(n, e, seed=0):
    """gradient, b, lower, upper, diagonal, and the kernel matrix."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    K = np.exp(-0.3 * ((X[:, None] - X) ** 2).sum(axis=-1))
    y = np.where(X[:, 0] + rng.standard_normal(n) > 0, 1.0, -1.0)
    C = rng.uniform(0.5, 2.0, n)
    lower, upper = (-C, C) if e else (np.where(y > 0, 0, -C), np.where(y > 0, C, 0))
    return (-y, np.zeros(n), lower, upper, np.ones(n)), K


def run(version, state, cache, slot, columns=None, tolerance=1e-9, steps=10**6, e=0.0):
    """The answer and the arrays that were changed: gradient, b, used."""
    gradient, b, *rest = (each.copy() for each in state)
    columns = np.arange(b.size) if columns is None else columns
    used = np.zeros(b.size, np.int64)
    how = {"e": e, "tolerance": tolerance, "steps": steps}
    answer = version(kernels.smo)(gradient, b, *rest, cache, slot, columns, used, **how)
    return answer, gradient, b, used


@pytest.mark.parametrize("e", [0.0, 0.2])
@pytest.mark.parametrize("n", [1, 2, 7, 31, 32, 33, 150])
@versions
def test_no_slope_is_steeper_than_the_tolerance_at_the_end(version, n, e):
    state, K = problem(n, e)
    (stopped, done), gradient, b, used = run(version, state, K, np.arange(n), e=e)
    assert stopped == CONVERGED and used.max(initial=0) == done
    np.testing.assert_allclose(gradient, K @ b + state[0], atol=1e-9)
    assert abs(b.sum()) < 1e-12 and (state[2] <= b).all() and (b <= state[3]).all()
    up = np.where(b < state[3], gradient + np.where(b >= 0, e, -e), np.inf)
    down = np.where(b > state[2], gradient + np.where(b > 0, e, -e), -np.inf)
    assert down.max() - up.min() <= 1e-9


@pytest.mark.parametrize("e", [0.0, 0.2])
@pytest.mark.parametrize("n", [2, 31, 64, 150])
def test_both_versions_take_the_same_steps(n, e):
    pytest.importorskip("numba")
    state, K = problem(n, e, seed=n)
    wide = np.full((n + 40, n + 50), np.nan)
    columns = np.sort(np.random.default_rng(0).permutation(n + 50)[:n])
    wide[np.ix_(np.arange(40, n + 40), columns)] = K
    pieces = np.r_[np.arange(n // 2), np.arange(n // 2 + 9, n + 9)]  # two runs of columns
    wider = np.full((n, n + 9), np.nan)
    wider[:, pieces] = K
    places = [(K, np.arange(n), None), (wide, np.arange(40, n + 40), columns)]
    places.append((wider, np.arange(n), pieces))
    found = [
        run(lambda kernel, which=which: getattr(kernel, which), state, *where, e=e)
        for which in ("numpy", "compiled")
        for where in places
    ]
    for each in found[1:]:
        assert each[0] == found[0][0]
        for one, other in zip(each[1:], found[0][1:]):
            np.testing.assert_array_equal(one, other)


@versions
def test_rows_that_are_missing_are_asked_for(version):
    n = 40
    state, K = problem(n, 0.0)
    whole = run(version, state, K, np.arange(n))
    gradient, b, *rest = (each.copy() for each in state)
    slot, used = np.full(n, -1), np.zeros(n, np.int64)
    cache = np.full((n, n), np.nan)  # a row that is missing must not be read
    asked = total = 0
    while True:
        stopped, done = version(kernels.smo)(
            gradient, b, *rest, cache, slot, np.arange(n), used, e=0.0, tolerance=1e-9, steps=10**6
        )
        total += done
        if stopped < 0:
            break
        assert slot[stopped] < 0
        slot[stopped], cache[asked] = asked, K[stopped]
        asked += 1
    assert stopped == CONVERGED and asked <= n
    assert total == whole[0][1]
    np.testing.assert_array_equal(b, whole[2])


@versions
def test_steps_run_out(version):
    state, K = problem(50, 0.0)
    (_, needed), *_ = run(version, state, K, np.arange(50))
    assert run(version, state, K, np.arange(50), steps=needed)[0] == (CONVERGED, needed)
    (stopped, done), gradient, b, _ = run(version, state, K, np.arange(50), steps=needed // 2)
    assert (stopped, done) == (OUT_OF_STEPS, needed // 2)
    np.testing.assert_allclose(gradient, K @ b + state[0], atol=1e-12)


@versions
def test_differences_whose_squares_vanish_end_the_loop(version):
    state, K = problem(20, 0.0)
    tiny = (state[0] * 1e-200, *state[1:])
    (stopped, done), _, b, _ = run(version, tiny, K, np.arange(20), tolerance=1e-300)
    assert (stopped, done) == (STUCK, 0) and not b.any()


@versions
def test_equal_points_and_a_kernel_that_is_not_positive(version):
    n = 30
    y = np.where(np.arange(n) % 2, 1.0, -1.0)
    bounds = np.minimum(y, 0), np.maximum(y, 0)
    for K in (np.ones((n, n)), -np.ones((n, n)) + np.eye(n) * 0.1):
        state = (-y, np.zeros(n), *bounds, K.diagonal().copy())
        (stopped, _), gradient, b, _ = run(version, state, K, np.arange(n), tolerance=1e-3)
        assert stopped == CONVERGED and np.isfinite(gradient).all()
    np.testing.assert_array_equal(np.abs(b), 1)
