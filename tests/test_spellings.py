"""Names that people bring along from PyTorch: every hint names something that exists."""

import inspect
import pickle

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import spellings


@pytest.mark.parametrize("name", spellings.LAYERS)
def test_hints_of_layers_exist(name):
    with pytest.raises(AttributeError, match=rf"'{name}'\. Write ") as caught:
        getattr(tg.nn, name)
    path = str(caught.value).partition("Write ")[2].rstrip(".")
    if path.startswith("tg."):
        found = tg
        for part in path.split(".")[1:]:
            found = getattr(found, part)


def test_other_capitals_and_unknown_names():
    with pytest.raises(AttributeError, match=r"'Conv2d'\. Write tg\.nn\.Conv2D\."):
        _ = tg.nn.Conv2d
    with pytest.raises(AttributeError, match=r"dir\(tg\.nn\) lists the layers"):
        _ = tg.nn.Capsule
    assert not hasattr(tg.nn, "Capsule")


def test_hints_of_options_exist():
    homes = [getattr(home, name) for home in (tg.nn, tg.optim) for name in home.__all__]
    options = {
        o for kind in homes if isinstance(kind, type) for o in inspect.signature(kind).parameters
    }
    assert set(spellings.OPTIONS.values()) <= options


MISTAKES = {
    "lr": (lambda: tg.optim.Adam([tg.Parameter(1.0)], lr=0.1), "Adam: .* Write learning_rate="),
    "beta1": (lambda: tg.optim.Adam([tg.Parameter(1.0)], beta1=0.1), "betas, .*got beta1="),
    "features": (lambda: tg.nn.Dense(in_features=2, out_features=3), "Dense: .* Write n_in="),
    "kernel": (lambda: tg.nn.MaxPool2D(kernel_size=2), "MaxPool2D: .* Write pool_size="),
    "batch first": (lambda: tg.nn.LSTM(2, 3, batch_first=True), r"LSTM: .*\(n, length, features\)"),
    "layers": (lambda: tg.nn.GRU(2, 3, num_layers=2), "GRU: .* Write layers="),
    "p": (lambda: tg.nn.Dropout(p=0.1), "Dropout: .* Write rate="),
    "dim": (lambda: tg.nn.Softmax(dim=1), "Softmax: .* Write axis="),
    "in place": (lambda: tg.nn.ReLU(inplace=True), r"ReLU: .*\(there are none\).*results are new"),
    "unknown": (lambda: tg.nn.Upsample2D(mode="bilinear"), "options scale, got mode=. Leave it"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    call, message = MISTAKES[name]
    with pytest.raises(TypeError, match=message):
        call()


class Scaled(tg.nn.Module):
    def __init__(self, layer, **options):
        self.layer, self.scale = layer, options.get("scale", 1.0)

    def __call__(self, x):
        return self.scale * self.layer(x)


def test_modules_with_options_of_their_own():
    model = pickle.loads(pickle.dumps(Scaled(tg.nn.Identity(), scale=3.0)))
    np.testing.assert_array_equal(model(np.ones(2)), [3, 3])
