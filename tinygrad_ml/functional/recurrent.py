"""Recurrent layers as functions of whole sequences, (n, length, features), batch first."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from ..calculus import through
from ..kernels.threads import wide
from ..rules.linalg import product
from ..rules.windows import sum_rows
from ..table import defvjp
from ..tensor import primitive
from .checks import as_array
from .linear import linear

Array = Any  # an ndarray or a Tensor


def rnn(x: Array, w: Array, u: Array, bias: Array, h0: Array) -> Array:
    """h_t = tanh(x_t w + bias + h_{t-1} u) for every step t (Elman, 1990).

    Shapes: x (n, length, n_in), w (n_in, hidden), u (hidden, hidden), bias (hidden,) or None,
    h0 (n, hidden) -> h (n, length, hidden).
    """
    x, w, u, bias, h0 = _checked("rnn", 1, x, w, u, bias, h0)
    return _rnn(linear(_steps(x), w, bias), u, h0).transpose(1, 0, 2)


def lstm(x: Array, w: Array, u: Array, bias: Array, h0: Array, c0: Array) -> tuple[Array, Array]:
    """Long short-term memory: what to keep in a cell c, and what to show of it, h.

    i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of x_t w + bias + h_{t-1} u, side by side;
    c_t = f c_{t-1} + i g;  h_t = o tanh(c_t).

    Shapes: x (n, length, n_in), w (n_in, 4 hidden), u (hidden, 4 hidden), bias (4 hidden,) or
    None, h0 and c0 (n, hidden) -> h and c, both (n, length, hidden).
    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000).
    """
    x, w, u, bias, h0, c0 = _checked("lstm", 4, x, w, u, bias, h0, c0)
    h, c, _ = _lstm(linear(_steps(x), w, bias), u, h0, c0)
    return h.transpose(1, 0, 2), c.transpose(1, 0, 2)


def gru(x: Array, w: Array, u: Array, bias: Array, candidate_bias: Array, h0: Array) -> Array:
    """Gated recurrent unit, h_t = (1 - z) k + z h_{t-1}.

    r, z = sigmoid of x_t w + bias + h_{t-1} u;  k = tanh(x_t w + bias + r (h_{t-1} u +
    candidate_bias)), where w, u and bias have parts for r, z and k side by side.

    Shapes: x (n, length, n_in), w (n_in, 3 hidden), u (hidden, 3 hidden), bias (3 hidden,) and
    candidate_bias (hidden,) or None, h0 (n, hidden) -> h (n, length, hidden).
    Source: Cho et al. (2014), in the form of PyTorch.
    """
    x, w, u, bias, h0 = _checked("gru", 3, x, w, u, bias, h0)
    hidden = u.shape[0]
    if candidate_bias is None:
        candidate_bias = np.zeros(hidden, u.dtype)
    candidate_bias = as_array("gru", candidate_bias)
    if np.shape(candidate_bias) != (hidden,):
        raise ValueError(
            f"gru: expected candidate_bias of shape ({hidden},), got {np.shape(candidate_bias)}. "
            "Only the candidate has it; the other biases stand in `bias`."
        )
    return _gru(linear(_steps(x), w, bias), u, candidate_bias, h0)[0].transpose(1, 0, 2)


def _steps(x: Array) -> Array:
    """Step by step, (length, n, features): every step is one block of memory then."""
    return x.transpose(1, 0, 2)


def _checked(name: str, gates: int, *values: Array) -> list[Array]:
    """x, w, u, bias and the states as arrays of the right shapes, or an error that says which."""
    arrays = [as_array(name, value) for value in values]
    x, w, u, bias, *states = arrays
    hidden = np.shape(u)[0] if np.ndim(u) == 2 else 0
    width = gates * hidden
    if np.ndim(w) != 2 or w.shape[1] != width or np.shape(u) != (hidden, width):
        raise ValueError(
            f"{name}: expected w (n_in, {gates} hidden) and u (hidden, {gates} hidden), got "
            f"{np.shape(w)} and {np.shape(u)}. The gates stand side by side."
        )
    check_sequences(name, x, w.shape[0])
    if bias is not None and np.shape(bias) != (width,):
        raise ValueError(
            f"{name}: expected a bias of shape ({width},), got {np.shape(bias)}. "
            "It holds one number per column of w."
        )
    for which, state in zip(("h0", "c0"), states):
        if np.shape(state) != (x.shape[0], hidden):
            raise ValueError(
                f"{name}: expected {which} of shape ({x.shape[0]}, {hidden}), one row per "
                f"sequence, got {np.shape(state)}. Zeros are a usual start."
            )
    return arrays


def check_sequences(name: str, x: Array, n_in: int) -> None:
    """Raise unless x is (n, length, n_in) with at least one step, of floating-point values."""
    shape = np.shape(x)
    if len(shape) != 3 or shape[2] != n_in or shape[1] == 0:
        hint = "Steps are the axis in the middle, features the last."
        if len(shape) == 2 and shape[1] == n_in:
            hint = "x[None] is a batch of one sequence."
        elif len(shape) == 2:
            hint = "x[..., None] gives every step one feature; ids need an Embedding first."
        raise ValueError(
            f"{name}: expected sequences of shape (n, length, {n_in}) with at least one step, "
            f"got {shape}. {hint}"
        )
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floating-point values, got {x.dtype}. Use x.astype(np.float32), or "
            "an Embedding for integer ids."
        )


def _weight_gradient(before: Any, h: Any, slopes: Any) -> Any:
    """The gradient of u: one product for all steps, h a step earlier times what the sums got."""
    earlier = np.concatenate([before[None], h[:-1]])
    rows = math.prod(h.shape[:2])
    return product(earlier.reshape(rows, h.shape[2]).T, slopes.reshape(rows, slopes.shape[2]))


# ---- the three recurrences as operations, and their backward passes as operations too


def _operation(kernel: Callable) -> Callable:
    """A kernel as an operation whose products have BLAS to themselves: always the same bits."""

    @functools.wraps(kernel)
    def run(*arrays: Any) -> Any:
        return wide(kernel, *arrays)

    return primitive(run)


_rnn, _rnn_backward = _operation(kernels.rnn), _operation(kernels.rnn_backward)
_lstm, _lstm_backward = _operation(kernels.lstm), _operation(kernels.lstm_backward)
_gru, _gru_backward = _operation(kernels.gru), _operation(kernels.gru_backward)


def _rnn_rule(g: Any, h: Any, pre: Any, u: Any, h0: Any) -> tuple:
    slopes, first = _rnn_backward(g, h, u)
    return slopes, _weight_gradient(h0, h, slopes), first


def _lstm_rule(g: Any, out: Any, pre: Any, u: Any, h0: Any, c0: Any) -> tuple:
    h, c, gates = out
    slopes, first, cell = _lstm_backward(*g, c, gates, u, c0)
    return slopes, _weight_gradient(h0, h, slopes), first, cell


def _gru_rule(g: Any, out: Any, pre: Any, u: Any, bias: Any, h0: Any) -> tuple:
    h, gates = out
    slopes, inner, first = _gru_backward(*g, h, gates, u, h0)
    hidden, rows = h.shape[2], math.prod(h.shape[:2])
    of_bias = sum_rows(inner[..., 2 * hidden :].reshape(rows, hidden))
    return slopes, _weight_gradient(h0, h, inner), of_bias, first


defvjp(_rnn, together=_rnn_rule)
defvjp(_lstm, together=_lstm_rule)
defvjp(_gru, together=_gru_rule)
defvjp(_rnn_backward, together=through(kernels.rnn_backward))
defvjp(_lstm_backward, together=through(kernels.lstm_backward.numpy))
defvjp(_gru_backward, together=through(kernels.gru_backward.numpy))
