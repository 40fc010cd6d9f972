"""Thirty kills with SIGKILL, twelve of them inside the write of a checkpoint: nothing is lost.

A process that is killed and resumed again and again comes to the weights, the optimizer's state,
the history and the log files of one that was left alone, bit for bit.
"""

import csv
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import killed_run
from same import assert_same
from tinygrad_ml import container, persistence

INSIDE, OUTSIDE = 3, 18  # kills at each moment inside a write, and at any time
LONGEST = 0.06  # seconds that a process may run, once it has started


def start(folder, *arguments):
    paths = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    # NumPy alone: importing a compiler takes longer than the whole training.
    environment = {**os.environ, "PYTHONPATH": paths, "TINYGRAD_ML_KERNELS": "numpy"}
    command = [sys.executable, killed_run.__file__, str(folder), *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    return process


def end(process):
    process.kill()
    process.stdout.close()
    process.wait()


def kill_inside(folder, moment, number):
    """True when it was killed there, False when it came to its end before."""
    process = start(folder, moment, number)
    inside = process.stdout.readline() == "inside\n"
    if inside:
        assert process.poll() is None
        assert_inside(folder, moment)
    end(process)
    assert inside or process.returncode == 0
    return inside


def assert_inside(folder, moment):
    """What the folder holds at each moment of a write."""
    beside, path = folder / ".c.tmp", folder / "c"
    if moment == "half":
        with pytest.raises(container.FileError, match="expected an intact file"):
            container.read(beside)
    elif moment in ("written", "synced"):
        container.read(beside)  # complete, but it has not got its name
    else:
        assert not beside.exists()
    if path.exists():
        container.read(path)


def kill_outside(folder, seconds):
    process = start(folder)
    time.sleep(seconds)
    running = process.poll() is None
    end(process)
    assert running or process.returncode == 0
    return running and process.returncode < 0


def everything(folder):
    """The final state and the rows of both logs, without their times."""
    rows = {"csv": list(csv.reader((folder / "log.csv").read_text().splitlines()))}
    rows["json"] = [list(json.loads(line).items())
                    for line in (folder / "log.jsonl").read_text().splitlines()]  # fmt: skip
    seconds = rows["csv"][0].index("seconds")
    for row in rows["csv"]:
        del row[seconds]
    rows["json"] = [[list(pair) for pair in row if pair[0] != "seconds"] for row in rows["json"]]
    return {**persistence.load(folder / "result"), **rows}


def assert_complete(folder, whole):
    assert_same(whole, everything(folder))
    files = set(os.listdir(folder))
    kept = {name for name in files if name.startswith("c.epoch-")}
    assert files - kept == {"c", "log.csv", "log.jsonl", "result"}  # nothing temporary is left
    assert 1 <= len(kept) <= 2
    for name in kept:
        container.read(folder / name)


def test_killed_at_thirty_moments(tmp_path):
    rng = np.random.default_rng(0)
    whole = tmp_path / "whole"
    process = start(whole)
    assert process.wait() == 0
    process.stdout.close()
    expected = everything(whole)
    assert_complete(whole, expected)
    assert len(expected["history"]) == killed_run.EPOCHS

    moments = [(m, int(rng.integers(1, 9))) for m in killed_run.MOMENTS for _ in range(INSIDE)]
    kills = [*moments, *rng.uniform(0, LONGEST, OUTSIDE)]
    rng.shuffle(kills)
    chain = 0
    while kills:
        folder = tmp_path / f"chain {chain}"
        while kills and not (folder / "result").exists():
            kill = kills[-1]
            inside = isinstance(kill, (tuple, np.ndarray))
            killed = kill_inside(folder, *kill) if inside else kill_outside(folder, kill)
            if killed:
                kills.pop()
        if not (folder / "result").exists():
            process = start(folder)
            assert process.wait() == 0
            process.stdout.close()
        assert_complete(folder, expected)
        chain += 1
