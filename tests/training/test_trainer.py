"""The training loop: what it does to the model, what it records, what it refuses."""

import copy
import functools
import warnings

import numpy as np
import pytest

from tinygrad_ml import functional as F
from tinygrad_ml.data import DataLoader
from tinygrad_ml.nn import GELU, BatchNorm, Dense, Dropout, Module, Sequential, Tanh
from tinygrad_ml.optim import SGD, Adam, CosineSchedule
from tinygrad_ml.tensor import Parameter
from tinygrad_ml.training import Callback, Trainer, accuracy


def regression(n=40, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3


def classification(n=90, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 2))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def line(seed=0):
    return Sequential(Dense(3, 1, rng=seed))


def trainer_of(model, loss=F.mse_loss, learning_rate=0.1, **options):
    return Trainer(model, loss, SGD(model.parameters(), learning_rate), rng=0, **options)


class Watch(Callback):
    """Calls a function of the trainer behind every batch."""

    def __init__(self, look):
        self.look = look
        self.seen = []

    def on_batch_end(self, trainer):
        self.seen.append(self.look(trainer))


class Spy(Module):
    """A line that remembers what it was called with."""

    def __init__(self):
        self.dense = Dense(3, 1, rng=0)
        self.calls = []

    def __call__(self, x):
        self.calls.append((x.dtype, x.shape, self.training))
        return self.dense(x)


def test_recovers_a_line_and_records_it():
    trainer = trainer_of(line())
    history = trainer.fit(regression(), epochs=60, progress=False)
    weight, bias = (p.data for p in trainer.model.parameters())
    np.testing.assert_allclose(weight[:, 0], [1, -2, 0.5], atol=1e-3)
    np.testing.assert_allclose(bias, [0.3], atol=1e-3)
    assert history is trainer.history
    assert len(history) == trainer.epoch == 60
    assert history["epoch"] == list(range(1, 61))
    assert history["learning_rate"] == [0.1] * 60
    assert all(s > 0 for s in history["seconds"])
    assert history["loss"][-1] < 1e-5 < history["loss"][0]


def test_one_epoch_is_the_loop_written_by_hand():
    X, y = (a.astype(np.float32) for a in regression())
    model, twin = line(), line()
    trainer_of(model).fit(DataLoader(X, y, batch_size=16), 1, progress=False)
    optimizer = SGD(twin.parameters(), 0.1)
    for start in (0, 16, 32):
        optimizer.zero_grad()
        F.mse_loss(twin(X[start : start + 16]), y[start : start + 16]).backward()
        optimizer.step()
    for one, other in zip(model.parameters(), twin.parameters()):
        assert np.array_equal(one.data, other.data)


def test_losses_and_metrics_are_weighted_by_rows():
    batches = [(np.zeros((1, 3)), np.full((1, 1), 2.0)), (np.zeros((3, 3)), np.zeros((3, 1)))]
    model = Sequential(Dense(3, 1, rng=0))
    trainer = trainer_of(model, learning_rate=0.0, metrics={"size": lambda p, t: len(p)})
    row = trainer.fit(batches, 1, progress=False).epochs[0]
    assert row["loss"] == pytest.approx(1.0)  # (4 * 1 + 0 * 3) / 4
    assert row["size"] == pytest.approx(2.5)  # (1 * 1 + 3 * 3) / 4


def test_a_second_fit_goes_on():
    trainer = trainer_of(line())
    trainer.fit(regression(), 2, progress=False)
    history = trainer.fit(regression(), 3, validation=regression(seed=1), progress=False)
    assert history["epoch"] == [1, 2, 3, 4, 5]
    assert np.isnan(history["validation_loss"]).tolist() == [True, True, False, False, False]


def test_two_fits_of_two_epochs_are_one_of_four():
    weights = []
    for parts in ((4,), (2, 2)):
        trainer = trainer_of(line())
        for epochs in parts:
            trainer.fit(regression(), epochs, progress=False)
        weights.append(trainer.model.state_dict()["layers.0.weight"])
    assert np.array_equal(*weights)


def test_zero_epochs_train_nothing():
    trainer = trainer_of(line())
    before = trainer.model.state_dict()
    assert len(trainer.fit(regression(), 0, progress=False)) == 0
    assert all(np.array_equal(before[k], v) for k, v in trainer.model.state_dict().items())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("data_dtype", ["f8", "f4", "f2", "u1", "i8", "bool"])
