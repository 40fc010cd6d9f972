"""The loop of gradient boosting: a tree, a step, a look at how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_ml.kernels import find_leaves, grow_on_histograms, grow_tree
from tinygrad_ml.kernels.boosting import moment_bits
from tinygrad_ml.kernels.tree import Grown

from .grove import Grove
from .tree_growing import Columns, whole_weights

_SHALLOW = 8  # deepest trees that are grown on histograms
_CELLS = 1 << 24  # of the histograms of a level
_WEIGHT_BITS = 48
_FINEST = 40  # bits below 1; what is smaller is rounding, and must not decide between equal splits


@dataclass
class Part:
    """Rows, and what is predicted for them so far: raw (n, n_columns), a column for each tree."""

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    raw: np.ndarray = field(init=False)

    def rows(self, chosen: np.ndarray) -> Part:
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return Part(self.X[chosen], self.y[chosen], weights)

    def score(self, loss: Any, rows: Any = slice(None)) -> float:
        """The mean loss of these rows."""
        weights = None if self.weights is None else self.weights[rows]
        return loss.mean(self.y[rows], self.raw[rows], weights)


class Grower:
    """Grows trees on gradients; all of them look at the same columns."""

    def __init__(self, part: Part, bins: int | None, rules: dict[str, Any]) -> None:
        n, d = part.X.shape
        self.X = part.X
        self.columns = columns = Columns(part.X, bins)
        self.bits = moment_bits(n)
        self.weights = whole_weights(part.weights, n, _WEIGHT_BITS)
        self.least_weight = rules["min_weight_fraction_leaf"]
        self.least_decrease = rules["min_impurity_decrease"]
        apart = ("min_weight_fraction_leaf", "min_impurity_decrease")
        self.rules = {name: rule for name, rule in rules.items() if name not in apart}
        depth, size = rules["max_depth"], int(columns.sizes.max()) + 1
        self.on_histograms = (
            depth is not None and depth <= _SHALLOW and size <= 256
            and d * size << (depth - 1) <= _CELLS
        )  # fmt: skip

    def grow(self, gradient: np.ndarray, bag: np.ndarray | None, seed: int, unit: int
             ) -> tuple[Grown, np.ndarray]:  # fmt: skip
        """A tree on the rows of the bag, and what its splits gain (d,) by feature, per weight.

        `gradient` counts in units of 2^unit, `min_impurity_decrease` in the square of 1.
        """
        weights = self.weights if bag is None else self.weights * bag
        total, size = float(weights.sum()), float((np.abs(gradient) * weights).sum())
        exponent = self.bits - 1 - int(np.ceil(np.log2(size))) if size > 0 else 0
        exponent = min(exponent, _FINEST)
        labels = np.rint(np.ldexp(gradient, exponent))
        least = 0.0
        if self.least_decrease > 0:
            with np.errstate(over="ignore"):
                least = float(np.ldexp(self.least_decrease * total, 2 * (exponent - unit)))
        rules = {**self.rules, "seed": seed, "min_gain": least,
                 "min_weight_leaf": self.least_weight * total}  # fmt: skip
        codes, sizes, order = self.columns.codes, self.columns.sizes, self.columns.order
        if self.on_histograms:
            grown = grow_on_histograms(weights, labels * weights, labels, codes, sizes, **rules)
        else:
            numbers = np.unique(labels, return_inverse=True)[1].astype(np.int32)
            grown = grow_tree(weights, labels * weights, numbers, codes, sizes, order,
                              criterion="squared_error", n_labels=1, **rules)  # fmt: skip
        score = np.ldexp(grown.moment, -exponent) ** 2 / grown.weight / total
        at = np.flatnonzero(grown.feature >= 0)
        gains = score[grown.left[at]] + score[grown.right[at]] - score[at]
        return grown, np.bincount(grown.feature[at], np.maximum(gains, 0), len(sizes))

    def leaves(self, grown: Grown, bag: np.ndarray | None) -> np.ndarray:
        """The leaf (n,) of every row, also of those out of the bag."""
        if bag is None:
            return grown.node
        leaves = grown.node.copy()
        leaves[~bag] = self.leaves_of(grown, self.X[~bag])
        return leaves

    def leaves_of(self, grown: Grown, X: np.ndarray) -> np.ndarray:
        """The leaf (n,) of each row of X (n, d)."""
        thresholds = self.columns.thresholds(grown.feature, grown.cut, grown.above)
        return find_leaves(X, grown.feature, thresholds, grown.left, grown.right,
                           grown.missing_left)  # fmt: skip


class Scores:
    """The loss after each stage, and when to stop."""

    def __init__(self, loss: Any, unit: int, tol: float, patience: int | None) -> None:
        self.loss, self.unit, self.tol = loss, unit, tol
        self.recent = np.full(patience or 0, np.inf)
        self.lists: dict[str, list[float]] = {}

    def measure(self, part: Part, rows: Any = slice(None)) -> float:
        """The mean loss in the unit of the targets."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return float(np.ldexp(part.score(self.loss, rows), self.loss.power * self.unit))

    def note(self, **scores: float) -> None:
        for name, score in scores.items():
            self.lists.setdefault(name, []).append(score)

    def stalled(self, score: float, stage: int) -> bool:
        """Whether no score of late is worse than this one by more than `tol`."""
        if not (score + self.tol < self.recent).any():
            return True
        self.recent[stage % len(self.recent)] = score
        return False


