"""Logs and histories on the disk: complete, in order, and readable after a kill."""

import json
import math
import os

import numpy as np
import pytest

from tinygrad_ml import functional as F
from tinygrad_ml.nn import Dense, Sequential
from tinygrad_ml.optim import SGD
from tinygrad_ml.persistence import load, save
from tinygrad_ml.training import CSVLogger, History, JSONLogger, Trainer

X = np.random.default_rng(0).normal(size=(12, 3))
ROWS = [
    {"epoch": 1, "loss": 0.1 + 0.2, "learning_rate": 1e-300, "seconds": 0.25},
    {"epoch": 2, "loss": math.nan, "score, of \"all\"": math.inf, "seconds": 1e22},
    {"epoch": 3, "loss": 5e-324, "learning_rate": 1 / 3, "seconds": 2.0},
]  # fmt: skip
EVENTS = [{"epoch": 2, "event": "weights redrawn"}]
LOGGERS = {"log.csv": CSVLogger, "log.jsonl": JSONLogger}


def finite(rows):
    return [{k: v for k, v in row.items() if math.isfinite(v)} for row in rows]


def trainer():
    model = Sequential(Dense(3, 1, rng=0))
    return Trainer(model, F.mse_loss, SGD(model.parameters(), 0.01), rng=0)


def fit(training, *callbacks, epochs=3):
    return training.fit((X, X[:, :1]), epochs, progress=False, callbacks=callbacks)


@pytest.mark.parametrize("name", ["h.csv", "h.jsonl", "new/folder/h"])
def test_a_history_is_written_and_read(tmp_path, name):
    path = tmp_path / name
    History(ROWS, EVENTS).write(path)
    again = History.read(path)
    assert finite(again.epochs) == finite(ROWS)  # every bit of every number
    assert again.events == ([] if name == "h.csv" else EVENTS)
    assert math.isnan(again["loss"][1]) or name == "h.csv"
    assert all(type(epoch) is int for epoch in again["epoch"])
    again.write(path)
    assert finite(History.read(path).epochs) == finite(ROWS)


@pytest.mark.parametrize("name", ["h.csv", "h.jsonl"])
def test_an_empty_history(tmp_path, name):
    History().write(tmp_path / name)
    assert len(History.read(tmp_path / name)) == 0


def test_a_history_can_be_saved_like_a_model(tmp_path):
    save(History(ROWS, EVENTS), tmp_path / "h")
    again = load(tmp_path / "h")
    assert type(again) is History and again.events == EVENTS
    assert repr(again) == repr(History(ROWS, EVENTS))


@pytest.mark.parametrize("name", LOGGERS)
def test_a_log_is_a_history(tmp_path, name):
    history = fit(trainer(), LOGGERS[name](tmp_path / name))
    assert History.read(tmp_path / name).epochs == history.epochs
    history.write(tmp_path / ("written" + name))
    assert (tmp_path / ("written" + name)).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("name", LOGGERS)
def test_every_length_of_a_killed_log_can_be_read_and_goes_on(tmp_path, name):
    path, checkpoint = tmp_path / name, tmp_path / "c"
    first = trainer()
    fit(first, LOGGERS[name](path), epochs=2)
    first.save(checkpoint)
    rows = [dict(row) for row in first.history.epochs]
    fit(first, LOGGERS[name](path), epochs=1)
    whole = path.read_bytes()
    for length in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:length])
        found = History.read(path).epochs
        assert found == first.history.epochs[: len(found)]
        again = trainer()
        again.restore(checkpoint)  # older than the log
        fit(again, LOGGERS[name](path), epochs=1)
        assert History.read(path).epochs == again.history.epochs
        assert again.history.epochs[:2] == rows
    assert [row["epoch"] for row in History.read(path).epochs] == [1, 2, 3]


@pytest.mark.parametrize("name", LOGGERS)
def test_every_row_is_synced(tmp_path, name, monkeypatch):
    synced, fsync = [], os.fsync

    def counted(descriptor):
        fsync(descriptor)
        synced.append(len(History.read(tmp_path / name)) if (tmp_path / name).exists() else 0)

    monkeypatch.setattr(os, "fsync", counted)
    fit(trainer(), LOGGERS[name](tmp_path / name), epochs=4)
    assert {1, 2, 3, 4} <= set(synced)


@pytest.mark.parametrize("content", [
    "hello\nyou\n", "{}\n{}\n", "[1]\n[2]\n", "null\n1\n", '{"epoch": 2}\n{"epoch": 3}\n',
    '{"epoch": 1}\n{"epoch": 1}\n', "\xff\n\xfe\n", "epoch,loss\n2,0.5\n", "epoch,loss\n1,a\n",
    '{"epoch": "1"}\n{"epoch": "2"}\n', "loss\n0.5\n", "epoch\n1,2\n", "\0\0{",
])  # fmt: skip
@pytest.mark.parametrize("name", ["h.csv", "h.jsonl"])
def test_other_files_are_no_history(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match="^History.read: expected .* got .*Pass the log of"):
        History.read(tmp_path / name)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError):
        History.read(tmp_path / "nothing")
    for kind in LOGGERS.values():
        with pytest.raises(ValueError, match="Logger: expected the name of a file, got .* folder"):
            kind(tmp_path)
    with pytest.raises(ValueError, match="write: expected the name of a file, got .* folder"):
        History(ROWS).write(tmp_path)
    with pytest.raises(ValueError, match="read: expected the name of a file, got .* folder"):
        History.read(tmp_path)


def test_json_of_other_tools(tmp_path):
    fit(trainer(), JSONLogger(tmp_path / "log.jsonl"))
    for line in (tmp_path / "log.jsonl").read_text().splitlines():
        assert set(json.loads(line)) == {"epoch", "loss", "learning_rate", "seconds"}
