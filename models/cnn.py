"""The convolutional network: blocks that look at neighbouring pixels, then a dense head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_ml.nn import BatchNorm, Conv2D, Dropout, Flatten, MaxPool2D, Sequential

from .inputs import as_floats
from .mlp import MLP, find_activation, fitting, layer_sizes

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
        channels = layer_sizes("CNN", channels, least=1, name="channels")
        halvings = 2 ** len(channels)
        if height < halvings or width < halvings:
            raise ValueError(
                f"CNN: {len(channels)} blocks need images of at least {halvings} x {halvings}, since "
                f"each one halves height and width, got {height} x {width}. Use fewer channels."
            )
        hidden = layer_sizes("CNN", hidden, least=0, name="hidden")
        (n_classes,) = layer_sizes("CNN", [n_classes], least=1, name="n_classes")
        rng = np.random.default_rng(rng)
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
        x = as_floats("CNN", x, self.dtype)
        expected = tuple(self.input_shape)
        if np.shape(x)[1:] != expected:
            shown = ", ".join(map(str, expected))
            hint = " image[None] makes a batch of one." if np.shape(x) == expected else (
                " images[..., None] adds the channel axis." if np.shape(x)[1:] == expected[:2]
                and expected[2] == 1 else f" images.reshape(-1, {shown}) makes images of rows.")  # fmt: skip
            raise ValueError(f"CNN: expected images of shape (n, {shown}), got {np.shape(x)}.{hint}")
        return super().__call__(x)


def _image_shape(shape: Any) -> tuple[int, int, int]:
    """(height, width, channels) as integers, or a sentence about what came instead."""
    if np.ndim(shape) != 1 or len(shape) != 3:
        raise ValueError(
            f"CNN: input_shape must be (height, width, channels), got {shape!r}. "
            "Write for example (8, 8, 1) for grey images of 8 x 8 pixels."
        )
    height, width, channels = layer_sizes("CNN", shape, least=3, name="input_shape")
    return height, width, channels
