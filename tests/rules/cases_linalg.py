"""Cases of the linear algebra: products, inverses, decompositions, norms.

Functions that read one triangle, or whose derivative uses |x|, conjugates or an order of values,
are held against central differences; the rest against the complex step.
"""

import numpy as np

from rules.registry import (
    NEEDS_AXES,
    NO_KEEPDIMS,
    ONE_ARGUMENT,
    add,
    distinct,
    exclude,
    exclude_axes,
    shaping_cases,
)
from tinygrad_ml import functional
from tinygrad_ml.rules import decompositions, linalg, matrices, norms

NO_MATRIX_AXIS = "works on the last two axes: no axis argument"
OF_TWO_AXES = "names its axes one by one or in pairs"
FIXED_SHAPES = "shapes are checked, never broadcast"


def regular(*shape):
    """Matrices far from singular, with eigenvalues and singular values apart."""
    n = shape[-1]
    return distinct(*shape, low=-1, high=1) + np.diag(np.arange(2.0, 2 + n))[: shape[-2]]


def tall(rows, columns, *stack):
    """Matrices of full rank with singular values apart."""
    return distinct(*stack, rows, columns) + 2 * np.eye(rows, columns) * np.arange(1, columns + 1)


def definite(*shape):
    """Symmetric positive definite matrices with eigenvalues apart."""
    half = distinct(*shape, low=-0.4, high=0.4)
    return half + half.mT + np.diag(np.arange(2.0, 2 + shape[-1]))


def matrix_cases(
    function, *calls, make=regular, about=None, analytic=False, sizes=((2, 3, 3), (1, 1))
):
    """Every call on a stack and on 1 x 1 matrices, and on empty ones: 0 x 0, and none at all."""
    for call in calls:
        for shape in sizes:
            add(function, "plain", call, make(*shape), analytic=analytic, about=about)
        for shape in ((0, 0), (0, 2, 2)):
            add(function, "empty", call, np.zeros(shape), analytic=analytic, about=about)
    exclude(
        function,
        zero_d=NEEDS_AXES,
        broadcast=ONE_ARGUMENT,
        negative_axis=NO_MATRIX_AXIS,
        tuple_axis=NO_MATRIX_AXIS,
        keepdims=NO_MATRIX_AXIS,
    )


# ---------------------------------------------------------------- inverses and determinants

inv, det = np.linalg.inv, np.linalg.det
matrix_cases(inv, inv, analytic=True)
matrix_cases(det, det)
SINGULAR = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9.0]])
for a in (SINGULAR, np.zeros((2, 2)), np.outer([1.0, 2, 3], [1.0, -1, 2]), np.eye(3)):
    add(det, "plain", det, a, analytic=False)
matrix_cases(matrices.cofactors, matrices.cofactors)
logdet = lambda a: np.linalg.slogdet(a)[1]
matrix_cases(matrices._slogdet, logdet)
matrix_cases(np.linalg.slogdet, logdet, about=matrices._slogdet)

SYSTEMS = (
    ((2, 3, 3), (2, 3, 2)), ((3, 3), (3,)), ((1, 1), (1, 1)), ((3, 3), (3, 2)),
)  # fmt: skip
for left, right in SYSTEMS:
    add(np.linalg.solve, "plain", np.linalg.solve, regular(*left), distinct(*right))
for left, right in (((2, 3, 3), (3,)), ((3, 3), (2, 3, 2)), ((2, 1, 2, 2), (3, 2, 1))):
    add(np.linalg.solve, "broadcast", np.linalg.solve, regular(*left), distinct(*right))
for left, right in (((0, 0), (0, 2)), ((0, 0), (0,)), ((0, 2, 2), (2, 1)), ((2, 2), (2, 0))):
    add(np.linalg.solve, "empty", np.linalg.solve, regular(*left), distinct(*right))
exclude(np.linalg.solve, zero_d=NEEDS_AXES)
exclude_axes(np.linalg.solve)

