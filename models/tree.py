"""Decision trees: questions about one feature at a time (Breiman and others, 1984)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Estimator, ProbabilityClassifier, Regressor
from tinygrad_ml.generators import generator
from tinygrad_ml.validation import (
    CLASS_WEIGHT,
    NOTHING,
    SEED,
    Accepts,
    choice,
    integer,
    number,
    scipy_sparse,
)

from .tree_growing import (
    ClassTree,
    Columns,
    ValueTree,
    grow_on_classes,
    grow_on_values,
    tame_weights,
)

FRACTION = Accepts(
    "a fraction above 0 and at most 1",
    lambda v: isinstance(v, (float, np.floating)) and 0 < v <= 1,
)
TREE_PARAMETERS = {
    "max_depth": integer() | NOTHING,
    "min_samples_split": integer(2) | FRACTION,
    "min_samples_leaf": integer() | FRACTION,
    "min_weight_fraction_leaf": number(0, 0.5),
    "max_features": choice("sqrt", "log2") | integer() | FRACTION | NOTHING,
    "random_state": SEED,
    "min_impurity_decrease": number(0),
    "bins": integer(2, 255) | NOTHING,
}


def growing_rules(model: Any, n: int, d: int) -> dict[str, Any]:
    """What `kernels.grow_tree` wants to know, from a model's parameters; all but the seed."""
    return {
        "max_depth": model.max_depth,
        "min_samples_split": max(2, rows_of(model.min_samples_split, n)),
        "min_samples_leaf": rows_of(model.min_samples_leaf, n),
        "min_weight_fraction_leaf": model.min_weight_fraction_leaf,
        "min_impurity_decrease": model.min_impurity_decrease,
        "max_features": features_of(type(model).__name__, model.max_features, d),
    }


def rows_of(rows: Any, n: int) -> int:
    """A number of rows, which may be given as a fraction of n; rounded up."""
    return math.ceil(rows * n) if isinstance(rows, (float, np.floating)) else min(int(rows), n + 1)


def features_of(owner: str, wanted: Any, d: int) -> int:
    """How many features are drawn for each split."""
    if wanted is None:
        return d
    if isinstance(wanted, str):
        return max(1, int(math.sqrt(d) if wanted == "sqrt" else math.log2(d)))
    if isinstance(wanted, (float, np.floating)):
        return max(1, int(wanted * d))
    if wanted > d:
        raise ValueError(
            f"{owner}: expected max_features of at most {d}, the number of features, got {wanted}. "
            "None takes all of them."
        )
    return int(wanted)


class _DecisionTree(Estimator):
    """What both kinds of tree share."""

    _allow_nan = True
    tree_: Any
    max_features_: int

    criterion: str
    random_state: Any
    bins: int | None

    def _prepare(self, X: np.ndarray) -> tuple[Columns, dict[str, Any]]:
        rules = growing_rules(self, *X.shape)
        self.max_features_ = rules["max_features"]
        rng = generator(self.random_state, type(self).__name__, "random_state")
        rules["seed"] = int(rng.integers(2**63))
        return Columns(X, self.bins), rules

    @property
    def feature_importances_(self) -> np.ndarray:
        """(d,) share of each feature in what the splits take from the impurity, by weight."""
        self._check_fitted()
        importances = self.tree_.importances()
        total = importances.sum()
        return importances / total if total > 0 else importances

    def apply(self, X: Any) -> np.ndarray:
        """The number of the leaf (n,) that each row of X (n, d) comes to."""
        X = self._input(X)
        return self.tree_.apply(X)

    def decision_path(self, X: Any) -> Any:
        """A sparse matrix (n, nodes), CSR, with a 1 for each node that a row comes through."""
        leaves = self.apply(X)
        csr_array = scipy_sparse(type(self).__name__).csr_array
        tree = self.tree_
        parent = np.full(tree.node_count, -1)
        inner = np.flatnonzero(tree.feature >= 0)
        parent[tree.children_left[inner]] = parent[tree.children_right[inner]] = inner
        depth = tree.depths
        end = np.cumsum(depth[leaves] + 1)
        indices, rows, node = np.empty(end[-1], np.int64), np.arange(len(leaves)), leaves
        while rows.size:
            indices[end[rows] - 1 - (depth[leaves[rows]] - depth[node])] = node
            node = parent[node]
            rows, node = rows[node >= 0], node[node >= 0]
        ones = np.ones(len(indices), np.int64)
        return csr_array((ones, indices, np.append(0, end)), (len(leaves), tree.node_count))

    def get_depth(self) -> int:
        """The number of questions on the longest way to a leaf."""
        self._check_fitted()
        return len(self.tree_.levels()) - 1

    def get_n_leaves(self) -> int:
        """The number of leaves."""
        self._check_fitted()
        return int((self.tree_.feature < 0).sum())


