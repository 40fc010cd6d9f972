"""Record PyTorch's activations and losses, values and gradients, in float64.

    python tests/reference/make_activations_losses.py   # needs PyTorch; writes the .npz beside it

`index` is a JSON list of cases, each with the function, its options, and the shapes of its parts:
the inputs in the order of the arguments, `out`, `weight` (the gradient that the result gets) and
`grad_<input>`. `values` holds all of them one after the other: 1,500 small arrays of their own
would take four times the space.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

INDEX: list[dict] = []
VALUES: list[np.ndarray] = []
rng = np.random.default_rng(20260301)
REDUCTIONS = ("mean", "sum", "none")


def record(name, function, options, **inputs):
    """Run `function` on tensors of `inputs` and keep everything."""
    tensors = {}
    for key, value in inputs.items():
        value = np.asarray(value)
        fixed = key.startswith("target")
        tensors[key] = torch.tensor(value, requires_grad=value.dtype.kind == "f" and not fixed)
    out = function(*tensors.values())
    weight = torch.tensor(rng.uniform(0.5, 1.5, tuple(out.shape)))
    out.backward(weight)
    parts = tensors | {"out": out, "weight": weight}
    parts |= {f"grad_{k}": t.grad for k, t in tensors.items() if t.grad is not None}
    arrays = {key: part.detach().numpy() for key, part in parts.items()}
    shapes = {key: (a.dtype.kind, *a.shape) for key, a in arrays.items()}
    INDEX.append({"function": name, "options": options, "parts": shapes})
    VALUES.extend(array.astype(float).reshape(-1) for array in arrays.values())


def draw(*shape, scale=1.0):
    return rng.standard_normal(shape) * scale


# ---- activations, each at five inputs: small, ordinary, wide, very large, and a batch

LARGE = np.array([-700.0, -300.0, -38.0, -20.0, -9.0, -5.5, 5.5, 9.0, 20.0, 38.0, 300.0, 700.0])
INPUTS = [draw(6, scale=1e-3), draw(12), draw(16, scale=8.0), LARGE, draw(2, 3, 4)]


def celu(x, alpha):
    """PyTorch's own has 1 / alpha in its gradient as float32, like its hardsigmoid 1 / 6."""
    return torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0) / alpha))


ACTIVATIONS = {
    "erf": [({}, torch.erf)],
    "erfc": [({}, torch.erfc)],
    "elu": [({}, F.elu), ({"alpha": 0.3}, lambda x: F.elu(x, 0.3))],
    "celu": [({}, F.celu), ({"alpha": 1.7}, lambda x: celu(x, 1.7))],
    "selu": [({}, F.selu)],
    "gelu": [({}, F.gelu),
             ({"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh"))],
    "silu": [({}, F.silu)],
    "mish": [({}, F.mish)],
    "hardtanh": [({}, F.hardtanh),
                 ({"low": -0.5, "high": 2.0}, lambda x: F.hardtanh(x, -0.5, 2.0))],
    "relu6": [({}, F.relu6)],
    "hardsigmoid": [({}, lambda x: F.relu6(x + 3) / 6)],
    "hardswish": [({}, F.hardswish)],
    "softsign": [({}, F.softsign)],
    "log_sigmoid": [({}, F.logsigmoid)],
    "softplus": [({}, lambda x: torch.logaddexp(x, torch.zeros_like(x)))],
    "softmin": [({}, lambda x: F.softmin(x, -1)), ({"axis": 0}, lambda x: F.softmin(x, 0))],
    "glu": [({}, F.glu)],
}  # fmt: skip
for name, variants in ACTIVATIONS.items():
    for options, function in variants:
        for x in INPUTS:
            record(name, function, options, x=x)
record("glu", lambda x: F.glu(x, 0), {"axis": 0}, x=draw(4, 3))
for shape, size in (((5, 3), 3), ((5, 3), 1), ((7,), 1), ((2, 2, 2, 3), 3), ((6, 1), 1)):
    prelu = lambda x, slope: torch.where(x > 0, x, slope * x)
    record("prelu", prelu, {}, x=draw(*shape), slope=rng.uniform(0.1, 0.5, size))
