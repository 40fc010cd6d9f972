"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import (
    Autoencoder,
)
from .cnn import (
    CNN,
)
from .gpt import (
    GPT,
)
from .kd_tree import (
    KDTree,
)
from .linear import (
    LinearRegression,
    Ridge,
)
from .logistic import (
    LogisticRegression,
)
from .lvq import (
    LVQ,
)
from .mlp import (
    MLP,
)
from .naive_bayes import (
    BernoulliNB,
    GaussianNB,
    MultinomialNB,
)
from .neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
)
from .svm import (
    SVC,
    SVR,
)
from .text import (
    CountVectorizer,
)
from .tfidf import (
    TfidfTransformer,
    TfidfVectorizer,
)
from .xor import (
    XORNet,
)

__all__ = [
    "Autoencoder",
    "BernoulliNB",
    "CNN",
    "CountVectorizer",
    "GPT",
    "GaussianNB",
    "KDTree",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LVQ",
    "LinearRegression",
    "LogisticRegression",
    "MLP",
    "MultinomialNB",
    "Ridge",
    "SVC",
    "SVR",
    "TfidfTransformer",
    "TfidfVectorizer",
    "XORNet",
]
