"""Naive Bayes against densities written out, scikit-learn, and what may not depend on the form."""

import numpy as np
import pytest
import sklearn.naive_bayes as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_matrix
from scipy.stats import bernoulli, norm
from sklearn.model_selection import StratifiedKFold

import tinygrad_ml as tg
from tinygrad_ml.data import load_digits, load_iris
from tinygrad_ml.models import BernoulliNB, CountVectorizer, GaussianNB, MultinomialNB

ALL = [MultinomialNB, BernoulliNB, GaussianNB]
DISCRETE = [MultinomialNB, BernoulliNB]
X = np.array([[1.0, 0, 2], [0, 3, 1], [2, 2, 0], [0, 0, 1], [1, 1, 1], [4, 0, 0]])
Y = np.array(["ale", "tea", "ale", "tea", "ale", "mead"])


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------------ formulas


def test_multinomial_by_hand():
    model = MultinomialNB(alpha=0.5).fit(X, Y)
    assert model.classes_.tolist() == ["ale", "mead", "tea"]
    assert model.feature_count_.tolist() == [[4, 3, 3], [4, 0, 0], [0, 3, 2]]
    assert model.class_count_.tolist() == [3, 1, 2]
    close(np.exp(model.feature_log_prob_[1]), np.array([4.5, 0.5, 0.5]) / 5.5)
    close(np.exp(model.feature_log_prob_).sum(axis=1), 1)
    query = [[2, 0, 1]]
    joint = np.log([1 / 2, 1 / 6, 1 / 3]) + np.log(
        [(4.5 / 11.5) ** 2 * 3.5 / 11.5, (4.5 / 5.5) ** 2 * 0.5 / 5.5, (0.5 / 6.5) ** 2 * 2.5 / 6.5]
    )
    close(model.predict_joint_log_proba(query)[0], joint)
    close(model.predict_proba(query)[0], np.exp(joint) / np.exp(joint).sum())
    close(model.predict_log_proba(query), np.log(model.predict_proba(query)))


def test_bernoulli_and_gaussian_against_scipys_densities():
    model = BernoulliNB(binarize=0.5).fit(X, Y)
    there = X > 0.5
    for c, name in enumerate(model.classes_):
        p = (there[name == Y].sum(axis=0) + 1) / ((name == Y).sum() + 2)
        expected = bernoulli.logpmf(there, p).sum(axis=1) + np.log(np.mean(name == Y))
        close(model.predict_joint_log_proba(X)[:, c], expected)
    iris, y = load_iris()
    gaussian = GaussianNB(var_smoothing=0).fit(iris, y)
    for c in range(3):
        rows = iris[y == c]
        expected = norm.logpdf(iris, rows.mean(axis=0), rows.std(axis=0)).sum(axis=1) - np.log(3)
        close(gaussian.predict_joint_log_proba(iris)[:, c], expected)


def test_five_sentences():
    sentences = [
        "the cat sleeps on the mat",
        "a ship sails over the sea",
        "bread bakes in an oven",
        "students read long books",
        "rain falls on green hills",
    ]
    names = np.array(["animals", "travel", "food", "school", "weather"])
    words = CountVectorizer(token_pattern=r"\w+")
    model = MultinomialNB().fit(words.fit_transform(sentences), names)
    close(np.exp(model.feature_log_prob_).sum(axis=1), 1)
    scores = model.predict_joint_log_proba(words.transform(["a ship in the rain of green hills"]))
    assert set(model.classes_[np.argsort(scores[0])[-2:]]) == {"travel", "weather"}
    # Two sentences of equal length, one word of each: a tie, which the first class wins.
    tie = words.transform(["books bread", "bread books", "nothing known"])
    tied = MultinomialNB().fit(words.transform(["bread in oven", "long books read"]), ["z", "b"])
    assert tied.predict(tie).tolist() == ["b", "b", "b"]


def test_ties_do_not_hang_on_the_order_of_summation():
    rng = np.random.default_rng(0)
    probabilities = rng.random(40)
    order = rng.permutation(40)
    model = MultinomialNB(fit_prior=False).fit([probabilities[order], probabilities], [0, 1])
    assert model.predict(np.ones((3, 40))).tolist() == [0, 0, 0]
    assert model.predict(csr_matrix(np.ones((1, 40)))).tolist() == [0]


# ------------------------------------------------------------------------------------ figures


