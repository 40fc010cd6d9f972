"""TF-IDF: words that stand in few texts say more about those texts, so their counts weigh more.

    weight(t, text) = tf(t, text) * idf(t)        idf(t) = ln((1 + N) / (1 + df(t))) + 1

with N texts, of which df(t) have the term t; then every text is scaled to the length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Estimator, Transformer
from tinygrad_ml.validation import BOOLEAN, NOTHING, choice, scipy_sparse

from .text import CountVectorizer, dtype_of


class _Weighting:
    """The weighting of a sparse matrix of counts, which both classes below are about."""

    _weighting = {
        "norm": choice("l1", "l2") | NOTHING,
        "use_idf": BOOLEAN,
        "smooth_idf": BOOLEAN | choice("df"),
        "sublinear_tf": BOOLEAN,
        "relative_tf": BOOLEAN,
    }

    norm: str | None
    use_idf: bool
    smooth_idf: bool | str
    sublinear_tf: bool
    relative_tf: bool

    idf_: np.ndarray

    def _learn_idf(self, counts: Any, names: Callable[[int], str]) -> None:
        if self.sublinear_tf and self.relative_tf:
            raise ValueError(
                f"{type(self).__name__}: sublinear_tf must be False with relative_tf=True, whose "
                "values below 1 have negative logarithms. Choose one of them."
            )
        if not self.use_idf:
            return
        n_texts, n_terms = counts.shape
        texts_with = np.bincount(counts.indices[counts.data != 0], minlength=n_terms)
        if not self.smooth_idf and not texts_with.all():
            raise ValueError(
                f"{type(self).__name__}: expected every term in at least one text with "
                f"smooth_idf=False, got none with {names(int(texts_with.argmin()))}, whose idf "
                "would be infinite. Leave smooth_idf at True."
            )
        above, below = int(self.smooth_idf is True), int(bool(self.smooth_idf))
        self.idf_ = np.log((n_texts + above) / (texts_with + below)) + 1

    def _weigh(self, counts: Any) -> Any:
        """tf, idf and norm in the place of the counts; the matrix must be ours."""
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        values = counts.data
        if self.sublinear_tf:
            if values.size and values.min() < 1:
                raise ValueError(
                    f"{type(self).__name__}: expected counts of at least 1 with sublinear_tf=True, "
                    f"got {values.min():g}, whose logarithm is negative. Use raw counts."
                )
            values = np.log(values) + 1
        if self.relative_tf:
            values = values / _row_sums(rows, np.abs(values), counts.shape[0])
        if self.use_idf:
            values = values * self.idf_[counts.indices]
        if self.norm == "l1":
            values = values / _row_sums(rows, np.abs(values), counts.shape[0])
        elif self.norm == "l2":
            largest = np.abs(values).max(initial=0) or 1  # squares stay numbers
            scaled = values / largest
            values = scaled / np.sqrt(_row_sums(rows, scaled * scaled, counts.shape[0]))
        counts.data = values.astype(counts.dtype)
        return counts


def _row_sums(rows: np.ndarray, values: np.ndarray, n_rows: int) -> np.ndarray:
    """For every value the sum of its row; 1 where that is 0."""
    sums = np.bincount(rows, values, n_rows)
    return np.where(sums, sums, 1)[rows]


class TfidfTransformer(_Weighting, Transformer, Estimator):
    """Weigh counts (n, terms) by TF-IDF: weight = tf * idf, and rows scaled to the length 1.

    Takes sparse and dense matrices, and returns SciPy CSR arrays. Rows of zeros stay so.

    Parameters
    ----------
    norm : "l2" or "l1": the sum of squares, or of absolute values, of a row becomes 1; or None.
    use_idf : False leaves idf away.
    smooth_idf : True for idf = ln((1 + N) / (1 + df)) + 1, as if one more text had every term;
        False for ln(N / df) + 1; "df" for ln(N / (1 + df)) + 1.
    sublinear_tf : tf = 1 + ln(count) in place of the count.
    relative_tf : tf = count / sum of the row, the share of the text's known words.

    Attributes
    ----------
    idf_ : shape (terms,), with use_idf.

    Source: K. Spärck Jones, A statistical interpretation of term specificity, 1972.

    >>> TfidfTransformer(norm=None, smooth_idf=False).fit_transform([[3, 1], [2, 0]]).toarray()
    array([[3.        , 1.69314718],
           [2.        , 0.        ]])
    """

    _sparse = True
    _parameters = _Weighting._weighting

    def __init__(
        self,
        *,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool | str = True,
        sublinear_tf: bool = False,
        relative_tf: bool = False,
    ) -> None:
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.relative_tf = relative_tf

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn idf from counts X (n, terms); y is ignored. Returns itself."""
        X = self._start_fit(X)
        self._learn_idf(scipy_sparse(type(self).__name__).csr_array(X), "column {}".format)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")  # without idf it learns nothing else

    def transform(self, X: Any) -> Any:
        """The weights of counts X (n, terms): a SciPy CSR array of the same shape."""
        X = self._input(X)
        return self._weigh(scipy_sparse(type(self).__name__).csr_array(X, copy=True))


class TfidfVectorizer(_Weighting, CountVectorizer):
    """Texts to TF-IDF weights: `CountVectorizer`, then `TfidfTransformer`, with the parameters of
    both; `dtype` is that of the weights.

    Attributes
    ----------
    vocabulary_ : dict term -> column, in the order of columns.
    idf_ : shape (terms,), with use_idf.

    >>> vectorizer = TfidfVectorizer()
    >>> vectorizer.fit_transform(["Tea for two", "tea for you"]).toarray().round(3)
    array([[0.502, 0.502, 0.705, 0.   ],
           [0.502, 0.502, 0.   , 0.705]])
    """

    _parameters = {
        **CountVectorizer._parameters,
        **_Weighting._weighting,
        "dtype": dtype_of("f", "a dtype of floating-point numbers"),
    }

    def __init__(
        self,
        *,
        strip_accents: str | None = None,
        lowercase: bool = True,
        preprocessor: Callable | None = None,
        tokenizer: Callable | None = None,
        stop_words: Any = None,
        token_pattern: str = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: str | Callable = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.float64,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool | str = True,
        sublinear_tf: bool = False,
        relative_tf: bool = False,
    ) -> None:
        super().__init__(
            strip_accents=strip_accents, lowercase=lowercase, preprocessor=preprocessor,
            tokenizer=tokenizer, stop_words=stop_words, token_pattern=token_pattern,
            ngram_range=ngram_range, analyzer=analyzer, max_df=max_df, min_df=min_df,
            max_features=max_features, vocabulary=vocabulary, binary=binary, dtype=dtype,
        )  # fmt: skip
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.relative_tf = relative_tf

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """`fit(X).transform(X)`, with the texts read once: a SciPy CSR array (texts, terms)."""
        counts = super().fit_transform(X)
        terms = list(self.vocabulary_)
        self._learn_idf(counts, lambda j: repr(terms[j]))
        return self._weigh(counts)

    def transform(self, X: Any) -> Any:
        """The weights of the known terms of texts X: a SciPy CSR array (texts, terms)."""
        if self.use_idf:
            self._check_fitted()  # a given vocabulary alone is not enough here
        return self._weigh(super().transform(X))
