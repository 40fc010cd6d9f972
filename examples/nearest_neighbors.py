"""Read digits by the k nearest neighbours: distances, votes, the k-d tree, lazy against eager."""

import os
import time

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits, load_iris
from tinygrad_ml.model_selection import StratifiedKFold, train_test_split
from tinygrad_ml.models import KDTree, KNeighborsClassifier
from tinygrad_ml.plotting import plot_decision_regions, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
X, y = load_digits()
vote = KNeighborsClassifier(3).fit([[0], [1], [2]], ["green", "red", "green"])
print("two green and one red neighbour:", vote.predict_proba([[1]])[0], "for", vote.classes_)

seeds = range(1 if quick else 5)
folds = [f for s in seeds for f in StratifiedKFold(5, shuffle=True, random_state=s).split(X, y)]
print(f"\ndigits, k = 5: accuracy, mean and worst of the {len(folds)} folds of {len(seeds)} splits")
for metric in ("euclidean", "manhattan", "chebyshev", "hamming"):
    for weights in ("uniform", "distance"):
        model = KNeighborsClassifier(5, metric=metric, weights=weights)
        scores = [model.fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds]
        print(f"  {metric:10} {weights:9} {np.mean(scores):.4f}  {min(scores):.4f}")

rng = np.random.default_rng(0)
points, asked = np.round(rng.normal(size=(20_000, 3)), 1), rng.normal(size=(2000, 3))
known = np.arange(len(points)) % 2
brute = KNeighborsClassifier(algorithm="brute").fit(points, known).kneighbors(asked)
tree = KNeighborsClassifier(algorithm="kd_tree").fit(points, known).kneighbors(asked)
print("\n20,000 points, many twice: k-d tree = brute force:", np.array_equal(brute, tree))
recall = KDTree(rng.normal(size=(20_000, 3))).recall(asked, k=5)
print(f"looking into one box only finds {recall:.1%} of the 5 nearest")

train, test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
lazy, eager = KNeighborsClassifier(), tg.nn.Sequential(tg.nn.Dense(64, 10, rng=0))  # logistic
trainer = tg.Trainer(eager, tg.functional.cross_entropy, tg.optim.Adam(eager.parameters(), 0.01))
clock, epochs = time.perf_counter, 3 if quick else 60
print("\nlazy against eager     fit       predict    accuracy on the held-out quarter of seed 0")
for name, fit, predict in (
    ("neighbours", lambda: lazy.fit(train, y_train), lambda: lazy.predict_proba(test)),
    ("logistic regression", lambda: trainer.fit((train, y_train), epochs, progress=False),
     lambda: trainer.predict(test)),
):  # fmt: skip
    times = [clock(), fit(), clock(), (predict().argmax(axis=1) == y_test).mean(), clock()]
    print(f"  {name:19} {times[2] - times[0]:8.4f} s {times[4] - times[2]:8.4f} s  {times[3]:.4f}")

X, y = load_iris()
for k in (1, 15):
    predict = KNeighborsClassifier(k).fit(X[:, :2], y).predict
    how = {"feature_names": ("sepal length (cm)", "sepal width (cm)"), "title": f"Iris, k = {k}"}
    path = f"nearest_neighbors_k{k}.png"
    print(write_picture(path, plot_decision_regions, predict, X[:, :2], y, **how))
