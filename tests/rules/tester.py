"""What a gradient rule must do, as functions that raise AssertionError when it does not.

A case is a call, the arrays that it is differentiated by, and the function whose rule it is about.
The reference is the complex step, f(x + ih).imag / h, which has no rounding error at all, on the
function itself (order 1) and on its raw rules run with complex arrays (order 2). Where a function
is not analytic or knows no complex numbers, central differences take its place.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from tinygrad_ml import tensor
from tinygrad_ml.graph import Leaf, Node, pull_back
from tinygrad_ml.rules import linalg, matrices
from tinygrad_ml.table import RULES
from tinygrad_ml.tensor import Tensor, _tensor

STEP = 1e-30  # of the complex step: nothing is subtracted, so it may be as small as we like
# Like ufuncs, these repeat what is short, and leave the summing to the engine.
REPEATS = (np.where, np.clip, np.broadcast_to, linalg.einsum.array_function, np.linalg.solve,
           matrices.solve_triangular.array_function)  # fmt: skip


class Case(NamedTuple):
    """`call(*arrays)` records `function`; every array is an argument to differentiate by."""

    function: Callable
    call: Callable
    arrays: list[np.ndarray]
    analytic: bool = True


def key_of(function: Any) -> Any:
    """The object under which a function stands in the table of rules."""
    return getattr(function, "array_function", function)


# ------------------------------------------------------------------------------ running a case


def boxed(array: np.ndarray) -> Tensor:
    """A leaf around this very array, complex or not, contiguous or not."""
    return _tensor(array, (Leaf(array), 0))


def outputs_of(call: Callable, tensors: list[Tensor]) -> list[Tensor]:
    """The results of a call that require a gradient, as a list."""
    out = call(*tensors)
    return [o for o in (out if isinstance(out, (list, tuple)) else [out]) if o.dtype.kind in "fc"]


def weights_of(call: Callable, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """One fixed random weight per element of every result, so that a single number is left."""
    rng = np.random.default_rng(7)
    outs = outputs_of(call, [boxed(a) for a in arrays])
    return [np.asarray(rng.uniform(0.5, 1.5, o.shape), arrays[0].dtype) for o in outs]


def by_arrays(call: Callable, arrays: list[np.ndarray], weights: list[np.ndarray]) -> list:
    """Order 1 through the first reading: the rules run on plain arrays."""
    leaves = [boxed(a) for a in arrays]
    outs = outputs_of(call, leaves)
    roots = [(o._edge, w) for o, w in zip(outs, weights, strict=True)]
    found = pull_back(roots, wanted={x._edge[0] for x in leaves})
    return [found.get(x._edge[0], np.zeros_like(a)) for x, a in zip(leaves, arrays, strict=True)]


def by_tensors(call: Callable, leaves: list[Tensor], weights: list[Tensor]) -> list:
    """Order 1 through the second reading: the rules are recorded."""
    outs = outputs_of(call, leaves)
    roots = [(o._edge, w) for o, w in zip(outs, weights, strict=True)]
    found = pull_back(roots, wanted={x._edge[0] for x in leaves}, box=_tensor)
    return [found.get(x._edge[0], np.zeros(x.shape, x.dtype)) for x in leaves]


def slope_of(call: Callable, count: int) -> Callable:
    """The gradient of the weighted result, itself weighted to one number, for order 2.

    Its arguments are the arrays of the case and the weights, since a rule depends on both.
    """

    def slope(*values: Any) -> Any:
        arrays, weights = list(values[:count]), list(values[count:])
        gradients = by_tensors if isinstance(values[0], Tensor) else by_arrays
        rng = np.random.default_rng(11)
        parts = [
            (g * np.asarray(rng.uniform(0.5, 1.5, g.shape), _real(g.dtype))).sum()
            for g in gradients(call, arrays, weights)
        ]
        return sum(parts[1:], parts[0])

    return slope


def _real(dtype: np.dtype) -> np.dtype:
    return np.empty(0, dtype).real.dtype


# ------------------------------------------------------------------------------ the reference


def numeric_gradient(f: Callable, arrays: list[np.ndarray], analytic: bool) -> list[np.ndarray]:
    """d f / d every element, f a function of arrays to one number."""
    slopes = []
    for k, x in enumerate(arrays):
        slope = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            if analytic:
                moved = [np.asarray(a, np.complex128) for a in arrays]
                moved[k] = moved[k].copy()
                moved[k][index] += 1j * STEP
                slope[index] = np.imag(f(*moved)) / STEP
            else:
                h = 1e-4 * max(1.0, abs(float(x[index])))
                # fourth order: the error is that of h^4, with rounding of 1e-12
                slope[index] = sum(
                    c * float(f(*_moved(arrays, k, index, m * h)))
                    for m, c in ((1, 8), (-1, -8), (2, -1), (-2, 1))
                ) / (12 * h)
        slopes.append(slope)
    return slopes


def _moved(arrays: list[np.ndarray], k: int, index: tuple, by: float) -> list[np.ndarray]:
    moved = list(arrays)
    moved[k] = arrays[k].copy()
    moved[k][index] += by
    return moved


def assert_close(got: Any, expected: np.ndarray, tolerance: float, what: str) -> None:
    """Largest difference, relative to the largest entry (at least 1), within `tolerance`."""
    got = np.asarray(got)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    error = float(np.abs(got - expected).max(initial=0))
    assert error <= tolerance * scale, f"{what}: off by {error:.3g}\n{got}\nexpected\n{expected}"


# ------------------------------------------------------------------------------ the demands


def check_values(case: Case) -> None:
    """Tensors give the numbers that arrays give: also where a function is made of others."""
    plain = case.call(*case.arrays)
    found = case.call(*map(boxed, case.arrays))
    if not isinstance(plain, (list, tuple)):
        plain, found = [plain], [found]
    for array, result in zip(plain, found, strict=True):
        got = np.asarray(getattr(result, "data", result))
        assert got.shape == np.shape(array), f"value: shape {got.shape} for {np.shape(array)}"
        np.testing.assert_allclose(got, array, rtol=1e-13, atol=1e-14)


def check_order_1(case: Case) -> None:
    """The gradient is that of the function."""
    weights = weights_of(case.call, case.arrays)

    def total(*arrays: np.ndarray) -> Any:
        out = case.call(*arrays)
        outs = [o for o in (out if isinstance(out, (list, tuple)) else [out])
                if np.asarray(o).dtype.kind in "fc"]  # fmt: skip
        return sum((o * w).sum() for o, w in zip(outs, weights, strict=True))

    expected = numeric_gradient(total, case.arrays, case.analytic)
    for k, (g, e) in enumerate(
        zip(by_arrays(case.call, case.arrays, weights), expected, strict=True)
    ):
        assert_close(g, e, 1e-12 if case.analytic else 1e-9, f"order 1, argument {k}")


def check_order_2(case: Case) -> None:
    """The gradient of the gradient is right, also where it is zero, and by `g` as well."""
    arrays = case.arrays + weights_of(case.call, case.arrays)
    slope = slope_of(case.call, len(case.arrays))
    expected = numeric_gradient(slope, arrays, case.analytic)
    leaves = [boxed(a) for a in arrays]
    found = _pulled(slope(*leaves), leaves)
    for k, (g, e) in enumerate(zip(found, expected, strict=True)):
        assert_close(g, e, 1e-11 if case.analytic else 1e-8, f"order 2, argument {k}")


def _pulled(y: Any, leaves: list[Tensor]) -> list[np.ndarray]:
    found: dict = {}
    if isinstance(y, Tensor) and y.requires_grad:
        found = pull_back([(y._edge, np.ones_like(y.data))], wanted={x._edge[0] for x in leaves})
    return [found.get(x._edge[0], np.zeros_like(x.data)) for x in leaves]


def check_two_readings(case: Case) -> None:
    """Run on arrays and recorded on Tensors, the rules give the same bits."""
    weights = weights_of(case.call, case.arrays)
    one = by_arrays(case.call, case.arrays, weights)
    two = by_tensors(case.call, [boxed(a) for a in case.arrays], [boxed(w) for w in weights])
    exact = all(a.ndim for a in (*case.arrays, *weights))  # NumPy's scalars round their own way
    for g, t in zip(one, two, strict=True):
        array = t.data if isinstance(t, Tensor) else t
        assert array.dtype == g.dtype and array.shape == g.shape
        if exact:
            np.testing.assert_array_equal(array, g)
        else:
            np.testing.assert_allclose(array, g, rtol=1e-15, atol=0)


def recorded_nodes(case: Case) -> list[Node]:
    """Every node of the graph of the case and of its gradient."""
    arrays = case.arrays + weights_of(case.call, case.arrays)
    leaves = [boxed(a) for a in arrays]
    outs = outputs_of(case.call, leaves[: len(case.arrays)])
    slope = slope_of(case.call, len(case.arrays))(*leaves)
    stack = [o._edge[0] for o in outs]
    if isinstance(slope, Tensor) and slope.requires_grad:
        stack.append(slope._edge[0])
    seen = {}
    while stack:
        node = stack.pop()
        if id(node) not in seen and node.function is not None:
            seen[id(node)] = node
            stack += [edge[0] for edge in node.edges if edge is not None]
    return list(seen.values())


def raw_contributions(node: Node) -> list[tuple[np.ndarray, Any]]:
    """What the rules of a node answer before the engine sums and casts: (argument, answer)."""
    several = isinstance(node.out, tuple)
    g = tuple(map(np.ones_like, node.out)) if several else np.ones_like(node.out)
    rules = [RULES[node.function].vjps[k] for k in range(len(node.edges))]
    return [
        (node.args[k], rule(g, node.out, *node.args, **node.kwargs))
        for k, (rule, edge) in enumerate(zip(rules, node.edges, strict=True))
        if edge is not None and rule is not None
    ]


def check_shapes(case: Case) -> None:
    """Law 5: a rule answers with the shape of its argument, unless NumPy broadcasts."""
    for node in recorded_nodes(case):
        if isinstance(node.function, np.ufunc) or node.function in REPEATS:
            continue
        for argument, answer in raw_contributions(node):
            assert answer.shape == argument.shape, f"{node}: {answer.shape} for {argument.shape}"


def check_float32(case: Case) -> None:
    """float32 in, float32 out: results, raw rules, and the rules recorded by rules."""
    single = case._replace(arrays=[a.astype(np.float32) for a in case.arrays])
    weights = weights_of(case.call, single.arrays)
    expected = by_arrays(case.call, case.arrays, [w.astype(np.float64) for w in weights])
    for g, e in zip(by_arrays(case.call, single.arrays, weights), expected, strict=True):
        assert g.dtype == np.float32
        assert_close(g, e, 1e-4, "float32")
    for node in recorded_nodes(single):
        for out in node.out if isinstance(node.out, tuple) else (node.out,):
            assert out.dtype.kind != "f" or out.dtype == np.float32, f"{node} made {out.dtype}"
        if node.function is np.ndarray.astype:  # changes the dtype by its nature
            continue
        for argument, answer in raw_contributions(node):
            assert answer.dtype == argument.dtype, f"rule of {node} answered {answer.dtype}"


def check_strided(case: Case) -> None:
    """Every second element of a larger array, and every axis backwards, give the same gradient."""
    weights = weights_of(case.call, case.arrays)
    expected = by_arrays(case.call, case.arrays, weights)
    for make in (_spaced, _backwards):
        got = by_arrays(case.call, list(map(make, case.arrays)), list(map(make, weights)))
        for g, e in zip(got, expected, strict=True):
            assert_close(g, e, 1e-13, f"strided ({make.__name__})")


def _spaced(array: np.ndarray) -> np.ndarray:
    wide = np.full([2 * n for n in array.shape], np.nan, array.dtype)
    view = wide[(..., *[slice(None, None, 2)] * array.ndim)]
    view[...] = array
    return view


def _backwards(array: np.ndarray) -> np.ndarray:
    turn = (slice(None, None, -1),) * array.ndim
    return np.asfortranarray(array[turn])[turn] if array.ndim else array


def check_read_only(case: Case) -> None:
    """Neither function nor rule writes into what it is given."""
    weights = weights_of(case.call, case.arrays)
    given = [a.copy() for a in (*case.arrays, *weights)]
    expected = by_arrays(case.call, case.arrays, weights)
    for array in given:
        array.setflags(write=False)
    count = len(case.arrays)
    got = by_arrays(case.call, given[:count], given[count:])
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e)
    for array, original in zip(given, (*case.arrays, *weights), strict=True):
        np.testing.assert_array_equal(array, original)


def check_unread(case: Case) -> None:
    """What the rules name with an underscore they do not read: its shape and dtype are enough."""
    weights = weights_of(case.call, case.arrays)
    expected = by_arrays(case.call, case.arrays, weights)
    with mock.patch.object(tensor, "LARGE", 0):
        for gradients, kind in ((by_arrays, np.asarray), (by_tensors, boxed)):
            found = gradients(case.call, list(map(kind, case.arrays)), list(map(kind, weights)))
            for g, e in zip(found, expected, strict=True):
                assert_close(getattr(g, "data", g) if kind is boxed else g, e, 1e-15, "unread")


def check_is_about(case: Case) -> None:
    """The case records the function it stands for, when that has a rule of its own."""
    if key_of(case.function) in RULES:
        names = {node.function for node in recorded_nodes(case)}
        assert key_of(case.function) in names, f"the case does not record {case.function}"


DEMANDS = {
    "is about": check_is_about,
    "values": check_values,
    "order 1": check_order_1,
    "order 2": check_order_2,
    "two readings": check_two_readings,
    "shapes": check_shapes,
    "float32": check_float32,
    "strided": check_strided,
    "read-only": check_read_only,
    "unread": check_unread,
}
