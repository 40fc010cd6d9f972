"""Parts of a kernel call on all cores: every part once, the same bits, and nothing left behind."""

import multiprocessing
import threading
import time

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.kernels import threads

KERNELS = {
    "im2col": lambda x, g, w: kernels.conv2d(x, w, None, stride=(2, 2), padding=((1, 1), (1, 1))),
    "winograd": lambda x, g, w: kernels.conv2d(x, w, None, stride=(1, 1), padding=((1, 1), (1, 1))),
    "weights": lambda x, g, w: kernels.conv2d_weight(
        x, g, shape=w.shape, stride=(1, 1), padding=((1, 1), (1, 1))
    ),
    "columns back": lambda x, g, w: kernels.conv2d_input(
        g, w, shape=x.shape, stride=(1, 1), padding=((0, 2), (0, 2))
    ),
    "pool": lambda x, g, w: kernels.max_pool2d(
        x, size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))
    )[0],
    "relu": lambda x, g, w: kernels.relu(x),
    "sum of rows": lambda x, g, w: kernels.sum_rows(x.reshape(-1, x.shape[3])),
    "product by rows": lambda x, g, w: kernels.product(
        x.reshape(-1, 640), x.reshape(640, -1)[:, :500]
    ),
    "product by columns": lambda x, g, w: kernels.product(
        x.reshape(640, -1).T[:300], x.reshape(640, -1)
    ),
}


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    shapes = (40, 16, 16, 32), (40, 16, 16, 32), (3, 3, 32, 32)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("kernel", KERNELS)
def test_results_do_not_depend_on_the_number_of_threads(kernel, arrays, monkeypatch):
    found = []
    for helpers in (0, 1, 3):
        monkeypatch.setattr(threads, "_helpers", lambda count=helpers: _start(count))
        found.append(KERNELS[kernel](*arrays))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def _start(count):
    while threads._waiting < count:
        threads._waiting += 1
        threading.Thread(target=threads._serve, daemon=True).start()
    return count


def test_every_part_is_done_once_and_shared():
    done, workers = [], set()

    def task(part):
        time.sleep(0.002)
        done.append(part)
        workers.add(threading.get_ident())

    threads.share(task, range(20))
    assert sorted(done) == list(range(20))
    expected = 1 if threads._blas() is None else 2
    assert len(workers) >= expected


def test_the_error_of_a_part_is_raised_and_nothing_stays_behind():
    blas = threads._blas()
    before = blas.get() if blas else None

    def task(part):
        if part == 3:
            raise ValueError("part 3")

    for _ in range(3):
        with pytest.raises(ValueError, match="part 3"):
            threads.share(task, range(8))
    assert threads._sharing == 0
    assert (blas.get() if blas else None) == before


def test_blas_keeps_to_one_thread_inside():
    blas = threads._blas()
    if blas is None:
        return
    seen = []
    threads.share(lambda part: seen.append(blas.get()), range(4))
    threads.alone(lambda: seen.append(blas.get()))
    assert set(seen) == {1} and blas.get() > 1


def test_wide_calls_have_all_threads_and_sharing_ones_one():
    """Both kinds at once, from many callers: each finds BLAS as it needs it."""
    blas = threads._blas()
    if blas is None:
        return
    most, seen = blas.get(), set()

    def call(number):
        for _ in range(100):
            if number % 2:
                threads.wide(lambda: seen.add(("wide", blas.get())))
            else:
                threads.share(lambda part: seen.add(("shared", blas.get())), range(3))

    callers = [threading.Thread(target=call, args=(n,)) for n in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert seen == {("wide", most), ("shared", 1)} and blas.get() == most


def test_parts_may_share_in_turn():
    total = []
    threads.share(lambda i: threads.share(lambda j: total.append((i, j)), range(3)), range(4))
    assert sorted(total) == [(i, j) for i in range(4) for j in range(3)]


def test_many_callers_at_once():
    sums = {}

    def call(number):
        for _ in range(50):
            parts = [None] * 6

            def task(i, parts=parts):
                parts[i] = number * i

            threads.share(task, range(6))
            assert parts == [number * i for i in range(6)]
        sums[number] = True

    callers = [threading.Thread(target=call, args=(n,)) for n in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(sums) == 8


def test_helpers_work_under_the_callers_errstate():
    def task(part):
        time.sleep(0.002)
        np.ones(3) / np.zeros(3)

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.share(task, range(4))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_helpers_of_its_own():
    if "fork" not in multiprocessing.get_all_start_methods():
        return
    threads.share(lambda part: None, range(4))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_sum_in_parts, (100,)) == 4950


def _sum_in_parts(n):
    return threads.add_up(lambda parts: np.array([sum(parts)]), list(range(n))).item()


@pytest.mark.parametrize("length", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("work", [1, 1000, 10**6, 10**9])
@pytest.mark.parametrize("head", [0, 1 << 21])
def test_slices_cover_everything_once(length, work, head):
    parts = threads.slices(length, work, 1 << 17, head)
    assert [i for part in parts for i in range(length)[part]] == list(range(length))
    assert 1 <= len(parts) <= max(1, min(8, length))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 40])
def test_add_up(count):
    blocks = [slice(i, i + 1) for i in range(count)]
    x = np.arange(100.0)
    total = threads.add_up(lambda some: np.zeros(1) + sum(x[b].sum() for b in some), blocks)
    assert total == x[:count].sum()
