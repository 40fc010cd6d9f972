"""Optimizers: state, resuming, stale graphs, hard gradients, both kernels, refusals."""

import copy

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import kernels, nn
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm, optimizers

KINDS = {
    "sgd": lambda p: SGD(p, 0.05),
    "sgd decay": lambda p: SGD(p, 0.05, weight_decay=0.1),
    "sgd momentum": lambda p: SGD(p, 0.05, momentum=0.9),
    "sgd nesterov": lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": lambda p: Adam(p, 0.03),
    "adam decay": lambda p: Adam(p, 0.03, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, 0.03),
}
all_kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X, Y = draw(2, 30, 3).astype(np.float32)


def network():
    return nn.Sequential(nn.Dense(3, 8, rng=0), np.tanh, nn.Dense(8, 3, rng=1))


def learn(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss(model(X), Y).backward()
        optimizer.step()


def parameter(values, grad=None):
    p = tg.Parameter(np.array(values))
    if grad is not None:
        p.grad = grad
    return p


# ------------------------------------------------------------------------------ state


@all_kinds
def test_resuming_changes_no_bit(make):
    model = network()
    optimizer = make(model.parameters())
    learn(model, optimizer, 10)
    weights, state = model.state_dict(), copy.deepcopy(optimizer.state_dict())
    learn(model, optimizer, 10)

    again = network()
    resumed = make(again.parameters())
    resumed.load_state_dict(state)
    again.load_state_dict(weights)
    learn(again, resumed, 10)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array)
        assert np.any(array != weights[name])
    assert resumed.step_count == optimizer.step_count == 20


@all_kinds
def test_state_is_copied_both_ways(make):
    model = network()
    optimizer = make(model.parameters())
    learn(model, optimizer, 3)
    state = optimizer.state_dict()
    kept = copy.deepcopy(state)
    learn(model, optimizer, 1)
    np.testing.assert_equal(state, kept)
    optimizer.load_state_dict(state)
    learn(model, optimizer, 1)
    np.testing.assert_equal(state, kept)


@all_kinds
def test_float32_stays(make):
    model = network()
    optimizer = make(model.parameters())
    optimizer.learning_rate = np.float64(0.01)  # a schedule may compute with NumPy
    learn(model, optimizer, 2)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    for state in optimizer.state:
        assert all(v.dtype == np.float32 for k, v in state.items() if k != "steps")
        assert set(state) - {"steps"} == set(optimizer.slots_of(optimizer.groups[0]))


def test_learning_rate_travels_with_the_state():
    one, other = (Adam([parameter([1.0], [1.0])], 0.5) for _ in range(2))
    one.learning_rate = 0.25
    one.step()
    other.learning_rate = other.initial_learning_rate = 9
    other.load_state_dict(one.state_dict())
    assert (other.learning_rate, other.initial_learning_rate, other.step_count) == (0.25, 0.5, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["state"].pop(), "expected the state of 4 parameters, got 3"),
        (lambda s: s["state"].reverse(), r"expected m of shape \(3, 8\), got \(3,\)"),
        (lambda s: s["state"][1].update(v=np.zeros(2)), r"expected v of shape \(8,\), got \(2,\)"),
        (lambda s: s["state"][0].pop("v"), r"Adam keeps \['m', 'v'\] .*, got \['m'\]"),
        (lambda s: s["state"][0].update(velocity=0), r"got \['m', 'v', 'velocity'\]"),
        (lambda s: s.pop("step_count"), "missing: step_count. Pass what state_dict"),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(change, message):
    model = network()
    optimizer = Adam(model.parameters())
    learn(model, optimizer, 2)
    before = optimizer.state_dict()
    wrong = copy.deepcopy(before)
    wrong["learning_rate"] = 7
    change(wrong)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(wrong)
    np.testing.assert_equal(optimizer.state_dict(), before)


def test_the_state_of_another_optimizer_is_refused():
    model = network()
    states = {}
    for name in ("sgd momentum", "adam"):
        optimizer = KINDS[name](model.parameters())
        learn(model, optimizer, 1)
        states[name] = optimizer.state_dict()
    for own, other in (("adam", "sgd momentum"), ("sgd momentum", "adam"), ("sgd", "adam")):
        with pytest.raises(ValueError, match="Make the (optimizer with|kind of optimizer)"):
            KINDS[own](model.parameters()).load_state_dict(states[other])


# ------------------------------------------------------------------------------ steps


