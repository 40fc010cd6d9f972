"""Lines: what is drawn, on which axes, and the errors."""

import numpy as np
import pytest

from tinygrad_ml.plotting import plot_lines

X = np.arange(1.0, 6.0)


def test_lines(tmp_path):
    lines = {f"line {k}": (X, k + X) for k in range(8)}
    figure = plot_lines(lines, "step", "loss", logarithmic="y", title="A title")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == list(lines)
    assert list(axes.lines[2].get_ydata()) == list(2 + X)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss")
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 8
    figure.savefig(tmp_path / "lines.png")


@pytest.mark.parametrize(
    "lines, logarithmic, words",
    [({}, "", "at least one name"), ({"a": (X, X[:2])}, "", r"got shapes \(5,\) and \(2,\)"),
     ({"a": (X, X)}, "z", "logarithmic must be")],
)  # fmt: skip
def test_errors(lines, logarithmic, words):
    with pytest.raises(ValueError, match=words):
        plot_lines(lines, "x", "y", logarithmic)
