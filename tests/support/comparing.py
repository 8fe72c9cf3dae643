"""A small comparison in this process: the embedded model's own answers to a few phantoms, and a judge of others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medmo_evaluation.compare.answering import answer_dataset
from medmo_evaluation.compare.controls import rounded_session
from medmo_evaluation.compare.records_file import RecordsFile
from medmo_evaluation.compare.reference_store import ReferenceStore
from medmo_evaluation.compare.request import YARDSTICK, CompareRequest, ModelPlan
from medmo_evaluation.compare.summarize import ModelAnswers, summarize
from medmo_evaluation.compare.summary import Comparison
from medmo_evaluation.datasets import open_dataset
from medmo_models.artifact import open_model
from medmo_models.library import embedded_model_path
from medmo_runtime.session import Session

DATA = "phantoms:seed=7,count=6"


@dataclass
class SmallComparison:
    """The reference's answers in a folder."""

    out: Path

    def __post_init__(self) -> None:
        self.dataset = open_dataset(DATA)
        self.request = CompareRequest(artifacts=(), reference=embedded_model_path(), data=DATA, out=self.out)
        with Session.open([open_model(embedded_model_path())], backend="reference", dtype="float32") as session:
            self._answer(session, "reference")
        with rounded_session(open_model(embedded_model_path()), YARDSTICK, "cpu", "float32") as session:
            self._answer(session, "control")

    def judge(self, session: Session, path: Path | None = None) -> Comparison:
        """Let a session answer and return the comparison of it with the reference; closes the session."""
        with session:
            self._answer(session, "model")
        plans = [
            ModelPlan(name="reference", kind="reference", path=embedded_model_path()),
            ModelPlan(name="control", kind="control", path=embedded_model_path(), control=YARDSTICK),
            ModelPlan(name="model", kind="artifact", path=path or session.choice.chosen.artifact.path),
        ]
        answers = [ModelAnswers(plan, open_model(plan.path), self.records(plan.name).open()) for plan in plans]
        made = summarize(self.request, "medmo compare", self.dataset, len(self.dataset), answers)
        self.records("model").path.unlink()
        return made

    def records(self, name: str) -> RecordsFile:
        return RecordsFile(self.out / "records", {"name": name})

    def _answer(self, session: Session, name: str) -> None:
        answer_dataset(
            session,
            self.dataset,
            len(self.dataset),
            self.records(name),
            ReferenceStore(self.out / "reference", len(self.dataset), 10**9),
            160,
            is_reference=name == "reference",
            usable=None,
            progress=lambda done, total: None,
        )
