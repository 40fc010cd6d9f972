"""What the compiled twins share: how a loop is compiled, and the form of its arguments."""

import numba
import numpy as np

ERRORS = (numba.core.errors.NumbaError, OSError)


def loop(function, fastmath=False):
    """Compile at the first call; keep the machine code on disk where there is a place for it.

    Single-threaded on purpose: Numba's threads and those of the BLAS library, which wait spinning,
    would take the processor from each other. Each loop releases the GIL.
    """
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no directory can be written
        return numba.njit(**options)(function)


def fused_loop(function):
    """`loop` where a product and a sum may be one instruction, rounded once: half the time."""
    return loop(function, fastmath={"contract"})


def adding_loop(function):
    """`loop` whose sums may run in several lanes at once: faster, and no less exact.

    NaN and inf keep their meaning.
    """
    return loop(function, fastmath={"reassoc", "nsz"})


def contiguous(x):
    """`x` as a contiguous read-only array: one type, so that each loop is compiled only once."""
    view = np.ascontiguousarray(x).view()
    view.setflags(write=False)
    return view
