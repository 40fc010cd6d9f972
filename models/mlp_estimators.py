"""The feed-forward network as a classifier and as a regressor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_ml import functional
from tinygrad_ml.estimator import Regressor
from tinygrad_ml.validation import BOOLEAN, Accepts

from .mlp import MLP
from .network import ACTIVATION, RATE, TRAINING, Network, NetworkClassifier, as_list, sizes_like


class _MLPEstimator(Network):
    """Parameters and layers of the two estimators with an `MLP`."""

    _parameters: ClassVar[dict[str, Accepts]] = {
        "hidden_layer_sizes": sizes_like(0, "(100,)"),
        "activation": ACTIVATION,
        "dropout": RATE,
        "batch_norm": BOOLEAN,
        **TRAINING,
    }

    hidden_layer_sizes: Any
    activation: Any
    dropout: float
    batch_norm: bool

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        max_iter: Any = 200,
        tol: Any = 1e-4,
        n_iter_no_change: Any = 10,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        momentum: Any = 0.9,
        dropout: Any = 0.0,
        batch_norm: Any = False,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self._store(locals())

    def _module(self, n_in: int, n_out: int, dtype: Any, rng: np.random.Generator) -> MLP:
        return MLP(
            [n_in, *as_list(self.hidden_layer_sizes), n_out], self.activation,
            dropout=float(self.dropout), batch_norm=bool(self.batch_norm), rng=rng, dtype=dtype,
        )  # fmt: skip

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of every `Dense`, (inputs, outputs)."""
        self._check_fitted()
        return [layer.weight.data for layer in self.module_ if hasattr(layer, "bias")
                and hasattr(layer, "weight")]  # fmt: skip

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of every `Dense`, (outputs,)."""
        self._check_fitted()
        return [layer.bias.data for layer in self.module_ if hasattr(layer, "bias")
                and hasattr(layer, "weight")]  # fmt: skip


class MLPClassifier(NetworkClassifier, _MLPEstimator):
    """Classes by a feed-forward network: softmax on the outputs of an `MLP`, cross-entropy as loss.

    The network computes in the dtype of X; X.astype(np.float32) saves a quarter of the time.
    Features should be of similar size: scale them first, for example with StandardScaler in a
    pipeline.

    Parameters
    ----------
    hidden_layer_sizes : units of the hidden layers; () for none, which is logistic regression.
    activation : of the hidden layers, as for `MLP`.
    solver : "adam", "sgd" (with Nesterov's momentum) or "lbfgs", which takes all samples at once
        and is best for a few hundred of them.
    alpha : the penalty alpha / (2 n) sum w^2 on the weights, n being the samples of a batch.
    batch_size : samples of a batch; "auto" is min(200, number of samples).
    learning_rate : "constant"; "cosine", which falls to 0 until `max_iter`; or a function of the
        time in epochs, such as a schedule of `tg.optim`, that returns the factor.
    learning_rate_init : the learning rate the factor is counted from.
    max_iter : most epochs; of "lbfgs", most line searches.
    tol, n_iter_no_change : with a constant learning rate the training stops when the loss has
        fallen by less than tol an epoch for so many of them, and warns if that has not come about
        after max_iter. With any other it runs for max_iter epochs.
    early_stopping : hold `validation_fraction` of the samples out, and stop by the loss on them.
        With and without, the weights of the best epoch are kept.
    momentum : of "sgd".
    dropout : probability with which a hidden unit is left out in training.
    batch_norm : normalise before every hidden activation.
    random_state : None, a seed or a Generator, for weights, order, dropout and what is held out.
    verbose : show the progress bar.

    After `fit`: `classes_`, `module_` (the `MLP`), `history_`, `n_iter_` (epochs), `coefs_`,
    `intercepts_`.

    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
    >>> MLPClassifier((8,), "tanh", solver="lbfgs", random_state=0).fit(X, y).predict(X)
    array(['no', 'yes', 'yes', 'no'], dtype='<U3')
    """

    def fit(self, X: Any, y: Any) -> MLPClassifier:
        """Learn the classes y (n,) of samples X (n, features); returns itself.

        Warns with ConvergenceWarning when the training has not settled after max_iter epochs;
        raises FloatingPointError when it leaves the range of numbers.
        """
        X, y, _ = self._start_fit(X, y)
        rng = self._generator()
        module = self._module(X.shape[1], len(self.classes_), X.dtype, rng)
        self._train(module, functional.cross_entropy, (X, y), rng)
        return self


class MLPRegressor(Regressor, _MLPEstimator):
    """Numbers by a feed-forward network: the outputs of an `MLP`, mean squared error as loss.

    y is standardised inside, (y - y_mean_) / y_scale_, and that is what `module_` predicts: targets
    of any size are learned with the same learning rate. The network computes in the dtype of X.
    Features should be of similar size: scale them first.

    Parameters
    ----------
    hidden_layer_sizes : units of the hidden layers; () for none, which is linear regression.
    activation : of the hidden layers, as for `MLP`.
    solver, alpha, batch_size, learning_rate, learning_rate_init, max_iter, tol, n_iter_no_change,
    early_stopping, validation_fraction, momentum, random_state, verbose : as for
        `MLPClassifier`; the loss that `tol` compares is that of the standardised y.
    dropout : probability with which a hidden unit is left out in training.
    batch_norm : normalise before every hidden activation.

    After `fit`: `module_` (the `MLP`), `y_mean_`, `y_scale_`, `history_`, `n_iter_` (epochs),
    `coefs_`, `intercepts_`.

    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> model = MLPRegressor((16,), "tanh", solver="lbfgs", random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.score(X, X[:, 0] ** 2) > 0.99
    True
    """

    _several_outputs = True

    def fit(self, X: Any, y: Any) -> MLPRegressor:
        """Learn the targets y (n,) or (n, outputs) of samples X (n, features); returns itself.

        Warns with ConvergenceWarning when the training has not settled after max_iter epochs;
        raises FloatingPointError when it leaves the range of numbers.
        """
        X, y, _ = self._start_fit(X, y)
        y = np.asarray(y, np.float64)
        self.y_mean_, self.y_scale_ = _centre_and_spread(y, type(self).__name__)
        standard = (y - self.y_mean_) / np.where(self.y_scale_ > 0, self.y_scale_, 1.0)
        standard = standard.reshape(len(y), -1)
        rng = self._generator()
        module = self._module(X.shape[1], standard.shape[1], X.dtype, rng)
        self._train(module, functional.mse_loss, (X, standard), rng)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The targets of samples, (n,) or (n, outputs) as in `fit`."""
        out = self._outputs(self._input(X))
        return out.reshape(len(out), *self.y_mean_.shape) * self.y_scale_ + self.y_mean_


def _centre_and_spread(y: np.ndarray, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each output, of any size; 0 for equal targets."""
    largest = np.abs(y).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        small = y / unit
        mean = small.mean(axis=0)
        spread = (small - mean).std(axis=0)
        mean, scale = np.asarray(mean * unit), np.asarray(spread * unit)
        scale = np.where(spread <= 1e-15, 0.0, scale)  # what rounding leaves of equal targets
        finite = np.isfinite(mean + 10 * scale).all()  # with room for predictions
    if not finite:
        raise ValueError(
            f"{owner}: expected targets whose spread is a number, got y up to "
            f"{np.max(largest):.3g}. Divide y by a constant."
        )
    return mean, scale
