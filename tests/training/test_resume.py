"""A run that was interrupted anywhere and restored equals an uninterrupted one, bit for bit."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from same import assert_same
from tinygrad_ml import functional as F
from tinygrad_ml import persistence
from tinygrad_ml.data import DataLoader
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, Sequential, Tanh
from tinygrad_ml.optim import SGD, Adam, CosineSchedule
from tinygrad_ml.training import Callback, Checkpoint, EarlyStopping, Trainer

EPOCHS, BATCHES = 4, 5


class Interrupted(Exception):
    pass


class Interrupt(Callback):
    """Save at a certain place, then break the fit."""

    runs_last = True

    def __init__(self, path, epoch, batch):
        self.path, self.epoch, self.batch = path, epoch, batch

    def on_batch_end(self, trainer):
        if (trainer.epoch, trainer.batch) == (self.epoch, self.batch):
            trainer.save(self.path)
            raise Interrupted

    on_epoch_begin = on_epoch_end = on_batch_end


def make(optimizer=Adam, rng=0):
    model = Sequential(
        Dense(4, 8, rng=0), BatchNorm(8), Tanh(), Dropout(0.3, rng=rng), Dense(8, 3, rng=1)
    )
    return Trainer(
        model,
        F.cross_entropy,
        optimizer(model.parameters(), 0.05),
        schedule=CosineSchedule(EPOCHS),
        metrics=["accuracy"],
        clip_norm=1.0,
        rng=3,
    )


def data(n=47):
    rng = np.random.default_rng(5)
    return rng.normal(size=(n, 4)), rng.integers(0, 3, n)


def stopper():
    return EarlyStopping(monitor="validation_loss", patience=3)


def fit(trainer, source, *callbacks, epochs=EPOCHS):
    return trainer.fit(
        source, epochs, validation=data(20), batch_size=10, progress=False, callbacks=callbacks
    )


def everything(trainer, stopping=None):
    """All that a run has come to, without its times."""
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history.epochs]
    generators = [trainer.rng, *(g for _, g in trainer.model.named_generators())]
    return {
        "model": trainer.model.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "history": history,
        "generators": [g.bit_generator.state for g in generators],
        "stopping": None if stopping is None else stopping.state_dict(),
    }


PLACES = [(epoch, batch) for epoch in range(EPOCHS) for batch in range(BATCHES + 1)]


@pytest.mark.parametrize(("epoch", "batch"), [*PLACES, (EPOCHS, 0)])
def test_interrupted_at_any_batch(tmp_path, epoch, batch):
    whole, stopping = make(), stopper()
    fit(whole, data(), stopping)
    assert len(whole.history) == EPOCHS > stopping.best_epoch
    path = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        fit(make(), data(), Interrupt(path, epoch, batch), stopper())
    restored, again = make(), stopper()
    restored.restore(path)
    fit(restored, data(), again)
    assert_same(everything(whole, stopping), everything(restored, again))


class Batches(list):
    """A sized collection that knows nothing of states."""


SOURCES = {
    "loader": lambda: DataLoader(*data(), batch_size=10, shuffle=True, rng=9),
    "in order": lambda: DataLoader(*data(), batch_size=10),
    "batches": lambda: Batches(DataLoader(*data(), batch_size=10)),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("optimizer", [SGD, lambda p, lr: SGD(p, lr, momentum=0.9), Adam])
def test_other_data_and_optimizers(tmp_path, source, optimizer):
    whole = make(optimizer)
    fit(whole, SOURCES[source]())
    with pytest.raises(Interrupted):
        fit(make(optimizer), SOURCES[source](), Interrupt(tmp_path / "c", 1, 3))
    restored = make(optimizer)
    restored.restore(tmp_path / "c")
    fit(restored, SOURCES[source]())
    assert_same(everything(whole), everything(restored))


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_other_generators(tmp_path, kind):
    def build():
        return make(rng=np.random.Generator(kind(4)))

    whole = build()
    fit(whole, data())
    with pytest.raises(Interrupted):
        fit(build(), data(), Interrupt(tmp_path / "c", 2, 2))
    restored = build()
    restored.restore(tmp_path / "c")
    fit(restored, data())
    assert_same(everything(whole), everything(restored))


def test_saved_between_two_fits(tmp_path):
    def loader():
        return DataLoader(*data(), batch_size=10, shuffle=True, rng=9)

    for source in (data, loader):
        whole, same = make(), source()
        fit(whole, same, epochs=2)
        whole.save(tmp_path / "c")
        fit(whole, same, epochs=2)
        restored = make()
        restored.restore(tmp_path / "c")
        fit(restored, source(), epochs=2)
        assert_same(everything(whole), everything(restored))


def test_saved_behind_a_fit_other_data_is_welcome(tmp_path):
    trainer = make()
    fit(trainer, DataLoader(*data(), batch_size=10, shuffle=True, rng=9), epochs=1)
    trainer.save(tmp_path / "c")
    restored = make()
    restored.restore(tmp_path / "c")
    other = DataLoader(*data(20), batch_size=5, shuffle=True, rng=9)
    assert fit(restored, other, epochs=1)["epoch"] == [1, 2]


def test_a_finished_fit_has_nothing_left_but_its_end(tmp_path):
    path = tmp_path / "c"
    whole, stopping = make(), EarlyStopping(patience=1)
    fit(whole, data(), stopping, Checkpoint(path, every=3), epochs=30)
    assert len(whole.history) < 30  # stopped early, and saved then
    restored, again = make(), EarlyStopping(patience=1)
    restored.restore(path)
    fit(restored, data(), again, epochs=30)
    assert_same(everything(whole, stopping), everything(restored, again))


def test_checkpoint_is_written_when_it_should(tmp_path):
    saved = []

    class Recorded(Trainer):
        def save(self, path):
            saved.append((self.epoch, self.batch))
            super().save(path)

    model = Sequential(Dense(4, 3, rng=0))
    trainer = Recorded(model, F.cross_entropy, SGD(model.parameters(), 0.1), rng=0)
    fit(trainer, data(), Checkpoint(tmp_path / "new" / "c", every=2, every_batches=2), epochs=3)
    inside = [(epoch, batch) for epoch in range(3) for batch in (2, 4)]
    assert sorted(saved) == sorted([*inside, (2, 0), (3, 0)])
    assert os.listdir(tmp_path / "new") == ["c"]  # nothing temporary is left


SCRIPT = """
import os, sys
import test_resume as t

