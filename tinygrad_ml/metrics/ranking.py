"""How good probabilities and other scores of classes are, before anyone decides on a class."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from ..validation import check_weights
from .checks import (
    check_kinds,
    check_same_length,
    label_vector,
    number_classes,
    undefined,
    value_array,
)

__all__ = [
    "auc",
    "average_precision_score",
    "log_loss",
    "precision_recall_curve",
    "roc_auc_score",
    "roc_curve",
]


def log_loss(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None,
    labels: Any = None,
) -> float:  # fmt: skip
    """Mean of -log p(the true class): 0 is perfect, and a certain wrong answer is costly.

    Probabilities are kept away from 0 by the rounding error of their dtype.

    Args:
        y_true: labels (n,).
        y_pred: probabilities (n, k), columns in the order of the sorted classes; (n,) of the
            second of two classes.
        normalize: the mean (of the weights); otherwise the sum.
        labels: the classes, if y_true lacks some.

    Raises:
        ValueError: numbers that are no probabilities, rows that do not sum to 1, another number of
            columns than of classes, one class only.

    >>> log_loss(["ham", "spam"], [0.1, 0.8])
    0.164
    """
    owner = "log_loss"
    true = label_vector(y_true, owner, "y_true")
    probabilities = value_array(y_pred, owner, "y_pred")
    check_same_length(true, probabilities, owner)
    weights = check_weights(sample_weight, owner, len(true))
    if probabilities.ndim == 1:
        _check_probabilities(probabilities, owner)
        probabilities = np.column_stack([1 - probabilities, probabilities])
    true, n_classes = _class_numbers(true, labels, owner)
    if n_classes < 2:
        raise ValueError(
            f"{owner}: expected two classes or more, got one class in y_true. Name all of them: "
            "labels=[...], for example labels=classifier.classes_."
        )
    _check_columns(probabilities, n_classes, owner)
    _check_rows(probabilities, owner)
    kind = np.asarray(y_pred).dtype
    least = np.finfo(kind if kind.kind == "f" else np.float64).eps
    of_truth = np.clip(probabilities[np.arange(len(true)), true], least, 1 - least)
    losses = -np.log(of_truth)
    if normalize:
        return float(np.average(losses, weights=weights))
    return float(losses.sum() if weights is None else losses @ weights)


def roc_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None,
    drop_intermediate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(false positive rate, true positive rate, thresholds): what "score >= threshold" would do.

    Args:
        y_true: labels (n,) of at most two classes, or of any if `pos_label` is given.
        y_score: scores (n,), larger for the positive class.
        pos_label: the positive class; None: the second of the two.
        drop_intermediate: leave out points on a straight line between others.

    Returns:
        Arrays of equal length that begin at the rates 0 and 0 with the threshold inf and end at 1
        and 1; a rate of a class without samples is NaN, with an `UndefinedMetricWarning`.

    >>> roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[:2]
    (array([0. , 0. , 0.5, 0.5, 1. ]), array([0. , 0.5, 0.5, 1. , 1. ]))
    """
    owner = "roc_curve"
    positive, score, weights = _binary(y_true, y_score, pos_label, sample_weight, owner)
    wrong, right, thresholds = _cumulated(positive, score, weights)
    if drop_intermediate and len(wrong) > 2:
        turns = np.r_[True, (np.diff(wrong, 2) != 0) | (np.diff(right, 2) != 0), True]
        wrong, right, thresholds = wrong[turns], right[turns], thresholds[turns]
    rates = []
    for counts, what in ((wrong, "negative"), (right, "positive")):
        if counts[-1] == 0:
            undefined(f"{owner}: without {what} samples in y_true their rate has no value.")
        rates.append(_shares(np.r_[0, counts]))
    return rates[0], rates[1], np.r_[np.inf, thresholds]


def auc(x: Any, y: Any) -> float:
    """The area under the curve through the points (x, y), by trapezoids; x in order.

    >>> auc([0, 0.5, 1], [0, 1, 1])
    0.75
    """
    x, y = value_array(x, "auc", "x", False), value_array(y, "auc", "y", False)
    check_same_length(x, y, "auc", "x and y")
    steps = np.diff(x)
    if len(x) < 2 or not ((steps >= 0).all() or (steps <= 0).all()):
        raise ValueError(
            "auc: expected two points or more with x rising or falling, got others. "
            "Sort the points by x."
        )
    return float(np.trapezoid(y, x) * (1 if (steps >= 0).all() else -1))


