"""The autoencoder: a network that reproduces its input through a narrow code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_ml import no_grad
from tinygrad_ml.generators import generator
from tinygrad_ml.nn import Module

from .checks import as_floats, positive_integer, positive_integers
from .mlp import MLP

Array = Any  # an ndarray or a Tensor

_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}  # what an output activation can reach


class Autoencoder(Module):
    """x -> code -> x^: the encoder narrows through `encoding_dims`, the decoder mirrors it.

    Autoencoder(10, (8, 4, 2)) has the sizes 10, 8, 4, 2, 4, 8, 10. Calling it gives the
    reconstruction of a batch (n, input_dim); train it with any loss that compares two arrays of
    one shape (`mse_loss`, `l1_loss`; `binary_cross_entropy` with output="sigmoid"), the batch
    being its own target: `Trainer(model, loss, optimizer).fit(X, epochs)`.

    The code is affine: no activation stands behind the last of `encoding_dims`. A rectifier there
    would cut off half of every axis and may leave it dead, tanh would bend it.

    Parameters
    ----------
    input_dim : number of features.
    encoding_dims : units of the encoder's layers; the last is the length of the code.
    activation : of the hidden layers, as for `MLP`. The default keeps a slope on both sides: among
        so few units a relu that dies takes a part of the data with it.
    output : of the decoder's last layer, as for `MLP`. None, the default, reaches every value.
        "sigmoid" reaches 0..1 and "tanh" -1..1 only: data beyond that cannot be reproduced, however
        long the training, and brings a UserWarning.
    init, rng, dtype : as for `MLP`.

    Source: G. Hinton and R. Salakhutdinov, Reducing the dimensionality of data with neural
    networks, 2006.

    >>> model = Autoencoder(10, (8, 4, 2), rng=0)
    >>> X = np.ones((5, 10))
    >>> model.encode(X).shape, model.decode(model.encode(X)).shape
    ((5, 2), (5, 10))
    """

    def __init__(
        self,
        input_dim: int,
        encoding_dims: Iterable[int] = (8, 4, 2),
        activation: str | Callable = "leaky_relu",
        output: str | Callable | None = None,
        init: Any = None,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        owner = "Autoencoder"
        sizes = [positive_integer(owner, "input_dim", input_dim)]
        sizes += positive_integers(owner, "encoding_dims", encoding_dims, 1, "(8, 4, 2)")
        rng = generator(rng, "Autoencoder")
        self.sizes = sizes + sizes[-2::-1]
        self.output_range = _RANGES.get(output) if isinstance(output, str) else None
        self.encoder = MLP(sizes, activation, init=init, rng=rng, dtype=dtype)
        self.decoder = MLP(sizes[::-1], activation, output, init=init, rng=rng, dtype=dtype)

    def __call__(self, x: Array) -> Array:
        x = as_floats(self, x)
        self._check("input", x, self.sizes[0])
        if self.output_range is not None:
            self.warn_beyond(x, *self.output_range)
        return self.decoder(self.encoder(x))

    def encode(self, X: Any) -> np.ndarray:
        """The codes of samples (n, input_dim), shape (n, encoding_dims[-1])."""
        return self._run(self.encoder, "input", X)

    def decode(self, codes: Any) -> np.ndarray:
        """The samples that codes (n, encoding_dims[-1]) stand for, shape (n, input_dim)."""
        return self._run(self.decoder, "codes", codes)

    def reconstruct(self, X: Any) -> np.ndarray:
        """decode(encode(X)): samples (n, input_dim) as they come out of the narrow code."""
        return self.decode(self.encode(X))

    def _run(self, part: MLP, what: str, X: Any) -> np.ndarray:
        """One half of the network on arrays, in the dtype of its parameters."""
        array = np.asarray(as_floats(self, X), self.dtype)
        self._check(what, array, part.sizes[0])
        with no_grad():
            return np.array(part(array).data)

    def _check(self, what: str, x: Array, n_features: int) -> None:
        shape = np.shape(x)
        if len(shape) == 0 or shape[-1] != n_features:
            hint = " Is it transposed? Rows are samples." if shape[:1] == (n_features,) else ""
            raise ValueError(
                f"Autoencoder: expected {what} of shape (n, {n_features}), got {shape}.{hint}"
            )

    def warn_beyond(self, x: Array, low: float, high: float) -> None:
        """Warn if x has values that the output activation cannot reach."""
        least, most = (float(x.min()), float(x.max())) if x.size else (low, high)
        if least < low or most > high:
            warnings.warn(
                f"Autoencoder: its output activation reaches {low:g} to {high:g}, but the input "
                f"goes from {least:.4g} to {most:.4g} and can never be reproduced there. "
                f"Scale the data to {low:g}..{high:g}, or use output=None.",
                UserWarning,
                stacklevel=3,
            )
