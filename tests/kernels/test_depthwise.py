"""Depthwise convolution is a convolution whose kernels are diagonal in the channels."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from . import naive
from .test_convolution import with_gaps
from .versions import dtypes, hard_to_read, versions

NO_PADDING, ONE = ((0, 0), (0, 0)), ((1, 1), (1, 1))
GEOMETRIES = [
    # height, width, channels, kernel, stride, padding, dilation
    (5, 6, 3, (3, 3), (1, 1), ONE, (1, 1)),
    (7, 6, 1, (2, 3), (2, 1), NO_PADDING, (1, 1)),
    (6, 9, 17, (3, 2), (2, 3), ((1, 0), (0, 2)), (1, 1)),
    (8, 7, 4, (3, 2), (1, 2), ((3, 2), (1, 2)), (2, 3)),
    (4, 4, 2, (3, 3), (1, 1), ((3, 4), (5, 3)), (1, 1)),  # whole windows of padding
    (1, 9, 5, (1, 3), (1, 1), ((0, 0), (1, 1)), (1, 2)),
]
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-12}


def example(geometry, dtype, n=3):
    height, width, c, size, stride, padding, dilation = geometry
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, height, width, c)).astype(dtype)
    w = rng.standard_normal((*size, c)).astype(dtype)
    dense = with_gaps(w, dilation)[..., None] * np.eye(c, dtype=dtype)
    how = {"stride": stride, "padding": padding}
    out = naive.conv2d(x, dense, **how)
    g = rng.standard_normal(out.shape).astype(dtype)
    return x, w, g, dense, out, how, how | {"dilation": dilation}


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_the_triad(version, geometry, dtype):
    x, w, g, dense, expected, how, dilated = example(geometry, dtype)
    atol = TOLERANCE[dtype]
    out = version(kernels.depthwise2d)(x, w, **dilated)
    np.testing.assert_allclose(out, expected, atol=atol)
    grad_x = version(kernels.depthwise2d_input)(g, w, shape=x.shape, **dilated)
    np.testing.assert_allclose(
        grad_x, kernels.conv2d_input.numpy(g, dense, shape=x.shape, **how), atol=atol
    )
    grad_w = version(kernels.depthwise2d_weight)(x, g, shape=w.shape, **dilated)
    wide = kernels.conv2d_weight.numpy(x, g, shape=dense.shape, **how)
    diagonal = np.einsum("abcc->abc", wide)[:: geometry[6][0], :: geometry[6][1]]
    np.testing.assert_allclose(grad_w, diagonal, atol=atol)
    for result in (out, grad_x, grad_w):
        assert result.dtype == dtype and result.flags.c_contiguous


@pytest.mark.parametrize("make_hard", hard_to_read)
@versions
def test_any_memory_layout_and_no_argument_changes(version, make_hard):
    x, w, g, _, _, _, how = example(GEOMETRIES[2], np.float32)
    for kernel, arrays, more in [
        (kernels.depthwise2d, (x, w), {}),
        (kernels.depthwise2d_input, (g, w), {"shape": x.shape}),
        (kernels.depthwise2d_weight, (x, g), {"shape": w.shape}),
    ]:
        hard = [make_hard(array) for array in arrays]
        expected = version(kernel)(*arrays, **more, **how)
        np.testing.assert_allclose(version(kernel)(*hard, **more, **how), expected, atol=1e-5)
        for before, after in zip(arrays, hard, strict=True):
            np.testing.assert_array_equal(before, after)


@versions
def test_no_images_mixed_types_and_many_blocks(version):
    x, w, g, _, _, _, how = example(GEOMETRIES[0], np.float32, n=0)
    assert version(kernels.depthwise2d)(x, w, **how).shape == g.shape
    assert version(kernels.depthwise2d_input)(g, w, shape=x.shape, **how).shape == x.shape
    assert not version(kernels.depthwise2d_weight)(x, g, shape=w.shape, **how).any()
    x = np.random.default_rng(1).standard_normal((40, 32, 32, 8))  # more than a block
    w = w[..., :1].repeat(8, axis=2)
    out = version(kernels.depthwise2d)(x, w, **how)
    assert out.dtype == np.float64
    np.testing.assert_allclose(out[-1:], version(kernels.depthwise2d)(x[-1:], w, **how), atol=1e-12)
    grad_w = version(kernels.depthwise2d_weight)(x, out, shape=w.shape, **how)
    parts = [
        kernels.depthwise2d_weight.numpy(x[i : i + 1], out[i : i + 1], shape=w.shape, **how)
        for i in range(40)
    ]
    np.testing.assert_allclose(grad_w, sum(parts), rtol=1e-10)
