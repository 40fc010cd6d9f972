"""Saving and loading: what comes back is what was saved, and a damaged file is refused."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import safetensors.numpy

from tinygrad_ml import container, nn, persistence
from tinygrad_ml import functional as F
from tinygrad_ml.nn import Dense, Dropout, Module, Sequential
from tinygrad_ml.persistence import load, register, save
from tinygrad_ml.tensor import Parameter, Tensor

IMAGES = np.random.default_rng(0).normal(size=(4, 6, 6, 2)).astype(np.float32)
ROWS = IMAGES.reshape(4, -1)[:, :8]
SEQUENCES = IMAGES.reshape(4, 36, 2)

LAYERS = {
    "Dense": (lambda: Dense(8, 3, rng=0), ROWS),
    "Dense without bias": (lambda: Dense(8, 3, bias=False, rng=0), ROWS),
    "Dense in float64": (lambda: Dense(8, 3, rng=0, dtype=np.float64), ROWS.astype(np.float64)),
    "Conv2D": (lambda: nn.Conv2D(2, 3, 3, stride=2, padding="same", rng=0), IMAGES),
    "Conv2D padded": (lambda: nn.Conv2D(2, 3, (3, 2), padding=(1, 0), rng=0), IMAGES),
    "Conv2D depthwise": (lambda: nn.Conv2D(2, 4, 3, dilation=2, groups=2, rng=0), IMAGES),
    "Conv1D": (lambda: nn.Conv1D(2, 3, 3, dilation=2, rng=0), SEQUENCES),
    "ConvTranspose1D": (lambda: nn.ConvTranspose1D(2, 3, 3, 2, rng=0), SEQUENCES),
    "ConvTranspose2D": (lambda: nn.ConvTranspose2D(2, 3, 3, 2, 1, 1, rng=0), IMAGES),
    "MaxPool1D": (lambda: nn.MaxPool1D(3), SEQUENCES),
    "MaxPool2D": (lambda: nn.MaxPool2D(2, stride=1), IMAGES),
    "AvgPool1D": (lambda: nn.AvgPool1D(3, 1, 1), SEQUENCES),
    "AvgPool2D": (lambda: nn.AvgPool2D((2, 3)), IMAGES),
    "AvgPool2D of pixels alone": (lambda: nn.AvgPool2D(3, 1, 1, False), IMAGES),
    "AdaptiveAvgPool2D": (lambda: nn.AdaptiveAvgPool2D((4, 5)), IMAGES),
    "GlobalAvgPool2D": (nn.GlobalAvgPool2D, IMAGES),
    "Upsample2D": (lambda: nn.Upsample2D((2, 1)), IMAGES),
    "BatchNorm": (lambda: nn.BatchNorm(2), IMAGES),
    "BatchNorm of all batches": (lambda: nn.BatchNorm(2, momentum=None, affine=False), IMAGES),
    "GroupNorm": (lambda: nn.GroupNorm(1, 2), SEQUENCES),
    "InstanceNorm": (lambda: nn.InstanceNorm(2, affine=True), SEQUENCES),
    "InstanceNorm running": (lambda: nn.InstanceNorm(2, track_running_stats=True), IMAGES),
    "Dropout": (lambda: Dropout(0.25, rng=0), ROWS),
    "Flatten": (nn.Flatten, IMAGES),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.3), ROWS),
    "PReLU": (lambda: nn.PReLU(8), ROWS),
    "ELU": (lambda: nn.ELU(0.3), ROWS),
    "CELU": (lambda: nn.CELU(0.3), ROWS),
    "GELU": (lambda: nn.GELU("tanh"), ROWS),
    "GLU": (lambda: nn.GLU(axis=0), ROWS),
    "Hardtanh": (lambda: nn.Hardtanh(-0.2, 0.3), ROWS),
    "ChannelDropout": (lambda: nn.ChannelDropout(0.25, rng=0), IMAGES),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.25, rng=0), ROWS),
    "LogSoftmax": (lambda: nn.LogSoftmax(axis=0), ROWS),
    "Softmin": (lambda: nn.Softmin(axis=0), ROWS),
    "ReLU": (nn.ReLU, ROWS),
    "Sigmoid": (nn.Sigmoid, ROWS),
    "Softmax": (lambda: nn.Softmax(axis=0), ROWS),
    "Softplus": (nn.Softplus, ROWS),
    "Tanh": (nn.Tanh, ROWS),
    "Sequential": (lambda: Sequential(Dense(8, 2, rng=0), np.tanh, F.relu, Dropout()), ROWS),
}
LAYERS |= {
    name: (getattr(nn, name), ROWS)
    for name in ("Hardsigmoid", "Hardswish", "Identity", "LogSigmoid", "Mish", "ReLU6", "SELU",
                 "SiLU", "Softsign")
}  # fmt: skip


STEPS = ROWS.reshape(4, 2, 4)
LAYERS |= {
    "Embedding": (lambda: nn.Embedding(5, 3, padding_index=0, rng=0), np.array([[0, 4], [2, 1]])),
    "GRU": (lambda: nn.GRU(4, 3, bidirectional=True, rng=0), STEPS),
    "GRUCell": (lambda: nn.GRUCell(8, 3, rng=0), ROWS),
    "LSTM": (lambda: nn.LSTM(4, 3, layers=2, dropout=0.25, rng=0), STEPS),
    "LSTMCell": (lambda: nn.LSTMCell(8, 3, forget_bias=1.0, rng=0), ROWS),
    "LayerNorm": (lambda: nn.LayerNorm((2, 4), bias=False), STEPS),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(4, 2, dropout=0.25, rng=0), STEPS),
    "PositionalEmbedding": (lambda: nn.PositionalEmbedding(3, 4, rng=0), STEPS),
    "RMSNorm": (lambda: nn.RMSNorm(8, eps=0.1), ROWS),
    "RNN": (lambda: nn.RNN(4, 3, bias=False, rng=0), STEPS),
    "RNNCell": (lambda: nn.RNNCell(8, 3, rng=0), ROWS),
    "TransformerBlock": (lambda: nn.TransformerBlock(4, 2, dropout=0.1, causal=True), STEPS),
}


def through(value, tmp_path, **options):
    save(value, tmp_path / "file")
    return load(tmp_path / "file", **options)


def values(out):
    if isinstance(out, tuple):  # a recurrent layer's outputs and states, as one vector
        return np.concatenate([values(part).reshape(-1) for part in out])
    return out.data if isinstance(out, Tensor) else out


def network():
    return Sequential(Dense(8, 4, rng=0), nn.BatchNorm(4), np.tanh, Dropout(0.2, 1), Dense(4, 2))


def test_every_layer_has_a_case():
    layers = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)} - {"Module"}
    assert layers <= set(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_come_back(tmp_path, name):
    build, x = LAYERS[name]
    layer = build()
    values(layer(x))  # in training: running statistics and generators move
    again = through(layer, tmp_path)
    assert type(again) is type(layer) and repr(again) == repr(layer)
    assert_same_state(layer, again)
    layer.eval()
    assert np.array_equal(values(layer(x)), values(again(x)))
    layer.train(), again.train()
    assert np.array_equal(values(layer(x)), values(again(x)))  # the same random numbers too


def assert_same_state(one, other):
    state, again = one.state_dict(), other.state_dict()
    assert list(state) == list(again)
    for name, array in state.items():
        assert array.dtype == again[name].dtype and array.tobytes() == again[name].tobytes()
    for p in other.parameters():
        assert type(p) is Parameter and p.is_leaf


def test_a_loaded_model_learns_on(tmp_path):
    again = through(network(), tmp_path).train()
    F.mse_loss(again(ROWS), np.zeros((4, 2), np.float32)).backward()
    for p in again.parameters():
        assert p.grad is not None
        p.writable()[...] += 1


def test_a_loaded_model_is_in_prediction_mode(tmp_path):
    model = network()
    assert not any(m.training for _, m in through(model, tmp_path).named_modules())
    assert model.training
    other = network()
    assert load(tmp_path / "file", into=other) is other and other.training


def test_frozen_parameters_stay_frozen(tmp_path):
    model = network()
    model[0].freeze()
    again = through(model, tmp_path)
    flags = [p.requires_grad for p in again.parameters()]
    assert flags == [p.requires_grad for p in model.parameters()]
    assert flags[:2] == [False, False] and flags[2]
    again.unfreeze()
    assert all(p.requires_grad for p in again.parameters())


def test_what_is_shared_stays_shared(tmp_path):
    first, rng = Dense(3, 3, rng=0), np.random.default_rng(0)
    second = Dense(3, 3, rng=1)
    second.weight = first.weight
    model = Sequential(first, second, first, Dropout(0.1, rng), Dropout(0.2, rng))
    again = through(model, tmp_path)
    assert again[0] is again[2] and again[0].weight is again[1].weight
    assert again[0].bias is not again[1].bias
    assert again[3].rng is again[4].rng
    assert len(again.parameters()) == 3
    names = safetensors.numpy.load_file(tmp_path / "file")
    assert sorted(names) == sorted(model.state_dict())  # stored once, under the names of the state


@register
class Anything(Module):
    """Keeps whatever it is given."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_attributes_of_all_kinds_come_back(tmp_path):
    cycle = Anything()
    cycle.itself = [cycle]
    attributes = {
        "none": None, "yes": True, "count": 3, "large": 2**100, "pi": 3.14, "nan": float("nan"),
        "infinite": -float("inf"), "text": "ä\n\"'\0", "empty": "", "precision": np.dtype("f8"),
        "kind": np.float32, "flag": np.bool_, "pair": (1, ("a", None)), "nothing": (),
        "rows": [[1], [], {"a": (1,)}], "table": {1: "int", "1": "str", (1, 2): [None]},
        "scalar": np.float32(1.5), "whole": np.int64(-7), "word": np.str_("w"), "tanh": np.tanh,
        "add": np.add, "where": np.where, "maximum": np.maximum, "relu": F.relu, "loss": F.mse_loss,
        "constant": Tensor([1.0, 2.0]),
    }  # fmt: skip
    again = through(Anything(cycle=cycle, **attributes), tmp_path)
    for name, value in attributes.items():
        came = getattr(again, name)
        assert type(came) is type(value), name
        if name == "nan":
            assert came != came
        elif name == "constant":
            assert np.array_equal(came.data, value.data) and not came.requires_grad
        else:
            assert came == value, name
    for name in ("tanh", "add", "where", "maximum", "relu", "loss"):
        assert getattr(again, name) is attributes[name]
    assert again.cycle.itself[0] is again.cycle


