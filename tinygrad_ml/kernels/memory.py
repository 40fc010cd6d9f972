"""Memory for large results, taken over from earlier results that nobody holds any more.

A training step makes arrays of the same sizes again and again. Fresh ones come as pages that the
operating system clears at the first touch, which took a third of a convolutional network's step.
So they are placed in one arena, each in the first gap that is wide enough; pages that were never
reached cost nothing. A place is free as soon as the list of places alone refers to it, since every
array made on it, and every view of one, holds a reference.
"""

import math
import os
import sys
import threading

import numpy as np

SMALL = 1 << 16  # elements: smaller arrays come from memory that the process keeps anyway
_SIZE = 1 << 28  # bytes of the arena; what finds no place in it gets memory of its own
_ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector
_arena: np.ndarray | None = None
_places: list[tuple[int, int, np.ndarray]] = []  # (first byte, byte behind the last, its array)
_lock = threading.Lock()
_own = threading.local()  # one scratch block for each thread


def _unlock():
    """A child process has no thread that could still release its parent's lock."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def empty(shape, dtype):
    """np.empty(shape, dtype), on memory that was used before where there is some."""
    count = math.prod(shape)
    if count < SMALL:
        return np.empty(shape, dtype)
    with _lock:
        array = _placed(count, np.dtype(dtype))
    return np.empty(shape, dtype) if array is None else array.reshape(shape)


def _placed(count, dtype):
    """A vector in the first gap that is wide enough, or None."""
    global _arena
    if _arena is None:
        whole = np.empty(_SIZE + _ALIGNMENT, np.uint8)
        _arena = whole[-whole.ctypes.data % _ALIGNMENT :][:_SIZE]
    size = -(-count * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT
    start = at = 0
    while at < len(_places):
        if _references(_places, at) == _ALONE:
            del _places[at]
            continue
        first, behind, _ = _places[at]
        if first - start >= size:
            break
        start = behind
        at += 1
    if start + size > _SIZE:
        return None
    array = np.frombuffer(_arena.data, dtype, count, start)
    _places.insert(at, (start, start + size, array))
    return array


def _references(places, at):
    """The number of references to the array of a place, as seen from here."""
    return sys.getrefcount(places[at][2])


_ALONE = _references([(0, 0, np.empty(0))], 0)  # differs between Pythons


def scratch(size, dtype):
    """A vector to work in, until this thread asks for the next one; its contents are leftovers."""
    wanted = size * np.dtype(dtype).itemsize
    block = getattr(_own, "block", None)
    if block is None or block.nbytes < wanted:
        block = _own.block = np.empty(wanted, np.uint8)
    return block[:wanted].view(dtype)


def zeros(shape, dtype):
    """np.zeros(shape, dtype) on such memory."""
    out = empty(shape, dtype)
    out.fill(0)
    return out
