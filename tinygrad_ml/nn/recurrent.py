"""Recurrent layers: cells that take one step, and stacks of them that walk along sequences.

A cell holds the weights and knows how to run along a whole sequence; `RNN`, `LSTM` and `GRU` are
layers of such cells, one per layer and direction.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .. import functional as F
from ..functional.checks import as_array
from ..functional.recurrent import check_sequences
from ..generators import generator
from .arguments import count, weights
from .layers import Dropout
from .module import Module

Array = Any  # an ndarray or a Tensor


class _Cell(Module):
    """Weights of one layer and direction: `weight_input`, `weight_hidden`, `bias`.

    They start as U(-a, a), a = 1 / sqrt(hidden).
    """

    gates = 1  # how many parts stand side by side in the weights
    states: tuple[str, ...] = ("h0",)  # what is carried from step to step

    def __init__(
        self, n_in: int, hidden: int, bias: bool = True, rng: Any = None, dtype: Any = np.float32
    ) -> None:
        owner = type(self).__name__
        n_in, hidden = count(owner, "n_in", n_in), count(owner, "hidden", hidden)
        width = self.gates * hidden
        rng = generator(rng, owner)
        self.weight_input = weights(owner, self._draw(hidden), (n_in, width), rng, dtype)
        self.weight_hidden = weights(owner, self._draw(hidden), (hidden, width), rng, dtype)
        self.bias = weights(owner, self._draw(hidden), (width,), rng, dtype) if bias else None

    @staticmethod
    def _draw(hidden: int) -> Any:
        limit = 1 / math.sqrt(hidden)
        return lambda shape, rng: rng.uniform(-limit, limit, shape)

    def run(self, x: Array, *state: Array) -> tuple[Array, ...]:
        """The states after every step of x (n, length, n_in), each (n, length, hidden)."""
        raise NotImplementedError

    def __call__(self, x: Array, state: Any = None) -> Any:
        """The next state from x (n, n_in) and the state before (zeros if None)."""
        n_in, hidden = self.weight_input.shape[0], self.weight_hidden.shape[0]
        owner = type(self).__name__
        x = as_array(owner, x)
        if np.ndim(x) != 2 or x.shape[1] != n_in:
            raise ValueError(
                f"{owner}: expected one step of shape (n, {n_in}), got {np.shape(x)}. "
                f"{owner.removesuffix('Cell')} takes whole sequences."
            )
        parts = _parts(owner, self.states, state, (len(x), hidden), x.dtype)
        after = [s[:, 0] for s in self.run(x[:, None], *parts)]
        return after[0] if len(after) == 1 else tuple(after)

    def __repr__(self) -> str:
        n_in, hidden = self.weight_input.shape[0], self.weight_hidden.shape[0]
        return f"{type(self).__name__}({n_in}, {hidden})"


class RNNCell(_Cell):
    """h' = tanh(x W + h U + b) (Elman, 1990).

    `n_in`, `hidden`: numbers of features and units; `bias`, `rng`, `dtype` as for `Dense`.
    Called with x (n, n_in) and h (n, hidden) or None, zeros; returns h'.
    """

    def run(self, x: Array, *state: Array) -> tuple[Array, ...]:
        return (F.rnn(x, self.weight_input, self.weight_hidden, self.bias, *state),)


class LSTMCell(_Cell):
    """Long short-term memory: gates i, f, g, o of x W + h U + b; c' = f c + i g; h' = o tanh(c').

    `n_in`, `hidden`: numbers of features and units; `bias`, `rng`, `dtype` as for `Dense`.
    `forget_bias` is added to the bias of f at the start: 1 keeps what is remembered
    (Jozefowicz et al., 2015).

    Called with x (n, n_in) and (h, c), each (n, hidden), or None, zeros; returns (h', c').
    Source: Hochreiter & Schmidhuber (1997); Gers et al. (2000).
    """

    gates = 4
    states = ("h0", "c0")

    def __init__(
        self,
        n_in: int,
        hidden: int,
        bias: bool = True,
        forget_bias: float = 0.0,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(n_in, hidden, bias, rng, dtype)
        self.remember(forget_bias)

    def remember(self, forget_bias: float) -> None:
        """Add `forget_bias` to the bias of the forget gate."""
        if not forget_bias:
            return
        if self.bias is None:
            raise ValueError(
                f"LSTM: expected bias=True with a forget_bias, got {forget_bias!r} and "
                "bias=False. Leave one of them out."
            )
        hidden = self.weight_hidden.shape[0]
        values = np.array(self.bias.data)
        values[hidden : 2 * hidden] += forget_bias
        self.bias.data = values

    def run(self, x: Array, *state: Array) -> tuple[Array, ...]:
        return F.lstm(x, self.weight_input, self.weight_hidden, self.bias, *state)


class GRUCell(_Cell):
    """Gated recurrent unit: r, z = sigmoid(x W + h U + b); k = tanh(x W + b + r (h U + d)).

    h' = (1 - z) k + z h. `candidate_bias` is the d, the rest as for `RNNCell`.

    Called with x (n, n_in) and h (n, hidden) or None, zeros; returns h'.
    Source: Cho et al. (2014), in the form of PyTorch.
    """

    gates = 3

    def __init__(
        self, n_in: int, hidden: int, bias: bool = True, rng: Any = None, dtype: Any = np.float32
    ) -> None:
        rng = generator(rng, "GRUCell")
        super().__init__(n_in, hidden, bias, rng, dtype)
        draw = self._draw(hidden)
        self.candidate_bias = weights("GRUCell", draw, (hidden,), rng, dtype) if bias else None

    def run(self, x: Array, *state: Array) -> tuple[Array, ...]:
        return (
            F.gru(x, self.weight_input, self.weight_hidden, self.bias, self.candidate_bias, *state),
        )


class _Recurrent(Module):
    """Layers of cells, and dropout between the layers."""

    cell: Any = None

    def __init__(
        self,
        n_in: int,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        owner = type(self).__name__
        rng = generator(rng, owner)
        directions = 2 if bidirectional else 1
        sizes = [count(owner, "n_in", n_in)]
        sizes += [directions * count(owner, "hidden", hidden)] * (
            count(owner, "layers", layers) - 1
        )
        self.cells = [
            [self.cell(size, hidden, bias, rng=rng, dtype=dtype)
             for _ in range(directions)]
            for size in sizes
        ]  # fmt: skip
        self.dropout = Dropout(dropout, rng.spawn(1)[0])  # its own: saved layers share none

    def __call__(self, x: Array, state: Any = None, lengths: Any = None) -> tuple[Array, Any]:
        """Walk along x (n, length, n_in), from `state` (zeros if None).

        `lengths` (n,) says how many steps of each sequence count, from its beginning: later ones
        are not read, their outputs are 0 and the state stays as it was.
        """
        owner, first = type(self).__name__, self.cells[0][0]
        x = as_array(owner, x)
        check_sequences(owner, x, first.weight_input.shape[0])
        hidden, total = first.weight_hidden.shape[0], sum(map(len, self.cells))
        shape = (total, len(x), hidden)
        starts = iter(zip(*_parts(owner, first.states, state, shape, x.dtype)))
        inside = _inside(owner, lengths, x.shape)
        ends: list[tuple[Array, ...]] = []
        for depth, cells in enumerate(self.cells):
            if depth:
                x = self.dropout(x)
            found = [
                _walk(cell, x, next(starts), lengths, inside, bool(direction))
                for direction, cell in enumerate(cells)
            ]
            outputs = [out for out, _ in found]
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
            ends += [end for _, end in found]
        final = tuple(np.stack(parts) for parts in zip(*ends))
        return x, final[0] if len(final) == 1 else final

    def __repr__(self) -> str:
        cell = self.cells[0][0]
        layers = f", layers={len(self.cells)}" if len(self.cells) > 1 else ""
        both = ", bidirectional=True" if len(self.cells[0]) == 2 else ""
        sizes = f"{cell.weight_input.shape[0]}, {cell.weight_hidden.shape[0]}"
        return f"{type(self).__name__}({sizes}{layers}{both})"


_ARGUMENTS = """

    Parameters
    ----------
    n_in, hidden : numbers of features and units.
    layers : cells on top of each other, each reading the outputs of the one below.
    bidirectional : a second cell per layer reads backwards; outputs stand side by side.
    dropout : rate at which outputs between layers are dropped in training.
    bias, rng, dtype : as for `Dense`.{more}

    Called with x (n, length, n_in) and, if wanted, `state` and `lengths`; returns (outputs, state):
    outputs (n, length, directions hidden) of the last layer, and the state after the last step
    {state}, layer by layer, forwards before backwards.
    In a Sequential a function takes what the next layer needs: lambda result: result[0][:, -1].
    """


class RNN(_Recurrent):
    __doc__ = "Layers of `RNNCell` along sequences." + _ARGUMENTS.format(
        more="", state="(layers directions, n, hidden)"
    )
    cell = RNNCell


class LSTM(_Recurrent):
    __doc__ = "Layers of `LSTMCell` along sequences." + _ARGUMENTS.format(
        more="\n    forget_bias : as for `LSTMCell`.",
        state="(h, c), each (layers directions, n, hidden)",
    )
    cell = LSTMCell

    def __init__(
        self,
        n_in: int,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        forget_bias: float = 0.0,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(n_in, hidden, layers, bidirectional, dropout, bias, rng, dtype)
        for cell in itertools.chain(*self.cells):
            cell.remember(forget_bias)


class GRU(_Recurrent):
    __doc__ = "Layers of `GRUCell` along sequences." + _ARGUMENTS.format(
        more="", state="(layers directions, n, hidden)"
    )
    cell = GRUCell


def _parts(owner: str, names: tuple, state: Any, shape: tuple, dtype: Any) -> list[Array]:
    """The parts of a state, zeros where there is none, each of the right shape."""
    if state is None:
        return [np.zeros(shape, dtype) for _ in names]
    parts = list(state) if len(names) > 1 and isinstance(state, (tuple, list)) else [state]
    shapes = [np.shape(part) for part in parts]
    if len(parts) != len(names) or any(s != shape for s in shapes):
        wanted = "(h, c), each" if len(names) > 1 else "one array"
        raise ValueError(
            f"{owner}: expected a state of {wanted} of shape {shape}, got "
            f"{', '.join(map(str, shapes))}. None starts at zeros."
        )
    return parts


def _inside(owner: str, lengths: Any, shape: tuple) -> np.ndarray | None:
    """True where a step counts, (n, length, 1); None where all do."""
    if lengths is None:
        return None
    lengths = np.asarray(lengths)
    n, length, _ = shape
    right = lengths.shape == (n,) and lengths.dtype.kind in "iu"
    if not right or (n and not 1 <= lengths.min() <= lengths.max() <= length):
        raise ValueError(
            f"{owner}: expected lengths as {n} integers from 1 to {length}, one per sequence, got "
            f"{lengths.tolist() if lengths.size <= 8 else f'shape {lengths.shape}'}. "
            "Leave empty sequences out."
        )
    return (np.arange(length) < lengths[:, None])[..., None]


def _walk(
    cell: _Cell, x: Array, start: tuple, lengths: Any, inside: Any, backwards: bool
) -> tuple[Array, tuple]:
    """Outputs of one cell along x, at the places of x, and the state after the last step."""
    if inside is None:
        turn: Any = (slice(None), slice(None, None, -1))
        last: Any = (slice(None), -1)
    else:
        x = np.where(inside, x, 0)
        rows, steps, ends = np.arange(len(x)), np.arange(x.shape[1]), np.asarray(lengths) - 1
        turn = rows[:, None], np.where(inside[..., 0], ends[:, None] - steps, steps)
        last = rows, ends
    states = cell.run(x[turn] if backwards else x, *start)
    out = states[0][turn] if backwards else states[0]
    out = out if inside is None else np.where(inside, out, 0)
    return out, tuple(s[last] for s in states)
