"""Splitting data once, into what a model learns from and what it is judged by.

A model is judged on rows it has not seen. A stratified split keeps the share of every class in each
part, because a rare class may otherwise be missing from one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generators import generator
from ..validation import is_integer

RandomState = Any  # None, a seed or a np.random.Generator


def train_test_split(
    *arrays: Any,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    shuffle: bool = True,
    stratify: Any = None,
    random_state: RandomState = None,
) -> list[Any]:
    """Split arrays of equal length into a training and a test part, the same rows of each.

    Args:
        *arrays: arrays, lists, data frames or sparse matrices; rows first.
        test_size: a share between 0 and 1 (rounded up to whole rows), or a number of rows; None:
            what `train_size` leaves over, or 0.25 without it.
        train_size: likewise (rounded down); None: what `test_size` leaves over.
        shuffle: draw the rows at random; otherwise the last rows are the test part.
        stratify: class labels of shape (n,): both parts get each class in its proportion, as near
            as whole rows allow (less than one row off).
        random_state: None (fresh entropy), a seed, or a `np.random.Generator` to draw from.

    Returns:
        The list [first_train, first_test, second_train, second_test, ...]; copies, of the same
        kinds as the arguments.

    Raises:
        ValueError: no arrays, different lengths, an empty part, or labels that cannot be
            stratified.

    >>> X, y = np.arange(12).reshape(6, 2), ["a", "a", "b", "b", "b", "b"]
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, test_size=3, stratify=y, random_state=0)
    >>> sorted(y_train), sorted(y_test)
    (['a', 'b', 'b'], ['a', 'b', 'b'])
    """
    if not arrays:
        raise ValueError(
            "train_test_split: expected at least one array, got none; write train_test_split(X, y)"
        )
    if not isinstance(shuffle, (bool, np.bool)):
        raise ValueError(f"train_test_split: shuffle must be True or False, got {shuffle!r:.80}")
    lengths = [n_rows_of(array, "train_test_split") for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"train_test_split: expected arrays of one length, got lengths {lengths}; "
            "row i of every array must belong to sample i"
        )
    n_rows = lengths[0]
    n_train, n_test = part_sizes("train_test_split", n_rows, test_size, train_size, 0.25)
    rng = generator(random_state, "train_test_split", "random_state")

    if stratify is not None:
        if not shuffle:
            raise ValueError(
                "train_test_split: expected shuffle=True with stratify, got shuffle=False; "
                "a stratified split has to draw rows from every class"
            )
        labels = class_numbers(stratify, n_rows, "stratify")
        train, test = stratified_parts("train_test_split", labels, n_train, n_test, rng)
    else:
        order = rng.permutation(n_rows) if shuffle else np.arange(n_rows)
        train, test = order[:n_train], order[n_train : n_train + n_test]
    return [take(array, rows) for array in arrays for rows in (train, test)]


def stratified_parts(
    owner: str, labels: np.ndarray, n_train: int, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows for two parts, each with every class in its proportion; in random order."""
    counts = np.bincount(labels)
    if counts.min() < 2:
        raise ValueError(
            f"{owner}: expected at least 2 rows of every class in stratify, got a class "
            "with 1; leave that class out or split without stratify"
        )
    if min(n_test, n_train) < len(counts):
        raise ValueError(
            f"{owner}: expected at least one row for each of the {len(counts)} classes in "
            f"both parts, got {n_train} training and {n_test} test rows; "
            "change the sizes or split without stratify"
        )
    used = np.ones(len(labels), dtype=bool)
    if n_train + n_test < len(labels):
        used = _draw_by_class(labels, n_train + n_test, rng)
    test = _draw_by_class(np.where(used, labels, -1), n_test, rng)
    train = used & ~test
    return rng.permutation(np.flatnonzero(train)), rng.permutation(np.flatnonzero(test))


