"""Linear algebra beyond the table: PyTorch's figures, closed forms, equal values, mistakes."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_ml as tg
from tinygrad_ml import functional

L = np.linalg
REFERENCE = np.load(Path(__file__).parent.parent / "reference" / "linalg.npz")
SINGULAR = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9.0]])
symmetric = lambda a: (a + a.mT) / 2


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def definite(n, seed=0):
    a = random(n, n, seed=seed)
    return a @ a.T + np.eye(n)


# ---------------------------------------------------------------- PyTorch's figures


def spd(x):
    return x.mT @ x + np.eye(x.shape[-1], dtype=x.dtype)


AXES = (-2, -1)
FUNCTIONS = {  # the same in tests/reference/make_linalg.py
    "inv": lambda x, b: L.inv(x[:, :3]),
    "solve": lambda x, b: L.solve(x[:, :3], b),
    "solve_vector": lambda x, b: L.solve(x[:, :3], b[..., :1])[..., 0],
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
    "lstsq": lambda x, b: np.stack(
        [L.lstsq(x[i], np.concatenate([b, b[:, :1]], axis=1)[i])[0] for i in range(2)]
    ),
    "power": lambda x, b: L.matrix_power(x[:, :3], 3),
    "power_negative": lambda x, b: L.matrix_power(x[:, :3], -2),
    "triangular": lambda x, b: functional.solve_triangular(x[:, :3], b, lower=True),
    "triangular_unit": lambda x, b: functional.solve_triangular(x[:, :3], b, unit_diagonal=True),
    "norm": lambda x, b: L.norm(x, axis=AXES),
    "norm_nuclear": lambda x, b: L.norm(x, "nuc", axis=AXES),
    "norm_2": lambda x, b: L.norm(x, 2, axis=AXES),
    "norm_-2": lambda x, b: L.norm(x, -2, axis=(0, 2)),
    "norm_1": lambda x, b: L.norm(x, 1, axis=AXES),
    "norm_inf": lambda x, b: L.norm(x, np.inf, axis=(1, 0)),
    "norm_vector_3": lambda x, b: L.norm(x, 3, axis=1),
    "norm_vector_0.5": lambda x, b: L.norm(x, 0.5, axis=-1),
    "norm_vector_inf": lambda x, b: L.norm(x, np.inf, axis=1),
    "cond": lambda x, b: L.cond(x),
    "cross": lambda x, b: L.cross(x, x[:, [3, 0, 1, 2]]),
    "kron": np.kron,
    "tensordot": lambda x, b: np.tensordot(x, b, axes=([0, 2], [0, 1])),
    "multi_dot": lambda x, b: L.multi_dot([x[0], b[0], x[1, :2], x[1].mT]),
}


def test_every_recorded_function_is_compared():
    assert {key.split("/")[0] for key in REFERENCE} - {"x", "b", "v", "torch"} == set(FUNCTIONS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_pytorchs_gradients(name, dtype):
    x, b = (tg.Tensor(REFERENCE[k].astype(dtype), requires_grad=True) for k in "xb")
    y = FUNCTIONS[name](x, b)
    weight = np.cos(np.arange(y.size) + 1.0).reshape(y.shape).astype(dtype)
    gx, gb = tg.gradients((y * weight).sum(), [x, b], create_graph=True)
    hx = None
    if gx.requires_grad:
        hx = tg.gradients((gx * REFERENCE["v"].astype(dtype)).sum(), x)
    for part, got in (("value", y), ("gx", gx), ("gb", gb), ("hx", hx)):
        expected = REFERENCE[f"{name}/{part}"]
        got = np.zeros(expected.shape, dtype) if got is None else got.data
        assert got.dtype == dtype
        scale = max(1.0, np.abs(expected).max())
        tolerance = 1e-10 if dtype == np.float64 else 3e-4 if part == "hx" else 1e-4
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale, err_msg=part)


# ---------------------------------------------------------------- closed forms


def test_gradient_and_hessian_of_the_log_determinant():
    a = definite(3)
    inverse = L.inv(a)
    np.testing.assert_allclose(tg.grad(lambda a: L.slogdet(a)[1])(a), inverse.T, rtol=1e-12)
    found = tg.hessian(lambda a: L.slogdet(a)[1])(a)
    expected = -np.einsum("jk,li->ijkl", inverse, inverse)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    by_cholesky = lambda a: 2 * np.log(L.diagonal(L.cholesky(symmetric(a)))).sum()
    by_values = lambda a: np.log(L.eigvalsh(symmetric(a))).sum()
    for function in (by_cholesky, by_values):
        np.testing.assert_allclose(tg.grad(function)(a), inverse, rtol=1e-11)
        v = symmetric(random(3, 3, seed=1))
        np.testing.assert_allclose(
            tg.hvp(function)(a, v), -inverse @ v @ inverse, rtol=1e-9, atol=1e-12
        )


def test_one_triangle_is_read_and_has_the_gradient():
    a = definite(3)
    inverse = L.inv(a)
    doubled = 2 * inverse - np.diag(np.diag(inverse))
    for function, mask in (
        (lambda a: 2 * np.log(L.diagonal(L.cholesky(a))).sum(), np.tril),
        (lambda a: 2 * np.log(L.diagonal(L.cholesky(a, upper=True))).sum(), np.triu),
        (lambda a: np.log(L.eigvalsh(a)).sum(), np.tril),
        (lambda a: np.log(L.eigh(a, UPLO="u")[0]).sum(), np.triu),
    ):
        np.testing.assert_allclose(tg.grad(function)(a), mask(doubled), rtol=1e-11)


def test_gaussian_log_likelihood_by_its_covariance():
    """l = -(n log|S| + tr(S^-1 C)) / 2, whose Hessian is K (n/2 - sym(S^-1 C)) in S^-1."""
    n, covariance, scatter = 5, definite(3), 5 * definite(3, seed=1)

    def likelihood(s):
        return -(n * L.slogdet(s).logabsdet + L.trace(L.solve(s, scatter))) / 2

    p = L.inv(covariance)
    pcp = p @ scatter @ p
    np.testing.assert_allclose(
        tg.grad(likelihood)(covariance), (pcp - n * p) / 2, rtol=1e-10, atol=1e-12
    )
    pair = lambda x, y: np.einsum("jk,li->ijkl", x, y)
    expected = (n * pair(p, p) - pair(p, pcp) - pair(pcp, p)) / 2
    np.testing.assert_allclose(tg.hessian(likelihood)(covariance), expected, rtol=1e-9, atol=1e-11)
    v = random(3, 3, seed=4)
    np.testing.assert_allclose(
        tg.hvp(likelihood)(covariance, v), np.einsum("ijkl,kl->ij", expected, v), rtol=1e-9
    )


def test_jacobian_of_the_inverse():
    a = definite(3)
    inverse = L.inv(a)
    expected = -np.einsum("ik,lj->ijkl", inverse, inverse)
    np.testing.assert_allclose(tg.jacobian(L.inv)(a), expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(tg.jacobian(lambda b: L.solve(a, b))(np.ones(3)), inverse)


def directional(function, v, order):
    """The derivative of the given order of function(x + t v) by t at 0."""
    along = lambda x: lambda t: function(x + t * v)

    def derivative(x):
        f = along(x)
        for _ in range(order):
            f = tg.grad(f)
        return float(f(np.float64(0.0)))

    return derivative


def test_third_order():
    """Derivatives along a line: of tr(inv), log det, det, a quadratic form and a norm."""
    a, v, c = definite(3), random(3, 3, seed=3), random(3, seed=2)
    p = L.inv(a)
    pv = p @ v
    third = lambda f, x=a, v=v: directional(f, v, 3)(x)
    np.testing.assert_allclose(third(lambda a: L.trace(L.inv(a))), -6 * np.trace(pv @ pv @ pv @ p))
    np.testing.assert_allclose(third(lambda a: L.slogdet(a)[1]), 2 * np.trace(pv @ pv @ pv))
    np.testing.assert_allclose(third(L.det), 6 * L.det(v))
    np.testing.assert_allclose(third(lambda a: c @ L.solve(a, c)), -6 * c @ pv @ pv @ pv @ p @ c)
    w = symmetric(v)
    pw = p @ w
    for function in (
        lambda a: 2 * np.log(L.diagonal(L.cholesky(a))).sum(),
        lambda a: np.log(L.eigvalsh(a)).sum(),
        lambda a: np.log(L.svdvals(a)).sum(),
        lambda a: np.log(L.eigh(a)[0]).sum(),
        lambda a: np.log(abs(L.diagonal(L.qr(a).R))).sum(),
    ):
        np.testing.assert_allclose(third(function, v=w), 2 * np.trace(pw @ pw @ pw), rtol=1e-8)
    s, d = L.norm(c), c @ v[0]  # |c + t v|: with q = |v|^2
    q = v[0] @ v[0]
    np.testing.assert_allclose(third(L.norm, c, v[0]), 3 * d * (d * d / s**2 - q) / s**3)
    assert abs(third(lambda a: L.det(a @ L.inv(a)))) < 1e-8


def test_determinant_of_singular_matrices():
    """The gradient is the matrix of cofactors, and the second derivative is its derivative."""

    def cofactors(a):
        n = len(a)
        minor = lambda i, j: np.delete(np.delete(a, i, 0), j, 1)
        return np.array([[(-1) ** (i + j) * L.det(minor(i, j)) for j in range(n)]
                         for i in range(n)])  # fmt: skip

    rank_one = np.outer([1.0, 2, 3], [2.0, -1, 1])
    for a in (SINGULAR, rank_one, np.zeros((3, 3)), random(4, 2) @ random(2, 4), np.eye(3)):
        np.testing.assert_allclose(tg.grad(L.det)(a), cofactors(a), atol=1e-13)
        v = random(*a.shape, seed=6)
        h = 1e-3  # central differences of polynomials of degree 2 and 3
        expected = (cofactors(a + h * v) - cofactors(a - h * v)) / (2 * h)
        np.testing.assert_allclose(tg.hvp(L.det)(a, v), expected, atol=1e-5)
    np.testing.assert_allclose(
        directional(L.det, random(3, 3), 3)(np.eye(3)), 6 * L.det(random(3, 3))
    )
    stack = np.stack([SINGULAR, np.eye(3)])
    found = tg.grad(lambda a: L.det(a).sum())(stack)
    np.testing.assert_allclose(found, [cofactors(a) for a in stack], atol=1e-13)
    single = tg.grad(L.det)(SINGULAR.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, cofactors(SINGULAR), atol=1e-4)


# ---------------------------------------------------------------- properties

seeds = st.integers(0, 10**6)
sizes = st.integers(1, 4)


@given(seeds, sizes)
def test_a_times_its_inverse_does_not_change(seed, n):
    a = random(n, n, seed=seed) + 4 * np.eye(n)
    w = random(n, n, seed=seed + 1)
    found = tg.grad(lambda a: (w * (a @ L.inv(a))).sum())(a)
    np.testing.assert_allclose(found, 0, atol=1e-12)
    found = tg.grad(lambda a: (w * L.solve(a, a)).sum())(a)
    np.testing.assert_allclose(found, 0, atol=1e-12)
    found = tg.grad(lambda a: (w * (a @ L.pinv(a) @ a - a)).sum())(a)
    np.testing.assert_allclose(found, 0, atol=1e-11)


@given(seeds, sizes)
def test_the_determinant_of_a_product(seed, n):
    a, b = random(n, n, seed=seed), random(n, n, seed=seed + 1)
    one = tg.grad(lambda a, b: L.det(a @ b), (0, 1))(a, b)
    two = tg.grad(lambda a, b: L.det(a) * L.det(b), (0, 1))(a, b)
    for g, h in zip(one, two, strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-7, atol=1e-9 * max(1, np.abs(h).max()))


@given(seeds, sizes, sizes)
def test_factors_multiply_to_the_matrix(seed, m, n):
    """The gradient of sum(w a) is w, by whatever factors a is put together again."""
    a = random(m, n, seed=seed)
    w = random(m, n, seed=seed + 1)

    def by_svd(a):
        u, s, vt = L.svd(a, full_matrices=False)
        return (w * ((u * s) @ vt)).sum()

    def by_qr(a):
        q, r = L.qr(a)
        return (w * (q @ r)).sum()

    k = min(m, n)
    if (
        L.svdvals(a)[-1] > 1e-2
        and L.svdvals(a[:, :k])[-1] > 1e-2
        and (k == 1 or -np.diff(L.svdvals(a)).max() > 1e-2)
    ):
        for function in (by_svd, by_qr):
            np.testing.assert_allclose(tg.grad(function)(a), w, atol=1e-8)


@given(seeds, st.integers(1, 150), st.booleans(), st.booleans())
def test_triangular_systems_of_any_size(seed, n, lower, unit):
    a = random(n, n, seed=seed) / n + np.eye(n)
    b = random(n, 2, seed=seed + 1)
    full = np.tril(a) if lower else np.triu(a)
    if unit:
        np.fill_diagonal(full, 1)
    x = functional.solve_triangular(a, b, lower=lower, unit_diagonal=unit)
    np.testing.assert_allclose(full @ x, b, atol=1e-10)
    vector = functional.solve_triangular(a, b[:, 0], lower=lower, unit_diagonal=unit)
    assert vector.shape == (n,)
    np.testing.assert_allclose(vector, x[:, 0], atol=1e-12)


@given(seeds, st.sampled_from(["ij,jk", "ij,ij->", "ii", "...i,i...", "i,j,k->kij", "iij->j"]))
def test_einsum_as_numpy_has_it(seed, text):
    arrays = [random(*[3] * len(t.replace("...", "a")), seed=seed)
              for t in text.split("->")[0].split(",")]  # fmt: skip
    tensors = [tg.Tensor(a, requires_grad=True) for a in arrays]
    np.testing.assert_allclose(
        np.einsum(text, *tensors).data, np.einsum(text, *arrays), rtol=1e-12, atol=1e-12
    )


def test_einsum_takes_lists_of_numbers():
    x, y = random(2, 3), random(3, 4)
    t = tg.Tensor(x)
    for rest in ([[0, 2]], [], [[2, 0]]):
        np.testing.assert_allclose(
            np.einsum(t, [0, 1], y, [1, 2], *rest).data, np.einsum(x, [0, 1], y, [1, 2], *rest)
        )
    np.testing.assert_allclose(np.einsum(t, [30, 2]).data, np.einsum(x, [30, 2]))
    np.testing.assert_allclose(np.einsum(t, [..., 0], [0, ...]).data, x.T)


def test_values_equal_numpys():
    x, y, z = random(2, 3, 4), random(3, 4, 2), random(4, 3)
    cases = [
        (np.dot, x, y[0]), (np.dot, x, random(4)), (np.dot, random(3), x),
        (np.dot, x, random(5, 4, 2)),
        (np.inner, x, z.T), (np.vdot, x, y), (np.outer, x, z), (np.kron, x, z), (np.kron, z, x),
        (np.cross, x[0].T, x[1].T), (np.tensordot, x, y), (np.linalg.outer, x[0, 0], z[0]),
        (L.lstsq, z, random(4, 2)), (L.lstsq, z, random(4)), (L.lstsq, z.T, random(3)),
        (L.tensorsolve, random(2, 3, 6), random(2, 3)), (L.tensorinv, random(4, 2, 2), 1),
        (L.slogdet, SINGULAR), (L.matrix_rank, SINGULAR), (L.qr, z), (L.eigh, definite(3)),
        (L.cond, z), (L.trace, x), (L.matrix_power, definite(3), -3),
        (L.svd, z), (L.matrix_norm, x), (L.norm, x), (L.norm, z, 0, 1), (L.vecdot, z, z),
    ]  # fmt: skip
    for function, *args in cases:
        first = tg.Tensor(args[0], requires_grad=True)
        got, expected = function(first, *args[1:]), function(*args)
        pairs = [(got, expected)] if not isinstance(expected, tuple) else zip(got, expected)
        for g, e in pairs:
            g = g.data if isinstance(g, tg.Tensor) else g
            assert np.shape(g) == np.shape(e), function
            np.testing.assert_allclose(g, e, rtol=1e-9, atol=1e-9, err_msg=str(function))


def test_results_have_names():
    a = tg.Tensor(definite(3), requires_grad=True)
    assert L.slogdet(a).sign.shape == () and L.eigh(a).eigenvalues.shape == (3,)
    assert L.svd(a).Vh.shape == L.svd(a).U.shape == L.qr(a).Q.shape == (3, 3)


def test_multi_dot_takes_the_cheapest_order():
    a, b, c = (tg.Tensor(random(*s), requires_grad=True) for s in ((50, 2), (2, 50), (50, 1)))
    out = L.multi_dot([a, b, c])
    node = out._edge[0]
    seen = [edge[0].function for edge in node.edges if edge[0].function is not None]
    assert node.args[0].shape == (50, 2) and seen == [np.matmul]


# ---------------------------------------------------------------- equal values: right or raises


def spectral(h):
    """A function of a symmetric matrix through its eigenvalues: U h(l) U.T."""

    def function(a):
        values, u = L.eigh(a)
        return (u * h(values)) @ u.mT

    return function


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_symmetric_functions_of_equal_eigenvalues_are_right(dtype):
    q = L.qr(random(4, 4))[0]
    for values in ([2.0, 2, 2, 2], [1.0, 1, 3, 3], [1.0, 1, 1, 5]):
        a = symmetric((q * values) @ q.T).astype(dtype)
        tolerance = 1e-10 if dtype == np.float64 else 1e-3
        for function, slope in (
            (lambda l: np.log(l).sum(), L.inv(a)),
            (lambda l: (l * l).sum(), 2 * a),
            (lambda l: l.sum(), np.eye(4)),
        ):
            for of in (L.eigvalsh, lambda a: L.eigh(a)[0], L.svdvals):
                found = tg.grad(lambda a, f=function, of=of: f(of(symmetric(a))))(a)
                assert found.dtype == dtype
                np.testing.assert_allclose(found, slope, atol=tolerance)


def test_the_vectors_of_equal_values_raise():
    """Also where putting 0 for 1 / 0 would give a finite, wrong number: log(I) has slope 1."""
    q = L.qr(random(3, 3))[0]
    for a in (np.eye(3), symmetric((q * [1.0, 1, 2]) @ q.T)):
        for h in (np.log, np.sqrt, lambda l: l):
            with pytest.raises(L.LinAlgError, match=r"eigenvalues all different.*eigvalsh"):
                tg.grad(lambda a, h=h: spectral(h)(a)[0, 1])(a)
        with pytest.raises(L.LinAlgError, match="eigh"):
            tg.grad(lambda a: L.eigh(a.astype(np.float32))[1].sum())(a)
        with pytest.raises(L.LinAlgError, match=r"singular values all different.*svdvals"):
            tg.grad(lambda a: L.svd(a)[0].sum())(a)
        with pytest.raises(L.LinAlgError, match="eigh"):
            tg.hessian(lambda a: (L.eigvalsh(a) ** 2).sum())(a)
        with pytest.raises(L.LinAlgError, match="svd"):
            tg.hessian(lambda a: L.norm(a, "nuc"))(a)
    with pytest.raises(L.LinAlgError, match="none zero"):
        tg.grad(lambda a: L.svd(a)[0].sum())(np.diag([1.0, 2, 0]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_vectors_whose_values_are_apart_from_equal_ones(dtype):
    """Of a matrix of rank 2 the first vectors: rounding keeps the zeros from being equal."""
    x = (random(20, 2) @ random(2, 6, seed=1)).astype(dtype)
    tolerance = 1e-10 if dtype == np.float64 else 1e-2
    w = random(6, 6, seed=2).astype(dtype)
    onto = lambda v: (w * (v**3 @ v.T**3)).sum()  # whatever their signs
    first = lambda x: onto(L.eigh(x.T @ x)[1][:, -2:])
    second = lambda x: onto(L.svd(x)[2][:2].T)
    one, two = tg.grad(first)(x), tg.grad(second)(x)
    assert one.dtype == two.dtype == dtype
    np.testing.assert_allclose(one, two, atol=tolerance * np.abs(one).max())
    h = 1e-6
    if dtype == np.float64:
        v = random(20, 2, seed=3) @ random(2, 6, seed=1)
        slope = (second(x + h * v) - second(x - h * v)) / (2 * h)
        np.testing.assert_allclose((two * v).sum(), slope, rtol=1e-7)
    with pytest.raises(L.LinAlgError, match="svd"):
        tg.grad(lambda x: L.svd(x)[2][2:4].sum())(x)


@pytest.mark.parametrize("scale", [1e-25, 1e-8, 1e10])
def test_singular_vectors_of_small_and_large_float32_matrices(scale):
    a = tg.Tensor(random(4, 3).astype(np.float32) * np.float32(scale), requires_grad=True)
    exact = tg.grad(lambda a: (L.svd(a)[0][:, :3] ** 3).sum())(a.data.astype(np.float64))
    found = tg.gradients((L.svd(a)[0][:, :3] ** 3).sum(), a).data
    np.testing.assert_allclose(found * scale, exact * scale, atol=1e-3)


def test_functions_of_matrices_with_eigenvalues_apart():
    """d log(a) along v is the divided difference in the basis of a (Daleckii & Krein, 1965)."""
    a, v = definite(3), symmetric(random(3, 3, seed=1))
    values, u = L.eigh(a)
    with np.errstate(invalid="ignore"):
        k = np.subtract.outer(np.log(values), np.log(values)) / np.subtract.outer(values, values)
    np.fill_diagonal(k, 1 / values)
    w = symmetric(random(3, 3, seed=2))
    expected = np.sum(w * (u @ (k * (u.T @ v @ u)) @ u.T))
    slope = tg.grad(lambda a: (w * spectral(np.log)(symmetric(a))).sum())(a)
    np.testing.assert_allclose((slope * v).sum(), expected, rtol=1e-11)


def test_the_further_singular_vectors_have_no_gradient():
    a = random(4, 2)
    for call in (lambda a: L.svd(a)[0].sum(), lambda a: (L.svd(a.T)[2] ** 2).sum()):
        with pytest.raises(L.LinAlgError, match="full_matrices=False"):
            tg.grad(call)(a)
    first = tg.grad(lambda a: (L.svd(a)[0][:, :2] ** 3).sum() + L.svd(a)[1].sum())(a)
    reduced = lambda a: L.svd(a, full_matrices=False)[0]
    second = tg.grad(lambda a: (reduced(a) ** 3).sum() + L.svdvals(a).sum())(a)
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_the_pseudo_inverse_along_matrices_of_one_rank():
    x, y = random(4, 2), random(2, 3, seed=1)
    tg.check_gradients(lambda x, y: L.pinv(x @ y, rtol=1e-10), x, y, order=2)


# ---------------------------------------------------------------- kinks


@pytest.mark.parametrize("order", [None, 1, 2, 3, 1.5, np.inf])
def test_norms_are_flat_at_zero(order):
    x = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, -4.0]])
    t = tg.Tensor(x, requires_grad=True)
    slope = tg.gradients(L.norm(t, order, axis=1).sum(), t, create_graph=True)
    np.testing.assert_array_equal(slope.data[0], 0)
    assert np.isfinite(slope.data).all()
    if slope.requires_grad:
        second = tg.gradients(slope.sum(), t)
        assert second is None or np.isfinite(second.data).all()
        np.testing.assert_array_equal(0 if second is None else second.data[0], 0)


@pytest.mark.parametrize("order", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norms_are_flat_at_zero(order):
    for shape in ((2, 3), (1, 1)):
        found = tg.grad(lambda x: L.norm(x, order, axis=(0, 1)))(np.zeros(shape))
        np.testing.assert_array_equal(found, np.zeros(shape))


def test_norms_share_ties():
    found = tg.grad(lambda x: L.norm(x, np.inf))(np.array([3.0, -3.0, 1.0]))
    np.testing.assert_array_equal(found, [0.5, -0.5, 0])
    found = tg.grad(lambda x: L.norm(x, 2))(3 * np.eye(2))
    np.testing.assert_allclose(found, np.eye(2) / 2, atol=1e-15)
    np.testing.assert_array_equal(
        tg.grad(lambda x: L.norm(x, 1))(np.ones((2, 2))), np.ones((2, 2)) / 2
    )


def test_the_nuclear_norm_of_a_matrix_without_full_rank():
    """Of all slopes the smallest: u v.T over the singular values that are not zero."""
    x, y = np.array([3.0, 4.0]), np.array([1.0, 0.0, 0.0])
    found = tg.grad(lambda a: L.norm(a, "nuc"))(np.outer(x, y))
    np.testing.assert_allclose(found, np.outer(x / 5, y), atol=1e-15)


def test_large_and_small_norms():
    for scale in (1e150, 1e-150):
        x = np.array([3.0, 4.0]) * scale
        np.testing.assert_allclose(tg.grad(L.norm)(x), [0.6, 0.8], rtol=1e-15)
    x = np.array([1.0, 2.0], np.float32)
    found = tg.grad(lambda x: L.norm(x, np.float64(40.0)))(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [2.0**-39, 1], rtol=1e-5)


# ---------------------------------------------------------------- mistakes

INPUT = tg.Tensor(random(2, 3), requires_grad=True)
SQUARE = tg.Tensor(definite(3), requires_grad=True)
VECTOR = tg.Tensor(random(3), requires_grad=True)
FLAT = tg.Tensor(np.ones((2, 2)), requires_grad=True)

MISTAKES = [
    (L.LinAlgError, "inv: expected square matrices", lambda: L.inv(INPUT)),
    (L.LinAlgError, "det: expected square matrices", lambda: L.det(INPUT)),
    (L.LinAlgError, r"inv: expected matrices .* of shape \(3,\)", lambda: L.inv(VECTOR)),
    (L.LinAlgError, "inv: expected matrices that can be inverted", lambda: L.inv(FLAT)),
    (L.LinAlgError, "solve: expected matrices that can be inverted",
     lambda: L.solve(FLAT, np.ones(2))),
    (ValueError, "solve: .* have lengths 3 and 2", lambda: L.solve(SQUARE, np.ones(2))),
    (TypeError, "solve: expected arguments that fit together", lambda: L.solve(SQUARE, None)),
    (L.LinAlgError, "cholesky: expected positive definite", lambda: L.cholesky(-SQUARE)),
    (L.LinAlgError, "slogdet: .* -inf and has no gradient",
     lambda: tg.grad(lambda a: L.slogdet(a)[1])(np.zeros((2, 2)))),
    (ValueError, "eigh: expected UPLO='L' or 'U'", lambda: L.eigh(SQUARE, UPLO="lower")),
    (L.LinAlgError, "svd: expected finite numbers", lambda: L.svd(SQUARE * np.nan)),
    (TypeError, "svd: the keyword hermitian=", lambda: L.svd(SQUARE, hermitian=True)),
    (ValueError, "qr: expected mode 'reduced' or 'r'", lambda: L.qr(INPUT.T, mode="complete")),
    (L.LinAlgError, "qr: expected matrices", lambda: L.qr(VECTOR)),
    (L.LinAlgError, "qr: expected linearly independent columns",
     lambda: tg.grad(lambda a: L.qr(a).R.sum())(np.ones((3, 2)))),
    (L.LinAlgError, r"lstsq: expected a \(m, n\)", lambda: L.lstsq(INPUT, np.ones(3))),
    (TypeError, "matrix_power: expected a whole number", lambda: L.matrix_power(SQUARE, 0.5)),
    (L.LinAlgError, "matrix_power: expected square", lambda: L.matrix_power(INPUT, 2)),
    (ValueError, "norm: expected a number as the order", lambda: L.norm(VECTOR, "fro")),
    (ValueError, "norm: expected 'fro', 'nuc'", lambda: L.norm(SQUARE, 3)),
    (ValueError, "norm: expected one axis for vectors or two", lambda: L.norm(SQUARE, axis=2)),
    (ValueError, "norm: expected one axis for vectors or two", lambda: L.norm(SQUARE, axis=(0, 0))),
    (ValueError, "norm: expected one axis for", lambda: L.norm(SQUARE, axis=("a", 1))),
    (L.LinAlgError, "cond: expected matrices with at least", lambda: L.cond(SQUARE[:0])),
    (ValueError, "diagonal: expected matrices", lambda: L.trace(VECTOR)),
    (L.LinAlgError, "tensorinv: expected as many elements", lambda: L.tensorinv(INPUT)),
    (L.LinAlgError, "tensorsolve: expected a of shape", lambda: L.tensorsolve(INPUT, np.ones(2))),
    (ValueError, "multi_dot: expected two or more", lambda: L.multi_dot([INPUT, INPUT])),
    (ValueError, "multi_dot: expected two or more", lambda: L.multi_dot([INPUT])),
    (ValueError, "expected arguments that fit together", lambda: np.dot(INPUT, INPUT)),
    (ValueError, "expected arguments that fit together", lambda: np.inner(INPUT, np.ones(2))),
    (ValueError, "tensordot: expected pairs of axes", lambda: np.tensordot(INPUT, INPUT, axes=1)),
    (ValueError, "tensordot: expected pairs", lambda: np.tensordot(INPUT, INPUT, axes=None)),
    (ValueError, "tensordot: expected pairs of axes",
     lambda: np.tensordot(SQUARE, SQUARE, axes=([0, 0], [0, 1]))),
    (ValueError, "cross: expected three elements", lambda: np.cross(INPUT[:, :2], INPUT[:, :2])),
    (TypeError, "einsum: expected the subscripts as a text", lambda: np.einsum(INPUT, INPUT)),
    (TypeError, "einsum: expected the subscripts as a text", lambda: np.einsum(INPUT, [0, 99])),
    (ValueError, "einsum: expected 2 operands", lambda: np.einsum("ij,jk", INPUT)),
    (ValueError, "einsum: expected one letter per axis", lambda: np.einsum("i", INPUT)),
    (L.LinAlgError, "solve_triangular: expected square",
     lambda: functional.solve_triangular(INPUT, np.ones(2))),
    (ValueError, r"solve_triangular: expected b of shape \(3,\)",
     lambda: functional.solve_triangular(SQUARE, np.ones(2))),
    (ValueError, "solve_triangular: expected b", lambda: functional.solve_triangular(SQUARE, None)),
    (ValueError, "solve_triangular: expected stacks that broadcast",
     lambda: functional.solve_triangular(np.ones((2, 3, 3)), np.ones((4, 3, 1)))),
    (L.LinAlgError, "solve_triangular: expected a diagonal without zeros",
     lambda: functional.solve_triangular([[0.0, 1.0], [0.0, 1.0]], [1.0, 2.0])),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), MISTAKES)
def test_mistakes_get_a_sentence(error, message, call):
    with pytest.raises(error, match=message) as caught:
        call()
    assert len(str(caught.value)) < 400


def test_arrays_give_arrays():
    for lower, unit in itertools.product((False, True), repeat=2):
        x = functional.solve_triangular(
            definite(3).astype(np.float32), np.ones(3, np.float32), lower, unit
        )
        assert type(x) is np.ndarray and x.dtype == np.float32
    assert functional.solve_triangular([[2.0, 1.0], [9.0, 4.0]], [4.0, 4.0]).tolist() == [1.5, 1.0]
