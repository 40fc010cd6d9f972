"""Dilation, groups, one axis, the way back and the pools: plain loops, identities, refusals."""

import itertools

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F

rng = np.random.default_rng(5)


def draw(*shape, dtype=np.float64):
    return rng.standard_normal(shape).astype(dtype)


def by_loops(x, w, stride, padding, dilation, groups):
    """The definition, one product of two numbers at a time."""
    (n, height, width, _), (kh, kw, c_group, c_out) = x.shape, w.shape
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    oh = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    out = np.zeros((n, oh, ow, c_out))
    for i, oy, ox, o in np.ndindex(out.shape):
        first = o // (c_out // groups) * c_group  # input channel of the group of o
        for a, b, c in np.ndindex(kh, kw, c_group):
            y, column = oy * sh + a * dh - ph, ox * sw + b * dw - pw
            if 0 <= y < height and 0 <= column < width:
                out[i, oy, ox, o] += x[i, y, column, first + c] * w[a, b, c, o]
    return out


def back_by_loops(x, w, stride, padding, extra, dilation, groups):
    """Every pixel times the kernel, added where its window lies."""
    (n, height, width, _), (kh, kw, c_group, c_out) = x.shape, w.shape
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    oh = (height - 1) * sh + dh * (kh - 1) + 1 - 2 * ph + extra[0]
    ow = (width - 1) * sw + dw * (kw - 1) + 1 - 2 * pw + extra[1]
    out, per = np.zeros((n, oh, ow, c_out)), c_out // groups
    for i, iy, ix, c in np.ndindex(x.shape):
        group, inside = divmod(c, c_group)
        for a, b, o in itertools.product(
            range(kh), range(kw), range(group * per, group * per + per)
        ):
            y, column = iy * sh + a * dh - ph, ix * sw + b * dw - pw
            if 0 <= y < oh and 0 <= column < ow:
                out[i, y, column, o] += x[i, iy, ix, c] * w[a, b, inside, o]
    return out


CONVOLUTIONS = [
    # c_in, c_out, kernel, stride, padding, dilation, groups
    (2, 3, (3, 2), (1, 1), (0, 0), (2, 1), 1),
    (2, 2, (2, 3), (2, 1), (1, 2), (1, 2), 1),
    (4, 6, (2, 2), (1, 2), (1, 0), (1, 1), 2),
    (6, 3, (3, 3), (2, 2), (2, 1), (2, 1), 3),
    (3, 3, (3, 3), (1, 1), (1, 1), (1, 1), 3),
    (2, 6, (2, 3), (2, 1), (0, 2), (3, 1), 2),
]