for _ in range(5):
    record("logit", torch.logit, {}, x=rng.uniform(0.01, 0.99, 8))
    x, y = rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, 4)
    record("xlogy", torch.special.xlogy, {}, x=x, y=y)
    record("xlog1py", torch.special.xlog1py, {}, x=x, y=y - 1)

# ---- losses of values

for r in REDUCTIONS:
    x, t = draw(6, 3, scale=2.0), draw(6, 3, scale=2.0)
    for delta in (0.5, 1.0, 2.5):
        record("huber_loss", lambda x, t, r=r, d=delta: F.huber_loss(x, t, reduction=r, delta=d),
               {"reduction": r, "delta": delta}, x=x, t=t)  # fmt: skip
    for beta in (0.0, 0.7, 2.0):
        record("smooth_l1_loss",
               lambda x, t, r=r, b=beta: F.smooth_l1_loss(x, t, reduction=r, beta=b),
               {"reduction": r, "beta": beta}, x=x, t=t)  # fmt: skip
    counts = rng.integers(0, 9, (6, 3)).astype(float)
    record("poisson_nll_loss",
           lambda z, t, r=r: F.poisson_nll_loss(z, t, log_input=True, reduction=r),
           {"reduction": r}, z=x, target=counts)  # fmt: skip
    record("poisson_nll_loss",
           lambda z, t, r=r: F.poisson_nll_loss(z, t, log_input=False, eps=0.0, reduction=r),
           {"reduction": r, "log_input": False}, z=np.abs(x) + 0.1, target=counts)  # fmt: skip
    for width in (3, 1):
        variance = rng.uniform(0.1, 2, (6, width))
        record("gaussian_nll_loss",
               lambda x, t, v, r=r: F.gaussian_nll_loss(x, t, v, reduction=r),
               {"reduction": r}, x=x, t=t, variance=variance)  # fmt: skip
    signs = rng.choice([-1.0, 1.0], (6, 3))
    reduced = {"mean": torch.mean, "sum": torch.sum, "none": lambda v: v}[r]
    for scale in (0.5, 3.0):
        record("hinge_loss", lambda x, t, f=reduced: f(torch.relu(1 - x * t)),
               {"reduction": r}, x=scale * x, target=signs)  # fmt: skip
    p, label = rng.uniform(0.02, 0.98, (6, 3)), rng.uniform(0, 1, (6, 3))
    for weight in (rng.uniform(0, 2, (6, 3)), rng.uniform(0, 2, 3), rng.uniform(0, 2, (6, 1))):
        record("binary_cross_entropy",
               lambda p, t, r=r, w=weight: F.binary_cross_entropy(
                   p, t, torch.tensor(w).expand(6, 3), reduction=r),
               {"reduction": r, "weight": weight.tolist()}, p=p, target=label)  # fmt: skip
        record("binary_cross_entropy_with_logits",
               lambda z, t, r=r, w=weight: F.binary_cross_entropy_with_logits(
                   z, t, torch.tensor(w), reduction=r),
               {"reduction": r, "weight": weight.tolist()}, z=3 * x, target=label)  # fmt: skip
    for weight, pos in ((None, [0.5, 1.0, 4.0]), ([[0.5], [1], [2], [0], [1], [3]], [2.0])):
        w = None if weight is None else torch.tensor(weight, dtype=torch.float64)
        record("binary_cross_entropy_with_logits",
               lambda z, t, r=r, w=w, p=pos: F.binary_cross_entropy_with_logits(
                   z, t, w, reduction=r, pos_weight=torch.tensor(p, dtype=torch.float64)),
               {"reduction": r, "weight": weight, "pos_weight": pos},
               z=3 * x, target=label)  # fmt: skip

# ---- losses of classes

CLASSES = {
    "plain": {}, "weights": {"class_weight": [0.5, 2.0, 1.0, 0.25]},
    "smooth": {"label_smoothing": 0.1}, "ignored": {"ignore_index": 2},
    "far ignored": {"ignore_index": -100, "class_weight": [1.0, 0.0, 2.0, 3.0]},
    "all": {"class_weight": [0.5, 2.0, 1.0, 0.25], "label_smoothing": 0.3, "ignore_index": 0},
}  # fmt: skip
TORCH = {"class_weight": "weight"}


