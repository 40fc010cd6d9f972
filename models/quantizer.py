"""Quantizers: numbers and vectors as codes of few bits, and back, with the least error."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.estimator import Estimator, Transformer
from tinygrad_ml.validation import (
    NOTHING,
    SEED,
    Accepts,
    as_array,
    check_parameters,
    check_samples,
    choice,
    integer,
    is_integer,
    is_number,
    number,
)

from .centres import Samples, row_hashes, unit_scale
from .kmeans import KMeans

_SPLIT = 0.1  # standard deviations by which the halves of a split code leave its place


def _is_range(limits: Any) -> bool:
    pair = isinstance(limits, (tuple, list)) and len(limits) == 2
    return pair and all(map(is_number, limits)) and limits[0] < limits[1]


class VectorQuantizer(Transformer, Estimator):
    """A codebook of vectors; a sample is stored as the number of the nearest one.

    encode(x) = argmin_j |x - codebook[j]|, decode(j) = codebook[j]. `fit` makes the distortion,
    the mean of |x - decode(encode(x))|^2, small. `transform` gives the codes as a column,
    `inverse_transform` decodes them.

    Parameters
    ----------
    n_codes : the most entries of the codebook. Where X has fewer different rows, the codebook has
        those, and nothing is lost.
    init : "splitting" begins with the mean, splits the codes of the largest distortion in two, up
        to twice as many, runs k-means, and so on (LBG); it draws nothing. "k-means++" runs k-means
        once, from drawn samples.
    max_iter : most iterations of each run of k-means.
    tol : of k-means.
    random_state : None, a seed or a Generator, for "k-means++".

    Attributes
    ----------
    codebook_ : (k, d), in the dtype of X. distortion_ : of X. n_iter_ : iterations of all runs.
    bits_per_vector_ : bits of a code, the least b with 2^b >= k.

    Source: Y. Linde, A. Buzo and R. Gray, An algorithm for vector quantizer design, 1980.

    >>> quantizer = VectorQuantizer(n_codes=2).fit([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0]])
    >>> codes = quantizer.encode([[0.0, 0.1], [8.0, 8.0]])
    >>> quantizer.decode(codes)
    array([[0. , 0.5],
           [9. , 9. ]])
    """

    _parameters = {
        "n_codes": integer(),
        "init": choice("splitting", "k-means++"),
        "max_iter": integer(),
        "tol": number(least=0),
        "random_state": SEED,
    }

    def __init__(
        self,
        n_codes: int = 256,
        *,
        init: str = "splitting",
        max_iter: int = 100,
        tol: float = 1e-4,
        random_state: Any = None,
    ) -> None:
        self.n_codes = n_codes
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> VectorQuantizer:
        """Find the codebook of X (n, d); y is ignored. Returns itself."""
        X = self._start_fit(X)
        samples = Samples(X, None, "VectorQuantizer")
        self.n_iter_ = 0
        few = len(np.unique(row_hashes(X))) <= self.n_codes
        if few and len(rows := np.unique(X, axis=0)) <= self.n_codes:
            self.codebook_, self.n_iter_ = rows, 1
        elif self.init == "splitting":
            self.codebook_ = self._split(X)
        else:
            self.codebook_ = self._run(X, self.n_codes, "k-means++").cluster_centers_
        labels = samples.nearest(self.codebook_)
        self.distortion_ = samples.inertia(self.codebook_, labels) / len(X)
        self.bits_per_vector_ = (len(self.codebook_) - 1).bit_length()
        return self

    def encode(self, X: Any) -> np.ndarray:
        """The number of the nearest code of every row: (n,), uint8, uint16 or uint32."""
        X = self._input(X)
        labels = Samples(X, self.codebook_, "VectorQuantizer").nearest(self.codebook_)
        return labels.astype(_code_type(len(self.codebook_)))

    def decode(self, codes: Any) -> np.ndarray:
        """The vectors of codes (n,), shape (n, d)."""
        self._check_fitted()
        codes = _check_codes(codes, "VectorQuantizer", len(self.codebook_))
        if codes.ndim != 1:
            raise ValueError(
                f"VectorQuantizer: expected codes of shape (n,), got {codes.shape}. Give decode "
                "what encode returned."
            )
        return self.codebook_[codes]

    def transform(self, X: Any) -> np.ndarray:
        """The codes as a column (n, 1) in the dtype of X, to stand beside other features."""
        X = self._input(X)
        return self.encode(X)[:, None].astype(X.dtype)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The vectors (n, d) of a column of codes (n, 1)."""
        self._check_fitted()
        codes = check_samples(X, "VectorQuantizer")
        with np.errstate(invalid="ignore"):
            whole = codes.astype(np.intp)
        if codes.shape[1] != 1 or (whole != codes).any():
            raise ValueError(
                "VectorQuantizer: expected a column of codes (n, 1), whole numbers, got shape "
                f"{codes.shape} with numbers from {codes.min():g} to {codes.max():g}. Give "
                "inverse_transform what transform returned."
            )
        return self.decode(whole[:, 0])

    def bits(self, n_vectors: int, codebook_bits: int = 0) -> int:
        """The size of n_vectors codes in bits, and of the codebook at so many bits a number."""
        self._check_fitted()
        for name, value in (("n_vectors", n_vectors), ("codebook_bits", codebook_bits)):
            if not is_integer(value) or value < 0:
                raise ValueError(
                    f"VectorQuantizer: {name} must be an integer of at least 0, got {value!r:.80}"
                )
        return n_vectors * self.bits_per_vector_ + codebook_bits * self.codebook_.size

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The name of the column that `transform` makes."""
        self._check_fitted()
        return np.array(["vectorquantizer0"], dtype=object)

    def _run(self, X: np.ndarray, n_codes: int, init: Any) -> KMeans:
        kmeans = KMeans(
            n_codes, init=init, max_iter=self.max_iter, tol=self.tol, random_state=self.random_state
        )
        kmeans.fit(X)
        self.n_iter_ += kmeans.n_iter_
        return kmeans

    def _split(self, X: np.ndarray) -> np.ndarray:
        """Codebooks of 1, 2, 4, ... codes, each begun with the halves of the one before."""
        codebook = X.mean(axis=0, dtype=np.float64)[None]
        labels = np.zeros(len(X), np.intp)
        while len(codebook) < self.n_codes:
            deviations = _deviations(X, codebook, labels)
            errors = np.bincount(labels, minlength=len(codebook)) * np.sum(deviations**2, axis=1)
            worst = np.argsort(-errors, kind="stable")[: self.n_codes - len(codebook)]
            worst = np.sort(worst[errors[worst] > 0])
            if not len(worst):
                break
            step = _SPLIT * deviations[worst]
            upper = codebook[worst] + step
            codebook[worst] -= step
            kmeans = self._run(X, len(codebook) + len(worst), np.concatenate([codebook, upper]))
            codebook, labels = kmeans.cluster_centers_.astype(np.float64), kmeans.labels_
        return codebook.astype(X.dtype)


class ScalarQuantizer(Estimator):
    """Numbers as one of 2^bits levels; arrays may have any shape.

    A number is stored as the index of its cell, the cells being separated by thresholds, and comes
    back as the cell's level. Below the first and above the last threshold cells are unbounded:
    numbers outside of what `fit` saw are clipped.

    Parameters
    ----------
    bits : of a code, 1 to 16.
    method : "uniform" has cells of one width and levels in their middles: the error is at most
        half a step, and for a sine as large as the range the SNR nears 6.02 bits + 1.76 dB.
        "lloyd-max" makes the mean squared error small: each level is the mean of the samples in its
        cell, each threshold lies in the middle of two levels.
    limits : (low, high), the range of "uniform"; None for that of the samples.
    max_iter : most iterations of "lloyd-max"; it ends when no sample changes its cell.

    Attributes
    ----------
    levels_ : up to 2^bits ascending numbers; fewer where "lloyd-max" saw fewer different ones.
    thresholds_ : one less; a number equal to a threshold belongs above it. distortion_ : the mean
    squared error of the samples. n_iter_ : iterations.

    Sources: S. Lloyd, Least squares quantization in PCM, 1957 (1982); J. Max, Quantizing for
    minimum distortion, 1960.

    >>> quantizer = ScalarQuantizer(bits=1, method="lloyd-max").fit([0.0, 1.0, 7.0, 8.0])
    >>> quantizer.decode(quantizer.encode([[0.2, 5.0]]))
    array([[0.5, 7.5]])
    """

    _parameters = {
        "bits": integer(1, 16),
        "method": choice("uniform", "lloyd-max"),
        "limits": Accepts("two numbers (low, high), low < high,", _is_range) | NOTHING,
        "max_iter": integer(),
    }

    def __init__(
        self,
        bits: int = 8,
        *,
        method: str = "uniform",
        limits: Any = None,
        max_iter: int = 10_000,
    ) -> None:
        self.bits = bits
        self.method = method
        self.limits = limits
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any = None) -> ScalarQuantizer:
        """Place levels and thresholds for the numbers in X, of any shape; y is ignored."""
        check_parameters(self, self._parameters)
        X = self._numbers(X)
        unit_scale("ScalarQuantizer", X, None if self.limits is None else np.array(self.limits))
        values = X.reshape(-1).astype(np.float64)
        n_levels, self.n_iter_ = 2**self.bits, 1
        if self.method == "uniform":
            low, high = self.limits or (values.min(), values.max())
            edges = np.linspace(low, high, 2 * n_levels + 1)
            levels, thresholds = edges[1::2], edges[2:-1:2]
        else:
            levels, self.n_iter_ = _lloyd_max(np.sort(values), n_levels, self.max_iter)
            middles = (levels[1:] + levels[:-1]) / 2
            # Between neighbouring doubles there is no middle.
            thresholds = np.maximum(middles, np.nextafter(levels[:-1], np.inf))
        self.levels_, self.thresholds_ = levels.astype(X.dtype), thresholds
        errors = self.decode(self.encode(values)).astype(np.float64) - values
        self.distortion_ = float(np.mean(errors**2))
        return self

    def encode(self, X: Any) -> np.ndarray:
        """The number of each number's cell, in the shape of X: uint8 or uint16."""
        self._check_fitted()
        X = self._numbers(X)
        codes = np.searchsorted(self.thresholds_, X, side="right")
        return codes.astype(_code_type(len(self.levels_)))

    def decode(self, codes: Any) -> np.ndarray:
        """The levels of codes, in their shape."""
        self._check_fitted()
        return self.levels_[_check_codes(codes, "ScalarQuantizer", len(self.levels_))]

    def _numbers(self, X: Any) -> np.ndarray:
        """X as an array of finite floats of any shape."""
        sparse = hasattr(X, "toarray")  # left to check_samples, as it is
        X = X if sparse else as_array(X, "ScalarQuantizer", "X")
        shape = X.shape
        if 0 in shape:
            raise ValueError(
                f"ScalarQuantizer: expected at least one number, got shape {shape}. Look whether "
                "a filter left nothing over."
            )
        column = X if sparse else X.reshape(-1, 1)
        return check_samples(column, "ScalarQuantizer").reshape(shape)


