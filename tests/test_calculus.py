"""Derivatives of functions: of any order, nested, through closures, beside closed forms."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional

rng = np.random.default_rng(3)


def variable(values):
    return tg.Tensor(np.array(values, float), requires_grad=True)


# ------------------------------------------------------------------------------ gradients


def test_one_output_one_input():
    x = variable([1.0, 2.0])
    g = tg.gradients((x**3).sum(), x)
    assert isinstance(g, tg.Tensor) and not g.requires_grad
    np.testing.assert_array_equal(g.data, [3, 12])
    assert x.grad is None


def test_several_outputs_and_inputs():
    x, y, z = variable(2.0), variable(3.0), variable(1.0)
    found = tg.gradients([x * y, x * x], [x, y, z])
    assert isinstance(found, tuple) and len(found) == 3
    assert found[0].item() == 3 + 4 and found[1].item() == 2 and found[2] is None
    (only,) = tg.gradients([x * y], [x])
    assert only.item() == 3
    assert tg.gradients(tg.Tensor(1.0), x) is None  # untracked output
    assert tg.gradients(x * y, z) is None


def test_grad_outputs():
    x = variable([1.0, 2.0])
    y, s = x * x, x.sum()
    weight = np.array([1.0, 10.0])
    np.testing.assert_array_equal(tg.gradients(y, x, weight).data, [2, 40])
    np.testing.assert_array_equal(tg.gradients([y, s], x, [tg.Tensor(weight), None]).data, [3, 41])
    weight[...] = 0
    with pytest.raises(ValueError, match="expected 2 grad_outputs"):
        tg.gradients([y, s], x, [weight])
    with pytest.raises(ValueError, match=r"of shape \(2,\), got \(3,\)"):
        tg.gradients(y, x, np.ones(3))
    with pytest.raises(ValueError, match="expected a single number"):
        tg.gradients(y, x)


@pytest.mark.parametrize("create_graph", [False, True])
def test_cotangents_take_the_dtype_of_the_output(create_graph):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    for weight in (np.ones(2), tg.Tensor(np.ones(2)), variable([1.0, 1.0]), [1, 1]):
        for y in (x * 2, x):
            assert tg.gradients(y, x, weight, create_graph=create_graph).dtype == np.float32


def test_gradient_by_a_tracked_cotangent():
    """J v is linear in v, so its derivative by v is the product with J again."""
    x, v = variable([1.0, 2.0]), variable([3.0, 4.0])
    product = tg.gradients(x**3, x, v, create_graph=True)
    np.testing.assert_array_equal(tg.gradients(product.sum(), v).data, [3, 12])
    np.testing.assert_array_equal(tg.gradients(product.sum(), x).data, [18, 48])


def test_intermediate_inputs():
    x = variable([1.0, 2.0])
    middle = x * 3
    y = (middle * middle).sum()
    one, two = tg.gradients(y, [middle, x])
    np.testing.assert_array_equal(one.data, [6, 12])
    np.testing.assert_array_equal(two.data, [18, 36])
    np.testing.assert_array_equal(tg.gradients(y, y).data, 1)
    left, right = np.split(variable([1.0, 2.0, 3.0]), [1])
    found = tg.gradients((left * right).sum(), [left, right])
    np.testing.assert_array_equal(found[0].data, [5])
    np.testing.assert_array_equal(found[1].data, [1, 1])


@pytest.mark.parametrize("unused", [0, 1])
def test_only_one_of_several_results_matters(unused):
    parts = np.split(variable([1.0, 2.0]), 2)
    y = (parts[1 - unused] ** 2).sum()
    assert tg.gradients(y, parts[unused]) is None
    assert tg.gradients(y, parts[1 - unused]).item() == 2 * (2 - unused)


def test_to_third_order():
    x = variable([0.5, 2.0])
    one = tg.gradients(np.exp(2 * x).sum(), x, create_graph=True)
    two = tg.gradients(one.sum(), x, create_graph=True)
    three = tg.gradients(two.sum(), x)
    for order, g in enumerate((one, two, three), 1):
        np.testing.assert_allclose(g.data, 2.0**order * np.exp(2 * x.data), rtol=1e-14)


def test_graphs_are_not_freed_and_backward_goes_through_gradients():
    x = variable([1.0, 2.0])
    slope = tg.gradients((x**3).sum(), x, create_graph=True)
    tg.gradients(slope.sum(), x)
    penalty = (slope * slope).sum()  # 9 x^4
    penalty.backward()
    np.testing.assert_allclose(x.grad, [36, 288])


def test_gradients_under_no_grad():
    x = variable([1.0, 2.0])
    y = (x**3).sum()
    with tg.no_grad():
        one = tg.gradients(y, x, create_graph=True)
    np.testing.assert_allclose(tg.gradients(one.sum(), x).data, [6, 12])


@pytest.mark.parametrize("bad", [np.ones(2), tg.Tensor(1.0), 3.0])
def test_inputs_must_require_gradients(bad):
    x = variable(1.0)
    with pytest.raises(TypeError, match="expected inputs that require gradients"):
        tg.gradients(x * 2, [x, bad])
    with pytest.raises(TypeError, match="expected Tensors as outputs"):
        tg.gradients(np.ones(2), x)


# ------------------------------------------------------------------------------ functions


def test_grad_gives_arrays_for_arrays():
    g = tg.grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    assert type(g) is np.ndarray
    g[0] = 5  # the caller's own
    value, slope = tg.value_and_grad(lambda x, y: (x * y).sum())(np.array([1.0]), np.array([2.0]))
    assert (value, slope) == (2.0, [2.0]) and type(value) is float
    assert tg.grad(lambda x: x * x)(3) == 6 and tg.grad(lambda x: x * x)(3.0).dtype == np.float32


def test_argnums():
    f = lambda x, y, z: x * y * y + z
    args = (np.float64(2.0), np.float64(3.0), np.float64(1.0))
    assert tg.grad(f, 1)(*args) == 12
    assert tg.grad(f, (1, 0))(*args) == (12, 9)
    assert tg.grad(f, (0,))(*args) == (9,)
    value, slopes = tg.value_and_grad(f, (0, 1, 2))(*args)
    assert value == 19 and slopes == (9, 12, 1)
    for argnums in (3, -1, (0, 3)):
        with pytest.raises(ValueError, match="expected a position below 3"):
            tg.grad(f, argnums)(*args)


def test_argument_that_does_not_matter():
    f = lambda x, y: (y * y).sum()
    g, _ = tg.grad(f, (0, 1))(np.ones((2, 3)), np.ones(2))
    np.testing.assert_array_equal(g, np.zeros((2, 3)))
    with pytest.raises(TypeError, match="computed from its arguments"):
        tg.grad(f)(np.ones((2, 3)), np.ones(2))
    full = tg.jacobian(lambda x, y: y * 1)(np.ones(3), variable([1.0]))
    np.testing.assert_array_equal(full.data, np.zeros((1, 3)))


def test_nested():
    f = lambda x: x**5
    for derivative, expected in ((tg.grad(f), 80), (tg.grad(tg.grad(f)), 160),
                                 (tg.grad(tg.grad(tg.grad(f))), 240)):  # fmt: skip
        assert derivative(np.float64(2.0)) == expected


def test_perturbations_are_not_confused():
    """The inner derivative is by y alone, though x is the same number (Siskind & Pearlmutter)."""
    two = np.float64(2.0)
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y)(x))(two) == 4
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(x))(two) == 1
    assert tg.grad(lambda x: tg.grad(lambda y: x * y * y)(x) * x)(two) == 3 * 2 * 4


def test_closures_over_a_variable_from_outside():
    """The inner derivative depends on x although its argument is a plain number."""
    three = np.float64(3.0)
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(np.float64(2.0)))(three) == 24
    assert tg.grad(lambda x: tg.value_and_grad(lambda y: x * y)(np.float64(2.0))[0])(three) == 2
    row = np.array([1.0, 2.0])
    assert tg.grad(lambda x: tg.jacobian(lambda y: x * y * y)(row).sum())(three) == 6
    assert tg.grad(lambda x: tg.hessian(lambda y: (x * y * y).sum())(row).sum())(three) == 4
    assert tg.grad(lambda x: tg.hvp(lambda y: (x * y * y).sum())(row, row).sum())(three) == 6
    assert tg.grad(lambda x: tg.grad(lambda y, z: z * y * y)(np.float64(2.0), x))(three) == 4


def test_gradient_penalty_reaches_the_parameters():
    w = tg.Parameter(np.array([[1.0], [2.0]]))
    slope = tg.grad(lambda x: (functional.softplus(x @ w)).sum())(np.array([[0.5, -0.5]]))
    (slope * slope).sum().backward()
    assert w.grad is not None and np.abs(w.grad).min() > 0
    with tg.no_grad():
        answer = tg.grad(lambda x: (x @ w).sum())(np.ones((1, 2)))
    assert type(answer) is np.ndarray


def test_a_derivative_as_part_of_a_loss():
    x = variable([1.0, 2.0])
    slope = tg.grad(lambda t: (t**3).sum())(x)
    assert slope.requires_grad
    slope.sum().backward()
    np.testing.assert_array_equal(x.grad, [6, 12])


def test_under_no_grad():
    x = variable(2.0)
    with tg.no_grad():
        assert tg.grad(lambda t: t**3)(np.float64(2.0)) == 12
        assert tg.grad(tg.grad(lambda t: t**3))(np.float64(2.0)) == 12
        assert tg.hessian(lambda t: t**3)(np.float64(2.0)) == 12
        assert not isinstance(tg.grad(lambda t: t**3)(x), tg.Tensor)
        np.testing.assert_array_equal(tg.jacobian(lambda t: t * t)(np.array([1.0])), [[2]])


def test_jacobian():
    a, x = rng.standard_normal((3, 4)), rng.standard_normal(4)
    np.testing.assert_allclose(tg.jacobian(lambda x: a @ x)(x), a, rtol=1e-15)
    y = rng.standard_normal((2, 2))
    full = tg.jacobian(lambda y, b: y @ b, 1)(y, np.eye(2))
    np.testing.assert_allclose(full, np.einsum("ik,jl->ijkl", y, np.eye(2)), rtol=1e-15)
    assert tg.jacobian(lambda x: x[:0])(x).shape == (0, 4)
    assert tg.jacobian(lambda x: x.sum())(x).shape == (4,)
    softmax = functional.softmax(x)
    np.testing.assert_allclose(
        tg.jacobian(functional.softmax)(x),
        np.diag(softmax) - np.outer(softmax, softmax),
        atol=1e-15,
    )


def test_hessian():
    a = rng.standard_normal((3, 3))
    x = rng.standard_normal(3)
    np.testing.assert_allclose(tg.hessian(lambda x: x @ (a @ x))(x), a + a.T, rtol=1e-14)
    p = functional.softmax(x)
    np.testing.assert_allclose(
        tg.hessian(functional.logsumexp)(x), np.diag(p) - np.outer(p, p), atol=1e-15
    )
    matrix = rng.standard_normal((2, 2))
    assert tg.hessian(lambda m: (m**2).sum())(matrix).shape == (2, 2, 2, 2)


def test_hessian_vector_product():
    a, x, v = rng.standard_normal((3, 3)), rng.standard_normal(3), rng.standard_normal(3)
    f = lambda x: np.exp(x @ (a @ x) * 0.1)
    np.testing.assert_allclose(tg.hvp(f)(x, v), tg.hessian(f)(x) @ v, rtol=1e-12)
    with pytest.raises(ValueError, match="of one shape"):
        tg.hvp(f)(x, v[:2])


def test_wrong_functions():
    x = np.ones(2)
    with pytest.raises(TypeError, match="expected a function to differentiate"):
        tg.grad(3.0)(x)
    with pytest.raises(TypeError, match=r"single number .* got shape \(2,\)"):
        tg.grad(lambda x: x * x)(x)
    with pytest.raises(TypeError, match="single number"):
        tg.grad(lambda x: 1.0)(x)
    with pytest.raises(TypeError, match="expected a function that returns a Tensor"):
        tg.jacobian(lambda x: np.ones(2))(x)
    with pytest.raises(TypeError, match="only floating-point"):
        tg.grad(lambda x: x.sum())(np.arange(3))
