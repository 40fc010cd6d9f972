"""The GPT: the future stays hidden, what it writes has the right odds, it learns, it is saved."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.models import GPT
from tinygrad_ml.training import Trainer, overfit_one_batch

IDS = np.random.default_rng(0).integers(0, 7, (3, 6))


def small(**options):
    return GPT(**({"vocabulary": 7, "length": 6, "size": 8, "heads": 2, "layers": 2, "rng": 0}
                  | options))  # fmt: skip


def lively(**options):
    """With larger weights than at the start, so that every place matters."""
    model = small(**options)
    rng = np.random.default_rng(1)
    for p in model.parameters():
        p.data = p.data + 0.5 * rng.standard_normal(p.shape).astype(p.dtype)
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_later_id_changes_no_earlier_logit(dtype):
    model = lively(dtype=dtype)
    before = model(IDS)
    assert before.shape == (3, 6, 7) and before.dtype == dtype
    for t in range(6):
        changed = IDS.copy()
        changed[:, t] = (changed[:, t] + 1) % 7
        after = model(changed).data
        np.testing.assert_array_equal(after[:, :t], before.data[:, :t])
        assert (np.abs(after[:, t:] - before.data[:, t:]).max(axis=(0, 2)) > 1e-4).all()


def test_a_shorter_sequence_has_the_same_logits():
    model = lively(dtype=np.float64)
    np.testing.assert_allclose(model(IDS[:, :4]).data, model(IDS).data[:, :4], rtol=1e-12)


def test_starts_without_an_opinion_and_every_parameter_learns():
    model = small(vocabulary=50)
    loss = tg.functional.cross_entropy(model(IDS), IDS)
    assert float(loss) == pytest.approx(np.log(50), abs=0.05)
    loss.backward()
    assert all(p.grad is not None and p.grad.dtype == np.float32 for p in model.parameters())
    check = overfit_one_batch(small(), tg.functional.cross_entropy, (IDS[:, :-1], IDS[:, 1:]))
    assert check.without_gradient == check.zero_gradient == ()


def test_gradients():
    model = lively(size=4, layers=1, vocabulary=4, dtype=np.float64)
    ids = IDS[:2, :3] % 4
    weight = model.blocks[0].attention.inner.weight
    start = weight.data.copy()

    def loss_at(w):
        weight.data = w
        return float(tg.functional.cross_entropy(model(ids), ids[:, ::-1]))

    tg.functional.cross_entropy(model(ids), ids[:, ::-1]).backward()
    grad = weight.grad
    direction = np.random.default_rng(2).standard_normal(start.shape)
    slope = (loss_at(start + 1e-5 * direction) - loss_at(start - 1e-5 * direction)) / 2e-5
    assert np.vdot(grad, direction) == pytest.approx(slope, rel=1e-7)


def test_learns_to_count_and_goes_on():
    ids = (np.arange(70)[:, None] + np.arange(9)) % 7
    model = small(length=8, size=16)
    optimizer = tg.optim.AdamW(model.parameters(), 0.01)
    loss = tg.functional.cross_entropy
    trainer = Trainer(model, loss, optimizer, metrics=["accuracy"], rng=0)
    trainer.fit((ids[:, :-1], ids[:, 1:]), 20, progress=False)
    # 20 ids are more than it can read at once.
    assert model.generate([3, 4], 18, temperature=0).tolist() == [(3 + i) % 7 for i in range(20)]
    written = model.generate(ids[:7, :2], 5, temperature=0.1, rng=0)
    np.testing.assert_array_equal(written, ids[:7, :7])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_with_the_probabilities_of_the_softmax(temperature):
    model = lively()
    logits = model(IDS[:1]).data[0, -1].astype(np.float64) / temperature
    expected = tg.functional.softmax(logits)
    n = 4000
    drawn = model.generate(np.repeat(IDS[:1], n, axis=0), 1, temperature, rng=0)[:, -1]
    shares = np.bincount(drawn, minlength=7) / n
    assert (np.abs(shares - expected) <= 4 * np.sqrt(expected * (1 - expected) / n) + 1e-3).all()


def test_generating_keeps_the_given_and_leaves_the_model_alone():
    model = lively(dropout=0.5).train()
    first = model.generate(IDS, 4, rng=0)
    assert first.shape == (3, 10) and first.dtype == IDS.dtype and model.training
    np.testing.assert_array_equal(first[:, :6], IDS)
    np.testing.assert_array_equal(model.generate(IDS, 4, rng=0), first)  # no dropout
    assert not np.array_equal(model.generate(IDS, 4, rng=1), first)
    assert model.generate([1], 2, rng=0).shape == (3,)
    assert model.generate([1], 1, temperature=np.float32(0.5), rng=0).shape == (2,)
    assert all(p.grad is None for p in model.parameters())


def test_saved_and_loaded(tmp_path):
    model = lively(dropout=0.3)
    tg.save(model.eval(), tmp_path / "model")
    again = tg.load(tmp_path / "model")
    assert type(again) is GPT and repr(again) == repr(model)
    np.testing.assert_array_equal(again(IDS).data, model(IDS).data)
    np.testing.assert_array_equal(again.generate([1], 9, rng=0), model.generate([1], 9, rng=0))


def test_shown():
    model = small()
    assert repr(model) == "GPT(vocabulary=7, length=6, size=8, heads=2, layers=2)"
    assert f"{model.n_parameters:,}" in model.summary((6,))


@pytest.mark.parametrize(
    "ids, message",
    [
        (IDS[0], r"ids of shape \(n, 1 to 6\), got \(6,\). ids\[None\] makes a batch"),
        (np.zeros((2, 7), int), r"got \(2, 7\). Cut longer sequences into pieces"),
        (np.zeros((2, 0), int), r"ids of shape \(n, 1 to 6\), got \(2, 0\)"),
        ("abc", r"got \(\). Number the characters"),
        (None, r"ids of shape \(n, 1 to 6\), got \(\)"),
        (IDS[..., None], r"got \(3, 6, 1\). x.argmax"),
        (IDS + 1, "expected ids from 0 to 6, got 1 to 7"),
        (IDS - 1, "expected ids from 0 to 6, got -1 to 5"),
        (IDS.astype(float), "expected integer ids from 0 to 6, got float64"),
        ([["a", "b"]], "expected integer ids"),
        ([[1], [2, 3]], "different lengths"),
    ],
)
def test_wrong_ids(ids, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small()(ids)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([], 3), r"ids of shape \(t,\) or \(n, t\) with t > 0, got \(0,\)"),
        (("hello", 3), "expected integer ids"),
        (([0.5], 3), "got .1,. of float64"),
        ((3, 3), r"got \(\) of int64"),
        (([[1], [2, 3]], 3), "different lengths"),
        (([1], 0), "count must be a positive integer, got 0"),
        (([1], 2.5), "count must be a positive integer"),
        (([1], 3, -1), "temperature must be a number of at least 0, got -1"),
        (([1], 3, None), "temperature must be a number"),
        (([1], 3, np.nan), "temperature must be a number"),
        (([7], 3), "expected ids from 0 to 6, got 7 to 7"),
        (([1], 3, 1.0, "seed"), "rng"),
    ],
)
def test_wrong_requests(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small().generate(*arguments)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"vocabulary": "abc"}, "GPT: vocabulary must be a positive integer, got 'abc'"),
        ({"length": 0}, "GPT: length must be a positive integer, got 0"),
        ({"layers": 1.5}, "GPT: layers must be a positive integer, got 1.5"),
        ({"size": -8}, "size must be a positive integer"),
        ({"heads": 3}, "a number of heads that divides size 8, got 3"),
        ({"dropout": 1.0}, "rate must be at least 0 and below 1"),
    ],
)
def test_wrong_settings(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options)