for lower in (False, True):
    for unit in (False, True):
        substitute = lambda a, b, low=lower, u=unit: functional.solve_triangular(a, b, low, u)
        for left, right in (((2, 3, 3), (2, 3, 2)), ((3, 3), (3,)), ((1, 1), (1, 1))):
            add(matrices.solve_triangular, "plain", substitute, regular(*left), distinct(*right))
        for left, right in (((2, 3, 3), (3,)), ((3, 3), (2, 3, 1))):
            add(matrices.solve_triangular, "broadcast", substitute, regular(*left),
                distinct(*right))  # fmt: skip
        for left, right in (((0, 0), (0, 2)), ((0, 2, 2), (2, 1))):
            add(matrices.solve_triangular, "empty", substitute, regular(*left), distinct(*right))
exclude(matrices.solve_triangular, zero_d=NEEDS_AXES)
exclude_axes(matrices.solve_triangular)

pinv = np.linalg.pinv
matrix_cases(pinv, pinv, lambda a: pinv(a, rcond=1e-10), lambda a: pinv(a, rtol=1e-10))
for rows, columns in ((3, 2), (2, 3)):
    add(pinv, "plain", pinv, tall(rows, columns, 2), analytic=False)
add(pinv, "empty", pinv, np.zeros((0, 2)), analytic=False)

fit = lambda a, b: np.linalg.lstsq(a, b)[0]
for a, b in ((tall(4, 2), distinct(4)), (tall(4, 2), distinct(4, 2)), (tall(2, 3), distinct(2, 1))):
    add(np.linalg.lstsq, "plain", fit, a, b, analytic=False, about=pinv)
add(np.linalg.lstsq, "plain", lambda a, b: np.linalg.lstsq(a, b)[1], tall(4, 2), distinct(4, 2),
    analytic=False, about=pinv)  # fmt: skip
add(np.linalg.lstsq, "empty", fit, tall(3, 2), distinct(3, 0), analytic=False, about=pinv)
exclude(np.linalg.lstsq, zero_d=NEEDS_AXES, broadcast=FIXED_SHAPES)
exclude_axes(np.linalg.lstsq)

power = np.linalg.matrix_power
matrix_cases(power, lambda a: power(a, 3), lambda a: power(a, 2), about=np.matmul, analytic=True)
for n in (-1, -2):
    add(power, "plain", lambda a, n=n: power(a, n), regular(2, 2, 2), about=inv)
add(power, "plain", lambda a: power(a, 0), regular(2, 2, 2), about=np.where)
add(power, "plain", lambda a: power(a, 1) * 1, regular(2, 2), about=np.multiply)

shaping_cases(
    np.linalg.tensorinv,
    about=inv,
    plain=[(np.linalg.tensorinv, (2, 2, 4)), (lambda a: np.linalg.tensorinv(a, ind=1), (4, 2, 2))],
    zero_d=NEEDS_AXES,
    empty="NumPy cannot reshape without elements here",
)
shaping_cases(
    np.linalg.tensorsolve,
    about=np.linalg.solve,
    plain=[(np.linalg.tensorsolve, (2, 2, 4), (2, 2)),
           (lambda a, b: np.linalg.tensorsolve(a, b, axes=(0, 2)), (2, 4, 2), (4,))],
    zero_d=NEEDS_AXES,
    empty=[(np.linalg.tensorsolve, (0, 0), (0,))],
    broadcast=FIXED_SHAPES,
    negative_axis=OF_TWO_AXES,
)  # fmt: skip
shaping_cases(
    np.linalg.diagonal,
    about=linalg.einsum,
    plain=[(np.linalg.diagonal, (2, 2, 3)), (lambda x: np.linalg.diagonal(x, offset=1), (3, 3)),
           (lambda x: np.linalg.diagonal(x, offset=-1), (3, 2)),
           (lambda x: np.linalg.diagonal(x, offset=5), (2, 2))],
    zero_d=NEEDS_AXES,
    empty=[(np.linalg.diagonal, (0, 2)), (np.linalg.diagonal, (0, 2, 2))],
)  # fmt: skip
shaping_cases(
    np.linalg.trace,
    about=linalg.einsum,
    plain=[(np.linalg.trace, (2, 2, 3)), (lambda x: np.linalg.trace(x, offset=1), (3, 3)),
           (lambda x, y: np.linalg.trace(x @ y), (2, 3), (3, 2))],
    zero_d=NEEDS_AXES,
    empty=[(np.linalg.trace, (0, 2))],
)  # fmt: skip
shaping_cases(
    np.linalg.matrix_transpose,
    about=np.matrix_transpose,
    plain=[(np.linalg.matrix_transpose, (2, 2, 3))],
    zero_d=NEEDS_AXES,
    empty=[(np.linalg.matrix_transpose, (0, 2))],
)

