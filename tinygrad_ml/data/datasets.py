"""Small real data sets, read from files shipped with the package: no network, no cache folder.

Every loader reads its file anew, so the arrays belong to the caller, who may change them freely.
The values and the order of rows and columns are those that scikit-learn distributes, which makes
figures comparable. Sources and licences: `ATTRIBUTION.md` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples, targets and what they mean. Unpacks into the two arrays: `X, y = load_iris()`.

    Attributes:
        X: the samples, one per row, shape (n, features); (n,) for texts.
        y: the targets, shape (n,): class numbers 0..k-1 (int64) or measured values (float64).
        feature_names: one name per column of X; empty for texts.
        target_names: the name of each class number; empty for regression.
        description: a title line, then what was measured, its units and its source.

    >>> iris = load_iris()
    >>> iris
    Dataset(Iris flowers: X (150, 4) float64, y (150,) int64, 3 classes)
    >>> X, y = iris
    >>> iris.target_names[y[0]]
    'setosa'
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    description: str

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.X
        yield self.y

    def __repr__(self) -> str:
        title = self.description.partition("\n")[0]
        arrays = f"X {self.X.shape} {self.X.dtype}, y {self.y.shape} {self.y.dtype}"
        classes = f", {len(self.target_names)} classes" if self.target_names else ""
        return f"Dataset({title}: {arrays}{classes})"


def _read(name: str, target_dtype: type, description: str) -> Dataset:
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as archive:
        return Dataset(
            # Whole numbers are stored as bytes to keep the package small, but nobody wants to
            # compute with them: 200 + 100 is 44 in uint8.
            X=archive["X"].astype(np.float64),
            y=archive["y"].astype(target_dtype),
            feature_names=tuple(archive["feature_names"].tolist()),
            target_names=tuple(archive["target_names"].tolist()),
            description=description,
        )


def load_digits(images: bool = False) -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels, 10 classes of 174 to 183 samples.

    A pixel is the number of inked points (0 to 16) in a 4 x 4 block of the scanned digit; divide
    by 16 for values in 0..1.

    Args:
        images: False for X of shape (1797, 64), rows of pixels one after another; True for images
            with one channel, X of shape (1797, 8, 8, 1). The values are the same, float64.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998 (test part).

    >>> X, y = load_digits(images=True)
    >>> X.shape, X.max(), y[:5]
    ((1797, 8, 8, 1), np.float64(16.0), array([0, 1, 2, 3, 4]))
    """
    digits = _read(
        "digits",
        np.int64,
        "Handwritten digits\n"
        "8 x 8 pixels, each the number of inked points (0 to 16) in a 4 x 4 block of the scan.\n"
        "E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, test part.",
    )
    if not images:
        return digits
    return Dataset(
        digits.X.reshape(-1, 8, 8, 1),
        digits.y,
        digits.feature_names,
        digits.target_names,
        digits.description,
    )


def load_iris() -> Dataset:
    """150 iris flowers, 50 of each of three species; four lengths and widths in centimetres.

    Source: R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936.
    """
    return _read(
        "iris",
        np.int64,
        "Iris flowers\n"
        "Length and width of sepals and petals in centimetres, three species.\n"
        "R. A. Fisher (1936), UCI Machine Learning Repository, two rows corrected to the paper.",
    )


def load_wine() -> Dataset:
    """178 wines of three cultivars (59, 71, 48 samples); 13 chemical measurements.

    The columns have very different scales (proline up to 1,680, hue below 2).

    Source: S. Aeberhard and M. Forina, Wine, UCI Machine Learning Repository, 1992.
    """
    return _read(
        "wine",
        np.int64,
        "Wine cultivars\n"
        "13 chemical measurements of wines from one Italian region, three cultivars.\n"
        "S. Aeberhard and M. Forina (1992), UCI Machine Learning Repository.",
    )


def load_breast_cancer() -> Dataset:
    """569 tumours, malignant (class 0, 212 samples) or benign (class 1, 357); 30 measurements.

    Mean, standard error and worst value of ten properties of the cell nuclei in an image.

    Source: W. Wolberg, O. Mangasarian, N. Street and W. Street, Breast Cancer Wisconsin
    (Diagnostic), UCI Machine Learning Repository, 1993.
    """
    return _read(
        "breast_cancer",
        np.int64,
        "Breast cancer Wisconsin\n"
        "Mean, standard error and worst value of ten properties of cell nuclei; 0 is malignant.\n"
        "W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), UCI Machine Learning "
        "Repository.",
    )


def load_diabetes() -> Dataset:
    """442 diabetes patients, a regression task: ten baseline values, progress after one year.

    Every column of X is centred and scaled to a sum of squares of 1, so it has no unit any more;
    y is the measure of disease progression as recorded, 25 to 346.

    Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, Least Angle Regression, 2004.

    >>> X, y = load_diabetes()
    >>> bool(np.allclose((X * X).sum(axis=0), 1))
    True
    """
    return _read(
        "diabetes",
        np.float64,
        "Diabetes progression\n"
        "Ten baseline values, each centred and scaled to a sum of squares of 1; the target is a\n"
        "measure of disease progression one year later.\n"
        "B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004).",
    )


def load_sms_spam() -> Dataset:
    """5,574 text messages, 747 of them spam (class 1).

    X is an array of str, shape (5574,), dtype object. 414 messages repeat an earlier text: drop
    them (`np.unique(X, return_index=True)`) before a split that must not leak.

    Source: T. A. Almeida and J. M. Gómez Hidalgo, SMS Spam Collection, 2012.

    >>> X, y = load_sms_spam()
    >>> X[1], y[1]
    ('Ok lar... Joking wif u oni...', np.int64(0))
    """
    import csv
    import gzip

    with gzip.open(_FOLDER / "sms_spam.csv.gz", "rt", encoding="utf-8", newline="") as file:
        _header, *rows = csv.reader(file)
    return Dataset(
        # Objects rather than NumPy's fixed-width strings, which would pad every message to 910
        # characters.
        X=np.array([text for _, text in rows], dtype=object),
        y=np.array([int(spam) for spam, _ in rows], dtype=np.int64),
        feature_names=(),
        target_names=("ham", "spam"),
        description="SMS messages\n"
        "English text messages, ham (0) or spam (1).\n"
        "T. A. Almeida and J. M. Gómez Hidalgo (2012), UCI Machine Learning Repository.",
    )
