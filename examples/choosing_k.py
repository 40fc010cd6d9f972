"""Choose the number of neighbours for handwritten digits: the best k, and the one-SE k.

python examples/choosing_k.py

Hold-out accuracy of both choices: mean and worst of the splits drawn with the seeds 0 to 9. Each
choice is made by cross-validation on the training part of its split alone.
"""

import os

import numpy as np

from tinygrad_ml.data import load_digits
from tinygrad_ml.model_selection import (
    LeaveOneOut,
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
    validation_curve,
)
from tinygrad_ml.models import KNeighborsClassifier
from tinygrad_ml.plotting import plot_validation_curve, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
X, y = load_digits()
values = [1, 3, 5, 9, 15] if quick else [*range(1, 16), 20, 25, 30, 40, 50, 70, 100]
folds = StratifiedKFold(10, shuffle=True, random_state=0)


def curve_of(X, y):
    return validation_curve(
        KNeighborsClassifier(), X, y, param_name="n_neighbors", param_range=values, cv=folds
    )


curve = curve_of(X, y)
for k, error, spread in zip(values, 1 - curve.means, curve.test_scores.std(axis=1)):
    print(f"k = {k:3d}: cross-validation error {error:.2%} ± {spread:.2%} (sd of 10 folds)")
simple = curve.one_standard_error(simplest="last")
print(f"best k {curve.best}; simplest within one standard error: k = {simple}")
alone = cross_val_predict(KNeighborsClassifier(curve.best), X, y, cv=LeaveOneOut())
print(f"leave one out, k = {curve.best}: error {np.mean(alone != y):.2%} of {len(y)} images")

found = {"best k": [], "one-SE k": []}
for seed in range(2 if quick else 10):
    parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    curve_of_split = curve_of(X_train, y_train)
    for name, k in zip(found, (curve_of_split.best, curve_of_split.one_standard_error("last"))):
        model = KNeighborsClassifier(k).fit(X_train, y_train)
        found[name].append(model.score(X_test, y_test))
for name, scores in found.items():
    print(f"hold-out with the {name}: mean {np.mean(scores):.2%}, sd {np.std(scores):.2%}, "
          f"worst {min(scores):.2%} of {len(scores)} splits")  # fmt: skip
title = "Neighbours for digits: more of them are simpler"
kind = {"simplest": "last", "reciprocal": True}
print(write_picture("choosing_k.png", plot_validation_curve, curve, title, **kind))
