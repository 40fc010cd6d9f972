"""Group the digits without their labels by k-means; how many groups, and what they look like."""

import os

import numpy as np

from tinygrad_ml.data import load_digits
from tinygrad_ml.metrics import adjusted_rand_score, silhouette_score
from tinygrad_ml.models import KMeans, MiniBatchKMeans
from tinygrad_ml.plotting import plot_cluster_numbers, plot_images, write_picture

seeds = range(2 if os.environ.get("TINYGRAD_ML_QUICK") else 10)
X, y = load_digits()

print(f"digits in 10 clusters, seeds {seeds.start} to {seeds.stop - 1}, none left out:")
for name, make in {
    "KMeans, best of 10 starts": lambda seed: KMeans(10, n_init=10, random_state=seed),
    "KMeans, one start": lambda seed: KMeans(10, random_state=seed),
    "MiniBatchKMeans, batches of 256": lambda seed: MiniBatchKMeans(
        10, batch_size=256, random_state=seed
    ),
}.items():
    models = [make(seed).fit(X) for seed in seeds]
    inertia = [model.inertia_ for model in models]
    agreement = [adjusted_rand_score(y, model.labels_) for model in models]
    print(f"    {name}: inertia mean {np.mean(inertia):,.0f}, worst {max(inertia):,.0f}; "
          f"adjusted Rand mean {np.mean(agreement):.3f}, worst {min(agreement):.3f}")  # fmt: skip

kmeans = KMeans(10, n_init=10, random_state=0).fit(X)
majority = [np.bincount(y[kmeans.labels_ == j]).argmax() for j in range(10)]
share = np.mean(np.array(majority)[kmeans.labels_] == y)
print(f"naming each cluster after its most frequent digit (seed 0) is right for {share:.1%}")
titles = [f"mostly {digit}" for digit in majority]
print(write_picture("kmeans_centres.png", plot_images, kmeans.cluster_centers_.reshape(-1, 8, 8),
                    titles, 5, title="Centres of 10 clusters"))  # fmt: skip

numbers = range(2, 21)
models = [KMeans(k, n_init=5, random_state=0).fit(X) for k in numbers]
silhouettes = [silhouette_score(X, model.labels_) for model in models]
print(f"largest mean silhouette: {max(silhouettes):.3f} with "
      f"{numbers[int(np.argmax(silhouettes))]} clusters")  # fmt: skip
print(write_picture("kmeans_numbers.png", plot_cluster_numbers, numbers,
                    [model.inertia_ for model in models], silhouettes))  # fmt: skip
