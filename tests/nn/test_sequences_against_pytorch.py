"""Layers for sequences equal PyTorch's, recorded in tests/reference/sequences.npz."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F
from tinygrad_ml import nn

with np.load(Path(__file__).parents[1] / "reference" / "sequences.npz") as file:
    SHAPES = json.loads(str(file["shapes"]))
    ends = np.cumsum([math.prod(shape) for shape in SHAPES.values()])
    parts = np.split(file["values"], ends[:-1])
    RECORDS = {k: v.reshape(shape) for (k, shape), v in zip(SHAPES.items(), parts)}

f64 = {"dtype": np.float64}
FUTURE = {"causal": True}
HOLES = {"mask": np.tril(np.ones((3, 4), bool), 1)}
PADDED = {"mask": (np.arange(4) < np.array([4, 2])[:, None])[:, None]}
RECURRENT = {
    "plain": {}, "one step": {}, "state": {}, "no bias": {"bias": False}, "layers": {"layers": 2},
    "bidirectional": {"bidirectional": True}, "all": {"layers": 2, "bidirectional": True},
    "lengths": {}, "all lengths": {"layers": 2, "bidirectional": True},
}  # fmt: skip
CELLS = {
    "plain": (2, True), "state": (2, True), "no bias": (4, False), "one row": (3, True),
    "one input": (1, True),
}  # fmt: skip
attention = F.scaled_dot_product_attention
# name -> (layer or function, what else it is called with)
CASES = {
    "LayerNorm rows": (nn.LayerNorm(4, **f64), {}),
    "LayerNorm sequence": (nn.LayerNorm(4, **f64), {}),
    "LayerNorm two axes": (nn.LayerNorm((2, 4), **f64), {}),
    "LayerNorm other eps": (nn.LayerNorm(3, eps=0.1, **f64), {}),
    "LayerNorm large mean": (nn.LayerNorm(6, **f64), {}),
    "LayerNorm small": (nn.LayerNorm(5, **f64), {}),
    "LayerNorm no bias": (nn.LayerNorm(4, bias=False, **f64), {}),
    "RMSNorm rows": (nn.RMSNorm(4, **f64), {}),
    "RMSNorm sequence": (nn.RMSNorm(4, **f64), {}),
    "RMSNorm two axes": (nn.RMSNorm((2, 4), **f64), {}),
    "RMSNorm other eps": (nn.RMSNorm(3, eps=0.1, **f64), {}),
    "RMSNorm large mean": (nn.RMSNorm(6, **f64), {}),
    "RMSNorm small": (nn.RMSNorm(5, **f64), {}),
    "Embedding vector": (nn.Embedding(5, 3, **f64), {}),
    "Embedding repeated": (nn.Embedding(5, 3, **f64), {}),
    "Embedding single": (nn.Embedding(5, 3, **f64), {}),
    "Embedding padding": (nn.Embedding(5, 3, 0, **f64), {}),
    "Embedding cube": (nn.Embedding(5, 3, 4, **f64), {}),
    "attention plain": (attention, {}),
    "attention heads": (attention, {}),
    "attention causal": (attention, FUTURE),
    "attention bool mask": (attention, HOLES),
    "attention number mask": (attention, {}),
    "attention one place": (attention, {}),
    "MultiHeadAttention plain": (nn.MultiHeadAttention(6, 2, **f64), {}),
    "MultiHeadAttention one head": (nn.MultiHeadAttention(6, 1, **f64), {}),
    "MultiHeadAttention no bias": (nn.MultiHeadAttention(6, 3, bias=False, **f64), {}),
    "MultiHeadAttention cross": (nn.MultiHeadAttention(6, 2, **f64), {}),
    "MultiHeadAttention cross no bias": (nn.MultiHeadAttention(6, 2, bias=False, **f64), {}),
    "MultiHeadAttention causal": (nn.MultiHeadAttention(6, 2, **f64), FUTURE),
    "MultiHeadAttention padded": (nn.MultiHeadAttention(6, 2, **f64), PADDED),
    "TransformerBlock plain": (nn.TransformerBlock(4, 2, **f64), {}),
    "TransformerBlock one head": (nn.TransformerBlock(4, 1, 5, **f64), {}),
    "TransformerBlock causal": (nn.TransformerBlock(4, 2, 8, causal=True, **f64), {}),
    "TransformerBlock one place": (nn.TransformerBlock(4, 4, 8, **f64), {}),
    "TransformerBlock padded": (nn.TransformerBlock(4, 2, 8, **f64), PADDED),
}
for kind, cell in ((nn.RNN, nn.RNNCell), (nn.LSTM, nn.LSTMCell), (nn.GRU, nn.GRUCell)):
    for case, options in RECURRENT.items():
        more = {"lengths": np.array([2, 4, 1])} if "lengths" in case else {}
        CASES[f"{kind.__name__} {case}"] = kind(3, 2, **options, **f64), more
    for case, (n_in, bias) in CELLS.items():
        CASES[f"{cell.__name__} {case}"] = cell(n_in, 3, bias=bias, **f64), {}


def of_case(case, kind):
    start = f"{case}/{kind}/"
    found = {k.removeprefix(start): v for k, v in RECORDS.items() if k.startswith(start)}
    return {k: v for k, v in found.items() if k not in CASES[case][1]}  # a mask of bool


def flat(out):
    return (
        [out]
        if isinstance(out, (tg.Tensor, np.ndarray))
        else [p for part in out for p in flat(part)]
    )


def called(layer, inputs, more):
    """Recurrent layers take h, or h and c, as their state; everything else stands by its name."""
    inputs = dict(inputs)
    state = tuple(inputs.pop(k) for k in ("h", "c") if k in inputs)
    if state:
        more = more | {"state": state if len(state) > 1 else state[0]}
    return flat(layer(**inputs, **more) if "x" not in inputs else layer(*inputs.values(), **more))


def assert_close(got, expected):
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= 1e-12 * np.maximum(1, np.abs(expected)))


def test_every_record_is_compared():
    assert {key.split("/")[0] for key in RECORDS} == set(CASES)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients(case, training):
    layer, more = CASES[case]
    parameters = dict(layer.named_parameters()) if isinstance(layer, nn.Module) else {}
    assert set(parameters) == set(of_case(case, "p"))
    for name, values in of_case(case, "p").items():
        parameters[name].data = values
        parameters[name].grad = None
    if parameters:
        layer.train(training)
    if case.startswith("Embedding"):
        inputs = {"x": RECORDS[f"{case}/in/x"].astype(int)}
    else:
        inputs = {k: tg.Tensor(v, requires_grad=True) for k, v in of_case(case, "in").items()}
    outs = called(layer, inputs, more)
    for i, out in enumerate(outs):
        assert_close(out.data, RECORDS[f"{case}/out/{i}"])
    assert len(outs) == len(of_case(case, "out"))
    sum((out * RECORDS[f"{case}/up/{i}"]).sum() for i, out in enumerate(outs)).backward()
    tracked = {k: v for k, v in inputs.items() if isinstance(v, tg.Tensor)} | parameters
    assert set(tracked) == set(of_case(case, "grad"))
    for name, tensor in tracked.items():
        assert_close(tensor.grad, RECORDS[f"{case}/grad/{name}"])


@pytest.mark.parametrize("case", CASES)
def test_plain_arrays(case):
    """Arrays in: the same values; a function, or a frozen layer, records nothing."""
    layer, more = CASES[case]
    inputs = of_case(case, "in")
    if case.startswith("Embedding"):
        inputs = {"x": inputs["x"].astype(int)}
    if isinstance(layer, nn.Module):
        for name, values in of_case(case, "p").items():
            dict(layer.named_parameters())[name].data = values
    with tg.no_grad():
        outs = called(layer, inputs, more)
    for i, out in enumerate(outs):
        assert isinstance(out, np.ndarray) or not out.requires_grad
        assert_close(out if isinstance(out, np.ndarray) else out.data, RECORDS[f"{case}/out/{i}"])
