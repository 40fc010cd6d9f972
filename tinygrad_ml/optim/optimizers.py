"""Optimizers: each is one update formula on (parameter, gradient, state), written in place.

The formulas, and the state that goes with them, are PyTorch's, number for number. All take
`weight_decay`, which adds weight_decay p to the gradient g (AdamW, and NAdam and RAdam with
`decoupled_weight_decay`, shrink p by the factor 1 - lr weight_decay instead), and `maximize`, which
climbs: it turns g around. lr is the learning rate, t the number of the step, from 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import clock
from ..kernels import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    rmsprop_update,
    sgd_update,
)
from .optimizer import Optimizer

_FEW = 4096  # elements for which the plain formula is faster than a kernel's call


class SGD(Optimizer):
    """Stochastic gradient descent: v <- momentum v + (1 - dampening) g; p <- p - lr v.

    The first step starts with v = g. With `nesterov` the step is g + momentum v (Sutskever et al.,
    2013); without momentum it is g.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, momentum=momentum, nesterov=nesterov,
            weight_decay=weight_decay, dampening=dampening, maximize=maximize,
        )  # fmt: skip

    @classmethod
    def check(cls, options: dict[str, Any]) -> None:
        """Nesterov's step is made of the momentum."""
        if options["nesterov"] and not options["momentum"]:
            raise ValueError("SGD: nesterov=True needs momentum above 0, for example momentum=0.9.")
        if options["nesterov"] and options["dampening"]:
            raise ValueError("SGD: nesterov=True needs dampening=0.")

    def slots_of(self, group: Any) -> tuple[str, ...]:
        """A velocity where there is momentum."""
        return ("velocity",) if group.momentum else ()

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        sgd_update(
            p, g, *(state or (None,)), lr=group.learning_rate, momentum=group.momentum,
            dampening=group.dampening if steps > 1 else 0.0, nesterov=group.nesterov,
            weight_decay=group.weight_decay,
        )  # fmt: skip

    def _move(self, group: Any) -> int:
        """A few numbers without momentum are moved sooner than collected."""
        options = vars(group)
        if options["momentum"] or options["weight_decay"] or options["maximize"]:
            return super()._move(group)
        if options["size"] >= _FEW:
            return super()._move(group)
        rate, moved = options["learning_rate"], 0
        for p, state in zip(options["parameters"], options["state"]):
            leaf: Any = p._edge and p._edge[0]
            if leaf is not None and leaf.grad is not None:
                leaf.written = clock()  # what was recorded with the old values is stale
                leaf.array -= rate * leaf.grad
                state["steps"] = state.get("steps", 0) + 1
                moved += 1
        return moved


class Adam(Optimizer):
    """Adaptive moments, p <- p - lr m^ / (sqrt(v^) + eps) (Kingma & Ba, 2015).

    m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2; m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).
    With `amsgrad` v^ is made of the largest v so far (Reddi et al., 2018).
    """

    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, eps=eps, weight_decay=weight_decay,
            amsgrad=amsgrad, maximize=maximize,
        )  # fmt: skip

    def slots_of(self, group: Any) -> tuple[str, ...]:
        """The two moments, and the largest second one."""
        return ("m", "v", "largest") if group.amsgrad else ("m", "v")

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step; sqrt(v^) is multiplied through, so that it costs no division."""
        correction = math.sqrt(1 - group.betas[1] ** steps)
        rate = group.learning_rate / (1 - group.betas[0] ** steps)
        _adam_step(
            group, self.decoupled, p, g, *state, rate=rate * correction, eps=group.eps * correction
        )


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - lr weight_decay p beside Adam's step
    (Loshchilov & Hutter, 2019)."""

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, eps, weight_decay, amsgrad, maximize)


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    p <- p - lr (u' m / (1 - U u') + (1 - u) g / (1 - U)) / (sqrt(v^) + eps), with m, v and v^ as in
    `Adam`, u = b1 (1 - 0.96^(t momentum_decay) / 2), u' the same for t + 1, and U the product of
    all u so far.
    """

    slots = ("m", "v", "product")

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 0.004,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, eps=eps, weight_decay=weight_decay,
            momentum_decay=momentum_decay, decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def start(self, group: Any, slot: str, p: np.ndarray) -> np.ndarray:
        """The product U is one number."""
        return np.ones(()) if slot == "product" else super().start(group, slot, p)

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step, parameter by parameter: each has its own U."""
        beta, beta2 = group.betas
        now, next_ = (
            beta * (1 - 0.96 ** (t * group.momentum_decay) / 2) for t in (steps, steps + 1)
        )
        correction = math.sqrt(1 - beta2**steps)
        for p_, g_, m, v, product in zip(p, g, *state, strict=True):
            product *= now
            so_far, rate = float(product[0]), group.learning_rate * correction
            _adam_step(
                group, group.decoupled_weight_decay, [p_], [g_], [m], [v],
                rate=rate * next_ / (1 - so_far * next_), eps=group.eps * correction,
                gradient_rate=rate * (1 - now) / (1 - so_far),
            )  # fmt: skip


