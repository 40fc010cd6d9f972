"""Splits: every row once, sizes promised, classes in proportion, seeds, and clear refusals."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn import model_selection as reference

from tinygrad_ml.model_selection import KFold, StratifiedKFold, train_test_split

# Labels of at least two rows per class, as a stratified split needs them.
labels = st.lists(st.integers(2, 15), min_size=1, max_size=5).flatmap(
    lambda counts: st.permutations(list(np.repeat(np.arange(len(counts)), counts)))
)
seeds = st.integers(0, 2**32)


class TestTrainTestSplit:
    @given(n_rows=st.integers(2, 200), test_size=st.floats(0.01, 0.99), seed=seeds)
    def test_sizes_are_scikit_learns(self, n_rows, test_size, seed):
        X = np.arange(n_rows)
        try:
            theirs = reference.train_test_split(X, test_size=test_size, random_state=seed % 100)
        except ValueError:
            with pytest.raises(ValueError, match="rows for both parts"):
                train_test_split(X, test_size=test_size)
            return
        train, test = train_test_split(X, test_size=test_size, random_state=seed)
        assert (len(train), len(test)) == tuple(map(len, theirs))
        assert sorted([*train, *test]) == X.tolist()

    @given(y=labels, share=st.floats(0.2, 0.8), seed=seeds)
    def test_stratified_counts_are_proportional(self, y, share, seed):
        y = np.array(y)
        counts = np.bincount(y)
        n_test = min(max(round(share * len(y)), len(counts)), len(y) - len(counts))
        train, test, rows_train, rows_test = train_test_split(
            y, np.arange(len(y)), test_size=n_test, stratify=y, random_state=seed
        )
        assert len(test) == n_test
        assert sorted([*rows_train, *rows_test]) == list(range(len(y)))
        for part in (train, test):
            off = np.bincount(part, minlength=len(counts)) - counts * len(part) / len(y)
            assert abs(off).max() < 1

    def test_rows_stay_together(self):
        X, y = np.arange(20).reshape(10, 2), np.arange(10)
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        np.testing.assert_array_equal(X_train[:, 0], 2 * y_train)
        np.testing.assert_array_equal(X_test[:, 0], 2 * y_test)
        assert len(y_test) == 3

    def test_a_number_of_rows(self):
        train, test = train_test_split(np.arange(10), test_size=4)
        assert (len(train), len(test)) == (6, 4)

    def test_unshuffled_the_last_rows_are_the_test_part(self):
        train, test = train_test_split(np.arange(5), test_size=2, shuffle=False)
        assert train.tolist() == [0, 1, 2]
        assert test.tolist() == [3, 4]

    @pytest.mark.parametrize("shuffle", [False, True])
    def test_parts_are_copies(self, shuffle):
        X = np.arange(5)
        assert not any(np.shares_memory(part, X) for part in train_test_split(X, shuffle=shuffle))

    def test_kinds_are_kept(self):
        frame = pd.DataFrame({"a": range(8)}, index=list("abcdefgh"))
        sparse = scipy.sparse.csr_array(np.eye(8))
        parts = train_test_split(frame, frame["a"], sparse, list("abcdefgh"), random_state=1)
        assert isinstance(parts[0], pd.DataFrame)
        assert isinstance(parts[2], pd.Series)
        assert scipy.sparse.issparse(parts[4])
        assert parts[6] == list(parts[0].index)
        assert parts[5].toarray().argmax(axis=1).tolist() == parts[3].tolist()

    @pytest.mark.parametrize("stratify", [None, [0, 1] * 10])
    def test_seeds(self, stratify):
        def split(random_state):
            train, test = train_test_split(
                np.arange(20), stratify=stratify, random_state=random_state
            )
            return train.tolist(), test.tolist()

        assert split(3) == split(3) == split(np.random.default_rng(3))
        assert split(3) != split(4)
        rng = np.random.default_rng(3)
        assert split(rng) != split(rng)

    def test_the_global_generator_is_not_touched(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        train_test_split(np.arange(20), stratify=[0, 1] * 10)
        list(StratifiedKFold(shuffle=True).split(np.arange(20), [0, 1] * 10))
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    @pytest.mark.parametrize("test_size", [0.0, 1.0, -0.5, 1.5, float("nan"), "a", True])
    def test_a_share_that_is_none(self, test_size):
        with pytest.raises(ValueError, match="a share between 0 and 1 or a number of rows, got"):
            train_test_split(np.arange(5), test_size=test_size)

    @pytest.mark.parametrize("test_size", [0, 5, 6, -1])
    def test_a_number_of_rows_out_of_range(self, test_size):
        with pytest.raises(ValueError, match=f"from 1 to 4 rows .* got {test_size}"):
            train_test_split(np.arange(5), test_size=test_size)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            ([0, 0, 0, 1], "at least 2 rows of every class"),
            ([0, 0, 0], r"shape \(4,\), got shape \(3,\)"),
            ([[0], [0], [1], [1]], r"shape \(4,\), got shape \(4, 1\)"),
            ([0.5, 0.5, 1.0, 1.0], "got continuous values"),
            ([0.0, np.nan, 1.0, 1.0], r"a label for every row, got NaN \(1 times\)"),
            (["a", None, "a", "b"], "of one kind, got NoneType and str"),
            ([np.inf, np.inf, 1.0, 1.0], "got continuous values"),
        ],
    )
    def test_labels_that_cannot_be_stratified(self, y, message):
        with pytest.raises(ValueError, match=message):
            train_test_split(np.arange(4), test_size=2, stratify=y)

    def test_more_classes_than_rows_in_a_part(self):
        with pytest.raises(ValueError, match="each of the 2 classes .* 3 training and 1 test rows"):
            train_test_split(np.arange(4), test_size=1, stratify=["a", "b", "a", "b"])

    def test_stratify_needs_shuffling(self):
        with pytest.raises(ValueError, match="expected shuffle=True with stratify"):
            train_test_split(np.arange(4), shuffle=False, stratify=[0, 0, 1, 1])

    def test_other_errors(self):
        with pytest.raises(ValueError, match="expected at least one array, got none"):
            train_test_split()
        with pytest.raises(ValueError, match=r"got lengths \[3, 4\]"):
            train_test_split(np.zeros(3), np.zeros(4))
        with pytest.raises(TypeError, match="one row per sample, got float"):
            train_test_split(3.0)
        with pytest.raises(ValueError, match="expected rows for both parts, got 1"):
            train_test_split(np.zeros(1))

    @pytest.mark.parametrize("random_state", [-1, 1.5, "seed", True])
    def test_random_states_that_are_none(self, random_state):
        with pytest.raises(ValueError, match="random_state must be None, a seed"):
            train_test_split(np.zeros(4), random_state=random_state)


def check_folds(folds, n_rows, n_splits):
    """Every row is tested once, train is the rest, and the sizes differ by one at most."""
    assert len(folds) == n_splits
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n_rows))
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1
    for train, test in folds:
        np.testing.assert_array_equal(train, np.setdiff1d(np.arange(n_rows), test))
        assert (np.diff(test) > 0).all()


class TestKFold:
    @given(n_rows=st.integers(2, 60), data=st.data(), shuffle=st.booleans(), seed=seeds)
    def test_every_row_is_tested_once(self, n_rows, data, shuffle, seed):
        n_splits = data.draw(st.integers(2, n_rows))
        splitter = KFold(n_splits, shuffle=shuffle, random_state=seed if shuffle else None)
        folds = list(splitter.split(np.zeros((n_rows, 2))))
        check_folds(folds, n_rows, n_splits)
        sizes = [len(test) for _, test in folds]
        assert sizes == sorted(sizes, reverse=True)

    @pytest.mark.parametrize("n_splits", [2, 3, 7, 10])
    def test_unshuffled_equals_scikit_learn(self, n_splits):
        X = np.zeros((10, 1))
        for ours, theirs in zip(
            KFold(n_splits).split(X), reference.KFold(n_splits).split(X), strict=True
        ):
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[1], theirs[1])

    def test_fewer_rows_than_folds(self):
        with pytest.raises(ValueError, match="at least n_splits=5 rows, got 4"):
            KFold().split(np.zeros(4))

    def test_lengths_differ(self):
        with pytest.raises(ValueError, match="got 6 rows and 7 targets"):
            KFold().split(np.zeros(6), np.zeros(7))


class TestStratifiedKFold:
    @given(y=labels, data=st.data(), shuffle=st.booleans(), seed=seeds)
    def test_folds_and_classes_are_even(self, y, data, shuffle, seed):
        y = np.array(y)
        counts = np.bincount(y)
        n_splits = data.draw(st.integers(2, int(counts.min())))
        splitter = StratifiedKFold(
            n_splits, shuffle=shuffle, random_state=seed if shuffle else None
        )
        folds = list(splitter.split(y, y))
        check_folds(folds, len(y), n_splits)
        in_fold = np.array([np.bincount(y[test], minlength=len(counts)) for _, test in folds])
        assert (np.ptp(in_fold, axis=0) <= 1).all()

    @given(y=labels)
    def test_unshuffled_equals_scikit_learn(self, y):
        n_splits = int(np.bincount(y).min())
        ours = StratifiedKFold(n_splits).split(y, y)
        theirs = reference.StratifiedKFold(n_splits).split(y, y)
        for (_, our_test), (_, their_test) in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(our_test, their_test)

    def test_labels_of_any_dtype(self):
        y = np.array(["spam", "ham", "ham", "spam"])
        for kind in (y, y.astype(object), (y == "ham"), pd.Series(y)):
            for _, test in StratifiedKFold(2).split(y, kind):
                assert sorted(y[test]) == ["ham", "spam"]

    def test_a_small_class_is_announced(self):
        with pytest.warns(UserWarning, match="smallest class has 2 rows, fewer than n_splits=3"):
            folds = list(StratifiedKFold(3).split(np.zeros(6), [0, 0, 0, 0, 1, 1]))
        check_folds(folds, 6, 3)

    def test_only_small_classes(self):
        with pytest.raises(ValueError, match="class of at least n_splits=5 rows, got 3"):
            StratifiedKFold().split(np.zeros(6), [0, 0, 0, 1, 1, 1])

    def test_continuous_targets(self):
        with pytest.raises(ValueError, match="StratifiedKFold: y: .* got continuous values"):
            StratifiedKFold(2).split(np.zeros(4), [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("splitter", [KFold, StratifiedKFold])
class TestBothSplitters:
    def test_seeds(self, splitter):
        y = np.array([0, 1] * 10)

        def tests(folds):
            return [test.tolist() for _, test in folds.split(y, y)]

        folds = splitter(shuffle=True, random_state=3)
        assert tests(folds) == tests(folds) == tests(splitter(shuffle=True, random_state=3))
        assert tests(folds) != tests(splitter(shuffle=True, random_state=4))
        folds = splitter(shuffle=True, random_state=np.random.default_rng(3))
        assert tests(folds) != tests(folds)

    @pytest.mark.parametrize("n_splits", [1, 0, 2.0, True, None])
    def test_too_few_folds(self, splitter, n_splits):
        with pytest.raises(ValueError, match="n_splits must be an integer of at least 2, got"):
            splitter(n_splits)

    def test_a_seed_without_shuffling(self, splitter):
        with pytest.raises(ValueError, match="expected random_state=None without shuffling, got 3"):
            splitter(random_state=3)

    def test_a_seed_in_the_wrong_place(self, splitter):
        with pytest.raises(TypeError, match="shuffle must be True or False, got 42"):
            splitter(shuffle=42)

    def test_repr(self, splitter):
        name = splitter.__name__
        assert repr(splitter(3)) == f"{name}(n_splits=3, shuffle=False, random_state=None)"
