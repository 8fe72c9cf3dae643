"""``medmo ask``: one answer about one or several images."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from medmo_cli.interrupt import check_interrupt
from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.self_tests import self_tests_wanted, test_before_use
from medmo_models.errors import CancelledError, InputError
from medmo_models.imaging import LoadedImage, load_image
from medmo_models.library import embedded_model_path, find_model
from medmo_models.prompts import TASK_PROMPTS
from medmo_runtime.answer import Answer
from medmo_runtime.conversation import Conversation
from medmo_runtime.overlay import RESEARCH_NOTICE, save_answer_overlay
from medmo_runtime.worker import OpenRequest, WorkerSession

_DTYPES = ("float32", "bfloat16", "float16", "int8")


def choose_prompt(prompt: str | None, task: str | None) -> str:
    """Return the user's prompt, or the task's own.

    Raises
    ------
    InputError
        If neither is given, or the task is unknown.
    """
    if task is not None and task not in TASK_PROMPTS:
        raise InputError(f"There is no task {task!r}; choose one of {', '.join(TASK_PROMPTS)}.")
    if prompt is not None and prompt.strip():
        return prompt
    if task is None:
        raise InputError(f"Say what to ask: --prompt TEXT, or --task with one of {', '.join(TASK_PROMPTS)}.")
    return TASK_PROMPTS[task]


def parse_window(text: str | None) -> tuple[float, float] | None:
    """Read ``center/width``, for example ``-600/1500``."""
    if text is None:
        return None
    center, separator, width = text.partition("/")
    try:
        if not separator or float(width) <= 0:
            raise ValueError
        return float(center), float(width)
    except ValueError:
        raise InputError(f"--window {text} is not center/width, for example --window=-600/1500.") from None


def print_answer(answer: Answer, with_reason: bool) -> None:
    """Print what belongs to an answer whose text was streamed; why this backend runs only on demand."""
    for finding in answer.findings:
        for box in finding.boxes:
            x1, y1, x2, y2 = box.pixels
            sure = "" if box.confidence is None else f", token probability {box.confidence:.2f}"
            marks = f" [{', '.join(box.marks)}]" if box.marks else ""
            label = finding.label or "(no label)"
            results.print(f"  {label}: {x1:.1f}, {y1:.1f} - {x2:.1f}, {y2:.1f} px{sure}{marks}", markup=False)
    if answer.marks:
        messages.print(f"note: the answer is {', '.join(answer.marks)}", markup=False)
    stats = answer.stats
    speed = "" if stats.decode_tokens_per_s is None else f", {stats.decode_tokens_per_s:.1f} tokens/s"
    backend = f"{answer.artifact.method} on {answer.backend.name}/{answer.backend.device}"
    if with_reason:
        for given_up in answer.backend.given_up:
            messages.print(f"note: to fit the memory, {given_up}", markup=False)
        backend += f" ({answer.backend.reason})"
    load = f"load {stats.load_s:.1f} s, " if with_reason else ""
    messages.print(
        f"{backend}; {load}vision {stats.vision_s:.2f} s, prefill {stats.prefill_s:.2f} s{speed}", markup=False
    )


def command(
    images: Annotated[list[Path], typer.Argument(help="PNG, JPEG, TIFF or DICOM files.")],
    prompt: Annotated[
        list[str] | None, typer.Option(help="The question; repeated, each is the next turn of the conversation.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="localize, report or vqa: asks the task's own question.")] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Go on asking: one question per line from the keyboard.")
    ] = False,
    artifact: Annotated[
        list[str] | None, typer.Option(help="A model directory or installed name; several to choose from.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="onnx, gptq, bnb or reference; chosen if not given. bnb rounds a full-precision model to 4 bits."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...; chosen if not given.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, bfloat16, float16, or int8 for onnx; chosen if not given.")
    ] = None,
    preprocessing: Annotated[str, typer.Option(help="standard, or readme: as MedMO's README script.")] = "standard",
    max_pixels: Annotated[
        int | None, typer.Option(min=1024, help="Largest image area for the model: less saves time and memory.")
    ] = None,
    frame: Annotated[int | None, typer.Option(help="Frame of a multi-frame file, from 0.")] = None,
    window: Annotated[str | None, typer.Option(help="Window center/width for grey images.")] = None,
    overlay: Annotated[Path | None, typer.Option(help="Write the first image with its boxes to this PNG.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer in tokens.")] = 512,
    auto: Annotated[bool, typer.Option("--auto", help="If memory runs out, try the next plan once.")] = False,
    self_test: Annotated[bool, typer.Option("--self-test/--no-self-test", help="Test a new backend first.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask about one or several images."""
    with errors_as_sentences():
        questions = [choose_prompt(text, task) for text in prompt or []]
        if not questions and not (chat and task is None):
            questions = [choose_prompt(None, task)]
        if dtype not in (None, *_DTYPES):
            raise InputError(f"There is no dtype {dtype!r}; choose one of {', '.join(_DTYPES)}.")
        shown = parse_window(window)
        loaded: list[LoadedImage] = [load_image(path, frame=frame, window=shown) for path in images]
        if artifact is None:
            messages.print("no --artifact given: the embedded medmo-tiny answers (it knows only phantoms)", style="dim")
        paths = [find_model(name) for name in artifact or []] or [embedded_model_path()]
        request = OpenRequest(
            artifacts=tuple(str(path) for path in paths),
            backend=backend,
            device=device,
            dtype=dtype,
            preprocessing=_preprocessing(preprocessing),
            max_pixels=max_pixels,
            images=len(loaded),
            new_tokens=max_new_tokens * max(1, len(questions)),
        )
        if self_tests_wanted(self_test):
            test_before_use(request)
        with WorkerSession(request, auto=auto, on_notice=_notice) as session:
            answers = _hold(session, loaded, questions, chat, max_new_tokens, json)
        if overlay is not None and answers:
            save_answer_overlay(overlay, loaded[0].pixels, answers[-1])
        if json:
            print_json(answers[0].to_json() if len(answers) == 1 else {"turns": [one.to_json() for one in answers]})
        if answers and answers[-1].stats.finish_reason == "cancelled":
            raise CancelledError("cancelled")


