"""Where a NaN came from: the batch, a parameter, or the first layer whose output is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph import no_grad
from ..messages import name_of
from ..nn import Module, Sequential
from ..tensor import Tensor


def explain_not_finite(model: Module, x: np.ndarray, y: np.ndarray) -> str:
    """A sentence on the origin of a NaN or infinite loss of the batch (x, y), and what to do."""
    for what, array in (("input", x), ("target", y)):
        if not _finite(array):
            rows = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))))
            return (
                f"The {what} batch itself holds NaN or inf (row {rows[0]} of the batch is the "
                "first of them). Remove or fill such rows before training."
            )
    for name, parameter in model.named_parameters():
        if not _finite(parameter.data):
            path, _, attribute = name.rpartition(".")
            layer = dict(model.named_modules()).get(path, model)
            return (
                f"The parameter {attribute} of {place(path)} ({type(layer).__name__}) is not "
                "finite: an earlier step was too large. Lower the learning rate, or pass "
                "clip_norm=1.0."
            )
    found = _first_not_finite(model, x)
    if found is not None:
        return (
            f"The first output that is not finite comes from {found}. "
            "Lower the learning rate, pass clip_norm=1.0, and check the scale of the data."
        )
    return (
        "All layers have finite outputs, the loss itself overflows. Check that targets and "
        "predictions are in the range that the loss expects, and lower the learning rate."
    )


def place(path: str) -> str:
    """`layers.2` as Python writes it: `model.layers[2]`."""
    parts = (f"[{key}]" if key.isdigit() else f".{key}" for key in path.split(".") if key)
    return "model" + "".join(parts)


def _first_not_finite(model: Module, x: np.ndarray) -> str | None:
    found: list[str] = []
    with _watched(model, found), no_grad(), np.errstate(all="ignore"):
        model(x)
    return found[0] if found else None


@contextmanager
def _watched(model: Module, found: list[str]) -> Iterator[None]:
    """Inside the block every layer notes its place in `found` when its output is not finite.

    Inner layers end before outer ones, so the first entry is the culprit. A call is looked up in
    the class, so each module gets a class of its own; functions in a Sequential are wrapped.
    """
    modules = [(module, type(module), place(name)) for name, module in model.named_modules()]
    lists = [(module, module.layers, where) for module, _, where in modules
             if isinstance(module, Sequential)]  # fmt: skip
    try:
        for module, kind, where in modules:
            call = _watching(kind.__call__, f"{where} ({kind.__name__})", found)
            module.__class__ = type(kind.__name__, (kind,), {"__call__": call})
        for sequential, layers, where in lists:
            sequential.layers = [
                layer if isinstance(layer, Module) else
                _watching(layer, f"{where}.layers[{i}] ({name_of(layer)})", found)
                for i, layer in enumerate(layers)
            ]  # fmt: skip
        yield
    finally:
        for module, kind, _ in modules:
            module.__class__ = kind
        for sequential, layers, _ in lists:
            sequential.layers = layers


def _watching(layer: Callable, text: str, found: list[str]) -> Callable:
    def watched(*args: Any, **kwargs: Any) -> Any:
        out = layer(*args, **kwargs)
        if not found and not _finite(out.data if isinstance(out, Tensor) else out):
            found.append(text)
        return out

    return watched


def _finite(array: Any) -> bool:
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return True
    return bool(np.isfinite(array).all())
