"""Run a test for the NumPy version and for the compiled twin of a kernel."""

import operator

import numpy as np
import pytest

try:
    import numba  # noqa: F401
except ImportError:
    names = ["numpy"]
else:
    names = ["numpy", "compiled"]

versions = pytest.mark.parametrize("version", [operator.attrgetter(n) for n in names], ids=names)
dtypes = [np.float32, np.float64]


def read_only(x):
    copy = x.copy()
    copy.setflags(write=False)
    return copy


def strided(x):
    """Every second element of a larger array, backwards along the first axis."""
    larger = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[::-1]
    view = larger[..., ::2]
    view[...] = x
    return view


hard_to_read = [read_only, strided, np.asfortranarray]
