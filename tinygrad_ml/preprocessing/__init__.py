"""Preparing features: scalers, encoders, and pipelines of them."""

from .columns import ColumnTransformer, make_column_transformer
from .encoding import LabelEncoder, OneHotEncoder, OrdinalEncoder
from .imputing import SimpleImputer
from .pipeline import Pipeline, make_pipeline
from .polynomial import PolynomialFeatures
from .scaling import MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

__all__ = [
    "ColumnTransformer",
    "LabelEncoder",
    "MaxAbsScaler",
    "MinMaxScaler",
    "Normalizer",
    "OneHotEncoder",
    "OrdinalEncoder",
    "Pipeline",
    "PolynomialFeatures",
    "SimpleImputer",
    "StandardScaler",
    "make_column_transformer",
    "make_pipeline",
]
