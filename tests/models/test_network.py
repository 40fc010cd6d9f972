"""The networks as estimators: what the contract's own checks do not look at."""

import copy
import pickle

import numpy as np
import pytest
import sklearn.model_selection
import sklearn.neural_network

import tinygrad_ml as tg
from tinygrad_ml.data import load_diabetes, load_digits, load_iris
from tinygrad_ml.estimator import NotFittedError, clone
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.models import AutoencoderTransformer, CNNClassifier, MLPClassifier, MLPRegressor
from tinygrad_ml.validation import ConvergenceWarning

X, Y = load_iris()
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
DIGITS, CLASSES = load_digits(images=True)
DIGITS, CLASSES = np.asarray(DIGITS / 16).reshape(-1, 8, 8), np.asarray(CLASSES)
SHORT = {"max_iter": 8, "learning_rate": "cosine", "random_state": 0}
SMALL_CNN = {"channels": (4,), "hidden": (), "max_iter": 6, "random_state": 0}


def classifier(**parameters):
    return MLPClassifier(**{"hidden_layer_sizes": (16,), **SHORT, **parameters})


def regressor(**parameters):
    return MLPRegressor(**{"hidden_layer_sizes": (16,), **SHORT, **parameters})


def coder(**parameters):
    return AutoencoderTransformer(**{"encoding_dims": (3, 2), **SHORT, **parameters})


def cnn(**parameters):
    return CNNClassifier(**{**SMALL_CNN, **parameters})


# ---------------------------------------------------------------------------- what is learned


def test_digits_in_five_folds():
    folds = sklearn.model_selection.StratifiedKFold(5, shuffle=True, random_state=0)
    model = MLPClassifier(
        (256,), batch_size=32, learning_rate="cosine", learning_rate_init=0.003, max_iter=25,
        random_state=0,
    )  # fmt: skip
    pixels = DIGITS.reshape(-1, 64).astype(np.float32)
    scores = sklearn.model_selection.cross_val_score(model, pixels, CLASSES, cv=folds)
    assert scores.mean() >= 0.975 and scores.min() >= 0.96


def test_a_classifier_is_as_good_as_scikit_learns_and_settles_as_it_does():
    train, test = np.arange(0, 1797, 2), np.arange(1, 1797, 2)
    pixels = DIGITS.reshape(-1, 64)
    options = {"learning_rate_init": 0.005, "random_state": 0}
    ours = MLPClassifier((50,), **options).fit(pixels[train], CLASSES[train])
    theirs = sklearn.neural_network.MLPClassifier((50,), **options)
    theirs.fit(pixels[train], CLASSES[train])
    scores = [model.score(pixels[test], CLASSES[test]) for model in (ours, theirs)]
    assert scores[0] >= scores[1] - 0.01
    assert 0.5 < ours.n_iter_ / theirs.n_iter_ < 2


def test_a_regressor_needs_no_scaling_of_its_targets():
    inputs, targets = load_diabetes()
    folds = sklearn.model_selection.KFold(5, shuffle=True, random_state=0)
    scores = sklearn.model_selection.cross_val_score(
        MLPRegressor(learning_rate="cosine", random_state=0), inputs, targets, cv=folds
    )
    assert scores.mean() > 0.45  # scikit-learn's after as many epochs: -3