@pytest.mark.parametrize("name,figure", [("MultinomialNB", 0.901), ("GaussianNB", 0.851)])
def test_digits(name, figure):
    digits, y = load_digits()  # the folds of the figures are scikit-learn's
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(digits, y):
        model = globals()[name]().fit(digits[train], y[train])
        other = getattr(peer, name)().fit(digits[train], y[train])
        np.testing.assert_array_equal(model.predict(digits[test]), other.predict(digits[test]))
        scores.append(model.score(digits[test], y[test]))
    assert abs(np.mean(scores) - figure) < 0.0005


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn(kind, weighted):
    rng = np.random.default_rng(1)
    data, y = rng.poisson(2.0, (60, 7)).astype(float), rng.integers(0, 4, 60)
    weights = rng.random(60) if weighted else None
    # scikit-learn's variance for the smoothing is without weights; with 0 there is none.
    options = {"var_smoothing": 0.0} if kind is GaussianNB else {"alpha": 0.3}
    ours = kind(**options).fit(data, y, weights)
    theirs = getattr(peer, kind.__name__)(**options).fit(data, y, weights)
    close(ours.predict_joint_log_proba(data), theirs.predict_joint_log_proba(data), 1e-10)
    close(ours.class_count_, theirs.class_count_)
    names = ["theta_", "var_", "class_prior_"]
    names = names if kind is GaussianNB else ["feature_log_prob_", "class_log_prior_"]
    for name in names:
        close(getattr(ours, name), getattr(theirs, name), 1e-10)


# ---------------------------------------------------------------------------------- properties

NUMBERS = st.lists(st.tuples(*[st.integers(0, 5)] * 3, st.integers(0, 2), st.integers(0, 3)),
                   min_size=2, max_size=12)  # fmt: skip


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=25)
@given(rows=NUMBERS)
def test_weights_are_repetitions_and_parts_add_up(kind, rows):
    table = np.array(rows)
    data, y, weights = table[:, :3].astype(float), table[:, 3], table[:, 4]
    if not weights.any():
        weights = weights + 1
    weighted = kind().fit(data, y, weights)
    repeated = kind().fit(np.repeat(data, weights, axis=0), np.repeat(y, weights))
    close(weighted.predict_proba(data), repeated.predict_proba(data), 1e-7)
    close(weighted.predict_proba(data).sum(axis=1), 1)
    half = len(data) // 2
    whole = kind().fit(data, y)
    parts = kind().partial_fit(data[:half], y[:half], classes=whole.classes_)
    parts.partial_fit(data[half:], y[half:])
    close(parts.predict_proba(data), whole.predict_proba(data), 1e-7)


@pytest.mark.parametrize("kind", DISCRETE)
def test_sparse_is_dense(kind):
    dense = kind().fit(X, Y, [1, 2, 3, 1, 0.5, 1])
    for form in (csr_matrix, coo_array):
        sparse = kind().fit(form(X), Y, [1, 2, 3, 1, 0.5, 1])
        close(sparse.feature_log_prob_, dense.feature_log_prob_)
        close(sparse.predict_proba(form(X)), dense.predict_proba(X))


def test_a_sparse_matrix_with_entries_twice_stays_as_it_is():
    def unordered():
        return csr_matrix(([1.0, 2.0, 3.0, 4.0], [2, 0, 0, 1], [0, 3, 4]), shape=(2, 3))

    matrix, same = unordered(), unordered()
    model = MultinomialNB().fit(matrix, [0, 1])
    assert model.feature_count_.tolist() == [[5, 0, 1], [0, 4, 0]]
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(matrix, name), getattr(same, name))


@pytest.mark.parametrize("kind", ALL)
def test_fit_forgets_and_partial_fit_does_not(kind):
    model = kind().fit(X, Y)
    fresh = model.predict_proba(X)
    model.partial_fit(X[:2], Y[:2])
    assert model.class_count_.sum() == 8
    close(model.fit(X, Y).predict_proba(X), fresh, 0)
    close(model.fit(X[:4], Y[:4]).predict_proba(X), kind().fit(X[:4], Y[:4]).predict_proba(X), 0)


@pytest.mark.parametrize("kind", ALL)
def test_saved_and_loaded(kind, tmp_path):
    model = kind().fit(X, Y)
    tg.save(model, tmp_path / "model")
    again = tg.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    again.partial_fit(X, Y)
    assert again.predict(X).dtype == Y.dtype


@pytest.mark.parametrize("kind", ALL)
def test_a_class_that_has_not_come_yet(kind):
    model = kind().partial_fit(X[:4], Y[:4], classes=["ale", "mead", "tea"])
    assert (model.predict_proba(X)[:, 1] == 0).all()
    model.partial_fit(X[5:], Y[5:])
    assert model.predict_proba(X)[5, 1] > 0


# ------------------------------------------------------------------------------------ numerics


