"""Support vector machines: optimality recomputed from what is fitted, and libsvm as the oracle."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import svm as peer
from sklearn.metrics import pairwise
from sklearn.model_selection import StratifiedKFold

import tinygrad_ml as tg
from tinygrad_ml.data import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from tinygrad_ml.models import SVC, SVR, smo
from tinygrad_ml.models.platt import couple, fit_sigmoid
from tinygrad_ml.validation import ConvergenceWarning

KERNELS = ["linear", "rbf", "poly", "sigmoid"]


def scaled(load):
    X, y = load()
    X = X.reshape(len(X), -1).astype(float)
    spread = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1), y


def two_classes(n=120, d=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, (X[:, 0] + X[:, 1] ** 2 + 0.5 * rng.standard_normal(n) > 0.7).astype(int)


def kernel_of(model, x, y):
    """The kernel matrix as scikit-learn computes it."""
    gamma = model._gamma_
    more = {"rbf": {"gamma": gamma}, "linear": {}}.get(
        model.kernel, {"gamma": gamma, "coef0": model.coef0}
    )
    if model.kernel == "poly":
        more["degree"] = model.degree
    name = {"poly": "polynomial"}.get(model.kernel, model.kernel)
    return getattr(pairwise, f"{name}_kernel")(x, y, **more)


def certificate(model, X, targets, bound, epsilon=None):
    """(KKT violation, dual objective, duality gap) of two classes or a regression, by definition.

    Only `support_`, `dual_coef_` and `intercept_` of the model are used.
    """
    b = np.zeros(len(X))
    b[model.support_] = model.dual_coef_[0]
    e = epsilon or 0.0
    inner = kernel_of(model, X, X) @ b
    decision = inner + model.intercept_[0]
    assert abs(b.sum()) <= 1e-9 * bound.sum()
    if epsilon is None:
        alpha = b * targets
        margin = targets * decision
        assert (alpha >= 0).all() and (alpha <= bound).all()
        loss = (bound * np.maximum(0, 1 - margin)).sum()
        wrong = np.where(alpha < bound, np.maximum(0, 1 - margin), 0)
        wrong = np.maximum(wrong, np.where(alpha > 0, np.maximum(0, margin - 1), 0))
    else:
        assert (np.abs(b) <= bound).all()
        error = targets - decision
        loss = (bound * np.maximum(0, np.abs(error) - e)).sum()
        wrong = np.where(b < bound, error - np.where(b >= 0, e, -e), -np.inf)
        wrong = np.maximum(wrong, np.where(b > -bound, np.where(b > 0, e, -e) - error, -np.inf))
    objective = 0.5 * b @ inner - targets @ b + e * np.abs(b).sum()
    return wrong.max(), objective, 0.5 * b @ inner + loss + objective


def libsvm_objective(model, X, targets, epsilon=0.0):
    """The dual objective of scikit-learn's solution of two classes or of a regression."""
    b = np.zeros(len(X))
    b[model.support_] = model.dual_coef_[0]
    gamma = model._gamma
    K = {
        "rbf": lambda: pairwise.rbf_kernel(X, gamma=gamma),
        "linear": lambda: X @ X.T,
        "poly": lambda: (gamma * X @ X.T + model.coef0) ** model.degree,
        "sigmoid": lambda: np.tanh(gamma * X @ X.T + model.coef0),
    }[model.kernel]()
    return 0.5 * b @ K @ b - targets @ b + epsilon * np.abs(b).sum()


# ------------------------------------------------------------------------------------ two classes


def test_the_widest_margin_by_hand():
    model = SVC(kernel="linear", C=10).fit([[0.0], [1.0], [3.0], [4.0]], [0, 0, 1, 1])
    np.testing.assert_allclose(model.coef_, [[1.0]], atol=1e-12)
    np.testing.assert_allclose(model.intercept_, [-2.0], atol=1e-12)
    np.testing.assert_allclose(model.dual_coef_, [[-0.5, 0.5]], atol=1e-12)
    assert model.support_.tolist() == [1, 2] and model.n_support_.tolist() == [1, 1]
    np.testing.assert_allclose(model.dual_objective_, -0.5)
    assert model.duality_gap_ < 1e-12 and model.kkt_violation_ < 1e-12
    assert model.predict([[2.0]]).tolist() == [0], "a decision of 0 goes to the first class"


