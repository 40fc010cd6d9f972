"""Optimizers: each is one update formula on (parameter, gradient, state), written in place.

The formulas, and the state that goes with them, are PyTorch's, number for number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import clock
from ..kernels import adam_update, sgd_update
from ..tensor import Tensor

_SMALL = 4096  # elements below which the plain formula is faster than a kernel's call


class Optimizer:
    """What all optimizers share: the parameters, the state beside each, the count of steps.

    `learning_rate` may be changed at any time. A parameter without a gradient is left alone.
    """

    slots: tuple[str, ...] = ()  # names of the state arrays that a parameter needs

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, **options: Any) -> None:
        name = type(self).__name__
        if not isinstance(parameters, Iterable) or isinstance(parameters, (Tensor, str)):
            raise TypeError(
                f"{name}: expected a list of parameters, got {type(parameters).__name__}. "
                "Write model.parameters()."
            )
        self.parameters = list({id(p): p for p in parameters}.values())  # shared ones once
        if not self.parameters:
            raise ValueError(f"{name}: expected at least one parameter, got an empty list.")
        for p in self.parameters:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise TypeError(
                    f"{name}: expected leaf Tensors, got {type(p).__name__}. "
                    "Write model.parameters()."
                )
        for key, value in {"learning_rate": learning_rate, **options}.items():
            if not isinstance(value, (int, float, np.number)) or not value >= 0:
                raise ValueError(f"{name}: {key} must be a number of at least 0, got {value!r}.")
        self.learning_rate = learning_rate
        self.initial_learning_rate = learning_rate
        self.step_count = 0
        self.state: list[dict[str, np.ndarray]] = [{} for _ in self.parameters]

    def step(self) -> None:
        """Move every parameter that has a gradient, in place."""
        self.step_count += 1
        moved = False
        for p, state in zip(self.parameters, self.state, strict=True):
            if p._edge is None or p._edge[0].grad is None:
                continue
            moved = True
            if self.slots and not state:
                self._begin(p, state)
            leaf: Any = p._edge[0]
            leaf.written = clock()  # what was recorded with the old values is stale
            self._update(leaf.array, leaf.grad, state)
        if not moved:
            self.step_count -= 1
            raise RuntimeError(
                f"{type(self).__name__}.step: no parameter has a gradient. "
                "Call loss.backward() before step()."
            )

    def _begin(self, p: Tensor, state: dict[str, np.ndarray]) -> None:
        for slot in self.slots:
            state[slot] = np.zeros(p.shape, p.dtype)
        state["steps"] = np.zeros((), np.int64)

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, np.ndarray]) -> None:
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget all gradients; call it before every backward pass."""
        for p in self.parameters:
            if p._edge is not None:
                p._edge[0].grad = None

    def state_dict(self) -> dict[str, Any]:
        """What changes from step to step: numbers, and arrays under `state`; not the options."""
        return {
            "learning_rate": self.learning_rate,
            "initial_learning_rate": self.initial_learning_rate,
            "step_count": self.step_count,
            "state": [{k: v.copy() for k, v in s.items()} for s in self.state],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state, for the same parameters in the same order."""
        missing = [key for key in self.state_dict() if key not in state]
        if missing:
            raise ValueError(
                f"load_state_dict: missing: {', '.join(missing)}. Pass what state_dict() returned."
            )
        if len(state["state"]) != len(self.parameters):
            raise ValueError(
                f"load_state_dict: expected the state of {len(self.parameters)} parameters, got "
                f"{len(state['state'])}. Make the optimizer for the same model."
            )
        for p, saved in zip(self.parameters, state["state"], strict=True):
            if saved and set(saved) - {"steps"} != set(self.slots):
                raise ValueError(
                    f"load_state_dict: {type(self).__name__} keeps {list(self.slots)} beside a "
                    f"parameter, got {sorted(set(saved) - {'steps'})}. "
                    "Make the optimizer with the arguments it was saved with."
                )
            for key, value in saved.items():
                if key != "steps" and np.shape(value) != p.shape:
                    raise ValueError(
                        f"load_state_dict: expected {key} of shape {p.shape}, "
                        f"got {np.shape(value)}."
                    )
        self.learning_rate = state["learning_rate"]
        self.initial_learning_rate = state["initial_learning_rate"]
        self.step_count = state["step_count"]
        self.state = [{k: np.array(v) for k, v in s.items()} for s in state["state"]]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self.parameters)} parameters, "
            f"learning_rate={self.learning_rate})"
        )


def _flat(array: np.ndarray) -> np.ndarray:
    """As a contiguous vector; gradients may be broadcast or transposed views."""
    return (
        array.reshape(-1) if array.flags.c_contiguous else np.ascontiguousarray(array).reshape(-1)
    )


class SGD(Optimizer):
    """Stochastic gradient descent: d = g + weight_decay p; v <- momentum v + d; p <- p - lr v.

    With `nesterov` the step is d + momentum v (Sutskever et al., 2013); without momentum it is d.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, momentum=momentum, weight_decay=weight_decay)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov=True needs momentum above 0, for example momentum=0.9.")
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.slots = ("velocity",) if momentum else ()

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, np.ndarray]) -> None:
        if p.size < _SMALL and not self.momentum and not self.weight_decay:
            p -= self.learning_rate * g
            return
        velocity = state.get("velocity")
        sgd_update(
            _flat(p), _flat(g), None if velocity is None else _flat(velocity),
            lr=self.learning_rate, momentum=self.momentum, dampening=0.0,
            nesterov=self.nesterov, weight_decay=self.weight_decay,
        )  # fmt: skip


class Adam(Optimizer):
    """Adaptive moments, p <- p - lr m^ / (sqrt(v^) + eps) (Kingma & Ba, 2015).

    m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2; m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).
    `weight_decay` is added to the gradient as weight_decay p; see `AdamW`.
    """

    slots = ("m", "v")
    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, eps=eps, weight_decay=weight_decay)
        if len(betas) != 2 or not all(0 <= b < 1 for b in betas):
            raise ValueError(
                f"{type(self).__name__}: betas must be two numbers from 0 to below 1, "
                f"got {betas!r}."
            )
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, np.ndarray]) -> None:
        state["steps"] += 1
        adam_update(
            _flat(p), _flat(g), _flat(state["m"]), _flat(state["v"]),
            lr=self.learning_rate, beta1=self.betas[0], beta2=self.betas[1], eps=self.eps,
            weight_decay=self.weight_decay, decoupled=self.decoupled, step=int(state["steps"]),
        )  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - lr weight_decay p beside Adam's step
    (Loshchilov & Hutter, 2019)."""

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, eps, weight_decay)