def test_gaussian_far_from_zero_and_in_constant_columns():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    near = rng.normal(size=(200, 2)).round(2) + y[:, None]
    far = np.column_stack([near + 2.0**28, np.full(200, 7.0)])  # exact sums
    a, b = GaussianNB().fit(near, y), GaussianNB().fit(far, y)
    close(b.var_[:, :2], a.var_, 1e-7)
    close(b.predict_proba(far), a.predict_proba(near), 1e-5)
    assert (b.squares_[:, 2] == 0).all()


def test_gaussian_of_equal_samples_knows_the_prior():
    model = GaussianNB().fit(np.full((4, 2), 1e200), [0, 1, 1, 1])
    close(model.predict_proba([[1e200, 1e200]]), [[0.25, 0.75]])


def test_one_class_and_one_sample():
    for kind in ALL:
        assert kind().fit(X[:1], Y[:1]).predict_proba(X).tolist() == [[1.0]] * 6
        assert kind().fit(X, ["ale"] * 6).predict(X).tolist() == ["ale"] * 6


# ------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize("kind", ALL)
def test_mistakes_of_partial_fit(kind):
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        kind().partial_fit(X, Y)
    with pytest.raises(ValueError, match="labels among the classes .*got 'mead'"):
        kind().partial_fit(X, Y, classes=["ale", "tea"])
    model = kind().fit(X, Y)
    with pytest.raises(ValueError, match="labels among the classes .*got 'milk'"):
        model.partial_fit(X[:1], ["milk"])
    with pytest.raises(ValueError, match="the classes of the first call"):
        model.partial_fit(X, Y, classes=["ale", "tea"])
    with pytest.raises(ValueError, match="2 features"):
        model.partial_fit(X[:, :2], Y)


@pytest.mark.parametrize(
    "model,data,message",
    [
        (MultinomialNB(), -X, "Negative values in data"),
        (MultinomialNB(alpha=0), X, "alpha must be a number above 0"),
        (BernoulliNB(alpha=True), X, "alpha must be a number above 0"),
        (MultinomialNB(class_prior=[0.5, 0.5]), X, "one probability for each of the 3 classes"),
        (BernoulliNB(class_prior=["a", "b", "c"]), X, "one probability for each of the 3 classes"),
        (GaussianNB(priors=[0.5, 0.5, 0.5]), X, "priors must be .*with the sum 1"),
        (GaussianNB(var_smoothing=-1), X, "var_smoothing must be a number of at least 0"),
        (GaussianNB(var_smoothing=0), X, "column 0 constant in class 'mead'"),
        (GaussianNB(), X * 1e300, "squares are ordinary numbers"),
        (GaussianNB(), X * 1e-300, "squares are ordinary numbers"),
        (MultinomialNB(), np.full((6, 2), 1.7e308), "sum is a finite number"),
        (BernoulliNB(binarize=None), X, "X of 0 and 1 with binarize=None"),
        (BernoulliNB(binarize=-1.0), csr_matrix(X), "binarize of at least 0 for a sparse X"),
    ],
)
def test_mistakes(model, data, message):
    with pytest.raises(ValueError, match=message):
        model.fit(data, Y)


def test_samples_out_of_reach():
    with pytest.raises(ValueError, match="at least one class can explain, got row 1"):
        GaussianNB().fit(X, Y).predict([[1, 1, 1], [1e300, 1, 1]])


def test_priors_are_taken():
    data, y = X[:4], Y[:4]
    assert MultinomialNB(class_prior=[1, 0]).fit(data, y).predict(data).tolist() == ["ale"] * 4
    assert GaussianNB(priors=[0, 1]).fit(data, y).predict(data).tolist() == ["tea"] * 4
    assert BernoulliNB(fit_prior=False).fit(X, Y).class_log_prior_.tolist() == [np.log(1 / 3)] * 3


@pytest.mark.parametrize("kind", [GaussianNB, BernoulliNB, MultinomialNB])
def test_a_refused_batch_leaves_what_earlier_ones_have_taught(kind):
    X, y = np.random.default_rng(0).uniform(0, 3, (20, 2)), np.arange(20) % 2
    model = kind().partial_fit(X, y, classes=[0, 1])
    before = model.predict_proba(X)
    huge, heavy = np.full((20, 2), 1e200), np.full(20, 8e306)
    with pytest.raises(ValueError, match="expected (features|counts)"):
        model.partial_fit(huge, y, sample_weight=heavy)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.partial_fit(X, y).class_count_, [20, 20])
    fresh = kind()
    with pytest.raises(ValueError, match="expected (features|counts)"):
        fresh.fit(huge, y, heavy)
    with pytest.raises(ValueError, match="not fitted"):
        fresh.predict(X)
