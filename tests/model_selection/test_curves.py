"""Curves: scikit-learn's figures, the one-standard-error choice by hand, pictures, mistakes."""

import numpy as np
import pytest
from sklearn import model_selection as reference
from sklearn.neighbors import KNeighborsClassifier

from stand_ins import NearestMeans
from tinygrad_ml.data import load_iris
from tinygrad_ml.model_selection import (
    KFold,
    StratifiedKFold,
    ValidationCurve,
    learning_curve,
    validation_curve,
)
from tinygrad_ml.plotting import plot_learning_curve, plot_validation_curve

X, y = load_iris()
CV = StratifiedKFold(5, shuffle=True, random_state=0)


class TestValidationCurve:
    def test_equal_to_scikit_learn(self):
        options = {"param_name": "n_neighbors", "param_range": [1, 5, 40], "cv": CV}
        train, test = validation_curve(KNeighborsClassifier(), X, y, **options)
        theirs = reference.validation_curve(KNeighborsClassifier(), X, y, **options)
        np.testing.assert_allclose(train, theirs[0])
        np.testing.assert_allclose(test, theirs[1])

    def test_choices_by_hand(self):
        # Means .80 .90 .89 .70 and, at the best, a standard error of .02 * sqrt(2) / sqrt(2) = .02.
        test = np.array([[0.8, 0.8], [0.88, 0.92], [0.89, 0.89], [0.7, 0.7]])
        curve = ValidationCurve("depth", [1, 2, 3, 4], test, test)
        assert curve.means == pytest.approx([0.8, 0.9, 0.89, 0.7])
        assert curve.standard_errors == pytest.approx([0, 0.02, 0, 0])
        assert (curve.best, curve.best_index) == (2, 1)
        assert curve.one_standard_error("first") == 2
        assert curve.one_standard_error("last") == 3
        assert len(curve) == 2 and curve[1] is test

    def test_equal_values(self):
        test = np.full((3, 4), 0.5)
        curve = ValidationCurve("k", ["a", "b", "c"], test, test)
        assert curve.best == "a"
        assert curve.one_standard_error("last") == "c"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"param_range": 3}, "values of power as a list, got 3"),
            ({"param_range": []}, "values of power as a list"),
            ({"param_range": "123"}, "values of power as a list, got '123'"),
            ({"param_name": "powr"}, "expected one of its parameters power, .* got 'powr'"),
            ({"param_range": [1, 0]}, "power=0, fold 1 of 5: NearestMeans: power must be"),
            ({"scoring": ["accuracy"]}, "expected one scoring"),
        ],
    )
    def test_mistakes(self, options, message):
        options = {"param_name": "power", "param_range": [1, 2], **options}
        with pytest.raises(ValueError, match=message):
            validation_curve(NearestMeans(), X, y, **options)

    def test_ends(self):
        curve = ValidationCurve("k", [1, 2], np.ones((2, 3)), np.ones((2, 3)))
        with pytest.raises(ValueError, match="simplest must be 'first' or 'last', got 'left'"):
            curve.one_standard_error("left")

    def test_picture(self):
        curve = validation_curve(
            KNeighborsClassifier(), X, y, param_name="n_neighbors", param_range=[1, 5, 40], cv=CV
        )
        figure = plot_validation_curve(curve, simplest="last", reciprocal=True)
        left, right = figure.axes
        np.testing.assert_allclose(left.lines[1].get_ydata(), 1 - curve.means)
        np.testing.assert_allclose(right.lines[1].get_xdata(), [1, 1 / 5, 1 / 40])
        labels = [text.get_text() for text in left.get_legend().get_texts()]
        assert f"best: {curve.best}" in labels
        assert f"one standard error: {curve.one_standard_error('last')}" in labels

    def test_pictures_of_names_and_losses(self):
        losses = np.array([[-2.0, -4.0], [-1.0, -1.0]])
        figure = plot_validation_curve(ValidationCurve("kernel", ["rbf", "linear"], losses, losses))
        (axes,) = figure.axes
        assert axes.lines[1].get_ydata().tolist() == [3, 1]
        assert [t.get_text() for t in axes.get_xticklabels()] == ["rbf", "linear"]
        with pytest.raises(ValueError, match="positive numbers for reciprocal or log"):
            plot_validation_curve(ValidationCurve("k", ["a", "b"], losses, losses), log=True)
        with pytest.raises(TypeError, match="expected what validation_curve returned, got 3"):
            plot_validation_curve(3)


class TestLearningCurve:
    def test_unshuffled_equals_scikit_learn(self):
        options = {"train_sizes": [0.3, 0.6, 1.0], "cv": CV, "shuffle": False}
        ours = learning_curve(KNeighborsClassifier(15), X, y, **options)
        theirs = reference.learning_curve(KNeighborsClassifier(15), X, y, **options)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other)
        assert len(ours) == 3 and ours[0] is ours.train_sizes

    def test_shuffled_rows_have_all_classes(self):
        sizes, train, test = learning_curve(
            NearestMeans(), X, y, train_sizes=[15, 60, 120], random_state=0
        )
        assert sizes.tolist() == [15, 60, 120] and train.shape == test.shape == (3, 5)
        assert test.min() > 0.7
        again = learning_curve(NearestMeans(), X, y, train_sizes=[15, 60, 120], random_state=0)
        np.testing.assert_array_equal(again.test_scores, test)

    def test_equal_sizes_count_once(self):
        curve = learning_curve(NearestMeans(), X, y, train_sizes=[0.995, 0.999, 1.0], cv=KFold(3))
        assert curve.train_sizes.tolist() == [99, 100]

    @pytest.mark.parametrize("sizes", [[0.0, 1.0], [1.5], [0], [121], [0.5, 3], [], "half", [True]])
    def test_sizes_that_are_none(self, sizes):
        with pytest.raises(ValueError, match="expected train_sizes as shares .* from 1 to 120"):
            learning_curve(NearestMeans(), X, y, train_sizes=sizes)

    def test_picture(self):
        curve = learning_curve(NearestMeans(), X, y, random_state=0)
        (axes,) = plot_learning_curve(curve).axes
        np.testing.assert_array_equal(axes.lines[0].get_xdata(), curve.train_sizes)
        np.testing.assert_allclose(axes.lines[1].get_ydata(), curve.test_scores.mean(axis=1))
        with pytest.raises(TypeError, match="expected what learning_curve returned, got None"):
            plot_learning_curve(None)
