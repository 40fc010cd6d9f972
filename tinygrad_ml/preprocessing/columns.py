"""Other treatment for other columns."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..estimator import Transformer, clone
from ..validation import BOOLEAN, Accepts, choice, is_integer, number
from .composition import Composition, Named, naming, numbered_names
from .names import input_names
from .tables import check_table

ESTIMATOR = Accepts("a transformer", lambda v: hasattr(v, "fit") and hasattr(v, "transform"))
_BRACKETS = " Here: give the one column in brackets, [column]."
NOTHING_DONE = ("drop", "passthrough")


class ColumnTransformer(Transformer, Composition):
    """Each transformer gets columns of its own, and the results stand side by side.

    Parameters
    ----------
    transformers : list of (name, transformer, columns); "drop" leaves columns out, "passthrough"
        takes them as they are. Columns are a number, a name (both give the transformer a vector),
        a list or slice of either, a mask, or a function of X that returns one of these.
    remainder : what becomes of the other columns: "drop", "passthrough" or a transformer.
    sparse_threshold : if a result is sparse, the whole is sparse below this share of non-zeros.
    verbose_feature_names_out : put name__ in front of the names of columns.

    Learned: `transformers_`, the fitted ones, and `named_transformers_`; `output_indices_`, the
    slice of the result that each made.

    >>> from tinygrad_ml.preprocessing import MinMaxScaler, OneHotEncoder
    >>> table = [["red", 10.0], ["blue", 20.0]]
    >>> ColumnTransformer([
    ...     ("colour", OneHotEncoder(sparse_output=False), [0]), ("size", MinMaxScaler(), [1]),
    ... ]).fit_transform(table)
    array([[0., 1., 0.],
           [1., 0., 1.]])
    """

    _parts_name = "transformers"
    _part, _part_length = '("name", transformer, columns)', 3
    _parameters = {
        "remainder": choice("drop", "passthrough") | ESTIMATOR,
        "sparse_threshold": number(0, 1),
        "verbose_feature_names_out": BOOLEAN,
    }
    _allow_nan = True

    def __init__(
        self, transformers: Any, *, remainder: Any = "drop", sparse_threshold: float = 0.3,
        verbose_feature_names_out: bool = True,
    ) -> None:  # fmt: skip
        self.transformers = transformers
        self.remainder = remainder
        self.sparse_threshold = sparse_threshold
        self.verbose_feature_names_out = verbose_feature_names_out

    def _samples(self, X: Any) -> Any:
        """The table as it came, or an array of it: the transformers look at their columns."""
        if hasattr(X, "columns") or hasattr(X, "toarray"):
            return X.tocsr() if hasattr(X, "toarray") else X
        return check_table(X, type(self).__name__)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit a clone of every transformer on its columns."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **options: Any) -> Any:
        """Fit, and transform what it was fitted on."""
        owner = type(self).__name__
        self._check_names()
        names = list(X.columns) if hasattr(X, "columns") else None
        X = self._start_fit(X)
        fitted, results = [], []
        for name, part, columns in self._chosen(X, names):
            if part not in NOTHING_DONE and not ESTIMATOR.test(part):
                raise TypeError(
                    f"{owner}: expected a transformer, 'drop' or 'passthrough' as {name!r}, got "
                    f"{part!r:.80}."
                )
            places = np.atleast_1d(columns)
            if part not in NOTHING_DONE and places.size:
                part = clone(part)
                with naming(owner, name, "" if np.ndim(columns) else _BRACKETS):
                    chosen = _take(X, columns)
                    if hasattr(part, "fit_transform"):
                        results.append(part.fit_transform(chosen, y))
                    else:
                        results.append(part.fit(chosen, y).transform(chosen))
            elif part == "passthrough" and places.size:
                results.append(_take(X, places))
            fitted.append((name, part, columns))
        self.transformers_ = fitted
        return self._beside(results, X.shape[0], learn=True)

    def transform(self, X: Any) -> Any:
        """The results of all transformers side by side."""
        X = self._input(X)
        results = []
        for name, part, columns in self._used():
            with naming(type(self).__name__, name):
                chosen = _take(X, columns if part != "passthrough" else np.atleast_1d(columns))
                results.append(chosen if part == "passthrough" else part.transform(chosen))
        return self._beside(results, X.shape[0], learn=False)

    @property
    def named_transformers_(self) -> Named:
        """The fitted transformers by name."""
        self._check_fitted()
        return Named({name: part for name, part, _ in self.transformers_})

    @property
    def output_indices_(self) -> dict[str, slice]:
        """Which columns of the result each transformer made."""
        self._check_fitted()
        ends = np.cumsum(self.widths_).tolist()
        slices = [slice(end - width, end) for end, width in zip(ends, self.widths_)]
        return dict(zip([name for name, *_ in self._used()], slices))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns of `transform`."""
        names = input_names(self, input_features)
        found: list[str] = []
        for name, part, columns in self._used():
            own = names[np.atleast_1d(columns)]
            if part != "passthrough":
                with naming(type(self).__name__, name):
                    own = part.get_feature_names_out(own)
            found += [f"{name}__{each}" if self.verbose_feature_names_out else each for each in own]
        if len(set(found)) < len(found):
            raise ValueError(
                f"{type(self).__name__}: expected every name once, got some twice. Set "
                "verbose_feature_names_out=True."
            )
        return np.array(found, dtype=object)

    def _used(self) -> list[tuple[str, Any, Any]]:
        """The fitted transformers that make columns."""
        return [t for t in self.transformers_ if t[1] != "drop" and np.atleast_1d(t[2]).size]

    def _chosen(self, X: Any, names: list | None) -> list[tuple[str, Any, Any]]:
        """(name, transformer, numbers of columns), the remainder at the end."""
        width, found = X.shape[1], []
        rest = np.ones(width, bool)
        for name, part, columns in self.transformers:
            with naming(type(self).__name__, name):
                places = _places(columns(X) if callable(columns) else columns, width, names)
            rest[places] = False
            found.append((name, part, places))
        if rest.any():
            found.append(("remainder", self.remainder, np.flatnonzero(rest)))
        return found

    def _beside(self, results: list[Any], n_rows: int, learn: bool) -> Any:
        owner, parts = type(self).__name__, []
        for (name, *_), result in zip(self._used(), results):
            result = result if hasattr(result, "toarray") else np.asarray(result)
            if result.ndim != 2:
                raise ValueError(
                    f"{owner}: expected a matrix from {name!r}, got shape {result.shape}. Give it "
                    "its columns as a list: [column]."
                )
            parts.append(result)
        if learn:
            self.widths_ = [int(part.shape[1]) for part in parts]
            self.sparse_output_ = self._is_sparse(parts)
        if not parts:
            return np.zeros((n_rows, 0))
        if self.sparse_output_:
            from scipy.sparse import hstack

            return hstack([_numeric(part) for part in parts]).tocsr()
        return np.hstack([part.toarray() if hasattr(part, "toarray") else part for part in parts])

    def _is_sparse(self, parts: list[Any]) -> bool:
        if not any(hasattr(part, "toarray") for part in parts):
            return False
        filled = [p.nnz if hasattr(p, "toarray") else np.count_nonzero(p) for p in parts]
        return sum(filled) < self.sparse_threshold * sum(p.shape[0] * p.shape[1] for p in parts)