def _deviations(X: np.ndarray, codebook: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The standard deviations of each code's samples about it, (k, d)."""
    counts = np.maximum(np.bincount(labels, minlength=len(codebook)), 1)
    squares = [
        np.bincount(labels, (X[:, f] - codebook[labels, f]) ** 2, len(codebook))
        for f in range(X.shape[1])
    ]
    return np.sqrt(np.stack(squares, axis=1) / counts[:, None])


def _lloyd_max(x: np.ndarray, n_levels: int, max_iter: int) -> tuple[np.ndarray, int]:
    """The levels for sorted samples x, and the number of iterations.

    A cell is a run of samples, so the sums of the cells are differences of one running sum.
    """
    distinct = np.unique(x)
    if len(distinct) <= n_levels:
        return distinct, 1
    middle = x.mean()
    sums = np.concatenate([[0.0], np.cumsum(x - middle)])
    levels = distinct[(2 * np.arange(n_levels) + 1) * len(distinct) // (2 * n_levels)]
    before, n_iter = None, 0
    while n_iter < max_iter:
        n_iter += 1
        inner = np.searchsorted(x, (levels[1:] + levels[:-1]) / 2)
        cuts = np.concatenate([[0], inner, [len(x)]])
        if before is not None and np.array_equal(cuts, before):
            break
        before, counts = cuts, np.diff(cuts)
        levels = np.where(counts, middle + np.diff(sums[cuts]) / np.maximum(counts, 1), levels)
        if not counts.all():
            levels = _refill(x, levels, cuts)
    return levels, n_iter


def _refill(x: np.ndarray, levels: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Levels of empty cells move to the samples farthest from their levels."""
    apart = np.abs(x - np.repeat(levels, np.diff(cuts)))
    for i in np.flatnonzero(np.diff(cuts) == 0):
        farthest = int(apart.argmax())
        levels[i] = x[farthest]
        apart = np.minimum(apart, np.abs(x - x[farthest]))
    return np.sort(levels)


def _code_type(n_codes: int) -> Any:
    return next(
        kind for kind in (np.uint8, np.uint16, np.uint32) if n_codes - 1 <= np.iinfo(kind).max
    )


def _check_codes(codes: Any, owner: str, n_codes: int) -> np.ndarray:
    codes = as_array(codes, owner, "codes")
    if codes.dtype.kind not in "iu" and codes.size:
        raise ValueError(
            f"{owner}: expected codes as whole numbers, got {codes.dtype}. Give decode what encode "
            "returned."
        )
    if codes.size and (codes.min() < 0 or codes.max() >= n_codes):
        wrong = codes.min() if codes.min() < 0 else codes.max()
        raise ValueError(
            f"{owner}: expected codes from 0 to {n_codes - 1}, got {wrong}. They must come from "
            "the same quantizer."
        )
    return codes.astype(np.intp)