class RAdam(Optimizer):
    """Adam that waits until the spread of its denominator is known (Liu et al., 2020).

    With n' = 2 / (1 - b2) - 1 and n = n' - 2 t b2^t / (1 - b2^t): p <- p - lr m^ while n is at most
    5, then p <- p - lr r m^ sqrt(1 - b2^t) / (sqrt(v) + eps), where
    r^2 = (n - 4) (n - 2) n' / ((n' - 4) (n' - 2) n); m, v and m^ as in `Adam`.
    """

    slots = ("m", "v")

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, eps=eps, weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize,
        )  # fmt: skip

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        beta1, beta2 = group.betas
        remaining = 1 - beta2**steps
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * steps * beta2**steps / remaining
        rate = group.learning_rate / (1 - beta1**steps)
        if length > 5:
            square = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
            rate *= math.sqrt(square * remaining)
        _adam_step(
            group, group.decoupled_weight_decay, p, g, *state,
            rate=rate, eps=group.eps, adaptive=length > 5,
        )  # fmt: skip


def _adam_step(
    group: Any, decoupled: bool, p: Any, g: Any, m: Any, v: Any, largest: Any = None, *,
    rate: float, eps: float, gradient_rate: float = 0.0, adaptive: bool = True,
) -> None:  # fmt: skip
    """What Adam and its kin share: the moments, weight decay, and a step made of them."""
    decay = group.weight_decay
    adam_update(
        p, g, m, v, largest, rate=rate, gradient_rate=gradient_rate, eps=eps,
        beta1=group.betas[0], beta2=group.betas[1], adaptive=adaptive,
        weight_decay=0.0 if decoupled else decay,
        keep=1 - group.learning_rate * decay if decoupled else 1.0,
    )  # fmt: skip


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the second moment (Kingma & Ba, 2015).

    m <- b1 m + (1 - b1) g, u <- max(b2 u, |g| + eps); p <- p - lr / (1 - b1^t) m / u.
    """

    slots = ("m", "u")

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, eps=eps, weight_decay=weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        adamax_update(
            p, g, *state, rate=group.learning_rate / (1 - group.betas[0] ** steps),
            beta1=group.betas[0], beta2=group.betas[1], eps=group.eps,
            weight_decay=group.weight_decay,
        )  # fmt: skip


class RMSprop(Optimizer):
    """Gradients divided by their running size: p <- p - lr g / (sqrt(s) + eps) (Hinton, 2012).

    s <- alpha s + (1 - alpha) g^2. With `centered` s - a^2 stands for s, where a is the running
    mean of g (Graves, 2013). With momentum, v <- momentum v + g / (sqrt(s) + eps); p <- p - lr v.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, alpha=alpha, eps=eps, weight_decay=weight_decay,
            momentum=momentum, centered=centered, maximize=maximize,
        )  # fmt: skip

    def slots_of(self, group: Any) -> tuple[str, ...]:
        """The mean square; the mean and the velocity where they are used."""
        used = {"square": True, "mean": group.centered, "velocity": group.momentum}
        return tuple(slot for slot, wanted in used.items() if wanted)

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        slots = dict(zip(self.slots_of(group), state, strict=True))
        rmsprop_update(
            p, g, slots["square"], slots.get("mean"), slots.get("velocity"),
            lr=group.learning_rate, alpha=group.alpha, eps=group.eps, momentum=group.momentum,
            weight_decay=group.weight_decay,
        )  # fmt: skip


class Adagrad(Optimizer):
    """Gradients divided by all their past: s <- s + g^2; p <- p - lr' g / (sqrt(s) + eps)
    (Duchi et al., 2011).

    s starts at `initial_accumulator`; lr' = lr / (1 + (t - 1) learning_rate_decay).
    """

    slots = ("total",)

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 0.01,
        learning_rate_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator: float = 0.0,
        eps: float = 1e-10,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, learning_rate_decay=learning_rate_decay,
            weight_decay=weight_decay, initial_accumulator=initial_accumulator, eps=eps,
            maximize=maximize,
        )  # fmt: skip

    def start(self, group: Any, slot: str, p: np.ndarray) -> np.ndarray:
        """The sum of squares before the first step."""
        return np.full(p.shape, group.initial_accumulator, p.dtype)

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        adagrad_update(
            p, g, *state, lr=group.learning_rate / (1 + (steps - 1) * group.learning_rate_decay),
            eps=group.eps, weight_decay=group.weight_decay,
        )  # fmt: skip


class Adadelta(Optimizer):
    """Steps as large as those before: d = g sqrt(u + eps) / sqrt(s + eps); p <- p - lr d
    (Zeiler, 2012).

    s <- rho s + (1 - rho) g^2 before it, u <- rho u + (1 - rho) d^2 behind it.
    """

    slots = ("square", "change")

    def __init__(
        self,
        parameters: Iterable[Any],
        learning_rate: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, rho=rho, eps=eps, weight_decay=weight_decay,
            maximize=maximize,
        )  # fmt: skip

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """One step."""
        adadelta_update(
            p, g, *state, lr=group.learning_rate, rho=group.rho, eps=group.eps,
            weight_decay=group.weight_decay,
        )  # fmt: skip
