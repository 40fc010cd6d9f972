"""What functions ask of their array arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # an ndarray or a Tensor


def floats(name: str, x: Array, what: str = "values") -> Array:
    """An array or Tensor of floating-point numbers; integers would be computed as such."""
    if not hasattr(x, "dtype"):
        try:
            x = np.asarray(x)
        except ValueError:  # rows of unequal length
            x = np.empty(0, object)
    if x.dtype.kind in "iub":
        raise TypeError(
            f"{name}: expected floating-point {what}, got {x.dtype}. Use x.astype(np.float32)."
        )
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected an array of floating-point {what}, got dtype {x.dtype}. "
            "Give numbers in a regular shape."
        )
    return x
