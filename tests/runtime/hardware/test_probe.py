"""The probe: never raises, never takes long, and says where each fact comes from."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from medmo_runtime.backends.onnx.providers import provider_availability
from medmo_runtime.hardware import Accelerator, Libraries, other_gpus, probe, probe_machine, torch_view
from medmo_runtime.hardware import libraries as libraries_module
from medmo_runtime.hardware.facts import read_machine
from medmo_runtime.hardware.nvidia import list_nvidia, name_cuda_devices
from medmo_runtime.hardware.other_gpus import add_onnx_gpus, list_other_gpus, name_torch_devices
from medmo_runtime.hardware.windows_gpus import describe_adapters

GIB = 2**30
CUDA_13 = Libraries(packages={"torch": "2.14.1"}, torch_cuda="13.0")


def test_this_machine_is_described_with_sources_and_survives_json() -> None:
    machine = probe_machine()
    assert machine.processor.cores >= 1
    assert machine.libraries.packages["onnxruntime"]
    assert "CPUExecutionProvider" in machine.libraries.onnx_providers
    for part in (machine.processor, machine.memory, machine.libraries, *machine.accelerators):
        assert part.sources
    assert read_machine(machine.to_json()) == machine


def test_the_probe_imports_no_torch_and_stays_below_a_second() -> None:
    program = (
        "import sys, time; from medmo_runtime.hardware import probe_machine;"
        "began = time.perf_counter(); machine = probe_machine(); took = time.perf_counter() - began;"
        "assert 'torch' not in sys.modules; assert machine.libraries.packages['torch'];"
        "print(took < 1.0 or machine.unanswered)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "True"


def test_a_source_that_hangs_or_fails_is_noted_and_nothing_else_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    class Hanging(Nvml):
        def nvmlInit(self) -> None:  # noqa: N802
            released.wait(60)

    def fail() -> tuple[Accelerator, ...]:
        raise OSError("the driver is in a bad state")

    monkeypatch.setitem(sys.modules, "pynvml", Hanging())  # type: ignore[arg-type]
    monkeypatch.setattr(probe, "list_other_gpus", fail)
    machine = probe_machine()
    assert not released.is_set()  # it came back although NVML never did
    released.set()
    assert [text.partition(":")[0] for text in machine.unanswered] == ["NVML", "GPUs"]
    assert "no answer in time" in machine.unanswered[0]
    assert "bad state" in machine.unanswered[1]
    assert machine.memory.total_bytes
    assert machine.libraries.packages["onnxruntime"]


def test_one_that_hangs_takes_no_time_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    card = Accelerator(vendor="amd", name="card")
    monkeypatch.setattr(probe, "list_nvidia", lambda: released.wait(60))
    monkeypatch.setattr(probe, "list_other_gpus", lambda: (card,))
    machine = probe_machine()
    released.set()
    assert [one.name for one in machine.accelerators] == ["card"]


def test_onnx_runtime_that_is_slow_to_import_still_computes_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(probe, "ask_onnxruntime", lambda: released.wait(60))
    machine = probe_machine()
    released.set()
    assert machine.unanswered == ("ONNX Runtime: no answer in time",)
    assert machine.libraries.onnx_providers == ("CPUExecutionProvider",)
    assert provider_availability(machine, "cpu").available


def test_onnx_runtime_that_cannot_be_imported_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("a library is missing")

    monkeypatch.setattr(libraries_module, "import_onnxruntime", fail)
    machine = probe_machine()
    assert machine.libraries.missing("onnxruntime")
    assert machine.libraries.onnx_providers == ()


def test_when_nothing_answers_there_is_still_a_machine_and_its_memory_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> Any:
        raise RuntimeError("no")

    for source in (
        "describe_libraries",
        "ask_onnxruntime",
        "list_nvidia",
        "list_other_gpus",
        "describe_processor",
        "describe_memory",
    ):
        monkeypatch.setattr(probe, source, fail)
    machine = probe_machine()
    assert len(machine.unanswered) == 6
    assert machine.processor.cores >= 1
    assert machine.free_bytes("cpu") is None  # not 0, which would mean that nothing fits


class Nvml:
    """NVML with two GPUs, as nvidia-ml-py gives it."""

    class NVMLError(Exception):
        pass

    def __init__(self, driver: str = "580.65.06") -> None:
        self.driver = driver
        self.closed = False

    def nvmlInit(self) -> None: ...  # noqa: N802

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.closed = True

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return self.driver

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(total=8 * GIB, free=(7 - handle) * GIB)

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:  # noqa: N802
        return (8, 9) if handle == 0 else (6, 1)

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return b"NVIDIA GeForce RTX 4070 Laptop GPU" if handle == 0 else b"NVIDIA GeForce GTX 1080"

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}{handle}{handle}"


def test_nvidia_gpus_are_read_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)  # type: ignore[arg-type]
    new, old = name_cuda_devices(list_nvidia(), CUDA_13)
    assert (new.name, new.device, new.compute_capability) == ("NVIDIA GeForce RTX 4070 Laptop GPU", "cuda:0", (8, 9))
    assert (new.total_bytes, new.free_bytes, new.driver) == (8 * GIB, 7 * GIB, "580.65.06")
    assert set(new.sources.values()) == {"NVML"}
    assert old.device is None
    assert old.problem == "compute capability 6.1: torch for CUDA 13.0 begins at 7.5"
    assert nvml.closed


def test_without_a_driver_there_is_no_nvidia_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    class NVMLError_LibraryNotFound(Nvml.NVMLError):  # noqa: N801
        pass

    def refuse() -> None:
        raise NVMLError_LibraryNotFound

    nvml = Nvml()
    nvml.nvmlInit = refuse  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "pynvml", nvml)  # type: ignore[arg-type]
    assert list_nvidia() == ()


def gpu(number: int, **facts: Any) -> Accelerator:
    defaults = {"compute_capability": (8, 6), "driver": "580.65.06", "uuid": f"GPU-{number}-abc"}
    return Accelerator(vendor="nvidia", name=f"GPU {number}", **{**defaults, **facts})


@pytest.mark.parametrize(
    ("driver", "cuda", "problem"),
    [
        ("580.65.06", "13.0", None),
        ("575.51.03", "13.0", "its driver 575.51.03 is too old for CUDA 13.0, which needs 580 or later"),
        ("575.51.03", "12.8", None),
        ("470.199.02", "12.8", "its driver 470.199.02 is too old for CUDA 12.8, which needs 525 or later"),
        ("580.65.06", None, "the installed torch was built without CUDA; install torch's CUDA build"),
    ],
)
def test_driver_and_build_decide_whether_torch_can_use_a_gpu(
    driver: str, cuda: str | None, problem: str | None
) -> None:
    libraries = Libraries(packages={"torch": "2.14.1"}, torch_cuda=cuda)
    (named,) = name_cuda_devices([gpu(0, driver=driver)], libraries)
    assert named.problem == problem
    assert named.device == (None if problem else "cuda:0")


@pytest.mark.parametrize(
    ("visible", "devices"),
    [
        (None, ["cuda:0", "cuda:1", "cuda:2"]),
        ("2,0", ["cuda:1", None, "cuda:0"]),
        ("GPU-1", [None, "cuda:0", None]),
        ("1,7,0", [None, "cuda:0", None]),  # CUDA ignores everything from an entry that does not exist
        ("", [None, None, None]),
    ],
)
def test_cuda_visible_devices_hides_and_reorders(visible: str | None, devices: list[str | None]) -> None:
    named = name_cuda_devices([gpu(0), gpu(1), gpu(2)], CUDA_13, visible)
    assert [one.device for one in named] == devices
    assert all(one.problem == "hidden by CUDA_VISIBLE_DEVICES" for one in named if one.device is None)


def test_amd_and_intel_cards_are_read_from_sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for card, files in {
        "card0": {"vendor": "0x8086", "device": "0x9a49"},
        "card1": {
            "vendor": "0x1002",
            "product_name": "AMD Radeon RX 7800 XT",
            "mem_info_vram_total": str(16 * GIB),
            "mem_info_vram_used": str(1 * GIB),
        },
        "card2": {"vendor": "0x1002", "device": "0x15bf", "mem_info_vram_total": str(GIB // 2)},
        "card3": {"vendor": "0x10de"},
        "card1-HDMI-A-1": {"vendor": "0x1002"},
    }.items():
        folder = tmp_path / "sys/class/drm" / card / "device"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text + "\n")
    monkeypatch.setattr(other_gpus, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    monkeypatch.setattr(sys, "platform", "linux")
    libraries = Libraries(packages={"torch": "2.14.1"}, torch_hip="7.1")
    intel, amd, integrated = name_torch_devices(list_other_gpus(), libraries)
    assert intel.problem == "the installed torch was built without XPU; install torch's XPU build"
    assert (amd.name, amd.device, amd.free_bytes) == ("AMD Radeon RX 7800 XT", "cuda:0", 15 * GIB)
    assert amd.sources["free_bytes"] == "/sys/class/drm/card1"
    assert integrated.shares_host_memory
    assert integrated.free_bytes is None


def test_integrated_intel_graphics_live_on_the_hosts_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for card, slot in (("card0", "0000:00:02.0"), ("card1", "0000:03:00.0")):
        device = tmp_path / "sys/devices" / slot
        device.mkdir(parents=True)
        (device / "vendor").write_text("0x8086\n")
        (tmp_path / "sys/class/drm" / card).mkdir(parents=True)
        (tmp_path / "sys/class/drm" / card / "device").symlink_to(device)
    monkeypatch.setattr(other_gpus, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert [one.shares_host_memory for one in list_other_gpus()] == [True, False]


def test_windows_registry_names_amd_and_intel_once_and_leaves_nvidia_to_nvml() -> None:
    def adapter(name: str, hardware: str, **more: object) -> dict[str, object]:
        return {"DriverDesc": name, "MatchingDeviceId": hardware, "DriverVersion": "32.0.1", **more}

    memory = {"HardwareInformation.qwMemorySize": 16 * GIB}
    found = describe_adapters(
        iter(
            [
                adapter("AMD Radeon RX 7800 XT", "pci\\ven_1002&dev_747e", **memory),
                adapter("AMD Radeon RX 7800 XT", "PCI\\VEN_1002&DEV_747E", **memory),
                adapter("Intel(R) Iris(R) Xe Graphics", "pci\\ven_8086&dev_9a49"),
                adapter("NVIDIA GeForce RTX 2060", "pci\\ven_10de&dev_1f08", **memory),
                {"DriverDesc": "Microsoft Basic Display Adapter", "MatchingDeviceId": "root\\basicdisplay"},
            ]
        )
    )
    assert [(one.name, one.total_bytes, one.shares_host_memory) for one in found] == [
        ("AMD Radeon RX 7800 XT", 16 * GIB, False),
        ("Intel(R) Iris(R) Xe Graphics", None, True),
    ]
    assert found[0].driver == "32.0.1"
    assert found[0].free_bytes is None


def onnx_device(kind: str, vendor_id: int, provider: str, **metadata: str) -> SimpleNamespace:
    device = SimpleNamespace(
        type=f"OrtHardwareDeviceType.{kind}", vendor="Somebody", vendor_id=vendor_id, metadata=metadata
    )
    return SimpleNamespace(ep_name=provider, device=device)


def test_onnx_runtimes_device_list_adds_gpus_that_nothing_else_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        onnx_device("CPU", 0x8086, "CPUExecutionProvider"),
        onnx_device("GPU", 0x8086, "DmlExecutionProvider", Description="Intel(R) Arc(TM) A770 Graphics"),
        onnx_device("GPU", 0x8086, "WebGpuExecutionProvider", Description="Intel(R) Arc(TM) A770 Graphics"),
        onnx_device("GPU", 0x1002, "DmlExecutionProvider", Description="AMD Radeon RX 7800 XT"),
        onnx_device("GPU", 0x1414, "DmlExecutionProvider", Description="Microsoft Basic Render Driver"),
    ]
    onnxruntime = SimpleNamespace(get_available_providers=list, get_ep_devices=lambda: listed)
    monkeypatch.setattr(libraries_module, "import_onnxruntime", lambda: onnxruntime)
    libraries = libraries_module.add_onnx_view(Libraries(), libraries_module.ask_onnxruntime())
    assert [one.kind for one in libraries.onnx_devices] == ["CPU", "GPU", "GPU", "GPU", "GPU"]
    known = Accelerator(vendor="amd", name="AMD Radeon RX 7800 XT")
    added = add_onnx_gpus([known], libraries)
    assert [one.name for one in added] == [known.name, "Intel(R) Arc(TM) A770 Graphics"]
    assert added[1].sources == {"name": "onnxruntime.get_ep_devices"}


def test_torch_tells_the_memory_of_intels_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_number: int) -> tuple[int, int]:
        raise RuntimeError("the driver does not tell")

    xpu = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 1,
        get_device_properties=lambda _number: SimpleNamespace(total_memory=16 * GIB),
        mem_get_info=lambda _number: (14 * GIB, 16 * GIB),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(xpu=xpu))  # type: ignore[arg-type]
    cards = [Accelerator(vendor="intel", name="Arc", device=f"xpu:{number}") for number in range(2)]
    machine = read_machine({**probe_machine().to_json(), "accelerators": [vars(one) for one in cards]})
    seen, unseen = torch_view.confirm_with_torch(machine).accelerators
    assert (seen.total_bytes, seen.free_bytes, seen.sources["free_bytes"]) == (16 * GIB, 14 * GIB, "torch")
    assert unseen.problem == "torch does not see it"
    xpu.mem_get_info = refuse
    assert torch_view.confirm_with_torch(machine).accelerators[0].free_bytes == 16 * GIB


def test_torch_names_xpu_and_mps() -> None:
    found = [Accelerator(vendor="intel", name="Arc"), Accelerator(vendor="apple", name="Apple GPU")]
    libraries = Libraries(packages={"torch": "2.14.1"}, torch_xpu="20250301")
    assert [one.device for one in name_torch_devices(found, libraries)] == ["xpu:0", "mps"]


def test_what_torch_was_built_for_is_read_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text(
        "from typing import Optional\n__version__ = '2.14.1+rocm7.1'\ncuda: Optional[str] = None\n"
        "hip: Optional[str] = '7.1.25424'\nxpu: Optional[str] = None\n"
    )
    spec = SimpleNamespace(origin=str(tmp_path / "torch" / "__init__.py"))
    monkeypatch.setattr(libraries_module.importlib.util, "find_spec", lambda _name: spec)
    facts = libraries_module.describe_libraries()
    assert (facts.torch_cuda, facts.torch_hip, facts.torch_xpu) == (None, "7.1.25424", None)


def test_torch_corrects_order_and_free_memory_by_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = probe_machine()
    guessed = name_cuda_devices([gpu(0), gpu(1), gpu(2)], CUDA_13)
    uuids = ["1-abc", "0-abc"]  # torch sees the second one first, and the third not at all
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_properties=lambda number: SimpleNamespace(uuid=uuids[number]),
        mem_get_info=lambda number: ((number + 1) * GIB, 8 * GIB),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))  # type: ignore[arg-type]
    described = read_machine({**machine.to_json(), "accelerators": [vars(one) for one in guessed]})
    named = torch_view.confirm_with_torch(described).accelerators
    assert [one.device for one in named] == ["cuda:1", "cuda:0", None]
    assert [one.free_bytes for one in named[:2]] == [2 * GIB, 1 * GIB]
    assert named[2].problem == "torch does not see it"
