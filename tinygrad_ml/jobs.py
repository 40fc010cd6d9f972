"""Independent pieces of work, one after the other or several at a time, under one progress bar."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .training.progress import progress_bar, quiet
from .validation import is_integer

_LONG = 2.0  # seconds; a bar for less only flickers


def run_jobs(
    function: Callable[..., Any],
    jobs: Iterable[tuple],
    n_jobs: int | None = None,
    *,
    owner: str,
    progress: bool = True,
    unit: str = "fit",
) -> list[Any]:
    """[function(*job) for job in jobs], and the same list whatever `n_jobs` is.

    Args:
        n_jobs: how many run at a time: None or 1 in this process; a larger number, or -1 for one
            per core, in processes of joblib (or wherever `joblib.parallel_config` sends them).
            An error is always that of the first job that fails, in the order of the jobs.
        owner: who calls, for the bar and for errors.
        progress: show a bar if it takes long. Loops inside the jobs show none.
        unit: what one job is called.
    """
    if n_jobs is not None and (not is_integer(n_jobs) or n_jobs == 0):
        raise ValueError(
            f"{owner}: n_jobs must be None, a positive integer, or -1 for all cores, got {n_jobs!r}"
        )
    jobs = list(jobs)
    before = quiet.get()
    with progress_bar(len(jobs), owner, unit, delay=_LONG) if progress else _NoBar() as bar:
        results = []
        token = quiet.set(before or progress)
        try:
            for result in _results(function, jobs, n_jobs, owner):
                results.append(result)
                bar.update()
        finally:
            quiet.reset(token)
    return results


def _results(
    function: Callable[..., Any], jobs: list[tuple], n_jobs: int | None, owner: str
) -> Iterator[Any]:
    if n_jobs is None or n_jobs == 1 or len(jobs) < 2:
        return (function(*job) for job in jobs)
    try:
        import joblib
    except ImportError as error:
        raise ImportError(
            f"{owner}: n_jobs={n_jobs} needs joblib; install it with: "
            'pip install "tinygrad_ml[classical]"'
        ) from error
    backend = joblib.parallel.get_active_backend()[0]
    live = getattr(backend, "supports_return_generator", False)
    parallel = joblib.Parallel(n_jobs, return_as="generator" if live else "list")
    return _in_order(parallel, [joblib.delayed(_quietly)(function, *job) for job in jobs])


def _in_order(parallel: Callable[..., Any], calls: list[Any]) -> Iterator[Any]:
    """The results, or the error of the first call that failed; after it nothing is begun."""
    failed: list[_Failed] = []
    for result in parallel(call for call in calls if not failed):
        if isinstance(result, _Failed):
            failed.append(result)
        elif not failed:
            yield result
    if failed:
        raise failed[0].error from ElsewhereError("\n" + failed[0].where)


class _Failed:
    """What a job raised elsewhere, and where. Raised there, the fastest failure would win."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.where = traceback.format_exc()


class ElsewhereError(Exception):
    """Stands before an error of another process in a traceback: where it was raised."""


def _quietly(function: Callable[..., Any], *job: Any) -> Any:
    """In another process: the bar is shown by the one that waits for it."""
    token = quiet.set(True)
    try:
        return function(*job)
    except Exception as error:
        return _Failed(error)
    finally:
        quiet.reset(token)


class _NoBar:
    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self) -> None:
        pass
