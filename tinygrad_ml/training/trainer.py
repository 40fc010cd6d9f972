"""The Trainer: batch after batch, forward, loss, backward, step - and able to stop anywhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import container
from ..data import DataLoader
from ..generators import generator
from ..nn import Module
from ..nn.module import predicting
from ..optim import Optimizer, clip_grad_norm
from ..tensor import Tensor
from . import resume
from .batches import as_inputs, as_pair, find_batches, fitting_target
from .callbacks import Callback
from .diagnosis import explain_gradient, explain_not_finite, have_finite_gradients
from .history import History
from .measures import Metric, find_metrics
from .progress import ProgressBar

PREDICTION_ROWS = 256
HOOKS = ("on_fit_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_fit_end")


@dataclass
class Progress:
    """What an epoch has come to so far: batches and rows done, and sums over the rows.

    `pending` rows have left their gradients and wait for the optimizer's step.
    """

    batch: int = 0
    rows: int = 0
    pending: int = 0
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
    model : a Module. Batches are converted to its dtype, so float64 data is welcome. Integers stay
        integers if a layer looks them up (`nn.Embedding`, or a Module with `reads_ids = True`).
    loss : function of (prediction, target) that returns one number, such as
        `tg.functional.mse_loss` for values or `tg.functional.cross_entropy` for classes.
    optimizer : made for `model.parameters()`.
    schedule : function of the time in epochs (2.5 is the middle of the third) that returns the
        factor on the optimizer's initial learning rate; set before every batch.
    metrics : ["accuracy"], or a dict name -> function(prediction array, target array) -> number.
    clip_norm : largest joint norm of all gradients; larger ones are scaled down.
    accumulate : so many batches make one optimizer step, with the mean of their gradients weighted
        by rows: that of the joined batch, for a loss that is a mean over rows. What is left at the
        end of an epoch makes a step too.
    rng : None, a seed or a Generator, for shuffling arrays.

    Losses and metrics of an epoch are means over its batches, weighted by their rows. In training
    every batch counts with the weights it had when its turn came.

    An optimizer with `needs_closure` (L-BFGS) gets a function that computes the loss and its
    gradients, as often as it likes; give it all rows in one batch (`batch_size=len(X)`).

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
        accumulate: int = 1,
    ) -> None:
        _check_parts(model, loss, optimizer, schedule)
        _check_accumulate(accumulate, optimizer)
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"Trainer: clip_norm must be positive or None, got {clip_norm!r}.")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.metrics = find_metrics(metrics)
        self.clip_norm = clip_norm
        self.accumulate = accumulate
        self.rng = generator(rng, "Trainer")
        self.history = History()
        self.stop_training = False  # set by a callback: end the fit behind this epoch
        self.fit_epochs = (0, 0)  # finished epochs when the fit began, and when it will end
        self.n_batches = 0  # of an epoch of the fit
        self._batches: Any = None
        self._held_out: Any = None
        self._epoch_generators: dict[str, Any] = {}  # of the data, as the epoch began
        self._dtypes = model.input_dtypes
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

    @property
    def pending(self) -> int:
        """The rows whose gradients wait for a step of the optimizer; 0 right after one."""
        return self._progress.pending

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
        self._held_out = None if validation is None else find_batches(validation, PREDICTION_ROWS)
        self._callbacks = _in_order(callbacks, [ProgressBar()] if progress else [])
        hooks = {name: _overridden(self._callbacks, name) for name in HOOKS}
        try:
            self._begin_fit(batches, int(epochs), hooks)
            while self.epoch < self.fit_epochs[1] and not self.stop_training:
                self._train_epoch(hooks)
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
        self._dtypes = self.model.input_dtypes
        if interrupted:
            resume.check_fit(self, interrupted)
        if restored is not None:
            resume.resume_data(self, restored)
        self.model.train()
        self._fitting = True
        self._call(hooks["on_fit_begin"])
        if interrupted:
            resume.resume_fit(self, interrupted)
        self._restored = None  # not sooner: after an error above, the next fit shall still go on

    def _call(self, hooks: list[Callable]) -> None:
        for hook in hooks:
            hook(self)

    def _train_epoch(self, hooks: dict[str, list[Callable]]) -> None:
        progress = self._progress
        if progress.batch == 0:
            self._call(hooks["on_epoch_begin"])
        start = time.perf_counter() - progress.seconds
        dtypes = self._dtypes
        batch_hooks = hooks["on_batch_end"]
        for batch in resume.batches_of_epoch(self):
            self._train_batch(*as_pair(batch, dtypes))
            if batch_hooks:
                progress.seconds = time.perf_counter() - start
                self._call(batch_hooks)
        if progress.rows == 0:
            raise ValueError("fit: expected at least one row per epoch, got none. Check the data.")
        if progress.pending:  # the data had fewer batches than its length said
            self._step()
        row = {"epoch": self.epoch + 1, **progress.means()}
        if self._held_out is not None:
            with self.validation_weights():
                found = self.evaluate(self._held_out)
            row |= {f"validation_{name}": value for name, value in found.items()}
        row["learning_rate"] = float(self.optimizer.learning_rate)
        row["seconds"] = time.perf_counter() - start
        self.history.epochs.append(row)
        self._progress = Progress()
        self._call(hooks["on_epoch_end"])

    def _train_batch(self, x: np.ndarray, y: np.ndarray) -> None:
        optimizer, progress = self.optimizer, self._progress
        if progress.pending == 0:
            if self.schedule is not None:
                time_in_epochs = self.epoch + progress.batch / self.n_batches
                optimizer.scale_learning_rate(self.schedule(time_in_epochs))
            optimizer.zero_grad()
        progress.pending += len(x)
        if getattr(optimizer, "needs_closure", False):
            prediction, y, value = self._closure_step(x, y)
        else:
            prediction, y, loss, value = self._forward(x, y)
            self._backward(loss, x, y)
            done = progress.batch + 1
            if done % self.accumulate == 0 or done == self.n_batches:
                self._step()
        progress.add(len(x), {"loss": value, **self._measure(prediction, y)})

    def _forward(self, x: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray, Any, float]:
        """(prediction, target, loss, its value), which must be finite."""
        prediction = self.model(x)
        target = fitting_target(y, prediction)
        loss = self.loss(prediction, target)
        value = _as_number(loss)
        if not math.isfinite(value):
            raise FloatingPointError(
                f"fit: the loss is {value} in {self._place()}. "
                f"{explain_not_finite(self.model, x, y)}"
            )
        return prediction, target, loss, value

    def _backward(self, loss: Any, x: np.ndarray, y: np.ndarray) -> None:
        """Add the gradients of a batch, in an accumulation weighted by its rows."""
        loss.backward(None if self.accumulate == 1 else np.full(loss.shape, len(x)))
        if not have_finite_gradients(self.optimizer.parameters):
            raise FloatingPointError(
                f"fit: the loss is {_as_number(loss):.6g}, but a gradient is not finite in "
                f"{self._place()}. {explain_gradient(self.model, self.loss, x, y)}"
            )

    def _place(self) -> str:
        return f"epoch {self.epoch + 1}, batch {self.batch + 1} of {self.n_batches}"

    def _step(self) -> None:
        """Move the weights; gradients of an accumulation become their mean over the rows."""
        parameters = self.optimizer.parameters
        if self.accumulate > 1:
            for p in parameters:
                if p.grad is not None:
                    p.grad = p.grad / self._progress.pending
        if self.clip_norm is not None:
            clip_grad_norm(parameters, self.clip_norm)
        self.optimizer.step()
        self._progress.pending = 0

    def _closure_step(self, x: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray, float]:
        """One step of an optimizer that evaluates the batch itself; what it saw first."""
        seen: list[tuple[Any, np.ndarray, float]] = []

        def closure() -> float:
            self.optimizer.zero_grad()
            prediction, target, loss, value = self._forward(x, y)
            self._backward(loss, x, y)
            if self.clip_norm is not None:
                clip_grad_norm(self.optimizer.parameters, self.clip_norm)
            seen.append((prediction, target, value))
            return value

        self.optimizer.step(closure)  # type: ignore[call-arg]
        self._progress.pending = 0
        return seen[0]

    def _measure(self, prediction: Any, y: np.ndarray) -> dict[str, float]:
        array = prediction.data if isinstance(prediction, Tensor) else prediction
        return {name: float(metric(array, y)) for name, metric in self.metrics.items()}

    @contextmanager
    def validation_weights(self) -> Iterator[None]:
        """Inside the block the model has the weights that validation uses.

        They are its own, unless a callback (`ExponentialMovingAverage`) offers others.
        """
        with ExitStack() as stack:
            for callback in self._callbacks:
                stack.enter_context(callback.validation_weights(self.model))
            yield

    # ---- using the model

    def evaluate(self, data: Any, batch_size: int = PREDICTION_ROWS) -> dict[str, float]:
        """{"loss": ..., metric: ...} on data in any form of `fit`, in prediction mode.

        Arrays and DataLoaders are walked in order, all rows.
        """
        total = Progress()
        dtypes = self.model.input_dtypes
        with predicting(self.model):
            for batch in find_batches(data, batch_size):
                x, y = as_pair(batch, dtypes)
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
        return predictions(self.model, X, batch_size)

    # ---- stopping and going on

    def save(self, path: Any) -> None:
        """Write a checkpoint: all that is needed to go on exactly, at any batch of a fit.

        It holds weights, optimizer, generators, place in the data, history and callbacks, and is
        written beside its place and renamed, so a crash never leaves half a file.
        """
        packer = container.Packer()
        content = packer.pack(resume.state_of(self))
        container.write(path, "checkpoint", content, packer.arrays)

    def restore(self, path: Any) -> None:
        """Go back to a checkpoint, made for the same model, optimizer and data.

        The next `fit` with the same arguments goes on where the checkpoint was written and comes
        out equal to an uninterrupted one, bit for bit. A script with several fits restores before
        the one that was interrupted and leaves out those before it. `schedule` and `clip_norm` may
        be others than before, and the learning rate may be changed afterwards.

        What stands in plain attributes of a layer (a counter) or comes from NumPy's global
        generator is not in the file: keep numbers that change in arrays, and pass generators.

        Raises FileNotFoundError, and ValueError for a damaged file or one of another model; then
        nothing has been changed.
        """
        document, arrays = container.read(path)
        if document["kind"] != "checkpoint":
            raise container.FileError(
                f"restore: expected a checkpoint of Trainer.save, got {path}, which holds a saved "
                f"{'model' if document['kind'] == 'model' else 'value'}. Use tg.load(path)."
            )
        with container.refusing(path):
            state = container.Unpacker(arrays).all_of(document["content"])
            container.check_numbers(self.model.state_dict(), state["model"], path)
        with container.refusing(path, passing=(ValueError,)):
            resume.restore(self, state)


def predictions(model: Module, X: Any, batch_size: int = PREDICTION_ROWS) -> np.ndarray:
    """A model's outputs for the rows of X, in prediction mode and without gradients."""
    dtypes, parts = model.input_dtypes, []
    with predicting(model):
        for x in DataLoader(X, batch_size=batch_size):
            out = model(as_inputs(x, dtypes))
            parts.append(out.data if isinstance(out, Tensor) else out)
    return np.concatenate(parts)


