"""The README says what is so: its programs run as they stand, its paths and commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = sorted(set(re.findall(r"(?:examples|benchmarks)/\w+\.py", TEXT)))
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_first_program_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(PROGRAMS[0], "README.md", "exec"), {})
    accuracy = float(re.search(r"'accuracy': ([\d.]+)", capsys.readouterr().out)[1])
    assert accuracy > 0.95
    assert (tmp_path / "digits.safetensors").exists()
    assert len(PROGRAMS[0].strip().splitlines()) <= 17


def test_the_tour_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for program in PROGRAMS[1:]:
        exec(compile(program, "README.md", "exec"), names)
    assert names["history"].best("validation_loss")[1] < names["y"].var()


def test_two_commands_for_a_fresh_machine():
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert [line.split()[-1] for line in lines] == ["examples/digits_cnn.py", "pytest"]
    assert all(line.startswith("python3 -m venv ") for line in lines)


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_exist(path):
    assert (ROOT / path).is_file()


def test_every_example_is_named():
    scripts = {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")}
    assert scripts <= set(SCRIPTS)