@pytest.mark.parametrize(
    ("c_in", "c_out", "kernel", "stride", "padding", "dilation", "groups"), CONVOLUTIONS
)
def test_against_loops(c_in, c_out, kernel, stride, padding, dilation, groups):
    x, w, bias = draw(2, 7, 6, c_in), draw(*kernel, c_in // groups, c_out), draw(c_out)
    out = F.conv2d(x, w, bias, stride, padding, dilation, groups)
    expected = by_loops(x, w, stride, padding, dilation, groups) + bias
    np.testing.assert_allclose(out, expected, atol=1e-12)
    extra = (stride[0] - 1, 0)
    out = F.conv_transpose2d(x, w, bias, stride, padding, extra, dilation, groups)
    expected = back_by_loops(x, w, stride, padding, extra, dilation, groups) + bias
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("c_in", "c_out", "kernel", "stride", "padding", "dilation", "groups"), CONVOLUTIONS
)
def test_transposed_is_the_adjoint(c_in, c_out, kernel, stride, padding, dilation, groups):
    """<conv(x, w), y> = <x, transposed(y, w with channels exchanged)>, group by group."""
    x, w = draw(2, 9, 8, c_in), draw(*kernel, c_in // groups, c_out)
    y = F.conv2d(x, w, None, stride, padding, dilation, groups)
    g = draw(*y.shape)
    parts = np.split(w, groups, axis=3)
    exchanged = np.concatenate([part.swapaxes(2, 3) for part in parts], axis=3)
    extra = [
        (n + 2 * p - d * (k - 1) - 1) % s
        for n, p, d, k, s in zip(x.shape[1:3], padding, dilation, kernel, stride)
    ]
    back = F.conv_transpose2d(g, exchanged, None, stride, padding, extra, dilation, groups)
    assert back.shape == x.shape
    assert np.sum(x * back) == pytest.approx(np.sum(y * g), rel=1e-11)


def test_one_axis_is_an_image_of_height_1():
    x, w, bias = draw(2, 9, 4), draw(3, 2, 6), draw(6)
    out = F.conv1d(x, w, bias, 2, 1, 2, 2)
    image = F.conv2d(x[:, None], w[None], bias, (1, 2), (0, 1), (1, 2), 2)
    np.testing.assert_array_equal(out, image[:, 0])
    np.testing.assert_array_equal(F.conv1d(x[0], w, bias, 2, 1, 2, 2), out[0])
    back = F.conv_transpose1d(x, w, bias, 3, 1, 2, 2, 2)
    image = F.conv_transpose2d(x[:, None], w[None], bias, (1, 3), (0, 1), (0, 2), (1, 2), 2)
    np.testing.assert_array_equal(back, image[:, 0])
    np.testing.assert_array_equal(F.max_pool1d(x, 3, 2, 1), F.max_pool2d(x[:, None], (1, 3), (1, 2),
                                  (0, 1))[:, 0])  # fmt: skip
    np.testing.assert_array_equal(F.avg_pool1d(x, 2), x[:, :8].reshape(2, 4, 2, 4).mean(axis=2))


@pytest.mark.parametrize(("stride", "kernel"), [(1, 3), (2, 3), (2, 4), (3, 2), ((2, 3), (5, 1))])
def test_same_multiplies_the_size(stride, kernel):
    x, size = draw(2, 4, 5, 2), (kernel, kernel) if isinstance(kernel, int) else kernel
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    out = F.conv_transpose2d(x, draw(*size, 2, 3), stride=stride, padding="same")
    assert out.shape == (2, 4 * sh, 5 * sw, 3)
    assert F.conv2d(out, draw(*size, 3, 1), stride=stride, padding="same").shape[:3] == (2, 4, 5)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 7), (8, 2)])