# ---------------------------------------------------------------- decompositions

cholesky = np.linalg.cholesky
matrix_cases(cholesky, cholesky, lambda a: cholesky(a, upper=True), make=definite)

for qr in (decompositions._qr, np.linalg.qr):
    matrix_cases(qr, lambda a, f=qr: list(f(a)), about=decompositions._qr)
    add(qr, "plain", lambda a, f=qr: list(f(a)), tall(3, 2, 2), analytic=False,
        about=decompositions._qr)  # fmt: skip
for a in (tall(2, 3, 2), tall(1, 3)):
    add(np.linalg.qr, "plain", lambda a: list(np.linalg.qr(a)), a, analytic=False,
        about=decompositions._qr)  # fmt: skip
add(np.linalg.qr, "plain", lambda a: np.linalg.qr(a, mode="r"), regular(3, 3), analytic=False,
    about=decompositions._qr)  # fmt: skip

for letter in "LU":
    values = lambda a, u=letter: np.linalg.eigvalsh(a, UPLO=u)
    both = lambda a, u=letter: list(np.linalg.eigh(a, UPLO=u))
    vectors = lambda a, u=letter: np.linalg.eigh(a, u).eigenvectors
    for a in (definite(2, 3, 3), definite(1, 1), np.zeros((0, 0)), np.zeros((0, 2, 2))):
        situation = "plain" if a.size else "empty"
        for function, call, about in (
            (np.linalg.eigvalsh, values, decompositions._eigvalsh),
            (decompositions._eigvalsh, values, None),
            (np.linalg.eigh, both, decompositions._eigh),
            (np.linalg.eigh, vectors, decompositions._eigh),
            (decompositions._eigh, both, None),
        ):
            add(function, situation, call, a, analytic=False, about=about)
for function in (np.linalg.eigh, np.linalg.eigvalsh, decompositions._eigh,
                 decompositions._eigvalsh):  # fmt: skip
    matrix_cases(function)
unique = lambda u: decompositions._vectors(u, np.arange(1.0 * u.shape[-1]), name="eigh")
matrix_cases(decompositions._vectors, unique, sizes=((3, 3),))

svd = np.linalg.svd
reduced = lambda a: list(svd(a, full_matrices=False))
full = lambda a: (lambda u, s, vt: [u[..., : s.shape[-1]], s, vt[..., : s.shape[-1], :]])(*svd(a))
for function in (svd, decompositions._svd):
    matrix_cases(function, reduced, full, about=decompositions._svd)
    for rows, columns in ((3, 2), (2, 3), (1, 3)):
        add(function, "plain", reduced, tall(rows, columns, 2), analytic=False,
            about=decompositions._svd)  # fmt: skip
for function in (np.linalg.svdvals, decompositions._svdvals):
    matrix_cases(function, np.linalg.svdvals, about=decompositions._svdvals)
    add(function, "plain", lambda a: svd(a, compute_uv=False), tall(3, 2), analytic=False,
        about=decompositions._svdvals)  # fmt: skip

# ---------------------------------------------------------------- norms


def norm_case(function, situation, call, *shape):
    add(function, situation, call, tall(*shape) if len(shape) == 2 else distinct(*shape),
        analytic=False)  # fmt: skip


