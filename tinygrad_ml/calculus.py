"""Derivatives of functions: gradients, Jacobians, Hessians and their products with vectors.

`grad`, `value_and_grad`, `jacobian`, `hessian` and `hvp` turn a function into another function
and can be nested. Arrays in, arrays out; but where an argument is a Tensor that requires a
gradient, or the function sees one from outside, the answer is one too, so that a derivative can be
part of a loss. Under `no_grad` the answer is always an array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import messages
from .graph import Leaf, clock, mode, pull_back, switched
from .tensor import Tensor, _tensor, arrays_of


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    create_graph: bool = False,
) -> Any:
    """Gradients of `outputs` (summed) with respect to `inputs`; no `.grad` is touched.

    Parameters
    ----------
    outputs : a Tensor or several; each a single number unless `grad_outputs` is given.
    inputs : a Tensor or several, leaves or intermediate results.
    grad_outputs : the gradient of the final result with respect to each output.
    create_graph : record the backward pass, so that the gradients differentiate again.

    Returns
    -------
    A Tensor for one input, a tuple for several; None for an input that does not matter.
    The graph is never freed.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> slope = gradients(x**3, x, create_graph=True)
    >>> float(slope), float(gradients(slope, x))
    (27.0, 18.0)
    """
    outputs_, several_out = _listed(outputs)
    inputs_, several_in = _listed(inputs)
    weights, _ = _listed(grad_outputs) if several_out else ([grad_outputs], False)
    if several_out and grad_outputs is None:
        weights = [None] * len(outputs_)
    if len(weights) != len(outputs_):
        raise ValueError(
            f"gradients: expected {len(outputs_)} grad_outputs, one per output, got {len(weights)}."
        )
    for x in inputs_:
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise TypeError(
                "gradients: expected inputs that require gradients, got "
                f"{messages.describe(x)}. Make them with Tensor(..., requires_grad=True)."
            )
    roots = []
    for y, weight in zip(outputs_, weights, strict=True):
        if not isinstance(y, Tensor):
            raise TypeError(f"gradients: expected Tensors as outputs, got {type(y).__name__}.")
        if y._edge is not None:
            g: Any = messages.cotangent(arrays_of(weight), y._data)
            if create_graph:
                g = weight.astype(y.dtype) if isinstance(weight, Tensor) else Tensor(g)
            roots.append((y._edge, g))
    with switched(recording=True):
        found = pull_back(
            roots, wanted={x._edge[0] for x in inputs_}, box=_tensor if create_graph else None
        )
    results = tuple(_result(x, found) for x in inputs_)
    return results if several_in else results[0]


def _listed(value: Any) -> tuple[list, bool]:
    return (list(value), True) if isinstance(value, (list, tuple)) else ([value], False)


def _result(x: Any, found: dict) -> Tensor | None:
    node, i = x._edge
    g = found.get(node)
    if type(node.out) is tuple and g is not None:
        g = g[i]
    return g if g is None or isinstance(g, Tensor) else Tensor(g)


def value_and_grad(function: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that returns `function(*args)` and its gradient with respect to `argnums`.

    `function` must return a single number. One int gives one gradient, a tuple gives a tuple.

    >>> value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    (5.0, array([2., 4.]))
    """
    return lambda *args: _value_and_grad(function, argnums, args)


def _value_and_grad(function: Callable, argnums: Any, args: tuple) -> tuple[Any, Any]:
    positions = argnums if isinstance(argnums, tuple) else (argnums,)
    start = clock()
    variables = _variables(function, args, positions)
    with switched(recording=True):
        value = function(*variables)
    if not isinstance(value, Tensor) or value.size != 1:
        shape = np.shape(arrays_of(value))
        raise TypeError(
            f"grad: expected a function that returns a single number computed from its arguments, "
            f"got shape {shape}. Reduce it with .sum() or .mean(), or use tg.jacobian."
        )
    nested = _nested(args, value, start)
    inputs = [variables[p] for p in positions]
    found = gradients(value, inputs, np.ones(value.shape), create_graph=nested)
    slopes = tuple(_or_zeros(g, x, nested) for g, x in zip(found, inputs, strict=True))
    return (value if nested else value.item()), slopes if isinstance(argnums, tuple) else slopes[0]


