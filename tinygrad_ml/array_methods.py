"""The methods that a Tensor shares with an array: `t.sum(axis=0)` is `np.sum(t, axis=0)`.

A gradient flows through those that answer with a Tensor; questions answer with plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor


class ArrayMethods:
    """The part of a Tensor that needs no engine: every method names the function it stands for."""

    __slots__ = ()
    if TYPE_CHECKING:
        _data: np.ndarray
        _call: Callable[..., Any]  # _call(function, *args, **kwargs): `function` of this Tensor

    # ---- reductions

    def sum(self, axis: Any = None, keepdims: bool = False, **other: Any) -> Tensor:
        """Sum over `axis` (None: all; an int or a tuple)."""
        return self._call(np.sum, axis=axis, keepdims=keepdims, **other)

    def mean(self, axis: Any = None, keepdims: bool = False, **other: Any) -> Tensor:
        """Mean over `axis`."""
        return self._call(np.mean, axis=axis, keepdims=keepdims, **other)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, **other: Any) -> Tensor:
        """Variance over `axis`, divided by n - ddof."""
        return self._call(np.var, axis=axis, ddof=ddof, keepdims=keepdims, **other)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, **other: Any) -> Tensor:
        """Standard deviation over `axis`."""
        return self._call(np.std, axis=axis, ddof=ddof, keepdims=keepdims, **other)

    def max(self, axis: Any = None, keepdims: bool = False, **other: Any) -> Tensor:
        """Largest value over `axis`; ties share the gradient evenly."""
        return self._call(np.max, axis=axis, keepdims=keepdims, **other)

    def min(self, axis: Any = None, keepdims: bool = False, **other: Any) -> Tensor:
        """Smallest value over `axis`; ties share the gradient evenly."""
        return self._call(np.min, axis=axis, keepdims=keepdims, **other)

    def prod(self, axis: Any = None, keepdims: bool = False, **other: Any) -> Tensor:
        """Product over `axis`; its gradient is exact for zeros too."""
        return self._call(np.prod, axis=axis, keepdims=keepdims, **other)

    def cumsum(self, axis: int | None = None, **other: Any) -> Tensor:
        """Running sum along `axis` (None: of the flattened values)."""
        return self._call(np.cumsum, axis=axis, **other)

    def cumprod(self, axis: int | None = None, **other: Any) -> Tensor:
        """Running product along `axis` (None: of the flattened values)."""
        return self._call(np.cumprod, axis=axis, **other)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, **other: Any) -> Tensor:
        """Sum along a diagonal."""
        return self._call(np.trace, offset, axis1, axis2, **other)

    # ---- values chosen, limited and moved

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """Limit the values to [min, max]; the bounds may be Tensors."""
        return self._call(np.clip, min, max)

    def take(self, indices: Any, axis: int | None = None, **other: Any) -> Tensor:
        """The elements at `indices` along `axis` (None: of the flattened values)."""
        return self._call(np.take, indices, axis=axis, **other)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The diagonal of the two axes, as the last axis of the result."""
        return self._call(np.diagonal, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """Every element `repeats` times in a row (np.tile repeats the whole)."""
        return self._call(np.repeat, repeats, axis=axis)

    def squeeze(self, axis: Any = None, **other: Any) -> Tensor:
        """Without the axes of length 1 (or those named)."""
        return self._call(np.squeeze, axis=axis, **other)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return self._call(np.swapaxes, axis1, axis2)

    def copy(self) -> Tensor:
        """The same values in memory of their own; the gradient flows through."""
        return self._call(np.copy)

    # ---- questions: plain values, no gradient

    def argmax(self, axis: int | None = None, **other: Any) -> Any:
        """Index of the largest value."""
        return self._call(np.argmax, axis=axis, **other)

    def argmin(self, axis: int | None = None, **other: Any) -> Any:
        """Index of the smallest value."""
        return self._call(np.argmin, axis=axis, **other)

    def argsort(self, axis: int | None = -1, **other: Any) -> Any:
        """The indices that sort `axis`."""
        return self._call(np.argsort, axis=axis, **other)

    def all(self, axis: Any = None, **other: Any) -> Any:
        """Whether all values are different from 0."""
        return self._call(np.all, axis=axis, **other)

    def any(self, axis: Any = None, **other: Any) -> Any:
        """Whether some value is different from 0."""
        return self._call(np.any, axis=axis, **other)

    def nonzero(self) -> Any:
        """The indices of the values that are not 0, an array per axis."""
        return self._call(np.nonzero)

    def round(self, decimals: int = 0) -> Any:
        """Rounded values: piecewise constant, so there is no gradient to carry."""
        return self._call(np.round, decimals)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._data.tolist()
