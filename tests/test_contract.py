"""scikit-learn's own checks of the estimator contract, on every public estimator.

ESTIMATORS.md of the design has the least number of passed checks for each kind of estimator; a
check that is skipped or did not run would be missing here.
"""

import warnings

import pytest
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import has_fit_parameter

from estimators import CLASSES, for_checks, kind_of

# kind -> (with sample weights, without)
LEAST = {
    "classifier": (62, 55),
    "regressor": (59, 52),
    "transformer": (47, 47),
    "clusterer": (57, 57),
}


@pytest.mark.parametrize("name", CLASSES)
def test_contract(name):
    estimator = for_checks(name)
    expected = getattr(estimator, "_sklearn_xfail_checks", {})
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")  # the checks look at the warnings
        results = check_estimator(
            estimator, on_fail=None, on_skip=None, expected_failed_checks=expected
        )
    failed = [
        f"{each['check_name']}: {each['exception']}"
        for each in results
        if each["status"] not in ("passed", "xfail")
    ]
    assert not failed, "\n".join(failed)
    passed = len(results)  # the rest are the allowed ones of the test below
    least = LEAST[kind_of(name)][not has_fit_parameter(estimator, "sample_weight")]
    least -= estimator.__sklearn_tags__().input_tags.allow_nan  # then NaN is not to be refused
    assert passed >= least, f"{passed} checks passed, {least} expected"


def test_only_sample_weights_are_expected_to_differ():
    allowed = {"check_sample_weight_equivalence_on_dense_data"}
    for kind in CLASSES.values():
        assert set(getattr(kind, "_sklearn_xfail_checks", {})) <= allowed
