"""The table of cases and how to add to it; `table.py` and the `cases_*.py` beside it fill it.

`TABLE[function][situation]` is a list of cases, or the reason (a text) why there is none. Inputs
stay away from kinks and ties, which have tests of their own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rules.tester import Case, key_of

SITUATIONS = ("plain", "0-d", "empty", "broadcast", "negative axis", "tuple axis", "keepdims")
TABLE: dict[Any, dict[str, Any]] = {}

NO_AXIS = "works element by element or on fixed axes: no axis argument"
ONE_ARGUMENT = "one array: nothing to broadcast against"
NO_KEEPDIMS = "keeps or names its axes itself: no keepdims argument"
ONE_AXIS = "takes one axis, not a tuple"
NEEDS_AXES = "needs at least one axis"
IMAGES = "takes batches of images (n, height, width, channels)"

rng = np.random.default_rng(2026)


def distinct(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Random values at least a hundredth of their mean distance apart: no ties."""
    n = int(np.prod(shape))
    steps = np.arange(n) + rng.uniform(0.1, 0.9, n)
    return rng.permutation(low + (high - low) * steps / max(1, n)).reshape(shape)


def add(
    function: Callable,
    situation: str,
    call: Callable,
    *arrays: np.ndarray,
    analytic: bool = True,
    about: Callable | None = None,
) -> None:
    """One more case of `function`; without a rule of its own, it is `about` what it is made of."""
    case = Case(about or function, call, list(arrays), analytic)
    TABLE.setdefault(key_of(function), {}).setdefault(situation, []).append(case)


def exclude(function: Callable, **reasons: str) -> None:
    """Situations that do not exist for `function`, each with its reason."""
    row = TABLE.setdefault(key_of(function), {})
    for situation, reason in reasons.items():
        situation = {"zero_d": "0-d"}.get(situation, situation.replace("_", " "))
        assert situation in SITUATIONS and situation not in row, (function, situation)
        row[situation] = reason


def exclude_axes(function: Callable) -> None:
    exclude(function, negative_axis=NO_AXIS, tuple_axis=NO_AXIS, keepdims=NO_AXIS)


# ---------------------------------------------------------------- forms that many functions share


def unary(function: Callable, low: float, high: float, analytic: bool = True) -> None:
    for situation, shape in (("plain", (2, 3)), ("0-d", ()), ("empty", (0, 3))):
        add(function, situation, lambda x: function(x), distinct(*shape, low=low, high=high),
            analytic=analytic)  # fmt: skip
    exclude(function, broadcast=ONE_ARGUMENT)
    exclude_axes(function)


def binary(
    function: Callable,
    low: float,
    high: float,
    low2: float,
    high2: float,
    analytic: bool = True,
    ratio: float = 0.5,
) -> None:
    shapes = [("plain", (2, 3), (2, 3)), ("0-d", (), ()), ("empty", (0, 3), (0, 3)),
              ("broadcast", (2, 1), (3,)), ("broadcast", (), (2, 2)), ("broadcast", (1, 2), (0, 2)),
              ("broadcast", (2, 1, 2), (1, 2, 1))]  # fmt: skip
    for situation, left, right in shapes:
        x, y = distinct(*left, low=low, high=high), distinct(*right, low=low2, high=high2)
        add(function, situation, lambda x, y: function(x, y), x, y, analytic=analytic)
    x, y = distinct(3, low=low, high=high), distinct(3, low=low2, high=high2)
    add(function, "plain", lambda x: function(x, y.astype(x.dtype)), x, analytic=analytic)
    add(function, "plain", lambda y: function(x.astype(y.dtype), y), y, analytic=analytic)
    middle = (low + high) / 2
    add(function, "plain", lambda y: function(middle, y), y, analytic=analytic)
    add(function, "plain", lambda x: function(x, x * ratio), x, analytic=analytic)
    exclude_axes(function)


def shaping_cases(function: Callable, about: Callable | None = None, **cases: Any) -> None:
    """situation=[(call, shape), ...] or a reason; what is not named is excluded as usual."""
    usual = {"broadcast": ONE_ARGUMENT, "negative_axis": NO_AXIS, "tuple_axis": ONE_AXIS,
             "keepdims": NO_KEEPDIMS}  # fmt: skip
    for situation, value in (usual | cases).items():
        if isinstance(value, str):
            exclude(function, **{situation: value})
            continue
        situation = {"zero_d": "0-d"}.get(situation, situation.replace("_", " "))
        for call, *shapes in value:
            add(function, situation, call, *[distinct(*s) for s in shapes], about=about)


def image_case(function: Callable, situation: str, call: Callable, *shapes: tuple) -> None:
    add(function, situation, call, *[distinct(*s) for s in shapes])


def loss(
    function: Callable, situation: str, *arrays: np.ndarray, analytic: bool = False, **target: Any
) -> None:
    """One case per reduction; an empty batch has no mean."""
    for reduction in ("sum", "none") if situation == "empty" else ("mean", "sum", "none"):
        call = lambda *xs, r=reduction: function(*xs, *target.values(), reduction=r)
        add(function, situation, call, *arrays, analytic=analytic)
