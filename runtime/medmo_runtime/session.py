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

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from medmo_models.artifact import Artifact
from medmo_models.imaging import LoadedImage
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.readme_preprocessing import ReadmePreparer
from medmo_runtime.answer import (
    Answer,
    AnswerArtifact,
    AnswerBackend,
    AnswerBox,
    AnswerFinding,
    AnswerImage,
    AnswerStats,
)
from medmo_runtime.choose import Choice, choose, find_candidates
from medmo_runtime.generation import GeneratedToken, Generation, LoadedModel, PhaseCallback
from medmo_runtime.grounding import Box, Grounding, parse_grounding, to_pixels
from medmo_runtime.streaming import TextStream

Preprocessing = Literal["standard", "readme"]
#: Called with each piece of text; returning False cancels before the next token.
TextCallback = Callable[[str], bool]


class Preparer(Protocol):
    """Turns a conversation into model inputs (`PromptPreparer` or `ReadmePreparer`)."""

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
        artifact = choice.chosen.artifact
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
    ) -> Session:
        """Choose the best of the artifacts' backends for this machine and load it.

        Parameters
        ----------
        artifacts : sequence of Artifact
            The same model in one or several formats.
        backend, device, dtype : str, optional
            Consider only this one. With ``preprocessing="readme"`` the dtype is bfloat16 unless given,
            because the README's script loads the model in it.
        preprocessing : {"standard", "readme"}
        max_pixels : int, optional
            Largest area that an image is resized to; the model's own limit if not given. A smaller one
            saves time and memory. Without effect on ``preprocessing="readme"``.

        Raises
        ------
        InputError
            If an argument or an artifact is wrong.
        CannotRunError
            If nothing here can run it.
        """
        if preprocessing == "readme" and dtype is None:
            dtype = "bfloat16"
        candidates = find_candidates(artifacts, backend=backend, device=device, dtype=dtype, max_pixels=max_pixels)
        choice = choose(candidates)
        best = choice.chosen
        began = time.perf_counter()
        model = best.backend.load(best.artifact, best.device, best.dtype)
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

        The files are as private as the images; nothing is kept on disk unless this is called. Only the backend
        ``onnx`` keeps any.
        """
        self.model.keep_images(folder)

    def prepare(self, images: Sequence[LoadedImage], history: Sequence[ChatTurn] = ()) -> None:
        """Encode images before the question is known, so that the answer to it starts at once.

        Parameters
        ----------
        images : sequence of LoadedImage
            Those that the next question will be about.
        history : sequence of ChatTurn
            Earlier turns of the conversation.

        Raises
        ------
        InputError
            If an image cannot be prepared.
        CannotRunError
            If memory runs out.
        """
        prepared = self.preparer.prepare([*history, self._turn(images, "")])
        image_places = prepared.token_types.nonzero()[0]
        if len(image_places):
            self.model.prepare(prepared, int(image_places[-1]) + 1)

    def ask(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[ChatTurn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
    ) -> Answer:
        """Answer one question, greedily; parameters and errors as `ask_with_tokens`."""
        return self.ask_with_tokens(
            images, prompt, history=history, max_new_tokens=max_new_tokens, on_text=on_text, on_phase=on_phase
        ).answer

    def ask_with_tokens(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[ChatTurn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
    ) -> AskedQuestion:
        """Answer one question, greedily, and return what the model read and wrote beside the answer.

        Parameters
        ----------
        images : sequence of LoadedImage
            Boxes in the answer belong to the first one.
        prompt : str
        history : sequence of ChatTurn
            Earlier turns of the conversation.
        max_new_tokens : int
        on_text, on_phase : callable, optional
            Progress; ``on_text`` may cancel by returning False.

        Raises
        ------
        InputError
            If the prompt or an image cannot be prepared.
        CannotRunError
            If memory runs out.
        """
        prepared = self.preparer.prepare([*history, self._turn(images, prompt)])
        stream = TextStream(self._tokenizer)

        def receive(token: GeneratedToken) -> bool:
            piece = stream.push(token.id)
            return on_text(piece) if on_text is not None and piece else True

        generation = self.model.generate(prepared, max_new_tokens, receive, on_phase)
        tail = stream.finish()
        if tail and on_text is not None:
            on_text(tail)
        answer = self._answer(images, prepared, generation, stream)
        return AskedQuestion(answer, prepared, tuple(token.id for token in generation.tokens))

    @staticmethod
    def _turn(images: Sequence[LoadedImage], prompt: str) -> ChatTurn:
        return ChatTurn("user", prompt, tuple(image.pixels for image in images))

    def _answer(
        self, images: Sequence[LoadedImage], prepared: PreparedPrompt, generation: Generation, stream: TextStream
    ) -> Answer:
        best = self.choice.chosen
        manifest = best.artifact.manifest
        grounding = parse_grounding(stream.text, coordinate_space=manifest.coordinate_space)
        image = None
        findings: tuple[AnswerFinding, ...] = ()
        if images:
            model_width, model_height = prepared.model_sizes[-len(images)]
            first = images[0]
            image = AnswerImage(first.width, first.height, model_width, model_height, first.sha256)
            findings = _findings(grounding, image, generation.tokens, stream)
        return Answer(
            text=stream.text,
            findings=findings,
            marks=grounding.marks,
            image=image,
            artifact=AnswerArtifact(
                str(best.artifact.path), best.artifact.id, manifest.method, manifest.bits_per_weight
            ),
            backend=AnswerBackend(best.backend.name, best.device, self.choice.reason),
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


def _findings(
    grounding: Grounding, image: AnswerImage, tokens: Sequence[GeneratedToken], stream: TextStream
) -> tuple[AnswerFinding, ...]:
    def answer_box(box: Box) -> AnswerBox:
        pixels = to_pixels(
            box, image.width, image.height, model_width=image.model_width, model_height=image.model_height
        )
        return AnswerBox(box.raw, pixels, _confidence(box, tokens, stream), box.marks)

    return tuple(
        AnswerFinding(finding.label, tuple(answer_box(box) for box in finding.boxes)) for finding in grounding.findings
    )


def _confidence(box: Box, tokens: Sequence[GeneratedToken], stream: TextStream) -> float | None:
    """Return the geometric mean of the probabilities of the tokens that hold the box's digits."""
    start, end = box.span
    logs = []
    for index in stream.tokens_in(start, end):
        text = stream.text[stream.ends[index - 1] if index else 0 : stream.ends[index]]
        if any(character.isdigit() for character in text):
            logs.append(math.log(max(tokens[index].probability, 1e-12)))
    return math.exp(sum(logs) / len(logs)) if logs else None
