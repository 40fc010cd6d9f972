"""Ties and kinks follow PyTorch, at order 1 and, where there is something to see, at order 2."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional


def slope(function, *arrays, order=1):
    """The gradient of the summed result (of the summed gradient) with respect to every array."""
    tensors = [tg.Tensor(np.asarray(a, float), requires_grad=True) for a in arrays]
    y = function(*tensors).sum()
    for _ in range(order - 1):
        y = sum(g.sum() for g in tg.gradients(y, tensors, create_graph=True))
    found = tg.gradients(y, tensors)
    found = [
        np.zeros(t.shape) if g is None else g.data for g, t in zip(found, tensors, strict=True)
    ]
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("function", [np.maximum, np.minimum])
def test_equal_arguments_share_evenly(function):
    x, y = slope(function, [1.0, 2.0, 3.0], [1.0, 3.0, 2.0])
    larger = function is np.maximum
    np.testing.assert_array_equal(x, [0.5, not larger, larger])
    np.testing.assert_array_equal(y, [0.5, larger, not larger])


def test_equal_arguments_share_evenly_as_one_tensor_and_with_a_number():
    np.testing.assert_array_equal(slope(lambda x: np.maximum(x, x), [1.0, 2.0]), [1, 1])
    np.testing.assert_array_equal(slope(lambda x: np.maximum(x, 0), [-1.0, 0.0, 1.0]), [0, 0.5, 1])


@pytest.mark.parametrize("function", [np.max, np.min, np.amax, np.amin])
def test_extremes_share_evenly(function):
    x = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 1.0]])
    if function in (np.min, np.amin):
        x = -x
    np.testing.assert_array_equal(slope(lambda x: function(x, axis=1), x),
                                  [[1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]])  # fmt: skip
    np.testing.assert_array_equal(slope(function, x), [[0, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(
        slope(lambda x: function(x, axis=(0, 1), keepdims=True), x), [[0, 0, 0], [0.5, 0.5, 0]]
    )


def test_extremes_with_an_axis_of_length_one_that_stays():
    x = np.array([[[2.0], [2.0]]])
    np.testing.assert_array_equal(slope(lambda x: x.max(axis=1), x), [[[0.5], [0.5]]])
    np.testing.assert_array_equal(slope(lambda x: x.max(axis=0), x), [[[1], [1]]])


def test_relu_and_abs_are_flat_at_zero():
    x = [-1.0, 0.0, 2.0]
    np.testing.assert_array_equal(slope(functional.relu, x), [0, 0, 1])
    np.testing.assert_array_equal(slope(abs, x), [-1, 0, 1])
    np.testing.assert_array_equal(slope(np.fabs, x), [-1, 0, 1])
    np.testing.assert_array_equal(slope(functional.leaky_relu, x), [0.01, 0.01, 1])


def test_clip_keeps_its_bounds():
    np.testing.assert_array_equal(
        slope(lambda x: np.clip(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0]), [0, 1, 1, 1, 0]
    )
    x, low, high = slope(np.clip, [-1.0, 1.0, -2.0, 2.0], [-1.0] * 4, [1.0] * 4)
    np.testing.assert_array_equal(x, [1, 1, 0, 0])
    np.testing.assert_array_equal(low, [0, 0, 1, 0])
    np.testing.assert_array_equal(high, [0, 0, 0, 1])


def test_max_pool_takes_the_first_winner():
    x = np.zeros((1, 2, 4, 1))
    expected = np.zeros((2, 4))
    expected[0, 0] = expected[0, 2] = 1
    np.testing.assert_array_equal(slope(functional.max_pool2d, x)[0, :, :, 0], expected)


def test_sort_takes_one_winner():
    weights = np.array([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(slope(lambda x: np.sort(x) * weights, [5.0, 3.0, 5.0]), [2, 1, 4])


@pytest.mark.parametrize("order", [1, 2])
def test_power_zero_is_constant(order):
    np.testing.assert_array_equal(slope(lambda x: x**0, [0.0, 2.0], order=order), [0, 0])
    np.testing.assert_array_equal(slope(lambda x: x**0.0, [0.0, 2.0], order=order), [0, 0])


def test_powers_at_zero():
    np.testing.assert_array_equal(slope(lambda x: x**1, [0.0]), [1])
    np.testing.assert_array_equal(slope(lambda x: x**2, [0.0]), [0])
    np.testing.assert_array_equal(slope(lambda x: x**2, [0.0, -3.0], order=2), [2, 2])
    np.testing.assert_array_equal(slope(lambda x: x**3, [0.0, -3.0], order=3), [6, 6])
    np.testing.assert_array_equal(slope(lambda x: x**1, [0.0], order=2), [0])


def test_zero_to_a_power_does_not_change_with_it():
    np.testing.assert_array_equal(slope(lambda y: 0.0**y, [1.0, 2.5]), [0, 0])
    x, y = slope(np.power, [0.0, 0.0], [2.0, 0.0])
    np.testing.assert_array_equal(x, [0, 0])
    np.testing.assert_array_equal(y, [0, 0])


def test_negative_base_with_whole_exponents():
    np.testing.assert_allclose(slope(lambda x: x ** np.array([3, 2]), [-2.0, -3.0]), [12, -6])
    np.testing.assert_allclose(slope(lambda x: x**-1, [-2.0, 4.0]), [-0.25, -1 / 16])


def test_products_with_zeros():
    one, two = [0.0, 2.0, 3.0], [0.0, 2.0, 0.0]
    np.testing.assert_array_equal(slope(np.prod, one), [6, 0, 0])
    np.testing.assert_array_equal(slope(np.prod, two), [0, 0, 0])
    hessian = tg.hessian(np.prod)
    np.testing.assert_array_equal(hessian(np.array(one)), [[0, 3, 2], [3, 0, 0], [2, 0, 0]])
    np.testing.assert_array_equal(hessian(np.array(two)), [[0, 0, 2], [0, 0, 0], [2, 0, 0]])


@pytest.mark.parametrize("order", [1, 2])
def test_std_is_flat_where_all_values_are_equal(order):
    """The peak of a cone, like abs at 0: PyTorch answers 0, the formula would give 0 / 0."""
    found = slope(lambda x: x.std(axis=0), [[1.0, 1.0], [1.0, 3.0]], order=order)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:, 0], [0, 0])


@pytest.mark.parametrize("order", [1, 2])
def test_hypot_of_zeros_is_flat(order):
    """As the norm is; PyTorch's 0 / 0 would spoil the parameters of a whole network."""
    x, y = slope(np.hypot, [0.0, 3.0], [0.0, 4.0], order=order)
    np.testing.assert_allclose(x, [0, 0.6] if order == 1 else [0, (16 - 12) / 125], rtol=1e-15)
    np.testing.assert_allclose(y, [0, 0.8] if order == 1 else [0, (9 - 12) / 125], rtol=1e-15)


def test_distance_zero_is_flat():
    x = np.array([[1.0, 2.0], [4.0, 6.0]])
    found = slope(lambda x: functional.pairwise_distances(x), x)
    np.testing.assert_allclose(found, [[-1.2, -1.6], [1.2, 1.6]], rtol=1e-15)


def test_rounding_and_signs_are_constants():
    x = tg.Tensor([1.5, -0.5], requires_grad=True)
    for function in (np.sign, np.floor, np.ceil, np.round, np.trunc, np.rint):
        assert type(function(x)) is np.ndarray
