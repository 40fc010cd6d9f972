"""An average of the weights along the training, which is often better than the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from ..nn import Module
from .callbacks import Callback
from .trainer import Trainer, check_module

WARM_UPS = (None, "debias", "ramp")


class ExponentialMovingAverage(Callback):
    """Follow the weights: a <- d a + (1 - d) w behind every optimizer step (Polyak & Juditsky,
    1992, in its exponential form).

    Running statistics are not averaged: with the average goes what the model has at the time.

    Parameters
    ----------
    decay : d, from 0 (the last weights) to below 1; the average looks back about 1 / (1 - d) steps.
    warm_up : what d is in the first steps t = 1, 2, ... None: always `decay`, and the average
        begins with the weights behind the first step. "debias": decay (1 - decay^(t-1)) /
        (1 - decay^t), which makes the average the mean of all weights so far with the factors
        decay^(t-i), as Adam corrects its moments. "ramp": min(decay, (1 + t) / (10 + t)).
    validate : measure validation with the average; early stopping then keeps the average too.

        average = ExponentialMovingAverage(0.999)
        trainer.fit(data, epochs=20, callbacks=[average])
        with average.applied(model):
            trainer.evaluate(test)      # with the average, afterwards the model is as before
        average.apply(model)            # for good
    """

    def __init__(
        self, decay: float = 0.999, warm_up: str | None = None, validate: bool = False
    ) -> None:
        number = isinstance(decay, (int, float, np.floating)) and not isinstance(decay, bool)
        if not number or not 0 <= decay < 1:
            raise ValueError(
                f"ExponentialMovingAverage: decay must be at least 0 and below 1, got {decay!r}. "
                "Write for example decay=0.999."
            )
        if warm_up not in WARM_UPS:
            raise ValueError(
                f"ExponentialMovingAverage: warm_up must be None, 'debias' or 'ramp', "
                f"got {warm_up!r}."
            )
        self.decay = float(decay)
        self.warm_up = warm_up
        self.validate = validate
        self.steps = 0
        self.average: dict[str, np.ndarray] = {}

    def on_batch_end(self, trainer: Trainer) -> None:
        if trainer.pending == 0:
            self.update(trainer.model)

    def update(self, model: Module) -> None:
        """Take in the weights of the model; a training loop of your own calls it every step."""
        self.steps += 1
        follow = 1 - self._decay_now()
        for name, parameter in model.named_parameters():
            weights = parameter.data
            if self.steps == 1:
                self.average[name] = weights.copy()
            else:
                average = self._of(name, weights.shape)
                average += follow * (weights - average)

    def _decay_now(self) -> float:
        decay, t = self.decay, self.steps
        if self.warm_up == "debias":
            return decay * (1 - decay ** (t - 1)) / (1 - decay**t)
        return min(decay, (1 + t) / (10 + t)) if self.warm_up == "ramp" else decay

    def _of(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        average = self.average.get(name)
        if average is None or average.shape != shape:
            found = "none of that name" if average is None else str(average.shape)
            raise ValueError(
                f"ExponentialMovingAverage: expected an average of {name} of shape {shape}, got "
                f"{found}. Make an ExponentialMovingAverage for every model, and train first."
            )
        return average

    def apply(self, model: Module) -> None:
        """Give the model the average for its weights, for good."""
        check_module(model, "ExponentialMovingAverage")
        new = {name: self._of(name, p.shape) for name, p in model.named_parameters()}
        for name, parameter in model.named_parameters():
            parameter.data = new[name]

    @contextmanager
    def applied(self, model: Module) -> Iterator[Module]:
        """Inside the block the model has the average for its weights; afterwards its own again."""
        check_module(model, "ExponentialMovingAverage")
        own = [(parameter, parameter.data) for parameter in model.parameters()]
        self.apply(model)
        try:
            yield model
        finally:
            for parameter, data in own:
                parameter.data = data

    def validation_weights(self, model: Module) -> AbstractContextManager[Any]:
        return self.applied(model) if self.validate and self.steps else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "average": dict(self.average)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        self.average = {name: np.array(array) for name, array in state["average"].items()}
