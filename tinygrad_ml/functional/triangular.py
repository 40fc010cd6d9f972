"""Systems of equations with a triangular matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rules import matrices

Array = Any  # an ndarray or a Tensor


def solve_triangular(a: Array, b: Array, lower: bool = False, unit_diagonal: bool = False) -> Array:
    """The x with a x = b where a is triangular, by substitution: n^2 steps per column.

    Parameters
    ----------
    a : (..., n, n). Only its upper triangle is read, with `lower` only its lower one.
    b : (n,) for one vector, else (..., n, k), one system per column; stacks broadcast.
    unit_diagonal : take the diagonal of `a` to be ones without reading it.

    Returns x of the shape of b (broadcast). A zero on the diagonal raises LinAlgError. For the
    transposed system pass `a.mT` and the other `lower` (Golub & Van Loan, 2013, section 3.1).

    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> solve_triangular(a, np.array([2.0, 9.0]), lower=True)
    array([1., 2.])
    """
    a, b = (x if hasattr(x, "ndim") else np.asarray(x) for x in (a, b))
    matrices.square("solve_triangular", a)
    if b.ndim == 0 or b.shape[0 if b.ndim == 1 else -2] != a.shape[-1]:
        raise ValueError(
            f"solve_triangular: expected b of shape ({a.shape[-1]},) or (..., {a.shape[-1]}, k) "
            f"for a of shape {a.shape}, got {b.shape}. Columns are systems."
        )
    stacks = a.shape[:-2], b.shape[:-2]
    if any(m != n and 1 not in (m, n) for m, n in zip(stacks[0][::-1], stacks[1][::-1])):
        raise ValueError(
            f"solve_triangular: expected stacks that broadcast, got a of shape {a.shape} and b of "
            f"shape {b.shape}. The last two axes are the matrix."
        )
    columns = b[..., None] if b.ndim == 1 else b
    x = matrices.solve_triangular(a, columns, lower=bool(lower), unit_diagonal=bool(unit_diagonal))
    return x[..., 0] if b.ndim == 1 else x
