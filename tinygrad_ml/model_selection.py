"""Splitting data into what a model learns from and what it is judged by.

A model is judged on rows it has not seen. A stratified split keeps the share of every class in each
part, because a rare class may otherwise be missing from one of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from .generators import generator

__all__ = ["KFold", "StratifiedKFold", "train_test_split"]

RandomState = Any  # None, a seed or a np.random.Generator


def train_test_split(
    *arrays: Any,
    test_size: float | int = 0.25,
    shuffle: bool = True,
    stratify: Any = None,
    random_state: RandomState = None,
) -> list[Any]:
    """Split arrays of equal length into a training and a test part, the same rows of each.

    Args:
        *arrays: arrays, lists, data frames or sparse matrices; rows first.
        test_size: a share between 0 and 1 (rounded up to whole rows), or a number of rows.
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
    lengths = [_length(array, "train_test_split") for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"train_test_split: expected arrays of one length, got lengths {lengths}; "
            "row i of every array must belong to sample i"
        )
    n_rows = lengths[0]
    n_test = _test_rows(test_size, n_rows)
    rng = generator(random_state, "train_test_split", "random_state")

    if stratify is not None:
        if not shuffle:
            raise ValueError(
                "train_test_split: expected shuffle=True with stratify, got shuffle=False; "
                "a stratified split has to draw rows from every class"
            )
        train, test = _stratified(_labels(stratify, n_rows, "stratify"), n_test, rng)
    else:
        order = rng.permutation(n_rows) if shuffle else np.arange(n_rows)
        train, test = order[: n_rows - n_test], order[n_rows - n_test :]
    return [_take(array, rows) for array in arrays for rows in (train, test)]


