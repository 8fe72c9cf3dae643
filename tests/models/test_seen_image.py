"""The image that is shown as the model's input is the one that the model is fed with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medmo_models.preprocessing import ChatTurn, PromptPreparer
from medmo_models.seen_image import PatchLayout, seen_images
from support.checkpoints import random_image


@pytest.mark.parametrize("sizes", [((171, 243),), ((900, 200), (64, 480))], ids=str)
def test_the_recovered_image_gives_the_same_patches(processor_folder: Path, sizes: tuple[tuple[int, int], ...]) -> None:
    preparer = PromptPreparer(processor_folder, 1 << 20)
    images = tuple(random_image(seed, *size) for seed, size in enumerate(sizes))
    prompt = preparer.prepare([ChatTurn("user", "What is this?", images)])
    seen = seen_images(prompt, PatchLayout.of_processor(preparer.images))
    again = preparer.images(images=[Image.fromarray(one.pixels) for one in seen], return_tensors="np")
    np.testing.assert_array_equal(again["pixel_values"], prompt.pixel_values)
    assert [(one.pixels.shape[1], one.pixels.shape[0]) for one in seen] == list(prompt.model_sizes)
    assert sum(one.columns * one.rows for one in seen) == prompt.image_tokens


def test_an_image_that_needs_no_resize_is_recovered_pixel_by_pixel(processor_folder: Path) -> None:
    preparer = PromptPreparer(processor_folder, 1 << 20)
    image = random_image(3, 192, 224)
    prompt = preparer.prepare([ChatTurn("user", "What is this?", (image,))])
    (seen,) = seen_images(prompt, PatchLayout.of_processor(preparer.images))
    np.testing.assert_array_equal(seen.pixels, image)
    assert {seen.columns, seen.rows} == {image.shape[1] // seen.token_side, image.shape[0] // seen.token_side}
