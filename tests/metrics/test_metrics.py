"""Scorers, extreme numbers, warnings, and the mistakes of newcomers."""

import numpy as np
import pytest
import sklearn.metrics as theirs
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as TheirRidge

from tinygrad_ml import metrics
from tinygrad_ml.data import load_breast_cancer, load_diabetes, load_iris
from tinygrad_ml.metrics import SCORERS, UndefinedMetricWarning, make_scorer, scorer

# ------------------------------------------------------------------------------------ scorers


@pytest.fixture(scope="module")
def fitted():
    X, y = load_breast_cancer()
    X3, y3 = load_iris()
    Xr, yr = load_diabetes()
    scale = X.max(axis=0)
    return {
        "two": (LogisticRegression(max_iter=500).fit(X[::3] / scale, y[::3]), X / scale, y),
        "many": (LogisticRegression(max_iter=500).fit(X3[::2], y3[::2]), X3, y3),
        "numbers": (TheirRidge().fit(Xr[::2], yr[::2]), Xr, yr),
    }


def suits(name):
    if name.startswith("roc_auc_ov") or name.endswith(("macro", "micro", "weighted")):
        return "many"
    return "numbers" if "error" in name or name in ("r2", "explained_variance") else "two"


@pytest.mark.parametrize("name", SCORERS)
def test_scorers_are_scikit_learns(name, fitted):
    estimator, X, y = fitted[suits(name)]
    assert scorer(name) is SCORERS[name]
    ours = scorer(name)(estimator, X, y)
    assert isinstance(ours, float)
    assert ours == pytest.approx(theirs.get_scorer(name)(estimator, X, y), abs=1e-12)


def test_a_scorer_knows_the_classes_that_a_fold_lacks(fitted):
    estimator, X, y = fitted["many"]
    some = y < 2
    expected = -theirs.log_loss(y[some], estimator.predict_proba(X[some]), labels=[0, 1, 2])
    assert scorer("neg_log_loss")(estimator, X[some], y[some]) == pytest.approx(expected)


def test_scorers_of_ones_own(fitted):
    estimator, X, y = fitted["two"]
    own = make_scorer(metrics.fbeta_score, beta=2)
    assert own(estimator, X, y) == theirs.fbeta_score(y, estimator.predict(X), beta=2)
    cost = make_scorer(metrics.log_loss, response_method="predict_proba", greater_is_better=False)
    assert cost(estimator, X, y) == -metrics.log_loss(y, estimator.predict_proba(X))
    assert scorer(own) is own
    assert scorer(None)(estimator, X, y) == estimator.score(X, y)


def test_wrong_scorers(fitted):
    with pytest.raises(ValueError, match="got 'acuracy'. Did you mean 'accuracy'"):
        scorer("acuracy")
    with pytest.raises(ValueError, match="Look at metrics.SCORERS"):
        scorer("zzz")
    with pytest.raises(TypeError, match="expected a name, a function"):
        scorer(3)
    with pytest.raises(AttributeError, match="with predict_proba, got Ridge"):
        scorer("neg_log_loss")(fitted["numbers"][0], *fitted["numbers"][1:])
    with pytest.raises(TypeError, match="a score method, got object"):
        scorer()(object(), [[1]], [1])
    with pytest.raises(TypeError, match=r"expected a function \(y_true, y_pred\)"):
        make_scorer("f1")
    with pytest.raises(ValueError, match="response_method must be of predict,"):
        make_scorer(metrics.f1_score, response_method="proba")


# --------------------------------------------------------------------------- extreme numbers


@pytest.mark.parametrize("factor", [1.0, 1e300, 1e-300])
def test_scores_do_not_depend_on_the_unit(factor):
    true, predicted = np.array([3, -0.5, 2, 7]), np.array([2.5, 0.0, 2, 8])
    assert metrics.r2_score(true * factor, predicted * factor) == pytest.approx(0.9486081)
    explained = metrics.explained_variance_score(true * factor, predicted * factor)
    assert explained == pytest.approx(0.9571734)
    error = metrics.root_mean_squared_error(true * factor, predicted * factor)
    assert error / factor == pytest.approx(0.6123724)


def test_pairs_are_counted_exactly():
    """The products of numbers of pairs are beyond 64 bits here."""
    labels = np.arange(400_000) % 2
    assert metrics.adjusted_rand_score(labels, labels[::-1]) == 1.0
    assert metrics.rand_score(labels, labels) == 1.0