class Crash(t.Callback):
    runs_last = True
    def on_batch_end(self, trainer):
        if (trainer.epoch, trainer.batch) == (2, 4):
            os._exit(9)

path, crash = sys.argv[1], sys.argv[2] == "crash"
trainer, stopping = t.make(), t.stopper()
if os.path.exists(path):
    trainer.restore(path)
callbacks = [stopping, t.Checkpoint(path, every_batches=3)] + [Crash()] * crash
t.fit(trainer, t.data(), *callbacks)
t.persistence.save(t.everything(trainer, stopping), path + ".result")
"""


def test_a_process_that_died(tmp_path):
    path = str(tmp_path / "c")
    folders = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    environment = {**os.environ, "PYTHONPATH": folders}
    run = [sys.executable, "-c", SCRIPT, path]
    assert subprocess.run([*run, "crash"], env=environment).returncode == 9
    assert not os.path.exists(path + ".result")
    assert subprocess.run([*run, "whole"], env=environment).returncode == 0
    whole, stopping = make(), stopper()
    fit(whole, data(), stopping)
    assert_same(everything(whole, stopping), persistence.load(path + ".result"))


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    trainer = make()
    trainer.save(tmp_path / "c")
    before = (tmp_path / "c").read_bytes()
    fit(trainer, data(), epochs=1)

    def full(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        trainer.save(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == before
    assert os.listdir(tmp_path) == ["c"]


# ------------------------------------------------------------------------------------ errors


def small(*sizes, optimizer=Adam, dtype=np.float32, rng=None):
    layers = [Dense(a, b, rng=0, dtype=dtype) for a, b in pairwise(sizes)]
    layers += [Dropout(0.1, rng)] if rng is not None else []
    model = Sequential(*layers)
    return Trainer(model, F.cross_entropy, optimizer(model.parameters()), rng=0)


@pytest.mark.parametrize(("other", "message"), [
    (lambda: small(4, 5, 3), "does not fit Sequential"),
    (lambda: small(4, 8, 8, 3), "does not fit Sequential"),
    (lambda: small(4, 8, 3, optimizer=SGD), "expects the optimizer Adam, this trainer has SGD"),
    (lambda: small(4, 8, 3, dtype=np.float64), "a model of dtype <f4, this trainer has <f8"),
    (lambda: small(4, 8, 3, rng=0), "expects the random generators"),
])  # fmt: skip
def test_another_model_is_refused_and_stays_as_it_was(tmp_path, other, message):
    trainer = small(4, 8, 3)
    fit(trainer, data(), epochs=1)
    trainer.save(tmp_path / "c")
    wrong = other()
    before = everything(wrong)
    with pytest.raises(ValueError, match=message):
        wrong.restore(tmp_path / "c")
    assert_same(before, everything(wrong))


def test_other_data_or_missing_callbacks_are_refused(tmp_path):
    with pytest.raises(Interrupted):
        fit(make(), data(), Interrupt(tmp_path / "c", 1, 3), stopper())
    trainer = make()
    trainer.restore(tmp_path / "c")
    with pytest.raises(ValueError, match="expects data of 5 batches per epoch, got 2"):
        fit(trainer, data(20), stopper())
    with pytest.raises(ValueError, match="the state expects n_rows=47"):
        fit(trainer, data(46), stopper())
    with pytest.raises(ValueError, match="the callbacks EarlyStopping, whose state it holds"):
        fit(trainer, data())
    trainer.save(tmp_path / "again")  # nothing was lost by the errors
    for restored in (trainer, make()):
        restored.restore(tmp_path / "again")
        stopping, again = stopper(), stopper()
        fit(restored, data(), stopping)
        whole = make()
        fit(whole, data(), again)
        assert_same(everything(whole, again), everything(restored, stopping))


def test_other_files_are_refused(tmp_path):
    trainer = make()
    with pytest.raises(FileNotFoundError):
        trainer.restore(tmp_path / "nothing")
    persistence.save(trainer.model, tmp_path / "model")
    with pytest.raises(ValueError, match="expected a checkpoint of Trainer.save"):
        trainer.restore(tmp_path / "model")


def test_weights_of_a_checkpoint_can_be_loaded(tmp_path):
    trainer = make()
    fit(trainer, data(), epochs=1)
    trainer.save(tmp_path / "c")
    model = persistence.load(tmp_path / "c", into=make().model)
    assert_same(trainer.model.state_dict(), model.state_dict())
    with pytest.raises(ValueError, match="trainer.restore"):
        persistence.load(tmp_path / "c")