@all_kinds
def test_without_a_gradient_nothing_moves(make):
    p, alone = parameter([1.0, 2.0]), parameter([3.0])
    optimizer = make([p, alone])
    for _ in range(3):
        p.grad = np.ones(2)
        optimizer.step()
    assert alone.data[0] == 3 and not optimizer.state[1]
    assert np.all(p.data < [1, 2])
    alone.grad = [1.0]  # its first step is its own, whatever the others have done
    fresh = parameter([3.0], [1.0])
    optimizer.step()
    make([fresh]).step()
    assert alone.data[0] == fresh.data[0] < 3


@all_kinds
def test_a_step_without_any_gradient(make):
    p, frozen = parameter([1.0]), parameter([2.0], [1.0])
    frozen.requires_grad = False
    optimizer = make([p, frozen])
    with pytest.raises(RuntimeError, match=r"step: no parameter has a gradient. Call loss.backw"):
        optimizer.step()
    assert optimizer.step_count == 0 and p.data[0] == 1 and frozen.data[0] == 2


@all_kinds
def test_a_graph_from_before_the_step_is_stale(make):
    p = parameter([1.0, 2.0])
    optimizer = make([p])
    loss, other = (p * p).sum(), (p * p).sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    with pytest.raises(RuntimeError, match="updated in place after it was recorded"):
        other.backward()
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, 2 * p.data)


@all_kinds
def test_a_forgotten_zero_grad(make):
    model = network()
    optimizer = make(model.parameters())
    mse_loss(model(X), Y).backward()
    mse_loss(model(X), Y).backward()  # adding up before a step is allowed
    optimizer.step()
    loss = mse_loss(model(X), Y)
    with pytest.raises(RuntimeError, match="Call optimizer.zero_grad"):
        loss.backward()
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    mse_loss(model(X), Y).backward()


@all_kinds
def test_the_learning_rate_counts_from_the_next_step(make):
    p = parameter([1.0, -2.0], [0.3, 0.4])
    optimizer = make([p])
    optimizer.learning_rate = 0
    optimizer.step()
    np.testing.assert_array_equal(p.data, [1, -2])
    first, second = parameter([1.0, -2.0], [0.3, 0.4]), parameter([1.0, -2.0], [0.3, 0.4])
    whole, tenth = make([first]), make([second])
    tenth.learning_rate /= 10
    whole.step()
    tenth.step()
    np.testing.assert_allclose(second.data - [1, -2], (first.data - [1, -2]) / 10, rtol=1e-9)


def test_a_shared_parameter_moves_once():
    p = parameter([1.0], [1.0])
    optimizer = SGD([p, p], 0.25)
    optimizer.step()
    assert p.data[0] == 0.75 and len(optimizer.parameters) == 1


def test_the_array_itself_is_updated():
    p = parameter([1.0, 2.0], [1.0, 1.0])
    view = p.data
    SGD([p], 0.5).step()
    np.testing.assert_array_equal(view, [0.5, 1.5])
    assert not view.flags.writeable


# ------------------------------------------------------------------------------ gradients, kernels


@all_kinds
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (70, 80), (300, 250)])  # to 75,000 elements
def test_views_as_gradients(make, shape):
    """A gradient may be a broadcast number or a transposed view, and a parameter any layout."""
    values = draw(*shape)
    spread = np.broadcast_to(np.float64(0.3), shape)
    turned = np.array(draw(*shape, seed=1), order="F")
    p, q = parameter(values), parameter(np.array(values, order="F"))
    assert len(shape) < 2 or not (turned.flags.c_contiguous or spread.flags.c_contiguous)
    one, other = make([p]), make([q])
    for g in (spread, turned, spread):
        p._edge[0].grad = g  # what backward() may leave; assigning `.grad` would copy
        q.grad = np.array(g, order="C")
        one.step()
        other.step()
    np.testing.assert_array_equal(p.data, q.data)
    assert np.all(p.data != values)


def test_backward_leaves_such_views():
    p, q = parameter(np.ones((70, 80))), parameter(np.ones((70, 80)))
    (p.sum() + (q.T * np.arange(70.0)).sum()).backward()
    assert not (p.grad.flags.c_contiguous and q.grad.flags.c_contiguous)
    SGD([p, q], 0.5).step()
    np.testing.assert_array_equal(p.data, np.full((70, 80), 0.5))
    np.testing.assert_array_equal(q.data, 1 - 0.5 * np.arange(70.0)[:, None] * np.ones(80))


