"""Record PyTorch's layers for sequences, in float64.

    python tests/reference/make_sequences.py   # needs PyTorch; writes sequences.npz

Each case has its inputs (`in/<name>`), the parameters under this project's names and in its layout,
(n_in, n_out) (`p/<name>`), results (`out/<i>`), the gradients that these get (`up/<i>`), and what
arrives at inputs and parameters (`grad/<name>`). The names of the cases are those of CASES in
tests/nn/test_sequences_against_pytorch.py. PyTorch's two biases of a recurrent layer are one here,
but for the candidate of a GRU. As the arrays are many and small, the file holds one long vector
and, as JSON, the shape of every name in turn.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20261124)
torch.set_default_dtype(torch.float64)


def draw(*shape):
    return rng.standard_normal(shape)


def array(tensor):
    return np.array(tensor.detach().numpy(), order="C")


def record(case, inputs, call, layer=None, named=lambda layer, of: {}):
    """`call(**tensors)` gives a list of results; `named(layer, of)` our parameters by name."""
    tensors = {k: torch.tensor(v, requires_grad=v.dtype.kind == "f") for k, v in inputs.items()}
    if layer is not None:
        with torch.no_grad():
            for p in layer.parameters():
                p.copy_(torch.tensor(rng.uniform(-0.8, 0.8, tuple(p.shape))))
                if getattr(layer, "padding_idx", None) is not None:
                    p[layer.padding_idx] = 0
    values = named(layer, array)
    outs = call(**tensors)
    ups = [torch.tensor(rng.uniform(0.5, 1.5, tuple(out.shape))) for out in outs]
    torch.autograd.backward(outs, ups)
    RECORDS.update({f"{case}/in/{k}": v for k, v in inputs.items()})
    RECORDS.update({f"{case}/p/{k}": v for k, v in values.items()})
    for i, (out, up) in enumerate(zip(outs, ups)):
        RECORDS[f"{case}/out/{i}"], RECORDS[f"{case}/up/{i}"] = array(out), array(up)
    grads = {k: array(t.grad) for k, t in tensors.items() if t.requires_grad}
    grads |= named(layer, lambda p: array(p.grad))
    RECORDS.update({f"{case}/grad/{k}": v for k, v in grads.items()})


# ---- norms and embeddings


def norm(layer, of):
    found = {"gamma": of(layer.weight)}
    return found | ({"beta": of(layer.bias)} if getattr(layer, "bias", None) is not None else {})


for case, shape, n, eps, scale, mean in [
    ("rows", (5, 4), 4, 1e-5, 1, 0), ("sequence", (2, 3, 4), 4, 1e-5, 2, 1),
    ("two axes", (3, 2, 4), (2, 4), 1e-5, 1, 0), ("other eps", (4, 3), 3, 1e-1, 1, 0),
    ("large mean", (4, 6), 6, 1e-5, 1, 1000), ("small", (3, 5), 5, 1e-5, 1e-3, 0),
]:  # fmt: skip
    x = {"x": draw(*shape) * scale + mean}
    for name, layer in (("LayerNorm", nn.LayerNorm(n, eps)), ("RMSNorm", nn.RMSNorm(n, eps))):
        record(f"{name} {case}", x, lambda x, f=layer: [f(x)], layer, norm)
layer = nn.LayerNorm(4, bias=False)
record("LayerNorm no bias", {"x": draw(5, 4)}, lambda x: [layer(x)], layer, norm)

for case, ids, padding in [
    ("vector", [0, 3, 1], None), ("repeated", [[2, 2, 2], [2, 0, 2]], None), ("single", 3, None),
    ("padding", [[1, 0, 0], [4, 0, 3]], 0), ("cube", [[[0], [1]], [[4], [1]]], 4),
]:  # fmt: skip
    layer = nn.Embedding(5, 3, padding)
    record(f"Embedding {case}", {"x": np.array(ids)}, lambda x, f=layer: [f(x)], layer,
           lambda layer, of: {"weight": of(layer.weight)})  # fmt: skip

# ---- attention

HOLES = np.tril(np.ones((3, 4), bool), 1)
for case, left, right, extra in [
    ("plain", (2, 3, 4), (2, 3, 4), {}), ("heads", (2, 2, 3, 4), (2, 2, 5, 4), {}),
    ("causal", (2, 4, 3), (2, 4, 3), {"is_causal": True}),
    ("bool mask", (2, 3, 4), (2, 4, 4), {"mask": HOLES}),
    ("number mask", (2, 2, 3, 4), (2, 2, 4, 4), {"mask": draw(2, 1, 3, 4)}),
    ("one place", (3, 1, 2), (3, 1, 2), {}),
]:  # fmt: skip
    inputs = {"query": draw(*left), "key": draw(*right), "value": draw(*right[:-1], 3)}
    causal = extra.pop("is_causal", False)
    record(f"attention {case}", inputs | extra, lambda query, key, value, mask=None, c=causal: [
        scaled_dot_product_attention(query, key, value, mask, is_causal=c)])  # fmt: skip


def heads(layer, of, prefix=""):
    found = {
        "inner.weight": of(layer.in_proj_weight).T,
        "outer.weight": of(layer.out_proj.weight).T,
    }
    if layer.in_proj_bias is not None:
        found |= {"inner.bias": of(layer.in_proj_bias), "outer.bias": of(layer.out_proj.bias)}
    return {prefix + k: np.ascontiguousarray(v) for k, v in found.items()}


FUTURE = np.triu(np.ones((4, 4), bool), 1)
PADDED = np.arange(4) >= np.array([4, 2])[:, None]  # True: not there, as PyTorch has it
for case, count, bias, places, how in [
    ("plain", 2, True, None, {}), ("one head", 1, True, None, {}), ("no bias", 3, False, None, {}),
    ("cross", 2, True, 5, {}), ("cross no bias", 2, False, 3, {}),
    ("causal", 2, True, None, {"attn_mask": FUTURE}),
    ("padded", 2, True, None, {"key_padding_mask": PADDED}),
]:  # fmt: skip
    layer = nn.MultiheadAttention(6, count, bias=bias, batch_first=True)
    inputs = {"x": draw(2, 4, 6)} | ({"context": draw(2, places, 6)} if places else {})
    how = {k: torch.tensor(v) for k, v in how.items()}

    def call(x, context=None, f=layer, how=how):
        context = x if context is None else context
        return [f(x, context, context, need_weights=False, **how)[0]]

    record(f"MultiHeadAttention {case}", inputs, call, layer, heads)


def block(layer, of):
    found = heads(layer.self_attn, of, "attention.")
    for ours, theirs in (("norm1", layer.norm1), ("norm2", layer.norm2)):
        found |= {f"{ours}.gamma": of(theirs.weight), f"{ours}.beta": of(theirs.bias)}
    for ours, theirs in (("expand", layer.linear1), ("contract", layer.linear2)):
        found |= {f"{ours}.weight": of(theirs.weight).T.copy(), f"{ours}.bias": of(theirs.bias)}
    return found


for case, count, hidden, shape, how in [
    ("plain", 2, 16, (2, 3, 4), {}), ("one head", 1, 5, (2, 3, 4), {}),
    ("causal", 2, 8, (2, 4, 4), {"src_mask": FUTURE}), ("one place", 4, 8, (3, 1, 4), {}),
    ("padded", 2, 8, (2, 4, 4), {"src_key_padding_mask": PADDED}),
]:  # fmt: skip
    layer = nn.TransformerEncoderLayer(4, count, hidden, 0, "gelu", batch_first=True,
                                       norm_first=True)  # fmt: skip
    how = {k: torch.tensor(v) for k, v in how.items()}
    record(f"TransformerBlock {case}", {"x": draw(*shape)},
           lambda x, f=layer, how=how: [f(x, **how)], layer, block)  # fmt: skip

# ---- recurrent layers


def cell(source, of, suffix="", prefix=""):
    get = lambda name: getattr(source, name + suffix)
    found = {"weight_input": of(get("weight_ih")).T.copy(),
             "weight_hidden": of(get("weight_hh")).T.copy()}  # fmt: skip
    if source.bias:
        bias, other = of(get("bias_ih")), of(get("bias_hh"))
        gated = isinstance(source, (nn.GRU, nn.GRUCell))
        known = len(other) - (source.hidden_size if gated else 0)
        if of is array:  # the values add up; their gradients are the same
            bias = bias + np.where(np.arange(len(other)) < known, other, 0)
        found["bias"] = bias
        if gated:
            found["candidate_bias"] = other[known:]
    return {prefix + k: v for k, v in found.items()}


def cells(layer, of):
    found = {}
    for depth in range(layer.num_layers):
        for direction, suffix in enumerate(["", "_reverse"][: 1 + layer.bidirectional]):
            found |= cell(layer, of, f"_l{depth}{suffix}", f"cells.{depth}.{direction}.")
    return found


def flat(state):
    return list(state) if isinstance(state, tuple) else [state]


def walk(x, *start, layer, lengths=None):
    state = (start if len(start) > 1 else start[0]) if start else None
    given = x if lengths is None else pack_padded_sequence(x, lengths, True, enforce_sorted=False)
    out, end = layer(given, state)
    if lengths is not None:
        out = pad_packed_sequence(out, batch_first=True, total_length=x.shape[1])[0]
    return [out, *flat(end)]


for name, kind in (("RNN", nn.RNN), ("LSTM", nn.LSTM), ("GRU", nn.GRU)):
    names = ["h", "c"] if name == "LSTM" else ["h"]
    for case, arguments, length, given, lengths in [
        ("plain", {}, 4, False, None), ("one step", {}, 1, True, None),
        ("layers", {"num_layers": 2}, 3, False, None),
        ("bidirectional", {"bidirectional": True}, 3, True, None),
        ("all", {"num_layers": 2, "bidirectional": True}, 3, True, None),
        ("state", {}, 3, True, None), ("no bias", {"bias": False}, 3, True, None),
        ("lengths", {}, 4, True, [2, 4, 1]),
        ("all lengths", {"num_layers": 2, "bidirectional": True}, 4, True, [2, 4, 1]),
    ]:  # fmt: skip
        layer = kind(3, 2, batch_first=True, **arguments)
        count = arguments.get("num_layers", 1) * (1 + arguments.get("bidirectional", False))
        inputs = {"x": draw(3, length, 3)} | {k: draw(count, 3, 2) for k in names if given}
        record(f"{name} {case}", inputs, lambda f=layer, n=lengths, **t: walk(
            *t.values(), layer=f, lengths=n), layer, cells)  # fmt: skip
    kind = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}[name]
    for case, n, n_in, bias, given in [("plain", 3, 2, True, False), ("state", 3, 2, True, True),
                                       ("no bias", 2, 4, False, True),
                                       ("one row", 1, 3, True, True),
                                       ("one input", 4, 1, True, True)]:  # fmt: skip
        layer = kind(n_in, 3, bias=bias)
        inputs = {"x": draw(n, n_in)} | {k: draw(n, 3) for k in names if given}

        def call(x, f=layer, **start):
            parts = tuple(start.values())
            return flat(f(x, (parts if len(parts) > 1 else parts[0]) if parts else None))

        record(f"{name}Cell {case}", inputs, call, layer, cell)

if __name__ == "__main__":
    target = Path(__file__).with_name("sequences.npz")
    np.savez_compressed(
        target,
        values=np.concatenate([np.float64(v).reshape(-1) for v in RECORDS.values()]),
        shapes=json.dumps({k: np.shape(v) for k, v in RECORDS.items()}),
        made_with=f"PyTorch {torch.__version__}",
    )
    print(f"{len(RECORDS)} arrays, {target.stat().st_size} bytes")
