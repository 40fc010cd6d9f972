"""Optimizers: state, resuming, stale graphs, hard gradients, both kernels, refusals."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import kernels, nn
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    clip_grad_norm,
    clip_grad_value,
    optimizers,
)

UPDATES = [name for name in kernels.__all__ if name.endswith("_update")]

KINDS = {
    "sgd": lambda p: SGD(p, 0.05),
    "sgd decay": lambda p: SGD(p, 0.05, weight_decay=0.1),
    "sgd momentum": lambda p: SGD(p, 0.05, momentum=0.9),
    "sgd nesterov": lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": lambda p: Adam(p, 0.03),
    "adam decay": lambda p: Adam(p, 0.03, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, 0.03),
    "amsgrad": lambda p: Adam(p, 0.03, amsgrad=True),
    "nadam": lambda p: NAdam(p, 0.03, weight_decay=0.1),
    "radam": lambda p: RAdam(p, 0.03, betas=(0.9, 0.99)),
    "adamax": lambda p: Adamax(p, 0.03),
    "rmsprop": lambda p: RMSprop(p, 0.03),
    "rmsprop all": lambda p: RMSprop(p, 0.01, momentum=0.9, centered=True, weight_decay=0.1),
    "adagrad": lambda p: Adagrad(p, 0.1, initial_accumulator=0.1),
    "adadelta": lambda p: Adadelta(p, 10.0),
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
        assert all(state[slot].dtype == np.float32 for slot in state.keys() - {"steps", "product"})
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
    wrong["groups"][0]["learning_rate"] = 7
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
        with pytest.raises(ValueError, match="Make the kind of optimizer that was saved"):
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
            for name in () if version == "usual" else UPDATES:
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
        (lambda p: SGD(p, momentum=True), "momentum must be a number of at least 0, got True"),
        (lambda p: SGD(p, np.inf), "learning_rate must be a number of at least 0, got inf"),
        (lambda p: SGD(p, 1j), "learning_rate must be a number"),
        (lambda p: Adam(p, betas=0.9), "betas must be two numbers"),
        (lambda p: Adam(p, betas=("a", "b")), "betas must be two numbers"),
        (lambda p: Adam(p, amsgrad=1), "amsgrad must be True or False, got 1"),
        (lambda p: RMSprop(p, alpha=1.0), "alpha must be a number from 0 to below 1, got 1.0"),
        (lambda p: Adadelta(p, rho=-1), "rho must be a number of at least 0"),
        (lambda p: Adagrad(p, learning_rate_decay=-1), "learning_rate_decay must be"),
        (lambda p: SGD(p, 0.1, 0.9, True, dampening=0.5), "nesterov=True needs dampening=0"),
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


# ------------------------------------------------------------------------------ groups


def two_groups(make=Adam, **options):
    p, q = parameter([1.0, 2.0], [0.5, -0.5]), parameter([3.0], [1.0])
    groups = [{"parameters": [p], "learning_rate": 0.5}, {"parameters": [q], **options}]
    return p, q, make(groups, learning_rate=0.1)


def test_each_group_has_its_own_options():
    p, q, optimizer = two_groups(SGD, momentum=0.9)
    r = parameter([1.0], [1.0])
    optimizer.add_group({"parameters": [r], "weight_decay": 1.0})
    for _ in range(2):
        optimizer.step()
    np.testing.assert_allclose(p.data, [0.5, 2.5])
    np.testing.assert_allclose(q.data, [3 - 0.1 - 0.19])
    np.testing.assert_allclose(r.data, [1 - 0.2 - 0.18])
    assert [g.weight_decay for g in optimizer.groups] == [0, 0, 1]
    assert [set(state) for state in optimizer.state] == [
        {"steps"},
        {"steps", "velocity"},
        {"steps"},
    ]
    assert optimizer.parameters == [p, q, r] and optimizer.learning_rate == 0.5
    assert repr(optimizer) == "SGD(3 parameters, learning_rate=0.5, 0.1, 0.1)"
    assert repr(optimizer.groups[1]).startswith("Group(1 parameters, learning_rate=0.1, ")


def test_options_may_be_changed_at_any_time():
    p = parameter([1.0], [1.0])
    optimizer = SGD([p], 0.1)
    optimizer.momentum = 0.5
    assert optimizer.groups[0].momentum == optimizer.momentum == 0.5
    for _ in range(2):
        optimizer.step()
    np.testing.assert_allclose(p.data, [1 - 0.1 - 0.15])
    optimizer.groups[0].momentum = 0
    optimizer.step()
    np.testing.assert_allclose(p.data, [1 - 0.1 - 0.15 - 0.1])


def test_the_state_follows_the_options():
    p = parameter([1.0], [1.0])
    optimizer = SGD([p], 0.1)
    optimizer.step()
    optimizer.momentum = 0.5  # saved before the step that starts the velocity
    for momentum in (0.5, 0.0):
        optimizer.momentum = momentum
        q = parameter(p.data, [1.0])
        resumed = SGD([q])
        resumed.load_state_dict(optimizer.state_dict())
        assert resumed.momentum == momentum
        optimizer.step()
        resumed.step()
        np.testing.assert_array_equal(p.data, q.data)


def test_the_accumulator_of_each_group():
    p, q, optimizer = two_groups(Adagrad, initial_accumulator=3.0)
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.5, 2.5])
    np.testing.assert_allclose(q.data, [3 - 0.1 / 2])


def test_dtypes_may_be_mixed_and_read_only_gradients_stay():
    p, q = parameter(np.ones(3)), parameter(np.ones(3, np.float32))
    optimizer = Adam([p, q], 0.1)
    for _ in range(3):
        p.grad = q.grad = [1.0, 2.0, 3.0]
        optimizer.step()
    assert (p.dtype, q.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(p.data, q.data, rtol=1e-6)
    np.testing.assert_array_equal(p.grad, [1, 2, 3])


def test_copies_and_pickles_are_whole():
    p, q, optimizer = two_groups(amsgrad=True)
    optimizer.step()
    for again in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert again.groups[0].parameters[0] is again.parameters[0] is not p
        again.step()
        assert again.step_count == 2 and np.any(again.parameters[0].data != p.data)
        again.groups[0].learning_rate = 2
        assert optimizer.learning_rate == 0.5


def test_the_state_holds_the_options_of_every_group():
    *_, one = two_groups(weight_decay=0.25)
    one.groups[1].betas = [0.5, 0.75]
    one.scale_learning_rate(0.5)
    *_, other = two_groups()
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    assert [g.options() for g in other.groups] == [g.options() for g in one.groups]
    assert other.groups[1].betas == (0.5, 0.75) and other.groups[1].weight_decay == 0.25
    with pytest.raises(ValueError, match="expected 1 groups, got 2"):
        Adam(other.parameters).load_state_dict(one.state_dict())


def test_a_loaded_state_takes_the_dtype_of_the_parameter():
    p, q = parameter(np.ones(3), np.ones(3)), parameter(np.ones(3, np.float32), np.ones(3))
    one, other = NAdam([p]), NAdam([q])
    one.step()
    other.load_state_dict(one.state_dict())
    assert other.state[0]["m"].dtype == np.float32


def test_a_new_optimizer_is_one_formula():
    class Signs(Optimizer):
        """p <- p - lr sign(running sum of g)."""

        slots = ("total",)

        def update(self, group, steps, p, g, total):
            for p_, g_, t in zip(p, g, total, strict=True):
                t += g_
                p_ -= group.learning_rate * np.sign(t)

    p = parameter([1.0, 1.0], [-2.0, 3.0])
    optimizer = Signs([p], 0.25)
    optimizer.step()
    np.testing.assert_array_equal(p.data, [1.25, 0.75])
    assert optimizer.state_dict()["state"][0]["total"].tolist() == [-2, 3]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (lambda p, q: [{"learning_rate": 1}], 'a group with "parameters", got one with learning_r'),
        (lambda p, q: [{}], 'a group with "parameters", got one with nothing'),
        (
            lambda p, q: [{"parameters": [p], "lr": 1}],
            "one of the options parameters, learning_rate",
        ),
        (lambda p, q: [{"parameters": [p], "learning_rate": -1}], "learning_rate must be a number"),
        (lambda p, q: [{"parameters": []}], "expected at least one parameter"),
        (
            lambda p, q: [{"parameters": [p]}, {"parameters": [q, p]}],
            r"shape \(1,\) in groups 0 and 1",
        ),
        (
            lambda p, q: (each for each in ()),
            r"A generator can be read only once: pass list\(...\)",
        ),
    ],
)
def test_wrong_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        SGD(groups(parameter([1.0]), parameter([2.0])))


def test_groups_of_a_wrong_type():
    p, q = parameter([1.0]), parameter([2.0])
    for wrong, message in (
        ({"parameters": [p]}, "expected a list of parameters, got dict"),
        ([{"parameters": [p]}, q], "parameters alone or groups alone"),
        ([{"parameters": p}], "expected a list of parameters, got Parameter"),
        ([{"parameters": [{"parameters": [p]}]}], "expected leaf Tensors, got dict"),
        ([[p], [q]], "expected leaf Tensors, got list"),
    ):
        with pytest.raises(TypeError, match=message):
            SGD(wrong)
    with pytest.raises(ValueError, match="got a list"):
        SGD([p]).add_group([q])


def test_wrong_assignments():
    *_, optimizer = two_groups()
    with pytest.raises(ValueError, match=r"Write optimizer.groups\[i\].learning_rate = 0.5"):
        optimizer.learning_rate = 0.5
    for wrong in ("lr", "parameters", "learning_rates"):
        with pytest.raises(AttributeError, match="expected one of the options learning_rate, "):
            setattr(optimizer.groups[0], wrong, 0.5)
    with pytest.raises(AttributeError, match="options learning_rate, .* got 'lr'"):
        optimizer.groups[0].lr  # noqa: B018
    with pytest.raises(AttributeError, match=r"'lr'. Write optimizer.learning_rate"):
        optimizer.lr = 0.5
    with pytest.raises(AttributeError, match="'param_groups'. Write optimizer.groups"):
        optimizer.param_groups  # noqa: B018
    with pytest.raises(ValueError, match="betas must be two numbers"):
        optimizer.groups[0].betas = 0.9
    nesterov = SGD([parameter([1.0])], momentum=0.9, nesterov=True)
    with pytest.raises(ValueError, match="needs momentum above 0"):
        nesterov.momentum = 0
    with pytest.raises(TypeError, match="schedule: expected a number as factor, got None"):
        optimizer.scale_learning_rate(None)
    for wrong in (None, [], {}):
        with pytest.raises(ValueError, match="missing: groups, step_count, state"):
            optimizer.load_state_dict(wrong)


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


@pytest.mark.parametrize("order", [0.5, 1, 2, 3.0, np.inf])
def test_other_norms(order):
    grads = draw(3, 4), draw(5, seed=1) * 3
    p, q = (parameter(np.zeros_like(g), g) for g in grads)
    exact = np.linalg.norm(np.concatenate([g.ravel() for g in grads]), order)
    assert abs(clip_grad_norm([p, q, p], 0.5, order) / exact - 1) < 1e-12
    again = np.linalg.norm(np.concatenate([p.grad.ravel(), q.grad]), order)
    assert abs(again / 0.5 - 1) < 1e-12
    np.testing.assert_allclose(p.grad, grads[0] * 0.5 / exact, rtol=1e-12)
    huge = parameter(np.zeros(2, np.float32), np.float32([3e30, -4e30]))  # no power fits
    expected = np.linalg.norm([3.0, 4.0], order) * 1e30
    assert abs(clip_grad_norm([huge], 1, order) / expected - 1) < 1e-6
    assert huge.grad.dtype == np.float32
    assert clip_grad_norm([parameter(np.zeros((0, 2)), np.zeros((0, 2)))], 1, order) == 0


def test_clipping_values():
    p, q = parameter(np.zeros(3, np.float32), [-3.0, 0.5, np.inf]), parameter([1.0])
    assert clip_grad_value([p, q], np.float64(2)) is None
    np.testing.assert_array_equal(p.grad, [-2, 0.5, 2])
    assert p.grad.dtype == np.float32 and q.grad is None
    q.grad = [np.nan]
    with pytest.raises(FloatingPointError, match="clip_grad_value: the gradient is nan"):
        clip_grad_value([p, q], 1)
    assert p.grad[0] == -2


def test_clipping_refuses():
    p = parameter([0.0], [1.0])
    for clip, limit in ((clip_grad_norm, "max_norm"), (clip_grad_value, "max_value")):
        for wrong in (0, -1, np.nan, None, "1"):
            with pytest.raises(ValueError, match=f"{limit} must be positive"):
                clip([p], wrong)
        for wrong, got in ((p, "a single Tensor"), (None, "NoneType"), (1.0, "float")):
            with pytest.raises(TypeError, match=f"expected a list of parameters, got {got}"):
                clip(wrong, 1)
        with pytest.raises(TypeError, match="expected Tensors, got ndarray"):
            clip([np.ones(2)], 1)
    for wrong in (0, -2, "inf", None):
        with pytest.raises(ValueError, match="norm_type must be a positive number or np.inf"):
            clip_grad_norm([p], 1, wrong)
