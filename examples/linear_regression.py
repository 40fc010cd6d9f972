"""Diabetes progression by least squares: in closed form, by hand-written steps and by autograd.

Cross-validated on 5 splits into 5 folds (seeds 0 to 4): mean and worst fold.
"""

import os

import numpy as np

from tinygrad_ml.data import load_diabetes
from tinygrad_ml.model_selection import KFold, LeaveOneOut, cross_val_predict
from tinygrad_ml.models import LinearRegression, Ridge
from tinygrad_ml.plotting import plot_lines, write_picture
from tinygrad_ml.preprocessing import StandardScaler

x = np.linspace(-1, 1, 20)[:, None]
line = LinearRegression(solver="gradient", learning_rate=0.5).fit(x, 2 * x[:, 0] + 1)
print(f"y = 2x + 1 is found as y = {line.coef_[0]:.5f} x + {line.intercept_:.5f}")

X, y = data = load_diabetes()
Z = StandardScaler().fit_transform(X)
steps = {"learning_rate": 0.4, "max_iter": 20_000, "tol": 1e-9}
exact = LinearRegression().fit(Z, y)
by_hand = LinearRegression(solver="gradient", **steps).fit(Z, y)
by_autograd = LinearRegression(solver="autograd", **steps).fit(Z, y)
print(f"\n{by_hand.n_iter_} and {by_autograd.n_iter_} steps beside the closed form:")
for name, *values in zip(data.feature_names, exact.coef_, by_hand.coef_, by_autograd.coef_):
    print("{:4} closed form {:10.5f}, by hand {:10.5f}, by autograd {:10.5f}".format(name, *values))
try:
    LinearRegression(solver="gradient", learning_rate=1.0).fit(Z, y)
except ValueError as error:
    print(f"\ntoo long a step: {error}\n")

n_seeds = 1 if os.environ.get("TINYGRAD_ML_QUICK") else 5
folds = [f for s in range(n_seeds) for f in KFold(5, shuffle=True, random_state=s).split(X)]
for model in (LinearRegression(), Ridge(0.01), Ridge(1.0)):
    scores = [model.fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds]
    rms = np.linalg.norm(y - cross_val_predict(model, X, y, cv=LeaveOneOut())) / len(y) ** 0.5
    print(f"{model!r:20} R2 mean {np.mean(scores):.3f}, worst {min(scores):.3f}; "
          f"leave one out: off by {rms:.2f} (root mean square)")  # fmt: skip

slow = LinearRegression(solver="gradient", max_iter=200, tol=0.03)
losses = {a: slow.set_params(learning_rate=a).fit(Z, y).loss_history_ for a in (0.45, 0.1, 0.04)}
named = {f"learning rate {rate}": (np.arange(len(v)), v) for rate, v in losses.items()}
print(write_picture("linear_regression_loss.png", plot_lines, named, "step",
                    "mean squared error / 2", "y", "Gradient descent"))  # fmt: skip
alphas = np.logspace(-3, 4, 50)
paths = np.transpose([Ridge(alpha).fit(Z, y).coef_ for alpha in alphas])
named = {name: (alphas, path) for name, path in zip(data.feature_names, paths)}
print(write_picture("linear_regression_ridge.png", plot_lines, named, "alpha", "coefficient",
                    "x", "The ridge path"))  # fmt: skip
