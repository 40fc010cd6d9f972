"""Derivatives of products: matmul of any ranks, einsum, and what is made of them."""

from __future__ import annotations

import functools
import itertools
import math
import string
from typing import Any

import numpy as np

from .. import kernels
from ..table import defvjp, implements
from ..tensor import apply, primitive

# ---- matmul: a vector on the left is a row, on the right a column, and the added axis vanishes


def _matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g[..., None] * y
    if x.ndim == 1:
        return (g[..., None, :] @ y.mT)[..., 0, :]
    return g @ y.mT


def _matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return x[:, None] * g[..., None, :] if y.ndim > 1 else x * g
    if y.ndim == 1:
        return (x.mT @ g[..., None])[..., 0]
    if y.ndim == 2 and x.ndim > 2:  # one large product instead of a batch to be summed
        rows = math.prod(x.shape[:-1])
        return x.reshape(rows, x.shape[-1]).T @ g.reshape(rows, g.shape[-1])
    return x.mT @ g


defvjp(np.matmul, _matmul_left, _matmul_right)


# ---- the product of two matrices, on reused memory: what layers are made of

product = primitive(kernels.product)
defvjp(
    product,
    lambda g, out, x, y: product(g, y.T),
    lambda g, out, x, y: product(x.T, g),
)


# ---- products of vectors, and of vectors with matrices, that NumPy has as ufuncs

defvjp(
    np.vecdot,
    lambda g, out, x, y: g[..., None] * y,
    lambda g, out, x, y: g[..., None] * x,
)
if hasattr(np, "matvec"):  # since NumPy 2.2
    defvjp(
        np.matvec,
        lambda g, out, a, x: g[..., :, None] * x[..., None, :],
        lambda g, out, a, x: np.vecmat(g, a),
    )
    defvjp(
        np.vecmat,
        lambda g, out, x, a: np.matvec(a, g),
        lambda g, out, x, a: x[..., :, None] * g[..., None, :],
    )

# ---- einsum: the gradient of one operand is an einsum of g with the other ones


@primitive
def einsum(*operands: Any, terms: tuple[str, ...], result: str) -> Any:
    """np.einsum with explicit letters for every axis (no ellipsis)."""
    subscripts = f"{','.join(terms)}->{result}"
    return np.array(np.einsum(subscripts, *operands, optimize=len(operands) > 1))


def _einsum_rule(
    k: int, g: Any, out: Any, *operands: Any, terms: tuple[str, ...], result: str
) -> Any:
    """Swap g and operand k. A letter twice in the term (a diagonal) is spread by an identity
    matrix; a letter that stands nowhere else (it was summed alone), or has length 1 there, by a
    vector of ones."""
    x = operands[k]
    others = [o for i, o in enumerate(operands) if i != k]
    other_terms = [t for i, t in enumerate(terms) if i != k]
    known: dict[str, int] = {}
    for term, o in zip((result, *other_terms), (g, *others)):
        for letter, n in zip(term, np.shape(o)):
            known[letter] = max(n, known.get(letter, n))
    fresh = iter(c for c in string.ascii_letters if c not in set(result).union(*terms))
    target = ""
    for axis, letter in enumerate(terms[k]):
        if letter in target:
            twin = next(fresh)
            others.append(np.eye(x.shape[axis], dtype=x.dtype))
            other_terms.append(letter + twin)
            target += twin
            continue
        if known.get(letter, -1) < x.shape[axis]:
            others.append(np.ones(x.shape[axis], dtype=x.dtype))
            other_terms.append(letter)
        target += letter
    return einsum(g, *others, terms=(result, *other_terms), result=target)


defvjp(einsum, each=_einsum_rule)


@implements(np.einsum)
def einsum_text(*operands: Any, optimize: Any = True) -> Any:
    """Einstein summation with any number of operands, repeated letters and an ellipsis.

    Subscripts are a text before the operands, or a list of numbers after each of them (and one
    for the result). The order of the products is always chosen by cost, whatever `optimize` is.
    """
    textual = operands and isinstance(operands[0], str)
    subscripts, *arrays = operands if textual else _text_first(operands)
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ValueError(
            f"einsum: expected {len(terms)} operands for {subscripts!r}, got {len(arrays)}. "
            "Separate the terms by commas, one per operand."
        )
    free = [c for c in reversed(string.ascii_letters) if c not in text]
    longest = ""
    for i, (term, x) in enumerate(zip(terms, arrays, strict=True)):
        count = np.ndim(x) - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            raise ValueError(
                f"einsum: expected one letter per axis, got the term {term!r} for operand {i} of "
                f"shape {np.shape(x)}. An ellipsis (...) stands for axes that are carried along."
            )
        letters = "".join(free[:count][::-1])
        longest = max(longest, letters, key=len)
        terms[i] = term.replace("...", letters)
    if not arrow:
        once = {c for c in left if c.isalpha() and left.count(c) == 1}
        right = "..." + "".join(sorted(once))
    return einsum(*arrays, terms=tuple(terms), result=right.replace("...", longest))


