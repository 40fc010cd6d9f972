"""The names of columns that go in, for those that come out."""

from __future__ import annotations

from typing import Any

import numpy as np


def input_names(estimator: Any, input_features: Any = None) -> np.ndarray:
    """Names of the columns of `fit`: those of its data frame, those given, or x0, x1, ..."""
    estimator._check_fitted()
    known = getattr(estimator, "feature_names_in_", None)
    if input_features is None:
        usual = [f"x{i}" for i in range(estimator.n_features_in_)]
        return np.asarray(usual, dtype=object) if known is None else known
    names = np.asarray(input_features, dtype=object)
    owner = type(estimator).__name__
    if names.shape != (estimator.n_features_in_,):
        raise ValueError(
            f"{owner}: input_features should have length equal to number of features, "
            f"{estimator.n_features_in_}, got {names.size}. Give a name for each column of fit."
        )
    if known is not None and not np.array_equal(names, known):
        raise ValueError(
            f"{owner}: input_features is not equal to feature_names_in_, the columns of fit. "
            "Leave it out."
        )
    return names


class SameNames:
    """A mixin for transformers whose columns stand for the ones that came in."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns of `transform`: those of fit."""
        return input_names(self, input_features)
