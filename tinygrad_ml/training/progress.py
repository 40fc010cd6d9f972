"""The one progress bar: every loop of the project that shows how far it is shows this one."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer


# Set while a bar shows the work as a whole: the loops inside it show none of their own.
quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def progress_bar(
    work: Any, description: str = "", unit: str = "step", shown: int = 0, delay: float = 0.0
) -> Any:
    """A tqdm bar on stderr, over an iterable or up to a number of steps (then call `update`).

    `shown` steps count as done already. Nothing is shown of work that is over within `delay`
    seconds. In a terminal it moves ten times a second; into a file it writes a line every ten
    seconds. It leaves its last line behind.

    >>> sum(progress_bar([1, 2, 3], "adding"))
    6
    """
    from tqdm import tqdm  # costs as much to import as half of NumPy

    number = isinstance(work, int)
    return tqdm(
        None if number else work,
        total=work if number else None,
        desc=description or None,
        unit=unit,
        initial=shown,
        delay=delay,
        disable=quiet.get(),
        file=sys.stderr,
        mininterval=0.1 if sys.stderr.isatty() else 10.0,
        dynamic_ncols=True,
    )


class ProgressBar(Callback):
    """One bar for a whole fit: epoch, batches, and the numbers of the last finished epoch."""

    def __init__(self) -> None:
        self.bar: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        first, last = trainer.fit_epochs
        done = (trainer.epoch - first) * trainer.n_batches + trainer.batch
        total = (last - first) * trainer.n_batches
        self.bar = progress_bar(total, unit="batch", shown=done)
        self.on_epoch_begin(trainer)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        self.bar.set_description_str(
            f"epoch {trainer.epoch + 1}/{trainer.fit_epochs[1]}", refresh=False
        )

    def on_batch_end(self, trainer: Trainer) -> None:
        self.bar.update()

    def on_epoch_end(self, trainer: Trainer) -> None:
        row = trainer.history.epochs[-1]
        shown = [f"{name}={value:.4g}" for name, value in row.items()
                 if name not in ("epoch", "learning_rate", "seconds")]  # fmt: skip
        self.bar.set_postfix_str(", ".join(shown), refresh=False)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
