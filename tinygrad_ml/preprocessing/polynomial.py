"""Products of features, so that linear models can bend."""

from __future__ import annotations

from itertools import chain, combinations, combinations_with_replacement
from math import comb
from typing import Any, Self

import numpy as np

from ..estimator import Estimator, Transformer
from ..validation import BOOLEAN, Accepts, integer, is_integer
from .names import input_names

_MOST = 10_000_000  # products
_BLOCK = 1 << 15  # numbers at a time: they stay in the second-level cache
PAIR = Accepts(
    "(least, most), two integers that do not fall",
    lambda v: (
        isinstance(v, (tuple, list)) and len(v) == 2 and all(map(is_integer, v))
        and 0 <= v[0] <= v[1]
    ),
)  # fmt: skip


class PolynomialFeatures(Transformer, Estimator):
    """All products of the features up to a degree: 1, a, b, a^2, a b, b^2 for a, b and degree 2.

    Parameters
    ----------
    degree : the highest number of factors, or (least, most).
    interaction_only : no feature twice in a product.
    include_bias : the column of ones, the product of no factors.

    Learned: `powers_` (features out, features in), `n_output_features_`.

    >>> PolynomialFeatures().fit_transform([[2.0, 3.0]])
    array([[1., 2., 3., 4., 6., 9.]])
    """

    _parameters = {
        "degree": integer(0) | PAIR,
        "interaction_only": BOOLEAN,
        "include_bias": BOOLEAN,
    }

    def __init__(
        self, degree: Any = 2, *, interaction_only: bool = False, include_bias: bool = True
    ) -> None:
        self.degree = degree
        self.interaction_only = interaction_only
        self.include_bias = include_bias

    def fit(self, X: Any, y: Any = None) -> Self:
        """Look how many features there are; y is ignored."""
        X = self._start_fit(X)
        self._check_number(X.shape[1])
        products = self._products(X.shape[1])
        if not products:
            raise ValueError(
                f"{type(self).__name__}: expected at least one column to make, got none with "
                f"degree={self.degree!r} and include_bias=False. Raise the degree."
            )
        powers = [np.bincount(each, minlength=X.shape[1]) for each in products]
        self.powers_ = np.array(powers, np.intp)
        self.n_output_features_ = len(products)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The products, shape (n, n_output_features_)."""
        X = self._input(X)
        out = np.empty((len(X), self.n_output_features_), X.dtype)
        rows = max(1, _BLOCK // self.n_output_features_)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(X), rows):
                here = slice(start, start + rows)
                np.concatenate(self._degrees(X[here].T.copy()), out=out[here].T)
        if not np.isfinite(out).all():
            raise ValueError(
                f"{type(self).__name__}: expected products that are finite numbers, got inf: the "
                f"largest |x| is {np.abs(X).max():g} in {X.dtype}. Scale the features first."
            )
        return out

    def _degrees(self, features: np.ndarray) -> list[np.ndarray]:
        """The products of each degree that is asked for; features and products are rows."""
        least, most = self._bounds(len(features))
        found = [np.ones_like(features[:1])] if self.include_bias else []
        products, first = features, np.arange(len(features))  # first: the first factor of each
        for degree in range(1, most + 1):
            if degree > 1:
                # Feature k times the products that begin with k or later ones: sorted, each once.
                after = np.searchsorted(first, np.arange(len(features)) + self.interaction_only)
                first = np.repeat(np.arange(len(features)), len(products) - after)
                products = np.concatenate(
                    [features[k] * products[begin:] for k, begin in enumerate(after)]
                )
            if degree >= least:
                found.append(products)
        return found

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names such as "1", "a", "a b" and "a^2"."""
        names = input_names(self, input_features)
        out = []
        for powers in self.powers_:
            factors = [
                f"{names[k]}^{powers[k]}" if powers[k] > 1 else names[k]
                for k in np.flatnonzero(powers)
            ]
            out.append(" ".join(factors) or "1")
        return np.array(out, dtype=object)

    def _bounds(self, n_features: int) -> tuple[int, int]:
        least, most = (0, self.degree) if is_integer(self.degree) else self.degree
        return least, min(most, n_features) if self.interaction_only else most

    def _check_number(self, n_features: int) -> None:
        """Refuse what would fill the memory, before it does."""
        most = int(self._bounds(n_features)[1])
        if self.interaction_only:
            number = sum(comb(n_features, degree) for degree in range(most + 1))
        else:
            number = comb(n_features + most, most)
        if number > _MOST:
            raise ValueError(
                f"{type(self).__name__}: expected at most {_MOST} products, got about "
                f"{float(min(number, 10**300)):.0e} with degree={self.degree!r:.40} and "
                f"{n_features} features. Lower the degree, or choose features."
            )

    def _products(self, n_features: int) -> list[tuple[int, ...]]:
        """The factors of every product, sorted; () is the column of ones."""
        least, most = self._bounds(n_features)
        choose = combinations if self.interaction_only else combinations_with_replacement
        degrees = range(max(1, least), most + 1)
        higher = chain.from_iterable(choose(range(n_features), d) for d in degrees)
        return [*([()] if self.include_bias else []), *higher]
