"""Learning-rate schedules: plain functions of the time in epochs, so they have no state to lose.

`schedule(t)` is the factor on the optimizer's initial learning rate at time t; 2.5 is the middle of
the third epoch. At whole epochs the factors are those of PyTorch's schedulers of the same kind. A
schedule that waits for a metric is a callback, `tg.training.ReduceOnPlateau`.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from .optimizer import is_number


class _Checked:
    """What the schedules ask of their numbers, by their names."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            name, value = field.name, getattr(self, field.name)
            if name in ("every", "length"):
                self._demand(_is_finite(value) and value > 0, name, "positive", value)
            elif name in ("factor", "initial", "final", "power"):
                wanted = "a number of at least 0"
                self._demand(_is_finite(value) and value >= 0, name, wanted, value)
            elif name == "growth":
                wanted = "a number of at least 1"
                self._demand(_is_finite(value) and value >= 1, name, wanted, value)
            elif name == "milestones":
                numbers = isinstance(value, Sequence) and all(_is_finite(m) for m in value)
                increasing = numbers and all(a < b for a, b in zip([0, *value], value))
                wanted = "a list of increasing times above 0, in epochs"
                self._demand(increasing, name, wanted, value)
            elif name == "schedules":
                calls = isinstance(value, Sequence) and value and all(callable(s) for s in value)
                self._demand(calls, name, "a list of schedules", value)

    def _demand(self, fulfilled: Any, name: str, wanted: str, value: Any) -> None:
        if not fulfilled:
            raise ValueError(f"{type(self).__name__}: {name} must be {wanted}, got {value!r}.")


def _is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


