"""Our estimators inside scikit-learn's tools, and scikit-learn's inside ours."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.base
import sklearn.calibration
import sklearn.compose
import sklearn.ensemble
import sklearn.feature_selection
import sklearn.linear_model
import sklearn.metrics
import sklearn.model_selection
import sklearn.multiclass
import sklearn.naive_bayes
import sklearn.pipeline
import sklearn.preprocessing

from estimators import CLASSES, kind_of, make
from tinygrad_ml import models, preprocessing
from tinygrad_ml.estimator import clone
from tinygrad_ml.inspection import permutation_importance
from tinygrad_ml.metrics import accuracy_score
from tinygrad_ml.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from tinygrad_ml.validation import ConvergenceWarning

RNG = np.random.default_rng(0)
N = 60
CLASS = np.arange(N) % 3
NAMES = np.array(["no", "perhaps", "yes"])[CLASS]
X = np.abs(RNG.normal(size=(N, 4)) + 3 * np.eye(4)[CLASS])
NUMBERS = X @ [1.0, -2.0, 0.5, 3.0] + 0.1 * RNG.normal(size=N)

# Parameters and values for them; the first one that an estimator has is searched.
VALUES = {
    "max_depth": [1, 3], "C": [0.5, 2.0], "alpha": [0.1, 1.0], "n_neighbors": [1, 5],
    "n_clusters": [2, 3], "n_components": [1, 2], "n_codes": [2, 4], "fit_intercept": [True, False],
    "var_smoothing": [1e-9, 1e-3], "prototypes_per_class": [1, 2], "norm": ["l1", "l2"],
    "feature_range": [(0, 1), (-1, 1)], "handle_unknown": ["ignore", "use_encoded_value"],
    "degree": [1, 2], "strategy": ["mean", "median"], "with_mean": [True, False],
}  # fmt: skip

# What our tools and scikit-learn's are called with, for the same folds.
OURS = {"cross_val_score": cross_val_score, "GridSearchCV": GridSearchCV,
        "Pipeline": preprocessing.Pipeline, "KFold": KFold}  # fmt: skip
THEIRS = {"cross_val_score": sklearn.model_selection.cross_val_score,
          "GridSearchCV": sklearn.model_selection.GridSearchCV,
          "Pipeline": sklearn.pipeline.Pipeline,
          "KFold": sklearn.model_selection.KFold}  # fmt: skip


@pytest.fixture(autouse=True)
def short_fits():
    """Some fits are cut short, and say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def whole(name, tools):
    """(estimator, X, y): a pipeline that predicts, with the named estimator as step "it"."""
    estimator = make(name)
    known = estimator.get_params()
    estimator.set_params(
        **{k: v for k, v in {"n_estimators": 5, "random_state": 0}.items() if k in known}
    )
    if "handle_unknown" in known:
        value = "ignore" if name == "OneHotEncoder" else "use_encoded_value"
        more = {} if name == "OneHotEncoder" else {"unknown_value": -1}
        estimator.set_params(handle_unknown=value, **more)
    rows = np.round(X) if name.endswith("Encoder") else X
    if kind_of(name) == "transformer":
        last = sklearn.linear_model.LogisticRegression()
        return tools["Pipeline"]([("it", estimator), ("last", last)]), rows, NAMES
    scale = sklearn.preprocessing.MinMaxScaler(clip=True)  # never negative, as counts are
    pipeline = tools["Pipeline"]([("scale", scale), ("it", estimator)])
    return pipeline, rows, NUMBERS if kind_of(name) == "regressor" else NAMES


def grid_of(name):
    parameters = make(name).get_params()
    if "handle_unknown" in parameters:
        return {"it__dtype": [np.float64, np.float32]}
    found = next((key for key in VALUES if key in parameters), None)
    return {} if found is None else {f"it__{found}": VALUES[found]}


