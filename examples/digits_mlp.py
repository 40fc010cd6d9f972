"""Read handwritten digits with a multi-layer perceptron, judged by 5-fold cross-validation."""

import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.model_selection import StratifiedKFold
from tinygrad_ml.models import MLP
from tinygrad_ml.plotting import plot_confusion, write_picture

epochs = 5 if os.environ.get("TINYGRAD_ML_QUICK") else 40
X, y = load_digits()
X = X / 16  # ink from 0 to 1; the scale is known, nothing is learned from the held-out fold
predicted, accuracies = np.empty_like(y), []

for fold, (train, test) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)):
    model = MLP([64, 128, 64, 10], dropout=0.2, rng=0)
    optimizer = tg.optim.AdamW(model.parameters(), learning_rate=0.003)
    schedule = tg.optim.CosineSchedule(epochs)
    trainer = tg.Trainer(model, tg.functional.cross_entropy, optimizer, schedule, rng=0)
    trainer.fit((X[train], y[train]), epochs)
    predicted[test] = trainer.predict(X[test]).argmax(axis=1)
    accuracies.append(np.mean(predicted[test] == y[test]))
    print(f"fold {fold + 1}: held-out accuracy {accuracies[-1]:.2%}")

print(f"mean of 5 folds {np.mean(accuracies):.2%}, worst {min(accuracies):.2%}")
print(write_picture("digits_mlp.png", plot_confusion, y, predicted))
