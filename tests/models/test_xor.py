"""XOR: every seed learns it, in batch and sample by sample, and what happens when it does not."""

import warnings

import numpy as np
import pytest

from tinygrad_ml.models import XORNet
from tinygrad_ml.training import History

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = [0, 1, 1, 0]


@pytest.mark.parametrize("batch_size, seeds", [(4, range(40)), (1, range(8))])
def test_all_four_rows_right_with_a_margin(batch_size, seeds):
    for seed in seeds:
        net = XORNet(rng=seed).fit(batch_size)
        assert net.predict(X).tolist() == Y
        assert net.error() < 0.1
        assert np.all(np.abs(net.predict_proba(X)[:, 1] - Y) <= net.error())


def test_redraws_are_recorded():
    nets = [XORNet(rng=seed).fit(epochs=80) for seed in range(12)]
    redrawn = [net for net in nets if net.history_.events]
    assert redrawn
    for net in redrawn:
        assert net.predict(X).tolist() == Y
        for draw, event in enumerate(net.history_.events, start=1):
            assert event == {"epoch": 80 * draw, "event": "weights redrawn", "draw": draw}
        assert len(net.history_) > 80 * len(net.history_.events)


def test_a_network_that_has_not_learned_says_so():
    with pytest.warns(UserWarning, match="XOR is not learned, a probability is 0.* 2 draws of 2"):
        net = XORNet(rng=0).fit(epochs=2, redraws=1)
    assert net.error() > 0.1 and len(net.history_.events) == 1
    assert net.fit().predict(X).tolist() == Y  # it may go on


def test_a_straight_line_cannot_do_it():
    with pytest.warns(UserWarning, match="more hidden units than 1"):
        XORNet(hidden=1, activation=lambda z: z, rng=0).fit(epochs=50, redraws=1)


@pytest.mark.parametrize("hidden, activation", [(2, "sigmoid"), (4, "tanh"), (8, "relu")])
def test_other_networks_learn_it_too(hidden, activation):
    with warnings.catch_warnings(action="ignore"):
        learned = [
            XORNet(hidden, activation, rng=seed).fit().predict(X).tolist() == Y for seed in range(4)
        ]
    assert sum(learned) >= 3


def test_a_seed_fixes_everything():
    nets = [XORNet(rng=5).fit(batch_size=1, epochs=60) for _ in range(2)]
    states = [net.state_dict() for net in nets]
    for name in states[0]:
        np.testing.assert_array_equal(states[0][name], states[1][name])
    assert nets[0].history_["loss"] == nets[1].history_["loss"]


def test_shapes_and_dtypes():
    net = XORNet(rng=0)
    assert [p.shape for p in net.parameters()] == [(2, 3), (3,), (3, 1), (1,)]
    assert isinstance(net.history_, History) and len(net.history_) == 0
    assert net(X).shape == (4, 1) and net(X).dtype == np.float32
    assert net.predict(X).dtype.kind == "i" and net.predict([0, 1]).shape == (1,)
    assert net.predict_proba(X).shape == (4, 2)
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert XORNet(rng=0, dtype=np.float64).fit().predict_proba(X).dtype == np.float64


@pytest.mark.parametrize("x", [[[0, 1, 1]], np.zeros((2, 4)), np.zeros((2, 3, 2)), 0.5])
def test_wrong_input(x):
    with pytest.raises(ValueError, match=r"XORNet: expected inputs of shape \(n, 2\)"):
        XORNet().predict(x)


def test_wrong_settings():
    with pytest.raises(TypeError, match="XORNet: expected numbers"):
        XORNet().predict([["0", "1"]])
    with pytest.raises(ValueError, match="hidden must be a positive integer, got '3'"):
        XORNet(hidden="3")
    for wrong in (2, 4.5, X):
        with pytest.raises(ValueError, match=r"must be 4 .* or 1 [\s\S]*write net.fit\(\)"):
            XORNet().fit(wrong)
    for wrong in (-1, 1.5):
        with pytest.raises(ValueError, match="redraws must be an integer of at least 0"):
            XORNet().fit(redraws=wrong)
