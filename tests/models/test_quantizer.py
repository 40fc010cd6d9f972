"""Quantizers: published distortions, fixed points, and what must always hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits, make_scene, make_voice
from tinygrad_ml.models import (
    KMeans,
    ScalarQuantizer,
    VectorQuantizer,
    image_blocks,
    image_from_blocks,
    psnr,
    snr,
)

METHODS = ["uniform", "lloyd-max"]


@pytest.mark.parametrize(
    "bits, distortion", [(1, 0.3634), (2, 0.1175), (3, 0.03454), (4, 0.009497)]
)
def test_gaussian_distortions_of_max_1960(bits, distortion):
    n = 200_000
    quantizer = ScalarQuantizer(bits, method="lloyd-max").fit(ndtri((np.arange(n) + 0.5) / n))
    assert quantizer.distortion_ == pytest.approx(distortion, rel=1e-3)
    np.testing.assert_allclose(quantizer.levels_, -quantizer.levels_[::-1], atol=1e-3)


def test_gaussian_levels_of_max_1960():
    n = 200_000
    quantizer = ScalarQuantizer(2, method="lloyd-max").fit(ndtri((np.arange(n) + 0.5) / n))
    np.testing.assert_allclose(quantizer.levels_, [-1.510, -0.4528, 0.4528, 1.510], atol=1e-3)
    np.testing.assert_allclose(quantizer.thresholds_, [-0.9816, 0, 0.9816], atol=1e-3)


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8, 10, 12, 16])
def test_a_full_scale_sine(bits):
    sine = np.sin(np.arange(200_000) * 0.7310585)
    quantizer = ScalarQuantizer(bits, limits=(-1, 1)).fit(sine)
    decoded = quantizer.decode(quantizer.encode(sine))
    # The rule takes the error for evenly spread. A sine stays longest in the outermost cells, and
    # their share falls like the root of their width.
    assert snr(sine, decoded) == pytest.approx(6.02 * bits + 1.76, abs=2.2 * 2 ** (-bits / 2))


@settings(max_examples=40)
@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=60),
    st.integers(1, 4),
    st.sampled_from(METHODS),
)
def test_levels_cells_and_codes(values, bits, method):
    x = np.array(values)
    if 0 < np.abs(x).max() < 1e-100:
        x[:] = 0
    quantizer = ScalarQuantizer(bits, method=method).fit(x)
    levels, thresholds = quantizer.levels_, quantizer.thresholds_
    codes = quantizer.encode(x)
    decoded = quantizer.decode(codes)
    assert len(levels) <= 2**bits and len(thresholds) == len(levels) - 1
    assert quantizer.distortion_ == pytest.approx(np.mean((decoded - x) ** 2))
    np.testing.assert_array_equal(codes, (x[:, None] >= thresholds).sum(axis=1))
    if method == "uniform":
        step = np.ptp(x) / 2**bits
        assert np.abs(decoded - x).max() <= step / 2 + 1e-9
        return
    assert (np.diff(levels) > 0).all()
    for j, level in enumerate(levels):  # each level is the mean of its cell
        assert level == pytest.approx(x[codes == j].mean(), rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(thresholds, (levels[1:] + levels[:-1]) / 2)
    if len(np.unique(x)) <= 2**bits:
        assert quantizer.distortion_ == 0


def test_lloyd_max_is_k_means_in_one_dimension():
    x = np.random.default_rng(0).exponential(size=3000)
    quantizer = ScalarQuantizer(3, method="lloyd-max").fit(x)
    kmeans = KMeans(8, init=quantizer.levels_[:, None], tol=0).fit(x[:, None])
    np.testing.assert_allclose(kmeans.cluster_centers_[:, 0], quantizer.levels_)
    uniform = ScalarQuantizer(3).fit(x)
    assert quantizer.distortion_ < 0.5 * uniform.distortion_


@pytest.mark.parametrize("method", METHODS)
def test_arrays_of_any_shape(method):
    x = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    quantizer = ScalarQuantizer(3, method=method).fit(x)
    codes = quantizer.encode(x)
    assert codes.shape == x.shape and codes.dtype == np.uint8
    assert quantizer.decode(codes).dtype == np.float32
    assert quantizer.encode(x[0, 0, 0]) == codes[0, 0, 0]
    wide = ScalarQuantizer(9, method=method).fit(np.arange(1000))
    assert wide.encode([0, 999]).dtype == np.uint16
    outside = ScalarQuantizer(2, limits=(-1, 1)).fit([0.0])
    np.testing.assert_array_equal(outside.decode(outside.encode([-9, 9])), [-0.75, 0.75])


def test_neighbouring_floats_keep_apart():
    x = np.float32(1e8) + 8 * np.arange(16, dtype=np.float32)
    quantizer = ScalarQuantizer(4, method="lloyd-max").fit(x)
    np.testing.assert_array_equal(quantizer.decode(quantizer.encode(x)), x)


def test_cells_that_run_empty_are_filled():
    from tinygrad_ml.models.quantizer import _refill

    x = np.array([0.0, 1.0, 9.0, 10.0])
    np.testing.assert_array_equal(_refill(x, np.array([0.5, 5.0, 9.5]), np.array([0, 2, 2, 4])),
                                  [0.0, 0.5, 9.5])  # fmt: skip


# ------------------------------------------------------------------------------------ vectors


@pytest.mark.parametrize("init", ["splitting", "k-means++"])
@pytest.mark.parametrize("n_codes", [1, 2, 10, 64])
def test_vectors(init, n_codes):
    X, _ = load_digits()
    quantizer = VectorQuantizer(n_codes, init=init, random_state=0).fit(X)
    codes = quantizer.encode(X)
    decoded = quantizer.decode(codes)
    assert quantizer.codebook_.shape == (n_codes, 64) and codes.dtype == np.uint8
    assert 2**quantizer.bits_per_vector_ >= n_codes > 2 ** (quantizer.bits_per_vector_ - 1) - 1
    assert quantizer.distortion_ == pytest.approx(((X - decoded) ** 2).sum(axis=1).mean())
    apart = np.stack([((X - code) ** 2).sum(axis=1) for code in quantizer.codebook_], axis=1)
    np.testing.assert_array_equal(codes, apart.argmin(axis=1))
    np.testing.assert_array_equal(quantizer.encode(quantizer.codebook_), range(n_codes))
    column = quantizer.transform(X)
    np.testing.assert_array_equal(column[:, 0], codes)
    np.testing.assert_array_equal(quantizer.inverse_transform(column), decoded)
    kmeans = KMeans(n_codes, random_state=0).fit(X)
    assert quantizer.distortion_ * len(X) <= 1.05 * kmeans.inertia_


def test_splitting_is_deterministic_and_grows_better():
    X, _ = load_digits()
    found = [VectorQuantizer(k).fit(X) for k in (1, 2, 4, 8, 16)]
    np.testing.assert_allclose(found[0].codebook_, [X.mean(axis=0)])
    assert (np.diff([each.distortion_ for each in found]) < 0).all()
    np.testing.assert_array_equal(found[2].codebook_, VectorQuantizer(4).fit(X).codebook_)


@pytest.mark.parametrize("init", ["splitting", "k-means++"])
def test_few_different_rows_are_kept_as_they_are(init):
    X = np.repeat(np.random.default_rng(0).normal(size=(5, 3)), 4, axis=0)
    quantizer = VectorQuantizer(8, init=init).fit(X)
    assert len(quantizer.codebook_) == 5 and quantizer.distortion_ == 0
    np.testing.assert_array_equal(quantizer.decode(quantizer.encode(X)), X)
    assert quantizer.bits_per_vector_ == 3 and quantizer.bits(10, 32) == 30 + 32 * 15


def test_pictures_gain_with_the_rate():
    scene = make_scene(64, 96, random_state=0)
    blocks = image_blocks(scene, (4, 4))
    qualities = []
    for n_codes in (4, 16, 64):
        quantizer = VectorQuantizer(n_codes).fit(blocks)
        rows = quantizer.decode(quantizer.encode(blocks))
        qualities.append(psnr(scene, image_from_blocks(rows, scene.shape, (4, 4)), peak=1))
    assert (np.diff(qualities) > 2).all() and qualities[0] > 15


def test_pairs_of_samples_beat_single_ones():
    voice = make_voice(1.0, random_state=0)
    pairs = VectorQuantizer(16).fit(voice.reshape(-1, 2))
    single = ScalarQuantizer(2, method="lloyd-max").fit(voice)
    of_pairs = pairs.decode(pairs.encode(voice.reshape(-1, 2))).reshape(-1)
    of_single = single.decode(single.encode(voice))
    assert snr(voice, of_pairs) > snr(voice, of_single) + 2


# ------------------------------------------------------------------------------ blocks, ratios


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 3)])
def test_blocks(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    rows = image_blocks(image, (3, 2))
    assert rows.shape == (8, 6 * int(np.prod(shape[2:]))) and rows.dtype == np.uint8
    np.testing.assert_array_equal(rows[5], image[3:6, 2:4].reshape(-1))
    np.testing.assert_array_equal(image_from_blocks(rows, shape, (3, 2)), image)


def test_ratios():
    assert snr([3.0, 4.0], [3.0, 4.5]) == pytest.approx(20)
    assert snr([1, 2], [1, 2]) == psnr([1, 2], [1, 2], 255) == np.inf
    for unit in (1e-300, 1e300):
        assert snr([3 * unit, 4 * unit], [3 * unit, 4.5 * unit]) == pytest.approx(20)
    assert psnr([0.0, 0.0], [3e-200, 4e-200], 1e-200) == pytest.approx(-10 * np.log10(12.5))
    image = np.array([[200, 100]], np.uint8)
    assert psnr(image, image[:, ::-1], 255) == pytest.approx(10 * np.log10(2.55**2))  # no wrapping


def test_scene_and_voice():
    scene, voice = make_scene(40, 60, random_state=1), make_voice(0.5, 4000, random_state=1)
    assert scene.shape == (40, 60) and scene.min() >= 0 and scene.max() <= 1
    assert voice.shape == (2000,) and 0.9 < np.abs(voice).max() <= 1
    np.testing.assert_array_equal(scene, make_scene(40, 60, random_state=1))
    np.testing.assert_array_equal(voice, make_voice(0.5, 4000, random_state=1))


# ----------------------------------------------------------------------------- saving, mistakes


@pytest.mark.parametrize("quantizer", [VectorQuantizer(4), ScalarQuantizer(3)])
def test_saving(quantizer, tmp_path):
    X, _ = load_digits()
    codes = quantizer.fit(X[:100]).encode(X)
    quantizer.save(tmp_path / "quantizer")
    loaded = tg.load(tmp_path / "quantizer")
    np.testing.assert_array_equal(loaded.encode(X), codes)
    np.testing.assert_array_equal(loaded.decode(codes), quantizer.decode(codes))


def test_mistakes_with_scalars():
    x = np.linspace(0, 1, 50)
    for parameters, message in [
        ({"bits": 0}, "bits must be an integer from 1 to 16, got 0"),
        ({"bits": 17}, "bits must be an integer from 1 to 16"),
        ({"bits": True}, "bits must be an integer from 1 to 16"),
        ({"method": "max"}, "method must be 'uniform' or 'lloyd-max'"),
        ({"limits": (1, 0)}, r"limits must be two numbers \(low, high\), low < high"),
        ({"limits": "ab"}, "limits must be two numbers"),
        ({"limits": (0, np.nan)}, "limits must be two numbers"),
        ({"limits": (-1e308, 1e308)}, "expected numbers whose squares fit"),
    ]:
        with pytest.raises(ValueError, match=f"ScalarQuantizer: {message}"):
            ScalarQuantizer(**parameters).fit(x)
    for wrong, message in [
        ([], "at least one number"),
        ([1, np.nan], "got NaN"),
        (["a"], "to hold numbers"),
        (x * 1e300, "squares fit into double precision"),
        ([1j], "Complex data not supported"),
        ([[1, 2], [3]], "expected X in a regular shape, got rows of different lengths"),
    ]:
        with pytest.raises(ValueError, match=message):
            ScalarQuantizer().fit(wrong)
    with pytest.raises(ValueError, match="not fitted yet"):
        ScalarQuantizer().encode(x)
    fitted = ScalarQuantizer(2).fit(x)
    with pytest.raises(ValueError, match="codes from 0 to 3, got 4"):
        fitted.decode([4])
    with pytest.raises(ValueError, match="codes as whole numbers, got float64"):
        fitted.decode([0.5])
    with pytest.raises(ValueError, match="codes in a regular shape"):
        fitted.decode([[1], [1, 2]])


def test_mistakes_with_vectors():
    X, _ = load_digits()
    quantizer = VectorQuantizer(4).fit(X)
    for wrong, message in [
        ([-1], "codes from 0 to 3, got -1"),
        ([4], "codes from 0 to 3, got 4"),
        ([[1]], r"codes of shape \(n,\), got \(1, 1\)"),
        ([0.0], "codes as whole numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            quantizer.decode(wrong)
    for wrong in ([[0.5]], [[0, 1]], [[1e300]]):
        with pytest.raises(ValueError, match="a column of codes"):
            quantizer.inverse_transform(wrong)
    for wrong in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n_vectors must be an integer of at least 0"):
            quantizer.bits(wrong)
    with pytest.raises(ValueError, match="squares fit into double precision"):
        VectorQuantizer(4).fit(X * 1e300)


def test_mistakes_with_pictures():
    image = np.zeros((6, 8))
    with pytest.raises(ValueError, match=r"4 x 4 do not tile .* image\[:4, :8\]"):
        image_blocks(image, (4, 4))
    for size in (4, (2.0, 2.0), (2,), (0, 2)):
        with pytest.raises(ValueError, match="expected an image"):
            image_blocks(image, size)
    with pytest.raises(ValueError, match="expected an image"):
        image_blocks(image[0], (2, 2))
    with pytest.raises(ValueError, match=r"blocks of shape \(12, 4\), got \(3, 4\)"):
        image_from_blocks(np.zeros((3, 4)), (6, 8), (2, 2))
    with pytest.raises(ValueError, match="two arrays of numbers of one shape"):
        snr([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="two arrays of numbers of one shape"):
        psnr(["a"], ["b"], 255)
    with pytest.raises(ValueError, match="zeros only"):
        snr([0.0], [1.0])
    with pytest.raises(ValueError, match="peak must be a positive number"):
        psnr([0.0], [1.0], 0)
    for shape in (8, (6.0, 8.0), (48,)):
        with pytest.raises(ValueError, match="image_from_blocks: expected an image"):
            image_from_blocks(np.zeros((12, 4)), shape, (2, 2))
    with pytest.raises(ValueError, match="image_blocks: expected image in a regular shape"):
        image_blocks([[1, 2], [3]], (1, 1))
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"snr: expected decoded without NaN or inf, .*\[1\]"):
            snr([1.0, 2.0], [1.0, wrong])
    with pytest.raises(ValueError, match=r"psnr: expected original - decoded without NaN or inf"):
        psnr([1.7e308], [-1.7e308], 1)
