"""Searches: scikit-learn's tables, no leak, honest methods, and mistakes before the first fit."""

import numpy as np
import pytest
import scipy.stats
from sklearn import model_selection as reference
from sklearn.base import clone as their_clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import tinygrad_ml as tg
from stand_ins import Mean, NearestMeans
from tinygrad_ml.data import load_iris
from tinygrad_ml.estimator import NotFittedError, clone, is_classifier
from tinygrad_ml.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)

X, y = load_iris()
GRID = [{"n_neighbors": [1, 5, 30], "weights": ["uniform", "distance"]}, {"p": [1, 2]}]
POWERS = {"power": [1, 2, 3, 4]}


class TestGrid:
    @pytest.mark.parametrize(
        "grid", [{}, {"b": [1, 2, 3], "a": ["", "y"]}, [{"a": [1]}, {"c": range(3)}], GRID]
    )
    def test_equal_to_scikit_learn(self, grid):
        ours, theirs = ParameterGrid(grid), list(reference.ParameterGrid(grid))
        assert list(ours) == theirs
        assert len(ours) == len(theirs)
        assert [ours[i] for i in range(len(ours))] == theirs
        with pytest.raises(IndexError, match="expected an index from 0"):
            ours[len(theirs)]

    @pytest.mark.parametrize(
        ("grid", "message"),
        [
            ({"k": 3}, r"list of values for 'k', got 3. A single value goes into brackets: \[3\]"),
            ({"k": "abc"}, "list of values for 'k', got 'abc'"),
            ({"k": np.ones((2, 2))}, "list of values for 'k'"),
            ({"k": []}, "at least one value for 'k', got none"),
            ({3: [1]}, "list of values for 3"),
            ([], "expected a dict name -> list of values"),
            ("k", "expected a dict name -> list of values"),
            ([3], "expected dicts in the list, got 3"),
        ],
    )
    def test_mistakes(self, grid, message):
        with pytest.raises((ValueError, TypeError), match=message):
            ParameterGrid(grid)


class TestSampler:
    def test_lists_are_drawn_without_repetition(self):
        drawn = list(ParameterSampler({"a": range(5), "b": range(4)}, 15, random_state=0))
        assert len({tuple(each.items()) for each in drawn}) == 15
        assert drawn == list(ParameterSampler({"a": range(5), "b": range(4)}, 15, random_state=0))
        assert drawn != list(ParameterSampler({"a": range(5), "b": range(4)}, 15, random_state=1))

    def test_more_draws_than_combinations(self):
        with pytest.warns(UserWarning, match="n_iter=9 draws of 4 combinations"):
            drawn = list(ParameterSampler({"a": range(4)}, 9, random_state=0))
        assert sorted(each["a"] for each in drawn) == [0, 1, 2, 3]
        assert len(ParameterSampler({"a": range(4)}, 9)) == 4

    def test_distributions_and_functions(self):
        space = {"a": scipy.stats.uniform(2, 1), "b": lambda rng: 10.0 ** rng.integers(-3, 0),
                 "c": ["x", "y"]}  # fmt: skip
        drawn = list(ParameterSampler(space, 50, random_state=0))
        assert len(drawn) == len(ParameterSampler(space, 50)) == 50
        assert all(2 <= each["a"] <= 3 for each in drawn)
        assert {each["b"] for each in drawn} == {0.001, 0.01, 0.1}
        assert {each["c"] for each in drawn} == {"x", "y"}
        assert drawn == list(ParameterSampler(space, 50, random_state=0))

    def test_a_grid_too_large_to_count(self):
        space = {f"p{i}": range(1000) for i in range(30)}
        drawn = list(ParameterSampler(space, 5, random_state=0))
        assert len(drawn) == 5 and all(len(each) == 30 for each in drawn)

    def test_mistakes(self):
        with pytest.raises(ValueError, match="n_iter must be a positive integer, got 0"):
            ParameterSampler({"a": [1]}, 0)
        with pytest.raises(TypeError, match="a distribution with rvs or a function for 'a', got 3"):
            ParameterSampler({"a": 3}, 2)


