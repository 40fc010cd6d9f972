"""Least squares against closed forms, the hand-derived gradients, scikit-learn and plain loops."""

import numpy as np
import pytest
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

import by_hand
import tinygrad_ml as tg
from tinygrad_ml.data import load_diabetes
from tinygrad_ml.estimator import clone
from tinygrad_ml.model_selection import LeaveOneOut, cross_val_predict
from tinygrad_ml.models import LinearRegression, Ridge, linear
from tinygrad_ml.validation import ConvergenceWarning

SOLVERS = ["lstsq", "gradient", "autograd"]
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4)) @ np.diag([1, 2, 0.5, 1]) + [0, 1, -1, 2]
ONE = X @ [1.0, -2.0, 3.0, 0.5] + 4 + rng.normal(size=40)
TWO = np.column_stack([ONE, rng.normal(size=40)])
WEIGHTS = rng.integers(0, 4, 40)
STEPS = {"learning_rate": 0.15, "max_iter": 20_000, "tol": 1e-12}


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_line_is_recovered(solver):
    x = np.linspace(-1, 2, 9)[:, None]
    model = LinearRegression(solver=solver, **STEPS).fit(x, 2 * x[:, 0] + 1)
    np.testing.assert_allclose([*model.coef_, model.intercept_], [2, 1], atol=1e-9)
    assert type(model.intercept_) is float and model.coef_.shape == (1,)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("y", [ONE, TWO, TWO[:, :1]], ids=["one", "two", "column"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weights"])
def test_all_three_ways_agree_with_scikit_learn(y, weights, intercept):
    expected = peer.LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    for solver in SOLVERS:
        model = LinearRegression(intercept, solver, **STEPS).fit(X, y, weights)
        np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-8)
        np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-8)
        assert model.coef_.shape == expected.coef_.shape
        assert np.shape(model.intercept_) == np.shape(expected.intercept_)
        assert model.predict(X).shape == y.shape


def test_three_ways_on_diabetes_and_its_figure():
    data, y = load_diabetes()
    scores = {"lstsq": [], "ridge": []}
    for train, test in KFold(5, shuffle=True, random_state=0).split(data):
        for name, model in (("lstsq", LinearRegression()), ("ridge", Ridge(1e-3))):
            scores[name].append(model.fit(data[train], y[train]).score(data[test], y[test]))
    assert np.mean(scores["lstsq"]) == pytest.approx(0.489, abs=0.0005)
    assert np.mean(scores["ridge"]) > 0.48
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    exact = LinearRegression().fit(z, y)
    for solver in SOLVERS[1:]:
        steps = {"learning_rate": 0.4, "max_iter": 20_000, "tol": 1e-9}
        model = LinearRegression(solver=solver, **steps).fit(z, y)
        np.testing.assert_allclose(model.predict(z), exact.predict(z), atol=1e-3)


