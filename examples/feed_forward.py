"""Learn which of two numbers is larger, with a feed-forward network of 2, 4 and 1 units."""

import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.models import MLP
from tinygrad_ml.plotting import plot_decision_regions, write_picture

epochs = 30 if os.environ.get("TINYGRAD_ML_QUICK") else 60
rng = np.random.default_rng(0)
X, X_test = rng.random((1000, 2)), rng.random((1000, 2))
y, y_test = X[:, :1] > X[:, 1:], X_test[:, 0] > X_test[:, 1]

model = MLP([2, 4, 1], activation="sigmoid", rng=0)
loss = tg.functional.binary_cross_entropy_with_logits
optimizer = tg.optim.SGD(model.parameters(), learning_rate=1.0, momentum=0.9)
trainer = tg.Trainer(model, loss, optimizer, tg.optim.CosineSchedule(epochs), rng=0)
trainer.fit((X, y), epochs)


def predict(X):
    return trainer.predict(X)[:, 0] > 0  # a logit above 0 is a probability above 1/2


print(f"held-out accuracy: {np.mean(predict(X_test) == y_test):.1%} of {len(y_test)} points")
print(write_picture("feed_forward.png", plot_decision_regions, predict, X_test, y_test,
              title="Is x1 > x2? Answers on held-out points"))  # fmt: skip
