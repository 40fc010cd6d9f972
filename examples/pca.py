"""The directions in which digits vary most: shares of variance, a map, and digits rebuilt."""

import numpy as np

from tinygrad_ml.data import load_digits
from tinygrad_ml.models import PCA
from tinygrad_ml.plotting import plot_images, plot_map, plot_reconstructions, write_picture

X, y = load_digits()
by_svd = PCA(svd_solver="full").fit(X)
by_covariance = PCA(svd_solver="covariance_eigh").fit(X)
shares = by_svd.explained_variance_ratio_.cumsum()
print("digits, share of the variance that the first components explain:")
print("    " + ", ".join(f"{k}: {shares[k - 1]:.5f}" for k in (2, 10, 30)))
difference = by_svd.explained_variance_ - by_covariance.explained_variance_
print(f"singular values and covariance differ by {np.abs(difference).max():.0e} at most")
print(f"90 % of the variance take {PCA(0.9).fit(X).n_components_} of 64 components")

made = {}
for k in (2, 10, 30):
    pca = PCA(k).fit(X)
    made[f"{k} numbers"] = pca.inverse_transform(pca.transform(X))
    error = np.mean((made[f"{k} numbers"] - X) ** 2)
    rest = pca.noise_variance_ * (64 - k) / 64 * (len(X) - 1) / len(X)
    print(f"rebuilt from {k} numbers: squared error {error:.3f} a pixel, "
          f"by the variances left out {rest:.3f}")  # fmt: skip
names = [f"component {i + 1} ({share:.1%})"
         for i, share in enumerate(by_svd.explained_variance_ratio_[:2])]  # fmt: skip
print(write_picture("pca_map.png", plot_map, PCA(2).fit_transform(X), y, names,
                    title="Digits along two components"))  # fmt: skip
print(write_picture("pca_components.png", plot_images, by_svd.components_[:10].reshape(-1, 8, 8),
                    range(1, 11), 5, title="The first ten components"))  # fmt: skip
print(write_picture("pca_digits.png", plot_reconstructions, X[:10],
                    {name: rows[:10] for name, rows in made.items()}, (8, 8),
                    title="Digits rebuilt from a few numbers"))  # fmt: skip
