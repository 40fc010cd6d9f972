"""What one operation costs beyond its arithmetic: recorded, and pulled back.

Chains of one operation on arrays of four numbers, where arithmetic takes next to nothing, ours,
PyTorch's and HIPS autograd's alternately in one process on one thread. The figures are microseconds
per operation, best of several rounds: forward with recording + backward.

    pip install torch==2.13.0 autograd
    python benchmarks/operations.py [--rounds 60] [--length 200]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402 (after the number of threads is set)

START = np.array([0.5, -0.25, 0.75, 0.1], np.float32)
MATRIX = np.eye(4, dtype=np.float32)

# One step y -> y of shape (4,); np is the library's own namespace, c and w (4, 4) are tracked.
OPERATIONS: dict[str, Callable] = {
    "add": lambda np, y, c, w: y + c,
    "multiply": lambda np, y, c, w: y * c,
    "multiply by a number": lambda np, y, c, w: y * 0.999,
    "power": lambda np, y, c, w: y**2,
    "tanh": lambda np, y, c, w: np.tanh(y),
    "matmul": lambda np, y, c, w: y @ w,
    "getitem": lambda np, y, c, w: y[:4],
    "reshape": lambda np, y, c, w: y.reshape(4),
    "sum, then add": lambda np, y, c, w: c + y.sum(),
    "where": lambda np, y, c, w: np.where(MASKS[np], y, c),
    "concatenate two, getitem": lambda np, y, c, w: np.concatenate([y, c])[:4],
}
MASKS: dict[Any, Any] = {}


def ours(step: Callable, length: int) -> tuple[float, float]:
    import tinygrad_ml as tg

    MASKS[np] = START > 0
    y, c, w = (tg.Tensor(a, requires_grad=True) for a in (START, START + 1, MATRIX))
    begin = time.perf_counter()
    for _ in range(length):
        y = step(np, y, c, w)
    loss = y.sum()
    middle = time.perf_counter()
    loss.backward()
    return middle - begin, time.perf_counter() - middle


def pytorch(step: Callable, length: int) -> tuple[float, float]:
    import torch

    torch.set_num_threads(1)
    MASKS[torch] = torch.tensor(START > 0)
    y, c, w = (torch.tensor(a, requires_grad=True) for a in (START, START + 1, MATRIX))
    begin = time.perf_counter()
    for _ in range(length):
        y = step(torch, y, c, w)
    loss = y.sum()
    middle = time.perf_counter()
    loss.backward()
    return middle - begin, time.perf_counter() - middle


def autograd(step: Callable, length: int) -> tuple[float, float]:
    from autograd import make_vjp
    from autograd import numpy as anp
    from autograd.builtins import tuple as boxed_tuple

    MASKS[anp] = START > 0

    def chain(leaves: Any) -> Any:
        y, c, w = leaves
        for _ in range(length):
            y = step(anp, y, c, w)
        return y.sum()

    begin = time.perf_counter()
    pull_back, value = make_vjp(chain)(boxed_tuple((START, START + 1, MATRIX)))
    middle = time.perf_counter()
    pull_back(np.ones_like(value))
    return middle - begin, time.perf_counter() - middle


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--length", type=int, default=200)
    chosen = options.parse_args()
    sides = {"ours": ours, "PyTorch": pytorch, "autograd": autograd}
    print("µs per operation: record + backward")
    print(f"{'':26s}" + "".join(f"{name:>16s}" for name in sides))
    with np.errstate(all="ignore"):
        for name, step in OPERATIONS.items():
            best = {side: [float("inf")] * 2 for side in sides}
            for _ in range(chosen.rounds):
                for side, run in sides.items():
                    times = run(step, chosen.length)
                    best[side] = [min(pair) for pair in zip(best[side], times)]
            cells = [
                f"{1e6 * record / chosen.length:8.2f} +{1e6 * back / chosen.length:6.2f}"
                for record, back in best.values()
            ]
            print(f"{name:26s}" + "".join(cells))


if __name__ == "__main__":
    main()
