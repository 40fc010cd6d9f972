"""Texts and other categories as numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..estimator import Estimator, Transformer
from ..validation import (
    ARRAY,
    BOOLEAN,
    NOTHING,
    Accepts,
    check_column,
    check_labels,
    choice,
    scipy_sparse,
)
from .names import SameNames, input_names
from .tables import check_table, find_values, is_missing, sorted_values, table_columns

FLOAT_TYPE = Accepts(
    "a NumPy number type", lambda v: isinstance(v, (str, type, np.dtype)) and _kind(v) in "fiu"
)
AUTO = choice("auto")
FIRST = choice("first", "if_binary")
NUMBER = Accepts("a number", lambda v: isinstance(v, (int, float, np.number)))


def _kind(dtype: Any) -> str:
    try:
        return np.dtype(dtype).kind
    except TypeError:
        return "?"


class _Categories(Transformer, Estimator):
    """What the encoders share: the categories of every column, known or found."""

    _allow_nan = True
    _dtypes = (np.float64,)
    categories: Any
    handle_unknown: str

    def _samples(self, X: Any) -> np.ndarray:
        return check_table(X, type(self).__name__)

    def _find_categories(self, X: np.ndarray) -> list[np.ndarray]:
        owner = type(self).__name__
        columns = table_columns(X)
        if isinstance(self.categories, str):
            self.categories_ = [sorted_values(column, owner) for column in columns]
            return columns
        if len(self.categories) != len(columns):
            raise ValueError(
                f"{owner}: expected categories as a list with one entry per column of X, got "
                f"{len(self.categories)} for {len(columns)} columns. Write [[...], [...]]."
            )
        self.categories_ = [_given(each, i, owner) for i, each in enumerate(self.categories)]
        if self.handle_unknown == "error":
            self._places(columns)
        return columns

    def _places(self, columns: list[np.ndarray]) -> np.ndarray:
        """The number of the category of every value, -1 for unknown ones; raises if told to."""
        places = np.empty((len(columns[0]), len(columns)), np.intp)
        for i, (column, categories) in enumerate(zip(columns, self.categories_)):
            places[:, i] = find_values(column, categories)
            if self.handle_unknown == "error" and (places[:, i] < 0).any():
                strangers = column[places[:, i] < 0]
                raise ValueError(
                    f"{type(self).__name__}: expected the categories of fit in column {i}, got "
                    f"{strangers.tolist()[0]!r} ({len(strangers)} unknown values). Choose "
                    f"handle_unknown={self._lenient!r}, or name all with categories=..."
                )
        return places

    _lenient = "ignore"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags


class OneHotEncoder(_Categories):
    """Every category of a column becomes a column of its own: 1 where it stands, else 0.

    Columns of texts, of numbers and of both kinds beside each other are taken, as arrays, lists or
    data frames. NaN and None are categories like others.

    Parameters
    ----------
    categories : "auto", all that `fit` sees, sorted; or a list with the categories of each column.
    drop : None; "first" leaves the first category of each column out, "if_binary" that of columns
        with two; or a list of the one to leave out for each column.
    sparse_output : a SciPy CSR matrix (needs the extra `classical`) or an array.
    dtype : of the result.
    handle_unknown : "error", or "ignore": all zeros for a category that `fit` did not see.

    Learned: `categories_`, a list of arrays; `drop_idx_`, the categories that are left out.

    >>> encoder = OneHotEncoder(sparse_output=False).fit([["red", 1], ["blue", 2]])
    >>> encoder.transform([["blue", 1]])
    array([[1., 0., 1., 0.]])
    >>> encoder.get_feature_names_out(["colour", "size"]).tolist()
    ['colour_blue', 'colour_red', 'size_1', 'size_2']
    """

    _parameters = {
        "categories": AUTO | ARRAY,
        "drop": NOTHING | FIRST | ARRAY,
        "sparse_output": BOOLEAN,
        "dtype": FLOAT_TYPE,
        "handle_unknown": choice("error", "ignore"),
    }

    def __init__(
        self, *, categories: Any = "auto", drop: Any = None, sparse_output: bool = True,
        dtype: Any = np.float64, handle_unknown: str = "error",
    ) -> None:  # fmt: skip
        self.categories = categories
        self.drop = drop
        self.sparse_output = sparse_output
        self.dtype = dtype
        self.handle_unknown = handle_unknown

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the categories; y is ignored."""
        X = self._start_fit(X)
        self._find_categories(X)
        self.drop_idx_ = self._dropped()
        return self

    def transform(self, X: Any) -> Any:
        """X as ones and zeros, shape (n, number of all categories that are kept)."""
        X = self._input(X)
        places = self._places(table_columns(X))
        return self._assembled(*self._kept_places(places))

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The categories of such rows, (n, columns of fit); None where no category stands."""
        self._check_fitted()
        owner = type(self).__name__
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        widths = self._widths()
        if X.ndim != 2 or X.shape[1] != widths.sum():
            raise ValueError(
                f"{owner}: expected a matrix with {widths.sum()} columns, as transform makes, got "
                f"shape {X.shape}."
            )
        columns = []
        for i, block in enumerate(np.split(X, np.cumsum(widths)[:-1], axis=1)):
            columns.append(self._decoded(i, block))
        if all(column.dtype != object for column in columns):
            return np.column_stack(columns)
        return np.column_stack([column.astype(object) for column in columns])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """column_category for every column of `transform`."""
        names = []
        for i, name in enumerate(input_names(self, input_features)):
            kept = [c for k, c in enumerate(self.categories_[i].tolist()) if k != self._drop(i)]
            names += [f"{name}_{category}" for category in kept]
        return np.array(names, dtype=object)

    def _dropped(self) -> np.ndarray | None:
        owner, counts = type(self).__name__, [len(each) for each in self.categories_]
        if self.drop is None:
            return None
        if isinstance(self.drop, str):
            chosen = [0 if self.drop == "first" or n == 2 else None for n in counts]
            return np.array(chosen, dtype=object)
        if len(self.drop) != len(counts):
            raise ValueError(
                f"{owner}: expected drop with one category per column, got {len(self.drop)} for "
                f"{len(counts)} columns. None keeps all of a column."
            )
        chosen = []
        for i, value in enumerate(self.drop):
            column = np.array([value], dtype=object)
            place = int(find_values(column, self.categories_[i])[0])
            if place < 0 and value is not None:
                raise ValueError(
                    f"{owner}: expected drop[{i}] to be one of the categories "
                    f"{self.categories_[i].tolist()!r:.80}, got {value!r}."
                )
            chosen.append(None if place < 0 else place)
        return np.array(chosen, dtype=object)

    def _drop(self, i: int) -> int:
        """The number of the category of column i that is left out, or -1."""
        if self.drop_idx_ is None or self.drop_idx_[i] is None:
            return -1
        return int(self.drop_idx_[i])

    def _widths(self) -> np.ndarray:
        counts = [len(each) - (self._drop(i) >= 0) for i, each in enumerate(self.categories_)]
        return np.array(counts, np.intp)

    def _kept_places(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(column of the result, whether a 1 stands there) for every value."""
        starts = np.cumsum(self._widths()) - self._widths()
        there = places >= 0
        for i in range(places.shape[1]):
            dropped = self._drop(i)
            if dropped >= 0:
                there[:, i] &= places[:, i] != dropped
                places[:, i] -= places[:, i] > dropped
        return places + starts, there

    def _assembled(self, places: np.ndarray, there: np.ndarray) -> Any:
        shape = (len(places), int(self._widths().sum()))
        if not self.sparse_output:
            out = np.zeros(shape, self.dtype)
            rows, columns = np.nonzero(there)
            out[rows, places[rows, columns]] = 1
            return out
        try:
            csr_matrix = scipy_sparse(type(self).__name__).csr_matrix
        except ImportError as error:
            raise ImportError(f"{error}, or write sparse_output=False.") from error
        ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        return csr_matrix((np.ones(ends[-1], self.dtype), places[there], ends), shape=shape)

    def _decoded(self, i: int, block: np.ndarray) -> np.ndarray:
        categories, dropped = self.categories_[i], self._drop(i)
        kept = np.array([k for k in range(len(categories)) if k != dropped], np.intp)
        empty = ~(block > 0).any(axis=1)
        if len(kept) == 0:
            return np.repeat(categories[[dropped]], len(block))
        values = categories[kept][np.argmax(block, axis=1)]
        if not empty.any():
            return values
        if dropped >= 0:
            return np.where(empty, categories[dropped], values).astype(categories.dtype)
        if self.handle_unknown == "error":
            raise ValueError(
                f"{type(self).__name__}: expected a 1 among the columns of every feature, got "
                f"zeros only for feature {i} in row {int(np.flatnonzero(empty)[0])}. With "
                "handle_unknown='ignore' such rows become None."
            )
        values = values.astype(object)
        values[empty] = None
        return values


