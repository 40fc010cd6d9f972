"""Support vector machines: margins, the effect of C and gamma, and how good the solution is."""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_digits
from tinygrad_ml.model_selection import StratifiedKFold
from tinygrad_ml.models import SVC
from tinygrad_ml.plotting import plot_margins, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
seeds = range(1 if quick else 5)


def standardised(train, test):
    middle, spread = train.mean(axis=0), train.std(axis=0)
    return (train - middle) / spread, (test - middle) / spread


def folds(X, y):
    return [f for s in seeds for f in StratifiedKFold(5, shuffle=True, random_state=s).split(X, y)]


X, y = load_digits()
X = X.reshape(len(X), -1)
models = [SVC(C=10).fit(X[a], y[a]) for a, _ in folds(X, y)]
scores = [model.score(X[b], y[b]) for model, (_, b) in zip(models, folds(X, y), strict=True)]
print(f"digits, rbf, C = 10: mean {np.mean(scores):.4f}, worst {min(scores):.4f} of {len(scores)}")
print(f"folds ({len(seeds)} splits); largest KKT violation "
      f"{max(each.kkt_violation_ for each in models):.1e} (tol 1e-3)")  # fmt: skip

X, y = load_breast_cancer()
print("\nbreast cancer    accuracy (worst)  support vectors  steps  KKT violation  duality gap")
for kernel, C in (("rbf", 0.1), ("rbf", 1), ("rbf", 100), ("linear", 1), ("poly", 1)):
    model, scores = SVC(C=C, kernel=kernel), []
    for a, b in folds(X, y):
        train, test = standardised(X[a], X[b])
        scores.append(model.fit(train, y[a]).score(test, y[b]))
    share = model.duality_gap_ / abs(model.dual_objective_)
    print(f"{kernel:7} C={C:<6}    {np.mean(scores):.4f} ({min(scores):.4f})  "
          f"{len(model.support_):14}  {model.n_iter_[0]:5}  {model.kkt_violation_:13.1e}  "
          f"{share:11.1e}")  # fmt: skip
print("(support vectors to gap: the machine of the last fold; the gap as a share of the objective)")

two, names = standardised(X[:, [20, 21]], X[:, [20, 21]])[0], ("worst radius", "worst texture")
print("\ntwo features of breast cancer, all samples:")
for C, gamma in ((1, 0.1), (100, 0.1), (1, 10)):
    model = SVC(C=C, gamma=gamma).fit(two, y)
    path, title = f"support_vectors_C{C}_gamma{gamma}.png", f"C = {C}, gamma = {gamma}"
    how = {"support": model.support_, "feature_names": names, "title": title}
    print(f"{title}: {model.score(two, y):.3f} right, {len(model.support_)} support vectors")
    print(write_picture(path, plot_margins, model.decision_function, two, y, **how))
