"""A stand-in for functional.gelu, to be dropped when the real one is there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import defvjp
from ..tensor import primitive


def _made() -> Any:
    def error_function(x: Any) -> Any:
        from scipy.special import erf

        return erf(x)

    operation = primitive(error_function)
    defvjp(operation, lambda g, out, x: g * (np.exp(-x * x) * (2 / math.sqrt(math.pi))))
    return operation


_operation = _made()


def gelu(x: Any, approximate: str = "none") -> Any:
    """x Phi(x), Phi the distribution function of the normal distribution."""
    return x * ((_operation(x * math.sqrt(0.5)) + 1) * 0.5)