def test_batches_come_in_the_dtype_of_the_model(dtype, data_dtype):
    model = Spy()
    model.astype(dtype)
    X = np.arange(24).reshape(8, 3).astype(data_dtype)
    losses = []

    def loss(prediction, target):
        value = F.mse_loss(prediction, target)
        losses.append((target.dtype, value.dtype))
        return value

    trainer = trainer_of(model, loss, learning_rate=1e-4)
    trainer.fit((X, X[:, :1]), 1, validation=(X, X[:, :1]), progress=False)
    assert {call[0] for call in model.calls} == {np.dtype(dtype)}
    assert set(losses) == {(np.dtype(dtype), np.dtype(dtype))}
    assert trainer.predict(X).dtype == dtype


def test_classes_stay_integers():
    X, y = classification()
    seen = []

    def loss(prediction, target):
        seen.append(target.dtype)
        return F.cross_entropy(prediction, target)

    model = Sequential(Dense(2, 2, rng=0))
    trainer_of(model, loss).fit((X, y), 1, progress=False)
    assert set(seen) == {y.dtype}


def test_batches_of_the_right_dtype_are_not_copied():
    X = np.ones((6, 3), np.float32)
    seen = []

    class Keep(Spy):
        def __call__(self, x):
            seen.append(np.shares_memory(x, X))
            return super().__call__(x)

    trainer_of(Keep()).fit(DataLoader(X, X[:, :1], batch_size=2), 1, progress=False)
    assert seen == [True] * 3


@pytest.mark.parametrize("form", [
    lambda X: X, lambda X: (X, X), lambda X: (X,), lambda X: DataLoader(X, batch_size=8),
    lambda X: DataLoader(X, X, batch_size=8), lambda X: [(X, X)],
])  # fmt: skip
def test_autoencoders_reproduce_their_input(form):
    X = np.random.default_rng(0).normal(size=(32, 3))
    model = Sequential(Dense(3, 3, rng=0))
    history = trainer_of(model, learning_rate=0.3).fit(
        form(X), 40, validation=form(X), batch_size=8, progress=False
    )
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert history["validation_loss"][-1] < 0.2 * history["loss"][0]


def test_lists_of_numbers_are_data():
    trainer = trainer_of(Sequential(Dense(2, 4, rng=0), Tanh(), Dense(4, 1, rng=1)))
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    assert trainer.fit((X, y), 2, progress=False)["loss"][0] > 0
    assert trainer.predict(X).shape == (4, 1)


def test_the_schedule_is_set_before_every_batch():
    model, schedule = line(), CosineSchedule(length=2)
    trainer = Trainer(model, F.mse_loss, SGD(model.parameters(), 0.2), schedule, rng=0)
    watch = Watch(lambda t: t.optimizer.learning_rate)
    trainer.fit(regression(40), 2, callbacks=[watch], batch_size=10, progress=False)
    assert watch.seen == [0.2 * schedule(i / 4) for i in range(8)]
    assert trainer.history["learning_rate"] == [watch.seen[3], watch.seen[7]]
    trainer.fit(regression(40), 1, callbacks=[watch], batch_size=10, progress=False)
    assert watch.seen[8:] == [0.2 * schedule(2 + i / 4) for i in range(4)]


def test_clipping_limits_the_step():
    model = line()
    before = model.state_dict()
    X, y = regression(8)
    trainer_of(model, learning_rate=1.0, clip_norm=0.01).fit((X, 100 * y), 1, progress=False)
    moved = [model.state_dict()[k] - before[k] for k in before]
    assert np.sqrt(sum((m**2).sum() for m in moved)) == pytest.approx(0.01, rel=1e-4)


def test_validation_runs_in_prediction_mode_in_order_and_without_gradients():
    model = Spy()
    seen = []

    def metric(prediction, target):
        seen.append(target[:, 0].tolist())
        return 0.0

    X, y = regression(10)
    loader = DataLoader(X, y, batch_size=4, shuffle=True, drop_last=True, rng=0)
    trainer_of(model, metrics={"look": metric}).fit(loader, 2, validation=loader, progress=False)
    modes = [training for *_, training in model.calls]
    assert modes == ([True] * 2 + [False] * 3) * 2
    validated = [v for v, training in zip(seen, modes) if not training]
    np.testing.assert_allclose(np.concatenate(validated[:3]), y[:, 0], rtol=1e-6)