def boost(model: Any, loss: Any, train: Part, held_out: Part | None, grower: Grower,
          rng: np.random.Generator, unit: int = 0) -> tuple[Grove, dict[str, Any]]:  # fmt: skip
    """Grow the trees of `model`; them, and what `fit` shall remember by its name.

    Targets and raw predictions count in units of 2^unit, so that no square overflows.
    """
    scores = Scores(loss, unit, model.tol, model.n_iter_no_change)
    grown, steps, importances = [], [], np.zeros(train.X.shape[1])
    for stage in _stages(model):
        bag = _bag(len(train.y), model.subsample, rng)
        inside = slice(None) if bag is None else bag
        rest = None if bag is None else ~bag
        before = None if rest is None else scores.measure(train, rest)
        gradients = loss.gradients(train.y, train.raw, train.weights)
        if not np.isfinite(gradients).all():
            raise ValueError(
                f"{type(model).__name__}: the predictions have grown beyond all bounds after "
                f"{stage} stages with learning_rate={model.learning_rate}. Lower learning_rate."
            )
        for k in range(loss.n_columns):
            gradient = gradients[:, k]
            tree, gains = grower.grow(gradient, bag, int(rng.integers(2**63)), unit)
            weights = None if train.weights is None else train.weights[inside]
            step = loss.leaf_values((train.y - train.raw[:, k])[inside], gradient[inside], weights,
                                    tree.node[inside], len(tree.feature))  # fmt: skip
            with np.errstate(over="ignore"):
                moved = model.learning_rate * step
                train.raw[:, k] += moved[grower.leaves(tree, bag)]
                if held_out is not None:
                    held_out.raw[:, k] += moved[grower.leaves_of(tree, held_out.X)]
            grown.append(tree)
            steps.append(step)
            importances += gains
        scores.note(train_score_=scores.measure(train, inside))
        if rest is not None and before is not None:
            after = scores.measure(train, rest)
            scores.note(oob_scores_=after, oob_improvement_=before - after)
        if held_out is not None:
            score = scores.measure(held_out)
            scores.note(validation_score_=score)
            if scores.stalled(score, stage):
                break
    total = importances.sum()
    found: dict[str, Any] = {name: np.array(each) for name, each in scores.lists.items()}
    found["n_estimators_"] = stage + 1
    found["feature_importances_"] = importances / total if total > 0 else importances
    if "oob_scores_" in found:
        found["oob_score_"] = found["oob_scores_"][-1]
    return Grove.grown(grower.columns, grown, steps, loss.n_columns), found


def _stages(model: Any) -> Any:
    stages = range(model.n_estimators)
    if not model.verbose:
        return stages
    from tinygrad_ml.training.progress import progress_bar  # below in the house, rarely needed

    return progress_bar(stages, type(model).__name__, "stage")


def _bag(n: int, share: float, rng: np.random.Generator) -> np.ndarray | None:
    """Which rows (n,) a stage is shown; None for all."""
    if share == 1:
        return None
    bag = np.zeros(n, bool)
    bag[rng.permutation(n)[: max(1, int(share * n))]] = True
    return None if bag.all() else bag
