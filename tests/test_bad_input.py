"""What newcomers pass by mistake, to every public estimator: one clear sentence each.

A sentence begins with who speaks, and is ours: NumPy's own words about broadcasting or conversion
would leave the user guessing which argument was meant.
"""

import re
import warnings

import numpy as np
import pandas
import pytest

from estimators import CLASSES, kind_of, make
from tinygrad_ml.models import (
    BernoulliNB,
    DecisionTreeRegressor,
    GaussianNB,
    KNeighborsClassifier,
)
from tinygrad_ml.preprocessing import OneHotEncoder, SimpleImputer, StandardScaler

RAW = re.compile(
    "broadcast|could not convert|setting an array|inhomogeneous|not aligned|mismatch in its core|"
    "out of bounds|index .* is|object is not|unsupported operand|has no attribute|NoneType|"
    "cannot reshape|singular matrix|zero-size array|ufunc|truth value"
)
METHODS = ("predict", "predict_proba", "decision_function", "transform")


def samples(n=30, seed=0):
    """Numbers from 0 on, since some estimators take no others."""
    return np.random.default_rng(seed).uniform(0, 4, (n, 4))


def targets(name, X):
    """Texts for classifiers, numbers for regressors; the others ignore them."""
    if kind_of(name) == "regressor":
        return X[:, 0] - 2 * X[:, 1]
    return np.where(X[:, 0] > np.median(X[:, 0]), "yes", "no")


