"""Q-learning, its worlds, and the exact value of a policy."""

import json

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_ml as tg
from tinygrad_ml.models import ChainEnvironment, GridEnvironment, QLearningAgent, evaluate_policy
from tinygrad_ml.models.environments import RIGHT
from tinygrad_ml.optim import LinearSchedule

# S. Russell and P. Norvig, Artificial Intelligence: A Modern Approach, 1995, figure 17.3.
BOOK_UTILITIES = [0.812, 0.868, 0.918, 0.762, 0.660, 0.705, 0.655, 0.611, 0.388]
BOOK_POLICY = [2, 2, 2, 3, 3, 3, 0, 0, 0]
BOOK_STATES = [0, 1, 2, 4, 6, 8, 9, 10, 11]  # without wall, goal and pit


def best_values(env, discount=1.0):
    """Value iteration (Bellman, 1957), the reference."""
    q = np.zeros((len(env.P), len(env.P[0])))
    for _ in range(2000):
        best = q.max(axis=1)
        q = np.array([[sum(p * (r + (0 if end else discount * best[new]))
                           for p, new, r, end in env.P[s][a]) for a in range(q.shape[1])]
                      for s in range(len(q))])  # fmt: skip
    return q


# ----------------------------------------------------------------------------- the update


def test_the_update_by_hand():
    agent = QLearningAgent(3, 2, learning_rate=0.5, discount=0.9, random_state=0)
    agent.q_table_[1] = [2.0, 4.0]
    agent.learn(0, 1, 1.0, 1, False)
    assert agent.q_table_[0, 1] == 0.5 * (1 + 0.9 * 4)
    agent.learn(0, 1, 1.0, 1, True)  # nothing comes behind the end
    assert agent.q_table_[0, 1] == 2.3 + 0.5 * (1 - 2.3)
    assert agent.q_table_[0, 0] == 0 and (agent.q_table_[2] == 0).all()


class _Cut:
    """Two states for ever, a reward of 1 per step, cut off after every step."""

    def __init__(self, terminated):
        self.end = (terminated, not terminated)

    def reset(self, seed=None):
        return 0, {}

    def step(self, action):
        return 1, 1.0, *self.end, {}


def test_a_terminated_episode_has_no_future_and_a_truncated_one_has():
    for terminated, expected in ((True, 1.0), (False, 1.0 + 0.5 * 10.0)):
        agent = QLearningAgent(2, 1, learning_rate=1.0, discount=0.5, random_state=0)
        agent.q_table_[1] = 10.0
        agent.fit(_Cut(terminated), episodes=1, progress=False)
        assert agent.q_table_[0, 0] == expected


def test_ties_are_drawn_and_the_policy_takes_the_first():
    agent = QLearningAgent(1, 4, epsilon=0.0, random_state=0)
    agent.q_table_[0] = [1.0, 3.0, 3.0, 0.0]
    chosen = [agent.choose_action(0) for _ in range(400)]
    assert set(chosen) == {1, 2} and 140 < chosen.count(1) < 260
    assert agent.choose_action(0, greedy=True) == 1 and agent.policy.tolist() == [1]


def test_epsilon_is_the_share_of_random_actions():
    agent = QLearningAgent(1, 4, epsilon=0.4, random_state=0)
    agent.q_table_[0, 2] = 1.0
    chosen = [agent.choose_action(0) for _ in range(2000)]
    assert chosen.count(2) / 2000 == pytest.approx(0.6 + 0.1, abs=0.04)


def test_schedules_count_episodes():
    agent = QLearningAgent(
        10, 4, learning_rate=lambda episode: 1 / (1 + episode),
        epsilon=LinearSchedule(length=4, initial=1.0, final=0.0), random_state=0,
    )  # fmt: skip
    agent.fit(ChainEnvironment(), 3, progress=False).fit(ChainEnvironment(), 3, progress=False)
    assert agent.history_["epsilon"] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    np.testing.assert_allclose(agent.history_["learning_rate"], 1 / np.arange(1, 7))
    assert agent.history_["epoch"] == [1, 2, 3, 4, 5, 6]


# ----------------------------------------------------------------------------- what it learns


@pytest.mark.parametrize("seed", range(5))
def test_the_chain_is_learned(seed):
    env = ChainEnvironment()
    agent = QLearningAgent(10, 4, random_state=seed).fit(env, 200, progress=False)
    assert agent.evaluate(env) == [pytest.approx(1 - 9 * 0.04)]
    assert (agent.policy[:9] == 2).all()


