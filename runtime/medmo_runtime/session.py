"""A session: one artifact on one backend, answering questions about images.

>>> from pathlib import Path
>>> from medmo_models.artifact import open_model
>>> from medmo_models.imaging import load_image
>>> from medmo_runtime.session import Session
>>> session = Session.open([open_model(Path("medmo-4b-gptq"))])
>>> answer = session.ask([load_image("chest.dcm")], "Detect and localize all abnormalities in this image.")
>>> answer.findings
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from medmo_models.artifact import Artifact
from medmo_models.imaging import LoadedImage
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.readme_preprocessing import ReadmePreparer
from medmo_models.seen_image import PatchLayout, SeenImage, seen_images
from medmo_runtime.answer import Answer, AnswerArtifact, AnswerBackend, AnswerStats
from medmo_runtime.answer_builder import read_findings
from medmo_runtime.candidates import Search, find_candidates
from medmo_runtime.choose import Choice, NothingFitsError, choose
from medmo_runtime.conversation import Turn, chat_turns, subject_of
from medmo_runtime.generation import (
    GeneratedToken,
    Generation,
    LoadedModel,
    PhaseCallback,
    StopSignal,
    TextCallback,
)
from medmo_runtime.hardware import probe_machine
from medmo_runtime.hardware.torch_view import confirm_with_torch
from medmo_runtime.measurements import MeasurementStore
from medmo_runtime.streaming import TextStream

Preprocessing = Literal["standard", "readme"]


class Preparer(Protocol):
    """Turns a conversation into model inputs (`PromptPreparer` or `ReadmePreparer`).

    ``images`` is transformers' image processor.
    """

    images: Any

    def prepare(self, turns: Sequence[ChatTurn], *, add_generation_prompt: bool = True) -> PreparedPrompt:
        """Prepare a conversation."""
        ...


@dataclass(frozen=True)
class AskedQuestion:
    """An answer with the model's input and its output tokens (without the one that ends it)."""

    answer: Answer
    prompt: PreparedPrompt
    tokens: tuple[int, ...]


