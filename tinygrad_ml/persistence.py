"""Saving models without pickle: a file can be opened without trusting who wrote it.

What is saved is the object as it is, not how it was made: its class by a registered name, and its
attributes as a tree of values, arrays and further objects. Loading makes an empty object of the
class and gives it its attributes. A name is looked up in tables of this program - the classes of
`nn` and `models`, the functions that Tensors know, what you `register` - and never imported from
where a file says.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from . import container, functional
from .generators import set_state
from .nn import Module
from .optim.schedules import SCHEDULES
from .table import CONSTANTS, RULES, SPELLINGS
from .tensor import Parameter, Tensor

PACKAGE = __package__
LIBRARY = (
    "nn",
    "models",
    "training",
    "preprocessing",
    "model_selection",
)  # their public classes need not be registered
BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")

Named = TypeVar("Named", bound=Callable)
_registered: dict[str, Any] = {f"optim.{kind.__name__}": kind for kind in SCHEDULES}


def register(thing: Named) -> Named:
    """Make a class (or a function that stands in a Sequential) known by its name to `load`.

    A decorator. Run the same program text, or import it, before loading.

    >>> @register
    ... class Twice(Module):
    ...     def __call__(self, x):
    ...         return 2 * x
    """
    name = _name_in_package(thing) or thing.__name__
    known = _registered.get(name)
    if known is not None and _origin(known) != _origin(thing):
        raise ValueError(
            f"register: expected a new name, {name!r} is taken by {_origin(known)}. "
            "Rename the class or function."
        )
    _registered[name] = thing
    return thing


def save(model: Any, path: Any) -> None:
    """Save a Module, or any tree of dicts, lists and arrays, to one file.

    The file is safetensors (arrays under their names in `state_dict`) with the structure as JSON
    in its metadata and a checksum. It is written beside its place and renamed, so a crash never
    leaves half a file.

    Raises TypeError, naming the place, for what cannot be saved, such as a lambda.

    >>> import tempfile
    >>> from tinygrad_ml import nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(nn.Sequential(nn.Dense(2, 3), np.tanh), folder + "/model.safetensors")
    ...     load(folder + "/model.safetensors")
    Sequential(
      Dense(2, 3),
      tanh,
    )
    """
    packer = _ObjectPacker(isinstance(model, Module))
    content = packer.pack(model)
    if isinstance(model, Module):
        names = {name: packer.packed_array(value) for name, value in list(model.named_state())}
        content = {"object": content, "state": names}
    kind = "model" if isinstance(model, Module) else "values"
    container.write(path, kind, content, packer.arrays)


def load(path: Any, into: Module | None = None) -> Any:
    """Load what `save` wrote: the model itself, in prediction mode (`model.train()` to go on).

    With `into`, the parameters and state arrays of the file (a saved model, a `state_dict`, or a
    `Trainer` checkpoint) are put into that Module, whatever its class; names and shapes must fit.
    Its mode stays as it is, and it is returned.

    Raises FileNotFoundError, and ValueError (for the file itself its kind
    `tinygrad_ml.container.FileError`) for a damaged or foreign file, an unknown class, or a state
    that does not fit.
    """
    if into is not None and not isinstance(into, Module):
        raise TypeError(
            f"load: expected a Module for into=, got {into!r:.80}. "
            "Make the model first, with the arguments it was saved with."
        )
    document, arrays = container.read(path)
    kind, content = document["kind"], document["content"]
    with container.refusing(path):
        if into is not None:
            state = _saved_state(kind, content, arrays, path)
            container.check_numbers(into.state_dict(), state, path)
        elif kind == "checkpoint":
            raise container.FileError(
                f"load: expected a saved model, {path} is a checkpoint of a Trainer. Use "
                "trainer.restore(path), or tg.load(path, into=model) for the weights alone."
            )
        elif kind == "model":
            return _model(content, arrays)
        else:
            return _ObjectUnpacker(arrays).all_of(content)
    into.load_state_dict(state)
    return into


def _model(content: Any, arrays: dict[str, np.ndarray]) -> Module:
    """The Module of a file, which must have the state that the file lists."""
    if tuple(content) != ("object", "state"):
        raise ValueError("no object and its state")
    model = _ObjectUnpacker(arrays).all_of(content["object"])
    if not isinstance(model, Module):
        raise ValueError(f"a {type(model).__name__} where the model should be")
    listed = _listed_state(content, arrays)
    state = model.state_dict()
    if state.keys() != listed.keys() or not all(
        _same(array, listed[name]) for name, array in state.items()
    ):
        raise ValueError("its layers do not have the parameters that it lists")
    return model


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype == object:  # objects are compared where they are unpacked
        return one.shape == other.shape
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def _listed_state(content: Any, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    unpacker = container.Unpacker(arrays)
    return {name: unpacker.unpack(packed) for name, packed in content["state"].items()}


def _saved_state(
    kind: str, content: Any, arrays: dict[str, np.ndarray], path: Any
) -> dict[str, np.ndarray]:
    if kind == "model":
        state = _listed_state(content, arrays)
    else:
        state = _ObjectUnpacker(arrays).all_of(content)
        state = state["model"] if kind == "checkpoint" else state
    if not isinstance(state, dict):
        raise container.FileError(
            f"load: expected a saved model or state_dict for into=, {path} holds a "
            f"{type(state).__name__}. Load it without into=."
        )
    return state


# ------------------------------------------------------------------------------------ names


def _origin(thing: Any) -> str:
    return f"{thing.__module__}.{getattr(thing, '__qualname__', thing.__name__)}"


def _name_in_package(thing: Any) -> str | None:
    """`nn.Dense` for a class of this package; None for one of the user's."""
    package, _, path = thing.__module__.partition(".")
    return f"{path.partition('.')[0]}.{thing.__name__}" if package == PACKAGE else None


