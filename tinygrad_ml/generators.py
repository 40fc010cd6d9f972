"""Where random numbers come from: nothing, a seed or a Generator, and never the global one."""

from __future__ import annotations

from typing import Any

import numpy as np


def generator(rng: Any, owner: str, name: str = "rng") -> np.random.Generator:
    """None (fresh entropy), a seed of at least 0, or a Generator, which is used as it is.

    `owner` and `name` say in an error whose argument it was.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    seed = isinstance(rng, (int, np.integer)) and not isinstance(rng, bool)
    if rng is None or (seed and rng >= 0):
        return np.random.default_rng(rng)
    raise ValueError(
        f"{owner}: {name} must be None, a seed of at least 0 or a np.random.Generator, "
        f"got {rng!r}. Write for example {name}=0."
    )
