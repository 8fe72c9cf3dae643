"""A disk cache of training phantoms, already resized and cut into patches by the real processor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from medmo_models.phantoms import Finding, Phantom, make_phantom
from tiny_training.skeleton import MAX_PIXELS, MIN_PIXELS

_CHUNK = 500
_PATCH_VALUES = 3 * 16 * 16


@dataclass(frozen=True)
class Sample:
    """One training image.

    Attributes
    ----------
    patches : ndarray of uint8, shape (patch count, 768)
        RGB values per 16 x 16 patch in the processor's order, one of the two equal frames.
    grid : tuple of int
        ``(rows, columns)`` of patches.
    modality : str
    findings : tuple of Finding
    """

    patches: NDArray[np.uint8]
    grid: tuple[int, int]
    modality: str
    findings: tuple[Finding, ...]

    def phantom(self) -> Phantom:
        """Return the ground truth as a phantom without pixels (questions do not need them)."""
        return Phantom(np.zeros((1, 1, 3), np.uint8), self.modality, self.findings)


def image_processor() -> Qwen2VLImageProcessorPil:
    """Return medmo-tiny's image processor."""
    return Qwen2VLImageProcessorPil(
        size={"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS},
        patch_size=16,
        temporal_patch_size=2,
        merge_size=2,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def _make_chunk(arguments: tuple[Path, int, int]) -> None:
    directory, seed, start = arguments
    target = directory / f"{start:07d}.npz"
    if target.exists():
        return
    processor = image_processor()
    patches, facts = [], []
    for index in range(start, start + _CHUNK):
        phantom = make_phantom(seed, index)
        made = processor(images=[Image.fromarray(phantom.pixels)], return_tensors="np")
        values = made["pixel_values"].reshape(-1, 3, 2, 256)[:, :, 0, :].reshape(-1, _PATCH_VALUES)
        patches.append(np.rint((values * 0.5 + 0.5) * 255).clip(0, 255).astype(np.uint8))
        _, rows, columns = (int(side) for side in made["image_grid_thw"][0])
        findings = [[finding.label, *finding.box] for finding in phantom.findings]
        facts.append({"grid": [rows, columns], "modality": phantom.modality, "findings": findings})
    partial = target.with_suffix(".partial.npz")
    np.savez(partial, patches=np.concatenate(patches), facts=np.array(json.dumps(facts)))
    partial.rename(target)


def build_cache(directory: Path, seed: int, count: int, workers: int) -> None:
    """Make the missing chunks of ``count`` phantoms; chunks already there are kept."""
    directory.mkdir(parents=True, exist_ok=True)
    jobs = [(directory, seed, start) for start in range(0, count, _CHUNK)]
    with get_context("fork").Pool(workers) as pool:
        for done, _ in enumerate(pool.imap(_make_chunk, jobs), start=1):
            print(f"phantoms {done * _CHUNK}/{count}", flush=True)


def load_cache(directory: Path, count: int) -> list[Sample]:
    """Read ``count`` samples into memory (about 150 kB each)."""
    samples: list[Sample] = []
    for start in range(0, count, _CHUNK):
        with np.load(directory / f"{start:07d}.npz", allow_pickle=False) as chunk:
            patches, facts = chunk["patches"], json.loads(str(chunk["facts"]))
        offset = 0
        for fact in facts:
            rows, columns = fact["grid"]
            end = offset + rows * columns
            findings = tuple(Finding(entry[0], tuple(entry[1:])) for entry in fact["findings"])
            samples.append(Sample(patches[offset:end], (rows, columns), fact["modality"], findings))
            offset = end
    return samples[:count]


def pixel_batch(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``pixel_values`` (float32, [patches, 1536]) and ``image_grid_thw`` (int64, [n, 3])."""
    flat = torch.from_numpy(np.concatenate([sample.patches for sample in samples])).float()
    frame = (flat / 255.0 - 0.5) / 0.5
    frames = frame.reshape(-1, 3, 1, 256).expand(-1, 3, 2, 256).reshape(-1, 2 * _PATCH_VALUES)
    grids = torch.tensor([[1, *sample.grid] for sample in samples])
    return frames, grids