for order in (2, 1, 3, 1.5, -1, 0.5, np.inf, -np.inf):
    by_order = lambda x, o=order: np.linalg.vector_norm(x, ord=o, axis=-1)
    norm_case(np.linalg.vector_norm, "negative axis", by_order, 2, 3)
    norm_case(np.linalg.norm, "plain", lambda x, o=order: np.linalg.norm(x, o, 0), 3, 2)
    norm_case(np.linalg.norm, "plain", lambda x, o=order: np.linalg.norm(x, o), 3)
for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    norm_case(np.linalg.norm, "tuple axis", lambda x, o=order: np.linalg.norm(x, o, (0, 1)), 3, 2)
    norm_case(np.linalg.norm, "tuple axis", lambda x, o=order: np.linalg.norm(x, o, (2, 0)),
              3, 2, 2)  # fmt: skip
    norm_case(np.linalg.norm, "keepdims",
              lambda x, o=order: np.linalg.norm(x, o, (-1, -2), True), 2, 3)  # fmt: skip
    norm_case(np.linalg.matrix_norm, "plain", lambda x, o=order: np.linalg.matrix_norm(x, ord=o),
              2, 3)  # fmt: skip
norm_case(np.linalg.norm, "plain", np.linalg.norm, 2, 3, 2)
norm_case(np.linalg.norm, "0-d", np.linalg.norm)
norm_case(np.linalg.norm, "empty", np.linalg.norm, 0, 3)
norm_case(np.linalg.norm, "empty", lambda x: np.linalg.norm(x, 3, axis=0), 0, 3)
norm_case(np.linalg.norm, "negative axis", lambda x: np.linalg.norm(x, axis=-2), 2, 3)
norm_case(np.linalg.norm, "keepdims", lambda x: np.linalg.norm(x, keepdims=True), 2, 3)
norm_case(np.linalg.norm, "keepdims", lambda x: np.linalg.norm(x, 3, 1, keepdims=True), 2, 3)
vector_norm = np.linalg.vector_norm
for function in (vector_norm, norms._norm):
    norm_case(function, "plain", vector_norm, 2, 3)
    norm_case(function, "0-d", vector_norm)
    norm_case(function, "empty", lambda x: vector_norm(x, axis=0), 0, 3)
    norm_case(function, "negative axis", lambda x: vector_norm(x, axis=-2, ord=3), 2, 3)
    norm_case(function, "tuple axis", lambda x: vector_norm(x, axis=(0, 2)), 2, 2, 3)
    norm_case(function, "tuple axis", lambda x: vector_norm(x, axis=(0, -1), ord=4), 2, 2, 3)
    norm_case(function, "keepdims", lambda x: vector_norm(x, axis=(0, 1), keepdims=True), 2, 3)
    norm_case(function, "keepdims", lambda x: vector_norm(x, keepdims=True, ord=1.5), 2, 3)
norm_case(np.linalg.matrix_norm, "empty", np.linalg.matrix_norm, 0, 3)
norm_case(np.linalg.matrix_norm, "keepdims", lambda x: np.linalg.matrix_norm(x, keepdims=True),
          2, 2, 3)  # fmt: skip
exclude(np.linalg.norm, broadcast=ONE_ARGUMENT)
exclude(np.linalg.vector_norm, broadcast=ONE_ARGUMENT)
exclude(norms._norm, broadcast=ONE_ARGUMENT)
exclude(np.linalg.matrix_norm, zero_d=NEEDS_AXES, broadcast=ONE_ARGUMENT,
        negative_axis=NO_MATRIX_AXIS, tuple_axis=NO_MATRIX_AXIS)  # fmt: skip

for order in (None, 2, -2, 1, np.inf, "fro"):
    add(np.linalg.cond, "plain", lambda a, o=order: np.linalg.cond(a, o), regular(2, 2, 2),
        analytic=False)  # fmt: skip
