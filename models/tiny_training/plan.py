"""The training plan of medmo-tiny: every stage's length and rates in one place."""

from __future__ import annotations

from dataclasses import dataclass

from tiny_training.joint_stage import JointStage


@dataclass(frozen=True)
class VisionStage:
    """Settings of stage A; ``rate`` is the peak of a cosine."""

    steps: int = 1700
    batch: int = 32
    rate: float = 1e-3


@dataclass(frozen=True)
class Plan:
    """All stages. Phantoms of ``data_seed`` are for training only; the card uses ``held_out_seed``."""

    data_seed: int = 1000
    samples: int = 30_000
    held_out_seed: int = 7
    held_out: int = 500
    seed: int = 0
    vision: VisionStage = VisionStage()
    joint: tuple[JointStage, ...] = (
        JointStage("text", steps=200, batch=16, text_rate=1.5e-3, vision_rate=0.0, auxiliary=0.0, questions=2),
        JointStage("joint", steps=880, batch=16, text_rate=1e-3, vision_rate=1e-4, auxiliary=0.3, questions=2),
        JointStage("anneal", steps=2400, batch=16, text_rate=6e-4, vision_rate=3e-4, auxiliary=0.5, questions=2),
    )
