"""Images as blocks of pixels, and how much of a picture or a sound a code has lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_ml.validation import as_array, check_finite, is_integer, is_number


def image_blocks(image: Any, size: tuple[int, int]) -> np.ndarray:
    """The blocks of an image as rows of numbers, for a `VectorQuantizer`.

    Shapes: image (h, w) or (h, w, channels), size (a, b) -> (h/a * w/b, a * b * channels), the
    blocks from left to right, then down. Raises ValueError where blocks do not tile the image.

    >>> image_blocks(np.arange(8).reshape(2, 4), (2, 2))
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]])
    """
    image = as_array(image, "image_blocks", "image")
    height, width, a, b = _tiling(image.shape, size)
    blocks = image.reshape(height // a, a, width // b, b, -1).swapaxes(1, 2)
    return blocks.reshape(-1, math.prod(blocks.shape[2:]))


def image_from_blocks(blocks: Any, shape: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """The image of this shape whose blocks `image_blocks` cut."""
    blocks = as_array(blocks, "image_from_blocks", "blocks")
    height, width, a, b = _tiling(shape, size, "image_from_blocks")
    rows, columns = height // a, width // b
    if blocks.shape != (rows * columns, math.prod(shape) // (rows * columns)):
        raise ValueError(
            f"image_from_blocks: expected blocks of shape "
            f"{(rows * columns, math.prod(shape) // (rows * columns))}, got {blocks.shape}. "
            "Give it the shape of the image that was cut."
        )
    return blocks.reshape(rows, columns, a, b, -1).swapaxes(1, 2).reshape(shape)


def _tiling(shape: Any, size: Any, owner: str = "image_blocks") -> tuple[int, int, int, int]:
    for lengths, allowed in ((shape, (2, 3)), (size, (2,))):
        several = isinstance(lengths, (tuple, list)) and len(lengths) in allowed
        if not several or not all(is_integer(each) and each > 0 for each in lengths):
            raise ValueError(
                f"{owner}: expected an image (h, w) or (h, w, channels) and a size (a, b), got "
                f"shapes {shape} and {size}. Cut one image at a time."
            )
    height, width, (a, b) = shape[0], shape[1], size
    if height % a or width % b:
        raise ValueError(
            f"{owner}: blocks of {a} x {b} do not tile an image of {height} x {width}. Crop "
            f"it: image[:{height // a * a}, :{width // b * b}]."
        )
    return height, width, a, b


def snr(original: Any, decoded: Any) -> float:
    """Signal-to-noise ratio in dB: 10 log10 (sum x^2 / sum (x - decoded)^2); inf without error."""
    x, error = _compare("snr", original, decoded)
    if not x.any():
        raise ValueError(
            "snr: expected a signal, got zeros only, which have no ratio to anything. Use psnr."
        )
    return 20 * (_log_norm(x) - _log_norm(error))


def psnr(original: Any, decoded: Any, peak: float) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10 (peak^2 / mean (x - decoded)^2).

    `peak` is the largest value that can be: 255 for 8-bit images, 1 for images in 0..1.
    """
    if not is_number(peak) or peak <= 0:
        raise ValueError(f"psnr: peak must be a positive number, got {peak!r:.80}")
    _, error = _compare("psnr", original, decoded)
    return 20 * (math.log10(peak) - _log_norm(error)) + 10 * math.log10(error.size)


def _log_norm(x: np.ndarray) -> float:
    """log10 of the root of the sum of squares, none of which overflows or vanishes."""
    largest = float(np.abs(x).max())
    return math.log10(largest) + math.log10(np.linalg.norm(x / largest)) if largest else -math.inf


def _compare(owner: str, original: Any, decoded: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = as_array(original, owner, "original"), as_array(decoded, owner, "decoded")
    if x.shape != y.shape or not x.size or x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        raise ValueError(
            f"{owner}: expected two arrays of numbers of one shape, got {x.dtype} of shape "
            f"{x.shape} and {y.dtype} of shape {y.shape}. Compare what was encoded with what was "
            "decoded."
        )
    for name, values in (("original", x), ("decoded", y)):
        check_finite(values, owner, name)
    x = x.astype(np.float64)
    with np.errstate(over="ignore"):
        error = x - y
    check_finite(error, owner, "original - decoded")
    return x, error
