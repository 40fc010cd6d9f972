"""Bringing numbers to one scale: distances, penalties and step sizes depend on it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..estimator import Estimator, Transformer
from ..validation import BOOLEAN, Accepts, check_weights, choice, column_scale, is_number
from .names import SameNames

RANGE = Accepts(
    "(least, most), two numbers that rise",
    lambda v: (
        isinstance(v, (tuple, list)) and len(v) == 2 and all(map(is_number, v)) and v[0] < v[1]
    ),
)


Steps = list[tuple[np.ufunc, Any]]
_BLOCK = 1 << 13  # numbers at a time: 64 kB, they stay in the cache


class StandardScaler(SameNames, Transformer, Estimator):
    """Every column gets mean 0 and standard deviation 1: z = (x - mean) / scale.

    A column without variance has the scale 1 and becomes 0. NaN is left as it is and not counted.
    Sparse matrices can be scaled, but not shifted: with_mean=False.

    Parameters
    ----------
    with_mean : subtract the mean.
    with_std : divide by the standard deviation (the one with n below, not n - 1).

    Learned: `mean_`, `var_` and `scale_` (None with with_std=False), `n_samples_seen_`.

    >>> StandardScaler().fit_transform([[1.0, 5.0], [3.0, 5.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    _parameters = {"with_mean": BOOLEAN, "with_std": BOOLEAN}
    _allow_nan = True

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    @property
    def _sparse(self) -> bool:  # type: ignore[override]
        return not self.with_mean

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn means and standard deviations; y is ignored."""
        X = self._start_fit(X)
        weights = check_weights(sample_weight, type(self).__name__, X.shape[0])
        self.var_: np.ndarray | None = None
        self.scale_: np.ndarray | None = None
        if hasattr(X, "toarray"):
            count, mean, variance = _sparse_moments(X, weights)
            unit: Any = 1.0
        else:
            least, most = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
            unit = _unit(least, most)
            count, mean, variance = _moments(X if unit is None else X / unit, weights)
            unit = 1.0 if unit is None else unit
            # The mean of equal numbers is that number, and exactly.
            mean = np.where(least == most, least / unit, mean)
            variance = np.where(least == most, 0.0, variance)
        self.n_samples_seen_ = count
        self.mean_: np.ndarray = mean * unit
        if self.with_std:
            # What rounding alone would leave of a constant column counts as no variance.
            eps = np.finfo(np.float64).eps
            n = X.shape[0]
            constant = variance <= n * eps * variance + (n * mean * eps) ** 2
            self.scale_ = np.where(constant, 1.0, np.sqrt(variance) * unit)
            with np.errstate(over="ignore", under="ignore"):
                self.var_ = variance * unit**2
        return self

    def transform(self, X: Any) -> Any:
        """(X - mean) / scale, of the dtype of X if that is float32 or float64."""
        X = self._input(X)
        if hasattr(X, "toarray"):
            return X if self.scale_ is None else _times_columns(X, 1 / self.scale_)
        mean = self.mean_ if self.with_mean else None
        return _in_blocks(X, [(np.subtract, mean), (np.divide, self.scale_)])

    def inverse_transform(self, X: Any) -> Any:
        """X * scale + mean."""
        X = self._input(X)
        if hasattr(X, "toarray"):
            return X if self.scale_ is None else _times_columns(X, self.scale_)
        mean = self.mean_ if self.with_mean else None
        return _in_blocks(X, [(np.multiply, self.scale_), (np.add, mean)])


class MinMaxScaler(SameNames, Transformer, Estimator):
    """Every column is stretched to `feature_range`: z = (x - min) / (max - min), for 0 to 1.

    A constant column becomes the lower end. NaN is left as it is and not counted.

    Parameters
    ----------
    feature_range : (least, most) of the transformed columns.
    clip : cut what lies outside of the range of the fitted data.

    Learned: `data_min_`, `data_max_`, `data_range_`, `scale_` and `min_` (z = x scale + min),
    `n_samples_seen_`.

    >>> MinMaxScaler().fit_transform([[1.0], [2.0], [5.0]]).ravel()
    array([0.  , 0.25, 1.  ])
    """

    _parameters = {"feature_range": RANGE, "clip": BOOLEAN}
    _allow_nan = True

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, clip: bool = False) -> None:
        self.feature_range = feature_range
        self.clip = clip

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the least and the largest value of every column; y is ignored."""
        X = self._start_fit(X)
        low, high = self.feature_range
        least, most = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            extent = most - least
            if np.isinf(extent).any():
                raise ValueError(
                    f"{type(self).__name__}: expected columns whose max - min is a finite number, "
                    f"got inf in column {int(np.flatnonzero(np.isinf(extent))[0])}. "
                    "Divide that column by a large number first."
                )
            self.data_min_, self.data_max_, self.data_range_ = least, most, extent
            self.scale_ = (high - low) / np.where(extent == 0, 1, extent)
            self.min_ = low - least * self.scale_
        self.n_samples_seen_ = len(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The columns stretched to the range, of the dtype of X if float32 or float64."""
        X = self._input(X)
        low, high = self.feature_range
        steps: Steps = [(np.subtract, self.data_min_), (np.divide, self._extent())]
        if self.feature_range != (0, 1):
            steps += [(np.multiply, high - low), (np.add, low)]
        if self.clip:
            steps += [(np.maximum, low), (np.minimum, high)]
        return _in_blocks(X, steps)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """From the range back to numbers like the fitted ones."""
        X = self._input(X)
        low, high = self.feature_range
        steps = [(np.subtract, low), (np.divide, high - low)]
        return _in_blocks(X, [*steps, (np.multiply, self._extent()), (np.add, self.data_min_)])

    def _extent(self) -> np.ndarray:
        return np.where(self.data_range_ == 0, 1, self.data_range_).astype(np.float64)


class MaxAbsScaler(SameNames, Transformer, Estimator):
    """Every column is divided by its largest absolute value, so that zeros stay zeros.

    It takes sparse matrices; NaN in dense ones is left as it is and not counted.

    Learned: `max_abs_`, `scale_` (1 for a column of zeros), `n_samples_seen_`.
    """

    _allow_nan = True
    _sparse = True

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the largest absolute value of every column; y is ignored."""
        X = self._start_fit(X)
        if hasattr(X, "toarray"):
            self.max_abs_ = abs(X).max(axis=0).toarray().ravel()
        else:
            self.max_abs_ = np.fmax.reduce(np.abs(X), axis=0)
        self.scale_ = np.where(self.max_abs_ == 0, 1, self.max_abs_)
        self.n_samples_seen_ = X.shape[0]
        return self

    def transform(self, X: Any) -> Any:
        """X / scale."""
        X = self._input(X)
        if hasattr(X, "toarray"):
            return _times_columns(X, 1 / self.scale_)
        return (X / self.scale_).astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> Any:
        """X * scale."""
        X = self._input(X)
        if hasattr(X, "toarray"):
            return _times_columns(X, self.scale_)
        return (X * self.scale_).astype(X.dtype, copy=False)


class Normalizer(SameNames, Transformer, Estimator):
    """Every row is divided by its norm; a row of zeros stays. It takes sparse matrices.

    Parameters
    ----------
    norm : "l2" (root of the sum of squares), "l1" (sum of absolute values) or "max" (the largest).

    >>> Normalizer().fit_transform([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """

    _parameters = {"norm": choice("l1", "l2", "max")}
    _sparse = True

    def __init__(self, norm: str = "l2") -> None:
        self.norm = norm

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the data; there is nothing to learn."""
        self._start_fit(X)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def transform(self, X: Any) -> Any:
        """X with rows of norm 1."""
        X = self._input(X)
        if hasattr(X, "toarray"):
            row_of = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
            return _with_data(X, X.data / self._norms(X, row_of)[row_of])
        out = np.empty_like(X, order="C")
        rows = _rows(X)
        for start in range(0, len(X), rows):
            block = X[start : start + rows]
            np.divide(block, self._norms(block)[:, None], out=out[start : start + rows])
        return out

    def _norms(self, X: Any, rows: Any = None) -> np.ndarray:
        if rows is None and self.norm == "l2":
            squares = np.einsum("ij,ij->i", X, X)
            bound = np.finfo(X.dtype).max ** 0.4
            if (squares > 1 / bound).all() and (squares < bound).all():
                return np.sqrt(squares)
        sizes = np.abs(X if rows is None else X.data)
        largest = _over_rows(np.maximum, sizes, X, rows)
        largest[largest == 0] = 1
        if self.norm == "max":
            return largest
        # Divided by the largest first: no square overflows or vanishes.
        sizes = sizes / (largest[:, None] if rows is None else largest[rows])
        if self.norm == "l1":
            sums = _over_rows(np.add, sizes, X, rows)
        else:
            sums = np.sqrt(_over_rows(np.add, sizes * sizes, X, rows))
        return largest * np.where(sums == 0, 1, sums)


# ------------------------------------------------------------------------------------ parts


def _rows(X: np.ndarray) -> int:
    """How many rows a block has."""
    return int(max(1, _BLOCK // X.shape[1]))


def _in_blocks(X: np.ndarray, steps: Steps) -> np.ndarray:
    """`X = step(X, values)` one after the other in float64, block by block, each in the cache.

    A step whose values are None is left out; the result has the dtype of X.
    """
    out = np.empty(X.shape, X.dtype)
    rows = min(len(X), _rows(X))
    # Rows of values as a whole block: one long loop is faster than many of the width of X.
    shape = (rows, X.shape[1])
    steps = [
        (step, np.broadcast_to(np.asarray(values, np.float64), shape).copy())
        for step, values in steps
        if values is not None
    ]
    buffer = np.empty(shape)
    for start in range(0, len(X), rows):
        block = buffer[: len(X) - start]
        block[:] = X[start : start + rows]
        for step, values in steps:
            step(block, values[: len(block)], out=block)
        out[start : start + rows] = block
    return out


def _unit(least: np.ndarray, most: np.ndarray) -> np.ndarray | None:
    """A power of two for every column where squares might overflow or vanish, or None."""
    sizes = np.maximum(np.abs(least), np.abs(most)).astype(np.float64)
    usual = (sizes == 0) | np.isnan(sizes) | ((sizes > 1e-100) & (sizes < 1e100))
    return None if usual.all() else np.where(usual, 1.0, column_scale(sizes[None]))


def _moments(X: np.ndarray, weights: np.ndarray | None) -> tuple[Any, np.ndarray, np.ndarray]:
    """(number or weight of the samples, mean, variance) of every column, NaN left out."""
    mean = _mean(X, weights)
    if not np.isnan(mean).any():
        n = len(X) if weights is None else float(weights.sum())
        total = np.zeros(X.shape[1])
        rows = _rows(X)
        for start in range(0, len(X), rows):
            apart = X[start : start + rows] - mean
            shares = 1.0 if weights is None else weights[start : start + rows, None]
            total += np.einsum("ij,ij->j", apart, apart * shares)
        return n, mean, total / n
    known = ~np.isnan(X)
    shares = known * (np.ones((len(X), 1)) if weights is None else weights[:, None])
    n = shares.sum(axis=0)
    some = np.where(n > 0, n, 1)
    filled = np.where(known, X, 0.0)
    mean = (filled * shares).sum(axis=0) / some
    squares = np.where(known, filled - mean, 0.0) ** 2
    variance = (squares * shares).sum(axis=0) / some
    mean, variance = (np.where(n > 0, each, np.nan) for each in (mean, variance))
    return n if weights is not None else n.astype(int), mean, variance


def _mean(X: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    if weights is None:
        return X.mean(axis=0, dtype=np.float64)
    return weights @ X / weights.sum()


def _sparse_moments(X: Any, weights: np.ndarray | None) -> tuple[Any, np.ndarray, np.ndarray]:
    shares = np.ones(X.shape[0]) if weights is None else weights
    total = float(shares.sum())
    mean = X.T @ shares / total
    entries = np.repeat(shares, np.diff(X.indptr))
    apart = (X.data - mean[X.indices]) ** 2 * entries
    squares = np.bincount(X.indices, apart, X.shape[1])
    zeros = total - np.bincount(X.indices, entries, X.shape[1])
    variance = (squares + zeros * mean**2) / total
    return X.shape[0] if weights is None else total, mean, variance


def _times_columns(X: Any, factors: np.ndarray) -> Any:
    return _with_data(X, X.data * factors[X.indices])


def _with_data(X: Any, data: np.ndarray) -> Any:
    """The sparse matrix X with other numbers in its places."""
    places = (data.astype(X.dtype, copy=False), X.indices.copy(), X.indptr.copy())
    return type(X)(places, shape=X.shape)


def _over_rows(ufunc: np.ufunc, values: np.ndarray, X: Any, rows: Any) -> np.ndarray:
    """ufunc.reduce over every row; of a sparse matrix over what it stores."""
    if rows is None:
        return ufunc.reduce(values, axis=1)
    out = np.zeros(X.shape[0], values.dtype)
    ufunc.at(out, rows, values)
    return out