def _find_class(name: str) -> type | None:
    """The class of a saved name, or None."""
    part, _, last = name.rpartition(".")
    found = _registered.get(name)
    if found is None and part in LIBRARY:
        module = importlib.import_module(f"{PACKAGE}.{part}")  # a part named here, not by the file
        found = getattr(module, last) if last in module.__all__ else None
    return found if isinstance(found, type) else None


def _functions() -> dict[str, Any]:
    """Functions by their saved names: NumPy's that Tensors know, `functional`'s, the registered."""
    known = {function.__name__: function for function in (*RULES, *SPELLINGS, *CONSTANTS)}
    found = {f"numpy.{n}": f for n, f in known.items() if getattr(np, n, None) is f}
    found |= {f"functional.{n}": getattr(functional, n) for n in functional.__all__}
    return found | {n: f for n, f in _registered.items() if not isinstance(f, type)}


# ------------------------------------------------------------------------------------ objects


class _ObjectPacker(container.Packer):
    """Packs Modules, Tensors, functions and generators too."""

    def __init__(self, has_state: bool = False) -> None:
        """`has_state`: what is packed has a state_dict, which errors recommend."""
        super().__init__()
        self.has_state = has_state
        self._arrays_of: dict[int, Any] = {}

    def packed_array(self, value: Any) -> Any:
        """The array of an object that has been packed before."""
        return self._arrays_of[id(value)]

    def pack_array(self, array: np.ndarray, place: str, owner: Any = None) -> Any:
        packed = super().pack_array(array, place)
        self._arrays_of[id(array if owner is None else owner)] = packed
        return packed

    def pack_object(self, value: Any, place: str) -> Any:
        kind: Any = type(value)
        name = getattr(value, "__name__", "")
        if isinstance(value, Tensor) and value.is_leaf:
            key = "parameter" if isinstance(value, Parameter) else "tensor"
            packed = self.pack_array(value.data, place, value)
            return {key: packed, "trainable": value.requires_grad}
        if isinstance(value, np.random.Generator):
            return {"generator": self.pack(value.bit_generator.state, place)}
        if isinstance(value, type) and np.sctypeDict.get(name) is value:
            return {"scalar type": name}
        if isinstance(value, type) or not (isinstance(value, Module) or _is_known(kind)):
            return {"function": self._function_name(value, place)}
        attributes = {k: self.pack(v, container.join(place, k)) for k, v in vars(value).items()}
        return {"class": _name_in_package(kind) or kind.__name__, "attributes": attributes}

    def _function_name(self, value: Any, place: str) -> str:
        for name, function in _functions().items():
            if function is value:
                return name
        what, advice = type(value).__name__, "Store numbers, strings, arrays, lists or dicts"
        if isinstance(value, type):
            what = f"the class {value.__name__}"
            advice = "Save an instance of it, or decorate it with @tg.persistence.register"
        elif hasattr(value, "get_params"):
            advice = "Take one of tinygrad_ml, or decorate your own class with "
            advice += "@tg.persistence.register"
        elif callable(value):
            what = f"the function {getattr(value, '__name__', repr(value))}"
            advice = "Write it as a Module, or decorate" if self.has_state else "Decorate"
            advice += " a named one with @tg.persistence.register"
        alone = (
            "; or save the weights alone with tg.save(model.state_dict(), path) and use "
            "tg.load(path, into=model)"
        ) * self.has_state
        raise TypeError(
            f"save: expected only what can be found again by name, got {what} as "
            f"{place or 'the object itself'}. {advice}{alone}."
        )


