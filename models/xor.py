"""XOR, the smallest problem that needs a hidden layer (Minsky & Papert, 1969)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_ml import no_grad
from tinygrad_ml.data import DataLoader
from tinygrad_ml.functional import binary_cross_entropy_with_logits, sigmoid
from tinygrad_ml.generators import generator
from tinygrad_ml.nn import Module
from tinygrad_ml.optim import SGD
from tinygrad_ml.training import Callback, History, Trainer

from .checks import as_floats, positive_integer
from .mlp import MLP

Array = Any  # an ndarray or a Tensor

TRUTH_TABLE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = np.array([[0.0], [1.0], [1.0], [0.0]])
MARGIN = 0.1  # learned: every probability is this close to its target
LEARNING_RATES = {4: 1.0, 1: 0.3}  # by batch size; with momentum 0.9


class XORNet(Module):
    """A network 2 -> hidden -> 1 that learns the truth table of exclusive or.

    Calling it gives the logit z (n, 1) of inputs (n, 2); the output unit is sigmoid(z). `fit`
    makes the binary cross-entropy small, whose gradient at the output is a - y. The squared error
    usually seen here, with a learning rate of 0.1, stays on its first plateau for 1,000 epochs:
    the factor a (1 - a) of its gradient leaves nothing to learn from.

    Parameters
    ----------
    hidden : units of the hidden layer. With two, the least that can do it, the weights are
        redrawn more often.
    activation : of the hidden layer, as for `MLP`.
    rng : None, a seed or a Generator, for the weights and the order of samples.
    dtype : of the parameters.

    After `fit`, `history_` is the `History` of the training; `history_.events` tells when weights
    were redrawn.

    >>> net = XORNet(rng=0).fit()
    >>> net.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        hidden: int = 3,
        activation: str | Callable = "sigmoid",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.sizes = [2, positive_integer("XORNet", "hidden", hidden), 1]
        self.activation = activation
        self.rng = generator(rng, "XORNet")
        self.net = MLP(self.sizes, activation, rng=self.rng, dtype=dtype)
        self.history_ = History()

    def __call__(self, x: Array) -> Array:
        x = as_floats(self, x)
        if np.shape(x)[-1:] != (2,):
            raise ValueError(
                f"XORNet: expected inputs of shape (n, 2), got {np.shape(x)}. A row is one pair."
            )
        return self.net(x)

    def fit(
        self,
        batch_size: int = 4,
        epochs: int = 300,
        redraws: int = 10,
        learning_rate: float | None = None,
    ) -> XORNet:
        """Learn the truth table, from the weights the network has. Returns itself.

        It stops as soon as every probability is within 0.1 of its target. When that has not
        happened after `epochs` epochs, the network is stuck on a plateau: new weights are drawn,
        at most `redraws` times.

        Parameters
        ----------
        batch_size : 4 for the whole table at once, 1 for sample by sample in random order.
        learning_rate : of SGD with momentum 0.9; by default 1.0 for batches, 0.3 for samples.

        Warns with UserWarning when XOR is not learned.
        """
        if not isinstance(batch_size, int) or batch_size not in LEARNING_RATES:
            raise ValueError(
                "XORNet: batch_size must be 4 (the whole table) or 1 (sample by sample), got "
                f"{batch_size!r}. fit brings its own data: write net.fit()."
            )
        if not isinstance(redraws, int) or redraws < 0:
            raise ValueError(f"XORNet: redraws must be an integer of at least 0, got {redraws!r}.")
        rate = LEARNING_RATES[batch_size] if learning_rate is None else learning_rate
        data = DataLoader(
            TRUTH_TABLE, TARGETS, batch_size=batch_size, shuffle=batch_size == 1, rng=self.rng
        )
        self.history_ = History()
        for draw in range(redraws + 1):
            if draw:
                self.net = MLP(self.sizes, self.activation, rng=self.rng, dtype=self.dtype)
                event = {"epoch": len(self.history_), "event": "weights redrawn", "draw": draw}
                self.history_.events.append(event)
            optimizer = SGD(self.parameters(), rate, momentum=0.9)
            trainer = Trainer(self, binary_cross_entropy_with_logits, optimizer)
            trainer.history = self.history_
            trainer.fit(data, epochs, callbacks=[_StopWhenLearned(self)], progress=False)
            if self.error() < MARGIN:
                return self
        warnings.warn(
            f"XORNet: XOR is not learned, a probability is {self.error():.2f} away from its target "
            f"after {redraws + 1} draws of {epochs} epochs. Use more hidden units than "
            f"{self.sizes[1]}, more epochs or another learning rate than {rate:g}.",
            UserWarning,
            stacklevel=2,
        )
        return self

    def error(self) -> float:
        """The largest distance of a probability from its target, over the four rows."""
        return float(np.abs(self.predict_proba(TRUTH_TABLE)[:, 1:] - TARGETS).max())

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(0) and P(1) in two columns, for inputs (n, 2)."""
        x = np.atleast_2d(np.asarray(as_floats(self, X), self.dtype))
        if x.ndim != 2:
            raise ValueError(f"XORNet: expected inputs of shape (n, 2), got {x.shape}.")
        with no_grad():
            one = sigmoid(self(x)).data
        return np.concatenate([1 - one, one], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """0 or 1 for every row of X (n, 2): integers of shape (n,)."""
        return self.predict_proba(X).argmax(axis=1)


class _StopWhenLearned(Callback):
    def __init__(self, net: XORNet) -> None:
        self.net = net

    def on_epoch_end(self, trainer: Trainer) -> None:
        trainer.stop_training = self.net.error() < MARGIN
