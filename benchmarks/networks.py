"""One training step, ours and the peers', side by side in one process.

Every row is the same network, batch, loss and optimizer in float32. Ours and PyTorch's steps run
alternately, warmed up, two threads each; the figure is the ratio of the best times. PyTorch runs in
all variants that might suit it (contiguous or channels_last, plain or fused optimizer) and the best
one counts. Peak memory and import time are measured in processes of their own.

    pip install torch==2.13.0 autograd mygrad
    python benchmarks/networks.py [--kernels numpy] [--rows xor mlp] [--rounds 40]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import measure  # before NumPy: it decides the number of threads
import numpy as np
from measure import Step


class Row:
    """A network in words: layers, input, loss, optimizer, and the ratio it must stay below."""

    def __init__(
        self, layers: list, shape: tuple, loss: str, optimizer: str, floors: tuple,
        memory: float | None = None,
    ) -> None:  # fmt: skip
        self.layers, self.shape, self.loss, self.optimizer = layers, shape, loss, optimizer
        self.floors = {"compiled": floors[0], "numpy": floors[1]}
        self.memory = memory

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        if self.loss == "binary":
            x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
            return x, np.array([[0], [1], [1], [0]], np.float32)
        x = rng.random(self.shape, dtype=np.float32)
        return x, x if self.loss == "squared" else rng.integers(0, 10, self.shape[0])


def dense(*sizes: int, between: str = "relu") -> list:
    layers: list = []
    for n_in, n_out in pairwise(sizes):
        layers += [("dense", n_in, n_out), (between,)]
    return layers[:-1]


def blocks(*channels: int, norm: bool = False) -> list:
    """3x3 convolutions, each with a rectifier and a pool behind it."""
    layers: list = []
    for c_in, c_out in pairwise(channels):
        layers += [("conv", c_in, c_out, 3, 1), *([("norm", c_out)] if norm else []), ("relu",),
                   ("pool",)]  # fmt: skip
    return layers


# The second number of the floors is that of the NumPy kernels, where one is set.
ROWS = {
    "xor": Row(dense(2, 3, 1, between="sigmoid"), (4, 2), "binary", "sgd", (0.4, None)),
    "mlp": Row(dense(784, 256, 128, 10), (128, 784), "classes", "sgd", (0.95, None)),
    "deep": Row(dense(64, *[96] * 8, 10), (64, 64), "classes", "adam", (0.7, None)),
    "autoencoder": Row(
        dense(784, 128, 32, 128, 784), (256, 784), "squared", "adam", (1.0, None)
    ),
    "lenet": Row(
        [("conv", 1, 8, 5, 0), ("relu",), ("pool",), ("conv", 8, 16, 5, 0), ("relu",), ("pool",),
         ("flatten",), ("dense", 256, 10)],
        (64, 28, 28, 1), "classes", "sgd", (1.2, None),
    ),
    "cnn": Row(
        [*blocks(3, 32, 64, 128), ("flatten",), ("dense", 2048, 10)],
        (64, 32, 32, 3), "classes", "sgd", (1.2, None), memory=1.3,
    ),
    "cnn norm": Row(
        [*blocks(3, 32, 64, 128, norm=True), ("flatten",), ("dense", 2048, 10)],
        (64, 32, 32, 3), "classes", "sgd", (1.3, None),
    ),
    "lstm": Row([("lstm", 64, 64)], (32, 64, 64), "squared", "sgd", (1.5, None)),
    "transformer": Row([("block", 128, 4)], (32, 64, 128), "squared", "adam", (1.3, None)),
}  # fmt: skip


LOSSES = {  # in both libraries
    "binary": "binary_cross_entropy_with_logits",
    "classes": "cross_entropy",
    "squared": "mse_loss",
}


def training_step(model: Any, optimizer: Any, loss_function: Callable, x: Any, y: Any) -> Step:
    """What is measured; the same text for ours and for PyTorch."""

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def ours(row: Row) -> Step:
    """A training step of this library."""
    import tinygrad_ml as tg

    make = {
        "dense": lambda n_in, n_out: tg.nn.Dense(n_in, n_out, rng=0),
        "conv": lambda c_in, c_out, k, pad: tg.nn.Conv2D(c_in, c_out, k, padding=pad, rng=0),
        "pool": lambda: tg.nn.MaxPool2D(2),
        "norm": tg.nn.BatchNorm,
        "flatten": tg.nn.Flatten,
        "relu": tg.nn.ReLU,
        "sigmoid": tg.nn.Sigmoid,
        "lstm": lambda n_in, n_out: outputs_only(tg.nn.LSTM(n_in, n_out, rng=0)),
        "block": lambda size, heads: tg.nn.TransformerBlock(size, heads, rng=0),
    }

    class outputs_only(tg.nn.Module):
        def __init__(self, layer: Any) -> None:
            self.layer = layer

        def __call__(self, x: Any) -> Any:
            return self.layer(x)[0]

    model = tg.nn.Sequential(*[make[kind](*sizes) for kind, *sizes in row.layers])
    optimizers = {"sgd": tg.optim.SGD, "adam": tg.optim.Adam}
    optimizer = optimizers[row.optimizer](model.parameters(), learning_rate=0.001)
    loss_function = getattr(tg.functional, LOSSES[row.loss])
    x, y = row.batch()

    return training_step(model, optimizer, loss_function, x, y)


def torch_steps(row: Row) -> dict[str, Step]:
    """Training steps of PyTorch in every variant that might be its fastest."""
    import torch

    torch.set_num_threads(measure.THREADS)
    variants = ("plain",)
    if len(row.shape) == 4:
        variants = ("contiguous", "channels_last")
    elif row.layers[0][0] == "block":
        variants = ("encoder layer", "by hand")
    steps = {}
    for variant, fused in product(variants, (0, 1)):
        steps[f"{variant}{', fused' if fused else ''}"] = _torch_step(
            torch, row, variant, bool(fused)
        )
    return steps


def _torch_step(torch: Any, row: Row, variant: str, fused: bool) -> Step:
    nn = torch.nn

    class OutputsOnly(nn.Module):
        def __init__(self, layer: Any) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Any) -> Any:
            return self.layer(x)[0]

    class Block(nn.Module):
        """A pre-norm transformer block around PyTorch's fused attention."""

        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
            self.project, self.merge = nn.Linear(size, 3 * size), nn.Linear(size, size)
            self.widen, self.narrow = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

        def forward(self, x: Any) -> Any:
            n, length, size = x.shape
            parts = self.project(self.norm1(x)).view(n, length, 3, self.heads, size // self.heads)
            attended = nn.functional.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4))
            x = x + self.merge(attended.transpose(1, 2).reshape(n, length, size))
            return x + self.narrow(nn.functional.gelu(self.widen(self.norm2(x))))

    def block(size: int, heads: int) -> Any:
        if variant == "by hand":
            return Block(size, heads)
        return nn.TransformerEncoderLayer(
            size, heads, 4 * size, 0.0, "gelu", batch_first=True, norm_first=True
        )

    make = {
        "dense": nn.Linear,
        "conv": lambda c_in, c_out, k, pad: nn.Conv2d(c_in, c_out, k, padding=pad),
        "pool": lambda: nn.MaxPool2d(2),
        "norm": nn.BatchNorm2d,
        "flatten": nn.Flatten,
        "relu": nn.ReLU,
        "sigmoid": nn.Sigmoid,
        "lstm": lambda n_in, n_out: OutputsOnly(nn.LSTM(n_in, n_out, batch_first=True)),
        "block": block,
    }
    torch.manual_seed(0)
    model = nn.Sequential(*[make[kind](*sizes) for kind, *sizes in row.layers])
    x, y = (torch.from_numpy(np.ascontiguousarray(a)) for a in row.batch())
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
    if variant == "channels_last":
        model, x = (
            model.to(memory_format=torch.channels_last),
            x.to(memory_format=torch.channels_last),
        )
    optimizers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = optimizers[row.optimizer](model.parameters(), lr=0.001, fused=fused or None)
    loss_function = getattr(torch.nn.functional, LOSSES[row.loss])

    return training_step(model, optimizer, loss_function, x, y)


