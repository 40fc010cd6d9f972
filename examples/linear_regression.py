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

X, y = load_diabetes()
Z = StandardScaler().fit_transform(X)
steps = {"learning_rate": 0.4, "max_iter": 20_000, "tol": 1e-9}
exact = LinearRegression().fit(Z, y)
by_hand = LinearRegression(solver="gradient", **steps).fit(Z, y)
by_autograd = LinearRegression(solver="autograd", **steps).fit(Z, y)
print("\nfeature   closed form   by hand   by autograd")
for name, *values in zip(load_diabetes().feature_names, exact.coef_, by_hand.coef_,
                         by_autograd.coef_):  # fmt: skip
    print(f"{name:9} {values[0]:11.5f} {values[1]:9.5f} {values[2]:13.5f}")
print(f"steps taken: {by_hand.n_iter_} and {by_autograd.n_iter_}")
try:
    LinearRegression(solver="gradient", learning_rate=1.0).fit(Z, y)
except ValueError as error:
    print(f"\ntoo long a step: {error}\n")

seeds = range(1 if os.environ.get("TINYGRAD_ML_QUICK") else 5)
folds = [f for s in seeds for f in KFold(5, shuffle=True, random_state=s).split(X)]
for model in (LinearRegression(), Ridge(0.01), Ridge(1.0)):
    scores = [model.fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds]
    left_out = cross_val_predict(model, X, y, cv=LeaveOneOut())
    error = np.sqrt(np.mean((left_out - y) ** 2))
    print(f"{model!r:20} R2 mean {np.mean(scores):.3f}, worst {min(scores):.3f}; "
          f"leave one out: off by {error:.2f} (root mean square)")  # fmt: skip

losses = {rate: LinearRegression(solver="gradient", learning_rate=rate, max_iter=200, tol=0.03)
          .fit(Z, y).loss_history_ for rate in (0.45, 0.1, 0.04)}  # fmt: skip
named = {f"learning rate {rate}": (np.arange(len(v)), v) for rate, v in losses.items()}
print(write_picture("linear_regression_loss.png", plot_lines, named, "step",
                    "mean squared error / 2", "y", "Gradient descent"))  # fmt: skip
alphas = np.logspace(-3, 4, 50)
path = np.array([Ridge(alpha).fit(Z, y).coef_ for alpha in alphas])
named = {name: (alphas, path[:, k]) for k, name in enumerate(load_diabetes().feature_names)}
print(write_picture("linear_regression_ridge.png", plot_lines, named, "alpha", "coefficient",
                    "x", "The ridge path"))  # fmt: skip