def test_exclusive_or():
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "other", "other", "same"]
    assert SVC(C=100).fit(X, y).predict(X).tolist() == y


@pytest.mark.parametrize("C", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("kernel", KERNELS)
def test_optimality_recomputed(kernel, C):
    X, y = two_classes()
    for tol in (1e-3, 1e-6):
        model = SVC(kernel=kernel, C=C, tol=tol, gamma=0.1 if kernel == "sigmoid" else "scale")
        model.fit(X, y)
        targets = np.where(y == 1, 1.0, -1.0)
        violation, objective, gap = certificate(model, X, targets, np.full(len(X), C))
        assert model.fit_status_ == 0
        assert violation <= tol * (1 + 1e-6) and model.kkt_violation_ <= tol
        np.testing.assert_allclose(model.dual_objective_, objective, rtol=1e-8)
        np.testing.assert_allclose(model.duality_gap_, gap, rtol=1e-5, atol=1e-9 * abs(objective))
        if kernel != "sigmoid":  # which is not positive: its problem is not convex
            assert -1e-9 * abs(objective) <= gap <= 2 * tol * C * len(X)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("load", [two_classes, lambda: scaled(load_breast_cancer)])
def test_objective_of_libsvm(load, kernel):
    X, y = load()
    targets = np.where(y == 1, 1.0, -1.0)
    how = {"kernel": kernel, "C": 1.0, "tol": 1e-6, "gamma": 0.01 if kernel == "sigmoid" else 0.05}
    ours, theirs = SVC(**how).fit(X, y), peer.SVC(**how).fit(X, y)
    expected = libsvm_objective(theirs, X, targets)
    np.testing.assert_allclose(ours.dual_objective_, expected, rtol=1e-6)
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=2e-4, rtol=1e-4
    )
    if kernel == "linear":
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_weights_are_factors_of_C():
    X, y = two_classes()
    weights = np.random.default_rng(1).uniform(0.2, 3, len(X))
    weights[::7] = 0
    kept = weights > 0
    for class_weight in (None, {1: 3.0}):
        how = {"tol": 1e-6, "class_weight": class_weight}
        ours = SVC(**how).fit(X, y, weights)
        theirs = peer.SVC(**how, gamma=ours._gamma_).fit(X[kept], y[kept], weights[kept])
        np.testing.assert_allclose(
            ours.decision_function(X), theirs.decision_function(X), atol=1e-4
        )
    how = {"tol": 1e-6, "class_weight": "balanced"}
    ours, theirs = SVC(**how).fit(X, y), peer.SVC(**how).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-4)
    violation, *_ = certificate(
        SVC(tol=1e-6).fit(X, y, weights), X[kept], 2.0 * y[kept] - 1, weights[kept]
    )
    assert violation <= 1e-6 * (1 + 1e-6)


def test_weight_two_equals_the_row_twice():
    X, y = two_classes(60)
    weights = np.random.default_rng(2).integers(0, 3, 60)
    once = SVC(tol=1e-9, gamma=0.3).fit(X, y, weights)
    twice = SVC(tol=1e-9, gamma=0.3).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(once.decision_function(X), twice.decision_function(X), atol=1e-7)
    np.testing.assert_allclose(once.dual_objective_, twice.dual_objective_, rtol=1e-9)