@pytest.mark.parametrize("name", CLASSES)
def test_every_estimator_in_both_tool_boxes_says_the_same(name):
    """The same scores, fold by fold, and the same best candidate."""
    found = []
    for tools in (OURS, THEIRS):
        estimator, rows, y = whole(name, tools)
        folds = tools["KFold"](3)
        scoring = "neg_mean_squared_error" if y is NUMBERS else None
        if kind_of(name) == "clusterer":
            scoring, y = None, None
        scores = tools["cross_val_score"](estimator, rows, y, cv=folds, scoring=scoring)
        search = tools["GridSearchCV"](estimator, grid_of(name), cv=folds, scoring=scoring)
        search.fit(rows, y)
        assert len(search.cv_results_["params"]) == max(1, 2 * bool(grid_of(name)))
        found.append((scores, search))
    (scores, search), (other_scores, other_search) = found
    np.testing.assert_allclose(scores, other_scores, rtol=1e-12)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], other_search.cv_results_["mean_test_score"],
        rtol=1e-12,
    )  # fmt: skip
    assert search.best_params_ == other_search.best_params_
    np.testing.assert_array_equal(search.predict(X[:5]), other_search.predict(X[:5]))


@pytest.mark.parametrize("name", CLASSES)
def test_clones(name):
    """Each side's clone takes the other's estimators, fitted or not."""
    estimator, rows, y = whole(name, OURS)
    step = estimator.named_steps["it"]
    for copied in (sklearn.base.clone(step), clone(step)):
        assert type(copied) is type(step) and repr(copied) == repr(step)
    again = sklearn.base.clone(sklearn.base.clone(estimator).fit(rows, y))
    assert not again.__sklearn_is_fitted__()
    assert sklearn.base.is_classifier(step) == (kind_of(name) == "classifier")
    assert sklearn.base.is_regressor(step) == (kind_of(name) == "regressor")
    assert sklearn.base.is_clusterer(step) == (kind_of(name) == "clusterer")


