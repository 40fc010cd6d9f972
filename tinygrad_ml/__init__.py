"""tinygrad_ml: a reverse-mode autograd Tensor on NumPy, and the machine learning grown from it.

    import tinygrad_ml as tg

    model = tg.nn.Sequential(tg.nn.Dense(2, 8), tg.nn.Tanh(), tg.nn.Dense(8, 1))

`tg.functional` takes arrays and Tensors alike; ready-made networks are in `tinygrad_ml.models`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import rules  # fills the table of gradient rules  # isort: skip
from .calculus import grad, gradients, hessian, hvp, jacobian, value_and_grad
from .graph import detect_anomaly, no_grad
from .table import defvjp
from .tensor import Parameter, Tensor, primitive

if TYPE_CHECKING:
    from . import (
        data,
        estimator,
        functional,
        inspection,
        metrics,
        model_selection,
        monitoring,
        nn,
        optim,
        persistence,
        plotting,
        preprocessing,
        serving,
        training,
    )
    from .gradcheck import check_gradients
    from .persistence import load, save
    from .training import Trainer

__version__ = "0.1.0"
__all__ = [
    "Parameter",
    "Tensor",
    "Trainer",
    "check_gradients",
    "data",
    "defvjp",
    "detect_anomaly",
    "estimator",
    "functional",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "inspection",
    "jacobian",
    "load",
    "metrics",
    "model_selection",
    "models",
    "monitoring",
    "nn",
    "no_grad",
    "optim",
    "persistence",
    "plotting",
    "preprocessing",
    "primitive",
    "rules",
    "save",
    "serving",
    "training",
    "value_and_grad",
]

# Loaded at their first use: a program that only differentiates need not wait for them.
_PARTS = (
    "data",
    "estimator",
    "functional",
    "inspection",
    "metrics",
    "model_selection",
    "models",
    "monitoring",
    "nn",
    "optim",
    "persistence",
    "plotting",
    "preprocessing",
    "serving",
    "training",
)
_HOMES = {
    "Trainer": "training",
    "check_gradients": "gradcheck",
    "load": "persistence",
    "save": "persistence",
}


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
