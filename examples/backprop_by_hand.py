"""Backpropagation by hand beside autograd, for a network 2 -> 3 -> 1 of sigmoid units.

delta^L = (a^L - y) s'(z^L)                   C = sum of (a - y)^2 / 2 over m samples
delta^l = ((w^(l+1)).T delta^(l+1)) s'(z^l)   s' = s (1 - s), taken at z
dC/dw^l = delta^l (a^(l-1)).T,  dC/db^l = delta^l,  w <- w - (eta / m) sum of dC/dw
"""

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.functional import mse_loss, sigmoid
from tinygrad_ml.models import MLP

x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # rows are samples
y = np.array([[0.0], [1.0], [1.0], [0.0]])
model = MLP([2, 3, 1], activation="sigmoid", output="sigmoid", rng=0, dtype=np.float64)
w1, b1, w2, b2 = (np.array(p.data) for p in model.parameters())

z1 = x @ w1 + b1
z2 = sigmoid(z1) @ w2 + b2
delta2 = (sigmoid(z2) - y) * sigmoid(z2) * (1 - sigmoid(z2))
delta1 = delta2 @ w2.T * sigmoid(z1) * (1 - sigmoid(z1))
by_hand = [x.T @ delta1, delta1.sum(axis=0), sigmoid(z1).T @ delta2, delta2.sum(axis=0)]

(mse_loss(model(x), y, reduction="sum") / 2).backward()
print(f"{'':8}{'by hand':>24}{'autograd':>24}")
for name, p, hand in zip(("w1", "b1", "w2", "b2"), model.parameters(), by_hand):
    for place, value in np.ndenumerate(hand):
        print(f"{name}{list(place)!s:8}{value:22.15f}{p.grad[place]:24.15f}")
    assert np.all(np.abs(p.grad - hand) <= 1e-12)

tg.optim.SGD(model.parameters(), learning_rate=0.5 / 4).step()  # eta / m
moved = [w - 0.5 / 4 * hand for w, hand in zip((w1, b1, w2, b2), by_hand)]
largest = max(np.abs(p.data - w).max() for p, w in zip(model.parameters(), moved))
print(f"largest difference after one update: {largest:.1e}")
