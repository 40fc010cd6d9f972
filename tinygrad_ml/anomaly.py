"""What `detect_anomaly` looks for: the first NaN or inf, and constants overwritten too early."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .messages import name_of

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


class Trace(NamedTuple):
    """Where an operation was recorded, and a checksum of every constant array it saved."""

    line: str
    checksums: list[tuple[int, int]]


def trace(arrays: list, edges: list) -> Trace:
    """Remember the caller's line and the constants as they are now."""
    constants = [
        (k, _checksum(a))
        for k, (a, edge) in enumerate(zip(arrays, edges, strict=True))
        if edge is None and isinstance(a, np.ndarray)
    ]
    return Trace(user_line(), constants)


def check_forward(function: Any, arrays: list, out: Any) -> None:
    """Raise when this operation turned finite numbers into a NaN or inf, or was given one."""
    for k, array in enumerate(arrays):
        if (found := _found(array)) is not None:
            raise FloatingPointError(
                f"argument {k} of {name_of(function)} contains {found} at {user_line()}: expected "
                "finite numbers. Look at the data or at the operation that made it."
            )
    for array in out if isinstance(out, tuple) else (out,):
        if (found := _found(array)) is not None:
            raise FloatingPointError(
                f"{name_of(function)} made {found} from finite numbers at {user_line()}. "
                "Look at its arguments there: a log or a division of 0, an overflow?"
            )


def check_backward(node: Any, g: Any, contribution: Any) -> None:
    """Raise when a gradient rule turned a finite gradient into a NaN or inf."""
    incoming = g if isinstance(g, tuple) else (g,)
    if any(_found(part) is not None for part in incoming):
        return
    if (found := _found(contribution)) is not None:
        raise FloatingPointError(
            f"the gradient of {name_of(node.function)} became {found}; the operation was recorded "
            f"at {node.trace.line}. Look at its arguments there: a square root or division at 0?"
        )


def check_constants(node: Any) -> None:
    """Raise when a constant argument was overwritten between forward and backward."""
    for k, checksum in node.trace.checksums:
        if _checksum(node.args[k]) != checksum:
            raise RuntimeError(
                f"argument {k} of {name_of(node.function)}, recorded at {node.trace.line}, was "
                "overwritten before backward(): its gradient would be wrong. Give every forward "
                "pass its own array, for example batch.copy()."
            )


def user_line() -> str:
    """The innermost line of the program outside this package and NumPy, as file:line."""
    for frame in _frames():
        path = frame.f_code.co_filename
        if not path.startswith(_PACKAGE) and f"{os.sep}numpy{os.sep}" not in path:
            return f"{path}:{frame.f_lineno}"
    return "an unknown line"


def _frames() -> Iterator[Any]:
    frame: Any = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(
        np.ascontiguousarray(array).view(np.uint8).reshape(-1).data if array.size else b""
    )


def _found(array: Any) -> str | None:
    """`NaN`, `inf` or None: the worst value in a floating-point array (or Tensor)."""
    array = getattr(array, "_data", array)
    if not isinstance(array, (np.ndarray, np.generic)) or array.dtype.kind != "f":
        return None
    if np.isfinite(array).all():
        return None
    return "NaN" if np.isnan(array).any() else "inf"