def _parameters(row: Row) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = [sizes for kind, *sizes in row.layers if kind == "dense"]
    return [
        a.astype(np.float32)
        for n_in, n_out in shapes
        for a in (rng.standard_normal((n_in, n_out)) / n_in**0.5, np.zeros(n_out))
    ]


def autograd_step(row: Row) -> Step:
    """The same step in HIPS autograd: functions of a list of arrays."""
    import autograd
    import autograd.numpy as anp

    x, y = row.batch()
    parameters = _parameters(row)
    activation = {
        "binary": lambda z: 0.5 * (anp.tanh(0.5 * z) + 1),
        "classes": lambda z: anp.maximum(z, 0),
    }[row.loss]

    def loss(parameters: list) -> Any:
        z = x
        for i in range(0, len(parameters), 2):
            z = anp.dot(z, parameters[i]) + parameters[i + 1]
            if i < len(parameters) - 2:
                z = activation(z)
        if row.loss == "binary":
            return anp.mean(anp.logaddexp(z, 0) - z * y)
        top = anp.max(z, axis=1, keepdims=True)
        log_sum = anp.log(anp.sum(anp.exp(z - top), axis=1)) + top[:, 0]
        return anp.mean(log_sum - z[anp.arange(len(y)), y])

    slope = autograd.grad(loss)

    def step() -> None:
        for p, g in zip(parameters, slope(parameters), strict=True):
            p -= 0.001 * g.astype(np.float32)

    return step


