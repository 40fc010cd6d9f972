"""A decision tree tells benign from malignant tumours: text, picture, and how deep it should be.

python examples/decision_tree.py            5-fold cross-validation, shuffled with the seeds 0 to 4
"""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_digits
from tinygrad_ml.model_selection import StratifiedKFold
from tinygrad_ml.models import DecisionTreeClassifier, export_text
from tinygrad_ml.plotting import plot_tree, write_picture

seeds = range(1 if os.environ.get("TINYGRAD_ML_QUICK") else 5)


def accuracies(X, y, depth):
    """On training and held-out folds, one pair for each seed."""
    found = []
    for seed in seeds:
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
        for train, test in folds:
            model = DecisionTreeClassifier(max_depth=depth).fit(X[train], y[train])
            found.append([model.score(X[part], y[part]) for part in (train, test)])
    return np.array(found).reshape(len(seeds), 5, 2).mean(axis=1)


tumours = load_breast_cancer()
X, y = tumours
print(f"5-fold accuracy, mean and worst of {len(seeds)} shuffles (seeds 0 to {seeds[-1]})")
print("depth   training   held out   worst")
for depth in (1, 2, 3, 4, 6, None):
    found = accuracies(X, y, depth)
    (train, test), worst = found.mean(axis=0), found[:, 1].min()
    print(f"{depth or 'any':>5}   {train:8.1%}   {test:8.1%}   {worst:5.1%}")
digits = accuracies(*load_digits(), None)[:, 1]
print(f"digits, any depth: held out {digits.mean():.1%}, worst shuffle {digits.min():.1%}")

model = DecisionTreeClassifier(max_depth=3).fit(X, y)
names, classes = tumours.feature_names, tumours.target_names
print(export_text(model, feature_names=names, class_names=classes))
for f in model.feature_importances_.argsort()[::-1][:5]:
    print(f"importance {model.feature_importances_[f]:.3f}  {names[f]}")
title = "Breast cancer, all samples, depth 3"
print(write_picture("decision_tree.png", plot_tree, model, None, names, classes, title))
