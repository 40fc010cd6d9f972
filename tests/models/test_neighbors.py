import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import neighbors as peer
from sklearn.model_selection import StratifiedKFold

import tinygrad_ml as tg
from tinygrad_ml.data import load_diabetes, load_digits
from tinygrad_ml.estimator import clone
from tinygrad_ml.models import KDTree, KNeighborsClassifier, KNeighborsRegressor

METRICS = ["euclidean", "manhattan", "chebyshev", "minkowski"]


def blobs(n=120, d=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return rng.standard_normal((n, d)) + y[:, None], y


def test_two_green_and_one_red():
    X = [[0.0], [1.0], [2.0], [50.0]]
    model = KNeighborsClassifier(n_neighbors=3).fit(X, ["green", "red", "green", "red"])
    assert model.predict_proba([[1.0]]).tolist() == [[2 / 3, 1 / 3]]
    assert model.predict([[1.0]]).tolist() == ["green"]


def test_integers_are_numbers_for_a_regressor_and_classes_for_a_classifier():
    X, y = [[0], [1], [2]], [0, 1, 5]
    assert KNeighborsRegressor(3).fit(X, y).predict([[1]]).tolist() == [2.0]
    assert KNeighborsClassifier(3).fit(X, y).predict([[1]]).tolist() == [0]


def test_equal_votes_go_to_the_first_class_and_equal_distances_to_the_first_sample():
    model = KNeighborsClassifier(2).fit([[1], [-1], [3]], ["b", "a", "c"])
    assert model.predict([[0]]).tolist() == ["a"]
    assert KNeighborsClassifier(1).fit([[1], [-1]], ["b", "a"]).predict([[0]]).tolist() == ["b"]


def test_weights_by_distance():
    X, y = [[1.0], [2.0], [4.0]], [4.0, 2.0, 1.0]
    model = KNeighborsRegressor(3, weights="distance").fit(X, y)
    expected = (4 / 1 + 2 / 2 + 1 / 4) / (1 + 1 / 2 + 1 / 4)
    np.testing.assert_allclose(model.predict([[0.0]]), [expected], rtol=1e-15)
    votes = KNeighborsClassifier(3, weights="distance").fit(X, [0, 1, 1])
    np.testing.assert_allclose(votes.predict_proba([[0.0]]), [[4 / 7, 3 / 7]])


def test_only_neighbours_at_distance_zero_vote_where_there_are_some():
    X, y = [[0.0], [0.0], [1e-9]], [1.0, 3.0, 100.0]
    model = KNeighborsRegressor(3, weights="distance").fit(X, y)
    assert model.predict([[0.0]]).tolist() == [2.0]
    tiny = KNeighborsRegressor(2, weights="distance").fit([[1e-310], [2e-310]], [0.0, 3.0])
    np.testing.assert_allclose(tiny.predict([[0.0]]), [1.0])


def test_weights_by_a_function():
    X, y = blobs()
    called = KNeighborsClassifier(weights=lambda d: 1 / (1 + d)).fit(X, y)
    theirs = peer.KNeighborsClassifier(weights=lambda d: 1 / (1 + d)).fit(X, y)
    np.testing.assert_allclose(called.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
@pytest.mark.parametrize("metric", METRICS)
def test_like_scikit_learn(metric, algorithm, weights):
    X, y = blobs()
    points, _ = blobs(40, seed=1)
    how = {"metric": metric, "algorithm": algorithm, "weights": weights, "p": 3}
    ours, theirs = KNeighborsClassifier(**how), peer.KNeighborsClassifier(**how)
    for one, other in zip(ours.fit(X, y).kneighbors(points), theirs.fit(X, y).kneighbors(points)):
        np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(ours.predict_proba(points), theirs.predict_proba(points))
    targets = np.c_[y, X[:, 0]]
    ours, theirs = KNeighborsRegressor(**how), peer.KNeighborsRegressor(**how)
    np.testing.assert_allclose(
        ours.fit(X, targets).predict(points), theirs.fit(X, targets).predict(points)
    )


def test_digits():
    X, y = load_digits()
    X = X.reshape(len(X), -1)
    scores = [
        KNeighborsClassifier().fit(X[train], y[train]).score(X[test], y[test])
        for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    ]
    assert np.mean(scores) == pytest.approx(0.9855, abs=5e-5)  # on the folds of the peer


def test_diabetes_like_scikit_learn():
    X, y = load_diabetes()
    ours = KNeighborsRegressor(15).fit(X[:300], y[:300])
    theirs = peer.KNeighborsRegressor(15).fit(X[:300], y[:300])
    assert ours.score(X[300:], y[300:]) == pytest.approx(theirs.score(X[300:], y[300:]))


@given(
    st.integers(1, 20),
    st.integers(0, 1000),
    st.sampled_from([*METRICS, "sqeuclidean", "hamming"]),
    st.sampled_from([np.float32, np.float64]),
)
def test_the_tree_equals_brute_force_on_ties(d, seed, metric, dtype):
    rng = np.random.default_rng(seed)
    X = (rng.integers(-2, 3, (60, d)) / 3).astype(dtype)
    points = (rng.integers(-2, 3, (9, d)) / 3).astype(dtype)
    k, leaf_size = int(rng.integers(1, 61)), int(rng.integers(1, 20))
    both = [
        KNeighborsClassifier(k, metric=metric, p=1.5, algorithm=algorithm, leaf_size=leaf_size)
        .fit(X, np.arange(60) % 4)
        .kneighbors(points)
        for algorithm in ("brute", "kd_tree")
    ]
    np.testing.assert_array_equal(both[0], both[1])


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_leave_one_out_is_the_plain_loop(weights, algorithm):
    X, y = blobs(60)
    X = np.round(X)  # with many duplicates
    X[:12] = X[0]  # more than k of one place
    for model in (
        KNeighborsClassifier(3, weights=weights, algorithm=algorithm),
        KNeighborsRegressor(3, weights=weights, algorithm=algorithm),
    ):
        others = [np.arange(60) != i for i in range(60)]
        plain = [clone(model).fit(X[o], y[o]).predict(X[[i]])[0] for i, o in enumerate(others)]
        np.testing.assert_array_equal(model._leave_one_out(X, y), plain)
    everyone = KNeighborsClassifier(59).fit(X, y).kneighbors()[1]
    assert all(sorted(row) == [j for j in range(60) if j != i] for i, row in enumerate(everyone))


def test_neighbours_without_X_like_scikit_learn():
    X, y = blobs()
    ours, theirs = KNeighborsClassifier(4).fit(X, y), peer.KNeighborsClassifier(4).fit(X, y)
    np.testing.assert_array_equal(
        ours.kneighbors(return_distance=False), theirs.kneighbors(return_distance=False)
    )


def test_auto_takes_the_tree_where_it_pays():
    X, y = blobs(600)
    assert KNeighborsClassifier().fit(X, y).tree_ is not None
    assert KNeighborsClassifier().fit(X[:100], y[:100]).tree_ is None
    assert KNeighborsClassifier().fit(np.tile(X, 5), y).tree_ is None
    assert KNeighborsClassifier(metric="hamming").fit(X, y).tree_ is None
    assert KNeighborsClassifier(400).fit(X, y).tree_ is None


def test_a_metric_of_ones_own():
    X, y = blobs()
    model = KNeighborsClassifier(metric=lambda x, y: np.abs(x - y).sum()).fit(X, y)
    expected = KNeighborsClassifier(metric="manhattan").fit(X, y).kneighbors(X[:9])
    for one, other in zip(model.kneighbors(X[:9]), expected):
        np.testing.assert_allclose(one, other)


def test_hamming_counts_and_takes_texts():
    rows = [["red", "small", 1], ["red", "large", 2], ["blue", "large", 2]]
    model = KNeighborsClassifier(1, metric="hamming").fit(rows, ["a", "b", "c"])
    distances, indices = model.kneighbors([["red", "large", 1], ["green", "tiny", 7]], 3)
    assert distances.tolist() == [[1, 1, 2], [3, 3, 3]] and indices.tolist()[0] == [0, 1, 2]
    frame = pd.DataFrame(rows, columns=["colour", "size", "count"])
    for table in (frame, np.array(rows, object)):
        again = KNeighborsClassifier(1, metric="hamming", algorithm="kd_tree").fit(table, [0, 1, 2])
        assert again.predict(table).tolist() == [0, 1, 2]


@pytest.mark.parametrize("size", [1e300, 1e160, 1e-160, 1e-300])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_huge_and_tiny_numbers(algorithm, size):
    X, y = blobs()
    how = {"algorithm": algorithm}
    distances, indices = KNeighborsClassifier(**how).fit(X, y).kneighbors(X[:20])
    model = KNeighborsClassifier(**how).fit(X * size, y)
    found, at = model.kneighbors(X[:20] * size)
    np.testing.assert_array_equal(at, indices)
    np.testing.assert_allclose(found, distances * size, rtol=1e-12)


def test_distances_beyond_float64_raise():
    model = KNeighborsClassifier(2).fit([[1.7e308], [-1.7e308]], [0, 1])
    with pytest.raises(ValueError, match="expected distances below 1.8e308"):
        model.predict([[1.7e308]])


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_saved_and_loaded(tmp_path, algorithm):
    X, y = blobs()
    for model in (
        KNeighborsClassifier(algorithm=algorithm).fit(X, y.astype(str)),
        KNeighborsRegressor(algorithm=algorithm, weights="distance").fit(X, y),
    ):
        model.save(tmp_path / "model.safetensors")
        again = tg.load(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
    texts = KNeighborsClassifier(1, metric="hamming").fit([["a", 1], ["b", 2]], [0, 1])
    texts.save(tmp_path / "texts.safetensors")
    assert tg.load(tmp_path / "texts.safetensors").predict([["b", 2]]).tolist() == [1]


X30, Y30 = blobs(30, 4)
TREE = KDTree(X30)
FITTED = KNeighborsClassifier().fit(X30, Y30)
TEXTS = KNeighborsClassifier(1, metric="hamming").fit([["a", "x"], ["b", "y"]], [0, 1])


def model(**parameters):
    return KNeighborsClassifier(**parameters).fit(X30, Y30)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: model(n_neighbors=0), "n_neighbors must be a positive integer, got 0"),
        (lambda: model(n_neighbors=31), "n_neighbors of at most 30, got n_neighbors = 31"),
        (lambda: FITTED.kneighbors(X30, 2.0), "must be a positive integer, got 2.0"),
        (lambda: FITTED.kneighbors(X30, 31), "at most 30, got n_neighbors = 31"),
        (lambda: FITTED.kneighbors(None, 30), "at most 29.*left out of its own neighbours"),
        (lambda: FITTED.predict(None), r"expected samples X \(m, d\), got None"),
        (lambda: model(p=0), "p must be a positive number, inf included, got 0"),
        (lambda: model(metric="cosine"), "metric must be 'minkowski' or .*, got 'cosine'"),
        (lambda: model(metric=abs, algorithm="kd_tree"), "needs a metric with a name"),
        (lambda: model(metric=lambda x, y: x).predict(X30), "to return one number, got array"),
        (lambda: model(metric=lambda x, y: -1.0).predict(X30), "distances from 0 on, got -1.0"),
        (lambda: model(weights=lambda d: -d).predict(X30), "numbers from 0 on"),
        (lambda: model(weights=lambda d: d[0]).predict(X30), r"of shape \(30, 5\)"),
        (lambda: model(weights=lambda d: 0 * d).predict(X30), "only zeros for one point"),
        (lambda: model(n_jobs=0), "n_jobs must be None or a positive integer or -1, got 0"),
        (lambda: TEXTS.predict([[1, 2]]), "expected texts in X as in fit, got numbers"),
        (lambda: model(metric="hamming").predict([["a"] * 4]), "expected numbers in X as in fit"),
        (lambda: TEXTS.predict([["a", None]]), "as categories in X, got None"),
        (lambda: TEXTS.predict([["a", np.nan]]), "expected a category in every place of X"),
        (lambda: KDTree(X30[0]), "Reshape your data"),
        (lambda: KDTree([["a", "b"]]), "expected X to hold numbers"),
        (lambda: KDTree(X30, leaf_size=0), "KDTree: leaf_size must be a positive integer, got 0"),
        (lambda: TREE.query(X30, 31), "k must be an integer from 1 to the 30 samples"),
        (lambda: TREE.query(X30[:, :2]), "X has 2 features, but the samples of the tree have 4"),
        (lambda: TREE.query_radius(X30, -1), "r must be from 0 on, got -1"),
        (lambda: TREE.query_radius(X30, [1, 2]), "a number or one for each of the 30 points"),
    ],
)
def test_mistakes(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_unfitted():
    for call in (lambda m: m.predict(X30), lambda m: m.kneighbors()):
        with pytest.raises(ValueError, match="not fitted yet"):
            call(KNeighborsClassifier())


def test_tree_like_scikit_learn(tmp_path):
    X, _ = blobs(500)
    points, _ = blobs(50, seed=1)
    tree, theirs = KDTree(X), peer.KDTree(X)
    for one, other in zip(tree.query(points, 7), theirs.query(points, 7)):
        np.testing.assert_allclose(one, other)
    np.testing.assert_array_equal(
        tree.query(points, return_distance=False), theirs.query(points)[1]
    )
    indices, distances = tree.query_radius(points, 0.8, return_distance=True)
    expected = theirs.query_radius(points, 0.8)
    assert [sorted(each) for each in indices] == [sorted(each) for each in expected]
    assert all((np.diff(each) >= 0).all() and (each <= 0.8).all() for each in distances)
    tg.save(tree, tmp_path / "tree.safetensors")
    again = tg.load(tmp_path / "tree.safetensors")
    np.testing.assert_array_equal(again.query(points, 3), tree.query(points, 3))
    assert repr(again) == "KDTree(500 samples, 3 features, euclidean)"


def test_the_approximate_mode_misses_some_neighbours_and_says_how_many():
    X, _ = blobs(2000)
    points, _ = blobs(200, seed=1)
    tree = KDTree(X, leaf_size=20)
    exact, near = tree.query(points, 5), tree.query(points, 5, approximate=True)
    assert (near[0] >= exact[0]).all()
    hits = [len(set(one) & set(other)) for one, other in zip(exact[1], near[1])]
    assert tree.recall(points, 5) == pytest.approx(np.mean(hits) / 5)
    assert 0.5 < tree.recall(points, 5) < 1
    assert KDTree(X, leaf_size=2000).recall(points, 5) == 1


def test_no_warning_reaches_the_user():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = KNeighborsClassifier(3, weights="distance").fit(np.ones((5, 9)), [0, 0, 1, 1, 1])
        assert same.predict(np.ones((1, 9))).tolist() == [0]


def test_means_and_votes_whose_sums_overflow():
    X, y = np.arange(6.0)[:, None], [1.7e308] * 3 + [-1.7e308] * 3
    predicted = KNeighborsRegressor(3).fit(X, y).predict([[0.0], [2.6]])
    np.testing.assert_allclose(predicted, [1.7e308, -1.7e308 / 3], rtol=1e-12)
    model = KNeighborsClassifier(3, weights=lambda distances: np.full(distances.shape, 1e308))
    shares = model.fit(X, [0, 0, 1, 1, 1, 1]).predict_proba([[0.0]])
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3]])
