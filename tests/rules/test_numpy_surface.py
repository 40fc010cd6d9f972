"""NumPy's functions on Tensors: values for any arguments, adjoints, kinks, methods and mistakes."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import tinygrad_ml as tg
from tinygrad_ml import functional

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def variable(values, dtype=np.float64):
    return tg.Tensor(np.asarray(values, dtype), requires_grad=True)


def gradient_of(function, *arrays):
    """The gradients by every array when each result has the gradient 1."""
    tensors = [variable(a) for a in arrays]
    out = function(*tensors)
    found = tg.gradients(out, tensors, grad_outputs=np.ones(out.shape))
    found = [np.zeros(t.shape) if g is None else g.data for g, t in zip(found, tensors)]
    return found[0] if len(found) == 1 else found


# ------------------------------------------------------------------------------ linear operations


@st.composite
def shaped(draw, min_dims=1, max_side=4, min_side=1):
    shape = draw(npst.array_shapes(min_dims=min_dims, max_dims=3, min_side=min_side,
                                   max_side=max_side))  # fmt: skip
    return np.random.default_rng(draw(st.integers(0, 99))).standard_normal(shape)


def check_linear(call, x):
    """NumPy's values, and the transposed matrix: <A x, y> = <x, At y> for every unit y."""
    expected = np.asarray(call(x))
    tensor = variable(x)
    out = call(tensor)
    np.testing.assert_array_equal(out.data, expected)
    assert out.shape == expected.shape
    matrix = np.array([call(unit.reshape(x.shape)).ravel() for unit in np.eye(x.size)])
    offset = np.asarray(call(np.zeros_like(x))).ravel()  # padding with constants is affine
    y = np.random.default_rng(1).standard_normal(expected.shape)
    g = np.zeros(x.shape)
    if out.requires_grad:
        out.backward(y)
        g = np.zeros(x.shape) if tensor.grad is None else tensor.grad
    by_hand = (matrix - offset).reshape(x.size, -1) @ y.ravel()
    np.testing.assert_allclose(g.ravel(), by_hand, atol=1e-12)


@FEW
@given(st.data(), shaped())
def test_pad(data, x):
    mode = data.draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
    width = data.draw(st.lists(st.tuples(*[st.integers(0, 9)] * 2), min_size=x.ndim,
                               max_size=x.ndim))  # fmt: skip
    how = {"constant_values": data.draw(st.sampled_from([0, 2.5]))} if mode == "constant" else {}
    check_linear(lambda a: np.pad(a, width, mode=mode, **how), x)


@FEW
@given(st.data(), shaped())
def test_take(data, x):
    axis = data.draw(st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1)))
    n = x.size if axis is None else x.shape[axis]
    mode = data.draw(st.sampled_from(["raise", "wrap", "clip"]))
    low, high = (-n, n - 1) if mode == "raise" else (-20, 20)
    shape = data.draw(npst.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    indices = data.draw(npst.arrays(np.int64, shape, elements=st.integers(low, high)))
    check_linear(lambda a: np.take(a, indices, axis=axis, mode=mode), x)


@FEW
@given(st.data(), shaped())
def test_indexing(data, x):
    index = data.draw(st.one_of(
        npst.basic_indices(x.shape, allow_newaxis=True),
        npst.integer_array_indices(x.shape, result_shape=npst.array_shapes(max_dims=2, max_side=3)),
        npst.arrays(np.bool_, x.shape),
    ))  # fmt: skip
    check_linear(lambda a: a[index], x)


@FEW
@given(st.data(), shaped())
def test_repeating_and_turning(data, x):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    repeats = data.draw(st.lists(st.integers(0, 3), min_size=x.shape[axis], max_size=x.shape[axis]))
    check_linear(lambda a: np.repeat(a, repeats, axis=axis), x)
    check_linear(lambda a: np.repeat(a, repeats[0], axis=axis), x)
    check_linear(lambda a: np.tile(a, repeats[:3]), x)
    check_linear(lambda a: np.roll(a, repeats[0] - 5, axis=axis), x)
    check_linear(lambda a: np.diff(a, repeats[0], axis=axis), x)
    if x.ndim > 1:
        check_linear(lambda a: np.rot90(a, repeats[0] - 2, (0, axis if axis % x.ndim else 1)), x)
        check_linear(lambda a: np.diagonal(a, repeats[0] - 1), x)
        check_linear(lambda a: np.tril(a, repeats[0] - 1), x)


@FEW
@given(st.data(), shaped())
def test_insert_and_delete(data, x):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    places = data.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=4))
    check_linear(lambda a: np.delete(a, places, axis=axis), x)
    check_linear(lambda a: np.insert(a, places, 2.0, axis=axis), x)
    check_linear(lambda a: np.insert(a, places[0], 2.0, axis=axis), x)


