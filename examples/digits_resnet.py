"""Read handwritten digits with a residual network, a Module of your own; a held-out quarter judges.

python examples/digits_resnet.py            one run, split and weights drawn with seed 0
python examples/digits_resnet.py --runs 5   mean and worst of the seeds 0 to 4 (--first: others)
"""

import argparse
import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.functional import relu
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.nn import BatchNorm, Conv2D, Dense, Dropout, GlobalAvgPool2D, Module, Sequential

options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
options.add_argument("--runs", type=int, default=1)
options.add_argument("--first", type=int, default=0, help="the first seed")
options = options.parse_args()
epochs = 2 if os.environ.get("TINYGRAD_ML_QUICK") else 30


class Residual(Module):
    """relu(f(x) + shortcut(x)), f being two convolutions (He et al., 2016).

    The shortcut is x itself, or a 1 x 1 convolution where height, width and channels change.
    """

    def __init__(self, c_in, c_out, stride=1, rng=None):
        self.inner = Sequential(
            Conv2D(c_in, c_out, 3, stride=stride, padding=1, bias=False, rng=rng),
            BatchNorm(c_out), relu,
            Conv2D(c_out, c_out, 3, padding=1, bias=False, rng=rng),
            BatchNorm(c_out),
        )  # fmt: skip
        self.shortcut = None
        if stride != 1 or c_in != c_out:
            convolution = Conv2D(c_in, c_out, 1, stride=stride, bias=False, rng=rng)
            self.shortcut = Sequential(convolution, BatchNorm(c_out))

    def __call__(self, x):
        return relu(self.inner(x) + (x if self.shortcut is None else self.shortcut(x)))


def resnet(seed):
    """8 x 8 pixels -> 4 x 4 -> 2 x 2, and 32 -> 64 -> 128 channels, which are averaged."""
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2D(1, 32, 3, padding=1, bias=False, rng=rng), BatchNorm(32), relu,
        Residual(32, 32, rng=rng),
        Residual(32, 64, stride=2, rng=rng),
        Residual(64, 128, stride=2, rng=rng),
        GlobalAvgPool2D(), Dropout(0.3, rng=seed), Dense(128, 10, rng=rng),
    )  # fmt: skip


X, y = load_digits(images=True)
accuracies = []
for seed in range(options.first, options.first + options.runs):
    parts = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    model = resnet(seed)
    optimizer = tg.optim.AdamW(model.parameters(), learning_rate=0.003, weight_decay=0.05)
    schedule = tg.optim.OneCycleSchedule(epochs, peak=0.1 * epochs)
    loss = tg.functional.cross_entropy
    trainer = tg.Trainer(model, loss, optimizer, schedule, metrics=["accuracy"], rng=seed)
    trainer.fit((X_train, y_train), epochs, validation=(X_test, y_test))
    predicted = trainer.predict(X_test).argmax(axis=1)
    accuracies.append(np.mean(predicted == y_test))
    print(f"seed {seed}: held-out accuracy {accuracies[-1]:.2%} of {len(y_test)} images")

print(f"mean of {len(accuracies)} {np.mean(accuracies):.2%}, worst {min(accuracies):.2%}")
print(model.summary((8, 8, 1)))