@pytest.mark.parametrize("seed", range(5))
def test_cliff_walking_is_walked_in_13_steps(seed):
    env = gymnasium.make("CliffWalking-v1")
    agent = QLearningAgent(48, 4, learning_rate=0.5, random_state=seed)
    agent.fit(env, 300, progress=False)
    assert agent.evaluate(env, episodes=2) == [-13.0, -13.0]
    world = env.unwrapped
    start = world.initial_state_distrib
    assert evaluate_policy(world.P, agent.policy, start) == pytest.approx(-13.0)


# All seeds count, so that no figure is one of luck.


def test_taxi():
    env = gymnasium.make("Taxi-v4")
    world, values = env.unwrapped, []
    for seed in range(3):
        agent = QLearningAgent(500, 6, learning_rate=1.0, discount=0.99, random_state=seed)
        agent.fit(env, 3000, progress=False)
        start = world.initial_state_distrib
        values.append(evaluate_policy(world.P, agent.policy, start, horizon=200))
    assert min(values) >= 7.6


def test_frozen_lake():
    env = gymnasium.make("FrozenLake-v1")
    world, values = env.unwrapped, []
    rate = LinearSchedule(20_000, 0.2, 0.005)
    for seed in range(5):
        agent = QLearningAgent(16, 4, rate, 0.99, 1.0, random_state=seed)
        agent.fit(env, 20_000, progress=False)
        start = world.initial_state_distrib
        values.append(evaluate_policy(world.P, agent.policy, start, horizon=100))
    assert min(values) >= 0.73


def test_the_values_of_the_book():
    env = GridEnvironment()
    agent = QLearningAgent(
        12, 4, learning_rate=LinearSchedule(6000, 0.3, 0.005), discount=1.0, epsilon=0.5,
        random_state=0,
    ).fit(env, 6000, progress=False)  # fmt: skip
    often = [0, 1, 2, 3, 5]  # the states on the way from start to goal
    values = agent.q_table_.max(axis=1)[BOOK_STATES]
    np.testing.assert_allclose(values[often], np.array(BOOK_UTILITIES)[often], atol=0.03)
    np.testing.assert_allclose(best_values(env).max(axis=1)[BOOK_STATES], BOOK_UTILITIES, atol=6e-4)


def test_a_seed_fixes_everything_and_a_saved_agent_goes_on(tmp_path):
    def learned(episodes, agent=None):
        agent = agent or QLearningAgent(12, 4, LinearSchedule(100), random_state=3)
        return agent.fit(GridEnvironment(), episodes, progress=False)

    one, two = learned(30), learned(30)
    np.testing.assert_array_equal(one.q_table_, two.q_table_)
    one.save(tmp_path / "agent")
    again = tg.load(tmp_path / "agent")
    assert again.history_["return"] == one.history_["return"] and repr(again) == repr(one)
    np.testing.assert_array_equal(learned(20, again).q_table_, learned(20, one).q_table_)


def test_a_learning_that_learned_nothing_is_not_cut_short():
    agent = QLearningAgent(10, 4, epsilon=1.0, random_state=0)
    agent.fit(ChainEnvironment(max_steps=7), 5, progress=False)
    assert agent.history_["steps"] == [7] * 5
    agent.fit(ChainEnvironment(), 1, max_steps=3, progress=False)
    assert agent.history_["steps"][-1] == 3


def test_the_bar(capsys):
    agent = QLearningAgent(10, 4, random_state=0).fit(ChainEnvironment(), 3)
    assert "episodes" in capsys.readouterr().err
    agent.fit(ChainEnvironment(), 3, progress=False)
    assert capsys.readouterr().err == ""


# ----------------------------------------------------------------------------- its policy


def test_export():
    agent = QLearningAgent(6, 4, random_state=0)
    agent.q_table_[[0, 1, 3], [2, 1, 3]] = 1.0
    assert agent.export_policy() == {0: 2, 1: 1, 2: 0, 3: 3, 4: 0, 5: 0}
    assert json.loads(agent.export_policy("json", names="<v>^"))["3"] == "^"
    assert agent.export_policy("text", (2, 3), "<v>^") == ">v.\n^.."
    assert agent.export_policy("text", (2, 3), ("west", "south", "east", "north")).startswith(
        "east"
    )


