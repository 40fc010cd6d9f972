import numpy as np
import pytest

from tinygrad_ml import kernels

from . import naive
from .versions import dtypes, hard_to_read, versions

NO_PADDING = ((0, 0), (0, 0))
GEOMETRIES = [
    # height, width, channels, size, stride, padding
    (6, 8, 3, (2, 2), (2, 2), NO_PADDING),  # tiles
    (6, 4, 20, (2, 2), (2, 2), NO_PADDING),  # tiles, with more channels than a vector holds
    (7, 9, 20, (2, 2), (2, 2), NO_PADDING),  # a row and a column left over
    (6, 9, 2, (3, 3), (3, 3), NO_PADDING),
    (7, 6, 9, (3, 2), (1, 2), NO_PADDING),  # overlaps
    (7, 7, 4, (3, 3), (2, 2), ((1, 1), (1, 1))),
    (5, 6, 3, (2, 3), (1, 1), ((1, 0), (2, 1))),
    (9, 9, 2, (2, 2), (3, 4), NO_PADDING),  # apart
    (4, 4, 1, (4, 4), (1, 1), NO_PADDING),  # one window
    (18, 17, 1, (17, 16), (1, 1), NO_PADDING),  # more taps than a byte can number
]


def example(geometry, dtype, n=2, seed=0):
    """Images of few different values, so that ties are everywhere, and how to pool them."""
    height, width, channels, size, stride, padding = geometry
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (n, height, width, channels)).astype(dtype)
    return x, {"size": size, "stride": stride, "padding": padding}


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_max_pool_takes_the_first_of_the_largest(version, geometry, dtype):
    x, how = example(geometry, dtype)
    out, index = version(kernels.max_pool2d)(x, **how)
    expected, expected_index = naive.max_pool2d(x, **how)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(index, expected_index)
    assert out.dtype == dtype
    assert index.dtype == (np.uint8 if np.prod(how["size"]) <= 256 else np.int32)
    assert out.flags.c_contiguous and index.flags.c_contiguous


@pytest.mark.parametrize("geometry", GEOMETRIES)
@versions
def test_nan_wins_and_padding_never_does(version, geometry):
    x, how = example(geometry, np.float32)
    rng = np.random.default_rng(1)
    x[rng.random(x.shape) < 0.3] = np.nan
    x[rng.random(x.shape) < 0.3] = -np.inf
    out, index = version(kernels.max_pool2d)(x, **how)
    expected, expected_index = naive.max_pool2d(x, **how)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(index, expected_index)
    lowest = np.full_like(x, -np.inf)
    out, index = version(kernels.max_pool2d)(lowest, **how)
    np.testing.assert_array_equal(index, naive.max_pool2d(lowest, **how)[1])


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_scatter_and_gather_are_adjoint(version, geometry, dtype):
    x, how = example(geometry, dtype)
    out, index = kernels.max_pool2d.numpy(x, **how)
    np.testing.assert_array_equal(version(kernels.max_pool2d_gather)(x, index, **how), out)
    rng = np.random.default_rng(2)
    other = rng.standard_normal(x.shape).astype(dtype)
    g = rng.standard_normal(out.shape).astype(dtype)
    back = version(kernels.max_pool2d_scatter)(g, index, shape=x.shape, **how)
    assert back.shape == x.shape and back.dtype == dtype and back.flags.c_contiguous
    forth = version(kernels.max_pool2d_gather)(other, index, **how)
    assert forth.shape == out.shape and forth.dtype == dtype and forth.flags.c_contiguous
    product = np.sum(forth * g, dtype=np.float64)
    assert np.sum(other * back, dtype=np.float64) == pytest.approx(product, rel=1e-5, abs=1e-5)
    np.testing.assert_allclose(
        back, kernels.max_pool2d_scatter.numpy(g, index, shape=x.shape, **how), atol=1e-5
    )


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_sum_and_spread(version, geometry, dtype):
    x, how = example(geometry, dtype)
    out = version(kernels.sum_pool2d)(x, **how)
    np.testing.assert_array_equal(out, naive.linear_windows(x, **how).sum(axis=(3, 4)))
    assert out.dtype == dtype and out.flags.c_contiguous
    g = np.random.default_rng(3).integers(-5, 6, out.shape).astype(dtype)
    back = version(kernels.sum_pool2d_spread)(g, shape=x.shape, **how)
    assert back.shape == x.shape and back.dtype == dtype and back.flags.c_contiguous
    assert np.sum(x * back) == np.sum(out * g)
    for place in np.ndindex(x.shape[1:3]):  # the adjoint, pixel by pixel
        unit = np.zeros_like(x)
        unit[:, place[0], place[1]] = 1
        seen = naive.linear_windows(unit, **how).sum(axis=(3, 4))
        expected = (seen * g).sum(axis=(1, 2))
        np.testing.assert_array_equal(back[:, place[0], place[1]], expected)


