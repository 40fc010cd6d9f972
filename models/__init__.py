"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import (
from .autoencoder_transformer import (
from .cnn import (
from .cnn_classifier import (
from .environments import (
from .gpt import (
from .kd_tree import (
from .kmeans import (
from .linear import (
from .logistic import (
from .lvq import (
from .mini_batch_kmeans import (
from .mlp import (
from .mlp_estimators import (
from .naive_bayes import (
from .neighbors import (
from .pca import (
from .policy_evaluation import (
from .q_learning import (
from .quantizer import (
from .svm import (
from .text import (
from .tfidf import (
from .xor import (

__all__ = [
    "Autoencoder",
    "AutoencoderTransformer",
    "BernoulliNB",
    "CNN",
    "CNNClassifier",
    "ChainEnvironment",
    "CountVectorizer",
    "GPT",
    "GaussianNB",
    "GridEnvironment",
    "KDTree",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LVQ",
    "LinearRegression",
    "LogisticRegression",
    "MLP",
    "MLPClassifier",
    "MLPRegressor",
    "MiniBatchKMeans",
    "MultinomialNB",
    "PCA",
    "QLearningAgent",
    "Ridge",
    "SVC",
    "SVR",
    "ScalarQuantizer",
    "TfidfTransformer",
    "TfidfVectorizer",
    "VectorQuantizer",
    "XORNet",
    "evaluate_policy",
    "image_blocks",
    "image_from_blocks",
]