# ----------------------------------------------------------------------------- a policy's value


def test_values_of_the_book_by_evaluation():
    env = GridEnvironment()
    policy = np.zeros(12, int)
    policy[BOOK_STATES] = BOOK_POLICY
    values = evaluate_policy(env.P, policy)
    np.testing.assert_allclose(values[BOOK_STATES], BOOK_UTILITIES, atol=6e-4)
    assert evaluate_policy(env.P, policy, start=8) == pytest.approx(0.705, abs=6e-4)


def test_a_horizon_is_a_number_of_steps():
    env = ChainEnvironment()
    right = np.full(10, 2)
    assert evaluate_policy(env.P, right, 0, horizon=9) == pytest.approx(0.64)
    assert evaluate_policy(env.P, right, 0, horizon=8) == pytest.approx(-0.32)
    assert evaluate_policy(env.P, right, 0, horizon=0) == 0
    assert evaluate_policy(env.P, right, 0, discount=0.5) == pytest.approx(
        0.5**8 - 0.04 * (1 - 0.5**9) / 0.5
    )


def test_a_policy_of_probabilities_and_what_was_played():
    env = GridEnvironment(["S.G", "..X"], slip=0.3)
    chances = np.full((6, 4), 0.25)
    expected = evaluate_policy(env.P, chances, env.initial_state_distrib, horizon=env.max_steps)
    agent = QLearningAgent(6, 4, epsilon=1.0, random_state=0).fit(env, 4000, progress=False)
    returns = np.array(agent.history_["return"])
    assert abs(returns.mean() - expected) < 4 * returns.std() / np.sqrt(len(returns))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_fixed_point_is_the_limit_of_the_horizons(seed):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(5), size=(5, 3))
    ends = rng.random(5) < 0.2
    P = [
        [[(p, k, float(rng.normal()), bool(ends[k])) for k, p in enumerate(row)] for row in rows]
        for rows in chances
    ]
    policy = rng.dirichlet(np.ones(3), size=5)
    near = evaluate_policy(P, policy, discount=0.9, horizon=400)
    np.testing.assert_allclose(evaluate_policy(P, policy, discount=0.9), near, atol=1e-10)


def test_what_goes_on_for_ever():
    env = ChainEnvironment()
    with pytest.raises(ValueError, match="from state 0 it may go on for ever and collect rewards"):
        evaluate_policy(env.P, np.zeros(10, int))
    assert evaluate_policy(env.P, np.zeros(10, int), start=9) == 0  # of no matter to this start
    idle = ChainEnvironment(step_reward=0.0)
    assert evaluate_policy(idle.P, np.zeros(10, int), start=0) == 0


# ----------------------------------------------------------------------------- worlds


class Wrapped(gymnasium.Env):
    """A world of ours as Gymnasium's checker asks for it."""

    metadata = {"render_modes": []}

    def __init__(self, world):
        self.world, self.render_mode, self.spec = world, None, None
        self.observation_space = gymnasium.spaces.Discrete(world.observation_space.n)
        self.action_space = gymnasium.spaces.Discrete(world.action_space.n)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.world.reset(seed=seed, options=options)

    def step(self, action):
        return self.world.step(action)


@pytest.mark.parametrize(
    "world", [ChainEnvironment(), GridEnvironment(), GridEnvironment("S.S ..G")]
)
def test_they_have_gymnasiums_interface(world):
    check_env(Wrapped(world), skip_render_check=True)
    for row in world.P:
        for outcomes in row:
            assert sum(p for p, *_ in outcomes) == pytest.approx(1)


def test_the_grid_is_frozen_lake():
    lake = gymnasium.make("FrozenLake-v1").unwrapped
    cells = ["".join(row).replace("F", ".").replace("H", "X") for row in lake.desc.astype(str)]
    grid = GridEnvironment(cells, slip=2 / 3, step_reward=0.0, pit_reward=0.0)
    ours, theirs = best_values(grid, 0.99), best_values(lake, 0.99)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_steps_and_their_ends():
    env = GridEnvironment(["S#G", "..."], slip=0.0, max_steps=5)
    state, _ = env.reset(seed=0)
    walk = [env.step(action) for action in (RIGHT, 1, RIGHT, RIGHT, 3)]
    assert state == 0 and [step[0] for step in walk] == [0, 3, 4, 5, 2]
    assert walk[-1][1:4] == (pytest.approx(0.96), True, False)
    with pytest.raises(RuntimeError, match="expected reset"):
        env.step(0)
    env.reset()
    assert [env.step(0)[3] for _ in range(5)] == [False] * 4 + [True]


