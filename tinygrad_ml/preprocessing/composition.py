"""What estimators that are made of named parts share: their parameters, and how they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any, ClassVar, Self

from ..estimator import Estimator


class Named(dict):
    """A dictionary whose texts can also be written as attributes: named.scale."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"expected one of the names {', '.join(self)}, got {name!r}."
            ) from None


class Composition(Estimator):
    """An estimator with a list of (name, part, ...) as a parameter: a__b sets b of part a."""

    _parts_name: ClassVar[str]
    _part: ClassVar[str]  # what a part looks like
    _part_length: ClassVar[int]

    def _parts(self) -> list[tuple]:
        """The parts as they should be; of others `fit` and `set_params` complain."""
        parts = getattr(self, self._parts_name)
        if not isinstance(parts, (list, tuple)):
            return []
        return [each for each in parts if self._is_part(each)]

    def _is_part(self, part: Any) -> bool:
        return isinstance(part, (list, tuple)) and len(part) == self._part_length

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` also the parts, and `a__b` for b of part a."""
        parameters = super().get_params(deep=False)
        if deep:
            for name, part, *_ in self._parts():
                parameters[name] = part
                if hasattr(part, "get_params") and not isinstance(part, type):
                    inner = part.get_params(deep=True).items()
                    parameters.update({f"{name}__{key}": value for key, value in inner})
        return parameters

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters, replace parts by their names, or set `a__b`: b of part a."""
        own = set(super().get_params(deep=False))
        super().set_params(**{k: v for k, v in parameters.items() if k in own})
        rest = {k: v for k, v in parameters.items() if k not in own}
        if rest:
            self._check_names()
        names = [part[0] for part in self._parts()]
        for key, value in sorted(rest.items(), key=lambda item: item[0].count("__")):
            name, _, inner = key.partition("__")
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__}: expected one of {', '.join([*sorted(own), *names])}, "
                    f"got {key!r}. Parameters of a part are written name__parameter."
                )
            place = names.index(name)
            if inner:
                self._set_inner(name, self._parts()[place][1], inner, value)
            else:
                parts = list(self._parts())
                parts[place] = (name, value, *parts[place][2:])
                setattr(self, self._parts_name, parts)
        return self

    def _set_inner(self, name: str, part: Any, inner: str, value: Any) -> None:
        if not hasattr(part, "set_params"):
            raise ValueError(
                f"{type(self).__name__}: expected an estimator as {name} to set {inner} of, got "
                f"{part!r:.80}. Set {name} itself."
            )
        part.set_params(**{inner: value})

    def _check_names(self) -> None:
        """The list of parts must be tuples of their length, with names of their own."""
        owner, parts = type(self).__name__, getattr(self, self._parts_name)
        if not isinstance(parts, (list, tuple)) or not parts:
            raise ValueError(
                f"{owner}: {self._parts_name} must be a list of tuples, got {parts!r:.80}. "
                f"Write [{self._part}, ...]."
            )
        for part in parts:
            if not self._is_part(part):
                raise ValueError(
                    f"{owner}: expected [{self._part}, ...] in {self._parts_name}, got "
                    f"{part!r:.80}. Write it as {self._part}."
                )
            if not isinstance(part[0], str) or not part[0] or "__" in part[0]:
                raise ValueError(
                    f"{owner}: expected names that are texts without '__', got {part[0]!r}."
                )
        own = super().get_params(deep=False)
        for name, number in Counter(part[0] for part in parts).items():
            if number > 1 or name in own:
                raise ValueError(
                    f"{owner}: expected every name once and none of {', '.join(own)}, got "
                    f"{name!r}. Rename it."
                )


def numbered_names(parts: Any) -> list[str]:
    """Names for parts without: their class in small letters, -1, -2, ... where it comes again."""
    names = [part if isinstance(part, str) else type(part).__name__.lower() for part in parts]
    counts, seen = Counter(names), Counter[str]()
    for i, name in enumerate(names):
        seen[name] += 1
        if counts[name] > 1:
            names[i] = f"{name}-{seen[name]}"
    return names


@contextmanager
def naming(owner: str, name: str, advice: str = "") -> Iterator[None]:
    """Put the name of the part in front of the sentence of an error from it; its class stays.

    `advice` is put behind what the part says of a vector's shape.
    """
    try:
        yield
    except Exception as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            more = advice if "Reshape your data" in error.args[0] else ""
            error.args = (f"{owner}, {name!r}: {error.args[0]}{more}",)
        raise


class only_if:
    """A method that exists only if a test of the object says so: `hasattr` tells the truth."""

    def __init__(self, test: Callable[[Any, str], str]) -> None:
        """`test(object, name)` returns why there is no such method, or ""."""
        self.test = test

    def __call__(self, function: Callable) -> Any:
        self.function, self.name = function, function.__name__
        self.__doc__ = function.__doc__
        return self

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self.function
        if reason := self.test(instance, self.name):
            raise AttributeError(f"{type(instance).__name__} has no {self.name}: {reason}.")
        return MethodType(self.function, instance)
