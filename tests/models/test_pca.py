"""PCA against the definition, scikit-learn, and itself by its other solvers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA as Peer

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.models import PCA

EXACT = ["full", "covariance_eigh"]


def correlated(n=300, d=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 5 * rng.normal(size=d)


@pytest.mark.parametrize("solver", [*EXACT, "auto"])
def test_shares_of_the_digits(solver):
    X, _ = load_digits()
    shares = PCA(svd_solver=solver).fit(X).explained_variance_ratio_.cumsum()
    np.testing.assert_allclose(shares[[1, 9, 29]], [0.28509, 0.73823, 0.95909], atol=5e-6)
    assert shares[-1] == pytest.approx(1)


@pytest.mark.parametrize("solver", EXACT)
def test_the_definition(solver):
    X = correlated()
    pca = PCA(svd_solver=solver).fit(X)
    covariance = np.cov(X.T)
    V, variances = pca.components_, pca.explained_variance_
    np.testing.assert_allclose(V @ V.T, np.eye(12), atol=1e-12)
    np.testing.assert_allclose(V @ covariance @ V.T, np.diag(variances), atol=1e-10)
    assert (np.diff(variances) <= 0).all()
    np.testing.assert_allclose(np.cov(pca.transform(X).T), np.diag(variances), atol=1e-10)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(X)), X, atol=1e-11)
    np.testing.assert_allclose(pca.singular_values_**2 / 299, variances)
    np.testing.assert_allclose(pca.get_covariance(), covariance, atol=1e-10)
    rows = np.arange(12)
    assert (V[rows, np.abs(V).argmax(axis=1)] > 0).all()  # the rule of the signs
    assert list(pca.get_feature_names_out()) == [f"pca{i}" for i in range(12)]


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("n_components", [None, 1, 5, 12, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("whiten", [False, True])
def test_beside_scikit_learn(solver, n_components, whiten):
    X = correlated()
    ours = PCA(n_components, whiten=whiten, svd_solver=solver).fit(X)
    peer = Peer(n_components, whiten=whiten, svd_solver=solver).fit(X)
    assert ours.n_components_ == peer.n_components_ and ours.n_components == n_components
    for name in ("components_", "mean_", "explained_variance_", "explained_variance_ratio_",
                 "singular_values_", "noise_variance_"):  # fmt: skip
        np.testing.assert_allclose(
            getattr(ours, name), getattr(peer, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
    Z = ours.transform(X)
    np.testing.assert_allclose(Z, peer.transform(X), atol=1e-8)
    np.testing.assert_allclose(ours.inverse_transform(Z), peer.inverse_transform(Z), atol=1e-8)
    # The model's covariance does not depend on whitening; scikit-learn's 1.9 does then.
    plain = Peer(n_components, svd_solver=solver).fit(X)
    np.testing.assert_allclose(ours.get_covariance(), plain.get_covariance(), atol=1e-8)
    if whiten:
        np.testing.assert_allclose(Z.var(axis=0, ddof=1), 1)


@pytest.mark.parametrize("shape", [(300, 40), (40, 300), (5, 40)])
def test_more_or_fewer_samples_than_features(shape):
    X = correlated(*shape)
    ours, peer = PCA(4, svd_solver="full").fit(X), Peer(4, svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.components_, peer.components_, atol=1e-9)
    assert ours.noise_variance_ == pytest.approx(peer.noise_variance_)
    wide = PCA(svd_solver="covariance_eigh").fit(X)
    narrow = PCA(svd_solver="full").fit(X)
    np.testing.assert_allclose(
        wide.explained_variance_, narrow.explained_variance_, atol=1e-9 * X.var() * shape[1]
    )


@pytest.mark.parametrize("shape", [(600, 80), (80, 600)])
def test_randomized_finds_what_stands_out(shape):
    rng = np.random.default_rng(0)
    strong = rng.normal(size=(shape[0], 5)) * [50, 40, 30, 20, 10] @ rng.normal(size=(5, shape[1]))
    X = strong + rng.normal(size=shape)
    exact = PCA(5, svd_solver="full").fit(X)
    for seed in range(3):
        found = PCA(5, svd_solver="randomized", random_state=seed).fit(X)
        np.testing.assert_allclose(found.explained_variance_, exact.explained_variance_, rtol=1e-6)
        np.testing.assert_allclose(found.components_, exact.components_, atol=1e-4)
        assert found.noise_variance_ == pytest.approx(exact.noise_variance_, rel=1e-6)
    again = PCA(5, svd_solver="randomized", random_state=2).fit(X)
    np.testing.assert_array_equal(again.components_, found.components_)


@pytest.mark.parametrize("n, d, n_components, solver", [
    (400, 30, None, "covariance_eigh"), (100, 30, 5, "full"), (520, 60, 5, "randomized"),
    (520, 60, 50, "full"), (520, 60, 0.5, "full"), (520, 60, None, "full"),
])  # fmt: skip
def test_auto(n, d, n_components, solver):
    X = correlated(n, d)
    auto = PCA(n_components, random_state=0).fit(X)
    chosen = PCA(n_components, svd_solver=solver, random_state=0).fit(X)
    np.testing.assert_array_equal(auto.components_, chosen.components_)


def test_a_far_origin_costs_no_digits():
    """X^T X - n mean mean^T would be left with none of them."""
    X = np.round(correlated(400, 6, seed=1) * 64) / 64
    for solver in EXACT:
        near, far = (PCA(svd_solver=solver).fit(X + shift) for shift in (0, 2.0**30))
        np.testing.assert_allclose(far.explained_variance_, near.explained_variance_, rtol=1e-6)


def test_float32_stays():
    X = correlated().astype(np.float32)
    pca = PCA(3).fit(X)
    exact = PCA(3).fit(X.astype(np.float64))
    assert pca.components_.dtype == pca.mean_.dtype == np.float32
    assert pca.transform(X).dtype == pca.inverse_transform(pca.transform(X)).dtype == np.float32
    np.testing.assert_allclose(pca.explained_variance_, exact.explained_variance_, rtol=1e-12)
    np.testing.assert_allclose(pca.transform(X), exact.transform(X), atol=1e-3)
    assert np.isfinite(PCA().fit(X * np.float32(1e30)).explained_variance_).all()


def test_small_cases():
    one = PCA().fit([[1.0], [3.0]])
    np.testing.assert_allclose(one.explained_variance_, [2])
    np.testing.assert_allclose(one.transform([[5.0]]), [[3.0]])
    pair = PCA(1).fit([[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(pair.components_, [[0.5**0.5, 0.5**0.5]])
    flat = PCA().fit(np.c_[correlated(50, 2), np.full(50, 0.1)])  # a constant beside others
    assert flat.explained_variance_[-1] < 1e-25


def test_whitening_a_direction_without_variance():
    X = correlated(50, 2)
    Z = PCA(whiten=True).fit_transform(np.c_[X, X[:, 0]])
    assert np.isfinite(Z).all() and np.abs(Z[:, 2]).max() < 10


def test_saving(tmp_path):
    X = correlated()
    pca = PCA(3, whiten=True).fit(X)
    pca.save(tmp_path / "pca")
    np.testing.assert_array_equal(tg.load(tmp_path / "pca").transform(X), pca.transform(X))


@pytest.mark.parametrize("parameters, message", [
    ({"n_components": 13}, r"at most min\(n_samples, n_features\) = 12, got 13"),
    ({"n_components": 0}, "n_components must be a positive integer or a number above 0 and below"),
    ({"n_components": 1.0}, "got 1.0"),
    ({"n_components": 2.5}, "got 2.5"),
    ({"n_components": True}, "got True"),
    ({"svd_solver": "svd"}, "svd_solver must be 'auto'"),
    ({"n_components": 0.5, "svd_solver": "randomized"}, "needs a number of components"),
    ({"whiten": 1}, "whiten must be True or False"),
])  # fmt: skip
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        PCA(**parameters).fit(correlated())


def test_wrong_data():
    X = correlated()
    with pytest.raises(ValueError, match="n_samples = 1"):
        PCA().fit(X[:1])
    for constant in (np.ones((5, 2)), np.full((30, 2), 0.1)):
        with pytest.raises(ValueError, match="a constant in every feature"):
            PCA().fit(constant)
    for factor in (1e300, 1e-300):
        for solver in EXACT:
            with pytest.raises(ValueError, match="squares fit into double precision"):
                PCA(svd_solver=solver).fit(X * factor)
    with pytest.raises(ValueError, match=r"coordinates of shape \(n, 2\), got \(300, 12\)"):
        PCA(2).fit(X).inverse_transform(X)
