"""The generative transformer: it reads ids from left to right and tells what comes next."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.functional.checks import as_array
from tinygrad_ml.generators import generator
from tinygrad_ml.nn import (
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Module,
    PositionalEmbedding,
    TransformerBlock,
)
from tinygrad_ml.nn.module import predicting
from tinygrad_ml.nn.sequences import small_normal

from .checks import positive_integer

Array = Any  # an ndarray or a Tensor


class GPT(Module):
    """Generative pre-trained transformer: logits of the next id at every place of a sequence.

    h = rows of the ids + rows of the places, h = block(h) for causal blocks, y = norm(h) W + b. A
    place sees itself and what stands before it, so one pass learns from all places: fit (ids,
    next_ids) with `cross_entropy`, where next_ids[:, t] = ids[:, t + 1].

    Parameters
    ----------
    vocabulary : number of different ids. length : of the longest sequence that it reads.
    size : features of every place. heads, layers : attention heads per block, and blocks.
    dropout : as for `TransformerBlock`, and behind the embeddings.
    rng : None, a seed or a Generator, for the weights and for dropout.
    dtype : of the parameters.

    Shapes: ids (n, t) of integers, t up to `length` -> logits (n, t, vocabulary).
    Source: A. Radford, K. Narasimhan, T. Salimans and I. Sutskever, Improving language
    understanding by generative pre-training, 2018; normalised before as in GPT-2, 2019.

    >>> model = GPT(vocabulary=5, length=8, size=16, heads=2, layers=1, rng=0)
    >>> model(np.array([[0, 1, 2]])).shape
    (1, 3, 5)
    >>> model.generate([0, 1, 2], count=4, rng=0).shape
    (7,)
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        size: int = 64,
        heads: int = 4,
        layers: int = 2,
        dropout: float = 0.0,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.vocabulary = positive_integer("GPT", "vocabulary", vocabulary)
        self.length = positive_integer("GPT", "length", length)
        layers = positive_integer("GPT", "layers", layers)
        rng = generator(rng, "GPT")
        self.embedding = Embedding(vocabulary, size, init=small_normal, rng=rng, dtype=dtype)
        self.positions = PositionalEmbedding(length, size, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng.integers(2**63))
        self.blocks = [
            TransformerBlock(size, heads, dropout=dropout, causal=True, rng=rng, dtype=dtype)
            for _ in range(layers)
        ]
        self.norm = LayerNorm(size, dtype=dtype)
        self.head = Dense(size, vocabulary, init=small_normal, rng=rng, dtype=dtype)

    def __call__(self, ids: Any) -> Array:
        ids = as_array("GPT", ids)
        shape = np.shape(ids)
        if len(shape) != 2 or not 0 < shape[1] <= self.length:
            advice = {
                1: "ids[None] makes a batch of one sequence.",
                2: "Cut longer sequences into pieces.",
                3: "x.argmax(axis=-1) makes ids of one-hot rows.",
            }.get(len(shape), "Number the characters or words of a text first.")
            raise ValueError(
                f"GPT: expected ids of shape (n, 1 to {self.length}), got {shape}. {advice}"
            )
        h = self.dropout(self.positions(self.embedding(ids)))
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))

    def generate(
        self, ids: Any, count: int, temperature: float = 1.0, rng: Any = None
    ) -> np.ndarray:
        """`ids`, (t,) or (n, t), and behind each of them `count` more that the model draws.

        The next id has the probabilities softmax(logits / temperature): below 1 the likely ones
        come more often, at 0 always the likeliest. The model reads the last `length` ids.
        `rng`: None, a seed or a Generator.
        """
        ids = np.asarray(as_array("generate", ids))
        if ids.ndim not in (1, 2) or ids.shape[-1] == 0 or ids.dtype.kind not in "iu":
            raise ValueError(
                f"generate: expected integer ids of shape (t,) or (n, t) with t > 0, got "
                f"{ids.shape} of {ids.dtype}. Number the characters of a text, and give at "
                "least one."
            )
        count = positive_integer("generate", "count", count)
        if not isinstance(temperature, (int, float, np.floating)) or not 0 <= temperature < np.inf:
            raise ValueError(
                f"generate: temperature must be a number of at least 0, got {temperature!r}."
            )
        rng = generator(rng, "generate")
        rows = np.atleast_2d(ids)
        with predicting(self):
            for _ in range(count):
                logits = self(rows[:, -self.length :]).data[:, -1]
                # The place of the largest logit + Gumbel noise is a draw from their softmax.
                drawn = (logits + temperature * rng.gumbel(size=logits.shape)).argmax(axis=-1)
                rows = np.concatenate([rows, drawn[:, None]], axis=1)
        return rows if ids.ndim == 2 else rows[0]

    def __repr__(self) -> str:
        size, heads = self.embedding.weight.shape[1], self.blocks[0].attention.heads
        return (
            f"GPT(vocabulary={self.vocabulary}, length={self.length}, size={size}, heads={heads}, "
            f"layers={len(self.blocks)})"
        )
