"""The estimator contract: what scikit-learn's tools expect of an object that fits and predicts.

The constructor only stores its parameters. `fit` checks everything, forgets what was learned before
and returns self; what it learns has names that end in `_`. An estimator says what it takes once, in
class attributes, and both the validation and the tags that scikit-learn asks for read them.

    class Mean(Regressor, Estimator):
        _parameters = {"shift": number()}

        def __init__(self, shift=0.0):
            self.shift = shift

        def fit(self, X, y, sample_weight=None):
            X, y, weights = self._start_fit(X, y, sample_weight)
            self.mean_ = float(np.average(y, weights=weights)) + self.shift
            return self

        def predict(self, X):
            X = self._input(X)
            return np.full(len(X), self.mean_)
"""

from __future__ import annotations

import copy
import inspect
import sys
from typing import Any, ClassVar, Self

import numpy as np

from . import metrics
from .validation import (
    FLOATS,
    Accepts,
    check_labels,
    check_parameters,
    check_samples,
    check_values,
    check_weights,
    number,
)

__all__ = ["Classifier", "Clusterer", "Estimator", "NotFittedError",
           "ProbabilityClassifier", "Regressor", "Transformer",
           "clone", "is_classifier"]  # fmt: skip


class NotFittedError(ValueError, AttributeError):
    """An estimator was asked before `fit` was called."""

    def __reduce__(self) -> Any:
        """From another process it comes as the class that `_not_fitted` makes there."""
        return _not_fitted_again, self.args, vars(self)


