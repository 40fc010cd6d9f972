"""History: what a training run recorded, one row per epoch."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from ..container import file_path, write_atomically

SMALLER_IS_BETTER = ("loss", "error")
LARGER_IS_BETTER = ("accuracy", "score", "f1", "r2", "auc", "precision", "recall")


class History:
    """Rows of numbers by name, one per epoch; `history["loss"]` is a column of them.

    `epochs` is the list of rows, each a dict with "epoch" (from 1), "loss", the metrics,
    "validation_..." where there was validation, "learning_rate" (of the last batch) and "seconds".
    `events` is a free list of dicts for what happened besides, such as
    {"epoch": 12, "event": "weights redrawn"}. Both hold plain values, so JSON can keep them.

    >>> history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    >>> history["loss"], history.best("loss"), "accuracy" in history, len(history)
    ([0.5, 0.25], (2, 0.25), False, 2)
    """

    def __init__(
        self, epochs: list[dict[str, Any]] | None = None, events: list[dict[str, Any]] | None = None
    ) -> None:
        self.epochs = [] if epochs is None else epochs
        self.events = [] if events is None else events

    def keys(self) -> list[str]:
        """The names that some epoch recorded."""
        return list(dict.fromkeys(name for row in self.epochs for name in row))

    def __getitem__(self, name: str) -> list[float]:
        """One value per epoch; NaN for an epoch that did not record it."""
        if name not in self:
            known = ", ".join(self.keys()) or "no names yet"
            raise KeyError(f"history: expected one of {known}; got {name!r}.")
        return [row.get(name, math.nan) for row in self.epochs]

    def __contains__(self, name: object) -> bool:
        return any(name in row for row in self.epochs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        """The number of epochs."""
        return len(self.epochs)

    def best(self, name: str, mode: str = "auto") -> tuple[int, float]:
        """(epoch, value) where `name` was best, the first of equals; NaN is never best.

        `mode`: "min", "max", or "auto", which knows losses and errors from accuracies and scores.
        """
        better = min if direction(name, mode) == "min" else max
        values = [(row["epoch"], value) for row, value in zip(self.epochs, self[name], strict=True)
                  if not math.isnan(value)]  # fmt: skip
        if not values:
            raise ValueError(f"history.best: every value of {name!r} is NaN; nothing is best.")
        return better(values, key=lambda pair: pair[1])

    def state_dict(self) -> dict[str, Any]:
        """Epochs and events as plain values."""
        return {"epochs": [dict(row) for row in self.epochs], "events": list(self.events)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.epochs = [dict(row) for row in state["epochs"]]
        self.events = list(state["events"])

    def write(self, path: Any) -> None:
        """Write the epochs as a table if the name ends in .csv, else as JSON lines with the events.

        It is the form of `CSVLogger` and `JSONLogger`; NaN is left empty or null. The file is
        replaced as a whole.
        """
        path = file_path(path, "History.write")
        if path.suffix == ".csv":
            names = self.keys()
            text = csv_line(names) + "".join(csv_row(names, row) for row in self.epochs)
        else:
            text = "".join(map(json_line, self.epochs))
            text += "".join(json_line({"event of the history": event}) for event in self.events)
        write_atomically(path, text.encode())

    @classmethod
    def read(cls, path: Any) -> History:
        """The history in a file of `write`, `CSVLogger` or `JSONLogger`, also of a killed run.

        A last line without its end, which a kill may leave, is not read. Values that were not
        finite come back as NaN.

        Raises FileNotFoundError, and ValueError for a file of another form.
        """
        path = file_path(path, "History.read")
        text = path.read_bytes().decode(errors="replace")
        read = _read_csv if path.suffix == ".csv" else _read_json
        try:
            if "\0" in text:
                raise ValueError("it is no text")
            history = read(text.rpartition("\n")[0].splitlines())
            numbers = [row["epoch"] for row in history.epochs]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"History.read: expected a file of History.write, CSVLogger (named .csv) or "
                f"JSONLogger, got {path} ({error}). Pass the log of a training."
            ) from error
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(
                f"History.read: expected the epochs 1, 2, 3, ... in {path}, got {numbers!r:.80}. "
                "Pass the log of one training."
            )
        return history

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(no epochs yet)"
        names, shown = self.keys(), self.epochs[-5:]
        table = [names] + [[_short(row.get(name)) for name in names] for row in shown]
        widths = [max(len(line[i]) for line in table) for i in range(len(names))]
        lines = ["  ".join(f"{cell:>{w}}" for cell, w in zip(line, widths, strict=True))
                 for line in table]  # fmt: skip
        left_out = len(self.epochs) - len(shown)
        lines[1:1] = [f"... {left_out} epochs before"] if left_out else []
        events = [f"{len(self.events)} events, the last {self.events[-1]}"] if self.events else []
        return "\n".join([f"History({len(self)} epochs)", *lines, *events])


def json_line(row: dict[str, Any]) -> str:
    """A row as one line of JSON, which knows no NaN and no infinity: they are null."""
    finite = {k: None if v != v or v in (math.inf, -math.inf) else v for k, v in row.items()}
    return json.dumps(finite) + "\n"


def csv_row(names: list[str], row: dict[str, Any]) -> str:
    """A row under the columns `names`."""
    return csv_line([row.get(name, "") for name in names])


def csv_line(cells: list[Any]) -> str:
    """Cells as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue() if cells else ""


def _read_json(lines: list[str]) -> History:
    history = History()
    for line in lines:
        row = json.loads(line)
        if "event of the history" in row:
            history.events.append(row["event of the history"])
        else:
            history.epochs.append({k: math.nan if v is None else v for k, v in row.items()})
    return history


def _read_csv(lines: list[str]) -> History:
    rows = [{name: _number(name, cell) for name, cell in row.items() if cell != ""}
            for row in csv.DictReader(lines, strict=True)]  # fmt: skip
    return History(rows)


def _number(name: str, cell: str) -> float:
    return int(cell) if name == "epoch" else float(cell)


def _short(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def monitored(owner: str, name: str, row: dict[str, Any]) -> Any:
    """The value of that name among those recorded in an epoch, for the callback `owner`."""
    if name not in row:
        hint = " Pass validation= to fit." if name.startswith("validation_") else ""
        raise ValueError(
            f"{owner}: expected {name!r} among the recorded {', '.join(row)}; it is not.{hint}"
        )
    return row[name]


def direction(name: str, mode: str = "auto") -> str:
    """ "min" or "max": which way a recorded value gets better."""
    if mode in ("min", "max"):
        return mode
    if mode != "auto":
        raise ValueError(f"mode: expected 'min', 'max' or 'auto', got {mode!r}.")
    if any(word in name for word in SMALLER_IS_BETTER):
        return "min"
    if any(word in name for word in LARGER_IS_BETTER):
        return "max"
    known = ", ".join(SMALLER_IS_BETTER + LARGER_IS_BETTER)
    raise ValueError(
        f"mode='auto' expects a name with one of {known} in it, got {name!r}. "
        "Write mode='min' or mode='max'."
    )
