"""Modality, VOI and palette lookup tables of DICOM files."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut

from medmo_models.errors import InputError
from medmo_models.imaging import load_image


def table(descriptor, data, vr="US"):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if descriptor[1] < 0 else "US", descriptor)
    item.add_new("LUTData", vr, data)
    return [item]


def shown(path, **options):
    return load_image(path, **options).pixels[:, :, 0].tolist()


def test_two_encodings_of_the_same_test_pattern_look_the_same(real_file):
    # SMPTE pattern of the IHE display tests: signed 12 bits with a modality table, 8 bits with a VOI table.
    modality, voi = load_image(real_file("mlut_18.dcm")), load_image(real_file("vlut_04.dcm"))
    np.testing.assert_allclose(modality.pixels.astype(int), voi.pixels, atol=1)
    assert modality.notes[0] == "modality lookup table from the file"
    assert voi.notes == ("VOI lookup table from the file",)


def test_voi_table_with_8_bit_entries_for_more_than_256_values(write_dicom):
    # Every entry is its index / 16; pydicom 3.0.2 wraps the index at 256.
    voi = table([4096, 0, 8], [index // 16 for index in range(4096)])
    path = write_dicom(np.array([[0, 255, 256, 2048, 4095]], dtype=np.uint16), bits=12, VOILUTSequence=voi)
    assert shown(path) == [[0, 15, 16, 128, 255]]


def test_8_bit_entries_packed_two_to_a_word(write_dicom):
    voi = table([6, 10, 8], bytes([0, 51, 102, 153, 204, 255]), vr="OW")
    path = write_dicom(np.array([[3, 10, 11, 13, 15, 99]], dtype=np.uint16), VOILUTSequence=voi)
    assert shown(path) == [[0, 0, 51, 153, 255, 255]]


def test_voi_table_takes_rescaled_values_from_a_negative_first_value(write_dicom):
    voi = table([5, -2, 12], [0, 1024, 2047, 3071, 4095])
    path = write_dicom(
        np.array([[0, 8, 9, 10, 11, 12, 40]], dtype=np.int16),
        RescaleSlope=1,
        RescaleIntercept=-10,
        VOILUTSequence=voi,
    )
    assert shown(path) == [[0, 0, 64, 127, 191, 255, 255]]


def test_voi_table_comes_before_the_window_and_the_request_before_both(write_dicom):
    elements = {"WindowCenter": 50.5, "WindowWidth": 101, "VOILUTSequence": table([2, 50, 8], [0, 255])}
    path = write_dicom(np.array([[25, 50, 75]], dtype=np.uint16), **elements)
    assert shown(path) == [[0, 0, 255]]
    assert shown(path, window=(50.5, 51)) == [[0, 128, 255]]


def test_monochrome1_is_inverted_after_the_voi_table(write_dicom):
    voi = table([3, 0, 8], [0, 10, 255])
    path = write_dicom(np.array([[0, 1, 2]], dtype=np.uint16), "MONOCHROME1", VOILUTSequence=voi)
    assert shown(path) == [[255, 245, 0]]


def test_modality_table_feeds_the_window(write_dicom):
    modality = table([4, 0, 16], [0, 100, 1000, 200])
    path = write_dicom(
        np.array([[0, 1, 2, 3]], dtype=np.uint16), ModalityLUTSequence=modality, WindowCenter=100.5, WindowWidth=201
    )
    assert shown(path) == [[0, 128, 255, 255]]


def test_table_shorter_than_it_says_is_refused(write_dicom):
    path = write_dicom(np.array([[0, 1]], dtype=np.uint16), VOILUTSequence=table([300, 0, 16], [1, 2, 3]))
    with pytest.raises(InputError, match="lookup table in the file has fewer entries than it says"):
        load_image(path)


def palette_elements(colours, first=0, bits=16):
    elements = {}
    for name, plane in zip(("Red", "Green", "Blue"), np.asarray(colours).T, strict=True):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [len(plane), first, bits]
        elements[f"{name}PaletteColorLookupTableData"] = plane.astype("<u2" if bits == 16 else "u1").tobytes()
    return elements


@pytest.mark.parametrize(("bits", "scale"), [(16, 257), (8, 1)])
def test_palette_colours(write_dicom, bits, scale):
    colours = np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255], [10, 20, 30]])
    elements = palette_elements(colours * scale, first=2, bits=bits)
    path = write_dicom(np.array([[0, 2, 3, 4, 5, 200]], dtype=np.uint8), "PALETTE COLOR", **elements)
    image = load_image(path)
    assert image.pixels[0].tolist() == colours[[0, 0, 1, 2, 3, 3]].tolist()
    assert image.notes == ("palette expanded to RGB",)


def test_real_palette_images(real_file):
    for name in ("examples_palette.dcm", "OBXXXX1A.dcm"):
        dataset = dcmread(real_file(name))
        expected = np.rint(apply_color_lut(dataset.pixel_array, dataset) / 257)
        np.testing.assert_array_equal(load_image(real_file(name)).pixels, expected)


def test_big_endian_palette_has_the_same_colours(real_file):
    little, big = load_image(real_file("OBXXXX1A.dcm")), load_image(real_file("OBXXXX1A_expb.dcm"))
    np.testing.assert_array_equal(little.pixels, big.pixels)


def test_segmented_palette(write_dicom):
    elements = {}
    for name, top in (("Red", 65535), ("Green", 0), ("Blue", 32896)):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [6, 0, 16]
        # One discrete entry of 0, then a ramp of five entries up to the top (PS3.3 C.7.9.2).
        elements[f"Segmented{name}PaletteColorLookupTableData"] = np.array([0, 1, 0, 1, 5, top], "<u2").tobytes()
    path = write_dicom(np.arange(6, dtype=np.uint8).reshape(1, 6), "PALETTE COLOR", **elements)
    assert load_image(path).pixels[0].tolist() == [
        [0, 0, 0], [51, 0, 26], [102, 0, 51], [153, 0, 77], [204, 0, 102], [255, 0, 128]
    ]  # fmt: skip


def test_supplemental_colours_are_said_to_be_missing(real_file):
    notes = load_image(real_file("eCT_Supplemental.dcm")).notes
    assert "supplemental colours of the file are not shown" in notes