def test_a_small_cache_gives_the_same_result():
    X, y = two_classes(400)
    small, large = (SVC(tol=1e-5, cache_size=size).fit(X, y) for size in (1e-6, 200))
    np.testing.assert_allclose(small.decision_function(X), large.decision_function(X), atol=1e-4)
    np.testing.assert_allclose(small.dual_objective_, large.dual_objective_, rtol=1e-7)
    assert small.kkt_violation_ <= 1e-5
    X, y = scaled(load_iris)
    small, large = (SVC(tol=1e-6, cache_size=size).fit(X, y) for size in (1e-6, 200))
    np.testing.assert_allclose(small.decision_function(X), large.decision_function(X), atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_long_runs_leave_resting_coefficients_aside(n_classes, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((360, 8)) * np.arange(1, 9)
    y = np.digitize(X[:, 0] + X[:, 1] + 2 * rng.standard_normal(360), [-1, 1][: n_classes - 1])
    taken = []
    shrunk = smo._shrunk
    monkeypatch.setattr(smo, "_shrunk", lambda *state: taken.append(shrunk(*state)) or taken[-1])
    how = {"kernel": "linear", "tol": 1e-4}
    ours, theirs = SVC(**how).fit(X, y), peer.SVC(**how).fit(X, y)
    assert max(taken) > 100 and ours.kkt_violation_ <= 1e-4
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-5)
    if n_classes == 2:
        targets = 2.0 * y - 1
        violation, objective, _ = certificate(ours, X, targets, np.ones(360))
        assert violation <= 1e-4 * (1 + 1e-6)
        np.testing.assert_allclose(ours.dual_objective_, objective, rtol=1e-8)
        expected = libsvm_objective(theirs, X, targets)
        np.testing.assert_allclose(ours.dual_objective_, expected, rtol=1e-6)
    with pytest.warns(ConvergenceWarning):
        assert SVC(**how, max_iter=1100).fit(X, y).n_iter_.max() == 1100


def test_a_function_as_kernel():
    X, y = two_classes()
    named = SVC(kernel="linear", tol=1e-7).fit(X, y)
    given_ = SVC(kernel=lambda x, y: x @ y.T, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(named.decision_function(X), given_.decision_function(X), atol=1e-6)
    X, y = load_iris()
    same = SVC(kernel=lambda x, y: np.minimum(x[:, None], y).sum(axis=-1)).fit(X, y)
    theirs = peer.SVC(kernel=lambda x, y: np.minimum(x[:, None], y).sum(axis=-1)).fit(X, y)
    np.testing.assert_array_equal(same.predict(X), theirs.predict(X))


# ----------------------------------------------------------------------------------- many classes


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_fitted_attributes_of_many_classes(load, kernel):
    X, y = scaled(load)
    how = {"kernel": kernel, "tol": 1e-7, "gamma": 0.02}
    ours, theirs = SVC(**how).fit(X, y), peer.SVC(**how).fit(X, y)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_array_equal(ours.n_support_, theirs.n_support_)
    assert ours.dual_coef_.shape == theirs.dual_coef_.shape
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for shape in ("ovr", "ovo"):
        ours.decision_function_shape = theirs.decision_function_shape = shape
        np.testing.assert_allclose(
            ours.decision_function(X), theirs.decision_function(X), atol=1e-5
        )
    if kernel == "linear":
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_held_out_digits_are_read_as_libsvm_reads_them():
    X, y = load_digits()
    X = X.reshape(len(X), -1).astype(float)
    scores, different = [], 0
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        ours = SVC(C=10).fit(X[train], y[train])
        different += (
            ours.predict(X[test]) != peer.SVC(C=10).fit(X[train], y[train]).predict(X[test])
        ).sum()
        scores.append(ours.score(X[test], y[test]))
        assert ours.kkt_violation_ <= 1e-3
        ours.break_ties = True
        decisions = ours.decision_function(X[test])
        np.testing.assert_array_equal(ours.predict(X[test]), decisions.argmax(axis=1))
    assert different <= 1 and round(np.mean(scores), 3) == 0.989


def test_breast_cancer_scores_as_libsvm_does():
    X, y = load_breast_cancer()
    scores, theirs = [], []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        middle, spread = X[train].mean(axis=0), X[train].std(axis=0)
        a, b = (X[train] - middle) / spread, (X[test] - middle) / spread
        scores.append(SVC().fit(a, y[train]).score(b, y[test]))
        theirs.append(peer.SVC().fit(a, y[train]).score(b, y[test]))
        assert abs(scores[-1] - theirs[-1]) * len(test) < 1.5
    assert round(np.mean(scores), 3) == 0.977


# ---------------------------------------------------------------------------------- probabilities


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_probabilities_are_near_those_of_libsvm(load):
    X, y = scaled(load)
    ours = SVC(probability=True, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn advises against its own probabilities
        theirs = peer.SVC(probability=True, random_state=0).fit(X, y).predict_proba(X)
    found = ours.predict_proba(X)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert np.abs(found - theirs).mean() < 0.01 and np.abs(found - theirs).max() < 0.15
    assert (found.argmax(axis=1) == y).mean() > 0.97
    again = SVC(probability=True, random_state=0).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, again)


def test_the_sigmoid_is_the_likeliest_one():
    rng = np.random.default_rng(0)
    f = rng.standard_normal(300)
    positive = rng.random(300) < 1 / (1 + np.exp(-(2 * f - 0.5)))
    slope, offset = fit_sigmoid(f, positive)
    n, m = positive.sum(), (~positive).sum()
    target = np.where(positive, (n + 1) / (n + 2), 1 / (m + 2))
    p = 1 / (1 + np.exp(slope * f + offset))
    assert abs(((p - target) * f).sum()) < 1e-4 and abs((p - target).sum()) < 1e-4
    assert -2.6 < slope < -1.4
    assert np.isfinite(fit_sigmoid(np.where(positive, 1e3, -1e3), positive)).all()
    assert np.isfinite(fit_sigmoid(np.zeros(300), positive)).all()


def test_pairs_that_agree_are_coupled_exactly():
    p = np.array([0.5, 0.3, 0.2])
    pairs = [[p[a] / (p[a] + p[b]) for a, b in ((0, 1), (0, 2), (1, 2))]]
    np.testing.assert_allclose(couple(np.array(pairs), 3), [p], rtol=1e-9)
    extreme = couple(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), 3)
    assert np.isfinite(extreme).all() and (extreme >= 0).all()


def test_probabilities_only_where_asked_for():
    X, y = load_iris()
    model = SVC().fit(X, y)
    assert not hasattr(model, "predict_proba") and hasattr(SVC(probability=True), "predict_proba")
    with pytest.raises(AttributeError, match="probability=True"):
        model.predict_proba(X)
    with pytest.raises(AttributeError, match="fitted without. Call fit again"):
        model.set_params(probability=True).predict_proba(X)


def test_a_class_with_one_sample_has_probabilities():
    X, y = [[0.0], [0.1], [0.2], [5.0]], [0, 0, 0, 1]
    found = SVC(probability=True, random_state=0).fit(X, y).predict_proba(X)
    assert np.isfinite(found).all()


# ------------------------------------------------------------------------------------- regression


@pytest.mark.parametrize("kernel", KERNELS)
def test_regression_against_libsvm(kernel):
    X, y = scaled(load_diabetes)
    X, y = X[:200], (y[:200] - y.mean()) / y.std()
    how = {"kernel": kernel, "tol": 1e-6, "gamma": 0.02, "epsilon": 0.2}
    ours, theirs = SVR(**how).fit(X, y), peer.SVR(**how).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)
    expected = libsvm_objective(theirs, X, y, 0.2)
    np.testing.assert_allclose(ours.dual_objective_, expected, rtol=1e-6)
    violation, objective, gap = certificate(ours, X, y, np.ones(len(X)), 0.2)
    assert violation <= 1e-6 * (1 + 1e-6) and ours.kkt_violation_ <= 1e-6
    np.testing.assert_allclose(ours.dual_objective_, objective, rtol=1e-9)
    np.testing.assert_allclose(ours.duality_gap_, gap, rtol=1e-3, atol=1e-9)


