"""Read handwritten digits with a convolutional network, judged on a held-out quarter.

python examples/digits_cnn.py            one run, split and weights drawn with seed 0
python examples/digits_cnn.py --runs 5   mean and worst of the seeds 0 to 4 (--first: others)
"""

import argparse
import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import CNN
from tinygrad_ml.plotting import plot_history, plot_images, write_picture

options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
options.add_argument("--runs", type=int, default=1)
options.add_argument("--first", type=int, default=0, help="the first seed")
options = options.parse_args()
epochs = 2 if os.environ.get("TINYGRAD_ML_QUICK") else 30
X, y = load_digits(images=True)
X = X / 16  # ink from 0 to 1
accuracies = []

for seed in range(options.first, options.first + options.runs):
    parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    model = CNN((8, 8, 1), n_classes=10, dropout=0.3, batch_norm=True, rng=seed)
    optimizer = tg.optim.AdamW(model.parameters(), learning_rate=0.003, weight_decay=0.05)
    schedule = tg.optim.CosineSchedule(epochs)
    loss = tg.functional.cross_entropy
    trainer = tg.Trainer(model, loss, optimizer, schedule, metrics=["accuracy"], rng=seed)
    history = trainer.fit((X_train, y_train), epochs, validation=(X_test, y_test))
    predicted = trainer.predict(X_test).argmax(axis=1)
    accuracies.append(np.mean(predicted == y_test))
    print(f"seed {seed}: held-out accuracy {accuracies[-1]:.2%} of {len(y_test)} images")

print(f"mean of {len(accuracies)} {np.mean(accuracies):.2%}, worst {min(accuracies):.2%}")
print(write_picture("digits_cnn.png", plot_history, history, title="A CNN learns digits"))
first = np.argsort(predicted == y_test, kind="stable")[:16]  # the wrong ones, then right ones
titles = [f"{true} read as {read}" for true, read in zip(y_test[first], predicted[first])]
print(
    write_picture(
        "digits_cnn_images.png", plot_images, X_test[first], titles, title="Held-out digits"
    )
)
