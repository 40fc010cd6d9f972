"""A stand-in for functional.activations.gelu, to be dropped when that one is there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import defvjp
from ..tensor import primitive


@primitive
def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


defvjp(_erf, lambda g, out, x: g * (np.exp(-x * x) * (2 / math.sqrt(math.pi))))


def gelu(x: Any, approximate: str = "none") -> Any:
    """x Phi(x), Phi the distribution function of the normal distribution."""
    return x * ((_erf(x * math.sqrt(0.5)) + 1) * 0.5)
