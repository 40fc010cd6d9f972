"""What every test run needs before it collects anything."""

import importlib
import sys
from pathlib import Path

from hypothesis import settings

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
