"""What the compiled twins share: how a loop is compiled, and the form of its arguments."""

import numba
import numpy as np

ERRORS = (numba.core.errors.NumbaError, OSError)


def loop(function):
    """Compile at the first call; keep the machine code on disk where there is a place for it.

    Single-threaded on purpose: Numba's threads and those of the BLAS library, which wait spinning,
    would take the processor from each other. Each loop releases the GIL.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no directory can be written
        return numba.njit(nogil=True, error_model="numpy")(function)


def adding_loop(function):
    """A `loop` whose sums may be taken in another order: several lanes at once, and no less exact.

    NaN and inf keep their meaning.
    """
    options = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "nsz"}}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no directory can be written
        return numba.njit(**options)(function)


def contiguous(x):
    """`x` as a contiguous read-only array: one type, so that each loop is compiled only once."""
    view = np.ascontiguousarray(x).view()
    view.setflags(write=False)
    return view
