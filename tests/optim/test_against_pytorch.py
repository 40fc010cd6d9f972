"""Optimizers, clipping and schedules equal PyTorch's, recorded in tests/reference/nn_optim.npz."""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F
from tinygrad_ml import nn
from tinygrad_ml.optim import SGD, Adam, AdamW, CosineSchedule, StepSchedule, clip_grad_norm

with np.load(Path(__file__).parents[1] / "reference" / "nn_optim.npz") as file:
    RECORDS = {k: file[k] for k in file.files if not k.startswith("layer/")}

OPTIMIZERS = {
    "sgd": lambda p: SGD(p, 0.05),
    "sgd momentum": lambda p: SGD(p, 0.05, momentum=0.9),
    "sgd nesterov": lambda p: SGD(p, 0.05, momentum=0.8, nesterov=True),
    "sgd decay": lambda p: SGD(p, 0.05, weight_decay=0.1),
    "sgd all": lambda p: SGD(p, 0.05, momentum=0.7, nesterov=True, weight_decay=0.2),
    "adam": lambda p: Adam(p),
    "adam other": lambda p: Adam(p, 0.03, betas=(0.7, 0.9), eps=1e-3),
    "adam decay": lambda p: Adam(p, 0.03, weight_decay=0.3),
    "adamw": lambda p: AdamW(p),
    "adamw other": lambda p: AdamW(p, 0.03, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.4),
}


def assert_close(got, expected, tolerance=1e-9):
    got = np.asarray(got)
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= tolerance * np.maximum(1, np.abs(expected)))


def test_every_record_is_compared():
    recorded = {key.removesuffix("/a") for key in RECORDS if key.endswith("/a")}
    recorded -= {"start", "gradients", "clip"} | {f"clip/{limit}" for limit in (0.5, 5.0, 1000.0)}
    assert recorded == set(OPTIMIZERS)
    models = {key.split("/")[1] for key in RECORDS if key.endswith("/loss")}
    assert models == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps(name):
    parameters = {k: tg.Parameter(RECORDS[f"start/{k}"]) for k in "ab"}
    optimizer = OPTIMIZERS[name](parameters.values())
    for i in range(20):
        for k, p in parameters.items():
            p.grad = RECORDS[f"gradients/{k}"][i]
        optimizer.step()
        for k, p in parameters.items():
            assert_close(p.data, RECORDS[f"{name}/{k}"][i])
    assert optimizer.step_count == 20


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_network_learns_alike(name):
    model = nn.Sequential(nn.Dense(3, 5), np.tanh, nn.Dense(5, 2)).astype(np.float64)
    for p, k in zip(model.parameters(), ("w1", "b1", "w2", "b2"), strict=True):
        p.data = RECORDS[f"model/{k}"]
    optimizer = OPTIMIZERS[name](model.parameters())
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.mse_loss(model(RECORDS["model/x"]), RECORDS["model/y"])
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert_close(losses, RECORDS[f"model/{name}/loss"])
    assert losses[-1] < losses[0]
    for p, k in zip(model.parameters(), ("w1", "b1", "w2", "b2"), strict=True):
        assert_close(p.data, RECORDS[f"model/{name}/{k}"])


@pytest.mark.parametrize("limit", [0.5, 5.0, 1000.0])
def test_clipping(limit):
    parameters = {k: tg.Parameter(np.zeros_like(RECORDS[f"clip/{k}"])) for k in "ab"}
    for k, p in parameters.items():
        p.grad = RECORDS[f"clip/{k}"]
    norm = clip_grad_norm(parameters.values(), limit)
    assert_close(norm, RECORDS[f"clip/{limit}/norm"], 1e-12)
    # PyTorch divides by norm + 1e-6, here the clipped norm is the limit itself
    factor = (norm + 1e-6) / norm if norm > limit else 1
    for k, p in parameters.items():
        assert_close(p.grad, RECORDS[f"clip/{limit}/{k}"] * factor, 1e-12)
    clipped = np.sqrt(sum((p.grad**2).sum() for p in parameters.values()))
    assert abs(clipped - min(norm, limit)) < 1e-12 * norm


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", StepSchedule(every=4, factor=0.3)),
        ("cosine", CosineSchedule(length=15)),
        ("cosine final", CosineSchedule(length=15, final=0.2)),
    ],
)
def test_schedules(name, schedule):
    expected = RECORDS[f"schedule/{name}"]
    assert len(expected) == 16
    assert_close([schedule(epoch) for epoch in range(16)], expected, 1e-12)
