"""Schedules and the plateau: PyTorch's rates at whole epochs, continuity, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn, optim
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.optim import (
    SGD,
    CosineRestartSchedule,
    CosineSchedule,
    ExponentialSchedule,
    LinearSchedule,
    MultiStepSchedule,
    OneCycleSchedule,
    PolynomialSchedule,
    ProductSchedule,
    SequentialSchedule,
    StepSchedule,
)
from tinygrad_ml.training import Checkpoint, History, ReduceOnPlateau, Trainer

with np.load(Path(__file__).parents[1] / "reference" / "optim.npz") as file:
    RECORDS = {k: v for k, v in file.items() if k.startswith(("schedule/", "plateau/"))}

SCHEDULES = {
    "step": StepSchedule(7, 0.3),
    "multi step": MultiStepSchedule([3, 4, 11], 0.3),
    "exponential": ExponentialSchedule(0.9),
    "linear": LinearSchedule(5),
    "linear down": LinearSchedule(12, 0.9, 0.2),
    "polynomial": PolynomialSchedule(17, 2.5),
    "cosine": CosineSchedule(30, 0.1),
    "restarts": CosineRestartSchedule(6, final=0.05),
    "longer restarts": CosineRestartSchedule(3, growth=2),
    "one cycle": OneCycleSchedule(29, 8),
    "one cycle linear": OneCycleSchedule(29, 11, initial=0.1, final=0.005, shape="linear"),
    "one cycle three": OneCycleSchedule(29, 8, three_phase=True),
    "one cycle three linear": OneCycleSchedule(29, 5, shape="linear", three_phase=True),
    "sequence": SequentialSchedule(
        [LinearSchedule(5, 0.1), ExponentialSchedule(0.8), StepSchedule(4, 0.5)], [5, 15]
    ),
    "product": ProductSchedule([LinearSchedule(5, 0.1), ExponentialSchedule(0.9)]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_thirty_epochs(name):
    expected = RECORDS[f"schedule/{name}"]
    assert len(expected) == 30 and len(set(expected)) > 3
    rates = [SCHEDULES[name](epoch) for epoch in range(30)]
    assert {type(rate) for rate in rates} == {float}
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-12)


def test_every_record_and_every_schedule_is_compared():
    assert {k.removeprefix("schedule/") for k in RECORDS if k[:9] == "schedule/"} == set(SCHEDULES)
    exported = {name for name in optim.__all__ if name.endswith("Schedule")}
    assert exported == {type(schedule).__name__ for schedule in SCHEDULES.values()}


@pytest.mark.parametrize(
    "name",
    ["exponential", "linear", "polynomial", "cosine", "one cycle", "one cycle linear",
     "one cycle three", "one cycle three linear"],
)  # fmt: skip
def test_between_the_epochs_there_is_no_jump(name):
    times = np.linspace(0, 29, 2901)
    rates = np.array([SCHEDULES[name](t) for t in times])
    assert np.abs(np.diff(rates)).max() < 0.01
    assert rates.min() >= 0 and rates.max() <= 1


def test_beyond_its_length_a_schedule_stays():
    for name in ("linear", "polynomial", "cosine", "one cycle", "one cycle three linear"):
        schedule = SCHEDULES[name]
        assert schedule(1000) == schedule(schedule.length)
    assert OneCycleSchedule(10)(3) == 1


def test_restarts_far_away():
    assert CosineRestartSchedule(0.1)(1e6) <= 1
    assert CosineRestartSchedule(1, growth=2)(2**30 - 1) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StepSchedule(0), "StepSchedule: every must be positive, got 0"),
        (lambda: StepSchedule("10"), "every must be positive, got '10'"),
        (lambda: ExponentialSchedule(-0.5), "factor must be a number of at least 0, got -0.5"),
        (lambda: CosineSchedule(-3), "CosineSchedule: length must be positive"),
        (lambda: CosineSchedule(10, final=None), "final must be a number"),
        (lambda: MultiStepSchedule(5), "milestones must be a list of increasing times"),
        (lambda: MultiStepSchedule([5, 3]), "milestones must be a list of increasing times"),
        (lambda: CosineRestartSchedule(5, growth=0), "growth must be a number of at least 1"),
        (lambda: OneCycleSchedule(10, peak=12), "peak must be a time above 0 and below 10, got 12"),
        (lambda: OneCycleSchedule(10, 6, three_phase=True), "peak must be .* below 5, got 6"),
        (lambda: OneCycleSchedule(10, shape="cos"), 'shape must be one of "cosine", "linear"'),
        (lambda: SequentialSchedule([StepSchedule(1)], [3]), "expected 0 milestones .* got 1"),
        (lambda: SequentialSchedule([], []), "schedules must be a list of schedules"),
        (lambda: ProductSchedule(StepSchedule(3)), "schedules must be a list of schedules"),
        (lambda: ProductSchedule([0.1]), "schedules must be a list of schedules"),
    ],
)
def test_wrong_schedules(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ------------------------------------------------------------------------------ groups


def test_a_schedule_multiplies_every_group():
    p, q = (tg.Parameter(np.ones(2)) for _ in range(2))
    optimizer = SGD([{"parameters": [p], "learning_rate": 0.5}, {"parameters": [q]}], 0.1)
    optimizer.scale_learning_rate(np.float32(0.5))
    optimizer.scale_learning_rate(0.25)  # of the initial rates, not of the last ones
    assert [g.learning_rate for g in optimizer.groups] == [0.125, 0.025]
    assert [g.initial_learning_rate for g in optimizer.groups] == [0.5, 0.1]
    with pytest.raises(ValueError, match="learning_rate must be a number of at least 0, got nan"):
        optimizer.scale_learning_rate(np.nan)


def test_the_trainer_records_the_first_group():
    model = nn.Sequential(nn.Dense(1, 2, rng=0), nn.Dense(2, 1, rng=1))
    groups = [{"parameters": layer.parameters()} for layer in model]
    groups[0]["learning_rate"] = 0.5
    trainer = Trainer(model, mse_loss, SGD(groups, 0.1), ExponentialSchedule(0.5), rng=0)
    x = np.ones((4, 1))
    assert trainer.fit((x, x), 3, progress=False)["learning_rate"] == [0.5, 0.25, 0.125]
    assert trainer.optimizer.groups[1].learning_rate == 0.025


# ------------------------------------------------------------------------------ plateau


class Fake:
    """A trainer that records a metric and nothing else."""

    def __init__(self):
        self.optimizer = SGD([tg.Parameter(np.ones(1))], 1.0)
        self.history = History()
        self.epoch = 0

    def epoch_end(self, callback, value):
        self.epoch += 1
        self.history.epochs.append({"epoch": self.epoch, "metric": value})
        callback.on_epoch_end(self)
        return self.optimizer.learning_rate


def test_plateaus_are_those_of_pytorch():
    cases = [json.loads(str(each)) for each in RECORDS["plateau/rates/options"]]
    assert len(cases) == 32
    for options, expected in zip(cases, RECORDS["plateau/rates"], strict=True):
        trainer = Fake()
        plateau = ReduceOnPlateau("metric", factor=0.5, threshold=0.02, **options)
        plateau.on_fit_begin(trainer)
        rates = []
        for i, value in enumerate(RECORDS["plateau/metric"]):
            if i == 17:  # as a resumed fit does
                state = plateau.state_dict()
                plateau = ReduceOnPlateau("metric", factor=0.5, threshold=0.02, **options)
                plateau.load_state_dict(state)
            rates.append(trainer.epoch_end(plateau, float(value)))
        np.testing.assert_array_equal(rates, expected)
        assert len(set(rates)) > 1 and trainer.history.events
        assert trainer.optimizer.initial_learning_rate == trainer.optimizer.learning_rate


def test_nan_is_no_improvement():
    trainer, plateau = Fake(), ReduceOnPlateau("metric", 0.5, patience=1, mode="max")
    rates = [trainer.epoch_end(plateau, value) for value in (np.nan, 1.0, np.nan, np.nan, 2.0)]
    assert rates == [1, 1, 1, 0.5, 0.5]


def fitted(path=None, epochs=8, interrupt=None):
    """A fit whose loss cannot fall below that of the noise; interrupted and resumed, or not."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 2)).astype(np.float32)
    y = rng.standard_normal((16, 1)).astype(np.float32)

    def make():
        model = nn.Sequential(nn.Dense(2, 1, rng=0))
        trainer = Trainer(model, mse_loss, SGD(model.parameters(), 0.5), CosineSchedule(20), rng=0)
        plateau = ReduceOnPlateau("loss", 0.5, patience=0, threshold=0.05)
        return trainer, [plateau, *([Checkpoint(path)] if path else [])]

    trainer, callbacks = make()
    if interrupt:

        class Stop(tg.training.Callback):
            def on_epoch_begin(self, trainer):
                if trainer.epoch == interrupt:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            trainer.fit((x, y), epochs, callbacks=[*callbacks, Stop()], progress=False)
        trainer, callbacks = make()
        trainer.restore(path)
    trainer.fit((x, y), epochs, callbacks=callbacks, progress=False)
    return trainer


