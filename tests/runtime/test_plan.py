"""MedMO-4B and 8B on small GPUs: which plans a 1280 x 1280 image gets, in which order, and what is said if none."""

from __future__ import annotations

from pathlib import Path

import pytest

from medmo_cli.output import errors_as_sentences
from medmo_models.artifact import Artifact
from medmo_models.specs import MEDMO_4B, MEDMO_8B, ModelSpec
from medmo_runtime.backends.gptq import GptqBackend
from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.candidates import Search, examine
from medmo_runtime.choose import choose
from medmo_runtime.hardware import Accelerator, HostMemory, Libraries, Machine, Processor
from medmo_runtime.memory import MEASURES, Measure, Workload
from medmo_runtime.plan import PlanSearch, find_plan
from support.described_artifacts import described_artifact

GIB = 2**30
MIB = 2**20
#: What the driver keeps of a GPU that shows no screen.
DRIVER = 64 * MIB
WHOLE_IMAGE = 1280 * 1280


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("described")


def described(folder: Path, spec: ModelSpec) -> Artifact:
    path = folder / spec.id
    return described_artifact(path, spec, "gptq") if not path.exists() else _again(path, spec)


def _again(path: Path, spec: ModelSpec) -> Artifact:
    number = sum(1 for _ in path.parent.iterdir())
    return described_artifact(path.with_name(f"{spec.id}-{number}"), spec, "gptq")


def search(artifact: Artifact, free_bytes: int) -> PlanSearch:
    backend = GptqBackend()
    return find_plan(
        lambda work, measures: backend.predict_memory(artifact, "cuda:0", "float16", work, measures),
        Workload(WHOLE_IMAGE),
        backend.measures(artifact, "cuda:0"),
        free_bytes,
    )


GIVEN_UP: tuple[tuple[ModelSpec, int, tuple[Measure, ...]], ...] = (
    (MEDMO_8B, 24, ()),
    (MEDMO_8B, 8, ()),
    (MEDMO_8B, 6, ("vision-released", "embedding-on-host", "8-bit-head")),
    (MEDMO_4B, 6, ()),
    (MEDMO_4B, 4, ("embedding-on-host", "8-bit-head")),
)


@pytest.mark.parametrize(
    ("spec", "gibibytes", "measures"), GIVEN_UP, ids=[f"{spec.id} in {size} GB" for spec, size, _ in GIVEN_UP]
)
def test_a_whole_image_fits_and_no_more_is_given_up_than_needed(
    folder: Path, spec: ModelSpec, gibibytes: int, measures: tuple[Measure, ...]
) -> None:
    free = gibibytes * GIB - DRIVER
    found = search(described(folder, spec), free)
    assert found.fitting is not None
    assert found.fitting.measures == measures
    assert found.fitting.given_up == tuple(MEASURES[measure] for measure in measures)
    assert not found.fitting.shrinks_image
    assert found.fitting.total <= free
    assert all(plan.total > free for plan in found.tried[:-1])


def test_after_a_failure_nothing_is_taken_back(folder: Path) -> None:
    backend, artifact = GptqBackend(), described(folder, MEDMO_4B)
    needless = search(artifact, 4 * GIB - DRIVER).fitting
    assert needless is not None
    assert "vision-released" not in needless.measures
    again = find_plan(
        lambda work, measures: backend.predict_memory(artifact, "cuda:0", "float16", work, measures),
        Workload(WHOLE_IMAGE),
        backend.measures(artifact, "cuda:0"),
        4 * GIB - DRIVER,
        frozenset({needless.key}),
    ).fitting
    assert again is not None
    assert again.measures == ("vision-released", "embedding-on-host", "8-bit-head", "8-bit-cache")
    assert again.total < needless.total


@pytest.mark.parametrize("spec", [MEDMO_4B, MEDMO_8B], ids=lambda spec: spec.id)
def test_cost_is_lowered_in_the_stated_order_and_the_image_shrinks_last(folder: Path, spec: ModelSpec) -> None:
    found = search(described(folder, spec), 0)
    assert found.fitting is None
    order = ("vision-released", "embedding-on-host", "8-bit-head", "8-bit-cache")
    assert [plan.measures for plan in found.tried[:5]] == [order[:count] for count in range(5)]
    assert not any(plan.shrinks_image for plan in found.tried[:5])
    sizes = [plan.workload.max_pixels for plan in found.tried[4:]]
    assert sizes == sorted(sizes, reverse=True)
    totals = [plan.total for plan in found.tried]
    assert totals == sorted(totals, reverse=True)


def small_machine(device_bytes: int, host_bytes: int) -> Machine:
    gpu = Accelerator(vendor="nvidia", name="GPU", device="cuda:0", total_bytes=device_bytes, free_bytes=device_bytes)
    return Machine(
        system="Linux",
        architecture="x86_64",
        processor=Processor(name="some processor", cores=4),
        memory=HostMemory(total_bytes=host_bytes, free_bytes=host_bytes),
        accelerators=(gpu,),
        libraries=Libraries(onnx_providers=("CPUExecutionProvider",), packages={"onnxruntime": "1.31"}),
    )


def test_when_nothing_fits_the_command_ends_with_3_and_a_table_of_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    gptq = described(folder, MEDMO_8B)
    onnx = described_artifact(folder / "8b-onnx", MEDMO_8B, "onnx-int4")
    machine = small_machine(2 * GIB, 3 * GIB)

    class EverywhereGptq(GptqBackend):
        def availability(self, machine: Machine, device: str):  # type: ignore[no-untyped-def]
            from medmo_runtime.backends.base import Availability

            return Availability(True, "there")

    wanted = Search(machine, new_tokens=512)
    candidates = [
        examine(gptq, EverywhereGptq(), "cuda:0", wanted),
        examine(onnx, OnnxBackend(), "cpu", wanted),
    ]
    with pytest.raises(SystemExit) as ended, errors_as_sentences():
        choose(candidates)
    assert ended.value.code == 3
    printed = capsys.readouterr().err
    for title in ("gptq on gptq/cuda:0", "onnx-int4 on onnx/cpu"):
        assert title in printed
    for candidate in candidates:
        cheapest = min(plan.total for plan in candidate.tried)
        free = candidate.free_bytes or 0
        assert f"{(cheapest - free) / 1e9:.1f} GB" in printed
    assert "the output head is rounded to 8 bits" in printed
    assert "images are shrunk to the area of 384 x 384 pixels" in printed
