"""Pictures of agents: arrows, walls and means."""

import numpy as np
import pytest

from tinygrad_ml import plotting
from tinygrad_ml.models import GridEnvironment, QLearningAgent
from tinygrad_ml.training import History


def test_policy(tmp_path):
    env = GridEnvironment()
    agent = QLearningAgent(12, 4, random_state=0).fit(env, 100, progress=False)
    figure = plotting.plot_policy(agent.q_table_, env.shape, env.cells)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("column", "row")
    written = [text.get_text() for text in axes.texts if text.get_text()]
    assert sorted(written) == ["G", "S", "X"]
    learned = (agent.q_table_ != agent.q_table_[:, :1]).any(axis=1)
    assert len(axes.texts) - 3 == learned.sum() and len(axes.collections) == 1
    figure.savefig(tmp_path / "policy.png")
    assert (tmp_path / "policy.png").stat().st_size > 1000


def test_an_arrow_points_where_the_action_goes():
    table = np.zeros((1, 2))
    table[0, 1] = 1.0
    figure = plotting.plot_policy(table, (1, 1), arrows=[(1, 0), (0, 1)])
    (arrow,) = figure.axes[0].texts
    assert arrow.xy == (0.0, -0.3) and arrow.get_position() == (0.0, 0.3)  # up


def test_wrong_policies():
    with pytest.raises(ValueError, match=r"expected a table of shape \(6, 4\) for a grid of 2 x 3"):
        plotting.plot_policy(np.zeros((5, 4)), (2, 3))
    with pytest.raises(ValueError, match="expected cells as 2 texts of 3 signs"):
        plotting.plot_policy(np.zeros((6, 4)), (2, 3), cells=["S.G"])


def test_returns():
    history = History([{"epoch": k, "return": float(k)} for k in range(1, 41)])
    axes = plotting.plot_returns(history).axes[0]
    episodes, means = axes.lines
    assert list(episodes.get_ydata()) == history["return"]
    assert list(means.get_xdata()) == list(range(2, 41))
    np.testing.assert_allclose(means.get_ydata(), np.arange(2, 41) - 0.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("episode", "return")
    with pytest.raises(ValueError, match="at least one episode"):
        plotting.plot_returns(History())
    with pytest.raises(ValueError, match="window must be from 1 to the 40 episodes, got 41"):
        plotting.plot_returns(history, window=41)
