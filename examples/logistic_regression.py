"""Tell benign from malignant tumours by logistic regression, and read digits by its softmax kin.

Cross-validated on 5 splits into 5 folds (seeds 0 to 4): mean and worst fold.
"""

import os

import numpy as np

from tinygrad_ml.data import load_breast_cancer, load_digits
from tinygrad_ml.metrics import log_loss, roc_auc_score
from tinygrad_ml.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from tinygrad_ml.models import LogisticRegression
from tinygrad_ml.plotting import plot_decision_regions, plot_roc, plot_weights, write_picture
from tinygrad_ml.preprocessing import Pipeline, StandardScaler

seeds = range(1 if os.environ.get("TINYGRAD_ML_QUICK") else 5)
pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
for name, load in (("breast cancer", load_breast_cancer), ("digits", load_digits)):
    X, y = load()
    scores, losses = [], []
    for seed in seeds:
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
            pipeline.fit(X[train], y[train])
            scores.append(pipeline.score(X[test], y[test]))
            losses.append(log_loss(y[test], pipeline.predict_proba(X[test])))
    print(f"{name:13} accuracy mean {np.mean(scores):.4f}, worst {min(scores):.4f}; log loss mean "
          f"{np.mean(losses):.4f}, worst {max(losses):.4f}")  # fmt: skip

X, y = data = load_breast_cancer()
model = LogisticRegression().fit(X, y)
print(f"\nunscaled features, up to {X.max():,.0f}: {model.n_iter_[0]} steps, no warning")
folds = StratifiedKFold(5, shuffle=True, random_state=0)
two = [data.feature_names.index(name) for name in ("worst radius", "worst texture")]
curves = {}
for name, columns in (("30 features", slice(None)), ("radius and texture", two)):
    some = X[:, columns]
    curves[name] = cross_val_predict(pipeline, some, y, cv=folds, method="decision_function")
    print(f"{name:18} area under the ROC curve {roc_auc_score(y, curves[name]):.4f} (seed 0)")

X_train, X_test, y_train, y_test = train_test_split(X[:, two], y, stratify=y, random_state=0)
model.fit(X_train, y_train)
title = f"Held-out tumours, {model.score(X_test, y_test):.1%} right"
print(write_picture("logistic_regression_regions.png", plot_decision_regions,
                    lambda points: model.predict_proba(points)[:, 1], X_test, y_test,
                    ["worst radius", "worst texture"], title=title))  # fmt: skip
print(write_picture("logistic_regression_roc.png", plot_roc, y, curves))
weights = pipeline.fit(X, y)["model"].coef_[0]
print(write_picture("logistic_regression_weights.png", plot_weights, data.feature_names, weights,
                    title="Log-odds of benign by standard deviation"))  # fmt: skip
