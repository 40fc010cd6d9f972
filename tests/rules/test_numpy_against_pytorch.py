"""NumPy's functions on Tensors: values and gradients equal PyTorch's, also at ties and zeros."""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg

RECORDS = dict(np.load(Path(__file__).parents[1] / "reference" / "numpy.npz"))
CASES = sorted({key.split("/")[0] for key in RECORDS} - {"made_with"})


def options_of(words):
    """`axis=1 edge_order=2` as keyword arguments; words without a value describe the input."""
    found = dict(word.split("=") for word in words if "=" in word)
    return {name: float(value) if name == "q" else int(value) for name, value in found.items()}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES)
def test_recorded(case, dtype):
    name, *words = case.split()
    row = {k.partition("/")[2]: v for k, v in RECORDS.items() if k.startswith(case + "/")}
    options = options_of(words) | ({"shift": 2} if name == "roll" else {})
    options |= {"axis": 1} if name == "gradient" else {}
    inputs = [row[k] for k in ("x", "y") if k in row]
    tensors = [tg.Tensor(a.astype(dtype), requires_grad=True) for a in inputs]
    out = getattr(np, name)(*tensors, **options)
    assert out.dtype == dtype
    tolerance = {"rtol": 1e-12, "atol": 1e-13}
    if dtype == np.float32:
        tolerance = {"rtol": 2e-4, "atol": 2e-5}
    np.testing.assert_allclose(out.data, row["out"], **tolerance)
    out.backward(row["weight"])
    for key, tensor in zip(("x", "y"), tensors):
        got = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
        assert tensor.grad is None or got.dtype == dtype
        np.testing.assert_allclose(got, row[f"grad_{key}"], **tolerance)
