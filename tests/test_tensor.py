"""The Tensor and its graph: what it accepts and refuses; no number is silently wrong."""

import copy
import gc
import pickle
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional
from tinygrad_ml.graph import Node, Outline
from tinygrad_ml.table import RULES


def variable(values, dtype=np.float64):
    return tg.Tensor(np.array(values, dtype), requires_grad=True)


@pytest.fixture
def scratch_rules():
    """Rules made by a test disappear with it."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


# ------------------------------------------------------------------------------ making one


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32), ([1.0, 2], np.float32), ([[1.0], [2.0]], np.float32), ([], np.float32),
        ((1.0, 2.0), np.float32), (3, np.int64), ([1, 2], np.int64), (True, np.bool_),
        (np.float64(1), np.float64), (np.ones(2), np.float64), (np.ones(2, np.float32), np.float32),
        (np.float16(1), np.float16), (np.arange(3, dtype=np.int8), np.int8), (range(3), np.int64),
        (tg.Tensor([1.0]), np.float32),
    ],
)  # fmt: skip
def test_dtypes(data, dtype):
    tensor = tg.Tensor(data)
    assert tensor.dtype == dtype
    assert type(tensor.data) is np.ndarray
    assert tg.Tensor(data, dtype=np.float64, requires_grad=True).dtype == np.float64


@pytest.mark.parametrize(
    "data",
    ["a", ["a", "b"], [[1], [1, 2]], 1j, np.ones(2, complex), None, [1, None], {1: 2}, object(),
     10**30, np.datetime64("2020-01-01"), b"x", np.ma.array([1.0, 2.0], mask=[0, 1])],
)  # fmt: skip
def test_what_is_no_array_of_numbers(data):
    with pytest.raises((TypeError, ValueError), match=r"^Tensor: expected .*\. "):
        tg.Tensor(data)


def test_tensors_as_data():
    x = variable([1.0, 2.0])
    with pytest.raises(TypeError, match="t.detach"):
        tg.Tensor(x)
    with pytest.raises(TypeError, match=r"np\.stack"):
        tg.Tensor([x, x])
    np.testing.assert_array_equal(tg.Tensor([x.detach(), x.detach()]).data, [[1, 2], [1, 2]])


@pytest.mark.parametrize("data", [3, [1, 2], True, np.arange(3)])
def test_only_floats_require_gradients(data):
    with pytest.raises(TypeError, match="only floating-point values"):
        tg.Tensor(data, requires_grad=True)
    assert tg.Tensor(data, requires_grad=True, dtype=np.float32).requires_grad


def test_the_array_behind_a_tensor_is_its_own():
    array = np.ones(3)
    for tensor in (tg.Tensor(array), tg.Tensor(array, requires_grad=True), tg.Parameter(array)):
        array[0] = 5
        assert tensor.data[0] == 1
        array[0] = 1
        with pytest.raises(ValueError, match="read-only"):
            tensor.data[0] = 7
    view = np.arange(6.0).reshape(2, 3)[:, ::-1]
    assert tg.Tensor(view).data.flags.c_contiguous


def test_results_and_gradients_are_read_only():
    x = variable([1.0, 2.0])
    results = [x * 2, x[0], x.T, np.exp(x), x.sum(), *np.split(x, 2), x.detach() + 1]
    (x * x).sum().backward()
    for array in [r.data for r in results] + [x.grad]:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    np.testing.assert_array_equal(x.data, [1, 2])


# ------------------------------------------------------------------------------ operators

OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "@": lambda a, b: a @ b,
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("other", ["array", "tensor", "list", "number", "float32", "integers"])
def test_operators_with_either_side(name, other):
    f = OPERATORS[name]
    value = np.array([[1.0, 2.0], [3.0, 4.0]])
    others = {"array": value + 1, "list": [[2.0, 1.0], [1.0, 2.0]], "number": 3,
              "float32": np.float32(2), "integers": np.array([[1, 2], [3, 1]])}  # fmt: skip
    second = variable(value + 1) if other == "tensor" else others[other]
    if name == "@" and other in ("number", "float32"):
        with pytest.raises((TypeError, ValueError), match="matmul"):
            f(variable(value), second)
        return
    for left in (True, False):
        x = variable(value)
        y = f(x, second) if left else f(second, x)
        raw = second.data if other == "tensor" else np.asarray(second)
        expected = f(value, raw) if left else f(raw, value)
        np.testing.assert_allclose(y.data, expected, rtol=1e-15)
        assert isinstance(y, tg.Tensor) and y.requires_grad
        y.sum().backward()
        h = 1e-6
        plus, minus = (f(v, raw) if left else f(raw, v) for v in (value + h, value - h))
        np.testing.assert_allclose(x.grad.sum(), (plus - minus).sum() / (2 * h), rtol=1e-8)


def test_unary_operators():
    x = variable([1.0, -2.0])
    np.testing.assert_array_equal((-x).data, [-1, 2])
    np.testing.assert_array_equal((+x).data, x.data)
    np.testing.assert_array_equal(abs(x).data, [1, 2])


def test_numbers_on_the_left_keep_float32_and_numpy_scalars_follow_numpy():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    for y in (2 * x, 2.5 - x, 1 / x, 2**x, x**2, x + True, np.float32(3) * x):
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32
    for y in (np.float64(2) * x, x * np.ones(2), x * np.arange(2)):
        assert y.dtype == np.float64  # as in NumPy; the gradient comes back in float32
        y.sum().backward()
        assert x.grad.dtype == np.float32


def test_builtin_functions_over_tensors():
    x = variable([1.0, 2.0])
    np.testing.assert_array_equal(sum([x, x, x]).data, [3, 6])
    assert max(x[0], x[1]).item() == 2 and min(x[0], x[1]).item() == 1
    assert [t.item() for t in sorted([x[1], x[0]])] == [1, 2]
    total = sum(t * t for t in x)
    total.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    assert x in [x] and {x: 1}[x] == 1 and len({x, x}) == 1


def test_methods_are_numpys():
    value = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    x = variable(value)
    for method, args, kwargs in [
        ("sum", (), {}), ("sum", (0,), {}), ("mean", (), {"axis": 1, "keepdims": True}),
        ("max", (1,), {}), ("min", (), {"axis": (0, 1)}), ("prod", (), {}), ("cumsum", (1,), {}),
        ("var", (0,), {"ddof": 1}), ("std", (1,), {}), ("reshape", (3, 2), {}), ("ravel", (), {}),
        ("reshape", ((-1,),), {}), ("transpose", (), {}), ("transpose", (1, 0), {}),
        ("transpose", ((1, 0),), {}), ("swapaxes", (0, 1), {}), ("flatten", (), {}),
        ("clip", (2, 4), {}), ("squeeze", (), {}), ("astype", (np.float32,), {}),
    ]:  # fmt: skip
        got = getattr(x, method)(*args, **kwargs)
        np.testing.assert_allclose(got.data, getattr(value, method)(*args, **kwargs), rtol=1e-15)
        assert got.requires_grad, method
    np.testing.assert_array_equal(x.T.data, value.T)
    np.testing.assert_array_equal(x.mT.data, value.mT)
    assert (x.shape, x.ndim, x.size) == ((2, 3), 2, 6)


def test_questions_are_answered_with_arrays():
    x = variable([[1.0, 2.0], [3.0, 0.0]])
    array = x.data
    for answer in (
        x > 1,
        x > 1,
        x >= array,
        array == x,
        x != 2,
        np.isnan(x),
        np.sign(x),
        np.greater(x, 1),
        x.argmax(axis=1),
        np.argmax(x, axis=0),
        np.argsort(x),
        np.zeros_like(x),
        np.floor(x),
        x < 3,
    ):
        assert type(answer) is np.ndarray
    assert not isinstance(x.argmax(), tg.Tensor) and x.argmax() == 2
    assert np.ndim(x) == 2 and np.shape(x) == (2, 2) and np.size(x) == 4
    assert np.array_equal(x, array) and np.allclose(x, array)
    assert not np.any(x == None)  # noqa: E711


def test_integers_are_no_way_for_gradients():
    """Rounding is flat: nothing pretends to have a slope there."""
    x = variable([1.5, 2.5])
    for dtype in (int, bool, np.uint8):
        assert not x.astype(dtype).requires_grad
    with pytest.raises(RuntimeError, match="expected a result computed"):
        x.astype(int).sum().backward()
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        tg.Tensor(3).backward()


# ------------------------------------------------------------------------------ text and copies


def test_repr():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], from=multiply)"
    assert repr(tg.Tensor(np.array([[1], [2]]))) == "Tensor([[1],\n        [2]], dtype=int64)"
    assert repr(tg.Parameter([0.5])) == "Parameter([0.5], requires_grad=True)"
    assert repr(tg.Tensor(np.float64(1))) == "Tensor(1., dtype=float64)"


def test_numbers_from_tensors():
    x = variable([1.25])
    assert float(x) == 1.25 and int(x) == 1 and bool(x) and x.item() == 1.25
    assert f"{x:.1f}" == "1.2" and f"{x}" == repr(x)
    assert not tg.Tensor(0.0)
    for ask in (float, int, bool, lambda t: t.item(), lambda t: f"{t:.2f}"):
        with pytest.raises(ValueError, match=r"one value, got shape \(2,\)"):
            ask(variable([1.0, 2.0]))


def test_length_and_iteration():
    x = variable([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2 and [row.shape for row in x] == [(2,), (2,)]
    first, second = x
    (first * second).sum().backward()
    np.testing.assert_array_equal(x.grad, [[3, 4], [1, 2]])
    assert 3.0 in x and 7.0 not in x
    for call in (len, iter, list):
        with pytest.raises(TypeError, match="single number"):
            call(tg.Tensor(1.0))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy,
                                       lambda t: pickle.loads(pickle.dumps(t))])  # fmt: skip
@pytest.mark.parametrize("kind", [tg.Tensor, tg.Parameter])
def test_copies_of_leaves(duplicate, kind):
    x = kind(np.array([1.0, 2.0]))
    x.requires_grad = True
    (x * x).sum().backward()
    twin = duplicate(x)
    assert type(twin) is kind and twin.requires_grad and twin is not x
    np.testing.assert_array_equal(twin.grad, x.grad)
    twin.writable()[...] = 7
    twin.grad = None
    np.testing.assert_array_equal(x.data, [1, 2])
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_computed_tensors_are_not_copied():
    y = variable([1.0]) * 2
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            duplicate(y)
    assert pickle.loads(pickle.dumps(y.detach())).data == [2]


# ------------------------------------------------------------------------------ grad and data


def test_gradients_accumulate():
    x = variable([1.0, 2.0])
    (x * x).sum().backward()
    first = x.grad
    (3 * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [5, 7])
    np.testing.assert_array_equal(first, [2, 4])  # rebound, never written


def test_grad_can_be_assigned():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    values = np.array([3.0, 4.0])
    x.grad = values
    values[0] = 9
    np.testing.assert_array_equal(x.grad, [3, 4])
    assert x.grad.dtype == np.float32
    with pytest.raises(ValueError, match=r"expected shape \(2,\)"):
        x.grad = np.ones(3)
    np.testing.assert_array_equal(x.grad, [3, 4])
    x.sum().backward()
    np.testing.assert_array_equal(x.grad, [4, 5])
    x.grad = tg.Tensor([1.0, 1.0])
    x.grad = None
    assert x.grad is None
    with pytest.raises(RuntimeError, match="does not require"):
        tg.Tensor(1.0).grad = np.ones(())


def test_gradients_of_leaves_never_share_what_somebody_can_write():
    x, y = variable([1.0, 2.0]), variable([3.0, 4.0])
    start = np.ones(2)
    (x + y).backward(start)
    start[...] = 99
    x.writable()[...] = 50
    np.testing.assert_array_equal(x.grad, [1, 1])
    np.testing.assert_array_equal(y.grad, [1, 1])
    z = variable([1.0, 2.0])
    z.backward(start)
    start[...] = 3
    np.testing.assert_array_equal(z.grad, [99, 99])
    constant = np.array([1.0, 2.0])
    w = variable([0.0, 0.0])
    (w * constant).sum().backward()
    constant[...] = 7
    np.testing.assert_array_equal(w.grad, [1, 2])


def test_assigning_data_leaves_recorded_graphs_right():
    x = variable([1.0, 2.0])
    y = (x * x).sum()
    x.data = np.array([10.0, 20.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    np.testing.assert_array_equal(x.data, [10, 20])
    with pytest.raises(ValueError, match="another shape"):
        x.data = np.ones(3)
    with pytest.raises(RuntimeError, match="only a leaf"):
        (x * 2).data = np.ones(2)


def test_assigned_data_is_copied_and_stays_floating():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    array = np.array([3.0, 4.0], np.float32)
    x.data = array
    array[0] = 0
    np.testing.assert_array_equal(x.data, [3, 4])
    x.data = np.array([5, 6])
    assert x.dtype == np.float32 and x.requires_grad
    exact = variable([1.0])
    exact.data = [2.0]
    assert exact.dtype == np.float64
    constant = tg.Tensor([1.0])
    constant.data = [2.5]
    assert constant.data == 2.5 and not constant.requires_grad


def test_retain_grad():
    x = variable([1.0, 2.0])
    middle = (x * 3).retain_grad()
    (middle * middle).sum().backward()
    np.testing.assert_array_equal(middle.grad, [6, 12])
    np.testing.assert_array_equal(x.grad, [18, 36])
    assert (x * 2).grad is None
    with pytest.raises(RuntimeError, match=r"tg\.gradients"):
        np.split(x, 2)[0].retain_grad()
    with pytest.raises(RuntimeError, match="does not require"):
        tg.Tensor(1.0).retain_grad()


def test_detach():
    x = variable([1.0, 2.0])
    constant = x.detach()
    (x * constant).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 2])
    x.writable()[...] = 5
    np.testing.assert_array_equal(constant.data, [1, 2])
    assert not constant.requires_grad and not (x * 2).detach().requires_grad


def test_freezing_and_thawing():
    x, w = variable([1.0]), variable([2.0])
    w.requires_grad = False
    (x * w).backward()
    assert x.grad == [2] and w.grad is None and not w.requires_grad
    w.requires_grad = True
    (x * w).backward()
    assert w.grad == [1]
    with pytest.raises(RuntimeError, match="only a leaf"):
        (x * w).requires_grad = False
    with pytest.raises(TypeError, match="floating-point"):
        tg.Tensor(3).requires_grad = True


# ------------------------------------------------------------------------------ backward


def test_second_backward_raises_unless_the_graph_is_kept():
    x = variable([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad, [4, 8])
    for again in (y.backward, lambda: tg.gradients(y, x)):
        with pytest.raises(RuntimeError, match="freed by an earlier"):
            again()
    np.testing.assert_array_equal(x.grad, [4, 8])


def test_two_losses_on_one_freed_graph():
    x = variable([1.0, 2.0])
    shared = x * x
    one, two = shared.sum(), (shared * 2).sum()
    one.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        two.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])


@pytest.mark.parametrize("grad", [np.array([1.0, 3.0]), tg.Tensor([1.0, 3.0]), [1, 3]])
def test_cotangents(grad):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    (x * 2).backward(grad)
    np.testing.assert_array_equal(x.grad, [2, 6])
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (None, "expected a single number"), (np.ones(3), r"shape \(2,\), got \(3,\)"),
        (1.0, "shape"), (np.ones((1, 2)), "shape"), ("a", "real numbers"), (1j, "real numbers"),
    ],
)  # fmt: skip
def test_wrong_cotangents(grad, message):
    x = variable([1.0, 2.0])
    with pytest.raises((TypeError, ValueError), match=message):
        (x * 2).backward(grad)
    assert x.grad is None


def test_complex_numbers_have_no_gradient():
    x = variable([1.0, 2.0])
    with pytest.raises(TypeError, match="complex"):
        np.square(x * 1j).sum().backward(np.ones(()))


def test_a_leaf_is_its_own_gradient():
    x = variable(2.0)
    x.backward()
    assert x.grad == 1
    y = variable([1.0, 2.0])
    y.backward([3, 4])
    np.testing.assert_array_equal(y.grad, [3, 4])


def test_zero_dimensions_and_emptiness():
    x = variable(2.0)
    y = x * x + np.sin(x) - x[None].sum() / x**1
    y.backward()
    assert x.grad.shape == () and type(x.grad) is np.ndarray
    np.testing.assert_allclose(x.grad, 4 + np.cos(2.0), rtol=1e-15)
    empty = variable(np.zeros((0, 3)))
    loss = (np.exp(empty) @ np.ones((3, 2))).sum() + empty.sum() * 2
    loss.backward()
    assert loss.item() == 0 and empty.grad.shape == (0, 3)
    assert list(empty) == [] and empty.mean(axis=1).shape == (0,)


def test_an_axis_of_a_single_number():
    """NumPy allows axis=0 and axis=-1 there."""
    for method in ("sum", "max", "min", "prod"):
        for axis in (0, -1):
            x = variable(3.0)
            getattr(x, method)(axis=axis).backward()
            assert x.grad == 1


def test_results_that_nobody_used():
    x = variable(np.arange(6.0))
    _, middle, _ = np.split(x, 3)
    middle.sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 1, 1, 0, 0])
    x.grad = None
    a, b, _ = np.split(x, [2, 4])
    (a * b).sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 3, 0, 1, 0, 0])
    images = variable(np.arange(16.0).reshape(1, 4, 4, 1))
    functional.max_pool2d(images).sum().backward()
    assert images.grad.sum() == 4


def test_primitive_of_ones_own(scratch_rules):
    @tg.primitive
    def cube(x):
        return x * x * x

    tg.defvjp(cube, lambda g, out, x: g * (3 * x * x))
    x = variable([2.0])
    cube(x).backward()
    assert x.grad == [12] and type(cube(np.ones(1))) is np.ndarray
    with pytest.raises(TypeError, match="at least one rule"):
        tg.defvjp(cube)
    tg.defvjp(cube, lambda g, out, x: np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"rule of cube returned shape \(3, 1\)"):
        cube(variable([1.0, 2.0, 3.0])[:2]).sum().backward()


def test_tensors_by_keyword(scratch_rules):
    """An array argument may be named; metadata is no array."""
    x = variable([-1.0, 0.0, 2.0])
    functional.relu(x=x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 1])
    with pytest.raises(TypeError, match="softmax: expected a Tensor as an array argument only"):
        functional.softmax(x, axis=tg.Tensor(0))


def test_errors_in_rules_name_the_operation(scratch_rules):
    @tg.primitive
    def broken(x):
        return x + 1

    tg.defvjp(broken, lambda g, out, x: g.no_such_thing)
    with pytest.raises(AttributeError) as caught:
        broken(variable([1.0])).backward()
    assert "backward pass of broken" in caught.value.__notes__[0]


# ------------------------------------------------------------------------------ updates in place


def test_updates_under_no_grad():
    p = tg.Parameter(np.array([1.0, 2.0]))
    same = p
    with tg.no_grad():
        p -= np.array([0.5, 0.5])
        p += tg.Tensor([1.0, 1.0])
        p *= 2
        p /= 4
        p **= 2
    assert p is same and p.requires_grad
    np.testing.assert_array_equal(p.data, [0.5625, 1.5625])
    with pytest.raises(ValueError, match="fits shape"), tg.no_grad():
        p += np.ones((2, 2))


def test_updates_while_recording_are_refused():
    p = tg.Parameter([1.0])
    with pytest.raises(RuntimeError, match=r"no_grad"):
        p -= 1
    assert p.data == 1
    with pytest.raises(TypeError, match="not changed in place"):
        p[0] = 3
    y = p * 2
    z = y
    y += 1  # a computed Tensor is rebound to a new one
    assert z.data == 2 and y.data == 3
    constant = alias = tg.Tensor([1.0])
    constant += 1
    assert alias.data == 1 and constant.data == 2


def stale_graphs():
    """Graphs that read `w`, each with the call that needs its old value."""
    x, w = variable([1.0, 2.0]), variable([3.0, 4.0])
    view = w.reshape(2)
    top, _ = np.split(w, [2])
    plain, turned, squared = (x * w).sum(), (x * w[::-1].T).sum(), (view * view).sum()
    part = (top * x).sum()
    yield w, plain.backward
    yield w, lambda: tg.gradients(plain, w)
    yield w, lambda: tg.gradients(plain, x)
    yield w, lambda: tg.gradients(plain, x, create_graph=True)
    yield w, lambda: tg.gradients(turned, x)
    yield w, lambda: tg.gradients(squared, view)
    yield w, lambda: tg.gradients(part, x)


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("way", ["writable", "no_grad"])
def test_stale_graphs_raise(number, way):
    w, differentiate = list(stale_graphs())[number]
    if way == "writable":
        w.writable()[...] = 100
    else:
        with tg.no_grad():
            w -= 1
    with pytest.raises(RuntimeError, match="updated in place after it was recorded"):
        differentiate()


def test_stale_message_names_operation_and_shape():
    w = variable([3.0, 4.0])
    y = (np.ones(2) * w).sum()
    w.writable()
    with pytest.raises(RuntimeError, match=r"shape \(2,\) that multiply used as argument 1"):
        y.backward()


def test_fresh_graphs_after_an_update_are_right():
    x, w = variable([1.0, 2.0]), variable([3.0, 4.0])
    for step in range(3):
        y = (x * w).sum()
        x.grad = w.grad = None
        y.backward()
        np.testing.assert_array_equal(x.grad, w.data)
        w.writable()[...] -= step
    squares = w * w  # not a view: its value stays
    y = (squares * squares).sum()
    before = squares.data.copy()
    w.writable()[...] = 0
    np.testing.assert_array_equal(tg.gradients(y, squares).data, 2 * before)


def test_gradients_of_before_and_after_an_update_are_not_mixed():
    p = tg.Parameter(np.array([2.0]))
    (p * p).backward()
    p.writable()[...] = 1
    with pytest.raises(RuntimeError):
        (p * p).backward()
    p.grad = None
    (p * p).backward()
    assert p.grad == [2]


def test_only_leaves_are_writable():
    for t in (tg.Tensor(1.0), variable(1.0) * 2):
        with pytest.raises(RuntimeError, match="only a leaf"):
            t.writable()


# ------------------------------------------------------------------------------ NumPy's surface


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.linalg.eig(np.outer(x, x)), r"np\.linalg\.eig has no gradient rule"),
        (lambda x: np.fft.fft(x), r"np\.fft\.fft has no gradient rule"),
        (lambda x: np.full_like(np.ones(2), x), "np.copyto writes into an array"),
        (lambda x: np.copyto(np.ones(2), x), "np.copyto writes into an array"),
        (lambda x: np.add(x, x, out=np.ones(2)), "keyword out="),
        (lambda x: np.add(x, x, where=[True, False]), "keyword where="),
        (lambda x: np.exp(x, dtype=np.float32), "keyword dtype="),
        (lambda x: np.sum(x, dtype=np.float32), "keyword dtype="),
        (lambda x: np.sum(x, out=np.ones(())), "keyword out="),
        (lambda x: np.sum(x, where=[True, False]), "keyword where="),
        (lambda x: np.max(x, initial=3.0), "keyword initial="),
        (lambda x: np.mean(x, None, np.float64), "keyword dtype="),
        (lambda x: np.reshape(x, (2, 1), order="F"), "keyword order="),
        (lambda x: np.sort(x, order="a"), "keyword order="),
        (lambda x: np.pad(x, 1, mode="mean"), "expected mode .constant."),
        (lambda x: np.add.reduce(x), r"np\.sum"),
        (lambda x: np.add.at(np.ones(2), [0], x), r"np\.add\.at"),
        (lambda x: np.multiply.outer(x, x), r"np\.multiply\.outer"),
        (lambda x: np.add.accumulate(x), r"np\.add\.accumulate"),
        (lambda x: x.sum(dim=0), "axis="),
        (lambda x: x.mean(keepdim=True), "keepdims="),
        (lambda x: np.ones(2).__iadd__(x), "keyword out="),
        (lambda x: np.array([x, x]), "gradient would be lost"),
        (lambda x: np.asarray(x), "gradient would be lost"),
        (lambda x: np.sum([x, x]), "gradient would be lost"),
        (lambda x: np.max([x, x]), "gradient would be lost"),
        (lambda x: np.ones(2).__setitem__(slice(None), x), "gradient would be lost"),
        (lambda x: np.ones(2)[x], "gradient would be lost"),
        (lambda x: x * [x, x], "gradient would be lost"),
        (lambda x: x + "a", "expected arguments that fit together"),
        (lambda x: x + None, "expected arguments that fit together"),
    ],
)
def test_what_would_be_wrong_raises(call, message):
    x = variable([1.0, 2.0])
    with pytest.raises(TypeError, match=message):
        call(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x + np.ones(3), r"add: .*\(2,\) float64"),
        (lambda x: x.reshape(3), "reshape"),
        (lambda x: x.sum(axis=2), "sum"),
        (lambda x: x[5], "getitem"),
        (lambda x: x[x.detach()], "getitem"),
        (lambda x: x @ np.ones(3), "matmul"),
        (lambda x: np.stack([x, x[:1]]), "stack: expected arrays of one shape"),
        (lambda x: np.split(x, 3), "array_split"),
        (lambda x: np.split(x, [1, 0]), "increasing"),
        (lambda x: np.einsum("ij", x), "einsum"),
        (lambda x: np.einsum("i,i", x), "einsum"),
        (lambda x: x == np.ones(3), "broadcast"),
    ],
)
def test_what_does_not_fit_raises_with_the_shapes(call, message):
    with pytest.raises((ValueError, IndexError), match=message):
        call(variable([1.0, 2.0]))


@pytest.mark.parametrize(
    ("name", "instead"),
    [("view", "t.reshape"), ("permute", "t.transpose"), ("unsqueeze", "np.expand_dims"),
     ("numpy", "t.data"), ("add_", "t = ..."), ("dot", "t @ other"), ("item_", "t = ...")],
)  # fmt: skip
def test_names_of_other_libraries(name, instead):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; write {instead}"):
        getattr(variable([1.0]), name)
    assert not hasattr(variable([1.0]), "no_such_name")
    with pytest.raises(AttributeError):
        variable([1.0]).note = 1


def test_constants_may_become_arrays():
    constant = tg.Tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(constant), [1, 2])
    np.testing.assert_array_equal(np.array([constant, constant]), [[1, 2], [1, 2]])
    assert np.asarray(constant, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(constant)[0] = 3
    assert np.ones(4)[tg.Tensor([0, 2])].shape == (2,)


def test_stacking_is_numpys():
    x, y = variable([[1.0, 2.0]]), variable([[3.0, 4.0]])
    for function in (np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.concatenate):
        for parts in ([x, y], [x[0], y[0]], [x, y.data], [x, [[5, 6]]]):
            plain = [p.data if isinstance(p, tg.Tensor) else p for p in parts]
            np.testing.assert_array_equal(function(parts).data, function(plain))
    with pytest.raises(ValueError, match="nested equally deep"):
        np.block([x, [y]])
    nested = np.block([[x, y], [y, x]])
    np.testing.assert_array_equal(nested.data, np.block([[x.data, y.data], [y.data, x.data]]))


def test_indices():
    x = variable(np.arange(12.0).reshape(3, 4))
    indices = [
        0, -1, slice(None, None, -1), (slice(1), ...), None, [0, 0, 2], np.array([2, 2]),
        tg.Tensor([1, 1]), (tg.Tensor([0, 1]), tg.Tensor([1, 1])), x > 5, x.data[:, 0] > 3,
        (x > 5).tolist(), ([0, 1], slice(2)), np.int8(1), True,
    ]  # fmt: skip
    for index in indices:
        plain = tuple(i.data if isinstance(i, tg.Tensor) else i for i in index) if isinstance(
            index, tuple) else index.data if isinstance(index, tg.Tensor) else index  # fmt: skip
        y = x[index]
        np.testing.assert_array_equal(y.data, x.data[plain])
        expected = np.zeros(x.shape)
        np.add.at(expected, plain, 1)
        np.testing.assert_array_equal(tg.gradients(y, x, np.ones(y.shape)).data, expected)


# ------------------------------------------------------------------------------ memory, depth


def small_step(x, w, b):
    hidden = np.tanh(x @ w + b)
    loss = functional.mse_loss(hidden, x) + (w[:1] ** 2).sum() + np.split(b, 2)[0].sum()
    loss.backward()
    tg.gradients((w * w).sum(), w, create_graph=True)
    for p in (w, b):
        p.writable()[...] -= 0.01 * p.grad
        p.grad = None


def test_no_reference_cycles_and_flat_memory():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 2))
    w, b = variable(rng.standard_normal((2, 2))), variable(np.zeros(2))
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            small_step(x, w, b)
        alive = len(gc.get_objects())
        tracemalloc.start()
        for _ in range(1000):
            small_step(x, w, b)
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert grown < 400_000  # Python's own free lists; one array kept per step would be more
        assert len(gc.get_objects()) < alive + 200
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        ours = [o for o in gc.garbage if isinstance(o, (tg.Tensor, Node, np.ndarray))]
        assert not ours
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("backward", [True, False])
def test_chain_of_100_000_operations(backward):
    x = variable(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    if backward:
        y.backward()
        assert x.grad == 100_001
    else:
        assert tg.gradients(y, x).item() == 100_001
    del y


# ------------------------------------------------------------------------------ threads


def test_two_threads_add_to_one_leaf():
    x = variable(np.zeros(1000))
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        for _ in range(200):
            (x * 1.0).sum().backward()

    with ThreadPoolExecutor(4) as pool:
        for task in [pool.submit(work) for _ in range(4)]:
            task.result()
    np.testing.assert_array_equal(x.grad, np.full(1000, 800.0))


def test_modes_belong_to_their_thread():
    inside, done = threading.Event(), threading.Event()
    x = variable([-1.0])

    def other():
        with tg.no_grad(), tg.detect_anomaly():
            inside.set()
            done.wait(10)
            return (x * x).requires_grad

    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(other)
        assert inside.wait(10)
        assert (x * x).requires_grad
        with np.errstate(invalid="ignore"):
            assert np.isnan(np.log(x).data).all()  # nobody looks for it in this thread
        done.set()
        assert task.result() is False


def test_modes_nest_and_end_with_an_error():
    x = variable([1.0])
    with tg.no_grad():
        with tg.no_grad():
            pass
        assert not (x * x).requires_grad
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (x * x).requires_grad

    @tg.no_grad()
    def predict(t):
        return t * 2

    assert not predict(x).requires_grad and not predict(x).requires_grad


def train(seed):
    """A small network, trained by hand-written gradient descent."""
    rng = np.random.default_rng(seed)
    x, t = rng.standard_normal((16, 3)), rng.integers(0, 2, 16)
    w1, w2 = variable(rng.standard_normal((3, 4))), variable(rng.standard_normal((4, 2)))
    for _ in range(40):
        loss = functional.cross_entropy(functional.relu(x @ w1) @ w2, t)
        loss.backward()
        for p in (w1, w2):
            p.writable()[...] -= 0.1 * p.grad
            p.grad = None
    return np.concatenate([w1.data.ravel(), w2.data.ravel()])


def test_eight_threads_train_as_one_would():
    serial = [train(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(train, range(8)))
    for one, other in zip(serial, parallel, strict=True):
        np.testing.assert_array_equal(one, other)


# ------------------------------------------------------------------------------ detect_anomaly


@pytest.fixture
def _quiet():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.usefixtures("_quiet")
class TestAnomaly:
    def test_forward(self):
        x = variable([-1.0, 1.0])
        with tg.detect_anomaly(), pytest.raises(FloatingPointError, match="log made NaN") as e:
            np.log(x)
        assert "test_tensor.py:" in str(e.value)
        with tg.detect_anomaly(), pytest.raises(FloatingPointError, match="divide made inf"):
            x / 0

    def test_data(self):
        x = variable([1.0, 1.0])
        with tg.detect_anomaly():
            with pytest.raises(FloatingPointError, match="argument 1 of multiply contains NaN"):
                x * np.array([1.0, np.nan])
            with pytest.raises(FloatingPointError, match="argument 0 of exp contains inf"):
                np.exp(variable([np.inf]))

    def test_backward(self):
        x = variable([0.0, 1.0])
        with tg.detect_anomaly():
            y = np.sqrt(x).sum()
            with pytest.raises(FloatingPointError, match="gradient of sqrt became inf") as e:
                y.backward()
        assert "test_tensor.py:" in str(e.value)

    def test_recorded_backward(self):
        x = variable([0.0, 1.0])
        with tg.detect_anomaly():
            y = np.sqrt(x).sum()
            with pytest.raises(FloatingPointError):
                tg.gradients(y, x, create_graph=True)

    @pytest.mark.parametrize("recorded", [False, True])
    def test_overwritten_constant(self, recorded):
        x, batch = variable([1.0, 2.0]), np.array([3.0, 4.0])
        with tg.detect_anomaly():
            y = (x * batch).sum()
            batch[0] = 0
            with pytest.raises(
                RuntimeError, match=r"argument 1 of multiply.*test_tensor.py:.*copy"
            ):
                tg.gradients(y, x, create_graph=True) if recorded else y.backward()

    def test_healthy_programs_pass(self):
        x = variable(np.ones((2, 4, 4, 1)))
        with tg.detect_anomaly():
            loss = functional.max_pool2d(x * x).sum() + np.split(x, 2)[0].sum()
            tg.gradients(loss, x, create_graph=True)
            loss.backward()
        assert np.isfinite(x.grad).all()


# ------------------------------------------------------------------------------ what is not kept


def test_large_arrays_that_no_rule_reads_are_not_kept():
    x = tg.Tensor(np.ones((300, 100), np.float32), requires_grad=True)
    y = tg.functional.relu(x * 2)
    node = y._edge[0]
    assert isinstance(node.args[0], Outline) and node.args[0].shape == (300, 100)
    assert node.out is y.data  # the rule reads it
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, 2)


def test_small_arrays_and_anomaly_detection_keep_everything():
    x = tg.Tensor(np.ones((3, 4), np.float32), requires_grad=True)
    assert isinstance(tg.functional.relu(x)._edge[0].args[0], np.ndarray)
    x = tg.Tensor(np.ones((300, 100), np.float32), requires_grad=True)
    with tg.detect_anomaly():
        assert isinstance(tg.functional.relu(x)._edge[0].args[0], np.ndarray)


def test_gradients_of_every_order_without_what_is_not_kept():
    x = tg.Tensor(np.linspace(-1, 1, 30000).reshape(300, 100), requires_grad=True)
    y = (tg.functional.relu(x) ** 3).sum()
    (g,) = tg.gradients(y, [x], create_graph=True)
    (h,) = tg.gradients(g.sum(), [x])
    np.testing.assert_allclose(h.data, 6 * np.maximum(x.data, 0))
