"""Loggers: the rows of the history in a file, line by line, while the training runs.

A log always shows the history of its trainer: on a new fit it is written anew from the history, so
a resumed training goes on in its file and no epoch stands there twice. Give every trainer a file
of its own.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer


class _Logger(Callback):
    def __init__(self, path: Any) -> None:
        self.path = Path(path)
        self.names: list[str] = []

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._rewrite(trainer)

    def _rewrite(self, trainer: Trainer) -> None:
        self.names = trainer.history.keys()
        self._write("w", self.head() + "".join(self.line(row) for row in trainer.history.epochs))

    def on_epoch_end(self, trainer: Trainer) -> None:
        row = trainer.history.epochs[-1]
        if set(row) <= set(self.names):
            self._write("a", self.line(row))
        else:
            self._rewrite(trainer)

    def _write(self, mode: str, text: str) -> None:
        with open(self.path, mode, encoding="utf-8", newline="") as file:
            file.write(text)

    def head(self) -> str:
        """What stands above the rows."""
        return ""

    def line(self, row: dict[str, Any]) -> str:
        """One row with its end of line."""
        raise NotImplementedError


class JSONLogger(_Logger):
    """One JSON object per epoch and line (JSONL), written when the epoch is over; NaN is null."""

    def line(self, row: dict[str, Any]) -> str:
        finite = {k: None if v != v or v in (math.inf, -math.inf) else v for k, v in row.items()}
        return json.dumps(finite) + "\n"


class CSVLogger(_Logger):
    """A table with one line per epoch and a column per recorded name."""

    def head(self) -> str:
        return self._cells(self.names) if self.names else ""

    def line(self, row: dict[str, Any]) -> str:
        return self._cells([row.get(name, "") for name in self.names])

    def _cells(self, cells: list[Any]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        return text.getvalue()
