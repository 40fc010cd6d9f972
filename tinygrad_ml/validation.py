"""What estimators ask of their arguments: samples, targets, weights and parameters.

Every function returns the argument in the form that the algorithms work on, or raises one sentence:
what was expected, what came, what to do. `owner` is the name that the sentence begins with.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FLOATS = (np.float64, np.float32)


class DataConversionWarning(UserWarning):
    """An argument was taken in another shape than the one it came in."""


class ConvergenceWarning(UserWarning):
    """An iteration was stopped before it had reached what was asked."""


# ---------------------------------------------------------------------------------- samples


def check_samples(
    X: Any,
    owner: str,
    *,
    dtypes: Any = FLOATS,
    sparse: bool = False,
    allow_nan: bool = False,
    positive: bool = False,
) -> Any:
    """X as a matrix of finite numbers, rows are samples; it is never changed or copied in vain.

    Args:
        dtypes: what is kept; anything else becomes the first of them.
        sparse: whether SciPy's sparse matrices are welcome; they come back as CSR arrays.
        allow_nan: whether NaN stands for a missing value.
        positive: whether numbers below 0 are refused.
    """
    if hasattr(X, "toarray"):
        if not sparse:
            raise TypeError(
                f"{owner}: expected a dense matrix, got a sparse one ({type(X).__name__}). "
                "Write X.toarray() if it fits into memory."
            )
        return _check_sparse(X, owner, dtypes, positive)
    X = _numbers(X, owner, "X", dtypes)
    check_matrix(X, owner)
    check_finite(X, owner, "X", allow_nan)
    if positive:
        _check_positive(X, owner)
    return X


def scipy_sparse(owner: str) -> Any:
    """The module `scipy.sparse`; an ImportError that says what to install where it is missing."""
    try:
        import scipy.sparse
    except ImportError as error:
        raise ImportError(
            f"{owner}: sparse matrices need SciPy; install it with: "
            'pip install "tinygrad_ml[classical]"'
        ) from error
    return scipy.sparse


def _check_sparse(X: Any, owner: str, dtypes: Any, positive: bool) -> Any:
    from scipy.sparse import csr_array

    if X.ndim != 2 or X.dtype.kind not in "fiub":
        raise ValueError(
            f"{owner}: expected a sparse matrix of real numbers, got {X.ndim} dimension(s) of "
            f"{X.dtype}. Complex data not supported."
        )
    X = csr_array(X, dtype=X.dtype if X.dtype in dtypes else dtypes[0])
    if not X.has_canonical_format:
        X = X.copy()  # it may share its arrays with the caller's matrix
        X.sum_duplicates()
    _check_size(X, owner)
    check_finite(X.data, owner, "X.data", False)
    if positive:
        _check_positive(X.data, owner)
    return X


def _numbers(values: Any, owner: str, name: str, dtypes: Any) -> np.ndarray:
    """An array of one of `dtypes`; the first is for everything else."""
    array = as_array(values, owner, name)
    if array.dtype.kind == "c":
        raise ValueError(
            f"{owner}: Complex data not supported, got {name} of {array.dtype}. "
            "Use its real part, or real and imaginary part as two features."
        )
    if array.dtype in dtypes:
        return array
    if array.dtype.kind in "USTMmV" or _holds_text(array):
        raise ValueError(
            f"{owner}: expected {name} to hold numbers, got {_example(array)}. Encode texts and "
            "categories as numbers first, for example with OneHotEncoder."
        )
    if array.dtype == object:  # the missing value of pandas, which no float() takes
        missing = [type(value).__name__ == "NAType" for value in array.flat]
        array = np.where(np.reshape(missing, array.shape), np.nan, array) if any(missing) else array
    try:
        return array.astype(dtypes[0])
    except TypeError as error:
        raise TypeError(
            f"{owner}: expected {name} to hold numbers, got {type(values).__name__} ({error}). "
            "Give it an array, a list or a data frame of numbers."
        ) from error
    except OverflowError as error:
        raise ValueError(
            f"{owner}: expected {name} to hold numbers below 1.8e308, got a longer integer. "
            "Take a smaller unit, or its logarithm."
        ) from error


def as_array(values: Any, owner: str, name: str) -> np.ndarray:
    """np.asarray, with a sentence for lists of different lengths and for masked values."""
    if type(values) is not np.ndarray and hasattr(values, "_mask") and np.ma.is_masked(values):
        raise ValueError(
            f"{owner}: expected {name} without masked values, got {np.ma.count_masked(values)} of "
            "them. Fill them in with .filled(value), or leave those rows out."
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{owner}: expected {name} in a regular shape, got rows of different lengths. "
            "Make all rows equally long."
        ) from error


def _holds_text(array: np.ndarray) -> bool:
    return array.dtype == object and any(isinstance(v, (str, bytes)) for v in array.flat)


def _example(array: np.ndarray) -> str:
    if array.size and array.dtype.kind in "USO":
        text = next((v for v in array.flat if isinstance(v, (str, bytes))), array.flat[0])
        text = text.item() if isinstance(text, np.generic) else text
        return f"for example {str(text)!r:.40}"
    return f"an array of {array.dtype}"


def check_matrix(X: np.ndarray, owner: str) -> None:
    """Refuse what is no matrix, and one without rows or columns."""
    if X.ndim != 2:
        raise ValueError(
            f"{owner}: expected a matrix with one row per sample, got shape {X.shape}. Reshape "
            "your data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one "
            "sample, X.reshape(len(X), -1) if it has more axes."
        )
    _check_size(X, owner)


def _check_size(X: Any, owner: str) -> None:
    n_samples, n_features = X.shape
    if n_samples == 0:
        raise ValueError(
            f"{owner}: found 0 sample(s) (shape={X.shape}) while a minimum of 1 is required. "
            "Look whether a filter left nothing over."
        )
    if n_features == 0:
        raise ValueError(
            f"{owner}: found 0 feature(s) (shape={X.shape}) while a minimum of 1 is required. "
            "Look whether a selection of columns left nothing over."
        )


def check_finite(array: np.ndarray, owner: str, name: str, allow_nan: bool = False) -> None:
    """Refuse NaN and infinity, and say where the first one stands."""
    if array.dtype.kind != "f" or math.isfinite(_total(array)):
        return
    bad = np.isinf(array) if allow_nan else ~np.isfinite(array)
    if not bad.any():
        return
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    value = "NaN" if np.isnan(array[place]) else "inf"
    also = "" if allow_nan else "NaN or "
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    raise ValueError(
        f"{owner}: expected {name} without {also}inf, got {value} at {where} "
        f"({int(bad.sum())} such values). Fill missing values in, or leave those rows out."
    )


def _total(array: np.ndarray) -> float:
    """A sum that is finite only if every number is (and may overflow; then one looks closer)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(array))


