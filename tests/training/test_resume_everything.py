"""Resuming with all that may move during a training: every place of every scenario, bit for bit."""

import numpy as np
import pytest

from same import assert_same
from tinygrad_ml import functional as F
from tinygrad_ml.data import DataLoader
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, Module, Sequential
from tinygrad_ml.optim import SGD, Adam
from tinygrad_ml.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    ExponentialMovingAverage,
    Trainer,
)

EPOCHS, BATCHES = 3, 4
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(29, 4)), RNG.integers(0, 3, 29)


class Interrupted(Exception):
    pass


class Interrupt(Callback):
    runs_last = True

    def __init__(self, path, place):
        self.path, self.place = path, place

    def on_batch_end(self, trainer):
        if (trainer.epoch, trainer.batch) == self.place:
            trainer.save(self.path)
            raise Interrupted

    on_epoch_end = on_batch_end


def network(*generators, dtype=np.float32):
    dropouts = [Dropout(0.3, rng) for rng in generators]
    layers = Dense(4, 8, rng=0), BatchNorm(8), np.tanh, *dropouts, Dense(8, 3, rng=1)
    return Sequential(*layers).astype(dtype)


def trainer_of(model, optimizer=Adam, loss=F.cross_entropy, **options):
    return Trainer(model, loss, optimizer(model.parameters(), 0.05), **{"rng": 3, **options})


# ------------------------------------------------------------------------------------ scenarios


class Shuffled:
    """A user's data: shuffles and augments with generators of its own, and keeps no state."""

    def __init__(self, order, noise):
        self.order, self.tools = order, {"noise": [noise]}

    def __len__(self):
        return BATCHES

    def __iter__(self):
        rows = self.order.permutation(len(X))
        for part in np.array_split(rows, BATCHES):
            x = X[part]
            yield x + 0.1 * self.tools["noise"][0].normal(size=x.shape), Y[part]


class Both:
    """Two loaders in one: batches of the one, then of the other."""

    def __init__(self):
        self.loaders = [
            DataLoader(X[:15], Y[:15], batch_size=8, shuffle=True, rng=1),
            DataLoader(X[15:], Y[15:], batch_size=7, shuffle=True, rng=2),
        ]

    def __len__(self):
        return sum(map(len, self.loaders))

    def __iter__(self):
        for loader in self.loaders:
            yield from loader


class Noise(Callback):
    """Draws in every hook; only its generator is remembered, by itself."""

    def __init__(self, rng):
        self.inside = [rng]

    def on_batch_end(self, trainer):
        bias = trainer.model.layers[0].bias
        bias.data = bias.data + self.inside[0].normal(0, 0.01, bias.shape).astype(bias.dtype)

    on_epoch_begin = on_epoch_end = on_batch_end


class Counter(Callback):
    """A state that is empty at first, beside another of its kind that has one."""

    def __init__(self, start):
        self.counts = {"n": start} if start else {}

    def on_batch_end(self, trainer):
        if self.counts:
            self.counts["n"] += trainer.batch
            trainer.model.layers[-1].bias.data = trainer.model.layers[-1].bias.data + (
                1e-3 * self.counts["n"])  # fmt: skip

    def state_dict(self):
        return dict(self.counts)

    def load_state_dict(self, state):
        self.counts = dict(state)


class Thaw(Callback):
    """Learns the first layer only from the second epoch on, and keeps batch statistics then."""

    def on_fit_begin(self, trainer):
        trainer.model.layers[0].freeze()

    def on_epoch_begin(self, trainer):
        if trainer.epoch == 1:
            trainer.model.layers[0].unfreeze()
            trainer.model.layers[1].eval()


class Wandering:
    """A schedule with a state and a generator."""

    def __init__(self):
        self.factor, self.rng = 1.0, np.random.default_rng(8)

    def __call__(self, t):
        self.factor *= self.rng.uniform(0.8, 1.1)
        return self.factor

    def state_dict(self):
        return {"factor": self.factor}

    def load_state_dict(self, state):
        self.factor = state["factor"]


class NoisyLoss:
    """A loss with a generator."""

    def __init__(self):
        self.rng = np.random.default_rng(9)

    def __call__(self, prediction, target):
        return F.cross_entropy(prediction, target) * float(self.rng.uniform(0.5, 1))


class Holder(Module):
    """Generators and state deep inside lists and dicts, and a schedule of its own."""

    def __init__(self):
        rng = np.random.Generator(np.random.MT19937(5))
        self.layers = [Dense(4, 8, rng=0), {"drop": [Dropout(0.2, rng), Dropout(0.4, rng)]}]
        self.layers.append(Dense(8, 3, rng=1))
        self.seen = np.zeros(4)

    def __call__(self, x):
        if self.training:
            self.seen = self.seen + x.sum(axis=0)
        x = np.tanh(self.layers[0](x))
        for drop in self.layers[1]["drop"]:
            x = drop(x)
        return self.layers[2](x * float(1 + 1e-3 * np.tanh(self.seen.sum())))


