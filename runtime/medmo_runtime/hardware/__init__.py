"""What this machine is: processor, memory, accelerators, and the libraries that reach them."""

from medmo_runtime.hardware.facts import Accelerator, HostMemory, Libraries, Machine, OnnxDevice, Processor
from medmo_runtime.hardware.probe import probe_machine

__all__ = ["Accelerator", "HostMemory", "Libraries", "Machine", "OnnxDevice", "Processor", "probe_machine"]
