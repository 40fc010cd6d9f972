"""Convolutions, pools and normalisations as layers: float32, state, refusals."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn

rng = np.random.default_rng(9)
IMAGE, SEQUENCE = (2, 6, 5, 4), (2, 7, 4)
LAYERS = {
    "Conv1D": (lambda: nn.Conv1D(4, 6, 3, padding="same", groups=2, rng=0), SEQUENCE, (2, 7, 6)),
    "Conv2D": (lambda: nn.Conv2D(4, 4, 3, dilation=2, groups=4, rng=0), IMAGE, (2, 2, 1, 4)),
    "ConvTranspose1D": (lambda: nn.ConvTranspose1D(4, 2, 3, 2, rng=0), SEQUENCE, (2, 15, 2)),
    "ConvTranspose2D": (
        lambda: nn.ConvTranspose2D(4, 3, 3, 2, 1, 1, rng=0), IMAGE, (2, 12, 10, 3)
    ),
    "MaxPool1D": (nn.MaxPool1D, SEQUENCE, (2, 3, 4)),
    "AvgPool1D": (nn.AvgPool1D, SEQUENCE, (2, 3, 4)),
    "AvgPool2D": (lambda: nn.AvgPool2D(3, 2, 1, False), IMAGE, (2, 3, 3, 4)),
    "AdaptiveAvgPool2D": (lambda: nn.AdaptiveAvgPool2D((4, 3)), IMAGE, (2, 4, 3, 4)),
    "GlobalAvgPool2D": (nn.GlobalAvgPool2D, IMAGE, (2, 4)),
    "Upsample2D": (lambda: nn.Upsample2D((2, 1)), IMAGE, (2, 12, 5, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(4, momentum=None), SEQUENCE, SEQUENCE),
    "BatchNorm fixed": (lambda: nn.BatchNorm(4, affine=False), IMAGE, IMAGE),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), IMAGE, IMAGE),
    "GroupNorm fixed": (lambda: nn.GroupNorm(4, 4, affine=False), (3, 4), (3, 4)),
    "InstanceNorm": (lambda: nn.InstanceNorm(4, affine=True), SEQUENCE, SEQUENCE),
    "InstanceNorm running": (
        lambda: nn.InstanceNorm(4, track_running_stats=True), IMAGE, IMAGE
    ),
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays(name, training):
    make, shape, expected = LAYERS[name]
    layer = make().train(training)
    x = tg.Tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
    out = layer(x)
    assert out.shape == expected and out.dtype == np.float32
    out.sum().backward()
    assert {p.grad.dtype for p in (x, *layer.parameters())} == {np.dtype(np.float32)}
    kinds = {v.dtype for v in layer.state_dict().values() if v.dtype.kind == "f"}
    assert kinds <= {np.dtype(np.float32)}


def test_shown():
    assert repr(nn.Conv2D(4, 8, 3)) == "Conv2D(4, 8, (3, 3), stride=(1, 1), padding=0)"
    assert repr(nn.Conv2D(4, 8, 3, dilation=2, groups=4)).endswith(
        "padding=0, dilation=(2, 2), groups=4)"
    )
    assert repr(nn.Conv1D(4, 8, 3, 2)) == "Conv1D(4, 8, (3,), stride=(2,), padding=0)"
    assert repr(nn.ConvTranspose2D(4, 8, 3)).startswith("ConvTranspose2D(4, 8, (3, 3)")
    assert repr(nn.GroupNorm(2, 4)) == "GroupNorm(2, 4)"
    assert repr(nn.MaxPool1D(3)) == "MaxPool1D((3,), stride=(3,))"


def test_a_network_of_them():
    """Depthwise separable down, global mean, dense: trained a little, the loss falls."""
    model = nn.Sequential(
        nn.Conv2D(3, 8, 3, 2, 1, rng=0), nn.BatchNorm(8), nn.ReLU(),
        nn.Conv2D(8, 8, 3, padding=1, groups=8, rng=1), nn.Conv2D(8, 16, 1, rng=2),
        nn.GroupNorm(4, 16), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Dense(16, 2, rng=3),
    )  # fmt: skip
    x = rng.standard_normal((16, 8, 8, 3)).astype(np.float32)
    y = np.arange(16) % 2
    x[y == 1, :, :, 0] += 1
    optimizer = tg.optim.Adam(model.parameters(), 0.01)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = tg.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < 0.3 * losses[0]
    assert "GlobalAvgPool2D" in model.summary((8, 8, 3))


def test_running_statistics_of_average():
    """Without a momentum: the mean over the batches, unbiased variances."""
    batches = [rng.standard_normal((6, 2)) * (i + 1) for i in range(3)]
    layer = nn.BatchNorm(2, momentum=None, dtype=np.float64)
    for batch in batches:
        layer(batch)
    expected = np.mean([b.mean(axis=0) for b in batches], axis=0)
    np.testing.assert_allclose(layer.running_mean, expected)
    np.testing.assert_allclose(layer.running_var, np.mean([b.var(axis=0, ddof=1) for b in batches],
                                                          axis=0))  # fmt: skip
    assert layer.state_dict()["batches_seen"] == 3


def test_frozen_statistics_and_parameters():
    layer = nn.BatchNorm(3, affine=False)
    assert layer.parameters() == []
    x = rng.standard_normal((5, 3))
    assert type(layer(x)) is np.ndarray  # arrays give arrays
    assert nn.InstanceNorm(3).state_dict() == {}


MISTAKES = {
    "one channel": (lambda: nn.Conv2D(3, 4, 3)(np.ones((2, 8, 8, 1))), "expected 3 input channels"),
    "groups": (lambda: nn.Conv2D(3, 4, 3, groups=2), "divides c_in = 3 and c_out = 4, got 2"),
    "word": (lambda: nn.Conv2D(4, 4, 3, groups="each"), "groups must be a positive integer"),
    "bias by position": (lambda: nn.Conv2D(4, 4, 3, 1, 0, True), "dilation must be an integer"),
    "pair": (lambda: nn.Conv1D(1, 1, (3, 3)), "Conv1D: kernel_size must be an integer"),
    "batch channels first": (
        lambda: nn.BatchNorm(3)(np.ones((2, 3, 8, 8))), r"got \(2, 3, 8, 8\). x.transpose\(0, 2, 3,"
    ),
    "batch of one": (lambda: nn.BatchNorm(3)(np.ones((1, 3))), "at least 2 values per channel"),
    "batch integers": (lambda: nn.BatchNorm(3)(np.ones((2, 3), int)), "floating-point values"),
    "momentum": (lambda: nn.BatchNorm(3, 1.5), "momentum must be from 0 to 1, or None"),
    "momentum word": (lambda: nn.BatchNorm(3, "slow"), "momentum must be from 0 to 1"),
    "eps": (lambda: nn.GroupNorm(1, 3, eps=-1), "GroupNorm: eps must be a number of at least 0"),
    "group order": (lambda: nn.GroupNorm(32, 4), r"Write GroupNorm\(groups, channels\)"),
    "group channels": (lambda: nn.GroupNorm(2, 4)(np.ones((2, 3))), r"shape \(n, ..., 4\), got"),
    "instance rows": (lambda: nn.InstanceNorm(3)(np.ones((4, 3))), r"shape \(n, length, ..., 3\)"),
    "instance pixel": (
        lambda: nn.InstanceNorm(3)(np.ones((4, 1, 1, 3))), "2 values per channel and sample"
    ),
    "global rows": (lambda: nn.GlobalAvgPool2D()(np.ones((2, 3))), "expected images of shape"),
    "adaptive": (lambda: nn.AdaptiveAvgPool2D(None), "output_size must be an integer"),
    "upsample": (lambda: nn.Upsample2D(1.5), "Upsample2D: scale must be an integer"),
    "transposed": (
        lambda: nn.ConvTranspose2D(1, 1, 3, output_padding=-1), "output_padding must be an integer"
    ),
    "the place": (
        lambda: nn.Sequential(nn.Conv2D(3, 4, 3), nn.BatchNorm(8))(np.ones((2, 8, 8, 3))),
        r"model\[1\] \(BatchNorm\): expected input of shape \(n, ..., 8\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    call, message = MISTAKES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
