"""What all optimizers share: groups of parameters, the state beside each, and the step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..graph import clock
from ..spellings import check_options
from ..tensor import Tensor

FLAGS = ("nesterov", "centered", "amsgrad", "maximize", "decoupled_weight_decay", "line_search")
BELOW_ONE = ("alpha", "rho")  # weights of the past in a running mean
COUNTS = ("max_iter", "max_evaluations", "history_size")
# What people who come from PyTorch type, and what to write here.
INSTEAD = {
    "lr": "optimizer.learning_rate",
    "param_groups": "optimizer.groups[i].learning_rate",
}


class Group:
    """Parameters that share their options; each option is an attribute and may be changed.

    `parameters` is the list of them, `state` the list of what is kept beside each,
    `initial_learning_rate` what schedules multiply. Raises AttributeError for an unknown option,
    ValueError for a value out of its range.
    """

    parameters: list[Tensor]
    state: list[dict[str, Any]]
    size: int
    initial_learning_rate: float

    def __init__(self, kind: type[Optimizer], parameters: list[Tensor], options: dict) -> None:
        values = {name: checked(kind.__name__, name, value) for name, value in options.items()}
        kind.check(values)
        values["initial_learning_rate"] = values["learning_rate"]
        state: list[dict[str, Any]] = [{} for _ in parameters]
        size = sum(p.size for p in parameters)  # elements in all
        vars(self).update(
            values, parameters=parameters, state=state, size=size, _kind=kind, _names=[*values]
        )

    def options(self) -> dict[str, Any]:
        """The values of all options now."""
        return {name: vars(self)[name] for name in vars(self)["_names"]}

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(unknown_option("Group", name, vars(self).get("_names", ())))

    def __setattr__(self, name: str, value: Any) -> None:
        options, kind = self.options(), vars(self)["_kind"]
        if name not in options:
            raise AttributeError(unknown_option(kind.__name__, name, options))
        options[name] = checked(kind.__name__, name, value)
        kind.check(options)
        vars(self).update(options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"Group({len(self.parameters)} parameters, {options})"


def checked(owner: str, name: str, value: Any) -> Any:
    """The value of an option as Python's own number, or an error: all ranges stand here."""
    if name == "betas":
        pair = isinstance(value, (tuple, list)) and len(value) == 2
        if not pair or not all(is_number(b) and 0 <= b < 1 for b in value):
            raise ValueError(
                f"{owner}: betas must be two numbers from 0 to below 1, got {value!r}. "
                "Write for example betas=(0.9, 0.999)."
            )
        return tuple(float(b) for b in value)
    if name in FLAGS:
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{owner}: {name} must be True or False, got {value!r}.")
        return bool(value)
    if name in COUNTS:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{owner}: {name} must be a positive integer, got {value!r}.")
        return int(value)
    if not is_number(value) or not 0 <= value < math.inf:
        raise ValueError(f"{owner}: {name} must be a number of at least 0, got {value!r}.")
    if name in BELOW_ONE and value >= 1:
        raise ValueError(f"{owner}: {name} must be a number from 0 to below 1, got {value!r}.")
    return float(value)


def is_number(value: Any) -> bool:
    """A real number, of Python or NumPy; a truth value is none."""
    kinds = (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)


def unknown_option(owner: str, name: Any, known: Iterable[str]) -> str:
    """The sentence about an option that there is not."""
    return f"{owner}: expected one of the options {', '.join(known)}; got {name!r}."


