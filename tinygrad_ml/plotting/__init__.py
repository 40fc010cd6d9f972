"""Pictures: every function returns a matplotlib Figure, shows nothing and changes no global state.

    plot_history(history).savefig("training.png")

matplotlib is optional and imported when a picture is asked for: pip install "tinygrad_ml[plot]".
"""

from .base import write_picture
from .classes import plot_confusion, plot_decision_regions, plot_roc
from .curves import plot_learning_curve, plot_validation_curve
from .ensembles import plot_boosting, plot_forest
from .groups import plot_cluster_numbers, plot_map
from .images import plot_images, plot_reconstructions
from .lines import plot_lines
from .margins import plot_margins
from .monitoring import plot_monitor
from .policies import plot_policy, plot_returns
from .signals import plot_signals
from .training import plot_history, plot_learning_rates
from .trees import plot_tree
from .weights import plot_weights

__all__ = [
    "plot_boosting",
    "plot_cluster_numbers",
    "plot_confusion",
    "plot_decision_regions",
    "plot_forest",
    "plot_history",
    "plot_images",
    "plot_learning_curve",
    "plot_learning_rates",
    "plot_lines",
    "plot_map",
    "plot_margins",
    "plot_monitor",
    "plot_policy",
    "plot_reconstructions",
    "plot_returns",
    "plot_roc",
    "plot_signals",
    "plot_tree",
    "plot_validation_curve",
    "plot_weights",
    "write_picture",
]
