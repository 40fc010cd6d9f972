"""Images in a grid, as they are and as methods reproduce them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .base import new_figure


def plot_images(
    images: Any,
    titles: Sequence[Any] | None = None,
    columns: int = 8,
    title: str = "",
    size: float = 1.1,
) -> Any:
    """Images in a grid, all on one scale from the darkest to the brightest value.

    `images` (n, h, w), or (n, h, w, c) with one channel (grey) or three (red, green, blue, 0..1);
    `titles`: one per image. `size`: inches that an image is wide.
    """
    pictures = _as_pictures("plot_images", images)
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"plot_images: expected one title per image, got {len(titles)} for {len(pictures)}."
        )
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height = size + 0.25 if titles is not None else size
    figure = new_figure(size * columns + 0.4, height * rows + 0.5, title)
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
    figure = new_figure(0.9 * count + 1.2, 0.95 * len(rows) + 0.5, title)
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
