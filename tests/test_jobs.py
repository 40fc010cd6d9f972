"""Independent jobs: the same results, and the same error, one at a time or two."""

import pytest

from tinygrad_ml.jobs import run_jobs
from work import fails_late, square, transformed


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_results_come_in_the_order_of_the_jobs(n_jobs):
    jobs = [(i,) for i in range(20)]
    assert run_jobs(square, jobs, n_jobs, owner="squares") == [i * i for i in range(20)]
    assert run_jobs(square, [], n_jobs, owner="squares") == []


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_error_is_that_of_the_first_job(n_jobs):
    with pytest.raises(ValueError, match="job 1"):
        run_jobs(fails_late, [(i,) for i in range(4)], n_jobs, owner="jobs")


def test_an_error_says_where_it_was_raised():
    with pytest.raises(ValueError, match="job 1") as info:
        run_jobs(fails_late, [(1,), (2,)], 2, owner="jobs")
    assert "fails_late" in str(info.value.__cause__)


def test_unfitted_in_another_process():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="PCA: this estimator is not fitted yet"):
        run_jobs(transformed, [(1,), (2,)], 2, owner="jobs")


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True])
def test_numbers_of_jobs(n_jobs):
    with pytest.raises(ValueError, match="n_jobs must be None, a positive integer, or -1"):
        run_jobs(square, [(1,)], n_jobs, owner="jobs")
