"""Every estimator comes back from a file and answers bit for bit as before."""

import json
import warnings

import numpy as np
import pytest

from estimators import CLASSES, kind_of, make
from same import assert_same
from tinygrad_ml import container, load, models, preprocessing, save
from tinygrad_ml.estimator import Estimator
from tinygrad_ml.model_selection import GridSearchCV, StratifiedKFold
from tinygrad_ml.persistence import _ObjectPacker
from tinygrad_ml.preprocessing import make_pipeline
from tinygrad_ml.validation import ConvergenceWarning

RNG = np.random.default_rng(0)
N = 30
X = np.round(np.abs(RNG.normal(size=(N, 4))) + 2 * np.eye(4)[np.arange(N) % 3])
NAMES = np.array(["no", "perhaps", "yes"])[np.arange(N) % 3]
NUMBERS = X.sum(axis=1) + 0.5
IMAGES = RNG.random((N, 8, 8, 1)).astype(np.float32)
WORDS = ["the quick dog", "a lazy dog sleeps", "quick quick fox"] * 10
TABLE = [["red", 1.0, 5.0], ["blue", 2.0, 6.0], [None, np.nan, 7.0]] * 10

ANSWERS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform",
           "kneighbors", "encode", "apply")  # fmt: skip


def columns():
    numbers = make_pipeline(preprocessing.SimpleImputer(), preprocessing.StandardScaler())
    return preprocessing.ColumnTransformer(
        [("colour", preprocessing.OneHotEncoder(), [0]), ("size", numbers, slice(1, None))]
    )


# name -> how to make it, and what it is fitted on; y is NAMES.
OTHERS = {
    "CNNClassifier": (lambda: models.CNNClassifier((2,), max_iter=2, random_state=0), IMAGES),
    "ColumnTransformer": (columns, np.array(TABLE, object)),
    "CountVectorizer": (lambda: models.CountVectorizer(ngram_range=(1, 2)), WORDS),
    "GridSearchCV": (lambda: GridSearchCV(
        make_pipeline(preprocessing.StandardScaler(), models.SVC(probability=True, random_state=0)),
        {"svc__C": [0.5, 2.0]}, cv=StratifiedKFold(3), progress=False), X),
    "Pipeline": (lambda: make_pipeline(columns(), models.LogisticRegression()),
                 np.array(TABLE, object)),
    "ScalarQuantizer": (lambda: models.ScalarQuantizer(2), X[:, 0]),
    "TfidfVectorizer": (lambda: models.TfidfVectorizer(stop_words="english"), WORDS),
}  # fmt: skip


