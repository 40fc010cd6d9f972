"""What the metrics ask of their arguments: two vectors that belong together, and weights."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

from ..validation import check_label_column, check_values, check_weights

LABEL_ADVICE = "probabilities become classes by (p > 0.5) or p.argmax(axis=1)"
NUMBERS, TEXTS = "fiub", "U"


class UndefinedMetricWarning(UserWarning):
    """A metric has no value for these samples, and a stand-in was returned."""


def undefined(text: str) -> None:
    """Warn that a metric is not defined, in the line outside of this package that asked for it."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(__package__):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UndefinedMetricWarning, stacklevel=level)


def label_vector(y: Any, owner: str, name: str) -> np.ndarray:
    """Labels of shape (n,), n at least 1; a column (n, 1) is welcome."""
    y = check_label_column(_flat(y), owner, name=name, advice=LABEL_ADVICE)
    _check_some(y, owner, name)
    return y


def value_array(y: Any, owner: str, name: str, several: bool = True) -> np.ndarray:
    """Finite numbers as float64 of shape (n,), with `several` also (n, outputs); n at least 1."""
    y = check_values(_flat(y), owner, several=several, name=name).astype(np.float64, copy=False)
    _check_some(y, owner, name)
    return y


def check_same_length(one: Any, other: Any, owner: str, names: str = "y_true and y_pred") -> None:
    if len(one) != len(other):
        raise ValueError(
            f"{owner}: expected {names} of one length, got {len(one)} and {len(other)}. "
            "Entry i of both must belong to sample i."
        )


def label_pair(
    y_true: Any, y_pred: Any, owner: str, sample_weight: Any = None,
    names: tuple[str, str] = ("y_true", "y_pred"),
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:  # fmt: skip
    """True and predicted labels and the weights (n,) or None, checked."""
    true, predicted = label_vector(y_true, owner, names[0]), label_vector(y_pred, owner, names[1])
    check_same_length(true, predicted, owner, " and ".join(names))
    check_kinds(owner, **{names[0]: true, names[1]: predicted})
    return true, predicted, check_weights(sample_weight, owner, len(true))


def check_kinds(owner: str, **vectors: np.ndarray) -> None:
    """Refuse texts beside numbers: 1 and '1' would count as equal, or never."""
    kinds = {name: _kind(vector) for name, vector in vectors.items() if vector.size}
    if len(set(kinds.values()) - {"objects"}) > 1:
        found = " and ".join(f"{kind} in {name}" for name, kind in kinds.items())
        raise ValueError(
            f"{owner}: expected labels of one kind, got {found}. Write both alike, for example "
            "with y.astype(str)."
        )


def number_classes(owner: str, *vectors: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The sorted classes of all vectors together, and each vector as numbers of classes."""
    together = np.concatenate(vectors)
    try:
        classes, numbers = _small_integers(together) or np.unique(together, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"{owner}: expected labels of one kind, got a mixture that has no order. "
            "Make them all texts, or all numbers."
        ) from error
    return classes, np.split(numbers, np.cumsum([len(vector) for vector in vectors])[:-1])


def _small_integers(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """np.unique without sorting, for integers that lie close together."""
    if labels.dtype.kind not in "iu":
        return None
    least, most = int(labels.min()), int(labels.max())
    if most - least > 2 * len(labels) + 1000 or not -(2**62) < least <= most < 2**62:
        return None
    shifted = labels.astype(np.intp) - least
    there = np.bincount(shifted) > 0
    return (np.flatnonzero(there) + least).astype(labels.dtype), (np.cumsum(there) - 1)[shifted]


def _kind(vector: np.ndarray) -> str:
    if vector.dtype.kind in NUMBERS:
        return "numbers"
    if vector.dtype == object:
        texts = sum(isinstance(value, str) for value in vector)
        return "texts" if texts == len(vector) else "numbers" if _all_numbers(vector) else "objects"
    return "texts" if vector.dtype.kind in TEXTS else f"values of {vector.dtype}"


def _all_numbers(vector: np.ndarray) -> bool:
    return all(isinstance(value, (int, float, np.number, np.bool)) for value in vector)


def _flat(y: Any) -> Any:
    shape: tuple[int, ...] = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] == 1 and not hasattr(y, "toarray"):
        return np.asarray(y).ravel()
    return y


def _check_some(y: np.ndarray, owner: str, name: str) -> None:
    if y.shape[0] == 0:
        raise ValueError(
            f"{owner}: expected at least one sample, got an empty {name}. "
            "Look whether a filter left nothing over."
        )
