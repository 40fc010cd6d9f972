"""Memory for large results, taken over from earlier results that nobody holds any more.

A training step makes arrays of the same sizes again and again. Fresh ones come as pages that the
operating system clears at the first touch, which took a third of a convolutional network's step.
So a large block, once made, stays in a list; it is free as soon as the list alone refers to it,
since every array made on it, and every view of one, holds a reference.
"""

import math
import os
import sys
import threading

import numpy as np

SMALL = 1 << 16  # elements: smaller arrays come from memory that the process keeps anyway
_MOST = 1 << 28  # bytes that are kept at most
_blocks: dict[int, list[np.ndarray]] = {}  # size in bytes -> blocks of that size
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
    size = count * np.dtype(dtype).itemsize
    with _lock:
        block = _free(_blocks.get(size, []))
        if block is None:
            block = np.empty(size, np.uint8)
            _keep(block)
        return block.view(dtype).reshape(shape)


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


def _references(blocks):
    """Each block with the number of references to it, as seen from here."""
    for block in blocks:
        yield block, sys.getrefcount(block)


_ALONE = next(count for _, count in _references([np.empty(0)]))  # differs between Pythons


def _free(blocks):
    """A block that nothing outside its list refers to, or None."""
    return next((block for block, count in _references(blocks) if count == _ALONE), None)


def _keep(block):
    """Enter a block into its list; where that is too much, first let go of what is free."""
    kept = sum(size * len(blocks) for size, blocks in _blocks.items())
    if kept + block.nbytes > _MOST:
        for blocks in _blocks.values():
            while (idle := _free(blocks)) is not None:
                blocks[:] = [other for other in blocks if other is not idle]
        kept = sum(size * len(blocks) for size, blocks in _blocks.items())
    if kept + block.nbytes <= _MOST:
        _blocks.setdefault(block.nbytes, []).append(block)
