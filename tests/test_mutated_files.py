"""A thousand damaged files: each is refused with a sentence, or what it holds is what was saved.

Half of them are bytes changed anywhere. The other half carry a proper checksum, so that what they
say is really read: references to nothing, wrong kinds, impossible shapes, classes nobody
registered. Those are all structural, so each of them has to be refused.
"""

import copy
import functools
import json
import sys
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy

from tinygrad_ml import container, persistence
from tinygrad_ml import functional as F
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, Module, Sequential
from tinygrad_ml.optim import Adam
from tinygrad_ml.training import EarlyStopping, ExponentialMovingAverage, Trainer, resume

TRIALS = 125  # per file and way of damaging it: 4 files, 2 ways
MEMORY = 20_000_000  # bytes; the files have about 10,000

X = np.random.default_rng(0).normal(size=(22, 4))
Y = (X[:, 0] > 0).astype(int)


@persistence.register
class Nested(Module):
    """Holds one of everything that a file can hold."""

    def __init__(self):
        shared = Dense(2, 2, rng=0)
        self.layers = [shared, {"again": shared, "pair": (np.tanh, F.relu)}, []]
        self.generators = [np.random.Generator(kind(3)) for kind in (
            np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64)]  # fmt: skip
        self.words = np.array(["one", "two"])
        self.things = np.array([["a", None], [1.5, (1, 2)]], object)
        self.number, self.type, self.precision = np.float32(0.5), np.float32, np.dtype("f8")
        self.table = {1: [1, 2.5, "x", None, True], (1, 2): np.arange(3)}
        self.columns = [slice(1, None), slice("a", "c", np.int64(2)), range(0, 9, 3)]
        self.itself = [self]


def network():
    return Sequential(
        Dense(4, 6, rng=0), BatchNorm(6), np.tanh, Dropout(0.2, 1), Dense(6, 2, rng=1)
    )


def trainer():
    model = network()
    model[0].bias.requires_grad = False
    return Trainer(
        model, F.cross_entropy, Adam(model.parameters(), 0.01), rng=0, accumulate=3,
        metrics=["accuracy"],
    )  # fmt: skip


class Stop(Exception):
    pass


class Interrupt(EarlyStopping):
    """Saves in the middle of an accumulation in the second epoch, with a state of its own."""

    def __init__(self, path):
        super().__init__("loss")
        self.path = path

    def on_batch_end(self, training):
        if (training.epoch, training.batch) == (1, 2):
            training.save(self.path)
            raise Stop


def save_checkpoint(path):
    with pytest.raises(Stop):
        fit(trainer(), path)


def fit(training, path):
    callbacks = [ExponentialMovingAverage(), Interrupt(path)]
    training.fit((X, Y), 3, validation=(X, Y), batch_size=5, callbacks=callbacks, progress=False)


def restored(path):
    """What a trainer has become by restoring; a refusal must leave it as it was."""
    fresh = _fresh()
    before = packed(resume.state_of(fresh))
    try:
        fresh.restore(path)
    except ValueError:
        assert packed(resume.state_of(fresh)) == before
        raise
    _fresh.cache_clear()
    return resume.state_of(fresh)


@functools.cache
def _fresh():
    return trainer()


def loaded_into(path):
    """The state of a model that took the file's."""
    return persistence.load(path, into=network()).state_dict()


SAVED = {
    "model": lambda path: persistence.save(network().eval(), path),
    "nested": lambda path: persistence.save(Nested().eval(), path),
    "checkpoint": save_checkpoint,
    "state": lambda path: persistence.save(network().state_dict(), path),
}
READ = {
    "model": persistence.load, "nested": persistence.load, "checkpoint": restored,
    "state": loaded_into,
}  # fmt: skip


def packed(value):
    """Everything in a value, to be compared: its JSON text, and its arrays as bytes."""
    packer = persistence._ObjectPacker()
    text = json.dumps(packer.pack(value))
    return text, {k: (a.dtype.str, a.shape, a.tobytes()) for k, a in packer.arrays.items()}


def outcome(name, path, original):
    """True for the same content again, False for a refusal; nothing else may happen."""
    try:
        again = READ[name](path)
    except ValueError as error:
        message = str(error)
        # Three beats: what was expected, what came, and in another sentence what to do.
        came = any(
            word in message for word in ("got", " has ", " holds ", "does not fit", "missing")
        )
        assert ("expect" in message or "load_state_dict" in message) and came, message
        assert message.rstrip(".").count(". ") >= 1 and len(message) < 1500, message
        return False
    assert packed(again) == original
    return True


@pytest.fixture(params=SAVED)
def file(request, tmp_path):
    path = tmp_path / "file"
    SAVED[request.param](path)
    return request.param, path, packed(READ[request.param](path))


def seed_of(name):
    return list(SAVED).index(name)


# ------------------------------------------------------------------------------------ bytes


