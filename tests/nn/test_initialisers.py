"""Initialisers: fans, variances, bounds, seeds."""

import numpy as np
import pytest

from tinygrad_ml.nn import Conv2D, Dense, initialisers

DENSE, CONV = (300, 500), (5, 3, 20, 100)
VARIANCES = {
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
}


def test_fans():
    assert initialisers.fans((4, 7)) == (4, 7)
    assert initialisers.fans((5, 3, 20, 100)) == (300, 1500)


@pytest.mark.parametrize(("shape", "fans"), [(DENSE, (300, 500)), (CONV, (300, 1500))])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("name", VARIANCES)
def test_variance_and_bounds(name, kind, shape, fans):
    w = getattr(initialisers, f"{name}_{kind}")(shape, np.random.default_rng(0))
    variance = VARIANCES[name](*fans)
    assert w.shape == shape
    # The estimate of a variance from n draws is off by a share of about sqrt((kurtosis - 1) / n).
    kurtosis = 1.8 if kind == "uniform" else 3.0
    assert abs(w.var() / variance - 1) < 4 * np.sqrt((kurtosis - 1) / w.size)
    assert abs(w.mean()) < 4 * np.sqrt(variance / w.size)
    limit = np.sqrt(3 * variance)
    if kind == "uniform":
        assert 0.999 * limit < np.abs(w).max() <= limit
    else:
        assert np.abs(w).max() > 2 * limit
        assert abs((np.abs(w) < np.sqrt(variance)).mean() - 0.6827) < 0.01


@pytest.mark.parametrize("name", [f"{a}_{b}" for a in VARIANCES for b in ("uniform", "normal")])
def test_layers_take_them_by_name_and_as_functions(name):
    function = getattr(initialisers, name)
    expected = function((6, 5), np.random.default_rng(4)).astype(np.float32)
    np.testing.assert_array_equal(Dense(6, 5, init=name, rng=4).weight.data, expected)
    np.testing.assert_array_equal(Dense(6, 5, init=function, rng=4).weight.data, expected)
    expected = function((3, 2, 6, 5), np.random.default_rng(4)).astype(np.float32)
    np.testing.assert_array_equal(Conv2D(6, 5, (3, 2), init=name, rng=4).weight.data, expected)


def test_defaults():
    dense, conv = Dense(6, 5, rng=4).weight.data, Conv2D(6, 5, 3, rng=4).weight.data
    np.testing.assert_array_equal(dense, Dense(6, 5, init="glorot_uniform", rng=4).weight.data)
    np.testing.assert_array_equal(conv, Conv2D(6, 5, 3, init="he_normal", rng=4).weight.data)


@pytest.mark.parametrize("make", [lambda rng: Dense(9, 9, rng=rng),
                                  lambda rng: Conv2D(2, 3, 3, rng=rng)])  # fmt: skip
def test_seeds(make):
    weights = lambda rng: make(rng).weight.data
    np.testing.assert_array_equal(weights(1), weights(1))
    np.testing.assert_array_equal(weights(1), weights(np.random.default_rng(1)))
    assert np.any(weights(1) != weights(2)) and np.any(weights(None) != weights(None))
    generator = np.random.default_rng(1)
    assert np.any(weights(generator) != weights(generator))  # it is drawn from, not copied


def test_the_global_generator_is_untouched():
    before = str(np.random.get_state())  # noqa: NPY002
    Dense(3, 3), Dense(3, 3, rng=0), Conv2D(1, 1, 3)
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_what_is_refused():
    with pytest.raises(ValueError, match="expected one of glorot_uniform, .*, got 'xavier'"):
        Dense(2, 2, init="xavier")
    with pytest.raises(ValueError, match=r"Dense: init must return .* \(3, 2\), got \(2, 3\)"):
        Dense(3, 2, init=lambda shape, rng: rng.normal(size=shape[::-1]))
    with pytest.raises(ValueError, match=r"Conv2D: init must return .* \(3, 3, 1, 2\), got \(\)"):
        Conv2D(1, 2, 3, init=lambda shape, rng: 0.1)
    for bad in (-1, True, "seed", 1.0):
        with pytest.raises(ValueError, match="Dense: rng must be None, a seed"):
            Dense(2, 2, rng=bad)