def test_the_model_is_left_in_prediction_mode():
    model = Sequential(Dense(3, 8, rng=0), BatchNorm(8), Dropout(0.5, rng=0), Dense(8, 1, rng=0))
    trainer = trainer_of(model)
    trainer.fit(regression(), 1, progress=False)
    assert not any(m.training for _, m in model.named_modules())
    with pytest.raises(ZeroDivisionError):
        trainer.fit(regression(), 1, callbacks=[Watch(lambda t: 1 / 0)], progress=False)
    assert not model.training


def test_evaluate_and_predict_leave_the_modes_alone():
    model = Sequential(Dense(3, 8, rng=0), Dropout(0.5, rng=0), Dense(8, 1, rng=0))
    model.train()
    model[1].training = False
    trainer = trainer_of(model)
    X, y = regression()
    assert np.array_equal(trainer.predict(X), trainer.predict(X, batch_size=40))
    assert trainer.evaluate((X, y)) == trainer.evaluate((X, y))
    assert [m.training for _, m in model.named_modules()] == [True, True, False, True]
    assert all(p.grad is None for p in model.parameters())


def test_evaluate_is_independent_of_the_batch_size():
    X, y = classification()
    model = Sequential(Dense(2, 2, rng=0, dtype=np.float64))
    trainer = trainer_of(model, F.cross_entropy, metrics=["accuracy"])
    one, other = trainer.evaluate((X, y), batch_size=7), trainer.evaluate((X, y), batch_size=90)
    assert one.keys() == other.keys() == {"loss", "accuracy"}
    assert one == pytest.approx(other, rel=1e-12)
    assert other["accuracy"] == accuracy(trainer.predict(X), y)


def test_predictions_are_own_arrays():
    X = np.ones((3, 3), np.float32)
    out = trainer_of(line()).predict(X)
    out[:] = 7
    assert out.flags.owndata


def test_callbacks_are_called_in_order():
    calls = []

    class Log(Callback):
        def __init__(self, name, runs_last=False):
            self.name, self.runs_last = name, runs_last

        def on_fit_begin(self, trainer):
            calls.append((self.name, "fit begin"))

        def on_epoch_begin(self, trainer):
            calls.append((self.name, "epoch begin", trainer.epoch, trainer.batch))

        def on_batch_end(self, trainer):
            calls.append((self.name, "batch end", trainer.epoch, trainer.batch))

        def on_epoch_end(self, trainer):
            calls.append((self.name, "epoch end", trainer.epoch, trainer.batch))

        def on_fit_end(self, trainer):
            calls.append((self.name, "fit end"))

        def close(self):
            calls.append((self.name, "close"))

    logs = [Log("last", True), Log("first")]
    trainer_of(line()).fit(regression(20), 1, callbacks=logs, batch_size=10, progress=False)
    expected = [("fit begin",), ("epoch begin", 0, 0), ("batch end", 0, 1), ("batch end", 0, 2),
                ("epoch end", 1, 0), ("fit end",), ("close",)]  # fmt: skip
    assert calls == [(name, *what) for what in expected for name in ("first", "last")]


def test_an_interrupted_fit_keeps_finished_epochs():
    class CtrlC(Callback):
        def on_batch_end(self, trainer):
            if trainer.epoch == 1 and trainer.batch == 2:
                raise KeyboardInterrupt

    trainer = trainer_of(line())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(regression(), 3, callbacks=[CtrlC()], batch_size=10, progress=False)
    assert len(trainer.history) == 1 and trainer.batch == 0
    assert trainer.fit(regression(), 2, progress=False)["epoch"] == [1, 2, 3]


def test_stop_training_ends_behind_the_epoch():
    class Stop(Callback):
        def on_batch_end(self, trainer):
            trainer.stop_training = True

    trainer = trainer_of(line())
    assert len(trainer.fit(regression(), 5, callbacks=[Stop()], progress=False)) == 1
    assert len(trainer.fit(regression(), 2, progress=False)) == 3


