"""Module: a thing with parameters. They are found by looking, not by registering.

Attributes are searched in the order in which they were set, through lists, tuples, dicts and other
Modules. A `Parameter` is learned, an array is state (running statistics), a Generator draws random
numbers. A parameter that is used twice is found once, under its first name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph import no_grad
from ..spellings import check_options
from ..tensor import Parameter


class Module:
    """Base of layers and networks: set attributes in `__init__`, compute in `__call__`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Parameter(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x
    >>> [name for name, _ in Line().named_parameters()]
    ['slope']
    """

    training = True  # dropout and batch normalisation behave differently in training
    reads_ids = False  # True: integers that come in are row numbers, and stay integers

    def __new__(cls, *_: Any, **options: Any) -> Any:
        if options:
            check_options(cls.__name__, cls.__init__, options)
        return super().__new__(cls)

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} computes nothing yet: define __call__(self, x)."
        )

    # ---- finding

    def _named(self, kind: type | tuple[type, ...]) -> Iterator[tuple[str, str, Any]]:
        """(name, attribute, value) of everything of a kind, each object once."""
        seen: set[int] = set()

        def walk(value: Any, name: str, attribute: str) -> Iterator[tuple[str, str, Any]]:
            if isinstance(value, (Module, list, tuple, dict, kind)):
                if id(value) in seen:
                    return
                seen.add(id(value))
            if isinstance(value, kind):
                yield name, attribute, value
            if isinstance(value, Module):
                children = vars(value)
            elif isinstance(value, dict):
                children = value
            elif isinstance(value, (list, tuple)):
                children = {str(i): child for i, child in enumerate(value)}
            else:
                return
            for key, child in children.items():
                yield from walk(child, f"{name}.{key}" if name else str(key), str(key))

        yield from walk(self, "", "")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) in the order of definition, each parameter once."""
        return ((name, p) for name, _, p in self._named(Parameter))

    def parameters(self) -> list[Parameter]:
        """All parameters, in the order of definition, each once."""
        return [p for _, p in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of this module (under "") and all below it."""
        return ((name, m) for name, _, m in self._named(Module))

    def named_generators(self) -> Iterator[tuple[str, np.random.Generator]]:
        """(name, generator) of everything that draws random numbers, such as dropout."""
        return ((name, r) for name, _, r in self._named(np.random.Generator))

    @property
    def n_parameters(self) -> int:
        """How many numbers can be learned."""
        return sum(p.size for p in self.parameters())

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the first parameter; float32 without any."""
        return next((p.dtype for _, p in self.named_parameters()), np.dtype(np.float32))

    @property
    def input_dtypes(self) -> tuple[np.dtype, np.dtype]:
        """What numbers are converted to, and what integers: ids where a layer `reads_ids`."""
        dtype = self.dtype
        ids = any(module.reads_ids for _, module in self.named_modules())
        return dtype, np.dtype(np.int64) if ids else dtype

    # ---- state

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and state arrays, by name."""
        return {
            name: np.array(value.data if isinstance(value, Parameter) else value, order="C")
            for name, value in self.named_state()
        }

    def named_state(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of all parameters and arrays but those behind a leading underscore."""
        for name, attribute, value in self._named((Parameter, np.ndarray)):
            if isinstance(value, Parameter) or not attribute.startswith("_"):
                yield name, value

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over parameters and state arrays; every name and shape must fit.

        Raises ValueError that lists what is missing, unexpected or of the wrong shape; then
        nothing has been changed.
        """
        own = self.state_dict()
        wrong = [
            f"{name}: expected shape {own[name].shape}, got {np.shape(state[name])}"
            for name in own
            if name in state and np.shape(state[name]) != own[name].shape
        ]
        problems = {
            "missing": [name for name in own if name not in state],
            "unexpected": [name for name in state if name not in own],
            "of the wrong shape": wrong,
        }
        if any(problems.values()):
            found = "; ".join(
                f"{what}: {', '.join(names)}" for what, names in problems.items() if names
            )
            raise ValueError(
                f"load_state_dict: the state does not fit {type(self).__name__} ({found}). "
                "Build the model with the arguments it was saved with."
            )
        arrays = [(v, np.array(state[name], dtype=v.dtype)) for name, v in self.named_state()]
        for value, array in arrays:
            if isinstance(value, Parameter):
                value.data = array
        self._replace({id(value): array for value, array in arrays})

    def _replace(self, new: dict[int, np.ndarray]) -> None:
        """Put arrays in the place of others (by id), wherever those stand."""

        def replaced(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return new.get(id(value), value)
            if type(value) is tuple:
                inside = tuple(replaced(v) for v in value)
                return value if all(map(operator.is_, inside, value)) else inside
            return value

        for _, _, holder in list(self._named((Module, list, dict))):
            entries = vars(holder) if isinstance(holder, Module) else holder
            items = enumerate(holder) if isinstance(holder, list) else entries.items()
            for key, child in list(items):
                changed = replaced(child)
                if changed is not child and isinstance(holder, Module):
                    setattr(holder, key, changed)
                elif changed is not child:
                    holder[key] = changed

    def astype(self, dtype: Any) -> Module:
        """Convert parameters and state arrays to a floating dtype, in place. Returns itself."""
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"astype: expected a floating-point dtype, got {dtype}.")
        values = [value for _, _, value in self._named((Parameter, np.ndarray))]
        for value in values:
            if isinstance(value, Parameter):
                value.data = value.data.astype(dtype)
        arrays = [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
        self._replace({id(array): array.astype(dtype) for array in arrays})
        return self

    # ---- modes

    def train(self, mode: bool = True) -> Module:
        """Switch to training (dropout on, batch statistics). Returns itself."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch to prediction. Returns itself."""
        return self.train(False)

    def freeze(self) -> Module:
        """Stop learning all parameters below here. Returns itself."""
        for p in self.parameters():
            p.requires_grad = False
        return self

    def unfreeze(self) -> Module:
        """Learn all parameters below here again. Returns itself."""
        for p in self.parameters():
            p.requires_grad = True
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            if p.requires_grad:
                p.grad = None

    # ---- looking

    def summary(self, input_shape: tuple[int, ...] | None = None) -> str:
        """A table of layers and parameters; with the shape of one sample, output shapes too.

        >>> from tinygrad_ml.nn import Dense
        >>> print(Sequential(Dense(2, 3), np.tanh, Dense(3, 1)).summary((2,)))
        layer      output shape  parameters
        0 Dense    (n, 3)                 9
        1 tanh     (n, 3)                 0
        2 Dense    (n, 1)                 4
        total                            13
        """
        rows = [("layer", "output shape", "parameters")]
        shapes = _output_shapes(self, input_shape) if input_shape is not None else {}
        for name, layer in _leaves(self, ""):
            count = layer.n_parameters if isinstance(layer, Module) else getattr(layer, "size", 0)
            rows.append((f"{name} {_name_of(layer)}".strip(), shapes.get(name, ""), f"{count:,}"))
        rows.append(("total", "", f"{self.n_parameters:,}"))
        first, second = (max(len(row[i]) for row in rows) + 2 for i in (0, 1))
        first = max(first, 11)
        return "\n".join(f"{a:<{first}}{b:<{second}}{c:>10}" for a, b, c in rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_parameters:,} parameters)"


@contextmanager
def predicting(model: Module) -> Iterator[None]:
    """Prediction mode without recording; afterwards every layer has the mode it had."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


class Sequential(Module):
    """Layers one after the other: out = layer_n(... layer_1(x)).

    A layer is anything that can be called: a Module, `np.tanh`, a function of yours. An error says
    in which layer it happened: `model[3] (Conv2D): expected 8 input channels, got 3 ...`.
    """

    def __init__(self, *layers: Callable) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                hint = "Write Sequential(*layers)." if isinstance(layer, (list, tuple)) else (
                    "Write ReLU() with parentheses." if isinstance(layer, type) else
                    "Pass Modules or functions.")  # fmt: skip
                raise TypeError(f"Sequential: layer {i} is not a layer, got {layer!r}. {hint}")
        self.layers = list(layers)

    def __call__(self, x: Any) -> Any:
        for i, layer in enumerate(self.layers):
            try:
                x = layer(x)
            except (ValueError, TypeError) as error:
                located = _located(str(error), i, layer)
                error.args = (located,)
                if str(error) != located:  # an error with a text of its own, such as AxisError
                    error.add_note(located)
                raise
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]

    def __iter__(self) -> Iterator[Callable]:
        return iter(self.layers)

    def __repr__(self) -> str:
        inside = "".join(f"\n  {line}" for layer in self.layers
                         for line in f"{_shown(layer)},".splitlines())  # fmt: skip
        return f"{type(self).__name__}({inside}\n)" if self.layers else f"{type(self).__name__}()"


def _located(message: str, i: int, layer: Any) -> str:
    """Put the place in front of a message; an inner place follows its outer one."""
    if message.startswith("model["):
        return f"model[{i}]{message.removeprefix('model')}"
    message = re.sub(r"^\w+: ", "", message)  # the layer's name says it better
    return f"model[{i}] ({_name_of(layer)}): {message}"


def _name_of(layer: Any) -> str:
    return getattr(layer, "__name__", type(layer).__name__)


def _shown(layer: Any) -> str:
    return repr(layer) if isinstance(layer, Module) else _name_of(layer)


def _leaves(module: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, layer) of what a summary lists: layers of Sequentials, and modules without any."""
    children = _children(module)
    if not isinstance(module, Sequential) and not any(isinstance(c, Module) for _, c in children):
        yield name, module
        return
    for key, child in children:
        yield from _leaves(child, f"{name}.{key}".strip("."))


def _children(module: Any) -> list[tuple[str, Any]]:
    """(key, value) of the layers of a Sequential, else of the modules and parameters inside."""
    if isinstance(module, Sequential):
        return [(str(i), layer) for i, layer in enumerate(module.layers)]
    found: list[tuple[str, Any]] = []

    def look(items: Any, place: str) -> None:
        for key, value in items:
            if isinstance(value, (Module, Parameter)):
                found.append((f"{place}{key}", value))
            elif isinstance(value, (list, tuple, dict)):
                inside = value.items() if isinstance(value, dict) else enumerate(value)
                look(inside, f"{place}{key}.")

    if isinstance(module, Module):
        look(vars(module).items(), "")
    return found


def _output_shapes(model: Module, input_shape: tuple[int, ...]) -> dict[str, str]:
    """Run one sample of zeros and note the shape behind every layer of every Sequential."""
    shapes: dict[str, str] = {}
    layers: dict[Sequential, list[Callable]] = {}

    def shape_of(x: Any) -> str:
        return str(("n", *np.shape(x)[1:])).replace("'", "")

    def watched(layer: Any, place: str) -> Callable:
        def run(x: Any) -> Any:
            x = layer(x)
            shapes[place] = shape_of(x)
            return x

        run.__name__ = _name_of(layer)
        return run

    def watch(module: Any, name: str) -> None:
        if isinstance(module, Sequential):
            if module in layers:
                return
            layers[module] = module.layers
        children = [(f"{name}.{key}".strip("."), child) for key, child in _children(module)]
        if isinstance(module, Sequential):
            module.layers = [watched(child, place) for place, child in children]
        for place, child in children:
            watch(child, place)

    x = np.zeros((1, *input_shape), model.input_dtypes[1])
    try:
        with predicting(model):
            watch(model, "")
            shapes[""] = shape_of(model(x))
    finally:
        for sequential, inside in layers.items():
            sequential.layers = inside
    return shapes