def check_outputs(out: np.ndarray, X: Any, owner: str) -> np.ndarray:
    """What a model made of X; refused if X is so large that it is no number any more."""
    if not math.isfinite(_total(out)) and not np.isfinite(out).all():
        raise ValueError(
            f"{owner}: expected features of the size seen in fit, got up to {abs(X).max():.3g}, "
            "for which the outputs overflow. Scale X as in fit."
        )
    return out


def _check_positive(values: np.ndarray, owner: str) -> None:
    if values.size and values.min() < 0:
        raise ValueError(
            f"{owner}: Negative values in data, the least is {values.min():g}. "
            "It takes counts and other numbers from 0 on."
        )


def column_scale(values: np.ndarray) -> np.ndarray:
    """Of each column the power of two at its largest number; 1 where that is 0 or not finite.

    Dividing by it rounds nothing, and afterwards no square overflows or vanishes.
    """
    largest = np.max(np.abs(values), axis=0)
    _, exponent = np.frexp(np.where(np.isfinite(largest) & (largest > 0), largest, 1.0))
    return np.ldexp(1.0, np.clip(exponent - 1, -1022, 1023))


# ---------------------------------------------------------------------------------- targets


def check_labels(y: Any, owner: str, n_samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(classes, numbers): the sorted classes, and for each sample which of them it has.

    Labels may be numbers without a fraction, texts, booleans or other values that can be sorted.
    """
    y = check_label_column(y, owner, n_samples)
    try:
        classes, numbers = np.unique(y, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in y.flat})
        raise ValueError(
            f"{owner}: expected labels of one kind, got a mixture of {' and '.join(kinds)}, which "
            "have no order. Make them all texts, or all numbers."
        ) from error
    return classes, numbers.reshape(-1)


def check_label_column(
    y: Any,
    owner: str,
    n_samples: int | None = None,
    name: str = "y",
    advice: str = "use a regressor for numbers, or cut them into classes",
) -> np.ndarray:
    """y as a vector of labels: without missing values, and numbers without a fraction."""
    y = check_column(y, owner, n_samples, name)
    if y.dtype.kind == "f":
        check_finite(y, owner, name)
        whole = y == np.rint(y)
        if not whole.all():
            fraction = float(y[~whole][0])
            raise ValueError(
                f"{owner}: Unknown label type: continuous, for example {fraction!r} in {name}. "
                f"Expected classes; {advice}."
            )
    elif y.dtype.kind == "c":
        raise ValueError(
            f"{owner}: Complex data not supported, got {name} of {y.dtype}. Use classes."
        )
    elif y.dtype == object:
        missing = [i for i, v in enumerate(y) if v is None or (isinstance(v, float) and v != v)]
        if missing:
            raise ValueError(
                f"{owner}: expected a class for every sample, got {y[missing[0]]!r} at "
                f"{name}[{missing[0]}] (NaN or None, {len(missing)} such values). "
                "Leave those rows out."
            )
    return y


def check_values(
    y: Any, owner: str, n_samples: int | None = None, several: bool = False, name: str = "y"
) -> Any:
    """Targets of a regression as finite floats (n,), with `several` also (n, outputs)."""
    y = _target(y, owner, name)
    y = _numbers(y, owner, name, FLOATS)
    if not (several and y.ndim == 2):
        y = check_column(y, owner, name=name)
    _check_length(y, owner, n_samples, name)
    check_finite(y, owner, name)
    return y


def check_column(y: Any, owner: str, n_samples: int | None = None, name: str = "y") -> np.ndarray:
    """y as a vector (n,); a column (n, 1) is made one, with a warning."""
    y = _target(y, owner, name)
    if y.ndim == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. "
            "Please change the shape of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=2,
        )
        y = y.ravel()
    if y.ndim != 1:
        raise ValueError(
            f"{owner}: {name} should be a 1d array with one target per sample, got shape "
            f"{y.shape}. One-hot labels become classes by {name}.argmax(axis=1)."
        )
    _check_length(y, owner, n_samples, name)
    return y


def _target(y: Any, owner: str, name: str = "y") -> np.ndarray:
    if y is None:
        advice = "Write fit(X, y)" if name == "y" else "Give it one value per sample"
        raise ValueError(
            f"{owner}: requires {name} to be passed, but the target {name} is None. {advice}."
        )
    if hasattr(y, "toarray"):
        raise TypeError(
            f"{owner}: expected {name} as an array, got a sparse matrix. Use {name}.toarray()."
        )
    array = as_array(y, owner, name)
    if array.dtype.kind == "U" and isinstance(y, (list, tuple)):
        # NumPy would make the text "1" of a number 1 beside texts.
        stranger = next((value for value in y if not isinstance(value, (str, list, tuple))), None)
        if stranger is not None:
            raise ValueError(
                f"{owner}: expected labels of one kind in {name}, got texts and for example "
                f"{stranger!r:.40}. Make them all texts, or all numbers."
            )
    return array


def _check_length(values: np.ndarray, owner: str, n_samples: int | None, name: str) -> None:
    if n_samples is not None and len(values) != n_samples:
        raise ValueError(
            f"{owner}: expected as many entries in {name} as X has rows, got {len(values)} for "
            f"{n_samples} rows. Row i of X must belong to entry i of {name}."
        )


def check_weights(sample_weight: Any, owner: str, n_samples: int) -> np.ndarray | None:
    """Weights of the samples as finite numbers from 0 on, shape (n,), or None."""
    if sample_weight is None:
        return None
    weights = _numbers(sample_weight, owner, "sample_weight", (np.float64,))
    if weights.shape != (n_samples,):
        raise ValueError(
            f"{owner}: expected sample_weight of shape ({n_samples},), one per row of X, got "
            f"{weights.shape}. Leave it out if all samples count alike."
        )
    check_finite(weights, owner, "sample_weight")
    if not math.isfinite(_total(weights)):
        raise ValueError(
            f"{owner}: expected sample_weight whose sum is below 1.8e308, got values up to "
            f"{weights.max():g}. Only ratios matter: divide them by the largest one."
        )
    if weights.min() < 0:
        raise ValueError(
            f"{owner}: expected sample_weight from 0 on, got {weights.min():g}. "
            "A weight says how often a sample counts."
        )
    if not weights.any():
        raise ValueError(
            f"{owner}: every sample_weight is zero, so no sample is left. Give at least one "
            "sample a positive weight."
        )
    return weights


# ---------------------------------------------------------------------------------- parameters


@dataclass(frozen=True)
class Accepts:
    """What a parameter may be: words that end "must be ...", and a test. `a | b` takes both."""

    words: str
    test: Callable[[Any], Any]

    def __or__(self, other: Accepts) -> Accepts:
        return Accepts(f"{self.words} or {other.words}", lambda v: self.test(v) or other.test(v))


def check_parameters(estimator: Any, accepted: dict[str, Accepts]) -> None:
    """Raise one sentence for the first parameter of `estimator` that is not accepted."""
    for name, accepts in accepted.items():
        value = getattr(estimator, name)
        if not accepts.test(value):
            raise ValueError(
                f"{type(estimator).__name__}: {name} must be {accepts.words}, got {value!r:.80}"
            )


def is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool))


def is_number(value: Any) -> bool:
    real = isinstance(value, (int, float, np.integer, np.floating))
    try:
        return real and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


def integer(least: int = 1, most: int | None = None) -> Accepts:
    """A whole number from `least` to `most`."""
    words = "a positive integer" if least == 1 else f"an integer of at least {least}"
    words = words if most is None else f"an integer from {least} to {most}"
    top = math.inf if most is None else most
    return Accepts(words, lambda v: is_integer(v) and least <= v <= top)


def number(
    least: float | None = None,
    most: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
) -> Accepts:
    """A finite number within bounds: `least <=`, `above <`, `<= most`, `< below`."""
    parts = [] if least is None else [f"of at least {least:g}"]
    parts += [] if above is None else [f"above {above:g}"]
    parts += [] if most is None else [f"of at most {most:g}"]
    parts += [] if below is None else [f"below {below:g}"]
    words = "a positive number" if (above, most, below) == (0, None, None) else " and ".join(
        ["a number " + parts[0], *parts[1:]] if parts else ["a finite number"]
    )  # fmt: skip

    def test(value: Any) -> bool:
        if not is_number(value):
            return False
        value = float(value)  # a bound may lie beyond what float32 can hold
        low = (least is None or value >= least) and (above is None or value > above)
        return low and (most is None or value <= most) and (below is None or value < below)

    return Accepts(words, test)


def choice(*options: str) -> Accepts:
    """One of several texts."""
    return Accepts(
        " or ".join(map(repr, options)), lambda v: isinstance(v, str) and v in options
    )  # fmt: skip


BOOLEAN = Accepts("True or False", lambda v: isinstance(v, (bool, np.bool)))
NOTHING = Accepts("None", lambda v: v is None)
FUNCTION = Accepts("a function", callable)
ARRAY = Accepts(
    "an array",
    lambda v: (
        isinstance(v, (list, tuple)) or (hasattr(v, "__array__") and getattr(v, "ndim", 1) > 0)
    ),
)
SEED = Accepts(
    "None, a seed of at least 0 or a np.random.Generator",
    lambda v: v is None or (is_integer(v) and v >= 0) or isinstance(v, np.random.Generator),
)
CLASS_WEIGHT = (
    NOTHING
    | choice("balanced")
    | Accepts("a dict of classes and weights", lambda v: isinstance(v, dict))
)
