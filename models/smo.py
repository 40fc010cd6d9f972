"""Training a support vector machine: its quadratic program, and how good the solution is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinygrad_ml import kernels
from tinygrad_ml.kernels import memory
from tinygrad_ml.kernels.quadratic import CONVERGED, OUT_OF_STEPS
from tinygrad_ml.kernels.threads import alone

# Called with numbers (m,) and an array (m, n), it fills in these rows of the kernel matrix.
Rows = Callable[[np.ndarray, np.ndarray], None]
BLOCK = 12  # rows computed at once: the next steps find most of them there; more are often in vain
MOST_STEPS = 10_000_000


class Solution(NamedTuple):
    """Coefficients b (n,) and intercept of f(x) = sum b_i k(x_i, x) + intercept, and how good."""

    coefficients: np.ndarray
    intercept: float
    objective: float  # of the dual, which is minimised
    gap: float  # primal - dual objective: no solution is better by more than this
    violation: float  # largest difference between two slopes that should be in order
    n_steps: int
    converged: bool


def solve(
    rows: Rows | np.ndarray,
    diagonal: np.ndarray,
    targets: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    e: float,
    tolerance: float,
    cache_bytes: float,
    max_steps: int,
    places: np.ndarray | None = None,
) -> Solution:
    """Minimise 1/2 b'Kb - targets'b + e |b|_1 over lower <= b <= upper with sum b = 0.

    `rows` gives rows of K on demand, or is a larger matrix: K is its rows and columns `places`,
    which are in increasing order.

    Source: J. Platt, Fast training of support vector machines using sequential minimal
    optimization, 1998; Fan, Chen and Lin, 2005.
    """
    n = len(targets)
    b, gradient = np.zeros(n), -targets.astype(float)
    used = np.zeros(n, np.int64)
    columns = np.arange(n) if places is None else places
    if isinstance(rows, np.ndarray):
        cache, slot = rows, columns
    else:
        held = int(min(n, max(2 * BLOCK, cache_bytes // (8 * n))))
        cache, slot = memory.empty((held, n), np.float64), np.full(n, -1)
        owner = np.full(held, -1)  # whose row stands in a place of the cache
    done, stage = 0, max(n, 1000)
    while True:
        stopped, steps = kernels.smo(
            gradient, b, lower, upper, diagonal, cache, slot, columns, used,
            e=e, tolerance=tolerance, steps=min(stage, max_steps) - done,
        )  # fmt: skip
        done += steps
        if stopped >= 0 and not isinstance(rows, np.ndarray):
            wanted = _wanted(gradient, b, lower, upper, slot)
            _fill(rows, stopped, cache, slot, owner, used, wanted)
        elif stopped == OUT_OF_STEPS and done < max_steps:
            state = (gradient, b, lower, upper, diagonal)
            done += _shrunk(rows, columns, state, e, tolerance, cache_bytes, max_steps - done)
            stage = done + max(n, 1000)
        else:
            break
    return _solution(b, gradient, targets, lower, upper, e, done, stopped == CONVERGED)


def _slopes(
    gradient: np.ndarray, b: np.ndarray, lower: np.ndarray, upper: np.ndarray, e: float
) -> tuple[np.ndarray, np.ndarray]:
    """The slope for growing and for shrinking coefficients; +-inf where they cannot."""
    up = np.where(b < upper, gradient + np.where(b >= 0, e, -e), np.inf)
    down = np.where(b > lower, gradient + np.where(b > 0, e, -e), -np.inf)
    return up, down


def _shrunk(
    rows: Rows | np.ndarray,
    columns: np.ndarray,
    state: tuple[np.ndarray, ...],
    e: float,
    tolerance: float,
    cache_bytes: float,
    most: int,
) -> int:
    """Solve for the coefficients that can still move while the others stay; the steps it took.

    In a long run most coefficients rest at a bound. Those left out are looked at again afterwards:
    the slopes of all are brought up to date.
    """
    gradient, b, lower, upper, _ = state
    up, down = _slopes(gradient, b, lower, upper, e)
    active = np.flatnonzero((up < down.max()) | (down > up.min()))
    m, n = len(active), len(b)
    if 3 * m > n or 8 * m * n > cache_bytes:
        return 0
    block = memory.empty((m, n), np.float64)
    if isinstance(rows, np.ndarray):
        block[:] = rows[np.ix_(columns[active], columns)]
    else:
        rows(active, block)
    ours = [each[active] for each in state]
    square, all_ = np.ascontiguousarray(block[:, active]), np.arange(m)
    _, steps = kernels.smo(
        *ours, square, all_, all_, np.zeros(m, np.int64), e=e, tolerance=tolerance, steps=most
    )
    gradient += alone(np.matmul, ours[1] - b[active], block)
    b[active] = ours[1]
    return steps


def _wanted(
    gradient: np.ndarray, b: np.ndarray, lower: np.ndarray, upper: np.ndarray, slot: np.ndarray
) -> np.ndarray:
    """The rows that the next steps will probably need: those of the steepest slopes."""
    up, down = _slopes(gradient, b, lower, upper, 0.0)
    flatness = np.where(slot < 0, np.minimum(up, -down), np.inf)
    count = min(BLOCK, len(b)) - 1
    return np.argpartition(flatness, count)[:count]


def _fill(
    rows: Rows,
    needed: int,
    cache: np.ndarray,
    slot: np.ndarray,
    owner: np.ndarray,
    used: np.ndarray,
    wanted: np.ndarray,
) -> None:
    """Put a row and the wanted ones into the cache, in place of those used longest ago."""
    wanted = wanted[(slot[wanted] < 0) & (wanted != needed)]
    numbers = np.concatenate([[needed], wanted])
    free = np.flatnonzero(owner < 0)[: len(numbers)]
    if len(free) < len(numbers):
        taken = np.flatnonzero(owner >= 0)
        oldest = taken[np.argsort(used[owner[taken]], kind="stable")]
        places = np.concatenate([free, oldest[: len(numbers) - len(free)]])
        slot[owner[places[len(free) :]]] = -1
    else:
        places = free
    if len(free) == len(numbers) and places[-1] - places[0] == len(places) - 1:
        rows(numbers, cache[places[0] : places[-1] + 1])
    else:
        found = memory.empty((len(numbers), cache.shape[1]), np.float64)
        rows(numbers, found)
        cache[places] = found
    slot[numbers], owner[places] = places, numbers


def _solution(
    b: np.ndarray,
    gradient: np.ndarray,
    targets: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    e: float,
    n_steps: int,
    converged: bool,
) -> Solution:
    up, down = _slopes(gradient, b, lower, upper, e)
    least, most = float(up.min()), float(down.max())
    free = (b > lower) & (b < upper) & ((b != 0) | (e == 0))
    # At a coefficient within its bounds f(x) is exactly on the margin; without any, every value
    # between the two slopes is as good.
    intercept = -float(up[free].mean()) if free.any() else -(least + most) / 2
    if not np.isfinite(intercept):  # all coefficients are at one bound
        intercept = -(least if np.isfinite(least) else most)
    quadratic = float(b @ (gradient + targets))  # b'Kb
    objective = 0.5 * quadratic - float(targets @ b) + e * float(np.abs(b).sum())
    error = targets - (gradient + targets + intercept)  # y - f(x)
    bound = np.where(error > 0, upper, -lower)
    loss = float(bound @ np.maximum(np.abs(error) - e, 0))
    gap = 0.5 * quadratic + loss + objective
    return Solution(
        b, intercept, objective, max(gap, 0.0), max(most - least, 0.0), n_steps, converged
    )