class Optimizer:
    """What all optimizers share: groups of parameters, the state beside each, the step.

    Parameters
    ----------
    parameters : `model.parameters()`, or a list of groups, each a dict with "parameters" and the
        options that are its own; what it does not say it takes from the optimizer's arguments.

    `optimizer.groups[i].learning_rate` and every other option may be changed at any time, and with
    a single group as `optimizer.learning_rate`; read from several groups it is the first one's. A
    parameter without a gradient is left alone.

    A new optimizer names its state in `slots` and writes its formula in `update`.

    >>> import tinygrad_ml as tg
    >>> body, head = tg.nn.Sequential(tg.nn.Dense(2, 3), tg.nn.Dense(3, 1))
    >>> groups = [
    ...     {"parameters": body.parameters(), "learning_rate": 0.01},
    ...     {"parameters": head.parameters()},
    ... ]
    >>> [group.learning_rate for group in tg.optim.SGD(groups, learning_rate=0.1).groups]
    [0.01, 0.1]
    """

    slots: tuple[str, ...] = ()  # names of the state arrays that a parameter needs

    def __new__(cls, *_: Any, **options: Any) -> Any:
        check_options(cls.__name__, cls.__init__, options)
        return super().__new__(cls)

    def __init__(self, parameters: Iterable[Any], learning_rate: float, **options: Any) -> None:
        self.defaults = {"learning_rate": learning_rate, **options}
        self.groups: list[Group] = []
        self.parameters: list[Tensor] = []
        self.state: list[dict[str, Any]] = []
        self.step_count = 0
        given = self._as_list(parameters)
        groups = [isinstance(each, Mapping) for each in given]
        if any(groups) and not all(groups):
            raise TypeError(
                f"{type(self).__name__}: expected parameters alone or groups alone, got both in "
                'one list. Write {"parameters": [...]} for every group.'
            )
        for group in given if all(groups) else [{"parameters": given}]:
            self.add_group(group)

    def _as_list(self, parameters: Any) -> list[Any]:
        """What was given for parameters, as a list with something in it."""
        name = type(self).__name__
        if not isinstance(parameters, Iterable) or isinstance(parameters, (Tensor, str, Mapping)):
            raise TypeError(
                f"{name}: expected a list of parameters, got {type(parameters).__name__}. "
                "Write model.parameters()."
            )
        given = list(parameters)
        if not given:
            hint = ""
            if isinstance(parameters, Iterator):
                hint = " A generator can be read only once: pass list(...) of it."
            raise ValueError(f"{name}: expected at least one parameter, got an empty list.{hint}")
        return given

    def add_group(self, group: Mapping[str, Any]) -> None:
        """Add {"parameters": [...], option: value, ...}; it takes what it lacks from the others.

        Raises ValueError for an unknown option, and for a parameter that another group has.
        """
        name = type(self).__name__
        if not isinstance(group, Mapping) or "parameters" not in group:
            got = f"a {type(group).__name__}"
            if isinstance(group, Mapping):
                got = f"one with {', '.join(map(str, group)) or 'nothing'}"
            raise ValueError(
                f'{name}: expected a group with "parameters", got {got}. '
                'Write {"parameters": layer.parameters(), "learning_rate": 0.1}.'
            )
        options = {key: value for key, value in group.items() if key != "parameters"}
        for key in options:
            if key not in self.defaults:
                raise ValueError(unknown_option(name, key, ("parameters", *self.defaults)))
        parameters = self._as_parameters(group["parameters"])
        known = {id(p): i for i, other in enumerate(self.groups) for p in other.parameters}
        for p in parameters:
            if id(p) in known:
                raise ValueError(
                    f"{name}: expected every parameter in one group, got one of shape {p.shape} "
                    f"in groups {known[id(p)]} and {len(self.groups)}. Leave it out of one."
                )
        added = Group(type(self), parameters, self.defaults | options)
        self.groups.append(added)
        self.parameters += added.parameters
        self.state += added.state

    def _as_parameters(self, parameters: Any) -> list[Tensor]:
        unique = list({id(p): p for p in self._as_list(parameters)}.values())  # shared ones once
        for p in unique:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise TypeError(
                    f"{type(self).__name__}: expected leaf Tensors, got {type(p).__name__}. "
                    "Write model.parameters()."
                )
        return unique

    @classmethod
    def check(cls, options: dict[str, Any]) -> None:
        """Raise ValueError for options that contradict each other."""

    # ---- options: those of the first group; set them there when there are several

    def __getattr__(self, name: str) -> Any:
        groups = vars(self).get("groups")
        if groups and name in groups[0].options():
            return getattr(groups[0], name)
        hint = f" Write {INSTEAD[name]}." if name in INSTEAD else ""
        raise AttributeError(
            f"{type(self).__name__}: there is no attribute or option {name!r}.{hint}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        groups = vars(self).get("groups")
        if name in INSTEAD:
            getattr(self, name)  # raises: it would be set and never read
        if not groups or name in vars(self) or name not in groups[0].options():
            object.__setattr__(self, name, value)
        elif len(groups) == 1:
            setattr(groups[0], name, value)
        else:
            raise ValueError(
                f"{type(self).__name__}: expected one group to set {name} of, got {len(groups)}. "
                f"Write optimizer.groups[i].{name} = {value!r}."
            )

    def scale_learning_rate(self, factor: float) -> None:
        """Set the rate of every group to its initial rate times `factor` (a schedule's)."""
        if not is_number(factor):
            raise TypeError(f"schedule: expected a number as factor, got {factor!r}.")
        for group in self.groups:
            rate = group.initial_learning_rate * factor
            vars(group)["learning_rate"] = checked(type(self).__name__, "learning_rate", rate)

    # ---- steps

    def step(self) -> None:
        """Move every parameter that has a gradient, in place."""
        mine = vars(self)  # a class that explains unknown names is slow at those it knows
        if not sum([self._move(group) for group in mine["groups"]]):
            raise RuntimeError(
                f"{type(self).__name__}.step: no parameter has a gradient. "
                "Call loss.backward() before step()."
            )
        mine["step_count"] += 1

    def _move(self, group: Any) -> int:
        """Move what has a gradient in a group; answers with 0 where nothing has."""
        batches = self._batches(group)
        for (_, steps), (p, g, *state) in batches.items():
            if vars(group).get("maximize"):
                g = [-each for each in g]
            self.update(group, steps, p, g, *state)
        return len(batches)

    def _batches(self, group: Any) -> dict[tuple[str, int], list[list[np.ndarray]]]:
        """Lists of parameters, gradients and states as vectors, by dtype and number of the step.

        What a batch holds is updated by one formula with one set of numbers, so that the cost of
        Python is paid once and not for every parameter.
        """
        slots = self.slots_of(group)
        batches: dict[tuple[str, int], list[list[np.ndarray]]] = {}
        for p, state in zip(group.parameters, group.state):
            edge = p._edge
            if edge is None or edge[0].grad is None:
                continue
            leaf: Any = edge[0]
            array = leaf.array
            leaf.written = clock()  # what was recorded with the old values is stale
            steps = state["steps"] = state.get("steps", 0) + 1
            key = array.dtype.char, steps
            if key not in batches:
                batches[key] = [[] for _ in range(2 + len(slots))]
            batch = batches[key]
            batch[0].append(array.ravel())  # a leaf's array is contiguous: this is a view
            batch[1].append(leaf.grad.ravel())
            for column, slot in enumerate(slots, 2):
                if slot not in state:
                    state[slot] = self.start(group, slot, array)
                batch[column].append(state[slot].ravel())
        return batches

    def slots_of(self, group: Any) -> tuple[str, ...]:
        """The slots that a parameter of this group needs."""
        return self.slots

    def start(self, group: Any, slot: str, p: np.ndarray) -> np.ndarray:
        """The state before the first step."""
        return np.zeros(p.shape, p.dtype)

    def update(self, group: Any, steps: int, p: Any, g: Any, *state: Any) -> None:
        """Do step number `steps` (from 1), in place in `p` and `state`.

        `p`, `g` and each of the slots are lists of vectors of one dtype, one per parameter.
        """
        raise NotImplementedError(f"{type(self).__name__}: write update(group, steps, p, g, ...).")

    def zero_grad(self) -> None:
        """Forget all gradients; call it before every backward pass."""
        for p in self.parameters:
            if p._edge is not None:
                p._edge[0].grad = None

    # ---- state

    def state_dict(self) -> dict[str, Any]:
        """The options of every group, the count of steps, and the arrays beside each parameter."""
        return {
            "groups": [group.options() for group in self.groups],
            "step_count": self.step_count,
            "state": [
                self._saved_state(group, p, state)
                for group in self.groups
                for p, state in zip(group.parameters, group.state, strict=True)
            ],
        }

    def _saved_state(self, group: Any, p: Tensor, state: dict[str, Any]) -> dict[str, Any]:
        """Copies of what the options of now need, which may have changed since the last step."""
        if not state:
            return {}
        arrays = {slot: np.copy(state[slot]) if slot in state else self.start(group, slot, p.data)
                  for slot in self.slots_of(group)}  # fmt: skip
        return {"steps": state["steps"], **arrays}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state, for the same parameters in the same order and groups.

        The options become those that were saved. Raises ValueError, and changes nothing, for the
        state of another optimizer or of other parameters.
        """
        given = state if isinstance(state, Mapping) else {}
        missing = [key for key in self.state_dict() if key not in given]
        if missing:
            raise ValueError(
                f"load_state_dict: missing: {', '.join(missing)}. Pass what state_dict() returned."
            )
        for what in ("state", "groups"):
            expected, got = len(getattr(self, what)), len(state[what])
            if expected != got:
                counted = "the state of {} parameters" if what == "state" else "{} groups"
                raise ValueError(
                    f"load_state_dict: expected {counted.format(expected)}, got {got}. "
                    "Make the optimizer for the same model, with the same groups."
                )
        pairs = list(zip(self.groups, state["groups"], strict=True))
        options = [self._loaded_options(group, saved) for group, saved in pairs]
        owners = [SimpleNamespace(**o) for o, g in zip(options, self.groups) for _ in g.parameters]
        triples = zip(owners, self.parameters, state["state"], strict=True)
        loaded = [self._loaded_state(*triple) for triple in triples]
        for group, values in zip(self.groups, options, strict=True):
            vars(group).update(values)
        for own, fresh in zip(self.state, loaded, strict=True):
            own.clear()
            own.update(fresh)
        self.step_count = int(state["step_count"])

    def _loaded_options(self, group: Group, saved: dict[str, Any]) -> dict[str, Any]:
        name, own = type(self).__name__, group.options()
        if saved.keys() != own.keys():
            raise ValueError(
                f"load_state_dict: {name} has the options {', '.join(own)}, got "
                f"{', '.join(saved)}. Make the kind of optimizer that was saved."
            )
        values = {key: checked(name, key, value) for key, value in saved.items()}
        self.check(values)
        return values

    def _loaded_state(self, group: Any, p: Tensor, saved: dict[str, Any]) -> dict[str, Any]:
        slots = self.slots_of(group)
        if saved and saved.keys() != {"steps", *slots}:
            raise ValueError(
                f"load_state_dict: {type(self).__name__} keeps {list(slots)} beside a "
                f"parameter, got {sorted(saved.keys() - {'steps'})}. "
                "Make the kind of optimizer that was saved."
            )
        loaded: dict[str, Any] = {}
        for key, value in saved.items():
            if key == "steps":
                loaded[key] = int(value)
                continue
            fresh = self.start(group, key, p.data)
            if np.shape(value) != fresh.shape:
                raise ValueError(
                    f"load_state_dict: expected {key} of shape {fresh.shape}, "
                    f"got {np.shape(value)}. Make the optimizer for the same model."
                )
            loaded[key] = np.array(value, fresh.dtype)
        return loaded

    def __repr__(self) -> str:
        rates = ", ".join(f"{group.learning_rate:g}" for group in self.groups)
        return f"{type(self).__name__}({len(self.parameters)} parameters, learning_rate={rates})"
