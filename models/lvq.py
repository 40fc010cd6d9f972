"""Learning vector quantization: prototypes of the classes, moved towards the samples they get right
and away from those they get wrong (Kohonen, 1988)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml import kernels
from tinygrad_ml.estimator import Classifier, Estimator
from tinygrad_ml.generators import generator
from tinygrad_ml.training import History
from tinygrad_ml.validation import (
    BOOLEAN,
    SEED,
    Accepts,
    check_labels,
    check_samples,
    choice,
    integer,
    number,
)

from .centres import Samples, unit_scale
from .kmeans import KMeans

FINE = 0.05  # LVQ2.1 and LVQ3 start at this part of the learning rate when they follow LVQ1
LARGEST_SCALE = 2.0**100  # a number in single precision
AWAY = 1e15  # times as far as the farthest sample: there all samples look alike
ALGORITHMS = {"lvq1": 1, "lvq2.1": 2, "lvq3": 3}  # their numbers in the kernel
PAIR = Accepts(
    "a pair (prototypes, their classes)", lambda v: isinstance(v, (tuple, list)) and len(v) == 2
)
BY_CLASS = Accepts("a dict with a count for each class", lambda v: isinstance(v, dict))


class LVQ(Classifier, Estimator):
    """A sample has the class of its nearest prototype; the first in the list of equally near ones.

    The samples come one by one. LVQ1 moves the nearest prototype m by a (x - m) if it has the class
    of x, else by -a (x - m). LVQ2.1 moves the two nearest so, if just one of them has the class of
    x, whichever it is, and x lies in the window: d1 / d2 > (1 - window) / (1 + window). LVQ3 also
    moves both by epsilon a (x - m) where both have the class of x, wherever x lies. Where the
    start is drawn from the samples, LVQ2.1 and LVQ3 refine what LVQ1 has found: first come
    `max_iter` epochs of LVQ1, then theirs from a twentieth of the learning rate on.

    Parameters
    ----------
    prototypes_per_class : a number, or {class: number}.
    algorithm : "lvq1", "lvq2.1" or "lvq3".
    init : the prototypes at the start: "random" samples of their class; the "first" samples of
        their class, which are then left out of training; "k-means", the centres of the clusters of
        each class; or (prototypes (m, features), classes (m,)), such as those of another LVQ, with
        which `algorithm` goes on alone.
    learning_rate : a in the first epoch.
    decay : a of epoch t = 0, 1, ...: "halve", a / 2^t; "linear", down to the least in the last
        epoch; "inverse", a / (1 + t); "constant".
    min_learning_rate : a is never less.
    max_iter : epochs, each with every sample once.
    window : its relative width, for LVQ2.1 and LVQ3.
    epsilon : the part of a that LVQ3 takes where both are right.
    shuffle : draw a new order for every epoch; else the samples come as they are.
    random_state : None, a seed or a Generator, for the start and the order.

    Fitted: `prototypes_` (m, features) and `prototype_labels_` (m,), class by class or as
    in `init`;
    `classes_`;
    `n_iter_` epochs in all; `history_`, a `History` with the part of the samples that were
    misclassified when their turn came, `error`, for every epoch.

    Source: T. Kohonen, Self-Organizing Maps, 1995.

    >>> start = [[0, 0, 1, 1], [1, 0, 0, 0]], [1, 2]
    >>> LVQ(init=start, learning_rate=0.1, max_iter=1).fit([[0, 0, 0, 1]], [2]).prototypes_
    array([[0. , 0. , 1.1, 1. ],
           [1. , 0. , 0. , 0. ]])
    """

    _parameters = {
        "prototypes_per_class": integer() | BY_CLASS,
        "algorithm": choice(*ALGORITHMS),
        "init": choice("random", "first", "k-means") | PAIR,
        "learning_rate": number(above=0, most=1),
        "decay": choice("halve", "linear", "inverse", "constant"),
        "min_learning_rate": number(0),
        "max_iter": integer(),
        "window": number(above=0, below=1),
        "epsilon": number(0, 1),
        "shuffle": BOOLEAN,
        "random_state": SEED,
    }

    prototypes_: np.ndarray
    prototype_labels_: np.ndarray
    n_iter_: int
    history_: History

    def __init__(
        self,
        prototypes_per_class: Any = 1,
        algorithm: str = "lvq1",
        init: Any = "random",
        learning_rate: float = 0.2,
        decay: str = "halve",
        min_learning_rate: float = 0.001,
        max_iter: int = 100,
        window: float = 0.3,
        epsilon: float = 0.1,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.prototypes_per_class = prototypes_per_class
        self.algorithm = algorithm
        self.init = init
        self.learning_rate = learning_rate
        self.decay = decay
        self.min_learning_rate = min_learning_rate
        self.max_iter = max_iter
        self.window = window
        self.epsilon = epsilon
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LVQ:
        """Learn prototypes from X (n, features) and classes y (n,)."""
        X, y, _ = self._start_fit(X, y)
        rng = generator(self.random_state, "LVQ", "random_state")
        samples = np.arange(len(X))
        if isinstance(self.init, str):
            prototypes, own, samples = self._drawn(X, y, rng)
        else:
            prototypes, own, y = self._given(X, y)
        # By a power of two, which rounds nothing, so that squares neither overflow nor vanish.
        scale = min(unit_scale("LVQ", X, prototypes), LARGEST_SCALE)
        prototypes, X = prototypes * scale, X * scale
        history, algorithm = History(), ALGORITHMS[self.algorithm]
        data = own, X, y, samples, rng, history
        if algorithm != 1 and isinstance(self.init, str):
            prototypes = self._train(prototypes, *data, 1, 1.0)
            event = {"epoch": len(history), "event": f"{self.algorithm} goes on"}
            history.events.append(event)
            prototypes = self._train(prototypes, *data, algorithm, FINE)
        else:
            prototypes = self._train(prototypes, *data, algorithm, 1.0)
        self.prototypes_, self.prototype_labels_ = prototypes / scale, self.classes_[own]
        self.history_, self.n_iter_ = history, len(history)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The class of the nearest prototype, the first of equally near ones: (n,)."""
        X = self._input(X)
        nearest = Samples(X, self.prototypes_, "LVQ").nearest(self.prototypes_)
        return self.prototype_labels_[nearest]

    def _train(
        self, prototypes: np.ndarray, own: np.ndarray, X: np.ndarray, y: np.ndarray,
        samples: np.ndarray, rng: np.random.Generator, history: History, algorithm: int,
        part: float,
    ) -> np.ndarray:  # fmt: skip
        """`max_iter` epochs of one algorithm, from `part` of the learning rate on."""
        window = (1 - self.window) / (1 + self.window)
        for epoch in range(self.max_iter):
            rate = self._rate(epoch, part * self.learning_rate)
            order = rng.permutation(samples) if self.shuffle else samples
            with np.errstate(over="ignore", invalid="ignore"):
                prototypes, mistakes = kernels.lvq_epoch(
                    prototypes, X, own, y, order,
                    rate=rate, window=window, epsilon=self.epsilon, algorithm=algorithm,
                )  # fmt: skip
            if not np.abs(prototypes).max() <= AWAY:
                raise ValueError(
                    "LVQ: expected prototypes among the samples, got some that run away without "
                    f"end, in epoch {len(history) + 1} at the learning rate {rate:g}: most samples "
                    "push them off. Use a smaller learning_rate, or one that decays."
                )
            error = mistakes / max(1, len(samples))
            row = {"epoch": len(history) + 1, "error": error, "learning_rate": rate}
            history.epochs.append(row)
        return prototypes

    def _rate(self, epoch: int, first: float) -> float:
        least = min(self.min_learning_rate, first)
        if self.decay == "linear":
            return first + (least - first) * epoch / max(1, self.max_iter - 1)
        factors = {"halve": 0.5 ** min(epoch, 1000), "inverse": 1 / (1 + epoch), "constant": 1.0}
        return max(least, first * factors[self.decay])

    # ---- the start

    def _drawn(
        self, X: np.ndarray, y: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Prototypes and their classes, class by class, and the samples that are left to train."""
        counts = self._counts(y)
        own = np.repeat(np.arange(len(counts)), counts)
        members = [np.flatnonzero(y == k) for k in range(len(counts))]
        pairs = list(zip(members, counts, strict=True))
        if self.init == "first":
            chosen = np.concatenate([rows[:count] for rows, count in pairs])
            return X[chosen], own, np.setdiff1d(np.arange(len(X)), chosen)
        if self.init == "k-means":
            clusters = [KMeans(count, random_state=rng).fit(X[rows]) for rows, count in pairs]
            centres = np.concatenate([each.cluster_centers_ for each in clusters])
            return centres, own, np.arange(len(X))
        chosen = np.concatenate([rng.choice(rows, count, replace=False) for rows, count in pairs])
        return X[chosen], own, np.arange(len(X))

    def _counts(self, y: np.ndarray) -> list[int]:
        """How many prototypes each class gets."""
        classes, wanted = self.classes_.tolist(), self.prototypes_per_class
        if not isinstance(wanted, dict):
            wanted = dict.fromkeys(classes, wanted)
        if set(wanted) != set(classes) or not all(map(integer().test, wanted.values())):
            raise ValueError(
                "LVQ: prototypes_per_class must have a positive integer for each of the classes "
                f"{classes!r:.80}, got {self.prototypes_per_class!r:.80}. Or give one number."
            )
        counts = [int(wanted[each]) for each in classes]
        for each, count, there in zip(classes, counts, np.bincount(y), strict=True):
            if count > there:
                raise ValueError(
                    f"LVQ: expected at least as many samples of a class as prototypes, got {there} "
                    f"of class {each!r} for {count} prototypes. Use fewer for it: "
                    "prototypes_per_class takes a dict."
                )
        return counts

    def _given(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`init` as arrays, and y by the numbers of all classes that have prototypes."""
        prototypes = check_samples(self.init[0], "LVQ: init")
        if prototypes.shape[1] != X.shape[1]:
            raise ValueError(
                f"LVQ: expected prototypes of {X.shape[1]} features in init, as in X, got "
                f"{prototypes.shape[1]}. A row is one prototype."
            )
        classes, own = check_labels(self.init[1], "LVQ: init", len(prototypes))
        places = {each: k for k, each in enumerate(classes.tolist())}
        missing = [each for each in self.classes_.tolist() if each not in places]
        if missing:
            raise ValueError(
                f"LVQ: expected a prototype for each class of y in init, got none for "
                f"{missing!r:.80}. Its classes are {classes.tolist()!r:.80}."
            )
        numbers = np.array([places[each] for each in self.classes_.tolist()])
        self.classes_ = classes
        return prototypes.astype(X.dtype), own, numbers[y]
