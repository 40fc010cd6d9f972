"""What networks check of what users pass them: sizes, and batches of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.nn import Module


def positive_integer(owner: str, name: str, value: Any) -> int:
    """An integer above 0, or a ValueError about what came instead."""
    if not _is_positive_integer(value):
        raise ValueError(f"{owner}: {name} must be a positive integer, got {value!r}.")
    return int(value)


def positive_integers(owner: str, name: str, values: Any, least: int, example: str) -> list[int]:
    """A list of at least `least` integers above 0, or a ValueError that shows an example."""
    several = isinstance(values, (list, tuple, range)) or (
        isinstance(values, np.ndarray) and values.ndim == 1
    )
    if not several or len(values) < least or not all(map(_is_positive_integer, values)):
        how_many = f"at least {least} " if least > 1 else ""
        raise ValueError(
            f"{owner}: {name} must be a list of {how_many}positive integers, got {values!r}. "
            f"Write for example {name}={example}."
        )
    return [int(value) for value in values]


def as_floats(model: Module, x: Any) -> Any:
    """`x` as it is when it holds floating-point numbers, else converted to the model's dtype.

    Raises TypeError for texts and other things that are no numbers, ValueError for ragged lists.
    """
    if getattr(getattr(x, "dtype", None), "kind", "") == "f":
        return x
    owner = type(model).__name__
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(
            f"{owner}: expected samples in a regular shape, got a ragged {type(x).__name__}. "
            "Make all rows equally long."
        ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{owner}: expected numbers, got {array.dtype} ({type(x).__name__}). Encode texts as "
            "numbers and missing values as np.nan."
        )
    return array.astype(model.dtype)


def _is_positive_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) > 0