def roc_auc_score(
    y_true: Any, y_score: Any, *, average: str | None = "macro", sample_weight: Any = None,
    multi_class: str = "raise", labels: Any = None,
) -> Any:  # fmt: skip
    """Probability that a positive sample has a larger score than a negative one; ties count half.

    It is the area under the ROC curve: 1 is perfect, 0.5 is chance. Of two classes the second, in
    sorted order, is the positive one. With more classes `y_score` holds probabilities (n, k):

    Args:
        average: "macro" is the mean over classes (or pairs), "weighted" that with their numbers of
            samples as weights, None gives all, "micro" counts all entries together (both "ovr").
        multi_class: "ovr" holds each class against the rest, "ovo" each against each other (no
            `sample_weight`). For more than two classes one of them must be chosen.
        labels: the classes, if y_true lacks some.

    A class without samples, or without others, has no value: NaN, with an
    `UndefinedMetricWarning`.

    Source: J. A. Hanley and B. J. McNeil, 1982; D. J. Hand and R. J. Till, 2001 (ovo).

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    owner = "roc_auc_score"
    true = label_vector(y_true, owner, "y_true")
    score = value_array(y_score, owner, "y_score")
    check_same_length(true, score, owner, "y_true and y_score")
    weights = check_weights(sample_weight, owner, len(true))
    if average not in ("macro", "weighted", "micro", None):
        raise ValueError(
            f"{owner}: average must be 'macro', 'weighted', 'micro' or None, got {average!r}."
        )
    if score.ndim == 1:
        if (n_classes := len(number_classes(owner, true)[0])) > 2:
            raise ValueError(
                f"{owner}: expected scores of shape (n, {n_classes}), a column for each class, got "
                "(n,). Give predict_proba(X) and multi_class='ovr' or 'ovo'."
            )
        true, _ = _class_numbers(true, None, owner)
        return _area(true == 1, score, weights, owner) if true.any() else _no_area(owner)
    true, n_classes = _class_numbers(true, labels, owner)
    if n_classes <= 2 and score.shape[1] == 2:
        raise ValueError(
            f"{owner}: expected the scores of the positive class alone for two classes, shape "
            "(n,), got (n, 2). Write predict_proba(X)[:, 1]."
        )
    if multi_class not in ("ovr", "ovo"):
        raise ValueError(
            f"{owner}: multi_class must be 'ovr' or 'ovo' for more than two classes, got "
            f"{multi_class!r}. As a scoring write 'roc_auc_ovr' or 'roc_auc_ovo'."
        )
    _check_columns(score, n_classes, owner)
    _check_rows(score, owner)
    if multi_class == "ovr":
        return _one_against_rest(true, score, weights, average, owner)
    if weights is not None or average not in ("macro", "weighted"):
        raise ValueError(
            f"{owner}: expected no sample_weight, and average='macro' or 'weighted', with "
            f"multi_class='ovo', got average={average!r}. Use multi_class='ovr'."
        )
    return _one_against_one(true, score, average, owner)


def precision_recall_curve(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None,
    drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(precision, recall, thresholds) of "score >= threshold" for every score, rising.

    A last point, precision 1 and recall 0 without a threshold, ends the curve. The arguments are
    those of `roc_curve`. Without positive samples recall is 1, with an `UndefinedMetricWarning`.

    >>> precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[1]
    array([1. , 1. , 0.5, 0.5, 0. ])
    """
    owner = "precision_recall_curve"
    positive, score, weights = _binary(y_true, y_score, pos_label, sample_weight, owner)
    wrong, right, thresholds = _cumulated(positive, score, weights)
    if drop_intermediate and len(right) > 2:
        turns = np.diff(right) > 0
        kept = np.r_[True, turns[:-1] | turns[1:], True]
        wrong, right, thresholds = wrong[kept], right[kept], thresholds[kept]
    precision, recall = _precision_and_recall(wrong, right, owner)
    return np.r_[precision[::-1], 1.0], np.r_[recall[::-1], 0.0], thresholds[::-1].copy()