def grad(function: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that returns the gradient of `function` with respect to `argnums`.

    >>> cubic = lambda x: x**3
    >>> float(grad(grad(cubic))(np.float64(2.0)))
    12.0
    """
    return lambda *args: _value_and_grad(function, argnums, args)[1]


def jacobian(function: Callable, argnums: int = 0) -> Callable:
    """A function that returns d function / d argument, of shape `out.shape + argument.shape`.

    One backward pass per element of the result.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """

    def evaluate(*args: Any) -> Any:
        start = clock()
        variables = _variables(function, args, (argnums,))
        x = variables[argnums]
        with switched(recording=True):
            y = function(*variables)
        if not isinstance(y, Tensor):
            raise TypeError(
                f"jacobian: expected a function that returns a Tensor, got {type(y).__name__}."
            )
        nested = _nested(args, y, start)
        with switched(recording=True):
            rows = []
            for basis in np.eye(y.size, dtype=y.dtype).reshape((y.size, *y.shape)):
                row = gradients(y, x, basis, create_graph=nested)
                rows.append(_or_zeros(row, x, nested))
            full = np.stack(rows) if rows else np.zeros((0, *x.shape), x.dtype)
            return full.reshape((*y.shape, *x.shape))

    return evaluate


def hessian(function: Callable, argnums: int = 0) -> Callable:
    """A function that returns the second derivatives, of shape `argument.shape * 2`.

    >>> hessian(lambda x: x[0] * x[0] * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(function, argnums), argnums)


def hvp(function: Callable) -> Callable:
    """A function `(x, v) -> H(x) v`: the Hessian times a vector without forming the Hessian.

    Costs about two gradients (Pearlmutter, 1994).

    >>> hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """

    def product(x: Any, v: Any) -> Any:
        if np.shape(arrays_of(x)) != np.shape(arrays_of(v)):
            raise ValueError(
                f"hvp: expected x and v of one shape, got {np.shape(arrays_of(x))} and "
                f"{np.shape(arrays_of(v))}."
            )
        slope = grad(function)
        return grad(lambda z: (slope(z) * v).sum())(x)

    return product


def through(text: Callable) -> Callable:
    """A rule for all arguments: differentiate `text`, the function in operations with rules.

    For a backward function that has a fast version: its derivative is seldom wanted, and taken
    through its text is right to any order. defvjp(function, together=through(text)).
    """

    def rule(g: Any, out: Any, *args: Any, **kwargs: Any) -> tuple:
        box = _tensor if any(isinstance(a, Tensor) for a in (*args, *g, g)) else None
        with switched(recording=True):
            inputs = [_own_variable(a, box) for a in args]
            outs = text(*inputs, **kwargs)
            pairs = zip(outs, g, strict=True) if isinstance(outs, tuple) else [(outs, g)]
            roots = [(y._edge, slope) for y, slope in pairs if y._edge is not None]
            nodes = [x._edge[0] if isinstance(x, Tensor) and x._edge else None for x in inputs]
            found = pull_back(roots, wanted={node for node in nodes if node}, box=box)
        return tuple(
            found.get(node, np.zeros_like(arrays_of(x))) if node else None
            for node, x in zip(nodes, inputs, strict=True)
        )

    return rule


def _own_variable(x: Any, box: Any) -> Any:
    """A variable that nothing else depends on: a leaf, or a tracked argument read once more."""
    if box is not None:
        return x[...] if isinstance(x, Tensor) else x
    floating = isinstance(x, np.ndarray) and x.dtype.kind in "fc"
    return _tensor(x, (Leaf(x), 0)) if floating else x


def _nested(args: tuple, y: Tensor, start: int) -> bool:
    """Whether the gradient of `y` shall be differentiable itself.

    So it is when an argument requires a gradient, or when `y` was also computed from something
    tracked that was there before the time `start`.
    """
    if not mode.get().recording:
        return False
    if any(isinstance(a, Tensor) and a.requires_grad for a in args):
        return True
    seen = set() if y._edge is None else {y._edge[0]}
    stack = list(seen)
    while stack:
        node = stack.pop()
        if node.order < start:
            return True
        for edge in node.edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return False


def _variables(function: Callable, args: tuple, positions: tuple) -> list:
    """The arguments with fresh variables at `positions`.

    A tracked argument is passed through an operation of its own: the derivative is taken with
    respect to this occurrence alone, not to others that `function` may see from outside.
    """
    if not callable(function):
        raise TypeError(f"expected a function to differentiate, got {type(function).__name__}.")
    variables = list(args)
    for p in positions:
        if not 0 <= p < len(args):
            raise ValueError(f"argnums: expected a position below {len(args)}, got {p}.")
        x = args[p]
        if isinstance(x, Tensor) and x.requires_grad:
            with switched(recording=True):
                variables[p] = x[...]
        else:
            x = arrays_of(x)
            x = float(x) if type(x) is int else x
            variables[p] = Tensor(x, requires_grad=True)
    return variables


def _or_zeros(g: Tensor | None, x: Tensor, nested: bool) -> Any:
    if g is None:
        g = Tensor(np.zeros(x.shape, x.dtype))
    return g if nested else np.array(g.data)
