"""Pipelines and column transformers: by themselves, around scikit-learn's steps, and inside it."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.base import clone as their_clone
from sklearn.base import is_classifier as they_say_classifier
from sklearn.compose import ColumnTransformer as TheirColumns
from sklearn.exceptions import NotFittedError as TheirNotFitted
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline as TheirPipeline
from sklearn.preprocessing import OneHotEncoder as TheirOneHot
from sklearn.preprocessing import StandardScaler as TheirScaler
from sklearn.utils.validation import check_is_fitted

import tinygrad_ml as tg
from tinygrad_ml.data import load_wine
from tinygrad_ml.estimator import (
    Classifier,
    Estimator,
    Transformer,
    clone,
    is_classifier,
)
from tinygrad_ml.preprocessing import (
    ColumnTransformer,
    MinMaxScaler,
    OneHotEncoder,
    Pipeline,
    PolynomialFeatures,
    SimpleImputer,
    StandardScaler,
    make_column_transformer,
    make_pipeline,
)

X, y = load_wine()


class Nearest(Classifier, Estimator):
    """The class whose mean is nearest; remembers its weights."""

    def __init__(self, power=2):
        self.power = power

    def fit(self, X, y, sample_weight=None):
        X, y, self.weights_ = self._start_fit(X, y, sample_weight)
        self.means_ = np.stack([X[y == k].mean(axis=0) for k in range(len(self.classes_))])
        return self

    def predict(self, X):
        distance = (np.abs(self._input(X)[:, None] - self.means_) ** self.power).sum(axis=2)
        return self.classes_[distance.argmin(axis=1)]


class Lengths(Transformer, Estimator):
    """Texts as their lengths: what takes no matrix."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.array([[float(len(text))] for text in X])


# ----------------------------------------------------------------------------------- pipeline


def test_it_is_its_steps_one_after_the_other():
    pipeline = Pipeline([("scale", StandardScaler()), ("near", Nearest())]).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    by_hand = Nearest().fit(scaled, y)
    np.testing.assert_array_equal(pipeline.predict(X), by_hand.predict(scaled))
    assert pipeline.score(X, y) == by_hand.score(scaled, y) > 0.95
    assert pipeline.classes_.tolist() == [0, 1, 2] and pipeline.n_features_in_ == 13
    theirs = TheirPipeline([("scale", StandardScaler()), ("near", Nearest())]).fit(X, y)
    np.testing.assert_array_equal(pipeline.predict(X), theirs.predict(X))


def test_methods_exist_only_if_the_last_step_has_them():
    near, scale = make_pipeline(StandardScaler(), Nearest()), make_pipeline(StandardScaler())
    logistic = make_pipeline(TheirScaler(), LogisticRegression())
    for name, expected in {
        "predict": (1, 0, 1), "score": (1, 0, 1), "predict_proba": (0, 0, 1),
        "decision_function": (0, 0, 1), "predict_log_proba": (0, 0, 1), "transform": (0, 1, 0),
        "fit_transform": (0, 1, 0), "inverse_transform": (0, 1, 0), "fit_predict": (0, 0, 0),
    }.items():  # fmt: skip
        found = tuple(hasattr(each, name) for each in (near, scale, logistic))
        assert found == tuple(map(bool, expected)), name
    assert hasattr(make_pipeline(StandardScaler(), "passthrough"), "inverse_transform")
    assert not hasattr(make_pipeline(PolynomialFeatures(), MinMaxScaler()), "inverse_transform")
    with pytest.raises(AttributeError, match=r"Pipeline has no predict: its last step Standard"):
        scale.predict  # noqa: B018
    assert "last step predicts" in Pipeline.predict.__doc__


