"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .blocks import image_blocks, image_from_blocks, psnr, snr
from .cnn import CNN
from .gpt import GPT
from .kmeans import KMeans
from .mini_batch_kmeans import MiniBatchKMeans
from .mlp import MLP
from .naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from .pca import PCA
from .quantizer import ScalarQuantizer, VectorQuantizer
from .text import CountVectorizer
from .tfidf import TfidfTransformer, TfidfVectorizer
from .xor import XORNet

__all__ = [
    "Autoencoder",
    "BernoulliNB",
    "CNN",
    "CountVectorizer",
    "GPT",
    "GaussianNB",
    "KMeans",
    "MLP",
    "MiniBatchKMeans",
    "MultinomialNB",
    "PCA",
    "ScalarQuantizer",
    "TfidfTransformer",
    "TfidfVectorizer",
    "VectorQuantizer",
    "XORNet",
    "image_blocks",
    "image_from_blocks",
    "psnr",
    "snr",
]
