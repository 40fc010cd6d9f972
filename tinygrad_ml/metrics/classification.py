"""How good predicted classes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..validation import is_number
from .checks import check_kinds, label_pair, number_classes, undefined

__all__ = [
    "accuracy_score",
    "balanced_accuracy_score",
    "classification_report",
    "cohen_kappa_score",
    "confusion_matrix",
    "f1_score",
    "fbeta_score",
    "matthews_corrcoef",
    "precision_recall_fscore_support",
    "precision_score",
    "recall_score",
]


def accuracy_score(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None
) -> float:
    """Share of the samples (of their weight) whose class was predicted; their number otherwise.

    Shapes: labels (n,) of any dtype.

    >>> accuracy_score(["cat", "dog", "dog"], ["cat", "cat", "dog"])
    0.667
    """
    true, predicted, weights = label_pair(y_true, y_pred, "accuracy_score", sample_weight)
    right = true == predicted
    if normalize:
        return float(np.average(right, weights=weights))
    return float(np.count_nonzero(right) if weights is None else weights[right].sum())


def confusion_matrix(
    y_true: Any, y_pred: Any, *, labels: Any = None, sample_weight: Any = None,
    normalize: str | None = None,
) -> np.ndarray:  # fmt: skip
    """C[i, j]: how many samples of class i (row) were given class j (column), shape (k, k).

    Args:
        labels: the classes and their order; samples of others are left out. None: all, sorted.
        normalize: "true" divides by the sums of the rows, "pred" by those of the columns, "all" by
            the number of samples; what has no samples stays 0.

    >>> confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
    array([[1, 1],
           [0, 2]])
    """
    owner = "confusion_matrix"
    if normalize not in (None, "true", "pred", "all"):
        raise ValueError(
            f"{owner}: normalize must be 'true', 'pred', 'all' or None, got {normalize!r}."
        )
    true, predicted, weights = label_pair(y_true, y_pred, owner, sample_weight)
    classes, true, predicted, chosen = _numbered(true, predicted, labels, owner)
    matrix = _matrix(true, predicted, len(classes), weights)
    if labels is not None:
        if not np.isin(true, chosen).any():
            raise ValueError(
                f"{owner}: expected at least one of labels among y_true, got {classes[chosen]}. "
                "Leave labels out to see all classes."
            )
        matrix = matrix[np.ix_(chosen, chosen)]
    if normalize is None:
        return matrix
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    total = matrix.sum(axis=axis, keepdims=True)
    return matrix / np.where(total == 0, 1, total)


# ------------------------------------------------------------------- precision, recall, F score


def precision_score(
    y_true: Any, y_pred: Any, *, labels: Any = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:  # fmt: skip
    """hits / predicted: the share of the samples given the class that belong to it.

    `average` and the other options are those of `precision_recall_fscore_support`.

    >>> precision_score([0, 1, 1, 0], [1, 1, 1, 0])
    0.667
    """
    return _scores("precision_score", y_true, y_pred, labels, pos_label, average, sample_weight,
                   zero_division)[0]  # fmt: skip


def recall_score(
    y_true: Any, y_pred: Any, *, labels: Any = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:  # fmt: skip
    """hits / true: the share of the samples of the class that were found.

    `average` and the other options are those of `precision_recall_fscore_support`.

    >>> recall_score([0, 1, 1, 0], [1, 1, 0, 0])
    0.5
    """
    return _scores("recall_score", y_true, y_pred, labels, pos_label, average, sample_weight,
                   zero_division)[1]  # fmt: skip


def f1_score(
    y_true: Any, y_pred: Any, *, labels: Any = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:  # fmt: skip
    """2 hits / (true + predicted), the harmonic mean of precision and recall.

    `average` and the other options are those of `precision_recall_fscore_support`.

    >>> f1_score(["a", "b", "c"], ["a", "b", "b"], average="macro", zero_division=0)
    0.556
    """
    return _scores("f1_score", y_true, y_pred, labels, pos_label, average, sample_weight,
                   zero_division)[2]  # fmt: skip


def fbeta_score(
    y_true: Any, y_pred: Any, *, beta: float, labels: Any = None, pos_label: Any = 1,
    average: str | None = "binary", sample_weight: Any = None, zero_division: Any = "warn",
) -> Any:  # fmt: skip
    """(1 + beta^2) hits / (beta^2 true + predicted): beta > 1 favours recall.

    `average` and the other options are those of `precision_recall_fscore_support`.

    Source: C. J. van Rijsbergen, Information Retrieval, 1979.
    """
    return _scores("fbeta_score", y_true, y_pred, labels, pos_label, average, sample_weight,
                   zero_division, beta)[2]  # fmt: skip


def precision_recall_fscore_support(
    y_true: Any, y_pred: Any, *, beta: float = 1.0, labels: Any = None, pos_label: Any = 1,
    average: str | None = None, sample_weight: Any = None, zero_division: Any = "warn",
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """(precision, recall, F score, number of true samples), per class or averaged.

    Args:
        beta: weight of recall in the F score.
        labels: the classes that count, and their order; None: all, sorted.
        pos_label: the positive class, for average="binary".
        average: None gives arrays (k,); "binary" the scores of `pos_label`; "macro" the mean over
            classes; "weighted" that with the true samples as weights; "micro" counts the hits of
            all classes together. Averages have no number of samples: None.
        zero_division: what a score with nothing to divide by is: 0, 1 or NaN (then left out of the
            average); "warn" is 0 with an `UndefinedMetricWarning`.

    Raises:
        ValueError: average="binary" with more than two classes or without `pos_label`.
    """
    owner = "precision_recall_fscore_support"
    return _scores(owner, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division,
                   beta)  # fmt: skip


def _scores(
    owner: str, y_true: Any, y_pred: Any, labels: Any, pos_label: Any, average: str | None,
    sample_weight: Any, zero_division: Any, beta: float = 1.0,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    if average not in (None, "binary", "macro", "micro", "weighted"):
        raise ValueError(
            f"{owner}: average must be 'binary', 'macro', 'micro', 'weighted' or None, got "
            f"{average!r}."
        )
    if not is_number(beta) or beta < 0:
        raise ValueError(f"{owner}: beta must be a number of at least 0, got {beta!r}.")
    stand_in = _stand_in(zero_division, owner)
    true, predicted, weights = label_pair(y_true, y_pred, owner, sample_weight)
    if average == "binary":
        labels = _positive_label(true, predicted, pos_label, owner)
    classes, true, predicted, chosen = _numbered(true, predicted, labels, owner)
    hits, given, there = _class_counts(true, predicted, len(classes), weights)[:, chosen]
    if average == "micro":
        hits, given, there = (each.sum(keepdims=True) for each in (hits, given, there))
    if isinstance(zero_division, str):
        _warn_of_zeros(owner, classes[chosen], given, there, average == "micro")
    precision, recall, f_score = _divided(hits, given, there, beta, stand_in)
    if average is None:
        return precision, recall, f_score, there
    shares = there if average == "weighted" else None
    means = [_mean(each, shares) for each in (precision, recall, f_score)]
    return means[0], means[1], means[2], None


def _positive_label(true: np.ndarray, predicted: np.ndarray, pos_label: Any, owner: str) -> Any:
    """[pos_label], which must be one of at most two classes."""
    classes, _ = number_classes(owner, true, predicted)
    if len(classes) > 2:
        raise ValueError(
            f"{owner}: expected two classes for average='binary', got {len(classes)}. Choose "
            "another average: 'macro', 'weighted', 'micro' or None."
        )
    if len(classes) == 2 and not any(pos_label == each for each in classes):
        raise ValueError(
            f"{owner}: expected pos_label to be one of the classes {classes.tolist()}, got "
            f"{pos_label!r}. Write pos_label={classes.tolist()[1]!r}."
        )
    known = any(pos_label == each for each in classes)
    return np.asarray([pos_label], dtype=classes.dtype if known else None)


def _numbered(
    true: np.ndarray, predicted: np.ndarray, labels: Any, owner: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(classes, true and predicted labels as their numbers, the numbers of the chosen labels)."""
    if labels is None:
        classes, (true, predicted) = number_classes(owner, true, predicted)
        return classes, true, predicted, np.arange(len(classes))
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(
            f"{owner}: expected labels as a list of classes, got {labels.tolist()!r:.80}. "
            "Leave it out for all classes."
        )
    if not (len(np.unique(true)) == 1 and labels.size == 1):  # one class, and none to compare
        check_kinds(owner, y_true=true, labels=labels)
    classes, (true, predicted, chosen) = number_classes(owner, true, predicted, labels)
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(f"{owner}: expected every class once in labels, got {labels.tolist()}.")
    return classes, true, predicted, chosen


