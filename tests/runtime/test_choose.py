"""The choice among backends that the test describes, and the memory that decides what fits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from medmo_models.artifact import Artifact, Manifest, Method
from medmo_models.errors import CannotRunError, InputError
from medmo_models.specs import MEDMO_4B, MEDMO_8B, MEDMO_TINY, ModelSpec
from medmo_runtime import choose as choose_module
from medmo_runtime.backends.base import Availability, Backend
from medmo_runtime.choose import Candidate, choose, find_candidates
from medmo_runtime.generation import LoadedModel
from medmo_runtime.memory import MemoryEstimate, estimate, readable_bytes
from support.model_files import tiny_facts

GB = 10**9


@dataclass
class FakeBackend:
    """A backend that is what the test says it is, and records what it was asked to estimate."""

    name: str
    methods: tuple[Method, ...]
    places: tuple[str, ...] = ("cpu",)
    missing: str | None = None
    """Why it cannot run anywhere; None if it can."""
    need: int = 1 * GB
    dtype: str = "float32"
    asked: list[tuple[str, str, int, int | None]] = field(default_factory=list)

    def devices(self) -> tuple[str, ...]:
        return self.places

    def availability(self, device: str) -> Availability:
        if self.missing is not None:
            return Availability(False, self.missing)
        if device not in self.places:
            return Availability(False, f"torch sees no {device}")
        return Availability(True, "there")

    def compute_dtype(self, artifact: Artifact, device: str) -> str:
        return self.dtype

    def estimate_memory(
        self, artifact: Artifact, device: str, dtype: str, context_tokens: int, max_pixels: int | None = None
    ) -> MemoryEstimate:
        self.asked.append((device, dtype, context_tokens, max_pixels))
        return MemoryEstimate(self.need, 0, 0, 0)

    def load(self, artifact: Artifact, device: str, dtype: str) -> LoadedModel:
        raise NotImplementedError


class Machine:
    """Sets the backends and the free memory that `medmo_runtime.choose` sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.set_free(host=64 * GB, device=24 * GB)

    def set_free(self, host: int, device: int | None) -> None:
        self._patch.setattr(choose_module, "free_memory_bytes", lambda: host)
        self._patch.setattr(choose_module, "device_free_bytes", lambda _: device)

    def set_backends(self, *backends: Backend) -> None:
        self._patch.setattr(choose_module, "BACKENDS", backends)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def artifact(method: Method, spec: ModelSpec = MEDMO_8B) -> Artifact:
    manifest = Manifest(**vars(tiny_facts(method=method)), files={}, created="2026-01-01")
    return Artifact(Path("model"), manifest, spec)


def gptq(**changes: object) -> FakeBackend:
    return replace(FakeBackend("gptq", ("gptq",)), **changes)  # type: ignore[arg-type]


def bnb(**changes: object) -> FakeBackend:
    return replace(FakeBackend("bnb", ("bnb-nf4",)), **changes)  # type: ignore[arg-type]


def reference(**changes: object) -> FakeBackend:
    return replace(FakeBackend("reference", ("bf16", "fp16", "fp32")), **changes)  # type: ignore[arg-type]


ALL_FORMATS: tuple[Method, ...] = ("bf16", "bnb-nf4", "gptq")


def titles(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.title for candidate in candidates]


def test_accelerators_come_first_and_four_bits_before_full_precision(machine: Machine) -> None:
    places = ("cuda:0", "cpu")
    machine.set_backends(reference(places=places), bnb(places=places), gptq(places=places))
    candidates = find_candidates([artifact(method) for method in ALL_FORMATS])
    assert titles(candidates) == [
        "gptq on gptq/cuda:0",
        "bnb-nf4 on bnb/cuda:0",
        "bf16 on reference/cuda:0",
        "gptq on gptq/cpu",
        "bnb-nf4 on bnb/cpu",
        "bf16 on reference/cpu",
    ]
    choice = choose(candidates)
    assert choice.chosen is candidates[0]
    assert choice.candidates == candidates


