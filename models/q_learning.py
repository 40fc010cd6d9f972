"""Q-learning: what every action is worth in every state, learned by trying."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_ml.generators import generator
from tinygrad_ml.training import History
from tinygrad_ml.training.progress import progress_bar
from tinygrad_ml.validation import is_integer, is_number

OWNER = "QLearningAgent"
EPISODE_STEPS = 10_000  # of fit and evaluate: an environment may have no limit of its own
NO_PREFERENCE = "."  # in a text: a state where all actions are worth the same


class QLearningAgent:
    """An agent with a table Q of the value of each action in each state.

    After action a in state s brought reward r and state s', with a learning rate alpha,

        Q(s, a) <- Q(s, a) + alpha (r + discount max_a' Q(s', a') - Q(s, a)),

    without the term of s' where the episode terminated, since nothing comes behind it; one that was
    merely cut off (truncated) goes on in principle, and keeps the term. With probability epsilon
    the agent tries a random action, otherwise a best one, drawn at random among equals.

    Parameters
    ----------
    states, actions : their numbers; both are counted from 0.
    learning_rate : alpha from 0 to 1, or a function of the number of finished episodes, such as
        `tg.optim.LinearSchedule(length=5000, initial=1.0, final=0.05)`.
    discount : from 0 to 1, what a reward loses by coming a step later.
    epsilon : from 0 to 1, or a function as for the learning rate.
    random_state : None, a seed or a Generator, for actions and for the first reset.

    `q_table_` (states, actions) starts at 0. `history_` is a `History` with one row per episode of
    `fit`: "epoch" (the episode, from 1), "return" (sum of rewards), "steps", "epsilon" and
    "learning_rate".

    Source: C. Watkins and P. Dayan, Q-learning, 1992.

    >>> from tinygrad_ml.models import ChainEnvironment
    >>> agent = QLearningAgent(states=10, actions=4, random_state=0)
    >>> agent.fit(ChainEnvironment(), episodes=200, progress=False).policy[:9]
    array([2, 2, 2, 2, 2, 2, 2, 2, 2])
    """

    def __init__(
        self,
        states: int,
        actions: int,
        learning_rate: float | Callable[[int], float] = 0.1,
        discount: float = 0.95,
        epsilon: float | Callable[[int], float] = 0.1,
        random_state: Any = None,
    ) -> None:
        for name, value in {"states": states, "actions": actions}.items():
            if not is_integer(value) or value < 1:
                raise ValueError(f"{OWNER}: {name} must be a positive integer, got {value!r}.")
        _share("discount", discount)
        for name, rate in {"learning_rate": learning_rate, "epsilon": epsilon}.items():
            if not callable(rate):
                _share(name, rate)
        self.states = int(states)
        self.actions = int(actions)
        self.learning_rate = learning_rate
        self.discount = float(discount)
        self.epsilon = epsilon
        self.random_state = generator(random_state, OWNER, "random_state")
        self.q_table_ = np.zeros((self.states, self.actions))
        self.history_ = History()

    # ---- acting and learning, a step at a time

    def choose_action(self, state: int, greedy: bool = False) -> int:
        """An action for a state: random with probability epsilon, else (or if `greedy`) a best one.

        Among equals it draws; greedy it takes the first, as `policy` does.
        """
        self._check_state(state)
        if greedy:
            return int(self.q_table_[state].argmax())
        return self._choose(state, self._now("epsilon"))

    def learn(
        self, state: int, action: int, reward: float, next_state: int, terminated: bool
    ) -> None:
        """Move Q(state, action) towards what the step brought; `terminated` as Gymnasium says it.

        Do not pass `terminated or truncated`: a cut-off episode has a future.
        """
        self._check_state(state)
        self._check_state(next_state)
        if not is_integer(action) or not 0 <= action < self.actions:
            raise ValueError(
                f"{OWNER}: expected an action from 0 to {self.actions - 1}, got {action!r}."
            )
        if not is_number(reward):
            raise ValueError(f"{OWNER}: expected a finite number as reward, got {reward!r}.")
        if not isinstance(terminated, (bool, np.bool)):
            raise ValueError(
                f"{OWNER}: expected terminated as True or False, got {terminated!r:.80}."
            )
        self._learn(state, action, reward, next_state, terminated, self._now("learning_rate"))

    def _choose(self, state: int, epsilon: float) -> int:
        draw = self.random_state.random
        if draw() < epsilon:
            return int(draw() * self.actions)
        row = self.q_table_[state].tolist()  # a few numbers: Python is faster than NumPy
        best = max(row)
        if row.count(best) == 1:
            return row.index(best)
        equals = [action for action, value in enumerate(row) if value == best]
        return equals[int(draw() * len(equals))]

    def _learn(
        self, state: int, action: int, reward: float, next_state: int, terminated: bool, rate: float
    ) -> None:
        target = reward
        if not terminated:
            target += self.discount * max(self.q_table_[next_state].tolist())
        old = self.q_table_.item(state, action)
        new = old + rate * (target - old)
        if new - new != 0:
            raise ValueError(
                f"{OWNER}: expected rewards whose sums are numbers, got {reward:g} in state "
                f"{state}, where the values overflow. Measure rewards in another unit."
            )
        self.q_table_[state, action] = new

    def _now(self, name: str) -> float:
        """The learning rate or epsilon of the current episode."""
        value = getattr(self, name)
        if not callable(value):
            return value
        done = len(self.history_)
        rate = value(done)
        if not is_number(rate) or not 0 <= rate <= 1:
            raise ValueError(
                f"{OWNER}: {name} must be a function that returns numbers from 0 to 1, got "
                f"{rate!r} for episode {done}."
            )
        return float(rate)

    # ---- whole episodes

    def fit(
        self, env: Any, episodes: int, max_steps: int = EPISODE_STEPS, progress: bool = True
    ) -> QLearningAgent:
        """Play so many further episodes and learn from every step; returns itself.

        `env`: an environment with Gymnasium's interface whose states and actions are numbers
        counted from 0; the first `reset` gets a seed. `max_steps` cuts off episodes that nothing
        else ends.
        """
        self._check_environment(env)
        _positive("episodes", episodes)
        _positive("max_steps", max_steps)
        bar = progress_bar(range(episodes), "episodes", "episode") if progress else range(episodes)
        seed: int | None = int(self.random_state.integers(2**31))
        for _ in bar:
            self._play(env, seed, max_steps)
            seed = None  # the environment goes on with its own generator
        return self

    def _play(self, env: Any, seed: int | None, max_steps: int) -> None:
        epsilon, rate = self._now("epsilon"), self._now("learning_rate")
        state = self._begin(env, seed)
        total, steps, ended = 0.0, 0, False
        while not ended and steps < max_steps:
            action = self._choose(state, epsilon)
            next_state, reward, terminated, truncated = self._step(env, action)
            self._learn(state, action, reward, next_state, terminated, rate)
            state, ended = next_state, terminated or truncated
            total += reward
            steps += 1
        self.history_.epochs.append(
            {"epoch": len(self.history_) + 1, "return": total, "steps": steps, "epsilon": epsilon,
             "learning_rate": rate}
        )  # fmt: skip

    def evaluate(
        self, env: Any, episodes: int = 1, seed: int | None = None, max_steps: int = EPISODE_STEPS
    ) -> list[float]:
        """The returns of episodes played by `policy`, without learning; `seed` of the first reset.

        `evaluate_policy` computes their mean exactly, where the transitions are known.
        """
        self._check_environment(env)
        _positive("episodes", episodes)
        _positive("max_steps", max_steps)
        policy, returns = self.policy.tolist(), []
        for episode in range(episodes):
            state = self._begin(env, seed if episode == 0 else None)
            total, ended, steps = 0.0, False, 0
            while not ended and steps < max_steps:
                state, reward, terminated, truncated = self._step(env, policy[state])
                ended = terminated or truncated
                total += reward
                steps += 1
            returns.append(total)
        return returns

    def _begin(self, env: Any, seed: int | None) -> int:
        """The first state of an episode."""
        result = env.reset(seed=seed)
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError(
                f"{OWNER}: expected reset to return (state, info), as since Gymnasium 0.26, got "
                f"{result!r:.80}. Make it return both."
            )
        return self._as_state(result[0])

    def _step(self, env: Any, action: int) -> tuple[int, float, bool, bool]:
        """(next state, reward, terminated, truncated) of an action."""
        result = env.step(action)
        if len(result) != 5:
            raise ValueError(
                f"{OWNER}: expected step to return (state, reward, terminated, truncated, info), "
                f"as since Gymnasium 0.26, got {result!r:.80}. Tell apart what ended an episode."
            )
        observed, reward, terminated, truncated, _ = result
        if not is_number(reward):
            raise ValueError(
                f"{OWNER}: expected an environment with finite numbers as rewards, got {reward!r}."
            )
        return self._as_state(observed), float(reward), terminated, truncated

    # ---- the policy

    @property
    def policy(self) -> np.ndarray:
        """The best action of every state, (states,) integers; of equals the lowest."""
        return self.q_table_.argmax(axis=1)

    def export_policy(
        self,
        form: str = "dict",
        shape: tuple[int, int] | None = None,
        names: Sequence[str] | None = None,
    ) -> Any:
        """The policy as {state: action}, as JSON, or as text with one row of the grid per line.

        `names` of the actions, such as "<v>^", stand in the place of their numbers. "text" needs
        the (rows, columns) of the grid, and writes a point where all actions are worth the same:
        nothing has been learned there.
        """
        if form not in ("dict", "json", "text"):
            raise ValueError(f"export_policy: form must be 'dict', 'json' or 'text', got {form!r}.")
        names = names.tolist() if isinstance(names, np.ndarray) else names
        several = isinstance(names, (str, list, tuple))
        if names is not None and not (several and len(names) == self.actions):
            raise ValueError(
                f"export_policy: expected a name for each of {self.actions} actions, got {names!r}."
            )
        actions = [action if names is None else names[action] for action in self.policy.tolist()]
        if form == "dict":
            return dict(enumerate(actions))
        if form == "json":
            return json.dumps(dict(enumerate(actions)))
        if (
            not isinstance(shape, (tuple, list))
            or len(shape) != 2
            or not all(is_integer(length) and length > 0 for length in shape)
            or shape[0] * shape[1] != self.states
        ):
            raise ValueError(
                f"export_policy: shape must be (rows, columns) of a grid of {self.states} states, "
                f"got {shape!r}. Write for example shape=(1, {self.states})."
            )
        decided = (self.q_table_ != self.q_table_[:, :1]).any(axis=1)
        cells = [str(a) if known else NO_PREFERENCE for a, known in zip(actions, decided)]
        gap = " " if max(map(len, cells)) > 1 else ""
        rows = [cells[i : i + shape[1]] for i in range(0, self.states, shape[1])]
        return "\n".join(gap.join(row) for row in rows)

    def save(self, path: Any) -> None:
        """Save the agent, table, history and generator; `tinygrad_ml.load(path)` reads it."""
        from tinygrad_ml.persistence import save

        save(self, path)

    def __repr__(self) -> str:
        return (
            f"{OWNER}(states={self.states}, actions={self.actions}, {len(self.history_)} episodes)"
        )

    # ---- checks

    def _check_state(self, state: Any) -> None:
        if not is_integer(state) or not 0 <= state < self.states:
            raise ValueError(
                f"{OWNER}: expected a state from 0 to {self.states - 1}, got {state!r:.80}. "
                "Number the states of your world, and make the agent with as many."
            )

    def _as_state(self, observed: Any) -> int:
        self._check_state(observed)
        return int(observed)

    def _check_environment(self, env: Any) -> None:
        if not hasattr(env, "reset") or not hasattr(env, "step") or isinstance(env, type):
            raise TypeError(
                f"{OWNER}: expected an environment with reset and step, got {env!r:.80}. Write for "
                'example gymnasium.make("CliffWalking-v1") or GridEnvironment().'
            )
        for name, own in {"observation_space": self.states, "action_space": self.actions}.items():
            space = getattr(env, name, None)
            if space is None:  # an environment without: its states are checked as they come
                continue
            what = "states" if name == "observation_space" else "actions"
            n = getattr(space, "n", None)
            if not is_integer(n) or getattr(space, "start", 0) != 0:
                raise ValueError(
                    f"{OWNER}: expected {what} that are numbers counted from 0, got the space "
                    f"{space!r:.80}. A table needs few of them: cut continuous ones into "
                    "intervals and number those."
                )
            if n != own:
                raise ValueError(
                    f"{OWNER}: expected an environment of {own} {what}, got one of {n}. Write "
                    f"QLearningAgent(states=env.observation_space.n, actions=env.action_space.n)."
                )


def _share(name: str, value: Any) -> None:
    if not is_number(value) or not 0 <= value <= 1:
        also = "" if name == "discount" else ", or a function of the episode"
        raise ValueError(f"{OWNER}: {name} must be a number from 0 to 1{also}, got {value!r}.")


def _positive(name: str, value: Any) -> None:
    if not is_integer(value) or value < 1:
        raise ValueError(f"{OWNER}: {name} must be a positive integer, got {value!r}.")
