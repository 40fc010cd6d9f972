"""Logistic regression against scikit-learn at its tightest, autograd, and its own definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.model_selection import StratifiedKFold

import by_hand
import tinygrad_ml as tg
from tinygrad_ml.data import load_breast_cancer, load_digits, load_iris
from tinygrad_ml.functional import cross_entropy, one_hot
from tinygrad_ml.models import LogisticRegression
from tinygrad_ml.models.logistic import MeanLoss
from tinygrad_ml.validation import ConvergenceWarning

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)) * [1, 10, 0.1, 1] + [0, 5, 1, -2]
SCORES = (X - [0, 5, 1, -2]) / [1, 10, 0.1, 1] @ rng.normal(size=(4, 3))
MANY = (SCORES + rng.gumbel(size=(60, 3))).argmax(axis=1)
TWO = np.where(MANY == 0, "yes", "no")
WEIGHTS = rng.integers(0, 3, 60)
TIGHT = {"tol": 1e-11, "max_iter": 500}


def objective(model, data, y, weights=1.0):
    """C * (sum of the losses) + |w|^2 / 2, from the definition."""
    logs = model.predict_log_proba(data)
    own = logs[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return model.C * -(weights * own).sum() + 0.5 * (model.coef_**2).sum()


@pytest.mark.parametrize("y", [TWO, MANY], ids=["two", "many"])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_coefficients_are_scikit_learns(y, C, intercept, form):
    expected = Peer(C=C, fit_intercept=intercept, solver="newton-cg", tol=1e-12, max_iter=1000)
    expected.fit(X, y, WEIGHTS)
    model = LogisticRegression(C, fit_intercept=intercept, solver="newton", **TIGHT)
    model.fit(form(X), y, WEIGHTS)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(form(X)), expected.predict_proba(X), atol=1e-7)
    np.testing.assert_allclose(
        model.decision_function(form(X)), expected.decision_function(X), atol=1e-5
    )
    assert model.coef_.shape == expected.coef_.shape and model.n_iter_.shape == (1,)
    assert objective(model, X, y, WEIGHTS) <= objective(expected, X, y, WEIGHTS) * (1 + 1e-12)


@pytest.mark.parametrize("y", [TWO, MANY], ids=["two", "many"])
def test_both_solvers_reach_the_same_point(y):
    newton = LogisticRegression(solver="newton", **TIGHT).fit(X, y)
    lbfgs = LogisticRegression(solver="lbfgs", tol=1e-7, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(lbfgs.coef_, newton.coef_, atol=1e-4)
    np.testing.assert_allclose(lbfgs.predict_proba(X), newton.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_derivatives_are_those_of_autograd(classes):
    y = MANY % classes
    targets = y[None].astype(float) if classes == 2 else one_hot(y, 3, np.float64).T
    share = np.full(60, 1 / 60)
    loss = MeanLoss(X, targets, share, 0.1, intercept=True)
    V = rng.normal(size=loss.size)
    w, b = loss.coefficients(V)

    def by_autograd(V):
        """The definition, in the coordinates of the solvers."""
        w = V[:, :-1] / loss.units
        scores = loss.X @ V.T
        if classes == 2:
            scores = np.concatenate([np.zeros((60, 1)), scores], axis=1)
        return cross_entropy(scores, y) + 0.05 * (w * w).sum()

    value, gradient = tg.value_and_grad(by_autograd)(V)
    ours, slope, p = loss.value(V)
    assert ours == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(slope, gradient, atol=1e-12)
    D = rng.normal(size=V.shape)
    np.testing.assert_allclose(loss.curvature(p, D), tg.hvp(by_autograd)(V, D), atol=1e-12)
    np.testing.assert_allclose(X @ w.T + b, loss.X @ V.T, atol=1e-12)


def test_the_gradient_of_the_textbook_is_zero_at_the_end():
    y = (TWO == "yes").astype(float)
    model = LogisticRegression(C=2.0, **TIGHT).fit(X, TWO)
    dw, db = by_hand.logistic_regression(X, y, model.coef_[0], model.intercept_[0])
    np.testing.assert_allclose(dw * 60 + model.coef_[0] / 2.0, 0, atol=1e-6)
    assert db == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
@pytest.mark.parametrize("y", [TWO, MANY], ids=["two", "many"])
@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_a_weight_of_k_is_the_row_k_times(y, solver, form):
    weighted = LogisticRegression(solver=solver).fit(form(X), y, WEIGHTS)
    repeated = LogisticRegression(solver=solver)
    repeated.fit(form(np.repeat(X, WEIGHTS, axis=0)), np.repeat(y, WEIGHTS))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


def test_class_weights():
    for wanted in ("balanced", {"yes": 3.0}, {"no": 0.5, "yes": 2}):
        ours = LogisticRegression(class_weight=wanted, **TIGHT).fit(X, TWO, WEIGHTS)
        theirs = Peer(class_weight=wanted, solver="newton-cholesky", tol=1e-12, max_iter=500)
        theirs.fit(X, TWO, WEIGHTS)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-8)


def cross_validated(model, data, y):
    """The share of right predictions of every fold, z-scored on the training part."""
    right = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(data, y):
        mean, scale = data[train].mean(axis=0), data[train].std(axis=0)
        scale[scale == 0] = 1
        model.fit((data[train] - mean) / scale, y[train])
        right.append((model.predict((data[test] - mean) / scale) == y[test]).sum())
    return np.array(right)


@pytest.mark.parametrize("load, figure", [(load_digits, 0.969), (load_breast_cancer, 0.979)])
def test_figures(load, figure):
    data, y = load()
    ours, theirs = (cross_validated(kind(), data, y) for kind in (LogisticRegression, Peer))
    assert ours.sum() / len(y) == pytest.approx(figure, abs=0.0011)
    assert np.abs(ours - theirs).max() <= 1


def test_features_in_their_units_need_no_scaling():
    data, y = load_breast_cancer()
    exact = LogisticRegression(tol=1e-12).fit(data, y)
    for model in (LogisticRegression(), LogisticRegression(solver="lbfgs", max_iter=1000)):
        model.fit(data, y)  # without a warning
        np.testing.assert_allclose(model.predict_proba(data), exact.predict_proba(data), atol=0.02)
    assert LogisticRegression().fit(data, y).n_iter_ < 20


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_any_unit(scale):
    model = LogisticRegression(penalty=None, **TIGHT)
    expected = model.fit(X, TWO).predict_proba(X)
    np.testing.assert_allclose(model.fit(X * scale, TWO).predict_proba(X * scale), expected)
    penalised = LogisticRegression().fit(X * scale, TWO).predict_proba(X * scale)
    if scale < 1:  # such features would need enormous coefficients
        np.testing.assert_allclose(penalised[:, 1], (TWO == "yes").mean(), atol=1e-4)


def test_no_penalty_is_an_infinite_C_and_collinear_features_do_no_harm():
    twice = np.column_stack([X, X[:, 0], np.ones(60)])
    one = LogisticRegression(penalty=None, **TIGHT).fit(X, MANY)
    other = LogisticRegression(C=np.inf, **TIGHT).fit(twice, MANY)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(twice), atol=1e-7)
    y = MANY == 0  # the normal equations of maximum likelihood
    residual = y - one.predict_proba(X)[:, 0]
    np.testing.assert_allclose(X.T @ residual, 0, atol=1e-6)


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_separable_classes(solver):
    data, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1, 1]
    model = LogisticRegression(solver=solver).fit(data, y)
    assert model.score(data, y) == 1.0
    assert model.predict_proba([[1.5]])[0] == pytest.approx([0.5, 0.5], abs=1e-3)
    with pytest.warns(ConvergenceWarning, match="larger coefficients are always better"):
        free = LogisticRegression(penalty=None, solver=solver).fit(data, y)
    assert free.score(data, y) == 1.0
    iris, kinds = load_iris()
    with pytest.warns(ConvergenceWarning, match="larger coefficients"):
        LogisticRegression(penalty=None, solver=solver).fit(
            iris[[0, 1, 60, 61, 120]], [0, 0, 1, 1, 2]
        )


def test_probabilities_too_small_for_a_number():
    model = LogisticRegression().fit(X, TWO)
    model.coef_, model.intercept_ = np.array([[1000.0, 0, 0, 0]]), np.zeros(1)
    far = np.array([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]])
    np.testing.assert_array_equal(model.predict_proba(far), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(model.predict_log_proba(far), [[-2000, 0], [0, -2000]])


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 4), st.integers(0, 10**6))
def test_the_loss_is_least(classes, seed):
    draw = np.random.default_rng(seed)
    data = draw.normal(size=(20, 3))
    y = np.arange(20) % classes
    model = LogisticRegression(C=float(draw.choice([0.1, 1, 10])), **TIGHT).fit(data, y)
    least = objective(model, data, y)
    coef, intercept = model.coef_, model.intercept_
    for _ in range(5):
        model.coef_ = coef + 1e-3 * draw.normal(size=coef.shape)
        model.intercept_ = intercept + 1e-3 * draw.normal(size=intercept.shape)
        assert objective(model, data, y) > least


def test_too_few_steps_are_told():
    with pytest.warns(ConvergenceWarning, match=r"after 1 steps. Use a larger max_iter, or solver"):
        LogisticRegression(max_iter=1).fit(X, MANY)
    with pytest.warns(ConvergenceWarning, match=r"Use a larger max_iter\.$"):
        LogisticRegression(max_iter=1, solver="newton").fit(X, MANY)


def test_saved_and_loaded(tmp_path):
    model = LogisticRegression(class_weight={"yes": 2.0}).fit(X, TWO)
    tg.save(model, tmp_path / "model")
    again = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "parameters, words",
    [({"C": 0}, "C must be a positive number or np.inf"), ({"C": -np.inf}, "C must be"),
     ({"penalty": "l1"}, "penalty must be 'l2' or None"), ({"solver": "saga"}, "solver must be"),
     ({"class_weight": "none"}, "class_weight must be None or 'balanced' or a dict"),
     ({"class_weight": {5: 1.0}}, "positive numbers for classes of y"),
     ({"class_weight": {"yes": 0}}, "positive numbers for classes of y"),
     ({"tol": 0}, "tol must be"), ({"max_iter": True}, "max_iter must be")],
)  # fmt: skip
def test_parameters(parameters, words):
    with pytest.raises(ValueError, match=words):
        LogisticRegression(**parameters).fit(X, TWO)


def test_data_it_cannot_learn_from():
    with pytest.raises(ValueError, match="expected at least two classes in y, got 1 class, 'yes'"):
        LogisticRegression().fit(X, ["yes"] * 60)
    with pytest.raises(ValueError, match="values near the largest number"):
        LogisticRegression().fit(np.sign(X) * 1.7e308, TWO)
