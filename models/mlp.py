"""The feed-forward network: affine maps with an activation between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_ml import nn
from tinygrad_ml.generators import generator
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, Sequential

from .checks import as_floats, positive_integers

Array = Any  # an ndarray or a Tensor

ACTIVATIONS: dict[str, type] = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "logistic": nn.Sigmoid,  # its name in scikit-learn
    "tanh": nn.Tanh,
    "softsign": nn.Softsign,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "relu6": nn.ReLU6,
    "elu": nn.ELU,
    "celu": nn.CELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "log_sigmoid": nn.LogSigmoid,
    "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "softmax": nn.Softmax,
}
_RECTIFIERS = (
    "relu", "leakyrelu", "relu6", "elu", "celu", "gelu", "silu", "mish", "softplus", "hardswish",
)  # fmt: skip


class MLP(Sequential):
    """Multi-layer perceptron, a^l = activation(a^(l-1) W^l + b^l), the last layer affine.

    Calling it gives the outputs (n, sizes[-1]) for a batch (n, sizes[0]): logits for
    `cross_entropy` and `binary_cross_entropy_with_logits`, values for `mse_loss`. Rows are
    samples. It is a `Sequential`, so `model[0]` is the first `Dense`.

    Parameters
    ----------
    sizes : units of every layer, inputs first: [2, 4, 1].
    activation : a name such as "relu", "sigmoid", "tanh", "leaky_relu", "gelu", "silu" or "elu", a
        layer or any function; it stands behind every layer but the last.
    output : the same for the last layer; "softmax" too. None, the default, adds nothing: the losses
        above contain their sigmoid or softmax, and lose no digits.
    init : how hidden weights start, a name or a function of (shape, rng), see `nn.initialisers`.
        By default He's for rectifiers, LeCun's for selu and Glorot's for sigmoid, tanh and other
        functions. The last layer starts with Glorot's; biases start at 0.
    dropout : probability with which a hidden unit is left out in training.
    batch_norm : normalise before every hidden activation.
    rng : None, a seed or a Generator, for the weights and for dropout.
    dtype : of the parameters.

    Source: D. Rumelhart, G. Hinton and R. Williams, Learning representations by back-propagating
    errors, 1986.

    >>> model = MLP([2, 4, 1], activation="sigmoid", rng=0)
    >>> model(np.zeros((5, 2), np.float32)).shape
    (5, 1)
    """

    def __init__(
        self,
        sizes: Iterable[int],
        activation: str | Callable = "relu",
        output: str | Callable | None = None,
        init: Any = None,
        dropout: float = 0.0,
        batch_norm: bool = False,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.sizes = positive_integers("MLP", "sizes", sizes, 2, "[2, 4, 1]")
        rng = generator(rng, "MLP")
        layers: list[Callable] = []
        for n_in, n_out in zip(self.sizes[:-2], self.sizes[1:-1], strict=True):
            layer = find_activation("MLP: activation", activation)
            layers.append(Dense(n_in, n_out, init=init or fitting(layer), rng=rng, dtype=dtype))
            if batch_norm:
                layers.append(BatchNorm(n_out, dtype=dtype))
            layers.append(layer)
            if dropout:
                layers.append(Dropout(dropout, rng=rng.integers(2**63)))
        layers.append(Dense(self.sizes[-2], self.sizes[-1], rng=rng, dtype=dtype))
        if output is not None:
            layers.append(find_activation("MLP: output", output))
        super().__init__(*layers)

    def __call__(self, x: Array) -> Array:
        return super().__call__(as_floats(self, x))


def find_activation(place: str, activation: Any) -> Callable:
    """A new layer for a name; a function of an array as it is."""
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation]()
    if not callable(activation) or isinstance(activation, type):
        instead = f" Write {activation.__name__}()." if isinstance(activation, type) else ""
        raise ValueError(
            f"{place} must be one of {', '.join(ACTIVATIONS)} or a function of an array, got "
            f"{activation!r}.{instead}"
        )
    return activation


def fitting(activation: Callable) -> str:
    """The initialiser that keeps signals their size."""
    name = getattr(activation, "__name__", type(activation).__name__).lower().replace("_", "")
    if name == "selu":
        return "lecun_normal"
    return "he_normal" if name in _RECTIFIERS else "glorot_uniform"
