"""Training: the loop, what it records, and what can be hooked into it."""

from .callbacks import Callback, Checkpoint, EarlyStopping
from .checks import OverfitCheck, overfit_one_batch
from .history import History
from .loggers import CSVLogger, JSONLogger
from .measures import accuracy
from .plateau import ReduceOnPlateau
from .progress import ProgressBar, progress_bar
from .trainer import Trainer

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "JSONLogger",
    "OverfitCheck",
    "ProgressBar",
    "ReduceOnPlateau",
    "Trainer",
    "accuracy",
    "overfit_one_batch",
    "progress_bar",
]