@pytest.mark.parametrize("make_hard", hard_to_read)
@pytest.mark.parametrize("geometry", GEOMETRIES[:7])
@versions
def test_any_memory_layout(version, geometry, make_hard):
    x, how = example(geometry, np.float64)
    out, index = kernels.max_pool2d.numpy(x, **how)
    hard, hard_index, g = make_hard(x), make_hard(index), make_hard(out)
    np.testing.assert_array_equal(version(kernels.max_pool2d)(hard, **how), (out, index))
    np.testing.assert_array_equal(version(kernels.max_pool2d_gather)(hard, hard_index, **how), out)
    np.testing.assert_array_equal(
        version(kernels.max_pool2d_scatter)(g, hard_index, shape=x.shape, **how),
        kernels.max_pool2d_scatter.numpy(out, index, shape=x.shape, **how),
    )
    np.testing.assert_array_equal(
        version(kernels.sum_pool2d)(hard, **how), kernels.sum_pool2d.numpy(x, **how)
    )
    np.testing.assert_array_equal(
        version(kernels.sum_pool2d_spread)(g, shape=x.shape, **how),
        kernels.sum_pool2d_spread.numpy(out, shape=x.shape, **how),
    )
    np.testing.assert_array_equal(hard, x)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@versions
def test_no_images_at_all(version, geometry):
    x, how = example(geometry, np.float32, n=0)
    out, index = version(kernels.max_pool2d)(x, **how)
    assert out.shape == index.shape == version(kernels.sum_pool2d)(x, **how).shape
    assert version(kernels.max_pool2d_gather)(x, index, **how).shape == out.shape
    back = version(kernels.max_pool2d_scatter)(out, index, shape=x.shape, **how)
    assert back.shape == x.shape
    assert version(kernels.sum_pool2d_spread)(out, shape=x.shape, **how).shape == x.shape


@versions
def test_blocks_of_images(version):
    """More images than one block holds."""
    x = np.random.default_rng(0).standard_normal((40, 32, 32, 8))
    how = {"size": (2, 2), "stride": (2, 2), "padding": NO_PADDING}
    out, index = version(kernels.max_pool2d)(x, **how)
    tiles = x.reshape(40, 16, 2, 16, 2, 8)
    np.testing.assert_array_equal(out, tiles.max(axis=(2, 4)))
    back = version(kernels.max_pool2d_scatter)(out, index, shape=x.shape, **how)
    wins = tiles == out[:, :, None, :, None]
    np.testing.assert_array_equal(back, np.where(wins, tiles, 0).reshape(x.shape))


@versions
def test_a_winner_keeps_inf_and_nan_to_itself(version):
    """A value is chosen, not multiplied by 0 or 1: nothing leaks to the losers."""
    x = np.arange(4.0).reshape(1, 2, 2, 1)
    how = {"size": (2, 2), "stride": (2, 2), "padding": NO_PADDING}
    _, index = version(kernels.max_pool2d)(x, **how)
    for value in (np.inf, np.nan):
        g = np.full((1, 1, 1, 1), value)
        back = version(kernels.max_pool2d_scatter)(g, index, shape=x.shape, **how)
        np.testing.assert_array_equal(back.ravel(), [0, 0, 0, value])


def test_complex_values_follow_a_known_index():
    """The maps given the index are linear in complex numbers too (complex-step derivatives)."""
    x, how = example(GEOMETRIES[5], np.float64)
    out, index = kernels.max_pool2d(x, **how)
    back = kernels.max_pool2d_scatter(out, index, shape=x.shape, **how)
    np.testing.assert_array_equal(kernels.max_pool2d_gather(x * 1j, index, **how), out * 1j)
    np.testing.assert_array_equal(
        kernels.max_pool2d_scatter(out * 1j, index, shape=x.shape, **how), back * 1j
    )
    np.testing.assert_array_equal(
        kernels.sum_pool2d(x * 1j, **how), kernels.sum_pool2d(x, **how) * 1j
    )