def test_a_tube_by_hand():
    model = SVR(kernel="linear", C=100, epsilon=0.1).fit([[0.0], [1.0], [2.0]], [0, 2, 4])
    np.testing.assert_allclose(model.coef_, [[1.9]], atol=1e-9)  # the flattest line in the tube
    np.testing.assert_allclose(model.predict([[0.0], [2.0]]), [0.1, 3.9], atol=1e-9)
    exact = SVR(kernel="linear", C=100, epsilon=0, tol=1e-9).fit([[0.0], [1.0], [2.0]], [0, 2, 4])
    np.testing.assert_allclose(exact.predict([[3.0]]), [6.0], atol=1e-6)


def test_regression_weights_and_defaults():
    X, y = scaled(load_diabetes)
    weights = np.random.default_rng(0).uniform(0.1, 2, len(X))
    ours, theirs = SVR(tol=1e-6).fit(X, y, weights), peer.SVR(tol=1e-6).fit(X, y, weights)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5)
    assert ours.get_params() == {k: v for k, v in theirs.get_params().items() if k in
                                 ours.get_params()}  # fmt: skip
    ours, theirs = SVC().get_params(), peer.SVC().get_params()
    assert set(theirs) - set(ours) <= {"shrinking", "verbose", "probability"}
    assert all(ours[name] == theirs[name] for name in set(ours) & set(theirs) - {"probability"})


