"""Scalers, encoders, imputing and polynomials beside scikit-learn's, and what goes wrong."""

import warnings

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
import sklearn.preprocessing as theirs
from hypothesis import given, settings
from sklearn.impute import SimpleImputer as TheirImputer

import tinygrad_ml as tg
from tinygrad_ml import preprocessing as ours
from tinygrad_ml.estimator import NotFittedError


@st.composite
def matrices(draw):
    """(generator, X without NaN, X with NaN): few rows, units far apart, constant columns."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    X = rng.normal(size=(n, d)).round(draw(st.integers(0, 2))) * 10.0 ** rng.integers(-3, 4, d)
    if draw(st.booleans()):
        X[:, 0] = 0.1
    holes = np.where(rng.random(X.shape) < draw(st.sampled_from([0, 0.3, 0.8])), np.nan, X)
    return rng, X, holes


def close(one, other, message=""):
    one, other = (each.toarray() if hasattr(each, "toarray") else each for each in (one, other))
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10, err_msg=str(message))


def both(name, fitted_on, **options):
    yield getattr(ours, name)(**options).fit(fitted_on)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield getattr(theirs, name)(**options).fit(fitted_on)


# ------------------------------------------------------------------------------------ scalers


@settings(max_examples=60, deadline=None)
@given(matrices(), st.booleans(), st.booleans())
def test_standard_scaler(drawn, with_mean, with_std):
    _, X, holes = drawn
    options = {"with_mean": with_mean, "with_std": with_std}
    one, other = both("StandardScaler", holes, **options)
    close(one.transform(holes), other.transform(holes))
    close(one.inverse_transform(X), other.inverse_transform(X))
    close(one.mean_, one.mean_ if other.mean_ is None else other.mean_)
    if with_std:
        close(one.scale_, other.scale_)
        close(one.var_, other.var_)
    close(one.n_samples_seen_, other.n_samples_seen_)


@settings(max_examples=30, deadline=None)
@given(matrices())
def test_standard_scaler_with_weights_and_sparse(drawn):
    rng, X, _ = drawn
    weights = rng.integers(0, 3, len(X)) * 1.0
    weights[0] = 1
    thin = sparse.csr_array(X * (rng.random(X.shape) < 0.5))
    for data, options in ((X, {}), (thin, {"with_mean": False})):
        for given_weights in (None, weights):
            one = ours.StandardScaler(**options).fit(data, sample_weight=given_weights)
            other = theirs.StandardScaler(**options).fit(data, sample_weight=given_weights)
            close(one.transform(data), other.transform(data))
            close(one.inverse_transform(data), other.inverse_transform(data))
            close(one.var_, other.var_)


@settings(max_examples=40, deadline=None)
@given(matrices(), st.sampled_from([(0, 1), (-2, 5.5)]), st.booleans())
def test_other_scalers(drawn, feature_range, clip):
    rng, X, holes = drawn
    one, other = both("MinMaxScaler", holes, feature_range=feature_range, clip=clip)
    close(one.transform(X * 2), other.transform(X * 2))
    close(one.inverse_transform(X), other.inverse_transform(X))
    close(one.scale_, other.scale_)
    close(one.min_, other.min_)
    thin = sparse.csr_array(X * (rng.random(X.shape) < 0.5))
    for data in (X, thin):
        one, other = both("MaxAbsScaler", data)
        close(one.transform(data), other.transform(data))
        close(one.inverse_transform(data), other.inverse_transform(data))
        for norm in ("l1", "l2", "max"):
            one, other = both("Normalizer", data, norm=norm)
            close(one.transform(data), other.transform(data))


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "Normalizer"])
@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_scaling_does_not_depend_on_the_unit(name, factor):
    X = np.array([[1.0, 4.0], [2.0, -3.0], [4.0, 0.5]])
    kind = getattr(ours, name)
    close(kind().fit_transform(X * factor), kind().fit_transform(X))


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "Normalizer"])
def test_float32_stays_and_nothing_is_changed(name):
    X = np.random.default_rng(0).normal(1e3, 1, (50, 3))
    scaler = getattr(ours, name)().fit(X.astype(np.float32))
    small = X.astype(np.float32)
    small.flags.writeable = False
    out = scaler.transform(small)
    assert out.dtype == np.float32
    close(out.astype(float) / 1e3, scaler.transform(small.astype(float)) / 1e3)
    assert scaler.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    assert getattr(ours, name)().fit(frame).get_feature_names_out().tolist() == ["a", "b", "c"]


def test_a_constant_column_becomes_exactly_zero():
    X = np.full((7, 2), 0.1)
    assert not ours.StandardScaler().fit_transform(X).any()
    assert not ours.MinMaxScaler().fit_transform(X).any()
    assert ours.StandardScaler().fit(X).var_.tolist() == [0, 0]


# ----------------------------------------------------------------------------------- encoders


@st.composite
def tables(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    numbers = rng.integers(0, 3, (draw(st.integers(1, 7)), draw(st.integers(1, 3))))
    names = draw(st.sampled_from([
        np.array([5, -1, 3]),
        np.array([0.5, 2.0, np.nan]),
        np.array(["x", "yy", "z"]),
        np.array(["x", "yy", "z"], dtype=object),
        np.array(["x", "yy", None], dtype=object),
        np.array(["x", np.nan, None], dtype=object),
    ]))  # fmt: skip
    return names[numbers]


ONE_HOT = [
    {},
    {"drop": "first"},
    {"drop": "if_binary"},
    {"sparse_output": False, "handle_unknown": "ignore"},
    {"drop": "first", "dtype": np.float32, "handle_unknown": "ignore"},
]
ORDINAL = [
    {},
    {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    {"handle_unknown": "use_encoded_value", "unknown_value": -1, "encoded_missing_value": -2},
]


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(ONE_HOT))
def test_one_hot_encoder(table, options):
    one, other = both("OneHotEncoder", table, **options)
    first, second = one.transform(table), other.transform(table)
    assert type(first).__name__ == type(second).__name__ and first.dtype == second.dtype
    close(first, second)
    assert list(one.get_feature_names_out()) == list(other.get_feature_names_out())
    for mine, yours in zip(one.categories_, other.categories_, strict=True):
        assert str(mine.tolist()) == str(yours.tolist())
    if first.shape[1]:
        assert str(one.inverse_transform(first).tolist()) == str(table.tolist())
    if "handle_unknown" in options:
        one, other = both("OneHotEncoder", table[: len(table) // 2 + 1], **options)
        first, second = one.transform(table), other.transform(table)
        close(first, second)
        if first.shape[1]:
            back = one.inverse_transform(first), other.inverse_transform(second)
            assert str(back[0].tolist()) == str(back[1].tolist())


@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(ORDINAL))
def test_ordinal_encoder(table, options):
    known = table[: len(table) // 2 + 1] if options else table
    one, other = both("OrdinalEncoder", known, **options)
    first, second = one.transform(table), other.transform(table)
    close(first, second)
    back = one.inverse_transform(first), other.inverse_transform(second)
    assert str(back[0].tolist()) == str(back[1].tolist())


def test_encoders_keep_the_kind_of_each_column():
    rows = [["red", 1, True], ["blue", 2, False], ["red", 2, True]]
    frame = pd.DataFrame(rows, columns=["colour", "size", "new"])
    for table in (rows, frame, np.array(rows, dtype=object)):
        encoder = ours.OneHotEncoder(sparse_output=False).fit(table)
        assert [each.tolist() for each in encoder.categories_] == [
            ["blue", "red"], [1, 2], [False, True]
        ]  # fmt: skip
        assert encoder.inverse_transform(encoder.transform(table)).tolist() == rows
    assert encoder.get_feature_names_out(["a", "b", "c"]).tolist()[0] == "a_blue"
    frame["size"] = pd.array([1, None, 2], dtype="Int64")
    names = ours.OneHotEncoder().fit(frame).get_feature_names_out().tolist()
    assert names[2:5] == ["size_1", "size_2", "size_nan"]
    kinds = pd.DataFrame({"kind": pd.Categorical(["b", "a", "b"])})
    assert ours.OrdinalEncoder().fit_transform(kinds).ravel().tolist() == [1, 0, 1]


def test_given_categories_and_drops():
    encoder = ours.OneHotEncoder(categories=[["s", "m", "l"]], drop=["m"], sparse_output=False)
    assert encoder.fit_transform([["l"], ["m"], ["s"]]).tolist() == [[0, 1], [0, 0], [1, 0]]
    assert encoder.inverse_transform([[0, 1], [0, 0]]).tolist() == [["l"], ["m"]]
    ordinal = ours.OrdinalEncoder(categories=[["s", "m", "l"]], dtype=np.int32)
    assert ordinal.fit_transform([["l"], ["s"]]).ravel().tolist() == [2, 0]


def test_label_encoder():
    for labels in (["b", "a", "b"], [10, -3, 10], [True, False], np.array(["b", "a"], object)):
        encoder, other = ours.LabelEncoder(), theirs.LabelEncoder()
        numbers = encoder.fit_transform(labels)
        assert numbers.tolist() == other.fit_transform(labels).tolist()
        assert encoder.fit(labels).transform(labels).tolist() == numbers.tolist()
        assert encoder.inverse_transform(numbers).tolist() == list(labels)
    with pytest.raises(ValueError, match="labels of one kind in y, got texts and for example 1"):
        ours.LabelEncoder().fit([1, "a"])
    with pytest.raises(ValueError, match="expected the labels of fit, got 'z'"):
        ours.LabelEncoder().fit(["a", "b"]).transform(["z"])
    with pytest.raises(ValueError, match="expected integers from 0 to 1, got"):
        ours.LabelEncoder().fit(["a", "b"]).inverse_transform([0, 2])
    with pytest.raises(NotFittedError, match="LabelEncoder: this estimator is not fitted yet"):
        ours.LabelEncoder().transform([0])


# ----------------------------------------------------------------- imputing and polynomials


@pytest.mark.filterwarnings("ignore:SimpleImputer. no value", "ignore:Skipping features")
@settings(max_examples=40, deadline=None)
@given(matrices(), st.booleans())
def test_simple_imputer(drawn, keep):
    _, _, holes = drawn
    for strategy in ("mean", "median", "most_frequent", "constant"):
        one = ours.SimpleImputer(strategy=strategy, keep_empty_features=keep).fit(holes)
        other = TheirImputer(strategy=strategy, keep_empty_features=keep).fit(holes)
        close(one.statistics_, other.statistics_.astype(float), strategy)
        close(one.transform(holes), other.transform(holes), strategy)
        assert list(one.get_feature_names_out()) == list(other.get_feature_names_out())


def test_imputing_texts_and_other_signs():
    table = np.array([["a", None], ["b", "x"], ["b", np.nan]], dtype=object)
    filled = ours.SimpleImputer(strategy="most_frequent").fit_transform(table)
    assert filled.tolist() == [["a", "x"], ["b", "x"], ["b", "x"]]
    filled = ours.SimpleImputer(strategy="constant").fit_transform(table)
    assert filled.tolist()[0] == ["a", "missing_value"]
    filled = ours.SimpleImputer(missing_values=-1).fit_transform([[1.0], [-1.0], [3.0]])
    assert filled.ravel().tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="X without NaN, as -1 stands for missing"):
        ours.SimpleImputer(missing_values=-1).fit([[np.nan]])
    with pytest.raises(
        ValueError, match="fill_value must be a finite number for columns of numbers"
    ):
        ours.SimpleImputer(strategy="constant", fill_value="a").fit([[1.0]])
    with pytest.warns(UserWarning, match=r"no value was seen in column\(s\) \[0\]"):
        assert ours.SimpleImputer().fit_transform([[np.nan, 1.0]]).shape == (1, 1)


@settings(max_examples=30, deadline=None)
@given(matrices(), st.sampled_from([0, 1, 2, 3, (2, 3), (0, 2)]), st.booleans(), st.booleans())
def test_polynomials(drawn, degree, interaction_only, include_bias):
    _, X, _ = drawn
    options = {"interaction_only": interaction_only, "include_bias": include_bias}
    try:
        other = theirs.PolynomialFeatures(degree, **options).fit(X)
    except ValueError:
        with pytest.raises(ValueError, match="at least one column to make"):
            ours.PolynomialFeatures(degree, **options).fit(X)
        return
    if other.n_output_features_ == 0:
        return
    one = ours.PolynomialFeatures(degree, **options).fit(X)
    close(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.powers_, other.powers_)
    assert list(one.get_feature_names_out()) == list(other.get_feature_names_out())
    assert one.transform(X.astype(np.float32)).dtype == np.float32


# ---------------------------------------------------------------------------------- mistakes

X = np.array([[1.0, 2.0], [3.0, 4.0]])
MISTAKES = [
    (lambda: ours.StandardScaler().transform(X), "not fitted yet"),
    (lambda: ours.StandardScaler().fit([1, 2]), "Reshape your data"),
    (lambda: ours.StandardScaler().fit([["a"]]), "hold numbers, got for example 'a'"),
    (lambda: ours.StandardScaler().fit(X[:0]), "0 sample"),
    (lambda: ours.StandardScaler().fit([[np.inf]]), "got inf"),
    (lambda: ours.StandardScaler().fit(X).transform(X.T[:, :1]), "X has 1 features"),
    (lambda: ours.StandardScaler(with_mean=1).fit(X), "with_mean must be True or False, got 1"),
    (lambda: ours.StandardScaler().fit(sparse.csr_array(X)), "sparse"),
    (lambda: ours.StandardScaler().fit(X, sample_weight=[0, 0]), "every sample_weight is zero"),
    (lambda: ours.MinMaxScaler((1, 0)).fit(X), "feature_range must be"),
    (lambda: ours.MinMaxScaler().fit([[-1.7e308], [1.7e308]]), "max - min is a finite number"),
    (lambda: ours.Normalizer("l3").fit(X), "norm must be 'l1' or 'l2' or 'max', got 'l3'"),
    (lambda: ours.Normalizer().fit([[np.nan]]), "got NaN"),
    (lambda: ours.OneHotEncoder().fit(["a", "b"]), "Reshape your data"),
    (lambda: ours.OneHotEncoder().fit([["a", 1], ["b"]]), "rows of different lengths"),
    (lambda: ours.OneHotEncoder().fit([["a"]]).transform([["b"]]), "column 0, got 'b'.*'ignore'"),
    (lambda: ours.OneHotEncoder(drop="last").fit([["a"]]), "drop must be"),
    (lambda: ours.OneHotEncoder(drop=["z"]).fit([["a"]]), r"drop\[0\] to be one of"),
    (lambda: ours.OneHotEncoder(drop=["a", "b"]).fit([["a"]]), "one category per column"),
    (lambda: ours.OneHotEncoder(categories=[[2, 1]]).fit([[1]]), "Unsorted categories"),
    (lambda: ours.OneHotEncoder(categories=[["a", "a"]]).fit([["a"]]), "every category once"),
    (lambda: ours.OneHotEncoder(categories=[["a"]]).fit([["b"]]), "got 'b'"),
    (lambda: ours.OneHotEncoder(categories=[["a"]]).fit([["a", "b"]]), "one entry per column"),
    (lambda: ours.OneHotEncoder().fit([["a"], ["b"]]).inverse_transform([[1]]), "with 2 columns"),
    (lambda: ours.OneHotEncoder().fit([["a"]]).inverse_transform([[0]]), "zeros only for feature"),
    (lambda: ours.OneHotEncoder(dtype=str).fit([["a"]]), "dtype must be a NumPy number type"),
    (lambda: ours.OrdinalEncoder(handle_unknown="use_encoded_value").fit(X), "unknown_value must"),
    (lambda: ours.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=1).fit(X),
     "not be the number of a category"),
    (lambda: ours.OrdinalEncoder(dtype=int).fit([[np.nan]]), "encoded_missing_value must be an i"),
    (lambda: ours.OrdinalEncoder().fit(X).inverse_transform(X), "0 to 1, in column 0, got 3"),
    (lambda: ours.SimpleImputer(strategy="mode").fit(X), "strategy must be"),
    (lambda: ours.SimpleImputer().fit([["a"]]), "hold numbers"),
    (lambda: ours.PolynomialFeatures(-1).fit(X), "degree must be an integer of at least 0"),
    (lambda: ours.PolynomialFeatures(2.0).fit(X), "degree must be"),
    (lambda: ours.PolynomialFeatures().fit_transform(X * 1e200), "finite numbers, got inf"),
    (lambda: ours.StandardScaler().fit(X).get_feature_names_out(["a"]), "number of features, 2"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes(number):
    call, sentence = MISTAKES[number]
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()


def test_a_mixed_column_says_so():
    with pytest.raises(TypeError, match="all strings or all numbers, got int and str"):
        ours.OneHotEncoder().fit(np.array([[1], ["a"]], dtype=object))


def test_without_scipy_the_encoder_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r'"tinygrad_ml\[classical\]", or write sparse_output'):
        ours.OneHotEncoder().fit([["a"]]).transform([["a"]])
    assert ours.OneHotEncoder(sparse_output=False).fit_transform([["a"]]).tolist() == [[1.0]]


@pytest.mark.parametrize("transformer, table", [
    (ours.StandardScaler(), X),
    (ours.StandardScaler(with_std=False), X),
    (ours.MinMaxScaler((-1, 1), clip=True), X),
    (ours.MaxAbsScaler(), X),
    (ours.Normalizer("l1"), X),
    (ours.OneHotEncoder(drop="first", dtype=np.float32), [["a", 1], ["b", 2], [None, 2]]),
    (ours.OrdinalEncoder(), [["a", 1.5], ["b", np.nan]]),
    (ours.SimpleImputer(strategy="most_frequent"), np.array([["a"], [None]], dtype=object)),
    (ours.PolynomialFeatures((1, 2)), X),
])  # fmt: skip
def test_saved_and_loaded(transformer, table, tmp_path):
    table = table if isinstance(table, np.ndarray) else np.array(table, dtype=object)
    transformer.fit(table).save(tmp_path / "t")
    again = tg.load(tmp_path / "t")
    assert repr(again) == repr(transformer)
    one, other = transformer.transform(table), again.transform(table)
    if hasattr(one, "toarray"):
        one, other = one.toarray(), other.toarray()
    np.testing.assert_array_equal(one, other)


def test_filling_large_columns():
    X = [[1e308], [1.7e308], [1.7e308], [np.nan]]
    close(ours.SimpleImputer().fit(X).statistics_, [1.4666666666666667e308])
    close(ours.SimpleImputer(strategy="median").fit(X).statistics_, [1.7e308])
    with pytest.raises(ValueError, match="finite number .* got 1e\\+300 for float32"):
        ours.SimpleImputer(strategy="constant", fill_value=1e300).fit(np.ones((2, 1), np.float32))
    with pytest.raises(ValueError, match="missing_values must be None, a number or a text"):
        ours.SimpleImputer(missing_values=[1, 2]).fit(X)


def test_polynomials_that_fill_the_memory_are_refused():
    with pytest.raises(ValueError, match="at most 10000000 products, got about 3e\\+13"):
        ours.PolynomialFeatures(12).fit(np.ones((5, 64)))
    every = ours.PolynomialFeatures(2**70, interaction_only=True)
    assert every.fit_transform(np.ones((2, 3))).shape == (2, 8)
