"""One file for arrays and plain values: safetensors for the numbers, JSON for the rest, no pickle.

A tree of dicts, lists, tuples, numbers, strings and arrays becomes a JSON text in which every
array is a name, and a table name -> array. Both stand in one safetensors file, which any other
tool that reads the format can open, with a checksum over all of it. A file is written beside its
final place, synced to the disk and renamed, so that a crash leaves the old one or the new one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

KEY = "tinygrad_ml"  # where the JSON text stands in the file's metadata
VERSION = 1
STORED = {"float64", "float32", "float16", "int64", "int32", "int16", "int8",
          "uint64", "uint32", "uint16", "uint8", "bool"}  # fmt: skip


def write_atomically(path: Any, data: bytes) -> None:
    """Write a file so that nobody, not even after a power cut, finds half of it.

    Missing folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    if os.name == "posix":  # the new name is on the disk when its folder is
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Packer:
    """Turn a tree of values into JSON and named arrays; what occurs twice is stored once."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._seen: dict[int, tuple[int, Any]] = {}  # the object too, so that its id stays taken

    def pack(self, value: Any, place: str = "") -> Any:
        """The JSON form of `value`; `place` is its dotted name, which names its arrays."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, np.generic):
            return {"scalar": self._store(np.asarray(value), place)}
        if isinstance(value, np.dtype):
            return {"dtype": value.str}
        if type(value) is tuple:
            return {"tuple": [self.pack(v, join(place, i)) for i, v in enumerate(value)]}
        if id(value) in self._seen:
            return {"shared": self._seen[id(value)][0]}
        self._seen[id(value)] = (len(self._seen), value)
        if type(value) in (np.ndarray, np.memmap):
            return self.pack_array(value, place)
        if type(value) is list:
            return [self.pack(v, join(place, i)) for i, v in enumerate(value)]
        if type(value) is dict:
            return {
                "dict": [[self.pack(k), self.pack(v, join(place, k))] for k, v in value.items()]
            }
        return self.pack_object(value, place)

    def pack_array(self, array: np.ndarray, place: str) -> Any:
        """An array by its name; one of objects as the list of them."""
        if array.dtype == object:
            items = [self.pack(v, join(place, i)) for i, v in enumerate(array.ravel())]
            return {"objects": items, "shape": list(array.shape)}
        return {"array": self._store(array, place)}

    def _store(self, array: np.ndarray, place: str) -> Any:
        """Keep an array under a free name; dtypes unknown to safetensors as their bytes."""
        name = place or "value"
        while name in self.arrays:
            name += "'"
        if array.dtype.name in STORED:
            self.arrays[name] = np.array(array, array.dtype.newbyteorder("="), order="C")
            return name
        if array.dtype.kind not in "cfSUMm":
            raise TypeError(f"save: cannot store {place}, an array of {array.dtype}.")
        raw = np.array(array, order="C").tobytes()
        self.arrays[name] = np.frombuffer(raw, np.uint8)
        return [name, array.dtype.str, list(array.shape)]

    def pack_object(self, value: Any, place: str) -> Any:
        """Anything else; subclasses know more kinds."""
        raise TypeError(
            f"save: expected numbers, strings, arrays, lists and dicts, got {type(value).__name__} "
            f"as {place}. Convert it to one of these."
        )


class Unpacker:
    """The way back from JSON and named arrays to the tree; every array is an own, writable copy."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.objects: list[Any] = []  # in the order in which they were packed

    def unpack(self, value: Any) -> Any:
        """The value behind its JSON form."""
        if isinstance(value, list):
            values = self.remember([])
            values.extend(self.unpack(v) for v in value)
            return values
        if not isinstance(value, dict):
            return value
        if "shared" in value:
            return self.objects[value["shared"]]
        if "tuple" in value:
            return tuple(self.unpack(v) for v in value["tuple"])
        if "scalar" in value:
            return self._fetch(value["scalar"])[()]
        if "dtype" in value:
            return np.dtype(value["dtype"])
        if "dict" in value:
            entries = self.remember({})
            entries.update((self.unpack(k), self.unpack(v)) for k, v in value["dict"])
            return entries
        if "array" in value:
            return self.remember(self._fetch(value["array"]))
        if "objects" in value:
            array = self.remember(np.empty(value["shape"], object))
            flat = array.reshape(-1)
            for i, item in enumerate(value["objects"]):
                flat[i] = self.unpack(item)
            return array
        return self.unpack_object(value)

    def remember(self, value: Any) -> Any:
        """Number an object, for those that refer to it."""
        self.objects.append(value)
        return value

    def _fetch(self, name: Any) -> np.ndarray:
        if isinstance(name, str):
            return self.arrays[name].copy()
        name, dtype, shape = name
        return np.frombuffer(self.arrays[name].tobytes(), dtype).reshape(shape).copy()

    def unpack_object(self, value: dict[str, Any]) -> Any:
        """Anything else; subclasses know more kinds."""
        raise ValueError(f"an unknown kind of value, {'/'.join(value)}")


def join(place: str, key: Any) -> str:
    """The dotted name of an entry."""
    return f"{place}.{key}" if place else str(key)


def write(path: Any, kind: str, content: Any, arrays: dict[str, np.ndarray]) -> None:
    """Write packed content under a kind ("model", "checkpoint", ...) and seal it."""
    from safetensors.numpy import save

    text = json.dumps({"version": VERSION, "kind": kind, "content": content})
    metadata = {KEY: text, "sha256": _checksum(text, arrays)}
    write_atomically(path, save(arrays, metadata))


def read(path: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(document, arrays) of a file that `write` made.

    Raises FileNotFoundError, and ValueError for anything but an intact file of this package.
    """
    from safetensors import SafetensorError, safe_open

    if Path(path).is_dir():
        raise ValueError(damaged(path, "a folder"))
    try:
        with safe_open(os.fspath(path), framework="np") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise ValueError(damaged(path, "another program wrote it"))
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise ValueError(damaged(path, str(error))) from error
    text = metadata[KEY]
    if metadata.get("sha256") != _checksum(text, arrays):
        raise ValueError(damaged(path, "its checksum does not fit"))
    document = json.loads(text)
    if document["version"] != VERSION:
        raise ValueError(
            f"load: expected format version {VERSION}, {path} has {document['version']}. "
            "Install a newer tinygrad_ml."
        )
    return document, arrays


def damaged(path: Any, reason: str) -> str:
    """The sentence for a file that cannot be used."""
    return (
        f"load: expected an intact file that tinygrad_ml saved, got {path} ({reason.rstrip('.')}). "
        "Save it again, or use another copy."
    )


def _checksum(text: str, arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over the structure and over name, dtype, shape and bytes of every array."""
    import hashlib

    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
