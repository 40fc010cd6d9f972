"""LVQ: the worked step, the rules by hand, the starts, digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits, load_iris
from tinygrad_ml.models import LVQ

IRIS, KINDS = load_iris()
NAMES = np.array(["setosa", "versicolor", "virginica"])[KINDS]


def one_step(prototypes, classes, x, label, **options):
    """The prototypes after a single sample, at a rate of 0.1."""
    options = {"learning_rate": 0.1, "max_iter": 1, "shuffle": False} | options
    return LVQ(init=(prototypes, classes), **options).fit([x], [label]).prototypes_.tolist()


@pytest.mark.parametrize("second", [[1, 0, 0, 0], [1, 1, 1, 1]])
def test_the_worked_step(second):
    """D^2 = (1, 2), or (1, 3): the first is nearest and wrong, so it moves away."""
    moved = one_step([[0, 0, 1, 1], second], [1, 2], [0, 0, 0, 1], 2)
    assert moved == [[0, 0, 1.1, 1], second]


def test_the_nearest_moves_towards_a_sample_of_its_class():
    np.testing.assert_allclose(one_step([[0.0], [5.0]], [1, 2], [1.0], 1), [[0.1], [5.0]])


def test_of_equally_near_prototypes_the_first_wins_once():
    np.testing.assert_allclose(one_step([[0.0], [2.0], [0.0]], [2, 1, 1], [1.0], 1),
                               [[-0.1], [2.0], [0.0]])  # fmt: skip
    tied = LVQ(init=([[0.0], [2.0]], ["b", "a"]), max_iter=1).fit([[-5.0], [9.0]], ["b", "a"])
    tied.prototypes_ = np.array([[0.0], [2.0]])
    assert tied.predict([[1.0]]).tolist() == ["b"]


@pytest.mark.parametrize("classes", [[1, 2], [2, 1]])
def test_lvq21_moves_both_in_either_order(classes):
    """x = 0.9 between 0 and 2: d1/d2 = 0.9/1.1 = 0.82 > 0.7/1.3 = 0.54, whoever is right."""
    toward = [[0.09], [2.11]] if classes == [1, 2] else [[-0.09], [1.89]]
    for algorithm in ("lvq2.1", "lvq3"):
        moved = one_step([[0.0], [2.0]], classes, [0.9], 1, algorithm=algorithm)
        np.testing.assert_allclose(moved, toward)


def test_lvq21_keeps_still_outside_of_the_window_and_where_both_are_right_or_wrong():
    two = [[0.0], [2.0]]
    for algorithm in ("lvq2.1", "lvq3"):
        step = {"algorithm": algorithm}
        assert one_step(two, [1, 2], [0.69], 1, **step) == two  # 0.69/1.31 < 0.54
        assert one_step(two, [1, 2], [0.71], 1, **step) != two
        assert one_step(two, [1, 2], [0.45], 1, window=0.5, **step) == two  # 0.29 < 1/3
        assert one_step(two, [1, 2], [0.51], 1, window=0.5, **step) != two
        three = [[0.0], [2.0], [9.0]]
        assert one_step(three, [1, 1, 2], [0.9], 2, **step) == three
    assert one_step(two, [1, 1], [0.9], 1, algorithm="lvq2.1") == two


@pytest.mark.parametrize("x", [0.9, 0.1])
def test_lvq3_moves_both_a_part_where_both_are_right(x):
    moved = one_step([[0.0], [2.0]], [1, 1], [x], 1, algorithm="lvq3", epsilon=0.25, window=0.3)
    np.testing.assert_allclose(moved, [[0.025 * x], [2 - 0.025 * (2 - x)]])


@pytest.mark.parametrize(
    "decay, rates",
    [("constant", [0.2] * 4), ("halve", [0.2, 0.1, 0.05, 0.04]),
     ("inverse", [0.2, 0.1, 0.2 / 3, 0.05]), ("linear", [0.2, 0.44 / 3, 0.28 / 3, 0.04])],
)  # fmt: skip
def test_decays(decay, rates):
    model = LVQ(decay=decay, min_learning_rate=0.04, max_iter=4, random_state=0).fit(IRIS, KINDS)
    assert model.history_["learning_rate"] == pytest.approx(rates)
    assert model.n_iter_ == 4 and model.history_["epoch"] == [1, 2, 3, 4]


def test_the_first_samples_are_left_out_of_training():
    X, y = np.array([[0.0], [1.0], [10.0], [2.0], [11.0]]), ["a", "a", "b", "a", "b"]
    model = LVQ({"a": 2, "b": 1}, init="first", max_iter=1, shuffle=False).fit(X, y)
    # 2 is nearest to 1, 11 to 10, and both are right
    np.testing.assert_allclose(model.prototypes_, [[0.0], [1.2], [10.2]])
    assert model.prototype_labels_.tolist() == ["a", "a", "b"]
    alone = LVQ(init="first").fit(X[1:3], y[1:3])
    np.testing.assert_array_equal(alone.prototypes_, X[1:3])
    assert alone.history_["error"] == [0.0] * 100


def test_random_samples_of_each_class_are_the_start():
    model = LVQ({0: 1, 1: 2, 2: 4}, learning_rate=1e-12, max_iter=1, random_state=0)
    model.fit(IRIS, KINDS)
    assert model.prototype_labels_.tolist() == [0, 1, 1, 2, 2, 2, 2]
    for prototype, label in zip(model.prototypes_, model.prototype_labels_):
        assert np.abs(IRIS[label == KINDS] - prototype).max(axis=1).min() < 1e-9


def test_centres_of_clusters_are_the_start():
    X, y = np.array([[0.0], [1.0], [10.0], [11.0], [30.0], [30.0]]), [0, 0, 0, 0, 1, 1]
    model = LVQ(2, init="k-means", learning_rate=1e-12, max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="expected 2 clusters, found 1"):
        model.fit(X, y)
    assert sorted(model.prototypes_[:2, 0]) == pytest.approx([0.5, 10.5])
    assert model.prototypes_[2:, 0] == pytest.approx([30, 30])  # both samples are the same


@pytest.mark.parametrize("algorithm", ["lvq1", "lvq2.1", "lvq3"])
def test_iris_by_name_seeded_and_saved(algorithm, tmp_path):
    model = LVQ(3, algorithm, random_state=0).fit(IRIS, NAMES)
    assert model.score(IRIS, NAMES) >= 0.94
    again = LVQ(3, algorithm, random_state=0).fit(IRIS, NAMES)
    np.testing.assert_array_equal(again.prototypes_, model.prototypes_)
    tg.save(model, tmp_path / "model")
    loaded = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(IRIS), model.predict(IRIS))
    assert loaded.history_["error"] == model.history_["error"]
    phases = 1 if algorithm == "lvq1" else 2
    assert model.n_iter_ == 100 * phases and len(model.history_.events) == phases - 1


def test_a_refinement_is_lvq1_and_then_the_other_from_its_prototypes():
    options = {"shuffle": False, "max_iter": 5}
    first = LVQ(2, "lvq1", init="first", **options).fit(IRIS, KINDS)
    both = LVQ(2, "lvq3", init="first", **options).fit(IRIS, KINDS)
    used = np.concatenate([np.flatnonzero(k == KINDS)[:2] for k in range(3)])
    rest = np.setdiff1d(np.arange(150), used)
    start = first.prototypes_, first.prototype_labels_
    second = LVQ(algorithm="lvq3", init=start, learning_rate=0.01, **options)
    second.fit(IRIS[rest], KINDS[rest])
    np.testing.assert_allclose(second.prototypes_, both.prototypes_, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from(["lvq1", "lvq2.1", "lvq3"]))
def test_the_class_is_that_of_the_nearest_prototype(seed, count, algorithm):
    draw = np.random.default_rng(seed)
    X, y = draw.integers(-2, 3, (30, 2)).astype(float), np.arange(30) % 4
    model = LVQ(count, algorithm, max_iter=3, random_state=seed).fit(X, y)
    assert np.isfinite(model.prototypes_).all()
    for x, label in zip(X, model.predict(X)):
        distances = ((model.prototypes_ - x) ** 2).sum(axis=1)
        assert label == model.prototype_labels_[distances.argmin()]


def digits():
    """Digits, the first 70 % to train, scaled by their least and largest values."""
    X, y = load_digits()
    n = int(0.7 * len(X))
    low, span = X[:n].min(axis=0), np.ptp(X[:n], axis=0)
    X = (X - low) / np.where(span == 0, 1, span)
    return X[:n], X[n:], y[:n], y[n:]


def test_figures():
    X, X_test, y, y_test = digits()
    scores = []
    for seed in range(5):
        start = LVQ(10, learning_rate=1e-12, min_learning_rate=0, max_iter=1, random_state=seed)
        models = [
            start,
            *(LVQ(10, name, max_iter=20, random_state=seed) for name in ("lvq1", "lvq2.1", "lvq3")),
        ]
        scores.append([model.fit(X, y).score(X_test, y_test) for model in models])
    untrained, lvq1, lvq21, lvq3 = np.mean(scores, axis=0)
    assert untrained <= 0.90 and lvq1 >= 0.95
    assert lvq21 >= lvq1 and lvq3 >= lvq1


@pytest.mark.parametrize("dtype, scale", [(float, 2.0**450), (float, 2.0**-450), ("f4", 2.0**120)])
def test_any_unit(dtype, scale):
    X, options = IRIS.astype(dtype), {"algorithm": "lvq2.1", "random_state": 0}
    one, other = LVQ(3, **options).fit(X, KINDS), LVQ(3, **options).fit(X * scale, KINDS)
    np.testing.assert_array_equal(one.prototypes_ * scale, other.prototypes_)
    np.testing.assert_array_equal(one.predict(X), other.predict(X * scale))


def test_float32_stays_float32():
    model = LVQ(2, random_state=0).fit(IRIS.astype(np.float32), KINDS)
    assert model.prototypes_.dtype == np.float32
    assert model.score(IRIS.astype(np.float32), KINDS) > 0.9


@pytest.mark.parametrize(
    "parameters, words",
    [({"prototypes_per_class": 0}, "must be a positive integer or a dict"),
     ({"prototypes_per_class": 51}, "got 50 of class 0 for 51 prototypes"),
     ({"prototypes_per_class": {0: 1}}, r"a positive integer for each of the classes \[0, 1, 2\]"),
     ({"prototypes_per_class": {0: 1, 1: True, 2: 1}}, "a positive integer for each"),
     ({"algorithm": "lvq2"}, "algorithm must be 'lvq1'"), ({"init": "last"}, "init must be"),
     ({"init": ([[1.0]], [0])}, "expected prototypes of 4 features in init"),
     ({"init": (IRIS[:2], [0])}, "LVQ: init: expected as many entries"),
     ({"init": (IRIS[:2], [0, 1])}, r"a prototype for each class of y in init, got none for \[2\]"),
     ({"init": (IRIS[0], [0])}, "LVQ: init: expected a matrix"),
     ({"learning_rate": 1.5}, "learning_rate must be"), ({"window": 1.0}, "window must be"),
     ({"epsilon": -0.1}, "epsilon must be"), ({"decay": "exp"}, "decay must be"),
     ({"random_state": -1}, "random_state must be")],
)  # fmt: skip
def test_parameters(parameters, words):
    with pytest.raises(ValueError, match=words):
        LVQ(**parameters).fit(IRIS, KINDS)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_values_that_cannot_be_squared(scale):
    with pytest.raises(ValueError, match="LVQ: expected numbers whose squares fit"):
        LVQ().fit(IRIS * scale, KINDS)
    if scale > 1:
        with pytest.raises(ValueError, match="LVQ: expected numbers whose squares fit"):
            LVQ().fit(IRIS, KINDS).predict(IRIS * scale)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("algorithm", ["lvq1", "lvq2.1", "lvq3"])
def test_prototypes_that_run_away_are_named(algorithm, dtype):
    """Labels that nothing explains push every prototype off, further each time."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)).astype(dtype), rng.integers(0, 3, 60)
    model = LVQ(2, algorithm, decay="constant", max_iter=2000, random_state=0)
    with pytest.raises(ValueError, match="LVQ: expected prototypes among the samples, .* run away"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="not fitted"):
        model.predict(X)
    assert np.abs(LVQ(2, algorithm, random_state=0).fit(X, y).prototypes_).max() < 10
