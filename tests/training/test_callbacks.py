"""Early stopping, loggers, the history, the progress bar and the first check."""

import csv
import json
import math

import numpy as np
import pytest

from tinygrad_ml import functional as F
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, Module, ReLU, Sequential, Sigmoid, Tanh
from tinygrad_ml.optim import SGD
from tinygrad_ml.training import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    JSONLogger,
    Trainer,
    overfit_one_batch,
    progress_bar,
)

X = np.random.default_rng(0).normal(size=(30, 3))
Y = X.sum(axis=1, keepdims=True)


def trainer_of(values=None):
    """A trainer whose metric "score" (or whose epochs) follow the given values."""
    model = Sequential(Dense(3, 4, rng=0), BatchNorm(4), Dense(4, 1, rng=1))
    trainer = Trainer(model, F.mse_loss, SGD(model.parameters(), 0.01), rng=0)
    if values is not None:
        trainer.metrics = {"score": lambda p, t: values[trainer.epoch]}
    return trainer


def run(trainer, *callbacks, epochs, **options):
    return trainer.fit(
        (X, Y), epochs, callbacks=callbacks, batch_size=10, progress=False, **options
    )


class Weights(Callback):
    """Keep the weights of every epoch."""

    def on_fit_begin(self, trainer):
        self.seen = []

    def on_epoch_end(self, trainer):
        self.seen.append(trainer.model.state_dict())


@pytest.mark.parametrize(("values", "options", "epochs", "best"), [
    ([1, 2, 3, 2, 1, 9], {"patience": 2}, 5, 3),
    ([1, 2, 3, 2, 4, 3, 3, 3], {"patience": 3}, 8, 5),
    ([5, 4, 3, 2], {"patience": 2}, 3, 1),
    ([1, 2, 3, 4], {"patience": 2}, 4, 4),
    ([3, 2, 1, 1, 1, 0], {"patience": 2, "mode": "min"}, 5, 3),
    ([1, 1.4, 1.8, 2.6, 2.7], {"patience": 2, "min_delta": 0.5}, 5, 4),
    ([math.nan, 1, math.nan, math.nan, 2], {"patience": 2}, 4, 2),
])  # fmt: skip
def test_early_stopping_keeps_the_best_weights(values, options, epochs, best):
    trainer, weights = trainer_of(values), Weights()
    stopping = EarlyStopping(monitor="score", **options)
    history = run(trainer, stopping, weights, epochs=len(values))
    assert len(history) == epochs
    assert (stopping.best_epoch, stopping.best) == (best, values[best - 1])
    for name, array in trainer.model.state_dict().items():  # running statistics too
        assert np.array_equal(array, weights.seen[best - 1][name]), name


def test_early_stopping_begins_anew_with_every_fit():
    trainer = trainer_of([1, 5, 1, 1, 1, 2, 1, 1, 1])
    stopping = EarlyStopping(monitor="score", patience=2)
    assert len(run(trainer, stopping, epochs=9)) == 4
    assert len(run(trainer, stopping, epochs=5)) == 8
    assert stopping.best == 2


def test_early_stopping_without_any_number_keeps_the_last_weights():
    trainer, weights = trainer_of([math.nan] * 3), Weights()
    run(trainer, EarlyStopping(monitor="score", patience=2), weights, epochs=3)
    assert np.array_equal(
        trainer.model.state_dict()["layers.0.weight"], weights.seen[-1]["layers.0.weight"]
    )


def test_early_stopping_refuses():
    known = "epoch, loss, learning_rate, seconds; it is not. Pass validation= to fit."
    with pytest.raises(ValueError, match=f"'validation_loss' among the recorded {known}"):
        run(trainer_of(), EarlyStopping(), epochs=1)
    for options in ({"patience": 0}, {"patience": 1.5}, {"min_delta": -1}, {"mode": "up"},
                    {"monitor": "something"}):  # fmt: skip
        with pytest.raises(ValueError, match="patience|min_delta|mode"):
            EarlyStopping(**options)


# ------------------------------------------------------------------------------------ loggers


def test_json_lines_follow_the_history(tmp_path):
    path = tmp_path / "logs" / "run.jsonl"
    lines = []

    class Count(Callback):
        runs_last = True

        def on_epoch_end(self, trainer):
            lines.append(len(path.read_text().splitlines()))

    trainer = trainer_of([math.nan, 1.0, 2.0])
    history = run(trainer, JSONLogger(path), Count(), epochs=2)
    assert lines == [1, 2]  # on the disk after every epoch
    run(trainer, JSONLogger(path), epochs=1)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["loss"] for row in rows] == history["loss"]
    assert [row["score"] for row in rows] == [None, 1.0, 2.0]


@pytest.mark.parametrize("kind", [JSONLogger, CSVLogger])
def test_a_resumed_run_logs_no_epoch_twice(tmp_path, kind):
    class Stop(Callback):
        def on_batch_end(self, trainer):
            if trainer.epoch == 2:
                raise KeyboardInterrupt

        def on_epoch_end(self, trainer):
            if trainer.epoch == 1:
                trainer.save(tmp_path / "c")  # older than the log, which has two epochs then

    def read(name):
        return [line.rsplit("seconds" if kind is JSONLogger else ",", 1)[0]
                for line in (tmp_path / name).read_text().splitlines()]  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        run(trainer_of(), kind(tmp_path / "log"), Stop(), epochs=4)
    restored = trainer_of()
    restored.restore(tmp_path / "c")
    run(restored, kind(tmp_path / "log"), epochs=4)
    run(trainer_of(), kind(tmp_path / "whole"), epochs=4)
    assert read("log") == read("whole")