def torch_options(options):
    """PyTorch's names, and its tensors."""
    return {
        TORCH.get(k, k): torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v
        for k, v in options.items()
    }


def classes_last(function, **options):
    """PyTorch wants the classes in axis 1."""
    return lambda z, t: function(z.movedim(-1, 1) if z.ndim > 1 else z, t, **options)


for r in REDUCTIONS:
    for name, options in CLASSES.items():
        for shape in ((7, 4), (3, 2, 4)):
            z, t = draw(*shape, scale=3.0), rng.integers(0, 4, shape[:-1])
            t.reshape(-1)[:4] = [0, 1, 2, 3]
            if name == "far ignored":
                t.reshape(-1)[1] = -100
            how = torch_options(options)
            record("cross_entropy", classes_last(F.cross_entropy, reduction=r, **how),
                   {"reduction": r, **options}, z=z, target=t)  # fmt: skip
            if "label_smoothing" not in options:
                record("nll_loss", classes_last(F.nll_loss, reduction=r, **how),
                       {"reduction": r, **options},
                       logs=np.log(rng.dirichlet(np.ones(4), shape[:-1])), target=t)  # fmt: skip
        if "ignored" not in name and name != "all":
            shares = rng.dirichlet(np.ones(4), 7)
            record("cross_entropy", classes_last(F.cross_entropy, reduction=r, **how),
                   {"reduction": r, **options}, z=draw(7, 4, scale=3.0), t=shares)  # fmt: skip
    for log_target in (False, True):
        for shape in ((6, 4), (1, 3)):
            logs = np.log(rng.dirichlet(np.ones(shape[1]), shape[0]))
            t = rng.dirichlet(np.ones(shape[1]), shape[0])
            how = {"mean": "batchmean"}.get(r, r)
            divergence = lambda q, t, h=how, lt=log_target: F.kl_div(
                q, t, reduction=h, log_target=lt
            )
            if r == "none":
                divergence = lambda q, t, lt=log_target: F.kl_div(
                    q, t, reduction="none", log_target=lt
                ).sum(-1)
            record("kl_div", divergence, {"reduction": r, "log_target": log_target},
                   logs=logs, t=np.log(t) if log_target else t)  # fmt: skip
    for margin in (0.5, 1.0):
        z, t = draw(7, 4), rng.integers(0, 4, 7)
        record("multi_margin_loss",
               lambda z, t, r=r, m=margin: F.multi_margin_loss(z, t, margin=m, reduction=r),
               {"reduction": r, "margin": margin}, z=z, target=t)  # fmt: skip

# ---- losses of pairs

for axis, shape in ((-1, (5, 3)), (0, (4, 2)), (1, (2, 3, 2)), (-1, (3,)), (-2, (2, 2, 3))):
    record("cosine_similarity", lambda x, y, a=axis: F.cosine_similarity(x, y, a),
           {"axis": axis}, x=draw(*shape), y=draw(*shape))  # fmt: skip
for r in REDUCTIONS:
    for margin in (0.0, 0.4):
        signs = np.array([1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
        record("cosine_embedding_loss",
               lambda x, y, t, r=r, m=margin: F.cosine_embedding_loss(x, y, t, m, reduction=r),
               {"reduction": r, "margin": margin},
               x=draw(6, 4), y=draw(6, 4), target=signs)  # fmt: skip
    for margin in (1.0, 0.5):
        record("hinge_embedding_loss",
               lambda x, t, r=r, m=margin: F.hinge_embedding_loss(x, t, m, reduction=r),
               {"reduction": r, "margin": margin}, x=np.abs(draw(6)), target=signs)  # fmt: skip
        record("triplet_margin_loss",
               lambda a, p, n, r=r, m=margin: F.triplet_margin_loss(
                   a, p, n, margin=m, eps=1e-300, reduction=r),
               {"reduction": r, "margin": margin},
               a=draw(6, 4), p=draw(6, 4), n=draw(6, 4))  # fmt: skip

if __name__ == "__main__":
    path = Path(__file__).with_name("activations_losses.npz")
    made_with = f"PyTorch {torch.__version__}"
    values = np.concatenate(VALUES)
    np.savez_compressed(path, index=json.dumps(INDEX), values=values, made_with=made_with)
    print(f"{len(INDEX)} cases, {path.stat().st_size} bytes")
