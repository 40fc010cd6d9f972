"""What an agent has learned: its returns, and its policy as arrows on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import COLOURS, new_figure

ARROWS = ((-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0))  # left, down, right, up; y points up


def plot_policy(
    q_table: Any,
    shape: tuple[int, int],
    cells: Sequence[str] | None = None,
    arrows: Sequence[tuple[float, float]] = ARROWS,
    title: str = "Learned policy",
) -> Any:
    """The best action of every cell of a grid as an arrow, its value as a shade.

    `q_table` (rows * columns, actions), as an agent's `q_table_`; `arrows` the direction (right,
    up) of each action, by default those of `GridEnvironment`, Gymnasium's FrozenLake being the
    same. With `cells`, the text of a `GridEnvironment`, walls are black, and S, G and X are
    written in. A cell where all actions are worth the same has no arrow.
    """
    q_table = np.asarray(q_table, float)
    rows, columns = shape
    if q_table.shape != (rows * columns, len(arrows)):
        raise ValueError(
            f"plot_policy: expected a table of shape ({rows * columns}, {len(arrows)}) for a grid "
            f"of {rows} x {columns} and {len(arrows)} actions, got {q_table.shape}."
        )
    if cells is not None and [len(row) for row in cells] != [columns] * rows:
        raise ValueError(
            f"plot_policy: expected cells as {rows} texts of {columns} signs, got {cells!r:.80}."
        )
    signs = "".join(cells) if cells is not None else " " * len(q_table)
    unknown = (q_table == q_table[:, :1]).all(axis=1)
    values = np.ma.masked_array(q_table.max(axis=1), unknown).reshape(shape)
    figure = new_figure(0.9 * columns + 1.6, 0.9 * rows + 0.7, title)
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="Blues")
    for state, sign in enumerate(signs):
        row, column = divmod(state, columns)
        if sign == "#":
            axes.fill_between([column - 0.5, column + 0.5], row - 0.5, row + 0.5, color="black")
        elif sign in "GX":
            colour = COLOURS[2] if sign == "G" else COLOURS[1]
            axes.text(column, row, sign, ha="center", va="center", color=colour, weight="bold",
                      fontsize=14)  # fmt: skip
        elif sign == "S":
            axes.text(column - 0.45, row - 0.42, sign, va="top", color="black", fontsize=8)
        if not unknown[state]:
            right, up = arrows[int(q_table[state].argmax())]
            axes.annotate(
                "", (column + 0.3 * right, row - 0.3 * up), (column - 0.3 * right, row + 0.3 * up),
                arrowprops={"arrowstyle": "-|>", "color": COLOURS[4], "linewidth": 2},
            )  # fmt: skip
    axes.set_xticks(range(columns))
    axes.set_yticks(range(rows))
    axes.set_xlabel("column")
    axes.set_ylabel("row")
    figure.colorbar(image, label="value of the best action")
    return figure


def plot_returns(history: Any, window: int | None = None, title: str = "Returns") -> Any:
    """The return of every episode, and its mean over the last `window` (a twentieth of them).

    `history`: an agent's `history_`.
    """
    if len(history) == 0:
        raise ValueError("plot_returns: expected at least one episode, got none. Call fit.")
    returns = np.array(history["return"])
    width = max(len(returns) // 20, 1) if window is None else window
    if not 1 <= width <= len(returns):
        raise ValueError(
            f"plot_returns: window must be from 1 to the {len(returns)} episodes, got {window!r}."
        )
    sums = np.cumsum(np.concatenate([[0.0], returns]))
    episodes = np.arange(1, len(returns) + 1)
    figure = new_figure(5.6, 3.8, title)
    axes = figure.add_subplot()
    axes.plot(episodes, returns, ".", markersize=3, color=COLOURS[5], alpha=0.4, label="episode")
    axes.plot(episodes[width - 1 :], (sums[width:] - sums[:-width]) / width, color=COLOURS[0],
              label=f"mean of {width} episodes")  # fmt: skip
    axes.set_xlabel("episode")
    axes.set_ylabel("return")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
