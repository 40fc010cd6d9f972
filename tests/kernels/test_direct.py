"""Direct convolution of images with one channel: against im2col, and where it is taken."""

import numpy as np
import pytest

from tinygrad_ml import kernels

direct = pytest.importorskip("tinygrad_ml.kernels.direct", exc_type=ImportError)

CASES = {  # kernel, padding, image
    "LeNet": ((5, 5, 1, 8), ((0, 0), (0, 0)), (3, 28, 28, 1)),
    "padded": ((3, 3, 1, 4), ((1, 1), (1, 1)), (2, 9, 7, 1)),
    "uneven padding": ((2, 4, 1, 3), ((1, 0), (2, 1)), (2, 6, 9, 1)),
    "one kernel": ((2, 2, 1, 1), ((0, 0), (0, 0)), (1, 5, 6, 1)),
    "many images": ((3, 3, 1, 8), ((1, 1), (1, 1)), (300, 20, 20, 1)),
    "no images": ((3, 3, 1, 2), ((1, 1), (1, 1)), (0, 8, 8, 1)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_equal_to_im2col(case, dtype, monkeypatch):
    kernel, padding, shape = CASES[case]
    rng = np.random.default_rng(0)
    x, w, bias = (rng.standard_normal(s).astype(dtype) for s in (shape, kernel, kernel[3:]))
    how = {"stride": (1, 1), "padding": padding}
    taken, pays = [], direct.pays
    monkeypatch.setattr(direct, "pays", lambda *args: taken.append(pays(*args)) or taken[-1])
    for b in (bias, None):
        expected = kernels.conv2d.numpy(x, w, b, **how)
        np.testing.assert_allclose(
            kernels.conv2d.compiled(x, w, b, **how),
            expected,
            atol=2e-5 if dtype == np.float32 else 1e-12,
        )
    g = rng.standard_normal(expected.shape).astype(dtype)
    found = kernels.conv2d_weight.compiled(x, g, shape=kernel, **how)
    reference = kernels.conv2d_weight.numpy(x, g, shape=kernel, **how)
    scale = np.abs(reference).max(initial=1)
    assert found.dtype == dtype
    np.testing.assert_allclose(
        found, reference, atol=(1e-5 if dtype == np.float32 else 1e-12) * scale
    )


def test_where_it_is_taken():
    usual = (64, (24, 24), (5, 5, 1, 8), (1, 1), ((0, 0), (0, 0)))
    x = np.zeros(1, np.float32)
    assert direct.pays(*usual, x, None)
    for other in (
        (64, (24, 24), (5, 5, 3, 8), (1, 1), ((0, 0), (0, 0))),
        (64, (24, 24), (5, 5, 1, 32), (1, 1), ((0, 0), (0, 0))),
        (64, (12, 12), (5, 5, 1, 8), (2, 2), ((0, 0), (0, 0))),
        (64, (20, 20), (5, 5, 1, 8), (1, 1), ((-1, -1), (0, 0))),
    ):
        assert not direct.pays(*other, x)
    assert not direct.pays(*usual, x, x.astype(np.float64))
