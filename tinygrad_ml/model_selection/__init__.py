"""Choosing and judging models: splits, cross-validation, searches and curves.

A model is judged on rows it has not seen, and so is every choice made for it: what is chosen by the
test rows looks better than it is.
"""

from .candidates import ParameterGrid, ParameterSampler
from .cross_validation import cross_val_predict, cross_val_score, cross_validate
from .curves import LearningCurve, ValidationCurve, learning_curve, validation_curve
from .folds import (
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
)
from .search import GridSearchCV, RandomizedSearchCV
from .splitting import train_test_split

__all__ = [
    "GridSearchCV",
    "GroupKFold",
    "KFold",
    "LearningCurve",
    "LeaveOneOut",
    "ParameterGrid",
    "ParameterSampler",
    "RandomizedSearchCV",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
    "ValidationCurve",
    "check_cv",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "train_test_split",
    "validation_curve",
]
