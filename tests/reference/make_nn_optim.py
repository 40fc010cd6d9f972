"""Record PyTorch's optimizers, schedules, clipping and layers, in float64.

    python tests/reference/make_nn_optim.py   # needs PyTorch; writes nn_optim.npz

`gradients/...` are what every optimizer of `<name>/...` is given, 20 times, `<name>/a` and
`<name>/b` the two parameters after every step. `model/<name>/loss` and the weights belong to a
network of 3, 5 and 2 units that learns for 20 steps. A layer has its input, the parameters, the
result, the gradient that the result gets (`weight`), and what arrives. Images and kernels are
stored in this project's layout, (n, height, width, channels) and (kh, kw, c_in, c_out), matrices of
weights as (n_in, n_out).
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn, optim

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20260202)
torch.set_default_dtype(torch.float64)
STEPS = 20


def array(tensor):
    return np.array(tensor.detach().numpy(), order="C")


# ---- optimizers: the names are those of OPTIMIZERS in tests/optim/test_against_pytorch.py

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, 0.05),
    "sgd momentum": lambda p: optim.SGD(p, 0.05, momentum=0.9),
    "sgd nesterov": lambda p: optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    "sgd decay": lambda p: optim.SGD(p, 0.05, weight_decay=0.1),
    "sgd all": lambda p: optim.SGD(p, 0.05, momentum=0.7, nesterov=True, weight_decay=0.2),
    "adam": lambda p: optim.Adam(p),
    "adam other": lambda p: optim.Adam(p, 0.03, betas=(0.7, 0.9), eps=1e-3),
    "adam decay": lambda p: optim.Adam(p, 0.03, weight_decay=0.3),
    "adamw": lambda p: optim.AdamW(p),
    "adamw other": lambda p: optim.AdamW(p, 0.03, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.4),
}
start = {"a": rng.standard_normal((3, 4)), "b": rng.standard_normal(5)}
gradients = {k: rng.standard_normal((STEPS, *v.shape)) * 2 for k, v in start.items()}
gradients["a"][0] = 0  # the first step of Adam divides 0 by eps
gradients["a"][7:9] = 0
gradients["b"][:, 2] = 0
gradients["b"][12] *= 1e-9
for k in start:
    RECORDS[f"start/{k}"], RECORDS[f"gradients/{k}"] = start[k], gradients[k]
for name, make in OPTIMIZERS.items():
    parameters = {k: torch.tensor(v, requires_grad=True) for k, v in start.items()}
    optimizer = make(list(parameters.values()))
    path = {k: [] for k in start}
    for i in range(STEPS):
        for k, p in parameters.items():
            p.grad = torch.tensor(gradients[k][i])
        optimizer.step()
        for k, p in parameters.items():
            path[k].append(array(p))
    for k in start:
        RECORDS[f"{name}/{k}"] = np.stack(path[k])

# ---- a network trained with each of them

data = {
    "x": rng.standard_normal((12, 3)), "y": rng.standard_normal((12, 2)),
    "w1": rng.standard_normal((3, 5)) * 0.7, "b1": rng.standard_normal(5) * 0.1,
    "w2": rng.standard_normal((5, 2)) * 0.7, "b2": rng.standard_normal(2) * 0.1,
}  # fmt: skip
RECORDS.update({f"model/{k}": v for k, v in data.items()})
for name, make in OPTIMIZERS.items():
    x, y = torch.tensor(data["x"]), torch.tensor(data["y"])
    weights = [torch.tensor(data[k], requires_grad=True) for k in ("w1", "b1", "w2", "b2")]
    optimizer = make(weights)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        w1, b1, w2, b2 = weights
        loss = nn.functional.mse_loss(torch.tanh(x @ w1 + b1) @ w2 + b2, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    RECORDS[f"model/{name}/loss"] = np.array(losses)
    for k, w in zip(("w1", "b1", "w2", "b2"), weights):
        RECORDS[f"model/{name}/{k}"] = array(w)

# ---- clipping: the norm, and the gradients of PyTorch, which divides by norm + 1e-6

clipped = {"a": rng.standard_normal((3, 4)), "b": rng.standard_normal(5) * 3}
RECORDS.update({f"clip/{k}": v for k, v in clipped.items()})
for limit in (0.5, 5.0, 1000.0):
    parameters = [torch.zeros(v.shape, requires_grad=True) for v in clipped.values()]
    for p, g in zip(parameters, clipped.values()):
        p.grad = torch.tensor(g)
    RECORDS[f"clip/{limit}/norm"] = array(nn.utils.clip_grad_norm_(parameters, limit))
    for k, p in zip(clipped, parameters):
        RECORDS[f"clip/{limit}/{k}"] = array(p.grad)

# ---- schedules: the learning rate of epoch 0, 1, 2, ... from 1

SCHEDULES = {
    "step": lambda o: optim.lr_scheduler.StepLR(o, step_size=4, gamma=0.3),
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, T_max=15),
    "cosine final": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, T_max=15, eta_min=0.2),
}
for name, make in SCHEDULES.items():
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    scheduler = make(optimizer)
    factors = []
    for _ in range(16):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    RECORDS[f"schedule/{name}"] = np.array(factors)

# ---- layers: named as in LAYERS of tests/nn/test_against_pytorch.py

LAST = {2: (0, 1), 4: (0, 2, 3, 1)}  # axes in this project's order
FIRST = {2: (0, 1), 4: (0, 3, 1, 2)}


def ours(name, tensor):
    """An image, a kernel or a matrix of weights in this project's layout."""
    if name.endswith("weight") and tensor.ndim in (2, 4):
        return array(tensor.permute((1, 0) if tensor.ndim == 2 else (2, 3, 1, 0)))
    return array(tensor.permute(LAST[tensor.ndim])) if tensor.ndim in LAST else array(tensor)


