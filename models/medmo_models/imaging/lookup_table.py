"""DICOM lookup tables: modality, VOI and palette.

Not pydicom's own functions: those of 3.0.2 wrap around for 8-bit entries in tables of more than 256, and read palettes
of big-endian files in the wrong byte order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut

from medmo_models.errors import InputError
from medmo_models.imaging.colour import samples_to_bytes
from medmo_models.imaging.grey import Bytes, Values, range_fractions

_COLOURS = ("Red", "Green", "Blue")


@dataclass(frozen=True)
class LookupTable:
    """A table from stored values to output values.

    Attributes
    ----------
    first : int
        The value that the first entry is for; lower values take the first entry, values beyond the last take the last.
    entries : ndarray of uint8 or uint16, shape (entries,)
    top : int
        The largest value that an entry can have; outputs range from 0 to it.
    """

    first: int
    entries: NDArray[Any]
    top: int

    def apply(self, values: Values) -> NDArray[Any]:
        """Return the entries for ``values``, which may be fractions (after a rescale)."""
        index = np.rint(values).astype(np.int64) - self.first
        return self.entries.take(index, mode="clip")

    def fractions(self, values: Values) -> NDArray[np.float64]:
        """Return the entries for ``values`` as brightness, 0 to 1."""
        return range_fractions(self.apply(values), 0, self.top)


def read_table(descriptor: Sequence[int], data: bytes | int | Iterable[int], *, little_endian: bool) -> LookupTable:
    """Return the table that a LUT Descriptor and LUT Data describe (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5).

    Parameters
    ----------
    descriptor : three integers
        Number of entries (0 for 65,536), first value mapped, bits per entry.
    data : bytes or integers
        The entries, as OW (8-bit entries packed two to a word or one to a word) or US.
    little_endian : bool
        Byte order of ``data`` given as bytes.
    """
    count, first, bits = (int(number) for number in descriptor)
    count = count & 0xFFFF or 0x10000
    if isinstance(data, bytes):
        words = np.frombuffer(data, "<u2" if little_endian else ">u2").astype("<u2")
    else:
        words = np.array([data] if isinstance(data, int) else list(data), dtype="<u2")
    packed = words.size < count
    entries = (words.view(np.uint8) if packed else words)[:count]
    if entries.size < count:
        raise InputError("a lookup table in the file has fewer entries than it says; the file is damaged")
    # Some writers store wider entries than the bits they state.
    top = (1 << min(max(bits, 1), 16)) - 1
    largest = 0xFF if packed else 0xFFFF
    return LookupTable(first, entries, top if entries.max() <= top <= largest else largest)


def palette_to_rgb(pixels: Values, dataset: Any, *, little_endian: bool) -> Bytes:
    """Return PALETTE COLOR pixels (height, width) as RGB (height, width, 3) (PS3.3 C.7.6.3.1.5 and .6)."""
    if "RedPaletteColorLookupTableData" not in dataset:
        return _segmented_palette_to_rgb(pixels, dataset)
    tables = [
        read_table(
            dataset[f"{colour}PaletteColorLookupTableDescriptor"].value,
            dataset[f"{colour}PaletteColorLookupTableData"].value,
            little_endian=little_endian,
        )
        for colour in _COLOURS
    ]
    top = max(table.top for table in tables)
    planes = [LookupTable(t.first, samples_to_bytes(t.entries, top), 255).apply(pixels) for t in tables]
    return np.stack(planes, axis=2)


def _segmented_palette_to_rgb(pixels: Values, dataset: Any) -> Bytes:
    """Expand a segmented palette by pydicom, where it is right."""
    count, _, bits = dataset.RedPaletteColorLookupTableDescriptor
    if bits == 8 and not 1 <= count <= 256:
        raise InputError("a segmented palette with more than 256 entries of 8 bits is not supported")
    colours = apply_color_lut(pixels, dataset)[:, :, :3]
    return samples_to_bytes(colours, 2**bits - 1)
