"""The table: which functions Tensors know, keyed by the function object. It knows no engine."""

from __future__ import annotations

import functools
import inspect
import itertools
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
# What no rule of a function reads: 0 stands for its result, k + 1 for argument k.
UNREAD: dict[Any, tuple[int, ...]] = {}
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
    What every rule names with an underscore in front, `_out` or `_x`, is not kept when it is large:
    only its shape and dtype are.
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
    unread = _unread([rule for rule in vjps if rule is not None])
    if unread:
        UNREAD[function] = unread


def _unread(rules: list[Callable]) -> tuple[int, ...]:
    """The places, the result first, that every rule names with an underscore in front."""
    codes = [getattr(rule, "__code__", None) for rule in rules]
    names = [code.co_varnames[1 : code.co_argcount] if code else () for code in codes]
    places = itertools.zip_longest(*names, fillvalue="")
    return tuple(k for k, same in enumerate(places) if all(name.startswith("_") for name in same))


def implements(*functions: Callable) -> Callable:
    """Spell a NumPy function through other functions that Tensors already know."""

    def register(spelling: Callable) -> Callable:
        for function in functions:
            SPELLINGS[function] = spelling
        return spelling

    return register
