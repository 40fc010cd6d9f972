"""A saved model in a server of its own process: the same predictions, and bad requests refused."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stand_ins import Longest, NearestMeans
from tinygrad_ml import serving
from tinygrad_ml.data import load_iris
from tinygrad_ml.models import LogisticRegression, MLPClassifier
from tinygrad_ml.preprocessing import StandardScaler, make_pipeline
from tinygrad_ml.serving import Service, ServingError, make_server
from tinygrad_ml.validation import ConvergenceWarning

X, y = load_iris()


@pytest.fixture(scope="module")
def running():
    """(model, ask): a server in a thread, and a function for raw requests to it."""
    model = NearestMeans().fit(X, y)
    with make_server(model, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(method, path, body=None, headers=None):
            connection = http.client.HTTPConnection(*server.server_address, timeout=20)
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = json.loads(answer.read())
            connection.close()
            return answer.status, content

        yield model, ask
        server.shutdown()


def test_predictions_and_probabilities(running):
    model, ask = running
    status, answer = ask("POST", "/predict", json.dumps({"X": X.tolist()}))
    assert status == 200
    assert answer["predictions"] == model.predict(X).tolist()
    np.testing.assert_array_equal(answer["probabilities"], model.predict_proba(X))
    status, answer = ask("GET", "/health")
    assert (status, answer) == (200, {"status": "ok", "model": "NearestMeans()"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"X": [[1, 2, 3]]}', "X has 3 features, but NearestMeans is expecting 4"),
        ('{"X": [1, 2, 3, 4]}', "Reshape your data"),
        ('{"X": [[1, 2, 3, 4], [1]]}', "rows of different lengths"),
        ('{"X": [["a", "b", "c", "d"]]}', "to hold numbers, got for example"),
        ('{"X": [[1, 2, 3, NaN]]}', "got NaN at X[0, 3]"),
        ('{"X": [[1, 2, 3, 1e999]]}', "got inf at X[0, 3]"),
        ('{"X": [[1, 2, 3, null]]}', "NaN"),
        ('{"X": [[1, 2, 3, 1' + "0" * 400 + "]]}", "got a longer integer"),
        ('{"X": [[{}, 2, 3, 4]]}', ""),
        ('{"X": []}', ""),
        ('{"X": 3}', "with one list per sample"),
        ('{"Y": [[1, 2, 3, 4]]}', "with one list per sample"),
        ("[1, 2]", "with one list per sample"),
        ("X=1", "expected JSON, got something else"),
        ("", "expected JSON, got something else"),
        ("[" * 100_000, "expected JSON, got something else"),
        (b"\xff\xfe\x00", "expected JSON, got something else"),
    ],
)
def test_bad_requests(running, body, message):
    status, answer = running[1]("POST", "/predict", body)
    assert status == 400
    assert message in answer["error"]


def test_wrong_addresses_and_sizes(running):
    ask = running[1]
    for method, path in (("GET", "/predict"), ("POST", "/health"), ("GET", "/../etc/passwd")):
        status, answer = ask(method, path, "{}" if method == "POST" else None)
        assert status == 404
        assert "expected POST /predict or GET /health" in answer["error"]
    status, answer = ask("POST", "/predict", None, {"Content-Length": str(1 << 40)})
    assert (status, answer["error"][:16]) == (413, "expected at most")
    status, _ = ask("POST", "/predict", None, {"Content-Length": "-5"})
    assert status == 411
    assert ask("GET", "/health")[0] == 200  # and it goes on


def test_other_methods_and_what_is_no_http(running):
    model, ask = running
    status, answer = ask("DELETE", "/predict")
    assert (status, answer["error"]) == (501, "Unsupported method ('DELETE')")
    with make_server(model, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(server.server_address, timeout=20) as client:
            client.sendall(b"hello\r\n\r\n")
            assert b'{"error": "Bad request syntax' in client.makefile("rb").read()
        server.shutdown()


def test_many_requests_at_once():
    """Also by a network, which is one object for all of them."""
    model = MLPClassifier(max_iter=5, batch_norm=True, dropout=0.2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    expected = model.predict_proba(X).tolist()
    with make_server(model, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(_):
            connection = http.client.HTTPConnection(*server.server_address, timeout=60)
            connection.request("POST", "/predict", json.dumps({"X": X.tolist()}))
            answer = json.loads(connection.getresponse().read())
            connection.close()
            return answer["probabilities"]

        with ThreadPoolExecutor(8) as pool:
            assert all(answer == expected for answer in pool.map(ask, range(24)))
        server.shutdown()


def test_a_model_that_fails_is_not_the_clients_fault(capsys):
    class Broken:
        def predict(self, X):
            raise ZeroDivisionError("secret")

    with make_server(Broken(), port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection(*server.server_address, timeout=20)
        connection.request("POST", "/predict", '{"X": [[1]]}')
        answer = connection.getresponse()
        assert answer.status == 500
        assert "secret" not in answer.read().decode()
        connection.close()
        server.shutdown()
    assert "ZeroDivisionError: secret" in capsys.readouterr().err


def test_texts():
    texts = ["no", "yes please"] * 3
    model = Longest().fit(texts, ["short", "long"] * 3)
    with make_server(model, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection(*server.server_address, timeout=20)
        connection.request("POST", "/predict", json.dumps({"X": texts}))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        server.shutdown()
    assert answer == {"predictions": ["short", "long"] * 3}


def test_a_process_of_its_own(tmp_path, capfd):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    model.save(tmp_path / "model.safetensors")
    with Service(tmp_path / "model.safetensors") as service:
        assert service.url.startswith("http://127.0.0.1:")
        assert service.health()["status"] == "ok"
        np.testing.assert_array_equal(service.predict(X), model.predict(X))
        with pytest.raises(ServingError, match="X has 3 features"):
            service.predict(X[:, :3])
    assert service.process.poll() is not None
    with pytest.raises(ValueError, match="did not start"):
        Service(tmp_path / "missing.safetensors")
    assert "missing.safetensors" in capfd.readouterr().err


def test_what_cannot_be_served(tmp_path):
    with pytest.raises(TypeError, match="expected a fitted estimator with a predict method, got 3"):
        make_server(3)
    with pytest.raises(
        TypeError, match="expected a fitted estimator with a predict method, got <c"
    ):
        make_server(NearestMeans)
    with pytest.raises(ValueError, match=r"got NearestMeans\(\) before fit"):
        make_server(NearestMeans())
    model = NearestMeans().fit(X, y)
    with make_server(model, port=0) as server:
        taken = server.server_address[1]
        for port in (taken, 99999):
            with pytest.raises(
                OSError, match=f"a free port from 0 to 65535 .* got 127.0.0.1:{port}"
            ):
                make_server(model, port=port)
    with pytest.raises(FileNotFoundError):
        serving.serve(tmp_path / "none")
