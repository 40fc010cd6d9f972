"""Learning-rate schedules: plain functions of the time in epochs, so they have no state to lose.

`schedule(t)` is the factor on the optimizer's initial learning rate at time t; 2.5 is the middle of
the third epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class StepSchedule:
    """factor^floor(t / every): multiply the learning rate by `factor` every so many epochs.

    >>> [StepSchedule(every=10, factor=0.5)(t) for t in (0, 9.9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float
    factor: float = 0.1

    def __post_init__(self) -> None:
        if not self.every > 0:
            raise ValueError(f"StepSchedule: every must be positive, got {self.every!r}.")

    def __call__(self, t: float) -> float:
        return float(self.factor ** math.floor(t / self.every))


@dataclass(frozen=True)
class CosineSchedule:
    """final + (1 - final) (1 + cos(pi t / length)) / 2, from 1 down to `final` in `length` epochs.

    Without restarts; after `length` it stays at `final` (Loshchilov & Hutter, 2017).

    >>> [CosineSchedule(length=10)(t) for t in (0, 5, 10, 20)]
    [1.0, 0.5, 0.0, 0.0]
    """

    length: float
    final: float = 0.0

    def __post_init__(self) -> None:
        if not self.length > 0:
            raise ValueError(f"CosineSchedule: length must be positive, got {self.length!r}.")

    def __call__(self, t: float) -> float:
        part = min(max(t / self.length, 0.0), 1.0)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * part)) / 2
