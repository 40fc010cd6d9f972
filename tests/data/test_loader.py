"""DataLoader: batches, copies and views, seeds, and going on in the middle of an epoch."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_ml.data import DataLoader, load_iris

BIT_GENERATORS = ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"]


def rows(batches):
    return [batch.tolist() for batch in batches]


class TestBatches:
    def test_in_order(self):
        X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
        batches = list(DataLoader(X, y, batch_size=2))
        assert [len(x) for x, _ in batches] == [2, 2, 1]
        np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), X)
        np.testing.assert_array_equal(np.concatenate([target for _, target in batches]), y)

    def test_one_array_gives_arrays(self):
        assert rows(DataLoader(np.arange(3), batch_size=2)) == [[0, 1], [2]]

    def test_one_row_keeps_its_dimensions(self):
        (batch,) = DataLoader(np.zeros((1, 4, 4, 3)))
        assert batch.shape == (1, 4, 4, 3)

    def test_lists_and_data_sets(self):
        x, y = next(iter(DataLoader([[1, 2], [3, 4]], ["a", "b"])))
        assert x.shape == (2, 2)
        assert y.tolist() == ["a", "b"]
        assert len(DataLoader(*load_iris(), batch_size=50)) == 3

    @pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "bool", "object", "U3"])
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_dtype_is_kept(self, dtype, shuffle):
        loader = DataLoader(np.ones((4, 2), dtype=dtype), batch_size=3, shuffle=shuffle)
        assert all(batch.dtype == np.dtype(dtype) for batch in loader)

    def test_drop_last(self):
        loader = DataLoader(np.arange(5), batch_size=2, drop_last=True)
        assert len(loader) == 2
        assert rows(loader) == [[0, 1], [2, 3]]

    def test_unshuffled_batches_are_views(self):
        X = np.zeros((5, 3))
        assert all(np.shares_memory(batch, X) for batch in DataLoader(X, batch_size=2))

    def test_shuffled_batches_are_copies(self):
        X = np.zeros((5, 3))
        loader = DataLoader(X, batch_size=2, shuffle=True)
        assert not any(np.shares_memory(batch, X) for batch in loader)

    @pytest.mark.parametrize("shuffle", [False, True])
    def test_memory_map(self, tmp_path, shuffle):
        path = tmp_path / "rows.npy"
        X = np.arange(20.0).reshape(10, 2)
        np.save(path, X)
        mapped = np.load(path, mmap_mode="r")
        loader = DataLoader(mapped, batch_size=3, shuffle=shuffle, rng=0)
        assert np.shares_memory(loader.arrays[0], mapped)
        expected = DataLoader(X, batch_size=3, shuffle=shuffle, rng=0)
        assert rows(loader) == rows(expected)

    @given(
        n_rows=st.integers(1, 40),
        batch_size=st.integers(1, 50),
        shuffle=st.booleans(),
        drop_last=st.booleans(),
        seed=st.integers(0, 2**32),
    )
    def test_every_row_comes_exactly_once(self, n_rows, batch_size, shuffle, drop_last, seed):
        drop_last = drop_last and batch_size <= n_rows
        X = np.arange(n_rows)
        loader = DataLoader(
            X, 2 * X, batch_size=batch_size, shuffle=shuffle, rng=seed, drop_last=drop_last
        )
        for _ in range(2):
            batches = list(loader)
            assert len(batches) == len(loader)
            seen = np.concatenate([x for x, _ in batches])
            np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), 2 * seen)
            assert len(np.unique(seen)) == len(seen)
            assert len(seen) == (n_rows - n_rows % batch_size if drop_last else n_rows)
            assert all(len(x) == batch_size for x, _ in batches[:-1])


class TestShuffling:
    def test_a_seed_decides_everything(self):
        first, second = (DataLoader(np.arange(50), shuffle=True, rng=7) for _ in range(2))
        for _ in range(3):
            assert rows(first) == rows(second)

    def test_every_epoch_has_its_own_permutation(self):
        loader = DataLoader(np.arange(50), batch_size=50, shuffle=True, rng=7)
        epochs = [tuple(next(iter(loader))) for _ in range(5)]
        assert len(set(epochs)) == 5

    def test_the_callers_generator_is_used(self):
        rng = np.random.default_rng(3)
        (batch,) = DataLoader(np.arange(9), shuffle=True, rng=rng)
        expected = np.random.default_rng(3)
        assert batch.tolist() == expected.permutation(9).tolist()
        assert rng.bit_generator.state == expected.bit_generator.state

    def test_the_global_generator_is_not_touched(self):
        before = copy.deepcopy(np.random.get_state(legacy=False))  # noqa: NPY002
        list(DataLoader(np.arange(9), shuffle=True))
        after = np.random.get_state(legacy=False)  # noqa: NPY002
        np.testing.assert_equal(after, before)

    def test_without_shuffling_nothing_is_drawn(self):
        rng = np.random.default_rng(3)
        list(DataLoader(np.arange(9), rng=rng))
        assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state


def make(shuffle, rng=0, drop_last=False):
    return DataLoader(np.arange(11), batch_size=3, shuffle=shuffle, rng=rng, drop_last=drop_last)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("position", [0, 1, 2, 3, 4])
def test_resume_at_every_position(shuffle, drop_last, epoch, position):
    loader = make(shuffle, drop_last=drop_last)
    position = min(position, len(loader))
    for _ in range(epoch):
        list(loader)
    iterator = iter(loader)
    for _ in range(position):
        next(iterator)
    state = json.loads(json.dumps(loader.state_dict()))
    resumed = make(shuffle, rng=999, drop_last=drop_last)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state

    assert rows(resumed) == rows(iterator)
    for _ in range(3):
        assert rows(resumed) == rows(loader)
    assert resumed.state_dict() == loader.state_dict()


class TestState:
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_a_batch_counts_when_it_is_handed_out(self, shuffle):
        loader = make(shuffle)
        positions = [loader.state_dict()["position"] for _ in loader]
        assert positions == [1, 2, 3, 4]
        assert loader.state_dict()["position"] == 0

    def test_between_epochs_a_whole_one_follows(self):
        loader, resumed = make(True), make(True, rng=5)
        list(loader)
        resumed.load_state_dict(loader.state_dict())
        assert len(list(resumed)) == len(loader) == 4

    def test_after_the_last_batch_nothing_remains(self):
        loader, resumed = make(True), make(True, rng=5)
        for _ in loader:
            state = loader.state_dict()
        resumed.load_state_dict(state)
        assert list(resumed) == []
        assert rows(resumed) == rows(loader)

    @pytest.mark.parametrize("shuffle", [False, True])
    def test_an_abandoned_epoch_is_not_continued(self, shuffle):
        loader = make(shuffle)
        for _ in loader:
            break
        assert len(list(loader)) == 4

    def test_a_state_is_used_once(self):
        loader, resumed = make(True), make(True)
        next(iter(loader))
        resumed.load_state_dict(loader.state_dict())
        next(iter(resumed))
        assert len(list(resumed)) == 4

    def test_an_old_iterator_does_not_disturb_the_new_epoch(self):
        loader = make(True)
        old = iter(loader)
        next(old)
        new = iter(loader)
        next(new)
        next(new)
        assert len(list(old)) == 3
        assert loader.state_dict()["position"] == 2
        assert sum(len(batch) for batch in new) == 5

    @pytest.mark.parametrize("kind", BIT_GENERATORS)
    def test_every_generator_survives_json(self, kind):
        def generator(seed):
            return np.random.Generator(getattr(np.random, kind)(seed))

        loader, resumed = make(True, generator(1)), make(True, generator(2))
        iterator = iter(loader)
        next(iterator)
        resumed.load_state_dict(json.loads(json.dumps(loader.state_dict())))
        assert rows(resumed) == rows(iterator)
        assert rows(resumed) == rows(loader)

    def test_a_shared_generator_goes_on_where_it_stood(self):
        def run(loader, draws, epochs=1):
            return [(batch.tolist(), draws.random()) for _ in range(epochs) for batch in loader]

        rng = np.random.default_rng(0)
        loader = make(True, rng)
        iterator = iter(loader)
        next(iterator), rng.random()
        state = loader.state_dict()
        expected = run(iterator, rng) + run(loader, rng, 2)

        other = np.random.default_rng(1)
        resumed = make(True, other)
        resumed.load_state_dict(state)
        assert run(resumed, other, 3) == expected

    def test_fresh_entropy_can_be_resumed(self):
        loader, resumed = make(True, None), make(True, None)
        iterator = iter(loader)
        next(iterator)
        resumed.load_state_dict(loader.state_dict())
        assert rows(resumed) == rows(iterator)

    def test_the_state_is_a_snapshot(self):
        loader = make(True)
        iterator = iter(loader)
        next(iterator)
        state = loader.state_dict()
        before = copy.deepcopy(state)
        list(iterator), list(loader)
        assert state == before

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"batch_size": 4}, "state expects batch_size=4, this loader has batch_size=3"),
            ({"n_rows": 12}, "state expects n_rows=12, this loader has n_rows=11"),
            ({"shuffle": False}, "state expects shuffle=False"),
            ({"drop_last": True}, "state expects drop_last=True"),
            ({"position": 5}, "expected a position of 0 to 4 batches, got 5"),
        ],
    )
    def test_a_foreign_state_is_refused(self, change, message):
        loader = make(True)
        before = loader.state_dict()
        with pytest.raises(ValueError, match=message):
            loader.load_state_dict(before | change)
        assert loader.state_dict() == before

    def test_another_kind_of_generator_is_refused(self):
        state = make(True, np.random.Generator(np.random.Philox(0))).state_dict()
        with pytest.raises(ValueError, match="expects a Philox generator, this one is a PCG64"):
            make(True).load_state_dict(state)


class TestErrors:
    def test_no_arrays(self):
        with pytest.raises(ValueError, match="expected at least one array, got none; write"):
            DataLoader()

    def test_no_rows(self):
        with pytest.raises(ValueError, match="expected at least one row, got empty arrays"):
            DataLoader(np.zeros((0, 3)))

    def test_lengths_differ(self):
        with pytest.raises(ValueError, match=r"arrays of one length, got lengths \[3, 4\]"):
            DataLoader(np.zeros(3), np.zeros(4))

    @pytest.mark.parametrize("value", [3.0, None, object()])
    def test_no_rows_at_all(self, value):
        with pytest.raises(TypeError, match="one row per sample, got .* as argument 1"):
            DataLoader(np.zeros(3), value)

    def test_a_data_set_must_be_unpacked(self):
        with pytest.raises(TypeError, match=r"got Dataset .* DataLoader\(\*load_iris\(\)\)"):
            DataLoader(load_iris())

    @pytest.mark.parametrize("batch_size", [0, -1])
    def test_batch_size_below_one(self, batch_size):
        with pytest.raises(ValueError, match=f"must be a positive integer, got {batch_size}"):
            DataLoader(np.zeros(3), batch_size=batch_size)

    @pytest.mark.parametrize("batch_size", [2.0, True, None, "8"])
    def test_batch_size_of_another_type(self, batch_size):
        with pytest.raises(TypeError, match="must be a positive integer, got"):
            DataLoader(np.zeros(3), batch_size=batch_size)

    def test_drop_last_must_not_drop_everything(self):
        with pytest.raises(ValueError, match="one full batch.*got 3 rows for batch_size=4"):
            DataLoader(np.zeros(3), batch_size=4, drop_last=True)


def test_repr():
    loader = DataLoader(np.zeros((5, 2)), np.zeros(5, dtype=np.int64), batch_size=2)
    assert repr(loader) == (
        "DataLoader((5, 2) float64, (5,) int64; batch_size=2, shuffle=False, drop_last=False; "
        "3 batches)"
    )
