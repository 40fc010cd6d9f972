"""Pictures: what is drawn, that nothing global changes, and the errors."""

import sys

import numpy as np
import pytest

from tinygrad_ml import plotting
from tinygrad_ml.training import History

ROWS = [
    {"epoch": k, "loss": 1 / k**2, "accuracy": 1 - 0.5 / k, "validation_loss": 2 / k,
     "learning_rate": 0.1, "seconds": 0.1}
    for k in range(1, 9)
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_global_state():
    """No pyplot: it would keep every figure alive and might open windows."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def labels(axes):
    return axes.get_xlabel(), axes.get_ylabel()


def test_history(tmp_path):
    events = [{"epoch": 3, "event": "weights redrawn"}]
    figure = plotting.plot_history(History(ROWS, events), title="A run")
    loss, accuracy = figure.axes
    assert labels(loss) == ("epoch", "loss (mean of an epoch)")
    assert labels(accuracy) == ("epoch", "accuracy (mean of an epoch)")
    assert [line.get_label() for line in loss.lines] == ["training", "validation", "event"]
    assert list(loss.lines[1].get_ydata()) == [row["validation_loss"] for row in ROWS]
    assert loss.get_yscale() == "log" and accuracy.get_yscale() == "linear"
    figure.savefig(tmp_path / "history.png")
    assert (tmp_path / "history.png").stat().st_size > 1000


def test_history_of_one_epoch_and_with_nan():
    figure = plotting.plot_history(History([{"epoch": 1, "loss": float("nan"), "error": 0.0}]))
    assert len(figure.axes) == 2 and figure.axes[0].lines[0].get_marker() == "o"
    with pytest.raises(ValueError, match="at least one recorded epoch"):
        plotting.plot_history(History())


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 8, 8, 1), (5, 8, 8, 3)])
def test_images(shape):
    images = np.random.default_rng(0).random(shape)
    figure = plotting.plot_images(images, titles=range(5), columns=3)
    assert [axes.get_title() for axes in figure.axes] == list("01234")
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(images.min(), images.max())}


def test_wrong_images():
    for wrong in (np.zeros((5, 64)), np.zeros((5, 8, 8, 2)), np.zeros((0, 8, 8))):
        with pytest.raises(ValueError, match=r"expected one image or more, \(n, h, w\)"):
            plotting.plot_images(wrong)
    with pytest.raises(ValueError, match="one title per image, got 2 for 5"):
        plotting.plot_images(np.zeros((5, 8, 8)), titles=["a", "b"])


def test_reconstructions():
    X = np.random.default_rng(0).random((4, 64))
    figure = plotting.plot_reconstructions(X, {"copy": X, "half": X / 2}, (8, 8))
    assert len(figure.axes) == 12
    assert [axes.get_ylabel() for axes in figure.axes[::4]] == ["original", "copy", "half"]
    assert len({axes.images[0].get_clim() for axes in figure.axes}) == 1
    with pytest.raises(ValueError, match="expected 'code' of the originals' shape"):
        plotting.plot_reconstructions(X, {"code": X[:, :10]}, (8, 8))


def test_decision_regions():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    shades = plotting.plot_decision_regions(lambda x: x[:, 0] / 2 + 0.25, X, [0, 1, 1, 0])
    assert labels(shades.axes[0]) == ("x1", "x2")
    assert shades.axes[1].get_ylabel() == "probability of class 1"
    areas = plotting.plot_decision_regions(
        lambda x: np.where(x[:, 0] > 0.5, "b", "a"), X, np.array(list("abba")), ("width", "height")
    )
    assert len(areas.axes) == 1 and labels(areas.axes[0]) == ("width", "height")
    names = [text.get_text() for text in areas.axes[0].get_legend().get_texts()]
    assert names == ["class a", "class b"]
    with pytest.raises(ValueError, match=r"X of shape \(n, 2\)"):
        plotting.plot_decision_regions(lambda x: x, np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match=r"predict to return shape \(40000,\)"):
        plotting.plot_decision_regions(lambda x: x, X, [0, 1, 1, 0])


def test_confusion():
    figure = plotting.plot_confusion(["a", "b", "b", "c"], ["a", "b", "c", "c"])
    axes = figure.axes[0]
    assert labels(axes) == ("predicted class", "true class")
    assert figure.get_suptitle() == "3 of 4 samples right"
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1", (1, 1): "1", (2, 1): "1", (2, 2): "1"}
    with pytest.raises(ValueError, match="two vectors of classes of one length"):
        plotting.plot_confusion([0, 1], [0])
    with pytest.raises(ValueError, match="expected 2 class names, got 1"):
        plotting.plot_confusion([0, 1], [0, 1], ["zero"])


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_ml\[plot\]"'):
        plotting.plot_history(History(ROWS))
    line = plotting.write_picture(tmp_path / "a.png", plotting.plot_history, History(ROWS))
    assert line.startswith("No picture: pictures need matplotlib")


def test_write_picture_names_the_file(tmp_path):
    line = plotting.write_picture(tmp_path / "a.png", plotting.plot_history, History(ROWS))
    assert line == f"Picture: {tmp_path / 'a.png'}"
    assert (tmp_path / "a.png").stat().st_size > 1000
