"""From images and chat turns to the model's inputs: the one path that export, runtime and evaluation share.

Runs without torch: transformers' tokenizer and its Pillow image processor do the work. The image is
resized once, by the processor. (`medmo_models.readme_preprocessing` reproduces MedMO's own script.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medmo_models.errors import InputError
from medmo_models.strict_json import JsonFields, read_json_object

IMAGE_PLACEHOLDER = "<|image_pad|>"
#: The largest long side / short side that the processor accepts (transformers' `smart_resize`).
MAX_ASPECT_RATIO = 200
#: The processor's own floor for real checkpoints (65,536 pixels): used where a checkpoint states none.
DEFAULT_MIN_PIXELS = 65_536


@dataclass(frozen=True)
class ChatTurn:
    """One turn of a conversation.

    Attributes
    ----------
    role : str
        ``user``, ``assistant`` or ``system``.
    text : str
    images : tuple of ndarray of uint8, shape (height, width, 3)
        RGB images that stand before the text.
    """

    role: str
    text: str
    images: tuple[NDArray[np.uint8], ...] = ()


@dataclass(frozen=True)
class PreparedPrompt:
    """What the model reads.

    Attributes
    ----------
    input_ids : ndarray of int64, shape (length,)
    token_types : ndarray of int64, shape (length,)
        1 on image tokens, 0 elsewhere (transformers' ``mm_token_type_ids``).
    pixel_values : ndarray of float32, shape (patches, 1536) or None
        Normalized 16 x 16 patches, two equal frames each, all images one after another.
    image_grids : ndarray of int64, shape (images, 3) or None
        Frames, patch rows and patch columns of each image (``image_grid_thw``).
    model_sizes : tuple of (int, int)
        ``(width, height)`` in pixels of each image as the model sees it.
    """

    input_ids: NDArray[np.int64]
    token_types: NDArray[np.int64]
    pixel_values: NDArray[np.float32] | None
    image_grids: NDArray[np.int64] | None
    model_sizes: tuple[tuple[int, int], ...]

    @property
    def image_tokens(self) -> int:
        """How many of the tokens are image tokens."""
        return int(self.token_types.sum())

    def each_image(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield patches, shape (patches, 1536), and grid, shape (3,), of each image."""
        if self.pixel_values is None or self.image_grids is None:
            return
        ends = np.cumsum(self.image_grids.prod(axis=1))
        yield from zip(np.split(self.pixel_values, ends[:-1]), self.image_grids, strict=True)


def _image_settings(directory: Path) -> JsonFields:
    """Read the image processor's settings as transformers 5 or 4.57 wrote them."""
    combined = directory / "processor_config.json"
    if combined.is_file():
        fields = JsonFields(read_json_object(combined), str(combined))
        if "image_processor" in fields:
            return fields.fields("image_processor")
    separate = directory / "preprocessor_config.json"
    if separate.is_file():
        return JsonFields(read_json_object(separate), str(separate))
    raise InputError(f"{directory} has neither processor_config.json nor preprocessor_config.json; copy the processor.")


def _pixel_limit(settings: JsonFields, name: str, edge: str) -> int | None:
    """Return a limit of the image's area; the older ``name`` wins over ``size``, as in transformers' processor."""
    if name in settings and settings.value(name) is not None:
        return settings.integer(name, 1)
    if "size" in settings and edge in settings.fields("size"):
        return settings.fields("size").integer(edge, 1)
    return None


def _load_tokenizer(directory: Path) -> Any:
    from transformers import AutoTokenizer

    # Without these, transformers 5 builds a tokenizer that knows no text and says nothing.
    if not any((directory / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise InputError(f"{directory} has no tokenizer.json; copy the tokenizer from the checkpoint.")
    try:
        return AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizer's loaders raise many kinds of error for a damaged file
        raise InputError(f"{directory} has no readable tokenizer; copy the checkpoint again.") from error


def _chat_template(directory: Path, tokenizer: Any) -> str:
    """Return the chat template that transformers' processor uses: a 4.57-era ``chat_template.json`` comes first."""
    path = directory / "chat_template.json"
    if path.is_file():
        return JsonFields(read_json_object(path), str(path)).text("chat_template")
    if tokenizer.chat_template is None:
        raise InputError(f"{directory} has no chat template (chat_template.jinja); copy it from the checkpoint.")
    return str(tokenizer.chat_template)


def refuse_control_tokens(tokenizer: Any, text: str) -> None:
    """Raise InputError if a text holds one of the model's control tokens, which would forge turns or images."""
    for token in tokenizer.get_added_vocab():
        if token in text and token.startswith("<|"):
            raise InputError(f"The prompt contains the model's control token {token}; remove it.")


def refuse_thin_image(width: int, height: int) -> None:
    """Raise InputError if an image is longer than the model can read."""
    if max(height, width) > MAX_ASPECT_RATIO * min(height, width):
        raise InputError(
            f"The image is {width} x {height} pixels: longer than {MAX_ASPECT_RATIO} times its short side, "
            "which the model cannot read; crop it."
        )


class PromptPreparer:
    """Prepares prompts for one checkpoint.

    Parameters
    ----------
    directory : Path
        Holds the tokenizer, the chat template and the image processor's settings.
    max_pixels : int
        Cap on the resized image's area; the stock processor alone would allow 16.7 million pixels.

    Raises
    ------
    InputError
        If tokenizer, chat template or processor settings are missing or damaged.
    """

    def __init__(self, directory: Path, max_pixels: int) -> None:
        from transformers import Qwen2VLImageProcessorPil

        settings = _image_settings(directory)
        self.tokenizer = _load_tokenizer(directory)
        self._template = _chat_template(directory, self.tokenizer)
        self._merge = settings.integer("merge_size", 1)
        self._patch = settings.integer("patch_size", 1)
        self.max_pixels = min(max_pixels, _pixel_limit(settings, "max_pixels", "longest_edge") or max_pixels)
        floor = _pixel_limit(settings, "min_pixels", "shortest_edge") or DEFAULT_MIN_PIXELS
        self._min_pixels = min(floor, self.max_pixels)
        self.images = Qwen2VLImageProcessorPil(
            do_resize=False,
            patch_size=self._patch,
            temporal_patch_size=settings.integer("temporal_patch_size", 1),
            merge_size=self._merge,
            image_mean=settings.value("image_mean"),
            image_std=settings.value("image_std"),
        )

    def prepare(self, turns: Sequence[ChatTurn], *, add_generation_prompt: bool = True) -> PreparedPrompt:
        """Render, resize and tokenize a conversation.

        Parameters
        ----------
        turns : sequence of ChatTurn
        add_generation_prompt : bool, default True
            End with the start of the assistant's turn.

        Raises
        ------
        InputError
            If a text holds one of the model's control tokens, or an image is too thin.
        """
        images = [image for turn in turns for image in turn.images]
        pixel_values, grids = self._patches(images) if images else (None, None)
        counts = [] if grids is None else [int(grid.prod()) // self._merge**2 for grid in grids]
        ids = self.encode(self.render(turns, add_generation_prompt), counts)
        image_token = self.tokenizer.convert_tokens_to_ids(IMAGE_PLACEHOLDER)
        sizes = () if grids is None else tuple((int(g[2]) * self._patch, int(g[1]) * self._patch) for g in grids)
        return PreparedPrompt(ids, (ids == image_token).astype(np.int64), pixel_values, grids, sizes)

    def render(self, turns: Sequence[ChatTurn], add_generation_prompt: bool = True) -> str:
        """Return the chat template's text, one placeholder per image."""
        messages = []
        for turn in turns:
            refuse_control_tokens(self.tokenizer, turn.text)
            parts: list[dict[str, Any]] = [{"type": "image"} for _ in turn.images]
            messages.append({"role": turn.role, "content": [*parts, {"type": "text", "text": turn.text}]})
        rendered: str = self.tokenizer.apply_chat_template(
            messages,
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
        )
        return rendered

    def encode(self, text: str, image_token_counts: Sequence[int]) -> NDArray[np.int64]:
        """Tokenize rendered text, each image placeholder repeated to its image's token count."""
        pieces = text.split(IMAGE_PLACEHOLDER)
        expanded = pieces[0]
        for count, piece in zip(image_token_counts, pieces[1:], strict=True):
            expanded += IMAGE_PLACEHOLDER * count + piece
        return np.asarray(self.tokenizer(expanded, add_special_tokens=False)["input_ids"], dtype=np.int64)

    def _patches(self, images: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        made = self.images(images=[self._resize(image) for image in images], return_tensors="np")
        return made["pixel_values"].astype(np.float32, copy=False), made["image_grid_thw"].astype(np.int64)

    def _resize(self, image: NDArray[np.uint8]) -> Image.Image:
        """Resize to whole image tokens, the width first and then the height.

        That is the order of torchvision, on which transformers' own processor runs. Pillow from 13.0 on takes the
        height first where it shrinks more, which moves a quarter of the pixels by up to 3/255 (measured).
        """
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

        height, width = image.shape[:2]
        refuse_thin_image(width, height)
        factor = self._patch * self._merge
        new_height, new_width = smart_resize(height, width, factor, self._min_pixels, self.max_pixels)
        widened = Image.fromarray(image).resize((new_width, height), Image.Resampling.BICUBIC)
        return widened.resize((new_width, new_height), Image.Resampling.BICUBIC)
