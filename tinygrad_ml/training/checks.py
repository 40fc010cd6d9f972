"""A newcomer's first check: can the network learn one batch by heart?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nn import Module
from ..optim import Adam, Optimizer
from .batches import as_pair
from .trainer import Trainer, check_module


@dataclass(frozen=True, repr=False)
class OverfitCheck:
    """What `overfit_one_batch` found; `ok` says whether the loss fell near zero."""

    first_loss: float
    last_loss: float
    steps: int
    ok: bool
    without_gradient: tuple[str, ...]  # parameters that the loss does not depend on
    zero_gradient: tuple[str, ...]  # parameters whose gradient was zero in every step

    def __repr__(self) -> str:
        found = [
            f"{'ok' if self.ok else 'not learned'}: the loss of one batch went from "
            f"{self.first_loss:.4g} to {self.last_loss:.4g} in {self.steps} steps."
        ]
        if self.without_gradient:
            found.append(
                f"No gradient reaches {', '.join(self.without_gradient)}: is the layer used in "
                "__call__, and computed without .data or np.array?"
            )
        if self.zero_gradient:
            found.append(
                f"The gradient of {', '.join(self.zero_gradient)} was always zero: dead or "
                "saturated units? Scale the data, or try another activation or initialiser."
            )
        if not self.ok:
            found.append(
                "Usual mistakes: a learning rate far too high or low, an activation behind the "
                "last layer that cannot reach the targets, data that is not scaled, targets in the "
                "wrong order or form. Dropout keeps the loss up too."
            )
        return "\n".join(found)


def overfit_one_batch(
    model: Module,
    loss: Callable[[Any, Any], Any],
    batch: Any,
    optimizer: Callable[[Any], Optimizer] = lambda parameters: Adam(parameters, 0.01),
    steps: int = 200,
) -> OverfitCheck:
    """Train a copy of the model on one batch; a network that cannot learn it will learn nothing.

    `batch`: (x, y), or x alone as its own target. `optimizer`: a function of the parameters that
    makes one. It is ok when the loss falls below a tenth of its first value, or below 0.001. The
    model itself stays as it is.
    """
    check_module(model, "overfit_one_batch")
    if isinstance(optimizer, Optimizer) or not callable(optimizer):
        raise TypeError(
            f"overfit_one_batch: expected a function that makes an optimizer, got {optimizer!r}. "
            "A copy of the model is trained: write optimizer=lambda parameters: Adam(parameters)."
        )
    if not steps >= 2:
        raise ValueError(f"overfit_one_batch: steps must be at least 2, got {steps!r}.")
    model = copy.deepcopy(model)
    trainer = Trainer(model, loss, optimizer(model.parameters()))
    alive: set[str] = set()
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    pair = as_pair(batch, model.input_dtypes)
    for _ in range(steps):
        trainer.fit([pair], epochs=1, progress=False)
        alive |= {n for n, p in learning.items() if n not in alive and np.any(p.grad)}
    losses = trainer.history["loss"]
    without = tuple(name for name, p in learning.items() if p.grad is None)
    return OverfitCheck(
        first_loss=losses[0],
        last_loss=losses[-1],
        steps=steps,
        ok=losses[-1] < max(0.1 * losses[0], 0.001),
        without_gradient=without,
        zero_gradient=tuple(n for n in learning if n not in alive and n not in without),
    )
