"""The convolutional network: sizes follow the images, errors name the mistake, it learns."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.models import CNN
from tinygrad_ml.training import Trainer

IMAGES = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize(
    "shape, channels, features",
    [((8, 8, 1), (4, 6), 24), ((9, 13, 3), (4, 6), 2 * 3 * 6), ((4, 5, 2), (3,), 2 * 2 * 3),
     ((16, 16, 1), (2, 3, 4, 5), 5)],
)  # fmt: skip
def test_sizes_follow_the_images(shape, channels, features):
    model = CNN(shape, 3, channels, hidden=(7,), rng=0)
    weights = [p.shape for p in model.parameters() if p.ndim > 1]
    inputs = (shape[2], *channels)
    assert weights == [
        *((3, 3, c_in, c_out) for c_in, c_out in zip(inputs, channels)), (features, 7), (7, 3),
    ]  # fmt: skip
    images = np.zeros((2, *shape), np.float32)
    assert model(images).shape == (2, 3) and model(images).dtype == np.float32


def test_options_become_layers():
    model = CNN((8, 8, 1), 10, (4,), 5, hidden=(6,), dropout=0.5, batch_norm=True, rng=0)
    assert [type(layer).__name__ for layer in model] == [
        "Conv2D", "BatchNorm", "ReLU", "MaxPool2D", "Flatten", "Dropout",
        "Dense", "BatchNorm", "ReLU", "Dropout", "Dense",
    ]  # fmt: skip
    assert model[0].weight.shape == (5, 5, 1, 4)
    assert [type(layer).__name__ for layer in CNN((8, 8, 1), 10, (4,), hidden=())][-2:] == [
        "Flatten", "Dense",
    ]  # fmt: skip
    assert "(n, 4, 4, 4)" in CNN((8, 8, 1), 10, (4,), rng=0).summary((8, 8, 1))


def test_a_seed_fixes_everything():
    def outputs(seed):
        model = CNN((8, 8, 1), 10, (4,), hidden=(8,), dropout=0.5, rng=seed)
        return [model(IMAGES).data, model(IMAGES).data]

    np.testing.assert_array_equal(outputs(0), outputs(0))
    assert not np.array_equal(outputs(0), outputs(1))


def test_integers_are_converted():
    model = CNN((8, 8, 1), 10, (4,), hidden=(8,), rng=0)
    bytes_ = (np.abs(IMAGES) * 9).astype(np.uint8)
    np.testing.assert_array_equal(model(bytes_).data, model(bytes_.astype(np.float32)).data)
    assert model(bytes_.tolist()).dtype == np.float32


@pytest.mark.parametrize(
    "shape, advice",
    [
        ((3, 64), r"X.reshape\(-1, 8, 8, 1\)"),
        ((3, 8, 8), r"images\[..., None\] adds"),
        ((8, 8, 1), r"image\[None\] makes a batch"),
        ((3, 1, 8, 8), r"images.transpose\(0, 2, 3, 1\)"),
        ((3, 8, 8, 3), "Images have the axes"),
        ((8, 8), "Images have the axes"),
    ],
)
def test_images_of_a_wrong_shape(shape, advice):
    model = CNN((8, 8, 1), 10, (4,), hidden=(8,), rng=0)
    with pytest.raises(ValueError, match=r"images of shape \(n, 8, 8, 1\), got .*" + advice):
        model(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((8, 8), 10), r"input_shape must be \(height, width, channels\), got \(8, 8\)"),
        ((64, 10), "input_shape must be"),
        (((8, 8, 0), 10), "input_shape must be a list of at least 3 positive integers"),
        (((8, 8, 1), "10"), "n_classes must be a positive integer, got '10'"),
        (((8, 8, 1), 10, 32), "channels must be a list of positive integers, got 32"),
        (((8, 8, 1), 10, ()), "channels must be a list of positive integers"),
        (((8, 8, 1), 10, (4, 4, 4, 4)), "4 blocks.* need images of at least 16 x 16, got 8 x 8"),
        (((2, 8, 1), 10), "2 blocks.* need images of at least 4 x 4, got 2 x 8"),
        (((8, 8, 1), 10, (4,), 0), "kernel_size must be"),
        (((8, 8, 1), 10, (4,), 3, 128), "hidden must be a list of positive integers, got 128"),
        (((8, 8, 1), 10, (4,), 3, (8,), "rel"), "CNN: activation must be one of"),
    ],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        CNN(*arguments)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_learns_digits(batch_norm):
    X, y = load_digits(images=True)
    model = CNN((8, 8, 1), 10, (8, 16), hidden=(32,), batch_norm=batch_norm, rng=0)
    optimizer = tg.optim.Adam(model.parameters(), 0.005)
    trainer = Trainer(model, tg.functional.cross_entropy, optimizer, metrics=["accuracy"], rng=0)
    trainer.fit((X[:1200] / 16, y[:1200]), 8, progress=False)
    assert trainer.evaluate((X[1200:] / 16, y[1200:]))["accuracy"] > 0.9
