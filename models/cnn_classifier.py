"""The convolutional network as a classifier of images."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from tinygrad_ml import functional
from tinygrad_ml.validation import BOOLEAN, NOTHING, Accepts, is_integer

from .cnn import CNN
from .network import ACTIVATION, RATE, TRAINING, NetworkClassifier, as_list, sizes_like


class CNNClassifier(NetworkClassifier):
    """Classes of images by a convolutional network, the `CNN`; cross-entropy as loss.

    X holds images (n, height, width, channels) or (n, height, width), or rows of pixels with
    `image_shape`. Whole numbers are computed in float32. Bring pixels to 0..1 first: X / 255.

    Parameters
    ----------
    channels : channels that each block of convolution and pooling makes.
    kernel_size : of the convolutions, a number or a pair.
    hidden : units of the dense layers before the last; () for none.
    activation : as for `MLP`.
    image_shape : (height, width) or (height, width, channels) of the images in rows of pixels.
    dropout : probability with which an input of the head or a hidden unit is left out in training.
    batch_norm : normalise before every activation.
    solver, alpha, batch_size, learning_rate, learning_rate_init, max_iter, tol, n_iter_no_change,
    early_stopping, validation_fraction, momentum, random_state, verbose : as for
        `MLPClassifier`.

    batch_size="auto" is n / 20, but from 8 to 32: few images shall make some steps too.

    After `fit`: `classes_`, `image_shape_`, `module_` (the `CNN`), `history_`, `n_iter_` (epochs).

    >>> images = np.zeros((20, 8, 8))
    >>> images[10:, :, 4:] = 1.0
    >>> model = CNNClassifier(channels=(4,), hidden=(), random_state=0)
    >>> model.fit(images, ["left"] * 10 + ["right"] * 10).predict(images[[0, -1]])
    array(['left', 'right'], dtype='<U5')
    """

    _dtypes: ClassVar[Any] = (np.float32, np.float64)
    _parameters: ClassVar[dict[str, Accepts]] = {
        "channels": sizes_like(1, "(32, 64)"),
        "kernel_size": sizes_like(2, "3 or (3, 3)"),
        "hidden": sizes_like(0, "(128,)"),
        "activation": ACTIVATION,
        "image_shape": NOTHING | sizes_like(2, "(8, 8) or (8, 8, 1)"),
        "dropout": RATE,
        "batch_norm": BOOLEAN,
        **TRAINING,
    }

    channels: Any
    kernel_size: Any
    hidden: Any
    activation: Any
    image_shape: Any
    dropout: float
    batch_norm: bool

    def __init__(
        self,
        channels: Any = (32, 64),
        kernel_size: Any = 3,
        hidden: Any = (128,),
        activation: Any = "relu",
        *,
        image_shape: Any = None,
        dropout: Any = 0.3,
        batch_norm: Any = True,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "cosine",
        learning_rate_init: Any = 0.003,
        max_iter: Any = 30,
        tol: Any = 1e-4,
        n_iter_no_change: Any = 10,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        momentum: Any = 0.9,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self._store(locals())

    def fit(self, X: Any, y: Any) -> CNNClassifier:
        """Learn the classes y (n,) of images X; returns itself.

        Warns and raises as `MLPClassifier`.
        """
        shape = _shape(X)
        pixels, y, _ = self._start_fit(X, y)
        self.image_shape_ = self._shape_of_images(shape)
        rng = self._generator()
        kernel = self.kernel_size
        module = CNN(
            self.image_shape_, len(self.classes_), as_list(self.channels),
            int(kernel) if is_integer(kernel) else tuple(as_list(kernel)), as_list(self.hidden),
            self.activation, float(self.dropout), bool(self.batch_norm), rng, pixels.dtype,
        )  # fmt: skip
        self._train(module, functional.cross_entropy, (self._images(pixels), y), rng)
        return self

    def _auto_batch_size(self, n: int) -> int:
        return min(32, max(8, n // 20))

    def _samples(self, X: Any) -> np.ndarray:
        """Images as rows of pixels, so that all checks of rows hold for them."""
        if len(_shape(X)) not in (3, 4):
            return super()._samples(X)
        images = np.asarray(X)
        return super()._samples(images.reshape(len(images), math.prod(images.shape[1:])))

    def _input(self, X: Any) -> np.ndarray:
        self._check_fitted()
        shape, fitted = _shape(X), self.image_shape_
        images = (fitted, fitted[:2]) if fitted[2] == 1 else (fitted,)
        one = shape in images and shape[1:] != (self.n_features_in_,)
        if one or (len(shape) in (3, 4) and shape[1:] not in images):
            raise ValueError(
                f"CNNClassifier: expected images of shape (n, {', '.join(map(str, fitted))}) as in "
                f"fit, got {shape}. The axes are (n, height, width, channels); image[None] makes a "
                "batch of one image."
            )
        return self._images(super()._input(X))

    def _images(self, pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(-1, *self.image_shape_)

    def _shape_of_images(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(height, width, channels), from X or for rows of pixels from `image_shape`."""
        given = None if self.image_shape is None else as_list(self.image_shape)
        found = list(shape[1:]) if len(shape) > 2 else given
        if found is None:
            raise ValueError(
                f"CNNClassifier: expected images of shape (n, height, width, channels) or (n, "
                f"height, width), got {shape}. Write image_shape=(height, width) for rows of "
                "pixels."
            )
        whole = [*found, 1] if len(found) == 2 else found
        if (
            len(whole) != 3
            or math.prod(whole) != self.n_features_in_
            or (given is not None and given not in (whole, whole[:2]))
        ):
            raise ValueError(
                f"CNNClassifier: image_shape must be (height, width) or (height, width, channels) "
                f"of the images in X of shape {shape}, got {self.image_shape!r}. A row has height "
                "times width times channels pixels."
            )
        return whole[0], whole[1], whole[2]


def _shape(X: Any) -> tuple[int, ...]:
    """The shape of images; () for what has none, which the check of samples names."""
    try:
        return () if hasattr(X, "toarray") else np.shape(X)
    except ValueError:  # lists of different lengths
        return ()
