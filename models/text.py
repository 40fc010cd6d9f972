"""Texts as rows of numbers: how often each word of a vocabulary stands in each text.

A text is cut into terms (words, pairs of words, letters); the vocabulary is the sorted list of the
terms that occur often enough. Few words stand in any one text, so the rows are sparse.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Estimator, Transformer
from tinygrad_ml.validation import (
    BOOLEAN,
    FUNCTION,
    NOTHING,
    Accepts,
    check_parameters,
    check_samples,
    choice,
    integer,
    is_integer,
    is_number,
    scipy_sparse,
)

from .terms import TermFinder

SHARE = Accepts(
    "a share from 0.0 to 1.0",
    lambda v: is_number(v) and not is_integer(v) and 0 <= v <= 1,
)
RANGE = Accepts(
    "a pair (least, most) of positive integers, least first",
    lambda v: isinstance(v, (tuple, list)) and len(v) == 2 and all(map(is_integer, v))
    and 1 <= v[0] <= v[1],
)  # fmt: skip
TERMS = Accepts(
    "a list of texts", lambda v: isinstance(v, (list, tuple, set, frozenset, np.ndarray))
)
TABLE = Accepts("a dict from terms to columns", lambda v: isinstance(v, dict))
PATTERN = Accepts("a regular expression", lambda v: isinstance(v, (str, re.Pattern)))


def dtype_of(kinds: str, words: str) -> Accepts:
    """A dtype of one of NumPy's `kinds`, such as "f"."""

    def test(value: Any) -> bool:
        try:
            return value is not None and np.dtype(value).kind in kinds
        except TypeError:
            return False

    return Accepts(words, test)


