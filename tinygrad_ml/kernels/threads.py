"""The parts of one kernel call, shared out among all cores.

NumPy's loops and the compiled ones release the GIL, so Python's own threads are enough. They wait
asleep for work; those of a BLAS library wait spinning and would take the cores from everybody else,
so while parts are worked on here, BLAS keeps to one thread. threadpoolctl does that (the extra
`fast` installs it); without it, or with one core, the parts run one after the other.

How a kernel is cut into parts depends on its arrays alone, never on the number of threads, which
therefore changes no bit of a result.
"""

import contextvars
import functools
import os
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_MOST = 8  # parts: enough for the cores of a laptop, few enough to cost little
_LIGHT = 1 << 20  # elements of simple work that are worth a thread of their own
_turn = threading.Condition(threading.Lock())
_jobs: queue.SimpleQueue = queue.SimpleQueue()
_waiting = 0  # threads that take jobs
_sharing = 0  # calls that keep BLAS at one thread now
_wide = 0  # calls that need all of BLAS's threads now
_before = 1  # the number of BLAS threads outside of them


def share(task, parts):
    """Call task(part) for every part, in any order and at the same time; returns when all are done.

    The first error of a part is raised here, after the others have ended.
    """
    parts = list(parts)
    blas = _blas()
    if blas is None:
        for part in parts:
            task(part)
        return
    _enter(blas)
    try:
        if len(parts) == 1:
            task(parts[0])
            return
        job = _Job(task, parts)
        for _ in range(min(_helpers(), len(parts) - 1)):
            _jobs.put(job)
        job.work()
        job.finish()
    finally:
        _leave(blas)


def share_vectors(loop, *vectors):
    """loop(*vectors) for vectors of one length, element by element; long ones in parts."""
    size = vectors[0].size
    if size < 2 * _LIGHT:
        loop(*vectors)
    else:
        share(lambda part: loop(*(v[part] for v in vectors)), slices(size, size, _LIGHT))


def slices(length, work, least=1 << 19, head=0):
    """`length` rows, of so much work in all, cut into parts of at least `least`.

    The first part is larger by about `head`, which the caller does while a helper wakes up.
    """
    parts = max(1, min(_MOST, length, work // least))
    first = length * head // (2 * work) if parts > 1 else 0
    ends = [first + (length - first) * i // parts for i in range(parts + 1)]
    return [slice(start, end) for start, end in zip([0, *ends[1:-1]], ends[1:], strict=True)]


def add_up(task, blocks):
    """The sum of task(blocks) over a few groups of neighbouring blocks, in the order of the blocks.

    Each group adds into an array of its own, so their number is kept small.
    """
    groups = slices(len(blocks), len(blocks), 2)
    if len(blocks) > 1 and len(groups) == 1:
        groups = [slice(0, 1), slice(1, None)]
    sums = [None] * len(groups)

    def add(i):
        sums[i] = task(blocks[groups[i]])

    share(add, range(len(groups)))
    return functools.reduce(lambda total, other: np.add(total, other, out=total), sums)


def alone(function, *arrays):
    """function(*arrays) with BLAS on one thread: it need not wake the others for little work."""
    blas = _blas()
    if blas is None:
        return function(*arrays)
    _enter(blas)
    try:
        return function(*arrays)
    finally:
        _leave(blas)


def wide(function, *arrays):
    """function(*arrays) with all of BLAS's own threads, which no call that shares work disturbs.

    Such calls wait for each other, so `function` must not share work itself.
    """
    global _wide
    if _blas() is None:
        return function(*arrays)
    with _turn:
        while _sharing:
            _turn.wait()
        _wide += 1
    try:
        return function(*arrays)
    finally:
        with _turn:
            _wide -= 1
            if not _wide:
                _turn.notify_all()


class _Job:
    """Parts to be done; whoever has time takes the next one."""

    def __init__(self, task, parts):
        self.task = task
        self.parts = parts
        self.context = contextvars.copy_context()  # np.errstate of the caller
        self.lock = threading.Lock()
        self.taken = self.busy = 0
        self.error = None
        self.last = None  # released by the last helper, once the caller waits for it

    def work(self):
        """Take part after part until none is left."""
        while True:
            with self.lock:
                if self.taken == len(self.parts) or self.error is not None:
                    return
                part = self.parts[self.taken]
                self.taken += 1
            try:
                self.task(part)
            except BaseException as error:
                self.error = error

    def help(self):
        """What a waiting thread does with a job; one that is finished by then leaves nothing."""
        with self.lock:
            if self.taken == len(self.parts):
                return
            self.busy += 1
        self.context.copy().run(self.work)
        with self.lock:
            self.busy -= 1
            if self.busy == 0 and self.last is not None:
                self.last.release()

    def finish(self):
        """Wait for the parts that helpers have taken."""
        with self.lock:
            if self.busy:
                self.last = threading.Lock()
                self.last.acquire()
        if self.last is not None:
            self.last.acquire()
        if self.error is not None:
            raise self.error


class _Blas(NamedTuple):
    """How many threads the BLAS library takes; process-wide, whichever thread asks."""

    get: Callable[[], int]
    set: Callable[[int], None]


@functools.cache
def _blas():
    """The BLAS library's numbers of threads, or None where there is nothing to share among.

    That is an OpenBLAS with threads of its own, as NumPy's wheels have it. threadpoolctl finds it;
    its own setter obeys one thread only.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    for library in ThreadpoolController().lib_controllers:
        if library.internal_api == "openblas" and library.threading_layer == "pthreads":
            blas = _Blas(
                *(
                    _symbol(library.dynlib, f"openblas_{verb}_num_threads")
                    for verb in ("get", "set")
                )
            )
            return blas if min(_cores(), blas.get()) > 1 else None
    return None


def _symbol(library, name):
    """A function of OpenBLAS, whatever the build puts before and behind its names."""
    spellings = (
        f"{before}{name}{behind}" for before in ("", "scipy_") for behind in ("", "64_", "_64")
    )
    return next(getattr(library, spelling) for spelling in spellings if hasattr(library, spelling))


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _enter(blas):
    """Begin a call that keeps BLAS at one thread; wait while another one needs more."""
    global _sharing, _before
    with _turn:
        while _wide:
            _turn.wait()
        _sharing += 1
        if _sharing == 1:
            _before = blas.get()
            blas.set(1)


def _leave(blas):
    global _sharing
    with _turn:
        _sharing -= 1
        if _sharing == 0:
            blas.set(_before)
            _turn.notify_all()


def _helpers():
    """How many threads may help a caller; they are started at the first call."""
    global _waiting
    wanted = min(_cores(), _before) - 1
    while _waiting < wanted:
        with _turn:
            _waiting += 1
        threading.Thread(target=_serve, name="tinygrad_ml", daemon=True).start()
    return wanted


def _serve():
    while True:
        _jobs.get().help()


def _forked():
    """A child process has none of its parent's threads."""
    global _turn, _jobs, _waiting, _sharing, _wide
    _turn, _jobs = threading.Condition(threading.Lock()), queue.SimpleQueue()
    _waiting = _sharing = _wide = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