@pytest.mark.parametrize("y", [ONE, TWO], ids=["one", "two"])
def test_the_gradient_by_hand_is_that_of_autograd(y):
    w, b = rng.normal(size=(4, *y.shape[1:])), rng.normal(size=y.shape[1:])
    share = rng.random(40)
    share /= share.sum()
    for one, other in zip(
        linear.by_hand(X, y, share, w, b), linear.by_autograd(X, y, share, w, b), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    if y.ndim == 1:
        _, *gradients = linear.by_hand(X, y, np.full(40, 1 / 40), w, b)
        for one, other in zip(gradients, by_hand.linear_regression(X, y, w, b), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS[1:])
def test_one_step_by_hand_and_the_loss_history(solver):
    # y^ = 0: dw = mean(x (y^ - y)) = -5/2, db = mean(y^ - y) = -2; the loss is (1 + 9) / 4
    model = LinearRegression(solver=solver, learning_rate=0.1, max_iter=1)
    with pytest.warns(ConvergenceWarning, match="1 steps left a gradient"):
        model.fit([[-1.0], [2.0]], [1.0, 3.0])
    assert model.coef_ == pytest.approx([0.25]) and model.intercept_ == pytest.approx(0.2)
    assert model.loss_history_ == pytest.approx([2.5]) and model.n_iter_ == 1
    longer = LinearRegression(solver=solver, **STEPS).fit(X, ONE)
    assert (np.diff(longer.loss_history_) <= 1e-12).all()
    assert longer.n_iter_ == len(longer.loss_history_)


@pytest.mark.parametrize("solver", SOLVERS[1:])
def test_divergence_is_named_with_a_rate_that_works(solver):
    with pytest.raises(ValueError, match=r"it diverges. Below 2 / \(largest eigenvalue\)") as error:
        LinearRegression(solver=solver, learning_rate=3.0).fit(X, ONE)
    safe = float(str(error.value).partition("eigenvalue) = ")[2].split()[0])
    for rate, works in ((0.98 * safe, True), (1.02 * safe, False)):
        model = LinearRegression(solver=solver, learning_rate=rate, max_iter=10**6, tol=1e-4)
        if works:
            assert model.fit(X, ONE).score(X, ONE) > 0.9
        else:
            with pytest.raises(ValueError, match="diverges"):
                model.fit(X, ONE)


def test_the_shortest_of_equally_good_lines():
    wide = rng.normal(size=(5, 9))
    model = LinearRegression().fit(wide, ONE[:5])
    np.testing.assert_allclose(model.predict(wide), ONE[:5], atol=1e-10)
    centred = wide - wide.mean(axis=0)
    np.testing.assert_allclose(model.coef_, np.linalg.pinv(centred) @ ONE[:5], atol=1e-10)
    assert model.rank_ == 4 and len(model.singular_) == 5


ALPHAS = [0.0, 1e-12, 1e-3, 1.0, 1e6]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("shape", [(40, 4), (6, 15)])
@pytest.mark.parametrize("weights", [None, WEIGHTS + 1], ids=["", "weights"])
@pytest.mark.parametrize("intercept", [True, False])
def test_ridge_is_least_squares_with_rows_for_the_penalty(alpha, shape, weights, intercept):
    """Rows sqrt(alpha) I with targets 0 below the centred data: an independent closed form."""
    data, y = rng.normal(size=shape) + 3, rng.normal(size=(shape[0], 2))
    w = None if weights is None else weights[: shape[0]].astype(float)
    mean = np.average(data, axis=0, weights=w) if intercept else 0
    level = np.average(y, axis=0, weights=w) if intercept else 0
    root = np.ones((shape[0], 1)) if w is None else np.sqrt(w)[:, None]
    below = np.sqrt(alpha) * np.eye(shape[1])
    rows = np.vstack([root * (data - mean), below])
    targets = np.vstack([root * (y - level), np.zeros((shape[1], 2))])
    expected = np.linalg.lstsq(rows, targets)[0]
    model = Ridge(alpha, intercept).fit(data, y, w)
    np.testing.assert_allclose(model.coef_.T, expected, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, level - mean @ expected if intercept else 0.0,
                               atol=1e-7)  # fmt: skip
    if alpha >= 1e-3:
        theirs = peer.Ridge(alpha, fit_intercept=intercept).fit(data, y[:, 0], w)
        np.testing.assert_allclose(model.coef_[0], theirs.coef_, atol=1e-8)


def test_ridge_with_a_penalty_for_each_output():
    both = Ridge([0.1, 10.0]).fit(X, TWO)
    for k, alpha in enumerate([0.1, 10.0]):
        np.testing.assert_allclose(both.coef_[k], Ridge(alpha).fit(X, TWO[:, k]).coef_, atol=1e-12)
    np.testing.assert_allclose(Ridge([2.0]).fit(X, ONE).coef_, Ridge(2.0).fit(X, ONE).coef_)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e150, 1e300])
def test_any_unit(scale):
    expected = LinearRegression().fit(X, ONE).predict(X)
    np.testing.assert_allclose(LinearRegression().fit(X * scale, ONE).predict(X * scale), expected)
    ridge = Ridge().fit(X * scale, ONE).predict(X * scale)
    np.testing.assert_allclose(ridge, expected if scale > 1 else np.full(40, ONE.mean()))