def test_slips_are_as_frequent_as_said():
    env = GridEnvironment(["...", ".S.", "..G"], slip=0.4)
    ends = []
    env.reset(seed=0)
    for _ in range(3000):
        env.reset()
        ends.append(env.step(RIGHT)[0])
    shares = [ends.count(state) / 3000 for state in (5, 1, 7)]
    np.testing.assert_allclose(shares, [0.6, 0.2, 0.2], atol=0.03)


# ----------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0, 4), "states must be a positive integer, got 0"),
        ((10, 2.5), "actions must be a positive integer, got 2.5"),
        ((10, 4, 1.5), "learning_rate must be a number from 0 to 1, or a function"),
        ((10, 4, 0.1, -0.1), "discount must be a number from 0 to 1, got -0.1"),
        ((10, 4, 0.1, 0.9, True), "epsilon must be a number from 0 to 1, or a function"),
        ((10, 4, 0.1, 0.9, 0.1, -3), "random_state must be None, a seed"),
    ],
)
def test_wrong_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"QLearningAgent: {message}"):
        QLearningAgent(*arguments)


def test_wrong_steps():
    agent = QLearningAgent(3, 2, random_state=0)
    for state in (3, -1, 0.5, "start", None, np.zeros(2)):
        with pytest.raises(ValueError, match="expected a state from 0 to 2, got"):
            agent.choose_action(state)
    with pytest.raises(ValueError, match="expected a state from 0 to 2, got 3"):
        agent.learn(0, 0, 1.0, 3, False)
    with pytest.raises(ValueError, match="expected an action from 0 to 1, got 2"):
        agent.learn(0, 2, 1.0, 1, False)
    with pytest.raises(ValueError, match="expected a finite number as reward, got nan"):
        agent.learn(0, 1, float("nan"), 1, False)
    with pytest.raises(ValueError, match="expected terminated as True or False, got 'no'"):
        agent.learn(0, 1, 1.0, 1, "no")
    greedy = QLearningAgent(3, 2, learning_rate=1.0, discount=1.0)
    greedy.learn(0, 1, 1e308, 1, True)
    with pytest.raises(ValueError, match="rewards whose sums are numbers, got 1e"):
        greedy.learn(2, 1, 1e308, 0, False)
    assert np.isfinite(greedy.q_table_).all()


@pytest.mark.parametrize(
    "name, sizes, message",
    [
        ("CliffWalking-v1", (47, 4), "expected an environment of 47 states, got one of 48"),
        ("CliffWalking-v1", (48, 5), "expected an environment of 5 actions, got one of 4"),
        (
            "CartPole-v1",
            (48, 2),
            "expected states that are numbers counted from 0, got the space Bo",
        ),
        ("Pendulum-v1", (48, 2), "expected states that are numbers"),
        ("Blackjack-v1", (48, 2), "expected states that are numbers"),
    ],
)
def test_environments_that_do_not_fit(name, sizes, message):
    agent = QLearningAgent(*sizes, random_state=0)
    for use in (agent.fit, agent.evaluate):
        with pytest.raises(ValueError, match=message):
            use(gymnasium.make(name), 5)


class _Other:
    """What reset and step return is not Gymnasium's."""

    def __init__(self, first, answer=None):
        self.first, self.answer = first, answer

    def reset(self, seed=None):
        return self.first

    def step(self, action):
        return self.answer


@pytest.mark.parametrize(
    "env, message",
    [
        (_Other(0), r"expected reset to return \(state, info\), as since Gymnasium 0.26, got 0"),
        (_Other(None), r"expected reset to return"),
        (_Other((0, {}), (1, 1.0, True, {})), r"expected step to return .*truncated, info\)"),
        (_Other((0, {}), (1, np.nan, True, False, {})), "finite numbers as rewards, got nan"),
        (_Other((0, {}), (9, 1.0, True, False, {})), "expected a state from 0 to 2, got 9"),
    ],
)
def test_environments_with_other_answers(env, message):
    agent = QLearningAgent(3, 2, random_state=0)
    for play in (lambda: agent.fit(env, 1, progress=False), lambda: agent.evaluate(env)):
        with pytest.raises(ValueError, match=message):
            play()
    assert not agent.q_table_.any() and len(agent.history_) == 0