class TestGridSearch:
    def test_the_table_is_scikit_learns(self):
        options = {"return_train_score": True, "scoring": ["accuracy", "f1_macro"]}
        ours = GridSearchCV(KNeighborsClassifier(), GRID, refit="f1_macro", **options).fit(X, y)
        theirs = reference.GridSearchCV(
            KNeighborsClassifier(), GRID, refit="f1_macro", **options
        ).fit(X, y)
        assert set(ours.cv_results_) == set(theirs.cv_results_)
        for key, column in theirs.cv_results_.items():
            if key == "params":
                assert ours.cv_results_[key] == column
            elif key.startswith("param_"):
                assert ours.cv_results_[key].tolist() == column.tolist()
            elif "time" not in key:
                np.testing.assert_allclose(ours.cv_results_[key], column, rtol=1e-12, err_msg=key)
        assert ours.best_params_ == theirs.best_params_
        assert ours.best_index_ == theirs.best_index_
        assert ours.best_score_ == pytest.approx(theirs.best_score_)
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y))
        assert (
            ours.n_splits_ == 5
            and ours.multimetric_
            and set(ours.scorer_) == set(options["scoring"])
        )

    def test_it_is_the_best_estimator(self):
        search = GridSearchCV(NearestMeans(), POWERS, cv=3).fit(X, y)
        best = NearestMeans(**search.best_params_).fit(X, y)
        np.testing.assert_array_equal(search.predict(X), best.predict(X))
        np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))
        np.testing.assert_array_equal(search.decision_function(X), best.decision_function(X))
        assert search.score(X, y) == best.score(X, y)
        assert search.classes_.tolist() == [0, 1, 2] and search.n_features_in_ == 4
        means = search.cv_results_["mean_test_score"]
        assert search.best_score_ == means.max() and search.best_index_ == means.argmax()
        for i, power in enumerate(POWERS["power"]):
            scores = cross_val_score(NearestMeans(power), X, y, cv=3)
            assert means[i] == scores.mean()

    def test_methods_are_there_only_if_the_estimator_has_them(self):
        search = GridSearchCV(NearestMeans(), POWERS)
        assert hasattr(search, "predict_proba") and not hasattr(search, "transform")
        assert not hasattr(GridSearchCV(Mean(), {}), "predict_proba")
        assert hasattr(GridSearchCV(StandardScaler(), {}), "transform")
        assert not hasattr(search, "classes_") and not hasattr(search, "n_features_in_")
        for name in ("predict", "score"):
            with pytest.raises(NotFittedError, match="Call fit first"):
                getattr(search, name)(X)
        search = GridSearchCV(NearestMeans(), POWERS, refit=False).fit(X, y)
        assert search.best_params_ in search.cv_results_["params"]
        with pytest.raises(AttributeError, match="predict needs the best estimator, which refit=F"):
            search.predict(X)

    def test_nothing_of_the_test_rows_reaches_the_steps(self):
        """A scaler in a pipeline sees each fold's training rows, and at the end all rows."""
        seen = []

        class Spy(StandardScaler):
            def fit(self, X, y=None):
                seen.append(frozenset(np.asarray(X)[:, 0].tolist()))
                return super().fit(X, y)

        rows = np.column_stack([np.arange(30.0), np.tile([0.0, 1.0], 15)])
        labels = np.tile([0, 1], 15)
        cv = StratifiedKFold(3, shuffle=True, random_state=0)
        pipeline = Pipeline([("spy", Spy()), ("means", NearestMeans())])
        GridSearchCV(pipeline, {"means__power": [1, 2]}, cv=cv).fit(rows, labels)
        trains = [frozenset(train.astype(float)) for train, _ in cv.split(rows, labels)]
        assert seen == [*trains, *trains, frozenset(rows[:, 0])]

    def test_a_leak_would_show(self):
        """Labels that are noise: chosen inside the folds, features do not help; outside they do."""
        from sklearn.feature_selection import SelectKBest

        rng = np.random.default_rng(0)
        noise, labels = rng.normal(size=(60, 2000)), np.tile([0, 1], 30)
        cv = StratifiedKFold(5, shuffle=True, random_state=0)
        inside = make_pipeline(SelectKBest(k=20), NearestMeans())
        honest = GridSearchCV(inside, {"selectkbest__k": [10, 20]}, cv=cv).fit(noise, labels)
        leaking = SelectKBest(k=20).fit_transform(noise, labels)
        assert (
            honest.best_score_
            < 0.65
            < 0.9
            < cross_val_score(NearestMeans(), leaking, labels, cv=cv).mean()
        )

    def test_steps_can_be_candidates(self):
        pipeline = Pipeline([("scale", StandardScaler()), ("end", NearestMeans())])
        grid = [
            {"end": [KNeighborsClassifier()], "end__n_neighbors": [1, 9]},
            {"scale": ["passthrough"]},
        ]
        search = GridSearchCV(pipeline, grid).fit(X, y)
        assert len(search.cv_results_["params"]) == 3
        first = search.cv_results_["params"][0]["end"]
        assert not hasattr(first, "classes_") and first.n_neighbors == 5  # clones are fitted

    def test_two_processes_give_the_same_table(self):
        one = GridSearchCV(NearestMeans(), POWERS, n_jobs=1).fit(X, y).cv_results_
        two = GridSearchCV(NearestMeans(), POWERS, n_jobs=2).fit(X, y).cv_results_
        for key in one:
            if "time" not in key and key != "params":
                np.testing.assert_array_equal(one[key], two[key])

    def test_a_rule_of_ones_own(self):
        search = GridSearchCV(NearestMeans(), POWERS, refit=lambda table: 3).fit(X, y)
        assert search.best_params_ == {"power": 4} and search.best_index_ == 3
        with pytest.raises(ValueError, match="index from 0 to 3 from the function refit, got 4"):
            GridSearchCV(NearestMeans(), POWERS, refit=lambda table: 4).fit(X, y)

    def test_nesting_and_cloning(self):
        search = GridSearchCV(NearestMeans(), POWERS, cv=3)
        assert is_classifier(search) and not is_classifier(GridSearchCV(Mean(), {}))
        for copy in (clone(search), their_clone(search)):
            assert copy.param_grid == POWERS and copy.estimator is not search.estimator
        search.set_params(estimator__power=7)
        assert search.estimator.power == search.get_params()["estimator__power"] == 7
        ours = cross_val_score(search, X, y)
        np.testing.assert_array_equal(ours, reference.cross_val_score(search, X, y))
        assert "param_grid={'power'" in repr(search)
        assert search.__sklearn_tags__().estimator_type == "classifier"

    def test_weights_reach_every_fit(self):
        weights = np.r_[np.zeros(20), np.ones(130)]
        search = GridSearchCV(NearestMeans(), POWERS, cv=3).fit(X, y, sample_weight=weights)
        np.testing.assert_allclose(search.best_estimator_.means_[0], X[20:50].mean(axis=0))

    def test_saved_and_loaded(self, tmp_path):
        search = GridSearchCV(
            NearestMeans(), [POWERS, {"random_state": [0]}], scoring="accuracy",
            cv=StratifiedKFold(3, shuffle=True, random_state=0),
        ).fit(X, y)  # fmt: skip
        search.save(tmp_path / "search.safetensors")
        loaded = tg.load(tmp_path / "search.safetensors")
        np.testing.assert_array_equal(loaded.predict(X), search.predict(X))
        assert loaded.best_params_ == search.best_params_
        assert loaded.score(X, y) == search.score(X, y)
        for key, column in search.cv_results_.items():
            np.testing.assert_array_equal(loaded.cv_results_[key], column)
            assert type(loaded.cv_results_[key]) is type(column)
        assert loaded.cv_results_["param_power"].mask.tolist() == [False] * 4 + [True]
        assert loaded.fit(X, y).best_params_ == search.best_params_


