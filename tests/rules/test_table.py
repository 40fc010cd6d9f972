"""Every registered function against every demand on a gradient rule, and the demands themselves.

The cases stand in `table.py`, the demands in `tester.py`; wrong rules planted here must be caught.
"""

import sys

import numpy as np
import pytest

from rules import table  # noqa: F401 (fills the table)
from rules.registry import SITUATIONS, TABLE
from rules.tester import DEMANDS, Case, check_float32, check_order_1, check_order_2, check_shapes
from tinygrad_ml.messages import name_of
from tinygrad_ml.table import RULES, SPELLINGS, UNREAD, defvjp
from tinygrad_ml.tensor import primitive


def of_the_package(function):
    """Whether NumPy or the package has it under its name: a doctest's or a test's own has not."""
    module = sys.modules.get(getattr(function, "__module__", None) or "numpy")
    found = getattr(module, name_of(function), getattr(module, function.__name__, None))
    return isinstance(function, np.ufunc) or found is not None or function is np.ndarray.astype


CASES = [
    pytest.param(case, id=f"{name_of(function)}-{situation}-{number}")
    for function, row in TABLE.items()
    for situation, cases in row.items()
    if not isinstance(cases, str)
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    for name, demand in DEMANDS.items():
        try:
            demand(case)
        except AssertionError as error:
            error.add_note(f"(the demand: {name})")
            raise


def test_every_function_has_cases(capsys):
    """A rule without a case fails; a situation without one needs a reason."""
    registered = {f for f in (*RULES, *SPELLINGS) if of_the_package(f)}
    missing = [
        f"{name_of(function)}: {situation}"
        for function in registered
        for situation in SITUATIONS
        if situation not in TABLE.get(function, {})
    ]
    assert not missing, "no case and no reason: " + ", ".join(sorted(missing))
    assert not set(TABLE) - registered, "cases of functions that are not registered"
    reasons = [r for row in TABLE.values() for r in row.values() if isinstance(r, str)]
    assert all(len(reason) > 10 for reason in reasons)
    with capsys.disabled():
        print(
            f"\nrules: {len(registered)} functions, {len(CASES)} cases x {len(DEMANDS)} demands, "
            f"{len(reasons)} exclusions with a reason"
        )


# ------------------------------------------------------------------------------ planted wrong rules


def planted(rule):
    """x^3, with a rule of our choice, as a case."""

    @primitive
    def cube(x):
        return x * x * x

    defvjp(cube, rule)
    return Case(cube, cube, [np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])])


@pytest.fixture(autouse=True)
def _leave_the_table_as_it_was():
    befores = [(known, dict(known)) for known in (RULES, UNREAD)]
    yield
    for known, before in befores:
        known.clear()
        known.update(before)


def test_a_right_rule_passes():
    case = planted(lambda g, out, x: g * (3 * x * x))
    for demand in DEMANDS.values():
        demand(case)


def test_wrong_sign_is_caught():
    with pytest.raises(AssertionError, match="order 1"):
        check_order_1(planted(lambda g, out, x: -g * (3 * x * x)))


def test_float64_leak_is_caught():
    """The engine casts gradients, so only the raw rule shows the leak."""
    with pytest.raises(AssertionError, match="float64"):
        check_float32(planted(lambda g, out, x: g * (np.float64(3) * x * x)))


def test_float64_leak_in_the_function_is_caught():
    @primitive
    def twice(x):
        return x * np.float64(2)

    defvjp(twice, lambda g, out, x: g * 2)
    with pytest.raises(AssertionError, match="made float64"):
        check_float32(Case(twice, twice, [np.ones(3)]))


def test_cached_raw_array_is_caught():
    """A rule that computes from the array behind its argument cuts the second derivative."""

    def cut(x):
        return x if isinstance(x, np.ndarray) else x.data

    case = planted(lambda g, out, x: g * (3 * cut(x) * cut(x)))
    check_order_1(case)
    with pytest.raises(AssertionError, match="order 2"):
        check_order_2(case)


def test_wrong_shape_is_caught():
    """Of one column the engine would make the right shape by accident, or a wrong sum."""
    case = planted(lambda g, out, x: (g * (3 * x * x))[None])
    with pytest.raises(AssertionError, match=r"\(1, 2, 3\) for \(2, 3\)"):
        check_shapes(case)


def test_missing_factor_at_order_2_is_caught():
    """Right on arrays, wrong on Tensors."""

    def rule(g, out, x):
        slope = 3 * x * x
        return g * (slope if isinstance(x, np.ndarray) else slope * 0.5 + slope.data * 0.5)

    case = planted(rule)
    check_order_1(case)
    with pytest.raises(AssertionError, match="order 2"):
        check_order_2(case)


def test_underscore_for_what_is_read_is_caught():
    case = planted(lambda g, out, _x: g * (3 * _x * _x))
    check_order_1(case)
    with pytest.raises((AssertionError, TypeError, AttributeError)):
        DEMANDS["unread"](case)


def test_rule_that_writes_into_its_gradient_is_caught():
    def rule(g, out, x):
        g *= 3 * x * x
        return g

    with pytest.raises((AssertionError, ValueError)):
        DEMANDS["read-only"](planted(rule))
