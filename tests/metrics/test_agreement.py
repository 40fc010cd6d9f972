"""All metrics beside scikit-learn's, on random and degenerate labels, scores and weights."""

import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings

from tinygrad_ml import metrics

AVERAGES = (None, "macro", "micro", "weighted")


@st.composite
def samples(draw):
    """(generator, true labels, predicted labels, weights): 1 to 12 samples of 1 to 4 classes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, k = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    true, predicted = rng.integers(0, k, n), rng.integers(0, draw(st.integers(1, 4)), n)
    kind = draw(st.sampled_from(["integers", "texts", "objects", "floats", "far apart"]))
    names = {
        "integers": np.array([3, -1, 0, 7]),
        "texts": np.array(["d", "a", "c", "b"]),
        "objects": np.array(["d", "a", "c", "b"], dtype=object),
        "floats": np.array([2.0, 1.0, -3.0, 0.0]),
        "far apart": np.array([10**15, 5, -(10**16), 0]),
    }[kind]
    weights = None
    if draw(st.booleans()):
        weights = rng.integers(0, 3, n) * 0.75
        weights[0] = 1.0
    return rng, names[true], names[predicted], weights


def agree(name, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = getattr(metrics, name)(*arguments, **options)
        reference = getattr(theirs, name)(*arguments, **options)
    if not isinstance(ours, tuple):
        ours, reference = (ours,), (reference,)
    for one, other in zip(ours, reference, strict=True):
        assert (one is None) == (other is None)
        if other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(samples(), st.sampled_from([0, 1, np.nan]), st.sampled_from([0.5, 1.0, 2]))
def test_classes(drawn, zero_division, beta):
    _, true, predicted, weights = drawn
    for average in AVERAGES:
        options = {"average": average, "sample_weight": weights, "zero_division": zero_division}
        agree("precision_recall_fscore_support", true, predicted, beta=beta, **options)
        for name in ("precision_score", "recall_score", "f1_score"):
            agree(name, true, predicted, **options)
    agree("accuracy_score", true, predicted, sample_weight=weights)
    agree("accuracy_score", true, predicted, sample_weight=weights, normalize=False)
    agree("matthews_corrcoef", true, predicted, sample_weight=weights)
    agree("balanced_accuracy_score", true, predicted, sample_weight=weights)
    for kind in (None, "linear", "quadratic"):
        agree("cohen_kappa_score", true, predicted, sample_weight=weights, weights=kind)
    for normalize in (None, "true", "pred", "all"):
        agree("confusion_matrix", true, predicted, sample_weight=weights, normalize=normalize)


@settings(max_examples=30, deadline=None)
@given(samples())
def test_some_of_the_classes_in_an_order(drawn):
    rng, true, predicted, weights = drawn
    labels = rng.permutation(np.unique(np.concatenate([true[:1], predicted])))
    for average in AVERAGES:
        agree("f1_score", true, predicted, labels=labels, average=average, zero_division=0,
              sample_weight=weights)  # fmt: skip
    agree("confusion_matrix", true, predicted, labels=labels, sample_weight=weights)


@settings(max_examples=30, deadline=None)
@given(samples(), st.integers(2, 4))
def test_reports(drawn, digits):
    _, true, predicted, weights = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = metrics.classification_report(
            true, predicted, sample_weight=weights, output_dict=True
        )
        reference = theirs.classification_report(
            true, predicted, sample_weight=weights, output_dict=True
        )
        text = metrics.classification_report(true, predicted, digits=digits)
        their_text = theirs.classification_report(true, predicted, digits=digits)
    assert list(ours) == list(reference)
    for name, row in reference.items():
        assert ours[name] == pytest.approx(row)
    # Their numbers of samples are floats where nothing was hit.
    assert list(map(as_number, text.split())) == list(map(as_number, their_text.split()))


def as_number(word):
    try:
        return float(word)
    except ValueError:
        return word


def test_a_report_looks_like_scikit_learns():
    true, predicted = ["cat", "dog", "dog", "bird"] * 5, ["cat", "dog", "cat", "bird"] * 5
    for options in ({}, {"digits": 4}, {"labels": ["dog", "cat"]}):
        ours = metrics.classification_report(true, predicted, **options)
        assert ours == theirs.classification_report(true, predicted, **options)


@settings(max_examples=60, deadline=None)
@given(samples())
def test_scores_of_two_classes(drawn):
    rng, _, _, weights = drawn
    n = len(drawn[1])
    true = rng.integers(0, 2, n)
    score = rng.normal(size=n).round(1)
    for drop in (False, True):
        agree("roc_curve", true, score, sample_weight=weights, drop_intermediate=drop)
        agree("precision_recall_curve", true, score, sample_weight=weights, drop_intermediate=drop)
    agree("roc_auc_score", true, score, sample_weight=weights)
    agree("average_precision_score", true, score, sample_weight=weights)
    probability = rng.random(n)
    probability[0] = 1.0
    both = np.column_stack([1 - probability, probability])
    for given_as in (probability, both):
        agree("log_loss", true, given_as, sample_weight=weights, labels=[0, 1])
        agree("log_loss", true, given_as, sample_weight=weights, labels=[0, 1], normalize=False)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 5), st.booleans())
def test_scores_of_many_classes(seed, k, weighted):
    rng = np.random.default_rng(seed)
    true = np.array(list("abcde"))[np.r_[np.arange(k), rng.integers(0, k, 8)]]
    scores = rng.random((len(true), k)).round(1) + 0.05
    scores /= scores.sum(axis=1, keepdims=True)
    weights = rng.integers(1, 4, len(true)) * 1.0 if weighted else None
    agree("log_loss", true, scores, sample_weight=weights)
    for average in AVERAGES:
        agree("roc_auc_score", true, scores, sample_weight=weights, multi_class="ovr",
              average=average)  # fmt: skip
        agree("average_precision_score", true, scores, sample_weight=weights, average=average)
    for average in ("macro", "weighted"):
        agree("roc_auc_score", true, scores, multi_class="ovo", average=average)


REGRESSION = [
    "explained_variance_score", "mean_absolute_error", "mean_pinball_loss", "mean_squared_error",
    "median_absolute_error", "r2_score", "root_mean_squared_error",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(samples(), st.sampled_from(["random", "constant", "exact"]))
def test_numbers(drawn, kind):
    rng, labels, _, weights = drawn
    true, predicted = rng.normal(size=(2, len(labels), 2)).round(1)
    if kind != "random":
        true[:] = true[0]
    if kind == "exact":
        predicted = true.copy()
    for name in REGRESSION:
        for multioutput in ("uniform_average", "raw_values", [0.3, 0.7]):
            agree(name, true, predicted, sample_weight=weights, multioutput=multioutput)
        agree(name, true[:, 0], predicted[:, :1], sample_weight=weights)
    agree("max_error", true[:, 0], predicted[:, 0])
    for name in ("r2_score", "explained_variance_score"):
        agree(name, true, predicted, sample_weight=weights, multioutput="variance_weighted")


@settings(max_examples=60, deadline=None)
@given(samples(), st.booleans(), st.booleans())
def test_groups(drawn, first_apart, second_apart):
    rng, first, second, _ = drawn
    first = np.arange(len(first)) if first_apart else first
    second = rng.permutation(len(second)) if second_apart else second
    for name in ("adjusted_rand_score", "completeness_score", "homogeneity_score",
                 "mutual_info_score", "rand_score", "v_measure_score"):  # fmt: skip
        agree(name, first, second)
    for mean in ("arithmetic", "geometric", "min", "max"):
        agree("normalized_mutual_info_score", first, second, average_method=mean)
    agree("homogeneity_completeness_v_measure", first, second, beta=0.3)
    if 2 <= len(np.unique(first)) < len(first):
        X = rng.normal(size=(len(first), 3)).round(0)
        agree("silhouette_samples", X, first)
        agree("silhouette_score", theirs.pairwise_distances(X), first, metric="precomputed")
