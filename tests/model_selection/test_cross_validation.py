"""Cross-validation: scikit-learn's figures, every kind of data, and errors that name the fold."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import model_selection as reference
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stand_ins import Longest, Mean, NearestMeans, QuickMean
from tinygrad_ml.data import load_diabetes, load_iris
from tinygrad_ml.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from tinygrad_ml.models import KNeighborsClassifier, KNeighborsRegressor, Ridge
from tinygrad_ml.models import LinearRegression as OurLinearRegression

X, y = load_iris()
MEANS = NearestMeans()


class TestScores:
    @pytest.mark.parametrize("cv", [None, 4, KFold(5, shuffle=True, random_state=0)])
    def test_equal_to_scikit_learn(self, cv):
        scoring = ["accuracy", "f1_macro"]
        ours = cross_validate(MEANS, X, y, cv=cv, scoring=scoring, return_train_score=True)
        theirs = reference.cross_validate(
            MEANS, X, y, cv=cv, scoring=scoring, return_train_score=True
        )
        assert list(ours) and set(ours) == set(theirs)
        for key in ("test_accuracy", "train_accuracy", "test_f1_macro", "train_f1_macro"):
            np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-12)
        assert (ours["fit_time"] > 0).all() and (ours["score_time"] > 0).all()

    def test_scikit_learns_estimators_and_pipelines(self):
        cv = StratifiedKFold(5, shuffle=True, random_state=0)
        pipeline = make_pipeline(StandardScaler(), LogisticRegression())
        np.testing.assert_array_equal(
            cross_val_score(pipeline, X, y, cv=cv),
            reference.cross_val_score(pipeline, X, y, cv=cv),
        )
        numbers = load_diabetes()
        np.testing.assert_allclose(
            cross_val_score(LinearRegression(), *numbers),
            reference.cross_val_score(LinearRegression(), *numbers),
        )

    def test_the_mean_of_a_fold_by_hand(self):
        scores = cross_val_score(
            Mean(), np.zeros((4, 1)), [0.0, 2, 4, 6], cv=2, scoring="neg_mean_absolute_error"
        )
        assert scores.tolist() == [-4, -4]

    def test_two_processes_give_the_same_bits(self):
        cv = KFold(4, shuffle=True, random_state=1)
        one = cross_val_score(MEANS, X, y, cv=cv, scoring="neg_log_loss", n_jobs=1)
        two = cross_val_score(MEANS, X, y, cv=cv, scoring="neg_log_loss", n_jobs=2)
        assert one.tobytes() == two.tobytes()

    def test_scorings(self):
        def share_of_zeros(estimator, X, y):
            return np.mean(estimator.predict(X) == 0)

        by_name = cross_validate(MEANS, X, y, scoring={"zeros": share_of_zeros, "a": "accuracy"})
        alone = cross_val_score(MEANS, X, y, scoring=share_of_zeros)
        np.testing.assert_array_equal(by_name["test_zeros"], alone)
        np.testing.assert_array_equal(by_name["test_a"], cross_val_score(MEANS, X, y))

    def test_several_scorings_ask_once(self):
        class Counted(NearestMeans):
            asked = 0

            def decision_function(self, X):
                type(self).asked += 1
                return super().decision_function(X)

        names = ["accuracy", "f1_macro", "balanced_accuracy"]
        found = cross_validate(Counted(), X, y, scoring=names, cv=3)
        assert Counted.asked == 3
        for name in names:
            alone = cross_val_score(NearestMeans(), X, y, scoring=name, cv=3)
            np.testing.assert_array_equal(found[f"test_{name}"], alone)

    def test_what_else_can_be_returned(self):
        cv = KFold(3, shuffle=True, random_state=0)
        found = cross_validate(MEANS, X, y, cv=cv, return_estimator=True, return_indices=True)
        for estimator, train, (expected, _) in zip(
            found["estimator"], found["indices"]["train"], cv.split(X), strict=True
        ):
            np.testing.assert_array_equal(train, expected)
            again = NearestMeans().fit(X[train], y[train])
            np.testing.assert_array_equal(estimator.means_, again.means_)

    def test_weights_are_split_like_the_rows(self):
        weights = np.random.default_rng(0).integers(0, 3, len(y))
        cv = StratifiedKFold(3)
        found = cross_val_score(MEANS, X, y, cv=cv, params={"sample_weight": weights})
        expected = [
            NearestMeans().fit(X[a], y[a], weights[a]).score(X[b], y[b]) for a, b in cv.split(X, y)
        ]
        assert found.tolist() == expected

    def test_groups(self):
        groups = np.arange(150) % 7
        found = cross_val_score(MEANS, X, y, groups=groups, cv=GroupKFold(7))
        assert len(found) == 7

    def test_nothing_is_changed(self):
        estimator, before = NearestMeans(), X.copy()
        cross_val_score(estimator, X, y)
        assert not hasattr(estimator, "means_")
        np.testing.assert_array_equal(X, before)


class TestKindsOfData:
    def test_lists_frames_and_texts(self):
        expected = cross_val_score(MEANS, X, y).tolist()
        assert cross_val_score(MEANS, X.tolist(), y.tolist()).tolist() == expected
        frame, series = pd.DataFrame(X, columns=list("abcd")), pd.Series(y, index=y + 7)
        assert cross_val_score(MEANS, frame, series).tolist() == expected
        texts = ["no", "yes please"] * 6
        assert cross_val_score(Longest(), texts, ["short", "long"] * 6, cv=3).tolist() == [1, 1, 1]

    @pytest.mark.parametrize("kind", ["csr_array", "coo_array", "csc_matrix"])
    def test_sparse_matrices(self, kind):
        sparse = getattr(scipy.sparse, kind)(X)
        found = cross_val_score(MultinomialNB(), sparse, y)
        assert found.tolist() == cross_val_score(MultinomialNB(), X, y).tolist()

    def test_text_labels(self):
        names = np.array(["setosa", "versicolor", "virginica"])[y]
        assert cross_val_score(MEANS, X, names).tolist() == cross_val_score(MEANS, X, y).tolist()
        assert set(cross_val_predict(MEANS, X, names)) == set(names)

    def test_without_targets(self):
        from sklearn.cluster import KMeans

        kmeans = KMeans(2, n_init=1, random_state=0)
        np.testing.assert_allclose(
            cross_val_score(kmeans, X), reference.cross_val_score(kmeans, X), rtol=1e-9
        )


class TestPredictions:
    @pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
    def test_equal_to_scikit_learn(self, method):
        cv = StratifiedKFold(5, shuffle=True, random_state=2)
        np.testing.assert_array_equal(
            cross_val_predict(MEANS, X, y, cv=cv, method=method),
            reference.cross_val_predict(MEANS, X, y, cv=cv, method=method),
        )

    def test_a_class_that_a_training_part_lacks(self):
        found = cross_val_predict(MEANS, X, y, cv=KFold(3), method="predict_proba")
        assert found.shape == (150, 3)
        np.testing.assert_array_equal(found[:50, 0], 0)  # sorted: the first fold is the class 0
        np.testing.assert_allclose(found.sum(axis=1), 1)
        with pytest.raises(ValueError, match="all 3 classes in every training part .* got 2"):
            cross_val_predict(MEANS, X, y, cv=KFold(3), method="decision_function")

    def test_folds_that_do_not_test_every_row_once(self):
        with pytest.raises(ValueError, match="test every row exactly once, got 45 tests"):
            cross_val_predict(MEANS, X, y, cv=ShuffleSplit(3))

    def test_leave_one_out_takes_the_shortcut(self):
        X, y = np.zeros((9, 1)), np.arange(9.0) ** 2
        Mean.fits = QuickMean.fits = 0
        plain = cross_val_predict(Mean(), X, y, cv=LeaveOneOut())
        quick = cross_val_predict(QuickMean(), X, y, cv=LeaveOneOut())
        assert (Mean.fits, QuickMean.fits) == (9, 1)
        np.testing.assert_allclose(quick, plain, rtol=1e-14)
        np.testing.assert_array_equal(
            cross_val_predict(QuickMean(), X, y, cv=KFold(9)), plain
        )  # no shortcut: the folds were asked for


class Plain:
    """An estimator without its shortcut, for the loop of n fits."""

    def __init__(self, inner):
        self.inner = inner

    def get_params(self, deep=True):
        return {"inner": self.inner}

    def fit(self, X, y):
        self.inner.fit(X, y)
        return self

    def predict(self, X):
        return self.inner.predict(X)


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(1),
        KNeighborsClassifier(4, weights="distance"),
        KNeighborsRegressor(3),
        OurLinearRegression(),
        OurLinearRegression(fit_intercept=False),
        Ridge(0.1),
    ],
    ids=repr,
)
def test_exact_shortcuts_of_leave_one_out_equal_the_loop(estimator):
    data = load_iris() if isinstance(estimator, KNeighborsClassifier) else load_diabetes()
    X, y = data.X[::3], data.y[::3]
    assert hasattr(estimator, "_leave_one_out")
    quick = cross_val_predict(estimator, X, y, cv=LeaveOneOut())
    plain = cross_val_predict(Plain(estimator), X, y, cv=LeaveOneOut())
    np.testing.assert_allclose(quick, plain, rtol=1e-8)


class TestMistakes:
    def test_the_fold_is_named(self):
        bad = X.copy()
        bad[0, 0] = np.nan  # is in the last training part
        folds = [(np.arange(50, 150), [1]), (np.arange(40, 150), [1]), (np.arange(150), [1])]
        with pytest.raises(ValueError, match="fold 3 of 3: NearestMeans: .* got NaN at X"):
            cross_val_score(MEANS, bad, y, cv=folds)
        with pytest.raises(ValueError, match="fold 1 of 5: NearestMeans: power must be a positive"):
            cross_val_score(NearestMeans(power=0), X, y)

    def test_the_fold_is_named_from_another_process(self):
        with pytest.raises(ValueError, match="fold 1 of 5: NearestMeans: power must be"):
            cross_val_score(NearestMeans(power=0), X, y, n_jobs=2)

    def test_errors_with_a_text_of_their_own(self):
        def broken(estimator, X, y):
            raise KeyError("colour")

        with pytest.raises(KeyError) as caught:
            cross_val_score(MEANS, X, y, scoring=broken)
        assert "fold 1 of 5" in caught.value.__notes__[0]

    def test_a_score_for_failed_folds(self):
        with pytest.warns(UserWarning, match="5 of 5 fits failed, their score is nan. The first: "):
            found = cross_val_score(NearestMeans(power=0), X, y, error_score=np.nan)
        assert np.isnan(found).all()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"scoring": "acuracy"}, "got 'acuracy'. Did you mean 'accuracy'"),
            ({"scoring": ["accuracy", "accuracy"]}, "expected one scoring"),
            ({"cv": 1}, "at least 2, got 1"),
            ({"cv": 200}, "at least 50 rows|at least n_splits=200 rows, got 150"),
            ({"n_jobs": 0}, "n_jobs must be None, a positive integer, or -1 .* got 0"),
            ({"n_jobs": 1.5}, "n_jobs must be .* got 1.5"),
            ({"error_score": "ignore"}, "error_score must be 'raise' or a number, got 'ignore'"),
            ({"scoring": lambda e, X, y: "good"}, "expected a number from the scorer, got 'good'"),
            ({"scoring": lambda e, X, y: np.ones(3)}, "expected a number from the scorer, got arr"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            cross_val_score(MEANS, X, y, **options)

    @pytest.mark.parametrize(
        ("scoring", "message"),
        [
            (["accuracy", "accuracy"], "expected different names"),
            ([len], "expected different names"),
            ([], "expected different names"),
            ({}, "expected a name for every scoring"),
        ],
    )
    def test_several_scorings(self, scoring, message):
        with pytest.raises(ValueError, match=message):
            cross_validate(MEANS, X, y, scoring=scoring)

    def test_data(self):
        with pytest.raises(ValueError, match="got 150 rows and 149 targets"):
            cross_val_score(MEANS, X, y[:-1])
        with pytest.raises(ValueError, match="NearestMeans requires y to be passed, but"):
            cross_val_score(MEANS, X)
        with pytest.raises(TypeError, match="one row per sample, got NoneType"):
            cross_val_score(MEANS, None, y)
        with pytest.raises(ValueError, match="one target per row of X, got 4 rows"):
            cross_val_score(MEANS, X.T, y)
        with pytest.raises(ValueError, match="fold 1 of 5: NearestMeans: .* got shape"):
            cross_val_score(MEANS, X[:, 0], y)
        with pytest.raises(ValueError, match="at least 2 rows|at least n_splits=5 rows, got 0"):
            cross_val_score(MEANS, X[:0], y[:0])
        with pytest.raises(ValueError, match="got continuous values"):
            cross_val_score(MEANS, X, X[:, 0])

    def test_estimators_that_are_none(self):
        with pytest.raises(TypeError, match="expected an estimator, got <class"):
            cross_val_score(NearestMeans, X, y)
        with pytest.raises(TypeError, match="expected an estimator, got 'knn'"):
            cross_validate("knn", X, y)
        with pytest.raises(ValueError, match="the name of a method of Mean, got 'predict_proba'"):
            cross_val_predict(Mean(), X, y, method="predict_proba")


def test_one_bar_for_everything_long(capsys, monkeypatch):
    from tinygrad_ml import jobs
    from tinygrad_ml.training.progress import progress_bar

    def noisy(estimator, X, y):
        list(progress_bar([1, 2], "inner"))
        return 1.0

    cross_val_score(MEANS, X, y, scoring=noisy)
    assert capsys.readouterr().err == ""  # it was over too soon for a bar
    monkeypatch.setattr(jobs, "_LONG", 0.0)
    cross_val_score(MEANS, X, y, scoring=noisy)
    shown = capsys.readouterr().err
    assert "cross_validate: 100%" in shown and "inner" not in shown
    cross_val_score(MEANS, X, y, progress=False)
    assert capsys.readouterr().err == ""
