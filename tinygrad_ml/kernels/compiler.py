"""What the compiled twins share: how a loop is compiled, and the form of its arguments."""

import functools

import numba
import numpy as np

ERRORS = (numba.core.errors.NumbaError, OSError)


def loop(function):
    """Compile at the first call; keep the machine code on disk where there is a place for it.

    Single-threaded on purpose: Numba's threads and those of the BLAS library, which wait spinning,
    would take the processor from each other. Each loop releases the GIL, so that our own threads
    can share the work.
    """
    return _compiled(function, set())


def fused_loop(function):
    """A loop in which a product and a sum may become one instruction, which rounds once."""
    return _compiled(function, {"contract"})


def reordering_loop(function):
    """A fused loop whose sums may be added up in any order, as many at a time as a vector holds."""
    return _compiled(function, {"contract", "reassoc", "nsz"})


def inlined(function):
    """A piece of a loop, put into it as if it were written there: arrays cost nothing to pass."""
    return numba.njit(inline="always", error_model="numpy")(function)


def _compiled(function, fastmath):
    compiled = functools.partial(
        numba.njit, nogil=True, error_model="numpy", fastmath=fastmath or False
    )
    try:
        return compiled(cache=True)(function)
    except RuntimeError:  # no directory can be written
        return compiled()(function)


def contiguous(x):
    """`x` as a contiguous read-only array: one type, so that each loop is compiled only once."""
    view = np.ascontiguousarray(x).view()
    view.setflags(write=False)
    return view
