"""Networks and classical models side by side: the same folds, the same search, one table.

Accuracies are means over 5 stratified folds of the digits, the worst fold beside them; the folds
and every model have seed 0, and no other seed was tried.
"""

import os
import time

import numpy as np

from tinygrad_ml import models
from tinygrad_ml.data import load_digits
from tinygrad_ml.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from tinygrad_ml.plotting import plot_images, write_picture

fewer = {"max_iter": 3} if os.environ.get("TINYGRAD_ML_QUICK") else {}  # epochs
X, y = load_digits()
X = (X / 16).astype(np.float32)  # ink from 0 to 1
folds = StratifiedKFold(5, shuffle=True, random_state=0)

perceptron = models.MLPClassifier(
    (128,), batch_size=32, learning_rate="cosine", learning_rate_init=0.003, random_state=0,
    **{"max_iter": 40, **fewer},
)  # fmt: skip
candidates = {
    "logistic regression": models.LogisticRegression(),
    "5 nearest neighbours": models.KNeighborsClassifier(5),
    "multi-layer perceptron": perceptron,
    "convolutional network": models.CNNClassifier(image_shape=(8, 8), random_state=0, **fewer),
}
print(f"{'':<24}mean     worst    seconds")
for name, model in candidates.items():
    start = time.perf_counter()
    scores = cross_val_score(model, X, y, cv=folds)
    seconds = time.perf_counter() - start
    print(f"{name:<24}{np.mean(scores):.2%}   {np.min(scores):.2%}   {seconds:6.1f}")

grid = {"hidden_layer_sizes": [(64,), (256,)], "dropout": [0.0, 0.3]}
search = GridSearchCV(perceptron, grid, cv=folds).fit(X[::2], y[::2])
print(f"\nbest of {len(search.cv_results_['params'])} perceptrons on every other digit:")
print(f"    {search.best_params_}, {search.best_score_:.2%} in 5 folds")
held_out, labels = X[1::2], y[1::2]
predicted = search.predict(held_out)
print(f"    {search.score(held_out, labels):.2%} of the other digits")
wrong = np.flatnonzero(predicted != labels)[:16]
titles = [f"{labels[i]} not {predicted[i]}" for i in wrong]
print(write_picture("network_estimators.png", plot_images, held_out[wrong].reshape(-1, 8, 8),
                    titles, title="Digits that the best perceptron got wrong"))  # fmt: skip
