"""Batches: walk through arrays a slice at a time, in order or in a seeded random order.

The loader knows where it stands. Its state is the random generator as it was when the epoch began
and the number of batches handed out since, because that is all it takes to draw the same
permutation again and skip what has been seen: a training run can stop anywhere and go on bit for
bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..generators import generator, set_state


class DataLoader:
    """Iterate over arrays of equal length in batches; each `iter(loader)` is one epoch.

    Yields a tuple with one batch per array, in the order given; a loader of one array yields the
    batches themselves. A batch keeps its array's dtype and has shape (batch_size, ...); the last
    one of an epoch is shorter where the rows do not divide evenly.

    Without shuffling a batch is a view of the array (no copy; writing into it writes into the
    array). With shuffling it is one copy of the rows drawn. Memory maps are read as they are
    needed. `len(loader)` is the number of batches of an epoch.

    Args:
        *arrays: arrays, memory maps, or anything `np.asarray` understands; rows first.
        batch_size: rows per batch.
        shuffle: draw a new permutation of the rows for every epoch.
        rng: None (fresh entropy), a seed, or a `np.random.Generator`, which is then drawn from
            and not copied. Only shuffling uses it.
        drop_last: leave out the last batch of an epoch if it is shorter than the others.

    Raises:
        ValueError: no arrays, no rows, different lengths, a batch size below 1, or `drop_last`
            with fewer rows than a batch.
        TypeError: a batch size that is no integer, or an argument that is no array of rows.

    >>> loader = DataLoader(np.arange(5), np.arange(5) ** 2, batch_size=2)
    >>> len(loader)
    3
    >>> for x, y in loader:
    ...     print(x, y)
    [0 1] [0 1]
    [2 3] [4 9]
    [4] [16]
    """

    def __init__(
        self,
        *arrays: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        rng: int | np.random.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        self.arrays = tuple(_rows(array, place) for place, array in enumerate(arrays))
        self.batch_size = _checked_batch_size(batch_size)
        self.shuffle = bool(shuffle)
        self.drop_last = bool(drop_last)
        self.rng = generator(rng, "DataLoader")

        lengths = [len(array) for array in self.arrays]
        if not lengths:
            raise ValueError(
                "DataLoader: expected at least one array, got none; "
                "write DataLoader(X, y, batch_size=32)"
            )
        if len(set(lengths)) > 1:
            raise ValueError(
                f"DataLoader: expected arrays of one length, got lengths {lengths}; "
                "row i of every array must belong to sample i"
            )
        self.n_rows = lengths[0]
        if self.n_rows == 0:
            raise ValueError(
                "DataLoader: expected at least one row, got empty arrays; "
                "check the selection that made them"
            )
        if len(self) == 0:
            raise ValueError(
                f"DataLoader: expected at least one full batch because of drop_last=True, got "
                f"{self.n_rows} rows for batch_size={self.batch_size}; "
                "use a smaller batch_size or drop_last=False"
            )

        # The epoch under way, None between epochs. Its identity tells an abandoned iterator that
        # a newer one has taken over.
        self._epoch: _Epoch | None = None
        # Set by load_state_dict: the next iteration goes on with `_epoch` and draws no new one.
        self._resume = False

    def __len__(self) -> int:
        full, rest = divmod(self.n_rows, self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __repr__(self) -> str:
        shapes = ", ".join(f"{array.shape} {array.dtype}" for array in self.arrays)
        return (
            f"DataLoader({shapes}; batch_size={self.batch_size}, shuffle={self.shuffle}, "
            f"drop_last={self.drop_last}; {len(self)} batches)"
        )

    def __iter__(self) -> Iterator[Any]:
        """Begin an epoch, or go on with the loaded one. An epoch left midway is given up."""
        if self._epoch is None or not self._resume:
            self._epoch = self._begin()
        self._resume = False
        return self._batches(self._epoch)

    def _begin(self) -> _Epoch:
        if not self.shuffle:
            return _Epoch(None, None)
        start = self.rng.bit_generator.state
        return _Epoch(start, self.rng.permutation(self.n_rows))

    def _batches(self, epoch: _Epoch) -> Iterator[Any]:
        for number in range(epoch.position, len(self)):
            place = slice(number * self.batch_size, (number + 1) * self.batch_size)
            if epoch.order is None:
                batch = tuple(array[place] for array in self.arrays)
            else:
                rows = epoch.order[place]
                batch = tuple(np.take(array, rows, axis=0) for array in self.arrays)
            # Counted before it is handed out: whoever holds the batch finds it in the state.
            epoch.position = number + 1
            yield batch if len(batch) > 1 else batch[0]
        if self._epoch is epoch:
            self._epoch = None

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, as plain numbers, strings, lists and dicts (JSON can hold it).

        Batches count as seen when they are handed out: saved inside the loop, the batch at hand
        is done. After the last batch, and before the loop has noticed that it was the last,
        nothing remains and the next iteration is empty; after the loop a new epoch is next.

        >>> loader = DataLoader(np.arange(8), batch_size=2, shuffle=True, rng=0)
        >>> epoch = iter(loader)
        >>> next(epoch), next(epoch)
        (array([2, 4]), array([3, 6]))
        >>> other = DataLoader(np.arange(8), batch_size=2, shuffle=True)
        >>> other.load_state_dict(loader.state_dict())
        >>> list(other)
        [array([5, 0]), array([1, 7])]
        """
        epoch = self._epoch
        return {
            "n_rows": self.n_rows,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "in_epoch": epoch is not None,
            "position": 0 if epoch is None else epoch.position,
            # Where the epoch's permutation was drawn, and where the generator stands now. They
            # differ by more than the permutation if someone else draws from it, too.
            "epoch_start": None if epoch is None else _plain(epoch.start),
            "generator": _plain(self.rng.bit_generator.state) if self.shuffle else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go where `state_dict` was taken: the next iteration yields the rest of that epoch.

        The loader must have been made with the same number of rows and the same settings. Its
        generator is set to the saved state.

        Raises:
            ValueError: the state belongs to other data, other settings or another kind of
                generator.
        """
        for name in ("n_rows", "batch_size", "shuffle", "drop_last"):
            if _entry(state, name) != getattr(self, name):
                raise ValueError(
                    f"DataLoader: the state expects {name}={state[name]}, this loader has "
                    f"{name}={getattr(self, name)}; make the loader as it was when it was saved"
                )
        position, in_epoch = _entry(state, "position"), _entry(state, "in_epoch")
        if type(position) is not int or not 0 <= position <= len(self):
            raise ValueError(
                f"DataLoader: expected a position of 0 to {len(self)} batches, got "
                f"{position!r}; load a state that state_dict returned"
            )
        start, now = _entry(state, "epoch_start"), _entry(state, "generator")
        drawn = in_epoch and self.shuffle
        if (start is not None, now is not None, in_epoch) != (drawn, self.shuffle, bool(in_epoch)):
            raise ValueError(
                "DataLoader: expected a state with in_epoch=True or False, and generators only "
                f"where it shuffles, got in_epoch={in_epoch!r}; load a state that state_dict "
                "returned"
            )
        epoch = _Epoch(None, None, position) if in_epoch else None
        if self.shuffle:
            if in_epoch:
                start = _arrays(start)
                again = np.random.Generator(type(self.rng.bit_generator)(0))
                set_state(again, start, "DataLoader")
                epoch = _Epoch(start, again.permutation(self.n_rows), position)
            set_state(self.rng, _arrays(now), "DataLoader")
        self._epoch = epoch
        self._resume = epoch is not None


class _Epoch:
    """One walk through the rows: the generator at its start, the order drawn, batches given."""

    def __init__(self, start: Any, order: np.ndarray | None, position: int = 0) -> None:
        self.start = start
        self.order = order
        self.position = position


def _rows(array: Any, place: int) -> np.ndarray:
    # np.asarray makes a plain view of a memory map and copies nothing.
    rows = np.asarray(array)
    if rows.ndim == 0:
        raise TypeError(
            f"DataLoader: expected arrays with one row per sample, got {type(array).__name__} as "
            f"argument {place}; pass arrays of at least one dimension, a data set as "
            "DataLoader(*load_iris())"
        )
    return rows


def _checked_batch_size(batch_size: Any) -> int:
    if isinstance(batch_size, (bool, np.bool)) or not isinstance(batch_size, (int, np.integer)):
        raise TypeError(
            f"DataLoader: batch_size must be a positive integer, got {batch_size!r}; "
            "write for example batch_size=32"
        )
    if batch_size < 1:
        raise ValueError(
            f"DataLoader: batch_size must be a positive integer, got {batch_size}; "
            "write for example batch_size=32"
        )
    return int(batch_size)


def _entry(state: Any, name: str) -> Any:
    if not isinstance(state, dict) or name not in state:
        raise ValueError(
            f"DataLoader: expected a state with {name!r}, it is missing; "
            "load what state_dict returned"
        )
    return state[name]


def _plain(state: Any) -> Any:
    """A generator's state with arrays as lists, which JSON can hold."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    if isinstance(state, np.ndarray):
        return state.tolist()
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    """The inverse of `_plain`: lists become the unsigned arrays that bit generators ask for."""
    if isinstance(state, dict):
        return {name: _arrays(value) for name, value in state.items()}
    if not isinstance(state, list):
        return state
    try:
        return np.array(state, dtype=np.uint64)
    except (ValueError, TypeError, OverflowError):
        return state  # no state of a generator, which `set_state` will say
