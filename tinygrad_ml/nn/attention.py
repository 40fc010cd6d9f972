"""Attention as layers: several heads that read side by side, and the block of a transformer."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..generators import generator
from .arguments import count
from .layers import Dense, Dropout
from .module import Module
from .sequences import LayerNorm

Array = Any  # an ndarray or a Tensor


class MultiHeadAttention(Module):
    """Every place of x reads from all places of x, or of a context, in several ways at once.

    query, key, value = x W + b side by side, each cut into heads of size / heads features;
    y = the heads' `scaled_dot_product_attention`, side by side, times another matrix.

    Parameters
    ----------
    size, heads : numbers of features and of heads, which divides it.
    bias : whether to add the b. dropout : rate at which weights are dropped in training.
    rng : None, a seed or a Generator. dtype : of the parameters.

    Shapes: x (n, length, size), context (n, places, size) -> (n, length, size); `inner.weight` is
    (size, 3 size). Source: Vaswani et al. (2017).
    """

    def __init__(
        self,
        size: int,
        heads: int,
        bias: bool = True,
        dropout: float = 0.0,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        owner = "MultiHeadAttention"
        self.heads = count(owner, "heads", heads)
        if count(owner, "size", size) % self.heads:
            raise ValueError(
                f"{owner}: expected a number of heads that divides size {size}, got {heads}. "
                "Every head has size / heads features."
            )
        rng = generator(rng, owner)
        self.inner = Dense(size, 3 * size, bias, rng=rng, dtype=dtype)
        self.outer = Dense(size, size, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng.spawn(1)[0])  # its own: saved layers share none

    def __call__(
        self, x: Array, context: Array = None, mask: Array = None, causal: bool = False
    ) -> Array:
        """The result for x, reading from `context` (None: from x itself).

        `mask`, of bool (True: may attend) or of numbers to add, is (length, places), or
        (n, length, places) where samples differ, with 1 for an axis that does not matter: lengths
        as a mask are (np.arange(places) < lengths[:, None])[:, None]. `causal` hides the future.
        """
        self._check(x, "x")
        if context is not None:
            self._check(context, "context")
        query, key, value = (self._cut(part) for part in self._projected(x, context))
        if mask is not None and np.ndim(mask) == 3:
            mask = np.expand_dims(mask, 1)  # the same for all heads
        rate = self.dropout.rate if self.training else 0.0
        read = F.scaled_dot_product_attention(
            query, key, value, mask, causal, rate, self.dropout.rng
        )
        return self.outer(read.transpose(0, 2, 1, 3).reshape(np.shape(x)))

    def _check(self, x: Array, name: str) -> None:
        size = self.outer.weight.shape[0]
        shape = np.shape(x)
        if len(shape) != 3 or shape[2] != size:
            hint = "x[None] is a batch of one sequence." if shape[1:] == (size,) else (
                "Features are the last axis.")  # fmt: skip
            raise ValueError(
                f"MultiHeadAttention: expected {name} of shape (n, length, {size}), got {shape}. "
                f"{hint}"
            )

    def _projected(self, x: Array, context: Array) -> list[Array]:
        if context is None:
            return np.split(self.inner(x), 3, axis=-1)
        size = x.shape[-1]
        w, b = self.inner.weight, self.inner.bias
        parts = [slice(None, size), slice(size, None)]
        query, rest = (
            F.linear(source, w[:, part], b if b is None else b[part])
            for source, part in zip((x, context), parts, strict=True)
        )
        return [query, *np.split(rest, 2, axis=-1)]

    def _cut(self, x: Array) -> Array:
        """(n, length, size) -> (n, heads, length, size / heads)."""
        n, length, size = x.shape
        return x.reshape(n, length, self.heads, size // self.heads).transpose(0, 2, 1, 3)

    def __repr__(self) -> str:
        return f"MultiHeadAttention({self.outer.weight.shape[0]}, heads={self.heads})"


class TransformerBlock(Module):
    """x + attention(norm(x)), then x + mlp(norm(x)), mlp(x) = gelu(x W1 + b1) W2 + b2.

    Normalising before, not after, keeps a straight way from end to end of a stack of blocks.

    Parameters
    ----------
    size, heads : as for `MultiHeadAttention`. hidden : units of the mlp, 4 size if None.
    dropout : rate for attention weights and for both results before they are added.
    causal : whether a place sees only itself and the past.

    Shapes: (n, length, size) -> (n, length, size).
    Source: Vaswani et al. (2017); normalised before as in Xiong et al. (2020).
    """

    def __init__(
        self,
        size: int,
        heads: int,
        hidden: int | None = None,
        dropout: float = 0.0,
        causal: bool = False,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        rng = generator(rng, "TransformerBlock")
        width = 4 * size if hidden is None else count("TransformerBlock", "hidden", hidden)
        self.norm1 = LayerNorm(size, dtype=dtype)
        self.attention = MultiHeadAttention(size, heads, dropout=dropout, rng=rng, dtype=dtype)
        self.norm2 = LayerNorm(size, dtype=dtype)
        self.expand = Dense(size, width, rng=rng, dtype=dtype)
        self.contract = Dense(width, size, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng.spawn(1)[0])  # its own: saved layers share none
        self.causal = bool(causal)

    def __call__(self, x: Array, mask: Array = None) -> Array:
        """The block's result; `mask` as for `MultiHeadAttention`."""
        x = x + self.dropout(self.attention(self.norm1(x), mask=mask, causal=self.causal))
        return x + self.dropout(self.contract(F.gelu(self.expand(self.norm2(x)))))

    def __repr__(self) -> str:
        size, width = self.expand.weight.shape
        causal = ", causal=True" if self.causal else ""
        return f"TransformerBlock({size}, heads={self.attention.heads}, hidden={width}{causal})"
