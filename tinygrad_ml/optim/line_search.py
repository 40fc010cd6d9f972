"""How far to go along a direction: a step that fulfils the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SUFFICIENT = 1e-4  # c1: the loss falls by at least this part of what the slope promises
FLATTER = 0.9  # c2: and the slope is at most this part of the first
SHORTEST = 1e-9  # a bracket in which no element moves more than this is not refined


class Point(NamedTuple):
    """Where the search has been: the step, the loss, its gradient, and its slope along the way."""

    t: float
    loss: float
    gradient: np.ndarray
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, t: float, length: float, most: int
) -> Point:
    """A point with loss <= loss_0 + c1 t slope_0 and |slope| <= c2 |slope_0|.

    `start` is the point at t = 0, `t` the first step tried, `length` the largest element of the
    direction, `most` how many steps may be tried beyond the first. Where that is not enough, or the
    first step was so long that the bracket closes around nothing, it is the lowest point found. A
    loss that is not finite counts as too high.

    Source: Nocedal & Wright (2006), algorithms 3.5 and 3.6, with the safeguards of minFunc
    (Schmidt, 2005), which PyTorch uses too.
    """
    before, point = start, evaluate(t)
    for tried in range(most):
        if _too_high(point, start) or (tried > 1 and point.loss >= before.loss):
            break
        if _flat(point, start):
            return point
        if point.slope >= 0:
            break
        bounds = point.t + 0.01 * (point.t - before.t), point.t * 10
        t = _lowest_of_cubic(before, point, bounds)
        before, point = point, evaluate(t)
    else:
        return start if start.loss <= point.loss else point
    return _zoom(evaluate, start, [before, point], length, tried, most)


def _zoom(
    evaluate: Callable[[float], Point], start: Point, pair: list[Point], length: float,
    tried: int, most: int,
) -> Point:  # fmt: skip
    """Narrow a bracket that holds such a point down to one, or to its lower end."""
    low, stuck = _lower(pair), False
    while tried < most and abs(pair[1].t - pair[0].t) * length >= SHORTEST:
        t, stuck = _inside(pair, stuck)
        point = evaluate(t)
        tried += 1
        if _too_high(point, start) or point.loss >= pair[low].loss:
            pair[1 - low] = point
            low = _lower(pair)
            continue
        if _flat(point, start):
            return point
        if point.slope * (pair[1 - low].t - pair[low].t) >= 0:
            pair[1 - low] = pair[low]
        pair[low] = point
    return pair[low]


def _too_high(point: Point, start: Point) -> bool:
    return point.loss > start.loss + SUFFICIENT * point.t * start.slope


def _flat(point: Point, start: Point) -> bool:
    return abs(point.slope) <= -FLATTER * start.slope


def _lower(pair: list[Point]) -> int:
    return 0 if pair[0].loss <= pair[1].loss else 1


def _inside(pair: list[Point], stuck: bool) -> tuple[float, bool]:
    """The next step to try; a second one near an end of the bracket is moved away from it."""
    first, last = sorted(point.t for point in pair)
    t = _lowest_of_cubic(pair[0], pair[1], (first, last))
    margin = 0.1 * (last - first)
    if min(last - t, t - first) >= margin:
        return t, False
    if not stuck and first < t < last:
        return t, True
    return (last - margin if abs(t - last) < abs(t - first) else first + margin), False


def _lowest_of_cubic(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through both points with both slopes is lowest, within the bounds."""
    if a.t > b.t:
        a, b = b, a
    middle = (bounds[0] + bounds[1]) / 2
    if a.t == b.t:
        return middle
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return middle
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return middle
    return min(max(b.t - (b.t - a.t) * ((b.slope + d2 - d1) / divisor), bounds[0]), bounds[1])