def test_a_plateau_in_a_fit_goes_on_after_a_crash(tmp_path):
    whole = fitted()
    events = whole.history.events
    assert len(events) >= 2 and {event["event"] for event in events} == {"plateau"}
    again = fitted(tmp_path / "state", interrupt=6)
    assert again.history.events == events
    assert again.history["learning_rate"] == whole.history["learning_rate"]
    for p, q in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": 1.0}, "factor must be from 0 to below 1, got 1.0"),
        ({"factor": "half"}, "factor must be from 0 to below 1"),
        ({"patience": -1}, "patience must be a whole number of epochs, got -1"),
        ({"cooldown": 2.5}, "cooldown must be a whole number of epochs"),
        ({"threshold": -1}, "threshold must be a number of at least 0"),
        ({"minimum": None}, "minimum must be a number of at least 0"),
        ({"monitor": "speed"}, "Write mode='min' or mode='max'"),
    ],
)
def test_wrong_plateaus(options, message):
    with pytest.raises(ValueError, match=message):
        ReduceOnPlateau(**options)


def test_a_plateau_of_what_is_not_recorded():
    plateau = ReduceOnPlateau()
    with pytest.raises(ValueError, match="expected 'validation_loss' .* Pass validation= to fit"):
        Fake().epoch_end(plateau, 1.0)
