"""Record PyTorch's values and gradients of functions that NumPy has too, in float64.

    python tests/reference/make_numpy.py   # needs PyTorch; writes numpy.npz

Every case has inputs `<case>/<name>`, the result `<case>/out`, the gradient that the result gets,
`<case>/weight`, and what arrives at each input, `<case>/grad_<name>`. The first word of a case is
the name of the NumPy function; ties, zeros and other kinks are among the inputs on purpose.
"""

from pathlib import Path

import numpy as np
import torch

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20261124)


def record(case, function, **inputs):
    """Run `function` on tensors of `inputs` and keep everything."""
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in inputs.items()}
    out = function(*tensors.values())
    weight = torch.tensor(rng.uniform(0.5, 1.5, tuple(out.shape)))
    out.backward(weight)
    RECORDS[f"{case}/out"], RECORDS[f"{case}/weight"] = out.detach().numpy(), weight.numpy()
    for name, tensor in tensors.items():
        grad = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        RECORDS[f"{case}/{name}"], RECORDS[f"{case}/grad_{name}"] = inputs[name], grad.numpy()


inf, nan = np.inf, np.nan
x = np.array([1.0, 2.0, -3.0, 0.5, -0.25, 4.0, 700.0, -700.0])
y = np.array([1.0, -1.0, 2.0, 0.5, 3.0, -1.5, -700.0, 2.0])
for name in ("logaddexp", "logaddexp2", "fmax", "fmin", "remainder", "fmod", "copysign", "hypot"):
    record(name, getattr(torch, name), x=x, y=y)
with_nan = np.array([nan, 2.0, nan, 1.0])
for name in ("fmax", "fmin"):
    record(f"{name} nan", getattr(torch, name), x=with_nan, y=np.array([1.0, nan, nan, 1.0]))
record("logaddexp inf", torch.logaddexp, x=np.array([-inf, 2.0]), y=np.array([1.0, -inf]))
record("copysign zero", torch.copysign, x=np.array([0.0, 1.0]), y=np.array([-1.0, -2.0]))
numbers = {"nan": 2, "posinf": 3, "neginf": -4}
record(
    "nan_to_num nan=2 posinf=3 neginf=-4",
    lambda x: torch.nan_to_num(x, **numbers),
    x=np.array([nan, inf, -inf, 1.0]),
)
record("sinc", torch.sinc, x=np.array([0.0, -0.1, 0.24, 0.26, 1.0, -2.5, 100.0]))
record("deg2rad", torch.deg2rad, x=x)
record("rad2deg", torch.rad2deg, x=x)

matrix = rng.standard_normal((4, 5))
zeros = matrix.copy()
zeros[0, 1] = zeros[1, 0] = zeros[1, 3] = zeros[2] = 0
holes = np.where(zeros == 0, nan, matrix)
holes[2, :2] = 1.0, 3.0
for axis in (0, 1):
    record(f"cumprod axis={axis}", lambda x, d=axis: torch.cumprod(x, d), x=matrix)
    record(f"cumprod zeros axis={axis}", lambda x, d=axis: torch.cumprod(x, d), x=zeros)
    record(f"diff axis={axis}", lambda x, d=axis: torch.diff(x, dim=d), x=matrix)
    record(f"roll axis={axis}", lambda x, d=axis: torch.roll(x, 2, d), x=matrix)
    record(f"trapezoid axis={axis}", lambda x, d=axis: torch.trapezoid(x, dim=d), x=matrix)
    record(f"nansum axis={axis}", lambda x, d=axis: torch.nansum(x, d), x=holes)
    record(f"nanmean axis={axis}", lambda x, d=axis: torch.nanmean(x, d), x=holes)
    for q in (0.0, 0.3, 0.5, 1.0):
        record(f"quantile q={q} axis={axis}", lambda x, q=q, d=axis: torch.quantile(x, q, d),
               x=matrix)  # fmt: skip
record("cov", torch.cov, x=matrix)
record("corrcoef", torch.corrcoef, x=matrix)
record("tril", torch.tril, x=matrix)
record("triu", torch.triu, x=matrix)
record("trace", torch.trace, x=matrix)
record("diagonal", torch.diagonal, x=matrix)
record("diag", torch.diag, x=matrix[0])
record("rot90", torch.rot90, x=matrix)
record("gradient", lambda x: torch.gradient(x, dim=1)[0], x=matrix)
record("gradient edge_order=2", lambda x: torch.gradient(x, dim=1, edge_order=2)[0], x=matrix)

if __name__ == "__main__":
    target = Path(__file__).with_name("numpy.npz")
    np.savez_compressed(target, **RECORDS, made_with=f"PyTorch {torch.__version__}")
    cases = len({key.split("/")[0] for key in RECORDS})
    print(f"{cases} cases, {target.stat().st_size} bytes")
