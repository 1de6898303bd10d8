"""Keras' `imdb.npz` without trusting it: its arrays are pickled, and a pickle may run anything."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograder.errors import DataError


def read_keras_ids(data: bytes, path: Path) -> Iterator[tuple[list[int], int]]:
    """(word ranks from 1, label) of each review, train part first.

    The ranks are as stored: no start mark, no shift. Raises DataError, naming ``path``, for a file
    of any other form and for a pickle that asks for anything but an array of lists.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for part in ("train", "test"):
                ids = _array(archive.read(f"x_{part}.npy"))
                labels = _array(archive.read(f"y_{part}.npy"))
                if ids.shape != labels.shape or ids.ndim != 1:
                    raise ValueError("reviews and labels differ in number")
                yield from zip(map(_ranks, ids), map(int, labels), strict=True)
    except (
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        OSError,
        RuntimeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise DataError(
            f"the file is not Keras' imdb.npz: {error}",
            where=str(path),
            remedy="Fetch it again from where Keras publishes it.",
        ) from error


def _array(data: bytes) -> np.ndarray[Any, Any]:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"its arrays are in format {version}, not (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if not dtype.hasobject:
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    array = _ArrayUnpickler(file).load()
    if type(array) is not np.ndarray or array.shape != shape:
        raise ValueError("an array is not what its header says")
    return array


def _ranks(ids: object) -> list[int]:
    if type(ids) is not list or not all(type(rank) is int for rank in ids):
        raise ValueError("a review is not a list of whole numbers")
    return ids


def _latin_1(text: object, encoding: object) -> bytes:
    """What Python 2's pickles of byte strings call: `_codecs.encode(text, "latin1")`, no more."""
    if type(text) is not str or encoding != "latin1":
        raise pickle.UnpicklingError("an unusual encoding")
    return text.encode("latin-1")


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles arrays and lists; any other name in the pickle is refused, never looked up."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray"):
            if name == "ndarray":
                return np.ndarray
            if name == "dtype":
                return np.dtype
            if name == "_reconstruct":
                return _reconstruct
        if (module, name) == ("_codecs", "encode"):
            return _latin_1
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _reconstruct(subtype: object, shape: object, dtype: object) -> np.ndarray[Any, Any]:
    """NumPy's own reconstruct as pickles of arrays call it: empty, filled by what follows."""
    if subtype is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError("an unusual array")
    return np.ndarray((0,), np.int8)
