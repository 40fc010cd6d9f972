"""Layers equal PyTorch's, recorded in tests/reference/nn_optim.npz: results, gradients, state."""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn

with np.load(Path(__file__).parents[1] / "reference" / "nn_optim.npz") as file:
    RECORDS = {k.removeprefix("layer/"): file[k] for k in file.files if k.startswith("layer/")}

f64 = {"dtype": np.float64}
LAYERS = {
    "dense": lambda: nn.Dense(4, 3, **f64),
    "dense no bias": lambda: nn.Dense(4, 3, bias=False, **f64),
    "dense sequence": lambda: nn.Dense(4, 3, **f64),
    "conv": lambda: nn.Conv2D(3, 4, 3, **f64),
    "conv stride": lambda: nn.Conv2D(2, 3, (3, 2), stride=(2, 3), **f64),
    "conv padding": lambda: nn.Conv2D(2, 3, 3, padding=(2, 1), **f64),
    "conv both": lambda: nn.Conv2D(1, 2, (5, 3), 2, 1, **f64),
    "conv same": lambda: nn.Conv2D(2, 3, 3, padding="same", **f64),
    "conv no bias": lambda: nn.Conv2D(3, 2, 1, bias=False, **f64),
    "max pool": lambda: nn.MaxPool2D(),
    "max pool floored": lambda: nn.MaxPool2D(2),
    "max pool overlap": lambda: nn.MaxPool2D(3, (2, 1)),
    "max pool padding": lambda: nn.MaxPool2D((3, 2), 2, padding=1),
    "avg pool": lambda: nn.AvgPool2D(),
    "avg pool floored": lambda: nn.AvgPool2D(2),
    "avg pool overlap": lambda: nn.AvgPool2D(3, (2, 1)),
    "avg pool padding": lambda: nn.AvgPool2D((3, 2), 2, padding=1),
    "sigmoid": lambda: nn.Sigmoid(),
    "tanh": lambda: nn.Tanh(),
    "relu": lambda: nn.ReLU(),
    "leaky": lambda: nn.LeakyReLU(0.2),
    "softplus": lambda: nn.Softplus(),
    "softmax": lambda: nn.Softmax(),
    "softmax 0": lambda: nn.Softmax(axis=0),
}
NORMS = {
    "norm rows": lambda: nn.BatchNorm(3, **f64),
    "norm images": lambda: nn.BatchNorm(2, momentum=0.3, eps=1e-2, **f64),
}
TORCH_NAMES = {"gamma": "weight", "beta": "bias"}


def assert_close(got, expected, tolerance=1e-12):
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= tolerance * np.maximum(1, np.abs(expected)))


def run(layer, case):
    """One forward and backward pass with the recorded input, compared with the record."""
    x = tg.Tensor(RECORDS[f"{case}/x"], requires_grad=True)
    layer.zero_grad()
    out = layer(x)
    assert_close(out.data, RECORDS[f"{case}/out"])
    out.backward(RECORDS[f"{case}/upstream"])
    assert_close(x.grad, RECORDS[f"{case}/grad_x"])
    names = [TORCH_NAMES.get(name, name) for name, _ in layer.named_parameters()]
    recorded = [key for key in RECORDS if key.startswith(f"{case}/grad_")]
    assert sorted(recorded) == sorted(f"{case}/grad_{name}" for name in [*names, "x"])
    for name, p in zip(names, layer.parameters()):
        assert_close(p.grad, RECORDS[f"{case}/grad_{name}"])


def with_recorded_parameters(layer, case):
    for name, p in layer.named_parameters():
        p.data = RECORDS[f"{case}/{TORCH_NAMES.get(name, name)}"]
    return layer


def test_every_record_is_compared():
    cases = {key.split("/")[0] for key in RECORDS}
    assert cases == set(LAYERS) | {f"{name} {step}" for name in NORMS for step in range(4)}


@pytest.mark.parametrize("case", LAYERS)
@pytest.mark.parametrize("training", [True, False])
def test_layers(case, training):
    run(with_recorded_parameters(LAYERS[case](), case).train(training), case)


@pytest.mark.parametrize("case", LAYERS)
def test_plain_arrays(case):
    layer = with_recorded_parameters(LAYERS[case](), case).freeze()
    out = layer(RECORDS[f"{case}/x"])
    out = out.data if isinstance(out, tg.Tensor) else out
    assert_close(out, RECORDS[f"{case}/out"])


@pytest.mark.parametrize("name", NORMS)
def test_batch_norm(name):
    """Three batches in training, each moving the running statistics, then one in prediction."""
    layer = with_recorded_parameters(NORMS[name](), f"{name} 0")
    for step in range(4):
        layer.train(step < 3)
        run(layer, f"{name} {step}")
        assert_close(layer.running_mean, RECORDS[f"{name} {step}/running_mean"])
        assert_close(layer.running_var, RECORDS[f"{name} {step}/running_var"])
    previous = RECORDS[f"{name} 2/running_var"]
    np.testing.assert_array_equal(RECORDS[f"{name} 3/running_var"], previous)
    assert np.abs(previous - 1).min() > 0.01  # the record shows that they moved
