"""Small worlds for reinforcement learning: a chain and a grid, as tables of transitions.

They have Gymnasium's interface - `reset(seed=)` returns (state, info), `step(action)` returns
(state, reward, terminated, truncated, info) - and do not need Gymnasium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_ml.generators import generator
from tinygrad_ml.validation import is_integer, is_number

Outcome = tuple[float, int, float, bool]  # probability, next state, reward, terminated

LEFT, DOWN, RIGHT, UP = range(4)
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # (row, column) steps of the four actions
BOOK_GRID = ("...G", ".#.X", "S...")


@dataclass(frozen=True)
class Discrete:
    """The numbers 0 to n - 1: a set of states or actions."""

    n: int

    def contains(self, value: Any) -> bool:
        """Whether it is one of the numbers."""
        return is_integer(value) and 0 <= value < self.n


class TableEnvironment:
    """A world that is a table: P[state][action] lists (probability, state, reward, terminated).

    An episode ends with `terminated` in a final state, and with `truncated` after `max_steps`.
    `initial_state_distrib` holds the probability of each state to start in. `evaluate_policy` takes
    both tables.
    """

    def __init__(
        self,
        P: Sequence[Sequence[Sequence[Outcome]]],
        initial_state_distrib: np.ndarray,
        max_steps: int,
    ) -> None:
        owner = type(self).__name__
        if not is_integer(max_steps) or max_steps < 1:
            raise ValueError(f"{owner}: max_steps must be a positive integer, got {max_steps!r}.")
        self.P = P
        self.initial_state_distrib = initial_state_distrib
        self.max_steps = int(max_steps)
        self.observation_space = Discrete(len(P))
        self.action_space = Discrete(len(P[0]))
        self.state: int | None = None  # None until reset, and after the end of an episode
        self.steps = 0
        self.rng = generator(None, owner)

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[int, dict]:
        """Begin an episode; returns (state, {}). A seed fixes all draws from here on."""
        if seed is not None:
            self.rng = generator(seed, type(self).__name__, "seed")
        places = np.flatnonzero(self.initial_state_distrib)
        chances = self.initial_state_distrib[places]
        self.state = int(places[0] if len(places) == 1 else self.rng.choice(places, p=chances))
        self.steps = 0
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        """Do an action: (next state, reward, terminated, truncated, {})."""
        if self.state is None:
            raise RuntimeError(
                f"{type(self).__name__}: expected reset() before step(), since no episode is under "
                "way. Write state, info = environment.reset()."
            )
        if not self.action_space.contains(action):
            raise ValueError(
                f"{type(self).__name__}: expected an action from 0 to {self.action_space.n - 1}, "
                f"got {action!r}."
            )
        outcomes = self.P[self.state][action]
        outcome = outcomes[0]
        if len(outcomes) > 1:
            drawn = self.rng.random()
            for outcome in outcomes:
                drawn -= outcome[0]
                if drawn < 0:
                    break
        _, state, reward, terminated = outcome
        self.steps += 1
        truncated = not terminated and self.steps >= self.max_steps
        self.state = None if terminated or truncated else state
        return state, reward, terminated, truncated, {}

    def close(self) -> None:
        """Nothing to be closed; Gymnasium's environments have it."""


class ChainEnvironment(TableEnvironment):
    """A corridor of `states` cells: start in the first, the goal is the last.

    The actions are 0 stay, 1 left, 2 right and 3 back to the start. Every step brings
    `step_reward`, the one into the goal `goal_reward` as well. The best return is
    goal_reward + (states - 1) step_reward.

    >>> environment = ChainEnvironment()
    >>> environment.reset(seed=0), environment.step(2)
    ((0, {}), (1, -0.04, False, False, {}))
    """

    def __init__(
        self,
        states: int = 10,
        step_reward: float = -0.04,
        goal_reward: float = 1.0,
        max_steps: int = 200,
    ) -> None:
        if not is_integer(states) or states < 2:
            raise ValueError(
                f"ChainEnvironment: states must be an integer of at least 2, got {states!r}."
            )
        _check_rewards("ChainEnvironment", step_reward=step_reward, goal_reward=goal_reward)
        goal = int(states) - 1

        def outcomes(state: int, action: int) -> list[Outcome]:
            if state == goal:
                return [(1.0, state, 0.0, True)]
            new = (state, max(state - 1, 0), state + 1, 0)[action]
            reward = step_reward + (goal_reward if new == goal else 0.0)
            return [(1.0, new, float(reward), new == goal)]

        P = [[outcomes(state, action) for action in range(4)] for state in range(goal + 1)]
        super().__init__(P, np.eye(goal + 1)[0], max_steps)


