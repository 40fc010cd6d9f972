"""Write linalg.npz: gradients and Hessian-vector products of torch.linalg on stacks of matrices.

Run by hand with PyTorch installed: python tests/reference/make_linalg.py
"""

from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
L = torch.linalg


def spd(x):
    return x.mT @ x + torch.eye(x.shape[-1])


# Of a stack x (2, 4, 3) and right sides b (2, 3, 2); the same stand in tests/rules/test_linalg.py
FUNCTIONS = {
    "inv": lambda x, b: L.inv(x[:, :3]),
    "solve": lambda x, b: L.solve(x[:, :3], b),
    "solve_vector": lambda x, b: L.solve(x[:, :3], b[..., 0]),
    "det": lambda x, b: L.det(x[:, :3]),
    "slogdet": lambda x, b: L.slogdet(x[:, :3]).logabsdet,
    "cholesky": lambda x, b: L.cholesky(spd(x)),
    "cholesky_upper": lambda x, b: L.cholesky(spd(x), upper=True),
    "eigvalsh": lambda x, b: L.eigvalsh(spd(x)),
    "eigh": lambda x, b: L.eigh(spd(x[:, :3])).eigenvectors ** 2,
    "svdvals": lambda x, b: L.svdvals(x),
    "svd_left": lambda x, b: L.svd(x, full_matrices=False).U ** 2,
    "svd_right": lambda x, b: L.svd(x.mT, full_matrices=False).Vh ** 2,
    "qr_q": lambda x, b: L.qr(x).Q ** 2,
    "qr_r": lambda x, b: L.qr(x).R ** 2,
    "pinv": lambda x, b: L.pinv(x),
    "pinv_wide": lambda x, b: L.pinv(x.mT),
    "lstsq": lambda x, b: L.lstsq(x, torch.cat([b, b[:, :1]], 1)).solution,
    "power": lambda x, b: L.matrix_power(x[:, :3], 3),
    "power_negative": lambda x, b: L.matrix_power(x[:, :3], -2),
    "triangular": lambda x, b: L.solve_triangular(x[:, :3], b, upper=False),
    "triangular_unit": lambda x, b: L.solve_triangular(x[:, :3], b, upper=True, unitriangular=True),
    "norm": lambda x, b: L.norm(x, dim=(-2, -1)),
    "norm_nuclear": lambda x, b: L.norm(x, "nuc", dim=(-2, -1)),
    "norm_2": lambda x, b: L.norm(x, 2, dim=(-2, -1)),
    "norm_-2": lambda x, b: L.norm(x, -2, dim=(0, 2)),
    "norm_1": lambda x, b: L.norm(x, 1, dim=(-2, -1)),
    "norm_inf": lambda x, b: L.norm(x, float("inf"), dim=(1, 0)),
    "norm_vector_3": lambda x, b: L.norm(x, 3, dim=1),
    "norm_vector_0.5": lambda x, b: L.norm(x, 0.5, dim=-1),
    "norm_vector_inf": lambda x, b: L.norm(x, float("inf"), dim=1),
    "cond": lambda x, b: L.cond(x),
    "cross": lambda x, b: L.cross(x, x.roll(1, 1)),
    "kron": lambda x, b: torch.kron(x, b),
    "tensordot": lambda x, b: torch.tensordot(x, b, dims=([0, 2], [0, 1])),
    "multi_dot": lambda x, b: L.multi_dot([x[0], b[0], x[1, :2], x[1].mT]),
}


def main():
    rng = np.random.default_rng(5)
    x, b, v = (rng.uniform(-1, 1, s) for s in ((2, 4, 3), (2, 3, 2), (2, 4, 3)))
    x[:, :3] += np.diag([1.0, 2.0, 3.0])
    found = {"x": x, "b": b, "v": v}
    for name, function in FUNCTIONS.items():
        tx, tb = torch.tensor(x, requires_grad=True), torch.tensor(b, requires_grad=True)
        y = function(tx, tb)
        weight = torch.cos(torch.arange(y.numel()) + 1.0).reshape(y.shape)
        gx, gb = torch.autograd.grad((y * weight).sum(), (tx, tb), create_graph=True,
                                     allow_unused=True, materialize_grads=True)  # fmt: skip
        hx = torch.zeros_like(tx)
        if gx.requires_grad:
            (hx,) = torch.autograd.grad((gx * torch.tensor(v)).sum(), tx, allow_unused=True,
                                        materialize_grads=True)  # fmt: skip
        parts = {"value": y, "gx": gx, "gb": gb, "hx": hx}
        found |= {f"{name}/{part}": t.detach().numpy(force=True) for part, t in parts.items()}
    found["torch"] = np.array(torch.__version__)
    np.savez_compressed(Path(__file__).with_name("linalg.npz"), **found)


if __name__ == "__main__":
    main()
