"""docs/numpy.md says what the table says, and a peer's functions are known or have a reason."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "make_numpy_table.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_numpy_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_up_to_date(script):
    assert script.TARGET.read_text(encoding="utf-8") == script.text(), (
        "run python docs/make_numpy_table.py"
    )


def test_every_function_of_autograd_is_known_or_has_a_reason(script):
    assert len(script.AUTOGRAD) == len(set(script.AUTOGRAD)) == 195
    assert set(script.REASONS) == set(script.missing_names())
    assert all(len(reason) > 10 or reason == "not yet" for reason in script.REASONS.values())
