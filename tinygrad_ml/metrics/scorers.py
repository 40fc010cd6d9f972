"""Scorers: functions (estimator, X, y) -> number, more is better; model selection goes by them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import classification, clustering, ranking, regression

__all__ = ["SCORERS", "make_scorer", "scorer"]


@dataclass(frozen=True)
class Scorer:
    """A metric of what an estimator answers, with the sign that makes more better."""

    metric: Callable[..., float]
    sign: int = 1
    response: tuple[str, ...] = ("predict",)
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        options = dict(self.options)
        if sample_weight is not None:
            options["sample_weight"] = sample_weight
        answer = self._answer(estimator, X)
        classes = getattr(estimator, "classes_", None)
        if self.response != ("predict",) and classes is not None:
            if len(classes) == 2 and answer.ndim == 2:
                answer = answer[:, 1]
            # Classes that this y happens to lack are known to the estimator.
            if "labels" in inspect.signature(self.metric).parameters:
                options.setdefault("labels", classes)
        return self.sign * float(self.metric(y, answer, **options))

    def _answer(self, estimator: Any, X: Any) -> np.ndarray:
        for name in self.response:
            method = getattr(estimator, name, None)
            if method is not None:
                return np.asarray(method(X))
        raise AttributeError(
            f"{self.metric.__name__}: expected an estimator with {' or '.join(self.response)}, got "
            f"{type(estimator).__name__}. Choose a scoring that needs predict alone."
        )


def make_scorer(
    metric: Callable[..., float],
    *,
    response_method: str | tuple[str, ...] = "predict",
    greater_is_better: bool = True,
    **options: Any,
) -> Scorer:
    """A scorer of a metric (y_true, y_pred, **options) -> number, your own or one of these.

    Args:
        response_method: what of the estimator is measured: "predict", "predict_proba" (of two
            classes the probabilities of the second), "decision_function", or several names, of
            which the first that the estimator has is taken.
        greater_is_better: False changes the sign.

    >>> make_scorer(classification.fbeta_score, beta=2).options
    {'beta': 2}
    """
    if not callable(metric):
        raise TypeError(
            f"make_scorer: expected a function (y_true, y_pred) -> number, got {metric!r:.80}. "
            "Names such as 'f1' are scorers already."
        )
    names = (response_method,) if isinstance(response_method, str) else tuple(response_method)
    known = ("predict", "predict_proba", "decision_function")
    if not names or not set(names) <= set(known):
        raise ValueError(
            f"make_scorer: response_method must be of {', '.join(known)}, got {response_method!r}."
        )
    return Scorer(metric, 1 if greater_is_better else -1, names, options)


def scorer(scoring: Any = None) -> Callable[..., float]:
    """The function (estimator, X, y) -> number for a name, a function, or None.

    None is the estimator's own `score`; a function is taken as it is; the names are in `SCORERS`.
    """
    if scoring is None:
        return own_score
    if callable(scoring):
        name, module = getattr(scoring, "__name__", ""), getattr(scoring, "__module__", None) or ""
        if module.startswith((f"{__package__}.", "sklearn.metrics.")) and _takes_predictions(
            scoring
        ):
            raise TypeError(
                "scoring: expected a function (estimator, X, y) -> number, got the metric "
                f"{name}(y_true, y_pred). Write make_scorer({name})."
            )
        return scoring
    if not isinstance(scoring, str):
        raise TypeError(
            "scoring: expected a name, a function (estimator, X, y) -> number or None, got "
            f"{scoring!r:.80}. Write for example scoring='accuracy'."
        )
    if scoring not in SCORERS:
        near = difflib.get_close_matches(scoring, SCORERS, n=3, cutoff=0.5)
        advice = (
            f"Did you mean {' or '.join(map(repr, near))}?" if near else "Look at metrics.SCORERS."
        )
        raise ValueError(f"scoring: expected the name of a scorer, got {scoring!r}. {advice}")
    return SCORERS[scoring]


def _takes_predictions(function: Callable[..., Any]) -> bool:
    return next(iter(inspect.signature(function).parameters), "") in ("y_true", "labels_true")


def own_score(estimator: Any, X: Any, y: Any, **options: Any) -> float:
    """What the estimator itself calls its score."""
    if not hasattr(estimator, "score"):
        raise TypeError(
            f"scoring: expected an estimator with a score method, got {type(estimator).__name__}. "
            "Say how to measure it, for example scoring='accuracy'."
        )
    return float(estimator.score(X, y, **options))


def _scorers() -> dict[str, Scorer]:
    found = {
        "accuracy": Scorer(classification.accuracy_score),
        "balanced_accuracy": Scorer(classification.balanced_accuracy_score),
        "matthews_corrcoef": Scorer(classification.matthews_corrcoef),
        "explained_variance": Scorer(regression.explained_variance_score),
        "r2": Scorer(regression.r2_score),
    }
    for name in ("max_error", "mean_absolute_error", "mean_squared_error",
                 "median_absolute_error", "root_mean_squared_error"):  # fmt: skip
        found[f"neg_{name}"] = Scorer(getattr(regression, name), -1)
    for name in ("adjusted_rand_score", "completeness_score", "homogeneity_score",
                 "normalized_mutual_info_score", "rand_score", "v_measure_score"):  # fmt: skip
        found[name] = Scorer(getattr(clustering, name))
    scores = ("decision_function", "predict_proba")
    found["roc_auc"] = Scorer(ranking.roc_auc_score, response=scores)
    found["average_precision"] = Scorer(ranking.average_precision_score, response=scores)
    found["neg_log_loss"] = Scorer(ranking.log_loss, -1, ("predict_proba",))
    for pairing in ("ovr", "ovo"):
        for average, ending in (("macro", ""), ("weighted", "_weighted")):
            found[f"roc_auc_{pairing}{ending}"] = Scorer(
                ranking.roc_auc_score,
                response=("predict_proba",),
                options={"multi_class": pairing, "average": average},
            )
    for name in ("precision", "recall", "f1"):
        metric = getattr(classification, f"{name}_score")
        found[name] = Scorer(metric)
        for average in ("macro", "micro", "weighted"):
            found[f"{name}_{average}"] = Scorer(metric, options={"average": average})
    return found


SCORERS: dict[str, Scorer] = _scorers()
