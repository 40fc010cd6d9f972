"""Every combination of options equals PyTorch's, step by step (tests/reference/optim.npz)."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import optim

with np.load(Path(__file__).parents[1] / "reference" / "optim.npz") as file:
    RECORDS = dict(file)
KINDS = ["SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta"]
CASES = {"SGD": 20, "Adam": 16, "AdamW": 8, "NAdam": 16, "RAdam": 16, "Adamax": 16, "RMSprop": 32,
         "Adagrad": 32, "Adadelta": 16}  # fmt: skip


def assert_close(got, expected, tolerance=1e-9):
    assert got.shape == expected.shape and got.dtype == np.float64
    assert np.all(np.abs(got - expected) <= tolerance * np.maximum(1, np.abs(expected)))


def cases(name):
    """The options of every case, and the parameters after every step."""
    options = [json.loads(str(each)) for each in RECORDS[f"{name}/options"]]
    return zip(options, RECORDS[name], strict=True)


def parameters(dtype=np.float64):
    return [tg.Parameter(RECORDS[f"start/{k}"].astype(dtype)) for k in "ab"]


def walk(optimizer, a, b, steps=range(20), resting=False):
    """The parameters after every step, one behind the other."""
    path = []
    for i in steps:
        a.grad = RECORDS["gradients/a"][i]
        b.grad = None if resting and i % 5 == 2 else RECORDS["gradients/b"][i]
        optimizer.step()
        path.append(np.concatenate([a.data.ravel(), b.data]))
    return np.stack(path)


def test_every_kind_is_recorded():
    defined = {name for name, kind in vars(optim).items()
               if isinstance(kind, type) and issubclass(kind, optim.Optimizer)}  # fmt: skip
    assert defined - {"Optimizer", "LBFGS"} == set(KINDS) == set(CASES)
    assert {key.split("/")[1] for key in RECORDS if key.startswith("steps/")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_all_combinations(kind):
    seen = set()
    for options, expected in cases(f"steps/{kind}"):
        a, b = parameters()
        assert_close(walk(getattr(optim, kind)([a, b], **options), a, b), expected)
        seen.add(str(options))
    assert len(seen) == CASES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_groups_and_a_parameter_that_rests(kind):
    for own, expected in cases(f"groups/{kind}"):
        a, b = parameters()
        optimizer = in_groups(kind, a, b, own)
        assert_close(walk(optimizer, a, b, resting=True), expected)
        assert optimizer.state[0]["steps"] == 20 and optimizer.state[1]["steps"] == 16


def in_groups(kind, a, b, options):
    groups = [{"parameters": [a]}, {"parameters": [b], **options}]
    return getattr(optim, kind)(groups, learning_rate=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_changes_no_bit(kind):
    for options, _ in cases(f"groups/{kind}"):
        a, b = parameters()
        whole = walk(in_groups(kind, a, b, options), a, b, resting=True)
        a, b = parameters()
        optimizer = in_groups(kind, a, b, options)
        first = walk(optimizer, a, b, range(9), resting=True)
        a, b = tg.Parameter(a.data), tg.Parameter(b.data)
        resumed = in_groups(kind, a, b, options)
        resumed.groups[1].learning_rate = 7  # the saved one is taken
        resumed.load_state_dict(optimizer.state_dict())
        rest = walk(resumed, a, b, range(9, 20), resting=True)
        np.testing.assert_array_equal(np.concatenate([first, rest]), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_and_is_near(kind):
    for options, expected in cases(f"steps/{kind}"):
        a, b = parameters(np.float32)
        optimizer = getattr(optim, kind)([a, b], **options)
        path = walk(optimizer, a, b)
        assert path.dtype == np.float32
        for state in optimizer.state:
            own = {k: v.dtype for k, v in state.items() if k not in ("steps", "product")}
            assert set(own.values()) <= {np.dtype(np.float32)}
        # an element whose gradients are tiny divides rounding by rounding
        near = np.isclose(path, expected, rtol=1e-3, atol=1e-4)
        assert near.mean() > 0.98, options


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["numpy", "compiled"])
def test_both_kernels(kind, version, monkeypatch):
    from tinygrad_ml import kernels
    from tinygrad_ml.optim import optimizers

    for name in ("sgd", "adam", "adamax", "rmsprop", "adagrad", "adadelta"):
        kernel = getattr(kernels, f"{name}_update")
        try:
            monkeypatch.setattr(optimizers, f"{name}_update", getattr(kernel, version))
        except ImportError:  # no Numba: the usual one is NumPy's
            return
    for options, expected in cases(f"steps/{kind}"):
        a, b = parameters()
        assert_close(walk(getattr(optim, kind)([a, b], **options), a, b), expected)


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, 3.0, np.inf])
def test_norms(order):
    clipped = [tg.Parameter(np.zeros_like(RECORDS[f"clip/{k}"])) for k in "ab"]
    for k, p in zip("ab", clipped, strict=True):
        p.grad = RECORDS[f"clip/{k}"]
    norm = np.asarray(optim.clip_grad_norm(clipped, 1.0, order))
    assert_close(norm, RECORDS[f"clip/norm {order}"], 1e-12)


def test_values():
    clipped = [tg.Parameter(np.zeros_like(RECORDS[f"clip/{k}"])) for k in "ab"]
    for k, p in zip("ab", clipped, strict=True):
        p.grad = RECORDS[f"clip/{k}"]
    optim.clip_grad_value(clipped, 0.7)
    for k, p in zip("ab", clipped, strict=True):
        assert_close(p.grad, RECORDS[f"clip/value {k}"], 0)
