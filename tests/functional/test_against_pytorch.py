"""Values and gradients equal PyTorch's, recorded in tests/reference/functional.npz, to 1e-12."""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F

RECORDS = dict(np.load(Path(__file__).parents[1] / "reference" / "functional.npz"))
CASES = sorted({key.split("/")[0] for key in RECORDS} - {"made_with"})


def batch_norm(x, gamma, beta):
    axes = tuple(range(x.ndim - 1))
    return F.batch_norm(x, x.mean(axis=axes), x.var(axis=axes), gamma, beta)


CONVOLUTIONS = {
    "plain": {}, "stride": {"stride": (2, 3)}, "padding": {"padding": (1, 2)},
    "both": {"stride": (3, 2), "padding": (2, 1)}, "pointwise": {"padding": "valid"},
    "whole": {"padding": 0}, "same": {"padding": "same"},
    "same stride": {"padding": "same", "stride": 2}, "one image": {"padding": 1},
}  # fmt: skip
POOLS = {
    "plain": {}, "floored": {"padding": "valid"}, "overlap": {"pool_size": 3, "stride": (2, 1)},
    "padding": {"pool_size": (3, 2), "stride": 2, "padding": 1}, "apart": {"stride": (3, 3)},
}  # fmt: skip


def function_of(case):
    """The function of this package that a recorded case is about."""
    name, _, how = case.partition(" ")
    if name == "conv2d":
        return lambda x, w, b: F.conv2d(x, w, b, **CONVOLUTIONS[how])
    if name in ("max_pool2d", "avg_pool2d"):
        return lambda x: getattr(F, name)(x, **POOLS[how])
    if name == "batch_norm":
        return batch_norm
    if name == "pairwise_distances":
        return lambda x, y: F.pairwise_distances(x, y, metric=how)
    if name in ("softmax", "log_softmax", "logsumexp"):
        return lambda x: getattr(F, name)(x, axis=int(how))
    if name.endswith("loss") or "entropy" in name:
        return lambda x, t: getattr(F, name)(x, t, reduction=how.split()[-1])
    return getattr(F, name)


def recorded(case):
    """(inputs, gradients of inputs, result, weight) of a case."""
    row = {k.partition("/")[2]: v for k, v in RECORDS.items() if k.startswith(case + "/")}
    gradients = {k.removeprefix("grad_"): row.pop(k) for k in list(row) if k.startswith("grad_")}
    return (
        {k: v for k, v in row.items() if k not in ("out", "weight")},
        gradients,
        row["out"],
        row["weight"],
    )


def assert_equal(got, expected, tolerance=1e-12):
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= tolerance * np.maximum(1, np.abs(expected)))


@pytest.mark.parametrize("case", CASES)
def test_arrays(case):
    inputs, _, out, _ = recorded(case)
    got = function_of(case)(**inputs)
    assert not isinstance(got, tg.Tensor)
    assert_equal(np.asarray(got), out)


@pytest.mark.parametrize("case", CASES)
def test_tensors(case):
    """By position; the next test by keyword."""
    inputs, gradients, out, weight = recorded(case)
    tensors = {
        k: tg.Tensor(v, requires_grad=k in gradients) if v.dtype.kind == "f" else v
        for k, v in inputs.items()
    }
    got = function_of(case)(*tensors.values())
    assert_equal(got.data, out)
    got.backward(weight)
    assert gradients
    for name, expected in gradients.items():
        # PyTorch's floor under p (1 - p) is the float32 next to 1e-12
        assert_equal(tensors[name].grad, expected, 1e-8 if "entropy edge" in case else 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_float32_stays(case):
    inputs, gradients, out, weight = recorded(case)
    tensors = {
        k: tg.Tensor(v.astype(np.float32), requires_grad=k in gradients)
        if v.dtype.kind == "f"
        else v
        for k, v in inputs.items()
    }
    got = function_of(case)(**tensors)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.data, out, rtol=1e-3, atol=1e-3)
    got.backward(weight)
    for name, expected in gradients.items():
        assert tensors[name].grad.dtype == np.float32
        np.testing.assert_allclose(tensors[name].grad, expected, rtol=1e-2, atol=1e-2)
