"""Watching a model at work: a log of its predictions, drift of its inputs, accuracy of late.

A model is right about data like that it learned from. `Monitor` holds what comes in against a
reference, feature by feature, and counts how often predictions were right once the truth arrives.
The thresholds follow from the numbers of rows and from the chance of a false alarm, so that they
mean the same for 50 rows and for 50,000.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from .container import file_path
from .training.history import json_line
from .validation import check_samples, is_integer, is_number

BINS = 10


@dataclass(frozen=True)
class Drift:
    """How far recent rows are from the reference; arrays have one entry per feature.

    Attributes:
        names: the features.
        n_recent: how many recent rows there are.
        ks, ks_threshold: Kolmogorov-Smirnov distance max |F_recent - F_reference|.
        psi, psi_threshold: population stability index sum (p - q) ln(p / q) over bins.
        drifted: where either is above its threshold.
    """

    names: list[str]
    n_recent: int
    ks: np.ndarray
    ks_threshold: float
    psi: np.ndarray
    psi_threshold: np.ndarray

    @property
    def drifted(self) -> np.ndarray:
        return (self.ks > self.ks_threshold) | (self.psi > self.psi_threshold)


class Monitor:
    """Logs predictions, and says whether inputs drift and whether predictions still come true.

    Args:
        reference: rows like those the model learned from, shape (n, features); best held-out ones.
        accuracy: the accuracy that was promised (on test rows, say); `report` compares with it.
        path: a file to log to, one JSON object per line; an existing log is read and continued.
            Several processes may log to one file: each takes in what the others wrote when it next
            logs or labels.
        window: how many of the latest rows, and of the latest labels, count.
        level: chance of a false alarm of `drift`, over all features together, for rows drawn
            independently like the reference.
        names: of the features; those of a data frame are known.

    >>> rng = np.random.default_rng(0)
    >>> monitor = Monitor(rng.normal(size=(500, 2)))
    >>> ids = monitor.log(rng.normal([0, 1], size=(200, 2)), np.zeros(200, int))
    >>> monitor.drift().drifted
    array([False, True])
    >>> monitor.label(ids[:2], [0, 1])
    >>> monitor.accuracy
    0.5
    """

    def __init__(
        self,
        reference: Any,
        *,
        accuracy: float | None = None,
        path: Any = None,
        window: int = 500,
        level: float = 0.01,
        names: Sequence[str] | None = None,
    ) -> None:
        if not is_integer(window) or window < 1:
            raise ValueError(f"Monitor: window must be a positive integer, got {window!r}")
        if not is_number(level) or not 0 < level < 1:
            raise ValueError(f"Monitor: level must be a number between 0 and 1, got {level!r}")
        if accuracy is not None and not (is_number(accuracy) and 0 <= accuracy <= 1):
            raise ValueError(f"Monitor: accuracy must be a number from 0 to 1, got {accuracy!r}")
        self._columns = getattr(reference, "columns", None)
        names = self._columns if names is None else names
        reference = check_samples(reference, "Monitor")
        self.reference = np.sort(reference, axis=0)
        width = reference.shape[1]
        self.names = [f"feature {j}" for j in range(width)] if names is None else list(names)
        if len(self.names) != width:
            raise ValueError(
                f"Monitor: expected {width} names, one per feature, got {len(self.names)}"
            )
        self.promised = accuracy
        self.level = float(level)
        self.rows: deque = deque(maxlen=int(window))
        self.right: deque = deque(maxlen=int(window))
        self.waiting: dict[int, Any] = {}  # id -> prediction without a label
        self.n_logged = 0
        self.path = None if path is None else file_path(path, "Monitor")
        self._known = 0  # bytes of the log that were taken in
        if self.path is not None and self.path.exists():
            with self._alone():
                pass

    # ------------------------------------------------------------------------- the log

    def log(self, X: Any, predictions: Any) -> list[int]:
        """Record rows and what was predicted for them; returns an id for each, for `label`."""
        columns = getattr(X, "columns", None)
        if columns is not None and self._columns is not None:
            if list(columns) != list(self._columns):
                raise ValueError(
                    f"Monitor.log: expected the columns of the reference in their order, "
                    f"{list(self._columns)!r:.80}, got {list(columns)!r:.80}. Sort them so."
                )
        X = check_samples(X, "Monitor.log")
        predictions = np.asarray(predictions)
        if X.shape[1] != len(self.names) or predictions.shape != X.shape[:1]:
            raise ValueError(
                f"Monitor.log: expected rows of {len(self.names)} features and one prediction for "
                f"each, got X of shape {X.shape} and predictions of shape {predictions.shape}. "
                "Pass what the model was given and what it returned."
            )
        predictions = predictions.tolist()
        self._check_known(predictions, "Monitor.log", "prediction")
        with self._alone() as file:
            entries = [
                {"id": self.n_logged + i, "time": time.time(), "X": row, "prediction": prediction}
                for i, (row, prediction) in enumerate(zip(X.tolist(), predictions))
            ]
            self._record(file, entries)
        return [entry["id"] for entry in entries]

    def label(self, ids: Any, y: Any) -> None:
        """The true classes of logged rows, by their ids, when they have become known."""
        ids, y = np.atleast_1d(ids).tolist(), np.atleast_1d(y).tolist()
        if len(ids) != len(y):
            raise ValueError(
                f"Monitor.label: expected one label per id, got {len(ids)} ids and {len(y)} labels"
            )
        self._check_known(y, "Monitor.label", "label")
        with self._alone() as file:
            unknown = [i for i in ids if i not in self.waiting]
            if unknown or len(set(ids)) < len(ids):
                raise ValueError(
                    f"Monitor.label: expected ids that log returned and that have no label yet, "
                    f"each once, got {(unknown or ids)[0]!r}. Pass the ids of Monitor.log."
                )
            for i, label in zip(ids, y):
                if isinstance(label, str) != isinstance(self.waiting[i], str):
                    raise ValueError(
                        f"Monitor.label: expected a label like the prediction "
                        f"{self.waiting[i]!r:.40}, got {label!r:.40}, and a text never equals a "
                        "number. Pass labels of the kind that the model predicts."
                    )
            self._record(
                file, [{"id": i, "time": time.time(), "label": each} for i, each in zip(ids, y)]
            )

    @staticmethod
    def _check_known(values: list[Any], owner: str, what: str) -> None:
        for value in values:
            if not isinstance(value, (bool, int, float, str)) or value != value:
                raise ValueError(
                    f"{owner}: expected numbers or texts, got the {what} {value!r:.80}. "
                    "Leave out rows where it is not known."
                )

    @contextmanager
    def _alone(self) -> Iterator[Any]:
        """The log for this process alone, after what others have written to it was taken in."""
        if self.path is None:
            yield None
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b") as file:
            if os.name == "posix":
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
            self._read(file)
            yield file

    def _record(self, file: Any, entries: list[dict[str, Any]]) -> None:
        if file is not None:
            file.write("".join(map(json_line, entries)).encode())
            file.flush()
            self._known = file.tell()
        for entry in entries:
            self._take_in(entry)

    def _take_in(self, entry: dict[str, Any]) -> None:
        if "label" in entry:
            self.right.append(bool(self.waiting.pop(entry["id"]) == entry["label"]))
        else:
            self.rows.append(entry["X"])
            self.waiting[entry["id"]] = entry["prediction"]
            self.n_logged = entry["id"] + 1

    def _read(self, file: Any) -> None:
        """Take in what is new in the log; a last line that a kill cut off is taken away from it."""
        self._known = min(self._known, file.seek(0, os.SEEK_END))
        file.seek(self._known)
        whole, newline, cut = file.read().rpartition(b"\n")
        try:
            for line in whole.decode().splitlines():
                entry = json.loads(line)
                if "X" in entry and len(entry["X"]) != len(self.names):
                    raise ValueError(f"a row of {len(entry['X'])} features")
                self._take_in(entry)
            if cut and not cut.startswith(b'{"id": '[: len(cut)]):
                raise ValueError("a last line that is no entry")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"Monitor: expected the log of a Monitor of {len(self.names)} features in "
                f"{self.path}, got something else ({error}). Choose another file."
            ) from error
        self._known += len(whole) + len(newline)
        if cut:
            file.truncate(self._known)

    # ----------------------------------------------------------------------- judgement

    @property
    def accuracy(self) -> float:
        """The share of right predictions among the latest labels; NaN before the first."""
        return float(np.mean(self.right)) if self.right else math.nan

    def accuracy_fell(self) -> bool:
        """Whether the accuracy of late is lower than promised, beyond chance (`level`).

        Of n labels the share a or less is right by chance with a probability of at most
        exp(-n (a ln(a / p) + (1 - a) ln((1 - a) / (1 - p)))), if p was promised: W. Hoeffding,
        1963, theorem 1. Who promises 1 has broken it with the first wrong prediction.
        """
        if self.promised is None or not self.right or self.accuracy >= self.promised:
            return False
        apart = _divergence(self.accuracy, self.promised)
        return len(self.right) * apart > -math.log(self.level)

    def drift(self) -> Drift:
        """Recent rows against the reference, one feature at a time.

        Two thresholds share the chance of a false alarm `level`, and so do all d features:
        a = level / (2 d). With n recent and m reference rows they are
        sqrt(-ln(a / 2) / 2) sqrt((n + m) / (n m)) for the distance (N. Smirnov, 1948), and
        (1 / n + 1 / m) times the (1 - a) quantile of chi-squared with bins - 1 degrees of freedom
        for the index (B. Yurdakul, 2018). The bins are tenths of the reference.
        """
        if not self.rows:
            raise ValueError("Monitor.drift: expected logged rows, got none yet. Call log first.")
        recent = np.sort(np.array(self.rows, dtype=float), axis=0)
        n, m, width = len(recent), *self.reference.shape
        alarm = self.level / (2 * width)
        ks_threshold = math.sqrt(-math.log(alarm / 2) / 2 * (n + m) / (n * m))
        ks, psi, psi_threshold = np.empty((3, width))
        for j in range(width):
            ks[j] = ks_distance(self.reference[:, j], recent[:, j])
            psi[j], n_bins = stability_index(self.reference[:, j], recent[:, j])
            psi_threshold[j] = (1 / n + 1 / m) * chi_squared_beyond(n_bins - 1, alarm)
        return Drift(self.names, n, ks, ks_threshold, psi, psi_threshold)

    def report(self) -> str:
        """What a person wants to read: rows, accuracy, and the features that drifted."""
        lines = [f"{self.n_logged} predictions logged, {len(self.waiting)} without a label yet"]
        if self.right:
            promised = "" if self.promised is None else f" (promised {self.promised:.1%})"
            verdict = ": LOWER THAN PROMISED" if self.accuracy_fell() else ""
            lines.append(
                f"accuracy of the last {len(self.right)} labels {self.accuracy:.1%}{promised}"
                f"{verdict}"
            )
        if self.rows:
            drift = self.drift()
            found = np.flatnonzero(drift.drifted)
            lines.append(
                f"drift in {len(found)} of {len(self.names)} features "
                f"(last {drift.n_recent} rows against {len(self.reference)})"
            )
            lines += [
                f"  {self.names[j]}: KS {drift.ks[j]:.3f} (threshold {drift.ks_threshold:.3f}), "
                f"PSI {drift.psi[j]:.3f} (threshold {drift.psi_threshold[j]:.3f})"
                for j in found[np.argsort(-drift.ks[found])]
            ]
        return "\n".join(lines)


def _divergence(a: float, p: float) -> float:
    """a ln(a / p) + (1 - a) ln((1 - a) / (1 - p)) for a < p."""
    if p == 1:
        return math.inf
    return (a * math.log(a / p) if a else 0.0) + (1 - a) * math.log((1 - a) / (1 - p))


def ks_distance(one: np.ndarray, other: np.ndarray) -> float:
    """max |F - G| of two sorted samples' distribution functions (Kolmogorov and Smirnov)."""
    points = np.concatenate([one, other])
    first = np.searchsorted(one, points, side="right") / len(one)
    second = np.searchsorted(other, points, side="right") / len(other)
    return float(np.abs(first - second).max())


def stability_index(reference: np.ndarray, recent: np.ndarray) -> tuple[float, int]:
    """(sum (p - q) ln(p / q), number of bins): p recent and q reference shares of the bins.

    The bins are tenths of the sorted reference, fewer where values repeat. Half a row is added to
    each bin, so that an empty one costs much instead of infinitely much.
    """
    tenths = np.arange(1, BINS) * len(reference) // BINS
    edges = np.unique(reference[tenths])
    edges = edges[edges > reference[0]]
    counts = [
        np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
        for values in (recent, reference)
    ]
    p, q = (count / count.sum() for count in counts)
    return float(np.sum((p - q) * np.log(p / q))), len(edges) + 1


def chi_squared_beyond(degrees: int, tail: float) -> float:
    """The number that chi-squared exceeds with probability `tail`, to a few percent.

    Source: E. B. Wilson and M. M. Hilferty, 1931; for one degree of freedom it is exact.
    """
    if degrees == 0:
        return 0.0
    if degrees == 1:
        return NormalDist().inv_cdf(tail / 2) ** 2
    part = 2 / (9 * degrees)
    z = -NormalDist().inv_cdf(tail)
    return degrees * (1 - part + z * math.sqrt(part)) ** 3
