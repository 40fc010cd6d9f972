"""Stopping and going on: what a checkpoint holds, and how a trainer takes it back.

Two moments matter. `restore` brings back what a trainer owns: weights, optimizer, schedule, random
generators, history. What only a fit knows - its data, its callbacks, the place in the epoch, the
gradients of an accumulation - waits until the next `fit` has been given the same things again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import DataLoader
from ..generators import find_generators, set_state

if TYPE_CHECKING:
    from .trainer import Trainer

_NUMBER = (int, float, np.number)


# ------------------------------------------------------------------------------------ saving


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Everything that the training needs to go on, as a tree of plain values and arrays."""
    model = trainer.model
    return {
        "dtype": model.dtype.str,
        "model": model.state_dict(),
        "optimizer": {
            "class": type(trainer.optimizer).__name__,
            "options": _options(trainer),
            "state": trainer.optimizer.state_dict(),
        },
        "schedule": _state(trainer.schedule),
        "generators": _states(_generators(trainer)),
        "history": trainer.history.state_dict(),
        "fit": trainer._restored or _fit_state(trainer),  # saved again before the fit goes on
    }


def _fit_state(trainer: Trainer) -> dict[str, Any]:
    parameters = trainer.optimizer.parameters
    return {
        "fitting": trainer._fitting,
        "first_epoch": trainer.fit_epochs[0],
        "n_batches": trainer.n_batches,
        "stop_training": trainer.stop_training,
        "accumulate": trainer.accumulate,
        "progress": asdict(trainer._progress),
        "gradients": [p.grad for p in parameters] if trainer._progress.pending else None,
        "frozen": [n for n, p in trainer.model.named_parameters() if not p.requires_grad],
        "modes": {name: module.training for name, module in trainer.model.named_modules()},
        "data": _state(trainer._batches),
        "data_generators": _states(_data_generators(trainer)),
        "epoch_generators": trainer._epoch_generators,
        "validation": _state(trainer._held_out),
        "validates": trainer._held_out is not None,
        "callbacks": [
            [type(c).__name__, c.state_dict(), _states(_callback_generators(trainer, c))]
            for c in trainer._callbacks
        ],
    }


def _state(thing: Any) -> Any:
    """The state of a schedule or loader that has one."""
    return thing.state_dict() if hasattr(thing, "state_dict") else None


def _states(generators: Mapping[str, np.random.Generator]) -> dict[str, Any]:
    return {name: rng.bit_generator.state for name, rng in generators.items()}


def _generators(trainer: Trainer) -> dict[str, np.random.Generator]:
    inside = {f"model.{name}": rng for name, rng in trainer.model.named_generators()}
    others = find_generators({"loss": trainer.loss, "schedule": trainer.schedule}, "trainer")
    return {"trainer": trainer.rng, **inside, **others}


def _data_generators(trainer: Trainer) -> dict[str, np.random.Generator]:
    """Of collections that are the user's own: they shuffle or augment, and keep no state."""
    pair = (trainer._batches, trainer._held_out)
    return find_generators([None if hasattr(d, "state_dict") else d for d in pair], "data")


def _callback_generators(trainer: Trainer, callback: Any) -> dict[str, np.random.Generator]:
    return find_generators(callback, "callback", (type(trainer),))


def _options(trainer: Trainer) -> dict[str, Any]:
    """What an optimizer was made with and keeps: momentum, betas, ... but no learning rate."""
    made = vars(trainer.optimizer)
    changing = {*trainer.optimizer.state_dict(), "slots", "learning_rate"}
    plain = (bool, int, float, str, tuple, type(None))
    return {name: value for name, value in made.get("defaults", made).items()
            if name not in changing and isinstance(value, plain)}  # fmt: skip


# ------------------------------------------------------------------------------------ restoring


def restore(trainer: Trainer, state: dict[str, Any]) -> None:
    """Take a state over, wholly or, after an error, not at all."""
    _check(trainer, state)
    before = state_of(trainer)
    try:
        _take(trainer, state)
        _check_fit_state(trainer, state["fit"])
    except BaseException:
        _take(trainer, before)
        raise
    trainer._restored = state["fit"]


def _take(trainer: Trainer, state: dict[str, Any]) -> None:
    trainer.model.load_state_dict(state["model"])
    _freeze(trainer, state["fit"]["frozen"])
    trainer.optimizer.load_state_dict(state["optimizer"]["state"])
    if state["schedule"] is not None:
        trainer.schedule.load_state_dict(state["schedule"])  # type: ignore[union-attr]
    _set_generators(_generators(trainer), state["generators"])
    trainer.history.load_state_dict(state["history"])


