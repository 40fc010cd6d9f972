"""L-BFGS: PyTorch's iterates, minima, going on from a saved state, refusals."""

import copy
import itertools
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.optim import LBFGS
from tinygrad_ml.optim.line_search import Point, strong_wolfe

with np.load(Path(__file__).parents[1] / "reference" / "optim.npz") as file:
    RECORDS = {k: v for k, v in file.items() if k.startswith("lbfgs/")}
MATRIX, TARGET = RECORDS["lbfgs/matrix"], RECORDS["lbfgs/target"]
PROBLEMS = {
    "rosenbrock": (((-1.2,), (1.0,)), lambda a, b: (1 - a) ** 2 + 100 * (b - a**2) ** 2),
    "least squares": (
        ((0.5, -1.0, 2.0), (0.3,)),
        lambda a, b: ((MATRIX[:, :3] @ a + MATRIX[:, 3] * b - TARGET) ** 2).sum(),
    ),
}
CASES = {
    "default": {},
    "one at a time": dict(max_iter=1),
    "short memory": dict(max_iter=4, history_size=2),
    "few evaluations": dict(max_iter=6, max_evaluations=3),
    "tolerant": dict(tolerance_grad=1e-2, tolerance_change=1e-3),
    "fixed": dict(learning_rate=0.002, max_iter=5, line_search=False),
}


def setting(problem, dtype=np.float64, **options):
    """The parameters, the optimizer, and the closure."""
    begin, loss_of = PROBLEMS[problem]
    parameters = [tg.Parameter(np.array(v, dtype)) for v in begin]
    optimizer = LBFGS(parameters, **options)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(*parameters).sum()
        loss.backward()
        return loss

    return parameters, optimizer, closure


def joined(parameters):
    return np.concatenate([p.data for p in parameters])


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("case", CASES)
def test_the_iterates_are_those_of_pytorch(problem, case):
    parameters, optimizer, closure = setting(problem, **CASES[case])
    for expected in RECORDS[f"lbfgs/{problem}/{case}"]:
        optimizer.step(closure)
        # rounding differs in the order of sums, and far iterates multiply it
        np.testing.assert_allclose(joined(parameters), expected, rtol=1e-7, atol=1e-8)
    assert optimizer.evaluation_count == RECORDS[f"lbfgs/{problem}/{case}/evaluations"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_minima(dtype):
    options = dict(max_iter=100, tolerance_change=1e-15)
    parameters, optimizer, closure = setting("rosenbrock", dtype, **options)
    first = optimizer.step(closure)
    assert abs(float(first) - 24.2) < 1e-4
    tolerance = 1e-7 if dtype == np.float64 else 1e-2
    np.testing.assert_allclose(joined(parameters), 1, atol=tolerance)
    assert {p.dtype for p in parameters} == {np.dtype(dtype)}
    memory = optimizer.state_dict()["memory"]
    assert memory["direction"].dtype == memory["gradient"].dtype == dtype
    parameters, optimizer, closure = setting("least squares", **options)
    optimizer.step(closure)
    np.testing.assert_allclose(joined(parameters), np.linalg.lstsq(MATRIX, TARGET)[0], atol=1e-7)


def test_a_network_learns_faster_than_by_gradients_alone():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (40, 1)).astype(np.float32)
    y = np.sin(2 * x)
    model = nn.Sequential(nn.Dense(1, 12, rng=0), np.tanh, nn.Dense(12, 1, rng=1))
    optimizer = LBFGS(model.parameters())

    def closure():
        optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        loss.backward()
        return loss

    losses = [float(optimizer.step(closure)) for _ in range(15)]
    assert all(later <= sooner for sooner, later in itertools.pairwise(losses))
    assert losses[-1] < 1e-3 < losses[0]
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_going_on_changes_no_bit(problem, stop, tmp_path):
    options = dict(max_iter=3, history_size=4)
    parameters, optimizer, closure = setting(problem, **options)
    others, resumed, closure2 = setting(problem, **options)
    for step in range(6):
        if step == stop:
            tg.save(optimizer.state_dict(), tmp_path / "state")
            resumed.load_state_dict(tg.load(tmp_path / "state"))
            for p, q in zip(parameters, others, strict=True):
                q.data = p.data
        optimizer.step(closure)
        if step >= stop:
            resumed.step(closure2)
            np.testing.assert_array_equal(joined(parameters), joined(others))
    assert resumed.evaluation_count == optimizer.evaluation_count
    kept = copy.deepcopy(resumed.state_dict())
    state = optimizer.state_dict()
    optimizer.step(closure)
    np.testing.assert_equal(state, kept)  # it is a copy


