"""Pictures: every function returns a matplotlib Figure, shows nothing and changes no global state.

    plot_history(history).savefig("training.png")

matplotlib is optional and imported when a picture is asked for: pip install "tinygrad_ml[plot]".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito, 2008
_MARKERS = "os^Dvp"
_NOT_DRAWN = ("epoch", "learning_rate", "seconds")


def plot_history(history: Any, title: str = "Training") -> Any:
    """Loss and metrics by epoch: one panel per quantity, training and validation together.

    `history`: what `Trainer.fit` returned. A quantity that stays positive and falls or grows by
    more than a factor of 20 gets a logarithmic axis. Events are dotted lines.
    """
    if len(history) == 0:
        raise ValueError("plot_history: expected at least one recorded epoch, got none. Call fit.")
    names = [name for name in history if name not in _NOT_DRAWN]
    panels = list(dict.fromkeys(name.removeprefix("validation_") for name in names))
    figure = _figure(5.2 * len(panels), 3.8, title)
    epochs = history["epoch"]
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1)
        drawn = []
        for label, colour in (("training", _COLOURS[0]), ("validation", _COLOURS[1])):
            name = panel if label == "training" else f"validation_{panel}"
            if name in history:
                drawn += history[name]
                marker = "o" if len(epochs) == 1 else None
                axes.plot(epochs, history[name], color=colour, label=label, marker=marker)
        for k, event in enumerate(history.events):
            once = "event" if k == 0 else None  # one entry in the legend for all of them
            axes.axvline(event["epoch"], color="grey", linestyle=":", label=once)
        finite = [value for value in drawn if math.isfinite(value)]
        if finite and min(finite) > 0 and max(finite) > 20 * min(finite):
            axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"{panel} (mean of an epoch)")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def plot_learning_rates(found: Any, title: str = "Learning rates") -> Any:
    """The loss of every step by its learning rate, smoothed, and the rate that was suggested.

    `found`: what `training.learning_rate_finder` returned.
    """
    if not hasattr(found, "smoothed"):
        raise TypeError(
            f"plot_learning_rates: expected what learning_rate_finder returned, got {found!r:.80}. "
            "Pass its result as it is."
        )
    figure = _figure(5.8, 3.8, title)
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color=_COLOURS[0], alpha=0.35, label="loss of a batch")
    axes.plot(found.rates, found.smoothed, color=_COLOURS[0], label="smoothed")
    if found.suggestion is not None:
        label = f"suggestion: {found.suggestion:.2g}"
        axes.axvline(found.suggestion, color=_COLOURS[1], linestyle="--", label=label)
    start, lowest = float(found.smoothed[0]), float(np.min(found.losses))
    room = max(start - lowest, 0.1 * abs(start), 1e-12)
    axes.set_ylim(lowest - 0.1 * room, max(start, float(found.losses[0])) + 0.6 * room)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss before the step")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_images(
    images: Any, titles: Sequence[Any] | None = None, columns: int = 8, title: str = ""
) -> Any:
    """Images in a grid, all on one scale from the darkest to the brightest value.

    `images` (n, h, w), or (n, h, w, c) with one channel (grey) or three (red, green, blue, 0..1);
    `titles`: one per image.
    """
    pictures = _as_pictures("plot_images", images)
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"plot_images: expected one title per image, got {len(titles)} for {len(pictures)}."
        )
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height = 1.35 if titles is not None else 1.1
    figure = _figure(1.1 * columns + 0.4, height * rows + 0.5, title)
    scale = {"vmin": float(pictures.min()), "vmax": float(pictures.max())}
    for i, picture in enumerate(pictures):
        axes = figure.add_subplot(rows, columns, i + 1)
        _draw(axes, picture, scale)
        if titles is not None:
            axes.set_title(str(titles[i]), fontsize=9)
    return figure


def plot_reconstructions(
    originals: Any, reconstructions: Mapping[str, Any], shape: tuple[int, ...], title: str = ""
) -> Any:
    """Originals in the first row, below them what each method made of them.

    `originals` (n, features) and every value of `reconstructions` of the same shape; `shape` of one
    image, such as (8, 8). All on the scale of the originals.
    """
    rows = {"original": originals, **reconstructions}
    count = len(originals)
    figure = _figure(0.9 * count + 1.2, 0.95 * len(rows) + 0.5, title)
    scale = {"vmin": float(np.min(originals)), "vmax": float(np.max(originals))}
    for i, (name, samples) in enumerate(rows.items()):
        if np.shape(samples) != np.shape(originals):
            raise ValueError(
                f"plot_reconstructions: expected {name!r} of the originals' shape "
                f"{np.shape(originals)}, got {np.shape(samples)}."
            )
        pictures = _as_pictures("plot_reconstructions", np.reshape(samples, (count, *shape)))
        for k, picture in enumerate(pictures):
            axes = figure.add_subplot(len(rows), count, i * count + k + 1)
            _draw(axes, picture, scale)
            if k == 0:
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def plot_decision_regions(
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    feature_names: Sequence[str] = ("x1", "x2"),
    title: str = "Decision regions",
) -> Any:
    """What a classifier answers at every point of the plane, and the samples on top.

    `predict`: function of points (m, 2) that returns classes (m,), drawn as areas, or, as numbers
    with a fraction, probabilities of the second class (m,), drawn as shades with the line at 0.5.
    `X` (n, 2), `y` (n,) classes of any dtype.
    """
    X, y = np.asarray(X, float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != X.shape[:1]:
        raise ValueError(
            f"plot_decision_regions: expected X of shape (n, 2) and y of shape (n,), got {X.shape} "
            f"and {y.shape}. Choose two columns of X."
        )
    classes = np.unique(y)
    margin = 0.25 * np.maximum(np.ptp(X, axis=0), 1e-9)
    horizontal, vertical = np.linspace(X.min(axis=0) - margin, X.max(axis=0) + margin, 200).T
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1)
    answer = np.asarray(predict(grid.reshape(-1, 2)))
    if answer.shape != (grid.size // 2,):
        raise ValueError(
            f"plot_decision_regions: expected predict to return shape ({grid.size // 2},) for as "
            f"many points, got {answer.shape}."
        )
    answer = answer.reshape(grid.shape[:2])
    figure = _figure(6.0, 4.8, title)
    axes = figure.add_subplot()
    if answer.dtype.kind == "f" and not np.isin(answer, classes).all():
        shades = axes.pcolormesh(
            horizontal, vertical, answer, cmap=_diverging(), vmin=0, vmax=1, shading="nearest"
        )
        axes.contour(horizontal, vertical, answer, levels=[0.5], colors="black", linewidths=1.2)
        figure.colorbar(shades, label=f"probability of class {classes[-1]}")
    else:
        numbers = np.searchsorted(classes, answer)
        levels = np.arange(len(classes) + 1) - 0.5
        colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(classes))]
        axes.contourf(horizontal, vertical, numbers, levels=levels, colors=colours, alpha=0.35)
    for i, label in enumerate(classes):
        points = X[y == label]
        axes.scatter(
            points[:, 0], points[:, 1], s=70 if len(X) < 50 else 16, label=f"class {label}",
            color=_COLOURS[i % len(_COLOURS)], marker=_MARKERS[i % len(_MARKERS)],
            edgecolor="black", linewidth=0.8 if len(X) < 50 else 0.3,
        )  # fmt: skip
    axes.set_xlim(horizontal[0], horizontal[-1])
    axes.set_ylim(vertical[0], vertical[-1])
    axes.set_xlabel(feature_names[0])
    axes.set_ylabel(feature_names[1])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=min(len(classes), 5))
    return figure


def plot_confusion(
    y_true: Any, y_predicted: Any, class_names: Sequence[Any] | None = None, title: str = ""
) -> Any:
    """How many samples of each true class (row) were given each class (column).

    `y_true`, `y_predicted` (n,), classes of any dtype. The shade is the share of the row, so that
    rare classes are seen as well; empty cells are left blank.
    """
    y_true, y_predicted = np.asarray(y_true), np.asarray(y_predicted)
    if y_true.ndim != 1 or y_true.shape != y_predicted.shape or y_true.size == 0:
        raise ValueError(
            f"plot_confusion: expected two vectors of classes of one length, got shapes "
            f"{y_true.shape} and {y_predicted.shape}."
        )
    classes, numbers = np.unique(np.concatenate([y_true, y_predicted]), return_inverse=True)
    names = classes if class_names is None else class_names
    if len(names) != len(classes):
        raise ValueError(f"plot_confusion: expected {len(classes)} class names, got {len(names)}.")
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (numbers[: len(y_true)], numbers[len(y_true) :]), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.42 * len(classes)
    right = np.trace(counts)
    figure = _figure(side + 0.8, side, title or f"{right} of {len(y_true)} samples right")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, k in np.argwhere(counts):
        colour = "white" if shares[i, k] > 0.5 else "black"
        axes.text(k, i, str(counts[i, k]), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(classes)), names)
    axes.set_yticks(range(len(classes)), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    return figure


def write_picture(path: Any, plot: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Write `plot(*args, **kwargs)` to a file and return a line that says so; for scripts.

    Without matplotlib the line says what to install, and the script goes on.
    """
    try:
        plot(*args, **kwargs).savefig(path, dpi=120)
    except ImportError as error:
        return f"No picture: {error}"
    return f"Picture: {path}"


def _figure(width: float, height: float, title: str) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'pictures need matplotlib; install it with: pip install "tinygrad_ml[plot]"'
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title)
    return figure


def _diverging() -> Any:
    """From the first class's colour through white to the second's."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("classes", [_COLOURS[0], "white", _COLOURS[1]])


def _as_pictures(name: str, images: Any) -> np.ndarray:
    """(n, h, w) for grey images, (n, h, w, 3) for coloured ones."""
    pictures = np.asarray(images)
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    if not (pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[-1] == 3)) or (
        pictures.size == 0
    ):
        raise ValueError(
            f"{name}: expected one image or more, (n, h, w), (n, h, w, 1) or (n, h, w, 3), got "
            f"{pictures.shape}. Reshape rows of pixels: X.reshape(-1, 8, 8)."
        )
    return pictures


def _draw(axes: Any, picture: np.ndarray, scale: Mapping[str, float]) -> None:
    axes.imshow(picture, cmap="gray_r", **scale)
    axes.set_xticks([])
    axes.set_yticks([])