def one_generator_for_all():
    rng = np.random.default_rng(4)
    loader = DataLoader(X, Y, batch_size=8, shuffle=True, rng=rng)
    return trainer_of(network(rng, rng), rng=rng), loader, (X, Y), [Noise(rng)]


SCENARIOS = {
    "accumulation": lambda: (trainer_of(network(1), accumulate=3), (X, Y), (X, Y), []),
    "one generator for all": one_generator_for_all,
    "data without a state": lambda: (
        trainer_of(network(1)),
        Shuffled(*map(np.random.default_rng, (1, 2))), Shuffled(*[np.random.default_rng(3)] * 2), []
    ),
    "one generator for data and model": lambda: (
        lambda rng: (trainer_of(network(rng)), Shuffled(rng, rng), None, [])
    )(np.random.default_rng(1)),
    "two loaders": lambda: (trainer_of(network(1)), Both(), Both(), []),
    "a validation that shuffles": lambda: (
        trainer_of(network(1)), (X, Y),
        DataLoader(X, Y, batch_size=5, shuffle=True, drop_last=True), [EarlyStopping(patience=2)]
    ),
    "callbacks": lambda: (
        trainer_of(network(1)), (X, Y), (X, Y),
        [Noise(np.random.Generator(np.random.Philox(2))), Counter(0), Counter(5), Counter(0),
         EarlyStopping("loss", patience=9), EarlyStopping(patience=8)]
    ),
    "average": lambda: (
        trainer_of(network(1), accumulate=2), (X, Y), (X, Y),
        [ExponentialMovingAverage(0.9, "debias", validate=True), EarlyStopping(patience=1)]
    ),
    "float64": lambda: (
        trainer_of(network(1, dtype=np.float64), lambda p, lr: SGD(p, lr, 0.9)), (X, Y), (X, Y), []
    ),
    "schedule with a state": lambda: (
        trainer_of(network(1), schedule=Wandering()), (X, Y), None, []
    ),
    "loss with a generator": lambda: (trainer_of(network(), loss=NoisyLoss()), (X, Y), (X, Y), []),
    "thawing": lambda: (trainer_of(network(1)), (X, Y), (X, Y), [Thaw()]),
    "nested": lambda: (trainer_of(Holder()), (X, Y), (X, Y), []),
}  # fmt: skip


def fit(scenario, *more):
    trainer, data, validation, callbacks = scenario
    trainer.fit(
        data, EPOCHS, validation=validation, batch_size=8, progress=False,
        callbacks=[*callbacks, *more],
    )  # fmt: skip
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history.epochs]
    generators = [g.bit_generator.state for _, g in trainer.model.named_generators()]
    return {
        "model": trainer.model.state_dict(), "optimizer": trainer.optimizer.state_dict(),
        "history": history, "generators": generators,
        "callbacks": [c.state_dict() for c in callbacks],
    }  # fmt: skip


