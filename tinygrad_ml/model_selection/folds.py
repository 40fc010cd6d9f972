"""Splitting data many times, so that every row is tested: cross-validation.

A splitter says how; `split(X, y, groups)` yields (train, test), two arrays of row numbers, for each
fold. Everything here that takes `cv` takes a splitter (also one of scikit-learn), a number of
folds, or the folds themselves.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from ..generators import generator
from ..validation import is_integer
from .splitting import RandomState, class_numbers, n_rows_of, part_sizes, stratified_parts

Folds = Iterator[tuple[np.ndarray, np.ndarray]]


class Splitter:
    """What all splitters share: the number of their folds."""

    n_splits: int

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of folds."""
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        """Yield (train, test) for each fold: row numbers. Only the length of X counts."""
        raise NotImplementedError


@dataclass
class KFold(Splitter):
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

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        """Yield (train, test) for each fold: ascending row numbers. Only the length of X counts.

        Raises:
            ValueError: fewer rows than folds, or y of another length than X.
        """
        n_rows = _rows(self, X, y)
        _check_rows(self, n_rows)
        fold = np.sort(np.arange(n_rows) % self.n_splits)
        if self.shuffle:
            fold = generator(self.random_state, "KFold", "random_state").permutation(fold)
        return _folds(fold, self.n_splits)


@dataclass
class StratifiedKFold(Splitter):
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

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
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
        n_rows = n_rows_of(X, "StratifiedKFold")
        labels = class_numbers(y, n_rows, "StratifiedKFold: y")
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


