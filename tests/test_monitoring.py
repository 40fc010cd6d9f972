"""The monitor: distances by hand, false alarms as often as promised, a log that survives."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_ml.jobs import run_jobs
from tinygrad_ml.monitoring import Monitor, chi_squared_beyond, ks_distance, stability_index
from tinygrad_ml.plotting import plot_monitor
from work import log_twenty

RNG = np.random.default_rng(0)
REFERENCE = RNG.normal(size=(400, 3))


def watched(rows, **options):
    monitor = Monitor(REFERENCE, **options)
    monitor.log(rows, np.zeros(len(rows), int))
    return monitor


class TestDistances:
    @given(
        st.lists(st.integers(0, 9), min_size=1, max_size=30),
        st.lists(st.integers(0, 9), min_size=1, max_size=30),
    )
    def test_kolmogorov_smirnov_by_brute_force(self, one, other):
        apart = [np.mean(np.array(one) <= t) - np.mean(np.array(other) <= t) for t in range(10)]
        expected = np.abs(apart).max()
        assert ks_distance(np.sort(one), np.sort(other)) == pytest.approx(expected)

    def test_stability_index_by_hand(self):
        """Two bins: shares (with half a row) 10.5 and 10.5 of 21 against 5.5 and 15.5."""
        reference = np.sort(np.repeat([0.0, 1.0], 10))
        value, n_bins = stability_index(reference, np.sort(np.repeat([0.0, 1.0], [5, 15])))
        q, p = np.array([0.5, 0.5]), np.array([5.5, 15.5]) / 21
        assert n_bins == 2
        assert value == pytest.approx(np.sum((p - q) * np.log(p / q)))

    def test_stability_index_of_equal_and_constant_values(self):
        values = np.sort(RNG.normal(size=100))
        assert stability_index(values, values)[0] == 0
        assert stability_index(np.ones(50), np.ones(20)) == (0, 1)
        assert stability_index(values, np.full(20, 9.0))[0] > 1

    @pytest.mark.parametrize("degrees", [1, 2, 4, 9])
    @pytest.mark.parametrize("tail", [0.1, 0.01, 1e-4])
    def test_quantiles_are_close(self, degrees, tail):
        exact = scipy.stats.chi2.isf(tail, degrees)
        assert chi_squared_beyond(degrees, tail) == pytest.approx(exact, rel=0.06)


class TestDrift:
    def test_false_alarms_are_as_rare_as_promised(self):
        """Of 400 windows without drift at level 0.1 at most 10 % raise an alarm (5 sd: 17.5 %)."""
        rng = np.random.default_rng(1)
        alarms = 0
        for _ in range(400):
            monitor = Monitor(rng.normal(size=(200, 3)), level=0.1)
            monitor.log(rng.normal(size=(100, 3)), np.zeros(100, int))
            alarms += monitor.drift().drifted.any()
        assert alarms / 400 < 0.175

    @pytest.mark.parametrize("change", [lambda c: c + 1, lambda c: 3 * c, lambda c: np.round(c)])
    def test_what_changed_is_found(self, change):
        rows = np.random.default_rng(2).normal(size=(300, 3))
        rows[:, 1] = change(rows[:, 1])
        assert watched(rows).drift().drifted.tolist() == [False, True, False]

    def test_only_the_window_counts(self):
        rows = np.random.default_rng(3).normal(size=(600, 3))
        rows[:300] += 5
        assert watched(rows, window=300).drift().drifted.sum() == 0
        assert watched(rows, window=600).drift().drifted.sum() == 3

    def test_few_rows_and_constant_columns(self):
        monitor = Monitor(np.ones((1, 2)))
        monitor.log(np.ones((1, 2)), [0])
        assert not monitor.drift().drifted.any()
        monitor = Monitor(np.ones((200, 1)))
        monitor.log(np.full((100, 1), 2.0), np.zeros(100))
        assert monitor.drift().drifted.all()


class TestAccuracy:
    def test_of_the_latest_labels(self):
        monitor = Monitor(REFERENCE, window=4)
        assert math.isnan(monitor.accuracy)
        ids = monitor.log(REFERENCE[:6], ["a", "a", "b", "b", "a", "b"])
        monitor.label(ids[:2], ["b", "b"])
        assert monitor.accuracy == 0
        monitor.label(ids[2:], ["b", "b", "a", "a"])
        assert monitor.accuracy == 0.75

    @pytest.mark.parametrize(
        ("promised", "n_right", "fell"),
        [(0.95, 178, True), (0.95, 180, False), (0.95, 195, False), (0.95, 0, True),
         (1.0, 199, True), (1.0, 200, False), (0.0, 0, False)],
    )  # fmt: skip
    def test_lower_than_promised(self, promised, n_right, fell):
        """At 0.95 the bound of 178 of 200 is exp(-5.73), that of 180 exp(-4.13); ln 100 = 4.61."""
        monitor = Monitor(REFERENCE, accuracy=promised)
        ids = monitor.log(REFERENCE[:200], np.zeros(200, int))
        monitor.label(ids, np.arange(200) >= n_right)
        assert monitor.accuracy == n_right / 200
        assert monitor.accuracy_fell() is fell
        assert ("LOWER THAN PROMISED" in monitor.report()) is fell

    @pytest.mark.parametrize("promised", [0.6, 0.9, 0.99])
    @pytest.mark.parametrize("n", [10, 95, 500])
    def test_a_kept_promise_is_rarely_doubted(self, promised, n):
        """Exactly: the binomial probability of all counts that raise the alarm is below level."""
        monitor = Monitor(REFERENCE, accuracy=promised, window=n)
        alarms = []
        for n_right in range(n + 1):
            monitor.right.extend([True] * n_right + [False] * (n - n_right))
            alarms.append(monitor.accuracy_fell())
        chance = scipy.stats.binom.pmf(np.arange(n + 1), n, promised)[alarms].sum()
        assert 0 <= chance <= 0.01

    def test_report(self):
        rows = REFERENCE[:100] + [0, 0, 4]
        monitor = Monitor(REFERENCE, names=["age", "height", "weight"])
        assert monitor.report() == "0 predictions logged, 0 without a label yet"
        ids = monitor.log(rows, np.zeros(100, int))
        monitor.label(ids[:50], np.zeros(50))
        text = monitor.report()
        assert "100 predictions logged, 50 without a label yet" in text
        assert "accuracy of the last 50 labels 100.0%" in text
        assert "drift in 1 of 3 features" in text
        assert "  weight: KS " in text


class TestLog:
    def test_goes_on_after_a_restart(self, tmp_path):
        path = tmp_path / "logs" / "log.jsonl"
        first = Monitor(REFERENCE, path=path)
        ids = first.log(REFERENCE[:5], np.arange(5))
        first.label(ids[:3], [0, 1, 0])
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(entries) == 8
        assert entries[0]["X"] == REFERENCE[0].tolist() and entries[5]["label"] == 0

        with open(path, "a") as file:
            file.write('{"id": 9, "la')  # a killed process
        again = Monitor(REFERENCE, path=path)
        assert again.accuracy == pytest.approx(2 / 3)
        assert again.log(REFERENCE[:1], [1]) == [5]
        again.label([3], [3])
        assert Monitor(REFERENCE, path=path).accuracy == 0.75

    @pytest.mark.parametrize("text", ["hello\n", "[1]\n", '{"id": 0}\n', '{"id": 0, "X": [1]}\n'])
    def test_a_file_of_something_else(self, tmp_path, text):
        path = tmp_path / "log.jsonl"
        path.write_text(text)
        with pytest.raises(ValueError, match="expected the log of a Monitor of 3 features"):
            Monitor(REFERENCE, path=path)

    def test_a_file_of_something_else_stays_as_it_is(self, tmp_path):
        for content in (b"\x00\x01 no text\nand no end", b"hello", b'{"a": 1}'):
            (tmp_path / "other").write_bytes(content)
            with pytest.raises(ValueError, match="got something else"):
                Monitor(REFERENCE, path=tmp_path / "other")
            assert (tmp_path / "other").read_bytes() == content

    def test_several_writers(self, tmp_path):
        """Two monitors, and two processes at once, number their rows without a clash."""
        path = tmp_path / "log.jsonl"
        one, two = Monitor(REFERENCE, path=path), Monitor(REFERENCE, path=path)
        assert one.log(REFERENCE[:2], [0, 0]) == [0, 1]
        assert two.log(REFERENCE[2:4], [1, 1]) == [2, 3]
        one.label([3], [1])  # what the other one has logged
        with pytest.raises(ValueError, match="no label yet, each once, got 3"):
            two.label([3], [1])
        found = run_jobs(log_twenty, [(path, REFERENCE)] * 2, 2, owner="writers")
        assert sorted(found[0] + found[1]) == list(range(4, 44))
        again = Monitor(REFERENCE, path=path)
        assert (again.n_logged, len(again.waiting), again.accuracy) == (44, 43, 1)

    def test_what_json_has_no_word_for_leaves_no_half_entry(self, tmp_path):
        monitor = Monitor(REFERENCE, path=tmp_path / "log.jsonl")
        with pytest.raises(ValueError, match="expected numbers or texts, got the prediction"):
            monitor.log(REFERENCE[:2], np.array(["a", {1}], object))
        assert monitor.n_logged == 0 and not (tmp_path / "log.jsonl").exists()

    def test_names_of_a_frame(self):
        assert Monitor(pd.DataFrame(REFERENCE, columns=list("abc"))).names == ["a", "b", "c"]


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"window": 0}, "window must be a positive integer, got 0"),
            ({"level": 1.5}, "level must be a number between 0 and 1, got 1.5"),
            ({"accuracy": 97}, "accuracy must be a number from 0 to 1, got 97"),
            ({"names": ["a"]}, "expected 3 names, one per feature, got 1"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            Monitor(REFERENCE, **options)

    def test_calls(self):
        monitor = Monitor(REFERENCE)
        with pytest.raises(ValueError, match="expected logged rows, got none yet"):
            monitor.drift()
        with pytest.raises(ValueError, match=r"rows of 3 features .* got X of shape \(2, 2\)"):
            monitor.log(REFERENCE[:2, :2], [0, 1])
        with pytest.raises(ValueError, match=r"predictions of shape \(3,\)"):
            monitor.log(REFERENCE[:2], [0, 1, 1])
        with pytest.raises(ValueError, match="Reshape your data"):
            monitor.log(REFERENCE[0], 1)
        with pytest.raises(ValueError, match="got NaN"):
            monitor.log(np.full((1, 3), np.nan), [0])
        with pytest.raises(ValueError, match="got the prediction nan. Leave out rows"):
            monitor.log(REFERENCE[:2], [0, np.nan])
        frame = pd.DataFrame(REFERENCE, columns=list("abc"))
        with pytest.raises(ValueError, match="columns of the reference in their order, .*'b', 'a'"):
            Monitor(frame).log(frame[["c", "b", "a"]], np.zeros(400))
        ids = monitor.log(REFERENCE[:2], [0, 1])
        for unknown in (None, np.nan):
            with pytest.raises(ValueError, match="got the label"):
                monitor.label(ids[:1], [unknown])
        with pytest.raises(ValueError, match="a label like the prediction 0, got '0', and a text"):
            monitor.label(ids[:1], ["0"])
        for wrong in ([7], [ids[0], ids[0]]):
            with pytest.raises(ValueError, match="expected ids that log returned"):
                monitor.label(wrong, [0] * len(wrong))
        with pytest.raises(ValueError, match="got 1 ids and 2 labels"):
            monitor.label(ids[:1], [0, 1])
        monitor.label(ids, [0, 1])
        with pytest.raises(ValueError, match="that have no label yet"):
            monitor.label(ids[:1], [0])


def test_picture():
    monitor = watched(REFERENCE[:100] + [0, 0, 4], accuracy=0.9)
    assert len(plot_monitor(monitor).axes) == 2
    monitor.label(range(50), np.zeros(50))
    left, right = plot_monitor(monitor).axes
    assert [bar.get_width() for bar in left.patches] == sorted(monitor.drift().ks)
    assert right.lines[0].get_ydata()[-1] == pytest.approx(1)
    with pytest.raises(TypeError, match="expected a Monitor, got 3"):
        plot_monitor(3)
