"""Splitters: what each promises, against scikit-learn's where it has no choice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import model_selection as reference

from tinygrad_ml import model_selection as ours
from tinygrad_ml.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    check_cv,
    train_test_split,
)

seeds = st.integers(0, 2**32)
y = np.repeat([0, 1, 2], [10, 15, 5])
X = np.zeros((30, 2))
groups = np.repeat(np.arange(10), 3)
SPLITTERS = [
    KFold(3), StratifiedKFold(3), LeaveOneOut(), RepeatedKFold(n_splits=3, n_repeats=2),
    RepeatedStratifiedKFold(n_splits=3, n_repeats=2), ShuffleSplit(4), StratifiedShuffleSplit(4),
    GroupKFold(3), GroupKFold(3, shuffle=True), TimeSeriesSplit(3),
]  # fmt: skip


def lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


@pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)
class TestAll:
    def test_as_many_folds_as_promised_and_no_row_on_both_sides(self, splitter):
        folds = list(splitter.split(X, y, groups))
        assert len(folds) == splitter.get_n_splits(X, y, groups)
        for train, test in folds:
            assert not set(train) & set(test)
            assert len(train) and len(test)

    def test_scikit_learn_takes_it(self, splitter):
        from sklearn.dummy import DummyClassifier

        scores = reference.cross_val_score(DummyClassifier(), X, y, cv=splitter, groups=groups)
        assert len(scores) == splitter.get_n_splits(X)

    def test_lengths_differ(self, splitter):
        with pytest.raises(ValueError, match="got (30 rows and 29 targets|shape \\(29,\\))"):
            list(splitter.split(X, y[:-1], groups))


@pytest.mark.parametrize(
    "kind", [RepeatedKFold, RepeatedStratifiedKFold, ShuffleSplit, StratifiedShuffleSplit]
)
def test_seeds(kind):
    one, other = kind(random_state=3), kind(random_state=4)
    assert lists(one.split(X, y)) == lists(one.split(X, y)) != lists(other.split(X, y))


def test_leave_one_out_equals_scikit_learn():
    assert lists(LeaveOneOut().split(X)) == lists(reference.LeaveOneOut().split(X))
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        LeaveOneOut().split(X[:1])
    with pytest.raises(ValueError, match="expected X to count its rows"):
        LeaveOneOut().get_n_splits()


@pytest.mark.parametrize("kind", [RepeatedKFold, RepeatedStratifiedKFold])
def test_every_repetition_tests_every_row_and_differs(kind):
    folds = list(kind(n_splits=5, n_repeats=3, random_state=0).split(X, y))
    tests = [np.concatenate([test for _, test in folds[i : i + 5]]) for i in (0, 5, 10)]
    for tested in tests:
        assert sorted(tested) == list(range(30))
    assert not np.array_equal(tests[0], tests[1])


@given(
    test=st.none() | st.floats(0.05, 0.6) | st.integers(3, 12),
    train=st.none() | st.floats(0.15, 0.4) | st.integers(3, 12),
    seed=seeds,
)
def test_sizes_of_shuffled_splits_are_scikit_learns(test, train, seed):
    def sizes(kind, random_state):
        splitter = kind(2, test_size=test, train_size=train, random_state=random_state)
        return [(len(a), len(b)) for a, b in splitter.split(X, y)]

    assert sizes(ShuffleSplit, seed) == sizes(reference.ShuffleSplit, 0)
    if min(sizes(ShuffleSplit, seed)[0]) >= 3:
        assert sizes(StratifiedShuffleSplit, seed) == sizes(ShuffleSplit, seed)
    else:
        with pytest.raises(ValueError, match="at least one row for each of the 3 classes"):
            sizes(StratifiedShuffleSplit, seed)


@given(n_test=st.integers(3, 12), n_train=st.integers(3, 18), seed=seeds)
def test_stratified_parts_are_proportional(n_test, n_train, seed):
    splitter = StratifiedShuffleSplit(1, test_size=n_test, train_size=n_train, random_state=seed)
    ((train, test),) = splitter.split(X, y)
    assert not set(train) & set(test)
    for part, size in ((train, n_train), (test, n_test)):
        assert len(part) == size
        assert abs(np.bincount(y[part], minlength=3) - size * np.bincount(y) / 30).max() < 2


def test_train_size_of_one_split():
    rows = np.arange(10)
    assert [len(part) for part in train_test_split(rows, train_size=0.8)] == [8, 2]
    assert [len(part) for part in train_test_split(rows, train_size=3, test_size=4)] == [3, 4]
    train, test = train_test_split(rows, train_size=3, test_size=4, shuffle=False)
    assert train.tolist() == [0, 1, 2] and test.tolist() == [3, 4, 5, 6]
    with pytest.raises(ValueError, match="8 of them for the training and 4 for the test part"):
        train_test_split(rows, train_size=8, test_size=4)


@given(
    sizes=st.lists(st.integers(1, 9), min_size=3, max_size=12), shuffle=st.booleans(), seed=seeds
)
def test_groups_stay_together_in_balanced_folds(sizes, shuffle, seed):
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    splitter = GroupKFold(3, shuffle=shuffle, random_state=seed if shuffle else None)
    folds = list(splitter.split(groups, groups=groups))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(groups)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert len(test)
    if not shuffle:
        theirs = reference.GroupKFold(3).split(groups, groups=groups)
        assert sorted(len(t) for _, t in folds) == sorted(len(t) for _, t in theirs)


def test_groups_that_do_not_do():
    with pytest.raises(ValueError, match="expected the group of every row, got None"):
        GroupKFold(2).split(X)
    with pytest.raises(ValueError, match="at least n_splits=5 groups, got 2"):
        GroupKFold(5).split(X, groups=[0, 1] * 15)
    with pytest.raises(ValueError, match=r"groups: .* shape \(30,\), got shape \(3,\)"):
        GroupKFold(2).split(X, groups=[0, 1, 1])


@pytest.mark.parametrize(
    "options",
    [{}, {"n_splits": 4, "gap": 2}, {"n_splits": 3, "test_size": 4}, {"max_train_size": 5}],
)
def test_time_series_equals_scikit_learn(options):
    mine, theirs = TimeSeriesSplit(**options), reference.TimeSeriesSplit(**options)
    assert lists(mine.split(X)) == lists(theirs.split(X))


def test_time_series_that_are_too_short():
    with pytest.raises(ValueError, match="got 5 rows; use fewer folds"):
        TimeSeriesSplit(5).split(X[:5])
    with pytest.raises(ValueError, match="a gap of 25"):
        TimeSeriesSplit(2, gap=25).split(X)
    with pytest.raises(ValueError, match="gap must be an integer of at least 0, got -1"):
        TimeSeriesSplit(gap=-1)
    with pytest.raises(ValueError, match="test_size must be a positive integer, got 0.5"):
        TimeSeriesSplit(test_size=0.5)


class TestCheckCV:
    def test_numbers(self):
        assert check_cv() == check_cv(None) == check_cv(5, y) == KFold(5)
        assert check_cv(3, y, classifier=True) == StratifiedKFold(3)
        assert check_cv(3, y[:, None], classifier=True) == StratifiedKFold(3)
        assert check_cv(3, list("abc"), classifier=True) == StratifiedKFold(3)
        assert check_cv(3, np.zeros((30, 2)), classifier=True) == KFold(3)
        assert check_cv(3, [[0, 1], [1]], classifier=True) == KFold(3)

    def test_splitters_and_pairs(self):
        theirs = reference.KFold(3)
        assert check_cv(theirs) is theirs
        pairs = [([0, 1], [2]), (np.arange(30) > 3, np.arange(30) <= 3)]
        given = check_cv(iter(pairs))
        assert given.get_n_splits() == 2
        assert lists(given.split(X)) == lists(given.split(X))
        assert list(given.split(X))[1][1].tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize("cv", [0, 1, -3])
    def test_too_few(self, cv):
        with pytest.raises(ValueError, match="n_splits must be an integer of at least 2"):
            check_cv(cv)

    @pytest.mark.parametrize("cv", ["5", 2.5, KFold, True])
    def test_what_is_none(self, cv):
        with pytest.raises(ValueError, match="cv must be a number of folds, a splitter or a list"):
            check_cv(cv)

    @pytest.mark.parametrize(
        ("folds", "message"),
        [
            ([], "at least one fold, got none"),
            ([[0, 1, 2]], r"as a pair \(train, test\) .* as cv\[0\]"),
            ([([0.5], [1])], r"row numbers in cv\[0\], got an array of float64"),
            ([([0], [30])], r"from 0 to 29, got 30 to 30 in cv\[0\]"),
            ([([0], [-1])], "got -1 to -1"),
            ([([0], [])], r"row numbers in cv\[0\]"),
        ],
    )
    def test_pairs_that_are_none(self, folds, message):
        with pytest.raises(ValueError, match=message):
            check_cv(folds).split(X)


def test_all_names_are_there():
    for name in ours.__all__:
        assert getattr(ours, name).__doc__