def test_without_a_hidden_layer_it_is_ridge_regression():
    """alpha / (2n) sum w^2 + mean squared error has a closed form."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    targets = inputs @ [1.0, -2.0, 0.5] + rng.normal(size=60)
    alpha = 30.0
    model = MLPRegressor((), solver="lbfgs", alpha=alpha, tol=0, max_iter=50, random_state=0,
                         learning_rate="cosine").fit(inputs, targets)  # fmt: skip
    centred, standard = inputs - inputs.mean(axis=0), (targets - targets.mean()) / targets.std()
    expected = np.linalg.solve(centred.T @ centred + alpha / 2 * np.eye(3), centred.T @ standard)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected, rtol=1e-5)


def test_without_a_hidden_layer_it_is_logistic_regression():
    """Two logits whose weights are opposite: alpha counts each of them."""
    from sklearn.linear_model import LogisticRegression

    binary = NAMES != "setosa"
    inputs, labels = X[binary], NAMES[binary]
    model = MLPClassifier((), solver="lbfgs", alpha=2.0, tol=0, max_iter=100, random_state=0,
                          learning_rate="cosine").fit(inputs, labels)  # fmt: skip
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(inputs, labels)
    np.testing.assert_allclose(model.predict_proba(inputs), theirs.predict_proba(inputs), atol=1e-4)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_solvers(solver):
    rate = 0.05 if solver == "sgd" else 0.01
    model = classifier(solver=solver, learning_rate_init=rate, batch_size=16, max_iter=40)
    assert model.fit(X, NAMES).score(X, NAMES) > 0.95


@pytest.mark.parametrize("activation", ["logistic", "gelu", "selu", "identity", np.tanh])
def test_activations(activation):
    model = classifier(activation=activation, solver="lbfgs", max_iter=30).fit(X, NAMES)
    assert model.score(X, NAMES) > 0.9


def test_probabilities_and_labels():
    model = classifier(max_iter=20).fit(X, NAMES)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p)
    assert (model.predict(X) == model.classes_[p.argmax(axis=1)]).all()
    assert set(model.predict(X)) <= set(NAMES)


def test_one_class_and_equal_targets_are_predicted_exactly():
    assert (classifier().fit(X, ["a"] * 150).predict(X) == "a").all()
    assert (regressor().fit(X, np.full(150, 7.7)).predict(X) == 7.7).all()


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_targets_of_any_size(size):
    one = regressor().fit(X, Y)
    many = regressor().fit(X, Y * size)
    np.testing.assert_allclose(many.predict(X) / size, one.predict(X), rtol=1e-6)
    shifted = regressor().fit(X, Y + 1e9)
    np.testing.assert_allclose(shifted.predict(X) - 1e9, one.predict(X), atol=1e-5)


def test_several_outputs():
    targets = np.column_stack([X[:, 0], 100 * X[:, 2], np.full(150, 3.0)])
    model = regressor(solver="lbfgs", max_iter=50).fit(X[:, 1:], targets)
    predicted = model.predict(X[:, 1:])
    assert predicted.shape == (150, 3) and (predicted[:, 2] == 3).all()
    assert np.corrcoef(predicted[:, 1], targets[:, 1])[0, 1] > 0.99


# -------------------------------------------------------------------------- how it is trained


def test_the_network_computes_in_the_dtype_of_X():
    for dtype in (np.float32, np.float64):
        assert classifier().fit(X.astype(dtype), Y).module_.dtype == dtype
        assert coder().fit_transform(X.astype(dtype)).dtype == dtype
    assert cnn().fit((DIGITS[:40] * 255).astype(np.uint8), CLASSES[:40]).module_.dtype == np.float32


@pytest.mark.parametrize("make", [classifier, regressor, coder])
def test_a_seed_fixes_everything_and_the_global_generator_is_left_alone(make):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (make(early_stopping=True, max_iter=3).fit(X, Y) for _ in range(2))
    other = make(early_stopping=True, max_iter=3, random_state=1).fit(X, Y)
    for name, value in one.module_.state_dict().items():
        np.testing.assert_array_equal(value, two.module_.state_dict()[name])
    assert any(
        not np.array_equal(value, other.module_.state_dict()[name])
        for name, value in one.module_.state_dict().items()
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_generator_is_drawn_from():
    rng = np.random.default_rng(0)
    one, two = (classifier(random_state=rng).fit(X, Y).predict_proba(X) for _ in range(2))
    assert not np.array_equal(one, two)


def test_it_warns_when_it_has_not_settled():
    with pytest.warns(ConvergenceWarning, match="not settled after max_iter=2 epochs"):
        model = classifier(learning_rate="constant", max_iter=2).fit(X, Y)
    assert model.n_iter_ == len(model.history_) == 2
    settled = classifier(learning_rate="constant", max_iter=500, tol=0.5, n_iter_no_change=3)
    assert settled.fit(X, Y).n_iter_ < 20


def test_early_stopping_holds_samples_out_and_keeps_the_best():
    model = classifier(early_stopping=True, validation_fraction=0.2, max_iter=300,
                       learning_rate="constant", learning_rate_init=0.01,
                       n_iter_no_change=5).fit(X, NAMES)  # fmt: skip
    history = model.history_
    assert "validation_accuracy" in history and model.n_iter_ < 300
    best = history.best("validation_loss")[0] - 1
    assert history["validation_accuracy"][best] >= 0.9
    assert "validation_loss" in regressor(early_stopping=True).fit(X, Y).history_


def test_a_schedule_and_its_warmth():
    schedule = tg.optim.StepSchedule(every=4, factor=0.5)
    model = classifier(learning_rate=schedule, learning_rate_init=0.01).fit(X, Y)
    np.testing.assert_allclose(model.history_["learning_rate"], [0.01] * 4 + [0.005] * 4)


def test_alpha_shrinks_the_weights():
    free, held = (
        regressor(alpha=a, max_iter=40, batch_size=10, learning_rate_init=0.01).fit(X, Y)
        for a in (0.0, 3.0)
    )
    assert np.abs(held.coefs_[0]).sum() < 0.7 * np.abs(free.coefs_[0]).sum()


def test_batch_norm_never_meets_a_single_sample():
    for n in (2, 3, 5, 33, 129):
        model = classifier(batch_norm=True, batch_size=4, dropout=0.2, max_iter=1)
        assert model.fit(X[:n], Y[:n]).predict(X).shape == (150,)


def test_verbose_shows_the_bar(capsys):
    classifier(max_iter=1).fit(X, Y)
    assert capsys.readouterr().err == ""
    classifier(max_iter=1, verbose=True).fit(X, Y)
    assert "epoch" in capsys.readouterr().err


# ------------------------------------------------------------------------------------- images


def test_digits_by_a_convolutional_network():
    parts = train_test_split(DIGITS.astype(np.float32), CLASSES, stratify=CLASSES, random_state=0)
    model = CNNClassifier((16, 32), hidden=(64,), max_iter=12, random_state=0)
    assert model.fit(parts[0], parts[2]).score(parts[1], parts[3]) >= 0.98


def test_images_in_every_form_are_the_same_images():
    images, labels = DIGITS[:120], CLASSES[:120]
    rows = images.reshape(120, 64)
    fits = [
        cnn().fit(images, labels),
        cnn().fit(images[..., None], labels),
        cnn(image_shape=(8, 8)).fit(rows, labels),
        cnn(image_shape=[8, 8, 1]).fit(rows, labels),
        cnn().fit(images.tolist(), list(labels)),
    ]
    expected = fits[0].predict_proba(images)
    for model in fits:
        assert model.image_shape_ == (8, 8, 1) and model.n_features_in_ == 64
        for form in (images, images[..., None], rows):
            np.testing.assert_allclose(model.predict_proba(form), expected, rtol=1e-5, atol=1e-7)


def test_few_images_are_learned():
    images = np.zeros((20, 8, 8))
    images[10:, :, 4:] = 1.0
    for seed in range(5):
        model = CNNClassifier((4,), hidden=(), random_state=seed)
        assert model.fit(images, np.arange(20) // 10).score(images, np.arange(20) // 10) == 1


def test_a_cnn_clones_searches_and_cross_validates():
    model = cnn(activation="gelu", kernel_size=(3, 5))
    again = clone(model)
    assert again.get_params() == model.get_params() and again is not model
    search = sklearn.model_selection.GridSearchCV(
        cnn(max_iter=3), {"channels": [(2,), (4, 8)], "dropout": [0.0]}, cv=2
    )
    search.fit(DIGITS[:100].astype(np.float32), CLASSES[:100])
    assert search.best_params_["channels"] in [(2,), (4, 8)]
    assert search.best_estimator_.predict(DIGITS[:3]).shape == (3,)


# ------------------------------------------------------------------------------------- codes


def test_an_autoencoder_beats_pca_on_held_out_digits():
    train, test = train_test_split(
        DIGITS.reshape(-1, 64).astype(np.float32), stratify=CLASSES, random_state=0
    )
    model = AutoencoderTransformer((128, 32, 10), output="sigmoid", max_iter=25, random_state=0)
    mean = train.mean(axis=0)
    directions = np.linalg.svd(train - mean, full_matrices=False)[2][:10]
    pca = mean + (test - mean) @ directions.T @ directions
    assert -model.fit(train).score(test) < 0.8 * np.mean((pca - test) ** 2)
    codes = model.transform(test)
    assert codes.shape == (len(test), 10)
    np.testing.assert_allclose(model.inverse_transform(codes), model.reconstruct(test))
    errors = model.reconstruction_error(test)
    assert errors.shape == (len(test),)
    assert errors.mean() == pytest.approx(-model.score(test))


@pytest.mark.parametrize("loss", ["mse", "l1", "binary_cross_entropy"])
def test_losses(loss):
    pixels = DIGITS.reshape(-1, 64)[:200]
    model = coder(loss=loss, output="sigmoid", max_iter=5).fit(pixels)
    assert model.history_["loss"][-1] < model.history_["loss"][0]


def test_an_output_that_cannot_reach_the_data_is_said_once():
    with pytest.warns(UserWarning, match="reaches 0 to 1") as said:
        model = coder(output="sigmoid").fit(X)
    assert len(said) == 1 and model.module_.output_range == (0.0, 1.0)


# ------------------------------------------------------------------------------- keeping them

FITTED = {
    "classifier": lambda: classifier(dropout=0.2, batch_norm=True).fit(X, NAMES),
    "regressor": lambda: regressor().fit(X, Y),
    "coder": lambda: coder().fit(X),
    "cnn": lambda: cnn().fit(DIGITS[:60], CLASSES[:60]),
}


@pytest.mark.parametrize("kind", FITTED)
def test_saved_pickled_and_copied(kind, tmp_path):
    model = FITTED[kind]()
    samples = DIGITS[:9] if kind == "cnn" else X
    method = "transform" if kind == "coder" else "predict"
    expected = getattr(model, method)(samples)
    model.save(tmp_path / "model")
    for again in (
        tg.load(tmp_path / "model"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(again, method)(samples), expected)
        assert again.get_params() == model.get_params()
        assert again.history_["loss"] == model.history_["loss"]


def test_a_schedule_is_saved_too(tmp_path):
    model = classifier(learning_rate=tg.optim.CosineSchedule(8)).fit(X, Y)
    model.save(tmp_path / "model")
    assert tg.load(tmp_path / "model").learning_rate == tg.optim.CosineSchedule(8)


# ----------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes must be positive integers such as"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be positive integers"),
        ({"activation": "rellu"}, "activation must be one of identity, .* got 'rellu'"),
        ({"activation": tg.nn.ReLU}, "activation must be one of identity"),
        ({"solver": "adamw"}, "solver must be 'adam' or 'sgd' or 'lbfgs', got 'adamw'"),
        ({"max_iter": True}, "max_iter must be a positive integer, got True"),
        ({"batch_size": 0}, "batch_size must be 'auto' or a positive integer, got 0"),
        ({"learning_rate_init": 0}, "learning_rate_init must be a positive number, got 0"),
        ({"dropout": 1.0}, "dropout must be a number of at least 0 and below 1"),
        ({"alpha": -1}, "alpha must be a number of at least 0"),
        ({"random_state": -1}, "random_state must be None, a seed"),
        ({"learning_rate": "adaptive"}, "learning_rate must be 'constant' or 'cosine' or a func"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=f"MLPClassifier: {message}"):
        classifier(**parameters).fit(X, Y)


def test_mistakes_with_samples():
    model = classifier().fit(X, Y)
    with pytest.raises(ValueError, match="for which the outputs overflow"):
        model.predict(X * 5e307)
    with pytest.raises(ValueError, match="needs samples to hold out, got n_samples = 4"):
        classifier(early_stopping=True).fit(X[:4], [0, 0, 0, 1])
    with pytest.raises(ValueError, match=r"batch_norm=True needs .* got 1 sample"):
        classifier(batch_norm=True).fit(X[:1], Y[:1])
    with pytest.raises(ValueError, match="whose spread is a number, got y up to 1.7e"):
        regressor().fit(X, (Y - 1) * 1.7e308)


def test_a_training_that_overflows_says_so_and_leaves_nothing_fitted():
    model = regressor(solver="sgd", activation="identity", learning_rate_init=1e9)
    with pytest.raises(FloatingPointError, match="MLPRegressor: the training left the range"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.predict(X)


@pytest.mark.parametrize(
    "images, parameters, message",
    [
        (DIGITS[:20].reshape(20, 64), {}, r"got \(20, 64\). Write image_shape=\(height, width\)"),
        (DIGITS[:20].reshape(20, 64), {"image_shape": (8, 9)}, r"image_shape must be \(height, "),
        (DIGITS[:20], {"image_shape": (4, 16)}, r"image_shape must be \(height, width\)"),
        (DIGITS[:20], {"image_shape": 8}, r"image_shape must be \(height, width\)"),
        (DIGITS[:20], {"channels": (2, 2, 2, 2)}, "images of at least 16 x 16, got 8 x 8"),
        (DIGITS[:20].astype(str), {}, "expected X to hold numbers"),
        ([np.zeros((8, 8)), np.zeros((8, 7))], {}, "rows of different lengths"),
        (np.where(DIGITS[:20] > 0.9, np.nan, DIGITS[:20]), {}, "without NaN or inf"),
        (DIGITS[:0], {}, "found 0 sample"),
    ],
)
def test_wrong_images(images, parameters, message):
    with pytest.raises(ValueError, match=message):
        cnn(**parameters).fit(images, np.arange(20) % 10)


def test_images_of_another_shape_than_in_fit():
    model = cnn(max_iter=1).fit(DIGITS[:20], CLASSES[:20])
    for wrong in (DIGITS[:20].reshape(20, 4, 16), DIGITS[0], DIGITS[0][..., None]):
        with pytest.raises(ValueError, match=r"expected images of shape \(n, 8, 8, 1\) as in fit"):
            model.predict(wrong)
    with pytest.raises(NotFittedError):
        cnn().predict(DIGITS)


def test_mistakes_with_codes():
    with pytest.raises(ValueError, match='must go with output="sigmoid"'):
        coder(loss="binary_cross_entropy").fit(X)
    model = coder().fit(X)
    with pytest.raises(ValueError, match=r"expected codes of shape \(n, 2\), got \(150, 4\)"):
        model.inverse_transform(X)
