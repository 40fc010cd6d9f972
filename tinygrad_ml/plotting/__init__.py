"""Pictures: every function returns a matplotlib Figure, shows nothing and changes no global state.

    plot_history(history).savefig("training.png")

matplotlib is optional and imported when a picture is asked for: pip install "tinygrad_ml[plot]".
"""

from .base import write_picture
from .classes import plot_confusion, plot_decision_regions, plot_roc
from .images import plot_images, plot_reconstructions
from .training import plot_history, plot_learning_rates
from .weights import plot_weights

__all__ = [
    "plot_confusion",
    "plot_decision_regions",
    "plot_history",
    "plot_images",
    "plot_learning_rates",
    "plot_reconstructions",
    "plot_roc",
    "plot_weights",
    "write_picture",
]
