"""The choice among backends that the test describes, and what decides it: availability, memory, speed, correctness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from medmo_models.artifact import Artifact, Manifest, Method
from medmo_models.errors import CannotRunError, InputError
from medmo_models.specs import MEDMO_8B, MEDMO_TINY, ModelSpec
from medmo_runtime import candidates as candidates_module
from medmo_runtime.backends.base import Availability, Backend
from medmo_runtime.candidates import Candidate, Search, find_candidates
from medmo_runtime.choose import choose
from medmo_runtime.generation import LoadedModel
from medmo_runtime.hardware import Accelerator, HostMemory, Machine, Processor
from medmo_runtime.measurements import Measurement, MeasurementStore, measurement_key
from medmo_runtime.memory import Measure, MemoryParts, Workload, readable_bytes
from support.model_files import tiny_facts

GB = 10**9


@dataclass
class FakeBackend:
    """A backend that is what the test says it is, and records what it was asked to predict."""

    name: str
    methods: tuple[Method, ...]
    places: tuple[str, ...] = ("cpu",)
    missing: str | None = None
    """Why it cannot run anywhere; None if it can."""
    need: int = 1 * GB
    dtype: str = "float32"
    proven: bool = True
    offered: tuple[Measure, ...] = ()
    saved: int = 1 * GB
    """Bytes that each measure saves."""
    rounds: Mapping[Method, Method] = field(default_factory=dict)
    asked: list[tuple[str, str, Workload]] = field(default_factory=list)

    def devices(self, machine: Machine) -> tuple[str, ...]:
        return self.places

    def availability(self, machine: Machine, device: str) -> Availability:
        if self.missing is not None:
            return Availability(False, self.missing)
        if device not in self.places:
            return Availability(False, f"torch sees no {device}")
        return Availability(True, "there", self.proven)

    def compute_dtype(self, machine: Machine, artifact: Artifact, device: str) -> str:
        return self.dtype

    def measures(self, artifact: Artifact, device: str) -> tuple[Measure, ...]:
        return self.offered

    def predict_memory(
        self, artifact: Artifact, device: str, dtype: str, workload: Workload, measures: frozenset[Measure]
    ) -> MemoryParts:
        self.asked.append((device, dtype, workload))
        image = (workload.max_pixels - 1024) * 1000  # 1.6 GB at 1280 x 1280, nothing at the tests' usual 32 x 32
        return MemoryParts(layers=self.need - len(measures) * self.saved, vision_activations=image)

    def load(
        self, artifact: Artifact, device: str, dtype: str, measures: frozenset[Measure] = frozenset()
    ) -> LoadedModel:
        raise NotImplementedError


class Setting:
    """The backends, and a machine with one GPU, as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.set_free(host=64 * GB, device=24 * GB)

    def set_free(self, host: int, device: int | None) -> None:
        self.machine = Machine(
            system="Linux",
            architecture="x86_64",
            processor=Processor(name="some processor", cores=4),
            memory=HostMemory(total_bytes=64 * GB, free_bytes=host),
            accelerators=(Accelerator(vendor="nvidia", name="GPU", device="cuda:0", free_bytes=device),),
        )

    def set_backends(self, *backends: Backend) -> None:
        self._patch.setattr(candidates_module, "BACKENDS", backends)

    def find(self, *artifacts: Artifact, **search: object) -> tuple[Candidate, ...]:
        settings = {"max_pixels": 1024, **search}
        return find_candidates(artifacts, Search(self.machine, **settings))  # type: ignore[arg-type]


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


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


def test_accelerators_come_first_and_four_bits_before_full_precision(setting: Setting) -> None:
    places = ("cuda:0", "cpu")
    setting.set_backends(reference(places=places), bnb(places=places), gptq(places=places))
    choice = choose(setting.find(*[artifact(method) for method in ALL_FORMATS]))
    assert titles(choice.candidates) == [
        "gptq on gptq/cuda:0",
        "bnb-nf4 on bnb/cuda:0",
        "bf16 on reference/cuda:0",
        "gptq on gptq/cpu",
        "bnb-nf4 on bnb/cpu",
        "bf16 on reference/cpu",
    ]
    assert choice.chosen is choice.candidates[0]


