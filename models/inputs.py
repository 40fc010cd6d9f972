"""What a network accepts as a batch: floating-point arrays and Tensors, and lists and integers."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_floats(owner: str, x: Any, dtype: Any) -> Any:
    """`x` as it is when it holds floating-point numbers, else converted to `dtype`.

    Raises TypeError for texts and other things that are no numbers, ValueError for ragged lists.
    """
    if getattr(getattr(x, "dtype", None), "kind", "") == "f":
        return x
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
    return array.astype(dtype)