@pytest.fixture(autouse=True)
def short_fits():
    """Some fits are cut short, and say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fitted(name):
    """(estimator, rows): fitted on a few rows."""
    if name in OTHERS:
        factory, rows = OTHERS[name]
        estimator = factory()
    else:
        estimator, rows = make(name), X
        known = estimator.get_params()
        few = {"n_estimators": 5, "random_state": 0, "max_iter": 5, "probability": True}
        estimator.set_params(**{key: value for key, value in few.items() if key in known})
    y = NAMES if name in OTHERS or kind_of(name) != "regressor" else NUMBERS
    return estimator.fit(rows) if name == "ScalarQuantizer" else estimator.fit(rows, y), rows


def answers(estimator, rows):
    """Everything that an estimator says about rows, as plain arrays."""
    found = {}
    for method in ANSWERS:
        if hasattr(estimator, method):
            answer = getattr(estimator, method)(rows)
            parts = answer if isinstance(answer, tuple) else (answer,)
            found[method] = [p.toarray() if hasattr(p, "toarray") else p for p in parts]
    return found


def packed(value):
    """Everything in a value, to be compared."""
    packer = _ObjectPacker()
    return {"content": json.dumps(packer.pack(value)), "arrays": packer.arrays}


def test_no_estimator_is_missing():
    for part in (models, preprocessing):
        for name in part.__all__:
            kind = getattr(part, name)
            if isinstance(kind, type) and issubclass(kind, Estimator):
                assert name in CLASSES or name in OTHERS or name == "LabelEncoder", name


@pytest.mark.parametrize("name", [*CLASSES, *OTHERS])
def test_answers_as_before(name, tmp_path):
    estimator, rows = fitted(name)
    before = answers(estimator, rows)
    estimator.save(tmp_path / "file")
    assert_same(answers(estimator, rows), before)  # saving changes nothing
    again = load(tmp_path / "file")
    assert type(again) is type(estimator)
    assert repr(again) == repr(estimator)
    assert before or hasattr(again, "labels_")
    assert_same(answers(again, rows), before)
    assert sorted(again._learned()) == sorted(estimator._learned())
    save(again, tmp_path / "twice")
    assert_same(packed(load(tmp_path / "twice")), packed(again))


@pytest.mark.parametrize("name", [*CLASSES, *OTHERS])
def test_unfitted_and_fitted_again(name, tmp_path):
    """A loaded estimator is one like any other: it can be fitted, with the same result."""
    estimator, rows = fitted(name)
    new = type(estimator)(**estimator.get_params(deep=False))
    if name not in ("GridSearchCV", "Pipeline", "ColumnTransformer"):
        save(new, tmp_path / "new")
        assert not load(tmp_path / "new")._learned()
    save(estimator, tmp_path / "file")
    again = load(tmp_path / "file")
    y = NAMES if name in OTHERS or kind_of(name) != "regressor" else NUMBERS
    again = again.fit(rows) if name == "ScalarQuantizer" else again.fit(rows, y)
    assert_same(answers(again, rows), answers(estimator, rows))


def test_labels_of_every_kind(tmp_path):
    for labels in (NAMES, NAMES.astype(object), NAMES == "no", np.arange(N) % 3 - 1,
                   (np.arange(N) % 2).astype(float), np.arange(N, dtype=np.uint8) % 3):  # fmt: skip
        for model in (models.GaussianNB(), models.KNeighborsClassifier(),
                      models.DecisionTreeClassifier()):  # fmt: skip
            save(model.fit(X, labels), tmp_path / "file")
            again = load(tmp_path / "file")
            assert again.classes_.dtype == model.classes_.dtype
            assert again.predict(X).tolist() == model.predict(X).tolist()
            assert type(again.predict(X)[0]) is type(model.predict(X)[0])


@pytest.mark.parametrize("name", ["DecisionTreeClassifier", "SVC", "Pipeline", "GridSearchCV"])
def test_damaged_files_are_refused(name, tmp_path):
    """Any changed byte that matters is noticed before anything is made of the file."""
    estimator, rows = fitted(name)
    path = tmp_path / "file"
    save(estimator, path)
    intact, rng = path.read_bytes(), np.random.default_rng(0)
    before = answers(estimator, rows)
    refused = 0
    for trial in range(60):
        data = bytearray(intact)
        place = int(rng.integers(len(data)))
        if trial % 3 == 0:
            del data[place:]
        elif trial % 3 == 1:
            data[place] ^= 1 << int(rng.integers(8))
        else:
            data[place:place] = rng.bytes(5)
        path.write_bytes(bytes(data))
        try:
            again = load(path)
        except container.FileError as error:
            assert "expected" in str(error) and str(path) in str(error)  # noqa: PT017
            refused += 1
        else:
            assert_same(answers(again, rows), before)
    assert refused >= 55


def test_what_cannot_be_found_again_is_named(tmp_path):
    for estimator, place in (
        (models.KNeighborsClassifier(weights=lambda d: 1 / (1 + d)), "weights"),
        (models.SVC(kernel=lambda a, b: a @ b.T), "kernel"),
        (make_pipeline(models.CountVectorizer(tokenizer=lambda t: t.split())),
         "steps.0.1.tokenizer"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=rf"got the function .* as {place}\. Decorate") as info:
            estimator.save(tmp_path / "file")
        assert "state_dict" not in str(info.value)  # estimators have none
        assert not (tmp_path / "file").exists()


def test_scikit_learns_estimators_inside_are_refused_by_name(tmp_path):
    from sklearn.preprocessing import RobustScaler

    pipeline = make_pipeline(RobustScaler(), models.GaussianNB()).fit(X, NAMES)
    with pytest.raises(TypeError, match="got RobustScaler as steps.* Take one of tinygrad_ml"):
        pipeline.save(tmp_path / "file")
    with pytest.raises(TypeError, match="got the class PCA as the object itself. Save an instance"):
        save(models.PCA, tmp_path / "file")