add(np.linalg.cond, "empty", np.linalg.cond, np.zeros((0, 2, 2)), analytic=False)
exclude(np.linalg.cond, zero_d=NEEDS_AXES, broadcast=ONE_ARGUMENT)
exclude_axes(np.linalg.cond)

# ---------------------------------------------------------------- products

for left, right in (((2, 3), (3,)), ((3,), (2, 3, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 2, 2), ())):
    about = np.multiply if () in (left, right) else linalg.einsum
    if min(len(left), len(right)) and max(len(left), len(right)) < 3:
        about = np.matmul
    add(np.dot, "plain", np.dot, distinct(*left), distinct(*right),
        about=about if left != (3,) else linalg.einsum)  # fmt: skip
shaping_cases(
    np.inner,
    about=np.matmul,
    plain=[(np.inner, (3,), (3,)), (np.inner, (2, 3), (3,)), (np.inner, (3,), (2, 3))],
    zero_d=[],
    empty=[(np.inner, (0,), (0,)), (np.inner, (0, 3), (2, 3))],
    broadcast=FIXED_SHAPES,
)
add(np.inner, "plain", np.inner, distinct(2, 3), distinct(2, 2, 3), about=linalg.einsum)
add(np.inner, "0-d", np.inner, distinct(), distinct(3), about=np.multiply)
for situation, shapes in (("plain", ((2, 3), (6,))), ("0-d", ((), ())), ("empty", ((0,), (0, 2)))):
    add(np.vdot, situation, np.vdot, *[distinct(*s) for s in shapes], about=np.matmul,
        analytic=False)  # fmt: skip
exclude(np.vdot, broadcast=FIXED_SHAPES)
exclude_axes(np.vdot)
for function in (np.outer, np.linalg.outer):
    for situation, shapes in (("plain", ((2,), (3,))), ("empty", ((0,), (2,)))):
        add(function, situation, function, *[distinct(*s) for s in shapes], about=np.multiply)
    exclude(function, broadcast="two vectors of any lengths")
    exclude_axes(function)
add(np.outer, "plain", np.outer, distinct(2, 2), distinct(3), about=np.multiply)
add(np.outer, "0-d", np.outer, distinct(), distinct(3), about=np.multiply)
exclude(np.linalg.outer, zero_d=NEEDS_AXES)
for situation, shapes in (
    ("plain", ((2, 3), (3, 2))), ("plain", ((2,), (3,))), ("plain", ((2,), (1, 2, 2))),
    ("plain", ((2, 1, 2), (2, 2))), ("0-d", ((), (2, 2))), ("empty", ((0, 2), (2, 2))),
):  # fmt: skip
    add(np.kron, situation, np.kron, *[distinct(*s) for s in shapes], about=np.multiply)
exclude(np.kron, broadcast="every element of one times every element of the other")
exclude_axes(np.kron)
for function in (np.cross, np.linalg.cross):
    for situation, left, right in (("plain", (3,), (3,)), ("plain", (2, 3), (2, 3)),
                                   ("broadcast", (2, 1, 3), (2, 3)), ("broadcast", (3,), (2, 3)),
                                   ("empty", (0, 3), (0, 3))):  # fmt: skip
        add(function, situation, function, distinct(*left), distinct(*right), about=np.multiply)
    along = lambda x, y, f=function: f(x, y, axis=-2)
    add(function, "negative axis", along, distinct(3, 2), distinct(3, 2), about=np.multiply)
    exclude(function, zero_d=NEEDS_AXES, tuple_axis=OF_TWO_AXES, keepdims=NO_KEEPDIMS)
add(np.cross, "negative axis", lambda x, y: np.cross(x, y, axisa=0, axisb=-1, axisc=0),
    distinct(3, 2), distinct(2, 3), about=np.multiply)  # fmt: skip
