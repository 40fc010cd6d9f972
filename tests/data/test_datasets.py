"""The shipped data sets equal scikit-learn's, are fresh on every call and cheap to import."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn import datasets as reference

from tinygrad_ml import data

NAMES = ["digits", "iris", "wine", "breast_cancer", "diabetes"]


@pytest.mark.parametrize("name", NAMES)
def test_equals_scikit_learn(name):
    ours = getattr(data, f"load_{name}")()
    theirs = getattr(reference, f"load_{name}")()
    np.testing.assert_array_equal(ours.X, theirs.data, strict=True)
    np.testing.assert_array_equal(ours.y, theirs.target, strict=True)
    assert ours.feature_names == tuple(theirs.feature_names)
    assert ours.target_names == tuple(str(each) for each in theirs.get("target_names", ()))


def test_digit_images_hold_the_same_values():
    rows, images = data.load_digits(), data.load_digits(images=True)
    assert images.X.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(images.X.reshape(1797, 64), rows.X, strict=True)
    np.testing.assert_array_equal(images.X[..., 0], reference.load_digits().images, strict=True)
    assert rows.X.min() == 0
    assert rows.X.max() == 16


def test_sms_spam():
    X, y = spam = data.load_sms_spam()
    assert X.shape == y.shape == (5574,)
    assert all(type(text) is str and text.strip() for text in X)
    assert y.sum() == 747
    assert len(set(X)) == 5160
    assert spam.target_names == ("ham", "spam")
    assert any("£" in text for text in X)  # read as UTF-8 whatever the locale


@pytest.mark.parametrize("name", [*NAMES, "sms_spam"])
def test_arrays_belong_to_the_caller(name):
    load = getattr(data, f"load_{name}")
    X, y = load()
    first = X.flat[0]
    X.flat[0] = "changed" if name == "sms_spam" else -1
    y[0] = -1
    again = load()
    assert again.X.flat[0] == first
    assert again.y[0] != -1


@pytest.mark.parametrize("name", [*NAMES, "sms_spam"])
def test_repr_is_one_readable_line(name):
    text = repr(getattr(data, f"load_{name}")())
    assert "\n" not in text
    assert len(text) <= 100


def test_dataset_is_frozen():
    iris = data.load_iris()
    with pytest.raises(AttributeError):
        iris.X = None


def test_importing_the_data_module_loads_nothing_slow():
    code = (
        "import sys, tinygrad_ml.data\n"
        "slow = {'csv', 'gzip', 'scipy', 'sklearn', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