def _is_known(kind: type) -> bool:
    return _find_class(_name_in_package(kind) or kind.__name__) is kind


class _ObjectUnpacker(container.Unpacker):
    """Makes Modules, Tensors, functions and generators again."""

    def unpack_object(self, value: dict[str, Any]) -> Any:
        keys = tuple(value)
        if keys in (("parameter", "trainable"), ("tensor", "trainable")):
            return self._tensor(Parameter if keys[0] == "parameter" else Tensor, *value.values())
        if keys == ("generator",):
            return self._generator(value["generator"])
        if keys == ("scalar type",):
            return self.remember(np.sctypeDict[value["scalar type"]])
        if keys == ("function",):
            return self.remember(self._function(value["function"]))
        if keys == ("class", "attributes"):
            return self._instance(value["class"], value["attributes"])
        return super().unpack_object(value)

    def _tensor(self, kind: Any, packed: dict[str, Any], trainable: Any) -> Tensor:
        if tuple(packed) != ("array",) or not isinstance(trainable, bool):
            raise ValueError(f"no array in a {kind.__name__}")
        tensor = self.remember(kind(self._fetch(packed["array"])))
        tensor.requires_grad = trainable
        return tensor

    def _generator(self, packed: Any) -> np.random.Generator:
        place = len(self.objects)
        self.remember(None)
        state = self.unpack(packed)
        if state["bit_generator"] not in BIT_GENERATORS:
            raise ValueError(f"unknown random generator {state['bit_generator']!r}")
        rng = np.random.Generator(getattr(np.random, state["bit_generator"])(0))
        set_state(rng, state, "load")
        self.objects[place] = rng
        return rng

    def _function(self, name: str) -> Any:
        try:
            return _functions()[name]
        except KeyError:
            raise container.FileError(
                f"load: expected a registered function, got {name!r}. Decorate it with "
                "@tg.persistence.register before loading, or use tg.load(path, into=model)."
            ) from None

    def _instance(self, name: str, attributes: dict[str, Any]) -> Any:
        kind: Any = _find_class(name)
        if kind is None:
            raise container.FileError(
                f"load: expected a registered class, got {name!r}. Decorate it with "
                "@tg.persistence.register before loading, or make the model and write "
                "tg.load(path, into=model)."
            )
        instance = self.remember(kind.__new__(kind))
        for key, packed in attributes.items():
            vars(instance)[key] = self.unpack(packed)
        if isinstance(instance, Module):
            instance.training = False
        return instance