def mygrad_step(row: Row) -> Step:
    """The same step in MyGrad."""
    import mygrad
    from mygrad.nnet.activations import relu, sigmoid
    from mygrad.nnet.losses import softmax_crossentropy

    x, y = row.batch()
    parameters = [mygrad.tensor(a) for a in _parameters(row)]
    activation = sigmoid if row.loss == "binary" else relu

    def step() -> None:
        z = x
        for i in range(0, len(parameters), 2):
            z = mygrad.matmul(z, parameters[i]) + parameters[i + 1]
            if i < len(parameters) - 2:
                z = activation(z)
        if row.loss == "binary":
            loss = mygrad.mean(mygrad.logaddexp(z, 0) - z * y)
        else:
            loss = softmax_crossentropy(z, y)
        loss.backward()
        for p in parameters:
            p.data -= 0.001 * p.grad.astype(np.float32)
            p.null_grad()

    return step


def print_steps(names: list[str], rounds: int) -> None:
    kernels = "numpy" if os.environ.get("TINYGRAD_ML_KERNELS") == "numpy" else "compiled"
    print(f"{measure.processor()}; {measure.blas()}")
    print(f"one training step, best of {rounds} rounds (median in brackets), {kernels} kernels")
    print(f"{'row':<12}{'ours ms':>18}{'PyTorch ms':>18}{'ratio':>8}{'floor':>7}  PyTorch's best")
    for name in names:
        row = ROWS[name]
        steps = torch_steps(row)
        times = measure.side_by_side({"ours": ours(row), **steps}, rounds)
        best = min(steps, key=lambda variant: min(times[variant]))
        mine, theirs = times["ours"], times[best]
        shown = [f"{min(t) * 1e3:.3f} ({statistics.median(t) * 1e3:.3f})" for t in (mine, theirs)]
        floor = row.floors[kernels]
        ratio = min(mine) / min(theirs)
        print(
            f"{name:<12}{shown[0]:>18}{shown[1]:>18}{ratio:>8.2f}{floor or '-':>7}  {best}",
            flush=True,
        )


def print_small_peers(rounds: int) -> None:
    print("\nratio ours / peer, best against best")
    for name in ("xor", "mlp"):
        row = ROWS[name]
        peers = {"HIPS autograd": autograd_step(row), "MyGrad": mygrad_step(row)}
        times = measure.side_by_side({"ours": ours(row), **peers}, rounds)
        for peer in peers:
            print(f"{name:<12}{peer:<16}{min(times['ours']) / min(times[peer]):>6.2f}")


def print_memory(names: list[str]) -> None:
    """Peak of the resident memory over 5 steps, each side in a process of its own."""
    print("\npeak memory of 5 steps above a step with 2 samples, MB")
    for name in names:
        mine, theirs = (
            float(measure.run([sys.executable, __file__, "--peak", side, name]))
            for side in ("ours", "torch")
        )
        ratio = f"{mine / theirs:.2f}" if theirs else "-"
        floor = ROWS[name].memory or "-"
        print(
            f"{name:<12}ours {mine:>7.1f}   PyTorch {theirs:>7.1f}   ratio {ratio:>5}  {floor:>5}"
        )


def peak(side: str, name: str) -> None:
    """Print how far 5 steps raise the peak of the resident memory, in MB (Linux)."""
    build = ours if side == "ours" else lambda row: next(iter(torch_steps(row).values()))
    row = ROWS[name]
    if row.loss != "binary":  # what every program pays once: libraries, compiled code
        few = Row(row.layers, (2, *row.shape[1:]), row.loss, row.optimizer, (None, None))
        build(few)()
    step = build(row)
    before = measure.start_of_peak()
    for _ in range(5):
        step()
    print(measure.resident("VmHWM") - before)


def print_import_time() -> None:
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    times: dict[str, list[float]] = {"numpy": [], "tinygrad_ml": [], "torch": []}
    for _ in range(15):
        for name, values in times.items():
            values.append(float(measure.run([sys.executable, "-c", code.format(name)])))
    best = {name: min(values) for name, values in times.items()}
    print(
        "\nimport time, best of 15: " + ", ".join(f"{k} {v * 1e3:.0f} ms" for k, v in best.items())
    )
    print(f"import tinygrad_ml / import numpy: {best['tinygrad_ml'] / best['numpy']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--kernels", choices=["numpy", "compiled"])
    parser.add_argument("--steps-only", action="store_true", help="no memory, imports, small peers")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.kernels:
        os.environ["TINYGRAD_ML_KERNELS"] = args.kernels
    if args.peak:
        peak(*args.peak)
        return
    print_steps(args.rows, args.rounds)
    if not args.steps_only:
        print_small_peers(args.rounds)
        print_memory(args.rows)
        print_import_time()


if __name__ == "__main__":
    main()
