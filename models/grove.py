"""Many trees in the same arrays, one behind the other: what forests and boosting keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_ml.kernels import add_leaves, find_all_leaves, find_leaves
from tinygrad_ml.persistence import register

from .tree_growing import ClassTree, Columns, Tree, ValueTree

_OF_NODES = ("feature", "threshold", "children_left", "children_right", "missing_go_to_left",
             "n_node_samples", "weighted_n_node_samples", "spread_of")  # fmt: skip


@register
class Grove:
    """Trees as parallel arrays over the nodes of all of them.

    Attributes
    ----------
    roots : (n_trees + 1,) where each tree begins, and the last one ends.
    feature, threshold, children_left, children_right, missing_go_to_left, n_node_samples : of each
        node, as in `Tree`; children count from the root.
    weighted_n_node_samples, spread_of, exponents : for a forest, as in `Tree`.
    start, column, value : node i adds value[k] to column[k] of the result, for k from start[i] on.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    children_left: np.ndarray
    children_right: np.ndarray
    missing_go_to_left: np.ndarray
    n_node_samples: np.ndarray
    exponents: np.ndarray
    start: np.ndarray
    column: np.ndarray
    value: np.ndarray

    def __init__(self, n_features: int, sizes: Sequence[int]) -> None:
        self.n_features = n_features
        self.roots = np.append(0, np.cumsum(np.asarray(sizes, np.int64)))

    @classmethod
    def of_trees(cls, trees: Sequence[Tree]) -> Grove:
        """The trees of a forest."""
        grove = cls(trees[0].n_features, [tree.node_count for tree in trees])
        for name in _OF_NODES:
            setattr(grove, name, np.concatenate([getattr(tree, name) for tree in trees]))
        grove.exponents = np.array([tree.exponent for tree in trees])
        if isinstance(trees[0], ClassTree):
            before = np.cumsum([0, *(len(tree.classes) for tree in trees[:-1])])  # type: ignore[attr-defined]
            starts = [tree.start[:-1] + k for tree, k in zip(trees, before)]  # type: ignore[attr-defined]
            grove.column = np.concatenate([tree.classes for tree in trees])  # type: ignore[attr-defined]
            grove.value = np.concatenate([tree.shares for tree in trees])  # type: ignore[attr-defined]
            grove.start = np.append(np.concatenate(starts), len(grove.column))
        else:
            grove._one_each(np.zeros(grove.roots[-1], np.int32),
                            np.concatenate([tree.value for tree in trees]))  # type: ignore[attr-defined] # fmt: skip
        return grove

    @classmethod
    def grown(cls, columns: Columns, grown: Sequence[Any], values: Sequence[np.ndarray],
              n_columns: int) -> Grove:  # fmt: skip
        """Trees of boosting, whose leaves have these values; every n-th is for the same column."""
        sizes = [len(each.feature) for each in grown]
        grove = cls(len(columns.sizes), sizes)
        feature, cut, above, missing, left, right, samples = (
            np.concatenate(parts) for parts in zip(*(
                (g.feature, g.cut, g.above, g.missing_left, g.left, g.right, g.samples)
                for g in grown))
        )  # fmt: skip
        grove.feature = np.where(feature < 0, -2, feature).astype(np.int32)
        grove.threshold = columns.thresholds(feature, cut, above)
        grove.children_left, grove.children_right = left, right
        grove.missing_go_to_left, grove.n_node_samples = missing, samples
        of_tree = np.arange(len(sizes), dtype=np.int32) % n_columns
        grove._one_each(np.repeat(of_tree, sizes), np.concatenate(values))
        return grove

    def _one_each(self, column: np.ndarray, value: np.ndarray) -> None:
        self.start, self.column, self.value = np.arange(len(value) + 1), column, value

    def __len__(self) -> int:
        return len(self.roots) - 1

    @property
    def _questions(self) -> tuple[np.ndarray, ...]:
        return (self.feature, self.threshold, self.children_left, self.children_right,
                self.missing_go_to_left)  # fmt: skip

    def leaves(self, X: np.ndarray) -> np.ndarray:
        """The leaf (n_trees, n), counted from the tree's root, that each row comes to."""
        return find_all_leaves(X, *self._questions, self.roots)

    def leaves_of(self, t: int, X: np.ndarray) -> np.ndarray:
        """The leaf (n,) of each row in tree t, counted from the first root."""
        nodes = slice(self.roots[t], self.roots[t + 1])
        return find_leaves(X, *(each[nodes] for each in self._questions)) + self.roots[t]

    def sums(self, X: np.ndarray, n_columns: int) -> np.ndarray:
        """The sums (n, n_columns) of what the leaves of each row hold."""
        lists = self.start, self.column, self.value
        with np.errstate(over="ignore", invalid="ignore"):
            return add_leaves(X, *self._questions, self.roots, *lists, columns=n_columns)

    def means(self, X: np.ndarray) -> np.ndarray:
        """The mean (n,) over the trees of the one number that each row's leaves hold."""
        sums = self.sums(X, 1)[:, 0]
        if np.isfinite(sums).all():
            return sums / len(self)
        grove = object.__new__(Grove)  # a sum overflows, no mean does
        vars(grove).update(vars(self), value=self.value / len(self))
        return grove.sums(X, 1)[:, 0]

    def add(self, out: np.ndarray, rows: np.ndarray, leaves: np.ndarray) -> None:
        """Add what `leaves` hold, counted from the first root, to these rows of out."""
        count = self.start[leaves + 1] - self.start[leaves]
        first = np.cumsum(count) - count
        at = np.arange(count.sum()) + np.repeat(self.start[leaves] - first, count)
        out[np.repeat(rows, count), self.column[at]] += self.value[at]

    def votes(self) -> Grove:
        """The same trees, whose leaves hold a 1 for their largest class, the first of equals."""
        grove = object.__new__(Grove)
        vars(grove).update(vars(self))
        size = np.diff(self.start)
        filled = np.flatnonzero(size)
        most = np.zeros(len(size))
        most[filled] = np.maximum.reduceat(self.value, self.start[filled])
        node = np.repeat(np.arange(len(size)), size)
        best = np.flatnonzero(self.value == most[node])
        best = best[np.diff(node[best], prepend=-1) > 0]
        grove.column, grove.value = self.column[best], np.ones(len(best))
        grove.start = np.append(0, np.cumsum(size > 0))
        return grove

    def tree(self, t: int, n_classes: int | None = None) -> Tree:
        """Tree t of a forest by itself: a `ClassTree`, or without `n_classes` a `ValueTree`."""
        tree: Any = object.__new__(ValueTree if n_classes is None else ClassTree)
        first, last = self.roots[t], self.roots[t + 1]
        for name in _OF_NODES:
            setattr(tree, name, getattr(self, name)[first:last])
        tree.n_features, tree.exponent = self.n_features, int(self.exponents[t])
        held = slice(self.start[first], self.start[last])
        if n_classes is None:
            tree.value = self.value[held]
        else:
            tree.n_classes = n_classes
            tree.start = self.start[first : last + 1] - self.start[first]
            tree.classes, tree.shares = self.column[held], self.value[held]
        return tree
