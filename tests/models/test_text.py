"""Texts as numbers: the formulas by hand, scikit-learn's numbers, and the same order everywhere."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sklearn.feature_extraction.text as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

import tinygrad_ml as tg
from tinygrad_ml.data import load_sms_spam
from tinygrad_ml.estimator import clone
from tinygrad_ml.models import (
    CountVectorizer,
    MultinomialNB,
    TfidfTransformer,
    TfidfVectorizer,
)
from tinygrad_ml.models.stop_words import ENGLISH

TEXTS = ["The cat sat, the dog sat.", "A dog!", "", "cats and dogs and a cat"]
BOTH = [CountVectorizer, TfidfVectorizer]


def close(a, b):
    assert a.shape == b.shape and a.dtype == b.dtype
    tolerance = 1e-6 if a.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=tolerance, atol=1e-15)


# ------------------------------------------------------------------------------------- by hand


def test_counts_by_hand():
    vectorizer = CountVectorizer(token_pattern=r"\w+")
    counts = vectorizer.fit_transform(TEXTS)
    assert list(vectorizer.vocabulary_) == ["a", "and", "cat", "cats", "dog", "dogs", "sat", "the"]
    assert list(vectorizer.vocabulary_.values()) == list(range(8))
    assert counts.dtype == np.int64 and counts.has_canonical_format
    assert counts.toarray().tolist() == [
        [0, 0, 1, 0, 1, 0, 2, 2],
        [1, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [1, 2, 1, 1, 0, 1, 0, 0],
    ]
    assert vectorizer.transform(["a bird, a cat", "birds"]).toarray().tolist() == [
        [2, 0, 1, 0, 0, 0, 0, 0],
        [0] * 8,
    ]
    terms = [row.tolist() for row in vectorizer.inverse_transform(counts)]
    assert [" ".join(row) for row in terms] == [
        "cat dog sat the",
        "a dog",
        "",
        "a and cat cats dogs",
    ]
    assert [row.tolist() for row in vectorizer.inverse_transform(counts.toarray())] == terms


@pytest.mark.parametrize(
    "smooth,idf",
    [
        (True, np.log(np.array([5 / 2, 5 / 3, 5 / 2])) + 1),
        (False, np.log(np.array([4 / 1, 4 / 2, 4 / 1])) + 1),
        ("df", np.log(np.array([4 / 2, 4 / 3, 4 / 2])) + 1),
    ],
)
def test_tfidf_by_hand(smooth, idf):
    texts = ["tea tea milk", "tea", "sugar", ""]
    vectorizer = TfidfVectorizer(norm=None, smooth_idf=smooth, relative_tf=True)
    weights = vectorizer.fit_transform(texts).toarray()
    order = [0, 2, 1]  # milk, sugar, tea
    np.testing.assert_allclose(vectorizer.idf_, idf[order], rtol=1e-15)
    shares = np.array([[1 / 3, 0, 2 / 3], [0, 0, 1], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(weights, shares * idf[order], rtol=1e-15)
    normed = vectorizer.set_params(norm="l2").fit_transform(texts).toarray()
    np.testing.assert_allclose(np.linalg.norm(normed, axis=1), [1, 1, 1, 0])


# --------------------------------------------------------------------------------- scikit-learn

OPTIONS = [
    {},
    {"token_pattern": r"\w+"},
    {"token_pattern": r"\b(\w)\w*"},
    {"ngram_range": (1, 3), "min_df": 2, "max_df": 0.2},
    {"ngram_range": (2, 2), "min_df": 0.002},
    {"stop_words": ["the", "to"], "ngram_range": (1, 2)},
    {"analyzer": "char", "ngram_range": (2, 3)},
    {"analyzer": str.split},
    {"tokenizer": str.split, "token_pattern": None},
    {"preprocessor": str.upper},
    {"binary": True, "dtype": np.float32},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii", "lowercase": False},
    {"vocabulary": ["free", "call", "unseen"]},
    {"max_features": 1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", BOTH)
def test_as_scikit_learn(kind, options):
    X, _ = load_sms_spam()
    train = [*X[:600], "Café  crème, ÀÉÎ ﬁne", "été"]
    test = [*X[600:800], "cafe café"]
    theirs = getattr(peer, kind.__name__)(**options)
    ours = kind(**{k: v for k, v in options.items() if v is not None})
    close(ours.fit_transform(train), theirs.fit_transform(train))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    close(ours.transform(test), theirs.transform(test))
    close(kind(**ours.get_params()).fit(train).transform(test), theirs.transform(test))


@pytest.mark.parametrize(
    "options",
    [{"norm": "l1"}, {"norm": None, "smooth_idf": False}, {"sublinear_tf": True},
     {"use_idf": False}],
    ids=str,
)  # fmt: skip
def test_weighting_as_scikit_learn(options):
    X, _ = load_sms_spam()
    counts = peer.CountVectorizer().fit_transform(X[:300])
    expected = peer.TfidfTransformer(**options).fit_transform(counts)
    before = counts.copy()
    close(TfidfTransformer(**options).fit_transform(counts), expected)
    assert (counts != before).nnz == 0
    close(TfidfTransformer(**options).fit_transform(counts.toarray()), expected)
    close(TfidfVectorizer(**options).fit_transform(X[:300]), expected)


KINDS = st.sampled_from(["char", "char_wb", "word"])


@settings(max_examples=60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), KINDS)
def test_any_text(texts, analyzer):
    options = {"analyzer": analyzer, "ngram_range": (2, 4 if analyzer != "word" else 2)}
    theirs, ours = peer.CountVectorizer(**options), CountVectorizer(**options)
    try:
        expected = theirs.fit_transform(texts)
    except ValueError:
        with pytest.raises(ValueError, match="at least one word"):
            ours.fit(texts)
        return
    close(ours.fit_transform(texts), expected)
    assert list(ours.vocabulary_) == theirs.get_feature_names_out().tolist()


def test_char_wb_stays_within_words():
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(3, 3))
    assert vectorizer.build_analyzer()("Hi you") == [" hi", "hi ", " yo", "you", "ou "]
    assert CountVectorizer(analyzer="char_wb", ngram_range=(5, 6)).build_analyzer()("I see") == [
        " i ", " see "
    ]  # fmt: skip


def test_equal_terms_at_the_limit_go_by_the_alphabet():
    vectorizer = CountVectorizer(max_features=2).fit(["dog cat bird bird emu"])
    assert list(vectorizer.vocabulary_) == ["bird", "cat"]


# ------------------------------------------------------------------------------------ the corpus


@pytest.mark.parametrize("repeated,accuracy,f1", [(True, 0.987, 0.951), (False, 0.986, 0.942)])
def test_spam(repeated, accuracy, f1):
    X, y = load_sms_spam()
    if not repeated:
        first = np.sort(np.unique(X, return_index=True)[1])
        assert len(X) - len(first) == 414
        X, y = X[first], y[first]
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        model = make_pipeline(CountVectorizer(token_pattern=r"\w+"), MultinomialNB())
        predicted = model.fit(X[train], y[train]).predict(X[test])
        scores.append((np.mean(predicted == y[test]), f1_score(y[test], predicted)))
    assert np.mean(scores, axis=0).round(3).tolist() == [accuracy, f1]


def test_the_vocabulary_is_the_same_in_every_process():
    program = (
        "from tinygrad_ml.models import CountVectorizer as C\n"
        "texts = ['tea for two', 'two for tea', 'coffee', 'milk and sugar']\n"
        "print(C().fit(texts).vocabulary_, C(max_features=3).fit(texts).vocabulary_,\n"
        "      C(vocabulary={'b', 'a', 'c'}).fit(texts).vocabulary_)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


# --------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize("kind", BOTH)
def test_saved_loaded_cloned(kind, tmp_path):
    vectorizer = kind(ngram_range=(1, 2), min_df=2, stop_words=["the"])
    expected = vectorizer.fit_transform(TEXTS)
    tg.save(vectorizer, tmp_path / "model")
    again = tg.load(tmp_path / "model")
    close(again.transform(TEXTS), expected)
    assert repr(again) == repr(vectorizer) == repr(clone(vectorizer))
    close(clone(again).fit_transform(TEXTS), expected)


def test_a_given_vocabulary_needs_no_fit():
    counts = CountVectorizer(vocabulary={"dog": 1, "cat": 0}).transform(TEXTS)
    assert counts.toarray().tolist() == [[1, 1], [0, 1], [0, 0], [1, 0]]
    with pytest.raises(ValueError, match="not fitted"):
        TfidfVectorizer(vocabulary=["dog"]).transform(TEXTS)
    assert TfidfVectorizer(vocabulary=["dog"], use_idf=False).transform(TEXTS).sum() == 2


def test_refitting_forgets():
    vectorizer = TfidfVectorizer().fit(TEXTS)
    vectorizer.set_params(use_idf=False).fit(["one two"])
    assert list(vectorizer.vocabulary_) == ["one", "two"] and not hasattr(vectorizer, "idf_")


def test_stop_words_are_words():
    analyze = CountVectorizer().build_analyzer()
    assert all(analyze(word) == [word] for word in ENGLISH if len(word) > 1)
    assert list(CountVectorizer(stop_words="english").fit(TEXTS).vocabulary_) == [
        "cat", "cats", "dog", "dogs", "sat"
    ]  # fmt: skip
    with pytest.warns(UserWarning, match="'The', \"don't\" .2 in all., which will never be met"):
        CountVectorizer(stop_words=["The", "don't", "dog"]).fit(TEXTS)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_ml\[classical\]"'):
        CountVectorizer().fit(TEXTS)


# -------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "texts,message",
    [
        ("one text", r"a list of texts, got str 'one text'"),
        (b"bytes", "a list of texts, got bytes"),
        (5, "a list of texts, got int 5"),
        (None, "a list of texts, got NoneType"),
        (np.array("text"), "a list of texts, got 'text'"),
        ({"a": 1}, "a list of texts, got dict"),
        (["text", None], "got None of type NoneType at place 1"),
        ([float("nan")], "got nan of type float at place 0"),
        ([b"text"], "got b'text' of type bytes at place 0"),
        ([["some", "words"]], "of type list at place 0"),
        ([], "at least one word in the texts, got none"),
        (["", "a I"], "at least one word in the texts, got none"),
    ],
)
def test_no_texts(texts, message):
    with pytest.raises(ValueError, match=message):
        CountVectorizer().fit(texts)


def test_a_data_frame_is_no_list_of_texts():
    import pandas as pd

    frame = pd.DataFrame({"text": TEXTS})
    with pytest.raises(ValueError, match="a column X\\['name'\\] of it"):
        CountVectorizer().fit(frame)
    assert CountVectorizer().fit_transform(frame["text"]).shape == (4, 7)


@pytest.mark.parametrize(
    "options,message",
    [
        ({"min_df": 0}, "min_df must be a positive integer or a share"),
        ({"min_df": True}, "min_df must be"),
        ({"max_df": 1.5}, "max_df must be"),
        ({"min_df": 4}, "at least 4 and at most 4 of the 4 texts, got none: 7 terms stand in 1"),
        ({"max_features": 0}, "max_features must be"),
        ({"ngram_range": (2, 1)}, "ngram_range must be a pair"),
        ({"ngram_range": 2}, "ngram_range must be a pair"),
        ({"ngram_range": (9, 9)}, "at least one word"),
        ({"stop_words": "german"}, "stop_words must be 'english' or a list"),
        ({"stop_words": [1]}, "stop_words must be texts, got 1"),
        ({"token_pattern": "("}, "token_pattern must be a regular expression, got '\\('"),
        ({"token_pattern": "(a)(b)"}, "token_pattern must have one group at most, got 2"),
        ({"analyzer": "words"}, "analyzer must be 'word' or 'char' or 'char_wb' or a function"),
        ({"analyzer": "char", "stop_words": ["a"]}, "stop_words must be None with analyzer='char'"),
        ({"analyzer": lambda text: 1}, "expected a list of texts from analyzer"),
        ({"tokenizer": lambda text: [1]}, "expected terms that are texts, got 1"),
        ({"preprocessor": lambda text: 1}, "expected a list of texts from analyzer"),
        ({"vocabulary": []}, "vocabulary must be one text or more"),
        ({"vocabulary": ["a", "a"]}, "vocabulary must have every term once, got 'a' twice"),
        ({"vocabulary": {"a": 1}}, "the columns 0 to 0, each once"),
        ({"vocabulary": "cat"}, "vocabulary must be a list of texts"),
        ({"dtype": str}, "dtype must be a dtype of real numbers"),
        ({"lowercase": 1}, "lowercase must be True or False"),
    ],
    ids=lambda each: str(each).partition(" at 0x")[0],
)
def test_wrong_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        CountVectorizer(**options).fit(TEXTS)


@pytest.mark.parametrize(
    "options,message",
    [
        ({"norm": "l3"}, "norm must be 'l1' or 'l2' or None"),
        ({"smooth_idf": "idf"}, "smooth_idf must be True or False or 'df'"),
        ({"smooth_idf": False, "vocabulary": ["cat", "zebra"]}, "none with 'zebra'"),
        ({"relative_tf": True, "sublinear_tf": True}, "sublinear_tf must be False"),
        ({"dtype": int}, "dtype must be a dtype of floating-point numbers"),
    ],
)
def test_wrong_weighting(options, message):
    with pytest.raises(ValueError, match=message):
        TfidfVectorizer(**options).fit(TEXTS)


def test_mistakes_after_fit():
    with pytest.raises(ValueError, match="not fitted"):
        CountVectorizer().transform(TEXTS)
    vectorizer = CountVectorizer().fit(TEXTS)
    with pytest.raises(ValueError, match="rows of 7 terms, got 2"):
        vectorizer.inverse_transform([[1, 2]])
    with pytest.raises(ValueError, match="counts of at least 1 with sublinear_tf=True, got 0.5"):
        TfidfTransformer(sublinear_tf=True).fit_transform([[0.5, 1.0]])
    with pytest.raises(ValueError, match="none with column 1"):
        TfidfTransformer(smooth_idf=False).fit(csr_matrix([[1, 0], [2, 0]]))
