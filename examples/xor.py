"""Learn XOR with a network 2 -> 3 -> 1, and draw what it answers everywhere in the plane.

python examples/xor.py                                one network
python examples/xor.py --seeds 1000                   how many of 1,000 networks learn it
python examples/xor.py --seeds 1000 --batch-size 1    the same, trained sample by sample
"""

import argparse
import os
import time
import warnings

import numpy as np

from tinygrad_ml.models import XORNet
from tinygrad_ml.plotting import plot_decision_regions, write_picture
from tinygrad_ml.training import progress_bar

options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
options.add_argument("--seeds", type=int, default=5 if os.environ.get("TINYGRAD_ML_QUICK") else 20)
options.add_argument("--first", type=int, default=0, help="the first seed")
options.add_argument("--batch-size", type=int, default=4, choices=(4, 1))
options = options.parse_args()

X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
warnings.simplefilter("ignore", UserWarning)  # a network that failed is counted below
seeds = range(options.first, options.first + options.seeds)
start = time.perf_counter()
nets = [XORNet(rng=seed).fit(options.batch_size) for seed in progress_bar(seeds, "training")]
seconds = (time.perf_counter() - start) / len(nets)

right = sum(np.array_equal(net.predict(X), y) for net in nets)
epochs = [len(net.history_) for net in nets]
redrawn = sum(bool(net.history_.events) for net in nets)
print(f"{right} of {len(nets)} networks (seeds {seeds[0]} to {seeds[-1]}) have all four rows right")
print(f"largest distance of a probability from its target: {max(net.error() for net in nets):.4f}")
print(f"epochs: median {np.median(epochs):.0f}, most {max(epochs)}; weights redrawn in {redrawn}")
print(f"{seconds * 1000:.0f} ms per network\n")

probability = lambda points: nets[0].predict_proba(points)[:, 1]
for row, p in zip(X, probability(X)):
    print(f"x1 = {row[0]}, x2 = {row[1]}: P(1) = {p:.3f}")
print(write_picture("xor.png", plot_decision_regions, probability, X, y, title="XOR, as learned"))
