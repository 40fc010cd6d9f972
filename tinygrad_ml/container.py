"""One file for arrays and plain values: safetensors for the numbers, JSON for the rest, no pickle.

A tree of dicts, lists, tuples, numbers, strings and arrays becomes a JSON text in which every
array is a name, and a table name -> array. Both stand in one safetensors file, which any other
tool that reads the format can open, with a checksum over all of it. A file is written beside its
final place, synced to the disk and renamed, so that a crash leaves the old one or the new one.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

KEY = "tinygrad_ml"  # where the JSON text stands in the file's metadata
VERSION = 1
KINDS = ("model", "values", "checkpoint")
STORED = {"float64", "float32", "float16", "int64", "int32", "int16", "int8",
          "uint64", "uint32", "uint16", "uint8", "bool"}  # fmt: skip


class FileError(ValueError):
    """A file that cannot be loaded; the text says why, and what to do."""


def file_path(path: Any, owner: str) -> Path:
    """The path of a file; `owner` says in an error who was given something else."""
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        raise TypeError(
            f"{owner}: expected the name of a file, got {path!r:.80}. "
            "Write for example 'run/model.safetensors'."
        )
    if Path(path).is_dir():
        raise ValueError(
            f"{owner}: expected the name of a file, got {path}, which is a folder. "
            f"Write for example '{Path(path, 'model.safetensors')}'."
        )
    return Path(path)


def write_atomically(path: Any, data: bytes) -> None:
    """Write a file so that nobody, not even after a power cut, finds half of it.

    Missing folders are made. What a killed process leaves is one file `.name.tmp`, which the next
    write to the same path takes over. Two writers to one path wait for each other.
    """
    path = file_path(path, "save")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"save: expected a folder for {path.name}, got {path.parent}, where a file stands in "
            "the way. Choose another folder."
        ) from error
    beside = path.with_name(f".{path.name}.tmp")
    with _open_alone(beside) as file:
        try:
            file.truncate(0)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.name == "posix":  # while the file is ours; elsewhere only a closed one moves
                os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    if os.name != "posix":
        os.replace(beside, path)
    sync_folder(path.parent)


def _open_alone(path: Path) -> Any:
    """Open a file for writing that no other process or thread has open in this way."""
    while True:
        file = open(path, "ab")  # noqa: SIM115 (makes it, and cuts nothing off that is not ours)
        if os.name != "posix":
            return file
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        file.close()  # who had it has given it its final name


def sync_folder(folder: Path) -> None:
    """A new name is on the disk when its folder is."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
        if type(value) in (slice, range):
            ends = (value.start, value.stop, value.step)
            return {type(value).__name__: [self.pack(v, place) for v in ends]}
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
    """The way back from JSON and named arrays to the tree; every array is an own, writable copy.

    It takes only what a Packer makes. Whatever else a text may say is an error, most often a
    ValueError, TypeError or KeyError with a few words; `refusing` makes a sentence of it.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.objects: list[Any] = []  # in the order in which they were packed
        self.used: set[str] = set()

    def unpack(self, value: Any) -> Any:
        """The value behind its JSON form."""
        if isinstance(value, list):
            values = self.remember([])
            values.extend(self.unpack(v) for v in value)
            return values
        if not isinstance(value, dict):
            return value
        keys = tuple(value)
        if keys == ("shared",):
            return self.objects[_index(value["shared"], self.objects)]
        if keys == ("tuple",):
            return tuple(self.unpack(v) for v in _list(value["tuple"]))
        if keys in (("slice",), ("range",)):
            start, stop, step = (self.unpack(v) for v in _list(value[keys[0]]))
            return {"slice": slice, "range": range}[keys[0]](start, stop, step)
        if keys == ("scalar",):
            return self._scalar(value["scalar"])
        if keys == ("dtype",):
            return _dtype(value["dtype"])
        if keys == ("dict",):
            entries = self.remember({})
            pairs = _list(value["dict"])
            entries.update((self.unpack(k), self.unpack(v)) for k, v in pairs)
            if len(entries) != len(pairs):
                raise ValueError("a key that stands twice in a dict")
            return entries
        if keys == ("array",):
            return self.remember(self._fetch(value["array"]))
        if keys == ("objects", "shape"):
            return self._objects(_list(value["objects"]), _shape(value["shape"]))
        return self.unpack_object(value)

    def remember(self, value: Any) -> Any:
        """Number an object, for those that refer to it."""
        self.objects.append(value)
        return value

    def all_of(self, value: Any) -> Any:
        """Unpack a whole document, in which every array has its place."""
        unpacked = self.unpack(value)
        if left := self.arrays.keys() - self.used:
            raise ValueError(f"nothing refers to the array {min(left)}")
        return unpacked

    def _objects(self, items: list, shape: tuple[int, ...]) -> np.ndarray:
        if math.prod(shape) != len(items):  # before anything of that size is made
            raise ValueError(f"{len(items)} objects for an array of shape {shape}")
        array = self.remember(np.empty(shape, object))
        flat = array.reshape(-1)
        for i, item in enumerate(items):
            flat[i] = self.unpack(item)
        return array

    def _scalar(self, name: Any) -> Any:
        array = self._fetch(name)
        if array.ndim:
            raise ValueError(f"a scalar of shape {array.shape}")
        return array[()]

    def _fetch(self, name: Any) -> np.ndarray:
        name, *other = [name] if isinstance(name, str) else _list(name)
        self.used.add(name)
        if not other:
            return self.arrays[name].copy()
        dtype, shape = other
        raw = self.arrays[name].tobytes()
        return np.frombuffer(raw, _dtype(dtype, "cfSUMm")).reshape(_shape(shape)).copy()

    def unpack_object(self, value: dict[str, Any]) -> Any:
        """Anything else; subclasses know more kinds."""
        raise ValueError(f"an unknown kind of value, {'/'.join(value)}")


def _list(value: Any) -> list:
    if type(value) is not list:
        raise ValueError(f"expected a list, got {value!r:.80}")
    return value


def _index(value: Any, objects: list) -> int:
    if type(value) is not int or not 0 <= value < len(objects):
        raise ValueError(f"a reference to object {value!r:.80} of {len(objects)}")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in _list(value)):
        raise ValueError(f"{value!r:.80} is no shape")
    return tuple(value)


def _dtype(value: Any, kinds: str = "fiubcSUMmO") -> np.dtype:
    dtype = np.dtype(value) if isinstance(value, str) else None
    if dtype is None or dtype.kind not in kinds or dtype.str != value:
        raise ValueError(f"{value!r:.80} is no dtype")
    return dtype


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

    Raises FileNotFoundError, and FileError for anything but an intact file of this package.
    """
    from safetensors import safe_open

    path = file_path(path, "load")
    with refusing(path):
        with safe_open(os.fspath(path), framework="np") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise ValueError("another program wrote it")
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        text = metadata[KEY]
        if metadata.get("sha256") != _checksum(text, arrays):
            raise ValueError("its checksum does not fit")
        document = json.loads(text)
        if type(document["version"]) is not int or document["kind"] not in KINDS:
            raise ValueError("its version and kind are not known")
        if document["version"] != VERSION:
            raise FileError(
                f"load: expected format version {VERSION}, {path} has {document['version']}. "
                "Install a newer tinygrad_ml."
            )
        if "content" not in document:
            raise ValueError("its content is missing")
    return document, arrays


@contextmanager
def refusing(path: Any, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Inside the block an error that the content of a file may cause becomes a FileError.

    Errors that speak for themselves pass: FileErrors, missing files, and the types `passing`.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (FileError, OSError, *passing)):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        reason += " is missing" if isinstance(error, KeyError) else ""
        raise FileError(damaged(path, reason)) from error


def check_numbers(own: dict[str, np.ndarray], state: dict[str, Any], path: Any) -> None:
    """Refuse a state in which something else stands where a model has numbers."""
    for name, array in own.items():
        came = state.get(name, array)
        expected = "fiub" if array.dtype.kind in "fiub" else array.dtype.kind
        if not isinstance(came, (np.ndarray, np.generic)) or came.dtype.kind not in expected:
            raise FileError(
                f"load: expected {name} as an array of {array.dtype}, {path} holds {came!r:.80}. "
                "Save model.state_dict(), or the model."
            )


def damaged(path: Any, reason: str) -> str:
    """The sentence for a file that cannot be used."""
    return (
        f"load: expected an intact file that tinygrad_ml saved, got {path} "
        f"({reason[:200].rstrip('.')}). Save it again, or use another copy."
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