class Estimator:
    """Parameters, validation and fitted state; mixins say what kind of estimator it is.

    Class attributes that a subclass may set:
        _parameters: name -> what it may be (`validation.Accepts`); `_start_fit` checks them.
        _sparse, _allow_nan, _positive: whether X may be sparse, hold NaN, must be 0 or more.
        _several_outputs: whether a regression's y may be a matrix.
        _dtypes: the dtypes of X that are kept, the first for all others.
    """

    _parameters: ClassVar[dict[str, Accepts]] = {}
    _sparse: ClassVar[bool] = False
    _allow_nan: ClassVar[bool] = False
    _positive: ClassVar[bool] = False
    _several_outputs: ClassVar[bool] = False
    _dtypes: ClassVar[Any] = FLOATS

    n_features_in_: int
    classes_: np.ndarray  # of a classifier, sorted

    # ------------------------------------------------------------------------------ parameters

    @classmethod
    def _parameter_names(cls) -> list[str]:
        if cls.__init__ is object.__init__:
            return []
        return sorted(name for name in inspect.signature(cls).parameters)

    def _store(self, parameters: dict[str, Any]) -> None:
        """Store what a constructor was given, its `locals()`, under the same names."""
        vars(self).update({k: v for k, v in parameters.items() if k not in ("self", "__class__")})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's parameters by name; with `deep` also `a__b` for b of an estimator a."""
        parameters = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(parameters.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    inner = value.get_params().items()
                    parameters.update({f"{name}__{key}": each for key, each in inner})
        return parameters

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name (`a__b` for b of an estimator a); `fit` looks at the values."""
        nested: dict[str, dict[str, Any]] = {}
        known = self.get_params(deep=False)
        for key, value in parameters.items():
            name, inner, rest = key.partition("__")
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__}: expected one of its parameters "
                    f"{', '.join(known) or '(it has none)'}, got {name!r}. Look at get_params()."
                )
            if inner:
                nested.setdefault(name, {})[rest] = value
            else:
                setattr(self, name, value)
                known[name] = value
        for name, values in nested.items():
            if not hasattr(known[name], "set_params"):
                raise ValueError(
                    f"{type(self).__name__}: expected an estimator as {name} to set "
                    f"{', '.join(values)} of, got {known[name]!r:.80}. Set {name} itself."
                )
            known[name].set_params(**values)
        return self

    def __repr__(self) -> str:
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name)
            if not _same(value, parameter.default):
                shown.append(f"{name}={value!r:.200}")
        return f"{type(self).__name__}({', '.join(shown)})"

    # -------------------------------------------------------------------------------- fitting

    def _start_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Check parameters and data and forget what was learned; the data as arrays.

        Returns X for an estimator without targets, (X, y, weights) for the others, where weights
        is None or positive: samples of weight 0 are left out. A classifier's y are class numbers.
        """
        owner = type(self).__name__
        check_parameters(self, self._parameters)
        names = _feature_names(X)
        X = self._samples(X)
        weights = classes = None
        if isinstance(self, (Classifier, Regressor)):
            weights = check_weights(sample_weight, owner, X.shape[0])
            if isinstance(self, Classifier):
                classes, y = check_labels(y, owner, X.shape[0])
            else:
                y = check_values(y, owner, X.shape[0], self._several_outputs)
            if weights is not None and not weights.all():
                counted = weights > 0
                X, y, weights = X[counted], y[counted], weights[counted]
        for name in self._learned():
            delattr(self, name)
        self.n_features_in_ = X.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        if classes is not None:  # those that samples of weight 0 have not taken with them
            left, y = np.unique(y, return_inverse=True) if weights is not None else (slice(None), y)
            self.classes_ = classes[left]
        return (X, y, weights) if isinstance(self, (Classifier, Regressor)) else X

    def _input(self, X: Any) -> Any:
        """Check that the estimator is fitted and that X fits what it was fitted on; X as array."""
        self._check_fitted()
        names = _feature_names(X)
        X = self._samples(X)
        owner = type(self).__name__
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {owner} is expecting {self.n_features_in_} "
                "features as input. Give it the columns that it was fitted on."
            )
        known = getattr(self, "feature_names_in_", None)
        if names is not None and known is not None and not np.array_equal(names, known):
            i = int(np.flatnonzero(names != known)[0])
            raise ValueError(
                f"{owner}: expected the columns of fit in their order, got {names[i]!r} where "
                f"{known[i]!r} was (column {i}). Write X[{owner.lower()}.feature_names_in_]."
            )
        return X

    def _samples(self, X: Any) -> Any:
        return check_samples(
            X, type(self).__name__, dtypes=self._dtypes, sparse=self._sparse,
            allow_nan=self._allow_nan, positive=self._positive,
        )  # fmt: skip

    def _learned(self) -> list[str]:
        return [name for name in vars(self) if name.endswith("_") and not name.startswith("__")]

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` has learned something; scikit-learn's `check_is_fitted` asks for it.

        What `_start_fit` notes about the data does not count: it stays when the rest of fit fails.
        """
        known = {"n_features_in_", "feature_names_in_"}
        if isinstance(self, Classifier):
            known.add("classes_")
        return not known.issuperset(self._learned())

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise _not_fitted()(
                f"{type(self).__name__}: this estimator is not fitted yet. Call fit first."
            )

    def _is_classifier(self) -> bool:
        """What contains another estimator asks that one."""
        return isinstance(self, Classifier)

    def save(self, path: Any) -> None:
        """Save the estimator, fitted or not, without pickle; `tinygrad_ml.load(path)` reads it."""
        from .persistence import save  # above in the house, needed by this method alone

        save(self, path)

    # --------------------------------------------------------------------------- scikit-learn

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(
                sparse=self._sparse, allow_nan=self._allow_nan, positive_only=self._positive
            ),
        )


class Classifier:
    """A mixin for estimators that predict classes; `fit` sets `classes_`, sorted."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of the samples (their weight) whose class is predicted."""
        return metrics.accuracy_score(y, self.predict(X), sample_weight=sample_weight)  # type: ignore[attr-defined]

    def _weights_by_class(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """The weights of the samples times those of their classes, as `class_weight` asks.

        "balanced" is n / (classes * n_k), where n counts the weights; classes that a dict leaves
        out have weight 1. y are class numbers.
        """
        wanted: Any = self.class_weight  # type: ignore[attr-defined]
        classes = self.classes_.tolist()  # type: ignore[attr-defined]
        if wanted is None:
            return weights
        if isinstance(wanted, str):
            counts = np.bincount(y, weights, len(classes))
            each = counts.sum() / (len(classes) * counts)
        else:
            values = [wanted.get(label, 1.0) for label in classes]
            if set(wanted) - set(classes) or not all(map(number(above=0).test, values)):
                raise ValueError(
                    f"{type(self).__name__}: class_weight must give positive numbers for classes "
                    f"of y, {classes!r:.80}, got {wanted!r:.80}. Classes left out have weight 1."
                )
            each = np.array(values, np.float64)
        with np.errstate(over="ignore"):
            each = each[y] if weights is None else each[y] * weights
        return check_weights(each, type(self).__name__, len(y))

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        tags.target_tags.required = True
        return tags


class ProbabilityClassifier(Classifier):
    """A mixin for classifiers that go by their `predict_proba` (n, classes)."""

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log(predict_proba(X)), shape (n, classes); -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))  # type: ignore[attr-defined]

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample (n,), the first in `classes_` of equal ones."""
        probabilities = self.predict_proba(X)  # type: ignore[attr-defined]
        return self.classes_[probabilities.argmax(axis=1)]  # type: ignore[attr-defined]


class Regressor:
    """A mixin for estimators that predict numbers."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 = 1 - sum (y - y^)^2 / sum (y - mean y)^2; with several outputs their mean."""
        return metrics.r2_score(y, self.predict(X), sample_weight=sample_weight)  # type: ignore[attr-defined]

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        tags.target_tags.required = True
        tags.target_tags.multi_output = self._several_outputs  # type: ignore[attr-defined]
        return tags


class Clusterer:
    """A mixin for estimators that sort samples into groups; `fit` sets `labels_`."""

    labels_: np.ndarray

    def fit_predict(self, X: Any, y: Any = None, **options: Any) -> np.ndarray:
        """Fit and return the label of every sample, shape (n,), 0 to k - 1; y is ignored."""
        return self.fit(X, **options).labels_  # type: ignore[attr-defined]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.estimator_type = "clusterer"
        return tags


class Transformer:
    """A mixin for estimators that turn samples into other ones."""

    def fit_transform(self, X: Any, y: Any = None, **options: Any) -> Any:
        """fit(X, y).transform(X)."""
        return self.fit(X, y, **options).transform(X)  # type: ignore[attr-defined]

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()  # type: ignore[misc]
        kept = [np.dtype(kind).name for kind in self._dtypes]  # type: ignore[attr-defined]
        tags.transformer_tags = TransformerTags(preserves_dtype=kept)
        return tags


def clone(estimator: Any, *, safe: bool = True) -> Any:
    """A new estimator with the same parameters, and nothing learned; lists are cloned one by one.

    Raises TypeError for what is no estimator; with `safe=False` that is copied.
    """
    if not safe:
        return _cloned(estimator)
    if isinstance(estimator, (list, tuple)):
        return type(estimator)(clone(each) for each in estimator)
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        raise TypeError(
            f"clone: expected an estimator, got {estimator!r:.80}. Make an instance of a class "
            "that has get_params and set_params."
        )
    parameters = estimator.get_params(deep=False)
    return type(estimator)(**{name: _cloned(value) for name, value in parameters.items()})


def _cloned(value: Any) -> Any:
    if hasattr(value, "get_params") and not isinstance(value, type):
        return clone(value)
    if isinstance(value, list):
        return [_cloned(each) for each in value]
    if type(value) is tuple:
        return tuple(_cloned(each) for each in value)
    return copy.deepcopy(value)


def is_classifier(estimator: Any) -> bool:
    """Whether it predicts classes; scikit-learn's own estimators are asked for their tags."""
    if isinstance(estimator, Estimator):
        return estimator._is_classifier()
    if not hasattr(estimator, "__sklearn_tags__"):
        return isinstance(estimator, Classifier)
    return estimator.__sklearn_tags__().estimator_type == "classifier"


def _feature_names(X: Any) -> np.ndarray | None:
    """The names of a data frame's columns where all of them are texts."""
    columns = getattr(X, "columns", None)
    if columns is None or not len(columns) or not all(isinstance(each, str) for each in columns):
        return None
    return np.asarray(columns, dtype=object)


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if isinstance(value, float) and isinstance(default, float) and value != value:
        return default != default
    return type(value) is type(default) and not hasattr(value, "dtype") and bool(value == default)


def _not_fitted() -> type[NotFittedError]:
    """Our error, which is scikit-learn's as well once that has been imported."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    if theirs is None:
        return NotFittedError
    return type("NotFittedError", (NotFittedError, theirs), {})


def _not_fitted_again(*args: Any) -> NotFittedError:
    return _not_fitted()(*args)
