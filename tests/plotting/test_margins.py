"""Boundary, margins and support vectors as a picture."""

import numpy as np
import pytest

from tinygrad_ml import plotting
from tinygrad_ml.models import SVC

X = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [4.0, 1.0]])
y = np.array(["no", "no", "yes", "yes"])


def test_margins(tmp_path):
    model = SVC(kernel="linear", C=10).fit(X, y)
    figure = plotting.plot_margins(model.decision_function, X, y, model.support_, ("a", "b"))
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    names = [each.get_text() for each in axes.get_legend().get_texts()]
    assert names == ["class no", "class yes", f"{len(model.support_)} support vectors"]
    lines = [c for c in axes.collections if len(getattr(c, "levels", ())) == 1]
    assert [float(each.levels[0]) for each in lines] == [-1, 0, 1]
    for line, expected in zip(lines, (1, 2, 3)):  # the margins rest on the points at 1 and 3
        places = line.get_paths()[0].vertices
        np.testing.assert_allclose(model.decision_function(places), expected - 2, atol=0.01)
    figure.savefig(tmp_path / "margins.png")


def test_lines_that_are_not_there_are_not_drawn():
    figure = plotting.plot_margins(lambda points: np.full(len(points), 5.0), X, y)
    axes = figure.axes[0]
    assert not [c for c in axes.collections if len(getattr(c, "levels", ())) == 1]


def test_wrong_margins():
    with pytest.raises(ValueError, match="two classes in y, got 3. Choose two"):
        plotting.plot_margins(len, X, [0, 1, 2, 2])
    with pytest.raises(ValueError, match="expected X of shape"):
        plotting.plot_margins(len, X[:, :1], y)