def test_a_small_model_runs_unquantized_on_a_cpu_but_not_on_an_accelerator(setting: Setting) -> None:
    artifacts = [artifact(method, MEDMO_TINY) for method in ALL_FORMATS]
    setting.set_backends(gptq(), bnb(), reference())
    assert choose(setting.find(*artifacts)).chosen.title == "bf16 on reference/cpu"
    places = ("cuda:0", "cpu")
    setting.set_backends(gptq(places=places), bnb(places=places), reference(places=places))
    assert choose(setting.find(*artifacts)).chosen.title == "gptq on gptq/cuda:0"


def test_devices_of_one_backend_keep_its_order(setting: Setting) -> None:
    setting.set_backends(gptq(places=("cuda:0", "cuda:1", "cpu")))
    candidates = setting.find(artifact("gptq"))
    assert [candidate.device for candidate in candidates] == ["cuda:0", "cuda:1", "cpu"]


def test_what_is_unavailable_is_passed_over_with_its_reason(setting: Setting) -> None:
    setting.set_backends(gptq(missing="not installed: gptqmodel"), reference())
    choice = choose(setting.find(artifact("gptq"), artifact("bf16")))
    assert choice.chosen.title == "bf16 on reference/cpu"
    assert "not gptq on gptq/cpu: not installed: gptqmodel" in choice.reason
    assert "needs about 1.0 GB" in choice.reason


def test_what_does_not_fit_is_passed_over_with_both_sizes(setting: Setting) -> None:
    setting.set_free(host=32 * GB, device=6 * GB)
    setting.set_backends(gptq(places=("cuda:0", "cpu"), need=7 * GB))
    choice = choose(setting.find(artifact("gptq")))
    assert choice.chosen.device == "cpu"
    assert "gptq on gptq/cuda:0: needs 7.0 GB, 6.0 GB are free" in choice.reason


@pytest.mark.parametrize(("need", "fits"), [(8 * GB, True), (8 * GB + 1, False)])
def test_exactly_all_free_memory_fits(setting: Setting, need: int, fits: bool) -> None:
    setting.set_free(host=8 * GB, device=None)
    setting.set_backends(reference(need=need))
    (candidate,) = setting.find(artifact("bf16"))
    assert (candidate.problem is None) == fits


def test_a_device_that_does_not_tell_its_memory_is_tried(setting: Setting) -> None:
    setting.set_free(host=1, device=None)
    setting.set_backends(reference(places=("mps",)))
    assert choose(setting.find(artifact("bf16"))).chosen.device == "mps"


def test_when_nothing_can_run_every_reason_is_given(setting: Setting) -> None:
    setting.set_free(host=2 * GB, device=4 * GB)
    setting.set_backends(
        gptq(missing="not installed: gptqmodel"),
        bnb(places=("cuda:0", "cpu"), need=5 * GB),
        reference(need=16 * GB),
    )
    with pytest.raises(CannotRunError) as error:
        choose(setting.find(*[artifact(method) for method in ALL_FORMATS]))
    assert error.value.exit_code == 3
    for reason in (
        "gptq on gptq/cpu: not installed: gptqmodel",
        "bnb-nf4 on bnb/cuda:0: needs 5.0 GB, 4.0 GB are free",
        "bnb-nf4 on bnb/cpu: needs 5.0 GB, 2.0 GB are free",
        "bf16 on reference/cpu: needs 16.0 GB, 2.0 GB are free",
    ):
        assert reason in str(error.value)


def test_without_torch_the_reason_still_reaches_the_user(setting: Setting) -> None:
    setting.set_backends(reference(places=(), missing="not installed: torch"))
    with pytest.raises(CannotRunError, match="bf16 on reference/cpu: not installed: torch"):
        choose(setting.find(artifact("bf16")))