class CountVectorizer(Transformer, TermFinder, Estimator):
    r"""Count the words of texts: n texts become a sparse matrix (n, terms).

    Terms are found in four steps: lower case and accents, words by a regular expression, stop
    words out, runs of `ngram_range` words. Columns follow the sorted terms, in every process alike.
    Words that are not in the vocabulary are not counted, so a text without known words is a row of
    zeros; classifiers then answer by what they know without it.

    Parameters
    ----------
    strip_accents : None; "unicode" leaves the letters without their marks, "ascii" keeps ASCII.
    lowercase : whether "The" and "the" are one word.
    preprocessor : function text -> text in place of the two above.
    tokenizer : function text -> list of words in place of `token_pattern`.
    stop_words : None, "english" (a short built-in list), or a list of words to leave out.
    token_pattern : what a word is; with a group in it, the group is the word. The default takes
        two letters, digits or underscores and more; r"\w+" takes "I" and "4" too, which is often
        better for short texts.
    ngram_range : (least, most) words, or letters, that make a term.
    analyzer : "word"; "char" for runs of letters, "char_wb" for those within a word with a space
        on both sides; or a function text -> terms that does everything itself.
    max_df, min_df : leave out terms that stand in more, in fewer texts: a number of texts (int) or
        a share of them (float).
    max_features : keep this many terms, those with most occurrences, the first of equal ones.
    vocabulary : the terms, as a list or as a dict term -> column, instead of learned ones. `fit`
        is not needed then.
    binary : 1 for every term that occurs.
    dtype : of the counts.

    Attributes
    ----------
    vocabulary_ : dict term -> column, in the order of columns.

    Needs SciPy: pip install "tinygrad_ml[classical]". Source: Z. S. Harris, Distributional
    structure, 1954 (the bag of words).

    >>> vectorizer = CountVectorizer()
    >>> vectorizer.fit_transform(["Tea for two, and two for tea", "Tea!"]).toarray()
    array([[1, 2, 2, 2],
           [0, 0, 1, 0]])
    >>> vectorizer.vocabulary_
    {'and': 0, 'for': 1, 'tea': 2, 'two': 3}
    """

    _parameters = {
        "strip_accents": choice("unicode", "ascii") | NOTHING,
        "lowercase": BOOLEAN,
        "preprocessor": FUNCTION | NOTHING,
        "tokenizer": FUNCTION | NOTHING,
        "stop_words": choice("english") | TERMS | NOTHING,
        "token_pattern": PATTERN,
        "ngram_range": RANGE,
        "analyzer": choice("word", "char", "char_wb") | FUNCTION,
        "max_df": integer() | SHARE,
        "min_df": integer() | SHARE,
        "max_features": integer() | NOTHING,
        "vocabulary": TERMS | TABLE | NOTHING,
        "binary": BOOLEAN,
        "dtype": dtype_of("iuf", "a dtype of real numbers"),
    }

    vocabulary_: dict[str, int]

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
        dtype: Any = np.int64,
    ) -> None:
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary of texts X; y is ignored. Returns itself.

        Raises ValueError if no term is left.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """`fit(X).transform(X)`, with the texts read once: a SciPy CSR array (texts, terms)."""
        check_parameters(self, self._parameters)
        scipy_sparse(type(self).__name__)  # before the work, if it is missing
        texts = self._texts(X)
        for name in self._learned():
            delattr(self, name)
        if self.vocabulary is not None:
            self.vocabulary_ = self._given_vocabulary()
            return CountVectorizer.transform(self, texts)
        found: defaultdict[str, int] = defaultdict()
        found.default_factory = found.__len__  # a new term gets the next number
        numbers, starts = self._occurrences(texts, lambda terms: map(found.__getitem__, terms))
        terms = self._sorted_terms(found)
        place = np.empty(len(terms), np.intc)
        place[[found[term] for term in terms]] = np.arange(len(terms), dtype=np.intc)
        counts = self._counts(place[numbers], starts, len(terms))
        kept = self._kept(counts, len(texts))
        self.vocabulary_ = {terms[j]: i for i, j in enumerate(kept.tolist())}
        return counts if len(kept) == len(terms) else counts[:, kept]

    def transform(self, X: Any) -> Any:
        """Count the known terms of texts X: a SciPy CSR array (texts, terms)."""
        if self.vocabulary is not None and not hasattr(self, "vocabulary_"):
            check_parameters(self, self._parameters)
            self.vocabulary_ = self._given_vocabulary()
        self._check_fitted()
        get = self.vocabulary_.get
        numbers, starts = self._occurrences(
            self._texts(X), lambda terms: map(get, terms, repeat(-1))
        )
        return self._counts(numbers, starts, len(self.vocabulary_))

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """The terms that are not 0 in each row of X (n, terms): a list of arrays of terms."""
        self._check_fitted()
        X = scipy_sparse(type(self).__name__).csr_array(
            check_samples(X, type(self).__name__, sparse=True), copy=True
        )
        terms = self.get_feature_names_out()
        if X.shape[1] != len(terms):
            raise ValueError(
                f"{type(self).__name__}: expected rows of {len(terms)} terms, got {X.shape[1]}. "
                "Give it what transform returns."
            )
        X.eliminate_zeros()
        return [terms[X.indices[a:b]] for a, b in zip(X.indptr, X.indptr[1:])]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The terms in the order of columns, shape (terms,)."""
        self._check_fitted()
        return np.array(sorted(self.vocabulary_, key=self.vocabulary_.__getitem__), dtype=object)

    def _texts(self, X: Any) -> list[str]:
        owner = type(self).__name__
        if isinstance(X, (str, bytes, dict)) or hasattr(X, "columns") or not hasattr(X, "__iter__"):
            advice = "column X['name'] of it" if hasattr(X, "columns") else "list, [text] for one"
            raise ValueError(
                f"{owner}: expected a list of texts, got {type(X).__name__} {X!r:.40}. "
                f"Give it a {advice}."
            )
        # A 0-d array has the attribute __iter__ and cannot be iterated over.
        texts = X.tolist() if hasattr(X, "tolist") else list(X)
        if not isinstance(texts, list):
            raise ValueError(f"{owner}: expected a list of texts, got {texts!r:.40}. Write [text].")
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise ValueError(
                    f"{owner}: expected texts (str), got {text!r:.40} of type "
                    f"{type(text).__name__} at place {i}. Leave missing texts out or write '', "
                    "make numbers texts with str, decode bytes."
                )
        return texts

    def _occurrences(
        self, texts: list[str], number: Callable[[Iterable[str]], Iterable[int]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The numbers (from 0 on) of all terms one after another, and where each text begins."""
        analyze = self.build_analyzer()
        columns, ends = array("i"), array("q", [0])
        try:
            for text in texts:
                columns.extend(number(analyze(text)))
                ends.append(len(columns))
        except TypeError as error:
            raise ValueError(
                f"{type(self).__name__}: expected a list of texts from analyzer, tokenizer or "
                f"preprocessor, got something else ({error}). Try build_analyzer()(text)."
            ) from error
        numbers, starts = np.array(columns, np.intc), np.array(ends, np.int64)
        known = numbers >= 0
        return numbers[known], np.concatenate([[0], np.cumsum(known)])[starts]

    def _counts(self, columns: np.ndarray, starts: np.ndarray, n_terms: int) -> Any:
        ones = np.ones(len(columns), self.dtype)
        shape = (len(starts) - 1, n_terms)
        counts = scipy_sparse(type(self).__name__).csr_array((ones, columns, starts), shape=shape)
        counts.sum_duplicates()
        if self.binary:
            counts.data[:] = 1
        return counts

    def _sorted_terms(self, found: dict[str, int]) -> list[str]:
        owner = type(self).__name__
        for term in found:
            if not isinstance(term, str):
                raise ValueError(
                    f"{owner}: expected terms that are texts, got {term!r:.40}. Let analyzer or "
                    "tokenizer return texts."
                )
        if not found:
            raise ValueError(
                f"{owner}: expected at least one word in the texts, got none. Are they empty, only "
                "stop words, or shorter than token_pattern (r'\\w+' takes all) or ngram_range?"
            )
        return sorted(found)

    def _kept(self, counts: Any, n_texts: int) -> np.ndarray:
        """The columns that min_df, max_df and max_features leave, ascending."""
        texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
        least, most = (
            bound if is_integer(bound) else bound * n_texts for bound in (self.min_df, self.max_df)
        )
        kept = np.flatnonzero((texts_with >= least) & (texts_with <= most))
        if not len(kept):
            raise ValueError(
                f"{type(self).__name__}: expected terms in at least {least:g} and at most "
                f"{most:g} of the {n_texts} texts, got none: {counts.shape[1]} terms stand in "
                f"{texts_with.min()} to {texts_with.max()} texts. Lower min_df "
                f"({self.min_df!r}) or raise max_df ({self.max_df!r})."
            )
        if self.max_features is not None:
            occurrences = np.bincount(counts.indices, counts.data, counts.shape[1])[kept]
            kept = np.sort(kept[np.argsort(-occurrences, kind="stable")[: self.max_features]])
        return kept

    def _given_vocabulary(self) -> dict[str, int]:
        owner, given = type(self).__name__, self.vocabulary
        if isinstance(given, dict):
            columns, terms = list(given.values()), list(given)
            if not all(map(is_integer, columns)) or sorted(columns) != list(range(len(columns))):
                raise ValueError(
                    f"{owner}: vocabulary must give its {len(columns)} terms the columns 0 to "
                    f"{len(columns) - 1}, each once, got {given!r:.60}. Give it a list of terms."
                )
            terms.sort(key=given.__getitem__)
        else:
            terms = sorted(given) if isinstance(given, (set, frozenset)) else list(given)
        if not terms or not all(isinstance(term, str) for term in terms):
            raise ValueError(
                f"{owner}: vocabulary must be one text or more, got {given!r:.60}. Leave it out to "
                "learn it."
            )
        table = {str(term): i for i, term in enumerate(terms)}
        if len(table) < len(terms):
            twice = next(term for i, term in enumerate(terms) if table[term] != i)
            raise ValueError(
                f"{owner}: vocabulary must have every term once, got {twice!r:.40} twice. "
                "Write list(dict.fromkeys(vocabulary))."
            )
        return table

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags
