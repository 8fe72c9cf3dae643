"""Packs several questions about one image behind a shared prefix, so vision runs once for all of them.

A row is ``prefix, branch 1, branch 2, ...``. Every branch sees the prefix and itself only, and its
positions continue the prefix's, so each branch equals a separate forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import Qwen2Tokenizer, Qwen3VLModel

from medmo_models.phantoms import Question


@dataclass(frozen=True)
class Branch:
    """Token ids of one question and answer, with a loss weight per token (0 on the question)."""

    ids: list[int]
    weights: list[float]
    coordinate_places: list[int]


@dataclass(frozen=True)
class PackedBatch:
    """Inputs of one training step; shapes (batch, length) unless stated.

    Attributes
    ----------
    input_ids, weights, places : tensor
        ``places`` holds 1, 2 or 3 on a coordinate's first, second or third digit, else 0.
    values : float32 tensor
        The whole coordinate that a digit belongs to (0-1000), else 0.
    position_ids : int64 tensor, shape (3, batch, length)
    mask : float32 tensor, shape (batch, 1, length, length)
        Added to the attention scores: 0 where attention is allowed, else the lowest number. (transformers'
        eager attention would add a boolean mask as 0 and 1, which masks nothing.)
    """

    input_ids: torch.Tensor
    weights: torch.Tensor
    places: torch.Tensor
    values: torch.Tensor
    position_ids: torch.Tensor
    mask: torch.Tensor


class BranchEncoder:
    """Turns questions into token ids the way the chat template does."""

    def __init__(self, tokenizer: Qwen2Tokenizer) -> None:
        self._encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
        self._digits = {self._encode(str(digit))[0] for digit in range(10)}
        self.image_token = tokenizer.convert_tokens_to_ids("<|image_pad|>")
        self._start = self._encode("<|im_start|>user\n<|vision_start|>")
        self._end = self._encode("<|vision_end|>")
        self._pad = tokenizer.convert_tokens_to_ids("<|endoftext|>")

    def prefix(self, image_tokens: int) -> list[int]:
        """Return the ids before the question."""
        return [*self._start, *[self.image_token] * image_tokens, *self._end]

    def branch(self, question: Question) -> Branch:
        """Return one question with its answer; losses on the answer only, the third digit light."""
        asked = self._encode(f"{question.prompt}<|im_end|>\n<|im_start|>assistant\n")
        answer = self._encode(f"{question.answer}<|im_end|>")
        places, run = [], 0
        for token in answer:
            run = run + 1 if token in self._digits and question.task == "localize" else 0
            places.append(run)
        base = 3.0 if question.is_vqa else 1.0
        weights = [{0: base, 1: 2.0, 2: 2.0, 3: 0.2}[place] for place in places]
        return Branch([*asked, *answer], [0.0] * len(asked) + weights, [0] * len(asked) + places)

    def pack(self, grids: torch.Tensor, rows: list[list[Branch]], model: Qwen3VLModel) -> PackedBatch:
        """Pack one row of branches per image; ``grids`` is ``image_grid_thw`` of the rows."""
        prefixes = [self.prefix(int(grid.prod()) // 4) for grid in grids]
        length = max(len(p) + sum(len(b.ids) for b in row) for p, row in zip(prefixes, rows, strict=True))
        count = len(rows)
        ids = torch.full((count, length), self._pad)
        weights = torch.zeros(count, length)
        places = torch.zeros(count, length, dtype=torch.long)
        positions = torch.zeros(3, count, length, dtype=torch.long)
        mask = torch.eye(length, dtype=torch.bool).repeat(count, 1, 1)
        for index, (prefix, row) in enumerate(zip(prefixes, rows, strict=True)):
            head = torch.tensor([prefix])
            kinds = (head == self.image_token).int()
            prefix_positions, _ = model.get_rope_index(head, kinds, grids[index : index + 1])
            size = len(prefix)
            ids[index, :size] = head[0]
            positions[:, index, :size] = prefix_positions[:, 0]
            mask[index, :size, :size] = torch.ones(size, size, dtype=torch.bool).tril()
            following, at = int(prefix_positions.max()) + 1, size
            for branch in row:
                end = at + len(branch.ids)
                ids[index, at:end] = torch.tensor(branch.ids)
                weights[index, at:end] = torch.tensor(branch.weights)
                places[index, at:end] = torch.tensor(branch.coordinate_places)
                positions[:, index, at:end] = torch.arange(len(branch.ids)) + following
                mask[index, at:end, :size] = True
                mask[index, at:end, at:end] = torch.ones(end - at, end - at, dtype=torch.bool).tril()
                at = end
        added = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
        return PackedBatch(ids, weights, places, self._coordinates(ids, places), positions, added[:, None])

    def _coordinates(self, ids: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        zero = min(self._digits)
        digits = np.where(places.numpy() > 0, ids.numpy() - zero, 0)
        values = np.zeros(ids.shape, dtype=np.float32)
        for row, column in zip(*np.nonzero(places.numpy() == 1), strict=True):
            values[row, column : column + 3] = digits[row, column : column + 3] @ np.array([100, 10, 1])
        return torch.from_numpy(values)
