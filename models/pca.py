"""Principal component analysis: the directions in which the samples vary most."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.estimator import Estimator, Transformer
from tinygrad_ml.generators import generator
from tinygrad_ml.kernels import threads
from tinygrad_ml.validation import (
    BOOLEAN,
    NOTHING,
    SEED,
    check_outputs,
    check_samples,
    choice,
    integer,
    number,
)

_BLOCK = 1 << 17  # numbers in a block of centred rows
_LEAST, _MOST = 1e-280, 1e300  # sums of squares without and with which digits are lost


class PCA(Transformer, Estimator):
    """The eigenvectors v of the covariance C = (X - mean)^T (X - mean) / (n - 1), largest first.

    transform: Z = (X - mean) V^T, the coordinates along the components, which are uncorrelated;
    inverse_transform: Z V + mean, of all rebuilding from so many numbers the one of least squared
    error. The largest entry of each component, by its absolute value, is positive.

    Parameters
    ----------
    n_components : how many components are kept: an integer, a share of the variance between 0 and
        1 (the fewest components that explain more than it), or None for all min(n, d).
    whiten : divide the coordinates by their standard deviations; inverse_transform undoes it.
    svd_solver : "full" takes the singular values of X - mean; "covariance_eigh" the eigenvalues of
        C, which is faster for many rows, and exact to 1e-16 of the largest one; "randomized" finds
        a few components of a large matrix approximately (Halko, Martinsson, Tropp, 2011). "auto":
        covariance_eigh for d <= 1,000 and n >= 10 d; else full up to 500 rows and columns; else
        randomized for less than 80 % of the components, full for more.
    iterated_power : power iterations of "randomized"; "auto" is 7 for few components, else 4.
    n_oversamples : directions that "randomized" follows beyond those asked for.
    random_state : None, a seed or a Generator, for "randomized".

    Attributes
    ----------
    components_ : V, (n_components_, d), and mean_ : (d,), in the dtype of X.
    explained_variance_ : the variances along the components, float64. explained_variance_ratio_ :
    their shares of the whole. singular_values_ : of X - mean. noise_variance_ : the mean variance
    along the components left out. n_components_, n_samples_.

    Sources: K. Pearson, On lines and planes of closest fit to systems of points in space, 1901;
    H. Hotelling, 1933.

    >>> pca = PCA(n_components=1).fit([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> pca.transform([[4.0, 4.0]])
    array([[2.828]])
    """

    _parameters = {
        "n_components": integer() | number(above=0, below=1) | NOTHING,
        "whiten": BOOLEAN,
        "svd_solver": choice("auto", "full", "covariance_eigh", "randomized"),
        "iterated_power": choice("auto") | integer(0),
        "n_oversamples": integer(),
        "random_state": SEED,
    }

    def __init__(
        self,
        n_components: Any = None,
        *,
        whiten: bool = False,
        svd_solver: str = "auto",
        iterated_power: int | str = "auto",
        n_oversamples: int = 10,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> PCA:
        """Find the components of X (n, d), n >= 2; y is ignored. Returns itself."""
        X = self._start_fit(X)
        n, d = X.shape
        self._check_size(X)
        solver = self._solver(n, d)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = X.mean(axis=0, dtype=np.float64)
            if solver == "covariance_eigh":
                squares = _scatter(X, mean)
                total = float(np.trace(squares))
            else:
                centred = X - mean
                total = float(np.vdot(centred, centred))
        _check_total(total, X, mean)
        if solver == "covariance_eigh":
            values, vectors = np.linalg.eigh(squares)
            values, vectors = np.maximum(values[::-1], 0)[: min(n, d)], vectors.T[::-1]
            singular = np.sqrt(values)
        elif solver == "full":
            _, singular, vectors = np.linalg.svd(centred, full_matrices=False)
        else:
            singular, vectors = self._randomized(centred)
        variances, total = singular**2 / (n - 1), total / (n - 1)
        k = self._number(variances / total, min(n, d))
        left = min(n, d) - k
        rest = max(0.0, total - float(variances[:k].sum()))
        self._keep(X.dtype, vectors[:k], mean, variances[:k], singular[:k], total)
        self.noise_variance_ = rest / left if left else 0.0
        self.n_components_, self.n_samples_ = k, n
        return self

    def transform(self, X: Any) -> np.ndarray:
        """(X - mean) V^T, shape (n, n_components_), in the dtype of X."""
        X = self._input(X)
        out = np.empty((len(X), self.n_components_), X.dtype)
        directions = self.components_ / self._scales()[:, None] if self.whiten else self.components_
        step = _rows(X)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(X), step):
                out[start : start + step] = (X[start : start + step] - self.mean_) @ directions.T
        return check_outputs(out, X, "PCA")

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Z V + mean: samples (n, d) from coordinates (n, n_components_)."""
        self._check_fitted()
        Z = check_samples(X, "PCA")
        if Z.shape[1] != self.n_components_:
            raise ValueError(
                f"PCA: expected coordinates of shape (n, {self.n_components_}), got {Z.shape}. "
                "Give inverse_transform what transform returned."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = Z * self._scales() if self.whiten else Z
            out = (scaled @ self.components_ + self.mean_).astype(Z.dtype, copy=False)
        return check_outputs(out, Z, "PCA")

    def get_covariance(self) -> np.ndarray:
        """The covariance of the model, V^T diag(variances - noise) V + noise I, shape (d, d)."""
        self._check_fitted()
        above = np.maximum(self.explained_variance_ - self.noise_variance_, 0)
        made = (self.components_.T * above) @ self.components_
        return made + self.noise_variance_ * np.eye(len(self.mean_))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that `transform` makes: pca0, pca1, ..."""
        self._check_fitted()
        return np.array([f"pca{j}" for j in range(self.n_components_)], dtype=object)

    def _check_size(self, X: np.ndarray) -> None:
        n, d = X.shape
        if n < 2:
            raise ValueError(
                f"PCA: expected at least 2 samples to find a variance, got n_samples = {n}. "
                "A row of X is a sample."
            )
        wanted, most = self.n_components, min(n, d)
        if wanted is not None and wanted >= 1 and wanted > most:
            raise ValueError(
                f"PCA: n_components must be at most min(n_samples, n_features) = {most}, got "
                f"{wanted} for X of shape {X.shape}. Ask for fewer components."
            )
        if self.svd_solver == "randomized" and wanted is not None and wanted < 1:
            raise ValueError(
                f"PCA: svd_solver='randomized' needs a number of components, got the share "
                f"{wanted}. Use svd_solver='full' for a share of the variance."
            )

    def _solver(self, n: int, d: int) -> str:
        if self.svd_solver != "auto":
            return self.svd_solver
        if d <= 1000 and n >= 10 * d:
            return "covariance_eigh"
        wanted = self.n_components
        few = wanted is not None and 1 <= wanted < 0.8 * min(n, d)
        return "randomized" if few and max(n, d) > 500 else "full"

    def _number(self, ratios: np.ndarray, most: int) -> int:
        """How many components are kept, given the shares of the variance of all."""
        if self.n_components is None:
            return most
        if self.n_components >= 1:
            return int(self.n_components)
        reached = np.searchsorted(np.cumsum(ratios), self.n_components, side="right") + 1
        return min(int(reached), most)

    def _randomized(self, centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Singular values and vectors of `centred` within the span of (A A^T)^q A times noise."""
        n, d = centred.shape
        k = min(n, d) if self.n_components is None else int(self.n_components)
        power = self.iterated_power
        if isinstance(power, str):
            power = 7 if k < 0.1 * min(n, d) else 4
        rng = generator(self.random_state, "PCA", "random_state")
        wide = centred if n >= d else centred.T  # the noise has the shorter side's length
        basis = rng.normal(size=(wide.shape[1], min(k + self.n_oversamples, *centred.shape)))
        for _ in range(power):
            basis, _ = np.linalg.qr(wide @ basis)
            basis, _ = np.linalg.qr(wide.T @ basis)
        basis, _ = np.linalg.qr(wide @ basis)
        left, singular, right = np.linalg.svd(basis.T @ wide, full_matrices=False)
        vectors = right if n >= d else (basis @ left).T
        return singular[:k], vectors[:k]

    def _keep(
        self, dtype: Any, vectors: Any, mean: Any, variances: Any, singular: Any, total: float
    ) -> None:
        largest = vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)]
        self.components_ = (vectors * np.where(largest < 0, -1.0, 1.0)[:, None]).astype(dtype)
        self.mean_ = mean.astype(dtype)
        self.explained_variance_ = variances
        self.explained_variance_ratio_ = variances / total
        self.singular_values_ = singular

    def _scales(self) -> np.ndarray:
        """The standard deviations along the components, for directions without any 1e-8 at most."""
        scales = np.sqrt(self.explained_variance_)
        return np.maximum(scales, np.finfo(scales.dtype).eps * scales.max())


def _check_total(total: float, X: np.ndarray, mean: np.ndarray) -> None:
    """Refuse samples without variance, and those whose squares double precision cannot add up."""
    with np.errstate(over="ignore"):
        rounding = X.size * (1e-15 * np.abs(mean).max()) ** 2  # what a constant leaves behind
    if max(_LEAST, rounding) <= total <= _MOST:
        return
    if not np.ptp(X, axis=0).any():
        raise ValueError(
            "PCA: expected samples that differ, got a constant in every feature, so no direction "
            "explains anything. Look at where X comes from."
        )
    if not _LEAST <= total <= _MOST:
        raise ValueError(
            "PCA: expected differences whose squares fit into double precision, got numbers up to "
            f"{np.abs(X).max():g} with a sum of squares of {total:g}. Measure X in another unit."
        )


def _rows(X: np.ndarray) -> int:
    return max(16, _BLOCK // X.shape[1])


def _scatter(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(X - mean)^T (X - mean) in float64, without a centred copy of X.

    The mean goes first: X^T X - n mean mean^T would lose the digits in which samples differ.
    """
    d, step = X.shape[1], _rows(X)
    blocks = range(-(-len(X) // step))

    def add(some: range) -> np.ndarray:
        total = np.zeros((d, d))
        centred = np.empty((step, d))
        for i in some:
            block = X[i * step : (i + 1) * step]
            rows = np.subtract(block, mean, out=centred[: len(block)])
            total += rows.T @ rows
        return total

    return threads.add_up(add, blocks)
