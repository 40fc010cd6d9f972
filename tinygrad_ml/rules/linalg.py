"""Derivatives of products: matmul of any ranks, and einsum."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from .. import kernels
from ..table import defvjp, implements
from ..tensor import primitive

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


@implements(np.dot)
def dot(x: Any, y: Any) -> Any:
    """np.dot for numbers, vectors and matrices."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return x * y
    if np.ndim(x) <= 2 and np.ndim(y) <= 2:
        return np.matmul(x, y)
    raise TypeError(
        "dot: for more than two axes write x @ y or np.einsum, whose axes are explicit."
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
    matrix; a letter that stands nowhere else (it was summed alone) by a vector of ones."""
    x = operands[k]
    others = [o for i, o in enumerate(operands) if i != k]
    other_terms = [t for i, t in enumerate(terms) if i != k]
    known = set(result).union(*other_terms)
    fresh = iter(c for c in string.ascii_letters if c not in set(result).union(*terms))
    target = ""
    for axis, letter in enumerate(terms[k]):
        if letter in target:
            twin = next(fresh)
            others.append(np.eye(x.shape[axis], dtype=x.dtype))
            other_terms.append(letter + twin)
            target += twin
            continue
        if letter not in known:
            others.append(np.ones(x.shape[axis], dtype=x.dtype))
            other_terms.append(letter)
        target += letter
    return einsum(g, *others, terms=(result, *other_terms), result=target)


defvjp(einsum, each=_einsum_rule)


@implements(np.einsum)
def einsum_text(subscripts: str, *operands: Any) -> Any:
    """Einstein summation with any number of operands, repeated letters and an ellipsis."""
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: expected the subscripts as text, such as 'ij,jk->ik', before the operands."
        )
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(
            f"einsum: {subscripts!r} names {len(terms)} operands, got {len(operands)}."
        )
    free = [c for c in reversed(string.ascii_letters) if c not in text]
    longest = ""
    for i, (term, x) in enumerate(zip(terms, operands, strict=True)):
        if "..." in term:
            count = np.ndim(x) - len(term.replace("...", ""))
            letters = "".join(free[:count][::-1])
            longest = max(longest, letters, key=len)
            terms[i] = term.replace("...", letters)
        if len(terms[i]) != np.ndim(x):
            raise ValueError(
                f"einsum: the term {term!r} does not fit operand {i} of shape {np.shape(x)}."
            )
    if not arrow:
        once = {c for c in left if c.isalpha() and left.count(c) == 1}
        right = longest + "".join(sorted(once))
    return einsum(*operands, terms=tuple(terms), result=right.replace("...", longest))
