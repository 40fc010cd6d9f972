"""Record PyTorch's values and gradients of what `tinygrad_ml.functional` offers, in float64.

    python tests/reference/make_functional.py   # needs PyTorch; writes functional.npz

Every case has inputs `<case>/<name>`, the result `<case>/out`, the gradient that the result gets,
`<case>/weight`, and what arrives at each input, `<case>/grad_<name>`. Images and kernels are stored
in this project's layout: (n, height, width, channels) and (kh, kw, c_in, c_out).
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20260101)


def record(case, function, **inputs):
    """Run `function` on tensors of `inputs` and keep everything."""
    tensors = {}
    for name, value in inputs.items():
        value = np.asarray(value)
        tensors[name] = torch.tensor(value, requires_grad=value.dtype.kind == "f")
        RECORDS[f"{case}/{name}"] = value
    out = function(**tensors)
    weight = torch.tensor(rng.uniform(0.5, 1.5, tuple(out.shape)))
    out.backward(weight)
    RECORDS[f"{case}/out"], RECORDS[f"{case}/weight"] = out.detach().numpy(), weight.numpy()
    for name, tensor in tensors.items():
        if tensor.requires_grad and tensor.grad is not None:
            RECORDS[f"{case}/grad_{name}"] = tensor.grad.numpy()


def channels_first(images):
    return images.permute(0, 3, 1, 2)


def channels_last(images):
    return images.permute(0, 2, 3, 1)


# ---- activations: ordinary and large values

x = np.concatenate([rng.standard_normal(20), [-700.0, -40.0, -20.0, 0.0, 20.0, 40.0, 700.0]])
for name, function in {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
}.items():
    record(name, lambda x, f=function: f(x), x=x)

z = rng.standard_normal((4, 5)) * 3
z[1] += 1000
z[2] -= 1000
z[3, 0] = 800
for axis in (0, 1):
    record(f"softmax {axis}", lambda x, a=axis: torch.softmax(x, a), x=z)
    record(f"log_softmax {axis}", lambda x, a=axis: torch.log_softmax(x, a), x=z)
    record(f"logsumexp {axis}", lambda x, a=axis: torch.logsumexp(x, a), x=z)

# ---- losses

prediction, target = rng.standard_normal((6, 3)), rng.standard_normal((6, 3))
probability, label = rng.uniform(0.02, 0.98, (6, 3)), rng.uniform(0, 1, (6, 3))
label[0] = [0, 1, 0]
edge, truth = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
logits = rng.standard_normal((6, 3)) * 4
logits[0] = [600, -600, 50]
scores, classes = rng.standard_normal((6, 4)) * 4, rng.integers(0, 4, 6)
shares = rng.dirichlet(np.ones(4), 6)
for r in ("mean", "sum", "none"):
    record(f"mse_loss {r}", lambda x, t, r=r: F.mse_loss(x, t, reduction=r), x=prediction, t=target)
    record(f"l1_loss {r}", lambda x, t, r=r: F.l1_loss(x, t, reduction=r), x=prediction, t=target)
    bce = lambda x, t, r=r: F.binary_cross_entropy(x, t, reduction=r)
    record(f"binary_cross_entropy {r}", bce, x=probability, t=label)
    record(
        f"binary_cross_entropy edge {r}",
        lambda x, t, r=r: F.binary_cross_entropy(x, t.detach(), reduction=r),
        x=edge,
        t=truth,
    )
    bce = lambda x, t, r=r: F.binary_cross_entropy_with_logits(x, t, reduction=r)
    record(f"binary_cross_entropy_with_logits {r}", bce, x=logits, t=label)
    ce = lambda x, t, r=r: F.cross_entropy(x, t, reduction=r)
    record(f"cross_entropy classes {r}", ce, x=scores, t=classes)
    record(f"cross_entropy shares {r}", ce, x=scores, t=shares)

# ---- convolution and pooling

SIZES = [  # (name, image, kernel, stride, padding as top, bottom, left, right)
    ("plain", (2, 5, 6, 3), (3, 3, 3, 4), (1, 1), (0, 0, 0, 0)),
    ("stride", (2, 7, 6, 2), (3, 2, 2, 3), (2, 3), (0, 0, 0, 0)),
    ("padding", (2, 5, 5, 2), (3, 3, 2, 3), (1, 1), (1, 1, 2, 2)),
    ("both", (1, 8, 7, 1), (5, 3, 1, 2), (3, 2), (2, 2, 1, 1)),
    ("pointwise", (2, 4, 4, 3), (1, 1, 3, 5), (1, 1), (0, 0, 0, 0)),
    ("whole", (2, 4, 4, 3), (4, 4, 3, 2), (1, 1), (0, 0, 0, 0)),
    ("same", (2, 5, 6, 2), (3, 2, 2, 3), (1, 1), (1, 1, 0, 1)),
    ("same stride", (2, 5, 7, 2), (3, 4, 2, 3), (2, 2), (1, 1, 1, 2)),
    ("one image", (1, 6, 6, 3), (3, 3, 3, 2), (1, 1), (1, 1, 1, 1)),
]
for name, image, kernel, stride, (top, bottom, left, right) in SIZES:

    def convolve(x, w, b, stride=stride, border=(left, right, top, bottom)):
        images = F.pad(channels_first(x), border)
        return channels_last(F.conv2d(images, w.permute(3, 2, 0, 1), b, stride=stride))

    record(
        f"conv2d {name}",
        convolve,
        x=rng.standard_normal(image),
        w=rng.standard_normal(kernel),
        b=rng.standard_normal(kernel[3]),
    )

POOLS = [  # (name, image, size, stride, padding)
    ("plain", (2, 4, 6, 3), (2, 2), (2, 2), (0, 0)),
    ("floored", (2, 5, 7, 2), (2, 2), (2, 2), (0, 0)),
    ("overlap", (2, 6, 7, 2), (3, 3), (2, 1), (0, 0)),
    ("padding", (2, 5, 5, 2), (3, 2), (2, 2), (1, 1)),
    ("apart", (1, 7, 7, 2), (2, 2), (3, 3), (0, 0)),
]
for name, image, size, stride, padding in POOLS:
    x = rng.standard_normal(image)
    record(
        f"max_pool2d {name}",
        lambda x, s=size, t=stride, p=padding: channels_last(
            F.max_pool2d(channels_first(x), s, t, p)
        ),
        x=x,
    )
    record(
        f"avg_pool2d {name}",
        lambda x, s=size, t=stride, p=padding: channels_last(
            F.avg_pool2d(channels_first(x), s, t, p)
        ),
        x=x,
    )

# ---- normalisation with the statistics of the batch, distances


def normalise(x, gamma, beta):
    flat = x.reshape(-1, x.shape[-1])
    return F.batch_norm(flat, None, None, gamma, beta, training=True, eps=1e-5).reshape(x.shape)


for name, shape in (("rows", (8, 3)), ("images", (2, 3, 4, 2))):
    record(
        f"batch_norm {name}",
        normalise,
        x=rng.standard_normal(shape) * 2 + 1,
        gamma=rng.uniform(0.5, 2, shape[-1]),
        beta=rng.standard_normal(shape[-1]),
    )

x, y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
y[1] = x[2]
exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}
record("pairwise_distances euclidean", lambda x, y: torch.cdist(x, y, **exact), x=x, y=y)
record(
    "pairwise_distances sqeuclidean", lambda x, y: ((x[:, None] - y[None]) ** 2).sum(-1), x=x, y=y
)

if __name__ == "__main__":
    target = Path(__file__).with_name("functional.npz")
    np.savez_compressed(target, **RECORDS, made_with=f"PyTorch {torch.__version__}")
    cases = len({key.split("/")[0] for key in RECORDS})
    print(f"{cases} cases, {target.stat().st_size} bytes")
