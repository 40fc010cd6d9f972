"""Attention: every place of a sequence reads from all others, as much as it likes each.

The softmax of scores is one operation, with mask and past inside; the rest are matrix products.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..table import defvjp
from ..tensor import primitive
from .checks import as_array, floats
from .normalisation import dropout as drop

Array = Any  # an ndarray or a Tensor


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array = None,
    causal: bool = False,
    dropout: float = 0.0,
    rng: Any = None,
) -> Array:
    """softmax(query key^T / sqrt(size) + mask) value (Vaswani et al., 2017).

    Parameters
    ----------
    query : (..., length, size), key : (..., places, size), value : (..., places, features); the
        leading axes broadcast, heads are one of them.
    mask : of a shape that broadcasts to (..., length, places). Of bool, True where a row may
        attend; of numbers, added to the scores. A row that may attend nowhere gives zeros.
    causal : place i attends to places up to i; length and places must be equal.
    dropout : rate at which weights are set to 0. rng : None, a seed or a Generator, for it.

    Returns (..., length, features).
    """
    query, key, value = (floats("attention", a) for a in (query, key, value))
    _check(query, key, value, causal)
    scores = (query * (1 / math.sqrt(query.shape[-1]))) @ key.mT
    weights = _weights(scores, *_additive(mask, scores), causal=bool(causal))
    if dropout:
        weights = drop(weights, dropout, rng)
    return weights @ value


def _check(query: Array, key: Array, value: Array, causal: bool) -> None:
    shapes = [np.shape(a) for a in (query, key, value)]
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[0][-1] == 0:
        raise ValueError(
            "attention: expected query (..., length, size) and key (..., places, size) of one "
            f"size, got {shapes[0]} and {shapes[1]}. The last axis holds the features."
        )
    if shapes[1][-2] != shapes[2][-2]:
        raise ValueError(
            "attention: expected as many values as keys in the last axis but one, got "
            f"{shapes[2]} and {shapes[1]}. Both belong to the same places."
        )
    if not _broadcast(*(shape[:-2] for shape in shapes)):
        raise ValueError(
            "attention: expected leading axes that fit together, got "
            f"{', '.join(str(shape) for shape in shapes)}. Query, key and value belong to the same "
            "samples."
        )
    if causal and shapes[0][-2] != shapes[1][-2]:
        raise ValueError(
            "attention: expected a query and a key of one length with causal=True, got "
            f"{shapes[0][-2]} and {shapes[1][-2]}. Give a mask that says what is past."
        )


def _broadcast(*shapes: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def _additive(mask: Array, scores: Array) -> tuple:
    """The mask as numbers to add, 0 and -inf for a mask of bool; nothing without one."""
    if mask is None:
        return ()
    mask = as_array("attention", mask)
    if mask.dtype.kind not in "bf":
        raise TypeError(
            "attention: expected a mask of bool (True: may attend) or of numbers to add, got "
            f"{mask.dtype}. Write mask.astype(bool)."
        )
    fits = mask.ndim <= len(scores.shape) and all(
        m in (1, n) for m, n in zip(mask.shape[::-1], scores.shape[::-1])
    )
    if not fits:
        raise ValueError(
            f"attention: expected a mask that broadcasts to {scores.shape}, got {mask.shape}. "
            "Its last two axes are those of query and key; use 1 for an axis that does not matter."
        )
    if mask.dtype.kind == "b":
        allowed = mask if isinstance(mask, np.ndarray) else mask.data
        mask = np.where(allowed, np.float32(0), np.float32(-np.inf))
    mask = mask if mask.dtype == scores.dtype else mask.astype(scores.dtype)
    return (np.broadcast_to(mask, scores.shape),)


def sinusoidal_positions(length: int, size: int, dtype: Any = np.float32) -> np.ndarray:
    """A fixed code of each place: sin and cos of place / 10000^(2 i / size), in turn.

    Returns (length, size): column 2i the sine, column 2i + 1 the cosine. Add it to embeddings.
    Source: Vaswani et al. (2017).

    >>> sinusoidal_positions(2, 2).round(3)
    array([[0.   , 1.   ],
           [0.841, 0.54 ]], dtype=float32)
    """
    for name, value in (("length", length), ("size", size)):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(
                f"sinusoidal_positions: {name} must be a positive integer, got {value!r}."
            )
    columns = np.arange(size)
    angles = np.arange(length)[:, None] / 10000.0 ** (2 * (columns // 2) / size)
    return np.where(columns % 2, np.cos(angles), np.sin(angles)).astype(dtype)


_weights = primitive(kernels.masked_softmax)
_softmax_backward = primitive(kernels.softmax_backward)


def _weights_rule(g: Any, out: Any, x: Any, mask: Any = None, *, causal: bool) -> tuple:
    slope = _softmax_backward(g, out)
    return slope, slope


defvjp(_weights, together=_weights_rule)
defvjp(
    _softmax_backward,
    lambda G, out, g, y: _softmax_backward(G, y),
    lambda G, out, g, y: (
        G * (g - (g * y).sum(axis=-1, keepdims=True)) - g * (G * y).sum(axis=-1, keepdims=True)
    ),
)
