"""How the benchmarks measure: sides in turn in one process, memory in a process of its own.

Import it before NumPy: it decides how many threads the libraries may use.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

THREADS = 2
TURN = 0.05  # seconds that one side runs before the other has its turn
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, str(THREADS))

import numpy as np  # noqa: E402 (after the number of threads is set)

Step = Callable[[], Any]


def seconds(step: Step, repeats: int) -> float:
    """The mean time of a step over `repeats` of them, after one that calms the other's threads."""
    step()
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def side_by_side(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Times of all steps, taken in turn, so that all see the same machine."""
    repeats = {}
    for name, step in steps.items():
        warm = min(seconds(step, 3) for _ in range(10))
        repeats[name] = max(2, int(TURN / warm))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(seconds(step, repeats[name]))
    return times


def processor() -> str:
    """The processor's name (Linux)."""
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if "model name" in line), "")


def blas() -> str:
    """NumPy's BLAS library and the processor it takes this one for, which decides its speed."""
    from threadpoolctl import threadpool_info

    found = next(library for library in threadpool_info() if library["user_api"] == "blas")
    return f"NumPy {np.__version__} with {found['internal_api']} for {found.get('architecture')}"


def start_of_peak() -> float:
    """The resident memory now, in MB; the peak is counted from here (Linux)."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return resident("VmRSS")


def resident(field: str) -> float:
    """VmRSS, the resident memory, or VmHWM, its peak, in MB (Linux)."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))


def run(command: list[str]) -> str:
    """What a command writes to its standard output."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
