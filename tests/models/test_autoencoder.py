"""The autoencoder: code and reconstruction are what they say, and it learns."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.functional import binary_cross_entropy, l1_loss, mse_loss
from tinygrad_ml.models import Autoencoder
from tinygrad_ml.training import Trainer

X = np.random.default_rng(0).normal(size=(7, 10))


def test_the_decoder_mirrors_the_encoder():
    model = Autoencoder(10, rng=0)
    assert model.sizes == [10, 8, 4, 2, 4, 8, 10]
    assert [p.shape for p in model.parameters() if p.ndim == 2] == [
        (10, 8), (8, 4), (4, 2), (2, 4), (4, 8), (8, 10),
    ]  # fmt: skip
    assert Autoencoder(5, (3,), rng=0).sizes == [5, 3, 5]
    assert Autoencoder(3, (8, 2), rng=0).sizes == [3, 8, 2, 8, 3]


def test_encode_gives_codes_and_decode_undoes_it():
    model = Autoencoder(10, rng=0)
    codes = model.encode(X)
    assert type(codes) is np.ndarray and codes.shape == (7, 2) and codes.dtype == np.float32
    np.testing.assert_array_equal(model.decode(codes), model.reconstruct(X))
    np.testing.assert_array_equal(model.reconstruct(X), model(X.astype(np.float32)).data)
    np.testing.assert_allclose(model.reconstruct(X)[2:3], model.reconstruct(X[2:3]), rtol=1e-5)
    codes[:] = 0  # an array of its own


def test_the_code_is_affine():
    """It takes both signs, whatever the activation."""
    codes = Autoencoder(10, (8, 2), "relu", rng=0).encode(X * 5)
    assert codes.min() < 0 < codes.max()


def test_lists_integers_and_float64_come_in_the_models_dtype():
    model = Autoencoder(3, (2,), rng=0)
    for samples in ([[1, 2, 3]], np.array([[1, 2, 3]]), np.array([[1.0, 2.0, 3.0]])):
        assert model.encode(samples).dtype == np.float32
        np.testing.assert_array_equal(model.encode(samples), model.encode([[1, 2, 3]]))


def test_a_seed_fixes_everything():
    same, other = Autoencoder(10, rng=1).reconstruct(X), Autoencoder(10, rng=2).reconstruct(X)
    np.testing.assert_array_equal(Autoencoder(10, rng=1).reconstruct(X), same)
    assert not np.array_equal(same, other)


def test_an_output_that_cannot_reach_the_data_is_noticed():
    with pytest.warns(UserWarning, match=r"reaches 0 to 1, but the input goes from .* Scale"):
        Autoencoder(10, output="sigmoid", rng=0)(X)
    with pytest.warns(UserWarning, match="reaches -1 to 1"):
        Autoencoder(10, output="tanh", rng=0)(X)
    inside = (X - X.min()) / np.ptp(X)  # warnings are errors here
    Autoencoder(10, output="sigmoid", rng=0)(inside)
    Autoencoder(10, rng=0)(X)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((10, ()), "encoding_dims must be a list of positive integers"),
        ((10, 4), "encoding_dims must be a list of positive integers"),
        ((10, (8, 0)), "encoding_dims must be a list of positive integers"),
        ((10, (8, 2.0)), "encoding_dims must be a list of positive integers"),
        ((10.0, (8,)), "input_dim must be a positive integer, got 10.0"),
        (((8, 8), (4,)), "input_dim must be a positive integer"),
    ],
)
def test_wrong_sizes(arguments, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(*arguments)


def test_wrong_samples():
    model = Autoencoder(10, rng=0)
    for use in (model, model.encode, model.reconstruct):
        with pytest.raises(ValueError, match=r"shape \(n, 10\), got \(10, 7\).*transposed"):
            use(X.T)
    with pytest.raises(ValueError, match=r"codes of shape \(n, 2\), got \(7, 10\)"):
        model.decode(X)
    with pytest.raises(TypeError, match="expected numbers"):
        model.encode([["a"] * 10])


def low_rank():
    rng = np.random.default_rng(0)
    return rng.normal(size=(600, 2)) @ rng.normal(size=(2, 10))


@pytest.mark.parametrize("loss", [mse_loss, l1_loss])
def test_learns_data_of_low_rank(loss):
    samples = low_rank()
    model = Autoencoder(10, rng=0)
    optimizer = tg.optim.Adam(model.parameters(), 0.01)
    Trainer(model, loss, optimizer, tg.optim.CosineSchedule(150), rng=0).fit(
        samples[:400], 150, progress=False
    )
    held_out = samples[400:]
    assert mse_loss(model.reconstruct(held_out), held_out) < 0.03 * held_out.var()
    assert model.encode(held_out).shape == (200, 2)


def test_learns_values_from_0_to_1_with_sigmoid_and_binary_cross_entropy():
    samples = low_rank()
    samples = (samples > 0).astype(float)
    model = Autoencoder(10, (16, 4), output="sigmoid", rng=0)
    trainer = Trainer(model, binary_cross_entropy, tg.optim.Adam(model.parameters(), 0.01), rng=0)
    trainer.fit(samples, 40, progress=False)
    assert np.mean((model.reconstruct(samples) > 0.5) == samples) > 0.97