ARRAYS = {
    "zero-d": np.array(2.5), "zero-d int": np.array(3), "empty": np.zeros((0, 3), np.float32),
    "Fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1),
    "strided": np.arange(20.0)[::-3], "broadcast": np.broadcast_to(np.arange(3.0), (2, 3)),
    "big-endian": np.arange(3, dtype=">i4"), "bool": np.array([True, False]),
    "float16": np.arange(3, dtype=np.float16), "complex": np.array([1 + 2j, 3j]),
    "complex64": np.array([1 + 2j], np.complex64), "words": np.array([["a", "longer"], ["", "ä"]]),
    "bytes": np.array([b"ab", b"c"]), "dates": np.array(["2024-02-29"], "M8[D]"),
    "longdouble": np.array([1], np.longdouble) / 3, "uint64": np.array([2**64 - 1], np.uint64),
    "objects": np.array([["a", None], [1.5, (1, 2)]], object),
    "object lists": np.array([None, [1], [2, 3]], object),
    "special": np.array([np.nan, np.inf, -0.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_as_own_copies(tmp_path, name):
    array = ARRAYS[name]
    before = array.copy()
    for again in (through({"a": array}, tmp_path)["a"], through(Anything(a=array), tmp_path).a):
        assert again.shape == array.shape and again.dtype == array.dtype.newbyteorder("=")
        assert again.flags.writeable and again.flags.c_contiguous and again.flags.aligned
        assert again.tolist() == array.tolist() or np.array_equal(again, array, equal_nan=True)
        if again.size:
            again.flat[0] = again.flat[-1]
    assert array.tolist() == before.tolist() or np.array_equal(array, before, equal_nan=True)


def test_parameters_of_any_layout_come_back(tmp_path):
    rng = np.random.default_rng(0)
    model = Anything(scale=Parameter(2.0), tall=Parameter(rng.normal(size=(3, 4)).T))
    model.tall.data = np.asfortranarray(rng.normal(size=(4, 3)))
    again = through(model, tmp_path)
    assert again.scale.shape == () and float(again.scale) == 2
    assert np.array_equal(again.tall.data, model.tall.data)


@pytest.mark.parametrize("kind", persistence.BIT_GENERATORS)
def test_generators_go_on(tmp_path, kind):
    rng = np.random.Generator(getattr(np.random, kind)(7))
    rng.random(5, dtype=np.float32), rng.integers(0, 9, 3, dtype=np.uint8)
    model = Anything(rng=rng)
    again = through(model, tmp_path).rng
    assert type(again.bit_generator) is type(rng.bit_generator)
    assert np.array_equal(rng.integers(0, 2**32, 9), again.integers(0, 2**32, 9))
    assert np.array_equal(rng.normal(size=9), again.normal(size=9))


def test_names_that_look_alike_do_not_collide(tmp_path):
    tree = {"a": {"b": np.zeros(1)}, "a.b": np.ones(1), "": np.full(1, 2.0), 1: [np.full(1, 3.0)],
            "1": {0: np.full(1, 4.0)}, "1.0": np.full(1, 5.0)}  # fmt: skip
    again = through(tree, tmp_path)
    assert list(again) == list(tree)
    assert [again["a"]["b"], again["a.b"], again[""], again[1][0], again["1"][0], again["1.0"]] == [
        0, 1, 2, 3, 4, 5
    ]  # fmt: skip


def test_other_tools_can_read_the_weights(tmp_path):
    model = network()
    save(model, tmp_path / "model.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "model.safetensors")
    for name, array in model.state_dict().items():
        assert np.array_equal(arrays[name], array)


# ------------------------------------------------------------------------------------ classes


def test_library_models_come_back(tmp_path):
    models = pytest.importorskip("tinygrad_ml.models", exc_type=ImportError)
    model = models.MLP([8, 5, 2], activation=np.tanh, rng=0)
    again = through(model, tmp_path)
    assert type(again) is models.MLP
    model.eval()
    assert np.array_equal(model(ROWS).data, again(ROWS).data)


class Unknown(Module):
    def __init__(self):
        self.layer = Dense(8, 2, rng=0)

    def __call__(self, x):
        return self.layer(x)


def test_an_unregistered_class_is_saved_and_loaded_into_a_model(tmp_path):
    model = Unknown()
    with pytest.raises(ValueError, match="expected a registered class, got 'Unknown'"):
        through(model, tmp_path)
    other = Unknown()
    other.layer.weight.data = np.zeros((8, 2), np.float32)
    load(tmp_path / "file", into=other)
    assert_same_state(model, other)


def test_a_class_named_like_one_of_ours_is_not_mixed_up(tmp_path):
    class Dense(Module):
        pass

    with pytest.raises(ValueError, match="expected a registered class, got 'Dense'"):
        through(Dense(), tmp_path)


def test_register_takes_a_name_once():
    def again():
        @register
        class Repeated(Module):
            pass

        return Repeated

    again()
    assert again() is persistence._registered["Repeated"]  # a cell run twice

    with pytest.raises(ValueError, match="'Repeated' is taken by"):

        @register
        class Repeated(Module):
            pass


@register
def swish(x):
    return x * F.sigmoid(x)


def test_registered_functions_come_back(tmp_path):
    assert through(Sequential(swish, np.sqrt), tmp_path).layers == [swish, np.sqrt]


def unregistered(x):
    return x


@pytest.mark.parametrize(("layer", "name"), [
    (lambda x: x, "the function <lambda> as layers.1"),
    (unregistered, "the function unregistered as layers.1"),
    (np.fromfile, "the function fromfile as layers.1"),
    (print, "the function print as layers.1"),
])  # fmt: skip
def test_functions_without_a_name_are_refused(tmp_path, layer, name):
    model = Sequential(Dense(2, 2, rng=0), layer)
    with pytest.raises(TypeError, match=name + r".*Write it as a Module.*into=model"):
        save(model, tmp_path / "file")
    assert os.listdir(tmp_path) == []
    save(model.state_dict(), tmp_path / "weights")
    other = Sequential(Dense(2, 2, rng=1), layer)
    assert_same_state(model, load(tmp_path / "weights", into=other))


@pytest.mark.parametrize("value", [{1, 2}, 1j, object(), np.ma.array([1]), open, Dense, b"raw"])
def test_other_things_are_refused(tmp_path, value):
    with pytest.raises(TypeError, match="expected only what can be found again.* as thing"):
        save(Anything(thing=value), tmp_path / "file")


def test_a_file_names_no_import_path(tmp_path):
    packer = persistence._ObjectPacker()
    classes = ("os.system", "nn.initialisers", "nn.layers.Dense", "nn.np", "swish", "optim.SGD")
    functions = ("os.system", "numpy.fromfile", "functional.Array", "Anything")
    wrong = [{"class": name, "attributes": {}} for name in classes]
    for content in wrong + [{"function": name} for name in functions]:
        container.write(tmp_path / "file", "values", content, packer.arrays)
        with pytest.raises(ValueError, match="expected a registered (class|function)"):
            load(tmp_path / "file")
    for content in ({"generator": {"dict": [["bit_generator", "RandomState"]]}}, {"pickle": "c"}):
        container.write(tmp_path / "file", "values", content, packer.arrays)
        with pytest.raises(ValueError, match="unknown"):
            load(tmp_path / "file")


# ------------------------------------------------------------------------------------ into


def test_into_wants_names_and_shapes_that_fit(tmp_path):
    save(Sequential(Dense(8, 4, rng=0), Dense(4, 2, rng=0)), tmp_path / "file")
    for model, problem in (
        (Sequential(Dense(8, 4), Dense(4, 2), Dense(2, 2)), "missing: layers.2.weight, layers.2.b"),
        (Sequential(Dense(8, 4)), "unexpected: layers.1.weight, layers.1.bias"),
        (Sequential(Dense(8, 4), Dense(4, 3)), r"of the wrong shape: layers.1.weight: expected"),
    ):
        before = model.state_dict()
        with pytest.raises(ValueError, match=problem):
            load(tmp_path / "file", into=model)
        assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


def test_into_takes_a_state_dict_and_nothing_else(tmp_path):
    model, other = network(), network()
    assert_same_state(model, through(model.state_dict(), tmp_path, into=other))
    with pytest.raises(ValueError, match="holds a list"):
        through([1, 2], tmp_path, into=other)


# ------------------------------------------------------------------------------------ files


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
    safetensors.numpy.save_file({"a": np.zeros(3)}, tmp_path / "foreign")
    foreign = {
        "empty": b"",
        "text": b"hello world, this is none",
        "few": b"1",
        "zip": b"PK\x03\x04" + bytes(9),
        "long": b"\xff" * 99,
        "zeros": bytes(9),
    }
    for name, data in foreign.items():
        (tmp_path / name).write_bytes(data)
    for name in ("foreign", *foreign):
        with pytest.raises(ValueError, match="expected an intact file that tinygrad_ml saved, got"):
            load(tmp_path / name)
    with pytest.raises(ValueError, match="a folder"):
        load(tmp_path)


def test_a_newer_format_is_named(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(container, "VERSION", 99)
        save({"a": 1}, tmp_path / "file")
    with pytest.raises(ValueError, match="expected format version 1, .* has 99. Install a newer"):
        load(tmp_path / "file")


def same_or_refused(path, data, original):
    path.write_bytes(data)
    try:
        again = load(path)
    except ValueError as error:
        message = str(error)
    else:
        assert_same_state(original, again)
        assert repr(again) == repr(original)
        return True
    assert "expected an intact file that tinygrad_ml saved" in message
    return False


def test_every_truncation_is_refused(tmp_path):
    model, path = Sequential(Dense(1, 1, rng=0)), tmp_path / "file"
    save(model, path)
    intact = path.read_bytes()
    for length in range(0, len(intact), 3):
        assert not same_or_refused(path, intact[:length], model)
    assert not same_or_refused(path, intact + b"\0", model)


def test_changed_weights_or_structure_break_the_seal(tmp_path):
    save(Sequential(Dense(1, 1, rng=0), nn.LeakyReLU(0.25)), tmp_path / "file")
    data = (tmp_path / "file").read_bytes()
    header = int.from_bytes(data[:8], "little")
    text = data[8 : 8 + header].decode()
    assert json.loads(text)["__metadata__"]["sha256"]
    changed = text.replace("0.25", "0.75").encode()
    assert len(changed) == header and changed != text.encode()
    for damaged in (data[:8] + changed + data[8 + header :], data[:-1] + bytes([data[-1] ^ 1])):
        (tmp_path / "file").write_bytes(damaged)
        with pytest.raises(ValueError, match="its checksum does not fit"):
            load(tmp_path / "file")


def test_slow_packages_are_imported_when_needed():
    program = (
        "import sys, tinygrad_ml.persistence, tinygrad_ml.training; "
        "print({'tqdm', 'safetensors', 'tinygrad_ml.models'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert out.stdout.decode().strip() == "set()", out.stderr.decode()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    save({"a": 1}, tmp_path / "new" / "file")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *paths: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            save({"a": 2}, tmp_path / "new" / "file")
    assert os.listdir(tmp_path / "new") == ["file"]
    assert load(tmp_path / "new" / "file") == {"a": 1}
    save({"a": 2}, str(tmp_path / "new" / "file"))
    assert load(str(tmp_path / "new" / "file")) == {"a": 2}


def test_a_leftover_of_a_kill_is_taken_over(tmp_path):
    (tmp_path / ".file.tmp").write_bytes(bytes(100_000))  # longer than what follows
    save({"a": 1}, tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"] and load(tmp_path / "file") == {"a": 1}


def test_writers_of_one_file_wait_for_each_other(tmp_path):
    """Many threads, one path: at every moment it is the whole file of one of them."""
    values = [{"a": np.full(1000 * (i + 1), i)} for i in range(8)]
    stop = threading.Event()
    seen = []

    def read():
        while not stop.is_set():
            if (tmp_path / "file").exists():
                seen.append(load(tmp_path / "file")["a"])

    def write(value):
        for _ in range(15):
            save(value, tmp_path / "file")

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        for done in [pool.submit(write, value) for value in values]:
            done.result()
        stop.set()
        reader.result()
    for array in [*seen, load(tmp_path / "file")["a"]]:
        assert np.array_equal(array, values[array[0]]["a"])
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="save: expected the name of a file, got .* a folder"):
        save({"a": 1}, tmp_path)
    assert os.listdir(tmp_path) == []
    save({"a": 1}, tmp_path / "file")
    for inside in ("file/inside", "file/inside/more"):
        with pytest.raises(ValueError, match="save: expected a folder for .* stands in the way"):
            save({"a": 1}, tmp_path / inside)


@pytest.mark.parametrize("path", [None, 3, ["file"], "", b"file"])
def test_what_is_no_name_of_a_file(path):
    with pytest.raises(TypeError, match="save: expected the name of a file, got"):
        save({"a": 1}, path)
    with pytest.raises(TypeError, match="load: expected the name of a file, got"):
        load(path)


def test_into_wants_a_module(tmp_path):
    save(network(), tmp_path / "file")
    for into in ("model", Dense, network):
        with pytest.raises(TypeError, match="load: expected a Module for into=, got"):
            load(tmp_path / "file", into=into)
