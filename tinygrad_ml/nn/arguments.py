"""What layers ask of their arguments: sizes that count something, and starting weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generators import generator
from ..tensor import Parameter
from .initialisers import find


def count(owner: str, name: str, value: Any) -> int:
    """A positive integer, or an error that names the layer and the argument."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{owner}: {name} must be a positive integer, got {value!r}.")
    return int(value)


def weights(owner: str, init: Any, shape: tuple[int, ...], rng: Any, dtype: Any) -> Parameter:
    """A Parameter of this shape, drawn by the initialiser `init` from `rng`."""
    drawn = find(init)(shape, generator(rng, owner))
    if np.shape(drawn) != shape:
        raise ValueError(
            f"{owner}: init must return an array of shape {shape}, got {np.shape(drawn)}."
        )
    return Parameter(drawn, dtype=dtype)