@dataclass(frozen=True)
class StepSchedule(_Checked):
    """factor^floor(t / every): multiply the learning rate by `factor` every so many epochs.

    >>> [StepSchedule(every=10, factor=0.5)(t) for t in (0, 9.9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float
    factor: float = 0.1

    def __call__(self, t: float) -> float:
        return float(self.factor ** math.floor(t / self.every))


@dataclass(frozen=True)
class MultiStepSchedule(_Checked):
    """factor^n, where n milestones have been reached: multiply by `factor` at each of them.

    >>> [MultiStepSchedule(milestones=[3, 8], factor=0.5)(t) for t in (0, 2.9, 3, 8)]
    [1.0, 1.0, 0.5, 0.25]
    """

    milestones: Sequence[float]
    factor: float = 0.1

    def __call__(self, t: float) -> float:
        return float(self.factor ** bisect_right(self.milestones, t))


@dataclass(frozen=True)
class ExponentialSchedule(_Checked):
    """factor^t: multiply the learning rate by `factor` in every epoch, evenly.

    >>> [ExponentialSchedule(factor=0.25)(t) for t in (0, 0.5, 1)]
    [1.0, 0.5, 0.25]
    """

    factor: float

    def __call__(self, t: float) -> float:
        return float(self.factor**t)


@dataclass(frozen=True)
class LinearSchedule(_Checked):
    """In a straight line from `initial` to `final` in `length` epochs, where it stays: a warm-up.

    >>> [LinearSchedule(length=4, initial=0.2)(t) for t in (0, 1, 2, 4, 9)]
    [0.2, 0.4, 0.6, 1.0, 1.0]
    """

    length: float
    initial: float = 1 / 3
    final: float = 1.0

    def __call__(self, t: float) -> float:
        return _linear(self.initial, self.final, _part(t, self.length))


@dataclass(frozen=True)
class PolynomialSchedule(_Checked):
    """(1 - t / length)^power, from 1 down to 0 in `length` epochs.

    >>> [PolynomialSchedule(length=4, power=2)(t) for t in (0, 2, 4, 5)]
    [1.0, 0.25, 0.0, 0.0]
    """

    length: float
    power: float = 1.0

    def __call__(self, t: float) -> float:
        return float((1 - _part(t, self.length)) ** self.power)


@dataclass(frozen=True)
class CosineSchedule(_Checked):
    """final + (1 - final) (1 + cos(pi t / length)) / 2, from 1 down to `final` in `length` epochs.

    Without restarts; after `length` it stays at `final` (Loshchilov & Hutter, 2017).

    >>> [CosineSchedule(length=10)(t) for t in (0, 5, 10, 20)]
    [1.0, 0.5, 0.0, 0.0]
    """

    length: float
    final: float = 0.0

    def __call__(self, t: float) -> float:
        return _cosine(1.0, self.final, _part(t, self.length))


@dataclass(frozen=True)
class CosineRestartSchedule(_Checked):
    """`CosineSchedule` again and again, each `growth` times as long as the one before.

    The first takes `length` epochs (Loshchilov & Hutter, 2017).

    >>> [CosineRestartSchedule(length=2, growth=2)(t) for t in (0, 1, 2, 4, 6)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """

    length: float
    growth: float = 1.0
    final: float = 0.0

    def __call__(self, t: float) -> float:
        begun, length = 0.0, float(self.length)
        if self.growth == 1:
            begun = math.floor(t / length) * length
        while t >= begun + length:
            begun, length = begun + length, length * self.growth
        return _cosine(1.0, self.final, (t - begun) / length)


@dataclass(frozen=True)
class OneCycleSchedule(_Checked):
    """Up from `initial` to 1 at time `peak`, then down to `final` at time `length`.

    The optimizer's learning rate is the largest one (Smith & Topin, 2018). `peak` is 0.3 length by
    default. With `three_phase` it falls to `initial` as fast as it rose, then to `final`. `shape`
    of each part is "cosine" or "linear". PyTorch's OneCycleLR of n steps at fraction q is that of
    length n - 1 and peak q n - 1; the momentum is left alone.

    >>> schedule = OneCycleSchedule(length=10, peak=4, initial=0.1, final=0, shape="linear")
    >>> [schedule(t) for t in (0, 2, 4, 7, 10)]
    [0.1, 0.55, 1.0, 0.5, 0.0]
    """

    length: float
    peak: float | None = None
    initial: float = 0.04
    final: float = 4e-6
    shape: str = "cosine"
    three_phase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.peak is None:
            object.__setattr__(self, "peak", 0.3 * self.length)
        latest = self.length / 2 if self.three_phase else self.length
        inside = _is_finite(self.peak) and 0 < self.peak < latest  # type: ignore[operator]
        self._demand(inside, "peak", f"a time above 0 and below {latest:g}", self.peak)
        self._demand(self.shape in _SHAPES, "shape", 'one of "cosine", "linear"', self.shape)

    def __call__(self, t: float) -> float:
        peak: Any = self.peak
        points = [(0.0, self.initial), (peak, 1.0), (float(self.length), self.final)]
        if self.three_phase:
            points.insert(2, (2 * peak, self.initial))
        i = min(bisect_left([time for time, _ in points], t, lo=1), len(points) - 1)
        (begin, start), (end, stop) = points[i - 1 : i + 1]
        return _SHAPES[self.shape](start, stop, _part(t - begin, end - begin))


@dataclass(frozen=True)
class SequentialSchedule(_Checked):
    """One schedule after the other; each counts its time from its milestone.

    >>> warm_up, then = LinearSchedule(length=2, initial=0.5), StepSchedule(every=3)
    >>> [SequentialSchedule([warm_up, then], milestones=[2])(t) for t in (0, 1, 2, 4, 5)]
    [0.5, 0.75, 1.0, 1.0, 0.1]
    """

    schedules: Sequence[Callable[[float], float]]
    milestones: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.milestones) != len(self.schedules) - 1:
            raise ValueError(
                f"SequentialSchedule: expected {len(self.schedules) - 1} milestones between "
                f"{len(self.schedules)} schedules, got {len(self.milestones)}. "
                "Write one milestone for every schedule but the first."
            )

    def __call__(self, t: float) -> float:
        i = bisect_right(self.milestones, t)
        return float(self.schedules[i](t - (self.milestones[i - 1] if i else 0)))


@dataclass(frozen=True)
class ProductSchedule(_Checked):
    """Several schedules at once: the product of their factors.

    >>> both = ProductSchedule([LinearSchedule(length=2, initial=0.5), StepSchedule(every=2)])
    >>> [both(t) for t in (0, 1, 2, 4)]
    [0.5, 0.75, 0.1, 0.01]
    """

    schedules: Sequence[Callable[[float], float]]

    def __call__(self, t: float) -> float:
        return float(math.prod(schedule(t) for schedule in self.schedules))


SCHEDULES = tuple(_Checked.__subclasses__())


def _part(t: float, length: float) -> float:
    return min(max(t / length, 0.0), 1.0)


def _linear(start: float, stop: float, part: float) -> float:
    return float(start + (stop - start) * part)


def _cosine(start: float, stop: float, part: float) -> float:
    return float(stop + (start - stop) * (1 + math.cos(math.pi * part)) / 2)


_SHAPES = {"cosine": _cosine, "linear": _linear}
