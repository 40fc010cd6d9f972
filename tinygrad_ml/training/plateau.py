"""A learning rate that falls when a recorded value stops getting better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .callbacks import Callback
from .history import direction, monitored

if TYPE_CHECKING:
    from .trainer import Trainer

SMALLEST_CHANGE = 1e-8  # of a learning rate; below it, nothing is done


class ReduceOnPlateau(Callback):
    """Multiply the learning rate by `factor` when `monitor` has not improved for long.

    It happens in the first epoch after `patience` without an improvement, in every group of the
    optimizer, and with a schedule too, whose factors then count from the lower rate. It is recorded
    in `history.events`. Every fit begins anew, except one that a checkpoint interrupted. PyTorch's
    ReduceLROnPlateau does the same.

    Parameters
    ----------
    monitor : a recorded name, such as "validation_loss" or "loss".
    factor : from 0 to below 1.
    patience : epochs without an improvement that are waited for.
    threshold : an improvement is a change for the better by more than threshold |best|.
    relative : with False, by more than the threshold itself.
    cooldown : epochs after a reduction that are not counted.
    minimum : the learning rate does not fall below it.
    mode : "min", "max", or "auto", which knows losses and errors from accuracies and scores.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        relative: bool = True,
        cooldown: int = 0,
        minimum: float = 0.0,
        mode: str = "auto",
    ) -> None:
        if not isinstance(factor, (int, float)) or not 0 <= factor < 1:
            raise ValueError(f"ReduceOnPlateau: factor must be from 0 to below 1, got {factor!r}.")
        for name, value in {"patience": patience, "cooldown": cooldown}.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"ReduceOnPlateau: {name} must be a whole number of epochs, got {value!r}."
                )
        for name, number in {"threshold": threshold, "minimum": minimum}.items():
            if not isinstance(number, (int, float)) or not number >= 0:
                raise ValueError(
                    f"ReduceOnPlateau: {name} must be a number of at least 0, got {number!r}."
                )
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.relative = relative
        self.cooldown = cooldown
        self.minimum = minimum
        self.sign = 1.0 if direction(monitor, mode) == "min" else -1.0
        self._reset()

    def _reset(self) -> None:
        self.best = math.nan
        self.wait = 0
        self.resting = 0  # epochs of the cooldown that are left

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._reset()

    def on_epoch_end(self, trainer: Trainer) -> None:
        value = monitored("ReduceOnPlateau", self.monitor, trainer.history.epochs[-1])
        if self._improved(value):
            self.best, self.wait = value, 0
        else:
            self.wait += 1
        if self.resting:
            self.resting -= 1
            self.wait = 0
        if self.wait > self.patience:
            self._reduce(trainer)
            self.resting, self.wait = self.cooldown, 0

    def _improved(self, value: float) -> bool:
        if math.isnan(self.best):
            return not math.isnan(value)
        margin = self.threshold * (abs(self.best) if self.relative else 1.0)
        return self.sign * value < self.sign * self.best - margin

    def _reduce(self, trainer: Trainer) -> None:
        for group in trainer.optimizer.groups:
            old = group.learning_rate
            new = max(old * self.factor, self.minimum)
            if old - new > SMALLEST_CHANGE:
                group.learning_rate = new
                group.initial_learning_rate *= new / old
        rates = [group.learning_rate for group in trainer.optimizer.groups]
        trainer.history.events.append(
            {"epoch": trainer.epoch, "event": "plateau", "learning_rates": rates}
        )

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait, "resting": self.resting}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.wait, self.resting = state["best"], state["wait"], state["resting"]
