"""tinygrad_ml: a reverse-mode autograd Tensor on NumPy, and the machine learning grown from it.

    import tinygrad_ml as tg

    model = tg.nn.Sequential(tg.nn.Dense(2, 8), tg.nn.Tanh(), tg.nn.Dense(8, 1))

`tg.functional` takes arrays and Tensors alike; ready-made networks are in `tinygrad_ml.models`.
"""

from . import rules  # fills the table of gradient rules  # isort: skip
from . import data, functional, nn, optim, persistence, training
from .calculus import grad, gradients, hessian, hvp, jacobian, value_and_grad
from .gradcheck import check_gradients
from .graph import detect_anomaly, no_grad
from .persistence import load, save
from .table import defvjp
from .tensor import Parameter, Tensor, primitive
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
    "functional",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "load",
    "nn",
    "no_grad",
    "optim",
    "persistence",
    "primitive",
    "rules",
    "save",
    "training",
    "value_and_grad",
]
