"""KMeans and MiniBatchKMeans: against scikit-learn, by brute force, and what must always hold."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.cluster import KMeans as Peer

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.models import KMeans, MiniBatchKMeans
from tinygrad_ml.models.centres import Samples

BOTH = [KMeans, MiniBatchKMeans]


def blobs(n=300, d=2, k=4, seed=0):
    rng = np.random.default_rng(seed)
    centres = 10 * rng.normal(size=(k, d))
    return centres[np.arange(n) % k] + rng.normal(size=(n, d)), np.arange(n) % k


def distances(X, centres):
    return np.stack([np.sqrt(((X - c) ** 2).sum(axis=1)) for c in centres], axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_steps_are_those_of_scikit_learn(dtype):
    X, _ = blobs(2000, 6)
    X = X.astype(dtype)
    for max_iter, tol in ((1, 0), (3, 0), (300, 1e-4), (300, 0)):
        start = X[:7]
        ours = KMeans(7, init=start, max_iter=max_iter, tol=tol).fit(X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = Peer(7, init=start, n_init=1, max_iter=max_iter, tol=tol).fit(X)
        close = 1e-4 if dtype == np.float32 else 1e-10
        np.testing.assert_array_equal(ours.labels_, peer.labels_)
        np.testing.assert_allclose(ours.cluster_centers_, peer.cluster_centers_, rtol=close)
        assert ours.inertia_ == pytest.approx(peer.inertia_, rel=close)
        assert ours.n_iter_ == peer.n_iter_
        assert ours.cluster_centers_.dtype == dtype and ours.labels_.dtype == np.int32


def test_inertia_of_the_digits():
    X, _ = load_digits()
    found = [KMeans(10, n_init=10, random_state=seed).fit(X).inertia_ for seed in range(5)]
    assert np.mean(found) == pytest.approx(1_165_200, rel=1e-3)
    assert max(found) == pytest.approx(1_165_200, rel=1e-3)


def test_small_data_by_brute_force():
    X = np.random.default_rng(3).normal(size=(9, 2))
    least = min(
        sum(((X[mask] - X[mask].mean(axis=0)) ** 2).sum() for mask in (labels == 0, labels == 1))
        for labels in map(np.array, itertools.product((0, 1), repeat=9))
        if 0 < labels.sum() < 9
    )
    assert KMeans(2, n_init=10, random_state=0).fit(X).inertia_ == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("max_iter", [1, 2, 100])
@pytest.mark.parametrize("kind", BOTH)
def test_labels_are_never_an_update_stale(kind, max_iter):
    X, _ = blobs(500)
    model = kind(4, init="random", max_iter=max_iter, random_state=1).fit(X)
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    apart = distances(X, model.cluster_centers_)
    np.testing.assert_array_equal(model.labels_, apart.argmin(axis=1))
    assert model.inertia_ == pytest.approx((apart.min(axis=1) ** 2).sum(), rel=1e-12)
    assert model.score(X) == pytest.approx(-model.inertia_, rel=1e-12)
    np.testing.assert_allclose(model.transform(X), apart, rtol=1e-12)
    np.testing.assert_array_equal(model.fit_predict(X), model.labels_)
    assert model.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("kind", BOTH)
def test_well_separated_groups_are_found(kind):
    X, y = blobs(400, 5, seed=2)
    labels = kind(4, n_init=3, random_state=0).fit_predict(X)
    assert len(set(zip(labels, y))) == 4


def test_weights_are_repetitions():
    rng = np.random.default_rng(0)
    for seed in range(10):
        X = rng.normal(size=(60, 3))
        weights = rng.integers(0, 4, 60)
        rows = np.repeat(np.arange(60), weights)
        rng.shuffle(rows)
        ours = KMeans(5, random_state=seed, n_init=3).fit(X, sample_weight=weights)
        repeated = KMeans(5, random_state=seed, n_init=3).fit(X[rows])
        np.testing.assert_allclose(
            ours.cluster_centers_, repeated.cluster_centers_, rtol=1e-9, atol=1e-12
        )
        np.testing.assert_array_equal(ours.labels_[rows], repeated.labels_)
        assert len(ours.labels_) == 60  # samples of weight 0 get a label, too
        assert ours.score(X, sample_weight=weights) == pytest.approx(repeated.score(X[rows]))


def test_small_weights_beside_large_ones():
    """A heavy sample that leaves a cluster must leave no rounding error behind."""
    X = np.array([[0.0], [1.0], [10.0], [11.0], [500.0]])
    weights = np.array([1e-9, 1e-9, 1e-9, 1e-9, 1e12])
    model = KMeans(3, init=[[0.0], [8.0], [400.0]]).fit(X, sample_weight=weights)
    np.testing.assert_allclose(model.cluster_centers_, [[0.5], [10.5], [500.0]])


def test_empty_clusters_go_to_the_farthest_samples():
    X = np.array([[0.0], [1.0], [2.0], [50.0], [100.0]])
    far = np.array([[1.0], [1e6], [-1e6]])
    first = KMeans(3, init=far, max_iter=1).fit(X)
    # All samples belong to the first centre; 100 is the farthest, then 50 with 50 to both.
    np.testing.assert_array_equal(first.cluster_centers_, [[30.6], [100.0], [50.0]])
    model = KMeans(3, init=far).fit(X)
    assert sorted(np.bincount(model.labels_)) == [1, 1, 3] and model.inertia_ == pytest.approx(2)
    samples = Samples(X, far, "test")
    means = samples.means(np.zeros(5, np.int32), far)
    np.testing.assert_array_equal(means[1:], [[100.0], [50.0]])


@settings(max_examples=40)
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)),
                  elements=st.integers(-3, 3).map(float)),
    st.integers(1, 6),
    st.integers(0, 3),
)  # fmt: skip
def test_whatever_comes(X, k, seed):
    k = min(k, len(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = KMeans(k, random_state=seed).fit(X)
    apart = distances(X, model.cluster_centers_) ** 2
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    assert model.inertia_ == pytest.approx(apart.min(axis=1).sum(), rel=1e-9, abs=1e-9)
    assert np.isfinite(model.cluster_centers_).all()
    assert len(np.unique(model.labels_)) == min(k, len(np.unique(X, axis=0)))
    assert model.inertia_ <= ((X - X.mean(axis=0)) ** 2).sum() + 1e-9


@pytest.mark.parametrize("kind", BOTH)
def test_seeds_and_generators(kind):
    X, _ = blobs()
    one, two = (kind(3, random_state=5).fit(X).cluster_centers_ for _ in range(2))
    np.testing.assert_array_equal(one, two)
    three = kind(3, random_state=np.random.default_rng(5)).fit(X).cluster_centers_
    np.testing.assert_array_equal(one, three)


def test_k_means_plus_plus_prefers_far_samples():
    """P(x) = D(x)^2 / sum D^2 for the second centre, when there is one draw."""
    X = np.array([[0.0], [1.0], [3.0]])
    rng = np.random.default_rng(0)
    samples = Samples(X, None, "test")
    pairs = [tuple(samples.spread_out(2, rng)) for _ in range(3000)]
    first = np.bincount([a for a, _ in pairs], minlength=3) / 3000
    np.testing.assert_allclose(first, 1 / 3, atol=0.03)
    # From 0 the masses are 1 and 9; of two draws the one that leaves less is taken:
    # 3 leaves 1, 1 leaves 4, so 1 comes only if it is drawn twice.
    second = [b for a, b in pairs if a == 0]
    assert np.mean(np.array(second) == 1) == pytest.approx(0.1**2, abs=0.01)


def test_n_init_keeps_the_best():
    X, _ = load_digits()
    X = X[:500]
    rng = np.random.default_rng(0)
    single = [KMeans(10, init="random", n_init=1, random_state=rng).fit(X) for _ in range(10)]
    best = KMeans(10, init="random", random_state=np.random.default_rng(0)).fit(X)
    assert best.inertia_ == pytest.approx(min(each.inertia_ for each in single))


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_unusual_units(scale):
    X, _ = blobs()
    plain = KMeans(4, init=X[:4]).fit(X)
    scaled = KMeans(4, init=X[:4] * scale).fit(X * scale)
    np.testing.assert_array_equal(plain.labels_, scaled.labels_)
    np.testing.assert_allclose(scaled.cluster_centers_ / scale, plain.cluster_centers_)
    np.testing.assert_allclose(scaled.transform(X * scale) / scale, plain.transform(X))


def test_a_far_origin_costs_no_digits():
    X, _ = blobs(seed=4)
    plain, far = (KMeans(4, init=X[:4] + shift).fit(X + shift) for shift in (0, 2.0**26))
    np.testing.assert_array_equal(plain.labels_, far.labels_)
    assert far.inertia_ == pytest.approx(plain.inertia_, rel=1e-6)


def test_outliers_switch_to_double_precision():
    X, _ = blobs(1000, 3)
    X[0] = 1e9
    model = KMeans(5, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, distances(X, model.cluster_centers_).argmin(1))
    assert (model.labels_ == model.labels_[0]).sum() == 1


def test_mini_batches_come_close():
    X, _ = load_digits()
    full = np.mean([KMeans(10, random_state=seed).fit(X).inertia_ for seed in range(5)])
    small = [MiniBatchKMeans(10, batch_size=256, random_state=s).fit(X).inertia_ for s in range(5)]
    assert np.mean(small) < 1.06 * full and max(small) < 1.12 * full


def test_a_mini_batch_by_hand():
    X = np.array([[0.0], [2.0], [10.0]])
    model = MiniBatchKMeans(2, init=[[1.0], [9.0]]).partial_fit(X)
    np.testing.assert_allclose(model.cluster_centers_, [[1.0], [10.0]])
    np.testing.assert_array_equal(model.counts_, [2, 1])
    model.partial_fit([[4.0], [14.0]], sample_weight=[1.0, 3.0])
    np.testing.assert_allclose(model.cluster_centers_, [[2.0], [13.0]])
    np.testing.assert_array_equal(model.counts_, [3, 4])
    assert model.n_steps_ == 2
    np.testing.assert_array_equal(model.labels_, [0, 1])


def test_partial_fit_over_a_stream():
    X, y = blobs(4000, 5, seed=2)
    model = MiniBatchKMeans(4, random_state=0)
    for start in range(0, 4000, 200):
        model.partial_fit(X[start : start + 200])
    assert len(set(zip(model.predict(X), y))) == 4
    assert model.partial_fit(X[:1]).inertia_ >= 0  # one row is a batch, once there are centres


def test_starving_centres_are_moved():
    X, y = blobs(2000, 2)
    start = np.concatenate([X[:3], [[1e4, 1e4]]])  # nothing is near the last one
    model = MiniBatchKMeans(4, init=start, batch_size=100, random_state=0).fit(X)
    assert np.bincount(model.labels_, minlength=4).min() > 0
    assert np.abs(model.cluster_centers_).max() < 100


def test_mini_batch_stops():
    X, _ = blobs(1000)
    patient = MiniBatchKMeans(
        4, batch_size=100, max_no_improvement=None, max_iter=7, random_state=0
    )
    assert patient.fit(X).n_steps_ == 70 and patient.n_iter_ == 7
    quick = MiniBatchKMeans(4, batch_size=100, tol=10.0, random_state=0).fit(X)
    assert quick.n_steps_ == 2
    unlabelled = MiniBatchKMeans(4, compute_labels=False, random_state=0)
    np.testing.assert_array_equal(unlabelled.fit_predict(X), unlabelled.predict(X))
    assert not hasattr(unlabelled, "labels_")


@pytest.mark.parametrize("kind", BOTH)
def test_saving(kind, tmp_path):
    X, _ = blobs()
    model = kind(3, random_state=0).fit(X)
    model.save(tmp_path / "model")
    loaded = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.get_params() == model.get_params() and loaded.inertia_ == model.inertia_
    if kind is MiniBatchKMeans:
        np.testing.assert_array_equal(
            loaded.partial_fit(X).cluster_centers_, model.partial_fit(X).cluster_centers_
        )


@pytest.mark.parametrize("kind", BOTH)
def test_names_and_progress(kind, capsys):
    X, _ = blobs()
    model = kind(2, verbose=1, random_state=0).fit(X)
    assert kind.__name__ in capsys.readouterr().err
    name = kind.__name__.lower()
    assert list(model.get_feature_names_out()) == [f"{name}0", f"{name}1"]


@pytest.mark.parametrize("kind", BOTH)
def test_mistakes(kind):
    X, _ = blobs(20)
    for parameters, message in [
        ({"n_clusters": 21}, "at least as many samples as clusters, got n_samples = 20"),
        ({"n_clusters": 0}, "n_clusters must be a positive integer, got 0"),
        ({"n_clusters": 2.0}, "n_clusters must be a positive integer, got 2.0"),
        ({"n_clusters": True}, "n_clusters must be a positive integer, got True"),
        ({"n_clusters": 3, "init": X[:2]}, r"init of shape \(n_clusters, n_features\) = \(3, 2\)"),
        ({"n_clusters": 1, "init": [[0, np.nan]]}, "init in the place of X: .* got NaN"),
        ({"init": "kmeans"}, "init must be 'k-means\\+\\+' or 'random' or an array"),
        ({"tol": -1}, "tol must be a number of at least 0"),
    ]:
        with pytest.raises(ValueError, match=f"{kind.__name__}.*{message}"):
            kind(**parameters).fit(X)
    for factor in (1e300, 1e-300):
        with pytest.raises(ValueError, match="squares fit into double precision"):
            kind(2).fit(X * factor)
    with pytest.raises(ValueError, match="squares fit into double precision"):
        kind(2).fit(X).transform(X * 1e300)
    with pytest.raises(ValueError, match=r"n_samples = 2 \(of positive weight\)"):
        kind(3).fit(X, sample_weight=[1, 1] + [0] * 18)
    with pytest.raises(ValueError, match="sample_weight of at most 1e\\+140"):
        kind(3).fit(X, sample_weight=np.full(20, 1e300))
    with pytest.warns(UserWarning, match="expected 4 clusters, found 2"):
        kind(4).fit(np.repeat(X[:2], 5, axis=0))


def test_mistakes_with_partial_fit():
    X, _ = blobs(20)
    model = MiniBatchKMeans(5, random_state=0)
    with pytest.raises(ValueError, match="n_samples = 2"):
        model.partial_fit(X[:2])
    model.partial_fit(X)  # the failed start left nothing behind
    with pytest.raises(ValueError, match="X has 1 features"):
        model.partial_fit(X[:, :1])
    with pytest.raises(ValueError, match="positive weights"):
        model.partial_fit(X[:2], sample_weight=[0, 1])


def test_the_numpy_versions_give_the_same(monkeypatch):
    X, _ = blobs(900, 4)
    compiled = KMeans(5, random_state=0).fit(X)
    for name in ("nearest_centres", "cluster_sums", "squared_distances_to", "squared_errors"):
        monkeypatch.setattr(tg.kernels, name, getattr(tg.kernels, name).numpy)
    plain = KMeans(5, random_state=0).fit(X)
    np.testing.assert_array_equal(compiled.labels_, plain.labels_)
    np.testing.assert_allclose(compiled.cluster_centers_, plain.cluster_centers_, rtol=1e-12)
