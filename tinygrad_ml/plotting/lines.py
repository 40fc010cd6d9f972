"""One quantity against another: losses by step, coefficients by penalty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .base import COLOURS, new_figure

STYLES = ("-", "--", ":")  # one after the other when the colours are used up


def plot_lines(
    lines: Mapping[str, Any], x_name: str, y_name: str, logarithmic: str = "", title: str = ""
) -> Any:
    """A line for each name -> (x, y), both (n,); `logarithmic` axes are "", "x", "y" or "xy"."""
    if not lines:
        raise ValueError("plot_lines: expected at least one name with its (x, y), got none.")
    if logarithmic not in ("", "x", "y", "xy"):
        raise ValueError(
            f"plot_lines: logarithmic must be '', 'x', 'y' or 'xy', got {logarithmic!r}."
        )
    figure = new_figure(6.4, 4.2, title)
    axes = figure.add_subplot()
    for i, (name, (x, y)) in enumerate(lines.items()):
        if np.ndim(x) != 1 or np.shape(x) != np.shape(y):
            raise ValueError(
                f"plot_lines: expected two vectors of one length for {name!r}, got shapes "
                f"{np.shape(x)} and {np.shape(y)}."
            )
        style = STYLES[i // len(COLOURS) % len(STYLES)]
        axes.plot(x, y, style, color=COLOURS[i % len(COLOURS)], label=name)
    if "x" in logarithmic:
        axes.set_xscale("log")
    if "y" in logarithmic:
        axes.set_yscale("log")
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=9)
    return figure
