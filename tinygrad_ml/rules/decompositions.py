"""Derivatives of decompositions: Cholesky, QR, eigenvalues of symmetric matrices, singular values.

`cholesky`, `eigh` and `eigvalsh` read one triangle of their argument, and so their gradient stands
in that triangle alone: exact for the function that NumPy computes. For the symmetric gradient of a
symmetric matrix, as in textbooks, write `a = (a + a.mT) / 2` first.

Eigenvectors and singular vectors are fixed by their matrix up to a sign only (LAPACK chooses it),
and where values are equal not even that: every basis of their common space will do. The gradient
of what depends on the vectors cannot be found from one such basis, and the backward pass raises.
Putting 0 for 1 / (difference of equal values), as is often done, would be wrong even for functions
that do not care for the basis, such as the logarithm of a matrix. What depends on the values alone
and treats equal values alike (a sum, a largest value) does have a first derivative there, and it is
right; its second one goes through the vectors, and raises.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..table import defvjp, implements
from ..tensor import constant, primitive
from .matrices import reciprocal, solve_triangular, triangle

# ---- one triangle of a matrix


def _half(n: int, lower: bool, dtype: Any) -> np.ndarray:
    """Ones in a triangle and halves on the diagonal: with its transpose a matrix of ones."""
    return triangle(n, lower, False, dtype) - np.eye(n, dtype=dtype) / 2


def _folded(x: Any, lower: bool) -> Any:
    """The gradient of a symmetric matrix as one of the triangle that was read."""
    return (x + x.mT) * _half(x.shape[-1], lower, x.dtype)


# ---- Cholesky (Murray, 2016)


def _cholesky_rule(g: Any, out: Any, a: Any, *, upper: bool = False) -> Any:
    lower, g = (out.mT, g.mT) if upper else (out, g)
    inner = (lower.mT @ g) * _half(a.shape[-1], True, a.dtype)
    left = solve_triangular(lower.mT, inner, lower=False)
    return _folded(solve_triangular(lower.mT, left.mT, lower=False), lower=not upper)


defvjp(np.linalg.cholesky, _cholesky_rule)


# ---- QR of full column rank; of a wide matrix, that of its first columns


class QRResult(NamedTuple):
    Q: Any
    R: Any


@primitive
def _qr(a: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.qr(a))


@constant
def _check_full_rank(r: Any) -> None:
    size = np.abs(np.linalg.diagonal(r))
    bound = r.shape[-1] * np.finfo(r.dtype).eps * size.max(axis=-1, keepdims=True, initial=0)
    if (size <= bound).any():
        raise np.linalg.LinAlgError(
            "qr: expected linearly independent columns, got some that depend on others: the "
            "factors have no gradient there. Leave those columns out."
        )


def _qr_rule(g: Any, out: Any, a: Any) -> Any:
    q, r = out
    _check_full_rank(r)
    m = (r @ g[1].mT - g[0].mT @ q) * _half(r.shape[-1], True, a.dtype)
    return solve_triangular(r, (g[0] + q @ (m + m.mT)).mT, lower=False).mT


defvjp(_qr, _qr_rule)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """a = q r with orthonormal columns in q and r upper triangular; mode 'r': r alone."""
    rows, columns = np.shape(a)[-2:] if np.ndim(a) > 1 else (0, 0)
    if mode not in ("reduced", "r") and not (mode == "complete" and rows <= columns):
        raise ValueError(
            f"qr: expected mode 'reduced' or 'r', got {mode!r}: only they have a gradient (the "
            "further columns of 'complete' are not unique). Use np.linalg.qr(a.data, mode)."
        )
    if rows < columns:
        q, r = _qr(a[..., :rows])
        r = np.concatenate([r, q.mT @ a[..., rows:]], axis=-1)
    else:
        q, r = _qr(a)
    return r if mode == "r" else QRResult(q, r)


# ---- vectors that are not unique


@primitive
def _vectors(u: Any, values: Any, *, name: str) -> Any:
    """The columns `u` as they are; a gradient passes only where the values make them unique."""
    return u.view()


@constant
def _check_unique(g: Any, values: Any, name: str) -> None:
    """Raise where values are equal, or equal within rounding and their vectors are used.

    Equal values always raise: from a gradient of 0 one cannot see whether vectors were not used
    or just happen to have this gradient, as those of log(a) have at the identity.
    """
    used = g[..., : values.shape[-1]].any(axis=-2)
    bound = _rounding(values)
    if name == "svd":  # equal to zero is as bad as equal to each other
        values, used = (np.concatenate([v, np.zeros_like(v[..., :1])], -1) for v in (values, used))
    gaps = np.abs(np.diff(values, axis=-1))
    if ((gaps == 0) | ((gaps <= bound) & (used[..., 1:] | used[..., :-1]))).any():
        kind, alone, zero = (
            ("singular ", "svdvals", " and none zero")
            if name == "svd"
            else ("eigen", "eigvalsh", "")
        )
        raise np.linalg.LinAlgError(
            f"{name}: expected {kind}values all different{zero}, got equal ones: their vectors are "
            f"not unique and have no gradient. Use np.linalg.{alone} for functions of the values "
            "alone, or write the function with inv, solve, det or matrix products."
        )


def _rounding(values: Any) -> Any:
    """How far apart equal values may come out, per matrix."""
    largest = np.abs(values).max(axis=-1, keepdims=True, initial=0)
    return largest * (values.shape[-1] * np.finfo(values.dtype).eps)


@constant
def _apart(values: Any) -> Any:
    """1 where two values differ beyond rounding: [..., i, j] of values i and j."""
    gaps = np.abs(values[..., None, :] - values[..., :, None])
    return (gaps > _rounding(values)[..., None]).astype(values.dtype)


@constant
def _nonzero(values: Any) -> Any:
    """1 where a value differs from zero beyond rounding."""
    return (values > _rounding(values)).astype(values.dtype)


def _vectors_rule(g: Any, out: Any, u: Any, values: Any, *, name: str) -> Any:
    _check_unique(g, values, name)
    return g


defvjp(_vectors, _vectors_rule, None)


# ---- eigenvalues of symmetric matrices


class EighResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


@primitive
def _eigh(a: Any, *, UPLO: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.eigh(a, UPLO))


@primitive
def _eigvalsh(a: Any, *, UPLO: Any) -> Any:
    return np.linalg.eigvalsh(a, UPLO)


def _eigh_rule(g: Any, out: Any, a: Any, *, UPLO: Any) -> Any:
    values, u = out[0], _vectors(out[1], out[0], name="eigh")
    gaps = reciprocal((values[..., None, :] - values[..., :, None]) * _apart(values))
    inner = np.eye(a.shape[-1], dtype=a.dtype) * g[0][..., None] + gaps * (u.mT @ g[1])
    return _folded(u @ inner @ u.mT, lower=UPLO == "L")


def _eigvalsh_rule(g: Any, out: Any, a: Any, *, UPLO: Any) -> Any:
    u = np.linalg.eigh(a, UPLO)[1]
    return _folded((u * g[..., None, :]) @ u.mT, lower=UPLO == "L")


defvjp(_eigh, _eigh_rule)
defvjp(_eigvalsh, _eigvalsh_rule)


def _letter(name: str, UPLO: Any) -> str:
    if UPLO not in ("L", "U", "l", "u"):
        raise ValueError(
            f"{name}: expected UPLO='L' or 'U', the triangle to read, got {UPLO!r}. "
            "Of a symmetric matrix either will do."
        )
    return UPLO.upper()


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues, ascending, and eigenvectors as columns, of symmetric matrices."""
    values, vectors = _eigh(a, UPLO=_letter("eigh", UPLO))
    return EighResult(values, _vectors(vectors, values, name="eigh"))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of symmetric matrices, ascending; equal ones may be used alike only."""
    return _eigvalsh(a, UPLO=_letter("eigvalsh", UPLO))


# ---- singular values (Townsend, 2016)


class SVDResult(NamedTuple):
    U: Any
    S: Any
    Vh: Any


@primitive
def _svd(a: Any, *, full_matrices: bool) -> tuple[Any, ...]:
    return tuple(np.linalg.svd(a, full_matrices))


@primitive
def _svdvals(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


@constant
def _check_unused(*further: Any) -> None:
    if any(g.any() for g in further):
        raise np.linalg.LinAlgError(
            "svd: expected a result that depends on the first min(m, n) singular vectors only, got "
            "one with a gradient for the further ones, which are not unique. "
            "Use full_matrices=False."
        )


def _svd_rule(g: Any, out: Any, a: Any, *, full_matrices: bool) -> Any:
    k = min(a.shape[-2:])
    _check_unused(g[0][..., k:], g[2][..., k:, :])
    gu, gs, gvt = g[0][..., :k], g[1], g[2][..., :k, :]
    s = out[1]
    u = _vectors(out[0][..., :k], s, name="svd")
    vt = _vectors(out[2][..., :k, :].mT, s, name="svd").mT
    difference = reciprocal((s[..., None, :] - s[..., :, None]) * _apart(s))
    total = reciprocal(s[..., None, :] + s[..., :, None])
    left, right = u.mT @ gu, vt @ gvt.mT
    turned = (left - left.mT) * (difference + total) + (right - right.mT) * (difference - total)
    found = u @ (turned / 2 + np.eye(k, dtype=a.dtype) * gs[..., None]) @ vt
    if a.shape[-2] > k:
        found = found + ((gu - u @ left) * reciprocal(s * _nonzero(s))[..., None, :]) @ vt
    if a.shape[-1] > k:
        found = found + u @ (reciprocal(s * _nonzero(s))[..., None] * (gvt - right.mT @ vt))
    return found


def _svdvals_rule(g: Any, out: Any, a: Any) -> Any:
    """At 0 a singular value has a kink, like abs: its slope there is 0."""
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return (u * (g * _nonzero(s))[..., None, :]) @ vt


defvjp(_svd, _svd_rule)
defvjp(_svdvals, _svdvals_rule)


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """a = U diag(S) Vh, singular values descending; without compute_uv these alone."""
    if not compute_uv:
        return _svdvals(a)
    u, s, vt = _svd(a, full_matrices=bool(full_matrices))
    return SVDResult(_vectors(u, s, name="svd"), s, _vectors(vt.mT, s, name="svd").mT)


@implements(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """Singular values, descending; equal ones may be used alike only; slope 0 where they are 0."""
    return _svdvals(x)
