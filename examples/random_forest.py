"""A random forest: what it needs no test set for, and what it looks at.

python examples/random_forest.py    scores: mean and worst of 5 random splits, seeds 0 to 4
"""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_digits
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import DecisionTreeClassifier, RandomForestClassifier
from tinygrad_ml.plotting import plot_forest, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
n_trees, seeds = (50, range(2)) if quick else (100, range(5))

for name, load in [("digits", load_digits), ("breast cancer", load_breast_cancer)]:
    X, y = load()
    scores = {"one tree": [], "soft votes": [], "hard votes": [], "out of bag": []}
    for seed in seeds:
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.25, stratify=y, random_state=seed
        )
        tree = DecisionTreeClassifier(random_state=seed).fit(X_train, y_train)
        forest = RandomForestClassifier(n_trees, oob_score=True, random_state=seed, n_jobs=-1)
        forest.fit(X_train, y_train)
        scores["one tree"].append(tree.score(X_test, y_test))
        scores["soft votes"].append(forest.score(X_test, y_test))
        scores["hard votes"].append(forest.set_params(voting="hard").score(X_test, y_test))
        scores["out of bag"].append(forest.oob_score_)
    print(f"{name}, {n_trees} trees; accuracy on a held-out quarter (out of bag: on the rest)")
    for kind, found in scores.items():
        print(f"    {kind:<11} mean {np.mean(found):.3f}, worst {min(found):.3f}")

sizes = [30, 50] if quick else [25, 30, 40, 50, 75, 100, 150, 200, 300]
out_of_bag, held_out = [], []
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
for size in sizes:
    forests = [RandomForestClassifier(size, oob_score=True, random_state=seed) for seed in seeds]
    forests = [forest.fit(X_train, y_train) for forest in forests]
    out_of_bag.append([1 - forest.oob_score_ for forest in forests])
    held_out.append([1 - forest.score(X_test, y_test) for forest in forests])

importances = forests[-1].feature_importances_
print("Breast cancer, features by their share of what all splits gain:")
for f in np.argsort(importances)[::-1][:5]:
    print(f"    feature {f:<2} {importances[f]:.3f}")
curves = {"out of bag": out_of_bag, "held-out quarter": held_out}
print(write_picture("random_forest.png", plot_forest, sizes, curves, importances))
