import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.kernels.dispatch import Kernel

from .versions import names

PROGRAM = """
import sys
import numpy as np
from tinygrad_ml import kernels
assert "numba" not in sys.modules, "imported before it is needed"
{before}
x = np.ones((2, 6, 6, 3), np.float32)
w = np.ones((3, 3, 3, 4), np.float32)
out = kernels.conv2d(x, w, stride=(1, 1), padding=((0, 0), (0, 0)))
assert (out == 27).all()
print("numba" in sys.modules)
"""


def run(setting, before=""):
    environment = {**os.environ, "TINYGRAD_ML_KERNELS": setting}
    program = [sys.executable, "-c", PROGRAM.format(before=before)]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def test_numpy_can_be_forced():
    done = run("numpy")
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.skipif("compiled" not in names, reason="needs numba")
@pytest.mark.parametrize("setting", ["", "compiled"])
def test_compiled_kernels_are_taken_where_numba_is_installed(setting):
    done = run(setting)
    assert done.stdout.strip() == "True", done.stderr


WITHOUT_NUMBA = "sys.modules['numba'] = None"


def test_without_numba_numpy_runs():
    done = run("", before=WITHOUT_NUMBA)
    assert done.returncode == 0, done.stderr


def test_without_numba_an_error_is_not_hidden_by_the_missing_import():
    wrong = "kernels.conv2d(np.ones(3), np.ones(3), stride=(1, 1), padding=((0, 0), (0, 0)))"
    done = run("", before=f"{WITHOUT_NUMBA}\n{wrong}")
    assert "IndexError" in done.stderr and "ImportError" not in done.stderr


def test_compiled_without_numba_says_what_to_install():
    done = run("compiled", before=WITHOUT_NUMBA)
    assert "ImportError" in done.stderr
    assert "tinygrad_ml[fast]" in done.stderr


def test_an_unknown_setting_is_named():
    done = run("fast")
    assert "ValueError" in done.stderr
    assert "TINYGRAD_ML_KERNELS must be" in done.stderr and "'fast'" in done.stderr


@pytest.mark.skipif("compiled" not in names, reason="needs numba")
def test_a_failing_compiler_falls_back_with_a_warning(monkeypatch):
    from numba.core.errors import TypingError

    def refuse(g, out):
        raise TypingError("no")

    kernel = Kernel(kernels.relu_backward.numpy)
    kernel.compiled = refuse
    monkeypatch.delenv("TINYGRAD_ML_KERNELS", raising=False)
    g, out = np.ones(3), np.array([1.0, 0, 2])
    with pytest.warns(RuntimeWarning, match="compiling relu_backward failed"):
        np.testing.assert_array_equal(kernel(g, out), [1, 0, 1])
    np.testing.assert_array_equal(kernel(g, out), [1, 0, 1])  # and does not warn again

    monkeypatch.setenv("TINYGRAD_ML_KERNELS", "compiled")
    forced = Kernel(kernels.relu_backward.numpy)
    forced.compiled = refuse
    with pytest.raises(TypingError):
        forced(g, out)


@pytest.mark.skipif("compiled" not in names, reason="needs numba")
def test_every_kernel_has_a_compiled_twin():
    found = [k for k in map(kernels.__dict__.get, kernels.__all__) if isinstance(k, Kernel)]
    assert len(found) >= 10
    for kernel in found:
        assert callable(kernel.compiled)
        assert kernel.__doc__


def test_a_kernel_is_copied_and_pickled_by_name():
    assert copy.deepcopy(kernels.conv2d) is kernels.conv2d
    assert pickle.loads(pickle.dumps(kernels.conv2d)) is kernels.conv2d
