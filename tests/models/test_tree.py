"""Decision trees: against scikit-learn's, by hand, and on data that breaks trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import tree as theirs
from sklearn.datasets import make_classification

import tinygrad_ml as tg
from tinygrad_ml import data
from tinygrad_ml.model_selection import StratifiedKFold
from tinygrad_ml.models import DecisionTreeClassifier, DecisionTreeRegressor, export_text
from tinygrad_ml.models.tree_growing import Columns

SETS = {
    "digits": data.load_digits,
    "iris": data.load_iris,
    "wine": data.load_wine,
    "breast cancer": data.load_breast_cancer,
    "synthetic": lambda: make_classification(
        20_000, 20, n_informative=10, n_classes=3, random_state=0
    ),
}


def close(a, b, rtol=1e-9):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


# -------------------------------------------------------------------------- beside scikit-learn


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("name", SETS)
def test_as_large_as_theirs_up_to_ties(name, criterion):
    X, y = SETS[name]()
    ours = DecisionTreeClassifier(criterion=criterion).fit(X, y)
    peer = theirs.DecisionTreeClassifier(criterion=criterion, random_state=0).fit(X, y)
    assert ours.score(X, y) == peer.score(X, y) == 1
    assert ours.tree_.node_count == pytest.approx(peer.tree_.node_count, rel=0.01)
    deep = {"max_depth": 4, "criterion": criterion}
    ours = DecisionTreeClassifier(**deep).fit(X, y)
    peer = theirs.DecisionTreeClassifier(**deep, random_state=0).fit(X, y)
    assert ours.tree_.node_count == peer.tree_.node_count
    assert ours.score(X, y) == pytest.approx(peer.score(X, y), abs=0.005)
    close(ours.tree_.impurity[:2], peer.tree_.impurity[:2])


@pytest.mark.parametrize("name", ["digits", "breast cancer", "wine"])
def test_cross_validated_as_theirs(name):
    X, y = SETS[name]()
    scores = []
    for seed in range(5):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
            pair = DecisionTreeClassifier(), theirs.DecisionTreeClassifier(random_state=seed)
            scores.append([m.fit(X[train], y[train]).score(X[test], y[test]) for m in pair])
    ours, peer = np.mean(scores, axis=0)
    assert ours == pytest.approx(peer, abs=0.02)
    if name == "digits":
        assert ours > 0.84


def test_regression_as_theirs():
    X, y = data.load_diabetes()
    for rules in ({"max_depth": 5}, {"min_samples_leaf": 10}, {"min_impurity_decrease": 20.0},
                  {"min_weight_fraction_leaf": 0.05}, {"min_samples_split": 0.2}):  # fmt: skip
        ours = DecisionTreeRegressor(**rules).fit(X, y)
        peer = theirs.DecisionTreeRegressor(**rules, random_state=0).fit(X, y)
        assert ours.tree_.node_count == peer.tree_.node_count, rules
        close(ours.score(X, y), peer.score(X, y))
        close(sorted(ours.tree_.value), sorted(peer.tree_.value.ravel()))
        close(sorted(ours.tree_.impurity), sorted(peer.tree_.impurity), 1e-7)


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_weights_importances_and_values_as_theirs(criterion):
    rng = np.random.default_rng(0)
    X, y = make_classification(400, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=1)
    for weights in (None, rng.integers(0, 3, 400), rng.random(400)):
        rules = {"criterion": criterion, "max_depth": 3}
        rules["class_weight"] = "balanced" if weights is None else {0: 2.0, 1: 0.5}
        ours = DecisionTreeClassifier(**rules).fit(X, y, weights)
        kept = (
            np.ones(400, bool) if weights is None else weights > 0
        )  # theirs splits off the others
        given = X[kept], y[kept], None if weights is None else weights[kept]
        peer = theirs.DecisionTreeClassifier(**rules, random_state=0).fit(*given)
        # Theirs may split pure nodes, whose impurity is not quite 0 there: leaves differ in that.
        close(ours.feature_importances_, peer.feature_importances_, 1e-5)
        close(ours.tree_.value[0], peer.tree_.value[0, 0])
        close(ours.tree_.impurity[0], peer.tree_.impurity[0], 1e-5)
        close(ours.tree_.weighted_n_node_samples[0], peer.tree_.weighted_n_node_samples[0])
        close(ours.predict_proba(given[0]), peer.predict_proba(given[0]))


def test_paths_and_leaves_as_theirs():
    X, y = data.load_iris()
    ours = DecisionTreeClassifier(max_depth=3).fit(X, y)
    peer = theirs.DecisionTreeClassifier(max_depth=3, random_state=1).fit(X, y)
    assert ours.get_depth() == peer.get_depth() and ours.get_n_leaves() == peer.get_n_leaves()
    path = ours.decision_path(X)
    assert path.shape == (150, ours.tree_.node_count)
    np.testing.assert_array_equal(path.sum(axis=0), ours.tree_.n_node_samples)
    dense = path.toarray()
    assert (dense[np.arange(150), ours.apply(X)] == 1).all() and (dense[:, 0] == 1).all()
    np.testing.assert_array_equal(dense.sum(axis=1) - 1, ours.tree_.depths[ours.apply(X)])


# ------------------------------------------------------------------------------------ by hand


def test_a_tree_by_hand():
    X = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan]])
    tree = DecisionTreeClassifier().fit(X, ["a", "a", "b", "b", "b"]).tree_
    assert tree.feature.tolist() == [0, -2, -2] and tree.threshold[0] == 2.5
    assert not tree.missing_go_to_left[0] and tree.n_node_samples.tolist() == [5, 2, 3]
    tree = DecisionTreeClassifier().fit(X, ["b", "b", "a", "b", "b"]).tree_
    assert tree.threshold[0] == 2.5 and tree.missing_go_to_left[0]
    model = DecisionTreeClassifier().fit(X, [0, 0, 0, 1, 1])
    assert model.tree_.threshold[0] == np.inf
    assert model.predict([[1e308], [np.nan]]).tolist() == [0, 1]


def test_ties_go_to_the_first_column_and_the_lowest_threshold():
    X = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    tree = DecisionTreeRegressor(max_depth=1).fit(X, [0, 1, 1, 0]).tree_
    assert tree.feature[0] == 0 and tree.threshold[0] == 0.5


def test_missing_values_go_to_the_larger_side_when_none_was_seen():
    model = DecisionTreeRegressor().fit([[0.0], [1.0], [1.0]], [0.0, 5.0, 5.0])
    assert model.predict([[np.nan]]) == 5
    model = DecisionTreeRegressor().fit([[0.0], [0.0], [1.0]], [0.0, 0.0, 5.0])
    assert model.predict([[np.nan]]) == 0


def test_text():
    X, y = data.load_iris()
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    text = export_text(
        model, feature_names=names, class_names=["setosa", "versicolor", "virginica"]
    )
    assert text.splitlines() == [
        "|--- petal length <= 2.45",
        "|   |--- class: setosa",
        "|--- petal length >  2.45",
        "|   |--- petal width <= 1.75",
        "|   |   |--- class: versicolor",
        "|   |--- petal width >  1.75",
        "|   |   |--- class: virginica",
    ]
    peer = theirs.DecisionTreeClassifier(max_depth=2, random_state=1).fit(X, y)
    assert export_text(model).count("\n") == theirs.export_text(peer).count("\n")
    assert "cut off" in export_text(DecisionTreeRegressor().fit(X, y), max_depth=1)
    with pytest.raises(ValueError, match=r"expected 4 feature names, got 2"):
        export_text(model, feature_names=["a", "b"])


def test_saved_and_loaded(tmp_path):
    X, y = data.load_wine()
    for model in (DecisionTreeClassifier(max_features=3, random_state=0), DecisionTreeRegressor()):
        model.fit(X, y).save(tmp_path / "tree")
        again = tg.load(tmp_path / "tree")
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        np.testing.assert_array_equal(again.tree_.value, model.tree_.value)
        assert export_text(again) == export_text(model)


# ------------------------------------------------------------------------------------ columns


def test_thresholds_separate_in_floating_point():
    for dtype in (np.float32, np.float64):
        top = np.finfo(dtype).max
        one = dtype(1)
        tiny = np.finfo(dtype).smallest_subnormal
        for low, high in ((one, np.nextafter(one, dtype(2))), (-top, top), (dtype(0), tiny)):
            X = np.array([[high], [low]], dtype)
            model = DecisionTreeClassifier().fit(X, [1, 0])
            assert model.predict(X).tolist() == [1, 0], (low, high)


def test_bins():
    X, y = make_classification(2000, 6, random_state=0)
    columns = Columns(X, 16)
    assert columns.codes.dtype == np.uint8 and (columns.sizes <= 16).all()
    for f in range(6):
        counts = np.bincount(columns.codes[f])
        assert counts.min() >= 120 and counts.max() <= 130
    exact, binned = (DecisionTreeClassifier(max_depth=5, bins=b).fit(X, y) for b in (None, 64))
    assert binned.score(X, y) == pytest.approx(exact.score(X, y), abs=0.02)
    few = np.round(X)  # no more values than bins: nothing is lost
    pair = [DecisionTreeClassifier(max_depth=5, bins=b).fit(few, y) for b in (None, 64)]
    assert export_text(pair[0]) == export_text(pair[1])
    skewed = np.r_[np.zeros(1000), np.arange(10.0)][:, None]
    assert DecisionTreeRegressor(bins=4).fit(skewed, skewed[:, 0]).tree_.node_count > 1


# ------------------------------------------------------------------------------------ hostile


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["gini", "entropy"]), st.sampled_from([None, 5]))
def test_hostile_data(seed, criterion, bins):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 60), rng.integers(1, 5)
    values = np.array(
        [0, -0.0, 1, -1, 1e300, -1e300, 1e-300, 5e-324, 3, 3.0000000000000004, np.nan]
    )
    X = rng.choice(values, (n, d))
    X = np.column_stack([X, X[:, 0], np.full(n, 7.0)])
    labels = rng.choice(["no", "yes", "perhaps"], n)
    weights = rng.choice([0.0, 1e-300, 0.5, 1, 3], n)
    weights[0] = 1
    limit = {"max_features": rng.choice([1, 2]).item(), "random_state": 0, "bins": bins}
    model = DecisionTreeClassifier(criterion=criterion, **limit).fit(X, labels, weights)
    proba = model.predict_proba(X)
    assert proba.shape == (n, len(model.classes_)) and np.isfinite(proba).all()
    close(proba.sum(axis=1), 1)
    assert set(model.predict(X)) <= set(labels[weights > 0])
    for scale in (1.0, 1e300, 1e-300):
        y = rng.choice([0.0, 1.0, -1.0, 0.5], n) * scale
        model = DecisionTreeRegressor(**limit).fit(X, y, weights)
        assert y.min() <= model.predict(X).min() and model.predict(X).max() <= y.max()
    if bins is None:  # a full tree knows all rows apart that differ
        _, row = np.unique(np.nan_to_num(X, nan=0.7) + 0.0, axis=0, return_inverse=True)
        full = DecisionTreeRegressor().fit(X, np.arange(n))
        for group in np.unique(row):
            close(full.predict(X[row == group]), np.flatnonzero(row == group).mean())


def test_equal_rows_with_different_labels():
    X, y = np.ones((60, 3)), np.arange(60) % 3
    model = DecisionTreeClassifier().fit(X, y)
    assert model.get_depth() == 0 and model.predict([[1, 1, 1]]) == [0]
    close(model.predict_proba(X[:1]), [[1 / 3, 1 / 3, 1 / 3]])
    assert (model.feature_importances_ == 0).all()


def test_ten_thousand_classes():
    rng = np.random.default_rng(0)
    X, y = rng.random((20_000, 2)), np.arange(20_000) % 10_000
    model = DecisionTreeClassifier(max_depth=30, max_features=1, random_state=0).fit(X, y)
    assert model.tree_.classes.size <= 20_000  # memory by rows, not by nodes times classes
    assert model.predict_proba(X[:10]).shape == (10, 10_000)


def test_large_offsets_keep_their_differences():
    X = np.arange(100.0)[:, None]
    y = 1e8 + (X[:, 0] > 42)
    model = DecisionTreeRegressor(max_depth=1).fit(X, y)
    assert model.tree_.threshold[0] == 42.5
    close(model.tree_.impurity, [0.57 * 0.43, 0, 0], 1e-6)


def test_the_unit_of_targets_and_weights_changes_nothing():
    X, y = data.load_diabetes()
    model = DecisionTreeRegressor(max_depth=3).fit(X, y)
    for unit in (2.0**990, 2.0**-990):
        again = DecisionTreeRegressor(max_depth=3).fit(X, y * unit)
        np.testing.assert_array_equal(again.tree_.threshold, model.tree_.threshold)
        np.testing.assert_array_equal(again.predict(X), model.predict(X) * unit)
        close(again.feature_importances_, model.feature_importances_)
    for unit in (1e-300, 1e305):
        weights = np.full(len(y), unit)
        close(DecisionTreeRegressor(max_depth=3).fit(X, y, weights).predict(X), model.predict(X))
        labels, rules = y > 100, {"max_depth": 3, "class_weight": "balanced"}
        close(
            DecisionTreeClassifier(**rules).fit(X, labels, weights).predict_proba(X),
            DecisionTreeClassifier(**rules).fit(X, labels).predict_proba(X),
        )


def test_weights_in_another_unit_break_ties_alike():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 30))
        X, y, weights = rng.integers(0, 4, (n, 3)), rng.integers(0, 3, n), rng.integers(1, 4, n)
        for rules in ({}, {"class_weight": "balanced"}, {"criterion": "entropy"}):
            models = [
                DecisionTreeClassifier(**rules).fit(X, y, sample_weight=weights * unit)
                for unit in (1.0, 0.125, 2.0**60)
            ]
            texts = [export_text(model) for model in models]
            assert texts[0] == texts[1] == texts[2]


def test_features_are_drawn_anew_for_each_split():
    X, y = make_classification(500, 8, n_informative=8, n_redundant=0, random_state=0)
    models = [DecisionTreeClassifier(max_features=1, random_state=s).fit(X, y) for s in (0, 0, 1)]
    assert len(set(models[0].tree_.feature)) == 9  # all, and the leaves
    assert export_text(models[0]) == export_text(models[1]) != export_text(models[2])
    constant = np.column_stack([np.ones((500, 7)), X[:, 0]])  # further ones are drawn
    assert DecisionTreeClassifier(max_features=1, random_state=0).fit(constant, y).score(
        constant, y
    ) == 1  # fmt: skip


# ------------------------------------------------------------------------------------ mistakes

GOOD = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]), [0, 1, 1]


@pytest.mark.parametrize(
    "parameters, sentence",
    [
        ({"max_depth": 0}, "max_depth must be a positive integer or None, got 0"),
        ({"max_depth": 2.5}, "max_depth must be a positive integer or None, got 2.5"),
        ({"max_depth": True}, "max_depth must be a positive integer or None, got True"),
        ({"criterion": "mse"}, "criterion must be 'gini' or 'entropy' or 'log_loss', got 'mse'"),
        ({"min_samples_split": 1}, "min_samples_split must be an integer of at least 2 or a frac"),
        ({"min_samples_leaf": -1}, "min_samples_leaf must be a positive integer or a fraction"),
        ({"max_features": "auto"}, "max_features must be 'sqrt' or 'log2' or a positive integer"),
        ({"max_features": 3}, "expected max_features of at most 2, the number of features, got 3"),
        ({"bins": 256}, "bins must be an integer from 2 to 255 or None, got 256"),
        ({"random_state": -1}, "random_state must be None, a seed"),
        ({"class_weight": {5: 1.0}}, "class_weight must give positive numbers for classes of y"),
        ({"class_weight": {0: -1.0}}, "class_weight must give positive numbers for classes of y"),
        ({"class_weight": {0: 1e308, 1: 1e308}}, "sample_weight whose sum is below 1.8e308"),
        ({"class_weight": "even"}, "class_weight must be None or 'balanced' or a dict"),
    ],
)
def test_bad_parameters(parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        DecisionTreeClassifier(**parameters).fit(*GOOD)


def test_bad_data():
    model = DecisionTreeClassifier()
    for question in ("get_depth", "get_n_leaves"):
        with pytest.raises(ValueError, match="not fitted yet"):
            getattr(model, question)()
    with pytest.raises(ValueError, match="not fitted yet"):
        _ = model.feature_importances_
    with pytest.raises(ValueError, match=r"without inf, got inf at X\[0, 0\]"):
        model.fit([[np.inf]], [0])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        model.fit(GOOD[0], [0.5, 1.0, 2.0])
    model.fit(*GOOD)
    with pytest.raises(ValueError, match="X has 1 features"):
        model.decision_path([[0.0]])
