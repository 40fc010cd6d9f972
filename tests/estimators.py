"""All public estimators, found by looking: a new one is tested without being entered anywhere."""

import inspect

from sklearn.base import ClusterMixin

from tinygrad_ml import models, preprocessing
from tinygrad_ml.estimator import Classifier, Clusterer, Estimator, Regressor, Transformer

# They take something else than a matrix of numbers, and have tests of their own.
OTHERS = {
    "CNNClassifier",
    "ColumnTransformer",
    "CountVectorizer",
    "LabelEncoder",
    "Pipeline",
    "ScalarQuantizer",
    "TfidfVectorizer",
}

# Parameters that keep the tests short; everything else at its default.
SMALL = {
    "GradientBoostingClassifier": {"n_estimators": 10},
    "GradientBoostingRegressor": {"n_estimators": 10},
    "RandomForestClassifier": {"n_estimators": 10},
    "RandomForestRegressor": {"n_estimators": 10},
    "AutoencoderTransformer": {"max_iter": 5},
    "MLPClassifier": {"max_iter": 60, "learning_rate_init": 0.01},
    "MLPRegressor": {"max_iter": 60, "learning_rate_init": 0.01},
}

CLASSES = {
    name: kind
    for part in (models, preprocessing)
    for name in part.__all__
    if inspect.isclass(kind := getattr(part, name)) and issubclass(kind, Estimator)
    if name not in OTHERS
}


def make(name, **parameters):
    """A new estimator by its name."""
    return CLASSES[name](**{**SMALL.get(name, {}), **parameters})


def kind_of(name):
    """Which of the four kinds an estimator is of; a clusterer that transforms is a clusterer."""
    kinds = (Classifier, Regressor, Clusterer, Transformer)
    return next(kind.__name__.lower() for kind in kinds if issubclass(CLASSES[name], kind))


def for_checks(name):
    """An estimator for check_estimator, which knows clusterers by their base class."""
    if kind_of(name) != "clusterer":
        return make(name)
    subclass = CHECKED.get(name) or type(name, (CLASSES[name], ClusterMixin), {})
    subclass.__module__, subclass.__qualname__ = __name__, f"CHECKED_{name}"
    globals()[f"CHECKED_{name}"] = CHECKED[name] = subclass  # to be found by pickle
    return subclass(**SMALL.get(name, {}))


CHECKED = {}
