"""The table: which functions Tensors know, keyed by the function object. It knows no engine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from . import messages


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

    @functools.cached_property
    def parameters(self) -> list[inspect.Parameter]:
        """The function's own parameters; builtins without a signature take arrays alone."""
        try:
            return list(inspect.signature(self.function).parameters.values())
        except ValueError:
            return []

    def named(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Arrays by position, metadata by name, and without what stands at its default."""
        if len(args) > self.count:
            names = [p.name for p in self.parameters[self.count :]]
            kwargs = dict(zip(names, args[self.count :], strict=False)) | kwargs
            args = args[: self.count]
        if kwargs.keys() - self.keywords:
            defaults = {p.name: p.default for p in self.parameters}
            kwargs = {
                name: value
                for name, value in kwargs.items()
                if name in self.keywords or name not in defaults or value is not defaults[name]
            }
        messages.check_keywords(self.function, kwargs, self.keywords)
        return args, kwargs


class _Each:
    """One rule for any number of arrays, read like a list: rules[k] knows its position k."""

    def __init__(self, rule: Callable) -> None:
        self.rule = rule

    def __getitem__(self, position: int) -> Callable:
        return functools.partial(self.rule, position)


class _Together:
    """One rule that answers for all arguments, read like a list of rules.

    Made afresh for every node (see `Rules.vjps`), so its answers are forgotten with the visit.
    """

    def __init__(self, rule: Callable) -> None:
        self.rule = rule
        self.answers: tuple | None = None

    def __getitem__(self, position: int) -> Callable:
        return functools.partial(self._answer, position)

    def _answer(self, position: int, g: Any, out: Any, *args: Any, **kwargs: Any) -> Any:
        if self.answers is None:
            self.answers = self.rule(g, out, *args, **kwargs)
        return self.answers[position]


class RulesTogether(Rules):
    """What is known of a function whose gradients are computed all at once."""

    def __init__(self, function: Callable, rule: Callable) -> None:
        self.function = function
        self.rule = rule
        self.count = 0

    @property
    def vjps(self) -> Any:
        """A new reading: each visit of a node reads this once."""
        return _Together(self.rule)


RULES: dict[Any, Rules] = {}
SPELLINGS: dict[Any, Callable] = {}  # NumPy functions that are made of others
CONSTANTS: set[Any] = set()  # functions without a gradient: they answer with plain arrays


def defvjp(
    function: Callable,
    *vjps: Callable | None,
    each: Callable | None = None,
    together: Callable | None = None,
) -> None:
    """Give `function` its gradient rules, one per array argument.

    Rule k answers with the gradient of argument k: `rule(g, out, *args, **kwargs)` where `g` is
    the gradient of the result `out` (tuples for several results). Written with operators, methods
    and NumPy functions only, it can be differentiated again. None: the derivative is zero.
    `each(k, g, out, *args, **kwargs)` serves a function of any number of arrays, and
    `together(g, out, *args, **kwargs)` answers with a tuple, the gradients of all arguments, where
    they share work.

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
    if each is None and together is None and not any(vjps):
        raise TypeError(
            f"defvjp({messages.name_of(function)}): expected at least one rule, got none."
        )
    RULES[function] = RulesTogether(function, together) if together else Rules(function, vjps, each)


def implements(*functions: Callable) -> Callable:
    """Spell a NumPy function through other functions that Tensors already know."""

    def register(spelling: Callable) -> Callable:
        for function in functions:
            SPELLINGS[function] = spelling
        return spelling

    return register
