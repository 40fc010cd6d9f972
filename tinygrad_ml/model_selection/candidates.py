"""Which combinations of parameter values a search tries: all of a grid, or some drawn at random."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..generators import generator
from ..validation import is_integer


class ParameterGrid:
    """All combinations of parameter values: dicts, the last name (in order) changing fastest.

    Args:
        param_grid: a dict name -> list of values, or a list of such dicts, one after the other.

    >>> list(ParameterGrid({"k": [1, 2], "weights": ["uniform"]}))
    [{'k': 1, 'weights': 'uniform'}, {'k': 2, 'weights': 'uniform'}]
    >>> ParameterGrid([{"k": [1, 2, 3]}, {"p": [1, 2]}])[3]
    {'p': 1}
    """

    def __init__(self, param_grid: Any) -> None:
        self.param_grid = _dicts(param_grid, "param_grid", _listed)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for grid in self.param_grid:
            names = sorted(grid)
            for values in itertools.product(*(grid[name] for name in names)):
                yield dict(zip(names, values))

    def __len__(self) -> int:
        return self.size()

    def size(self) -> int:
        """The number of combinations, which may be too large for len()."""
        return sum(math.prod(len(values) for values in grid.values()) for grid in self.param_grid)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Combination number `index` without making the others."""
        rest = index
        for grid in self.param_grid:
            size = math.prod(len(values) for values in grid.values())
            if 0 <= rest < size:
                found = {}
                for name in sorted(grid, reverse=True):
                    rest, place = divmod(rest, len(grid[name]))
                    found[name] = grid[name][place]
                return {name: found[name] for name in sorted(found)}
            rest -= size
        raise IndexError(
            f"ParameterGrid: expected an index from 0 to {self.size() - 1}, got {index}"
        )


class ParameterSampler:
    """Combinations of parameter values drawn at random.

    If everything is listed, no combination comes twice (all of them come if there are no more
    than `n_iter`); otherwise draws are independent.

    Args:
        param_distributions: a dict name -> list of values, an object with `rvs` (the distributions
            of scipy.stats), or a function of a `np.random.Generator`; or a list of such dicts,
            each equally likely.
        n_iter: number of combinations.
        random_state: None, a seed, or a `np.random.Generator`.

    >>> draw = {"alpha": lambda rng: 10 ** rng.uniform(-3, 3), "fit_intercept": [True, False]}
    >>> [sorted(each) for each in ParameterSampler(draw, 2, random_state=0)]
    [['alpha', 'fit_intercept'], ['alpha', 'fit_intercept']]
    """

    def __init__(self, param_distributions: Any, n_iter: int, *, random_state: Any = None) -> None:
        self.param_distributions = _dicts(param_distributions, "param_distributions", _drawable)
        if not is_integer(n_iter) or n_iter < 1:
            raise ValueError(f"ParameterSampler: n_iter must be a positive integer, got {n_iter!r}")
        self.n_iter = n_iter
        self.random_state = random_state

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rng = generator(self.random_state, "ParameterSampler", "random_state")
        grid = self._grid()
        if grid is not None:
            size = grid.size()
            if size < self.n_iter:
                warnings.warn(
                    f"ParameterSampler: n_iter={self.n_iter} draws of {size} combinations, so each "
                    "comes once. Use a grid search.",
                    UserWarning,
                    stacklevel=2,
                )
            drawn = _different(size, min(self.n_iter, size), rng)
            yield from (grid[index] for index in drawn)
            return
        for _ in range(self.n_iter):
            chosen = self.param_distributions[rng.integers(len(self.param_distributions))]
            yield {name: _drawn(chosen[name], rng) for name in sorted(chosen)}

    def __len__(self) -> int:
        grid = self._grid()
        return self.n_iter if grid is None else min(self.n_iter, grid.size())

    def _grid(self) -> ParameterGrid | None:
        """All combinations, if there are finitely many."""
        listed = all(
            isinstance(v, list) for each in self.param_distributions for v in each.values()
        )
        return ParameterGrid(self.param_distributions) if listed else None


def _different(size: int, n_drawn: int, rng: np.random.Generator) -> list[int]:
    """Different numbers below `size`, in random order."""
    if size < 2**62:
        return [int(index) for index in rng.choice(size, n_drawn, replace=False)]
    found: dict[int, None] = {}
    while len(found) < n_drawn:  # the first tries will do: there are more than 2^62
        found[int(rng.random() * size)] = None
    return list(found)


def _drawn(values: Any, rng: np.random.Generator) -> Any:
    if isinstance(values, list):
        return values[rng.integers(len(values))]
    return values.rvs(random_state=rng) if hasattr(values, "rvs") else values(rng)


def _dicts(given: Any, name: str, values_of: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """One or several dicts of values as a list of dicts, each value as `values_of` wants it."""
    several = [given] if isinstance(given, Mapping) else given
    if not isinstance(several, (list, tuple)) or not several:
        raise TypeError(
            f"{name}: expected a dict name -> list of values, or a list of such dicts, got "
            f"{given!r:.80}. Write for example {{'n_neighbors': [1, 3, 5]}}."
        )
    found: list[dict[str, Any]] = []
    for each in several:
        if not isinstance(each, Mapping):
            raise TypeError(
                f"{name}: expected dicts in the list, got {each!r:.80}. Write one dict."
            )
        found.append({})
        for key, values in each.items():
            taken = values_of(values)
            if taken is None or not isinstance(key, str):
                hint = "" if values_of is _listed else ", a distribution with rvs or a function"
                raise TypeError(
                    f"{name}: expected a list of values{hint} for {key!r}, got {values!r:.80}. "
                    f"A single value goes into brackets: [{values!r:.40}]."
                )
            if isinstance(taken, list) and not taken:
                raise ValueError(
                    f"{name}: expected at least one value for {key!r}, got none. Leave the "
                    "parameter out if it should keep its value."
                )
            found[-1][key] = taken
    return found


def _listed(values: Any) -> list | None:
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim == 1 else None
    if isinstance(values, (list, tuple, range)) or hasattr(values, "tolist"):
        return list(values)
    return None


def _drawable(values: Any) -> Any:
    listed = _listed(values)
    drawn = hasattr(values, "rvs") or (callable(values) and not isinstance(values, type))
    return listed if listed is not None else values if drawn else None