def damaged(intact, rng):
    """The bytes of a file after an accident."""
    data, header = bytearray(intact), int.from_bytes(intact[:8], "little") + 8
    end = [len(data), header, 8][rng.integers(3)]
    i, j = sorted(int(k) for k in rng.integers(0, end, 2))
    kind = rng.integers(7)
    if kind == 0:
        data[i] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[i : i + 4] = rng.bytes(len(data[i : i + 4]))
    elif kind == 2:
        del data[i:]
    elif kind == 3:
        del data[i : j + 1]
    elif kind == 4:
        data[i:i] = rng.bytes(int(rng.integers(1, 50)))
    elif kind == 5:
        data[i:i] = data[i : j + 1]
    else:  # two pieces change places
        half = (j - i) // 2
        data[i : i + half], data[i + half : i + 2 * half] = (
            data[i + half : i + 2 * half], data[i : i + half])  # fmt: skip
    return bytes(data)


def test_damaged_bytes(file):
    name, path, original = file
    intact, rng = path.read_bytes(), np.random.default_rng(seed_of(name))
    unharmed = 0
    for _ in range(TRIALS):
        path.write_bytes(damaged(intact, rng))
        unharmed += outcome(name, path, original)
    assert unharmed < 0.2 * TRIALS  # empty exchanges, and spaces behind the header


# ------------------------------------------------------------------------------------ content


