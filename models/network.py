"""What networks have in common as estimators: the training, and outputs that are numbers.

Each estimator makes its Module, trains it with the Trainer, an optimizer and a loss, and keeps it
as `module_`; here stands what cross-validation, searches and pipelines ask for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_ml import functional, optim
from tinygrad_ml.estimator import Classifier, Estimator
from tinygrad_ml.generators import generator
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.nn import Module
from tinygrad_ml.training import EarlyStopping, History, Trainer, predictions
from tinygrad_ml.validation import (
    BOOLEAN,
    FUNCTION,
    SEED,
    Accepts,
    ConvergenceWarning,
    check_outputs,
    choice,
    integer,
    is_integer,
    number,
)

from .mlp import ACTIVATIONS

LBFGS_EVALUATIONS = 25  # of the loss in one epoch of "lbfgs", that is in one line search


def sizes_like(least: int, example: str) -> Accepts:
    """A list of at least so many positive integers; one of them may stand alone."""

    def test(value: Any) -> bool:
        if is_integer(value):
            return bool(value > 0)
        several = isinstance(value, (list, tuple, range)) or (
            isinstance(value, np.ndarray) and value.ndim == 1
        )
        return several and len(value) >= least and all(is_integer(v) and v > 0 for v in value)

    return Accepts(f"positive integers such as {example}", test)


def as_list(sizes: Any) -> list[int]:
    """Sizes as a list; a single one may stand alone."""
    return [int(size) for size in ([sizes] if is_integer(sizes) else sizes)]


ACTIVATION = Accepts(
    f"one of {', '.join(ACTIVATIONS)} or a function of an array",
    lambda v: v in ACTIVATIONS if isinstance(v, str) else callable(v) and not isinstance(v, type),
)
RATE = number(0, below=1)
TRAINING: dict[str, Accepts] = {
    "solver": choice("adam", "sgd", "lbfgs"),
    "alpha": number(0),
    "batch_size": choice("auto") | integer(),
    "learning_rate": choice("constant", "cosine") | FUNCTION,
    "learning_rate_init": number(above=0),
    "max_iter": integer(),
    "tol": number(0),
    "n_iter_no_change": integer(),
    "early_stopping": BOOLEAN,
    "validation_fraction": number(above=0, below=1),
    "momentum": RATE,
    "random_state": SEED,
    "verbose": BOOLEAN | integer(0),
}


class Network(Estimator):
    """What the estimators share: the training, and outputs that are numbers."""

    module_: Any  # the trained Module
    history_: History
    n_iter_: int

    solver: str
    alpha: float
    batch_size: str | int
    learning_rate: str | Callable
    learning_rate_init: float
    max_iter: int
    tol: float
    n_iter_no_change: int
    early_stopping: bool
    validation_fraction: float
    momentum: float
    random_state: Any
    verbose: Any

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "module_")

    def _generator(self) -> np.random.Generator:
        return generator(self.random_state, type(self).__name__, "random_state")

    def _train(self, module: Module, loss: Callable, data: tuple, rng: np.random.Generator) -> None:
        """Fit the module to data, (X, y) or (X,) as its own target, and keep what came of it."""
        owner, classes = type(self).__name__, isinstance(self, Classifier)
        held_out = None
        if self.early_stopping:
            data, held_out = self._hold_out(data, rng)
        n = len(data[0])
        batch_size = self._batch_size(n)
        optimizer, loss = self._optimizer(module, loss, batch_size, n)
        schedule: Any = self.learning_rate
        if isinstance(schedule, str):
            schedule = optim.CosineSchedule(self.max_iter) if schedule == "cosine" else None
        metrics = {"accuracy": _accuracy} if classes else None
        trainer = Trainer(module, loss, optimizer, schedule, metrics, rng=rng)
        monitor = "loss" if held_out is None else "validation_loss"
        may_stop = self.early_stopping or schedule is None
        patience = int(self.n_iter_no_change)
        least = patience * float(self.tol)  # to fall in that time
        callbacks = [EarlyStopping(monitor, patience, least)] if may_stop else []
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                trainer.fit(
                    data if len(data) > 1 else data[0], int(self.max_iter), held_out, callbacks,
                    batch_size, progress=bool(self.verbose),
                )  # fmt: skip
        except FloatingPointError as error:
            raise FloatingPointError(
                f"{owner}: the training left the range of numbers. Scale the features, for example "
                f"with StandardScaler, or use a smaller learning_rate_init than "
                f"{self.learning_rate_init:g}. ({error})"
            ) from error
        self.module_, self.history_, self.n_iter_ = module, trainer.history, trainer.epoch
        if schedule is None and not trainer.stop_training:
            warnings.warn(
                f"{owner}: the training had not settled after max_iter={self.max_iter} epochs "
                f"(the loss is {trainer.history['loss'][-1]:.4g}). Use a larger max_iter, scale "
                'the features, or let learning_rate="cosine" end it.',
                ConvergenceWarning,
                stacklevel=4,
            )

    def _hold_out(self, data: tuple, rng: np.random.Generator) -> tuple[tuple, Any]:
        """(samples to train on, samples to stop by); classes keep their shares."""
        owner, n = type(self).__name__, len(data[0])
        strata = data[-1] if isinstance(self, Classifier) else None
        try:
            parts = train_test_split(
                *data, test_size=float(self.validation_fraction), stratify=strata, random_state=rng
            )
        except ValueError as error:
            raise ValueError(
                f"{owner}: early_stopping=True needs samples to hold out, got n_samples = {n}, of "
                f"which validation_fraction={self.validation_fraction} cannot be taken. "
                f"Use more samples, or early_stopping=False. ({error})"
            ) from error
        held_out = tuple(parts[1::2])
        return tuple(parts[::2]), held_out if len(data) > 1 else held_out[0]

    def _auto_batch_size(self, n: int) -> int:
        return 200

    def _batch_size(self, n: int) -> int:
        if self.solver == "lbfgs":
            return n
        size: Any = self._auto_batch_size(n) if self.batch_size == "auto" else self.batch_size
        size = min(int(size), n)
        if not getattr(self, "batch_norm", False):
            return size
        if n == 1:
            raise ValueError(
                f"{type(self).__name__}: batch_norm=True needs the variance of several samples, "
                "got 1 sample to learn from. Use more samples, or batch_norm=False."
            )
        # The last batch must not be a single sample either.
        return next(larger for larger in range(max(size, 2), n + 1) if n % larger != 1)

    def _optimizer(
        self, module: Module, loss: Callable, batch_size: int, n: int
    ) -> tuple[optim.Optimizer, Callable]:
        """The optimizer, and the loss with what the optimizer cannot add itself."""
        rate = float(self.learning_rate_init)
        weights = [p for p in module.parameters() if p.ndim > 1]
        if self.solver == "lbfgs":
            factor = float(self.alpha) / (2 * n)

            def penalised(prediction: Any, target: Any) -> Any:
                value = loss(prediction, target)
                return value + factor * sum((w * w).sum() for w in weights)

            optimizer = optim.LBFGS(
                module.parameters(), max_iter=1, max_evaluations=LBFGS_EVALUATIONS
            )
            return optimizer, penalised
        others = [p for p in module.parameters() if p.ndim <= 1]
        groups = [
            {"parameters": weights, "weight_decay": float(self.alpha) / batch_size},
            {"parameters": others},
        ]
        if self.solver == "adam":
            return optim.Adam(groups, rate), loss
        momentum = float(self.momentum)
        return optim.SGD(groups, rate, momentum=momentum, nesterov=momentum > 0), loss

    def _outputs(self, X: np.ndarray) -> np.ndarray:
        """The module's outputs, which must be numbers."""
        with np.errstate(over="ignore", invalid="ignore"):
            return check_outputs(predictions(self.module_, X), X, type(self).__name__)


def _accuracy(logits: np.ndarray, classes: np.ndarray) -> float:
    """The Trainer's "accuracy", for a single class too."""
    return float(np.mean(logits.argmax(axis=1) == classes))


class NetworkClassifier(Classifier, Network):
    """Classes from the logits of a network."""

    classes_: np.ndarray

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of every sample, (n,); of equals the first in `classes_`."""
        numbers = self._outputs(self._input(X)).argmax(axis=1)
        return self.classes_[numbers]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, (n, classes), columns as in `classes_`."""
        return functional.softmax(self._outputs(self._input(X)), axis=-1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`, with no digits lost."""
        return functional.log_softmax(self._outputs(self._input(X)), axis=-1)