def test_a_frozen_parameter_and_one_without_a_gradient_stay():
    p, still, unused = (tg.Parameter(np.array([v])) for v in (3.0, 4.0, 5.0))
    still.requires_grad = False
    optimizer = LBFGS([still, p, unused])

    def closure():
        optimizer.zero_grad()
        loss = ((p - 1) * (p - 1) + still).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert abs(p.data[0] - 1) < 1e-6 and still.data[0] == 4 and unused.data[0] == 5


def test_a_step_too_far_is_shortened():
    """The loss is infinite beyond 0, and the first step would go there."""
    p = tg.Parameter(np.array([1e-3]))
    optimizer = LBFGS([p], learning_rate=10.0)

    def closure():
        optimizer.zero_grad()
        with np.errstate(all="ignore"):
            loss = (p - np.log(p)).sum()
            loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert abs(p.data[0] - 1) < 1e-5


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize(
    "loss",
    [
        (lambda t: (t - 2) ** 2, lambda t: 2 * (t - 2)),
        (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
        (
            lambda t: t * t / 20 - t / 2 - np.sin(3 * t) / 5,
            lambda t: t / 10 - 1 / 2 - 0.6 * np.cos(3 * t),
        ),
    ],
)
def test_the_line_search_keeps_its_promise(first, loss):
    def evaluate(t):
        return Point(t, loss[0](t), np.zeros(1), loss[1](t))

    start = evaluate(0.0)
    assert start.slope < 0
    found = strong_wolfe(evaluate, start, first, 1.0, 40)
    assert found.loss <= start.loss + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)


def test_refusals():
    parameters, optimizer, closure = setting("rosenbrock")
    for wrong in (None, 3.0):
        with pytest.raises(TypeError, match=r"expected a function .* Write step\(closure\)"):
            optimizer.step(wrong)
    with pytest.raises(TypeError, match="got NoneType"):
        optimizer.step()
    with pytest.raises(ValueError, match="closure to return the loss, one number; got None"):
        optimizer.step(lambda: closure() and None)
    with pytest.raises(ValueError, match=r"one number; got shape \(2,\)"):
        optimizer.step(lambda: (closure(), np.zeros(2))[1])
    with pytest.raises(RuntimeError, match=r"Call loss.backward\(\) in the closure"):
        optimizer.step(lambda: optimizer.zero_grad() or 1.0)
    parameters[0].data = [np.nan]
    with pytest.raises(FloatingPointError, match="expected a finite loss and gradient, got .* nan"):
        optimizer.step(closure)
    groups = [{"parameters": [p]} for p in parameters]
    with pytest.raises(ValueError, match="expected a single group"):
        LBFGS(groups)
    for options in ({"max_iter": 0}, {"history_size": 1.5}, {"max_evaluations": True}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be a positive integer"):
            LBFGS(parameters, **options)
    with pytest.raises(ValueError, match="line_search must be True or False"):
        LBFGS(parameters, line_search="strong_wolfe")
    other = setting("least squares")
    other[1].step(other[2])
    with pytest.raises(ValueError, match="expected the memory of 2 numbers, got 4"):
        optimizer.load_state_dict(other[1].state_dict())
