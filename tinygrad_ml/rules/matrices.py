"""Derivatives of inverses: solve, inv, pinv, det, slogdet, triangular systems and their kin.

The formulas are those of Giles (2008), "Collected matrix derivative results"; each holds for a
stack of matrices (..., n, n) as for one.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..table import CONSTANTS, defvjp, implements
from ..tensor import constant, primitive
from .reductions import _product_of_others

BLOCK = 64  # rows of a triangular system that are solved in one piece


def square(name: str, a: Any) -> Any:
    """`a`, if it is a square matrix or a stack of them."""
    shape = np.shape(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise np.linalg.LinAlgError(
            f"{name}: expected square matrices (..., n, n), got shape {shape}. "
            "np.linalg.pinv and np.linalg.lstsq take other shapes."
        )
    return a


def triangle(n: int, lower: bool, strict: bool, dtype: Any) -> np.ndarray:
    """Ones in one triangle of an (n, n) matrix; `strict`: the diagonal is 0."""
    mask = np.tri(n, k=-int(strict), dtype=dtype)
    return mask if lower else mask.T


def reciprocal(x: Any) -> Any:
    """1 / x, and 0 where x is 0, with all its derivatives."""
    zero = x == 0
    return np.where(zero, 0, 1 / np.where(zero, 1, x))


# ---- inv and solve; a vector on the right of solve stands for one column

defvjp(np.linalg.inv, lambda g, out, a: -(out.mT @ g @ out.mT))


def _columns(x: Any, b: Any) -> Any:
    return x[..., None] if b.ndim == 1 else x


def _solve_right(g: Any, out: Any, a: Any, b: Any) -> Any:
    found = np.linalg.solve(a.mT, _columns(g, b))
    return found[..., 0] if b.ndim == 1 else found


defvjp(
    np.linalg.solve,
    lambda g, out, a, b: -(np.linalg.solve(a.mT, _columns(g, b)) @ _columns(out, b).mT),
    _solve_right,
)


@primitive
def solve_triangular(a: Any, b: Any, *, lower: bool, unit_diagonal: bool = False) -> Any:
    """x with a x = b, reading one triangle of a: (..., n, n), (..., n, k) -> (..., n, k).

    Solved from the last row to the first, in halves: most of the work is matrix products.
    """
    if lower:  # the same rows from the last to the first make an upper triangle
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    if not unit_diagonal and not a.diagonal(axis1=-2, axis2=-1).all():
        raise np.linalg.LinAlgError(
            "solve_triangular: expected a diagonal without zeros, got a singular matrix. Add a "
            "small multiple of the identity, or pass unit_diagonal=True if it stands for ones."
        )
    x = _back_substitution(a, b, unit_diagonal)
    return np.ascontiguousarray(x[..., ::-1, :]) if lower else x


def _back_substitution(a: np.ndarray, b: np.ndarray, unit_diagonal: bool) -> np.ndarray:
    n, half = a.shape[-1], a.shape[-1] // 2
    if n <= BLOCK:
        a = np.triu(a)
        if unit_diagonal:
            a[..., range(n), range(n)] = 1
        return np.linalg.solve(a, b)  # elimination finds nothing to do in an upper triangle
    below = _back_substitution(a[..., half:, half:], b[..., half:, :], unit_diagonal)
    rest = b[..., :half, :] - a[..., :half, half:] @ below
    above = _back_substitution(a[..., :half, :half], rest, unit_diagonal)
    return np.concatenate([above, below], axis=-2)


def _triangular_right(
    g: Any, out: Any, a: Any, b: Any, *, lower: bool, unit_diagonal: bool = False
) -> Any:
    return solve_triangular(a.mT, g, lower=not lower, unit_diagonal=unit_diagonal)


def _triangular_left(
    g: Any, out: Any, a: Any, b: Any, *, lower: bool, unit_diagonal: bool = False
) -> Any:
    found = solve_triangular(a.mT, g, lower=not lower, unit_diagonal=unit_diagonal)
    return -(found @ out.mT) * triangle(a.shape[-1], lower, unit_diagonal, a.dtype)


defvjp(solve_triangular, _triangular_left, _triangular_right)


# ---- det: the gradient is the matrix of cofactors, det(a) inv(a).T, which also exists where the
# inverse does not. There it comes from a = u s v.T, whose cofactors are det(u) det(v) u c v.T: the
# diagonal c holds for each singular value the product of all the others.


def _det_rule(g: Any, out: Any, a: Any) -> Any:
    if _well_conditioned(a):
        return (g * out)[..., None, None] * np.linalg.inv(a).mT
    return g[..., None, None] * cofactors(a)


@constant
def _well_conditioned(a: Any) -> bool:
    """Whether no inverse in the stack loses more than about a quarter of the digits."""
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return False
    growth = np.linalg.matrix_norm(a) * np.linalg.matrix_norm(inverse)
    return not (growth >= a.shape[-1] * np.finfo(a.dtype).eps ** -0.25).any()  # NaN stays NaN


@primitive
def cofactors(a: Any) -> Any:
    """The derivative of det(a) by each entry of a, without division: (..., n, n) -> the same."""
    u, s, vt = np.linalg.svd(a)
    return _orientation(u, vt) * ((u * _product_of_others(s)[..., None, :]) @ vt)


def _orientation(u: Any, vt: Any) -> Any:
    """det(u) det(v), which is 1 or -1, per matrix."""
    return np.sign(np.linalg.det(u) * np.linalg.det(vt))[..., None, None]


def _cofactors_rule(g: Any, out: Any, a: Any) -> Any:
    """In the basis of u and v the matrix is diagonal, and each second derivative of its
    determinant is, up to its sign, the product of all singular values but two."""
    u, s, vt = np.linalg.svd(a)
    h = u.mT @ g @ vt.mT
    eye = np.eye(a.shape[-1], dtype=a.dtype)
    pairs = _product_of_others(np.where(eye == 1, 1, s[..., None, :])) * (1 - eye)
    along = pairs @ (h * eye).sum(axis=-1)[..., None]
    return _orientation(u, vt) * (u @ (eye * along - (pairs * h).mT) @ vt)


defvjp(np.linalg.det, _det_rule)
defvjp(cofactors, _cofactors_rule)


class SlogdetResult(NamedTuple):
    sign: Any
    logabsdet: Any


@primitive
def _slogdet(a: Any) -> tuple[Any, Any]:
    return tuple(np.linalg.slogdet(a))


@constant
def _check_sign(sign: Any) -> None:
    if not np.all(sign):
        raise np.linalg.LinAlgError(
            "slogdet: expected matrices that can be inverted, got a singular one: its logarithm is "
            "-inf and has no gradient. Add a small multiple of the identity, or use np.linalg.det."
        )


def _slogdet_rule(g: Any, out: Any, a: Any) -> Any:
    _check_sign(out[0])
    return g[1][..., None, None] * np.linalg.inv(a).mT


defvjp(_slogdet, _slogdet_rule)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """(sign, log |det a|); the sign is piecewise constant."""
    return SlogdetResult(*_slogdet(a))


# ---- the pseudo-inverse (Golub & Pereyra, 1973): right while the rank stays what it is. Where
# it changes, the pseudo-inverse itself jumps.


def _pinv_rule(g: Any, out: Any, a: Any, *, rcond: Any = None, rtol: Any = None) -> Any:
    rows = g.mT @ out @ out.mT
    columns = out.mT @ out @ g.mT
    return rows - a @ (out @ rows) + columns - (columns @ out) @ a - out.mT @ g @ out.mT


defvjp(np.linalg.pinv, _pinv_rule)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """(x, residuals, rank, singular values) with the shortest x that minimises |a x - b|."""
    a, b = (x if hasattr(x, "ndim") else np.asarray(x) for x in (a, b))
    if a.ndim != 2 or b.ndim not in (1, 2) or len(b) != len(a):
        raise np.linalg.LinAlgError(
            f"lstsq: expected a (m, n) and b (m,) or (m, k), got {a.shape} and {b.shape}. "
            "For stacks of matrices write np.linalg.pinv(a) @ b."
        )
    m, n = a.shape
    values = np.linalg.svdvals(a)
    share = np.finfo(values.dtype).eps * max(m, n) if rcond is None or rcond < 0 else rcond
    rank = np.count_nonzero(values > share * values[:1])
    x = np.linalg.pinv(a, rtol=share) @ b
    if rank < n or m <= n:
        return x, np.zeros(0, values.dtype), rank, values
    return x, np.square((b - a @ x).reshape(m, -1)).sum(axis=0), rank, values


# ---- what is made of others


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """a @ a @ ... @ a by repeated squaring; a negative power is one of the inverse."""
    if not isinstance(n, (int, np.integer)):
        raise TypeError(
            f"matrix_power: expected a whole number as exponent, got {n!r}. For a root of a "
            "symmetric matrix use np.linalg.eigh."
        )
    square("matrix_power", a)
    if n == 0:
        return np.where(True, np.eye(a.shape[-1], dtype=a.dtype), a)
    power, n = (np.linalg.inv(a), -n) if n < 0 else (a, n)
    result = None
    while n:
        if n % 2:
            result = power if result is None else result @ power
        n //= 2
        power = power @ power if n else power
    return result


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of the map that takes the last axes (from `ind` on) to the first `ind`."""
    left, right = a.shape[:ind], a.shape[ind:]
    if ind <= 0 or math.prod(left) != math.prod(right):
        raise np.linalg.LinAlgError(
            f"tensorinv: expected as many elements in the axes before ind={ind} as from it on, got "
            f"{left} and {right}. Choose another ind."
        )
    return np.linalg.inv(a.reshape(math.prod(left), math.prod(right))).reshape((*right, *left))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x, x.ndim) = b; `axes` of a are moved to its end first."""
    a = np.asarray(a) if isinstance(a, list) else a
    if axes is not None:
        a = np.transpose(a, (*[k for k in range(a.ndim) if k not in axes], *axes))
    size, shape = math.prod(np.shape(b)), np.shape(a)[np.ndim(b) :]
    if math.prod(shape) != size or math.prod(np.shape(a)) != size * size:
        raise np.linalg.LinAlgError(
            f"tensorsolve: expected a of shape b.shape + x.shape with as many elements in x as in "
            f"b, got {np.shape(a)} and {np.shape(b)}. Name the axes of x with axes=."
        )
    return np.linalg.solve(a.reshape(size, size), np.reshape(b, -1)).reshape(shape)


@implements(np.linalg.diagonal)
def diagonal(x: Any, offset: int = 0) -> Any:
    """The entries x[..., i, i + offset] of each matrix: (..., m, n) -> (..., length)."""
    if np.ndim(x) < 2:
        raise ValueError(
            f"diagonal: expected matrices (..., m, n), got shape {np.shape(x)}. "
            "For the matrix with a vector on its diagonal write x * np.eye(n)."
        )
    top, left = max(-offset, 0), max(offset, 0)
    n = max(0, min(x.shape[-2] - top, x.shape[-1] - left))
    return np.einsum("...ii->...i", x[..., top : top + n, left : left + n])


@implements(np.linalg.trace)
def trace(x: Any, offset: int = 0) -> Any:
    """The sum of each matrix's diagonal: (..., m, n) -> (...)."""
    return diagonal(x, offset).sum(axis=-1)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    return np.matrix_transpose(x)


CONSTANTS.add(np.linalg.matrix_rank)