def make_column_transformer(*transformers: Any, **options: Any) -> ColumnTransformer:
    """A ColumnTransformer of (transformer, columns), named by their classes in small letters."""
    for each in transformers:
        if not isinstance(each, tuple) or len(each) != 2:
            raise TypeError(
                "make_column_transformer: expected tuples (transformer, columns), got "
                f"{each!r:.80}. Write for example "
                "make_column_transformer((StandardScaler(), [0, 1]))."
            )
    names = numbered_names([part for part, _ in transformers])
    named = [(name, *each) for name, each in zip(names, transformers)]
    return ColumnTransformer(named, **options)


def _numeric(part: Any) -> Any:
    if hasattr(part, "toarray") or part.dtype != object:
        return part
    return part.astype(np.float64)


def _places(columns: Any, width: int, names: list | None) -> Any:
    """Columns as their numbers: one number for one column, else an array."""
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            first = 0 if columns.start is None else _place(columns.start, width, names)
            last = width - 1 if columns.stop is None else _place(columns.stop, width, names)
            return np.arange(first, last + 1)
        return np.arange(width)[columns]
    if isinstance(columns, (str, int, np.integer)) and not isinstance(columns, bool):
        return _place(columns, width, names)
    if not hasattr(columns, "__iter__") and not hasattr(columns, "__array__"):
        raise TypeError(f"expected columns as numbers, names or a mask, got {columns!r}.")
    chosen = list(columns)
    if chosen and all(isinstance(each, (bool, np.bool)) for each in chosen):
        if len(chosen) != width:
            raise ValueError(f"expected a mask of {width} columns, got {len(chosen)} entries.")
        return np.flatnonzero(chosen)
    return np.array([_place(each, width, names) for each in chosen], np.intp)


def _place(column: Any, width: int, names: list | None) -> int:
    if isinstance(column, str):
        if names is None:
            raise ValueError(
                f"expected numbers of columns, as X is no data frame, got {column!r}. "
                "Give numbers, or a data frame."
            )
        if column not in names:
            raise ValueError(
                f"expected a column of X, got {column!r}. It has {', '.join(map(str, names))}."
            )
        return names.index(column)
    if not is_integer(column):
        raise TypeError(f"expected columns as numbers, names or a mask, got {column!r}.")
    if not -width <= column < width:
        raise ValueError(f"expected columns from 0 to {width - 1}, got {column}.")
    return int(column) % width


def _take(X: Any, places: Any) -> Any:
    return X.iloc[:, places] if hasattr(X, "iloc") else X[:, places]
