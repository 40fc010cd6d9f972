"""The operations of a convolutional network one by one; the convolution again as plain loops."""

import numpy as np

from tinygrad_ml.functional import conv2d, max_pool2d, relu, softmax

rng = np.random.default_rng(0)
image = rng.normal(size=(6, 6, 3))  # height, width, channels
kernels = rng.normal(size=(3, 3, 3, 2))  # height, width, channels in, channels out
bias = rng.normal(size=2)

features = conv2d(image, kernels, bias, padding=1)
pooled = max_pool2d(relu(features), pool_size=2, stride=2)
flat = pooled.reshape(-1)
probabilities = softmax(flat)
for name, array in (("image", image), ("convolution, padding 1", features),
                    ("relu, max-pool 2 x 2", pooled), ("flat", flat)):  # fmt: skip
    print(f"{name:24}{array.shape}")
print(f"{'softmax':24}{probabilities.shape}, sum {probabilities.sum():.15f}")

padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
by_hand = np.zeros((6, 6, 2))
for i in range(6):
    for j in range(6):
        for o in range(2):
            by_hand[i, j, o] = (padded[i : i + 3, j : j + 3] * kernels[..., o]).sum() + bias[o]
difference = np.abs(features - by_hand).max()
print(f"largest difference between conv2d and the loops: {difference:.1e}")
assert difference <= 1e-12
