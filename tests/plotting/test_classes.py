"""The ROC curve as a picture."""

import numpy as np
import pytest

from tinygrad_ml import plotting


def test_roc(tmp_path):
    y, scores = ["no", "no", "yes", "yes"], np.array([0.1, 0.4, 0.35, 0.8])
    figure = plotting.plot_roc(y, {"one": scores, "other": -scores}, title="Two")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false positive rate", "true positive rate")
    names = [line.get_label() for line in axes.lines]
    assert names == ["chance", "one (area 0.750)", "other (area 0.250)"]
    assert list(axes.lines[1].get_ydata()) == [0, 0.5, 0.5, 1, 1]
    figure.savefig(tmp_path / "roc.png")
    turned = plotting.plot_roc(y, scores, pos_label="no").axes[0]
    assert turned.lines[1].get_label() == "scores (area 0.250)"


def test_wrong_roc():
    with pytest.raises(ValueError, match="at least one array of scores"):
        plotting.plot_roc([0, 1], {})
    with pytest.raises(ValueError, match="of one length, got 2 and 1"):
        plotting.plot_roc([0, 1], [0.5])
