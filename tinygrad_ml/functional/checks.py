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
    if x.dtype.kind != "f":
        advice = (
            "Use x.astype(np.float32)"
            if x.dtype.kind in "iub"
            else "Give numbers in a regular shape"
        )
        raise TypeError(f"{name}: expected floating-point {what}, got {x.dtype}. {advice}.")
    return x
