"""What a policy is worth, computed from the table of transitions instead of played."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.validation import as_array, is_integer, is_number


def evaluate_policy(
    P: Any, policy: Any, start: Any = None, discount: float = 1.0, horizon: int | None = None
) -> Any:
    """The expected return of a policy, exact but for rounding.

    v(s) = sum_a pi(a|s) sum_s' p(s'|s,a) (r + discount v(s')), without v(s') where the episode
    ends: the fixed point (Bellman, 1957), or its `horizon`-th iterate from v = 0, which is the
    return of episodes that are cut off after so many steps.

    Parameters
    ----------
    P : P[state][action] is a list of (probability, next state, reward, terminated), as in
        `env.unwrapped.P` of Gymnasium's small text worlds and in `GridEnvironment`.
    policy : the action of each state (states,), or probabilities (states, actions).
    start : probability of each state to begin in (`env.unwrapped.initial_state_distrib`), or one
        state; then one number is returned. None returns v of every state, (states,).
    discount : factor per step, from 0 to 1.
    horizon : most steps of an episode (`env.spec.max_episode_steps`); None for no limit.

    Raises ValueError where the return has no limit: discount 1, no horizon, and a policy that may
    go on for ever.

    >>> from tinygrad_ml.models import ChainEnvironment
    >>> chain = ChainEnvironment(10)
    >>> round(evaluate_policy(chain.P, [2] * 10, start=0), 9)
    0.64
    """
    n_states, n_actions = _size(P)
    chances = _probabilities(policy, n_states, n_actions)
    if not is_number(discount) or not 0 <= discount <= 1:
        raise ValueError(f"evaluate_policy: discount must be from 0 to 1, got {discount!r}.")
    if horizon is not None and (not is_integer(horizon) or horizon < 0):
        raise ValueError(
            f"evaluate_policy: horizon must be None or an integer of at least 0, got {horizon!r}."
        )
    rewards, moves = np.zeros(n_states), np.zeros((n_states, n_states))
    for s, a in np.argwhere(chances > 0):
        for probability, new, reward, terminated in _outcomes(P, s, a, n_states):
            weight = chances[s, a] * probability
            rewards[s] += weight * reward
            if not terminated:
                moves[s, new] += weight
    begin = np.ones(n_states) if start is None else _start(start, n_states)
    if horizon is None:
        values = _limit(rewards, float(discount) * moves, begin > 0)
    else:
        values = np.zeros(n_states)
        for _ in range(horizon):
            values = rewards + discount * (moves @ values)
    return values if start is None else float(begin @ values)


def _size(P: Any) -> tuple[int, int]:
    """The numbers of states and of actions."""
    try:
        counts = [len(P[state]) for state in range(len(P))]
    except (TypeError, KeyError, IndexError):
        counts = []
    if not counts or min(counts) != max(counts) or not counts[0]:
        raise ValueError(
            "evaluate_policy: expected P[state][action] with as many actions in every state, got "
            f"{P!r:.60}. Give it env.unwrapped.P, or the P of a GridEnvironment."
        )
    return len(counts), counts[0]


def _outcomes(P: Any, state: int, action: int, n_states: int) -> Any:
    """P[state][action], if it lists outcomes whose probabilities sum to 1."""
    outcomes = P[state][action]
    right = isinstance(outcomes, (list, tuple)) and all(
        isinstance(each, (list, tuple))
        and len(each) == 4
        and is_number(each[0])
        and each[0] >= 0
        and is_integer(each[1])
        and 0 <= each[1] < n_states
        and is_number(each[2])
        for each in outcomes
    )
    if not right or abs(sum(each[0] for each in outcomes) - 1) > 1e-6:
        raise ValueError(
            "evaluate_policy: expected a list of (probability, next state, reward, terminated), "
            f"whose states are below {n_states} and whose probabilities sum to 1, at "
            f"P[{state}][{action}], got {outcomes!r:.80}. Look at how P is made."
        )
    return outcomes


def _limit(rewards: np.ndarray, moves: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """The solution of v = rewards + moves v, as far as it matters to the states to begin in.

    States from which no end can be reached make the system singular. Where they bring no reward
    they are worth 0; where they do, the return has no limit.
    """
    ending = _reaching(moves, moves.sum(axis=1) < 1 - 1e-12)
    endless = _reaching(moves, ~ending & (rewards != 0)) & _reaching(moves.T, begin)
    if endless.any():
        raise ValueError(
            "evaluate_policy: expected a policy whose episodes end, but from state "
            f"{int(np.flatnonzero(endless)[0])} it may go on for ever and collect rewards. Pass "
            "horizon= (the most steps of an episode) or a discount below 1."
        )
    values = np.zeros(len(rewards))
    inner = moves[np.ix_(ending, ending)]
    values[ending] = np.linalg.solve(np.eye(len(inner)) - inner, rewards[ending])
    return values


def _reaching(moves: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Which states are among the targets or can come to one of them."""
    found = targets
    while True:
        more = found | ((moves > 0) @ found)
        if np.array_equal(more, found):
            return found
        found = more


def _probabilities(policy: Any, n_states: int, n_actions: int) -> np.ndarray:
    array = as_array(policy, "evaluate_policy", "policy")
    numbers = array.dtype.kind in "iuf"
    if numbers and array.shape == (n_states,) and array.dtype.kind in "iu":
        if array.min() >= 0 and array.max() < n_actions:
            return np.eye(n_actions)[array]
    elif numbers and array.shape == (n_states, n_actions):
        if (array >= 0).all() and np.allclose(array.sum(axis=1), 1):
            return array.astype(np.float64)
    raise ValueError(
        f"evaluate_policy: policy must hold one action from 0 to {n_actions - 1} for each of "
        f"{n_states} states, or probabilities ({n_states}, {n_actions}) whose rows sum to 1, got "
        f"shape {array.shape} of {array.dtype}: {policy!r:.60}."
    )


def _start(start: Any, n_states: int) -> np.ndarray:
    if is_integer(start) and 0 <= start < n_states:
        return np.eye(n_states)[start]
    array = as_array(start, "evaluate_policy", "start")
    if array.shape == (n_states,) and array.dtype.kind in "iuf":
        if (array >= 0).all() and np.isclose(array.sum(), 1):
            return array.astype(np.float64)
    raise ValueError(
        f"evaluate_policy: start must be a state from 0 to {n_states - 1} or the probabilities of "
        f"{n_states} states, which sum to 1, got {start!r:.80}."
    )
