"""Compress digits to a code of 10 numbers, and data of low rank to 2, with autoencoders."""

import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import Autoencoder
from tinygrad_ml.plotting import plot_reconstructions, write_picture

epochs = 20 if os.environ.get("TINYGRAD_ML_QUICK") else 60


def learn(model, X, epochs):
    optimizer = tg.optim.Adam(model.parameters(), learning_rate=0.005)
    tg.Trainer(model, mse_loss, optimizer, tg.optim.CosineSchedule(epochs), rng=0).fit(X, epochs)
    return model


X, y = load_digits()
X_train, X_test = train_test_split(X / 16, stratify=y, random_state=0)
model = learn(Autoencoder(64, (256, 64, 10), output="sigmoid", rng=0), X_train, epochs)

mean = X_train.mean(axis=0)  # PCA by hand: the plane of 10 directions nearest to the training part
directions = np.linalg.svd(X_train - mean, full_matrices=False)[2][:10]
made = {"autoencoder": model.reconstruct(X_test),
        "PCA": mean + (X_test - mean) @ directions.T @ directions}  # fmt: skip
print("held-out squared error per pixel (ink from 0 to 1) with a code of 10 numbers:")
for name, X_made in made.items():
    print(f"    {name}: {mse_loss(X_made, X_test):.5f}")

rng = np.random.default_rng(0)
Z = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 10))  # 10 features, but of rank 2
small = learn(Autoencoder(10, (8, 4, 2), rng=0), Z[:750], epochs * 2)
share = 1 - mse_loss(small.reconstruct(Z[750:]), Z[750:]) / Z[750:].var()
print(f"10 features of rank 2 through a code of 2: {share:.2%} of the held-out variance")
shown = {name: X_made[:10] for name, X_made in made.items()}
print(write_picture("digits_autoencoder.png", plot_reconstructions, X_test[:10], shown, (8, 8),
              title="Held-out digits through a code of 10 numbers"))  # fmt: skip
