"""Random forests: what the trees see, what they say together, and hostile data."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble

import tinygrad_ml as tg
from tinygrad_ml.data import load_breast_cancer, load_diabetes, load_digits, load_wine
from tinygrad_ml.models import RandomForestClassifier, RandomForestRegressor


def problem(seed=0, n=120, d=4, n_classes=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.digitize(X[:, 0] + 0.3 * rng.normal(size=n), np.linspace(-1, 1, n_classes - 1))
    return X, y


def held_out(model, X, y, seeds=3):
    """Mean score on a third of the rows, of forests with these seeds."""
    scores = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(X))
        test, train = order[: len(X) // 3], order[len(X) // 3 :]
        model.set_params(random_state=seed)
        scores.append(model.fit(X[train], y[train]).score(X[test], y[test]))
    return np.mean(scores)


@pytest.mark.parametrize("load", [load_digits, load_breast_cancer, load_wine])
def test_as_good_as_scikit_learn_on_classes(load):
    X, y = load()
    ours = held_out(RandomForestClassifier(60), X, y)
    theirs = held_out(ensemble.RandomForestClassifier(60), X, y)
    assert abs(ours - theirs) < 0.015
    assert ours > 0.94


def test_as_good_as_scikit_learn_on_numbers():
    X, y = load_diabetes()
    ours = held_out(RandomForestRegressor(60), X, y)
    assert abs(ours - held_out(ensemble.RandomForestRegressor(60), X, y)) < 0.03


def test_the_forest_is_the_mean_of_its_trees():
    X, y = problem()
    forest = RandomForestClassifier(7, random_state=0).fit(X, y)
    trees = forest.estimators_
    assert len(trees) == 7
    mean = np.mean([tree.predict_proba(X) for tree in trees], axis=0)
    np.testing.assert_allclose(forest.predict_proba(X), mean, atol=1e-15)
    np.testing.assert_array_equal(forest.apply(X)[:, 3], trees[3].apply(X))
    importances = np.mean([tree.feature_importances_ for tree in trees], axis=0)
    np.testing.assert_allclose(forest.feature_importances_, importances, atol=1e-15)
    regression = RandomForestRegressor(7, random_state=0).fit(X, X[:, 1])
    mean = np.mean([tree.predict(X) for tree in regression.estimators_], axis=0)
    np.testing.assert_allclose(regression.predict(X), mean, atol=1e-14)


def test_hard_voting_counts_trees():
    X, y = problem()
    rules = {"max_depth": 2, "random_state": 0}  # leaves with several classes
    hard = RandomForestClassifier(9, voting="hard", **rules).fit(X, y)
    votes = np.stack([tree.predict(X) for tree in hard.estimators_])
    counts = np.stack([(votes == c).sum(axis=0) for c in hard.classes_], axis=1)
    np.testing.assert_allclose(hard.predict_proba(X), counts / 9)
    np.testing.assert_array_equal(hard.predict(X), hard.classes_[counts.argmax(axis=1)])
    soft = RandomForestClassifier(9, **rules).fit(X, y)
    assert not np.allclose(soft.predict_proba(X), hard.predict_proba(X))


def test_rows_out_of_the_bag_are_judged_by_trees_that_have_not_seen_them():
    X, y = problem(n=60)
    y = np.random.default_rng(1).integers(2, size=60)  # nothing to learn
    forest = RandomForestClassifier(200, oob_score=True, random_state=0).fit(X, y)
    assert forest.score(X, y) == 1 and forest.oob_score_ < 0.7
    assert forest.oob_decision_function_.shape == (60, 2)
    np.testing.assert_allclose(forest.oob_decision_function_.sum(axis=1), 1)
    hit = forest.oob_decision_function_.argmax(axis=1) == y
    assert forest.oob_score_ == hit.mean()
    wrong = lambda true, predicted: float((true != predicted).mean())
    forest.set_params(oob_score=wrong).fit(X, y)
    assert forest.oob_score_ == pytest.approx(1 - hit.mean())


def test_out_of_bag_numbers():
    X, y = load_diabetes()
    forest = RandomForestRegressor(80, oob_score=True, random_state=0).fit(X, y)
    theirs = ensemble.RandomForestRegressor(80, oob_score=True, random_state=0).fit(X, y)
    assert abs(forest.oob_score_ - theirs.oob_score_) < 0.03
    rest = 1 - ((y - forest.oob_prediction_) ** 2).mean() / y.var()
    assert forest.oob_score_ == pytest.approx(rest)


def test_rows_that_all_trees_have_seen_are_counted():
    X, y = problem(n=30)
    with pytest.warns(UserWarning, match="of 30 rows were shown to every tree"):
        forest = RandomForestClassifier(2, oob_score=True, random_state=0).fit(X, y)
    assert np.isnan(forest.oob_decision_function_).any() and 0 <= forest.oob_score_ <= 1
    with pytest.raises(ValueError, match="oob_score needs rows"):
        RandomForestClassifier(2, oob_score=True, bootstrap=False).fit(X, y)


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_a_seed_decides_and_threads_do_not(kind):
    X, y = problem()
    one = kind(10, random_state=3).fit(X, y)
    for again in (kind(10, random_state=3, n_jobs=2), kind(10, random_state=3, n_jobs=-1)):
        np.testing.assert_array_equal(again.fit(X, y).grove_.threshold, one.grove_.threshold)
    first, second = (kind(10, random_state=np.random.default_rng(3)).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    other = kind(10, random_state=4).fit(X, y)
    assert not np.array_equal(other.grove_.feature, one.grove_.feature)


def test_the_first_trees_do_not_depend_on_their_number():
    X, y = problem()
    few = RandomForestClassifier(3, random_state=0).fit(X, y)
    many = RandomForestClassifier(8, random_state=0).fit(X, y)
    np.testing.assert_array_equal(many.apply(X)[:, :3], few.apply(X))


def test_fitting_again_forgets():
    X, y = problem()
    forest = RandomForestClassifier(5, random_state=0)
    first = forest.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(forest.fit(X, y).predict_proba(X), first)
    assert len(forest.grove_) == 5


def test_features_are_drawn_for_each_split():
    X, y = problem(d=6)
    forest = RandomForestClassifier(3, max_features=1, random_state=0).fit(X, y)
    for tree in forest.estimators_:
        assert len(np.unique(tree.tree_.feature[tree.tree_.feature >= 0])) > 3
    assert forest.max_features_ == 1
    assert RandomForestClassifier(1).fit(X, y).max_features_ == 2


def test_weights_are_chances_to_be_drawn():
    X, y = problem(n_classes=2)
    weights = np.where(y == 1, 1.0, 1e-9)
    forest = RandomForestClassifier(5, random_state=0).fit(X, y, weights)
    assert (forest.predict(X) == 1).all()
    seen = RandomForestClassifier(5, random_state=0, class_weight={0: 1e-9, 1: 1.0}).fit(X, y)
    np.testing.assert_array_equal(seen.predict(X), forest.predict(X))
    for wanted in ("balanced", "balanced_subsample"):
        rare = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:4]]
        fair = RandomForestClassifier(30, max_depth=1, class_weight=wanted, random_state=0)
        plain = RandomForestClassifier(30, max_depth=1, random_state=0)
        fair, plain = (m.fit(X[rare], y[rare]).predict(X).mean() for m in (fair, plain))
        assert fair > plain + 0.1


def test_max_samples_and_no_bootstrap():
    X, y = problem()
    forest = RandomForestClassifier(4, max_samples=10, random_state=0).fit(X, y)
    roots = forest.grove_.roots[:-1]
    assert (forest.grove_.weighted_n_node_samples[roots] == 10).all()
    whole = RandomForestClassifier(4, bootstrap=False, random_state=0).fit(X, y)
    assert whole.score(X, y) == 1 and (whole.grove_.n_node_samples[roots * 0] == 120).all()
    with pytest.raises(ValueError, match="max_samples of at most 120, the number of rows, got 999"):
        RandomForestClassifier(4, max_samples=999).fit(X, y)


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_saved_and_loaded(kind, tmp_path):
    X, y = problem()
    forest = kind(4, random_state=0, oob_score=False).fit(X, y)
    forest.save(tmp_path / "forest")
    again = tg.load(tmp_path / "forest")
    np.testing.assert_array_equal(again.predict(X), forest.predict(X))
    np.testing.assert_array_equal(again.estimators_[1].predict(X), forest.estimators_[1].predict(X))


def test_a_progress_bar_on_request(capfd):
    X, y = problem()
    RandomForestClassifier(3, verbose=True).fit(X, y)
    assert "RandomForestClassifier" in capfd.readouterr().err
    RandomForestClassifier(3).fit(X, y)
    assert not capfd.readouterr().err


MISTAKES = {
    "n_estimators": (0, "n_estimators must be a positive integer, got 0"),
    "max_features": (9, "max_features of at most 4"),
    "n_jobs": (0, "n_jobs must be None for one, a number of threads or -1 for all cores, got 0"),
    "voting": ("mean", "voting must be 'soft' or 'hard', got 'mean'"),
    "max_samples": (1.5, "max_samples must be"),
    "bootstrap": ("yes", "bootstrap must be True or False"),
    "oob_score": (1, "oob_score must be True or False or a function, got 1"),
    "class_weight": ("fair", "class_weight must be None, 'balanced', 'balanced_subsample'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    value, words = MISTAKES[name]
    with pytest.raises(ValueError, match=words):
        RandomForestClassifier(**{name: value}).fit(*problem())


HOSTILE = st.sampled_from([0.0, 1.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 5e-324, np.nan, 0.5])


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_hostile_data(data):
    n, d = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))
    X = np.array(data.draw(st.lists(HOSTILE, min_size=n * d, max_size=n * d))).reshape(n, d)
    y = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n)))
    weights = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=n, max_size=n))
    )
    weights[0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rows that every tree has seen
        forest = RandomForestClassifier(3, oob_score=True, random_state=0).fit(X, y, weights)
    shares = forest.predict_proba(X)
    assert shares.shape == (n, len(forest.classes_))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    values = np.where(np.isnan(X[:, 0]), 2.0, X[:, 0])
    predicted = RandomForestRegressor(3, random_state=0).fit(X, values, weights).predict(X)
    counted = values[weights > 0]
    margin = 1e-12 * np.abs(counted).max()
    assert (predicted >= counted.min() - margin).all() and (
        predicted <= counted.max() + margin
    ).all()


def test_ten_thousand_classes():
    X = np.arange(20_000.0)[:, None]
    y = np.arange(20_000) // 2
    forest = RandomForestClassifier(2, bootstrap=False, random_state=0).fit(X, y)
    np.testing.assert_array_equal(forest.predict(X[:50]), y[:50])
    assert forest.predict_proba(X[:5]).shape == (5, 10_000)


def test_sums_of_huge_predictions_do_not_overflow():
    X = np.arange(8.0)[:, None]
    y = np.where(X[:, 0] < 4, -1.7e308, 1.7e308)
    predicted = RandomForestRegressor(20, bootstrap=False).fit(X, y).predict(X)
    np.testing.assert_allclose(predicted, y)
