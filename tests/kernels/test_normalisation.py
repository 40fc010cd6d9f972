import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, hard_to_read, versions

SHAPES = [(1, 7, 3), (2, 1, 4), (3, 130, 5), (1, 2051, 2), (2, 65, 300), (0, 4, 3)]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}


def example(shape, dtype, count):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(dtype) for _ in range(2)]
    small = [rng.standard_normal((shape[0], shape[2])).astype(dtype) for _ in range(count)]
    return *arrays, *small


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_moments(version, shape, dtype):
    x = example(shape, dtype, 0)[0]
    mean, variance = version(kernels.moments)(x)
    assert mean.dtype == variance.dtype == np.float64
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=1), atol=TOLERANCE[dtype])
    np.testing.assert_allclose(variance, exact.var(axis=1), rtol=TOLERANCE[dtype], atol=1e-15)


@pytest.mark.parametrize("rows", [2, 50, 5000])
@versions
def test_moments_about_a_large_mean(version, rows):
    """A deviation of 0.01 at 10,000: float32 holds the values to 0.001, the moments are theirs."""
    x = (1e4 + 1e-2 * np.random.default_rng(0).standard_normal((2, rows, 3))).astype(np.float32)
    x[:, 0] += 0.01  # no value is special
    mean, variance = version(kernels.moments)(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=1), rtol=1e-10)
    np.testing.assert_allclose(variance, exact.var(axis=1), rtol=1e-5)


@versions
def test_moments_beside_one_huge_value(version):
    x = np.random.default_rng(0).standard_normal((1, 4000, 2)).astype(np.float32)
    x[0, 0, 0] = 1e4
    exact = x.astype(np.float64)
    np.testing.assert_allclose(version(kernels.moments)(x)[1], exact.var(axis=1), rtol=1e-5)


@versions
def test_equal_values_have_no_variance(version):
    mean, variance = version(kernels.moments)(np.full((1, 1000, 3), 0.1, np.float32))
    np.testing.assert_allclose(mean, np.float32(0.1), rtol=1e-7)
    np.testing.assert_allclose(variance, 0, atol=1e-16)
    assert (variance >= 0).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_sums_and_maps(version, shape, dtype):
    g, x, centre, weight, slope, level = example(shape, dtype, 4)
    wide = [v.astype(np.float64)[:, None] for v in (centre, weight, slope, level)]
    middle, w, s, t = wide
    exact_g, exact_x = g.astype(np.float64), x.astype(np.float64)
    plain, weighted = version(kernels.moment_sums)(g, x, centre)
    atol = TOLERANCE[dtype] * 100
    np.testing.assert_allclose(plain, exact_g.sum(axis=1), atol=atol)
    np.testing.assert_allclose(weighted, (exact_g * (exact_x - middle)).sum(axis=1), atol=atol)
    scaled = version(kernels.centred_scale)(x, centre, weight, level)
    np.testing.assert_allclose(scaled, (exact_x - middle) * w + t, atol=atol)
    combined = version(kernels.centred_sum)(g, x, centre, weight, slope, level)
    expected = w * exact_g + s * (exact_x - middle) + t
    np.testing.assert_allclose(combined, expected, atol=atol)
    for result in (plain, weighted, scaled, combined):
        assert result.dtype == dtype and result.flags.c_contiguous


@pytest.mark.parametrize("make_hard", hard_to_read)
@versions
def test_any_memory_layout_and_no_argument_changes(version, make_hard):
    g, x, *vectors = example((2, 9, 4), np.float32, 4)
    calls = [
        (kernels.moments, [x]),
        (kernels.moment_sums, [g, x, vectors[0]]),
        (kernels.centred_scale, [x, *vectors[:3]]),
        (kernels.centred_sum, [g, x, *vectors]),
    ]
    for kernel, arrays in calls:
        hard = [make_hard(a) for a in arrays]
        expected = version(kernel)(*arrays)
        np.testing.assert_allclose(version(kernel)(*hard), expected, rtol=1e-6, atol=1e-6)
        for before, after in zip(arrays, hard, strict=True):
            np.testing.assert_array_equal(before, after)


@versions
def test_mixed_types_follow_numpy(version):
    g, x, *vectors = example((2, 9, 4), np.float64, 4)
    single = x.astype(np.float32)
    assert version(kernels.moment_sums)(g, single, vectors[0])[1].dtype == np.float64
    assert version(kernels.centred_scale)(single, *vectors[:3]).dtype == np.float64
    assert version(kernels.centred_sum)(single, x, *vectors).dtype == np.float64