def test_an_unknown_backend_is_answered_with_the_known_ones(setting: Setting) -> None:
    setting.set_backends(gptq(), reference())
    with pytest.raises(InputError, match=r"no backend 'vllm'; choose one of gptq, reference\."):
        setting.find(artifact("gptq"), backend="vllm")


def test_a_backend_that_cannot_load_the_format_is_answered_with_one_that_can(setting: Setting) -> None:
    setting.set_backends(gptq(), reference())
    with pytest.raises(InputError, match=r"'reference' cannot load gptq; use gptq\."):
        setting.find(artifact("gptq"), backend="reference")


def test_a_format_that_nothing_loads_blames_no_backend(setting: Setting) -> None:
    setting.set_backends(gptq(), reference())
    with pytest.raises(InputError, match="onnx-int4") as error:
        setting.find(artifact("onnx-int4"))
    assert "None" not in str(error.value)


def test_only_the_backend_asked_for_is_examined(setting: Setting) -> None:
    unasked = gptq()
    setting.set_backends(unasked, reference())
    candidates = setting.find(artifact("gptq"), artifact("bf16"), backend="reference")
    assert titles(candidates) == ["bf16 on reference/cpu"]
    assert unasked.asked == []


def test_only_the_device_asked_for_is_examined(setting: Setting) -> None:
    setting.set_backends(gptq(places=("cuda:0", "cpu")), reference(places=("cuda:0", "cpu")))
    artifacts = [artifact("gptq"), artifact("bf16")]
    assert {candidate.device for candidate in setting.find(*artifacts, device="cpu")} == {"cpu"}
    with pytest.raises(CannotRunError) as error:
        choose(setting.find(*artifacts, device="cuda:5"))
    assert "gptq on gptq/cuda:5: torch sees no cuda:5" in str(error.value)
    assert "bf16 on reference/cuda:5: torch sees no cuda:5" in str(error.value)


def test_dtype_and_workload_reach_the_prediction(setting: Setting) -> None:
    backend = reference(dtype="bfloat16")
    setting.set_backends(backend)
    (candidate,) = setting.find(artifact("bf16"), new_tokens=700, max_pixels=640 * 640, images=3)
    assert candidate.dtype == "bfloat16"
    (candidate,) = setting.find(artifact("bf16"), dtype="float32")
    assert candidate.dtype == "float32"
    assert ("cpu", "bfloat16", Workload(640 * 640, 3, 700)) in backend.asked
    assert ("cpu", "float32", Workload(1024)) in backend.asked


def test_without_a_limit_the_models_own_image_size_counts(setting: Setting) -> None:
    backend = reference()
    setting.set_backends(backend)
    setting.find(artifact("bf16"), max_pixels=None)
    assert backend.asked[0][2].max_pixels == 1280 * 1280


def test_a_plan_gives_up_no_more_than_it_must_and_says_what(setting: Setting) -> None:
    setting.set_free(host=1 * GB, device=6 * GB)
    offered: tuple[Measure, ...] = ("8-bit-cache", "vision-released", "embedding-on-host")
    setting.set_backends(gptq(places=("cuda:0",), need=8 * GB, offered=offered))
    choice = choose(setting.find(artifact("gptq")))
    plan = choice.chosen.plan
    assert plan is not None
    assert plan.measures == ("vision-released", "embedding-on-host")  # in the stated order, whatever the backend's
    assert plan.total == 6 * GB
    assert "to fit, the vision encoder leaves the device after each image" in choice.reason
    assert "8 bits" not in choice.reason
    assert [tried.total for tried in choice.chosen.tried] == [8 * GB, 7 * GB, 6 * GB]


def test_the_image_shrinks_last_and_only_as_far_as_needed(setting: Setting) -> None:
    setting.set_free(host=1 * GB, device=4 * GB)
    setting.set_backends(gptq(places=("cuda:0",), need=4 * GB, offered=("8-bit-cache",)))
    (candidate,) = setting.find(artifact("gptq"), max_pixels=1280 * 1280)
    assert candidate.plan is not None
    assert candidate.plan.measures == ("8-bit-cache",)
    assert candidate.plan.workload.max_pixels == 896 * 896
    assert candidate.plan.given_up[-1] == "images are shrunk to the area of 896 x 896 pixels"


