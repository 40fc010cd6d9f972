"""check_gradients passes what is right and catches what is wrong, at order 1 and at order 2."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional
from tinygrad_ml.table import RULES

rng = np.random.default_rng(5)
X = rng.standard_normal((2, 3))


@pytest.fixture
def cube():
    """A function that makes x^3 with a given rule; its rules disappear with the test."""
    before = dict(RULES)

    def make(rule):
        @tg.primitive
        def operation(x):
            return x * x * x

        tg.defvjp(operation, rule)
        return operation

    yield make
    RULES.clear()
    RULES.update(before)


@pytest.mark.parametrize("order", [1, 2])
def test_right_gradients_pass(cube, order):
    tg.check_gradients(cube(lambda g, out, x: g * (3 * x * x)), X, order=order)
    tg.check_gradients(lambda x, w: np.tanh(x @ w), X, rng.standard_normal((3, 2)), order=order)
    tg.check_gradients(lambda x: x.sum(), X, order=order)  # its second derivative is zero
    tg.check_gradients(lambda x, y: x * 2, X, X, order=order)  # y does not matter
    tg.check_gradients(functional.softmax, tg.Tensor(X), order=order)
    tg.check_gradients(lambda x: x * x, np.float64(2.0), order=order)
    tg.check_gradients(lambda x: x * x, np.zeros((0, 2)), order=order)


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: -g * (3 * x * x),
        lambda g, out, x: g * (3 * x * x) * 1.0001,
        lambda g, out, x: g * 0,
        lambda g, out, x: g * np.where(x > 0, 3 * x * x, np.nan),
    ],
)
def test_wrong_rules_are_caught(cube, rule):
    with pytest.raises(AssertionError, match="order 1 gradient of input 0"):
        tg.check_gradients(cube(rule), X)


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * (3 * (x.data * x.data if isinstance(x, tg.Tensor) else x * x)),
        lambda g, out, x: (g.data if isinstance(g, tg.Tensor) else g) * (3 * x * x),
        lambda g, out, x: g * (3 * x * (x.data if isinstance(x, tg.Tensor) else x)),
    ],
)
def test_what_is_wrong_at_order_2_only(cube, rule):
    operation = cube(rule)
    tg.check_gradients(lambda x: operation(x) ** 2, X)
    with pytest.raises(AssertionError, match="order 2 gradient of input 0"):
        tg.check_gradients(lambda x: operation(x) ** 2, X, order=2)


def test_the_second_input_is_checked_too():
    def function(x, y):
        return x * y.detach()

    with pytest.raises(AssertionError, match="gradient of input 1"):
        tg.check_gradients(function, X, X + 1)


def test_float32_is_refused():
    with pytest.raises(
        TypeError, match=r"expected float64 inputs, got float32 for input 1.*astype"
    ):
        tg.check_gradients(lambda x, y: x * y, X, X.astype(np.float32))
    with pytest.raises(TypeError, match="float64"):
        tg.check_gradients(lambda x: x * 2, np.arange(3))


def test_wrong_calls():
    with pytest.raises(ValueError, match="order 1 or 2, got 3"):
        tg.check_gradients(lambda x: x, X, order=3)
    with pytest.raises(TypeError, match="returns a Tensor"):
        tg.check_gradients(lambda x: x.data, X)


def test_inputs_are_left_alone():
    given = X.copy()
    given.setflags(write=False)
    tg.check_gradients(np.exp, given, order=2)
    np.testing.assert_array_equal(given, X)


def test_under_no_grad():
    with tg.no_grad():
        tg.check_gradients(np.sin, X, order=2)