def _text_first(operands: tuple) -> list:
    """(x, [0, 1], y, [1, 2], [0, 2]) as ('AB,BC->AC', x, y)."""
    letters = string.ascii_uppercase + string.ascii_lowercase  # sorted like the numbers
    try:
        terms = ["".join("..." if k is ... else letters[k] for k in term) for term in
                 (*operands[1::2], *(operands[-1:] if len(operands) % 2 else ()))]  # fmt: skip
    except (TypeError, IndexError):
        raise TypeError(
            "einsum: expected the subscripts as a text such as 'ij,jk->ik' before the operands, or "
            f"a list of numbers below {len(letters)} after each operand."
        ) from None
    count = len(operands) // 2
    arrow = f"->{terms[count]}" if len(operands) % 2 else ""
    return [",".join(terms[:count]) + arrow, *operands[: 2 * count : 2]]


# ---- tensordot and what is one: sums of products over chosen axes


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum over pairs of axes: the last and first `axes` ones, or (axes of a, axes of b)."""
    left = list(string.ascii_lowercase[: np.ndim(a)])
    right = list(string.ascii_uppercase[: np.ndim(b)])
    for i, k in _pairs_of_axes(np.shape(a), np.shape(b), axes):
        right[k] = left[i]
    kept = [c for c in left if c not in right] + [c for c in right if c not in left]
    return einsum(a, b, terms=("".join(left), "".join(right)), result="".join(kept))


def _pairs_of_axes(left: tuple, right: tuple, axes: Any) -> list[tuple[int, int]]:
    """(axis of the left shape, axis of the right one) for each pair that is summed over."""
    try:
        both = (range(-axes, 0), range(axes)) if isinstance(axes, (int, np.integer)) else axes
        first, second = ((k,) if isinstance(k, (int, np.integer)) else tuple(k) for k in both)
        pairs = list(zip(first, second, strict=True))
        fitting = all(left[i] == right[k] for i, k in pairs)
        once = all(len({i % len(s) for i in part}) == len(part)
                   for part, s in ((first, left), (second, right)))  # fmt: skip
    except (TypeError, ValueError, IndexError):
        fitting = once = False
    if not fitting or not once:
        raise ValueError(
            f"tensordot: expected pairs of axes of equal lengths, got axes={axes!r} for the shapes "
            f"{left} and {right}. Name them with axes=(axes of a, axes of b)."
        )
    return pairs


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """Numbers: their product; else the sum over the last axis of a and the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return apply(np.matmul, a, b)
    return tensordot(a, b, (-1, -min(2, np.ndim(b))))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Numbers: their product; else the sum over the last axes of both."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return apply(np.matmul, a, np.transpose(b))
    return tensordot(a, b, (-1, -1))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of the products of all elements, read as two vectors."""
    return apply(np.matmul, np.reshape(a, -1), np.reshape(b, -1))


@implements(np.outer, np.linalg.outer)
def outer(a: Any, b: Any) -> Any:
    """All products of an element of a and one of b: (m), (n) -> (m, n)."""
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Every element of a times the whole of b, laid out as blocks."""
    n = max(np.ndim(a), np.ndim(b))
    rows = (1,) * (n - np.ndim(a)) + np.shape(a)
    columns = (1,) * (n - np.ndim(b)) + np.shape(b)
    spread = [size for pair in zip(rows, (1,) * n) for size in pair]
    within = [size for pair in zip((1,) * n, columns) for size in pair]
    blocks = np.reshape(a, spread) * np.reshape(b, within)
    return blocks.reshape([m * k for m, k in zip(rows, columns)])


@implements(np.cross, np.linalg.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector perpendicular to two vectors of three elements along an axis."""
    if axis is not None:
        axisa = axisb = axisc = axis
    if np.ndim(a) and np.ndim(b):
        a = apply(np.moveaxis, a, source=axisa, destination=-1)
        b = apply(np.moveaxis, b, source=axisb, destination=-1)
    shapes = np.shape(a), np.shape(b)
    if any(shape[-1:] != (3,) for shape in shapes):
        raise ValueError(
            f"cross: expected three elements along the axis, got shapes {shapes[0]} and "
            f"{shapes[1]}. Add a column of zeros to vectors in a plane."
        )
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis=axisc)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """The sum of x1 x2 along an axis."""
    return np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any) -> Any:
    """x1 @ x2."""
    return apply(np.matmul, x1, x2)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of many matrices in the cheapest order; the first and last may be vectors."""
    shapes = [np.shape(x) for x in arrays]
    middle = all(len(s) == 2 for s in shapes[1:-1])
    ends = len(shapes) > 1 and all(len(shapes[k]) in (1, 2) for k in (0, -1))
    if not (middle and ends) or any(s[-1] != t[0] for s, t in itertools.pairwise(shapes)):
        raise ValueError(
            "multi_dot: expected two or more matrices whose inner lengths agree, got shapes "
            f"{shapes}. Only the first and the last may be vectors."
        )
    sizes = [shapes[0][0] if len(shapes[0]) == 2 else 1, *[s[-1] for s in shapes[:-1]]]
    sizes.append(shapes[-1][1] if len(shapes[-1]) == 2 else 1)

    @functools.cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """(multiplications, where to cut) of the product of arrays i to j."""
        cuts = [
            (cheapest(i, k)[0] + cheapest(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
            for k in range(i, j)
        ]
        return min(cuts, default=(0, i))

    def joined(i: int, j: int) -> Any:
        k = cheapest(i, j)[1]
        return arrays[i] if i == j else apply(np.matmul, joined(i, k), joined(k + 1, j))

    return joined(0, len(arrays) - 1)
