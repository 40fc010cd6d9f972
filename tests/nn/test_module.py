"""Module and Sequential: what is found, saved, switched, shown, copied, and refused."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn
from tinygrad_ml.nn import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, Module, ReLU, Sequential
from tinygrad_ml.optim import SGD


def parameter(*shape):
    return tg.Parameter(np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape), dtype=np.float32)


class Everything(Module):
    """Parameters in every place where they can stand."""

    def __init__(self):
        self.zeta = parameter(2)
        self.blocks = [Dense(2, 3, rng=0), {"in": parameter(1), 7: Dense(3, 1, rng=1)}]
        self.alpha = parameter()
        self.norm = BatchNorm(2)
        self.pair = (parameter(1, 2), np.full(2, 5.0))
        self.again = self.zeta
        self.tied = self.blocks[0]
        self._private = parameter(3)
        self._cache = np.zeros(4)
        self.count = np.array(3)
        self.name = "no parameter"


NAMES = [
    "zeta", "blocks.0.weight", "blocks.0.bias", "blocks.1.in", "blocks.1.7.weight",
    "blocks.1.7.bias", "alpha", "norm.gamma", "norm.beta", "pair.0", "_private",
]  # fmt: skip
STATE = [*NAMES[:9], "norm.running_mean", "norm.running_var", "pair.0", "pair.1", "_private",
         "count"]  # fmt: skip


def network(dtype=np.float32):
    return Sequential(
        Conv2D(1, 2, 3, padding=1, rng=0, dtype=dtype), BatchNorm(2, dtype=dtype), ReLU(),
        MaxPool2D(2), nn.Flatten(), Dropout(0.3, rng=1), Dense(8, 3, rng=2, dtype=dtype), np.tanh,
    )  # fmt: skip


def images(n=4, dtype=np.float32):
    return np.random.default_rng(9).standard_normal((n, 4, 4, 1)).astype(dtype)


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


# ------------------------------------------------------------------------------ finding


def test_names_stand_in_the_order_of_definition():
    model = Everything()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert all(a is b for a, (_, b) in zip(model.parameters(), model.named_parameters()))
    assert len({id(p) for p in model.parameters()}) == len(NAMES)
    assert model.n_parameters == 2 + 9 + 1 + 4 + 1 + 4 + 2 + 3
    assert [name for name, _ in model.named_modules()] == ["", "blocks.0", "blocks.1.7", "norm"]


def test_a_changed_structure_is_seen():
    model = Sequential(Dense(2, 2))
    model.layers.append(Dense(2, 1))
    assert [name for name, _ in model.named_parameters()][2:] == [
        "layers.1.weight", "layers.1.bias"]  # fmt: skip


def test_a_cycle_ends():
    model, child = Everything(), Dense(1, 1)
    child.parent, model.child = model, child
    assert len(model.parameters()) == len(NAMES) + 2


def test_a_shared_layer_gets_both_gradients_and_one_step():
    layer = Dense(2, 2, rng=0)
    model = Sequential(layer, np.tanh, layer)
    assert len(model.parameters()) == 2
    before = layer.weight.data.copy()
    model(np.ones((3, 2), np.float32)).sum().backward()
    gradient = layer.weight.grad
    SGD(model.parameters(), 0.1).step()
    np.testing.assert_allclose(layer.weight.data, before - 0.1 * gradient, rtol=1e-6)


def test_generators_are_named_once():
    shared = np.random.default_rng(0)
    model = Sequential(Dropout(0.1, shared), Dense(1, 1, rng=3), Dropout(0.1, shared), Dropout(0.2))
    assert [name for name, _ in model.named_generators()] == ["layers.0.rng", "layers.3.rng"]
    assert next(model.named_generators())[1] is shared


def test_dtype_is_that_of_the_first_parameter():
    assert network().dtype == np.float32 and network(np.float64).dtype == np.float64
    assert Sequential(ReLU()).dtype == np.float32


def test_a_module_without_call_says_what_to_do():
    with pytest.raises(NotImplementedError, match=r"Everything computes nothing yet: define __ca"):
        Everything()(1)


# ------------------------------------------------------------------------------ state


def test_state_dict_has_parameters_and_arrays():
    state = Everything().state_dict()
    assert list(state) == STATE
    assert all(type(v) is np.ndarray and v.flags.c_contiguous for v in state.values())


def test_state_dict_copies():
    model = Everything()
    before, state = model.state_dict(), model.state_dict()
    for array in state.values():
        array[...] = -1
    assert same(model.state_dict(), before)
    model.load_state_dict(state)
    for array in state.values():
        array[...] = -2
    assert all(np.all(v == -1) for v in model.state_dict().values())


def test_round_trip():
    model, other = Everything(), Everything()
    for p in model.parameters():
        p.data = p.data + 1
    model.norm.running_mean = np.array([3, 4], np.float32)
    model.pair = (model.pair[0], np.full(2, 6.0))
    model.count = np.array(8)
    assert not same(model.state_dict(), other.state_dict())
    found = other.parameters()
    other.load_state_dict(model.state_dict())
    assert same(model.state_dict(), other.state_dict())
    assert all(a is b for a, b in zip(found, other.parameters(), strict=True))
    assert other.again is other.zeta and other.count == 8
    assert isinstance(other.pair, tuple) and other.pair[1][0] == 6


def test_loading_casts_to_the_model():
    model = network()
    model.load_state_dict(network(np.float64).state_dict())
    assert {v.dtype for v in model.state_dict().values()} == {np.dtype(np.float32)}
    assert same(network().state_dict(), model.state_dict())


def test_names_with_dots_and_an_array_in_two_places():
    class Odd(Module):
        def __init__(self):
            self.parts = {"a.b": BatchNorm(2)}
            self.mean = self.parts["a.b"].running_mean

    model = Odd()
    state = {k: v + 1 for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    assert same(model.state_dict(), state)
    np.testing.assert_array_equal(model.parts["a.b"].running_mean, [1, 1])
    assert model.mean is model.parts["a.b"].running_mean


def test_what_does_not_fit_is_listed_and_changes_nothing():
    model = network()
    before = model.state_dict()
    state = {k: v + 1 for k, v in before.items()}
    del state["layers.1.beta"], state["layers.1.running_var"]
    state["head.weight"] = np.zeros(3)
    state["layers.6.weight"] = np.zeros((3, 8))
    with pytest.raises(ValueError, match="does not fit Sequential") as error:
        model.load_state_dict(state)
    text = str(error.value)
    assert "missing: layers.1.beta, layers.1.running_var" in text
    assert "unexpected: head.weight" in text
    assert "layers.6.weight: expected shape (8, 3), got (3, 8)" in text
    assert "layers.0" not in text
    assert same(model.state_dict(), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layers.0.bias"), r"\(missing: layers.0.bias\)"),
        (lambda s: s.update(more=np.ones(1)), r"\(unexpected: more\)"),
        (lambda s: s.update({"layers.1.running_mean": 0.0}), r"of the wrong shape: .*got \(\)"),
        (lambda s: s.update({"layers.6.bias": np.array(list("abc"))}), "could not convert"),
    ],
)
def test_each_misfit_alone(change, message):
    model = network()
    before = model.state_dict()
    state = {k: v + 1 for k, v in before.items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(state)
    assert same(model.state_dict(), before)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_equal_and_apart(duplicate):
    model = network()
    model.layers.append(model[6])  # shared; the sizes do not matter here
    model[0].freeze()
    model[5].rng.random(3)
    other = duplicate(model)
    assert same(model.state_dict(), other.state_dict())
    assert other[8] is other[6] and other[7] is np.tanh
    assert not other[0].weight.requires_grad and other[6].weight.requires_grad
    assert model[5].rng.random() == other[5].rng.random()
    before = model.state_dict()
    other[6].weight.data = other[6].weight.data + 1
    other[1].running_mean += 1
    other.eval()
    assert same(model.state_dict(), before) and model.training


# ------------------------------------------------------------------------------ modes


def test_train_and_eval_reach_everything():
    model = Sequential(Sequential(Dropout(0.5)), Dense(1, 1))
    model.extra = {"list": [BatchNorm(1)]}
    assert model.eval() is model
    assert [m.training for _, m in model.named_modules()] == [False] * 5
    assert model.train() is model
    assert all(m.training for _, m in model.named_modules())
    model[0].eval()
    assert [m.training for _, m in model.named_modules()] == [True, False, False, True, True]
    assert Module.training  # no switch has reached the class


def test_frozen_parameters_get_no_gradient_and_stay():
    model = network()
    assert model[0].freeze() is model[0]
    optimizer = SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    before = model.state_dict()
    model(images()).sum().backward()
    assert model[0].weight.grad is None and model[0].bias.grad is None
    assert np.any(model[6].weight.grad)
    optimizer.step()
    after = model.state_dict()
    for name in ("weight", "bias"):
        np.testing.assert_array_equal(after[f"layers.0.{name}"], before[f"layers.0.{name}"])
        assert np.any(after[f"layers.6.{name}"] != before[f"layers.6.{name}"])
    assert model[0].unfreeze() is model[0]
    model.zero_grad()
    model(images()).sum().backward()
    optimizer.step()
    assert np.any(model[0].weight.data != before["layers.0.weight"])


def test_zero_grad_forgets():
    model = network()
    model[6].freeze()
    model(images()).sum().backward()
    assert model[0].weight.grad is not None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_astype_converts_everything():
    model = network()
    model[0].freeze()
    model(images()).sum().backward()
    expected = {k: v.astype(np.float64) for k, v in model.state_dict().items()}
    assert model.astype(np.float64) is model
    assert {v.dtype for v in model.state_dict().values()} == {np.dtype(np.float64)}
    assert same(model.state_dict(), expected)
    assert all(p.grad is None for p in model.parameters())
    assert not model[0].weight.requires_grad
    out = model(images(dtype=np.float64))
    out.sum().backward()
    assert out.dtype == model[6].weight.grad.dtype == model[1].running_var.dtype == np.float64


def test_astype_leaves_integers_and_refuses_them():
    model = Everything().astype(np.float64)
    assert model.count.dtype.kind == "i" and model.pair[1].dtype == np.float64
    assert Everything().astype(np.float32).pair[1].dtype == np.float32
    with pytest.raises(TypeError, match="floating-point dtype, got int64"):
        model.astype(np.int64)


# ------------------------------------------------------------------------------ looking


def test_repr():
    assert repr(Everything()) == "Everything(26 parameters)"
    assert repr(Sequential()) == "Sequential()"
    assert repr(Sequential(Dense(1, 2, bias=False), Sequential(np.tanh, ReLU()))) == (
        "Sequential(\n  Dense(1, 2, bias=False),\n  Sequential(\n    tanh,\n    ReLU(),\n  ),\n)"
    )
    assert [repr(layer) for layer in network()][:7] == [
        "Conv2D(1, 2, (3, 3), stride=(1, 1), padding=1)", "BatchNorm(2)", "ReLU()",
        "MaxPool2D((2, 2), stride=(2, 2))", "Flatten()", "Dropout(0.3)", "Dense(8, 3)",
    ]  # fmt: skip
    assert repr(nn.AvgPool2D(3, 1)) == "AvgPool2D((3, 3), stride=(1, 1))"


def rows(text):
    return [line.split() for line in text.splitlines()[1:]]


def test_summary_of_a_sequential():
    model = network()
    assert rows(model.summary()) == [
        ["0", "Conv2D", "20"], ["1", "BatchNorm", "4"], ["2", "ReLU", "0"],
        ["3", "MaxPool2D", "0"], ["4", "Flatten", "0"], ["5", "Dropout", "0"],
        ["6", "Dense", "27"], ["7", "tanh", "0"], ["total", "51"],
    ]  # fmt: skip
    before, layers = model.state_dict(), list(model)
    generator = str(model[5].rng.bit_generator.state)
    model[1].eval()
    lines = model.summary((4, 4, 1)).splitlines()
    shapes = [line[line.index("(") : line.index(")") + 1] for line in lines[1:-1]]
    image = "(n, 4, 4, 2)"
    assert shapes == [image, image, image, "(n, 2, 2, 2)", "(n, 8)", "(n, 8)", "(n, 3)", "(n, 3)"]
    assert len({len(line) for line in lines}) == 1  # a table
    assert same(model.state_dict(), before) and list(model) == layers
    assert str(model[5].rng.bit_generator.state) == generator
    assert model.training and model[5].training and not model[1].training


class Forked(Module):
    """Two heads on one body, and layers in a list."""

    def __init__(self):
        self.body = Sequential(Dense(4, 3), Sequential(ReLU(), Dense(3, 2)))
        self.heads = [Sequential(Dense(2, 1)), Sequential(Dense(2, 5), np.tanh)]
        self.scale = parameter(2)

    def __call__(self, x):
        code = self.body(x) * self.scale
        first, _ = [head(code) for head in self.heads]
        return first


def test_summary_of_parts():
    assert rows(Forked().summary()) == [
        ["body.0", "Dense", "15"], ["body.1.0", "ReLU", "0"], ["body.1.1", "Dense", "8"],
        ["heads.0.0", "Dense", "3"], ["heads.1.0", "Dense", "15"], ["heads.1.1", "tanh", "0"],
        ["scale", "Parameter", "2"], ["total", "43"],
    ]  # fmt: skip
    assert rows(Forked().summary((4,))) == [
        ["body.0", "Dense", "(n,", "3)", "15"], ["body.1.0", "ReLU", "(n,", "3)", "0"],
        ["body.1.1", "Dense", "(n,", "2)", "8"], ["heads.0.0", "Dense", "(n,", "1)", "3"],
        ["heads.1.0", "Dense", "(n,", "5)", "15"], ["heads.1.1", "tanh", "(n,", "5)", "0"],
        ["scale", "Parameter", "2"], ["total", "43"],
    ]  # fmt: skip
    assert rows(Dense(2, 3).summary((7, 2))) == [["Dense", "(n,", "7,", "3)", "9"], ["total", "9"]]


def test_summary_puts_everything_back_after_an_error():
    model = Forked()
    layers = list(model.body)
    with pytest.raises(ValueError, match=r"model\[0\] \(Dense\): expected 4 input features"):
        model.summary((5,))
    assert list(model.body) == layers and model.body.training


# ------------------------------------------------------------------------------ Sequential


def test_sequential_is_a_list_of_layers():
    layers = [Dense(2, 3), np.tanh, lambda x: x * 2]
    model = Sequential(*layers)
    assert len(model) == 3 and model[-1] is layers[2] and list(model) == layers
    x = np.ones((4, 2), np.float32)
    out = model(x)
    np.testing.assert_array_equal(out.data, 2 * np.tanh(layers[0](x).data))
    assert Sequential()(x) is x


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (([ReLU()],), r"layer 0 is not a layer, got \[ReLU\(\)\]. Write Sequential\(\*layers\)."),
        ((np.tanh, ReLU), r"layer 1 .* Write ReLU\(\) with parentheses."),
        ((np.tanh, ReLU(), "relu"), r"layer 2 is not a layer, got 'relu'. Pass Modules or func"),
    ],
)
def test_what_is_no_layer(layers, message):
    with pytest.raises(TypeError, match=message):
        Sequential(*layers)


def test_errors_name_the_place():
    model = Sequential(ReLU(), Sequential(np.tanh, Sequential(Dense(3, 2))), BatchNorm(2))
    with pytest.raises(ValueError) as error:  # noqa: PT011
        model(np.ones((1, 4), np.float32))
    assert str(error.value).startswith(
        "model[1][1][0] (Dense): expected 3 input features in the last axis, got 4"
    )
    model = Sequential(ReLU(), Conv2D(8, 4, 3))
    with pytest.raises(ValueError) as error:  # noqa: PT011
        model(np.ones((64, 28, 28, 3), np.float32))
    assert str(error.value) == (
        "model[1] (Conv2D): expected 8 input channels, got 3 (input shape (64, 28, 28, 3))."
    )

    def halve(x):
        raise TypeError("no halves")

    with pytest.raises(TypeError, match=r"^model\[1\] \(halve\): no halves$"):
        Sequential(np.tanh, halve)(1.0)


def test_errors_with_a_text_of_their_own_get_a_note():
    def total(x):
        return np.sum(x, axis=3)

    with pytest.raises(ValueError, match="axis 3") as error:
        Sequential(ReLU(), total)(np.ones((2, 2)))
    assert error.value.__notes__[0].startswith("model[1] (total): axis 3 is out of bounds")
