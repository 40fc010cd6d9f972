"""Data: batches for training, and small real data sets that travel with the package."""

from .datasets import (
    Dataset,
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_sms_spam,
    load_wine,
)
from .loader import DataLoader
from .synthetic import make_scene, make_voice

__all__ = [
    "DataLoader",
    "Dataset",
    "load_breast_cancer",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_sms_spam",
    "load_wine",
    "make_scene",
    "make_voice",
]
