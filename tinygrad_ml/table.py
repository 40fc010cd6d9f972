"""The table: which functions Tensors know, keyed by the function object. It knows no engine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import messages


class Rules(NamedTuple):
    """What is known of a function: a gradient rule per array argument, and its metadata."""

    vjps: tuple[Callable | None, ...] | _Each  # None: the derivative is zero everywhere
    metadata: tuple[str, ...]  # names of the positional parameters behind the arrays
    keywords: frozenset[str]  # keyword arguments that the rules understand
    defaults: dict[str, Any]


class _Each:
    """One rule for any number of arrays, read like a list: rules[k] knows its position k."""

    def __init__(self, rule: Callable) -> None:
        self.rule = rule

    def __getitem__(self, position: int) -> Callable:
        return functools.partial(self.rule, position)

    def __len__(self) -> int:
        return 0


RULES: dict[Any, Rules] = {}
SPELLINGS: dict[Any, Callable] = {}  # NumPy functions that are made of others
CONSTANTS: set[Any] = set()  # functions without a gradient: they answer with plain arrays


def defvjp(function: Callable, *vjps: Callable | None, each: Callable | None = None) -> None:
    """Give `function` its gradient rules, one per array argument.

    Rule k answers with the gradient of argument k: `rule(g, out, *args, **kwargs)` where `g` is
    the gradient of the result `out` (tuples for several results). Written with operators, methods
    and NumPy functions only, it can be differentiated again. None: the derivative is zero.
    `each(k, g, out, *args, **kwargs)` serves a function of any number of arrays.

    >>> import tinygrad_ml as tg
    >>> @tg.primitive
    ... def cube(x):
    ...     return x * x * x
    >>> tg.defvjp(cube, lambda g, out, x: g * 3 * x * x)
    >>> x = tg.Tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> float(x.grad)
    12.0
    """
    function = getattr(function, "array_function", function)
    rules = [rule for rule in (*vjps, each) if rule is not None]
    if not rules:
        raise TypeError(
            f"defvjp({messages.name_of(function)}): expected at least one rule, got none."
        )
    known = inspect.signature(rules[0]).parameters.values()
    keywords = frozenset(p.name for p in known if p.kind is p.KEYWORD_ONLY)
    metadata: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    if not isinstance(function, np.ufunc):
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except ValueError:  # builtins without a signature take arrays alone
            parameters = []
        metadata = tuple(p.name for p in parameters[len(vjps) :])
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    RULES[function] = Rules(_Each(each) if each else vjps, metadata, keywords, defaults)


def implements(*functions: Callable) -> Callable:
    """Spell a NumPy function through other functions that Tensors already know."""

    def register(spelling: Callable) -> Callable:
        for function in functions:
            SPELLINGS[function] = spelling
        return spelling

    return register