@dataclass
class KFold:
    """Cross-validation: cut the rows into folds, each of which is the test part once.

    The first n % n_splits folds have one row more than the others. Unshuffled folds are
    consecutive rows. With a seed every call of `split` gives the same folds; with a Generator or
    None each call draws new ones.

    Args:
        n_splits: number of folds, at least 2.
        shuffle: draw the rows of a fold at random.
        random_state: None, a seed, or a `np.random.Generator`; only with `shuffle=True`.

    Source: M. Stone, Cross-validatory choice and assessment of statistical predictions, 1974.

    >>> for train, test in KFold(3).split(np.zeros((4, 2))):
    ...     print(train, test)
    [2 3] [0 1]
    [0 1 3] [2]
    [0 1 2] [3]
    """

    n_splits: int = 5
    _: KW_ONLY
    shuffle: bool = False
    random_state: RandomState = None

    def __post_init__(self) -> None:
        _check_folds(self)

    def split(self, X: Any, y: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (train, test) for each fold: ascending row numbers. Only the length of X counts.

        Raises:
            ValueError: fewer rows than folds, or y of another length than X.
        """
        n_rows = _length(X, "KFold")
        n_targets = n_rows if y is None else _length(y, "KFold")
        if n_targets != n_rows:
            raise ValueError(
                f"KFold: expected one target per row of X, got {n_rows} rows and {n_targets} "
                "targets; row i of X must belong to target i"
            )
        _check_rows(self, n_rows)
        fold = np.sort(np.arange(n_rows) % self.n_splits)
        if self.shuffle:
            fold = generator(self.random_state, "KFold", "random_state").permutation(fold)
        return _folds(fold, self.n_splits)


@dataclass
class StratifiedKFold:
    """Cross-validation that keeps the share of every class in each fold.

    The rows are dealt out like cards, sorted by class: the folds differ by at most one row, in all
    and within every class. Unshuffled folds are consecutive within each class.

    Args:
        n_splits: number of folds, at least 2.
        shuffle: draw the rows of a fold at random within each class.
        random_state: None, a seed, or a `np.random.Generator`; only with `shuffle=True`.

    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> for train, test in StratifiedKFold(2).split(np.zeros((6, 3)), y):
    ...     print(y[train], y[test])
    [0 0 1] [0 0 1]
    [0 0 1] [0 0 1]
    """

    n_splits: int = 5
    _: KW_ONLY
    shuffle: bool = False
    random_state: RandomState = None

    def __post_init__(self) -> None:
        _check_folds(self)

    def split(self, X: Any, y: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (train, test) for each fold: ascending row numbers. Only the length of X counts.

        Args:
            X: the samples, rows first.
            y: class labels of shape (n,), any dtype.

        Raises:
            ValueError: fewer rows than folds, every class smaller than the number of folds, or y
                that is no vector of labels for X.

        Warns:
            UserWarning: a class has fewer rows than there are folds, so some folds lack it.
        """
        n_rows = _length(X, "StratifiedKFold")
        labels = _labels(y, n_rows, "StratifiedKFold: y")
        _check_rows(self, n_rows)
        counts = np.bincount(labels)
        if counts.max() < self.n_splits:
            raise ValueError(
                f"StratifiedKFold: expected a class of at least n_splits={self.n_splits} rows, got "
                f"{counts.max()} in the largest; use fewer folds or KFold"
            )
        if counts.min() < self.n_splits:
            warnings.warn(
                f"StratifiedKFold: the smallest class has {counts.min()} rows, fewer than "
                f"n_splits={self.n_splits}, so some folds lack it; use fewer folds",
                UserWarning,
                stacklevel=2,
            )
        rng = (
            generator(self.random_state, "StratifiedKFold", "random_state")
            if self.shuffle
            else None
        )
        dealt = np.arange(n_rows) % self.n_splits
        fold = np.empty(n_rows, dtype=np.intp)
        for label, hand in enumerate(np.split(dealt, np.cumsum(counts)[:-1])):
            fold[labels == label] = np.sort(hand) if rng is None else rng.permutation(hand)
        return _folds(fold, self.n_splits)


def _folds(fold: np.ndarray, n_splits: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number in range(n_splits):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _stratified(
    labels: np.ndarray, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    n_rows, counts = len(labels), np.bincount(labels)
    if counts.min() < 2:
        raise ValueError(
            "train_test_split: expected at least 2 rows of every class in stratify, got a class "
            "with 1; leave that class out or split without stratify"
        )
    if min(n_test, n_rows - n_test) < len(counts):
        raise ValueError(
            f"train_test_split: expected at least one row for each of the {len(counts)} classes in "
            f"both parts, got {n_rows - n_test} training and {n_test} test rows; "
            "change test_size or split without stratify"
        )
    # Largest remainder method (Hamilton, 1792): whole shares first, then one more row each to the
    # classes that lost most by rounding down. In whole numbers, so that ties are exact; they are
    # broken at random so that no class is favoured.
    from_class, remainder = np.divmod(counts * n_test, n_rows)
    ranking = np.lexsort((rng.permutation(len(counts)), -remainder))
    from_class[ranking[: n_test - from_class.sum()]] += 1

    is_test = np.zeros(n_rows, dtype=bool)
    for label, size in enumerate(from_class):
        is_test[rng.permutation(np.flatnonzero(labels == label))[:size]] = True
    return rng.permutation(np.flatnonzero(~is_test)), rng.permutation(np.flatnonzero(is_test))


def _test_rows(test_size: Any, n_rows: int) -> int:
    if _is_integer(test_size):
        n_test = int(test_size)
        if not 0 < n_test < n_rows:
            raise ValueError(
                f"train_test_split: expected test_size from 1 to {n_rows - 1} rows or a share "
                f"between 0 and 1, got {test_size}; both parts need a row of the {n_rows}"
            )
        return n_test
    if not isinstance(test_size, (float, np.floating)) or not 0 < test_size < 1:
        raise ValueError(
            f"train_test_split: expected test_size as a share between 0 and 1 or a number of rows, "
            f"got {test_size!r}; write for example test_size=0.25"
        )
    n_test = int(np.ceil(test_size * n_rows))
    if n_test >= n_rows:
        raise ValueError(
            f"train_test_split: expected rows for both parts, got {n_rows} in all, {n_test} of "
            f"them for the test part; use a smaller test_size than {test_size} or more data"
        )
    return n_test


def _check_folds(splitter: KFold | StratifiedKFold) -> None:
    name = type(splitter).__name__
    if not _is_integer(splitter.n_splits) or splitter.n_splits < 2:
        raise ValueError(
            f"{name}: n_splits must be an integer of at least 2, got {splitter.n_splits!r}; "
            "for a single split use train_test_split"
        )
    if not isinstance(splitter.shuffle, (bool, np.bool)):
        raise TypeError(
            f"{name}: shuffle must be True or False, got {splitter.shuffle!r}; "
            "a seed is passed as random_state"
        )
    if not splitter.shuffle and splitter.random_state is not None:
        raise ValueError(
            f"{name}: expected random_state=None without shuffling, got "
            f"{splitter.random_state!r}; set shuffle=True, or leave random_state out"
        )


def _check_rows(splitter: KFold | StratifiedKFold, n_rows: int) -> None:
    if n_rows < splitter.n_splits:
        raise ValueError(
            f"{type(splitter).__name__}: expected at least n_splits={splitter.n_splits} rows, got "
            f"{n_rows}; use fewer folds"
        )


def _labels(values: Any, n_rows: int, place: str) -> np.ndarray:
    """Number the classes in the order in which they first appear: shape (n,), 0..k-1."""
    values = np.asarray(values)
    if values.ndim != 1 or len(values) != n_rows:
        raise ValueError(
            f"{place}: expected one class label per row, shape ({n_rows},), got shape "
            f"{values.shape}; pass the labels as a vector"
        )
    if values.dtype.kind == "f" and not np.all(np.isfinite(values) & (values == np.rint(values))):
        raise ValueError(
            f"{place}: expected class labels, got continuous values of dtype {values.dtype}; "
            "split without stratification, or cut them into classes first"
        )
    _, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbers]


def _length(array: Any, place: str) -> int:
    # Sparse matrices have a shape but no len().
    if len(getattr(array, "shape", ())) > 0:
        return int(array.shape[0])
    if isinstance(array, (list, tuple)):
        return len(array)
    raise TypeError(
        f"{place}: expected arrays with one row per sample, got {type(array).__name__}; "
        "pass arrays, lists, data frames or sparse matrices"
    )


def _take(array: Any, rows: np.ndarray) -> Any:
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if hasattr(array, "shape"):
        return array[rows]
    return [array[row] for row in rows]


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
