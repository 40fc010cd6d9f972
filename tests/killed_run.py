"""A small training that writes everything there is, for test_killed.py to kill and to resume.

    python killed_run.py FOLDER [MOMENT NUMBER]

With a MOMENT it stops inside its checkpoint write of that NUMBER, says so on its output and waits
to be killed: when half of the temporary file is written ("half"), when it is complete but not
synced ("written"), when it is synced but not renamed ("synced"), right after it was renamed
("renamed").
"""

import sys
import time
from pathlib import Path

import numpy as np

from tinygrad_ml import container, nn, persistence
from tinygrad_ml import functional as F
from tinygrad_ml.optim import Adam, CosineSchedule
from tinygrad_ml.training import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    ExponentialMovingAverage,
    JSONLogger,
    Trainer,
)

EPOCHS, ROWS, BATCH = 60, 46, 8
MOMENTS = ("half", "written", "synced", "renamed")


class Noise(Callback):
    """A user's callback: a generator that it shares with nobody, and numbers that it keeps."""

    def __init__(self):
        self.rng = np.random.default_rng(11)
        self.total = 0.0

    def on_batch_end(self, trainer):
        bias = trainer.model.layers[0].bias
        bias.data = bias.data + self.rng.normal(0, 1e-4, bias.shape).astype(np.float32)
        self.total += float(bias.data.sum())

    def state_dict(self):
        return {"total": self.total}

    def load_state_dict(self, state):
        self.total = state["total"]


def data():
    rng = np.random.default_rng(5)
    return rng.normal(size=(ROWS, 6, 6, 1)), rng.integers(0, 3, ROWS)


def make():
    shared = np.random.default_rng(7)
    model = nn.Sequential(
        nn.Conv2D(1, 4, 3, rng=0), nn.BatchNorm(4), np.tanh, nn.Dropout(0.2, shared), nn.Flatten(),
        nn.Dense(64, 8, rng=1), nn.ReLU(), nn.Dropout(0.2, shared), nn.Dense(8, 3, rng=2),
    )  # fmt: skip
    optimizer = Adam(model.parameters(), 0.01)
    return Trainer(
        model, F.cross_entropy, optimizer, schedule=CosineSchedule(EPOCHS), metrics=["accuracy"],
        clip_norm=1.0, rng=3, accumulate=4,
    )  # fmt: skip


def run(folder):
    """Train to the end from wherever the folder's checkpoint stands, and write the result."""
    trainer, path = make(), folder / "c"
    if path.exists():
        trainer.restore(path)
    X, y = data()
    average = ExponentialMovingAverage(0.9, warm_up="ramp", validate=True)
    stopping, noise = EarlyStopping(patience=EPOCHS), Noise()
    callbacks = [
        Checkpoint(path, every_batches=1, keep=2), average, noise, stopping,
        CSVLogger(folder / "log.csv"), JSONLogger(folder / "log.jsonl"),
    ]  # fmt: skip
    print("started", flush=True)
    trainer.fit((X, y), EPOCHS, validation=(X[:20], y[:20]), batch_size=BATCH, progress=False,
                callbacks=callbacks)  # fmt: skip
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history.epochs]
    generators = [trainer.rng, noise.rng, *(g for _, g in trainer.model.named_generators())]
    result = {
        "model": trainer.model.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "history": history,
        "generators": [g.bit_generator.state for g in generators],
        "callbacks": [c.state_dict() for c in (average, noise, stopping)],
    }
    persistence.save(result, folder / "result")


def stop_inside(moment, number):
    """Let the write of the checkpoint of that number say where it is, and wait for its end."""
    writes = 0

    def wait(at):
        if at == moment and writes == number:
            print("inside", flush=True)
            time.sleep(600)

    class File:
        """A file that is written in two halves."""

        def __init__(self, file):
            self.file = file

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            self.file.flush()
            wait("half")
            self.file.write(content[len(content) // 2 :])
            self.file.flush()
            wait("written")

        def __enter__(self):
            self.file.__enter__()
            return self

        def __exit__(self, *error):
            return self.file.__exit__(*error)

        def __getattr__(self, name):
            return getattr(self.file, name)

    opened, replace = container._open_alone, container.os.replace

    def open_alone(path):
        nonlocal writes
        if path.name != ".c.tmp":
            return opened(path)
        writes += 1
        return File(opened(path))

    def replaced(one, other):
        ours = Path(other).name == "c"
        if ours:
            wait("synced")
        replace(one, other)
        if ours:
            wait("renamed")

    container._open_alone, container.os.replace = open_alone, replaced


if __name__ == "__main__":
    if len(sys.argv) > 2:
        stop_inside(sys.argv[2], int(sys.argv[3]))
    run(Path(sys.argv[1]))