def _freeze(trainer: Trainer, frozen: list[str]) -> None:
    for name, parameter in trainer.model.named_parameters():
        parameter.requires_grad = name not in frozen


def _check(trainer: Trainer, state: dict[str, Any]) -> None:
    """Refuse the checkpoint of another training before anything has been changed."""
    check_kinds("restore", {name: value for name, value in state_of(trainer).items()
                            if value is not None}, state)  # fmt: skip
    optimizer, own = state["optimizer"], _generators(trainer)
    kinds = {name: type(rng.bit_generator).__name__ for name, rng in own.items()}
    saved = {name: rng["bit_generator"] for name, rng in state["generators"].items()}
    pairs = {
        "a model of dtype": (state["dtype"], trainer.model.dtype.str),
        "the optimizer": (optimizer["class"], type(trainer.optimizer).__name__),
        "an optimizer with": _differing(optimizer["options"], _options(trainer)),
        "a schedule that keeps a state:": (
            state["schedule"] is not None,
            hasattr(trainer.schedule, "state_dict"),
        ),
        "the random generators": (saved, kinds),
    }
    for what, (expected, came) in pairs.items():
        if expected != came:
            raise ValueError(
                f"restore: the checkpoint expects {what} {expected}, this trainer has {came}. "
                "Make model, optimizer and trainer as they were when it was saved."
            )
    check_kinds("restore: the optimizer", trainer.optimizer.state_dict(), optimizer["state"])
    check_kinds("restore", {"epochs": [], "events": []}, state["history"])
    numbers = {"epoch": 1, "loss": 0.0, "learning_rate": 0.0, "seconds": 0.0}
    for i, row in enumerate(state["history"]["epochs"]):
        check_kinds("restore: the history", numbers, row)
        if row["epoch"] != i + 1:
            raise _unfit("epoch {} of the history at place {}", row["epoch"], i + 1)


def _check_fit_state(trainer: Trainer, fit: dict[str, Any]) -> None:
    own = {name: value for name, value in _fit_state(trainer).items() if value is not None}
    check_kinds("restore: the fit", own, fit)
    progress = fit["progress"]
    check_kinds("restore: the epoch", own["progress"], progress)
    if fit.keys() != _fit_state(trainer).keys():
        raise _unfit("the parts {} of a fit", list(fit))
    if progress.keys() != own["progress"].keys():
        raise _unfit("the parts {} of an epoch", list(progress))
    for name in ("data", "validation"):
        if not isinstance(fit[name], (dict, type(None))):
            raise _unfit("the state {!r} of {}", fit[name], name)
    if fit["modes"].keys() != own["modes"].keys():
        raise _unfit("modes of the layers {}", list(fit["modes"]))
    if not 0 <= progress["batch"] <= fit["n_batches"]:
        raise _unfit("batch {} of {}", progress["batch"], fit["n_batches"])
    shapes = [p.shape for p in trainer.optimizer.parameters]
    gradients = shapes if fit["gradients"] is None else fit["gradients"]
    if len(gradients) != len(shapes) or any(
        getattr(g, "shape", s) != s for g, s in zip(gradients, shapes, strict=True)
    ):
        raise _unfit("gradients of shapes {}", [np.shape(g) for g in gradients])
    for name, _saved, generators in fit["callbacks"]:
        if not isinstance(name, str) or not isinstance(generators, dict):
            raise _unfit("a callback {!r}", name)


def _unfit(what: str, *values: Any) -> ValueError:
    return ValueError(
        f"restore: expected a checkpoint of this training, got {what.format(*values)}. "
        "Use an intact checkpoint."
    )


def _differing(expected: Mapping[str, Any], came: Mapping[str, Any]) -> tuple[str, str]:
    """Both as `momentum=0.9`, only where they differ."""
    names = [name for name in {**expected, **came} if expected.get(name) != came.get(name)]
    one, other = (", ".join(f"{n}={side.get(n)!r}" for n in names) for side in (expected, came))
    return one, other


def check_kinds(what: str, own: Mapping[str, Any], saved: Any) -> None:
    """Of what both hold, numbers have to be numbers, lists lists and dicts dicts."""
    if not isinstance(saved, dict):
        raise ValueError(
            f"{what}: expected a saved state, got {saved!r}. Use an intact checkpoint."
        )
    for name, value in own.items():
        came = saved.get(name, value)
        kind = next((k for k in (bool, _NUMBER, str, list, dict) if isinstance(value, k)), object)
        if not isinstance(came, kind) or (kind is _NUMBER and isinstance(came, bool)):
            raise ValueError(
                f"{what}: expected {name} of the kind of {value!r}, got {came!r}. "
                "Use an intact checkpoint."
            )