@FEW
@given(st.data(), shaped())
def test_put_along_axis(data, x):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    shape = list(x.shape)
    n, shape[axis] = shape[axis], data.draw(st.integers(0, 5))
    indices = data.draw(npst.arrays(np.int64, shape, elements=st.integers(-n, n - 1)))
    values = np.random.default_rng(3).standard_normal(shape)
    expected = x.copy()
    np.put_along_axis(expected, indices, values, axis)
    out = functional.put_along_axis(x, indices, values, axis)
    assert type(out) is np.ndarray
    np.testing.assert_array_equal(out, expected)
    check_linear(lambda a: functional.put_along_axis(a, indices, values, axis), x)
    if values.size:
        check_linear(lambda v: functional.put_along_axis(x, indices, v, axis), values)


@FEW
@given(st.data(), shaped(min_side=2))
def test_quantiles_and_gradients_equal_numpys(data, x):
    axis = data.draw(st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1)))
    keepdims = data.draw(st.booleans())
    q = data.draw(st.one_of(st.floats(0, 1), st.lists(st.floats(0, 1), max_size=3)))
    for function, extra in ((np.median, ()), (np.quantile, (q,)),
                            (np.percentile, (np.multiply(q, 100),))):  # fmt: skip
        got = function(variable(x), *extra, axis=axis, keepdims=keepdims)
        expected = function(x, *extra, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(got.data, expected, rtol=1e-12, atol=1e-13)
        assert got.shape == np.shape(expected)
    order = 2 if min(x.shape) > 2 else 1
    got = np.gradient(variable(x), 0.5, axis=axis, edge_order=order)
    expected = np.gradient(x, 0.5, axis=axis, edge_order=order)
    pairs = zip(got, expected) if isinstance(expected, tuple) else [(got, expected)]
    for a, b in pairs:
        np.testing.assert_allclose(a.data, b, rtol=1e-12, atol=1e-12)


def test_put_along_axis_without_axis_and_where_values_repeat():
    x = np.arange(6.0).reshape(2, 3)
    out = functional.put_along_axis(x, [1, 5, 1], [7.0, 8.0, 9.0], axis=None)
    np.testing.assert_array_equal(out, [[0, 9, 2], [3, 4, 8]])
    gx, gv = gradient_of(lambda x, v: functional.put_along_axis(x, [[1, 1], [0, 2]], v), x,
                         np.ones((2, 2)))  # fmt: skip
    np.testing.assert_array_equal(gx, [[1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(gv, [[0, 1], [1, 1]])  # what was overwritten does not matter
    single = variable(x, np.float32)
    assert functional.put_along_axis(single, [[0], [1]], 5.0).dtype == np.float32


def test_insert_before_what_a_mask_marks():
    out = np.insert(variable([1.0, 2.0, 3.0]), np.array([True, False, True]), [8.0, 9.0])
    np.testing.assert_array_equal(out.data, [8, 1, 2, 9, 3])


# ------------------------------------------------------------------------------ kinks and limits


def test_sums_of_exponentials_with_infinities():
    x, y = gradient_of(np.logaddexp, [-np.inf, -np.inf, np.inf, 800.0], [-np.inf, 1.0, 1.0, -800.0])
    np.testing.assert_array_equal(x, [1, 0, 1, 1])
    np.testing.assert_array_equal(y, [1, 1, 0, 0])
    x, y = gradient_of(np.logaddexp2, [3.0], [3.0])
    np.testing.assert_allclose([x, y], 0.5, rtol=1e-15)


def test_sinc_has_derivatives_of_every_order_at_zero():
    """sinc is even: derivative 2k at 0 is (-1)^k pi^(2k) / (2k + 1)."""
    f = np.sinc
    for order in range(1, 7):
        f = tg.grad(f)
        exact = 0.0 if order % 2 else (-1) ** (order // 2) * math.pi**order / (order + 1)
        np.testing.assert_allclose(f(np.float64(0.0)), exact, rtol=1e-12, atol=1e-10)
    third = tg.grad(tg.grad(tg.grad(np.sinc)))
    for x in (0.2499999, 0.2500001):  # on either side of the change from series to quotient
        y = math.pi * x
        exact = (6 * y - y**3) * math.cos(y) + (3 * y * y - 6) * math.sin(y)
        np.testing.assert_allclose(third(np.float64(x)), exact / y**4 * math.pi**3, rtol=1e-11)


def test_fmax_gives_a_tie_to_the_first_and_never_to_a_nan():
    x, y = gradient_of(np.fmax, [1.0, np.nan, 2.0, np.nan], [1.0, 2.0, np.nan, np.nan])
    np.testing.assert_array_equal(x, [1, 0, 1, 1])
    np.testing.assert_array_equal(y, [0, 1, 0, 0])


def test_remainders_step_down_with_the_divisor():
    x, y = gradient_of(np.remainder, [7.0, -7.0, 6.0], [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(x, [1, 1, 1])
    np.testing.assert_array_equal(y, [-2, 3, -2])
    x, y = gradient_of(np.fmod, [7.0, -7.0, 6.0], [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(y, [-2, 2, -2])
    t = variable([7.0, -7.0])
    np.testing.assert_array_equal((t % 3).data, [1, 2])
    np.testing.assert_array_equal((10 % t).data, [3, -4])
    assert type(t // 3) is np.ndarray and (t // 3).tolist() == [2, -3]
    assert (15 // t).tolist() == [2, -3]


def test_running_products_with_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0, 4.0])
    jacobian = tg.jacobian(np.cumprod)(x)
    by_hand = [[np.prod(np.delete(x[: k + 1], i)) if i <= k else 0 for i in range(5)]
               for k in range(5)]  # fmt: skip
    np.testing.assert_array_equal(jacobian, by_hand)
    one = tg.hessian(lambda x: np.cumprod(x)[2])(np.array([0.0, 0.0, 5.0]))
    np.testing.assert_array_equal(one, [[0, 5, 0], [5, 0, 0], [0, 0, 0]])


def test_median_of_even_counts_and_equal_values():
    np.testing.assert_array_equal(gradient_of(np.median, [4.0, 1.0, 3.0, 2.0]), [0, 0, 0.5, 0.5])
    np.testing.assert_array_equal(gradient_of(np.median, [2.0, 2.0, 2.0]), [0, 1, 0])
    np.testing.assert_array_equal(gradient_of(np.ptp, [1.0, 3.0, 3.0]), [-1, 0.5, 0.5])


def test_a_nan_among_the_values_is_seen():
    x = np.array([[1.0, np.nan, 2.0], [3.0, 1.0, 2.0]])
    for function in (np.median, lambda a, axis: np.quantile(a, 0.1, axis=axis)):
        out = function(variable(x), axis=1)
        assert np.isnan(out.data[0]) and np.isfinite(out.data[1])
    assert np.isnan(np.max(variable(x)).data)


def test_infinite_values_among_quantiles():
    x = variable([1.0, 2.0, np.inf])
    assert np.median(x).item() == 2 and np.quantile(x, 0.5).item() == 2


def test_slices_that_are_all_nan():
    x = np.array([[np.nan, np.nan], [1.0, np.nan]])
    for function in (np.nanmean, np.nanmax, np.nanmin, np.nanvar, np.nanstd):
        out = function(variable(x), axis=1)
        assert np.isnan(out.data[0]) and np.isfinite(out.data[1]), function
        np.testing.assert_array_equal(
            gradient_of(lambda a, f=function: f(a, axis=1)[1:], x)[:, 1], [0, 0]
        )
    assert np.isnan(np.nanvar(variable([1.0]), ddof=1).data)
    np.testing.assert_array_equal(np.nansum(variable(x), axis=1).data, [0, 1])


def test_what_replaces_nan_has_no_gradient():
    x = [np.nan, np.inf, 1.0]
    np.testing.assert_array_equal(gradient_of(lambda a: np.nan_to_num(a, posinf=9.0), x), [0, 0, 1])


def test_a_sum_of_zeros_takes_no_weights():
    with pytest.raises(ZeroDivisionError, match="average: expected weights"):
        np.average(variable([1.0, 2.0]), weights=[0.0, 0.0])


def test_whole_weights_keep_float32():
    out = np.average(variable([1.0, 4.0], np.float32), weights=[1, 2])
    assert out.dtype == np.float32 and out.item() == 3


def test_interpolation_is_differentiable_by_all_its_arguments():
    x, points, values = np.array([0.5, 1.5]), np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 6.0])
    gx, gp, gv = gradient_of(np.interp, x, points, values)
    np.testing.assert_allclose(gx, [1, 2])
    np.testing.assert_allclose(gv, [0.5, 0.5 + 0.75, 0.25])
    np.testing.assert_allclose(gp, [-0.5, -0.5 - 1.5, -0.5])


# ------------------------------------------------------------------------------ constants, methods


@pytest.mark.parametrize(
    "question",
    [np.fix, np.imag, np.angle, np.isreal, np.isposinf, np.isneginf, np.nanargmax, np.any,
     np.where, np.nonzero, np.argpartition, lambda t: np.digitize(t, [0.0, 1.0]),
     lambda t: np.lexsort((t,)), lambda t: np.isin(t, [1.0])],
)  # fmt: skip
def test_questions_answer_with_arrays(question):
    t = variable([1.0, -2.0, 3.0])
    args = (1,) if question is np.argpartition else ()
    answer, expected = question(t, *args), question(t.data, *args)
    assert not isinstance(answer, tg.Tensor)
    np.testing.assert_array_equal(answer, expected)


def test_methods_are_those_of_an_array():
    value = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    t = variable(value)
    for name, args, kwargs in [
        ("cumprod", (), {"axis": 1}), ("trace", (), {}), ("trace", (1,), {}), ("diagonal", (), {}),
        ("take", ([0, 2],), {"axis": 1}), ("take", ([5],), {}), ("repeat", (2,), {}),
        ("repeat", ([1, 2, 0],), {"axis": 1}), ("copy", (), {}),
    ]:  # fmt: skip
        got = getattr(t, name)(*args, **kwargs)
        np.testing.assert_array_equal(got.data, getattr(value, name)(*args, **kwargs))
        assert got.requires_grad, name
    for name, args, kwargs in [
        ("argsort", (), {"axis": 0}), ("argmax", (), {"axis": 1, "keepdims": True}),
        ("argmin", (), {}), ("all", (), {"axis": 0}), ("any", (), {}), ("nonzero", (), {}),
        ("round", (0,), {}), ("tolist", (), {}),
    ]:  # fmt: skip
        got = getattr(t, name)(*args, **kwargs)
        assert not isinstance(got, tg.Tensor), name
        np.testing.assert_array_equal(got, getattr(value, name)(*args, **kwargs))
    assert t.nbytes == value.nbytes
    assert not np.shares_memory(t.copy().data, t.data)


def test_indices_may_be_tensors():
    t, places = variable([[1.0, 2.0], [3.0, 4.0]]), tg.Tensor([[1], [0]])
    np.testing.assert_array_equal(np.take_along_axis(t, places, 1).data, [[2], [3]])
    np.testing.assert_array_equal(t.take(places[:, 0], axis=0).data, [[3, 4], [1, 2]])
    np.testing.assert_array_equal(np.delete(t, places[0], axis=0).data, [[1, 2]])
    out = functional.put_along_axis(t, places, 0.0, 1)
    np.testing.assert_array_equal(out.data, [[1, 0], [0, 4]])


def test_the_second_argument_alone_may_be_a_tensor():
    y = variable([1.0, 2.0, 4.0])
    for call in (
        lambda a: np.append([0.5], a), lambda a: np.convolve([1.0, 2.0], a),
        lambda a: np.interp(1.5, [0.0, 1.0, 2.0], a), lambda a: np.trapezoid([1.0, 2.0, 3.0], x=a),
        lambda a: np.average([1.0, 2.0, 3.0], weights=a), lambda a: np.polyval([2.0, 1.0], a),
        lambda a: np.linspace(0.0, a, 3), lambda a: np.select([[True, False, True]], [a], 1.0),
        lambda a: np.gradient([1.0, 2.0, 5.0], a), lambda a: np.insert(np.ones(3), 1, a),
    ):  # fmt: skip
        np.testing.assert_allclose(call(y).data, call(y.data), rtol=1e-15)
        assert call(y).requires_grad


# ------------------------------------------------------------------------------ mistakes

MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.median(x, axis=2), r"median: expected .*axis 2 is out of bounds"),
        (lambda x: np.median(x[:0]), r"median: expected at least one value"),
        (lambda x: np.quantile(x, 25), "numbers q from 0 to 1, got 25"),
        (lambda x: np.percentile(x, "a"), "numbers q from 0 to 100"),
        (lambda x: np.quantile(x, 0.5, method="lower"), "expected method 'linear'"),
        (lambda x: np.sort(x, axis=5), r"sort: expected .*axis 5"),
        (lambda x: np.take(x, [0.5]), "take: expected indices of integers, got float64"),
        (lambda x: np.take(x, [7]), "take: expected .*index 7 is out of bounds"),
        (lambda x: np.take(x, 0, mode="wrapped"), "take: expected mode 'raise'"),
        (lambda x: np.repeat(x, 1.5), "repeat: expected"),
        (lambda x: np.repeat(x, [1, 2]), "repeat: expected"),
        (lambda x: np.tile(x, -1), "tile: expected"),
        (lambda x: np.diag(x[None]), "diag: expected a vector or a matrix"),
        (lambda x: np.trace(x[0]), "trace: expected"),
        (lambda x: np.pad(x, -1), "pad: expected .*negative"),
        (lambda x: np.pad(x, 1, mode="mean"), "pad: expected mode 'constant', 'edge'"),
        (lambda x: np.pad(x[:0], 1, mode="edge"), "pad: expected .*empty axis"),
        (lambda x: np.append(x, None), "expected numbers, got values of dtype object"),
        (lambda x: np.where(x > 2, x, None), "expected numbers, got values of dtype object"),
        (lambda x: np.append(x, x[0], axis=0), "append: expected"),
        (lambda x: np.delete(x, 9, axis=1), "delete: expected .*out of bounds"),
        (lambda x: np.insert(x, 0, x[0], axis=1), "insert: expected"),
        (lambda x: np.diff(x, -1), "diff: expected n of at least 0"),
        (lambda x: np.diff(x.sum()), "diff: expected"),
        (lambda x: np.gradient(x, x[0]), "gradient: expected 2 coordinates"),
        (lambda x: np.gradient(x[:1]), "gradient: expected at least 2 values"),
        (lambda x: np.gradient(x, 1, 2, 3), "gradient: expected 0, 1 or 2 spacings"),
        (lambda x: np.gradient(x, edge_order=3), "edge_order 1 or 2"),
        (lambda x: np.trapezoid(x, [1.0, 2.0]), "trapezoid: expected 3 points x"),
        (lambda x: np.convolve(x, x[0]), "convolve: expected .*object too deep"),
        (lambda x: np.convolve(x[0], []), "convolve: expected .*empty"),
        (lambda x: np.convolve(x[0], x[0], "vlaid"), "expected mode 'full'"),
        (lambda x: np.interp(1.0, [3, 2, 1], x[0]), "interp: expected increasing xp"),
        (lambda x: np.interp(1.0, [1, 2], x[0]), "vectors of one length"),
        (lambda x: np.interp(x, [1, 2], [1, 2], period=3), "keyword period="),
        (lambda x: np.vander(x), "vander: expected a vector"),
        (lambda x: np.average(x, weights=[1, 2]), "Name the axis"),
        (lambda x: np.average(x, axis=0, weights=[1, 2, 3]), r"weights of shape \(2,\)"),
        (lambda x: np.cov(x[None]), "cov: expected at most two axes"),
        (lambda x: np.cov(x[:, :1]), "rowvar=False"),
        (lambda x: np.cov(x, aweights=[1, 2, 3]), "keyword aweights="),
        (lambda x: np.nansum(x, dtype=np.float32), r"Write t\.astype\(dtype\)"),
        (lambda x: np.sum(x, where=x > 1), r"Write np\.where\(mask, t, 0\)"),
        (lambda x: np.cumprod(x, axis=(0, 1)), "cumprod: expected"),
        (lambda x: np.select([x], [x]), "conditions of True and False"),
        (lambda x: np.select([x > 1], [x, x]), "a choice for every condition"),
        (lambda x: np.meshgrid(x[0], x[1], indexing="yx"), "indexing 'xy' or 'ij'"),
        (lambda x: np.broadcast_arrays(x, x.T), "broadcast_arrays: expected"),
        (lambda x: np.rot90(x[0]), "rot90: expected"),
        (lambda x: np.hsplit(x, 2), "split: expected a length that 2 divides"),
        (lambda x: np.partition(x, 5), "partition: expected"),
        (lambda x: np.logaddexp(x, x.T), "logaddexp: expected"),
        (lambda x: x % "a", "remainder: expected"),
        (lambda x: np.sort(x, -1, None, "order", 3), "3 were given|5 were given|too many"),
        (lambda x: np.fill_diagonal(x, 0), r"np\.where\(np\.eye"),
        (lambda x: np.put_along_axis(x, np.zeros((2, 1), int), 0, 1), "functional.put_along_axis"),
        (lambda x: np.put(x, [0], 1), "functional.put_along_axis"),
        (lambda x: np.array([x, x]), r"np\.stack"),
        (lambda x: np.full((2, 3), x), "gradient would be lost"),
        (lambda x: functional.put_along_axis(x, [0], 1.0, 1), "indices with the axes of x"),
        (lambda x: functional.put_along_axis(x, [[0.5], [1]], 1.0), "indices of integers"),
        (lambda x: functional.put_along_axis(x, [[3], [0]], 1.0), "indices from -3 to 2"),
        (lambda x: functional.put_along_axis(x, [[0], [0]], [1, 2, 3]), "fit shape"),
        (lambda x: x.sort(), r"write np\.sort\(t\)"),
        (lambda x: x.partition(1), r"write np\.partition"),
        (operator.methodcaller("ptp"), r"write np\.ptp"),
    ],
)  # fmt: skip
def test_mistakes_get_a_sentence(call, message):
    """One sentence that names the function that was called: not NumPy's, and not ours inside."""
    with pytest.raises(
        (TypeError, ValueError, IndexError, AttributeError), match=message
    ) as caught:
        call(variable(MATRIX))
    assert str(caught.value).count("expected") <= 1