def test_a_whole_image_on_the_cpu_comes_before_a_smaller_one_on_the_gpu(setting: Setting) -> None:
    setting.set_free(host=64 * GB, device=int(4.9 * GB))
    setting.set_backends(gptq(places=("cuda:0", "cpu"), need=4 * GB))
    choice = choose(setting.find(artifact("gptq"), max_pixels=1280 * 1280))
    assert choice.chosen.device == "cpu"
    setting.set_free(host=1 * GB, device=int(4.9 * GB))
    choice = choose(setting.find(artifact("gptq"), max_pixels=1280 * 1280))
    assert choice.chosen.device == "cuda:0"
    assert "shrunk" in choice.reason


def test_what_failed_is_not_tried_again_but_the_next_plan_is(setting: Setting) -> None:
    setting.set_backends(gptq(places=("cuda:0", "cpu"), offered=("vision-released", "8-bit-cache")))
    avoid: frozenset[str] = frozenset()
    seen = []
    for _ in range(4):
        chosen = choose(setting.find(artifact("gptq"), avoid=avoid)).chosen
        assert chosen.plan is not None
        seen.append((chosen.device, chosen.plan.measures))
        avoid |= {chosen.key}
    assert seen == [
        ("cuda:0", ()),
        ("cuda:0", ("vision-released",)),
        ("cuda:0", ("vision-released", "8-bit-cache")),
        ("cpu", ()),
    ]


def remember(
    setting: Setting,
    store: MeasurementStore,
    method: Method,
    backend: str,
    speed: float,
    correct: bool = True,
    prefill: float = 100.0,
) -> None:
    made = Measurement(correct, "probabilities differ by 0.4", 1.0, prefill, speed, 1 * GB)
    store.write(measurement_key(setting.machine, artifact(method).id, backend, "cpu", "float32"), made)


def test_the_fastest_measured_here_wins_over_the_table(setting: Setting, tmp_path: Path) -> None:
    setting.set_backends(gptq(), bnb())
    artifacts = [artifact("gptq"), artifact("bnb-nf4")]
    store = MeasurementStore(tmp_path)
    remember(setting, store, "bnb-nf4", "bnb", 30.0)
    assert choose(setting.find(*artifacts, measurements=store)).chosen.backend.name == "gptq"  # not all are measured
    remember(setting, store, "gptq", "gptq", 20.0)
    choice = choose(setting.find(*artifacts, measurements=store))
    assert choice.chosen.backend.name == "bnb"
    assert "the fastest measured of 2 that can run (15.3 s for 1,100 tokens read and 128 written)" in choice.reason


def test_a_faster_prefill_counts_as_much_as_the_time_that_it_saves(setting: Setting, tmp_path: Path) -> None:
    setting.set_backends(gptq(), bnb())
    artifacts = [artifact("gptq"), artifact("bnb-nf4")]
    store = MeasurementStore(tmp_path)
    remember(setting, store, "gptq", "gptq", 20.0, prefill=50.0)
    remember(setting, store, "bnb-nf4", "bnb", 19.0, prefill=100.0)
    assert choose(setting.find(*artifacts, measurements=store)).chosen.backend.name == "bnb"
    remember(setting, store, "bnb-nf4", "bnb", 19.0, prefill=50.0)
    assert choose(setting.find(*artifacts, measurements=store)).chosen.backend.name == "gptq"


def test_one_that_computes_wrongly_is_refused_with_the_figure_even_if_it_is_the_fastest(
    setting: Setting, tmp_path: Path
) -> None:
    setting.set_backends(gptq(), bnb())
    store = MeasurementStore(tmp_path)
    remember(setting, store, "gptq", "gptq", 900.0, correct=False)
    remember(setting, store, "bnb-nf4", "bnb", 3.0)
    choice = choose(setting.find(artifact("gptq"), artifact("bnb-nf4"), measurements=store))
    assert choice.chosen.backend.name == "bnb"
    assert "gptq/cpu: it computes wrongly on this machine: probabilities differ by 0.4" in choice.reason