def test_transforming_back_and_forth():
    pipeline = make_pipeline(StandardScaler(), "passthrough", MinMaxScaler(), None)
    out = pipeline.fit_transform(X)
    np.testing.assert_allclose(out, MinMaxScaler().fit_transform(X), atol=1e-12)
    np.testing.assert_array_equal(out, pipeline.transform(X))
    np.testing.assert_allclose(pipeline.inverse_transform(out), X)
    names = make_pipeline(PolynomialFeatures(2), StandardScaler()).fit(X[:, :2])
    assert names.get_feature_names_out(["a", "b"]).tolist() == ["1", "a", "b", "a^2", "a b", "b^2"]


def test_steps_by_name_number_and_slice():
    pipeline = Pipeline([("scale", StandardScaler()), ("near", Nearest())]).fit(X, y)
    assert pipeline["near"] is pipeline[1] is pipeline[-1] is pipeline.named_steps["near"]
    assert pipeline.named_steps.scale is pipeline[0] and len(pipeline) == 2
    np.testing.assert_allclose(pipeline[:-1].transform(X), StandardScaler().fit_transform(X))
    with pytest.raises(KeyError, match="expected one of the steps scale, near"):
        pipeline["scaler"]
    with pytest.raises(AttributeError, match="expected one of the names scale, near"):
        pipeline.named_steps.scaler  # noqa: B018
    assert [n for n, _ in make_pipeline(Nearest(), Nearest()).steps] == ["nearest-1", "nearest-2"]


def test_parameters_reach_into_the_steps():
    pipeline = Pipeline([("scale", StandardScaler()), ("near", Nearest())])
    assert pipeline.get_params()["near__power"] == 2
    assert list(pipeline.get_params(deep=False)) == ["steps"]
    given = pipeline.steps
    assert pipeline.set_params(near__power=1, scale__with_std=False) is pipeline
    assert pipeline["near"].power == 1 and not pipeline["scale"].with_std
    pipeline.set_params(scale=MinMaxScaler(), scale__clip=True)
    assert isinstance(pipeline["scale"], MinMaxScaler) and pipeline["scale"].clip
    assert isinstance(given[0][1], StandardScaler)  # the user's list is not written into
    for copy in (clone(pipeline), their_clone(pipeline)):
        assert repr(copy) == repr(pipeline) and copy["near"] is not pipeline["near"]
    with pytest.raises(ValueError, match="expected one of steps, scale, near, got 'power'"):
        pipeline.set_params(power=2)
    with pytest.raises(ValueError, match="an estimator as scale to set clip of, got 'passthr"):
        pipeline.set_params(scale="passthrough", scale__clip=True)


def test_arguments_for_the_fit_of_a_step():
    weights = np.linspace(0.1, 1, len(X))
    pipeline = Pipeline([("scale", StandardScaler()), ("near", Nearest())])
    pipeline.fit(X, y, near__sample_weight=weights)
    np.testing.assert_array_equal(pipeline["near"].weights_, weights)
    with pytest.raises(ValueError, match="got 'sample_weight'. Write near__sample_weight"):
        pipeline.fit(X, y, sample_weight=weights)


def test_texts_go_straight_through():
    texts, labels = ["a", "b", "aaaaaa", "bbbbbbb"], ["short", "short", "long", "long"]
    pipeline = make_pipeline(Lengths(), Nearest()).fit(texts, labels)
    assert pipeline.predict(["cc", "ccccccccc"]).tolist() == ["short", "long"]


@pytest.mark.parametrize("steps", [
    [("scale", StandardScaler()), ("model", LogisticRegression())],
    [("scale", TheirScaler()), ("model", Nearest())],
])  # fmt: skip
def test_inside_scikit_learn(steps):
    pipeline = Pipeline(steps)
    scores = cross_val_score(pipeline, X, y, cv=3)
    assert scores.tolist() == cross_val_score(TheirPipeline(steps), X, y, cv=3).tolist()
    name = "model__C" if "C" in steps[1][1].get_params() else "model__power"
    search = GridSearchCV(pipeline, {name: [1, 2], "scale": [MinMaxScaler(), TheirScaler()]}, cv=2)
    search.fit(X, y)
    assert search.best_score_ > 0.9 and search.predict(X).shape == y.shape
    assert they_say_classifier(pipeline) and is_classifier(pipeline)
    assert not is_classifier(make_pipeline(StandardScaler(), Ridge()))
    assert is_classifier(TheirPipeline(steps))


