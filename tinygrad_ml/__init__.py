"""tinygrad_ml: a reverse-mode autograd Tensor on NumPy, and the machine learning that grows from it.

    import tinygrad_ml as tg

    model = tg.nn.Sequential(tg.nn.Dense(2, 8), tg.nn.Tanh(), tg.nn.Dense(8, 1))

`tg.functional` takes arrays and Tensors alike; ready-made networks are in `tinygrad_ml.models`.
"""

from . import rules as _rules  # fills the table of gradient rules
from . import data, functional, nn, optim
from .calculus import grad, gradients, hessian, hvp, jacobian, value_and_grad
from .gradcheck import check_gradients
from .tensor import Parameter, Tensor, defvjp, detect_anomaly, no_grad, primitive

__version__ = "0.1.0"
