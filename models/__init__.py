"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .cnn import CNN
from .gpt import GPT
from .kmeans import KMeans
from .mini_batch_kmeans import MiniBatchKMeans
from .mlp import MLP
from .pca import PCA
from .quantizer import ScalarQuantizer, VectorQuantizer, image_blocks, image_from_blocks
from .xor import XORNet

__all__ = [
    "CNN",
    "GPT",
    "MLP",
    "PCA",
    "Autoencoder",
    "KMeans",
    "MiniBatchKMeans",
    "ScalarQuantizer",
    "VectorQuantizer",
    "XORNet",
    "image_blocks",
    "image_from_blocks",
]