def seal(path, text, arrays):
    """Write a file whose checksum fits its content, whatever that is."""
    metadata = {container.KEY: text, "sha256": container._checksum(text, arrays)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


def nodes(value):
    """Every dict of the JSON form, with a guess at what it stands for: its first key."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from nodes(child)


# What may stand behind a key of the packer's language, but never should.
WRONG = {
    "array": [None, 7, "nobody", ["nobody", "<f4", [1]], [], {}, {"array": "value"}],
    "parameter": [None, 7, [], {}, {"array": "nobody"}, {"dict": []}],
    "trainable": [None, 1, "yes", []],
    "shared": [-1, 10**6, 10**30, 0.0, "0", None, True, []],
    "tuple": [None, 7, "ab", {}, [{"nothing": 0}]],
    "slice": [None, 7, "abc", [1], [1, 2, 3, 4], {}, [{"nothing": 0}, 1, 1]],
    "range": [None, 7, [1], [0, 9, 0], ["0", 9, 1], [0.5, 2, 1], [None, 1, 1]],
    "dict": [None, 7, "ab", [[1]], [[1, 2, 3]], [[[1], 2]], [["a", 1], ["a", 2]], [7], {"a": 1}],
    "scalar": [None, 7, "nobody", {}],
    "dtype": [None, 7, "O2", "<f3", "nonsense", ">f8 ", "|V9", [], {"names": ["a"]}],
    "class": [None, 7, "os.system", "nn.initialisers", "Dense", "builtins.object", []],
    "attributes": [None, 7, [], "ab"],
    "function": [None, 7, "numpy.fromfile", "os.system", [], {}],
    "generator": [None, 7, {"dict": []}, {"dict": [["bit_generator", "RandomState"]]}, []],
    "scalar type": [None, 7, "nonsense", []],
    "objects": [None, 7, [], [1], {}],
    "shape": [None, 7, [-2, -2], [2**40], [1.0, 4], [True, 4], [2, 2, 2], "22"],
    "object": [None, 7, [], {"array": "layers.0.weight"}, {"class": "nn.Tanh", "attributes": {}}],
    "state": [None, 7, [], {}, {"a": {"array": "nobody"}}],
    "version": [None, "1", 1.0, True, 2, [1]],
    "kind": [None, 7, "pickle", ["model"], {}],
    "content": [None, 7, "ab", [], {}, {"dict": []}],
}  # fmt: skip


def change(document, arrays, rng):
    """One structural change of the JSON text or of the table of arrays."""
    where = [(node, key) for node in nodes(document) for key in node if key in WRONG]
    by_key = sorted({key for _, key in where})
    key = by_key[rng.integers(len(by_key))]  # rare ones as often as common ones
    node = [n for n, k in where if k == key]
    node = node[rng.integers(len(node))]
    way = rng.integers(8)
    if way == 0:
        node["unknown"] = node.pop(key)
    elif way == 1 and "version" not in node:  # a document may learn further words
        node["beside"] = 1
    elif way == 2:
        del node[key]
    elif way == 3:
        name = sorted(arrays)[rng.integers(len(arrays))]
        del arrays[name]
    elif way == 4:
        arrays["nobody's"] = np.zeros(3)
    else:
        node[key] = WRONG[key][rng.integers(len(WRONG[key]))]


def change_checkpoint(document, arrays, rng):
    """Something is missing, or is of another kind, in what a trainer has to find."""
    top = dict(map(tuple, document["content"]["dict"]))
    fit = dict(map(tuple, top["fit"]["dict"]))
    optimizer = dict(map(tuple, top["optimizer"]["dict"]))
    dicts = [document["content"], top["fit"], fit["progress"], top["optimizer"], top["model"],
             optimizer["state"], top["generators"], top["history"]]  # fmt: skip
    change_entry(dicts, rng)
    forget_arrays(document, arrays)


def change_entry(dicts, rng):
    """Take an entry away, or give it a value of another kind."""
    chosen = dicts[rng.integers(len(dicts))]["dict"]
    i = int(rng.integers(len(chosen)))
    name, value = chosen[i]
    if rng.integers(2):
        del chosen[i]
    else:
        may_be_nothing = name in ("schedule", "data", "validation", "gradients")
        kinds = [v for v in (7, 1.5, "text", [], {"dict": []}, {"tuple": []}, None)]
        wrong = [v for v in kinds if kind_of(v) != kind_of(value)]
        wrong = [v for v in wrong if not (v is None and may_be_nothing)]
        chosen[i] = [name, wrong[rng.integers(len(wrong))]]


def change_fit(document, arrays, rng):
    """The same in what only a fit takes back: the place in the data, the states of callbacks."""
    top = dict(map(tuple, document["content"]["dict"]))
    fit = dict(map(tuple, top["fit"]["dict"]))
    generator = dict(map(tuple, fit["data"]["dict"]))["generator"]
    states = [state for _, state, _ in fit["callbacks"] if state["dict"]]
    change_entry([fit["data"], fit["validation"], generator, *states], rng)
    forget_arrays(document, arrays)


def kind_of(value):
    """A number, a text, a list ... behind a JSON form."""
    if isinstance(value, dict):
        return next(iter(value))
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def forget_arrays(document, arrays):
    """Leave only arrays that are still referred to, so that this is not what is found."""
    text = json.dumps(document)
    for name in [name for name in arrays if json.dumps(name) not in text]:
        del arrays[name]


def test_changed_content(file):
    name, path, original = file
    document, arrays = container.read(path)
    rng = np.random.default_rng(100 + seed_of(name))
    modules = set(sys.modules)
    tracemalloc.start()
    try:
        for trial in range(TRIALS):
            changed, table = copy.deepcopy(document), dict(arrays)
            how = change_checkpoint if name == "checkpoint" and trial % 2 else change
            how(changed, table, rng)
            seal(path, json.dumps(changed), table)
            assert json.dumps(changed) != json.dumps(document) or table.keys() != arrays.keys()
            assert not outcome(name, path, original), (trial, how)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert set(sys.modules) == modules


def test_changed_content_of_a_fit(tmp_path):
    """What `restore` cannot judge, since it needs data and callbacks, is refused by `fit`."""
    path = tmp_path / "file"
    save_checkpoint(path)
    document, arrays = container.read(path)
    rng = np.random.default_rng(7)
    for _ in range(TRIALS):
        changed, table = copy.deepcopy(document), dict(arrays)
        change_fit(changed, table, rng)
        seal(path, json.dumps(changed), table)
        again = trainer()
        again.restore(path)
        with pytest.raises(ValueError, match="expect"):
            fit(again, path)


def document(content):
    return '{"version": 1, "kind": "values", "content": ' + content + "}"


TEXTS = {
    "no JSON": "{", "a list": "[]", "nothing": "null", "a number": "7", "empty": "",
    "deep": "[" * 200_000 + "]" * 200_000, "a long number": "9" * 10_000,
    "deep content": document("[" * 900 + "]" * 900),
    "deep tuples": document('{"tuple": [' * 900 + "1" + "]}" * 900),
    "a long version": '{"version": 1' + "0" * 300 + ', "kind": "values", "content": 1}',
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_are_no_document(tmp_path, text):
    seal(tmp_path / "file", TEXTS[text], {})
    with pytest.raises(container.FileError, match="^load: expected .* (Save it|Install)"):
        persistence.load(tmp_path / "file")


@pytest.mark.parametrize(("kind", "place", "value"), [
    ("MT19937", ("state", "pos"), 10**6), ("MT19937", ("state", "pos"), -1),
    ("MT19937", ("state", "pos"), 2.5), ("Philox", ("buffer_pos",), 9),
    ("Philox", ("buffer_pos",), "4"), ("PCG64", ("has_uint32",), 10**30),
    ("PCG64", ("state", "state"), -1), ("PCG64", ("state",), {}), ("SFC64", ("uinteger",), None),
    ("SFC64", ("state", "state"), np.zeros(2, np.uint64)),
])  # fmt: skip
def test_states_of_generators_are_checked(kind, place, value):
    """NumPy itself takes some of these, and would read outside its memory."""
    from tinygrad_ml.generators import set_state

    rng = np.random.Generator(getattr(np.random, kind)(1))
    state = copy.deepcopy(rng.bit_generator.state)
    inner = state
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    before = rng.bit_generator.state
    with pytest.raises(ValueError, match=f"expected a state that {kind} returned, got a damaged"):
        set_state(rng, state, "load")
    assert packed(rng.bit_generator.state) == packed(before)


def test_a_model_with_other_parameters_than_it_lists_is_refused(tmp_path):
    persistence.save(network(), tmp_path / "file")
    document, arrays = container.read(tmp_path / "file")
    state = document["content"]["state"]
    state["layers.0.bias"], state["layers.4.bias"] = state["layers.4.bias"], state["layers.0.bias"]
    seal(tmp_path / "file", json.dumps(document), arrays)
    with pytest.raises(container.FileError, match="do not have the parameters that it lists"):
        persistence.load(tmp_path / "file")