for function in (np.tensordot, np.linalg.tensordot):
    shaping_cases(
        function,
        about=linalg.einsum,
        plain=[(lambda x, y, f=function: f(x, y), (2, 2, 3), (2, 3, 2)),
               (lambda x, y, f=function: f(x, y, axes=1), (2, 3), (3, 2)),
               (lambda x, y, f=function: f(x, y, axes=0), (2,), (3, 2)),
               (lambda x, y, f=function: f(x, y, axes=([0, 2], [1, 0])), (2, 2, 3), (3, 2))],
        zero_d=[(lambda x, y, f=function: f(x, y, axes=0), (), (2,))],
        empty=[(lambda x, y, f=function: f(x, y, axes=1), (2, 0), (0, 3))],
        broadcast=FIXED_SHAPES,
        negative_axis=[(lambda x, y, f=function: f(x, y, axes=(-1, -2)), (2, 3), (3, 2))],
        tuple_axis=[(lambda x, y, f=function: f(x, y, axes=((0, -1), (0, 1))), (2, 3), (2, 3))],
    )  # fmt: skip
PAIRS = {  # plain, broadcast, empty
    np.vecdot: (((2, 3), (2, 3)), ((2, 1, 3), (2, 3)), ((2, 0), (2, 0))),
    np.linalg.vecdot: (((3,), (3,)), ((2, 1, 3), (2, 3)), ((2, 0), (2, 0))),
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    PAIRS[np.matvec] = ((2, 2, 3), (2, 3)), ((2, 1, 2, 3), (3, 3)), ((0, 2, 3), (3,))
    PAIRS[np.vecmat] = ((2,), (2, 3)), ((3, 1, 2), (2, 2, 3)), ((0, 2), (2, 3))
for function, shapes in PAIRS.items():
    for situation, (left, right) in zip(("plain", "broadcast", "empty"), shapes):
        add(function, situation, function, distinct(*left), distinct(*right), analytic=False,
            about=np.vecdot if function is np.linalg.vecdot else None)  # fmt: skip
    exclude(function, zero_d=NEEDS_AXES, tuple_axis=OF_TWO_AXES, keepdims=NO_KEEPDIMS)
    if function is not np.linalg.vecdot:
        exclude(function, negative_axis="a ufunc on the last axes")
add(np.linalg.vecdot, "negative axis", lambda x, y: np.linalg.vecdot(x, y, axis=-2),
    distinct(3, 2), distinct(3, 2), analytic=False, about=np.vecdot)  # fmt: skip
for situation, left, right in (("plain", (2, 3), (3, 2)), ("broadcast", (2, 2, 3), (3, 2)),
                               ("empty", (2, 0), (0, 2))):  # fmt: skip
    add(np.linalg.matmul, situation, np.linalg.matmul, distinct(*left), distinct(*right),
        about=np.matmul)  # fmt: skip
exclude(np.linalg.matmul, zero_d=NEEDS_AXES)
exclude_axes(np.linalg.matmul)
chain = lambda *xs: np.linalg.multi_dot(xs)
for situation, shapes in (
    ("plain", ((2, 3), (3, 1), (1, 4))), ("plain", ((3,), (3, 2), (2, 3), (3,))),
    ("plain", ((2, 3), (3, 2))), ("empty", ((2, 0), (0, 2), (2, 2))),
):  # fmt: skip
    add(np.linalg.multi_dot, situation, chain, *[distinct(*s) for s in shapes], about=np.matmul)
exclude(np.linalg.multi_dot, zero_d=NEEDS_AXES, broadcast=FIXED_SHAPES)
exclude_axes(np.linalg.multi_dot)

for call, *shapes in (
    (lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]), (2, 3), (3, 2)),
    (lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), (2, 3), (3, 2)),
    (lambda x: np.einsum(x, [..., 0, 0]), (2, 3, 3)),
    (lambda x: np.einsum("...ii", x, optimize=False), (2, 3, 3)),
    (lambda x, y: np.einsum("i...,...i", x, y), (3, 2), (2, 3)),
    (lambda x, y: np.einsum("ij,ij->j", x, y), (1, 3), (2, 3)),
):
    add(np.einsum, "plain", call, *[distinct(*s) for s in shapes], about=linalg.einsum)