def test_the_bar_leaves_its_last_line_on_stderr(capsys):
    trainer = trainer_of(line())
    trainer.fit(regression(), 3, validation=regression(seed=1))
    captured = capsys.readouterr()
    last = captured.err.rstrip("\n").split("\r")[-1]
    assert "epoch 3/3: 100%" in last and "6/6" in last
    assert "loss=" in last and "validation_loss=" in last
    assert captured.out == "" and captured.err.endswith("\n")
    trainer.fit(regression(), 3, progress=False)
    assert capsys.readouterr().err == ""


# ------------------------------------------------------------------------------------ NaN


def diverging(model, X, y, loss=F.mse_loss, **options):
    trainer = trainer_of(model, loss, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(FloatingPointError) as caught:
            trainer.fit((X, y), 9, batch_size=10, progress=False)
    return str(caught.value)


def test_nan_names_epoch_batch_and_a_bad_batch():
    X, y = regression(20)
    for part, what in ((X, "input"), (y, "target")):
        bad = [X.copy(), y.copy()]
        bad[0 if part is X else 1][:] = np.inf
        message = diverging(line(), *bad)
        assert "epoch 1, batch 1 of 2" in message
        assert f"{what} batch itself holds NaN or inf (row 0" in message


def test_nan_names_the_function_that_made_it():
    X, y = regression(20)
    model = Sequential(Dense(3, 4, rng=0), Tanh(), np.log, Dense(4, 1, rng=0))
    assert "comes from model.layers[2] (log)." in diverging(model, X, y)
    assert [type(layer) for layer in model.layers[:2]] == [Dense, Tanh]  # as before
    assert model.layers[2] is np.log


def test_nan_names_the_layer_inside_a_module():
    class Root(Module):
        def __call__(self, x):
            return np.sqrt(x)

    class Net(Module):
        def __init__(self):
            self.head = Sequential(Dense(3, 4, rng=0), Sequential(Tanh(), Root()))
            self.tail = Dense(4, 1, rng=0)

        def __call__(self, x):
            return self.tail(self.head(x))

    model = Net()
    message = diverging(model, *regression(20))
    assert "comes from model.head.layers[1].layers[1] (Root)." in message
    assert type(model) is Net and type(model.head) is Sequential


def test_nan_names_the_parameter():
    model = Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 1, rng=0))
    model[2].weight.data = np.full((4, 1), np.nan)
    message = diverging(model, *regression(20))
    assert "The parameter weight of model.layers[2] (Dense) is not finite" in message
    X, y = regression(20)
    message = diverging(line(), X, 1e9 * y, learning_rate=1e9)
    assert "ower the learning rate" in message


def test_nan_of_the_loss_alone():
    message = diverging(line(), *regression(20), loss=lambda p, t: np.log(-abs(p)).mean())
    assert "All layers have finite outputs" in message


# ------------------------------------------------------------------------------------ errors


def test_wrong_parts_are_refused():
    model = line()
    sgd = SGD(model.parameters(), 0.1)
    cases = [
        ((lambda x: x, F.mse_loss, sgd), TypeError, "expected a Module as model"),
        ((model, "mse", sgd), TypeError, "expected a function of \\(prediction, target\\)"),
        ((model, F.mse_loss, SGD), TypeError, "expected an optimizer"),
        ((line(), F.mse_loss, sgd), ValueError, "2 of its 2 belong to something else"),
        ((model, F.mse_loss, sgd, 0.1), TypeError, "function of the time in epochs"),
        ((model, F.mse_loss, sgd, None, ["precision"]), ValueError, "expected one of accuracy"),
        ((model, F.mse_loss, sgd, None, "accuracy"), TypeError, "a list of names or a dict"),
        ((model, F.mse_loss, sgd, None, {"loss": F.mse_loss}), ValueError, "a name of its own"),
        ((model, F.mse_loss, sgd, None, {"m": 1}), TypeError, "expected a function for 'm'"),
        ((model, F.mse_loss, sgd, None, None, 0), ValueError, "clip_norm must be positive"),
    ]
    for arguments, kind, message in cases:
        with pytest.raises(kind, match=message):
            Trainer(*arguments)


