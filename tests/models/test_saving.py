"""Every network comes back from a file as it was, without the arguments it was made with."""

import numpy as np
import pytest

from tinygrad_ml.models import CNN, MLP, Autoencoder, XORNet
from tinygrad_ml.persistence import load, save

NETWORKS = {
    "MLP": (MLP([2, 4, 4, 1], "tanh", dropout=0.3, batch_norm=True, rng=0), (3, 2)),
    "MLP with functions": (MLP([2, 4, 1], np.tanh, rng=0, dtype=np.float64), (3, 2)),
    "XORNet": (XORNet(rng=0).fit(), (3, 2)),
    "Autoencoder": (Autoencoder(10, output="sigmoid", rng=0), (3, 10)),
    "CNN": (CNN((8, 8, 1), 10, (4,), hidden=(8,), dropout=0.2, rng=0), (3, 8, 8, 1)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded(name, tmp_path):
    model, shape = NETWORKS[name]
    x = np.random.default_rng(0).random(shape).astype(model.dtype)
    save(model.eval(), tmp_path / "model")
    again = load(tmp_path / "model")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again(x).data, model(x).data)
    np.testing.assert_array_equal(again.train()(x).data, model.train()(x).data)  # dropout too


def test_an_autoencoder_keeps_its_halves_and_xor_its_history(tmp_path):
    autoencoder, shape = NETWORKS["Autoencoder"]
    save(autoencoder, tmp_path / "a")
    x = np.random.default_rng(0).random(shape)
    np.testing.assert_array_equal(load(tmp_path / "a").encode(x), autoencoder.encode(x))
    net, _ = NETWORKS["XORNet"]
    save(net, tmp_path / "x")
    again = load(tmp_path / "x")
    assert again.history_["loss"] == net.history_["loss"]
    assert again.fit().predict([[0, 1], [1, 1]]).tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(64,), (3, 8, 8)])
def test_a_loaded_cnn_still_checks_its_images(shape, tmp_path):
    save(NETWORKS["CNN"][0], tmp_path / "model")
    with pytest.raises(ValueError, match=r"expected images of shape \(n, 8, 8, 1\)"):
        load(tmp_path / "model")(np.zeros(shape))
