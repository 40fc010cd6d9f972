"""Digits by learning vector quantization: a few prototypes a class stand for all samples.

The first 70 % of the digits train, in their order, scaled by the least and largest value of every
pixel there; mean and worst of the seeds 0 to 4 on the rest.
"""

import os
import timeit

import numpy as np

from tinygrad_ml.data import load_digits
from tinygrad_ml.metrics import precision_recall_fscore_support
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import LVQ, KNeighborsClassifier
from tinygrad_ml.plotting import plot_images, write_picture
from tinygrad_ml.preprocessing import MinMaxScaler

step = LVQ(init=([[0, 0, 1, 1], [1, 0, 0, 0]], [1, 2]), learning_rate=0.1, max_iter=1)
step.fit([[0, 0, 0, 1]], [2])
print(f"the nearest prototype is wrong and moves away: {step.prototypes_.tolist()}\n")

seeds = range(2 if os.environ.get("TINYGRAD_ML_QUICK") else 5)
X, X_test, y, y_test = train_test_split(*load_digits(), test_size=0.3, shuffle=False)
scaler = MinMaxScaler().fit(X)
X, X_test = scaler.transform(X), scaler.transform(X_test)
print("prototypes              accuracy        weighted, mean of the seeds     time")
print("a class                mean   worst   precision  recall    F1")
for count in (1, 10):
    for name in ("untrained", "lvq1", "lvq2.1", "lvq3"):
        rows = []
        for seed in seeds:
            still = {"learning_rate": 1e-12, "max_iter": 1} if name == "untrained" else {}
            model = LVQ(count, "lvq1" if still else name, random_state=seed, **still)
            start = timeit.default_timer()
            predicted = model.fit(X, y).predict(X_test)
            seconds = timeit.default_timer() - start
            quality = precision_recall_fscore_support(y_test, predicted, average="weighted")
            rows.append([np.mean(predicted == y_test), *quality[:3], seconds])
        a, p, r, f, seconds = np.mean(rows, axis=0)
        print(f"{count:3} {name:16} {a:7.4f} {min(rows)[0]:7.4f}  {p:8.4f} {r:8.4f} {f:8.4f}"
              f" {seconds * 1e3:8.1f} ms")  # fmt: skip

model = LVQ(10, "lvq2.1", random_state=0).fit(X, y)
print("\nbeside 5 nearest neighbours   memory   prediction    accuracy")
for name, each, kept in (("LVQ2.1, seed 0", model, model.prototypes_),
                         ("neighbours", KNeighborsClassifier().fit(X, y), X)):  # fmt: skip
    ms = 1e3 * min(timeit.repeat(lambda: each.predict(X_test), number=1, repeat=5))  # noqa: B023
    print(f"  {name:24} {kept.nbytes >> 10:6} KiB {ms:8.2f} ms {each.score(X_test, y_test):11.4f}")
print(write_picture("lvq.png", plot_images, model.prototypes_.reshape(-1, 8, 8), columns=10,
                    title="Ten prototypes of every digit, after LVQ2.1"))  # fmt: skip
