"""Cases of what sequences are made of: recurrences, row norms, attention weights."""

import numpy as np

from rules.registry import add, distinct, exclude, exclude_axes
from tinygrad_ml.functional import attention, recurrent, row_norms
from tinygrad_ml.rules import indexing

LENGTH, HIDDEN = 3, 2
CHECKED = "shapes are checked, never broadcast"


def steps(n, *parts):
    return [distinct(LENGTH, n, part * HIDDEN) for part in parts]


for n, situation in ((2, "plain"), (0, "empty")):
    state, gates = (n, HIDDEN), (HIDDEN, HIDDEN)
    add(recurrent._rnn, situation, recurrent._rnn, *steps(n, 1), distinct(*gates), distinct(*state))
    add(recurrent._rnn_backward, situation, recurrent._rnn_backward, *steps(n, 1, 1),
        distinct(*gates))  # fmt: skip
    add(recurrent._lstm, situation, recurrent._lstm, *steps(n, 4), distinct(HIDDEN, 4 * HIDDEN),
        distinct(*state), distinct(*state))  # fmt: skip
    add(recurrent._lstm_backward, situation, recurrent._lstm_backward, *steps(n, 1, 1, 4, 1, 4),
        distinct(HIDDEN, 4 * HIDDEN), distinct(*state))  # fmt: skip
    add(recurrent._gru, situation, recurrent._gru, *steps(n, 3), distinct(HIDDEN, 3 * HIDDEN),
        distinct(HIDDEN), distinct(*state))  # fmt: skip
    add(recurrent._gru_backward, situation, recurrent._gru_backward, *steps(n, 1, 4, 1, 4),
        distinct(HIDDEN, 3 * HIDDEN), distinct(*state))  # fmt: skip
add(recurrent._lstm, "plain", lambda pre, u, h, c: recurrent._lstm(pre, u, h, c)[0],
    distinct(1, 1, 4), distinct(1, 4), distinct(1, 1), distinct(1, 1))  # fmt: skip
for function in (recurrent._rnn, recurrent._rnn_backward, recurrent._lstm, recurrent._lstm_backward,
                 recurrent._gru, recurrent._gru_backward):  # fmt: skip
    exclude(function, zero_d="takes sequences (length, n, features)", broadcast=CHECKED)
    exclude_axes(function)

for centred in (True, False):
    how = {"eps": 1e-3, "centred": centred}
    for rows, situation in ((2, "plain"), (0, "empty")):
        x, vectors = distinct(rows, 4), [distinct(4), distinct(4)]
        add(row_norms._normalise, situation,
            lambda *arrays, h=how: row_norms._normalise(*arrays, **h), x, *vectors)  # fmt: skip
        add(row_norms._normalise_backward, situation,
            lambda *arrays, h=how: row_norms._normalise_backward(*arrays, **h), x,
            distinct(rows, 4), vectors[0])  # fmt: skip
    add(row_norms._normalise, "plain", lambda x, v, h=how: row_norms._normalise(x, v, **h),
        distinct(3, 1), distinct(1))  # fmt: skip
for function in (row_norms._normalise, row_norms._normalise_backward):
    exclude(function, zero_d="takes a matrix", broadcast=CHECKED)
    exclude_axes(function)

HOLES = np.array([[0, -np.inf, 0], [-np.inf, -np.inf, -np.inf], [0, 0, -np.inf]])
for shape, situation in (((2, 3, 3), "plain"), ((0, 3, 3), "empty"), ((3, 0), "empty")):
    for causal in (False, True):
        add(attention._weights, situation,
            lambda x, c=causal: attention._weights(x, causal=c), distinct(*shape))  # fmt: skip
        add(attention._weights, situation,
            lambda x, mask, c=causal: attention._weights(x, mask, causal=c), distinct(*shape),
            distinct(*shape))  # fmt: skip
    add(attention._softmax_backward, situation, attention._softmax_backward, distinct(*shape),
        distinct(*shape))  # fmt: skip
add(attention._weights, "plain",
    lambda x: attention._weights(x, HOLES.astype(x.dtype), causal=False),
    distinct(3, 3))  # fmt: skip
for function in (attention._weights, attention._softmax_backward):
    exclude(function, zero_d="takes matrices of scores", broadcast=CHECKED)
    exclude_axes(function)

for index in ((np.array([0, 2, 0]),), (np.array([[1], [-1]]), np.array([0, 1])), (np.array(1),)):
    add(indexing.scatter, "plain",
        lambda g, i=index: indexing.scatter(g, index=i if len(i) > 1 else i[0], shape=(3, 2)),
        distinct(*np.zeros((3, 2))[index].shape))  # fmt: skip
