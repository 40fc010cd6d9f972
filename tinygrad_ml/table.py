"""The table: which functions Tensors know, keyed by the function object. It knows no engine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from . import messages


@functools.cache
def parameters_of(function: Callable) -> dict[str, Any]:
    """The parameters of a function and their defaults; builtins may not tell."""
    try:
        return {p.name: p.default for p in inspect.signature(function).parameters.values()}
    except ValueError:
        return {}


def understood(function: Callable, kwargs: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Keyword arguments without those that stand at their default; `known` ones are allowed."""
    if not kwargs.keys() <= set(known):
        defaults = parameters_of(function)
        kwargs = {
            name: value
            for name, value in kwargs.items()
            if name in known or name not in defaults or value is not defaults[name]
        }
        messages.check_keywords(function, kwargs, known)
    return kwargs


class Rules:
    """What is known of a function: a gradient rule per array argument, and how it is called."""

    def __init__(self, function: Callable, vjps: tuple, each: Callable | None) -> None:
        self.function = function
        self.count = len(vjps)  # of array arguments; 0 where there may be any number
        self.vjps: Any = _Each(each) if each else vjps  # None: the derivative is zero everywhere

    @functools.cached_property
    def keywords(self) -> frozenset[str]:
        """Keyword arguments that the rules understand."""
        rule = self.vjps[0] or next(filter(None, self.vjps))
        known = inspect.signature(rule).parameters.values()
        return frozenset(p.name for p in known if p.kind is p.KEYWORD_ONLY)

    def named(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Arrays by position, metadata by name, and without what stands at its default."""
        if len(args) > self.count:
            names = [*parameters_of(self.function)][self.count :]
            kwargs = dict(zip(names, args[self.count :], strict=False)) | kwargs
            args = args[: self.count]
        return args, understood(self.function, kwargs, self.keywords)


class _Each:
    """One rule for any number of arrays, read like a list: rules[k] knows its position k."""

    def __init__(self, rule: Callable) -> None:
        self.rule = rule

    def __getitem__(self, position: int) -> Callable:
        return functools.partial(self.rule, position)


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
    if each is None and not any(vjps):
        raise TypeError(
            f"defvjp({messages.name_of(function)}): expected at least one rule, got none."
        )
    RULES[function] = Rules(function, vjps, each)


def implements(*functions: Callable) -> Callable:
    """Spell a NumPy function through other functions that Tensors already know."""

    def register(spelling: Callable) -> Callable:
        for function in functions:
            SPELLINGS[function] = spelling
        return spelling

    return register
