"""What every picture is made of: a figure, colours, and a file to write it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito, 2008
MARKERS = "os^Dvp"


def write_picture(path: Any, plot: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Write `plot(*args, **kwargs)` to a file and return a line that says so; for scripts.

    Without matplotlib the line says what to install, and the script goes on.
    """
    try:
        plot(*args, **kwargs).savefig(path, dpi=120)
    except ImportError as error:
        return f"No picture: {error}"
    return f"Picture: {path}"


def new_figure(width: float, height: float, title: str) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'pictures need matplotlib; install it with: pip install "tinygrad_ml[plot]"'
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title)
    return figure


def diverging() -> Any:
    """From the first class's colour through white to the second's."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
