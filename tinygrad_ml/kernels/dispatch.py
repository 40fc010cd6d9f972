"""One name for two versions of a function: NumPy's, and a compiled twin found at the first call.

Numba takes longer to import than NumPy and compiles for seconds, so neither happens before a kernel
is called. What cannot be compiled here (no Numba, no float type, a failing compiler) runs in NumPy.
"""

import functools
import importlib
import os
import warnings
from typing import Any

VARIABLE = "TINYGRAD_ML_KERNELS"
_UNDECIDED: Any = object()


class Kernel:
    """A function with a NumPy version and a compiled twin of the same name in `kernels.compiled`.

    Calling it takes the compiled twin where Numba is installed and the first array is float32 or
    float64 and has at least `least` elements, else the NumPy version; TINYGRAD_ML_KERNELS decides
    otherwise (see `kernels`).
    `numpy` and `compiled` call one version explicitly.
    """

    __name__: str
    __qualname__: str

    def __init__(self, function, least=0):
        functools.update_wrapper(self, function)
        self.least = least
        self.numpy = function
        self._twin = _UNDECIDED  # then the compiled twin, or None

    def __call__(self, *arrays, **metadata):
        twin = self._twin
        if twin is _UNDECIDED:
            twin = self._twin = self.compiled if compiled_kernels_wanted() else None
        first = arrays[0]
        if type(first) is list:  # of vectors of one dtype
            first = first[0]
        if twin is None or first.size < self.least or first.dtype.char not in "fd":
            return self.numpy(*arrays, **metadata)
        try:
            return twin(*arrays, **metadata)
        except Exception as error:
            return self._without_compiler(error, arrays, metadata)

    def __repr__(self):
        return f"<kernel {self.__name__}>"

    def __reduce__(self):
        return self.__qualname__  # pickled, and copied, by its name in its module

    @functools.cached_property
    def compiled(self):
        """The compiled twin; ImportError where Numba is missing."""
        return getattr(_compiled_twins(), self.__name__)

    def _without_compiler(self, error, arrays, metadata):
        """Run in NumPy where the compiler failed; any other error goes on its way."""
        wanted = os.environ.get(VARIABLE, "")
        if wanted or not isinstance(error, _compiler_errors()):
            raise error
        warnings.warn(
            f"compiling {self.__name__} failed, the slower NumPy version is used: {error}. "
            f"Set {VARIABLE}=numpy to choose it without this warning.",
            RuntimeWarning,
            stacklevel=3,
        )
        self._twin = None
        return self.numpy(*arrays, **metadata)


def compiled_kernels_wanted():
    """Whether the environment asks for, and Numba allows, the compiled kernels.

    Raises ValueError for an unknown setting, ImportError for "compiled" without Numba.
    """
    choice = os.environ.get(VARIABLE, "")
    if choice not in ("", "numpy", "compiled"):
        raise ValueError(
            f'{VARIABLE} must be "numpy", "compiled" or unset, got {choice!r}; '
            f"write for example {VARIABLE}=numpy"
        )
    if choice == "numpy":
        return False
    try:
        _compiled_twins()
    except ImportError as error:
        if choice == "compiled":
            raise ImportError(
                f"{VARIABLE}=compiled needs Numba, which could not be imported ({error}); "
                'install it with: pip install "tinygrad_ml[fast]"'
            ) from error
        return False
    return True


def _compiler_errors():
    return importlib.import_module(".compiler", __package__).ERRORS


@functools.cache
def _compiled_twins():
    return importlib.import_module(".compiled", __package__)
