"""Reused memory: taken over when nobody holds it, and never a moment earlier."""

import gc
import threading

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.kernels import memory

SHAPE = (512, 257)  # above memory.SMALL, and a size that nothing else in the suite uses


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def fresh_arena(monkeypatch):
    monkeypatch.setattr(memory, "_arena", None)
    monkeypatch.setattr(memory, "_places", [])


def test_memory_is_taken_over_once_the_result_is_gone():
    first = memory.empty(SHAPE, np.float32)
    place = address(first)
    del first
    second = memory.empty(SHAPE, np.float32)
    assert address(second) == place
    assert second.shape == SHAPE
    assert second.dtype == np.float32
    assert second.flags.c_contiguous
    assert second.flags.writeable


HOLDERS = {
    "itself": lambda a: a,
    "a slice": lambda a: a[3:5, ::2],
    "a transpose": lambda a: a.T,
    "another dtype": lambda a: a.view(np.int32),
    "its base": lambda a: a.base,
    "a memoryview": memoryview,
    "an iterator": lambda a: iter(a),
    "a read-only view": lambda a: np.broadcast_to(a, (2, *a.shape)),
    "a Tensor": lambda a: tg.tensor._tensor(a, None),
    "a closure": lambda a: lambda: a,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_memory_stays_with_whoever_holds_any_part_of_it(holder):
    array = memory.empty(SHAPE, np.float32)
    array.fill(7)
    place = address(array)
    held = HOLDERS[holder](array)
    del array
    other = memory.empty(SHAPE, np.float32)
    assert address(other) != place
    other.fill(0)
    del held, other
    gc.collect()
    places = {address(memory.empty(SHAPE, np.float32)) for _ in range(3)}
    assert len(places) == 1  # and comes back afterwards


def test_results_of_a_graph_keep_their_memory_until_the_graph_goes():
    x = tg.Tensor(np.ones(SHAPE, np.float32), requires_grad=True)
    y = tg.functional.relu(x)
    kept = y.data
    place = address(kept)
    z = (y * y).sum()
    del y
    assert address(memory.empty(SHAPE, np.float32)) != place
    z.backward()
    np.testing.assert_array_equal(kept, 1)
    np.testing.assert_array_equal(x.grad, 2)


def test_small_arrays_are_numpys_own():
    array = memory.empty((10, 10), np.float64)
    assert array.base is None
    assert not memory._places


def test_what_finds_no_place_has_memory_of_its_own(monkeypatch):
    size = SHAPE[0] * SHAPE[1] * 4
    monkeypatch.setattr(memory, "_SIZE", 3 * size + 64)
    held = [memory.empty(SHAPE, np.float32) for _ in range(5)]
    assert len({address(a) for a in held}) == 5
    assert len(memory._places) == 3
    del held
    other = memory.empty((SHAPE[0] + 1, SHAPE[1]), np.float32)
    assert len(memory._places) == 1 and address(other) == address(memory._arena)


def test_the_first_gap_that_is_wide_enough_is_taken_and_gaps_join():
    held = [memory.empty(SHAPE, np.float32) for _ in range(5)]
    places = [address(a) for a in held]
    assert places == sorted(places)
    held[1] = held[2] = None
    wide = memory.empty((2 * SHAPE[0], SHAPE[1]), np.float32)
    assert address(wide) == places[1]
    held[0] = None
    assert address(memory.empty(SHAPE, np.float32)) == places[0]


def test_arrays_never_overlap_and_are_aligned():
    rng = np.random.default_rng(0)
    held: dict = {}
    for step in range(400):
        held.pop(int(rng.integers(12)), None)
        count = int(rng.integers(memory.SMALL, 5 * memory.SMALL))
        dtype = (np.float32, np.float64, np.uint8)[rng.integers(3)]
        array = memory.empty((count,), dtype)
        assert address(array) % 64 == 0 and array.size == count
        array.fill(step % 251)
        held[int(rng.integers(12))] = array, step % 251
        assert all((a == value).all() for a, value in held.values())


def test_threads_never_share_a_block():
    wrong = []

    def work(number):
        for _ in range(200):
            array = memory.empty(SHAPE, np.float32)
            array.fill(number)
            if not (array == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_zeros_are_zero_on_used_memory():
    memory.empty(SHAPE, np.float32).fill(5)
    assert not memory.zeros(SHAPE, np.float32).any()


def test_scratch_belongs_to_its_thread():
    mine = memory.scratch(1000, np.float32)
    places = [address(mine)]
    thread = threading.Thread(target=lambda: places.append(address(memory.scratch(10, np.float32))))
    thread.start()
    thread.join()
    assert places[0] != places[1]
    assert address(memory.scratch(500, np.float64)) == places[0]  # the same bytes again
