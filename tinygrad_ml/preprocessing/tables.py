"""Tables whose columns may hold texts as well as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..validation import as_array, check_finite, check_matrix


def check_table(X: Any, owner: str) -> np.ndarray:
    """X as a matrix of numbers or texts, of objects where both occur; NaN and None are allowed.

    A list is taken value by value, so that numbers beside texts stay numbers.
    """
    if hasattr(X, "toarray"):
        raise TypeError(
            f"{owner}: expected a dense table, got a sparse matrix ({type(X).__name__}). "
            "Write X.toarray() if it fits into memory."
        )
    if hasattr(X, "columns") and hasattr(X, "to_numpy"):
        dtypes = {str(each) for each in X.dtypes}
        array = (X.astype(object) if len(dtypes) > 1 else X).to_numpy()
    else:
        array = as_array(X, owner, "X")
        if array.dtype.kind in "US" and not hasattr(X, "dtype"):
            array = np.asarray(X, dtype=object)
    if array.dtype.kind == "c":
        raise ValueError(f"{owner}: Complex data not supported, got X of {array.dtype}.")
    if array.dtype.kind in "mMV":
        raise TypeError(
            f"{owner}: expected numbers or texts, got {array.dtype}. Write X.astype(str)."
        )
    check_matrix(array, owner)
    check_finite(array, owner, "X", allow_nan=True)
    return array


def table_columns(X: np.ndarray) -> list[np.ndarray]:
    """The columns one by one; objects that are numbers only become an array of them."""
    columns = []
    for column in X.T:
        if column.dtype == object and all(_is_number(value) for value in column):
            column = np.asarray(column.tolist())
        columns.append(column)
    return columns


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number, np.bool))


def is_missing(values: np.ndarray) -> np.ndarray:
    """Where NaN or None stands (or the missing value of pandas)."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype != object:
        return np.zeros(values.shape, bool)
    flat = values.ravel().tolist()
    # Most values are texts, which one look at the class tells.
    found = [type(value) is not str and _is_missing_object(value) for value in flat]
    return np.array(found, bool).reshape(values.shape)


def _is_missing_object(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(value != value)


def sorted_values(column: np.ndarray, owner: str) -> np.ndarray:
    """Every value once, in order; None and NaN come last."""
    if column.dtype != object:
        return np.unique(column)
    try:
        values = set(column.tolist())
        missing = {value for value in values if _is_missing_object(value)}
        known = sorted(values - missing)
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in column})
        raise TypeError(
            f"{owner}: the argument must be in one column all strings or all numbers, got "
            f"{' and '.join(kinds)}. Make them alike, for example with str."
        ) from error
    ends: list[Any] = [None] if None in missing else []
    if missing - {None}:
        ends.append(np.nan)
    out = np.empty(len(known) + len(ends), dtype=object)
    out[:] = [*known, *ends]
    return out


def find_values(column: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """For every value its place among the categories, and -1 for one that is not there."""
    if column.dtype == object or categories.dtype == object or (
        (column.dtype.kind in "US") != (categories.dtype.kind in "US")
    ):  # fmt: skip
        numbers = {value: i for i, value in enumerate(categories.tolist())}
        places = np.array([numbers.get(value, -1) for value in column.tolist()], np.intp)
        last = categories.tolist()[-1]
        if last != last:  # NaN is not equal to itself
            for i in np.flatnonzero(places < 0):
                if column[i] is not None and _is_missing_object(column[i]):
                    places[i] = len(categories) - 1
        return places
    order = np.argsort(categories, kind="stable")  # categories may be given in any order
    found = np.minimum(np.searchsorted(categories, column, sorter=order), len(categories) - 1)
    places = order[found]
    same = categories[places] == column
    if column.dtype.kind == "f" and categories.dtype.kind == "f":
        same |= np.isnan(categories[places]) & np.isnan(column)
    return np.where(same, places, -1)