def _matrix(
    true: np.ndarray, predicted: np.ndarray, n_classes: int, weights: np.ndarray | None
) -> np.ndarray:
    cells = np.bincount(true * n_classes + predicted, weights, n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def _class_counts(
    true: np.ndarray, predicted: np.ndarray, n_classes: int, weights: np.ndarray | None
) -> np.ndarray:
    """Rows: hits, predicted and true samples of every class, shape (3, k)."""
    right = true == predicted
    return np.stack([
        np.bincount(true[right], None if weights is None else weights[right], n_classes),
        np.bincount(predicted, weights, n_classes),
        np.bincount(true, weights, n_classes),
    ])  # fmt: skip


def _divided(
    hits: np.ndarray, given: np.ndarray, there: np.ndarray, beta: float, stand_in: float
) -> list[np.ndarray]:
    """Precision, recall and F score; `stand_in` where there is nothing to divide by."""
    parts = (
        (hits, given),
        (hits, there),
        ((1 + beta**2) * hits, beta**2 * there + given),
    )
    return [
        np.where(below == 0, stand_in, above / np.where(below == 0, 1, below))
        for above, below in parts
    ]


def _mean(scores: np.ndarray, weights: np.ndarray | None) -> float:
    """The mean of the scores that are numbers; of equal weights if all of them are 0."""
    known = ~np.isnan(scores)
    if not known.any():
        return float("nan")
    if weights is None or not weights[known].any():
        return float(np.mean(scores[known]))
    return float(np.average(scores[known], weights=weights[known]))


def _stand_in(zero_division: Any, owner: str) -> float:
    if isinstance(zero_division, str) and zero_division == "warn":
        return 0.0
    if isinstance(zero_division, (int, float)) and (
        zero_division in (0, 1) or zero_division != zero_division
    ):
        return float(zero_division)
    raise ValueError(f"{owner}: zero_division must be 'warn', 0, 1 or NaN, got {zero_division!r}.")


def _warn_of_zeros(
    owner: str, classes: np.ndarray, given: np.ndarray, there: np.ndarray, together: bool
) -> None:
    for counts, score, what in ((given, "precision", "predicted"), (there, "recall", "true")):
        if counts.all() or (owner in ("precision_score", "recall_score") and score not in owner):
            continue
        empty = "the chosen classes" if together else f"class {classes[counts == 0].tolist()}"
        undefined(
            f"{owner}: {score} is not defined without {what} samples of {empty}; 0 stands for it. "
            "Choose what stands for it with zero_division=0, 1 or np.nan."
        )


# ------------------------------------------------------------------------- one number, reports


def balanced_accuracy_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, adjusted: bool = False
) -> float:
    """Mean recall of the classes in y_true: chance is 1 / k, however rare a class is.

    `adjusted` moves chance to 0 and keeps 1 as the best.

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    owner = "balanced_accuracy_score"
    true, predicted, weights = label_pair(y_true, y_pred, owner, sample_weight)
    classes, (true, predicted) = number_classes(owner, true, predicted)
    hits, _, there = _class_counts(true, predicted, len(classes), weights)
    score = float(np.mean(hits[there > 0] / there[there > 0]))
    if not adjusted:
        return score
    if np.count_nonzero(there) == 1:
        undefined(f"{owner}: with one class it cannot be adjusted for chance; it has no value.")
        return float("nan")
    chance = 1 / np.count_nonzero(there)
    return (score - chance) / (1 - chance)


def matthews_corrcoef(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Correlation of true and predicted classes, -1 to 1; 0 if either of them is constant.

    With C the confusion matrix in shares, t and p its row and column sums:
    (trace C - t p) / sqrt((1 - t t) (1 - p p)).

    Source: B. W. Matthews, 1975; J. Gorodkin, Comparing two K-category assignments, 2004.

    >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])
    -0.333
    """
    owner = "matthews_corrcoef"
    true, predicted, weights = label_pair(y_true, y_pred, owner, sample_weight)
    classes, (true, predicted) = number_classes(owner, true, predicted)
    counts = _class_counts(true, predicted, len(classes), weights).astype(float)
    if min(np.count_nonzero(counts[1]), np.count_nonzero(counts[2])) < 2:
        return 0.0
    hits, given, there = counts / counts[1].sum()
    spread = (1 - there @ there) * (1 - given @ given)
    return float((hits.sum() - there @ given) / np.sqrt(spread))


