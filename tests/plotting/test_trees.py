"""The drawing of a tree says what the tree says."""

import io

import numpy as np
import pytest

from tinygrad_ml.data import load_diabetes, load_iris
from tinygrad_ml.models import DecisionTreeClassifier, DecisionTreeRegressor
from tinygrad_ml.plotting import plot_tree


def boxes(figure):
    figure.savefig(io.BytesIO(), format="png")
    return [text.get_text() for text in figure.axes[0].texts if "samples" in text.get_text()]


def test_a_classifier_is_drawn():
    X, y = load_iris()
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)
    names = ["setosa", "versicolor", "virginica"]
    texts = boxes(plot_tree(model, feature_names=list("abcd"), class_names=names))
    assert len(texts) == model.tree_.node_count
    assert "c\n≤ 2.45\n150 samples\nsetosa 33 %" in texts and "50 samples\nsetosa 100 %" in texts


def test_a_deep_regressor_is_cut_and_one_leaf_is_enough():
    X, y = load_diabetes()
    model = DecisionTreeRegressor().fit(X, y)
    texts = boxes(plot_tree(model, max_depth=2))
    assert len(texts) == 7 and any("feature 8" in text for text in texts)
    assert boxes(plot_tree(DecisionTreeRegressor().fit(X[:1], y[:1]))) == ["1 samples\n151"]
    one_class = DecisionTreeClassifier().fit(X[:3], np.ones(3))
    assert len(boxes(plot_tree(one_class))) == 1


def test_mistakes():
    X, y = load_iris()
    with pytest.raises(ValueError, match="not fitted yet"):
        plot_tree(DecisionTreeClassifier())
    with pytest.raises(ValueError, match="expected 4 feature names, got 1"):
        plot_tree(DecisionTreeClassifier().fit(X, y), feature_names=["a"])
