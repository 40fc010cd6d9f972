"""Loggers: the rows of the history in a file, line by line, while the training runs.

A log always shows the history of its trainer: on a new fit it is written anew from the history, so
a resumed training goes on in its file, no epoch stands there twice, and a half-written line of a
killed run is gone. Every row is on the disk before the next epoch begins. Give every trainer a file
of its own; `History.read` reads it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..container import file_path, write_atomically
from .callbacks import Callback
from .history import csv_line, csv_row, json_line

if TYPE_CHECKING:
    from .trainer import Trainer


class _Logger(Callback):
    def __init__(self, path: Any) -> None:
        self.path = file_path(path, type(self).__name__)
        self.names: list[str] = []

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._rewrite(trainer)

    def _rewrite(self, trainer: Trainer) -> None:
        self.names = trainer.history.keys()
        lines = [self.head(), *map(self.line, trainer.history.epochs)]
        write_atomically(self.path, "".join(lines).encode())

    def on_epoch_end(self, trainer: Trainer) -> None:
        row = trainer.history.epochs[-1]
        if not set(row) <= set(self.names):
            self._rewrite(trainer)
            return
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            file.write(self.line(row))
            file.flush()
            os.fsync(file.fileno())

    def head(self) -> str:
        """What stands above the rows."""
        return ""

    def line(self, row: dict[str, Any]) -> str:
        """One row with its end of line."""
        raise NotImplementedError


class JSONLogger(_Logger):
    """One JSON object per epoch and line (JSONL), written when the epoch is over; NaN is null."""

    def line(self, row: dict[str, Any]) -> str:
        return json_line(row)


class CSVLogger(_Logger):
    """A table with one line per epoch and a column per recorded name."""

    def head(self) -> str:
        return csv_line(self.names)

    def line(self, row: dict[str, Any]) -> str:
        return csv_row(self.names, row)
