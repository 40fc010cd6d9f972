"""Images as blocks of pixels, and how much of a picture or a sound a code has lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_ml.validation import is_integer, is_number


def image_blocks(image: Any, size: tuple[int, int]) -> np.ndarray:
    """The blocks of an image as rows of numbers, for a `VectorQuantizer`.

    Shapes: image (h, w) or (h, w, channels), size (a, b) -> (h/a * w/b, a * b * channels), the
    blocks from left to right, then down. Raises ValueError where blocks do not tile the image.

    >>> image_blocks(np.arange(8).reshape(2, 4), (2, 2))
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]])
    """
    image = np.asarray(image)
    height, width, a, b = _tiling(image.shape, size)
    blocks = image.reshape(height // a, a, width // b, b, -1).swapaxes(1, 2)
    return blocks.reshape(-1, math.prod(blocks.shape[2:]))


def image_from_blocks(blocks: Any, shape: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """The image of this shape whose blocks `image_blocks` cut."""
    blocks = np.asarray(blocks)
    height, width, a, b = _tiling(shape, size)
    rows, columns = height // a, width // b
    if blocks.shape != (rows * columns, math.prod(shape) // (rows * columns)):
        raise ValueError(
            f"image_from_blocks: expected blocks of shape "
            f"{(rows * columns, math.prod(shape) // (rows * columns))}, got {blocks.shape}. "
            "Give it the shape of the image that was cut."
        )
    return blocks.reshape(rows, columns, a, b, -1).swapaxes(1, 2).reshape(shape)


def _tiling(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int, int, int]:
    pair = isinstance(size, (tuple, list)) and len(size) == 2 and all(map(is_integer, size))
    if not pair or len(shape) not in (2, 3) or min(*size, *shape) < 1:
        raise ValueError(
            "image_blocks: expected an image (h, w) or (h, w, channels) and a size (a, b), got "
            f"shapes {shape} and {size}. Cut one image at a time."
        )
    height, width, (a, b) = shape[0], shape[1], size
    if height % a or width % b:
        raise ValueError(
            f"image_blocks: blocks of {a} x {b} do not tile an image of {height} x {width}. Crop "
            f"it: image[:{height // a * a}, :{width // b * b}]."
        )
    return height, width, a, b


def snr(original: Any, decoded: Any) -> float:
    """Signal-to-noise ratio in dB: 10 log10 (sum x^2 / sum (x - decoded)^2); inf without error."""
    x, error = _compare("snr", original, decoded)
    signal, noise = float(np.sum(x**2)), float(np.sum(error**2))
    if signal == 0:
        raise ValueError(
            "snr: expected a signal, got zeros only, which have no ratio to anything. Use psnr."
        )
    return 10 * math.log10(signal / noise) if noise else math.inf


def psnr(original: Any, decoded: Any, peak: float) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10 (peak^2 / mean (x - decoded)^2).

    `peak` is the largest value that can be: 255 for 8-bit images, 1 for images in 0..1.
    """
    if not is_number(peak) or peak <= 0:
        raise ValueError(f"psnr: peak must be a positive number, got {peak!r:.80}")
    _, error = _compare("psnr", original, decoded)
    noise = float(np.mean(error**2))
    return 10 * math.log10(peak**2 / noise) if noise else math.inf


def _compare(owner: str, original: Any, decoded: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(original), np.asarray(decoded)
    if x.shape != y.shape or not x.size or x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        raise ValueError(
            f"{owner}: expected two arrays of numbers of one shape, got {x.dtype} of shape "
            f"{x.shape} and {y.dtype} of shape {y.shape}. Compare what was encoded with what was "
            "decoded."
        )
    x = x.astype(np.float64)
    return x, x - y
