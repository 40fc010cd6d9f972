"""Gradient boosting: the losses by their definitions, the loop by hand, and hostile data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble

import tinygrad_ml as tg
from tinygrad_ml.data import load_breast_cancer, load_diabetes, load_digits, load_iris
from tinygrad_ml.models import (
    DecisionTreeRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
)
from tinygrad_ml.models.boosting_losses import (
    AbsoluteError,
    Huber,
    ManyClasses,
    Quantile,
    SquaredError,
    TwoClasses,
    quantiles,
)

LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]
KINDS = [GradientBoostingClassifier, GradientBoostingRegressor]


def problem(seed=0, n=150, d=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, 3 * X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=n) / 3


def classes(seed=0, n_classes=3):
    X, y = problem(seed)
    cuts = np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.array(list("abcde"))[np.digitize(y, cuts)]


def test_squared_error_by_hand():
    X, y = problem()
    model = GradientBoostingRegressor(n_estimators=4, learning_rate=0.3, bins=None).fit(X, y)
    predicted = np.full(len(y), y.mean())
    for stage, found in enumerate(model.staged_predict(X)):
        tree = DecisionTreeRegressor(max_depth=3).fit(X, y - predicted)
        predicted = predicted + 0.3 * tree.predict(X)
        np.testing.assert_allclose(found, predicted, rtol=1e-10)
        assert model.train_score_[stage] == pytest.approx(((y - predicted) ** 2).mean())
    assert model.init_ == pytest.approx([y.mean()]) and model.n_estimators_ == 4


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_follow_scikit_learn(loss):
    X, y = problem()
    rules = {"loss": loss, "n_estimators": 30, "alpha": 0.8}
    ours = GradientBoostingRegressor(**rules).fit(X, y)
    theirs = ensemble.GradientBoostingRegressor(random_state=0, **rules).fit(X, y)
    np.testing.assert_allclose(ours.train_score_[:15], theirs.train_score_[:15], rtol=0.05)
    if loss == "squared_error":
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-6)
        apart = ours.feature_importances_ - theirs.feature_importances_
        assert np.abs(apart).max() < 0.02  # of equal splits they take any, we the first


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_log_loss_follows_scikit_learn(n_classes):
    X, y = classes(n_classes=n_classes)
    ours = GradientBoostingClassifier(n_estimators=20).fit(X, y)
    theirs = ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0).fit(X, y)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=0.02)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.05)


def mean_score(model, X, y, seeds=3):
    scores = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(X))
        test, train = order[: len(X) // 3], order[len(X) // 3 :]
        scores.append(model.fit(X[train], y[train]).score(X[test], y[test]))
    return np.mean(scores)


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_diabetes])
def test_as_good_as_scikit_learn(load):
    X, y = load()
    name = "GradientBoosting" + ("Regressor" if load is load_diabetes else "Classifier")
    ours = mean_score(getattr(tg.models, name)(n_estimators=60), X, y)
    theirs = mean_score(getattr(ensemble, name)(n_estimators=60, random_state=0), X, y)
    assert ours > theirs - (0.03 if load is load_diabetes else 0.02)


def test_digits():
    X, y = load_digits()
    assert mean_score(GradientBoostingClassifier(n_estimators=40), X, y, 2) > 0.93


def derivative(loss, y, raw, k, step=1e-6):
    """Of the sum of losses by raw predictions, by central differences, a row at a time."""
    out = np.empty(len(y))
    for i in range(len(y)):
        sides = []
        for sign in (1, -1):
            moved = raw[i : i + 1].copy()
            moved[0, k] += sign * step
            sides.append(loss.mean(y[i : i + 1], moved, None))
        out[i] = (sides[0] - sides[1]) / (2 * step)
    return out


def test_gradients_are_those_of_the_losses():
    rng = np.random.default_rng(0)
    y, raw = rng.normal(size=20), rng.normal(size=(20, 1))
    for loss in (SquaredError(), AbsoluteError(), Quantile(0.3), Huber(0.7)):
        factor = 2 if type(loss) is SquaredError else 1
        found = loss.gradients(y, raw, None)[:, 0]
        np.testing.assert_allclose(-factor * found, derivative(loss, y, raw, 0), atol=1e-5)
    labels = rng.integers(2, size=20)
    found = TwoClasses().gradients(labels, raw, None)[:, 0]
    np.testing.assert_allclose(-2 * found, derivative(TwoClasses(), labels, raw, 0), atol=1e-5)
    labels, raw = rng.integers(3, size=20), rng.normal(size=(20, 3))
    loss = ManyClasses(3)
    found = loss.gradients(labels, raw, None)
    for k in range(3):
        np.testing.assert_allclose(-found[:, k], derivative(loss, labels, raw, k), atol=1e-5)


def test_quantiles_of_groups():
    rng = np.random.default_rng(0)
    values, group = np.round(rng.normal(size=200), 1), rng.integers(5, size=200)
    weights = rng.integers(1, 4, 200).astype(float)
    for share in (0.1, 0.25, 0.5, 0.9):
        found = quantiles(values, None, share, group, 6)
        repeated = quantiles(np.repeat(values, weights.astype(int)), None, share,
                             np.repeat(group, weights.astype(int)), 6)  # fmt: skip
        np.testing.assert_array_equal(quantiles(values, weights, share, group, 6), repeated)
        for g in range(5):
            expected = np.quantile(values[group == g], share, method="averaged_inverted_cdf")
            assert found[g] == pytest.approx(expected, abs=1e-12)
        assert found[5] == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_a_quantile_loss_finds_its_quantile(loss):
    X, y = problem(n=600)
    model = GradientBoostingRegressor(loss=loss, alpha=0.8).fit(X, y)
    below = (y < model.predict(X)).mean()
    assert abs(below - (0.8 if loss == "quantile" else 0.5)) < 0.06


def test_bins_lose_nothing_where_values_are_few():
    X, y = problem()
    X = np.round(X, 1)
    one = GradientBoostingRegressor(n_estimators=20).fit(X, y)
    other = GradientBoostingRegressor(n_estimators=20, bins=None).fit(X, y)
    deep = GradientBoostingRegressor(n_estimators=20, max_depth=None).fit(X, y)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    assert deep.score(X, y) > one.score(X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_stages_end_in_the_prediction(kind):
    X, y = classes() if kind is KINDS[0] else problem()
    model = kind(n_estimators=7).fit(X, y)
    *_, last = model.staged_predict(X)
    if kind is KINDS[1]:
        np.testing.assert_allclose(last, model.predict(X), atol=1e-12)
    else:
        np.testing.assert_array_equal(last, model.predict(X))
    assert len(list(model.staged_predict(X))) == 7
    if kind is KINDS[0]:
        *_, raw = model.staged_decision_function(X)
        np.testing.assert_allclose(raw, model.decision_function(X), atol=1e-12)
        *_, shares = model.staged_predict_proba(X)
        np.testing.assert_allclose(shares, model.predict_proba(X), atol=1e-12)
        assert model.apply(X).shape == (150, 7, 3)
    else:
        assert model.apply(X).shape == (150, 7)


def test_two_classes_have_one_column():
    X, y = classes(n_classes=2)
    model = GradientBoostingClassifier(n_estimators=9).fit(X, y)
    score = model.decision_function(X)
    assert score.shape == (150,) and model.apply(X).shape == (150, 9, 1)
    np.testing.assert_array_equal(model.predict(X) == "b", score > 0)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-score)))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping(kind):
    X, y = classes() if kind is KINDS[0] else problem()
    rules = {"n_estimators": 400, "learning_rate": 0.5, "validation_fraction": 0.2}
    model = kind(n_iter_no_change=5, random_state=0, **rules).fit(X, y)
    assert 5 < model.n_estimators_ < 400
    assert len(model.validation_score_) == len(model.train_score_) == model.n_estimators_
    last = model.validation_score_[-1]
    assert last + model.tol >= model.validation_score_[-6:-1].max()
    again = kind(n_iter_no_change=5, random_state=0, **rules).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert not hasattr(kind(n_estimators=2).fit(X, y), "validation_score_")


@pytest.mark.parametrize("kind", KINDS)
def test_subsampling_judges_on_the_other_rows(kind):
    X, y = classes() if kind is KINDS[0] else problem()
    model = kind(subsample=0.5, n_estimators=30, random_state=0).fit(X, y)
    assert model.oob_scores_.shape == model.oob_improvement_.shape == (30,)
    assert model.oob_score_ == model.oob_scores_[-1]
    assert model.oob_improvement_[0] > 0
    assert model.oob_scores_[-5:].mean() > model.train_score_[-5:].mean()


def test_rows_out_of_the_bag_get_their_steps():
    X, y = problem()
    model = GradientBoostingRegressor(subsample=0.6, n_estimators=20, random_state=0).fit(X, y)
    predicted = model.predict(X)
    inside, outside = model.train_score_[-1], model.oob_scores_[-1]
    whole = ((y - predicted) ** 2).mean()
    assert whole == pytest.approx(0.6 * inside + 0.4 * outside)


def test_fitting_again_forgets():
    X, y = problem()
    model = GradientBoostingRegressor(n_estimators=5)
    first = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(model.fit(X, y).predict(X), first)
    assert len(model.grove_) == 5


def test_where_it_starts():
    X, y = problem()
    base = DecisionTreeRegressor(max_depth=2)
    model = GradientBoostingRegressor(init=base, n_estimators=3, learning_rate=0.1).fit(X, y)
    rest = GradientBoostingRegressor(init="zero", n_estimators=3, learning_rate=0.1)
    start = base.fit(X, y).predict(X)
    rest.fit(X, y - start)
    np.testing.assert_allclose(model.predict(X), start + rest.predict(X), atol=1e-7)
    X, y = classes()
    start = GradientBoostingClassifier(n_estimators=3)
    better = GradientBoostingClassifier(init=start, n_estimators=3).fit(X, y)
    assert better.train_score_[-1] < start.fit(X, y).train_score_[-1]


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**900])
def test_the_unit_of_targets_changes_nothing(scale):
    X, y = problem()
    one = GradientBoostingRegressor(n_estimators=5).fit(X, y)
    other = GradientBoostingRegressor(n_estimators=5).fit(X, y * scale)
    np.testing.assert_array_equal(other.predict(X), one.predict(X) * scale)


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions(loss):
    X, y = problem(n=60)
    X = np.round(X, 1)
    counts = np.random.default_rng(0).integers(0, 4, 60)
    rules = {"loss": loss, "n_estimators": 5}
    one = GradientBoostingRegressor(**rules).fit(X, y, counts)
    other = GradientBoostingRegressor(**rules).fit(np.repeat(X, counts, 0), np.repeat(y, counts))
    np.testing.assert_allclose(one.predict(X), other.predict(X), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded(kind, tmp_path):
    X, y = classes() if kind is KINDS[0] else problem()
    model = kind(n_estimators=4).fit(X, y)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(tg.load(tmp_path / "model").predict(X), model.predict(X))


MISTAKES = {
    "n_estimators": (0, "n_estimators must be a positive integer, got 0"),
    "learning_rate": (0, "learning_rate must be a positive number, got 0"),
    "subsample": (0.0, "subsample must be a number above 0 and of at most 1, got 0.0"),
    "loss": ("mse", "loss must be 'squared_error'"),
    "alpha": (1.0, "alpha must be a number above 0 and below 1, got 1.0"),
    "init": ("mean", "init must be 'zero' or None or an estimator, got 'mean'"),
    "bins": (1000, "bins must be an integer from 2 to 255"),
    "max_depth": (0, "max_depth must be a positive integer"),
    "n_iter_no_change": (True, "n_iter_no_change must be a positive integer or None, got True"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    value, words = MISTAKES[name]
    with pytest.raises(ValueError, match=words):
        GradientBoostingRegressor(**{name: value}).fit(*problem())


def test_too_few_rows_to_hold_some_out():
    with pytest.raises(ValueError, match="more rows than the validation part of 1, got n_samples"):
        GradientBoostingRegressor(n_iter_no_change=3).fit([[1.0]], [2.0])
    with pytest.raises(ValueError, match="expected init to know all 3 classes"):
        GradientBoostingClassifier(init=_Blind()).fit(*classes())


class _Blind:
    """Knows two classes only."""

    def get_params(self, deep=False):
        return {}

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


HOSTILE = st.sampled_from([0.0, 1.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 5e-324, np.nan, 0.5])


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_hostile_data(data):
    n, d = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))
    X = np.array(data.draw(st.lists(HOSTILE, min_size=n * d, max_size=n * d))).reshape(n, d)
    y = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n)))
    weights = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1.0, 1e300]), min_size=n, max_size=n))
    )
    weights[0] = 1.0
    rules = {"n_estimators": 3, "random_state": 0}
    rules["subsample"] = data.draw(st.sampled_from([1.0, 0.5]))
    model = GradientBoostingClassifier(**rules).fit(X, y, weights)
    shares = model.predict_proba(X)
    assert shares.shape == (n, len(model.classes_))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    values = np.where(np.isnan(X[:, 0]), 2.0, X[:, 0])
    loss = data.draw(st.sampled_from(LOSSES))
    predicted = GradientBoostingRegressor(loss=loss, **rules).fit(X, values, weights).predict(X)
    assert predicted.shape == (n,) and np.isfinite(predicted).all()


def test_weights_of_any_size():
    X, y = problem()
    rules = {"n_estimators": 5}
    expected = GradientBoostingRegressor(**rules).fit(X, y).predict(X)
    for size in (1e-300, 1e300):
        found = GradientBoostingRegressor(**rules).fit(X, y, np.full(150, size)).predict(X)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    vanishing = np.where(y > 0, 1e-300, 1e300)
    assert (GradientBoostingRegressor(**rules).fit(X, y, vanishing).predict(X) < 0).all()


def test_an_init_that_cannot_do_what_is_asked():
    X, y = classes()
    with pytest.raises(ValueError, match="init with predict_proba, got DecisionTreeRegressor"):
        GradientBoostingClassifier(init=DecisionTreeRegressor()).fit(X, y)
    with pytest.raises(ValueError, match="init whose fit takes sample_weight, got _Blind"):
        GradientBoostingClassifier(init=_Blind()).fit(X, y, np.ones(150))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_steps_that_are_far_too_long():
    X, y = problem()
    with pytest.raises(ValueError, match="beyond all bounds after 2 stages .* Lower learning_rate"):
        GradientBoostingRegressor(learning_rate=1e300).fit(X, y)
