"""Case files: one self-contained file that another machine can replay.

A zip file of stored (uncompressed) parts: ``manifest.json`` with the size and SHA-256 of every other part,
``case.json`` with the record, and ``image-<n>.png`` with exactly the RGB pixels that the model was given. No path of
this machine, no name of an image file and no DICOM header is in it; what is burned into the pixels is.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from medmo_desktop.keeping.record import CaseImage, CaseRecord, pixels_sha256, read_record
from medmo_desktop.keeping.typed_json import parse_json_object, read_dataclass
from medmo_desktop.keeping.written_beside import write_beside
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage
from medmo_models.imaging.loaded import SourceFormat, check_size
from medmo_runtime.conversation import Turn
from medmo_runtime.overlay import RESEARCH_NOTICE

SUFFIX = ".medmo-case"
_FORMAT = "medmo-case"
_VERSION = 1
_MANIFEST, _RECORD = "manifest.json", "case.json"
#: The longest answer is far below; a larger part is not ours.
_LARGEST_JSON = 16 * 2**20
#: The zip format's own first date: the file says when it was written in the record alone.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Case:
    """A record with its images' pixels."""

    record: CaseRecord
    images: tuple[LoadedImage, ...]

    @property
    def turns(self) -> list[Turn]:
        """The conversation; the last turn is the question."""
        earlier = [
            Turn(turn.role, turn.text, tuple(self.images[place] for place in turn.images))
            for turn in self.record.history
        ]
        asked = tuple(self.images[place] for place in self.record.prompt_images)
        return [*earlier, Turn("user", self.record.prompt, asked)]


@dataclass(frozen=True)
class _Part:
    size: int
    sha256: str


def save_case(path: Path, record: CaseRecord, images: Sequence[LoadedImage]) -> None:
    """Write a case file; it is read back before it takes its place.

    Parameters
    ----------
    path : Path
    record : CaseRecord
        Written without paths (`CaseRecord.without_paths`).
    images : sequence of LoadedImage
        Those of ``record.images``, in the same order, with the pixels that the model was given; empty for a question
        without an image.

    Raises
    ------
    InputError
        If an image is not the record's, or the file cannot be written.
    """
    if len(images) != len(record.images):
        raise InputError(f"The case has {len(record.images)} images, but {len(images)} were given; open them all.")
    for image, facts in zip(images, record.images, strict=True):
        if pixels_sha256(image.pixels) != facts.pixels_sha256:
            raise InputError(
                "An image does not show what the model was given: open the same file with the same frame and window."
            )
    parts = {_RECORD: _json_bytes(record.without_paths().to_json())}
    parts |= {_image_name(place): _png(image) for place, image in enumerate(images)}
    write_beside(path, _zip(parts), "the case file", read_case)


def _json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode()


def _image_name(place: int) -> str:
    return f"image-{place}.png"


def _png(image: LoadedImage) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image.pixels).save(stream, format="PNG")
    return stream.getvalue()


def _zip(parts: Mapping[str, bytes]) -> bytes:
    listed = {name: {"size": len(part), "sha256": hashlib.sha256(part).hexdigest()} for name, part in parts.items()}
    manifest = {"format": _FORMAT, "version": _VERSION, "notice": RESEARCH_NOTICE, "parts": listed}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, part in {_MANIFEST: _json_bytes(manifest), **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), part)
    return stream.getvalue()


def read_case(path: Path) -> Case:
    """Read a case file and check every part's hash, and every image against the record.

    Raises
    ------
    InputError
        If it is no case file, of a newer version, damaged or changed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, str(path))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"{path} is not a case file, or it is damaged; copy it again.") from error


def _read(archive: zipfile.ZipFile, where: str) -> Case:
    entries = {entry.filename: entry for entry in archive.infolist()}
    if _MANIFEST not in entries or len(entries) != len(archive.infolist()):
        raise InputError(f"{where} is not a case file of medmo.")
    # Stored parts are as large as they say, so no small file unpacks to a huge one.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
        raise InputError(f"{where} is not a case file of medmo: its parts are compressed.")
    listed = _read_manifest(_json_part(archive, _MANIFEST, where), f"{where}: {_MANIFEST}")
    if set(listed) | {_MANIFEST} != set(entries):
        raise InputError(f"{where} has other parts than its manifest lists; copy it again.")
    for name, part in listed.items():
        if entries[name].file_size != part.size or hashlib.sha256(archive.read(name)).hexdigest() != part.sha256:
            raise InputError(f"{where}: {name} was changed or damaged; copy the file again.")
    if _RECORD not in listed:
        raise InputError(f"{where} has no {_RECORD}; copy it again.")
    label = f"{where}: {_RECORD}"
    record = read_record(parse_json_object(_json_part(archive, _RECORD, where), label), label)
    if set(listed) != {_RECORD, *(_image_name(place) for place in range(len(record.images)))}:
        raise InputError(f"{where} does not have the images of its record; copy it again.")
    images = tuple(
        _read_image(archive.read(_image_name(place)), facts, f"{where}: {_image_name(place)}")
        for place, facts in enumerate(record.images)
    )
    return Case(record, images)


def _json_part(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST_JSON:
        raise InputError(f"{where}: {name} is too large for a case file.")
    return archive.read(name)


def _read_manifest(text: bytes, where: str) -> dict[str, _Part]:
    values = parse_json_object(text, where)
    if values.get("format") != _FORMAT or not isinstance(values.get("parts"), dict):
        raise InputError(f"{where} does not describe a case of medmo.")
    if values.get("version") != _VERSION:
        raise InputError(f"{where} is of version {values.get('version')!r:.20}, but this medmo reads {_VERSION}.")
    return {name: read_dataclass(_Part, part, f"{where}: {name}") for name, part in values["parts"].items()}


def _read_image(png: bytes, facts: CaseImage, where: str) -> LoadedImage:
    try:
        check_size(facts.width, facts.height)
    except InputError as problem:
        raise InputError(f"{where}: {problem}.") from None
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            fits = picture.size == (facts.width, facts.height) and picture.mode == "RGB"
            pixels = np.array(picture) if fits else None
    except Exception as error:  # Pillow's decoders raise many kinds of error for a damaged file
        raise InputError(f"{where} is not a readable PNG image.") from error
    if pixels is None or pixels_sha256(pixels) != facts.pixels_sha256:
        raise InputError(f"{where} is not the image that the record describes.")
    return LoadedImage(
        pixels,
        facts.width,
        facts.height,
        facts.sha256,
        facts.frame,
        facts.frame_count,
        cast("SourceFormat", facts.source_format),
        facts.notes,
    )
