"""A Tensor is an array that remembers how it was computed.

Every operation on a tracked Tensor leaves a `Node`: the function, its argument arrays, its
keyword arguments and the nodes its arguments came from. That is all the backward pass needs. It
walks the nodes from the newest to the oldest - creation order *is* a topological order, so there
is no recursion - and at each one asks the function's rules for the gradient of every argument.

The engine knows no operation. Rules stand in a table keyed by the function object itself
(`np.matmul`, `np.tanh`, a `@primitive` of your own) and are filled in by `tinygrad_ml.rules`. A
rule sees `(g, out, *args, **kwargs)`. Given arrays it computes at NumPy's speed; given Tensors
the very same text is recorded, and gradients can be differentiated again.
"""

from __future__ import annotations

import functools
import inspect
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import anomaly, messages
from .array_methods import ArrayMethods
from .graph import Leaf, Node, clock, mode, pull_back
from .table import CONSTANTS, RULES, SPELLINGS, UNREAD, parameters_of, understood

LARGE = 1 << 14  # elements from which on forgetting what no rule reads is worth its time
_grad_lock = threading.Lock()  # two backward passes may add to one leaf

# ------------------------------------------------------------------------------------ recording


def primitive(function: Callable) -> Callable:
    """Make a function of arrays an operation that Tensors can pass through.

    It is called with arrays and must return fresh arrays (or a view, never the argument itself).
    Give it rules with `defvjp`. With arrays alone it runs as it stands.
    """

    @functools.wraps(function)
    def operation(*args: Any, **kwargs: Any) -> Any:
        if kwargs and any(isinstance(value, Tensor) for value in kwargs.values()):
            bound = inspect.signature(function).bind(*args, **kwargs)  # bias=b by position
            args, kwargs = bound.args, bound.kwargs
            if any(isinstance(value, Tensor) for value in kwargs.values()):
                raise TypeError(messages.METADATA.format(name=messages.name_of(function)))
        for arg in args:
            if isinstance(arg, Tensor):
                return apply(function, *args, **kwargs)
        return function(*args, **kwargs)

    operation.array_function = function  # type: ignore[attr-defined]
    return operation


def constant(function: Callable) -> Callable:
    """A function whose result carries no gradient: Tensors in, plain arrays out."""

    @functools.wraps(function)
    def unboxed(*args: Any, **kwargs: Any) -> Any:
        return function(*(arrays_of(a) for a in args), **kwargs)

    return unboxed


def arrays_of(value: Any) -> Any:
    """Replace every Tensor in a value (or in a tuple or list of values) by its array."""
    if isinstance(value, Tensor):
        return value._data
    if isinstance(value, (tuple, list)):
        return type(value)(arrays_of(v) for v in value)
    return value


def as_array(value: Any) -> Any:
    """Arrays and Tensors as they are, numbers and lists as an array."""
    return value if hasattr(value, "dtype") else np.asarray(value)


