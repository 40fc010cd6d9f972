"""Rules that answer for all arguments at once, because their gradients share work."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.table import RULES


@pytest.fixture(autouse=True)
def _leave_the_table_as_it_was():
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


def product(calls):
    """x y, which notes when its rule runs."""

    @tg.primitive
    def times(x, y):
        return x * y

    def rule(g, out, x, y):
        calls.append(type(g))
        return g * y, g * x

    tg.defvjp(times, together=rule)
    return times


def test_one_call_for_all_arguments():
    calls = []
    times = product(calls)
    x, y = tg.Tensor([2.0, 3.0], requires_grad=True), tg.Tensor([5.0, 7.0], requires_grad=True)
    times(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)
    np.testing.assert_array_equal(y.grad, x.data)
    assert calls == [np.ndarray]
    times(x, times(x, y)).sum().backward()  # a call for each node, also of one function
    assert calls == [np.ndarray] * 3


def test_answers_are_not_kept_between_passes():
    times = product([])
    x, y = tg.Tensor(2.0, requires_grad=True), tg.Tensor(3.0, requires_grad=True)
    out = times(x, y)
    first, second = (tg.gradients(out, [x], grad_outputs=np.float32(g))[0] for g in (1, 10))
    assert float(first) == 3 and float(second) == 30


def test_recorded_and_checked():
    times = product([])
    a, b = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    tg.check_gradients(lambda x, y: times(times(x, y), x), a, b, order=2)
    tg.check_gradients(lambda x: times(x, x), a, order=2)
    tg.check_gradients(lambda y: times(a, y), b, order=2)
