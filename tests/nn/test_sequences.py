"""Layers for sequences beyond PyTorch's figures: dtypes, lengths, masks, second order, refusals."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F
from tinygrad_ml import nn


def draw(*shape, seed=3):
    return np.random.default_rng(seed).standard_normal(shape)


def leaf(*shape, seed=3):
    return tg.Tensor(draw(*shape, seed=seed), requires_grad=True)


def flat(result):
    """A result, or a result with a state or a pair of states, as a list of Tensors."""
    return [t for part in result for t in flat(part)] if isinstance(result, tuple) else [result]


def first(result):
    return flat(result)[0]


LAYERS = {
    "RNN": lambda **how: nn.RNN(4, 3, **how),
    "LSTM": lambda **how: nn.LSTM(4, 3, layers=2, dropout=0.2, forget_bias=1.0, **how),
    "GRU": lambda **how: nn.GRU(4, 3, bidirectional=True, **how),
    "MultiHeadAttention": lambda **how: nn.MultiHeadAttention(4, 2, dropout=0.2, **how),
    "TransformerBlock": lambda **how: nn.TransformerBlock(4, 2, dropout=0.2, causal=True, **how),
    "PositionalEmbedding": lambda **how: nn.PositionalEmbedding(6, 4, **how),
}
NORMS = {
    "LayerNorm": lambda **how: nn.LayerNorm(4, eps=np.float64(1e-4), **how),
    "RMSNorm": lambda **how: nn.RMSNorm(4, **how),
}
RECURRENT = [nn.RNN, nn.LSTM, nn.GRU]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [*LAYERS.values(), *NORMS.values()], ids=[*LAYERS, *NORMS])
def test_dtype_stays(make, dtype):
    layer = make(dtype=dtype)
    x = tg.Tensor(draw(2, 5, 4).astype(dtype), requires_grad=True)
    result = layer(x)
    assert {r.dtype for r in flat(result)} == {np.dtype(dtype)}
    (first(result) * first(result)).sum().backward()
    assert {p.grad.dtype for p in (x, *layer.parameters())} == {np.dtype(dtype)}
    assert first(layer.eval()(x)).shape == first(result).shape


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_seeds(make):
    one, two, three = make(rng=0), make(rng=np.random.default_rng(0)), make(rng=1)
    x = draw(2, 5, 4)
    np.testing.assert_array_equal(first(one(x)).data, first(two(x)).data)
    assert np.any(first(one.eval()(x)).data != first(three.eval()(x)).data)


@pytest.mark.parametrize("make", [*LAYERS.values(), *NORMS.values()], ids=[*LAYERS, *NORMS])
def test_second_order(make):
    layer = make(dtype=np.float64)
    layer.eval()
    tg.check_gradients(lambda x: (first(layer(x)) ** 2).sum(), leaf(1, 3, 4), order=2)


@pytest.mark.parametrize("make", [LAYERS["LSTM"], LAYERS["GRU"]], ids=["LSTM", "GRU"])
def test_saved_and_loaded(make, tmp_path):
    layer = make(rng=0).eval()
    tg.save(layer, tmp_path / "layer")
    again = tg.load(tmp_path / "layer").eval()
    x = draw(2, 5, 4).astype(np.float32)
    np.testing.assert_array_equal(first(again(x)).data, first(layer(x)).data)
    names = [name for name, _ in layer.named_parameters()]
    assert names[:3] == [f"cells.0.0.{k}" for k in ("weight_input", "weight_hidden", "bias")]


# ------------------------------------------------------------------------------ recurrent layers


@pytest.mark.parametrize("kind", RECURRENT)
def test_two_halves_are_the_whole(kind):
    layer = kind(2, 3, layers=2, dtype=np.float64)
    x = draw(4, 6, 2)
    whole, end = layer(x)
    left, middle = layer(x[:, :2])
    right, last = layer(x[:, 2:], middle)
    np.testing.assert_allclose(np.concatenate([left, right], axis=1).data, whole.data, atol=1e-15)
    for a, b in zip(flat(end), flat(last), strict=True):
        np.testing.assert_allclose(a.data, b.data, atol=1e-15)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_lengths_are_as_sequences_alone(kind, bidirectional):
    """Whatever stands behind the end, NaN too, is not read and gets no gradient."""
    layer = kind(2, 3, layers=2, bidirectional=bidirectional, dtype=np.float64)
    lengths = [3, 5, 1]
    x = draw(3, 5, 2)
    for row, length in enumerate(lengths):
        x[row, length:] = np.nan
    x = tg.Tensor(x, requires_grad=True)
    out, end = layer(x, lengths=lengths)
    ends = flat(end)
    for row, length in enumerate(lengths):
        alone, alone_end = layer(x.data[row : row + 1, :length])
        np.testing.assert_allclose(out.data[row, :length], alone.data[0], atol=1e-15)
        assert not out.data[row, length:].any()
        for a, b in zip(ends, flat(alone_end), strict=True):
            np.testing.assert_allclose(a.data[:, row], b.data[:, 0], atol=1e-15)
    ((out * out).sum() + sum((e * e).sum() for e in ends)).backward()
    for row, length in enumerate(lengths):
        assert np.abs(x.grad[row, :length]).min() > 0 and not x.grad[row, length:].any()


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_cell_is_a_layer_of_one_step(kind):
    layer = kind(2, 3)
    cell, x = layer.cells[0][0], draw(4, 2).astype(np.float32)
    out, _ = layer(x[:, None])
    after = cell(x)
    np.testing.assert_array_equal(first(after).data, out.data[:, 0])
    assert len(after) == 2 if kind is nn.LSTM else after.shape == (4, 3)


def test_recurrent_layers_start_as_promised():
    layer = nn.LSTM(8, 100, forget_bias=1.0, rng=0)
    cell = layer.cells[0][0]
    for p in (cell.weight_input, cell.weight_hidden):
        assert 0.095 < np.abs(p.data).max() <= 0.1
    forget = cell.bias.data.reshape(4, 100)[1]
    assert 0.9 <= forget.min() <= forget.max() <= 1.1
    assert np.abs(np.delete(cell.bias.data.reshape(4, 100), 1, 0)).max() <= 0.1
    assert nn.GRU(2, 3, bias=False).cells[0][0].candidate_bias is None


def test_an_lstm_learns_what_came_first():
    """The class is the sign of the first of eight steps."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 8, 1)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int)
    layer, head = nn.LSTM(1, 16, forget_bias=1.0, rng=0), nn.Dense(16, 2, rng=0)
    optimizer = tg.optim.Adam([*layer.parameters(), *head.parameters()], 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        logits = head(layer(x)[0][:, -1])
        F.cross_entropy(logits, y).backward()
        optimizer.step()
    assert (logits.data.argmax(axis=1) == y).mean() > 0.95


# ------------------------------------------------------------------------------ attention


def test_masks():
    layer = nn.MultiHeadAttention(4, 2, dtype=np.float64)
    x, allowed = draw(2, 3, 4), np.tri(3, dtype=bool)
    expected = layer(x, causal=True).data
    added = np.where(allowed, 0, -np.inf)
    for mask in (allowed, added, allowed[None], np.stack([allowed] * 2), allowed[None, None],
                 allowed.tolist(), tg.Tensor(added)):  # fmt: skip
        np.testing.assert_allclose(layer(x, mask=mask).data, expected, atol=1e-15)


def test_the_future_is_not_seen():
    layer = nn.TransformerBlock(4, 2, causal=True, dtype=np.float64)
    x = draw(1, 5, 4)
    before = layer(x).data
    x[0, 3:] = 100
    np.testing.assert_array_equal(layer(x).data[0, :3], before[0, :3])


def test_a_row_that_may_attend_nowhere_gives_zeros():
    query, key, value = (leaf(2, 3, 4, seed=s) for s in range(3))
    mask = np.ones((3, 3), bool)
    mask[1] = False
    out = F.scaled_dot_product_attention(query, key, value, mask)
    assert not out.data[:, 1].any() and np.isfinite(out.data).all()
    (out * out).sum().backward()
    assert not query.grad[:, 1].any() and all(
        np.isfinite(t.grad).all() for t in (query, key, value)
    )


def test_attention_dropout():
    x = np.ones((1, 400, 4))
    out = F.scaled_dot_product_attention(x, x, x, dropout=0.5, rng=0)
    assert 0.02 < out.std() < 0.1 and abs(out.mean() - 1) < 0.02
    layer = nn.MultiHeadAttention(4, 2, dropout=0.5, rng=0)
    x = draw(2, 5, 4)
    assert np.any(layer(x).data != layer(x).data)
    layer.eval()
    np.testing.assert_array_equal(layer(x).data, layer(x).data)


def test_sinusoidal_positions():
    code = F.sinusoidal_positions(50, 5, dtype=np.float64)
    assert code.shape == (50, 5) and F.sinusoidal_positions(3, 4).dtype == np.float32
    for place in (0, 1, 7, 49):
        for column in range(5):
            angle = place / 10000 ** (2 * (column // 2) / 5)
            expected = np.cos(angle) if column % 2 else np.sin(angle)
            np.testing.assert_allclose(code[place, column], expected, atol=1e-14)


# ------------------------------------------------------------------------------ norms, embeddings


def test_norms_normalise():
    x = (draw(3, 5, 8) * 4 + 7).astype(np.float32)
    out = nn.LayerNorm(8)(x).data
    np.testing.assert_allclose(out.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose((nn.RMSNorm(8)(x).data ** 2).mean(axis=-1), 1, atol=1e-5)


def test_embedding():
    layer = nn.Embedding(5, 3, padding_index=1, rng=0)
    assert not layer.weight.data[1].any() and layer.weight.data[0].any()
    ids = np.array([[0, 1, 4], [4, 4, 1]], np.uint8)
    out = layer(ids)
    np.testing.assert_array_equal(out.data, layer.weight.data[ids])
    out.sum().backward()
    np.testing.assert_array_equal(
        layer.weight.grad, np.array([1, 0, 0, 0, 3])[:, None].repeat(3, 1)
    )
    assert layer(np.zeros((0, 2), int)).shape == (0, 2, 3)


# ------------------------------------------------------------------------------ refusals

lstm, cell, attention = nn.LSTM(3, 2), nn.LSTMCell(3, 2), nn.MultiHeadAttention(4, 2)
ones = np.ones
REFUSALS = [
    (lambda: nn.Embedding(5, 3)(ones(2)), "expected integer ids from 0 to 4, got float64"),
    (lambda: nn.Embedding(5, 3)([0, 7]), "expected ids from 0 to 4, got 0 to 7"),
    (lambda: nn.Embedding(5, 3)([[0], [1, 2]]), "regular shape, got lists of different lengths"),
    (lambda: nn.Embedding(5, 3, 5), "padding_index must be None or an id from 0 to 4, got 5"),
    (lambda: F.embedding([0], ones(3)), r"a weight of shape \(count, size\), got \(3,\)"),
    (lambda: nn.LayerNorm(4)(ones((2, 3))), r"4 features in the last axis, got input .*\(2, 3\)"),
    (lambda: nn.LayerNorm(4)(ones((2, 4), int)), "expected floating-point values, got int64"),
    (lambda: nn.LayerNorm((2, 4))(ones((3, 4))), "2 x 4 features in the last axes"),
    (lambda: nn.RMSNorm("4"), "n must be a positive integer, got '4'"),
    (lambda: F.layer_norm(ones((2, 4)), ones(4), ones(3)), r"beta of gamma's shape \(4,\), got"),
    (lambda: nn.MultiHeadAttention(6, 4), "number of heads that divides size 6, got 4"),
    (lambda: attention(ones((3, 4))), r"x of shape \(n, length, 4\), got \(3, 4\). x\[None\]"),
    (lambda: attention(ones((2, 4, 3))), "Features are the last axis"),
    (lambda: attention(ones((2, 3, 4)), ones((2, 3, 5))), "expected context of shape"),
    (lambda: attention(ones((2, 3, 4)), ones((3, 3, 4))), "leading axes that fit together"),
    (lambda: attention(ones((2, 3, 4)), mask=ones((2, 2), bool)), "a mask that broadcasts to"),
    (lambda: attention(ones((2, 3, 4)), mask=ones((3, 3), int)), "a mask of bool .* got int64"),
    (lambda: attention(ones((2, 3, 4)), ones((2, 5, 4)), causal=True), "of one length with causal"),
    (lambda: F.scaled_dot_product_attention(*[ones((2, 3), int)] * 3), "floating-point values"),
    (lambda: F.scaled_dot_product_attention(*[ones((n, 3)) for n in (2, 2, 4)]), "as many values"),
    (lambda: F.scaled_dot_product_attention(*[ones(3)] * 3), "query .* and key .* of one size"),
    (lambda: F.sinusoidal_positions(2.5, 4), "length must be a positive integer, got 2.5"),
    (lambda: nn.PositionalEmbedding(3, 4)(ones((2, 5, 4))), "up to 3, 4"),
    (lambda: nn.TransformerBlock(4, 2)(ones((3, 4))), r"x\[None\] is a batch of one sequence"),
    (lambda: lstm(ones((4, 3))), r"got \(4, 3\). x\[None\] is a batch of one sequence"),
    (lambda: lstm(ones((4, 5), int)), "ids need an Embedding first"),
    (lambda: lstm(ones((3, 4, 5))), "Steps are the axis in the middle"),
    (lambda: lstm(ones((2, 0, 3))), "at least one step"),
    (lambda: lstm(ones((2, 4, 3), int)), "floating-point values, got int64"),
    (lambda: lstm(ones((2, 4, 3)), ones((1, 2, 2))), r"\(h, c\), each of shape \(1, 2, 2\), got"),
    (lambda: nn.GRU(3, 2, 2)(ones((2, 4, 3)), ones((1, 2, 2))), r"one array of shape \(2, 2, 2\)"),
    (lambda: lstm(ones((2, 4, 3)), lengths=[0, 2]), r"2 integers from 1 to 4.*got \[0, 2\]"),
    (lambda: lstm(ones((2, 4, 3)), lengths=[1.0, 2.0]), "expected lengths as 2 integers"),
    (lambda: lstm(None), r"expected sequences of shape \(n, length, 3\)"),
    (lambda: nn.LSTM(3, 0), "LSTM: hidden must be a positive integer, got 0"),
    (lambda: nn.LSTM(3, 2, 2, dropout=1.0), "rate must be at least 0 and below 1"),
    (lambda: nn.LSTM(3, 2, bias=False, forget_bias=1.0), "bias=True with a forget_bias"),
    (lambda: cell(ones((2, 4, 3))), r"one step of shape \(n, 3\).* LSTM takes whole sequences"),
    (lambda: cell(ones((2, 3)), ones((2, 2))), r"a state of \(h, c\)"),
    (lambda: F.lstm(ones((2, 3, 2)), ones((2, 7)), ones((2, 8)), None, 0, 0), "4 hidden"),
    (lambda: F.rnn(ones((2, 3, 2)), ones((2, 2)), ones((2, 2)), None, None), "h0 of shape"),
    (lambda: F.rnn(ones((2, 3, 2)), ones((2, 2)), ones((2, 2)), ones(3), ones((2, 2))), "a bias"),
    (lambda: F.gru(ones((2, 3, 2)), ones((2, 6)), ones((2, 6)), None, ones(3), ones((2, 2))),
     "candidate_bias of shape"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSALS)))
def test_refusals(number):
    call, text = REFUSALS[number]
    with pytest.raises((ValueError, TypeError), match=text):
        call()