class OrdinalEncoder(SameNames, _Categories):
    """Every category becomes its place in the order of the categories: 0, 1, 2, ...

    Parameters
    ----------
    categories : "auto", all that `fit` sees, sorted; or a list with the categories of each column,
        in their order.
    dtype : of the result.
    handle_unknown : "error" or "use_encoded_value".
    unknown_value : the number for a category that `fit` did not see, or NaN.
    encoded_missing_value : the number for NaN; None is a category like others.

    Learned: `categories_`, a list of arrays.

    >>> sizes = [["small", "medium", "large"]]
    >>> OrdinalEncoder(categories=sizes).fit_transform([["large"], ["small"]]).ravel()
    array([2., 0.])
    """

    _parameters = {
        "categories": AUTO | ARRAY,
        "dtype": FLOAT_TYPE,
        "handle_unknown": choice("error", "use_encoded_value"),
        "unknown_value": NUMBER | NOTHING,
        "encoded_missing_value": NUMBER,
    }
    _lenient = "use_encoded_value"

    def __init__(
        self, *, categories: Any = "auto", dtype: Any = np.float64, handle_unknown: str = "error",
        unknown_value: Any = None, encoded_missing_value: Any = np.nan,
    ) -> None:  # fmt: skip
        self.categories = categories
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.unknown_value = unknown_value
        self.encoded_missing_value = encoded_missing_value

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the categories; y is ignored."""
        X = self._start_fit(X)
        owner = type(self).__name__
        self._find_categories(X)
        if (self.handle_unknown == "error") != (self.unknown_value is None):
            raise ValueError(
                f"{owner}: unknown_value must be a number with handle_unknown='use_encoded_value' "
                f"and None otherwise, got {self.unknown_value!r}."
            )
        counts = [len(each) - (_nan_place(each) >= 0) for each in self.categories_]
        unknown = self.unknown_value
        if unknown is not None and any(
            0 <= unknown < n and unknown == int(unknown) for n in counts
        ):
            raise ValueError(
                f"{owner}: unknown_value must not be the number of a category, 0 to "
                f"{max(counts) - 1}, got {unknown!r}. Take -1 or np.nan."
            )
        missing = any(_nan_place(each) >= 0 for each in self.categories_)
        for name, value in (
            ("unknown_value", unknown),
            ("encoded_missing_value", self.encoded_missing_value),
        ):
            used = missing if name == "encoded_missing_value" else unknown is not None
            if used and value != value and np.dtype(self.dtype).kind != "f":
                raise ValueError(
                    f"{owner}: {name} must be an integer for dtype {np.dtype(self.dtype)}, got "
                    "NaN. Choose a number such as -1, or a float dtype."
                )
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The numbers of the categories, the shape of X."""
        X = self._input(X)
        places = self._places(table_columns(X))
        out = places.astype(self.dtype)
        for i, categories in enumerate(self.categories_):
            if (place := _nan_place(categories)) >= 0:
                out[places[:, i] == place, i] = self.encoded_missing_value
        if (places < 0).any():
            out[places < 0] = self.unknown_value
        return out

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The categories of such numbers; None for unknown ones."""
        self._check_fitted()
        owner = type(self).__name__
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"{owner}: expected a matrix with {self.n_features_in_} columns, got shape "
                f"{X.shape}."
            )
        columns = [self._decoded(i, X[:, i].astype(float)) for i in range(X.shape[1])]
        if all(column.dtype != object for column in columns):
            return np.column_stack(columns)
        return np.column_stack([column.astype(object) for column in columns])

    def _decoded(self, i: int, codes: np.ndarray) -> np.ndarray:
        categories = self.categories_[i]
        place = _nan_place(categories)
        coded = self.encoded_missing_value
        missing = np.isnan(codes) if coded != coded else codes == coded
        missing &= place >= 0
        unknown = np.zeros(len(codes), bool)
        if self.unknown_value is not None:
            sign = self.unknown_value
            unknown = (np.isnan(codes) if sign != sign else codes == sign) & ~missing
        usual = ~missing & ~unknown
        n = len(categories) - (place >= 0)
        wrong = usual & ~((codes >= 0) & (codes < n) & (codes == np.rint(codes)))
        if wrong.any():
            raise ValueError(
                f"{type(self).__name__}: expected numbers of categories, 0 to {n - 1}, in column "
                f"{i}, got {codes[wrong][0]:g}. Give what transform returns."
            )
        places = np.where(usual, codes, 0).astype(np.intp)
        places[missing] = place
        values = categories[places]
        if unknown.any():
            values = values.astype(object)
            values[unknown] = None
        return values


class LabelEncoder(Estimator):
    """Labels (n,) of any kind as the numbers 0 to k - 1, in the sorted order of the labels.

    The classifiers of this package take labels as they are; this is for other places.

    Learned: `classes_`, sorted.

    >>> LabelEncoder().fit_transform(["b", "a", "b"])
    array([1, 0, 1])
    """

    classes_: np.ndarray

    def fit(self, y: Any) -> Self:
        """Learn the classes."""
        self.classes_, _ = check_labels(y, type(self).__name__)
        return self

    def fit_transform(self, y: Any) -> np.ndarray:
        """Learn the classes and return their numbers."""
        self.classes_, numbers = check_labels(y, type(self).__name__)
        return numbers

    def transform(self, y: Any) -> np.ndarray:
        """The numbers of labels that `fit` has seen."""
        self._check_fitted()
        y = check_column(y, type(self).__name__)
        if y.size == 0:
            return np.zeros(0, np.intp)
        numbers = find_values(y, self.classes_)
        if (numbers < 0).any():
            raise ValueError(
                f"{type(self).__name__}: expected the labels of fit, got "
                f"{y[numbers < 0].tolist()[0]!r}. Fit on all labels."
            )
        return numbers

    def inverse_transform(self, y: Any) -> np.ndarray:
        """The labels of numbers 0 to k - 1."""
        self._check_fitted()
        y = check_column(y, type(self).__name__)
        k = len(self.classes_)
        if y.size == 0:
            return self.classes_[:0]
        if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= k:
            raise ValueError(
                f"{type(self).__name__}: expected integers from 0 to {k - 1}, got "
                f"{y.tolist()!r:.60}. Give what transform returns."
            )
        return self.classes_[y]


def _nan_place(categories: np.ndarray) -> int:
    """The number of the category NaN, which is the last one, or -1; None is a category."""
    last = categories[-1]
    return len(categories) - 1 if isinstance(last, float) and last != last else -1


def _given(values: Any, i: int, owner: str) -> np.ndarray:
    """Categories that the user names, as an array of one kind; in their order."""
    array = np.asarray(values, dtype=object)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"{owner}: expected categories[{i}] as a list of values, got {values!r:.80}."
        )
    known = sorted_values(array, owner)
    if len(known) != len(array):
        raise ValueError(
            f"{owner}: expected every category once in categories[{i}], got {array.tolist()!r:.80}."
        )
    (column,) = table_columns(array[:, None])
    if column.dtype.kind in "fiu" and not np.array_equal(np.unique(column), column):
        raise ValueError(
            f"{owner}: Unsorted categories are not supported for numbers, got categories[{i}] = "
            f"{column.tolist()!r:.80}. Sort them."
        )
    missing = is_missing(array)
    if missing.any() and not missing[-missing.sum() :].all():
        raise ValueError(f"{owner}: expected NaN and None last in categories[{i}].")
    return column