class GridEnvironment(TableEnvironment):
    """A grid of cells drawn as text: S start, G goal, X pit, # wall, . free.

    State row * width + column; actions 0 left, 1 down, 2 right, 3 up, as in Gymnasium's
    FrozenLake. With probability `slip` the step goes to one of the two sides instead, half and
    half; a wall or the edge stops it. Every step brings `step_reward`, one into a goal or a pit
    `goal_reward` or `pit_reward` as well and ends the episode. Several starts are equally likely.

    The default is the 4 x 3 world of S. Russell and P. Norvig, Artificial Intelligence: A Modern
    Approach, 1995; FrozenLake has slip=2/3, step_reward=0 and pit_reward=0.

    >>> environment = GridEnvironment(["S.G", "..X"], slip=0.0)
    >>> environment.reset(seed=0), environment.step(RIGHT)
    ((0, {}), (1, -0.04, False, False, {}))
    """

    def __init__(
        self,
        cells: Sequence[str] = BOOK_GRID,
        slip: float = 0.2,
        step_reward: float = -0.04,
        goal_reward: float = 1.0,
        pit_reward: float = -1.0,
        max_steps: int = 200,
    ) -> None:
        self.cells = _check_cells(cells)
        if not is_number(slip) or not 0 <= slip <= 1:
            raise ValueError(f"GridEnvironment: slip must be a number from 0 to 1, got {slip!r}.")
        _check_rewards(
            "GridEnvironment", step_reward=step_reward, goal_reward=goal_reward,
            pit_reward=pit_reward,
        )  # fmt: skip
        self.shape = (len(self.cells), len(self.cells[0]))
        ends = {"G": float(goal_reward), "X": float(pit_reward)}
        flat = "".join(self.cells)

        def outcomes(state: int, action: int) -> list[Outcome]:
            if flat[state] in ends:
                return [(1.0, state, 0.0, True)]
            found: dict[int, float] = {}
            sides = ((action - 1) % 4, (action + 1) % 4)
            for chance, way in ((1 - slip, action), (slip / 2, sides[0]), (slip / 2, sides[1])):
                if chance > 0:
                    new = self._neighbour(state, way)
                    found[new] = found.get(new, 0.0) + chance
            return [
                (chance, new, float(step_reward + ends.get(flat[new], 0.0)), flat[new] in ends)
                for new, chance in found.items()
            ]

        P = [[outcomes(state, action) for action in range(4)] for state in range(len(flat))]
        starts = np.array([cell == "S" for cell in flat], float)
        super().__init__(P, starts / starts.sum(), max_steps)

    def _neighbour(self, state: int, way: int) -> int:
        row, column = divmod(state, self.shape[1])
        row, column = row + MOVES[way][0], column + MOVES[way][1]
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return row * self.shape[1] + column if inside and self.cells[row][column] != "#" else state


def _check_rewards(owner: str, **rewards: Any) -> None:
    for name, value in rewards.items():
        if not is_number(value):
            raise ValueError(f"{owner}: {name} must be a finite number, got {value!r}.")


def _check_cells(cells: Any) -> list[str]:
    rows = cells.split() if isinstance(cells, str) else cells
    texts = isinstance(rows, (list, tuple)) and all(isinstance(row, str) for row in rows)
    text = "".join(rows) if texts else ""
    if not text or len({len(row) for row in rows}) > 1 or set(text) - set("SGX#."):
        raise ValueError(
            "GridEnvironment: cells must be texts of one length, made of S (start), G (goal), X "
            f'(pit), # (wall) and . (free), got {cells!r:.80}. Write for example ["S..", ".#G"].'
        )
    if "S" not in text or "G" not in text:
        raise ValueError(
            f"GridEnvironment: expected at least one start S and one goal G in cells, got "
            f'{rows!r:.80}. Write for example ["S..", ".#G"].'
        )
    return list(rows)