def test_no_environments():
    agent = QLearningAgent(10, 4)
    for wrong in ("CliffWalking-v1", ChainEnvironment, None):
        with pytest.raises(TypeError, match="expected an environment with reset and step"):
            agent.fit(wrong, 5)
    for episodes in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="episodes must be a positive integer"):
            agent.fit(ChainEnvironment(), episodes)
    broken = QLearningAgent(10, 4, epsilon=lambda episode: 1.5)
    with pytest.raises(ValueError, match="epsilon must be a function that returns numbers from 0"):
        broken.fit(ChainEnvironment(), 1, progress=False)


def test_wrong_exports():
    agent = QLearningAgent(6, 4)
    with pytest.raises(ValueError, match="form must be 'dict', 'json' or 'text', got 'csv'"):
        agent.export_policy("csv")
    with pytest.raises(ValueError, match="a name for each of 4 actions"):
        agent.export_policy("text", (2, 3), "<>")
    with pytest.raises(ValueError, match="a name for each of 4 actions, got 4"):
        agent.export_policy("text", (2, 3), 4)
    assert '"0": 7' in agent.export_policy("json", names=np.array([7, 8, 9, 10]))
    for shape in (None, (2, 2), 6, (6,), (-2, -3)):
        with pytest.raises(ValueError, match=r"shape must be \(rows, columns\) of a grid of 6"):
            agent.export_policy("text", shape)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ChainEnvironment(1), "states must be an integer of at least 2"),
        (lambda: ChainEnvironment(goal_reward=np.inf), "goal_reward must be a finite number"),
        (lambda: GridEnvironment(["S.", "G"]), "texts of one length"),
        (lambda: GridEnvironment(["SH", ".G"]), "made of S"),
        (lambda: GridEnvironment(["..", ".G"]), "at least one start S and one goal G"),
        (lambda: GridEnvironment(slip=1.2), "slip must be a number from 0 to 1"),
        (lambda: GridEnvironment(max_steps=0), "max_steps must be a positive integer"),
        (lambda: GridEnvironment().reset(seed=-1), "seed must be None, a seed"),
    ],
)
def test_wrong_worlds(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"policy": [0, 1]}, "one action from 0 to 3 for each of 10 states"),
        ({"policy": np.full((10, 4), 0.5)}, "whose rows sum to 1"),
        ({"policy": np.full(10, 4)}, "one action from 0 to 3"),
        ({"start": 10}, "start must be a state from 0 to 9"),
        ({"start": [0.5] * 10}, "the probabilities of 10 states"),
        ({"start": [1.5, -0.5] + [0] * 8}, "the probabilities of 10 states"),
        ({"policy": [[1], [1, 0]]}, "expected policy in a regular shape"),
        ({"discount": 1.1}, "discount must be from 0 to 1"),
        ({"horizon": -1}, "horizon must be None or an integer of at least 0"),
    ],
)
def test_wrong_evaluations(options, message):
    with pytest.raises(ValueError, match=message):
        evaluate_policy(ChainEnvironment().P, **{"policy": np.full(10, 2), **options})


@pytest.mark.parametrize(
    "P", [None, [], [[]], 3, {0: {0: []}, 2: {0: []}}, [[[], []], [[]]]], ids=repr
)
def test_no_table(P):
    with pytest.raises(ValueError, match=r"expected P\[state\]\[action\] with as many actions"):
        evaluate_policy(P, [0])


@pytest.mark.parametrize(
    "outcomes",
    [
        [(1.0, -1, 1.0, False)],  # would be the last state
        [(1.0, 5, 1.0, False)],
        [(0.5, 0, 1.0, True)],
        [(1.5, 0, 1.0, True), (-0.5, 1, 1.0, True)],
        [(1.0, 0, np.nan, True)],
        [(1.0, 0, 1.0)],
        [],
        1.0,
    ],
)
def test_wrong_tables(outcomes):
    P = [[outcomes], [[(1.0, 0, 0.0, True)]]]
    with pytest.raises(ValueError, match=r"list of \(probability, next state.* at P\[0\]\[0\]"):
        evaluate_policy(P, [0, 0], start=1, discount=0.5)