def average_precision_score(
    y_true: Any, y_score: Any, *, average: str | None = "macro", pos_label: Any = 1,
    sample_weight: Any = None, labels: Any = None,
) -> Any:  # fmt: skip
    """sum_i (recall_i - recall_(i-1)) precision_i: the precision-recall curve in one number.

    Scores (n, k) of more than two classes are measured class by class, each against the rest, and
    averaged as by `roc_auc_score`; `labels` are the classes, if y_true lacks some.

    >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.833
    """
    owner = "average_precision_score"
    score = value_array(y_score, owner, "y_score")
    if score.ndim == 1:
        if len(number_classes(owner, label_vector(y_true, owner, "y_true"))[0]) > 2:
            raise ValueError(
                f"{owner}: expected scores of shape (n, k), a column for each of more than two "
                "classes, got (n,). Give predict_proba(X)."
            )
        positive, score, weights = _binary(y_true, score, pos_label, sample_weight, owner)
        return _average_precision(positive, score, weights, owner)
    true = label_vector(y_true, owner, "y_true")
    check_same_length(true, score, owner, "y_true and y_score")
    weights = check_weights(sample_weight, owner, len(true))
    true, n_classes = _class_numbers(true, labels, owner)
    _check_columns(score, n_classes, owner)
    return _one_against_rest(true, score, weights, average, owner, _average_precision)


# ------------------------------------------------------------------------------------ parts