def cohen_kappa_score(
    y1: Any, y2: Any, *, labels: Any = None, weights: str | None = None, sample_weight: Any = None
) -> float:
    """Agreement of two raters beyond chance: 1 - observed / expected disagreement.

    `weights`: None counts every disagreement as 1, "linear" and "quadratic" by how far apart the
    classes stand in `labels` (or sorted).

    Source: J. Cohen, A coefficient of agreement for nominal scales, 1960; Weighted kappa, 1968.
    """
    owner = "cohen_kappa_score"
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(
            f"{owner}: weights must be 'linear', 'quadratic' or None, got {weights!r}."
        )
    first, second, shares = label_pair(y1, y2, owner, sample_weight, ("y1", "y2"))
    classes, first, second, chosen = _numbered(first, second, labels, owner)
    matrix = _matrix(first, second, len(classes), shares)[np.ix_(chosen, chosen)]
    if not matrix.any():
        raise ValueError(
            f"{owner}: expected samples that both raters gave one of labels, got none. "
            "Leave labels out for all classes."
        )
    place = np.arange(len(chosen))
    apart = np.abs(place[:, None] - place)
    cost = apart**2 if weights == "quadratic" else apart if weights == "linear" else apart > 0
    expected = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / matrix.sum()
    if not (cost * expected).any():
        undefined(f"{owner}: both raters know one class only, so kappa has no value.")
        return float("nan")
    return float(1 - (cost * matrix).sum() / (cost * expected).sum())