# --------------------------------------------------------------------------------------- hostile


def quiet(model, X, y, **more):
    """Fit and predict; either right shapes and finite numbers, or a sentence of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, **more)
    decision = model.decision_function(X) if isinstance(model, SVC) else model.predict(X)
    assert np.isfinite(decision).all() and len(model.predict(X)) == len(X)
    assert model.fit_status_ or model.kkt_violation_ <= model.tol
    assert model.duality_gap_ >= 0
    return model


def fit_or_advise(model, X, y):
    advice = ""
    try:
        quiet(model, X, y)
    except ValueError as error:
        advice = str(error)
    assert not advice or "Scale" in advice


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(2, 25),
    st.integers(1, 4),
    st.sampled_from(KERNELS),
    st.sampled_from([1e-3, 1.0, 1e6]),
)
def test_ties_duplicates_and_constant_columns(seed, n, d, kernel, C):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (n, d)).astype(float)  # equal rows with different labels
    X[:, 0] = 3.0
    X = np.column_stack([X, X[:, -1]])
    y = rng.permutation(np.r_[0, 1, rng.integers(0, 4, n - 2)])
    quiet(SVC(kernel=kernel, C=C, max_iter=20_000), X, y)
    quiet(SVR(kernel=kernel, C=C, max_iter=20_000), X, y)
    weights = np.where(np.arange(n) < n // 2, 0.0, 1.0)
    if len(np.unique(y[weights > 0])) > 1:
        quiet(SVC(kernel=kernel, C=C, max_iter=20_000), X, y, sample_weight=weights)


@pytest.mark.parametrize("size", [1e300, 1e-300, 1e150, 1e-150, 1e100])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", [SVC, SVR])
def test_huge_and_tiny_numbers_fit_or_get_a_sentence(kind, kernel, size):
    X, y = two_classes(30)
    for gamma in ("scale", 1.0):
        fit_or_advise(kind(kernel=kernel, max_iter=5000, gamma=gamma), X * size, y)


def test_a_spread_that_no_number_holds_is_not_taken_for_none():
    X, y = two_classes(30)
    with pytest.raises(ValueError, match="variance can be computed, got numbers up to"):
        SVC().fit(X * 1e-300, y)
    assert SVC().fit(np.ones((30, 2)), y)._gamma_ == 1


def test_targets_of_any_size():
    X, y = two_classes(30)
    for size in (1e-300, 1e-100, 1e100, 1e300):
        fit_or_advise(SVR(max_iter=5000), X, y * size)
        fit_or_advise(SVR(max_iter=5000, C=size), X, y * size)
        fit_or_advise(SVC(max_iter=5000, C=size), X, y)


def test_far_samples_get_finite_decisions_or_a_sentence():
    X, y = two_classes(50)
    far = SVC().fit(X, y).decision_function([[1e300] * 4, [-1e200] * 4])
    np.testing.assert_array_equal(far, far[0])
    with pytest.raises(ValueError, match=r"up to 1e\+300, .* Scale X as in fit"):
        SVC(kernel="poly").fit(X, y).predict([[1e300, -1e300] * 2])


def test_one_row_one_class_and_many_classes():
    with pytest.raises(ValueError, match="one class"):
        SVC().fit([[1.0, 2.0]], ["a"])
    model = SVR().fit([[1.0, 2.0]], [7.0])
    assert model.predict([[1.0, 2.0], [0.0, 0.0]]).tolist() == [7.0, 7.0]
    assert model.support_vectors_.shape == (0, 2) and model.dual_coef_.shape == (1, 0)
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(40), 2)
    X = rng.standard_normal((80, 3)) + 10 * rng.standard_normal((40, 3))[y]
    model = quiet(SVC(C=100), X, y)
    assert model.intercept_.shape == (780,) and model.decision_function(X).shape == (80, 40)
    assert model.score(X, y) > 0.9


def test_a_constant_target_and_a_wide_tube():
    X, _ = two_classes(20)
    assert SVR().fit(X, np.full(20, 3.5)).predict(X).tolist() == [3.5] * 20
    wide = SVR(epsilon=100).fit(X, np.linspace(-1, 1, 20))
    assert np.abs(wide.predict(X)).max() <= 1 and not len(wide.support_)


def test_stopping_early_is_said():
    X, y = two_classes()
    with pytest.warns(ConvergenceWarning, match="stopped after 3 steps with a KKT violation of"):
        model = SVC(max_iter=3).fit(X, y)
    assert model.fit_status_ == 1 and model.kkt_violation_ > 1e-3 and model.n_iter_[0] == 3
    assert model.duality_gap_ > 0
    with pytest.warns(ConvergenceWarning, match="SVR: stopped after 2 steps"):
        SVR(max_iter=2).fit(X, X[:, 0])


# --------------------------------------------------------------------------------- saving, errors


@pytest.mark.parametrize("model", [SVC(probability=True, random_state=0), SVC(kernel="linear")])
def test_saved_and_read_again(model, tmp_path):
    X, y = load_iris()
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    model.fit(X, labels).save(tmp_path / "model")
    read = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(read.decision_function(X), model.decision_function(X))
    np.testing.assert_array_equal(read.predict(X), model.predict(X))
    if model.probability:
        np.testing.assert_array_equal(read.predict_proba(X), model.predict_proba(X))


def test_a_saved_regression(tmp_path):
    X, y = scaled(load_diabetes)
    model = SVR(C=10).fit(X, y)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(tg.load(tmp_path / "model").predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": 0}, "C must be a positive number, got 0"),
        ({"C": math.inf}, "C must be a positive number, got inf"),
        ({"C": True}, "C must be a positive number, got True"),
        ({"kernel": "gauss"}, "kernel must be 'linear' or 'rbf' or 'poly' or 'sigmoid' or a fun"),
        ({"kernel": None}, "kernel must be"),
        ({"gamma": 0.0}, "gamma must be"),
        ({"gamma": "Scale"}, "gamma must be"),
        ({"degree": -1}, "degree must be"),
        ({"degree": 2.5}, "degree must be an integer of at least 0, got 2.5"),
        ({"tol": 0}, "tol must be"),
        ({"cache_size": 0}, "cache_size must be"),
        ({"max_iter": 0}, "max_iter must be"),
        ({"max_iter": 10.0}, "max_iter must be"),
        ({"decision_function_shape": "ovx"}, "decision_function_shape must be"),
        ({"probability": 1}, "probability must be True or False"),
        ({"class_weight": {7: 1.0}}, "class_weight must give positive numbers"),
        ({"kernel": lambda x, y: 1.0}, r"return shape \(1, 1\)"),
        ({"kernel": lambda x, y: np.full((len(x), len(y)), np.nan)}, "finite numbers"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SVC(**parameters).fit([[0.0], [1.0]], [0, 1])


def test_errors_leave_an_unfitted_model():
    model = SVC()
    for X, y in (([[0.0]], [1]), ([[0.0], [1e200]], [0, 1])):
        with pytest.raises(ValueError, match="SVC: expected"):
            model.fit(X, y)
        with pytest.raises(ValueError, match="not fitted"):
            model.predict([[0.0]])
        with pytest.raises(ValueError, match="not fitted"):
            _ = model.coef_


def test_weights_of_features_for_the_linear_kernel_only():
    model = SVC().fit([[0.0], [1.0]], [0, 1])
    assert not hasattr(model, "coef_")
    with pytest.raises(AttributeError, match="kernel='linear' only, got kernel='rbf'"):
        _ = model.coef_
