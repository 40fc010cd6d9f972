"""Naive Bayes: features are taken as independent within a class, so their log-probabilities add.

    log P(c | x) = log P(c) + sum_j log p(x_j | c) - log sum of the same over all classes

The three classifiers differ in p(x_j | c) alone: word counts, normal densities, or yes and no. What
they learn are sums over the samples of a class, so `partial_fit` can go on where `fit` stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Classifier, Estimator
from tinygrad_ml.functional import logsumexp, one_hot
from tinygrad_ml.validation import (
    ARRAY,
    BOOLEAN,
    NOTHING,
    check_labels,
    check_parameters,
    check_weights,
    number,
)

BLOCK = 16384  # numbers that are worked on at a time: 128 KiB stay in the cache
TIE = 64 * np.finfo(np.float64).eps  # sums of the same terms in another order differ by less
FLAT = 1e-290  # squares below lose digits


class _NaiveBayes(Classifier, Estimator):
    """What the three have in common. A subclass has `_begin`, `_learn` and `_joint`."""

    _dtypes = (np.float64,)

    classes_: np.ndarray
    class_count_: np.ndarray

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from samples X (n, features) of classes y (n,); returns itself.

        A sample of weight w counts like w equal samples. Earlier fits are forgotten.
        """
        X, y, weights = self._start_fit(X, y, sample_weight)
        self._begin(len(self.classes_), X.shape[1])
        self._learn(X, y, np.ones(len(y)) if weights is None else weights)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn more samples on top of those seen so far; in the end it equals `fit` on all.

        The first call needs `classes`, all labels that will ever come.
        """
        owner = type(self).__name__
        if hasattr(self, "class_count_"):
            check_parameters(self, self._parameters)
            X = self._input(X)
            weights = check_weights(sample_weight, owner, X.shape[0])
            labels, y = check_labels(y, owner, X.shape[0])
            if classes is not None and check_labels(classes, owner)[0].tolist() != _list(self):
                raise ValueError(
                    f"{owner}: expected the classes of the first call, {_list(self)!r:.80}, got "
                    f"{classes!r:.80}. Leave classes out, or begin anew with fit."
                )
            numbers = _numbers_among(labels, self.classes_, owner)
        else:
            if classes is None:
                raise ValueError(
                    f"{owner}: classes must be passed on the first call to partial_fit: all labels "
                    "that will ever come, for example classes=np.unique(y)."
                )
            known, _ = check_labels(classes, owner)
            X, y, weights = self._start_fit(X, y, sample_weight)
            numbers = _numbers_among(self.classes_, known, owner)
            self.classes_ = known
            self._begin(len(known), X.shape[1])
        self._learn(X, numbers[y], np.ones(len(y)) if weights is None else weights)
        return self

    def predict_joint_log_proba(self, X: Any) -> np.ndarray:
        """log P(c) + log p(x | c), shape (n, classes).

        Raises ValueError where it is -inf for every class.
        """
        joint = self._joint(self._input(X))
        hopeless = ~(joint.max(axis=1) > -np.inf)
        if hopeless.any():
            raise ValueError(
                f"{type(self).__name__}: expected samples that at least one class can explain, got "
                f"row {int(hopeless.argmax())} with p(x | c) = 0 for all of them. Its values are "
                "too far from those of fit: look at it, or scale X."
            )
        return joint

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log P(c | x), shape (n, classes)."""
        joint = self.predict_joint_log_proba(X)
        return joint - logsumexp(joint, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(c | x), shape (n, classes); rows sum to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample; the first in `classes_` if several tie.

        Values tie if they differ by no more than the order of summation can make them differ.
        """
        joint = self.predict_joint_log_proba(X)
        best = joint.max(axis=1, keepdims=True)
        return self.classes_[(joint >= best - TIE * np.abs(best)).argmax(axis=1)]

    def _prior(self, given: Any, name: str, counts: np.ndarray) -> np.ndarray:
        """P(c) (classes,): as given, or the shares of the counts."""
        owner, n_classes = type(self).__name__, len(self.classes_)
        if given is None:
            return counts / counts.sum()
        try:
            prior = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            prior = np.array(np.nan)
        if prior.shape != (n_classes,) or not (prior >= 0).all() or abs(prior.sum() - 1) > 1e-6:
            raise ValueError(
                f"{owner}: {name} must be one probability for each of the {n_classes} classes, "
                f"with the sum 1, got {given!r:.80}. Leave it out to learn it."
            )
        return prior

    def _begin(self, n_classes: int, n_features: int) -> None:
        raise NotImplementedError

    def _learn(self, X: Any, y: np.ndarray, weights: np.ndarray) -> None:
        raise NotImplementedError

    def _joint(self, X: Any) -> np.ndarray:
        raise NotImplementedError


class _DiscreteNaiveBayes(_NaiveBayes):
    """Naive Bayes on sums of features over the samples of a class, `feature_count_`."""

    _sparse = True
    _parameters = {
        "alpha": number(above=0, most=1e300),
        "fit_prior": BOOLEAN,
        "class_prior": ARRAY | NOTHING,
    }

    alpha: float
    fit_prior: bool
    class_prior: Any

    def _begin(self, n_classes: int, n_features: int) -> None:
        self.feature_count_ = np.zeros((n_classes, n_features))
        self.class_count_ = np.zeros(n_classes)

    def _learn(self, X: Any, y: np.ndarray, weights: np.ndarray) -> None:
        X = self._features(X)
        n_classes, n_features = self.feature_count_.shape
        with np.errstate(over="ignore"):
            if hasattr(X, "indptr"):
                lengths = np.diff(X.indptr)
                places = np.repeat(y * n_features, lengths) + X.indices
                values = X.data * np.repeat(weights, lengths)
                sums = np.bincount(places, values, n_classes * n_features)
            else:
                sums = (one_hot(y, n_classes, np.float64) * weights[:, None]).T @ X
            feature_count = self.feature_count_ + sums.reshape(n_classes, n_features)
            total = feature_count.sum()
        if not np.isfinite(total):
            raise ValueError(
                f"{type(self).__name__}: expected counts times weights whose sum is a finite "
                f"number, got counts up to {X.max():g} and weights up to {weights.max():g}. "
                "Divide them by a constant."
            )
        class_count = self.class_count_ + np.bincount(y, weights, n_classes)
        counts = class_count if self.fit_prior else np.ones(n_classes)
        prior = self._prior(self.class_prior, "class_prior", counts)
        # Kept only now: a batch that is refused leaves what earlier ones have taught.
        self.feature_count_, self.class_count_ = feature_count, class_count
        with np.errstate(divide="ignore"):  # log(0) = -inf for a class that cannot come
            self.class_log_prior_ = np.log(prior)
        self._estimate()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "feature_log_prob_")  # the last thing that is learned

    def _features(self, X: Any) -> Any:
        return X

    def _estimate(self) -> None:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        # Counts and yes or no say little about points in a plane, which the checks classify: the
        # multinomial model is right there for 79 % whoever computes it, where 83 % are asked for.
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class MultinomialNB(_DiscreteNaiveBayes):
    """Naive Bayes for counts, above all of words; X may be sparse and stays so.

    With N_cj the sum of feature j over the samples of class c:

        p(j | c) = (N_cj + alpha) / sum_k (N_ck + alpha)
        log p(x | c) = sum_j x_j log p(j | c)

    The probabilities of a class sum to 1 over the features, that is over the words that are known:
    others are no part of X.

    Parameters
    ----------
    alpha : added to every count, so that no probability is 0; 1 is Laplace's rule.
    fit_prior : learn P(c) from the samples; with False all classes are alike.
    class_prior : P(c), shape (classes,), instead of both.

    Attributes
    ----------
    classes_ : the labels, sorted.
    class_count_, feature_count_ : weight of the samples (classes,), and N (classes, features).
    class_log_prior_, feature_log_prob_ : log P(c) and log p(j | c), of the same shapes.

    Source: A. McCallum and K. Nigam, A comparison of event models for naive Bayes text
    classification, 1998.

    >>> X, y = [[2, 1, 0], [1, 0, 0], [0, 1, 3]], ["tea", "tea", "ale"]
    >>> model = MultinomialNB().fit(X, y)
    >>> np.exp(model.feature_log_prob_)
    array([[0.14285714, 0.28571429, 0.57142857],
           [0.57142857, 0.28571429, 0.14285714]])
    >>> model.predict([[1, 1, 0]])
    array(['tea'], dtype='<U3')
    """

    _positive = True

    def __init__(
        self, *, alpha: float = 1.0, fit_prior: bool = True, class_prior: Any = None
    ) -> None:
        self.alpha = alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior

    def _estimate(self) -> None:
        counts = self.feature_count_ + self.alpha
        self.feature_log_prob_ = np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))

    def _joint(self, X: Any) -> np.ndarray:
        with np.errstate(over="ignore"):
            return X @ self.feature_log_prob_.T + self.class_log_prior_


class BernoulliNB(_DiscreteNaiveBayes):
    """Naive Bayes for features that are there or not; those that are absent count too.

    With N_c the samples of class c, N_cj those of them that have feature j:

        p(j | c) = (N_cj + alpha) / (N_c + 2 alpha)
        log p(x | c) = sum_j x_j log p(j | c) + (1 - x_j) log(1 - p(j | c))

    Parameters
    ----------
    alpha : added to the samples with and to those without a feature, so that no probability is 0.
    binarize : a feature is there if its value is above this; None if X is made of 0 and 1.
    fit_prior : learn P(c) from the samples; with False all classes are alike.
    class_prior : P(c), shape (classes,), instead of both.

    Attributes
    ----------
    classes_ : the labels, sorted.
    class_count_, feature_count_ : N_c (classes,) and N_cj (classes, features).
    class_log_prior_, feature_log_prob_ : log P(c) and log p(j | c), of the same shapes.

    Source: A. McCallum and K. Nigam, A comparison of event models for naive Bayes text
    classification, 1998.

    >>> model = BernoulliNB().fit([[1, 1], [1, 0], [0, 1], [0, 1]], [0, 0, 1, 1])
    >>> np.exp(model.feature_log_prob_)
    array([[0.75, 0.5 ],
           [0.25, 0.75]])
    >>> model.predict([[0, 0]])
    array([1])
    """

    _parameters = {**_DiscreteNaiveBayes._parameters, "binarize": number() | NOTHING}

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        binarize: float | None = 0.0,
        fit_prior: bool = True,
        class_prior: Any = None,
    ) -> None:
        self.alpha = alpha
        self.binarize = binarize
        self.fit_prior = fit_prior
        self.class_prior = class_prior

    def _features(self, X: Any) -> Any:
        """X as 0.0 and 1.0."""
        sparse = hasattr(X, "indptr")
        if self.binarize is None:
            values = X.data if sparse else X
            if not ((values == 0) | (values == 1)).all():
                raise ValueError(
                    "BernoulliNB: expected X of 0 and 1 with binarize=None, got values from "
                    f"{X.min():g} to {X.max():g}. Set binarize to the number above which a feature "
                    "is there."
                )
            return X
        if not sparse:
            return np.greater(X, self.binarize).astype(np.float64)
        if self.binarize < 0:
            raise ValueError(
                f"BernoulliNB: expected binarize of at least 0 for a sparse X, got "
                f"{self.binarize}, with which its zeros would all be there. Write X.toarray()."
            )
        X = X.copy()
        X.data = np.greater(X.data, self.binarize).astype(np.float64)
        return X

    def _estimate(self) -> None:
        total = np.log(self.class_count_ + 2 * self.alpha)[:, None]
        self.feature_log_prob_ = np.log(self.feature_count_ + self.alpha) - total
        absent = np.maximum(self.class_count_[:, None] - self.feature_count_, 0)  # rounded weights
        self.absent_log_prob_ = np.log(absent + self.alpha) - total

    def _joint(self, X: Any) -> np.ndarray:
        weights = self.feature_log_prob_ - self.absent_log_prob_
        return self._features(X) @ weights.T + (
            self.class_log_prior_ + self.absent_log_prob_.sum(axis=1)
        )


class GaussianNB(_NaiveBayes):
    """Naive Bayes for measured features, each normally distributed within a class.

        log p(x | c) = -1/2 sum_j [log(2 pi var_cj) + (x_j - theta_cj)^2 / var_cj]

    Means and variances are those of the samples of the class (denominator n). Variances are sums
    of squared deviations from the mean, never differences of large sums, so a column may be far
    from 0.

    Parameters
    ----------
    priors : P(c), shape (classes,); None to learn it.
    var_smoothing : this share of the largest variance of a feature over all samples is added to
        every variance, so that a feature which is constant within a class can be divided by. If all
        samples are equal, 1 stands for the largest variance.

    Attributes
    ----------
    classes_ : the labels, sorted.
    class_count_, class_prior_ : weight of the samples of each class, and P(c), shape (classes,).
    theta_, var_ : means, and variances with what was added, shape (classes, features).
    epsilon_ : what was added.
    squares_ : sums of squared deviations from theta_, which `partial_fit` goes on from.

    Source: R. O. Duda and P. E. Hart, Pattern classification and scene analysis, 1973; merging of
    means and variances: T. F. Chan, G. H. Golub and R. J. LeVeque, 1983.

    >>> model = GaussianNB().fit([[1.0], [2.0], [3.0], [7.0], [9.0]], list("aaabb"))
    >>> model.theta_.ravel(), model.var_.ravel().round(4)
    (array([2., 8.]), array([0.6667, 1.    ]))
    >>> model.predict([[2.5], [6.0]])
    array(['a', 'b'], dtype='<U1')
    """

    _parameters = {"priors": ARRAY | NOTHING, "var_smoothing": number(least=0)}

    def __init__(self, *, priors: Any = None, var_smoothing: float = 1e-9) -> None:
        self.priors = priors
        self.var_smoothing = var_smoothing

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "var_")  # the last thing that is learned

    def _begin(self, n_classes: int, n_features: int) -> None:
        self.class_count_ = np.zeros(n_classes)
        self.theta_ = np.zeros((n_classes, n_features))
        self.squares_ = np.zeros((n_classes, n_features))

    def _learn(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            count, theta, squares = _moments(X, y, weights, len(self.classes_))
            total = self.class_count_ + count
            share = (count / np.where(total, total, 1))[:, None]
            step = theta - self.theta_
            theta = self.theta_ + share * step
            squares = self.squares_ + squares + self.class_count_[:, None] * share * step * step
            shares = (total / total.sum())[:, None]
            mean = (shares * theta).sum(axis=0)
            between = (theta - mean) ** 2
            seen = np.where(total, total, 1)[:, None]
            spread = (shares * (squares / seen + between)).sum(axis=0).max()
        if not np.isfinite(spread) or (spread < FLAT and np.ptp(X, axis=0).any()):
            raise ValueError(
                "GaussianNB: expected features whose squares are ordinary numbers, got values from "
                f"{X.min():g} to {X.max():g}. Scale X, for example with StandardScaler."
            )
        epsilon = float(self.var_smoothing * (spread or 1.0))
        variance = squares / seen + epsilon
        flat = (variance == 0) & (total > 0)[:, None]
        if flat.any():
            c, j = np.argwhere(flat)[0]
            raise ValueError(
                "GaussianNB: expected var_smoothing above 0 where a feature is constant within a "
                f"class, got {self.var_smoothing!r} and column {j} constant in class "
                f"{_list(self)[c]!r:.40}. Leave var_smoothing at 1e-9."
            )
        prior = self._prior(self.priors, "priors", total)
        # Kept only now: a batch that is refused leaves what earlier ones have taught.
        self.class_count_, self.theta_, self.squares_ = total, theta, squares
        self.class_prior_, self.epsilon_, self.var_ = prior, epsilon, variance

    def _joint(self, X: np.ndarray) -> np.ndarray:
        known = (self.class_count_ > 0)[:, None]  # nothing is known of a class not yet seen
        with np.errstate(divide="ignore", over="ignore"):
            scale = np.where(known, 1 / np.sqrt(np.where(known, self.var_, 1)), 0)
            constant = np.log(np.where(known[:, 0], self.class_prior_, 0))
            constant -= 0.5 * np.log(2 * np.pi * np.where(known, self.var_, 1)).sum(axis=1)
            joint = np.empty((len(X), len(self.classes_)))
            for rows in _blocks(X):
                block = X[rows]
                z = np.empty_like(block)
                for c, theta in enumerate(self.theta_):
                    np.subtract(block, theta, out=z)
                    z *= scale[c]
                    joint[rows, c] = constant[c] - 0.5 * np.vecdot(z, z)
        return joint


def _moments(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(count, mean, sum of squared deviations) of the samples of each class, in two passes."""
    count = np.bincount(y, weights, n_classes)
    some = np.where(count, count, 1)[:, None]
    mean, rest, squares = np.zeros((3, n_classes, X.shape[1]))
    for rows in _blocks(X):
        mean += _members(y, weights, n_classes, rows) @ X[rows]
    mean /= some
    for rows in _blocks(X):
        members = _members(y, weights, n_classes, rows)
        deviation = X[rows] - mean[y[rows]]
        rest += members @ deviation
        squares += members @ (deviation * deviation)
    rest /= some  # what rounding left of the mean: 0 in exact arithmetic
    return count, mean + rest, np.maximum(squares - some * rest * rest, 0)


def _members(y: np.ndarray, weights: np.ndarray, n_classes: int, rows: slice) -> np.ndarray:
    """The weight of each sample in the row of its class, shape (classes, rows)."""
    return (one_hot(y[rows], n_classes, np.float64) * weights[rows, None]).T


def _blocks(X: np.ndarray) -> Iterator[slice]:
    step = max(1, BLOCK // X.shape[1])
    return (slice(start, start + step) for start in range(0, len(X), step))


def _list(model: _NaiveBayes) -> list:
    return model.classes_.tolist()


def _numbers_among(labels: np.ndarray, classes: np.ndarray, owner: str) -> np.ndarray:
    """Which of `classes` each label is."""
    places = {label: i for i, label in enumerate(classes.tolist())}
    for label in labels.tolist():
        if label not in places:
            raise ValueError(
                f"{owner}: expected labels among the classes {classes.tolist()!r:.80}, got "
                f"{label!r:.40}. Name all labels in the first call of partial_fit."
            )
    return np.array([places[label] for label in labels.tolist()], np.intp)
