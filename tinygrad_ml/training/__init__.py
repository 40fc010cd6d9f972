"""Training: the loop, what it records, and what can be hooked into it."""

from .callbacks import Callback, Checkpoint, EarlyStopping
from .checks import OverfitCheck, overfit_one_batch
from .ema import ExponentialMovingAverage
from .finder import LearningRates, learning_rate_finder
from .history import History
from .loggers import CSVLogger, JSONLogger
from .measures import accuracy
from .plateau import ReduceOnPlateau
from .progress import ProgressBar, progress_bar
from .trainer import Trainer, predictions

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "History",
    "JSONLogger",
    "LearningRates",
    "OverfitCheck",
    "ProgressBar",
    "ReduceOnPlateau",
    "Trainer",
    "accuracy",
    "learning_rate_finder",
    "overfit_one_batch",
    "predictions",
    "progress_bar",
]