def plain_leave_one_out(model, data, y):
    rows = np.arange(len(data))
    return np.array([clone(model).fit(data[rows != i], y[rows != i]).predict(data[i : i + 1])[0]
                     for i in rows])  # fmt: skip


@pytest.mark.parametrize("y", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize(
    "model",
    [LinearRegression(), LinearRegression(False), Ridge(0.3), Ridge(0.3, False), Ridge(0.0)],
    ids=repr,
)
def test_leave_one_out_is_the_plain_loop(model, y):
    lonely = X.copy()
    lonely[:, 3] = 0
    lonely[7, 3] = 5.0  # nothing else says anything about this feature: h = 1
    for data in (X, lonely, X[:3], np.repeat(X[:4], 2, axis=0)):
        targets = y[: len(data)]
        expected = plain_leave_one_out(model, data, targets)
        np.testing.assert_allclose(model._leave_one_out(data, targets), expected, atol=1e-8)
    assert not hasattr(model, "coef_")


def test_cross_validation_takes_the_shortcut():
    predicted = cross_val_predict(Ridge(), X, ONE, cv=LeaveOneOut())
    np.testing.assert_allclose(predicted, plain_leave_one_out(Ridge(), X, ONE), atol=1e-10)


def test_leave_one_out_of_ridge_with_two_penalties_and_of_steps():
    model = Ridge([0.1, 10.0])
    np.testing.assert_allclose(model._leave_one_out(X, TWO), plain_leave_one_out(model, X, TWO))
    steps = LinearRegression(solver="gradient", learning_rate=0.1, max_iter=10_000, tol=1e-3)
    np.testing.assert_allclose(steps._leave_one_out(X[:8], ONE[:8]),
                               plain_leave_one_out(steps, X[:8], ONE[:8]))  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10**6), st.booleans())
def test_the_residual_is_orthogonal_to_every_feature(n, d, seed, repeat):
    draw = np.random.default_rng(seed)
    data, y = draw.integers(-3, 4, (n, d)).astype(float), draw.integers(-5, 6, n).astype(float)
    if repeat:
        data[:, -1] = data[:, 0]
    residual = y - LinearRegression().fit(data, y).predict(data)
    np.testing.assert_allclose(data.T @ residual, 0, atol=1e-9)
    assert residual.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("model", [LinearRegression(solver="gradient", **STEPS), Ridge([1.0, 2.0])])
def test_saved_and_loaded(model, tmp_path):
    tg.save(model.fit(X, TWO), tmp_path / "model")
    again = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()


@pytest.mark.parametrize("alpha", [[1.0, 2.0], [-1.0], ["a"], [[1], [1, 2]]])
def test_an_alpha_that_fits_no_output(alpha):
    with pytest.raises(
        ValueError, match="Ridge: alpha must be a number from 0 on, or one for each"
    ):
        Ridge(alpha).fit(X, ONE)


@pytest.mark.parametrize("kind", [LinearRegression, Ridge])
def test_overflows_are_named(kind):
    with pytest.raises(ValueError, match="expected values whose sums are finite, got X"):
        kind().fit(np.sign(X) * 1.7e308, ONE)
    with pytest.raises(ValueError, match="expected values whose sums are finite, got y"):
        kind().fit(X, np.sign(ONE) * 1.7e308)
    with pytest.raises(ValueError, match="y is too large beside X"):
        (LinearRegression() if kind is LinearRegression else Ridge(0.0)).fit(
            X * 1e-300, ONE * 1e300
        )
    with pytest.raises(ValueError, match=r"it diverges. Features of mean 0"):
        LinearRegression(solver="gradient").fit(X * 1e300, ONE)


@pytest.mark.parametrize(
    "parameters, words",
    [({"solver": "sgd"}, "solver must be 'lstsq' or"), ({"learning_rate": 0}, "a positive number"),
     ({"max_iter": 1.5}, "a positive integer"), ({"fit_intercept": 1}, "True or False"),
     ({"tol": -1}, "at least 0")],
)  # fmt: skip
def test_parameters(parameters, words):
    with pytest.raises(ValueError, match=words):
        LinearRegression(**parameters).fit(X, ONE)