def _hold(
    session: WorkerSession,
    images: list[LoadedImage],
    questions: list[str],
    chat: bool,
    max_new_tokens: int,
    json: bool,
) -> list[Answer]:
    """Ask all questions, then what is typed, each about what was said before."""
    conversation = Conversation(session)
    answers: list[Answer] = []
    show = _silent if json else _stream
    for question in chain(questions, _typed() if chat else ()):
        check_interrupt()
        typed = len(answers) >= len(questions)
        if not json and (len(questions) > 1 or chat) and not (typed and sys.stdin.isatty()):
            results.print(f"> {question}", style="dim", markup=False)
        answer = conversation.ask(question, () if answers else images, max_new_tokens=max_new_tokens, on_text=show)
        check_interrupt()
        answers.append(answer)
        if not json:
            results.print()
            print_answer(answer, with_reason=len(answers) == 1)
        if answer.stats.finish_reason == "cancelled":
            break
    if answers and not json:
        messages.print(RESEARCH_NOTICE, style="dim")
    return answers


def _typed() -> Iterator[str]:
    """Yield lines from the keyboard until an empty one or the end."""
    while True:
        if sys.stdin.isatty():
            messages.print("> ", end="", style="dim")
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line


def _notice(text: str) -> None:
    messages.print(f"note: {text}", markup=False)


def _preprocessing(name: str) -> str:
    if name in ("standard", "readme"):
        return name
    raise InputError(f"There is no preprocessing {name!r}; choose standard or readme.")


def _silent(_piece: str) -> bool:
    check_interrupt()
    return True


def _stream(piece: str) -> bool:
    check_interrupt()
    results.print(piece, end="", markup=False)
    return True
