import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, hard_to_read, versions


@pytest.mark.parametrize("dtype", dtypes)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 5, 2), (1000,)])
@versions
def test_relu_backward_is_where(version, dtype, shape):
    rng = np.random.default_rng(0)
    g = rng.standard_normal(shape).astype(dtype)
    out = np.maximum(rng.standard_normal(shape), 0).astype(dtype)
    result = version(kernels.relu_backward)(g, out)
    np.testing.assert_array_equal(result, np.where(out > 0, g, 0))
    assert isinstance(result, np.ndarray) and result.dtype == dtype


@versions
def test_relu_backward_at_special_values(version):
    out = np.array([0.0, -0.0, np.nan, np.inf, 1e-300, -1.0])
    for value in (np.inf, np.nan, -2.0):
        result = version(kernels.relu_backward)(np.full(6, value), out)
        np.testing.assert_array_equal(result, [0, 0, 0, value, value, 0])


@pytest.mark.parametrize("make_hard", hard_to_read)
@versions
def test_relu_backward_reads_any_memory_layout(version, make_hard):
    g, out = np.random.default_rng(0).standard_normal((2, 4, 5, 6)).astype(np.float32)
    expected = np.where(out > 0, g, 0)
    for arguments in [(make_hard(g), out), (g, make_hard(out)), (make_hard(g), make_hard(out))]:
        result = version(kernels.relu_backward)(*arguments)
        np.testing.assert_array_equal(result, expected)
        assert result.flags.c_contiguous


def test_relu_backward_of_complex_gradients():
    g = np.array([1 + 2j, 3j])
    np.testing.assert_array_equal(kernels.relu_backward(g, np.array([1.0, 0.0])), [1 + 2j, 0])


@pytest.mark.parametrize("shape", [(0, 3), (1, 4), (1000, 1), (300, 17)])
@pytest.mark.parametrize("dtype", dtypes)
def test_sum_rows(shape, dtype):
    g = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    total = kernels.sum_rows(g)
    assert total.dtype == dtype and total.shape == shape[1:]
    np.testing.assert_allclose(total, g.sum(axis=0, dtype=np.float64), atol=1e-4)
