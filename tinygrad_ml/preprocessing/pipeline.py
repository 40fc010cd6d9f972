"""Steps one after the other, as one estimator: cross-validation fits what prepares the data too."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..estimator import is_classifier
from .composition import Composition, Named, naming, numbered_names, only_if


def _last_has(pipeline: Pipeline, name: str) -> str:
    last = pipeline._last()
    if name == "transform" and last in (None, "passthrough"):
        return ""
    return "" if hasattr(last, name) else f"its last step {last!r:.80} has none"


def _all_invert(pipeline: Pipeline, name: str) -> str:
    for step, part in pipeline._working():
        if not hasattr(part, "inverse_transform"):
            return f"its step {step!r} has none"
    return ""


def _last_transforms(pipeline: Pipeline, name: str) -> str:
    if _last_has(pipeline, "transform") and not hasattr(pipeline._last(), "fit_transform"):
        return f"its last step {pipeline._last()!r:.80} has none"
    return ""


class Pipeline(Composition):
    """Transformers and an estimator behind them; X goes through all of them.

    It has the methods that its last step has, and its `classes_`. X is passed on as it came, so it
    may be what the first step takes: arrays, data frames, lists of texts. An error from a step
    names it.

    Parameters
    ----------
    steps : list of (name, estimator); all but the last transform. "passthrough" does nothing.

    `pipeline["name"]`, `pipeline[-1]` and `pipeline.named_steps` are the steps, `pipeline[:-1]` is
    a pipeline of the first ones; `set_params(name__parameter=value)` reaches into them, and
    `fit(X, y, name__sample_weight=weights)` passes arguments to the `fit` of a step.

    >>> from tinygrad_ml.preprocessing import MinMaxScaler, PolynomialFeatures
    >>> pipeline = Pipeline([("scale", MinMaxScaler()), ("bend", PolynomialFeatures(2))])
    >>> pipeline.fit_transform([[0.0], [5.0], [10.0]])
    array([[1.  , 0.  , 0.  ],
           [1.  , 0.5 , 0.25],
           [1.  , 1.  , 1.  ]])
    """

    _parts_name = "steps"
    _part, _part_length = '("name", estimator)', 2

    def __init__(self, steps: Any) -> None:
        self.steps = steps

    # ------------------------------------------------------------------------------- fitting

    def fit(self, X: Any, y: Any = None, **options: Any) -> Self:
        """Fit and transform step by step, then fit the last one."""
        X, given = self._fit_first(X, y, options)
        if (last := self._last()) not in (None, "passthrough"):
            with self._naming(-1):
                last.fit(X, y, **given)
        self._fitted_ = True
        return self

    @only_if(_last_transforms)
    def fit_transform(self, X: Any, y: Any = None, **options: Any) -> Any:
        """Fit, and transform what it was fitted on."""
        X, given = self._fit_first(X, y, options)
        with self._naming(-1):
            X = _fit_transform(self._last(), X, y, given)
        self._fitted_ = True
        return X

    @only_if(_last_has)
    def fit_predict(self, X: Any, y: Any = None, **options: Any) -> Any:
        """Fit, and what the last step's `fit_predict` says."""
        X, given = self._fit_first(X, y, options)
        with self._naming(-1):
            found = self._last().fit_predict(X, y, **given)
        self._fitted_ = True
        return found

    def _fit_first(self, X: Any, y: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """X behind all steps but the last, which are fitted, and what is for the last's fit."""
        self._check_steps()
        vars(self).pop("_fitted_", None)
        given: dict[str, dict[str, Any]] = {name: {} for name, _ in self.steps}
        for key, value in options.items():
            name, _, inner = key.partition("__")
            if not inner or name not in given:
                raise ValueError(
                    f"Pipeline: expected arguments of a step's fit, got {key!r}. Write "
                    f"{self.steps[-1][0]}__{inner or key}=..."
                )
            given[name][inner] = value
        for i, (name, step) in enumerate(self.steps[:-1]):
            with self._naming(i):
                X = _fit_transform(step, X, y, given[name])
        return X, given[self.steps[-1][0]]

    def _check_steps(self) -> None:
        self._check_names()
        for i, (name, step) in enumerate(self.steps):
            if isinstance(step, type):
                raise TypeError(
                    f"Pipeline: expected an estimator as step {name!r}, got the class "
                    f"{step.__name__}. Write {step.__name__}()."
                )
            if step in (None, "passthrough"):
                continue
            last = i == len(self.steps) - 1
            if not hasattr(step, "fit") or not (last or hasattr(step, "transform")):
                what = "fit" if last else "fit and transform"
                raise TypeError(
                    f"Pipeline: expected a step with {what} as {name!r}, got {step!r:.80}. Only "
                    "the last step may predict."
                )

    # ------------------------------------------------------------------------------ applying

    @only_if(_last_has)
    def predict(self, X: Any, **options: Any) -> Any:
        """What the last step predicts."""
        return self._answer("predict", X, **options)

    @only_if(_last_has)
    def predict_proba(self, X: Any) -> Any:
        """The probabilities (n, k) of the last step."""
        return self._answer("predict_proba", X)

    @only_if(_last_has)
    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of the probabilities of the last step."""
        return self._answer("predict_log_proba", X)

    @only_if(_last_has)
    def decision_function(self, X: Any) -> Any:
        """The scores of the last step."""
        return self._answer("decision_function", X)

    @only_if(_last_has)
    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The score of the last step."""
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._answer("score", X, y, **options)

    @only_if(_last_has)
    def transform(self, X: Any) -> Any:
        """X through all steps."""
        if self._last() in (None, "passthrough"):
            return self._transformed(X)
        return self._answer("transform", X)

    @only_if(_all_invert)
    def inverse_transform(self, X: Any) -> Any:
        """Back through all steps, from the last to the first."""
        self._check_fitted()
        for name, step in reversed(self._working()):
            with naming("Pipeline", name):
                X = step.inverse_transform(X)
        return X

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that the last step makes."""
        names = input_features
        for name, step in self._working():
            with naming("Pipeline", name):
                names = step.get_feature_names_out(names)
        return names

    def _answer(self, method: str, X: Any, *arguments: Any, **options: Any) -> Any:
        X = self._transformed(X)
        with self._naming(-1):
            return getattr(self._last(), method)(X, *arguments, **options)

    def _transformed(self, X: Any) -> Any:
        """X behind all steps but the last."""
        self._check_fitted()
        for name, step in self._working(self.steps[:-1]):
            with naming("Pipeline", name):
                X = step.transform(X)
        return X

    # ------------------------------------------------------------------------------ the steps

    @property
    def named_steps(self) -> Named:
        """The steps by name."""
        return Named(self.steps)

    @property
    def classes_(self) -> np.ndarray:  # type: ignore[override]
        """The classes of the last step."""
        return self._last().classes_

    @property
    def n_features_in_(self) -> int:  # type: ignore[override]
        """The number of columns that the first step was fitted on."""
        return self._working()[0][1].n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:  # type: ignore[override]
        """The names of the columns that the first step was fitted on."""
        return self._working()[0][1].feature_names_in_

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            part = type(self)(self.steps[which])
            if self._learned():
                part._fitted_ = True
            return part
        if isinstance(which, str):
            if which not in self.named_steps:
                raise KeyError(
                    f"Pipeline: expected one of the steps {', '.join(self.named_steps)}, got "
                    f"{which!r}."
                )
            return self.named_steps[which]
        return self.steps[which][1]

    def _last(self) -> Any:
        steps = self._parts()
        return steps[-1][1] if steps else None

    def _is_classifier(self) -> bool:
        return is_classifier(self._last())

    def _working(self, steps: Any = None) -> list[tuple[str, Any]]:
        """The steps that do something."""
        steps = self._parts() if steps is None else steps
        return [each for each in steps if each[1] not in (None, "passthrough")]

    def _naming(self, i: int) -> Any:
        return naming("Pipeline", self.steps[i][0])

    def _learned(self) -> list[str]:
        """A pipeline of fitted steps is fitted, whoever fitted them."""
        if "_fitted_" in vars(self):
            return ["_fitted_"]
        working = self._working()
        return ["steps"] if working and all(map(_is_fitted, (w[1] for w in working))) else []

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._learned())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        working = self._working()
        last = self._last()
        if hasattr(last, "__sklearn_tags__"):
            theirs = last.__sklearn_tags__()
            for name in ("estimator_type", "target_tags", "classifier_tags", "regressor_tags",
                         "transformer_tags"):  # fmt: skip
                setattr(tags, name, getattr(theirs, name))
        if working and hasattr(working[0][1], "__sklearn_tags__"):
            tags.input_tags = working[0][1].__sklearn_tags__().input_tags
        return tags


def make_pipeline(*steps: Any) -> Pipeline:
    """A Pipeline whose steps are named by their classes, in small letters.

    >>> from tinygrad_ml.preprocessing import MinMaxScaler
    >>> make_pipeline(MinMaxScaler(), "passthrough").steps
    [('minmaxscaler', MinMaxScaler()), ('passthrough', 'passthrough')]
    """
    return Pipeline(list(zip(numbered_names(steps), steps)))


def _fit_transform(step: Any, X: Any, y: Any, options: dict[str, Any]) -> Any:
    if step in (None, "passthrough"):
        return X
    if hasattr(step, "fit_transform"):
        return step.fit_transform(X, y, **options)
    return step.fit(X, y, **options).transform(X)


def _is_fitted(step: Any) -> bool:
    return any(name.endswith("_") and not name.startswith("_") for name in vars(step))