def quietly(function, *args):
    """The result of a call in which any warning may be given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args)


def refused(name, function, *args, saying=""):
    """The call must raise one sentence of the estimator."""
    with pytest.raises((ValueError, TypeError), match=saying) as caught:
        quietly(function, *args)
    text = str(caught.value)
    speaker = text.startswith((f"{name}", "X has"))
    assert speaker and not RAW.search(text), text
    assert "\n" not in text, text


def with_value(value):
    X = samples()
    X[3, 2] = value
    return X


MATRICES = {
    "NaN": (with_value(np.nan), "NaN"),
    "inf": (with_value(np.inf), "inf"),
    "texts": (np.full((30, 4), "red"), "numbers"),
    "one text column": ([[*row[:3], "red"] for row in samples().tolist()], "numbers"),
    "a vector": (samples()[:, 0], "Reshape your data"),
    "a number": (5.0, "shape"),
    "images": (np.ones((30, 2, 2)), "shape"),
    "no rows": (np.empty((0, 4)), "0 sample"),
    "no columns": (np.empty((30, 0)), "0 feature"),
    "ragged": ([[1.0, 2.0], [3.0]], "shape"),
    "complex": (samples() + 1j, "Complex"),
    "dates": (np.full((30, 4), "2020-01-01", "datetime64[D]"), "numbers"),
    "masked": (np.ma.masked_greater(samples(), 3), "masked"),
}


@pytest.mark.parametrize("case", MATRICES)
@pytest.mark.parametrize("name", CLASSES)
def test_bad_samples(name, case):
    X, saying = MATRICES[case]
    if (case == "NaN" and CLASSES[name]._allow_nan) or ("text" in case and takes_text(name)):
        return
    refused(name, make(name).fit, X, targets(name, samples()), saying=saying)


def takes_text(name):
    """Whether texts are as good as numbers; the tags say so."""
    return make(name).__sklearn_tags__().input_tags.categorical


@pytest.mark.parametrize("name", CLASSES)
def test_bad_samples_after_fit(name):
    X = samples()
    estimator = quietly(make(name).fit, X, targets(name, X))
    for method in METHODS:
        if not hasattr(estimator, method):
            continue
        call = getattr(estimator, method)
        refused(name, call, X[:, :2], saying="X has 2 features")
        refused(name, call, X.T, saying="X has 30 features")
        refused(name, call, X[0], saying="Reshape your data")
        refused(name, call, X[:0], saying="0 sample")
        if not takes_text(name):
            refused(name, call, np.full((2, 4), "red"), saying="numbers")
        if not CLASSES[name]._allow_nan:
            refused(name, call, with_value(np.nan), saying="NaN")


@pytest.mark.parametrize("name", CLASSES)
def test_not_fitted(name):
    for method in METHODS:
        if hasattr(CLASSES[name], method) and hasattr(make(name), method):
            refused(name, getattr(make(name), method), samples(), saying="not fitted")


SUPERVISED = [name for name in CLASSES if kind_of(name) in ("classifier", "regressor")]


@pytest.mark.parametrize("name", SUPERVISED)
def test_bad_targets(name):
    X = samples()
    y = targets(name, X)
    refused(name, make(name).fit, X, None, saying="requires y to be passed")
    refused(name, make(name).fit, X, y[:-1], saying="29 for 30 rows")
    refused(name, make(name).fit, X, y[:0], saying="0 for 30 rows")
    refused(name, make(name).fit, X, np.full(30, np.nan), saying="NaN")
    if not CLASSES[name]._several_outputs:
        refused(name, make(name).fit, X, np.c_[X[:, 0], X[:, 0]], saying="1d array")
    if kind_of(name) == "classifier":
        refused(name, make(name).fit, X, X[:, 0], saying="Unknown label type")
        refused(name, make(name).fit, X, np.eye(3)[np.arange(30) % 3], saying="argmax")
        mixed = np.array(["a", 1] * 15, dtype=object)
        refused(name, make(name).fit, X, mixed, saying="one kind")
        gaps = np.array(["a", None] * 15, dtype=object)
        refused(name, make(name).fit, X, gaps, saying="None")
    else:
        refused(name, make(name).fit, X, np.full(30, "high"), saying="numbers")


@pytest.mark.parametrize("name", CLASSES)
def test_every_parameter_is_checked(name):
    X = samples()
    defaults = make(name).get_params(deep=False)
    assert set(defaults) == set(CLASSES[name]._parameters), "parameters without a check"
    for parameter, accepts in CLASSES[name]._parameters.items():
        if accepts.test(anything := object()):
            continue
        wrong = make(name, **{parameter: anything})
        expected = f"^{name}: {parameter} must be .*, got <object"
        refused(name, wrong.fit, X, targets(name, X), saying=expected)


@pytest.mark.parametrize("name", SUPERVISED)
def test_bad_weights(name):
    import inspect

    if "sample_weight" not in inspect.signature(CLASSES[name].fit).parameters:
        return
    X = samples()
    y = targets(name, X)
    for weights, saying in (
        (np.ones(29), "shape"), (np.zeros(30), "zero"), (-np.ones(30), "from 0 on"),
        (np.full(30, np.nan), "NaN"), (["heavy"] * 30, "numbers"),
    ):  # fmt: skip
        refused(name, make(name).fit, X, y, weights, saying=saying)


def worked(name, function, *args):
    """Whether the call went through; if not, a sentence must say why."""
    try:
        quietly(function, *args)
    except (ValueError, TypeError, FloatingPointError) as error:
        text = str(error)
        assert text.startswith(name) and not RAW.search(text), text
        return False
    return True


UNUSUAL = {
    "one row": samples(1),
    "two rows": samples(2),
    "one column": samples()[:, :1],
    "constant columns": np.ones((30, 4)),
    "one constant column": samples() * [1, 1, 0, 1],
    "duplicates": np.repeat(samples(3), 10, axis=0),
    "integers": samples().astype(int),
    "float32": samples().astype(np.float32),
    "booleans": samples() > 2,
    "huge": samples() * 1e300,
    "tiny": samples() * 1e-300,
    "lists": samples().tolist(),
}


@pytest.mark.parametrize("one_class", [False, True])
@pytest.mark.parametrize("case", UNUSUAL)
@pytest.mark.parametrize("name", CLASSES)
def test_unusual_data_works_or_says_why_not(name, case, one_class):
    """No crash, no NaN, right shapes; or a sentence."""
    X = UNUSUAL[case]
    y = targets(name, np.c_[np.asarray(X, float), np.zeros(len(X))])
    if one_class:
        y = np.full_like(y, y[0])
    estimator = make(name)
    if not worked(name, estimator.fit, X, y):
        for method in METHODS:  # a fit that failed has left nothing to predict with
            if hasattr(CLASSES[name], method) and hasattr(estimator, method):
                refused(name, getattr(estimator, method), X, saying="not fitted")
        return
    for method in METHODS:
        if not hasattr(estimator, method) or not worked(name, getattr(estimator, method), X):
            continue
        result = quietly(getattr(estimator, method), X)
        result = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
        assert len(result) == len(X)
        if result.dtype.kind == "f":
            assert np.isfinite(result).all(), (method, result)
    if kind_of(name) == "classifier":
        assert set(estimator.predict(X)) <= set(y)


@pytest.mark.parametrize("name", CLASSES)
def test_far_larger_samples_than_in_fit_give_numbers_or_a_sentence(name):
    X = samples()
    estimator = quietly(make(name).fit, X, targets(name, X))
    for dtype in (np.float32, np.float64):
        huge = np.where(X > 2, np.finfo(dtype).max, 0.0).astype(dtype)
        for method in METHODS:
            if hasattr(estimator, method) and worked(name, getattr(estimator, method), huge):
                result = quietly(getattr(estimator, method), huge)
                result = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
                if result.dtype.kind == "f":
                    assert np.isfinite(result).all(), method


# ------------------------------------------------------------------ samples, weights, parameters


@pytest.mark.parametrize(
    "samples, error, sentence",
    [
        ({"a": 1}, TypeError, "KNeighborsClassifier: expected X to hold numbers, got dict"),
        ([[10**400, 1]], ValueError, "expected X to hold numbers below 1.8e308"),
        (np.ma.masked_array(np.ones((2, 2)), [[1, 0], [0, 0]]), ValueError, "without masked val"),
        (np.array([["1", "2"]], np.dtypes.StringDType()), ValueError, "numbers, got an array of"),
    ],
)
def test_samples_that_are_no_numbers_get_a_sentence(samples, error, sentence):
    with pytest.raises(error, match=sentence):
        KNeighborsClassifier().fit(samples, [0, 1])


def test_missing_values_of_pandas_are_missing():
    table = pandas.DataFrame({"a": pandas.array([1, None, 3], dtype="Int64"), "b": [1.0, 2, 3]})
    with pytest.raises(ValueError, match=r"got NaN at X\[1, 0\]"):
        KNeighborsClassifier(1).fit(table, [0, 1, 0])
    assert SimpleImputer().fit(table).statistics_.tolist() == [2, 2]


def test_targets_under_a_mask_are_refused():
    with pytest.raises(ValueError, match="expected y without masked values, got 1"):
        KNeighborsClassifier(1).fit([[0.0], [1.0]], np.ma.masked_array([0, 1], [False, True]))


@pytest.mark.parametrize("model", [StandardScaler(), GaussianNB(), DecisionTreeRegressor()])
def test_weights_whose_sum_overflows_are_refused(model):
    with pytest.raises(ValueError, match="expected sample_weight whose sum is below 1.8e308"):
        model.fit([[0.0], [1.0]], [0, 1], sample_weight=[1e308, 1e308])


def test_parameters_of_small_and_of_boundless_types():
    X, y = [[0.0], [1.0]], [0, 1]
    assert BernoulliNB(alpha=np.float32(0.5)).fit(X, y).predict(X).tolist() == y
    with pytest.raises(ValueError, match="alpha must be a number above 0 and of at most 1e"):
        BernoulliNB(alpha=10**400).fit(X, y)
    with pytest.raises(ValueError, match="categories must be 'auto' or an array, got"):
        OneHotEncoder(categories=np.int64(3)).fit(X)


def test_sums_of_counts_that_overflow():
    with pytest.raises(ValueError, match="counts up to 1 and weights up to 1e"):
        BernoulliNB().fit(np.ones((2, 4)), [0, 1], sample_weight=[1e308, 1.0])
