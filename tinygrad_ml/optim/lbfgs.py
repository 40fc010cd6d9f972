"""L-BFGS: Newton's method with curvature learned from the last steps, for a loss without noise."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, checked

LEAST_CURVATURE = 1e-10  # a pair with a smaller s y teaches nothing about a minimum


class LBFGS(Optimizer):
    """Limited-memory BFGS with a line search after Wolfe (Liu & Nocedal, 1989).

    p <- p - t H g, where H, a guess of the inverse second derivative, is made of the last
    `history_size` differences of parameters and gradients, and t fulfils the strong Wolfe
    conditions (with `line_search=False` t is the learning rate).

    Parameters
    ----------
    max_iter : iterations of one `step`.
    max_evaluations : calls of the closure in one `step` behind which no iteration begins; by
        default 5/4 of max_iter.
    tolerance_grad : stop when no element of the gradient is larger.
    tolerance_change : stop when loss or parameters change by less.

    It needs the loss of all data at every point it tries, so `step` takes a closure:

        def closure():
            optimizer.zero_grad()
            loss = mse_loss(model(X), y)
            loss.backward()
            return loss

        optimizer.step(closure)

    A `Trainer` does that for each batch; give it one batch of all rows.
    """

    needs_closure = True  # the Trainer hands `step` a function that computes loss and gradients

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 1.0,
        max_iter: int = 20,
        max_evaluations: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search: bool = True,
    ) -> None:
        max_iter = checked("LBFGS", "max_iter", max_iter)
        most = max_iter * 5 // 4 if max_evaluations is None else max_evaluations
        super().__init__(
            parameters, learning_rate, max_iter=max_iter, max_evaluations=most,
            tolerance_grad=tolerance_grad, tolerance_change=tolerance_change,
            history_size=history_size, line_search=line_search,
        )  # fmt: skip
        self.evaluation_count = 0
        self._memory: dict[str, Any] = {"gradient": None, "pairs": []}

    def add_group(self, group: Any) -> None:
        """The first one; H belongs to all parameters together."""
        if self.groups:
            raise ValueError(
                "LBFGS: expected a single group, since all parameters take one step together; got "
                "a second. Pass one list of parameters."
            )
        super().add_group(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to `max_iter` iterations; returns the loss that the closure gave first.

        `closure()` forgets the gradients, computes the loss, calls backward() and returns the loss.
        Raises FloatingPointError when that first loss or its gradient is NaN or infinite.
        """
        if not callable(closure):
            raise TypeError(
                "LBFGS.step: expected a function that computes the loss anew, got "
                f"{type(closure).__name__}. Write step(closure), where closure() calls "
                "optimizer.zero_grad(), computes the loss, calls loss.backward() and returns it."
            )
        group, begun = self.groups[0], self.evaluation_count
        first = self._call(closure)
        loss, g = _as_number(first), self._gradient()
        if not (math.isfinite(loss) and np.isfinite(g).all()):
            raise FloatingPointError(
                f"LBFGS.step: expected a finite loss and gradient, got the loss {loss} and a "
                f"gradient of norm {np.linalg.norm(g)}. Check the data, or start elsewhere."
            )
        for left in reversed(range(group.max_iter)):
            if np.abs(g).max(initial=0) <= group.tolerance_grad:
                break
            start = self._begin_iteration(loss, g)
            if start.slope > -group.tolerance_change:
                break
            if group.line_search:
                most = group.max_evaluations - (self.evaluation_count - begun)
                point = self._search(closure, start, most)
            else:
                point = self._go(closure, start, last=not left)
            direction, self._memory["t"] = self._memory["direction"], point.t
            if (
                self.evaluation_count - begun >= group.max_evaluations
                or np.abs(point.t * direction).max() <= group.tolerance_change
                or abs(point.loss - loss) < group.tolerance_change
            ):
                break
            loss, g = point.loss, point.gradient
        return first

    def _begin_iteration(self, loss: float, g: np.ndarray) -> Point:
        """Learn from the step before, choose a direction and a first length of the step."""
        memory, rate = self._memory, self.groups[0].learning_rate
        if memory["gradient"] is None:
            direction, t = -g, rate * min(1.0, 1.0 / float(np.abs(g).sum()))
        else:
            change, step = g - memory["gradient"], memory["t"] * memory["direction"]
            curvature = float(change @ step)
            if curvature > LEAST_CURVATURE:
                memory["pairs"].append((step, change, 1.0 / curvature))
                del memory["pairs"][: -self.groups[0].history_size]
            direction, t = -_newton(g, memory["pairs"]), rate
        memory |= {"gradient": g, "direction": direction, "t": t}
        self.step_count += 1
        return Point(0.0, loss, g, float(g @ direction))

    # ---- moving along the direction

    def _search(self, closure: Callable[[], Any], start: Point, most: int) -> Point:
        direction, x = self._memory["direction"], [np.array(p.data) for p in self.parameters]

        def evaluate(t: float) -> Point:
            self._write(x, t)
            loss, g = _as_number(self._call(closure)), self._gradient()
            slope = float(g @ direction)
            finite = math.isfinite(loss) and math.isfinite(slope)
            return Point(t, loss if finite else math.inf, g, slope)

        length = float(np.abs(direction).max())
        point = strong_wolfe(evaluate, start, self._memory["t"], length, most)
        self._write(x, point.t)
        return point

    def _go(self, closure: Callable[[], Any], start: Point, last: bool) -> Point:
        """A step of the learning rate; behind the last one the next `step` measures."""
        t = self._memory["t"]
        self._write([np.array(p.data) for p in self.parameters], t)
        if last:
            return start._replace(t=t)
        return Point(t, _as_number(self._call(closure)), self._gradient(), math.nan)

    def _write(self, x: list[np.ndarray], t: float) -> None:
        """p = x + t direction."""
        ends = np.cumsum([p.size for p in self.parameters])[:-1]
        parts = np.split(self._memory["direction"], ends)
        for p, before, part in zip(self.parameters, x, parts, strict=True):
            if p.requires_grad:
                p.writable()[...] = before + t * part.reshape(p.shape)

    def _call(self, closure: Callable[[], Any]) -> Any:
        self.evaluation_count += 1
        return closure()

    def _gradient(self) -> np.ndarray:
        """All gradients as one vector; zeros for a parameter without one."""
        if all(p.grad is None for p in self.parameters):
            raise RuntimeError(
                "LBFGS.step: no parameter has a gradient. Call loss.backward() in the closure."
            )
        parts = (np.zeros(p.shape, p.dtype) if p.grad is None else p.grad for p in self.parameters)
        return np.concatenate([part.ravel() for part in parts])

    # ---- state

    def state_dict(self) -> dict[str, Any]:
        """With the pairs of steps and changes of the gradient that H is made of."""
        memory = copy.deepcopy(self._memory)
        return super().state_dict() | {"memory": memory, "evaluations": self.evaluation_count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state, for the same parameters in the same order."""
        size = sum(p.size for p in self.parameters)
        memory = state.get("memory", {}) if isinstance(state, dict) else {}
        gradient = memory.get("gradient")
        if gradient is not None and np.shape(gradient) != (size,):
            raise ValueError(
                f"load_state_dict: expected the memory of {size} numbers, got "
                f"{np.size(gradient)}. Make the optimizer for the same model."
            )
        super().load_state_dict(state)
        self._memory = copy.deepcopy(memory)
        self.evaluation_count = int(state["evaluations"])


def _newton(g: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    """H g by the two loops of Nocedal (1980): what the pairs know, and a multiple of 1 below it."""
    q, weights = g.copy(), []
    for step, change, inverse in reversed(pairs):
        weights.append(float(step @ q) * inverse)
        q -= weights[-1] * change
    if pairs:
        _, change, inverse = pairs[-1]
        q *= 1.0 / inverse / float(change @ change)
    for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        q += (weight - float(change @ q) * inverse) * step
    return q


def _as_number(loss: Any) -> float:
    if loss is None or np.size(loss.data if isinstance(loss, Tensor) else loss) != 1:
        got = "None" if loss is None else f"shape {np.shape(loss)}"
        raise ValueError(
            f"LBFGS.step: expected the closure to return the loss, one number; got {got}. "
            "Write `return loss` at its end."
        )
    return float(loss)
