"""Bars of weights: which features are shown, and in which order."""

import numpy as np
import pytest

from tinygrad_ml import plotting


def test_the_largest_and_the_least(tmp_path):
    figure = plotting.plot_weights(list("abcde"), [0.5, -2.0, 3.0, -0.1, 0.2], most=2, label="log")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["b", "d", "a", "c"]
    assert [bar.get_width() for bar in axes.patches] == [-2.0, -0.1, 0.5, 3.0]
    assert axes.get_xlabel() == "log"
    figure.savefig(tmp_path / "weights.png")


def test_one_side_and_fewer_than_asked_for():
    axes = plotting.plot_weights(["a", "b"], [1.0, 0.0]).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["b", "a"]


@pytest.mark.parametrize("weights", [[1.0], [[1.0, 2.0]], []])
def test_one_name_per_weight(weights):
    with pytest.raises(ValueError, match="expected one name per weight, got 2 names"):
        plotting.plot_weights(["a", "b"], weights)
    with pytest.raises(ValueError, match="finite weights"):
        plotting.plot_weights(["a", "b"], [1.0, np.nan])
