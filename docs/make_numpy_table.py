"""Write docs/numpy.md: which of NumPy's functions Tensors know, read from the table itself.

    python docs/make_numpy_table.py

A test compares the file with what this script would write, and holds the list of a peer against
the table: every function that HIPS autograd differentiates is known here or has a reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_ml  # noqa: F401 (fills the table)
from tinygrad_ml.table import CONSTANTS, RULES, SPELLINGS

TARGET = Path(__file__).with_name("numpy.md")

# The functions of NumPy that autograd 1.9.1 (https://github.com/HIPS/autograd) gives a gradient
# or declares to have none, under the names that numpy and numpy.linalg have for them.
_NAMES = """
abs absolute add all allclose amax amin angle any append arccos arccosh arcsin arcsinh arctan
arctan2 arctanh argmax argmin argpartition argsort argwhere around array array_equal array_equiv
array_split astype atleast_1d atleast_2d atleast_3d broadcast_to c_ ceil clip column_stack
concatenate conj conjugate cos cosh count_nonzero cross cumsum deg2rad degrees diag diagonal diff
divide dot dsplit einsum empty_like equal exp exp2 expand_dims expm1 fabs fft.fft fft.fft2
fft.fftn fft.fftshift fft.ifft fft.ifft2 fft.ifftn fft.ifftshift fft.irfft fft.irfft2 fft.irfftn
fft.rfft fft.rfft2 fft.rfftn fix flatnonzero fliplr flipud floor floor_divide fmax fmin full
full_like gradient greater greater_equal hsplit hstack hypot imag inner isclose iscomplex
iscomplexobj isfinite isinf isnan isneginf isposinf isreal isscalar kron less less_equal
linalg.cholesky linalg.det linalg.eig linalg.eigh linalg.inv linalg.norm linalg.pinv
linalg.slogdet linalg.solve linalg.svd linspace log log10 log1p log2 logaddexp logaddexp2
logical_and logical_not logical_or logical_xor matmul max maximum mean min minimum mod moveaxis
multiply nan_to_num ndim negative nonzero not_equal ones_like outer pad partition power prod r_
rad2deg radians ravel real real_if_close reciprocal remainder repeat reshape result_type rint roll
rollaxis rot90 round searchsorted select shape sign sin sinc sinh size sort split sqrt square
squeeze stack std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu
true_divide trunc var vsplit vstack where zeros_like
"""
AUTOGRAD = _NAMES.split()

NOT_ASKED = "NumPy calls it without asking the Tensor"
REASONS = {
    "array": f"{NOT_ASKED}; the error names `np.stack`",
    "astype": "the method `t.astype(dtype)` has the rule",
    "c_": f"{NOT_ASKED}; write `np.column_stack`",
    "full": f"{NOT_ASKED}; write `np.full_like` or `np.broadcast_to`",
    "isscalar": "asks for the type of a Python object, not for values",
    "linalg.eig": "its values are complex numbers in general",
    "r_": f"{NOT_ASKED}; write `np.concatenate`",
}
REASONS |= {
    name: "a part of the FFT: complex numbers" for name in AUTOGRAD if name.startswith("fft.")
}

HEAD = """# NumPy functions that Tensors know

Written by `docs/make_numpy_table.py` from the table of rules; do not edit it by hand.

`np.f(tensor)` works for every function below. *Rule*: it has a gradient rule of its own. *Made of
others*: it is spelled in functions that have one, so its gradient is right to any order as well.
Keyword arguments that are not supported (`out=`, `where=`, `dtype=`, ...) raise an error that says
what to write.
"""


def known_names() -> dict[str, Any]:
    """Every public name of numpy and numpy.linalg whose function stands in the table."""
    found = {}
    for prefix, module in (("", np), ("linalg.", np.linalg)):
        for name in module.__all__:
            function = vars(module).get(name)
            try:
                if function in RULES or function in SPELLINGS or function in CONSTANTS:
                    found[prefix + name] = function
            except TypeError:  # a number or a dictionary
                continue
    return found


def missing_names() -> list[str]:
    """What autograd has and the table has not."""
    known = known_names()
    return [name for name in AUTOGRAD if name not in known]


def text() -> str:
    """The file."""
    groups: dict[Any, list[str]] = {}
    for name, function in sorted(known_names().items()):
        groups.setdefault(function, []).append(name)
    rows, constants = [], []
    for function, names in groups.items():
        main = function.__name__ if function.__name__ in names else names[0]
        shown = ", ".join(f"`np.{n}`" for n in [main, *(n for n in names if n != main)])
        if function in CONSTANTS:
            constants.append(shown)
        else:
            rows.append((shown, "rule" if function in RULES else "made of others"))
    rows += [("`t[index]`", "rule"), ("`t.astype(dtype)`", "rule")]
    missing = [(f"`np.{name}`", REASONS[name]) for name in missing_names()]
    rules = sum(how == "rule" for _, how in rows)
    return "\n".join(
        [
            HEAD,
            f"## With a gradient: {rules} rules, {len(rows) - rules} made of others\n",
            *_table(("function", "gradient"), rows),
            "\n## Without a gradient\n",
            "Piecewise constant functions and questions answer with plain arrays:\n",
            ", ".join(constants) + ".",
            "\n## What autograd has and this project has not\n",
            "[HIPS autograd](https://github.com/HIPS/autograd) 1.9.1 knows these besides:\n",
            *_table(("function", "reason"), missing),
            "",
        ]
    )


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> list[str]:
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