PLACES = [(epoch, batch) for epoch in range(EPOCHS) for batch in range(1, BATCHES + 1)]
PLACES += [(epoch + 1, 0) for epoch in range(EPOCHS)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_that_moves_is_found(tmp_path, name):
    whole = fit(SCENARIOS[name]())
    places = [(e, b) for e, b in PLACES if e < len(whole["history"]) or b == 0]
    for place in places:
        scenario = SCENARIOS[name]()
        if place[0] > len(whole["history"]):
            continue
        with pytest.raises(Interrupted):
            fit(scenario, Interrupt(tmp_path / "c", place))
        again = SCENARIOS[name]()
        again[0].restore(tmp_path / "c")
        assert_same(whole, fit(again))


def test_interrupted_again_and_again(tmp_path):
    """A chain of resumptions, each saved at the next batch."""
    path = tmp_path / "c"
    whole = fit(SCENARIOS["average"]())
    stopped = len(whole["history"])
    for place in sorted(p for p in PLACES if p[0] < stopped):
        scenario = SCENARIOS["average"]()
        if path.exists():
            scenario[0].restore(path)
        if place[1]:
            with pytest.raises(Interrupted):
                fit(scenario, Interrupt(path, place))
    scenario = SCENARIOS["average"]()
    scenario[0].restore(path)
    assert_same(whole, fit(scenario))


# ------------------------------------------------------------------------------------ refusals


def interrupted(tmp_path, build, place=(1, 2)):
    with pytest.raises(Interrupted):
        fit(build(), Interrupt(tmp_path / "c", place))
    return tmp_path / "c"


def scenario(optimizer=Adam, data=None, validation=(X, Y), callbacks=(), **options):
    return (
        trainer_of(network(1), optimizer, **options), (X, Y) if data is None else data, validation,
        list(callbacks),
    )  # fmt: skip


def adam(**options):
    return lambda parameters, rate: Adam(parameters, rate, **options)


@pytest.mark.parametrize(("saved", "other", "message"), [
    (adam(betas=(0.8, 0.99)), adam(weight_decay=0.1), "an optimizer with betas=.0.8, 0.99., "
     "weight_decay=0.0, this trainer has betas=.0.9, 0.999., weight_decay=0.1"),
    (lambda p, lr: SGD(p, lr, 0.9), lambda p, lr: SGD(p, lr, 0.8), "momentum=0.9, this.*=0.8"),
    (SGD, lambda p, lr: SGD(p, lr, 0.9, nesterov=True), "nesterov=False, this trainer has mom"),
])  # fmt: skip
def test_other_options_of_the_optimizer_are_refused(tmp_path, saved, other, message):
    path = interrupted(tmp_path, lambda: scenario(saved))
    with pytest.raises(ValueError, match=message):
        scenario(other)[0].restore(path)


def test_another_learning_rate_is_overwritten(tmp_path):
    path = interrupted(tmp_path, scenario)
    trainer = scenario(lambda p, lr: Adam(p, 0.5))[0]
    trainer.restore(path)
    assert trainer.optimizer.learning_rate == trainer.optimizer.initial_learning_rate == 0.05


@pytest.mark.parametrize(("again", "message"), [
    (lambda: scenario(accumulate=2), "expects accumulate=1, got 2. Pass the accumulate of"),
    (lambda: scenario(validation=None), "expects validation data: True, got False. Pass the valid"),
    (lambda: scenario(validation=(X[:5], Y[:5])), "data is not that of before.*n_rows=29"),
    (lambda: scenario(data=(X[:28], Y[:28])), "expects n_rows=29, this loader has n_rows=28"),
    (lambda: scenario(data=(X[:5], Y[:5])), "expects data of 4 batches per epoch, got 1"),
    (lambda: scenario(data=Shuffled(*[np.random.default_rng(0)] * 2)), "expects the random gener"),
])  # fmt: skip
def test_another_fit_is_refused(tmp_path, again, message):
    path = interrupted(tmp_path, scenario)
    other = again()
    other[0].restore(path)
    with pytest.raises(ValueError, match=message):
        fit(other)
    whole, right = fit(scenario()), scenario()
    right = (other[0], *right[1:]) if other[0].accumulate == 1 else right
    if right[0] is not other[0]:
        right[0].restore(path)
    assert_same(whole, fit(right))  # the refusal has lost nothing


def test_a_schedule_with_a_state_is_missed(tmp_path):
    path = interrupted(tmp_path, lambda: scenario(schedule=Wandering()))
    with pytest.raises(
        ValueError, match="a schedule that keeps a state: True, this trainer has Fa"
    ):
        scenario()[0].restore(path)


def test_a_callback_whose_state_is_another(tmp_path):
    path = interrupted(tmp_path, lambda: scenario(callbacks=[Counter(3)]))
    other = scenario(callbacks=[Counter(1)])
    other[3][0].load_state_dict = lambda state: state["m"]
    other[0].restore(path)
    with pytest.raises(
        ValueError, match="callback Counter expects another state than was saved .KeyError"
    ):
        fit(other)


# ------------------------------------------------------------------------------------ Checkpoint


def test_the_last_checkpoints_are_kept(tmp_path):
    path = tmp_path / "run.[a]"
    checkpoint = Checkpoint(path, every_batches=3, keep=3)
    (tmp_path / "run.[a].other").touch()
    whole = fit(scenario(), checkpoint)
    kept = ["run.[a].epoch-2-batch-3", "run.[a].epoch-2", "run.[a].epoch-3"]
    assert {p.name for p in tmp_path.iterdir()} == {"run.[a]", "run.[a].other", *kept}
    for name in kept:
        again = scenario()
        again[0].restore(tmp_path / name)
        assert_same(whole, fit(again))


def test_a_disk_without_second_names(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError("not supported")

    monkeypatch.setattr("os.link", refuse)
    fit(scenario(), Checkpoint(tmp_path / "c", keep=1))
    assert (tmp_path / "c").read_bytes() == (tmp_path / "c.epoch-3").read_bytes()


@pytest.mark.parametrize("options", [
    {"every": 0}, {"every": None}, {"every": True}, {"every_batches": 0}, {"every_batches": 1.5},
    {"keep": 0}, {"keep": "3"},
])  # fmt: skip
def test_wrong_options_of_a_checkpoint(tmp_path, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be a positive integer, got"):
        Checkpoint(tmp_path / "c", **options)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="Checkpoint: expected the name of a file, got"):
        Checkpoint(tmp_path)
    with pytest.raises(TypeError, match="Checkpoint: expected the name of a file, got None"):
        Checkpoint(None)
    with pytest.raises(ValueError, match="save: expected the name of a file, got .* a folder"):
        scenario()[0].save(tmp_path)
    with pytest.raises(ValueError, match="load: expected the name of a file, got .* a folder"):
        scenario()[0].restore(tmp_path)
