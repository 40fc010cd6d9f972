"""Convolutions, pools and normalisations equal PyTorch's, recorded in reference/convolution.npz."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn

with np.load(Path(__file__).parents[1] / "reference" / "convolution.npz") as file:
    shapes, values = json.loads(str(file["shapes"])), file["values"]
ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
RECORDS = {
    name: part.reshape(shape)
    for (name, shape), part in zip(shapes.items(), np.split(values, ends[:-1]), strict=True)
}

f64 = {"dtype": np.float64}
POOLS = {"halves": (2,), "overlap": (3, 1), "gaps": (2, 3), "padding": (3, 2, 1), "one": (1,)}
LAYERS = {
    "conv2d dilated": lambda: nn.Conv2D(4, 3, 3, dilation=2, **f64),
    "conv2d dilated unevenly": lambda: nn.Conv2D(
        4, 3, (2, 3), dilation=(3, 2), padding=(1, 2), **f64
    ),
    "conv2d dilated stride": lambda: nn.Conv2D(4, 2, 3, (2, 1), 2, 2, **f64),
    "conv2d dilated same": lambda: nn.Conv2D(4, 2, 3, padding="same", dilation=2, **f64),
    "conv2d grouped": lambda: nn.Conv2D(4, 6, 3, padding=1, groups=2, **f64),
    "conv2d grouped dilated": lambda: nn.Conv2D(4, 4, 2, groups=2, dilation=2, bias=False, **f64),
    "conv2d depthwise": lambda: nn.Conv2D(4, 4, 3, padding=1, groups=4, **f64),
    "conv2d depthwise doubled": lambda: nn.Conv2D(
        4, 8, 3, stride=2, padding=(1, 0), groups=4, **f64
    ),
    "conv2d depthwise dilated": lambda: nn.Conv2D(
        4, 4, (2, 3), groups=4, dilation=2, bias=False, **f64
    ),
    "conv1d plain": lambda: nn.Conv1D(4, 3, 3, **f64),
    "conv1d stride": lambda: nn.Conv1D(4, 3, 2, 3, 1, **f64),
    "conv1d same": lambda: nn.Conv1D(4, 2, 5, padding="same", **f64),
    "conv1d dilated": lambda: nn.Conv1D(4, 2, 3, dilation=3, bias=False, **f64),
    "conv1d grouped": lambda: nn.Conv1D(4, 6, 3, groups=2, padding=2, **f64),
    "conv1d depthwise": lambda: nn.Conv1D(4, 8, 3, 2, 1, 2, 4, **f64),
    "conv_transpose2d plain": lambda: nn.ConvTranspose2D(4, 3, 3, **f64),
    "conv_transpose2d stride": lambda: nn.ConvTranspose2D(4, 3, (4, 3), (2, 3), **f64),
    "conv_transpose2d padding": lambda: nn.ConvTranspose2D(4, 2, 4, 2, 1, **f64),
    "conv_transpose2d output padding": lambda: nn.ConvTranspose2D(
        4, 2, 3, (2, 3), (1, 0), (1, 2), **f64
    ),
    "conv_transpose2d dilated": lambda: nn.ConvTranspose2D(
        4, 2, 3, dilation=(2, 1), padding=2, bias=False, **f64
    ),
    "conv_transpose2d grouped": lambda: nn.ConvTranspose2D(4, 6, 3, 2, 1, groups=2, **f64),
    "conv_transpose2d depthwise": lambda: nn.ConvTranspose2D(
        4, 8, 3, 2, 2, dilation=2, groups=4, **f64
    ),
    "conv_transpose2d much padding": lambda: nn.ConvTranspose2D(4, 2, 2, padding=2, **f64),
    "conv_transpose1d plain": lambda: nn.ConvTranspose1D(4, 3, 3, **f64),
    "conv_transpose1d stride": lambda: nn.ConvTranspose1D(4, 3, 2, 3, **f64),
    "conv_transpose1d output padding": lambda: nn.ConvTranspose1D(4, 2, 5, 2, 2, 1, **f64),
    "conv_transpose1d dilated": lambda: nn.ConvTranspose1D(
        4, 2, 3, dilation=3, padding=1, bias=False, **f64
    ),
    "conv_transpose1d grouped": lambda: nn.ConvTranspose1D(4, 4, 4, 2, 1, groups=2, **f64),
    **{f"max_pool1d {name}": lambda a=a: nn.MaxPool1D(*a) for name, a in POOLS.items()},
    **{f"avg_pool1d {name}": lambda a=a: nn.AvgPool1D(*a) for name, a in POOLS.items()},
    "avg_pool2d halves": lambda: nn.AvgPool2D((2, 2), count_include_pad=False),
    "avg_pool2d padding": lambda: nn.AvgPool2D(3, 2, 1, False),
    "avg_pool2d overlap": lambda: nn.AvgPool2D(3, 1, 1, False),
    "avg_pool2d uneven": lambda: nn.AvgPool2D((3, 2), (2, 1), (1, 0), False),
    "avg_pool2d corners": lambda: nn.AvgPool2D(2, 2, 1, False),
    **{f"adaptive {size}": lambda size=size: nn.AdaptiveAvgPool2D(size)
       for size in (1, 2, (3, 5), (7, 6), (9, 4))},
    **{f"global {i}": nn.GlobalAvgPool2D for i in range(5)},
    **{f"upsample {scale}": lambda scale=scale: nn.Upsample2D(scale)
       for scale in (1, 2, 3, (2, 1), (1, 4))},
    "group two": lambda: nn.GroupNorm(2, 6, **f64),
    "group one": lambda: nn.GroupNorm(1, 4, **f64),
    "group each": lambda: nn.GroupNorm(4, 4, **f64),
    "group eps": lambda: nn.GroupNorm(3, 6, eps=0.1, **f64),
    "group no affine": lambda: nn.GroupNorm(2, 4, affine=False),
    "group rows": lambda: nn.GroupNorm(2, 8, **f64),
    "instance images": lambda: nn.InstanceNorm(3),
    "instance affine": lambda: nn.InstanceNorm(3, affine=True, **f64),
    "instance sequence": lambda: nn.InstanceNorm(3, eps=1e-2),
    "instance large": lambda: nn.InstanceNorm(1, affine=True, **f64),
}  # fmt: skip
RUNNING = {
    "instance running": lambda: nn.InstanceNorm(3, track_running_stats=True, **f64),
    "instance running affine": lambda: nn.InstanceNorm(
        2, affine=True, track_running_stats=True, momentum=0.3, **f64
    ),
    "batch sequence": lambda: nn.BatchNorm(3, **f64),
    "batch average": lambda: nn.BatchNorm(2, momentum=None, **f64),
    "batch no affine": lambda: nn.BatchNorm(3, affine=False, **f64),
    "batch eps": lambda: nn.BatchNorm(4, momentum=0.7, eps=0.5, **f64),
    "batch two values": lambda: nn.BatchNorm(3, **f64),
}
TORCH_NAMES = {"gamma": "weight", "beta": "bias"}


def assert_close(got, expected, tolerance=1e-12):
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= tolerance * np.maximum(1, np.abs(expected)))


def run(layer, case, tolerance=1e-12):
    """One forward and backward pass with the recorded input, compared with the record."""
    x = tg.Tensor(RECORDS[f"{case}/x"], requires_grad=True)
    layer.zero_grad()
    out = layer(x)
    assert_close(out.data, RECORDS[f"{case}/out"], tolerance)
    out.backward(RECORDS[f"{case}/upstream"])
    assert_close(x.grad, RECORDS[f"{case}/grad_x"], tolerance)
    names = [TORCH_NAMES.get(name, name) for name, _ in layer.named_parameters()]
    recorded = [key for key in RECORDS if key.startswith(f"{case}/grad_")]
    assert sorted(recorded) == sorted(f"{case}/grad_{name}" for name in [*names, "x"])
    for name, p in zip(names, layer.parameters()):
        assert_close(p.grad, RECORDS[f"{case}/grad_{name}"], tolerance)


def with_recorded_parameters(layer, case):
    for name, p in layer.named_parameters():
        p.data = RECORDS[f"{case}/{TORCH_NAMES.get(name, name)}"]
    return layer


def test_every_record_is_compared():
    cases = {key.split("/")[0] for key in RECORDS}
    assert cases == set(LAYERS) | {f"{name} {step}" for name in RUNNING for step in range(4)}


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


@pytest.mark.parametrize("name", RUNNING)
def test_running_statistics(name):
    """Three batches in training, each moving the running statistics, then one in prediction."""
    layer = with_recorded_parameters(RUNNING[name](), f"{name} 0")
    tolerance = 1e-8 if name == "batch two values" else 1e-12  # the gradient is a difference
    for step in range(4):
        layer.train(step < 3)
        run(layer, f"{name} {step}", tolerance)
        assert_close(layer.running_mean, RECORDS[f"{name} {step}/running_mean"])
        assert_close(layer.running_var, RECORDS[f"{name} {step}/running_var"])


@pytest.mark.parametrize("case", [c for c in LAYERS if RECORDS[f"{c}/x"].ndim > 2])
def test_a_single_one(case):
    """Convolutions and pools take one image without a batch; the others say what they expect."""
    layer = with_recorded_parameters(LAYERS[case](), case)
    x, expected = RECORDS[f"{case}/x"], RECORDS[f"{case}/out"]
    if case.startswith(("group", "instance", "global")):
        return
    out = layer(x[0])
    np.testing.assert_allclose(getattr(out, "data", out), expected[0], rtol=1e-12, atol=1e-12)