def _binary(
    y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any, owner: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Who is positive, the scores (n,), and the weights."""
    true = label_vector(y_true, owner, "y_true")
    score = value_array(y_score, owner, "y_score", False)
    check_same_length(true, score, owner, "y_true and y_score")
    weights = check_weights(sample_weight, owner, len(true))
    classes, (numbers,) = number_classes(owner, true)
    if pos_label is None:
        if len(classes) > 2:
            raise ValueError(
                f"{owner}: expected two classes, got {len(classes)}. Say which is the positive "
                "one, pos_label=..., and the rest is negative."
            )
        usual = len(classes) == 2 or all(each in (-1, 0, 1) for each in classes.tolist())
        if not usual:
            raise ValueError(
                f"{owner}: expected two classes, got {classes.tolist()[0]!r} only, which may be "
                "the positive one or not. Say pos_label=..."
            )
        positive = numbers == 1 if len(classes) == 2 else true == 1
        return positive, score, weights
    known = [i for i, each in enumerate(classes.tolist()) if each == pos_label]
    if not known and len(classes) > 1:
        raise ValueError(
            f"{owner}: expected pos_label to be one of the classes {classes.tolist()}, got "
            f"{pos_label!r}. Write pos_label={classes.tolist()[1]!r}."
        )
    return numbers == (known[0] if known else -1), score, weights


def _class_numbers(true: np.ndarray, labels: Any, owner: str) -> tuple[np.ndarray, int]:
    """True labels as numbers of the sorted classes, and how many classes there are."""
    if labels is None:
        classes, (numbers,) = number_classes(owner, true)
        return numbers, len(classes)
    labels = label_vector(labels, owner, "labels")
    check_kinds(owner, y_true=true, labels=labels)
    classes, (numbers, chosen) = number_classes(owner, true, labels)
    if len(classes) != len(np.unique(chosen)) or len(classes) != len(labels):
        raise ValueError(
            f"{owner}: expected every class of y_true once in labels, got {labels.tolist()!r:.80} "
            f"for the classes {classes.tolist()!r:.80}. Name them all."
        )
    if (np.diff(chosen) < 0).any():
        raise ValueError(
            f"{owner}: expected labels in sorted order, as the columns of the scores are, got "
            f"{labels.tolist()!r:.80}. Sort labels and columns."
        )
    return numbers, len(classes)


def _check_columns(score: np.ndarray, n_classes: int, owner: str) -> None:
    if score.ndim != 2 or score.shape[1] != n_classes:
        raise ValueError(
            f"{owner}: expected scores of shape (n, {n_classes}), a column for each class, got "
            f"{score.shape}. Name the classes that y_true lacks: labels=classifier.classes_."
        )


def _check_probabilities(values: np.ndarray, owner: str) -> None:
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{owner}: expected probabilities from 0 to 1, got {values.min():g} to "
            f"{values.max():g}. Use predict_proba, not decision_function."
        )


def _check_rows(probabilities: np.ndarray, owner: str) -> None:
    _check_probabilities(probabilities, owner)
    totals = probabilities.sum(axis=1)
    worst = int(np.argmax(np.abs(totals - 1)))
    if abs(totals[worst] - 1) > 1e-3:
        raise ValueError(
            f"{owner}: expected rows that sum to 1, got {totals[worst]:g} in row {worst}. "
            "Use predict_proba, or divide every row by its sum."
        )


def _cumulated(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(negatives, positives, threshold): weight of score >= threshold, for falling thresholds."""
    if weights is not None:
        counted = weights > 0
        positive, score, weights = positive[counted], score[counted], weights[counted]
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    last = np.r_[np.flatnonzero(np.diff(score)), len(score) - 1]  # of samples with equal scores
    if weights is None:
        right = np.cumsum(positive)[last].astype(float)
        return last + 1 - right, right, score[last]
    weights = weights[order]
    right = np.cumsum(weights * positive)[last]
    return np.cumsum(weights * ~positive)[last], right, score[last]


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts[-1] if counts[-1] > 0 else np.full(len(counts), np.nan)


def _area(positive: np.ndarray, score: np.ndarray, weights: np.ndarray | None, owner: str) -> float:
    wrong, right, _ = _cumulated(positive, score, weights)
    if wrong[-1] == 0 or right[-1] == 0:
        return _no_area(owner)
    return float(np.trapezoid(_shares(np.r_[0, right]), _shares(np.r_[0, wrong])))


def _no_area(owner: str) -> float:
    undefined(f"{owner}: one class only in y_true, so there is no pair to compare and no value.")
    return float("nan")


def _precision_and_recall(
    wrong: np.ndarray, right: np.ndarray, owner: str
) -> tuple[np.ndarray, np.ndarray]:
    if right[-1] > 0:
        return right / (wrong + right), right / right[-1]
    undefined(f"{owner}: without positive samples in y_true recall has no value; 1 stands for it.")
    return right / (wrong + right), np.ones(len(right))


def _average_precision(
    positive: np.ndarray, score: np.ndarray, weights: np.ndarray | None, owner: str
) -> float:
    wrong, right, _ = _cumulated(positive, score, weights)
    if right[-1] == 0:
        undefined(f"{owner}: without positive samples in y_true it has no value; 0 stands for it.")
        return 0.0
    precision, recall = _precision_and_recall(wrong, right, owner)
    return float(np.diff(recall, prepend=0) @ precision)


def _one_against_rest(
    true: np.ndarray, score: np.ndarray, weights: np.ndarray | None, average: str | None,
    owner: str, measure: Any = _area,
) -> Any:  # fmt: skip
    membership = true[:, None] == np.arange(score.shape[1])
    if average == "micro":
        each = None if weights is None else np.repeat(weights, score.shape[1])
        return measure(membership.ravel(), score.ravel(), each, owner)
    areas = np.array([
        measure(membership[:, k], score[:, k], weights, owner) for k in range(score.shape[1])
    ])  # fmt: skip
    if average is None:
        return areas
    if average == "macro":
        return float(np.mean(areas))
    there = np.bincount(true, weights, score.shape[1])
    return float(np.average(areas[there > 0], weights=there[there > 0]))


def _one_against_one(true: np.ndarray, score: np.ndarray, average: str, owner: str) -> float:
    areas, shares = [], []
    for one, other in combinations(range(score.shape[1]), 2):
        among = (true == one) | (true == other)
        is_one = true[among] == one
        if is_one.all() or not is_one.any():
            areas.append(_no_area(owner))
        else:
            first = _area(is_one, score[among, one], None, owner)
            areas.append((first + _area(~is_one, score[among, other], None, owner)) / 2)
        shares.append(np.mean(among))
    return float(np.average(areas, weights=shares if average == "weighted" else None))