def test_fitted_or_not():
    pipeline = make_pipeline(StandardScaler(), Nearest())
    with pytest.raises(TheirNotFitted, match="Pipeline: this estimator is not fitted yet"):
        pipeline.predict(X)
    with pytest.raises(TheirNotFitted):
        check_is_fitted(pipeline)
    check_is_fitted(pipeline.fit(X, y))
    assert make_pipeline(StandardScaler().fit(X)).transform(X).shape == X.shape


def test_errors_name_the_step():
    pipeline = Pipeline([("scale", MinMaxScaler((1, 0))), ("near", Nearest())])
    with pytest.raises(ValueError, match="^Pipeline, 'scale': MinMaxScaler: feature_range must"):
        pipeline.fit(X, y)
    pipeline.set_params(scale="passthrough")
    with pytest.raises(ValueError, match="^Pipeline, 'near': Nearest: requires y to be passed"):
        pipeline.fit(X)
    with pytest.raises(ValueError, match="^Pipeline, 'near': X has 2 features"):
        pipeline.fit(X, y).predict(X[:, :2])


@pytest.mark.parametrize("steps, sentence", [
    ([], "steps must be a list of tuples, got"),
    (StandardScaler(), "steps must be a list of tuples, got"),
    ([StandardScaler()], r'expected \[\("name", estimator\), ...\] in steps'),
    ([(1, StandardScaler())], "names that are texts without '__', got 1"),
    ([("a__b", StandardScaler())], "without '__'"),
    ([("a", StandardScaler()), ("a", Nearest())], "every name once"),
    ([("steps", StandardScaler())], "none of steps"),
    ([("a", StandardScaler)], r"got the class StandardScaler. Write StandardScaler\(\)"),
    ([("a", Nearest()), ("b", Nearest())], "fit and transform as 'a', got Nearest"),
    ([("a", 3)], "expected a step with fit as 'a', got 3"),
])  # fmt: skip
def test_wrong_steps(steps, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        Pipeline(steps).fit(X, y)


def test_a_pipeline_is_saved_with_its_fitted_steps(tmp_path):
    pipeline = make_pipeline(StandardScaler(), "passthrough", PolynomialFeatures(2)).fit(X)
    pipeline.save(tmp_path / "p")
    again = tg.load(tmp_path / "p")
    np.testing.assert_array_equal(again.transform(X), pipeline.transform(X))
    with pytest.raises(TypeError, match="steps.0.1"):
        make_pipeline(TheirScaler()).fit(X).save(tmp_path / "q")


# --------------------------------------------------------------------------- column transformer

FRAME = pd.DataFrame({
    "colour": ["red", "blue", "red", "green"],
    "size": [1.0, 2.0, np.nan, 4.0],
    "weight": [10.0, 30.0, 20.0, 10.0],
    "id": [1, 2, 3, 4],
})  # fmt: skip
CHOICES = {
    "names": (["colour"], ["size", "weight"]),
    "numbers": ([0], [1, 2]),
    "negative": ([-4], [-3, -2]),
    "slices": (slice(0, 1), slice("size", "weight")),
    "masks": ([True, False, False, False], np.array([False, True, True, False])),
    "functions": (lambda X: ["colour"], lambda X: [c for c in X if c in ("size", "weight")]),
}


@pytest.mark.parametrize("remainder", ["drop", "passthrough", StandardScaler()])
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("dense", [False, True])
def test_column_transformer_is_scikit_learns(choice, remainder, dense):
    first, second = CHOICES[choice]
    filled = make_pipeline(SimpleImputer(), StandardScaler())
    one = ColumnTransformer(
        [("colour", OneHotEncoder(sparse_output=not dense), first), ("rest", filled, second)],
        remainder=remainder, sparse_threshold=0.9,
    )  # fmt: skip
    other = TheirColumns(
        [("colour", TheirOneHot(sparse_output=not dense), first), ("rest", filled, second)],
        remainder=remainder, sparse_threshold=0.9,
    )  # fmt: skip
    expected, out = other.fit_transform(FRAME), one.fit_transform(FRAME)
    assert issparse(out) == issparse(expected)
    for each in (out, one.transform(FRAME)):
        each = each.toarray() if issparse(each) else each
        expected = expected.toarray() if issparse(expected) else expected
        np.testing.assert_allclose(each, expected, atol=1e-12)
    assert one.get_feature_names_out().tolist() == other.get_feature_names_out().tolist()
    assert one.output_indices_["rest"] == other.output_indices_["rest"]


def test_column_transformer_of_arrays_lists_and_vectors():
    rows = [["red", 1.0, "some words"], ["blue", 2.0, "more"]]
    for table in (rows, np.array(rows, dtype=object), pd.DataFrame(rows)):
        columns = make_column_transformer(
            (OneHotEncoder(sparse_output=False), [0]), (Lengths(), 2), ("passthrough", [1])
        )
        out = columns.fit_transform(table).astype(float)
        assert out.tolist() == [[0, 1, 10, 1], [1, 0, 4, 2]]
    assert list(columns.named_transformers_) == ["onehotencoder", "lengths", "passthrough"]


def test_column_transformer_in_a_pipeline_in_a_search():
    frame = pd.concat([FRAME] * 6, ignore_index=True)
    columns = ColumnTransformer([("kind", OneHotEncoder(), ["colour"]), ("n", "drop", ["id"])])
    pipeline = Pipeline([("columns", columns), ("model", LogisticRegression())])
    grid = {"columns__kind__drop": [None, "first"], "columns__n": ["drop", MinMaxScaler()]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(frame, frame["colour"] == "red")
    assert search.best_score_ == 1.0
    assert columns.get_params()["kind__drop"] is None  # the search worked on clones


def test_column_transformer_saved(tmp_path):
    columns = make_column_transformer(
        (StandardScaler(), ["weight"]), (OneHotEncoder(), ["colour"]), remainder="passthrough"
    ).fit(FRAME)
    columns.save(tmp_path / "c")
    again = tg.load(tmp_path / "c")
    np.testing.assert_array_equal(again.transform(FRAME), columns.transform(FRAME))


@pytest.mark.parametrize("transformers, sentence", [
    ([], "transformers must be a list of tuples"),
    ([("a", StandardScaler())], r'expected \[\("name", transformer, columns\)'),
    ([("a", StandardScaler(), ["length"])], "'a': expected a column of X, got 'length'"),
    ([("a", StandardScaler(), [7])], "'a': expected columns from 0 to 3, got 7"),
    ([("a", StandardScaler(), None)], "expected columns as numbers, names or a mask, got None"),
    ([("a", StandardScaler(), [0.5])], "names or a mask, got 0.5"),
    ([("a", StandardScaler(), [True])], "a mask of 4 columns, got 1"),
    ([("a", Nearest(), ["size"])], "expected a transformer, 'drop' or 'passthrough' as 'a'"),
    ([("a", StandardScaler(), "size")], "'a': StandardScaler: .*Reshape your data"),
    ([("a", StandardScaler(), ["colour"])], "'a': StandardScaler: expected X to hold numbers"),
])  # fmt: skip
def test_wrong_column_transformers(transformers, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        ColumnTransformer(transformers).fit(FRAME)


def test_names_need_a_data_frame_and_the_same_columns():
    columns = ColumnTransformer([("a", StandardScaler(), ["weight"])])
    with pytest.raises(ValueError, match="as X is no data frame, got 'weight'"):
        columns.fit(FRAME.to_numpy())
    with pytest.raises(ValueError, match="X has 3 features, but ColumnTransformer"):
        columns.fit(FRAME).transform(FRAME.iloc[:, :3])
    with pytest.raises(ValueError, match="expected the columns of fit in their order"):
        columns.transform(FRAME[["id", "weight", "size", "colour"]])
