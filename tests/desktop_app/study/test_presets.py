"""Windows by name and from the values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medmo_desktop.study.model import FrameReference, GreyWindow
from medmo_desktop.study.presets import CT_PRESETS, auto_window, presets_for, starting_window
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import render_grey
from support.dicom_files import real_file


def test_ct_presets_by_their_digits():
    assert {preset.key: (preset.window.name, preset.window.center, preset.window.width) for preset in CT_PRESETS} == {
        "1": ("lung", -600, 1500),
        "2": ("soft tissue", 40, 400),
        "3": ("liver", 90, 150),
        "4": ("bone", 480, 2500),
        "5": ("brain", 40, 80),
    }


def test_presets_are_offered_for_hounsfield_units_alone():
    assert presets_for(read_frame(FrameReference(real_file("CT_small.dcm")))) == CT_PRESETS
    assert presets_for(read_frame(FrameReference(real_file("MR_small.dcm")))) == ()


def test_the_automatic_window_leaves_outliers_out():
    values = np.full((100, 100), 500, np.int16)
    values[:50] = 100
    values[0, :10] = 32000
    window = auto_window(values)
    assert (window.center, window.width) == (300, 400)
    assert auto_window(np.full((2, 2), np.nan)).width > 0
    assert auto_window(np.full((2, 2), 7, np.int16)).width > 0


@pytest.mark.parametrize("name", ["CT_small.dcm", "RG1_UNCR.dcm", "MR_small.dcm"])
def test_dragging_starts_from_what_is_shown(name):
    frame = read_frame(FrameReference(real_file(name)))
    window = starting_window(frame)
    shown = render_grey(frame.values, window.center, window.width, frame.inverted, window.function)
    assert np.array_equal(shown, frame.shown_by_default[:, :, 0])


def test_the_files_window_comes_first():
    frame = read_frame(FrameReference(real_file("CT_small.dcm")))
    assert starting_window(replace(frame, windows=(GreyWindow(1, 2),))) == GreyWindow(1, 2)