class TestRandomSearch:
    def test_seeded(self):
        space = {"power": lambda rng: int(rng.integers(1, 50))}
        searches = [
            RandomizedSearchCV(NearestMeans(), space, n_iter=4, random_state=seed).fit(X, y)
            for seed in (0, 0, 1)
        ]
        params = [search.cv_results_["params"] for search in searches]
        assert params[0] == params[1] != params[2]
        assert len(params[0]) == 4

    def test_all_of_a_small_grid(self):
        random = RandomizedSearchCV(NearestMeans(), POWERS, n_iter=4, random_state=0).fit(X, y)
        assert random.best_score_ == GridSearchCV(NearestMeans(), POWERS).fit(X, y).best_score_


class Untouched(NearestMeans):
    def fit(self, X, y):
        raise AssertionError("a fit was done")


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"param_grid": {"powr": [1]}}, "expected one of its parameters power, .* got 'powr'"),
            ({"param_grid": {"power__x": [1]}}, "expected an estimator as power to set x"),
            ({"param_grid": 3}, "param_grid must be a dict or a list of dicts, got 3"),
            ({"estimator": "knn"}, "estimator must be an estimator, got 'knn'"),
            ({"refit": 1}, "refit must be True or False or the name of a scoring or a function"),
            ({"scoring": ["accuracy", "f1_macro"]}, "refit must be the name of the one to choose"),
            ({"scoring": "acc"}, "expected the name of a scorer, got 'acc'"),
            ({"cv": "five"}, "cv must be a number of folds"),
            ({"progress": "no"}, "progress must be True or False, got 'no'"),
            ({"error_score": None}, "error_score must be 'raise' or a number, got None"),
        ],
    )
    def test_before_the_first_fit(self, options, message):
        options = {"estimator": Untouched(), "param_grid": POWERS, **options}
        with pytest.raises(ValueError, match=message):
            GridSearchCV(**options).fit(X, y)

    def test_a_fit_that_fails(self):
        grid = {"power": [1, 0]}
        with pytest.raises(ValueError, match="power=0, fold 1 of 5: NearestMeans: power must be"):
            GridSearchCV(NearestMeans(), grid).fit(X, y)
        with pytest.warns(UserWarning, match="5 of 10 fits failed, their score is nan"):
            search = GridSearchCV(NearestMeans(), grid, error_score=np.nan).fit(X, y)
        assert search.best_params_ == {"power": 1}
        assert search.cv_results_["rank_test_score"].tolist() == [1, 2]
        with (
            pytest.warns(UserWarning, match="5 of 5 fits failed"),
            pytest.raises(ValueError, match="the score of every candidate is NaN"),
        ):
            GridSearchCV(NearestMeans(), {"power": [0]}, error_score=np.nan).fit(X, y)

    def test_a_failed_refit_leaves_nothing_behind(self):
        search = GridSearchCV(NearestMeans(), POWERS).fit(X, y)
        with pytest.raises(ValueError, match="got NaN"):
            search.fit(np.where(X > 7, np.nan, X), y)
        with pytest.raises(NotFittedError):
            search.predict(X)