class DecisionTreeClassifier(ProbabilityClassifier, _DecisionTree):
    """A tree of questions x[feature] <= threshold that makes its leaves as pure as it can.

    Each split lowers the mean impurity of the two sides the most: gini 1 - sum p_c^2, or entropy
    - sum p_c log2 p_c, p_c being the share of class c by weight. Thresholds are midpoints between
    two values of the node. Of equally good splits the first column's lowest is taken; sums are
    exact, so neither the order of rows nor rounding decides. A missing value (NaN) goes to the side
    where it lowers the impurity more, and to the larger one where none was seen in training;
    infinity is refused.

    Parameters
    ----------
    criterion : "gini", "entropy" or "log_loss", which is entropy.
    max_depth : the most questions in a row; None for no limit.
    min_samples_split, min_samples_leaf : rows that a node must have to be split, and to be made; a
        fraction counts in rows of X.
    min_weight_fraction_leaf : least share of the weight that a node must have to be made.
    max_features : features drawn for each split, and further ones until one can split: a number, a
        fraction, "sqrt", "log2", or None for all.
    random_state : None, a seed or a Generator; it matters only with `max_features`.
    min_impurity_decrease : least decrease, times the node's share of the weight, of a split.
    class_weight : a dict of classes and weights, or "balanced": n / (n_classes * count), in which
        samples count by their weight.
    bins : None looks at all thresholds; a number first sorts each column into so many bins of
        about equal size, which is faster to search.

    Attributes
    ----------
    classes_, n_classes_, n_features_in_, max_features_ : as in scikit-learn.
    tree_ : the tree as parallel arrays (`tree_growing.Tree`).
    feature_importances_ : share of each feature in the decrease of impurity.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
    >>> DecisionTreeClassifier().fit(X, y).predict([[1.2], [1.6]])
    array(['no', 'yes'], dtype='<U3')
    """

    _parameters = {
        "criterion": choice("gini", "entropy", "log_loss"), **TREE_PARAMETERS,
        "class_weight": CLASS_WEIGHT,
    }  # fmt: skip
    classes_: np.ndarray
    tree_: ClassTree

    def __init__(
        self, *, criterion: str = "gini", max_depth: int | None = None,
        min_samples_split: int | float = 2, min_samples_leaf: int | float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: int | float | str | None = None, random_state: Any = None,
        min_impurity_decrease: float = 0.0, class_weight: Any = None, bins: int | None = None,
    ) -> None:  # fmt: skip
        self._store(locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow the tree for samples X (n, d) and classes y (n,) of any dtype."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        self.n_classes_ = len(self.classes_)
        weights = tame_weights(self._weights_by_class(y, weights))
        columns, rules = self._prepare(X)
        criterion = "gini" if self.criterion == "gini" else "entropy"
        self.tree_, _ = grow_on_classes(
            columns, y, weights, self.n_classes_, criterion=criterion, **rules
        )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The share of each class (n, n_classes), by weight, in the leaf of each row."""
        X = self._input(X)
        return self.tree_.predict_proba(X)


class DecisionTreeRegressor(Regressor, _DecisionTree):
    """A tree of questions x[feature] <= threshold whose leaves predict the mean of their targets.

    Each split lowers the squared error sum (y - mean)^2 of the two sides the most. Everything else
    is as in `DecisionTreeClassifier`.

    Parameters
    ----------
    criterion : "squared_error".
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf,
    max_features, random_state, min_impurity_decrease, bins : as in `DecisionTreeClassifier`.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 5.0, 7.0]
    >>> DecisionTreeRegressor(max_depth=1).fit(X, y).predict([[1.2], [1.6]])
    array([0., 6.])
    """

    _parameters = {"criterion": choice("squared_error"), **TREE_PARAMETERS}
    tree_: ValueTree

    def __init__(
        self, *, criterion: str = "squared_error", max_depth: int | None = None,
        min_samples_split: int | float = 2, min_samples_leaf: int | float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: int | float | str | None = None, random_state: Any = None,
        min_impurity_decrease: float = 0.0, bins: int | None = None,
    ) -> None:  # fmt: skip
        self._store(locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow the tree for samples X (n, d) and numbers y (n,)."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        weights = tame_weights(weights)
        columns, rules = self._prepare(X)
        self.tree_, _ = grow_on_values(columns, y, weights, **rules)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The mean target (n,) of the leaf of each row of X (n, d)."""
        X = self._input(X)
        return self.tree_.predict(X)


def export_text(
    decision_tree: Any, *, feature_names: Sequence[str] | None = None,
    class_names: Sequence[Any] | None = None, max_depth: int = 10, decimals: int = 2,
) -> str:  # fmt: skip
    """A fitted tree as text: a line for each question and each leaf, indented by depth."""
    decision_tree._check_fitted()
    tree = decision_tree.tree_
    names = feature_names
    if names is None:
        names = getattr(decision_tree, "feature_names_in_", None)
    if names is None:
        names = [f"feature_{f}" for f in range(tree.n_features)]
    if len(names) != tree.n_features:
        raise ValueError(
            f"export_text: expected {tree.n_features} feature names, got {len(names)}. "
            "Give one for each column of X."
        )
    classes = class_names if class_names is not None else getattr(decision_tree, "classes_", None)
    lines: list[str] = []
    waiting = [(0, 0, "")]
    while waiting:
        node, depth, question = waiting.pop()
        if question:
            lines.append("|   " * (depth - 1) + "|--- " + question)
        indent = "|   " * depth + "|--- "
        f = int(tree.feature[node])
        if f < 0 or depth >= max_depth:
            lines.append(indent + _answer(tree, node, classes, decimals, f < 0))
            continue
        bound = f"{tree.threshold[node]:.{decimals}f}"
        waiting.append((int(tree.children_right[node]), depth + 1,
                        f"{names[f]} >  {bound}"))  # fmt: skip
        waiting.append((int(tree.children_left[node]), depth + 1,
                        f"{names[f]} <= {bound}"))  # fmt: skip
    return "\n".join(lines) + "\n"


def _answer(tree: Any, node: int, classes: Any, decimals: int, leaf: bool) -> str:
    if not leaf:
        return f"... (cut off, {tree.n_node_samples[node]} samples)"
    if classes is None:
        return f"value: {tree.value[node]:.{decimals}f}"
    return f"class: {classes[int(tree.spread(np.array([node]))[0].argmax())]}"