def apply(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Run `function` on the arrays behind `args` and record it when somebody wants a gradient.

    Without a Tensor among `args` this is a plain call: arrays in, arrays out.
    """
    arrays = []
    edges = []
    tracked = boxed = False
    for arg in args:
        if isinstance(arg, Tensor):
            boxed = True
            edge = arg._edge
            tracked = tracked or edge is not None
            edges.append(edge)
            arrays.append(arg._data)
        else:
            edges.append(None)
            if isinstance(arg, (list, tuple)) and function is not operator.getitem:
                arg = np.asarray(arg)
            arrays.append(arg)
    if not boxed:
        return function(*args, **kwargs)
    try:
        result = function(*arrays, **kwargs)
    except (TypeError, ValueError, IndexError) as error:
        raise messages.explain(error, function, arrays, kwargs) from error
    several = type(result) is tuple
    out: Any = tuple(map(_frozen, result)) if several else _frozen(result)
    recording, detecting = mode.get()
    if detecting:
        anomaly.check_forward(function, arrays, out)
    if not (tracked and recording):
        return tuple(_tensor(o, None) for o in out) if several else _tensor(out, None)
    node = Node(function, arrays, kwargs, edges, out)
    if detecting:
        node.trace = anomaly.trace(arrays, edges)
    elif function in UNREAD and (out[0] if several else out).size >= LARGE:
        node.forget(UNREAD[function])
    if several:
        return tuple(_tensor(o, (node, i)) for i, o in enumerate(out))
    tensor = _new(Tensor)
    tensor._data = out
    tensor._edge = node, 0
    return tensor


def _frozen(out: Any) -> np.ndarray:
    """A result nobody can write to; NumPy's scalars become 0-d arrays."""
    if type(out) is not np.ndarray:
        out = np.asarray(out)
    out.setflags(write=False)
    return out


def _tensor(data: np.ndarray, edge: tuple[Node, int] | None) -> Tensor:
    tensor = _new(Tensor)
    tensor._data = data
    tensor._edge = edge
    return tensor


def _dispatch(function: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A NumPy function met a Tensor: find its rules, or its spelling, or say that it has none."""
    spelling = SPELLINGS.get(function)
    if spelling is not None:
        return _spelled(function, spelling, args, kwargs)
    if function in CONSTANTS:
        return function(*arrays_of(tuple(args)), **{k: arrays_of(v) for k, v in kwargs.items()})
    rules = RULES.get(function)
    if rules is None:
        raise TypeError(messages.no_rule(function))
    args, kwargs = rules.named(tuple(args), kwargs)
    return apply(function, *args, **kwargs)


def _spelled(function: Any, spelling: Callable, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call what a NumPy function is made of; a mistake is reported as one in that function."""
    if kwargs:  # reading a signature takes longer than a small operation
        kwargs = understood(function, kwargs, parameters_of(spelling))
    try:
        return spelling(*args, **kwargs)
    except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        if messages.is_about(error, function):
            raise
        messages.check_call(function, spelling, args, kwargs)
        arrays, how = arrays_of(list(args)), {k: arrays_of(v) for k, v in kwargs.items()}
        try:
            function(*arrays, **how)
        except Exception as reason:
            raise messages.explain(reason, function, arrays, how) from error
        raise messages.explain(error, function, arrays, how) from error


# ------------------------------------------------------------------------------------ the Tensor


def _operator(ufunc: np.ufunc) -> tuple[Callable, Callable]:
    """`t + other` and `other + t`."""
    return (
        lambda self, other: apply(ufunc, self, other),
        lambda self, other: apply(ufunc, other, self),
    )


def _question(compare: Callable) -> Callable:
    """Comparisons answer with plain arrays."""
    return lambda self, other: compare(self._data, arrays_of(other))


def _in_place(ufunc: np.ufunc) -> Callable:
    """`p -= step`: in place on a leaf under `no_grad`; on a computed Tensor it makes a new one."""

    def update(self: Tensor, other: Any) -> Tensor:
        if self._leaf() is None:
            if isinstance(self, Parameter):
                raise RuntimeError(messages.FROZEN)
            return apply(ufunc, self, other)
        if mode.get().recording:
            raise RuntimeError(messages.IN_PLACE)
        step = arrays_of(other)
        if np.broadcast_shapes(np.shape(step), self.shape) != self.shape:
            raise ValueError(
                f"in-place {ufunc.__name__}: expected a value that fits shape {self.shape}, "
                f"got {np.shape(step)}."
            )
        array = self.writable()
        ufunc(array, step, out=array, casting="same_kind")
        return self

    return update


class Tensor(ArrayMethods):
    """An n-dimensional array that differentiates.

    Parameters
    ----------
    data : a number, nested lists or an array. Copied: what you do to it later has no effect.
        Python floats become float32; arrays keep their dtype.
    requires_grad : whether `backward()` shall leave a gradient in `.grad`.
    dtype : convert to this dtype.

    It speaks NumPy: operators, indexing, the methods of an array, and `np.f(tensor)`. Results are
    read-only. Functions without a gradient (comparisons, `argmax`, `sign`) answer with arrays.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w * w).sum()
    >>> loss.backward()
    >>> w.grad
    array([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_data", "_edge")
    _data: np.ndarray
    _edge: tuple[Node, int] | None
    __hash__ = object.__hash__

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        self._own(messages.as_numbers(data, dtype), requires_grad)

    def _own(self, array: np.ndarray, requires_grad: bool) -> None:
        """Become a leaf that owns `array`."""
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(
                f"Tensor: only floating-point values can require gradients, got {array.dtype}. "
                "Write 3.0 for 3, or pass dtype=np.float32."
            )
        self._data = array.view()
        self._data.setflags(write=False)
        self._edge = (Leaf(array), 0) if requires_grad else None

    # ---- what it is

    @property
    def data(self) -> np.ndarray:
        """The values, as a read-only array. Assigning replaces the array of a leaf."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        leaf = self._leaf()
        if leaf is None and self._edge is not None:
            raise RuntimeError("Tensor.data: only a leaf takes new data; this one was computed.")
        bare = not hasattr(value, "dtype") and self.dtype.kind == "f"  # Python's numbers
        array = messages.as_numbers(value, self.dtype if bare else None)
        if leaf is not None and array.dtype.kind != "f":
            array = array.astype(self.dtype)
        if array.shape != self.shape:
            raise ValueError(
                f"Tensor.data: expected an array of shape {self.shape}, got {array.shape}. "
                "Make a new Tensor for another shape."
            )
        grad = self.grad if array.dtype == self.dtype else None
        if leaf is None:
            self._own(array, False)
            return
        leaf.array, leaf.grad = array, grad
        self._data = array.view()
        self._data.setflags(write=False)

    @property
    def grad(self) -> np.ndarray | None:
        """The gradient that `backward()` calls have added up (read-only), or None."""
        return None if self._edge is None else self._edge[0].grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if self._edge is None:
            raise RuntimeError("Tensor.grad: this Tensor does not require a gradient.")
        if value is not None:
            value = np.array(arrays_of(value), dtype=self.dtype)
            if value.shape != self.shape:
                raise ValueError(f"Tensor.grad: expected shape {self.shape}, got {value.shape}.")
        node = self._edge[0]
        node.grad = None
        if value is not None:
            node.receive(value)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this Tensor. Set it to freeze or thaw a leaf."""
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if self._edge is not None and self._leaf() is None:
            raise RuntimeError("requires_grad: only a leaf can be changed; use t.detach().")
        if flag and self._edge is None:
            self._own(np.array(self._data, order="C"), True)
        elif not flag:
            self._edge = None

    @property
    def is_leaf(self) -> bool:
        """True when it was made, not computed from something that requires gradients."""
        return self._edge is None or self._leaf() is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size

    @property
    def nbytes(self) -> int:
        """The size of the elements in memory."""
        return self._data.nbytes

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements."""
        return self._data.dtype

    def _leaf(self) -> Leaf | None:
        node = None if self._edge is None else self._edge[0]
        return node if isinstance(node, Leaf) else None

    # ---- gradients

    def backward(self, grad: Any = None, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf) to `.grad` of every leaf this Tensor was computed from.

        `grad` is the gradient of the final result with respect to this Tensor, of its shape; a
        single number needs none. The graph is freed on the way unless `retain_graph`.
        """
        if self._edge is None:
            raise RuntimeError(messages.UNTRACKED)
        root = self._edge, messages.cotangent(arrays_of(grad), self._data)
        arrived = pull_back([root], free=not retain_graph)
        with _grad_lock:
            for node, g in arrived.items():
                # of several results, retain_grad() refuses all but a single one
                node.receive(g[0] if type(node.out) is tuple else g)

    def retain_grad(self) -> Tensor:
        """Keep `.grad` for this intermediate result too. Returns itself."""
        if self._edge is None:
            raise RuntimeError("retain_grad: this Tensor does not require a gradient.")
        if type(self._edge[0].out) is tuple:
            raise RuntimeError("retain_grad: one of several results; use tg.gradients for it.")
        self._edge[0].keeps_grad = True
        return self

    def detach(self) -> Tensor:
        """The same values as a constant: no gradient flows through it."""
        data = self._data if self._leaf() is None else np.array(self._data)  # a leaf may change
        return _tensor(_frozen(data), None)

    def writable(self) -> np.ndarray:
        """The array of a leaf itself, for an update in place (an optimizer's).

        What was recorded with the old values becomes stale: a backward pass through it raises.
        """
        leaf = self._leaf()
        if leaf is None:
            raise RuntimeError("writable: only a leaf that requires gradients is updated in place.")
        leaf.written = clock()
        return leaf.array

    # ---- NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise TypeError(messages.ufunc_method(ufunc, method))
        if kwargs:
            messages.check_keywords(ufunc, kwargs, ())
        if ufunc in RULES:
            return apply(ufunc, *inputs)
        return _dispatch(ufunc, inputs, {})

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        return _dispatch(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self._edge is not None:
            raise TypeError(messages.TRACKED_ARRAY)
        return np.array(self._data, dtype=dtype, copy=copy)

    # ---- operators

    __add__, __radd__ = _operator(np.add)
    __sub__, __rsub__ = _operator(np.subtract)
    __mul__, __rmul__ = _operator(np.multiply)
    __truediv__, __rtruediv__ = _operator(np.divide)
    __mod__, __rmod__ = _operator(np.remainder)
    __pow__, __rpow__ = _operator(np.power)
    __matmul__, __rmatmul__ = _operator(np.matmul)
    __iadd__ = _in_place(np.add)
    __isub__ = _in_place(np.subtract)
    __imul__ = _in_place(np.multiply)
    __itruediv__ = _in_place(np.divide)
    __ipow__ = _in_place(np.power)
    __eq__ = _question(operator.eq)
    __ne__ = _question(operator.ne)
    __lt__ = _question(operator.lt)
    __le__ = _question(operator.le)
    __gt__ = _question(operator.gt)
    __ge__ = _question(operator.ge)
    __floordiv__ = _question(operator.floordiv)
    __rfloordiv__ = _question(lambda array, other: other // array)

    def __neg__(self) -> Tensor:
        return apply(np.negative, self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return apply(np.absolute, self)

    def __getitem__(self, index: Any) -> Tensor:
        return apply(operator.getitem, self, arrays_of(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(messages.SET_ITEM)

    # ---- the methods of an array that most programs use all the time; the others are inherited

    def _call(self, function: Callable, *args: Any, **kwargs: Any) -> Any:
        return _dispatch(function, (self, *args), kwargs)

    def reshape(self, *shape: Any) -> Tensor:
        """The same values in another shape: `t.reshape(2, -1)` or `t.reshape((2, -1))`."""
        sizes = shape[0] if len(shape) == 1 else shape
        return apply(np.reshape, self, shape=sizes)

    def ravel(self) -> Tensor:
        """The same values along one axis."""
        return apply(np.reshape, self, shape=-1)

    flatten = ravel

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in another order; reversed without arguments."""
        order = axes[0] if len(axes) == 1 else axes or None
        return apply(np.transpose, self, axes=order)

    @property
    def T(self) -> Tensor:
        """Axes reversed."""
        return apply(np.transpose, self, axes=None)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged: a stack of matrices, each transposed."""
        return apply(np.matrix_transpose, self)

    def astype(self, dtype: Any) -> Tensor:
        """The same values in another dtype; a gradient returns in this one, through floats only."""
        if np.dtype(dtype).kind in "biu":
            return _tensor(_frozen(self._data.astype(dtype)), None)
        return apply(np.ndarray.astype, self, dtype=dtype)

    # ---- Python's protocols

    def item(self) -> Any:
        """The only value, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected a Tensor of one value, got shape {self.shape}.")
        return self._data.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a Tensor of a single number has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return value in self._data

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        name = type(self).__name__
        values = np.array2string(self._data, separator=", ", prefix=name + "(")
        details = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        if self._edge is not None:
            leaf = "requires_grad=True"
            origin = leaf if self.is_leaf else messages.name_of(self._edge[0].function)
            details += f", {origin}" if self.is_leaf else f", from={origin}"
        return f"{name}({values}{details})"

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise TypeError(messages.PICKLE)
        return _rebuild, (type(self), np.array(self._data), self.requires_grad, self.grad)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(messages.unknown_attribute(type(self).__name__, name))


_new = Tensor.__new__


def _rebuild(cls: type, array: np.ndarray, requires_grad: bool, grad: Any) -> Tensor:
    """Make a pickled or copied leaf again."""
    tensor: Tensor = _new(cls)
    tensor._own(array, requires_grad)
    if grad is not None:
        tensor.grad = grad
    return tensor


class Parameter(Tensor):
    """A Tensor that a model learns: it requires a gradient, and `Module` finds it by its type."""

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)
