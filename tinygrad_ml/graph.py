"""The graph: what an operation leaves behind, and the walk that carries gradients back through it.

A node holds everything the backward pass needs and nothing else, so a graph is plain data: it can
be walked, drawn and run again, and it disappears as soon as nobody holds its end.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from . import anomaly, messages
from .table import RULES

clock = itertools.count(1).__next__  # stamps nodes and updates in place; atomic in CPython


class Node:
    """One recorded operation. Plain data: no closure and no Tensor, hence no reference cycle.

    `edges[k]` is `(node, i)` when argument k is result i of that node and wants a gradient, and
    None when it is a constant. `out` is an array, or a tuple for an operation with several
    results. A freed node has `args = None`.
    """

    __slots__ = ("args", "edges", "function", "grad", "keeps_grad", "kwargs", "order", "out",
                 "trace")  # fmt: skip
    written = 0  # a leaf overrides this: the time of its last update in place

    def __init__(self, function: Any, args: Any, kwargs: Any, edges: Any, out: Any) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.edges = edges
        self.out = out
        self.order = clock()
        self.grad: np.ndarray | None = None
        self.keeps_grad = False
        self.trace: anomaly.Trace | None = None

    def __repr__(self) -> str:
        return f"<Node {messages.name_of(self.function)}>"

    def receive(self, g: Any) -> None:
        """Add a gradient that has arrived to what is kept."""
        total = g if self.grad is None else self.grad + g
        total = total.view() if type(total) is np.ndarray else np.asarray(total)
        total.setflags(write=False)
        self.grad = total

    def forget(self, unread: tuple[int, ...]) -> None:
        """Keep no more than shape and dtype of what no rule reads."""
        for k in unread:
            if k == 0:
                self.out = Outline(self.out)
            elif k <= len(self.args) and isinstance(self.args[k - 1], np.ndarray):
                self.args[k - 1] = Outline(self.args[k - 1])

    def free(self) -> None:
        """Let go of the arrays and of the older nodes."""
        self.args = self.out = None
        self.edges = ()


class Outline:
    """What a node remembers of a large array that no rule will read."""

    __slots__ = ("dtype", "shape")

    def __init__(self, array: np.ndarray) -> None:
        self.shape, self.dtype = array.shape, array.dtype


class Leaf(Node):
    """Where gradients arrive: owns its array, and knows when it was written and last received."""

    __slots__ = ("array", "received", "written")

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(None, (), {}, (), None)
        self.array = array
        self.written = self.received = 0
        self.keeps_grad = True

    def receive(self, g: Any) -> None:
        """Refuse to mix gradients taken before and after an update in place."""
        if self.grad is not None and self.written > self.received:
            raise RuntimeError(messages.STALE_GRAD)
        Node.receive(self, g)
        self.received = clock()


class Mode(NamedTuple):
    """What the engine does besides computing; one context variable, so threads stay apart."""

    recording: bool = True
    anomaly: bool = False


mode: ContextVar[Mode] = ContextVar("mode", default=Mode())  # noqa: B039 (a tuple: immutable)


@contextmanager
def switched(**changes: bool) -> Iterator[None]:
    """Change the mode inside a `with` block (or a decorated function) of this thread."""
    token = mode.set(mode.get()._replace(**changes))
    try:
        yield
    finally:
        mode.reset(token)


def no_grad() -> Any:
    """Record nothing inside the block: for predictions, and for `p -= ...` on parameters.

    >>> import tinygrad_ml as tg
    >>> p = tg.Tensor(3.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     (p * p).requires_grad
    False
    """
    return switched(recording=False)


def detect_anomaly() -> Any:
    """Find where a NaN or inf was first made, and constants overwritten before backward.

    Inside the block every operation, forward and backward, is checked; the error names the
    operation and the line of your program. It costs a pass over every array, so use it to
    search, not to train.
    """
    return switched(anomaly=True)


# ------------------------------------------------------------------------------------ backward


def pull_back(
    roots: Sequence[tuple[tuple[Node, int], Any]],
    wanted: set[Node] | None = None,
    box: Callable | None = None,
    free: bool = False,
) -> dict[Node, Any]:
    """Carry gradients from `roots` (edge, gradient) back; the heart of reverse mode.

    A node is handled when everything younger is done, so its gradient is complete. Returns what
    arrived at every node of `wanted`, or, without it, at every node that keeps its gradient.
    The rules run on arrays, or, with `box`, on the Tensors that `box(array, edge)` makes of them:
    then their operations are recorded too, and what arrives can be differentiated again.
    """
    relevant = None if wanted is None else _leading_to(wanted, [edge[0] for edge, _ in roots])
    arrived: dict[Node, Any] = {}
    kept: dict[Node, Any] = {}
    queue: list[tuple[int, Node]] = []
    for edge, g in roots:
        if relevant is None or edge[0] in relevant:
            _send(edge, g, arrived, queue, kept)
    while queue:
        node = heapq.heappop(queue)[1]
        g = arrived.pop(node)
        if node.keeps_grad if wanted is None else node in wanted:
            kept[node] = g
        if relevant is not None and not any(e and e[0] in relevant for e in node.edges):
            continue
        if node.args is None:
            raise RuntimeError(messages.FREED.format(node=node))
        out, args, kwargs = node.out, node.args, node.kwargs
        if box is not None or type(out) is tuple:
            g, out, args = _operands(node, g, box)
        if node.trace is not None:
            anomaly.check_constants(node)
        rules = RULES[node.function].vjps
        for position, edge in enumerate(node.edges):
            if edge is None:
                continue
            if edge[0].written > node.order:
                raise RuntimeError(messages.stale(node, position))
            if relevant is not None:  # a walk to all leaves would come by the leaf of a view
                _check_view(node, position)
                if edge[0] not in relevant:
                    continue
            rule = rules[position]
            if rule is None:
                continue
            try:
                found = rule(g, out, *args, **kwargs)
            except Exception as error:
                error.add_note(f"(in the backward pass of {messages.name_of(node.function)})")
                raise
            array = node.args[position]
            try:
                fits = found.shape == array.shape and found.dtype is array.dtype
            except AttributeError:
                name = messages.name_of(node.function)
                raise TypeError(messages.RULE_RESULT.format(name=name, found=found)) from None
            if node.trace is not None:
                anomaly.check_backward(node, g, found)
            if not fits:
                found = _fitted(found, array, node)
            _send(edge, found, arrived, queue, kept)
        if free:
            node.free()
    return kept


def _send(
    edge: tuple[Node, int], g: Any, arrived: dict[Node, Any], queue: list, kept: dict[Node, Any]
) -> None:
    """Add `g` to what has arrived at result i of a node; the first arrival queues the node.

    At a leaf the way ends.
    """
    node, i = edge
    if node.function is None:
        kept[node] = kept[node] + g if node in kept else g
    elif type(node.out) is tuple:
        parts = arrived.get(node)
        if parts is None:
            parts = arrived[node] = [None] * len(node.out)
            heapq.heappush(queue, (-node.order, node))
        parts[i] = g if parts[i] is None else parts[i] + g
    elif node in arrived:
        arrived[node] = arrived[node] + g
    else:
        arrived[node] = g
        heapq.heappush(queue, (-node.order, node))


def _operands(node: Node, g: Any, box: Callable | None) -> tuple[Any, Any, Any]:
    """(g, out, args) as the rules read them: arrays, or Tensors that will be recorded."""
    out, args = node.out, node.args
    several = type(out) is tuple
    if several:  # a result that nobody used has the gradient 0
        g = tuple(np.zeros_like(o) if p is None else p for p, o in zip(g, out, strict=True))
    if box is not None:
        args = [a if e is None else box(a, e) for a, e in zip(args, node.edges, strict=True)]
        out = (
            tuple(box(o, (node, i)) for i, o in enumerate(out)) if several else box(out, (node, 0))
        )
    return g, out, args


def _fitted(found: Any, array: np.ndarray, node: Node) -> Any:
    """A gradient in the shape and dtype of its argument: the one place where they are mended."""
    if found.shape != array.shape:
        found = _summed_to(found, array.shape, node)
    if found.dtype != array.dtype:
        if found.dtype.kind == "c":
            raise TypeError(messages.COMPLEX.format(node=node))
        found = found.astype(array.dtype)
    return found


def _check_view(node: Node, position: int) -> None:
    """Raise when an argument is a view of a leaf that was updated after it was read."""
    base, edge = getattr(node.args[position], "base", None), node.edges[position]
    while base is not None and edge is not None:
        source, i = edge
        if isinstance(source, Leaf):
            if source.array is base and source.written > node.order:
                raise RuntimeError(messages.stale(node, position))
            return
        out = source.out[i] if type(source.out) is tuple else source.out
        if getattr(out, "base", None) is not base:
            return
        edge = source.edges[0]


def _summed_to(g: Any, shape: tuple[int, ...], node: Node) -> Any:
    """Undo broadcasting: sum over the axes along which the argument was repeated."""
    extra = g.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[extra:], strict=True)):
        raise ValueError(messages.wrong_rule_shape(node, g.shape, shape))
    axes = [i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1]
    return g.sum(axis=(*range(extra), *axes)).reshape(shape)


def _leading_to(wanted: set[Node], roots: list[Node]) -> set[Node]:
    """The nodes between `roots` and `wanted`: only they need a gradient."""
    oldest = min((node.order for node in wanted), default=0)
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(messages.FREED.format(node=node))
        for edge in node.edges:
            if edge is not None and edge[0] not in seen and edge[0].order >= oldest:
                seen.add(edge[0])
                stack.append(edge[0])
    relevant: set[Node] = set()
    for node in sorted(seen, key=lambda n: n.order):
        if node in wanted or any(e is not None and e[0] in relevant for e in node.edges):
            relevant.add(node)
    return relevant