def test_a_small_model_runs_unquantized_on_a_cpu_but_not_on_an_accelerator(machine: Machine) -> None:
    artifacts = [artifact(method, MEDMO_TINY) for method in ALL_FORMATS]
    machine.set_backends(gptq(), bnb(), reference())
    assert choose(find_candidates(artifacts)).chosen.title == "bf16 on reference/cpu"
    places = ("cuda:0", "cpu")
    machine.set_backends(gptq(places=places), bnb(places=places), reference(places=places))
    assert choose(find_candidates(artifacts)).chosen.title == "gptq on gptq/cuda:0"


def test_devices_of_one_backend_keep_its_order(machine: Machine) -> None:
    machine.set_backends(gptq(places=("cuda:0", "cuda:1", "cpu")))
    candidates = find_candidates([artifact("gptq")])
    assert [candidate.device for candidate in candidates] == ["cuda:0", "cuda:1", "cpu"]


def test_what_is_unavailable_is_passed_over_with_its_reason(machine: Machine) -> None:
    machine.set_backends(gptq(missing="not installed: gptqmodel"), reference())
    choice = choose(find_candidates([artifact("gptq"), artifact("bf16")]))
    assert choice.chosen.title == "bf16 on reference/cpu"
    assert "not gptq on gptq/cpu: not installed: gptqmodel" in choice.reason
    assert "needs about 1.0 GB" in choice.reason


def test_what_does_not_fit_is_passed_over_with_both_sizes(machine: Machine) -> None:
    machine.set_free(host=32 * GB, device=6 * GB)
    machine.set_backends(gptq(places=("cuda:0", "cpu"), need=7 * GB))
    choice = choose(find_candidates([artifact("gptq")]))
    assert choice.chosen.device == "cpu"
    assert "gptq on gptq/cuda:0: needs 7.0 GB, 6.0 GB are free" in choice.reason


@pytest.mark.parametrize(("need", "fits"), [(8 * GB, True), (8 * GB + 1, False)])
def test_exactly_all_free_memory_fits(machine: Machine, need: int, fits: bool) -> None:
    machine.set_free(host=8 * GB, device=None)
    machine.set_backends(reference(need=need))
    (candidate,) = find_candidates([artifact("bf16")])
    assert (candidate.problem is None) == fits


def test_a_device_that_does_not_tell_its_memory_is_tried(machine: Machine) -> None:
    machine.set_free(host=1, device=None)
    machine.set_backends(reference(places=("mps",)))
    assert choose(find_candidates([artifact("bf16")])).chosen.device == "mps"


def test_when_nothing_can_run_every_reason_is_given(machine: Machine) -> None:
    machine.set_free(host=2 * GB, device=4 * GB)
    machine.set_backends(
        gptq(missing="not installed: gptqmodel"),
        bnb(places=("cuda:0", "cpu"), need=5 * GB),
        reference(need=16 * GB),
    )
    with pytest.raises(CannotRunError) as error:
        choose(find_candidates([artifact(method) for method in ALL_FORMATS]))
    assert error.value.exit_code == 3
    for reason in (
        "gptq on gptq/cpu: not installed: gptqmodel",
        "bnb-nf4 on bnb/cuda:0: needs 5.0 GB, 4.0 GB are free",
        "bnb-nf4 on bnb/cpu: needs 5.0 GB, 2.0 GB are free",
        "bf16 on reference/cpu: needs 16.0 GB, 2.0 GB are free",
    ):
        assert reason in str(error.value)


def test_without_torch_the_reason_still_reaches_the_user(machine: Machine) -> None:
    machine.set_backends(reference(places=(), missing="not installed: torch"))
    with pytest.raises(CannotRunError, match="bf16 on reference/cpu: not installed: torch"):
        choose(find_candidates([artifact("bf16")]))


def test_an_unknown_backend_is_answered_with_the_known_ones(machine: Machine) -> None:
    machine.set_backends(gptq(), reference())
    with pytest.raises(InputError, match=r"no backend 'vllm'; choose one of gptq, reference\."):
        find_candidates([artifact("gptq")], backend="vllm")


