"""Find the way through worlds that are only known by trying: Q-learning on tables.

Every figure is exact, computed from the table of transitions for the start states of the world and
its limit of steps; mean and worst are over agents of the seeds 0 to 4, none left out. Rates and
numbers of episodes were tried out on these seeds. The best returns there are: 0.64 on the chain,
0.7053 on the grid, -13 on the cliff.
"""

import os

import numpy as np

from tinygrad_ml.models import ChainEnvironment, GridEnvironment, QLearningAgent, evaluate_policy
from tinygrad_ml.optim import LinearSchedule
from tinygrad_ml.plotting import plot_policy, plot_returns, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
worlds = {  # name: (environment, most steps, episodes, options of the agent)
    "chain of 10 states": (ChainEnvironment(), 200, 200, {}),
    "4 x 3 grid": (GridEnvironment(), 200, 20000,
                   {"learning_rate": LinearSchedule(20000, 0.1, 0.0), "discount": 1.0,
                    "epsilon": LinearSchedule(20000, 1.0, 0.0)}),
}  # fmt: skip
try:
    import gymnasium
except ImportError:
    print('More worlds with gymnasium: pip install "tinygrad_ml[rl]"')
else:
    lake = {"learning_rate": LinearSchedule(20000, 0.2, 0.005), "epsilon": 1.0, "discount": 0.99}
    certain = {"learning_rate": 1.0, "discount": 0.99}  # nothing is left to chance in these two
    for name, episodes, options in (("CliffWalking-v1", 500, certain), ("Taxi-v4", 3000, certain),
                                    ("FrozenLake-v1", 20000, lake)):  # fmt: skip
        env = gymnasium.make(name)
        worlds[name] = (env, env.spec.max_episode_steps or 1000, episodes, options)

for name, (env, most_steps, episodes, options) in worlds.items():
    world, values = getattr(env, "unwrapped", env), []
    n_states, n_actions = int(env.observation_space.n), int(env.action_space.n)
    for seed in range(1 if quick else 5):
        agent = QLearningAgent(n_states, n_actions, random_state=seed, **options)
        agent.fit(env, episodes // 10 if quick else episodes, progress=seed == 0)
        start = world.initial_state_distrib
        values.append(evaluate_policy(world.P, agent.policy, start, horizon=most_steps))
    print(f"{name}: expected return {np.mean(values):.4f}, worst {min(values):.4f}")
    if name == "4 x 3 grid":
        print(agent.export_policy("text", world.shape, names="<v>^"))
        print(write_picture("q_learning_policy.png", plot_policy, agent.q_table_, world.shape,
                            world.cells, title="Policy after the last episode"))  # fmt: skip
        print(write_picture("q_learning_returns.png", plot_returns, agent.history_))