@pytest.mark.parametrize(("data", "kind", "message"), [
    ([], ValueError, "at least one batch, got an empty list"),
    ((np.ones((0, 3)), np.ones((0, 1))), ValueError, "at least one row"),
    ((np.ones((4, 3)), np.ones((3, 1))), ValueError, "arrays of one length"),
    ((np.ones((4, 3)),) * 3, ValueError, "got a tuple of 3"),
    ((b for b in []), TypeError, "A generator can be walked only once"),
    ("abc", TypeError, "got str"),
    ({"X": 1}, TypeError, "got dict"),
    ([3, 4], TypeError, "expected batches"),
    ([np.ones((4, 3)), np.ones((4, 1))], TypeError, r"Write \(X, y\)"),
    ([(np.ones(()), np.ones(()))], TypeError, "batches of real numbers"),
    ([(np.ones((4, 3)),) * 3], TypeError, "got a tuple of 3"),
    ((np.array([["a"] * 3]), np.ones((1, 1))), TypeError, "batches of real numbers"),
    ((np.ones((4, 3)), np.ones(4)), ValueError, "mse_loss: expected a target of the prediction's"),
    ((np.ones((4, 2)), np.ones((4, 1))), ValueError, r"model\[0\] \(Dense\)"),
])  # fmt: skip
def test_wrong_data_is_refused(data, kind, message):
    with pytest.raises(kind, match=message):
        trainer_of(line()).fit(data, 1, progress=False)


def test_wrong_arguments_of_fit_are_refused():
    trainer = trainer_of(line())
    for epochs in (-1, 1.5, True, "3"):
        with pytest.raises(ValueError, match="epochs must be a whole number"):
            trainer.fit(regression(), epochs, progress=False)
    with pytest.raises(TypeError, match="instances of Callback"):
        trainer.fit(regression(), 1, callbacks=[Callback], progress=False)
    for callbacks in (Callback(), None):
        with pytest.raises(TypeError, match="expected a list of callbacks, got"):
            trainer.fit(regression(), 1, callbacks=callbacks, progress=False)
    with pytest.raises(TypeError, match="Pass X alone"):
        trainer.predict(regression())


def test_a_loss_per_row_is_refused():
    with pytest.raises(ValueError, match="expected one number, got shape"):
        trainer_of(line(), lambda p, t: (p - t) ** 2).fit(regression(), 1, progress=False)


def test_accuracy_counts_and_refuses():
    assert accuracy(np.eye(3), np.array([0, 1, 1])) == pytest.approx(2 / 3)
    column, square, classes = np.ones((3, 1)), np.eye(3), np.ones(3, int)
    for p, t in ((column, classes), (square, square), (square, np.ones(3)), (square, classes[:2])):
        with pytest.raises(ValueError, match="expected scores of shape"):
            accuracy(p, t)


def test_a_loss_without_parameters_says_so():
    model = line()
    model.freeze()
    with pytest.raises(RuntimeError, match="frozen"):
        trainer_of(model).fit(regression(), 1, progress=False)


def test_part_of_the_parameters_may_be_trained():
    model = Sequential(Dense(3, 4, rng=0), Dense(4, 1, rng=0))
    first = copy.deepcopy(model.state_dict())
    Trainer(model, F.mse_loss, Adam(model[1].parameters())).fit(regression(), 1, progress=False)
    assert np.array_equal(model[0].weight.data, first["layers.0.weight"])
    assert not np.array_equal(model[1].weight.data, first["layers.1.weight"])
    assert isinstance(model[0].weight, Parameter)


def test_losses_with_options(tmp_path):
    """functools.partial makes a loss with options; a checkpoint does not hold the loss."""
    X, y = classification()
    loss = functools.partial(F.cross_entropy, class_weight=[1.0, 3.0], label_smoothing=0.1)
    trainers = [trainer_of(Sequential(Dense(2, 4, rng=0), GELU(), Dense(4, 2, rng=1)), loss)
                for _ in range(2)]  # fmt: skip
    history = trainers[0].fit((X, y), 5, progress=False)
    assert history["loss"][-1] < history["loss"][0]
    trainers[0].save(tmp_path / "checkpoint")
    trainers[1].restore(tmp_path / "checkpoint")
    assert trainers[1].evaluate((X, y)) == trainers[0].evaluate((X, y))