class Session:
    """One loaded model. Use `Session.open`; close it, or use it as a context manager.

    Attributes
    ----------
    choice : Choice
        What was chosen, and why.
    model : LoadedModel
    load_s : float
        Seconds that loading took.
    """

    def __init__(
        self,
        choice: Choice,
        model: LoadedModel,
        load_s: float,
        preprocessing: Preprocessing = "standard",
        max_pixels: int | None = None,
    ) -> None:
        self.choice = choice
        self.model = model
        self.load_s = load_s
        artifact, plan = choice.chosen.artifact, choice.chosen.plan
        if plan is not None:
            max_pixels = plan.workload.max_pixels
        prompts = PromptPreparer(artifact.path, max_pixels or artifact.spec.default_max_pixels)
        self._tokenizer = prompts.tokenizer
        self.preparer: Preparer = ReadmePreparer(artifact.path) if preprocessing == "readme" else prompts

    @classmethod
    def open(
        cls,
        artifacts: Sequence[Artifact],
        *,
        backend: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        preprocessing: Preprocessing = "standard",
        max_pixels: int | None = None,
        images: int = 1,
        new_tokens: int = 512,
        avoid: frozenset[str] = frozenset(),
        ignore_memory: bool = False,
        before_load: Callable[[Choice, Choice | None], None] | None = None,
    ) -> Session:
        """Choose the best of the artifacts' backends for this machine, fit it into the memory there and load it.

        Parameters
        ----------
        artifacts : sequence of Artifact
            The same model in one or several formats.
        backend, device, dtype : str, optional
            Consider only this one. With ``preprocessing="readme"`` the dtype is bfloat16 unless given,
            because the README's script loads the model in it.
        preprocessing : {"standard", "readme"}
            One resize, or the two of the script in MedMO's README.
        max_pixels : int, optional
            Largest area that an image is resized to; the model's own limit if not given. A smaller one
            saves time and memory. Without effect on ``preprocessing="readme"``.
        images, new_tokens : int
            For how many images in one conversation, and for how long an answer in tokens, memory is planned.
        avoid : frozenset of str
            `Candidate.key` of candidates that failed although they should have run.
        ignore_memory : bool
            Try what is predicted not to fit, in the plan that needs least.
        before_load : callable, optional
            Told, before anything is loaded, of the choice and of what would be chosen if that failed.

        Returns
        -------
        Session
            Loaded. Whoever opens it closes it.

        Raises
        ------
        InputError
            If an argument or an artifact is wrong.
        NothingFitsError
            If nothing here can run it.
        OutOfMemoryError
            If memory runs out although the plan said otherwise.
        """
        if preprocessing == "readme" and dtype is None:
            dtype = "bfloat16"
        machine = probe_machine()
        if not all(artifact.manifest.method.startswith("onnx") for artifact in artifacts):
            machine = confirm_with_torch(machine)
        search = Search(
            machine, backend, device, dtype, max_pixels, images, new_tokens, MeasurementStore(), avoid, ignore_memory
        )
        choice = choose(find_candidates(artifacts, search))
        if before_load is not None:
            before_load(choice, _following(artifacts, search, choice))
        return cls.load(choice, preprocessing, max_pixels)

    @classmethod
    def load(cls, choice: Choice, preprocessing: Preprocessing = "standard", max_pixels: int | None = None) -> Session:
        """Load what was chosen; errors as `open`."""
        best = choice.chosen
        began = time.perf_counter()
        measures = frozenset(best.plan.measures) if best.plan is not None else frozenset()
        model = best.backend.load(best.artifact, best.device, best.dtype, measures)
        return cls(choice, model, time.perf_counter() - began, preprocessing, max_pixels)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model's memory."""
        self.model.close()

    def keep_encoded_images(self, folder: Path) -> None:
        """Keep encoded images in ``folder``, so that a later run need not encode them again.

        The files are as private as the images; nothing is kept on disk unless this is called. Only the backends
        ``onnx`` and ``openvino`` keep any.
        """
        self.model.keep_images(folder)

    def prepare(self, images: Sequence[LoadedImage], history: Sequence[Turn] = ()) -> None:
        """Encode images before the question is known, so that the answer to it starts at once.

        Parameters
        ----------
        images : sequence of LoadedImage
            Those that the next question will be about.
        history : sequence of Turn
            Earlier turns of the conversation.

        Raises
        ------
        InputError
            If an image cannot be prepared.
        OutOfMemoryError
            If memory runs out.
        """
        prepared = self.preparer.prepare(chat_turns([*history, Turn("user", "", tuple(images))]))
        image_places = prepared.token_types.nonzero()[0]
        if len(image_places):
            self.model.prepare(prepared, int(image_places[-1]) + 1)

    def see(self, images: Sequence[LoadedImage]) -> tuple[SeenImage, ...]:
        """Return images as the model is given them: after resize, cut into whole tokens.

        Raises
        ------
        InputError
            If an image cannot be prepared.
        """
        prepared = self.preparer.prepare(chat_turns([Turn("user", "", tuple(images))]))
        return seen_images(prepared, PatchLayout.of_processor(self.preparer.images))

    def ask(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Answer:
        """Answer one question, greedily.

        Parameters
        ----------
        images : sequence of LoadedImage
            What the question is about; boxes in the answer belong to the first one. Empty for a question about the
            images of ``history``.
        prompt : str
            The question. A boxes question is answered in MedMO's format, see `medmo_models.prompts`.
        history : sequence of Turn
            Earlier turns of the conversation; `medmo_runtime.conversation.Conversation` keeps them.
        max_new_tokens : int
            Longest answer, in tokens.
        on_text, on_phase : callable, optional
            Told of each piece of text as it is written, and of ``vision``, ``prefill`` and ``decode`` as they begin;
            ``on_text`` cancels by returning False.
        stop : StopSignal, optional
            Ends the answer in any phase, from any thread.

        Returns
        -------
        Answer
            Text; findings with boxes in pixels of the original image (floats, 0 is the outer edge of the first
            pixel); times in seconds, memory in bytes. A cancelled one has what was written until then, and
            ``stats.finish_reason`` is ``cancelled``.

        Raises
        ------
        InputError
            If the prompt or an image cannot be prepared.
        OutOfMemoryError
            If memory runs out.
        """
        return self.ask_with_tokens(
            images,
            prompt,
            history=history,
            max_new_tokens=max_new_tokens,
            on_text=on_text,
            on_phase=on_phase,
            stop=stop,
        ).answer

    def ask_with_tokens(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> AskedQuestion:
        """Answer one question, greedily, and return what the model read and wrote beside the answer.

        Parameters
        ----------
        images : sequence of LoadedImage
            Boxes in the answer belong to the first one; with none, to the first one of the last turn that had any.
        prompt : str
        history : sequence of Turn
            Earlier turns of the conversation.
        max_new_tokens : int
        on_text, on_phase : callable, optional
            Progress; ``on_text`` may cancel by returning False.
        stop : StopSignal, optional
            Ends the answer in any phase, from any thread.

        Raises
        ------
        InputError
            If the prompt or an image cannot be prepared.
        OutOfMemoryError
            If memory runs out.
        """
        turns = [*history, Turn("user", prompt, tuple(images))]
        prepared = self.preparer.prepare(chat_turns(turns))
        stream = TextStream(self._tokenizer)

        def receive(token: GeneratedToken) -> bool:
            piece = stream.push(token.id)
            return on_text(piece) if on_text is not None and piece else True

        generation = self.model.generate(prepared, max_new_tokens, receive, on_phase, stop)
        tail = stream.finish()
        if tail and on_text is not None:
            on_text(tail)
        answer = self._answer(turns, prepared, generation, stream)
        return AskedQuestion(answer, prepared, tuple(token.id for token in generation.tokens))

    def _answer(
        self, turns: Sequence[Turn], prepared: PreparedPrompt, generation: Generation, stream: TextStream
    ) -> Answer:
        best = self.choice.chosen
        manifest = best.artifact.manifest
        subject, number = subject_of(turns)
        image, findings, marks = read_findings(
            stream,
            generation.tokens,
            manifest.coordinate_space,
            subject,
            None if subject is None else prepared.model_sizes[number],
        )
        return Answer(
            text=stream.text,
            findings=findings,
            marks=marks,
            image=image,
            artifact=AnswerArtifact(
                str(best.artifact.path), best.artifact.id, manifest.method, manifest.bits_per_weight
            ),
            backend=AnswerBackend(
                best.backend.name,
                best.device,
                self.choice.reason,
                best.plan.given_up if best.plan is not None else (),
            ),
            stats=AnswerStats(
                load_s=self.load_s,
                vision_s=generation.vision_s,
                prefill_s=generation.prefill_s,
                prompt_tokens=len(prepared.input_ids),
                image_tokens=prepared.image_tokens,
                cached_tokens=generation.cached_tokens,
                new_tokens=len(generation.tokens),
                decode_tokens_per_s=generation.decode_tokens_per_s,
                peak_memory_bytes=generation.peak_memory_bytes,
                finish_reason=generation.finish_reason,
            ),
        )


def _following(artifacts: Sequence[Artifact], search: Search, choice: Choice) -> Choice | None:
    """Return what would be chosen if ``choice`` failed, None if nothing is left."""
    try:
        return choose(find_candidates(artifacts, replace(search, avoid=search.avoid | {choice.chosen.key})))
    except NothingFitsError:
        return None
