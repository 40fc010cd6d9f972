"""Pictures of groups and of signals: what is drawn, and the errors."""

import numpy as np
import pytest

from tinygrad_ml import plotting


def test_cluster_numbers(tmp_path):
    figure = plotting.plot_cluster_numbers([2, 3, 4], [9.0, 4.0, 3.0], [0.2, 0.5, 0.4])
    inertia, silhouette = figure.axes
    assert inertia.get_ylabel() == "inertia" and silhouette.get_ylabel() == "mean silhouette"
    assert list(inertia.lines[0].get_ydata()) == [9, 4, 3]
    assert set(silhouette.lines[1].get_xdata()) == {3}  # the largest is marked
    figure.savefig(tmp_path / "numbers.png")
    assert len(plotting.plot_cluster_numbers(range(2, 4), [2.0, 1.0]).axes) == 1
    with pytest.raises(ValueError, match="one mean silhouette per number of clusters, got 1 for 2"):
        plotting.plot_cluster_numbers([2, 3], [2.0, 1.0], [0.5])


@pytest.mark.parametrize("groups", [3, 14])
def test_map(tmp_path, groups):
    labels = np.arange(60) % groups
    figure = plotting.plot_map(np.random.default_rng(0).normal(size=(60, 3)), labels, ("a", "b"))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [str(i) for i in range(groups)]
    assert sum(len(points.get_offsets()) for points in axes.collections) == 60
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    figure.savefig(tmp_path / "map.png")
    for wrong in (np.zeros((60, 1)), np.zeros(60), np.zeros((59, 2))):
        with pytest.raises(ValueError, match="expected coordinates"):
            plotting.plot_map(wrong, labels)


def test_signals(tmp_path):
    signal = np.sin(np.arange(100))
    figure = plotting.plot_signals(signal, {"half": signal / 2}, rate=100)
    first, second = figure.axes
    assert len(first.lines) == 1 and len(second.lines) == 2
    np.testing.assert_allclose(second.lines[0].get_ydata(), -signal / 2)
    assert second.get_xlabel() == "seconds" and second.lines[1].get_xdata()[-1] == 0.99
    figure.savefig(tmp_path / "signals.png")
    with pytest.raises(ValueError, match="expected 'short' of the original's shape"):
        plotting.plot_signals(signal, {"short": signal[:5]})


def test_larger_images():
    small, large = (plotting.plot_images(np.zeros((2, 4, 4)), size=size) for size in (1.1, 2.5))
    assert large.get_size_inches()[0] > 2 * small.get_size_inches()[0]
