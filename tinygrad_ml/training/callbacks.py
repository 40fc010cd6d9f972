"""Callbacks: what happens beside the training - stopping early, saving."""

from __future__ import annotations

import glob
import math
import os
import re
import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..container import file_path
from .history import direction, monitored

if TYPE_CHECKING:
    from ..nn import Module
    from .trainer import Trainer


class Callback:
    """Hooks of `Trainer.fit`; override the ones you need, each gets the trainer.

    `trainer.epoch` counts the finished epochs, `trainer.batch` the finished batches of the current
    one; `trainer.history.epochs[-1]` is the row just recorded; `trainer.stop_training = True` ends
    the fit behind the current epoch. A callback with state that a checkpoint has to keep also
    overrides `state_dict` (numbers, strings, arrays, lists and dicts) and `load_state_dict`; random
    generators among its attributes are found and kept without that.
    """

    runs_last = False  # behind all others, in every hook: what saves their state

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first batch; a checkpoint's state is loaded right after it."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Before the first batch of an epoch."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """After every batch; the optimizer has just made a step if `trainer.pending` is 0."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After validation, when the history has the new row."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch; not when an error ended the fit."""

    def close(self) -> None:
        """After the fit, also when an error ended it: tidy up."""

    def validation_weights(self, model: Module) -> AbstractContextManager[Any]:
        """A context in which the model has other weights for validation; its own by default."""
        return nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """What has to be remembered to go on exactly; nothing by default."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""


class EarlyStopping(Callback):
    """Stop when `monitor` has not improved for `patience` epochs, and keep the best weights.

    At the end of the fit the model gets the weights and running statistics of its best epoch,
    whether the fit stopped early or not. An improvement is a change for the better by more than
    `min_delta`; NaN is none. Every fit begins anew, except one that a checkpoint interrupted.

    Parameters
    ----------
    monitor : a recorded name, such as "validation_loss" or "loss".
    mode : "min", "max", or "auto", which knows losses and errors from accuracies and scores.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "auto",
    ) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ValueError(
                f"EarlyStopping: patience must be a positive integer, got {patience!r}."
            )
        if not min_delta >= 0:
            raise ValueError(f"EarlyStopping: min_delta must not be negative, got {min_delta!r}.")
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.sign = 1.0 if direction(monitor, mode) == "min" else -1.0
        self._reset()

    def _reset(self) -> None:
        self.best = math.nan
        self.best_epoch = 0
        self.best_weights: dict[str, Any] = {}
        self.wait = 0

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._reset()

    def on_epoch_end(self, trainer: Trainer) -> None:
        row = trainer.history.epochs[-1]
        value = monitored("EarlyStopping", self.monitor, row)
        improved = self.sign * value < self.sign * self.best - self.min_delta
        if improved or (math.isnan(self.best) and not math.isnan(value)):
            self.best, self.best_epoch, self.wait = value, row["epoch"], 0
            with trainer.validation_weights():  # those that were measured
                self.best_weights = trainer.model.state_dict()
            return
        self.wait += 1
        if self.wait >= self.patience:
            trainer.stop_training = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.best_weights:
            trainer.model.load_state_dict(self.best_weights)

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
            "wait": self.wait,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.best_weights, self.wait = state["best_weights"], state["wait"]


class Checkpoint(Callback):
    """Save the whole training to one file, so that it can go on after a crash bit for bit.

    It is written at the end of every `every`-th epoch and of the last, and with `every_batches`
    also inside an epoch after every so many batches. The file always holds the newest state; a
    crash while writing leaves the one before. It runs behind all other callbacks, whose states it
    holds. With `keep` the last so many states stay too, under `path` with ".epoch-12" behind it
    (inside an epoch ".epoch-12-batch-300").

        trainer = Trainer(...)
        if path.exists():
            trainer.restore(path)
        trainer.fit(data, epochs=100, callbacks=[Checkpoint(path)])
    """

    runs_last = True

    def __init__(
        self, path: Any, every: int = 1, every_batches: int | None = None, keep: int | None = None
    ) -> None:
        given = {"every": every, "every_batches": every_batches, "keep": keep}
        for name, value in given.items():
            optional = name != "every" and value is None
            if not optional and (type(value) is not int or value < 1):
                raise ValueError(f"Checkpoint: {name} must be a positive integer, got {value!r}.")
        self.path = file_path(path, "Checkpoint")
        self.every = every
        self.every_batches = every_batches
        self.keep = keep

    def on_batch_end(self, trainer: Trainer) -> None:
        if self.every_batches is not None and trainer.batch % self.every_batches == 0:
            self._save(trainer)

    def on_epoch_end(self, trainer: Trainer) -> None:
        last = trainer.stop_training or trainer.epoch == trainer.fit_epochs[1]
        if last or trainer.epoch % self.every == 0:
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        trainer.save(self.path)
        if self.keep is None:
            return
        inside = f"-batch-{trainer.batch}" if trainer.batch else ""
        newest = Path(f"{self.path}.epoch-{trainer.epoch}{inside}")
        newest.unlink(missing_ok=True)
        try:
            os.link(self.path, newest)  # a second name: no time, and nothing that can break off
        except OSError:  # on a disk without
            shutil.copyfile(self.path, newest)
        kept = self.path.parent.glob(f"{glob.escape(self.path.name)}.epoch-*")
        for old in sorted(kept, key=_numbers)[: -self.keep]:
            old.unlink(missing_ok=True)


def _numbers(path: Path) -> list[int]:
    """(epoch, batch) in the name of a kept checkpoint."""
    return [int(number) for number in re.findall(r"\d+", path.name.rpartition(".epoch-")[2])]
