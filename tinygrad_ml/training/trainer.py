"""The Trainer: batch after batch, forward, loss, backward, step - and able to stop anywhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from .. import container
from ..data import DataLoader
from ..generators import generator
from ..graph import no_grad
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm
from ..tensor import Tensor
from .batches import as_inputs, as_pair, find_batches, fitting_target
from .callbacks import Callback
from .diagnosis import explain_not_finite
from .history import History
from .measures import Metric, find_metrics
from .progress import ProgressBar

PREDICTION_ROWS = 256
HOOKS = ("on_fit_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_fit_end")


@dataclass
class Progress:
    """What an epoch has come to so far: batches and rows done, and sums over the rows."""

    batch: int = 0
    rows: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, rows: int, values: dict[str, float]) -> None:
        """Add the means of a batch, each counted once per row."""
        self.batch += 1
        self.rows += rows
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * rows

    def means(self) -> dict[str, float]:
        """The sums divided by the rows."""
        return {name: value / self.rows for name, value in self.sums.items()}


class Trainer:
    """Trains a model: owns it, its optimizer, the generator that shuffles, and the history.

    Parameters
    ----------
    model : a Module. Batches are converted to its dtype, so float64 data is welcome.
    loss : function of (prediction, target) that returns one number, such as
        `tg.functional.mse_loss` for values or `tg.functional.cross_entropy` for classes.
    optimizer : made for `model.parameters()`.
    schedule : function of the time in epochs (2.5 is the middle of the third) that returns the
        factor on the optimizer's initial learning rate; set before every batch.
    metrics : ["accuracy"], or a dict name -> function(prediction array, target array) -> number.
    clip_norm : largest joint norm of all gradients; larger ones are scaled down.
    rng : None, a seed or a Generator, for shuffling arrays.

    Losses and metrics of an epoch are means over its batches, weighted by their rows. In training
    every batch counts with the weights it had when its turn came.

    >>> import tinygrad_ml as tg
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> model = tg.nn.Sequential(tg.nn.Dense(1, 16, rng=0), tg.nn.Tanh(), tg.nn.Dense(16, 1, rng=1))
    >>> optimizer = tg.optim.Adam(model.parameters(), learning_rate=0.02)
    >>> trainer = Trainer(model, tg.functional.mse_loss, optimizer, rng=0)
    >>> history = trainer.fit((X, X * X), epochs=100, progress=False)
    >>> history["loss"][-1] < 0.1 * history["loss"][0]
    True
    >>> trainer.predict(np.array([[0.5]])).shape
    (1, 1)
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Any],
        optimizer: Optimizer,
        schedule: Callable[[float], float] | None = None,
        metrics: Mapping[str, Metric] | Iterable[str] | None = None,
        clip_norm: float | None = None,
        rng: Any = None,
    ) -> None:
        _check_parts(model, loss, optimizer, schedule)
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"Trainer: clip_norm must be positive or None, got {clip_norm!r}.")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.metrics = find_metrics(metrics)
        self.clip_norm = clip_norm
        self.rng = generator(rng, "Trainer")
        self.history = History()
        self.stop_training = False  # set by a callback: end the fit behind this epoch
        self.fit_epochs = (0, 0)  # finished epochs when the fit began, and when it will end
        self.n_batches = 0  # of an epoch of the fit
        self._batches: Any = None
        self._dtype = model.dtype
        self._callbacks: list[Callback] = []
        self._progress = Progress()
        self._fitting = False
        self._restored: dict[str, Any] | None = None

    @property
    def epoch(self) -> int:
        """The number of finished epochs, of all fits together."""
        return len(self.history)

    @property
    def batch(self) -> int:
        """The number of finished batches of the current epoch."""
        return self._progress.batch

    # ---- training

    def fit(
        self,
        data: Any,
        epochs: int,
        validation: Any = None,
        callbacks: Iterable[Callback] = (),
        batch_size: int = 32,
        progress: bool = True,
    ) -> History:
        """Train for `epochs` further epochs and return the history, which grows with every fit.

        `data`: (X, y) or X alone (its own target), shuffled anew for every epoch into batches of
        `batch_size`; or a DataLoader, or another sized collection of batches (x, y).
        `validation`: the same forms; measured behind every epoch, unshuffled and in prediction
        mode, and recorded as "validation_loss", "validation_accuracy", ... `progress=False`
        silences the bar.

        The model is left in prediction mode (`model.eval()`). After `restore` of a checkpoint that
        was written inside a fit, the same call finishes that fit: `epochs` counts from where it
        began. When an error or Ctrl-C ends the fit, the history keeps the finished epochs.

        Raises FloatingPointError when the loss is NaN or infinite, naming the layer; ValueError
        and TypeError for data of a wrong form.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"fit: epochs must be a whole number, got {epochs!r}.")
        batches = find_batches(data, batch_size, shuffle=True, rng=self.rng)
        held_out = None if validation is None else find_batches(validation, PREDICTION_ROWS)
        extra = [ProgressBar()] if progress else []
        self._callbacks = _in_order([*extra, *callbacks])
        hooks = {name: _overridden(self._callbacks, name) for name in HOOKS}
        try:
            self._begin_fit(batches, int(epochs), hooks)
            while self.epoch < self.fit_epochs[1] and not self.stop_training:
                self._train_epoch(held_out, hooks)
            self._call(hooks["on_fit_end"])
        finally:
            self._fitting = False
            self._progress = Progress()
            self.model.eval()
            for callback in self._callbacks:
                callback.close()
        return self.history

    def _begin_fit(self, batches: Any, epochs: int, hooks: dict[str, list[Callable]]) -> None:
        """Start anew, or where a restored fit was interrupted."""
        restored = self._restored
        interrupted = restored if restored is not None and restored["fitting"] else {}
        first = interrupted.get("first_epoch", self.epoch)
        self.fit_epochs = (first, first + epochs)
        self.stop_training = interrupted.get("stop_training", False)
        self._progress = Progress(**interrupted.get("progress", {}))
        self._batches, self.n_batches = batches, len(batches)
        self._dtype = self.model.dtype
        if restored is not None:
            _resume_loader(batches, restored)
        self.model.train()
        self._fitting = True
        self._call(hooks["on_fit_begin"])
        if interrupted:
            _resume_callbacks(self._callbacks, interrupted["callbacks"])
        self._restored = None  # not sooner: after an error above, the next fit shall still go on

    def _call(self, hooks: list[Callable]) -> None:
        for hook in hooks:
            hook(self)

    def _train_epoch(self, held_out: Any, hooks: dict[str, list[Callable]]) -> None:
        progress = self._progress
        if progress.batch == 0:
            self._call(hooks["on_epoch_begin"])
        start = time.perf_counter() - progress.seconds
        dtype = self._dtype
        batch_hooks = hooks["on_batch_end"]
        for batch in self._remaining_batches():
            self._train_batch(*as_pair(batch, dtype))
            if batch_hooks:
                progress.seconds = time.perf_counter() - start
                self._call(batch_hooks)
        if progress.rows == 0:
            raise ValueError("fit: expected at least one row per epoch, got none. Check the data.")
        row = {"epoch": self.epoch + 1, **progress.means()}
        if held_out is not None:
            row |= {f"validation_{k}": v for k, v in self.evaluate(held_out).items()}
        row["learning_rate"] = float(self.optimizer.learning_rate)
        row["seconds"] = time.perf_counter() - start
        self.history.epochs.append(row)
        self._progress = Progress()
        self._call(hooks["on_epoch_end"])

    def _remaining_batches(self) -> Iterator[Any]:
        """The batches of an epoch; those done before a restore are left out."""
        batches, done = self._batches, self._progress.batch
        if done and not hasattr(batches, "load_state_dict"):  # a loader goes on by itself
            return islice(iter(batches), done, None)
        return iter(batches)

    def _train_batch(self, x: np.ndarray, y: np.ndarray) -> None:
        optimizer, progress = self.optimizer, self._progress
        if self.schedule is not None:
            time_in_epochs = self.epoch + progress.batch / self.n_batches
            optimizer.scale_learning_rate(self.schedule(time_in_epochs))
        optimizer.zero_grad()
        prediction = self.model(x)
        y = fitting_target(y, prediction)
        loss = self.loss(prediction, y)
        value = _as_number(loss)
        if not math.isfinite(value):
            raise FloatingPointError(
                f"fit: the loss is {value} in epoch {self.epoch + 1}, batch {progress.batch + 1} "
                f"of {self.n_batches}. {explain_not_finite(self.model, x, y)}"
            )
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm(optimizer.parameters, self.clip_norm)
        optimizer.step()
        progress.add(len(x), {"loss": value, **self._measure(prediction, y)})

    def _measure(self, prediction: Any, y: np.ndarray) -> dict[str, float]:
        array = prediction.data if isinstance(prediction, Tensor) else prediction
        return {name: float(metric(array, y)) for name, metric in self.metrics.items()}

    # ---- using the model

    def evaluate(self, data: Any, batch_size: int = PREDICTION_ROWS) -> dict[str, float]:
        """{"loss": ..., metric: ...} on data in any form of `fit`, in prediction mode.

        Arrays and DataLoaders are walked in order, all rows.
        """
        total = Progress()
        dtype = self.model.dtype
        with _predicting(self.model):
            for batch in find_batches(data, batch_size):
                x, y = as_pair(batch, dtype)
                prediction = self.model(x)
                y = fitting_target(y, prediction)
                loss = _as_number(self.loss(prediction, y))
                total.add(len(x), {"loss": loss, **self._measure(prediction, y)})
        if total.rows == 0:
            raise ValueError("evaluate: expected at least one row, got none. Check the data.")
        return total.means()

    def predict(self, X: Any, batch_size: int = PREDICTION_ROWS) -> np.ndarray:
        """The model's outputs for the rows of X, in prediction mode and without gradients."""
        if isinstance(X, (tuple, DataLoader)):
            raise TypeError(f"predict: expected an array X, got {type(X).__name__}. Pass X alone.")
        dtype, parts = self.model.dtype, []
        with _predicting(self.model):
            for x in DataLoader(X, batch_size=batch_size):
                out = self.model(as_inputs(x, dtype))
                parts.append(out.data if isinstance(out, Tensor) else out)
        return np.concatenate(parts)

    # ---- stopping and going on

    def save(self, path: Any) -> None:
        """Write a checkpoint: all that is needed to go on exactly, at any batch of a fit.

        It holds weights, optimizer, generators, place in the data, history and callbacks, and is
        written beside its place and renamed, so a crash never leaves half a file.
        """
        packer = container.Packer()
        content = packer.pack(self._state())
        container.write(path, "checkpoint", content, packer.arrays)

    def restore(self, path: Any) -> None:
        """Go back to a checkpoint, made for the same model, optimizer and data.

        The next `fit` with the same arguments goes on where the checkpoint was written and comes
        out equal to an uninterrupted one, bit for bit. A script with several fits restores before
        the one that was interrupted and leaves out those before it.

        Raises FileNotFoundError, and ValueError for a damaged file or one of another model.
        """
        document, arrays = container.read(path)
        if document["kind"] != "checkpoint":
            raise ValueError(
                f"restore: expected a checkpoint of Trainer.save, {path} is a {document['kind']}. "
                "Use tg.load(path)."
            )
        state = container.Unpacker(arrays).unpack(document["content"])
        self._check_restorable(state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name, rng in self._generators().items():
            rng.bit_generator.state = state["generators"][name]
        self.history.load_state_dict(state["history"])
        self._restored = state["fit"]

    def _state(self) -> dict[str, Any]:
        return {
            "dtype": self.model.dtype.str,
            "model": self.model.state_dict(),
            "optimizer": {"class": type(self.optimizer).__name__, **self.optimizer.state_dict()},
            "generators": {k: g.bit_generator.state for k, g in self._generators().items()},
            "history": self.history.state_dict(),
            "fit": self._restored or self._fit_state(),  # saved again before the fit goes on
        }

    def _fit_state(self) -> dict[str, Any]:
        loader = getattr(self._batches, "state_dict", None)
        return {
            "fitting": self._fitting,
            "first_epoch": self.fit_epochs[0],
            "n_batches": self.n_batches,
            "stop_training": self.stop_training,
            "progress": asdict(self._progress),
            "loader": None if loader is None else loader(),
            "callbacks": [[type(c).__name__, c.state_dict()] for c in self._callbacks],
        }

    def _generators(self) -> dict[str, np.random.Generator]:
        inside = {f"model.{name}": rng for name, rng in self.model.named_generators()}
        return {"trainer": self.rng, **inside}

    def _check_restorable(self, state: dict[str, Any]) -> None:
        generators = {k: type(g.bit_generator).__name__ for k, g in self._generators().items()}
        pairs = {
            "a model of dtype": (state["dtype"], self.model.dtype.str),
            "the optimizer": (state["optimizer"]["class"], type(self.optimizer).__name__),
            "the random generators": (
                {name: saved["bit_generator"] for name, saved in state["generators"].items()},
                generators,
            ),
        }
        for what, (expected, came) in pairs.items():
            if expected != came:
                raise ValueError(
                    f"restore: the checkpoint expects {what} {expected}, this trainer has {came}. "
                    "Make model, optimizer and trainer as they were when it was saved."
                )


def _check_parts(model: Any, loss: Any, optimizer: Any, schedule: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(
            f"Trainer: expected a Module as model, got {type(model).__name__}. "
            "Write tg.nn.Sequential(...), or derive your class from tg.nn.Module."
        )
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            f"Trainer: expected a function of (prediction, target) as loss, got {loss!r}. "
            "Pass for example tg.functional.mse_loss."
        )
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"Trainer: expected an optimizer, got {optimizer!r}. "
            "Write for example tg.optim.Adam(model.parameters())."
        )
    if schedule is not None and not callable(schedule):
        raise TypeError(
            f"Trainer: expected a function of the time in epochs as schedule, got {schedule!r}. "
            "Write for example tg.optim.StepSchedule(every=10)."
        )
    own = {id(p) for p in model.parameters()}
    strangers = sum(id(p) not in own for p in optimizer.parameters)
    if strangers:
        raise ValueError(
            f"Trainer: expected an optimizer of this model's parameters, {strangers} of its "
            f"{len(optimizer.parameters)} belong to something else. "
            "Make it with model.parameters() of the model that you pass."
        )


