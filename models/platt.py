"""Probabilities from the decisions of support vector machines."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinygrad_ml.estimator import clone
from tinygrad_ml.functional import sigmoid
from tinygrad_ml.generators import generator


def fit_platt(model: Any, X: np.ndarray, y: np.ndarray, weights: Any) -> Any:
    """(slopes, offsets), one of each per pair: P(first class) = 1 / (1 + exp(slope f + offset)).

    Fitted by maximum likelihood to decisions f, positive for the first class, on samples that the
    machine was not trained on: each of five parts is held out once. y are class numbers.

    Source: J. Platt, Probabilistic outputs for support vector machines, 1999; H.-T. Lin, C.-J. Lin
    and R. Weng, A note on Platt's probabilistic outputs, 2007.
    """
    rng = generator(model.random_state, type(model).__name__, "random_state")
    weights = model._weights_by_class(y, weights)
    machine = clone(model).set_params(probability=False, class_weight=None, gamma=model._gamma_)
    found = []
    for a, b in itertools.combinations(range(len(model.classes_)), 2):
        rows = np.flatnonzero((y == a) | (y == b))
        part = None if weights is None else weights[rows]
        decisions = _held_out(machine, X[rows], y[rows], part, rng)
        found.append(fit_sigmoid(decisions, y[rows] == a))
    slopes, offsets = np.array(found).T
    return slopes, offsets


def _held_out(machine: Any, X: np.ndarray, y: np.ndarray, weights: Any, rng: Any) -> np.ndarray:
    """Decisions for two classes, positive for the first, each from the other four fifths."""
    fold = np.empty(len(y), int)
    for label in np.unique(y):  # every class is spread over the parts
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = np.arange(len(rows)) % 5
    decisions = np.zeros(len(y))
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        present = np.unique(y[train])
        if len(present) < 2:  # a class with one sample: the other four parts know one class alone
            decisions[test] = 1.0 if len(present) and present[0] == y.min() else -1.0
            continue
        fitted = machine.fit(X[train], y[train], None if weights is None else weights[train])
        decisions[test] = -fitted.decision_function(X[test])
    return decisions


def fit_sigmoid(decisions: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """(slope, offset) that make 1 / (1 + exp(slope f + offset)) likeliest, by Newton's method.

    The targets are (n+ + 1) / (n+ + 2) and 1 / (n- + 2) in place of 1 and 0, after Platt.
    """
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    design = np.stack([decisions, np.ones_like(decisions)])
    point = np.array([0.0, np.log((n_negative + 1) / (n_positive + 1))])

    def loss(at: np.ndarray) -> float:
        z = at @ design
        return float(np.sum(np.logaddexp(0, z) - (1 - target) * z))

    value = loss(point)
    for _ in range(100):
        p = sigmoid(-(point @ design))
        gradient = design @ (target - p)
        if np.abs(gradient).max() < 1e-5:
            break
        curvature = (design * (p * (1 - p))) @ design.T + 1e-12 * np.eye(2)
        step = -np.linalg.solve(curvature, gradient)
        length = 1.0
        while length > 1e-10:
            new = loss(point + length * step)
            if new < value + 1e-4 * length * float(gradient @ step):
                break
            length /= 2
        else:
            break
        point, value = point + length * step, new
    return float(point[0]), float(point[1])


def couple(first: np.ndarray, n_classes: int) -> np.ndarray:
    """Probabilities of the classes (n, classes) that fit those of the pairs (n, pairs) best.

    They minimise sum over i, j of (r_ji p_i - r_ij p_j)^2 with r_ij = P(i | i or j).
    Source: T.-F. Wu, C.-J. Lin and R. Weng, Probability estimates for multi-class classification
    by pairwise coupling, 2004 (the second method).
    """
    first = np.clip(first, 1e-7, 1 - 1e-7)
    if n_classes == 2:
        return np.concatenate([first, 1 - first], axis=1)
    r = np.zeros((len(first), n_classes, n_classes))
    a, b = np.triu_indices(n_classes, 1)
    r[:, a, b], r[:, b, a] = first, 1 - first
    system = -r * r.swapaxes(1, 2)
    each = np.arange(n_classes)
    system[:, each, each] = (r**2).sum(axis=1)
    p = np.linalg.solve(system, np.ones((len(first), n_classes, 1)))[..., 0]
    p = np.maximum(p, 0)
    return p / p.sum(axis=1, keepdims=True)