def test_a_measurement_of_another_driver_version_or_artifact_does_not_count(setting: Setting, tmp_path: Path) -> None:
    setting.set_backends(gptq())
    store = MeasurementStore(tmp_path)
    remember(setting, store, "gptq", "gptq", 20.0)
    (candidate,) = setting.find(artifact("gptq"), measurements=store)
    assert candidate.measured is not None
    before = setting.machine
    gpu = before.accelerators[0]
    libraries = replace(before.libraries, packages={"torch": "9.9"})
    for changed in (
        replace(before, accelerators=(replace(gpu, driver="999.1"),)),
        replace(before, libraries=libraries),
        replace(before, processor=replace(before.processor, cores=5)),
    ):
        setting.machine = changed
        (candidate,) = setting.find(artifact("gptq"), measurements=store)
        assert candidate.measured is None
    setting.machine = replace(before, memory=replace(before.memory, free_bytes=63 * GB))
    (candidate,) = setting.find(artifact("gptq"), measurements=store)
    assert candidate.measured is not None  # free memory changes from minute to minute


def test_a_provider_that_nobody_has_tested_needs_a_test_here_first(setting: Setting, tmp_path: Path) -> None:
    setting.set_backends(replace(FakeBackend("onnx", ("onnx-int4",)), places=("cpu",), proven=False))
    (candidate,) = setting.find(artifact("onnx-int4"))
    assert "nobody has tested it" in (candidate.problem or "")
    (candidate,) = setting.find(artifact("onnx-int4"), device="cpu")  # who names it means it
    assert candidate.problem is None
    store = MeasurementStore(tmp_path)
    remember(setting, store, "onnx-int4", "onnx", 20.0)
    (candidate,) = setting.find(artifact("onnx-int4"), measurements=store)
    assert candidate.problem is None


def test_a_damaged_measurement_is_as_good_as_none(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    (tmp_path / "key.json").write_text("{")
    assert store.read("key") is None
    (tmp_path / "key.json").write_text('{"correct": true}')
    assert store.read("key") is None


def test_a_single_candidate_is_called_the_only_one(setting: Setting) -> None:
    setting.set_backends(reference(need=3_300_000_000))
    assert choose(setting.find(artifact("bf16"))).reason == (
        "the only backend for this artifact here; needs about 3.3 GB"
    )


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 MB"), (12_300_000, "12 MB"), (GB, "1.0 GB"), (3_349_000_000, "3.3 GB")]
)
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert readable_bytes(count) == text


ROUNDS: dict[Method, Method] = {"bf16": "bnb-nf4"}


def test_weights_are_rounded_only_by_a_backend_that_was_named(setting: Setting) -> None:
    setting.set_backends(reference(), bnb(rounds=ROUNDS))
    assert titles(setting.find(artifact("bf16"))) == ["bf16 on reference/cpu"]
    named = choose(setting.find(artifact("bf16"), backend="bnb"))
    assert named.chosen.title == "bf16 rounded to bnb-nf4 on bnb/cpu"
    assert "the text layers are rounded from bf16 to bnb-nf4 while loading" in named.reason


def test_where_full_precision_does_not_fit_the_error_names_the_backend_that_rounds(setting: Setting) -> None:
    setting.set_backends(reference(need=9 * GB), bnb(rounds=ROUNDS))
    setting.set_free(host=8 * GB, device=None)
    with pytest.raises(CannotRunError, match="--backend bnb"):
        choose(setting.find(artifact("bf16")))
    setting.set_backends(gptq(need=9 * GB), bnb(rounds=ROUNDS))
    with pytest.raises(CannotRunError) as error:
        choose(setting.find(artifact("gptq")))
    assert "--backend" not in str(error.value)