def test_silhouettes_in_blocks_are_those_in_one(monkeypatch):
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    whole = metrics.silhouette_samples(X, labels)
    monkeypatch.setattr("tinygrad_ml.metrics.clustering._BLOCK", 130)
    np.testing.assert_allclose(metrics.silhouette_samples(X, labels), whole, rtol=1e-13)
    drawn = [metrics.silhouette_score(X, labels, sample_size=30, random_state=7) for _ in "ab"]
    assert drawn[0] == drawn[1] != metrics.silhouette_score(X, labels)


# ---------------------------------------------------------------------------------- warnings


def test_what_is_not_defined_warns_and_says_what_stands_for_it():
    with pytest.warns(UndefinedMetricWarning, match=r"precision is .* of class \[1\]; 0 stands"):
        assert metrics.precision_score([0, 1], [0, 0]) == 0
    with pytest.warns(UndefinedMetricWarning, match="without true samples"):
        assert metrics.recall_score([0, 0], [0, 1]) == 0
    with pytest.warns(UndefinedMetricWarning, match="one class only in y_true"):
        assert np.isnan(metrics.roc_auc_score([1, 1], [0.1, 0.2]))
    with pytest.warns(UndefinedMetricWarning, match="for one sample"):
        assert np.isnan(metrics.r2_score([1.0], [1.0]))
    with pytest.warns(UndefinedMetricWarning, match="one class only"):
        assert np.isnan(metrics.cohen_kappa_score([1, 1], [1, 1]))
    with pytest.warns(UndefinedMetricWarning, match="with one class"):
        assert np.isnan(metrics.balanced_accuracy_score([1, 1], [1, 1], adjusted=True))
    assert metrics.precision_score([0, 1], [0, 0], zero_division=1) == 1


def test_the_warning_points_to_the_line_that_asked():
    for call in (
        lambda: metrics.f1_score([0, 0], [0, 0]),
        lambda: metrics.precision_recall_fscore_support([0, 0], [0, 0], average="binary"),
        lambda: metrics.r2_score([1], [1]),
        lambda: metrics.roc_auc_score([1, 1], [1, 2]),
        lambda: metrics.average_precision_score([0, 0], [1, 2]),
        lambda: metrics.roc_curve([0, 0], [1, 2]),
        lambda: metrics.precision_recall_curve([0, 0], [1, 2]),
        lambda: metrics.classification_report([0, 1], [0, 0]),
    ):
        with pytest.warns(UndefinedMetricWarning) as caught:
            call()
        assert {each.filename for each in caught} == {__file__}


# ---------------------------------------------------------------------------------- mistakes

