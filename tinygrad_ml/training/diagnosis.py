"""Where a NaN came from: the batch, a parameter, or the layer that first made one.

Forward the culprit is the first layer whose output is not finite; backward it is the layer that is
given a finite gradient and hands on one that is not. Both are found by running the batch again
with every layer watched, on a model that is left as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..graph import no_grad
from ..messages import name_of
from ..nn import Module, Sequential
from ..tensor import Tensor
from .batches import fitting_target

SMALLER = "Lower the learning rate, pass clip_norm=1.0, and check the scale of the data."


def have_finite_gradients(parameters: Iterable[Tensor]) -> bool:
    """Whether no gradient holds a NaN or inf; one product each, since it runs every step."""
    for p in parameters:
        g = p.grad
        if g is not None and not math.isfinite(np.vdot(g, g)) and not np.isfinite(g).all():
            return False  # the squares alone may have overflowed
    return True


def explain_not_finite(model: Module, x: np.ndarray, y: np.ndarray) -> str:
    """A sentence on the origin of a NaN or infinite loss of the batch (x, y), and what to do."""
    if found := _in_batch(x, y):
        return found
    for name, parameter in model.named_parameters():
        if not _finite(parameter.data):
            return (
                f"The parameter {_owner(model, name)} is not finite: an earlier step was too "
                "large. Lower the learning rate, or pass clip_norm=1.0."
            )
    with _watched(model) as calls, no_grad():
        model(x)
    for call in calls:
        if not all(map(_finite, call.outputs)):
            return f"The first output that is not finite comes from {call.where}. {SMALLER}"
    return (
        "All layers have finite outputs, the loss itself overflows. Check that targets and "
        "predictions are in the range that the loss expects, and lower the learning rate."
    )


def explain_gradient(model: Module, loss: Callable, x: np.ndarray, y: np.ndarray) -> str:
    """A sentence on the origin of a NaN or infinite gradient behind a finite loss."""
    if bad := _in_batch(x, y):  # a tanh makes finite numbers of infinite ones
        return bad
    broken = [name for name, p in model.named_parameters() if not _finite(p.grad)]
    found = f"The gradient of the parameter {_owner(model, broken[-1])} holds NaN or inf"
    with _watched(model) as calls:
        prediction = model(x)
        for call in calls:
            for tensor in (*call.inputs, *call.outputs):
                _keep_gradient(tensor)
        loss(prediction, fitting_target(y, prediction)).backward()
        for call in calls:
            given, handed_on = _gradients(call.outputs), _gradients([*call.inputs, *call.own])
            if given and all(map(_finite, given)) and not all(map(_finite, handed_on)):
                return f"{found}; it is made in the backward pass of {call.where}. {_BACKWARD}"
        if calls and not all(map(_finite, _gradients(calls[-1].outputs))):
            return f"{found}; it is made in the backward pass of the loss. {_BACKWARD}"
    return f"{found}. {_BACKWARD}"


def _in_batch(x: np.ndarray, y: np.ndarray) -> str:
    for what, array in (("input", x), ("target", y)):
        if not _finite(array):
            rows = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))))
            return (
                f"The {what} batch itself holds NaN or inf (row {rows[0]} of the batch is the "
                "first of them). Remove or fill such rows before training."
            )
    return ""


_BACKWARD = (
    "Look there for a square root or a logarithm at 0, a norm of zeros or a division: add a small "
    "number, or clip the argument. tg.detect_anomaly() names the operation."
)


def place(path: str) -> str:
    """`layers.2` as Python writes it: `model.layers[2]`."""
    parts = (f"[{key}]" if key.isdigit() else f".{key}" for key in path.split(".") if key)
    return "model" + "".join(parts)


def _owner(model: Module, name: str) -> str:
    """`weight of model.layers[2] (Dense)` for the parameter `layers.2.weight`."""
    path, _, attribute = name.rpartition(".")
    layer = dict(model.named_modules()).get(path, model)
    return f"{attribute} of {place(path)} ({type(layer).__name__})"


class _Call(NamedTuple):
    """One call of a layer: what went in, what came out, and its own parameters."""

    where: str
    inputs: list[Any]
    outputs: list[Any]
    own: list[Tensor]


@contextmanager
def _watched(model: Module) -> Iterator[list[_Call]]:
    """Inside the block every layer notes its calls; inner layers end before outer ones.

    A call is looked up in the class, so each module gets a class of its own; functions in a
    Sequential are wrapped. Afterwards state, generators and gradients are as before.
    """
    calls: list[_Call] = []
    modules = [(module, type(module), place(name)) for name, module in model.named_modules()]
    lists = [(module, module.layers, where) for module, _, where in modules
             if isinstance(module, Sequential)]  # fmt: skip
    generators = [(rng, rng.bit_generator.state) for _, rng in model.named_generators()]
    state, gradients = model.state_dict(), [(p, p.grad) for p in model.parameters()]
    model.zero_grad()
    try:
        for module, kind, where in modules:
            call = _watching(kind.__call__, f"{where} ({kind.__name__})", calls, module)
            module.__class__ = type(kind.__name__, (kind,), {"__call__": call})
        for sequential, layers, where in lists:
            sequential.layers = [
                layer if isinstance(layer, Module) else
                _watching(layer, f"{where}.layers[{i}] ({name_of(layer)})", calls)
                for i, layer in enumerate(layers)
            ]  # fmt: skip
        with np.errstate(all="ignore"):
            yield calls
    finally:
        for module, kind, _ in modules:
            module.__class__ = kind
        for sequential, layers, _ in lists:
            sequential.layers = layers
        model.load_state_dict(state)
        for rng, before in generators:
            rng.bit_generator.state = before
        for p, gradient in gradients:
            if p.requires_grad:
                p.grad = gradient


def _watching(
    layer: Callable, where: str, calls: list[_Call], owner: Module | None = None
) -> Callable:
    def watched(*args: Any, **kwargs: Any) -> Any:
        out = layer(*args, **kwargs)
        own = [v for v in vars(owner).values() if isinstance(v, Tensor)] if owner else []
        calls.append(_Call(where, _arrays([args, kwargs]), _arrays(out), own))
        return out

    return watched


def _arrays(value: Any) -> list[Any]:
    """The Tensors and arrays in a value, through tuples, lists and dicts: a pair (h, c) has two."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in _arrays(part)]
    return [value] if isinstance(value, (Tensor, np.ndarray)) else []


def _gradients(values: Iterable[Any]) -> list[np.ndarray]:
    """Those that are known; a result of several, such as a pool's, has none."""
    return [v.grad for v in values if isinstance(v, Tensor) and v.grad is not None]


def _keep_gradient(tensor: Any) -> None:
    several = isinstance(tensor, Tensor) and not tensor.is_leaf and (
        type(tensor._edge[0].out) is tuple)  # type: ignore[index]  # fmt: skip
    if isinstance(tensor, Tensor) and tensor.requires_grad and not several:
        tensor.retain_grad()


def _finite(array: Any) -> bool:
    array = array.data if isinstance(array, Tensor) else array
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return True
    return bool(np.isfinite(array).all())
