"""Filling in what is missing."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any, Self

import numpy as np

from ..estimator import Estimator, Transformer
from ..validation import BOOLEAN, Accepts, check_samples, choice, column_scale
from .names import input_names
from .tables import check_table, is_missing, sorted_values

VALUE = Accepts(
    "None, a number or a text",
    lambda v: v is None or isinstance(v, (str, bytes, int, float, np.number, np.bool)),
)


class SimpleImputer(Transformer, Estimator):
    """Missing values of a column are replaced by one value: its mean, median or most frequent one.

    Columns of texts take strategy="most_frequent" or "constant". A column without any value is
    left out, with a warning, unless `keep_empty_features`.

    Parameters
    ----------
    missing_values : what stands for a missing value: NaN (then None is missing as well), a number
        or a text.
    strategy : "mean", "median", "most_frequent" (the least of several) or "constant".
    fill_value : the constant; None is 0 for numbers and "missing_value" for texts.
    keep_empty_features : keep columns without any value, filled with `fill_value` or 0.

    Learned: `statistics_`, the value for every column.

    >>> SimpleImputer().fit_transform([[1.0], [np.nan], [3.0]]).ravel()
    array([1., 2., 3.])
    """

    _parameters = {
        "missing_values": VALUE,
        "strategy": choice("mean", "median", "most_frequent", "constant"),
        "fill_value": VALUE,
        "keep_empty_features": BOOLEAN,
    }
    _allow_nan = True

    def __init__(
        self, *, missing_values: Any = np.nan, strategy: str = "mean", fill_value: Any = None,
        keep_empty_features: bool = False,
    ) -> None:  # fmt: skip
        self.missing_values = missing_values
        self.strategy = strategy
        self.fill_value = fill_value
        self.keep_empty_features = keep_empty_features

    def _samples(self, X: Any) -> np.ndarray:
        if self.strategy in ("mean", "median"):
            return super()._samples(X)
        owner = type(self).__name__
        X = check_table(X, owner)
        if X.dtype == object and not any(isinstance(v, (str, bytes)) for v in X.flat):
            return check_samples(X, owner, allow_nan=True)  # numbers that came as objects
        return X if X.dtype.kind in "OUS" else check_samples(X, owner, allow_nan=True)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the value of every column; y is ignored."""
        X = self._start_fit(X)
        missing = self._missing(X)
        found = [self._statistic(X[~missing[:, k], k]) for k in range(X.shape[1])]
        constant = self._constant(X)
        self._empty_: np.ndarray = np.all(missing, axis=0)
        if self.strategy == "constant":
            found = [constant] * len(found)
        filling = constant if self.keep_empty_features else np.nan
        found = [filling if empty else each for each, empty in zip(found, self._empty_)]
        kept_type = object if X.dtype.kind in "OUS" else np.float64
        self.statistics_ = np.array(found, dtype=kept_type)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """X with its missing values replaced, of the dtype of X if float32 or float64."""
        X = self._input(X)
        missing = self._missing(X)
        kept = np.arange(X.shape[1])
        if not self.keep_empty_features and self._empty_.any():
            kept = np.flatnonzero(~self._empty_)
            warnings.warn(
                f"{type(self).__name__}: no value was seen in column(s) "
                f"{np.flatnonzero(self._empty_).tolist()}, so they are left out. "
                "keep_empty_features=True keeps them.",
                stacklevel=2,
            )
        dtype = object if X.dtype.kind in "US" else X.dtype
        return np.where(missing, self.statistics_, X)[:, kept].astype(dtype, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that are left."""
        names = input_names(self, input_features)
        return names if self.keep_empty_features else names[~self._empty_]

    def _missing(self, X: np.ndarray) -> np.ndarray:
        sign = self.missing_values
        if sign is None or (isinstance(sign, (float, np.floating)) and sign != sign):
            return is_missing(X)
        if X.dtype.kind == "f" and np.isnan(X).any():
            raise ValueError(
                f"{type(self).__name__}: expected X without NaN, as {sign!r} stands for missing "
                "values, got NaN. Use missing_values=np.nan, or replace NaN first."
            )
        same = sign == X
        return same if isinstance(same, np.ndarray) else np.zeros(X.shape, bool)

    def _statistic(self, values: np.ndarray) -> Any:
        if len(values) == 0:
            return np.nan
        if self.strategy in ("mean", "median"):
            unit = column_scale(values)  # in which no sum overflows
            middle = np.mean if self.strategy == "mean" else np.median
            return middle(values / unit) * unit
        if self.strategy == "most_frequent":
            if values.dtype != object:
                values, counts = np.unique(values, return_counts=True)
            else:
                numbers = Counter(values.tolist())
                values = sorted_values(values, type(self).__name__)
                counts = np.array([numbers[value] for value in values])
            return values[int(np.argmax(counts))]
        return None

    def _constant(self, X: np.ndarray) -> Any:
        text = X.dtype.kind in "OUS"
        if self.fill_value is None or self.strategy != "constant":
            return "missing_value" if text and self.strategy == "constant" else 0
        number = isinstance(self.fill_value, (int, float, np.number))
        if not text and not (number and abs(self.fill_value) <= float(np.finfo(X.dtype).max)):
            raise ValueError(
                f"{type(self).__name__}: fill_value must be a finite number for columns of "
                f"numbers, got {self.fill_value!r} for {X.dtype}."
            )
        return self.fill_value
