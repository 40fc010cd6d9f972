"""Support vector machines: margins, the effect of C and gamma, and how good the solution is.

python examples/support_vectors.py

Accuracies: mean and worst of all folds, five for each of the seeds 0 to 4.
"""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_digits
from tinygrad_ml.model_selection import StratifiedKFold, cross_validate
from tinygrad_ml.models import SVC
from tinygrad_ml.plotting import plot_margins, write_picture
from tinygrad_ml.preprocessing import StandardScaler, make_pipeline

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))


def fitted(model, X, y):
    """Scores and fitted models of all folds."""
    splits = [
        StratifiedKFold(5, shuffle=True, random_state=seed) for seed in range(1 if quick else 5)
    ]
    each = [cross_validate(model, X, y, cv=split, return_estimator=True) for split in splits]
    return np.concatenate([e["test_score"] for e in each]), [
        m for e in each for m in e["estimator"]
    ]


X, y = load_digits()
scores, models = fitted(SVC(C=10), X.reshape(len(X), -1), y)
print(f"digits, rbf, C = 10: mean {scores.mean():.4f}, worst {scores.min():.4f} of {len(scores)} "
      f"folds; largest KKT violation {max(m.kkt_violation_ for m in models):.1e}")  # fmt: skip

X, y = load_breast_cancer()
print("\nbreast cancer    accuracy (worst)  support vectors  steps  KKT violation  duality gap")
for kernel, C in (("rbf", 0.1), ("rbf", 1), ("rbf", 100), ("linear", 1), ("poly", 1)):
    scores, models = fitted(make_pipeline(StandardScaler(), SVC(C=C, kernel=kernel)), X, y)
    last = models[-1][-1]
    print(f"{kernel:7} C={C:<6}    {scores.mean():.4f} ({scores.min():.4f})  "
          f"{len(last.support_):14}  {last.n_iter_[0]:5}  {last.kkt_violation_:13.1e}  "
          f"{last.duality_gap_ / abs(last.dual_objective_):11.1e}")  # fmt: skip
print("(support vectors to gap: the machine of the last fold; the gap as a share of the objective)")

two, names = StandardScaler().fit_transform(X[:, [20, 21]]), ("worst radius", "worst texture")
print("\ntwo features of breast cancer, all samples:")
for C, gamma in ((1, 0.1), (100, 0.1), (1, 10)):
    model = SVC(C=C, gamma=gamma).fit(two, y)
    path, title = f"support_vectors_C{C}_gamma{gamma}.png", f"C = {C}, gamma = {gamma}"
    how = {"support": model.support_, "feature_names": names, "title": title}
    print(f"{title}: {model.score(two, y):.3f} right, {len(model.support_)} support vectors")
    print(write_picture(path, plot_margins, model.decision_function, two, y, **how))
