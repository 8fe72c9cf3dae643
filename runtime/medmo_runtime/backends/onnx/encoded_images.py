"""Keeps encoded images: a few in memory, and on disk where the caller gives a folder."""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from medmo_models.networks.onnx.network import EncodedImage

#: Images that stay in memory, 66 MB each at 1280 x 1280 and 4B's width: the present one and the one before it.
IN_MEMORY = 2


class EncodedImages:
    """Encoded images by digest.

    Parameters
    ----------
    folder : Path, optional
        Where to keep them between runs. The files hold what the model saw of the images: they are as private
        as the images themselves, so nothing is written unless a folder is given.
    model_id : str
        The artifact's id: another model's features are never used.
    """

    def __init__(self, folder: Path | None, model_id: str) -> None:
        self._folder = None if folder is None else folder / model_id[:32]
        self._kept: OrderedDict[bytes, EncodedImage] = OrderedDict()

    def get(self, digest: bytes, encode: Callable[[], EncodedImage]) -> EncodedImage:
        """Return an image's features, encoding it if they are not kept."""
        if digest not in self._kept:
            self._kept[digest] = self._read(digest) or self._encode(digest, encode)
        self._kept.move_to_end(digest)
        while len(self._kept) > IN_MEMORY:
            self._kept.popitem(last=False)
        return self._kept[digest]

    def _encode(self, digest: bytes, encode: Callable[[], EncodedImage]) -> EncodedImage:
        image = encode()
        if self._folder is not None:
            self._write(self._folder, digest, image)
        return image

    def _read(self, digest: bytes) -> EncodedImage | None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if self._folder is None:
            return None
        path = self._folder / f"{digest.hex()}.safetensors"
        try:
            stored = load_file(path)
            return EncodedImage(stored["features"], stored["deepstack"])
        except FileNotFoundError:
            return None
        except (SafetensorError, KeyError, OSError):
            path.unlink(missing_ok=True)  # cut short, by a full disk for example: it is only a copy
            return None

    def _write(self, folder: Path, digest: bytes, image: EncodedImage) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        os.close(handle)
        try:
            save_file({"features": image.features, "deepstack": image.deepstack}, name)
            Path(name).replace(folder / f"{digest.hex()}.safetensors")
        finally:
            Path(name).unlink(missing_ok=True)