A = metrics.accuracy_score
MISTAKES = [
    (lambda: A([], []), "expected at least one sample, got an empty y_true"),
    (lambda: A([0, 1], [0]), "of one length, got 2 and 1"),
    (lambda: A([0, 1], [0.2, 0.7]), r"continuous, for example 0.2 in y_pred.* \(p > 0.5\)"),
    (lambda: A([0, 1], ["0", "1"]), "got numbers in y_true and texts in y_pred"),
    (lambda: A([0, 1], [[1, 0], [0, 1]]), r"y_pred should be a 1d array.*argmax"),
    (lambda: A([0, np.nan], [0, 1]), r"got NaN at y_true\[1\]"),
    (lambda: A(["a", None], ["a", "b"]), r"got None at y_true\[1\]"),
    (lambda: A(None, [0]), "requires y_true to be passed"),
    (lambda: A([0, 1], [0, 1], sample_weight=[0, 0]), "every sample_weight is zero"),
    (lambda: A([0, 1], [0, 1], sample_weight=[-1, 1]), "sample_weight from 0 on"),
    (lambda: A([0, 1], [0, 1], sample_weight=[1]), r"sample_weight of shape \(2,\)"),
    (lambda: A([[0], [1, 2]], [0, 1]), "rows of different lengths"),
    (lambda: A([1j, 0], [0, 1]), "Complex data not supported"),
    (lambda: metrics.f1_score([0, 1, 2], [0, 1, 2]), "expected two classes.*got 3.*'macro'"),
    (lambda: metrics.f1_score(["a", "b"], ["a", "b"]), "Write pos_label='b'"),
    (lambda: metrics.f1_score([0, 1], [0, 1], average="mean"), "average must be"),
    (lambda: metrics.f1_score([0, 1], [0, 1], zero_division=2), "zero_division must be"),
    (lambda: metrics.fbeta_score([0, 1], [0, 1], beta=-1), "beta must be a number of at least 0"),
    (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[5]), "at least one of labels"),
    (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=["a"]), "labels of one kind"),
    (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[1, 1]), "every class once"),
    (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[]), "a list of classes"),
    (lambda: metrics.confusion_matrix([0, 1], [0, 1], normalize="row"), "normalize must be"),
    (lambda: metrics.classification_report([0, 1], [0, 1], target_names=["a"]), "2 target_names"),
    (lambda: metrics.log_loss([0, 1], [0.2, 1.7]), "probabilities from 0 to 1, got 0.2 to 1.7"),
    (lambda: metrics.log_loss([0, 1], [[0.2, 0.2], [0, 1]]), "sum to 1, got 0.4 in row 0"),
    (lambda: metrics.log_loss([0, 0], [0.2, 0.7]), r"got one class in y_true.*labels="),
    (lambda: metrics.log_loss([0, 1], [[1, 0, 0], [0, 1, 0]]), r"shape \(n, 2\)"),
    (lambda: metrics.log_loss([0, 5], [0.1, 0.2], labels=[0, 1]), "every class of y_true once"),
    (lambda: metrics.log_loss([0, 1], [0.1, 0.2], labels=[1, 0]), "labels in sorted order"),
    (lambda: metrics.roc_auc_score([0, 1, 2], [1, 2, 3]), r"shape \(n, 3\)"),
    (lambda: metrics.roc_auc_score([0, 1], [[0, 1], [1, 0]]), r"predict_proba\(X\)\[:, 1\]"),
    (lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3)), "multi_class must be 'ovr' or 'ovo'"),
    (lambda: metrics.roc_auc_score([0, 1], [0, np.inf]), r"got inf at y_score\[1\]"),
    (lambda: metrics.roc_curve([0, 1, 2], [1, 2, 3]), "expected two classes, got 3"),
    (lambda: metrics.roc_curve(["a", "a"], [1, 2]), "got 'a' only"),
    (lambda: metrics.roc_curve([0, 1], [1, 2], pos_label=7), "pos_label to be one of the classes"),
    (lambda: metrics.auc([0, 2, 1], [0, 1, 2]), "x rising or falling"),
    (lambda: metrics.r2_score(["a", "b"], [1, 2]), "expected y_true to hold numbers, got for ex"),
    (lambda: metrics.r2_score([1, 2], [[1, 2], [2, 3]]), "as many outputs, got 1 and 2"),
    (lambda: metrics.r2_score([1, 2], [1, 2], multioutput="mean"), "multioutput must be"),
    (lambda: metrics.max_error(np.ones((2, 2)), np.ones((2, 2))), "expected one output, got 2"),
    (lambda: metrics.mean_pinball_loss([1], [1], alpha=2), "alpha must be a number from 0 to 1"),
    (lambda: metrics.silhouette_score([[1.0], [2.0]], [0, 0]), "from 2 to 1 groups of 2 samples"),
    (lambda: metrics.silhouette_score(np.ones((3, 2)), [0, 1]), "of one length, got 3 and 2"),
    (lambda: metrics.silhouette_score([[1.0]] * 3, [0, 1, 1], metric="l1"), "metric must be"),
    (lambda: metrics.silhouette_score([[1.0]] * 3, [0, 1, 1], sample_size=9), "from 2 to 3"),
    (lambda: metrics.silhouette_score(np.ones((3, 3)), [0, 1, 1], metric="precomputed"), "zeros"),
    (lambda: metrics.normalized_mutual_info_score([0], [0], average_method="x"), "average_method"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes(number):
    call, sentence = MISTAKES[number]
    with pytest.raises(ValueError, match=sentence):
        call()


def test_columns_booleans_and_mixtures_of_numbers_are_labels():
    assert A(np.array([[0], [1]]), [0, 1]) == 1
    assert A([True, False], [1, 0]) == 1
    assert A([0.0, 1.0], np.array([0, 1], np.uint8)) == 1
    assert metrics.f1_score(np.array(["a", "b"], object), ["a", "b"], pos_label="b") == 1