class TestTheirs:
    """Whole estimators of scikit-learn that are made of ours."""

    def test_ensembles_of_estimators(self):
        ours = [
            ("tree", models.DecisionTreeClassifier(max_depth=3)), ("bayes", models.GaussianNB()),
            ("near", models.KNeighborsClassifier()),
        ]  # fmt: skip
        for ensemble in (
            sklearn.ensemble.StackingClassifier(ours, models.LogisticRegression(), cv=3),
            sklearn.ensemble.VotingClassifier(ours),
            sklearn.ensemble.VotingClassifier(ours, voting="soft"),
            sklearn.ensemble.StackingClassifier(
                [
                    ("search", GridSearchCV(ours[0][1], {"max_depth": [1, 3]}, cv=3)),
                    ("pipe", preprocessing.make_pipeline(scaler(), ours[1][1])),
                ],
                cv=3,
            ),
            sklearn.ensemble.BaggingClassifier(ours[0][1], 5, random_state=0),
            sklearn.ensemble.AdaBoostClassifier(ours[0][1], n_estimators=5, random_state=0),
            sklearn.calibration.CalibratedClassifierCV(ours[1][1], cv=3),
            sklearn.multiclass.OneVsRestClassifier(models.LogisticRegression()),
            sklearn.multiclass.OneVsOneClassifier(models.LogisticRegression()),
        ):
            assert ensemble.fit(X, NAMES).score(X, NAMES) > 0.8

    def test_ensembles_of_regressors(self):
        ours = [("ridge", models.Ridge()), ("near", models.KNeighborsRegressor())]
        for ensemble in (
            sklearn.ensemble.StackingRegressor(ours, models.LinearRegression(), cv=3),
            sklearn.ensemble.VotingRegressor(ours),
            sklearn.ensemble.BaggingRegressor(models.DecisionTreeRegressor(), 5, random_state=0),
            sklearn.compose.TransformedTargetRegressor(ours[0][1], transformer=scaler()),
        ):
            assert ensemble.fit(X, NUMBERS).score(X, NUMBERS) > 0.8

    def test_selection_of_features(self):
        recursive = sklearn.feature_selection.RFE(models.Ridge(), n_features_to_select=2)
        assert recursive.fit(X, NUMBERS).support_.tolist() == [False, True, False, True]
        by_importance = sklearn.feature_selection.SelectFromModel(models.DecisionTreeClassifier())
        assert by_importance.fit(X, NAMES).transform(X).shape[1] < 4
        forward = sklearn.feature_selection.SequentialFeatureSelector(
            models.LinearRegression(), n_features_to_select=2, cv=3
        )
        assert forward.fit(X, NUMBERS).support_[3]

    def test_columns_of_a_frame(self):
        frame = pd.DataFrame(X, columns=list("abcd")).assign(colour=NAMES)
        parts = [("numbers", scaler(), list("abcd")),
                 ("colours", preprocessing.OneHotEncoder(), ["colour"])]  # fmt: skip
        ours = preprocessing.ColumnTransformer(parts)
        theirs = sklearn.compose.ColumnTransformer(parts)
        np.testing.assert_array_equal(dense(ours.fit_transform(frame)),
                                      dense(theirs.fit_transform(frame)))  # fmt: skip
        names = ours.get_feature_names_out()
        assert names.tolist() == theirs.get_feature_names_out().tolist()
        pipeline = sklearn.pipeline.make_pipeline(ours, models.LogisticRegression())
        scores = sklearn.model_selection.cross_val_score(pipeline, frame, NAMES, cv=3)
        assert scores.min() > 0.9
        union = sklearn.pipeline.make_union(scaler(), models.PCA(2)).fit_transform(X)
        assert union.shape == (N, 6)

    def test_curves_predictions_and_searches(self):
        their = sklearn.model_selection
        pipeline = preprocessing.make_pipeline(scaler(), models.SVC())
        assert their.cross_val_predict(pipeline, X, NAMES, cv=3).shape == (N,)
        sizes, *_ = their.learning_curve(pipeline, X, NAMES, cv=3, shuffle=True, random_state=0)
        assert len(sizes) == 5
        train, _ = their.validation_curve(
            pipeline, X, NAMES, param_name="svc__C", param_range=[0.1, 1], cv=3
        )
        assert train.shape == (2, 3)
        scored = their.permutation_test_score(models.GaussianNB(), X, NAMES, n_permutations=5, cv=3)
        assert scored[0] > scored[1].max()
        for search in (
            GridSearchCV(pipeline, {"svc__C": [0.1, 1.0]}, cv=3),
            RandomizedSearchCV(pipeline, {"svc__C": [0.1, 1.0]}, n_iter=2, cv=3),
        ):
            assert their.cross_val_score(search, X, NAMES, cv=3).mean() > 0.8
            assert sklearn.base.is_classifier(search) and sklearn.base.clone(search)

    def test_their_splitters_scorers_and_weights(self):
        their = sklearn.model_selection
        for cv in (their.KFold(3), their.StratifiedKFold(3), their.RepeatedKFold(n_splits=2),
                   their.ShuffleSplit(2, random_state=0)):  # fmt: skip
            assert len(cross_val_score(models.GaussianNB(), X, NAMES, cv=cv)) == cv.get_n_splits()
        for cv in (KFold(3), StratifiedKFold(3)):
            scores = their.cross_val_score(models.GaussianNB(), X, NAMES, cv=cv)
            assert len(scores) == 3
        scoring = sklearn.metrics.make_scorer(sklearn.metrics.f1_score, average="macro")
        one = cross_val_score(models.GaussianNB(), X, NAMES, cv=3, scoring=scoring)
        two = their.cross_val_score(models.GaussianNB(), X, NAMES, cv=3, scoring="f1_macro")
        np.testing.assert_allclose(one, two)
        weights = RNG.random(N)
        one = cross_validate(models.GaussianNB(), X, NAMES, cv=3, params={"sample_weight": weights})
        two = their.cross_validate(
            models.GaussianNB(), X, NAMES, cv=3, params={"sample_weight": weights}
        )
        np.testing.assert_allclose(one["test_score"], two["test_score"])


