"""Pictures of forests and boosting: what is drawn is what was given."""

import numpy as np

from tinygrad_ml.plotting import plot_boosting, plot_forest


def test_plot_forest():
    errors = np.array([[0.3, 0.1], [0.2, 0.2], [0.1, 0.1]])
    figure = plot_forest(
        [5, 10, 20], {"out of bag": errors}, [0.1, 0.7, 0.2], ["a", "b", "c"], most=2
    )
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == [0.2, 0.2, 0.1]
    assert left.get_legend_handles_labels()[1] == ["out of bag"]
    assert [bar.get_width() for bar in right.patches] == [0.2, 0.7]
    assert [label.get_text() for label in right.get_yticklabels()] == ["c", "b"]
    one_run = plot_forest([5, 10], {"out of bag": [0.2, 0.1]}, [0.4, 0.6])
    assert one_run.axes[1].get_yticklabels()[0].get_text() == "feature 0"


def test_plot_boosting():
    figure = plot_boosting(
        {"seen": [3, 2, 1], "held out": [3.0, 2.5, 2.6]}, stop=2, measure="error"
    )
    (axes,) = figure.axes
    assert [line.get_ydata()[0] for line in axes.lines[:2]] == [3, 3.0]
    assert axes.lines[2].get_xdata() == [2, 2] and axes.get_ylabel() == "error"
    assert len(plot_boosting({"seen": [1.0]}).axes[0].lines) == 1