def test_a_backend_that_cannot_load_the_format_is_answered_with_one_that_can(machine: Machine) -> None:
    machine.set_backends(gptq(), reference())
    with pytest.raises(InputError, match=r"'reference' cannot load gptq; use gptq\."):
        find_candidates([artifact("gptq")], backend="reference")


def test_a_format_that_nothing_loads_blames_no_backend(machine: Machine) -> None:
    machine.set_backends(gptq(), reference())
    with pytest.raises(InputError, match="onnx-int4") as error:
        find_candidates([artifact("onnx-int4")])
    assert "None" not in str(error.value)


def test_only_the_backend_asked_for_is_examined(machine: Machine) -> None:
    unasked = gptq()
    machine.set_backends(unasked, reference())
    candidates = find_candidates([artifact("gptq"), artifact("bf16")], backend="reference")
    assert titles(candidates) == ["bf16 on reference/cpu"]
    assert unasked.asked == []


def test_only_the_device_asked_for_is_examined(machine: Machine) -> None:
    machine.set_backends(gptq(places=("cuda:0", "cpu")), reference(places=("cuda:0", "cpu")))
    artifacts = [artifact("gptq"), artifact("bf16")]
    assert {candidate.device for candidate in find_candidates(artifacts, device="cpu")} == {"cpu"}
    with pytest.raises(CannotRunError) as error:
        choose(find_candidates(artifacts, device="cuda:5"))
    assert "gptq on gptq/cuda:5: torch sees no cuda:5" in str(error.value)
    assert "bf16 on reference/cuda:5: torch sees no cuda:5" in str(error.value)


def test_dtype_context_and_image_size_reach_the_estimate(machine: Machine) -> None:
    backend = reference(dtype="bfloat16")
    machine.set_backends(backend)
    (candidate,) = find_candidates([artifact("bf16")], context_tokens=700, max_pixels=640 * 640)
    assert candidate.dtype == "bfloat16"
    (candidate,) = find_candidates([artifact("bf16")], dtype="float32", context_tokens=700)
    assert candidate.dtype == "float32"
    assert backend.asked == [("cpu", "bfloat16", 700, 640 * 640), ("cpu", "float32", 700, None)]


def test_a_single_candidate_is_called_the_only_one(machine: Machine) -> None:
    machine.set_backends(reference(need=3_300_000_000))
    assert choose(find_candidates([artifact("bf16")])).reason == (
        "the only backend for this artifact here; needs about 3.3 GB"
    )


@pytest.mark.parametrize("spec", [MEDMO_4B, MEDMO_8B])
def test_the_cache_takes_144_kib_per_token(spec: ModelSpec) -> None:
    half, whole = (estimate(spec, 0, dtype, "cuda:0", 1000) for dtype in ("bfloat16", "float32"))
    assert half.kv_cache == 144 * 1024 * 1000
    assert whole.kv_cache == 2 * half.kv_cache


def test_an_estimate_is_the_sum_of_its_parts_and_grows_with_the_context() -> None:
    short, long = (estimate(MEDMO_8B, 5 * GB, "bfloat16", "cpu", tokens) for tokens in (1000, 4000))
    for figure in (short, long):
        assert figure.weights == 5 * GB
        assert figure.total == figure.weights + figure.kv_cache + figure.vision + figure.workspace
    assert long.kv_cache == 4 * short.kv_cache
    assert long.workspace > short.workspace
    assert long.vision == short.vision  # the image is bounded by its own limit


def test_the_largest_image_counts() -> None:
    large = estimate(MEDMO_8B, 0, "bfloat16", "cuda:0", 1000).vision
    small = estimate(replace(MEDMO_8B, default_max_pixels=640 * 640), 0, "bfloat16", "cuda:0", 1000).vision
    assert large == 4 * small
    assert estimate(MEDMO_8B, 0, "bfloat16", "cuda:0", 1000, max_pixels=640 * 640).vision == small
    # 6,400 patches times the widest layer, the MLP of the vision tower: nothing below that can be right.
    assert large > 6400 * 4304 * 2


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 MB"), (12_300_000, "12 MB"), (GB, "1.0 GB"), (3_349_000_000, "3.3 GB")]
)
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert readable_bytes(count) == text
