"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import (
    Autoencoder,
)
from .autoencoder_transformer import (
    AutoencoderTransformer,
)
from .cnn import (
    CNN,
)
from .cnn_classifier import (
    CNNClassifier,
)
from .environments import (
    ChainEnvironment,
    GridEnvironment,
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
from .mlp_estimators import (
    MLPClassifier,
    MLPRegressor,
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
from .policy_evaluation import (
    evaluate_policy,
)
from .q_learning import (
    QLearningAgent,
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
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LVQ",
    "LinearRegression",
    "LogisticRegression",
    "MLP",
    "MLPClassifier",
    "MLPRegressor",
    "MultinomialNB",
    "QLearningAgent",
    "Ridge",
    "SVC",
    "SVR",
    "TfidfTransformer",
    "TfidfVectorizer",
    "XORNet",
    "evaluate_policy",
]
