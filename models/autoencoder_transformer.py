"""The autoencoder as a transformer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_ml import functional
from tinygrad_ml.estimator import Transformer
from tinygrad_ml.validation import NOTHING, Accepts, check_outputs, check_samples, choice

from .autoencoder import Autoencoder
from .network import ACTIVATION, TRAINING, Network, as_list, sizes_like

_LOSSES: dict[str, Any] = {
    "mse": functional.mse_loss,
    "l1": functional.l1_loss,
    "binary_cross_entropy": functional.binary_cross_entropy,
}


class AutoencoderTransformer(Transformer, Network):
    """Codes by an `Autoencoder` that is trained to reproduce its input through them.

    The network computes in the dtype of X. Features should be of similar size: scale them first.

    Parameters
    ----------
    encoding_dims, activation, output : as for `Autoencoder`; the last of encoding_dims is the
        length of the code.
    loss : between reconstruction and input, "mse", "l1" or "binary_cross_entropy" (for features
        from 0 to 1, with output="sigmoid").
    solver, alpha, batch_size, learning_rate, learning_rate_init, max_iter, tol, n_iter_no_change,
    early_stopping, validation_fraction, momentum, random_state, verbose : as for
        `MLPClassifier`.

    batch_size="auto" is 32.

    After `fit`: `module_` (the `Autoencoder`), `history_`, `n_iter_` (epochs).

    >>> X = np.random.default_rng(0).normal(size=(100, 1)) * [1.0, 2.0, 3.0]
    >>> coder = AutoencoderTransformer((1,), solver="lbfgs", random_state=0).fit(X)
    >>> coder.transform(X).shape, coder.score(X) > -1e-3
    ((100, 1), True)
    """

    _parameters: ClassVar[dict[str, Accepts]] = {
        "encoding_dims": sizes_like(1, "(8, 4, 2)"),
        "activation": ACTIVATION,
        "output": NOTHING | ACTIVATION,
        "loss": choice(*_LOSSES),
        **TRAINING,
    }

    encoding_dims: Any
    activation: Any
    output: Any
    loss: str

    def __init__(
        self,
        encoding_dims: Any = (8, 4, 2),
        activation: Any = "leaky_relu",
        output: Any = None,
        loss: Any = "mse",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0,
        batch_size: Any = "auto",
        learning_rate: Any = "cosine",
        learning_rate_init: Any = 0.005,
        max_iter: Any = 60,
        tol: Any = 1e-4,
        n_iter_no_change: Any = 10,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        momentum: Any = 0.9,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self._store(locals())

    def fit(self, X: Any, y: Any = None) -> AutoencoderTransformer:
        """Learn to reproduce samples X (n, features); y is ignored. Returns itself."""
        X = self._start_fit(X)
        if self.loss == "binary_cross_entropy" and (
            self.output not in ("sigmoid", "logistic") or X.min() < 0 or X.max() > 1
        ):
            raise ValueError(
                'AutoencoderTransformer: loss="binary_cross_entropy" must go with output="sigmoid" '
                f"and features from 0 to 1, got output={self.output!r} and features from "
                f'{X.min():g} to {X.max():g}. Use loss="mse".'
            )
        rng = self._generator()
        module = Autoencoder(
            X.shape[1], as_list(self.encoding_dims), self.activation, self.output, rng=rng,
            dtype=X.dtype,
        )  # fmt: skip
        limits, module.output_range = module.output_range, None
        if limits is not None:  # once, and not for every batch
            module.warn_beyond(X, *limits)
        self._train(module, _LOSSES[self.loss], (X,), rng)
        module.output_range = limits
        return self

    def _auto_batch_size(self, n: int) -> int:
        return 32

    def transform(self, X: Any) -> np.ndarray:
        """The codes of samples, (n, length of the code)."""
        X = self._input(X)
        with np.errstate(over="ignore", invalid="ignore"):
            return check_outputs(self.module_.encode(X), X, type(self).__name__)

    def inverse_transform(self, codes: Any) -> np.ndarray:
        """The samples that codes stand for, (n, features)."""
        self._check_fitted()
        codes = check_samples(codes, type(self).__name__)
        with np.errstate(over="ignore", invalid="ignore"):
            return check_outputs(self.module_.decode(codes), codes, type(self).__name__)

    def reconstruct(self, X: Any) -> np.ndarray:
        """inverse_transform(transform(X)): samples as they come out of the narrow code."""
        return self.inverse_transform(self.transform(X))

    def reconstruction_error(self, X: Any) -> np.ndarray:
        """The mean squared error of each sample's reconstruction, (n,); large for odd samples."""
        X = self._input(X)
        return np.mean((self.reconstruct(X) - X) ** 2, axis=1)

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the mean squared error of the reconstruction; y is ignored."""
        return -float(np.mean(self.reconstruction_error(X)))