def test_adaptive_bins_by_loops(shape):
    x = draw(2, 5, 7, 3)
    out = F.adaptive_avg_pool2d(x, shape)
    for i, j in np.ndindex(shape):
        rows = slice(i * 5 // shape[0], -(-(i + 1) * 5 // shape[0]))
        columns = slice(j * 7 // shape[1], -(-(j + 1) * 7 // shape[1]))
        np.testing.assert_allclose(out[:, i, j], x[:, rows, columns].mean(axis=(1, 2)), atol=1e-14)


def test_upsampling_repeats():
    x = draw(2, 3, 2, 4)
    np.testing.assert_array_equal(F.upsample2d(x, (2, 3)), x.repeat(2, axis=1).repeat(3, axis=2))


CALLS = {
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, 1, 1, 2, 2), (2, 6, 4), (2, 2, 4), (4,)),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, 1, 1, 2), (1, 4, 4, 2), (2, 2, 2, 1), (1,)),
    "grouped": (lambda x, w, b: F.conv2d(x, w, b, groups=2), (1, 3, 3, 4), (2, 2, 2, 2), (2,)),
    "depthwise": (lambda x, w, b: F.conv2d(x, w, b, groups=2), (1, 3, 3, 2), (2, 2, 1, 4), (4,)),
    "transposed": (lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), (1, 2, 3, 2),
                   (3, 3, 2, 1), (1,)),
    "transposed 1d": (lambda x, w, b: F.conv_transpose1d(x, w, b, 2, groups=2), (1, 3, 2),
                      (2, 1, 2), (2,)),
    "max_pool1d": (F.max_pool1d, (2, 5, 2)),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 3, 2, 1, False), (2, 5, 2)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2, 2, 1, False), (1, 3, 3, 2)),
    "adaptive": (lambda x: F.adaptive_avg_pool2d(x, (2, 3)), (1, 3, 4, 2)),
    "upsample": (F.upsample2d, (1, 2, 3, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_gradients_of_both_orders(name):
    call, *shapes = CALLS[name]
    tensors = [tg.Tensor(draw(*shape), requires_grad=True) for shape in shapes]
    tg.check_gradients(lambda *xs: (call(*xs) ** 2).sum(), *tensors, order=2)


@pytest.mark.parametrize("name", CALLS)
def test_float32_stays(name):
    call, *shapes = CALLS[name]
    tensors = [tg.Tensor(draw(*shape, dtype=np.float32), requires_grad=True) for shape in shapes]
    out = call(*tensors)
    assert out.dtype == np.float32
    out.sum().backward()
    assert {t.grad.dtype for t in tensors} == {np.dtype(np.float32)}
    plain = call(*[t.data for t in tensors])
    assert type(plain) is np.ndarray and plain.dtype == np.float32
    np.testing.assert_array_equal(plain, out.data)


def test_no_images():
    for name, (call, shape, *others) in CALLS.items():
        expected = call(draw(*shape), *[draw(*o) for o in others]).shape[1:]
        out = call(draw(0, *shape[1:]), *[draw(*o) for o in others])
        assert out.shape == (0, *expected), name


IMAGE, W, SEQUENCE = np.ones((2, 8, 8, 4)), np.ones((3, 3, 4, 6)), np.ones((2, 9, 4))
MISTAKES = {
    "channels": (lambda: F.conv2d(IMAGE[..., :1], W), "conv2d: expected 4 input channels, got 1"),
    "channels first": (
        lambda: F.conv2d(np.ones((2, 4, 8, 8)), W),
        r"expected 4 input channels, got 8 .* x.transpose\(0, 2, 3, 1\) moves the channels",
    ),
    "sequence channels first": (
        lambda: F.conv1d(np.ones((2, 4, 9)), W[0]),
        r"x.transpose\(0, 2, 1\) moves the channels to the end",
    ),
    "group channels": (
        lambda: F.conv2d(IMAGE, W, groups=2), r"expected 8 input channels \(2 groups of 4\), got 4"
    ),
    "groups": (lambda: F.conv2d(IMAGE, W, groups=4), "that divides the 6 output channels, got 4"),
    "no group": (lambda: F.conv2d(IMAGE, W, groups=0), "groups must be an integer of at least 1"),
    "half a group": (lambda: F.conv2d(IMAGE, W, groups=1.5), "groups must be an integer"),
    "dilation": (lambda: F.conv2d(IMAGE, W, dilation=0), "dilation must be an integer"),
    "wide": (lambda: F.conv2d(IMAGE, W, dilation=4), "height of at least 9, got 8"),
    "image for a sequence": (lambda: F.conv1d(IMAGE, W[0]), r"expected sequences of shape \(n, le"),
    "kernel of one axis": (lambda: F.conv1d(SEQUENCE, W), r"kernels of shape \(k, c_in, c_out\)"),
    "pair": (lambda: F.conv1d(SEQUENCE, W[0], stride=(1, 2)), "stride must be an integer of at le"),
    "short": (lambda: F.conv1d(SEQUENCE[:, :2], W[0]), "a length of at least 3, got 2"),
    "text": (lambda: F.conv1d("sequence", W[0]), "expected floating-point sequences"),
    "nothing": (lambda: F.conv2d(None, W), "expected floating-point images"),
    "ragged": (lambda: F.conv1d([[1.0], [1.0, 2.0]], W[0]), "numbers in a regular shape"),
    "integer kernels": (lambda: F.conv2d(IMAGE, W.astype(int)), "floating-point kernels, got int"),
    "bias": (lambda: F.conv_transpose2d(IMAGE, W, np.ones(4)), r"bias of shape \(6,\), got \(4,\)"),
    "output padding": (
        lambda: F.conv_transpose2d(IMAGE, W, stride=2, output_padding=2), "below the stride 2"
    ),
    "same": (
        lambda: F.conv_transpose2d(IMAGE, W, None, 2, "same", 1), "expected no output_padding with"
    ),
    "all cut off": (
        lambda: F.conv_transpose2d(IMAGE, W, padding=5), r"leaves nothing .* Use less padding"
    ),
    "word": (lambda: F.conv_transpose1d(SEQUENCE, W[0], padding="full"), "'same' or 'valid', got"),
    "pool length": (lambda: F.max_pool1d(SEQUENCE, 10), "length of at least 10, got 9"),
    "pool padding": (lambda: F.avg_pool1d(SEQUENCE, 2, 2, 2), "would see no sequence"),
    "no bins": (lambda: F.adaptive_avg_pool2d(IMAGE, 0), "output_size must be an integer"),
    "no pixels": (lambda: F.adaptive_avg_pool2d(IMAGE[:, :0], 1), "expected images with pixels"),
    "half": (lambda: F.upsample2d(IMAGE, 0.5), "scale must be an integer of at least 1"),
    "integer images": (lambda: F.upsample2d(IMAGE.astype(int)), "floating-point images, got int"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    call, message = MISTAKES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()
