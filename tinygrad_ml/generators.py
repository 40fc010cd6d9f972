"""Where random numbers come from: nothing, a seed or a Generator, and never the global one.

A training that shall go on exactly has to find every generator again and put it back where it was.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any

import numpy as np

_DEPTH = 6  # names on the way to a generator; what lies deeper belongs to something else
_SINGLE = (type(None), bool, int, float, str, np.ndarray, type, FunctionType, ModuleType)


def generator(rng: Any, owner: str, name: str = "rng") -> np.random.Generator:
    """None (fresh entropy), a seed of at least 0, or a Generator, which is used as it is.

    `owner` and `name` say in an error whose argument it was.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    seed = isinstance(rng, (int, np.integer)) and not isinstance(rng, bool)
    if rng is None or (seed and rng >= 0):
        return np.random.default_rng(rng)
    raise ValueError(
        f"{owner}: {name} must be None, a seed of at least 0 or a np.random.Generator, "
        f"got {rng!r}. Write for example {name}=0."
    )


def find_generators(root: Any, name: str, strangers: tuple = ()) -> dict[str, np.random.Generator]:
    """name -> generator of all below `root`, through attributes, lists, tuples and dicts.

    Each stands there once, under its first name. Objects of the types `strangers` are passed by.
    """
    found: dict[str, np.random.Generator] = {}
    seen: set[int] = set()
    waiting = [(name, root)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, (*_SINGLE, *strangers)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.random.Generator):
            found[name] = value
        elif name.count(".") < _DEPTH:
            waiting += [(f"{name}.{key}", child) for key, child in reversed(_children(value))]
    return found


def _children(value: Any) -> list[tuple[Any, Any]]:
    inside = list(enumerate(value)) if isinstance(value, (list, tuple)) else []
    inside += list(value.items()) if isinstance(value, dict) else []
    return [*inside, *getattr(value, "__dict__", {}).items()]  # a list of one's own class has both


def set_state(rng: np.random.Generator, state: Any, owner: str) -> None:
    """Put a generator where a saved `bit_generator.state` says.

    Raises ValueError, and leaves it where it was, for a state of another kind of generator or a
    damaged one.
    """
    bits = rng.bit_generator
    kind = type(bits).__name__
    expected = state.get("bit_generator") if isinstance(state, dict) else None
    if expected != kind:
        raise ValueError(
            f"{owner}: the state expects a {expected} generator, this one is a {kind}; "
            f"pass rng=np.random.Generator(np.random.{expected}())"
        )
    before = bits.state
    try:
        # NumPy takes a position outside its buffer, and would then read beyond it.
        fits = 0 <= state.get("buffer_pos", 0) <= 4 and 0 <= _position(state) <= 624
        if fits:
            bits.state = state
            fits = _equal(bits.state, state)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        fits = False
    if not fits:
        bits.state = before
        raise ValueError(
            f"{owner}: expected a state that {kind} returned, got a damaged one. "
            "Load another copy of what was saved."
        )


def _position(state: Any) -> int:
    return state["state"].get("pos", 0)  # of the Mersenne twister in its 624 words


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return type(one) is type(other) and one == other
