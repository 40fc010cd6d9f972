"""Gradient boosting: every tree adds a little, until held-out rows say stop.

python examples/gradient_boosting.py    scores: mean and worst of 5 random splits, seeds 0 to 4
"""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_diabetes
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import GradientBoostingClassifier, GradientBoostingRegressor
from tinygrad_ml.plotting import plot_boosting, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
most, seeds = (60, range(2)) if quick else (400, range(5))
RULES = {"n_estimators": most, "subsample": 0.5, "validation_fraction": 0.2}

for name, load, kind, measure in [
    ("diabetes", load_diabetes, GradientBoostingRegressor, "R^2"),
    ("breast cancer", load_breast_cancer, GradientBoostingClassifier, "accuracy"),
]:
    X, y = load()
    whole, stopped, stages = [], [], []
    for seed in seeds:
        parts = train_test_split(X, y, test_size=0.25, random_state=seed)
        X_train, X_test, y_train, y_test = parts
        model = kind(random_state=seed, **RULES).fit(X_train, y_train)
        early = kind(random_state=seed, n_iter_no_change=10, **RULES).fit(X_train, y_train)
        whole.append(model.score(X_test, y_test))
        stopped.append(early.score(X_test, y_test))
        stages.append(early.n_estimators_)
    print(f"{name}, {measure} on a held-out quarter:")
    print(f"    {most} stages       mean {np.mean(whole):.3f}, worst {min(whole):.3f}")
    print(
        f"    early stopping   mean {np.mean(stopped):.3f}, worst {min(stopped):.3f}, "
        f"after {min(stages)} to {max(stages)} stages"
    )

X, y = load_diabetes()
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
model = GradientBoostingRegressor(random_state=0, subsample=0.5, n_estimators=most)
model.fit(X_train, y_train)
held_out = [np.mean((y_test - predicted) ** 2) for predicted in model.staged_predict(X_test)]
early = GradientBoostingRegressor(random_state=0, n_iter_no_change=10, **RULES)
stop = early.fit(X_train, y_train).n_estimators_
before = model.oob_scores_[0] + model.oob_improvement_[0]
curves = {
    "training": model.train_score_,
    "what rows out of the bag gained": before - np.cumsum(model.oob_improvement_),
    "held-out quarter": held_out,
}
print(write_picture("gradient_boosting.png", plot_boosting, curves, stop, "squared error"))
