"""Backpropagation written out by hand, in plain NumPy and float64: what autograd must agree with.

The equations of the textbooks (Rumelhart, Hinton & Williams, 1986), with samples as columns:

    delta^L = grad_a C * s'(z^L)
    delta^l = (w^(l+1).T delta^(l+1)) * s'(z^l)
    dC/dw^l = delta^l (a^(l-1)).T       dC/db^l = delta^l
    w <- w - (eta / m) sum over the m samples of dC/dw

Here a row is a sample, so each product is transposed, z = a w + b, and the products over a batch
contain the sum over the samples; the mean over them stands in the cost. The derivative s' is
always taken at the pre-activation z, never at the activation.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACTIVATIONS = {  # s(z) and s'(z)
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), sigmoid),
    "linear": (lambda z: z, np.ones_like),
}


# ---- the error of the last layer, delta^L, with the cost's mean over the m samples


def delta_squared_error(z, y, activation="linear"):
    """C = mean of (a - y)^2 over all elements, so grad_a C = 2 (a - y) / size."""
    s, slope = ACTIVATIONS[activation]
    return 2 * (s(z) - y) / y.size * slope(z)


def delta_binary_cross_entropy(z, y):
    """Sigmoid and binary cross-entropy: s' cancels, delta^L = (a - y) / size."""
    return (sigmoid(z) - y) / y.size


def delta_cross_entropy(z, classes):
    """Softmax and cross-entropy: delta^L = (a - y) / m with y one-hot."""
    y = np.eye(z.shape[1])[classes]
    return (softmax(z) - y) / len(z)


# ---- dense layers


def dense_forward(parameters, x, activations):
    """Pre-activations z^l and activations a^l (a^0 = x); parameters are [w1, b1, w2, b2, ...]."""
    zs, layers = [], [x]
    for w, b, name in zip(parameters[::2], parameters[1::2], activations):
        zs.append(layers[-1] @ w + b)
        layers.append(ACTIVATIONS[name][0](zs[-1]))
    return zs, layers


def dense_backward(parameters, zs, layers, activations, delta):
    """[dC/dw1, dC/db1, ...] from delta^L, and dC/dx."""
    gradients = []
    for l in range(len(zs) - 1, -1, -1):
        gradients = [layers[l].T @ delta, delta.sum(axis=0)] + gradients
        delta = delta @ parameters[2 * l].T
        if l > 0:
            delta = delta * ACTIVATIONS[activations[l - 1]][1](zs[l - 1])
    return gradients, delta


# ---- convolution (stride 1) and pooling, pixel by pixel


def convolve(x, w, b, border):
    n, height, width, _ = x.shape
    kh, kw, _, c_out = w.shape
    padded = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
    out = np.zeros((n, height + 2 * border - kh + 1, width + 2 * border - kw + 1, c_out))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            window = padded[:, i : i + kh, j : j + kw, :]
            for o in range(c_out):
                out[:, i, j, o] = (window * w[..., o]).sum(axis=(1, 2, 3)) + b[o]
    return out


def convolve_backward(x, w, border, delta):
    """dC/dw, dC/db and dC/dx: every output pixel passes its error to its window."""
    kh, kw, _, c_out = w.shape
    padded = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
    dw, dx = np.zeros_like(w), np.zeros_like(padded)
    for i in range(delta.shape[1]):
        for j in range(delta.shape[2]):
            for o in range(c_out):
                error = delta[:, i, j, o][:, None, None, None]
                dw[..., o] += (error * padded[:, i : i + kh, j : j + kw, :]).sum(axis=0)
                dx[:, i : i + kh, j : j + kw, :] += error * w[..., o]
    inside = slice(border, -border) if border else slice(None)
    return dw, delta.sum(axis=(0, 1, 2)), dx[:, inside, inside, :]


def pool(x, size=2):
    n, height, width, c = x.shape
    out = np.zeros((n, height // size, width // size, c))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            window = x[:, i * size : (i + 1) * size, j * size : (j + 1) * size]
            out[:, i, j] = window.max(axis=(1, 2))
    return out


def pool_backward(x, delta, size=2):
    """Every error goes to the pixel that won its window, the first of equals."""
    dx = np.zeros_like(x)
    for k, i, j, channel in np.ndindex(delta.shape):
        window = x[k, i * size : (i + 1) * size, j * size : (j + 1) * size, channel]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[k, i * size + row, j * size + column, channel] += delta[k, i, j, channel]
    return dx


def cnn_gradients(parameters, images, classes, blocks, border):
    """Gradients of the mean cross-entropy: convolution, relu, pool, `blocks` times; then dense
    layers with relu between them. Parameters are [w1, b1, ...] of all layers in order."""
    relu, slope = ACTIVATIONS["relu"]
    inputs, zs, x = [], [], images
    for w, b in zip(parameters[: 2 * blocks : 2], parameters[1 : 2 * blocks : 2]):
        inputs.append(x)
        zs.append(convolve(x, w, b, border))
        x = pool(relu(zs[-1]))
    head = parameters[2 * blocks :]
    activations = ["relu"] * (len(head) // 2 - 1) + ["linear"]
    dense_zs, layers = dense_forward(head, x.reshape(len(x), -1), activations)
    delta = delta_cross_entropy(dense_zs[-1], classes)
    gradients, delta = dense_backward(head, dense_zs, layers, activations, delta)
    delta = delta.reshape(x.shape)
    for k in range(blocks - 1, -1, -1):
        delta = pool_backward(relu(zs[k]), delta) * slope(zs[k])
        dw, db, delta = convolve_backward(inputs[k], parameters[2 * k], border, delta)
        gradients = [dw, db] + gradients
    return gradients


# ---- linear models, for costs with the factor that makes their derivatives plain


def linear_regression(X, y, w, b):
    """C = mean of (y^ - y)^2 / 2: dw = X.T (y^ - y) / n, db = mean(y^ - y)."""
    residual = X @ w + b - y
    return X.T @ residual / len(X), residual.mean()


def logistic_regression(X, y, w, b):
    """C = mean binary cross-entropy: the same with y^ = sigmoid(X w + b)."""
    residual = sigmoid(X @ w + b) - y
    return X.T @ residual / len(X), residual.mean()