def classification_report(
    y_true: Any, y_pred: Any, *, labels: Any = None, target_names: Any = None,
    sample_weight: Any = None, digits: int = 2, output_dict: bool = False,
    zero_division: Any = "warn",
) -> Any:  # fmt: skip
    """Precision, recall, F1 and number of samples of every class and on average, as a table.

    Args:
        labels: the classes that are shown, and their order; None: all, sorted.
        target_names: names to show instead of the classes, in the order of `labels`.
        digits: digits behind the point.
        output_dict: a dictionary of the numbers, not rounded, instead of a text.
        zero_division: as for `precision_recall_fscore_support`.
    """
    owner = "classification_report"
    stand_in = _stand_in(zero_division, owner)
    true, predicted, weights = label_pair(y_true, y_pred, owner, sample_weight)
    classes, true, predicted, chosen = _numbered(true, predicted, labels, owner)
    counts = _class_counts(true, predicted, len(classes), weights)[:, chosen]
    names = [str(each) for each in (classes[chosen] if target_names is None else target_names)]
    if len(names) != len(chosen):
        raise ValueError(
            f"{owner}: expected {len(chosen)} target_names, one for each class, got {len(names)}."
        )
    hits, given, there = counts
    if isinstance(zero_division, str):
        _warn_of_zeros(owner, classes[chosen], given, there, False)
    scores = _divided(hits, given, there, 1.0, stand_in)
    report: dict[str, Any] = {
        name: _row([each[i] for each in scores], there[i]) for i, name in enumerate(names)
    }
    hits, given, total = counts.sum(axis=1, keepdims=True)
    together = _divided(hits, given, total, 1.0, stand_in)
    if len(chosen) == len(classes):  # then precision and recall of all together are equal
        report["accuracy"] = float(together[0][0])
    else:
        report["micro avg"] = _row([each[0] for each in together], there.sum())
    for average, shares in (("macro avg", None), ("weighted avg", there)):
        report[average] = _row([_mean(each, shares) for each in scores], there.sum())
    return report if output_dict else _table(report, len(names), there.sum(), digits)


def _row(scores: list[Any], support: Any) -> dict[str, float]:
    precision, recall, f_score = map(float, scores)
    number = float(support)
    return {"precision": precision, "recall": recall, "f1-score": f_score, "support": number}


def _table(report: dict[str, Any], n_classes: int, support: Any, digits: int) -> str:
    width = max(len(name) for name in [*report, "weighted avg"])
    lines = [" " * width + "  " + " ".join(f"{name:>9}" for name in _row([0, 0, 0], 0)), ""]
    for number, (name, row) in enumerate(report.items()):
        if number == n_classes:
            lines.append("")
        if isinstance(row, dict):
            cells = [f"{value:>9.{digits}f}" for value in list(row.values())[:3]]
            count = row["support"]
        else:
            cells = [" " * 9, " " * 9, f"{row:>9.{digits}f}"]
            count = support
        shown = f"{int(count):>9}" if support.dtype.kind == "i" else f"{count:>9.6g}"
        lines.append(f"{name:>{width}}  " + " ".join([*cells, shown]))
    return "\n".join([*lines, ""])
