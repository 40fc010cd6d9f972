"""What every test run needs before it collects anything."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A test may skip itself only if it stands here, by its id; CI fails on any other skip.
ALLOWED_SKIPS: set[str] = set()
MODELS = Path(__file__).parent / "models"

# The same examples in every run, and no time limits: a busy machine is no bug.
settings.register_profile("tinygrad_ml", derandomize=True, deadline=None)
settings.load_profile("tinygrad_ml")


def pytest_collect_file(file_path, parent):
    """Let the doctests of `models/` run in the modules that users import.

    pytest would derive the module name `models.xor` from the path and import the file a second
    time, with classes that are not those of tinygrad_ml.models.xor.
    """
    if file_path.suffix == ".py" and file_path.is_relative_to(MODELS):
        parts = file_path.relative_to(MODELS.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        sys.modules[name] = importlib.import_module(f"tinygrad_ml.{name}")


def pytest_sessionfinish(session):
    """In CI an unlisted skip is a failure: a test that never runs holds nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    unlisted = {report.nodeid for report in reporter.stats.get("skipped", [])} - ALLOWED_SKIPS
    if unlisted:
        reporter.write_line(f"skipped, but not listed in conftest.py: {sorted(unlisted)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