@all_kinds
@pytest.mark.parametrize("size", [10, 4095, 4096, 65_535, 65_537, 140_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_agree(make, size, dtype, monkeypatch):
    """NumPy's version, the compiled one, and many parameters of one element's formula."""
    values = draw(size).astype(dtype)
    gradients = draw(3, size, seed=1).astype(dtype)
    results = []
    for version in ("numpy", "compiled", "usual"):
        p = parameter(values)
        optimizer = make([p])
        with monkeypatch.context() as patch:
            for name in () if version == "usual" else ("sgd_update", "adam_update"):
                kernel = getattr(kernels, name)
                try:
                    patch.setattr(optimizers, name, getattr(kernel, version))
                except ImportError:  # no Numba: the usual one is NumPy's
                    continue
            for g in gradients:
                p.grad = g
                optimizer.step()
        assert p.dtype == dtype
        results.append(p.data)
    few = parameter(values[-7:])  # each element goes its own way
    optimizer = make([few])
    for g in gradients:
        few.grad = g[-7:]
        optimizer.step()
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for result in results:
        np.testing.assert_allclose(result, results[0], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(result[-7:], few.data, rtol=tolerance, atol=tolerance)
    assert np.mean(results[0] != values) > 0.99


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, -0.1), "SGD: learning_rate must be a number of at least 0, got -0.1"),
        (lambda p: Adam(p, np.nan), "Adam: learning_rate must be a number of at least 0"),
        (lambda p: SGD(p, "fast"), "learning_rate must be a number"),
        (lambda p: SGD(p, momentum=-1), "momentum must be a number of at least 0"),
        (lambda p: AdamW(p, weight_decay=-1), "AdamW: weight_decay must be a number"),
        (lambda p: Adam(p, eps=-1e-8), "eps must be a number"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), "betas must be two numbers from 0 to below 1"),
        (lambda p: Adam(p, betas=(0.9,)), "betas must be two numbers"),
        (lambda p: SGD(p, nesterov=True), "nesterov=True needs momentum above 0"),
        (lambda p: SGD([]), "expected at least one parameter, got an empty list"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(ValueError, match=message):
        make([parameter([1.0])])


def test_wrong_parameters():
    p = parameter([1.0])
    for wrong, name in ((p, "Parameter"), (nn.Dense(1, 1), "Dense"), ("w", "str"), (None, "None")):
        with pytest.raises(TypeError, match=f"expected a list of parameters, got {name}"):
            SGD(wrong)
    for wrong in (p * 2, np.ones(2)):
        with pytest.raises(TypeError, match="expected leaf Tensors, got"):
            Adam([p, wrong])


def test_repr_and_the_base():
    assert repr(SGD(network().parameters(), 0.5)) == "SGD(4 parameters, learning_rate=0.5)"
    with pytest.raises(NotImplementedError):
        Optimizer([parameter([1.0], [1.0])], 0.1).step()


# ------------------------------------------------------------------------------ clipping


def test_clipping_leaves_the_rest_alone():
    p, q, r = parameter([0.0, 0.0], [3.0, 0.0]), parameter(0.0, 4.0), parameter([1.0])
    assert clip_grad_norm([p, q, r], 10) == 5
    np.testing.assert_array_equal(p.grad, [3, 0])
    assert clip_grad_norm(iter([p, q, r]), 1) == 5
    np.testing.assert_allclose(p.grad, [0.6, 0])
    np.testing.assert_allclose(q.grad, 0.8)
    assert r.grad is None and clip_grad_norm([r], 1) == 0


def test_clipping_float32():
    p = parameter(np.zeros(2, np.float32), [3.0, 4.0])
    assert clip_grad_norm([p], np.float64(1)) == 5 and p.grad.dtype == np.float32
    huge = parameter(np.zeros(2, np.float32), np.float32([3e25, 4e25]))  # 1e51 is beyond float32
    assert abs(clip_grad_norm([huge], 1) / 5e25 - 1) < 1e-6
    np.testing.assert_allclose(huge.grad, [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_clipping_what_is_not_finite(value):
    p, q = parameter([0.0], [value]), parameter([0.0], [5.0])
    with pytest.raises(FloatingPointError, match=f"norm of the gradients is {value}"):
        clip_grad_norm([p, q], 1)
    assert q.grad[0] == 5


def test_clipping_refuses():
    for limit in (0, -1, np.nan):
        with pytest.raises(ValueError, match="max_norm must be positive"):
            clip_grad_norm([parameter([0.0], [1.0])], limit)
    with pytest.raises(TypeError, match="expected a list of parameters"):
        clip_grad_norm(parameter([0.0], [1.0]), 1)
