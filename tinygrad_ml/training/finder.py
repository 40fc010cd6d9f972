"""Which learning rate? Try them all on a copy of the model, and look where the loss falls."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..data import DataLoader
from ..generators import generator
from ..nn import Module
from ..optim import Adam, Optimizer
from .batches import as_pair, find_batches
from .progress import progress_bar
from .trainer import Trainer, check_module

TOO_MUCH = 4.0  # first losses above the lowest: then the training has diverged
WINDOW = 0.05  # of the steps to each side, in the smoothed losses


@dataclass(frozen=True, repr=False)
class LearningRates:
    """What `learning_rate_finder` tried: the loss of each batch before the step with its rate."""

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None  # where the smoothed loss falls fastest; None when it never falls

    def __repr__(self) -> str:
        tried = f"{len(self.rates)} rates from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        if self.suggestion is None:
            return (
                f"No suggestion: the loss never fell ({tried}). Check the loss and the data with "
                "overfit_one_batch, or try smaller rates."
            )
        return f"learning_rate={self.suggestion:.2g} ({tried})"


def learning_rate_finder(
    model: Module,
    loss: Callable[[Any, Any], Any],
    data: Any,
    optimizer: Callable[[Any], Optimizer] = Adam,
    smallest: float = 1e-6,
    largest: float = 10.0,
    steps: int = 100,
    batch_size: int = 32,
    rng: Any = None,
    progress: bool = True,
) -> LearningRates:
    """Train a copy of the model with rates that grow exponentially (Smith, 2017).

    Step i of n has the rate smallest (largest / smallest)^(i / (n - 1)). It ends early when the
    loss has diverged. The suggestion is the rate at which the smoothed loss falls fastest, by the
    logarithm of the rate; `plotting.plot_learning_rates` draws it all. Model and data stay as they
    are.

    `data`: in any form of `Trainer.fit`, walked as often as needed. `optimizer`: a function of the
    parameters that makes one, such as `tg.optim.Adam`. `rng`: for shuffling arrays.
    """
    check_module(model, "learning_rate_finder")
    _check(optimizer, smallest, largest, steps)
    rng = generator(rng, "learning_rate_finder")
    batches = find_batches(_undisturbed(data), batch_size, shuffle=True, rng=rng)
    model = copy.deepcopy(model)
    rates = np.geomspace(smallest, largest, steps)
    trainer = Trainer(model, loss, optimizer(model.parameters()))
    initial = trainer.optimizer.initial_learning_rate
    trainer.schedule = lambda step: float(rates[round(step)]) / initial
    bar = progress_bar(steps, "learning rates") if progress else None
    losses: list[float] = []
    for batch in islice(_endless(batches), steps):
        value = _loss_of_step(trainer, as_pair(batch, model.input_dtypes))
        if losses and not value - min(losses) <= TOO_MUCH * abs(losses[0]):
            break
        losses.append(value)
        if bar is not None:
            bar.update()
    if bar is not None:
        bar.close()
    return _evaluated(rates[: len(losses)], np.array(losses))


def _loss_of_step(trainer: Trainer, batch: Any) -> float:
    """Every step is a fit of one epoch of one batch; infinite when it cannot be taken."""
    try:
        with np.errstate(all="ignore"):
            return trainer.fit([batch], 1, progress=False)["loss"][-1]
    except FloatingPointError:
        if trainer.epoch == 0:
            raise  # no rate is to blame
        return math.inf


def _evaluated(rates: np.ndarray, losses: np.ndarray) -> LearningRates:
    half = max(1, round(WINDOW * len(losses)))
    window = np.bartlett(2 * half + 3)[1:-1]
    total, weight = (np.convolve(v, window)[half:-half] for v in (losses, np.ones_like(losses)))
    smoothed = total / weight
    lowest = int(np.argmin(smoothed))
    start = float(np.median(smoothed[: max(2, len(losses) // 5)]))
    if lowest == 0 or not smoothed[lowest] < start:
        return LearningRates(rates, losses, smoothed, None)
    # The fall proper: what comes before is the noise of batches on a flat line.
    high = smoothed[:lowest] > smoothed[lowest] + 0.9 * (start - smoothed[lowest])
    begin = int(np.flatnonzero(high)[-1]) if high.any() else 0
    found = float(rates[begin + np.argmin(np.gradient(smoothed)[begin : lowest + 1])])
    return LearningRates(rates, losses, smoothed, found)


def _undisturbed(data: Any) -> Any:
    """A loader of the same arrays whose walks do not move the generator of the given one."""
    if not isinstance(data, DataLoader):
        return data
    twin = copy.copy(data)
    twin.rng = copy.deepcopy(data.rng)
    twin._epoch, twin._resume = None, False
    return twin


def _endless(batches: Any) -> Iterator[Any]:
    while True:
        yield from batches


def _check(optimizer: Any, smallest: Any, largest: Any, steps: Any) -> None:
    if isinstance(optimizer, Optimizer) or not callable(optimizer):
        raise TypeError(
            f"learning_rate_finder: expected a function that makes an optimizer, got "
            f"{optimizer!r}. A copy of the model is trained: write optimizer=tg.optim.Adam."
        )
    numbers = all(isinstance(v, (int, float)) for v in (smallest, largest))
    if not numbers or not 0 < smallest < largest < math.inf:
        raise ValueError(
            f"learning_rate_finder: expected 0 < smallest < largest, got {smallest!r} and "
            f"{largest!r}. Write for example smallest=1e-6, largest=10."
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 10:
        raise ValueError(
            f"learning_rate_finder: steps must be an integer of at least 10, got {steps!r}."
        )