def record(case, layer, x, once=True):
    tensor = torch.tensor(x, requires_grad=True)
    layer.zero_grad()
    with torch.no_grad():
        for p in layer.parameters() if once else ():
            p.copy_(torch.tensor(rng.standard_normal(p.shape)))
    for name, p in layer.named_parameters():
        RECORDS[f"layer/{case}/{name}"] = ours(name, p)
    out = layer(tensor.permute(FIRST[x.ndim]) if x.ndim in FIRST else tensor)
    weight = torch.tensor(rng.uniform(0.5, 1.5, tuple(out.shape)))
    out.backward(weight)
    RECORDS[f"layer/{case}/x"] = x
    RECORDS[f"layer/{case}/out"], RECORDS[f"layer/{case}/upstream"] = (
        ours("", out),
        ours("", weight),
    )
    RECORDS[f"layer/{case}/grad_x"] = array(tensor.grad)
    for name, p in layer.named_parameters():
        RECORDS[f"layer/{case}/grad_{name}"] = ours(name, p.grad)


record("dense", nn.Linear(4, 3), rng.standard_normal((6, 4)))
record("dense no bias", nn.Linear(4, 3, bias=False), rng.standard_normal((6, 4)))
record("dense sequence", nn.Linear(4, 3), rng.standard_normal((2, 5, 4)))
for name, image, arguments in [
    ("conv", (2, 6, 5, 3), dict(out_channels=4, kernel_size=3)),
    ("conv stride", (2, 7, 8, 2), dict(out_channels=3, kernel_size=(3, 2), stride=(2, 3))),
    ("conv padding", (2, 5, 5, 2), dict(out_channels=3, kernel_size=3, padding=(2, 1))),
    ("conv both", (1, 8, 7, 1), dict(out_channels=2, kernel_size=(5, 3), stride=2, padding=1)),
    ("conv same", (2, 5, 6, 2), dict(out_channels=3, kernel_size=3, padding="same")),
    ("conv no bias", (2, 4, 4, 3), dict(out_channels=2, kernel_size=1, bias=False)),
]:
    record(name, nn.Conv2d(image[3], **arguments), rng.standard_normal(image))
for name, image, arguments in [
    ("pool", (2, 4, 6, 3), (2,)),
    ("pool floored", (2, 5, 7, 2), (2,)),
    ("pool overlap", (2, 6, 7, 2), (3, (2, 1))),
    ("pool padding", (2, 5, 5, 2), ((3, 2), 2, 1)),
]:
    record(f"max {name}", nn.MaxPool2d(*arguments), rng.standard_normal(image))
    record(f"avg {name}", nn.AvgPool2d(*arguments), rng.standard_normal(image))
x = rng.standard_normal((5, 7)) * 4
for name, layer in {
    "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "relu": nn.ReLU(), "leaky": nn.LeakyReLU(0.2),
    "softplus": nn.Softplus(threshold=1000), "softmax": nn.Softmax(-1), "softmax 0": nn.Softmax(0),
}.items():  # fmt: skip
    record(name, layer, x)
for name, layer, shape in [
    ("norm rows", nn.BatchNorm1d(3), (8, 3)),
    ("norm images", nn.BatchNorm2d(2, momentum=0.3, eps=1e-2), (4, 3, 5, 2)),
]:
    for step in range(4):  # three times in training, then in prediction
        layer.train(step < 3)
        record(f"{name} {step}", layer, rng.standard_normal(shape) * 2 + step, once=step == 0)
        RECORDS[f"layer/{name} {step}/running_mean"] = array(layer.running_mean)
        RECORDS[f"layer/{name} {step}/running_var"] = array(layer.running_var)

if __name__ == "__main__":
    target = Path(__file__).with_name("nn_optim.npz")
    np.savez_compressed(target, **RECORDS, made_with=f"PyTorch {torch.__version__}")
    print(f"{len(RECORDS)} arrays, {target.stat().st_size} bytes")
