import itertools

import numpy as np
import pytest

from tinygrad_ml import kernels

from . import naive
from .versions import dtypes, hard_to_read, versions

NO_PADDING = ((0, 0), (0, 0))
GEOMETRIES = [
    # height, width, c_in, c_out, kernel, stride, padding
    (5, 5, 1, 2, (3, 3), (1, 1), NO_PADDING),
    (7, 6, 3, 4, (3, 3), (1, 1), ((1, 1), (1, 1))),
    (9, 8, 1, 3, (5, 5), (1, 1), ((2, 2), (2, 2))),
    (8, 9, 6, 5, (3, 2), (2, 1), ((0, 1), (2, 0))),
    (7, 9, 8, 3, (2, 3), (3, 4), NO_PADDING),  # windows apart and not tiling
    (4, 4, 9, 2, (3, 3), (1, 1), ((3, 4), (5, 3))),  # whole windows of padding
    (6, 5, 16, 8, (1, 1), (1, 1), NO_PADDING),
    (6, 5, 2, 3, (1, 1), (2, 2), ((1, 0), (0, 1))),
    (3, 4, 5, 2, (3, 4), (1, 1), NO_PADDING),  # one window
]
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def example(geometry, dtype, n=3, seed=0):
    height, width, c_in, c_out, size, stride, padding = geometry
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, height, width, c_in)).astype(dtype)
    w = rng.standard_normal((*size, c_in, c_out)).astype(dtype)
    rows, columns, _ = naive.places(x.shape, size, stride, padding)
    g = rng.standard_normal((n, rows, columns, c_out)).astype(dtype)
    return x, w, g, {"stride": stride, "padding": padding}


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_conv2d_is_the_sum_over_every_window(version, geometry, dtype):
    x, w, _, how = example(geometry, dtype)
    out = version(kernels.conv2d)(x, w, **how)
    expected = naive.conv2d(x, w, **how)
    assert out.dtype == dtype
    assert out.flags.c_contiguous
    np.testing.assert_allclose(out, expected, atol=TOLERANCE[dtype] * 10, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_the_convolution_triad_is_adjoint(version, geometry, dtype):
    x, w, g, how = example(geometry, dtype)
    grad_x = version(kernels.conv2d_input)(g, w, shape=x.shape, **how)
    grad_w = version(kernels.conv2d_weight)(x, g, shape=w.shape, **how)
    assert grad_x.shape == x.shape and grad_x.dtype == dtype and grad_x.flags.c_contiguous
    assert grad_w.shape == w.shape and grad_w.dtype == dtype and grad_w.flags.c_contiguous
    product = np.sum(naive.conv2d(x, w, **how) * g, dtype=np.float64)
    scale = TOLERANCE[dtype] * max(1.0, float(np.abs(x).sum()))
    assert np.sum(x * grad_x, dtype=np.float64) == pytest.approx(product, abs=scale)
    assert np.sum(w * grad_w, dtype=np.float64) == pytest.approx(product, abs=scale)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@versions
def test_gradients_to_every_entry(version, geometry):
    """Against the windows written out: exact to rounding, not only in one direction."""
    x, w, g, how = example(geometry, np.float64, n=2)
    columns = naive.linear_windows(x, w.shape[:2], **how)
    grad_w = version(kernels.conv2d_weight)(x, g, shape=w.shape, **how)
    np.testing.assert_allclose(grad_w, np.einsum("nyxabc,nyxo->abco", columns, g), atol=1e-11)
    grad_x = version(kernels.conv2d_input)(g, w, shape=x.shape, **how)
    expected = np.zeros_like(x)
    rows, columns, pixel = naive.places(x.shape, w.shape[:2], **how)
    for oy, ox, ky, kx in itertools.product(*map(range, (rows, columns, *w.shape[:2]))):
        if (place := pixel(oy, ox, ky, kx)) is not None:
            expected[:, place[0], place[1]] += g[:, oy, ox] @ w[ky, kx].T
    np.testing.assert_allclose(grad_x, expected, atol=1e-11)


@versions
def test_a_bias_is_added_to_every_window(version):
    x, w, _, how = example(GEOMETRIES[1], np.float32)
    bias = np.arange(4, dtype=np.float32)
    with_bias = version(kernels.conv2d)(x, w, bias, **how)
    np.testing.assert_array_equal(with_bias, version(kernels.conv2d)(x, w, **how) + bias)


@versions
def test_many_blocks_of_images_equal_one_image_at_a_time(version):
    """Large enough that the batch is cut, with a last block that is not full."""
    geometry = (32, 32, 8, 4, (3, 3), (1, 1), ((1, 1), (1, 1)))
    x, w, g, how = example(geometry, np.float64, n=7)
    out = version(kernels.conv2d)(x, w, **how)
    grad_x = version(kernels.conv2d_input)(g, w, shape=x.shape, **how)
    grad_w = version(kernels.conv2d_weight)(x, g, shape=w.shape, **how)
    ones = [slice(i, i + 1) for i in range(7)]
    for one in ones:
        np.testing.assert_allclose(out[one], version(kernels.conv2d)(x[one], w, **how), atol=1e-12)
        back = version(kernels.conv2d_input)(g[one], w, shape=x[one].shape, **how)
        np.testing.assert_allclose(grad_x[one], back, atol=1e-12)
    parts = [version(kernels.conv2d_weight)(x[i], g[i], shape=w.shape, **how) for i in ones]
    np.testing.assert_allclose(grad_w, sum(parts), atol=1e-10)


@pytest.mark.parametrize("make_hard", hard_to_read)
@pytest.mark.parametrize("geometry", GEOMETRIES[1:4])
@versions
def test_any_memory_layout_and_no_argument_changes(version, geometry, make_hard):
    x, w, g, how = example(geometry, np.float32)
    calls = [
        (kernels.conv2d, (x, w), {}),
        (kernels.conv2d_input, (g, w), {"shape": x.shape}),
        (kernels.conv2d_weight, (x, g), {"shape": w.shape}),
    ]
    for kernel, arrays, more in calls:
        expected = version(kernel)(*arrays, **more, **how)
        hard = [make_hard(array) for array in arrays]
        np.testing.assert_allclose(version(kernel)(*hard, **more, **how), expected, atol=1e-4)
        for before, after in zip(arrays, hard, strict=True):
            np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@versions
def test_no_images_at_all(version, geometry):
    x, w, g, how = example(geometry, np.float32, n=0)
    assert version(kernels.conv2d)(x, w, **how).shape == g.shape
    assert version(kernels.conv2d_input)(g, w, shape=x.shape, **how).shape == x.shape
    grad_w = version(kernels.conv2d_weight)(x, g, shape=w.shape, **how)
    np.testing.assert_array_equal(grad_w, np.zeros_like(w))


@versions
def test_results_are_no_views_of_what_went_in(version):
    geometry = (4, 4, 3, 3, (1, 1), (1, 1), NO_PADDING)
    x, w, g, how = example(geometry, np.float64)
    w = np.eye(3).reshape(1, 1, 3, 3)
    assert not np.shares_memory(version(kernels.conv2d)(x, w, **how), x)
    assert not np.shares_memory(version(kernels.conv2d_input)(g, w, shape=x.shape, **how), g)
    one_tap = version(kernels.windows)(x, size=(1, 1), stride=(1, 1))
    assert not np.shares_memory(one_tap, x)
    assert not np.shares_memory(
        version(kernels.fold)(one_tap, shape=x.shape, stride=(1, 1)), one_tap
    )


def test_mixed_and_complex_types_follow_numpy():
    x, w, g, how = example(GEOMETRIES[1], np.float64)
    assert kernels.conv2d(x.astype(np.float32), w, **how).dtype == np.float64
    out = kernels.conv2d(x + 2j * x, w, **how)
    np.testing.assert_allclose(out, naive.conv2d(x, w, **how) * (1 + 2j), atol=1e-12)
    out = kernels.conv2d(x, w + 2j * w, **how)
    np.testing.assert_allclose(out, naive.conv2d(x, w, **how) * (1 + 2j), atol=1e-12)
    bias = 1j * np.arange(4.0)
    np.testing.assert_array_equal(
        kernels.conv2d(x, w, bias, **how), kernels.conv2d(x, w, **how) + bias
    )
    back = kernels.conv2d_input(g, w * 1j, shape=x.shape, **how)
    np.testing.assert_allclose(back, 1j * kernels.conv2d_input(g, w, shape=x.shape, **how))


@pytest.mark.parametrize("size, stride", [((2, 3), (1, 1)), ((2, 2), (2, 2)), ((3, 1), (2, 3))])
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_windows_and_fold(version, size, stride, dtype):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 6, 7, 3)).astype(dtype)
    out = version(kernels.windows)(x, size=size, stride=stride)
    np.testing.assert_array_equal(out, naive.linear_windows(x, size, stride, NO_PADDING))
    assert out.flags.c_contiguous and out.dtype == dtype
    g = rng.standard_normal(out.shape).astype(dtype)
    back = version(kernels.fold)(g, shape=x.shape, stride=stride)
    assert back.shape == x.shape and back.dtype == dtype
    product = np.sum(out * g, dtype=np.float64)
    assert np.sum(x * back, dtype=np.float64) == pytest.approx(product, rel=1e-4)