def _draw_by_class(labels: np.ndarray, n_drawn: int, rng: np.random.Generator) -> np.ndarray:
    """Which rows are drawn, `n_drawn` in all; rows of label -1 never are.

    Largest remainder method (Hamilton, 1792): whole shares first, then one more row each to the
    classes that lost most by rounding down. In whole numbers, so that ties are exact; they are
    broken at random so that no class is favoured.
    """
    counts = np.bincount(labels[labels >= 0])
    from_class, remainder = np.divmod(counts * n_drawn, counts.sum())
    ranking = np.lexsort((rng.permutation(len(counts)), -remainder))
    from_class[ranking[: n_drawn - from_class.sum()]] += 1
    drawn = np.zeros(len(labels), dtype=bool)
    for label, size in enumerate(from_class):
        drawn[rng.permutation(np.flatnonzero(labels == label))[:size]] = True
    return drawn


def part_sizes(
    owner: str, n_rows: int, test_size: Any, train_size: Any, default: float
) -> tuple[int, int]:
    """(rows of the training part, rows of the test part)."""
    if test_size is None and train_size is None:
        test_size = default
    n_test = _size(owner, "test_size", test_size, n_rows, np.ceil)
    n_train = _size(owner, "train_size", train_size, n_rows, np.floor)
    n_train = n_rows - n_test if train_size is None else n_train
    n_test = n_rows - n_train if test_size is None else n_test
    if n_train < 1 or n_test < 1 or n_train + n_test > n_rows:
        given = "test_size" if test_size is not None else "train_size"
        raise ValueError(
            f"{owner}: expected rows for both parts, got {n_rows} in all, {n_train} of them for "
            f"the training and {n_test} for the test part; change {given} or use more data"
        )
    return n_train, n_test


def _size(owner: str, name: str, size: Any, n_rows: int, rounded: Any) -> int:
    if size is None:
        return 0
    if is_integer(size):
        if not 0 < size < n_rows:
            raise ValueError(
                f"{owner}: expected {name} from 1 to {n_rows - 1} rows or a share "
                f"between 0 and 1, got {size}; both parts need a row of the {n_rows}"
            )
        return int(size)
    if not isinstance(size, (float, np.floating)) or not 0 < size < 1:
        raise ValueError(
            f"{owner}: expected {name} as a share between 0 and 1 or a number of rows, "
            f"got {size!r}; write for example {name}=0.25"
        )
    return int(rounded(size * n_rows))


def class_numbers(values: Any, n_rows: int, place: str) -> np.ndarray:
    """Number the classes in the order in which they first appear: shape (n,), 0..k-1."""
    values = np.asarray(values)
    if values.ndim != 1 or len(values) != n_rows:
        raise ValueError(
            f"{place}: expected one class label per row, shape ({n_rows},), got shape "
            f"{values.shape}; pass the labels as a vector"
        )
    if values.dtype.kind == "f" and not np.all(np.isfinite(values) & (values == np.rint(values))):
        missing = int(np.isnan(values).sum())
        raise ValueError(
            f"{place}: expected a label for every row, got NaN ({missing} times); leave those rows "
            "out"
            if missing
            else f"{place}: expected class labels, got continuous values of dtype {values.dtype}; "
            "split without stratification (KFold), or cut them into classes first"
        )
    try:
        _, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in values})
        raise ValueError(
            f"{place}: expected labels of one kind, got {' and '.join(kinds)}; make them all texts "
            "or all numbers, and leave rows without a label out"
        ) from error
    return np.argsort(np.argsort(first))[numbers]


def n_rows_of(array: Any, place: str) -> int:
    """The number of rows; an error for what has none."""
    # Sparse matrices have a shape but no len().
    if len(getattr(array, "shape", ())) > 0:
        return int(array.shape[0])
    if isinstance(array, (list, tuple)):
        return len(array)
    raise TypeError(
        f"{place}: expected arrays with one row per sample, got {type(array).__name__}; "
        "pass arrays, lists, data frames or sparse matrices"
    )


def take(array: Any, rows: np.ndarray) -> Any:
    """The rows of an array, list, data frame or sparse matrix, in the same kind."""
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if hasattr(array, "shape"):
        return array[rows]
    return [array[row] for row in rows]
