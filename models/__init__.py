"""The networks and algorithms that people use; installed as `tinygrad_ml.models`."""

from .autoencoder import Autoencoder
from .autoencoder_transformer import AutoencoderTransformer
from .blocks import image_blocks, image_from_blocks, psnr, snr
from .boosting import GradientBoostingClassifier, GradientBoostingRegressor
from .cnn import CNN
from .cnn_classifier import CNNClassifier
from .environments import ChainEnvironment, GridEnvironment
from .forest import RandomForestClassifier, RandomForestRegressor
from .gpt import GPT
from .kd_tree import KDTree
from .kmeans import KMeans
from .linear import LinearRegression, Ridge
from .logistic import LogisticRegression
from .lvq import LVQ
from .mini_batch_kmeans import MiniBatchKMeans
from .mlp import MLP
from .mlp_estimators import MLPClassifier, MLPRegressor
from .naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from .neighbors import KNeighborsClassifier, KNeighborsRegressor
from .pca import PCA
from .policy_evaluation import evaluate_policy
from .q_learning import QLearningAgent
from .quantizer import ScalarQuantizer, VectorQuantizer
from .svm import SVC, SVR
from .text import CountVectorizer
from .tfidf import TfidfTransformer, TfidfVectorizer
from .tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text
from .xor import XORNet

__all__ = [
    "Autoencoder",
    "AutoencoderTransformer",
    "BernoulliNB",
    "CNN",
    "CNNClassifier",
    "ChainEnvironment",
    "CountVectorizer",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GPT",
    "GaussianNB",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
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
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SVC",
    "SVR",
    "ScalarQuantizer",
    "TfidfTransformer",
    "TfidfVectorizer",
    "VectorQuantizer",
    "XORNet",
    "evaluate_policy",
    "export_text",
    "image_blocks",
    "image_from_blocks",
    "psnr",
    "snr",
]
