"""The classical algorithms, ours and scikit-learn's, side by side in one process.

Every row is one piece of code that runs with the classes of either library on the same data. The
two run alternately, warmed up, with two threads each; the figure is the ratio of the best times.
Peak memory is measured in processes of their own, and the cost against the number of rows last.

    pip install -e ".[fast,classical]" scikit-learn==1.9.*
    python benchmarks/classical.py [--kernels numpy] [--rows neighbors tree] [--rounds 7]
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import measure  # before NumPy: it decides the number of threads
import numpy as np
from measure import Step

Get = Callable[[str], Any]  # the class of a name, in one of the two libraries
THEIRS = {
    "cluster": ("KMeans",),
    "decomposition": ("PCA",),
    "ensemble": ("GradientBoostingRegressor", "HistGradientBoostingRegressor",
                 "RandomForestClassifier"),
    "feature_extraction.text": ("CountVectorizer",),
    "linear_model": ("LogisticRegression",),
    "naive_bayes": ("GaussianNB", "MultinomialNB"),
    "neighbors": ("KDTree", "KNeighborsClassifier"),
    "svm": ("SVC",),
    "tree": ("DecisionTreeClassifier",),
}  # fmt: skip


def ours(name: str) -> Any:
    from tinygrad_ml import models

    return getattr(models, name)


def theirs(name: str) -> Any:
    module = next(module for module, names in THEIRS.items() if name in names)
    return getattr(importlib.import_module(f"sklearn.{module}"), name)


class Row(NamedTuple):
    """A piece of work, its size by default, and the ratios that it shall stay below."""

    build: Callable[[Get, int], Step]
    size: int
    floor: float | None
    numpy_floor: float | None
    sizes: tuple[int, ...] = ()  # for the cost against the number of rows


@functools.cache
def normal(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@functools.cache
def labelled(n: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """n x 20 with interacting features and noise, three classes."""
    from sklearn.datasets import make_classification

    return make_classification(
        n, 20, n_informative=10, n_redundant=4, n_classes=classes, flip_y=0.05, random_state=0
    )


@functools.cache
def measured(n: int) -> tuple[np.ndarray, np.ndarray]:
    """n x 20 and a smooth function of five of the columns with noise."""
    from sklearn.datasets import make_friedman1

    return make_friedman1(n, 20, noise=1.0, random_state=0)


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    from tinygrad_ml.data import load_digits

    X, y = load_digits()
    return X.reshape(len(X), -1).astype(float), y


# ---------------------------------------------------------------------------------------- rows


def neighbors(get: Get, n: int) -> Step:
    X, queries = normal(n, 64), normal(2_000, 64, 1)
    y = np.arange(n) % 3
    kind = get("KNeighborsClassifier")
    return lambda: kind(n_neighbors=5, algorithm="brute").fit(X, y).kneighbors(queries)


def kd_tree(get: Get, n: int) -> Step:
    X, queries = normal(n, 3), normal(10_000, 3, 1)
    tree = get("KDTree")
    return lambda: tree(X).query(queries, k=5)


def kmeans(get: Get, n: int) -> Step:
    X = normal(n, 32)
    kind = get("KMeans")
    return lambda: kind(n_clusters=50, init=X[:50], n_init=1, max_iter=20, tol=0).fit(X)


def pca(get: Get, n: int) -> Step:
    X = normal(n, 200)
    kind = get("PCA")
    return lambda: kind(n_components=10).fit(X)


def logistic(get: Get, n: int) -> Step:
    X, y = digits()
    deviation = X.std(axis=0)
    X = ((X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1))[:n]
    kind = get("LogisticRegression")
    return lambda: kind().fit(X, y[:n])


def gaussian_bayes(get: Get, n: int) -> Step:
    X, y = normal(n, 50), np.arange(n) % 5
    kind = get("GaussianNB")
    return lambda: kind().fit(X, y).predict(X)


def text(get: Get, n: int) -> Step:
    from tinygrad_ml.data import load_sms_spam
    from tinygrad_ml.model_selection import StratifiedKFold

    texts, y = load_sms_spam()
    texts, y = list(texts[:n]), np.asarray(y[:n])
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(texts, y))
    vectorizer, classifier = get("CountVectorizer"), get("MultinomialNB")

    def five_folds() -> None:
        for train, test in folds:
            words, model = vectorizer(token_pattern=r"\w+"), classifier()
            model.fit(words.fit_transform([texts[i] for i in train]), y[train])
            model.predict(words.transform([texts[i] for i in test]))

    return five_folds


def tree(get: Get, n: int) -> Step:
    X, y = labelled(n)
    kind = get("DecisionTreeClassifier")
    return lambda: kind(random_state=0).fit(X, y)


def tree_depth_10(get: Get, n: int) -> Step:
    X, y = labelled(n)
    kind = get("DecisionTreeClassifier")
    return lambda: kind(max_depth=10, random_state=0).fit(X, y)


def forest(get: Get, n: int, jobs: int = 1) -> Step:
    X, y = labelled(n)
    kind = get("RandomForestClassifier")
    return lambda: kind(100, random_state=0, n_jobs=jobs).fit(X, y)


def boosting(get: Get, n: int, peer: str = "GradientBoostingRegressor") -> Step:
    X, y = measured(n)
    kind = get("GradientBoostingRegressor" if get is ours else peer)
    if kind.__name__.startswith("Hist"):
        return lambda: kind(max_iter=100, max_depth=3, max_leaf_nodes=None,
                            early_stopping=False).fit(X, y)  # fmt: skip
    return lambda: kind(n_estimators=100, max_depth=3, random_state=0).fit(X, y)


def svc_digits(get: Get, n: int) -> Step:
    X, y = digits()
    kind = get("SVC")
    return lambda: kind(C=10).fit(X[:n], y[:n])


def svc(get: Get, n: int) -> Step:
    X, y = labelled(n, classes=2)
    kind = get("SVC")
    return lambda: kind().fit(X, y)


def svc_predict(get: Get, n: int) -> Step:
    X, y = digits()
    model = get("SVC")(C=10).fit(X[:n], y[:n])
    return lambda: model.predict(X)


ROWS = {
    "neighbors": Row(neighbors, 10_000, 1.2, 3.6, (1_000, 10_000, 100_000)),
    "kd_tree": Row(kd_tree, 50_000, 1.0, 12.0, (1_000, 10_000, 100_000, 1_000_000)),
    "kmeans": Row(kmeans, 50_000, 1.2, 3.6, (1_000, 10_000, 100_000)),
    "pca": Row(pca, 20_000, 1.0, 3.0),
    "logistic": Row(logistic, 1797, 1.5, 4.5),
    "gaussian_bayes": Row(gaussian_bayes, 20_000, 1.2, 3.6),
    "text": Row(text, 5574, 1.5, 1.5),
    "tree": Row(tree, 20_000, 0.8, 2.4, (1_000, 10_000, 50_000, 200_000)),
    "tree_depth_10": Row(tree_depth_10, 20_000, 0.8, 2.4),
    "forest": Row(forest, 20_000, 1.0, 3.0, (1_000, 10_000, 50_000, 200_000)),
    "forest_2_jobs": Row(functools.partial(forest, jobs=2), 20_000, 1.0, 3.0),
    "boosting": Row(boosting, 20_000, 0.06, 0.18, (1_000, 10_000, 50_000, 200_000)),
    "boosting_binned": Row(
        functools.partial(boosting, peer="HistGradientBoostingRegressor"), 20_000, 1.3, 3.9
    ),
    "svc_digits": Row(svc_digits, 1797, 1.5, 4.5),
    "svc": Row(svc, 4_000, 1.2, 3.6, (1_000, 4_000, 16_000)),
    "svc_predict": Row(svc_predict, 1797, 1.2, 3.6),
}


# ------------------------------------------------------------------------------------ measuring


def lvq_steps() -> tuple[Step, Step]:
    """Our LVQ1 on digits, and the same as a loop over samples in Python."""
    X, y = digits()
    X = X / 16
    rng = np.random.default_rng(0)
    start = np.concatenate([rng.permutation(np.flatnonzero(y == k))[:10] for k in range(10)])
    prototypes, labels = X[start], y[start]
    kind = ours("LVQ")

    def loop() -> None:
        current = prototypes.copy()
        for epoch in range(20):
            rate = max(0.2 * 0.5**epoch, 0.001)
            for i in range(len(X)):
                winner = ((X[i] - current) ** 2).sum(axis=1).argmin()
                sign = 1 if labels[winner] == y[i] else -1
                current[winner] += sign * rate * (X[i] - current[winner])

    return lambda: kind(max_iter=20, init=(prototypes, labels)).fit(X, y), loop


def times_in_turn(steps: list[Step], rounds: int) -> list[list[float]]:
    """Seconds of every step in every round, after one round that warms up."""
    times: list[list[float]] = [[] for _ in steps]
    for number in range(rounds + 1):
        for step, seconds in zip(steps, times):
            start = time.perf_counter()
            step()
            if number:
                seconds.append(time.perf_counter() - start)
    return times


def print_times(names: list[str], rounds: int) -> None:
    kernels = "numpy" if os.environ.get("TINYGRAD_ML_KERNELS") == "numpy" else "compiled"
    print(f"{measure.processor()}; {measure.blas()}")
    print(f"best of {rounds} rounds (median in brackets), {kernels} kernels")
    print(f"{'row':<16}{'ours ms':>18}{'scikit-learn ms':>20}{'ratio':>8}{'floor':>7}")
    for name in names:
        if name == "lvq":
            steps, floor = lvq_steps(), 0.05
        else:
            row = ROWS[name]
            steps = row.build(ours, row.size), row.build(theirs, row.size)
            floor = row.numpy_floor if kernels == "numpy" else row.floor
        mine, peer = times_in_turn(list(steps), rounds)
        shown = [f"{min(t) * 1e3:.1f} ({statistics.median(t) * 1e3:.1f})" for t in (mine, peer)]
        ratio = min(mine) / min(peer)
        beside = "  (a Python loop)" if name == "lvq" else ""
        print(
            f"{name:<16}{shown[0]:>18}{shown[1]:>20}{ratio:>8.2f}{floor or '-':>7}{beside}",
            flush=True,
        )


def print_memory(names: list[str]) -> None:
    print("\nhow far one run raises the peak of the memory, MB")
    for name in names:
        mine, peer = (
            float(measure.run([sys.executable, __file__, "--peak", side, name]))
            for side in ("ours", "theirs")
        )
        ratio = f"{mine / peer:.2f}" if peer else "-"
        print(f"{name:<16}ours {mine:>7.1f}   scikit-learn {peer:>7.1f}   ratio {ratio:>5}")


def peak(side: str, name: str) -> None:
    """Print how far a run raises the peak of the resident memory, in MB (Linux)."""
    get, row = (ours if side == "ours" else theirs), ROWS[name]
    row.build(get, min(row.size, 1_000))()  # what every program pays once: libraries, machine code
    step = row.build(get, row.size)
    before = measure.start_of_peak()
    step()
    print(measure.resident("VmHWM") - before)


def print_growth(names: list[str]) -> None:
    print("\nseconds against the number of rows, best of 3 (ours / scikit-learn)")
    for name in names:
        row, shown = ROWS[name], []
        for n in row.sizes:
            steps = [row.build(get, n) for get in (ours, theirs)]
            mine, peer = map(min, times_in_turn(steps, 3 if n <= 20_000 else 1))
            shown.append(f"{n:,}: {mine:.3g} / {peer:.3g}")
        if shown:
            print(f"{name:<16}" + "   ".join(shown), flush=True)


def main() -> None:
    names = [*ROWS, "lvq"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kernels", choices=["numpy", "compiled"])
    parser.add_argument("--times-only", action="store_true", help="no memory, no growth")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # k-means is stopped after 20 iterations on purpose
    if args.kernels:
        os.environ["TINYGRAD_ML_KERNELS"] = args.kernels
    if args.peak:
        peak(*args.peak)
        return
    print_times(args.rows, args.rounds)
    if not args.times_only:
        rows = [name for name in args.rows if name != "lvq"]
        print_memory(rows)
        print_growth(rows)


if __name__ == "__main__":
    main()
