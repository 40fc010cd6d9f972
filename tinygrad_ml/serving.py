"""A saved model behind HTTP: `python -m tinygrad_ml.serving model.safetensors --port 8000`.

POST /predict with {"X": [[...], ...]} answers {"predictions": [...]}, and "probabilities" where the
model has them; GET /health says which model runs. A bad request gets status 400 and the sentence
that the model would raise. It listens on this computer alone unless told otherwise; for the open
internet put a server with encryption and authentication before it.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from .persistence import load

LARGEST = 16 << 20  # bytes of a request; more is refused before it is read


class ServingError(ValueError):
    """A request that the server refused; the text is its answer."""


def make_server(model: Any, host: str = "127.0.0.1", port: int = 8000) -> ThreadingHTTPServer:
    """A server for a fitted estimator; `serve_forever()` runs it, port 0 takes a free one."""
    if not hasattr(model, "predict") or isinstance(model, type):
        raise TypeError(
            f"make_server: expected a fitted estimator with a predict method, got {model!r:.80}. "
            "Put a network into MLPClassifier or its kin."
        )
    if not getattr(model, "__sklearn_is_fitted__", lambda: True)():
        raise ValueError(
            f"make_server: expected a fitted estimator, got {model!r:.80} before fit. Call fit "
            "first."
        )
    try:
        server = _Server((host, port), _Handler)
    except (OSError, OverflowError) as error:
        raise OSError(
            f"make_server: expected a free port from 0 to 65535 at an address of this computer, "
            f"got {host}:{port} ({error}). Take another port, or 0 for any free one."
        ) from error
    server.model = model
    return server


def serve(path: Any, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Load a saved model and answer requests until the process is stopped."""
    with make_server(load(path), host, port) as server:
        address = f"http://{host}:{server.server_address[1]}"
        print(f"Serving {path} at {address}", flush=True)
        server.serve_forever()


class Service:
    """A saved model in a server process of its own, and a client for it.

        with Service("model.safetensors") as service:
            service.predict(X)

    Leaving the block stops the process.
    """

    def __init__(self, path: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        command = [sys.executable, "-m", __spec__.name, str(path), "--host", host]
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if "http://" not in line:
            self.stop()
            raise ValueError(
                f"Service: the server for {path} did not start; what it wrote stands above. Look "
                "whether the file is a saved model and the port is free."
            )
        self.url = line.split()[-1]

    def predict(self, X: Any) -> np.ndarray:
        """Predictions of the server for the rows of X, an array or a list."""
        return np.asarray(self.request("/predict", {"X": np.asarray(X).tolist()})["predictions"])

    def health(self) -> dict[str, Any]:
        """What the server says about itself."""
        return self.request("/health")

    def request(self, path: str, content: Any = None) -> dict[str, Any]:
        """The server's answer to a GET, or with content to a POST; ServingError if it refuses."""
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.url + path, data)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ServingError(json.load(error)["error"]) from None

    def stop(self) -> None:
        """End the server process."""
        self.process.terminate()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    model: Any
    daemon_threads = True


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 60

    def do_GET(self) -> None:
        self._answer({"/health": self._health})

    def do_POST(self) -> None:
        self._answer({"/predict": self._predict})

    def _answer(self, known: dict[str, Any]) -> None:
        try:
            if self.path not in known:
                raise _Refused(
                    404, f"expected POST /predict or GET /health, got {self.command} {self.path}"
                )
            status, content = 200, known[self.path]()
        except _Refused as refused:
            status, content = refused.status, {"error": str(refused)}
        except Exception as error:
            self.log_error("%s: %s", type(error).__name__, error)
            status, content = 500, {"error": "the model failed; the server's log says why"}
        self._send(status, content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (no HTTP, another method) is answered in JSON, too."""
        self.close_connection = True
        self._send(code, {"error": message or "a bad request"})

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(_plain(content), allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _health(self) -> dict[str, Any]:
        return {"status": "ok", "model": repr(self.server.model)}

    def _predict(self) -> dict[str, Any]:
        model, X = self.server.model, self._rows()
        try:
            answer = {"predictions": model.predict(X)}
            if hasattr(model, "predict_proba"):
                answer["probabilities"] = model.predict_proba(X)
        except (ValueError, TypeError) as error:
            raise _Refused(400, str(error)) from error
        return answer

    def _rows(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise _Refused(411, "expected the header Content-Length, got none or no number")
        if int(length) > LARGEST:
            self.close_connection = True
            raise _Refused(413, f"expected at most {LARGEST} bytes, got {length}; send fewer rows")
        try:
            content = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _Refused(400, f"expected JSON, got something else ({error})") from error
        if not isinstance(content, dict) or not isinstance(content.get("X"), list):
            raise _Refused(400, 'expected {"X": [[...], ...]} with one list per sample')
        return content["X"]

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Answered requests are not logged; what failed is."""


def _plain(value: Any) -> Any:
    """Arrays as lists and numbers as Python's; JSON knows no NaN and no infinity, they are null."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description="Serve a saved model over HTTP.")
    options.add_argument("path", help="what tinygrad_ml.save wrote")
    options.add_argument("--host", default="127.0.0.1", help="this computer alone by default")
    options.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = options.parse_args()  # type: ignore[assignment]
    try:
        serve(options.path, options.host, options.port)  # type: ignore[attr-defined]
    except (OSError, ValueError, TypeError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