@dataclass
class LeaveOneOut(Splitter):
    """Cross-validation with as many folds as rows: each row is once the whole test part.

    Source: M. Stone, Cross-validatory choice and assessment of statistical predictions, 1974.

    >>> [test.tolist() for train, test in LeaveOneOut().split(np.zeros((3, 2)))]
    [[0], [1], [2]]
    """

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of rows of X."""
        if X is None:
            raise ValueError("LeaveOneOut: expected X to count its rows, got None; pass X")
        return n_rows_of(X, "LeaveOneOut")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        n_rows = _rows(self, X, y)
        if n_rows < 2:
            raise ValueError(
                f"LeaveOneOut: expected at least 2 rows, got {n_rows}; one is left out and the "
                "model learns from the others"
            )
        return _folds(np.arange(n_rows), n_rows)


@dataclass
class RepeatedKFold(Splitter):
    """KFold, shuffled, several times: every row is tested once in each repetition.

    Args:
        n_splits: number of folds of a repetition, at least 2.
        n_repeats: number of repetitions.
        random_state: None, a seed, or a `np.random.Generator`.
    """

    _: KW_ONLY
    n_splits: int = 5
    n_repeats: int = 10
    random_state: RandomState = None

    _kind: ClassVar[Any] = KFold

    def __post_init__(self) -> None:
        self._kind(self.n_splits)  # says what is wrong with n_splits
        _check_positive(self, "n_repeats")

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits * self.n_repeats

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        rng = generator(self.random_state, type(self).__name__, "random_state")
        once = self._kind(self.n_splits, shuffle=True, random_state=rng)
        # The first one is asked for now, so that what is wrong with X and y is said at once.
        parts = [once.split(X, y) for _ in range(self.n_repeats)]
        return (fold for part in parts for fold in part)


@dataclass
class RepeatedStratifiedKFold(RepeatedKFold):
    """StratifiedKFold, shuffled, several times; arguments as for RepeatedKFold."""

    _kind: ClassVar[Any] = StratifiedKFold


@dataclass
class ShuffleSplit(Splitter):
    """Hold out rows drawn at random, again and again; a row may be tested several times or never.

    Args:
        n_splits: number of splits.
        test_size: a share between 0 and 1 (rounded up to whole rows), or a number of rows; None:
            what `train_size` leaves over, or 0.1 without it.
        train_size: likewise (rounded down); None: what `test_size` leaves over.
        random_state: None, a seed, or a `np.random.Generator`.
    """

    n_splits: int = 10
    _: KW_ONLY
    test_size: float | int | None = None
    train_size: float | int | None = None
    random_state: RandomState = None

    def __post_init__(self) -> None:
        _check_positive(self, "n_splits")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        owner = type(self).__name__
        n_rows = _rows(self, X, y)
        n_train, n_test = part_sizes(owner, n_rows, self.test_size, self.train_size, 0.1)
        rng = generator(self.random_state, owner, "random_state")
        parts = [self._parts(y, n_rows, n_train, n_test, rng) for _ in range(self.n_splits)]
        return iter(parts)

    def _parts(
        self, y: Any, n_rows: int, n_train: int, n_test: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        order = rng.permutation(n_rows)
        return order[n_test : n_test + n_train], order[:n_test]


@dataclass
class StratifiedShuffleSplit(ShuffleSplit):
    """ShuffleSplit that keeps the share of every class in both parts; y is the classes."""

    def _parts(
        self, y: Any, n_rows: int, n_train: int, n_test: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        owner = type(self).__name__
        labels = class_numbers(y, n_rows, f"{owner}: y")
        return stratified_parts(owner, labels, n_train, n_test, rng)


@dataclass
class GroupKFold(Splitter):
    """Cross-validation that never parts a group: its rows are tested together.

    For rows that belong together (one patient, one writer), which would tell the model about each
    other. The largest group goes first, each into the fold with the fewest rows so far; shuffled,
    they come in random order.

    Args:
        n_splits: number of folds, at least 2.
        shuffle: take the groups in random order.
        random_state: None, a seed, or a `np.random.Generator`; only with `shuffle=True`.

    >>> groups = ["a", "a", "b", "c"]
    >>> for train, test in GroupKFold(2).split(np.zeros((4, 2)), groups=groups):
    ...     print(train, test)
    [2 3] [0 1]
    [0 1] [2 3]
    """

    n_splits: int = 5
    _: KW_ONLY
    shuffle: bool = False
    random_state: RandomState = None

    def __post_init__(self) -> None:
        _check_folds(self)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        """Yield (train, test) for each fold; `groups` is the group of every row, shape (n,)."""
        n_rows = _rows(self, X, y)
        if groups is None:
            raise ValueError(
                "GroupKFold: expected the group of every row, got None; pass groups=..."
            )
        numbers = class_numbers(groups, n_rows, "GroupKFold: groups")
        sizes = np.bincount(numbers)
        if len(sizes) < self.n_splits:
            raise ValueError(
                f"GroupKFold: expected at least n_splits={self.n_splits} groups, got {len(sizes)}; "
                "use fewer folds"
            )
        order = np.argsort(-sizes, kind="stable")
        if self.shuffle:
            order = generator(self.random_state, "GroupKFold", "random_state").permutation(order)
        in_fold = np.zeros(self.n_splits, dtype=np.intp)
        fold = np.empty(len(sizes), dtype=np.intp)
        for i, group in enumerate(order):
            # An empty fold comes first, or a shuffled order might leave one empty at the end.
            lightest = in_fold.argmin() if i >= self.n_splits else i
            fold[group] = lightest
            in_fold[lightest] += sizes[group]
        return _folds(fold[numbers], self.n_splits)


@dataclass
class TimeSeriesSplit(Splitter):
    """Splits of rows in order of time: learn from the past, be tested on what follows.

    Fold i is tested on the i-th of the last `n_splits` stretches of `test_size` rows, and learns
    from all rows before it.

    Args:
        n_splits: number of folds, at least 2.
        max_train_size: learn from no more than so many rows, the latest ones.
        test_size: rows of a test part; None: n // (n_splits + 1).
        gap: rows left out between training and test part.

    >>> for train, test in TimeSeriesSplit(3).split(np.zeros((4, 2))):
    ...     print(train, test)
    [0] [1]
    [0 1] [2]
    [0 1 2] [3]
    """

    n_splits: int = 5
    _: KW_ONLY
    max_train_size: int | None = None
    test_size: int | None = None
    gap: int = 0

    def __post_init__(self) -> None:
        _check_n_splits(self)
        for name in ("max_train_size", "test_size"):
            if getattr(self, name) is not None:
                _check_positive(self, name)
        if not is_integer(self.gap) or self.gap < 0:
            raise ValueError(
                f"TimeSeriesSplit: gap must be an integer of at least 0, got {self.gap!r}; "
                "it is a number of rows"
            )

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        n_rows = _rows(self, X, y)
        size = n_rows // (self.n_splits + 1) if self.test_size is None else self.test_size
        first = n_rows - self.n_splits * size
        if size == 0 or first - self.gap < 1:
            raise ValueError(
                f"TimeSeriesSplit: expected more than {self.n_splits} x {max(size, 1)} test rows "
                f"and a gap of {self.gap}, got {n_rows} rows; use fewer folds or a smaller "
                "test_size"
            )
        rows = np.arange(n_rows)
        longest = n_rows if self.max_train_size is None else self.max_train_size
        return (
            (
                rows[max(0, start - self.gap - longest) : start - self.gap],
                rows[start : start + size],
            )
            for start in range(first, n_rows, size)
        )


class _Given(Splitter):
    """Folds that were given as (train, test) pairs, of row numbers or of truth values."""

    def __init__(self, folds: Iterable) -> None:
        self.folds = list(folds)
        self.n_splits = len(self.folds)
        if not self.folds:
            raise ValueError("cv: expected at least one fold, got none; pass (train, test) pairs")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Folds:
        n_rows = _rows(self, X, y)
        return iter([self._pair(fold, i, n_rows) for i, fold in enumerate(self.folds)])

    def _pair(self, fold: Any, i: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
        if not isinstance(fold, (tuple, list)) or len(fold) != 2:
            raise ValueError(
                f"cv: expected every fold as a pair (train, test) of row numbers, got {fold!r:.80} "
                f"as cv[{i}]; write cv=[(train, test), ...]"
            )
        return (_given_rows(fold[0], i, n_rows), _given_rows(fold[1], i, n_rows))


def _given_rows(rows: Any, i: int, n_rows: int) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_rows,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise ValueError(
            f"cv: expected row numbers in cv[{i}], got an array of {rows.dtype} of shape "
            f"{rows.shape}; pass integers from 0 to {n_rows - 1}"
        )
    if rows.min() < 0 or rows.max() >= n_rows:
        raise ValueError(
            f"cv: expected row numbers from 0 to {n_rows - 1}, got {rows.min()} to {rows.max()} in "
            f"cv[{i}]; the folds belong to other data"
        )
    return rows


def check_cv(cv: Any = 5, y: Any = None, *, classifier: bool = False) -> Any:
    """The splitter that `cv` stands for.

    Args:
        cv: None (5 folds), a number of folds, a splitter, or a list of (train, test) pairs. A
            number means unshuffled StratifiedKFold for a classifier with one class per row, and
            unshuffled KFold otherwise.
        y: the targets.
        classifier: whether the estimator predicts classes.

    Raises:
        ValueError: anything else.
    """
    cv = 5 if cv is None else cv
    if is_integer(cv):
        stratified = classifier and y is not None and _one_per_row(y)
        return StratifiedKFold(cv) if stratified else KFold(cv)
    if hasattr(cv, "split") and hasattr(cv, "get_n_splits") and not isinstance(cv, type):
        return cv
    if isinstance(cv, Iterable) and not isinstance(cv, (str, bytes, dict)):
        return _Given(cv)
    raise ValueError(
        "cv must be a number of folds, a splitter or a list of (train, test) pairs, got "
        f"{cv!r:.80}; write for example cv=5 or cv=StratifiedKFold(5, shuffle=True, random_state=0)"
    )


def _one_per_row(y: Any) -> bool:
    """Whether there is one target per row (perhaps as a column), and not a row of them."""
    if hasattr(y, "shape"):
        return len(y.shape) == 1 or y.shape[1:] == (1,)
    return not any(isinstance(each, (list, tuple, np.ndarray)) for each in y)


def _rows(splitter: Any, X: Any, y: Any) -> int:
    """The number of rows of X, which must be that of y."""
    owner = type(splitter).__name__.lstrip("_")
    n_rows = n_rows_of(X, owner)
    n_targets = n_rows if y is None else n_rows_of(y, owner)
    if n_targets != n_rows:
        raise ValueError(
            f"{owner}: expected one target per row of X, got {n_rows} rows and {n_targets} "
            "targets; row i of X must belong to target i"
        )
    return n_rows


def _folds(fold: np.ndarray, n_splits: int) -> Folds:
    for number in range(n_splits):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _check_positive(splitter: Any, name: str) -> None:
    value = getattr(splitter, name)
    if not is_integer(value) or value < 1:
        raise ValueError(
            f"{type(splitter).__name__}: {name} must be a positive integer, got {value!r}; "
            f"write for example {name}=10"
        )


def _check_n_splits(splitter: Any) -> None:
    name = type(splitter).__name__
    if not is_integer(splitter.n_splits) or splitter.n_splits < 2:
        raise ValueError(
            f"{name}: n_splits must be an integer of at least 2, got {splitter.n_splits!r}; "
            "for a single split use train_test_split"
        )


def _check_folds(splitter: Any) -> None:
    name = type(splitter).__name__
    _check_n_splits(splitter)
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


def _check_rows(splitter: Any, n_rows: int) -> None:
    if n_rows < splitter.n_splits:
        raise ValueError(
            f"{type(splitter).__name__}: expected at least n_splits={splitter.n_splits} rows, got "
            f"{n_rows}; use fewer folds"
        )