def _as_number(loss: Any) -> float:
    if np.size(loss.data if isinstance(loss, Tensor) else loss) != 1:
        raise ValueError(
            f"loss: expected one number, got shape {np.shape(loss)}. Reduce it, for example with "
            ".mean()."
        )
    return float(loss)


@contextmanager
def _predicting(model: Module) -> Iterator[None]:
    """Prediction mode without recording; afterwards every layer has the mode it had."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _in_order(callbacks: list[Any]) -> list[Callback]:
    """As given, but behind all others those that save their states."""
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(
                f"fit: expected callbacks to be instances of Callback, got {callback!r}. "
                "Derive the class from tg.training.Callback, and pass an object of it."
            )
    return sorted(callbacks, key=lambda callback: callback.runs_last)


def _overridden(callbacks: list[Callback], name: str) -> list[Callable]:
    """The hooks that do something; a step may take microseconds."""
    idle = getattr(Callback, name)
    hooks = [getattr(callback, name) for callback in callbacks]
    return [hook for hook in hooks if getattr(hook, "__func__", None) is not idle]


def _resume_loader(batches: Any, restored: dict[str, Any]) -> None:
    """Bring the data to its place in the checkpoint; behind a finished fit only the same loader."""
    state = restored["loader"]
    if restored["fitting"] and restored["n_batches"] != len(batches):
        raise ValueError(
            f"fit: the restored checkpoint expects data of {restored['n_batches']} batches per "
            f"epoch, got {len(batches)}. Pass the data and batch_size of the interrupted fit."
        )
    if state is None or not hasattr(batches, "load_state_dict"):
        return
    settings = ("n_rows", "batch_size", "shuffle", "drop_last")
    same = isinstance(batches, DataLoader) and all(
        getattr(batches, name) == state.get(name) for name in settings
    )
    if restored["fitting"] or same:
        batches.load_state_dict(state)


def _resume_callbacks(callbacks: list[Callback], saved: list[list[Any]]) -> None:
    """Give every callback the state of its counterpart: the same class, in the same order."""
    waiting = [(name, state) for name, state in saved if state]
    for callback in callbacks:
        name = type(callback).__name__
        place = next((i for i, (other, _) in enumerate(waiting) if other == name), None)
        if place is not None:
            callback.load_state_dict(waiting.pop(place)[1])
    if waiting:
        names = ", ".join(name for name, _ in waiting)
        raise ValueError(
            f"fit: the restored checkpoint expects the callbacks {names}, "
            "whose state it holds; they were not passed. Pass the callbacks of the interrupted fit."
        )
