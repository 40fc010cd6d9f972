"""The convolutional network: blocks that look at neighbouring pixels, then a dense head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_ml.generators import generator
from tinygrad_ml.nn import BatchNorm, Conv2D, Dropout, Flatten, MaxPool2D, Sequential

from .checks import as_floats, positive_integer, positive_integers
from .mlp import MLP, find_activation, fitting

Array = Any  # an ndarray or a Tensor


class CNN(Sequential):
    """Convolution, activation and pooling, once per entry of `channels`, then dense layers.

    Calling it gives the logits (n, n_classes) of images (n, height, width, channels), for
    `cross_entropy`. The convolutions keep height and width ("same" padding), every pool halves
    them and floors: an 8 x 8 image is 4 x 4 behind the first block, 2 x 2 behind the second. It is
    a `Sequential`; `model.summary(input_shape)` lists the layers with their shapes.

    Parameters
    ----------
    input_shape : (height, width, channels) of one image.
    n_classes : number of outputs.
    channels : channels that each block makes.
    kernel_size : of the convolutions, a number or a pair.
    hidden : units of the dense layers before the last; () for none.
    activation : as for `MLP`.
    dropout : probability with which an input of the head or a hidden unit is left out in training.
    batch_norm : normalise before every activation.
    rng : None, a seed or a Generator, for the weights and for dropout.
    dtype : of the parameters.

    Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to
    document recognition, 1998.

    >>> model = CNN((8, 8, 1), n_classes=10, channels=(4, 8), hidden=(16,), rng=0)
    >>> model(np.zeros((5, 8, 8, 1), np.float32)).shape
    (5, 10)
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        n_classes: int,
        channels: Iterable[int] = (32, 64),
        kernel_size: Any = 3,
        hidden: Iterable[int] = (128,),
        activation: str | Callable = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.input_shape = _image_shape(input_shape)
        height, width, c_in = self.input_shape
        channels = positive_integers("CNN", "channels", channels, 1, "(32, 64)")
        halvings = 2 ** len(channels)
        if height < halvings or width < halvings:
            raise ValueError(
                f"CNN: {len(channels)} blocks, each of which halves height and width, need images "
                f"of at least {halvings} x {halvings}, got {height} x {width}. Use fewer blocks: "
                "fewer entries in channels."
            )
        hidden = positive_integers("CNN", "hidden", hidden, 0, "(128,)")
        n_classes = positive_integer("CNN", "n_classes", n_classes)
        rng = generator(rng, "CNN")
        layers: list[Callable] = []
        for c_out in channels:
            layer = find_activation("CNN: activation", activation)
            layers.append(
                Conv2D(c_in, c_out, kernel_size, padding="same", init=fitting(layer), rng=rng,
                       dtype=dtype)
            )  # fmt: skip
            if batch_norm:
                layers.append(BatchNorm(c_out, dtype=dtype))
            layers += [layer, MaxPool2D(2)]
            c_in = c_out
        features = (height // halvings) * (width // halvings) * c_in
        layers.append(Flatten())
        if dropout:
            layers.append(Dropout(dropout, rng=rng.integers(2**63)))
        head = MLP(
            [features, *hidden, n_classes], activation, None, None, dropout, batch_norm, rng, dtype
        )
        super().__init__(*layers, *head)

    def __call__(self, x: Array) -> Array:
        x = as_floats(self, x)
        if np.shape(x)[1:] != tuple(self.input_shape):
            raise ValueError(self._wrong_shape(np.shape(x)))
        return super().__call__(x)

    def _wrong_shape(self, shape: tuple[int, ...]) -> str:
        height, width, channels = self.input_shape
        advice = "Images have the axes (n, height, width, channels), in this order."
        if shape == (height, width, channels):
            advice = "image[None] makes a batch of one image."
        elif shape[1:] == (height, width):
            advice = "images[..., None] adds the axis of one channel."
        elif shape[1:] == (channels, height, width):
            advice = "images.transpose(0, 2, 3, 1) moves the channels to the end."
        elif shape[1:] == (height * width * channels,):
            advice = f"X.reshape(-1, {height}, {width}, {channels}) makes images of rows of pixels."
        expected = f"(n, {height}, {width}, {channels})"
        return f"CNN: expected images of shape {expected}, got {shape}. {advice}"


def _image_shape(shape: Any) -> tuple[int, int, int]:
    """(height, width, channels) as integers, or a sentence about what came instead."""
    if np.ndim(shape) != 1 or len(shape) != 3:
        raise ValueError(
            f"CNN: input_shape must be (height, width, channels), got {shape!r}. "
            "Write for example (8, 8, 1) for grey images of 8 x 8 pixels."
        )
    height, width, channels = positive_integers("CNN", "input_shape", shape, 3, "(8, 8, 1)")
    return height, width, channels
