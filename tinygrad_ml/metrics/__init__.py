"""How good predictions are: of classes, of numbers, of scores and of groups.

accuracy_score(y_true, y_pred)
scorer("f1_macro")(estimator, X, y)
"""

from .checks import UndefinedMetricWarning
from .classification import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from .clustering import (
    adjusted_rand_score,
    completeness_score,
    homogeneity_completeness_v_measure,
    homogeneity_score,
    mutual_info_score,
    normalized_mutual_info_score,
    rand_score,
    silhouette_samples,
    silhouette_score,
    v_measure_score,
)
from .ranking import (
    auc,
    average_precision_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from .regression import (
    explained_variance_score,
    max_error,
    mean_absolute_error,
    mean_pinball_loss,
    mean_squared_error,
    median_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from .scorers import SCORERS, make_scorer, scorer

__all__ = [
    "SCORERS",
    "UndefinedMetricWarning",
    "accuracy_score",
    "adjusted_rand_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "classification_report",
    "cohen_kappa_score",
    "completeness_score",
    "confusion_matrix",
    "explained_variance_score",
    "f1_score",
    "fbeta_score",
    "homogeneity_completeness_v_measure",
    "homogeneity_score",
    "log_loss",
    "make_scorer",
    "matthews_corrcoef",
    "max_error",
    "mean_absolute_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "median_absolute_error",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "rand_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "root_mean_squared_error",
    "scorer",
    "silhouette_samples",
    "silhouette_score",
    "v_measure_score",
]
