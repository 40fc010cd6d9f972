"""Normalisation: what it promises, large means, groups that are other norms, both orders."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F

rng = np.random.default_rng(6)


def by_definition(x, axes, gamma, beta, eps=1e-5):
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


CALLS = {
    "batch rows": (lambda x, *p: F.batch_norm_training(x, *p)[0], (6, 3)),
    "batch sequences": (lambda x, *p: F.batch_norm_training(x, *p)[0], (2, 4, 3)),
    "batch images": (lambda x, *p: F.batch_norm_training(x, *p)[0], (2, 3, 2, 2)),
    "instance": (lambda x, *p: F.instance_norm(x, *p)[0], (2, 3, 2, 2)),
    "batch given": (lambda x, *p: F.batch_norm(x, x[0], x[1] ** 2, *p), (6, 3)),
    "group": (lambda x, *p: F.group_norm(x, 2, *p), (2, 3, 4)),
    "group rows": (lambda x, *p: F.group_norm(x, 1, *p), (3, 4)),
}
AXES = {"batch rows": 0, "batch sequences": (0, 1), "batch images": (0, 1, 2), "instance": (1, 2),
        "group rows": 1}  # fmt: skip


def arguments(name, dtype=np.float64):
    call, shape = CALLS[name]
    x = (rng.standard_normal(shape) * 2 + 1).astype(dtype)
    gamma, beta = (rng.standard_normal(shape[-1]).astype(dtype) for _ in range(2))
    return call, x, gamma, beta


@pytest.mark.parametrize("name", AXES)
def test_the_definition(name):
    call, x, gamma, beta = arguments(name)
    np.testing.assert_allclose(
        call(x, gamma, beta), by_definition(x, AXES[name], gamma, beta), atol=1e-13
    )
    np.testing.assert_allclose(call(x), by_definition(x, AXES[name], 1, 0), atol=1e-13)


def test_statistics():
    x = rng.standard_normal((4, 3, 2))
    _, mean, variance = F.batch_norm_training(x)
    np.testing.assert_allclose([mean, variance], [x.mean(axis=(0, 1)), x.var(axis=(0, 1))])
    _, mean, variance = F.instance_norm(x)
    np.testing.assert_allclose([mean, variance], [x.mean(axis=1), x.var(axis=1)])


def test_groups_are_other_norms():
    x, gamma, beta = rng.standard_normal((3, 4, 5, 6)), rng.standard_normal(6), np.zeros(6)
    np.testing.assert_allclose(
        F.group_norm(x, 6, gamma, beta), F.instance_norm(x, gamma, beta)[0], atol=1e-13
    )
    np.testing.assert_allclose(
        F.group_norm(x, 1, gamma, beta), by_definition(x, (1, 2, 3), gamma, beta), atol=1e-13
    )
    split = x.reshape(3, 4, 5, 2, 3)
    expected = by_definition(split, (1, 2, 4), 1, 0).reshape(x.shape)
    np.testing.assert_allclose(F.group_norm(x, 2), expected, atol=1e-13)


@pytest.mark.parametrize("name", CALLS)
def test_gradients_of_both_orders(name):
    call, *arrays = arguments(name)
    tensors = [tg.Tensor(a, requires_grad=True) for a in arrays]
    weight = rng.standard_normal(arrays[0].shape)
    tg.check_gradients(lambda *xs: (call(*xs) * weight).sum(), *tensors, order=2)


def test_gradients_through_the_statistics():
    x = tg.Tensor(rng.standard_normal((5, 2)), requires_grad=True)

    def loss(x):
        out, mean, variance = F.batch_norm_training(x)
        return (out**3).sum() + (mean * variance).sum()

    tg.check_gradients(loss, x, order=2)


@pytest.mark.parametrize("name", CALLS)
def test_float32_stays(name):
    call, *arrays = arguments(name, np.float32)
    tensors = [tg.Tensor(a, requires_grad=True) for a in arrays]
    out = call(*tensors)
    out.sum().backward()
    assert {a.dtype for a in (out, *(t.grad for t in tensors))} == {np.dtype(np.float32)}
    plain = call(*arrays)
    assert type(plain) is np.ndarray and plain.dtype == np.float32
    mixed = call(arrays[0], *(p.astype(np.float64) for p in arrays[1:]))
    assert mixed.dtype == np.float64


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: F.batch_norm_training(x, eps=0)[0], (500, 3)),
        (lambda x: F.batch_norm_training(x, eps=0)[0], (8, 16, 16, 3)),
        (lambda x: F.instance_norm(x, eps=0)[0], (2, 10, 10, 3)),
        (lambda x: F.group_norm(x, 2, eps=0), (3, 10, 10, 4)),
    ],
)
def test_large_mean_and_tiny_variance(call, shape):
    """A mean of 10,000 and a deviation of 0.01, where float32 steps by 0.001: the result of these
    very values, and its gradient, are right to 0.0001."""
    x = (1e4 + 1e-2 * rng.standard_normal(shape)).astype(np.float32)
    upstream = rng.standard_normal(shape)
    results = []
    for dtype in (np.float32, np.float64):
        tensor = tg.Tensor(x.astype(dtype), requires_grad=True)
        out = call(tensor)
        out.backward(upstream)
        results.append((out.data, tensor.grad))
    (out, grad), (exact, exact_grad) = results
    assert np.abs(exact).max() > 1
    np.testing.assert_allclose(out, exact, atol=1e-4)
    np.testing.assert_allclose(grad, exact_grad, atol=1e-4 * np.abs(exact_grad).max())


def test_refusals():
    x = np.ones((2, 3, 4))
    for call, message in [
        (lambda: F.group_norm(x, 3), r"groups that divides the 4 channels, got 3 \(input shape"),
        (lambda: F.group_norm(x, 2.0), "got 2.0"),
        (lambda: F.group_norm(x, None), "got None"),
        (
            lambda: F.group_norm(x, 2, np.ones(2)),
            r"expected gamma of shape \(4,\), one per channel",
        ),
        (lambda: F.group_norm(x, 2, None, np.ones(3)), r"expected beta of shape \(4,\)"),
        (lambda: F.instance_norm(x[0]), r"expected an array of shape \(n, ..., c\) with the axes"),
        (lambda: F.batch_norm_training(x[0, 0]), r"of shape \(n, ..., c\), got \(4,\)"),
        (lambda: F.batch_norm_training(x[:0]), "at least one value per channel"),
        (lambda: F.batch_norm_training(x.astype(int)), "floating-point values, got int64"),
        (lambda: F.batch_norm(x, np.ones(3), *np.ones((3, 4))), r"mean of shape \(4,\), one per"),
        (lambda: F.batch_norm_training("x"), "expected floating-point values"),
        (lambda: F.batch_norm_training(x, [1, 1, 1, 1]), "floating-point values, got int64"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            call()