def check_module(model: Any, owner: str) -> None:
    """Refuse a model that is no Module, such as a class or a function."""
    if not isinstance(model, Module):
        raise TypeError(
            f"{owner}: expected a Module as model, got {type(model).__name__}. "
            "Write tg.nn.Sequential(...), or derive your class from tg.nn.Module."
        )


def _check_parts(model: Any, loss: Any, optimizer: Any, schedule: Any) -> None:
    check_module(model, "Trainer")
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


def _check_accumulate(accumulate: Any, optimizer: Optimizer) -> None:
    if isinstance(accumulate, bool) or not isinstance(accumulate, int) or accumulate < 1:
        raise ValueError(
            f"Trainer: accumulate must be a positive integer, got {accumulate!r}. "
            "1 makes a step with every batch."
        )
    if accumulate > 1 and getattr(optimizer, "needs_closure", False):
        raise ValueError(
            f"Trainer: expected accumulate=1 with {type(optimizer).__name__}, got {accumulate}. "
            "It evaluates a batch several times: pass all rows as one, fit(batch_size=len(X))."
        )


def _as_number(loss: Any) -> float:
    if np.size(loss.data if isinstance(loss, Tensor) else loss) != 1:
        raise ValueError(
            f"loss: expected one number, got shape {np.shape(loss)}. Reduce it, for example with "
            ".mean()."
        )
    return float(loss)


def _in_order(callbacks: Any, first: list[Callback]) -> list[Callback]:
    """As given, but behind all others those that save their states."""
    if not isinstance(callbacks, Iterable):
        raise TypeError(
            f"fit: expected a list of callbacks, got {callbacks!r}. "
            "Write callbacks=[...], also for one."
        )
    callbacks = [*first, *callbacks]
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