class TestOurs:
    """Our tools with scikit-learn's estimators inside."""

    def test_everything_takes_theirs(self):
        their = sklearn.ensemble.RandomForestClassifier(5, random_state=0)
        pipeline = preprocessing.make_pipeline(sklearn.preprocessing.StandardScaler(), their)
        scores = cross_val_score(pipeline, X, NAMES, cv=3)
        reference = sklearn.model_selection.cross_val_score(pipeline, X, NAMES, cv=3)
        np.testing.assert_array_equal(scores, reference)
        grid = {"randomforestclassifier__max_depth": [1, 3]}
        search = GridSearchCV(pipeline, grid, cv=3).fit(X, NAMES)
        assert search.predict_proba(X).shape == (N, 3)
        predicted = cross_val_predict(pipeline, X, NAMES, cv=3, method="predict_proba")
        np.testing.assert_allclose(predicted.sum(axis=1), 1)
        found = permutation_importance(search, X, NAMES, random_state=0)
        assert found.importances_mean.argmax() in (0, 1, 2)

    def test_both_pipelines_nest(self):
        inner = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), models.PCA())
        outer = preprocessing.Pipeline([("inner", inner), ("last", models.LogisticRegression())])
        outer.set_params(inner__pca__n_components=2).fit(X, NAMES)
        assert outer.named_steps.last.coef_.shape == (3, 2)
        around = sklearn.pipeline.make_pipeline(outer)
        np.testing.assert_array_equal(around.fit(X, NAMES).predict(X), outer.predict(X))
        assert sklearn.base.is_classifier(around)

    def test_unfitted_use_is_their_error_too(self):
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted

        for estimator in (models.PCA(), preprocessing.make_pipeline(models.GaussianNB()),
                          GridSearchCV(models.PCA(), {})):  # fmt: skip
            with pytest.raises(NotFittedError):
                check_is_fitted(estimator)
        with pytest.raises(NotFittedError) as info:
            models.PCA().transform(X)
        again = pickle.loads(pickle.dumps(info.value))  # as from another process
        assert isinstance(again, NotFittedError) and str(again) == str(info.value)


def scaler():
    return preprocessing.StandardScaler()


def dense(table):
    return table.toarray() if hasattr(table, "toarray") else table


class TestMistakes:
    """What people try when they come from scikit-learn, or from nowhere."""

    @pytest.mark.parametrize(
        ("attempt", "message"),
        [
            (lambda: cross_val_score(models.SVC(), X, NAMES, scoring=accuracy_score),
             r"Write make_scorer\(accuracy_score\)"),
            (lambda: cross_val_score(models.SVC(), X, NAMES, scoring=sklearn.metrics.f1_score),
             r"Write make_scorer\(f1_score\)"),
            (lambda: cross_val_score(models.SVC(), X, NAMES, scoring="roc_auc"), "'roc_auc_ovr'"),
            (lambda: GridSearchCV(models.SVC(), {}, scoring="f1_macro", refit="accuracy").fit(
                X, NAMES), "with the one scoring 'f1_macro' refit must be True or False"),
            (lambda: train_test_split(X, shuffle="no"), "shuffle must be True or False, got 'no'"),
            (lambda: cross_val_score(preprocessing.Pipeline([models.SVC()]), X, NAMES),
             r'expected \[\("name", estimator\), ...\] in steps, got SVC\(\)'),
            (lambda: preprocessing.Pipeline([models.SVC()]).set_params(svc__C=1),
             r'expected \[\("name", estimator\), ...\] in steps, got SVC\(\)'),
            (lambda: preprocessing.make_column_transformer(scaler(), [0]),
             r"expected tuples \(transformer, columns\), got StandardScaler\(\)"),
            (lambda: preprocessing.ColumnTransformer([("a", scaler(), 0)]).fit(X),
             r"give the one column in brackets, \[column\]"),
            (lambda: permutation_importance(models.SVC().fit(X, NAMES), [[1.0], [1, 2]], NAMES),
             "rows of different lengths"),
        ],
    )  # fmt: skip
    def test_sentences(self, attempt, message):
        with pytest.raises((ValueError, TypeError), match=message):
            attempt()

    def test_importances_of_tables_of_mixed_kinds(self):
        rows = [[name, value] for name, value in zip(NAMES.tolist(), X[:, 0].tolist())]
        parts = [("colours", preprocessing.OneHotEncoder(), [0]), ("numbers", scaler(), [1])]
        pipeline = preprocessing.make_pipeline(
            preprocessing.ColumnTransformer(parts), models.LogisticRegression()
        ).fit(rows, NAMES)
        found = permutation_importance(pipeline, rows, NAMES, random_state=0).importances_mean
        assert found[0] > 0.2 > abs(found[1])
        assert permutation_importance(models.KMeans(3, random_state=0).fit(X), X, n_repeats=2)