def _set_generators(own: Mapping[str, np.random.Generator], saved: Mapping[str, Any]) -> None:
    if own.keys() != saved.keys():
        raise ValueError(
            f"restore: the checkpoint expects the random generators {', '.join(saved) or 'none'}, "
            f"got {', '.join(own) or 'none'}. Pass data and callbacks of the interrupted fit."
        )
    for name, rng in own.items():
        set_state(rng, saved[name], f"restore: {name}")


# ------------------------------------------------------------------------------------ going on


def check_fit(trainer: Trainer, restored: dict[str, Any]) -> None:
    """Refuse to go on with other data or another accumulation than the interrupted fit had."""
    pairs = {
        "data of {} batches per epoch": (restored["n_batches"], trainer.n_batches, "data and "
                                         "batch_size"),
        "accumulate={}": (restored["accumulate"], trainer.accumulate, "accumulate"),
        "validation data: {}": (restored["validates"], trainer._held_out is not None, "validation"),
    }  # fmt: skip
    for what, (expected, came, advice) in pairs.items():
        if expected != came:
            raise ValueError(
                f"fit: the restored checkpoint expects {what.format(expected)}, got {came}. "
                f"Pass the {advice} of the interrupted fit."
            )


def resume_data(trainer: Trainer, restored: dict[str, Any]) -> None:
    """Bring the data to its place in the checkpoint; behind a finished fit only the same loader."""
    batches, state = trainer._batches, restored["data"]
    settings = ("n_rows", "batch_size", "shuffle", "drop_last")
    same = isinstance(batches, DataLoader) and state is not None and all(
        getattr(batches, name) == state.get(name) for name in settings
    )  # fmt: skip
    if state is not None and hasattr(batches, "load_state_dict") and (restored["fitting"] or same):
        batches.load_state_dict(state)
    if not restored["fitting"]:
        return
    trainer._epoch_generators = restored["epoch_generators"]
    if restored["validation"] is not None:
        try:
            trainer._held_out.load_state_dict(restored["validation"])
        except ValueError as error:
            raise ValueError(f"fit: the validation data is not that of before. {error}") from error


def resume_fit(trainer: Trainer, restored: dict[str, Any]) -> None:
    """Give callbacks, modes, gradients and the user's own generators back, when all is there."""
    _resume_callbacks(trainer, restored["callbacks"])
    _freeze(trainer, restored["frozen"])  # again: a callback may begin every fit with it
    for name, module in trainer.model.named_modules():
        module.training = restored["modes"][name]
    _set_generators(_data_generators(trainer), restored["data_generators"])
    gradients = restored["gradients"] or []
    for parameter, gradient in zip(trainer.optimizer.parameters, gradients, strict=bool(gradients)):
        if gradient is not None:
            parameter.grad = gradient


def _resume_callbacks(trainer: Trainer, saved: list[list[Any]]) -> None:
    """Give every callback the state of its counterpart: the same class, in the same order."""
    waiting = list(saved)
    for callback in trainer._callbacks:
        name = type(callback).__name__
        place = next((i for i, (other, *_) in enumerate(waiting) if other == name), None)
        if place is None:
            continue
        _, state, generators = waiting.pop(place)
        if state:
            check_kinds(f"fit: the callback {name}", callback.state_dict(), state)
            try:
                callback.load_state_dict(state)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                raise ValueError(
                    f"fit: the callback {name} expects another state than was saved ({error!r}). "
                    "Pass the callbacks of the interrupted fit, from the same program."
                ) from error
        _set_generators(_callback_generators(trainer, callback), generators)
    lost = [name for name, state, generators in waiting if state or generators]
    if lost:
        raise ValueError(
            f"fit: the restored checkpoint expects the callbacks {', '.join(lost)}, "
            "whose state it holds; they were not passed. Pass the callbacks of the interrupted fit."
        )


def batches_of_epoch(trainer: Trainer) -> Iterator[Any]:
    """The batches of an epoch; those done before a restore are left out.

    A DataLoader goes on by itself. Another collection is walked again from where its generators
    stood when the epoch began, and then its generators are put where they stood at the checkpoint.
    """
    batches, done = trainer._batches, trainer._progress.batch
    own = _data_generators(trainer)
    if done == 0 or hasattr(batches, "load_state_dict"):
        trainer._epoch_generators = _states(own)
        return iter(batches)
    now = _states(own)
    _set_generators(own, trainer._epoch_generators)
    walk = iter(batches)
    for _ in range(done):
        next(walk, None)
    _set_generators(own, now)
    return walk