def with_gaps(w, dilation):
    """The same kernel with rows and columns of zeros between its own."""
    (kh, kw), (dh, dw) = w.shape[:2], dilation
    wide = np.zeros(((kh - 1) * dh + 1, (kw - 1) * dw + 1, *w.shape[2:]), w.dtype)
    wide[::dh, ::dw] = w
    return wide


@pytest.mark.parametrize("dilation", [(2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("channels", [(1, 2), (9, 3)])
@pytest.mark.parametrize(
    ("stride", "padding"),
    [((1, 1), NO_PADDING), ((1, 1), ((2, 2), (1, 1))), ((2, 3), ((3, 0), (1, 2)))],
)
@versions
def test_a_dilated_kernel_is_one_with_gaps(version, dilation, channels, stride, padding):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 9, 8, channels[0])), rng.standard_normal((3, 2, *channels))
    wide, how = with_gaps(w, dilation), {"stride": stride, "padding": padding}
    out = version(kernels.conv2d)(x, w, dilation=dilation, **how)
    np.testing.assert_allclose(out, naive.conv2d(x, wide, **how), atol=1e-12)
    g = rng.standard_normal(out.shape)
    np.testing.assert_allclose(
        version(kernels.conv2d_input)(g, w, shape=x.shape, dilation=dilation, **how),
        kernels.conv2d_input.numpy(g, wide, shape=x.shape, **how),
        atol=1e-12,
    )
    grad_w = version(kernels.conv2d_weight)(x, g, shape=w.shape, dilation=dilation, **how)
    grad_wide = kernels.conv2d_weight.numpy(x, g, shape=wide.shape, **how)
    np.testing.assert_allclose(grad_w, grad_wide[:: dilation[0], :: dilation[1]], atol=1e-12)