def test_csv_has_a_column_per_name(tmp_path):
    trainer = trainer_of()
    run(trainer, CSVLogger(tmp_path / "log.csv"), epochs=2)
    run(trainer, CSVLogger(tmp_path / "log.csv"), epochs=1, validation=(X, Y))
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == trainer.history.keys()
    assert [float(row["loss"]) for row in rows] == trainer.history["loss"]
    assert [row["validation_loss"] for row in rows[:2]] == ["", ""]
    assert float(rows[2]["validation_loss"]) == trainer.history["validation_loss"][2]


# ------------------------------------------------------------------------------------ history


def test_history_is_a_table():
    rows = [{"epoch": i + 1, "loss": v, "accuracy": 1 - v} for i, v in enumerate([0.5, 0.2, 0.3])]
    history = History(rows)
    assert dict(history) == {
        "epoch": [1, 2, 3], "loss": [0.5, 0.2, 0.3], "accuracy": [0.5, 0.8, 0.7]
    }  # fmt: skip
    assert history.best("loss") == (2, 0.2) and history.best("accuracy") == (2, 0.8)
    assert history.best("epoch", mode="max") == (3, 3)
    with pytest.raises(KeyError, match="expected one of epoch, loss, accuracy; got 'lost'"):
        history["lost"]
    with pytest.raises(ValueError, match="Write mode='min' or mode='max'"):
        history.best("epoch")
    with pytest.raises(ValueError, match="nothing is best"):
        History([{"epoch": 1, "loss": math.nan}]).best("loss")


def test_history_goes_through_json_with_its_events():
    trainer = trainer_of()
    history = run(trainer, epochs=2)
    history.events.append({"epoch": 1, "event": "weights redrawn"})
    other = History()
    other.load_state_dict(json.loads(json.dumps(history.state_dict())))
    assert other.epochs == history.epochs and other.events == history.events
    assert "weights redrawn" in repr(other)


def test_history_prints_its_last_rows():
    assert repr(History()) == "History(no epochs yet)"
    rows = [{"epoch": i, "loss": 1 / i} for i in range(1, 8)]
    assert repr(History([*rows, {"epoch": 8, "loss": 0.1, "accuracy": 1.0}])).splitlines() == [
        "History(8 epochs)",
        "epoch    loss  accuracy",
        "... 3 epochs before",
        "    4    0.25         -",
        "    5     0.2         -",
        "    6  0.1667         -",
        "    7  0.1429         -",
        "    8     0.1         1",
    ]


# ------------------------------------------------------------------------------------ progress


def test_progress_bar_counts_iterables_and_numbers(capsys):
    assert sum(progress_bar([1, 2, 3], "adding")) == 6
    bar = progress_bar(4, "steps", shown=1)
    bar.update(3)
    bar.close()
    err = capsys.readouterr().err
    assert "adding: 100%" in err and "3/3" in err
    assert "steps: 100%" in err and "4/4" in err


# ------------------------------------------------------------------------------------ first check


def test_a_sound_network_learns_one_batch():
    model = Sequential(Dense(3, 16, rng=0), Tanh(), Dense(16, 1, rng=1))
    before = model.state_dict()
    check = overfit_one_batch(model, F.mse_loss, (X[:8], Y[:8]))
    assert check.ok and check.last_loss < 0.1 * check.first_loss
    assert check.without_gradient == check.zero_gradient == ()
    assert repr(check).startswith("ok: the loss of one batch went from ")
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())
    assert model.training and all(p.grad is None for p in model.parameters())


def test_an_autoencoder_takes_a_batch_alone():
    model = Sequential(Dense(3, 8, rng=0), Tanh(), Dense(8, 3, rng=1))
    assert overfit_one_batch(model, F.mse_loss, X[:4]).ok


def test_targets_out_of_reach_are_noticed():
    model = Sequential(Dense(3, 16, rng=0), Sigmoid())
    check = overfit_one_batch(model, F.mse_loss, (X[:8], np.full((8, 16), 5.0)), steps=50)
    assert not check.ok
    assert "Usual mistakes" in repr(check) and "cannot reach the targets" in repr(check)


def test_parameters_without_gradient_are_listed():
    class Forgetful(Module):
        def __init__(self):
            self.used = Dense(3, 1, rng=0)
            self.forgotten = Dense(3, 1, rng=0)

        def __call__(self, x):
            return self.used(x)

    check = overfit_one_batch(Forgetful(), F.mse_loss, (X[:4], Y[:4]), steps=20)
    assert check.without_gradient == ("forgotten.weight", "forgotten.bias")
    assert "No gradient reaches forgotten.weight, forgotten.bias" in repr(check)


def test_dead_units_are_listed():
    model = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 1, rng=1))
    model[0].bias.data = np.full(4, -100.0, np.float32)
    check = overfit_one_batch(model, F.mse_loss, (X[:8], Y[:8]), steps=20)
    assert check.zero_gradient == ("layers.0.weight", "layers.0.bias", "layers.2.weight")
    assert "was always zero" in repr(check)


def test_the_first_check_refuses_a_finished_optimizer():
    model = Sequential(Dense(3, 1, rng=0), Dropout(0.1))
    with pytest.raises(TypeError, match="a function that makes an optimizer"):
        overfit_one_batch(model, F.mse_loss, (X, Y), SGD(model.parameters(), 0.1))
    with pytest.raises(ValueError, match="steps must be at least 2"):
        overfit_one_batch(model, F.mse_loss, (X, Y), steps=1)
