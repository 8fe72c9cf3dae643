# Two commands on a fresh machine: `make demo` and `make test`. Both set up .venv first; the second time is fast.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The WebGPU provider on an emulated GPU: Chromium brings the emulator (Debian: apt-get install chromium-common).
SWIFTSHADER ?= /usr/lib/chromium
WEBGPU := .venv-webgpu
EMULATED := LD_LIBRARY_PATH=$(SWIFTSHADER) VK_ICD_FILENAMES=$(SWIFTSHADER)/vk_swiftshader_icd.json

.PHONY: demo test check interop peers webgpu translations package package-smoke train clean

demo: $(READY)
	$(BIN)/medmo demo --out medmo-demo

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: test

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

# The viewer's translation files, from its source.
translations: $(READY)
	$(BIN)/python packaging/translations.py

# The `onnx` backend on the WebGPU provider, without torch, in an environment of its own: it has another ONNX Runtime.
webgpu: $(READY) $(WEBGPU)/.ready
	test -f $(SWIFTSHADER)/vk_swiftshader_icd.json || (echo "no SwiftShader in $(SWIFTSHADER)" >&2; exit 1)
	rm -rf build/webgpu
	$(BIN)/medmo export onnx --model medmo-tiny --weights round-to-nearest --vision-bits 32 --out build/webgpu/medmo-tiny
	$(EMULATED) MEDMO_WEBGPU_ARTIFACT=$(CURDIR)/build/webgpu/medmo-tiny \
		$(WEBGPU)/bin/python -m pytest -c tests/webgpu/pytest.ini tests/webgpu

$(WEBGPU)/.ready: pyproject.toml constraints.txt tests/webgpu/requirements.py
	$(PYTHON) -m venv $(WEBGPU)
	$(PYTHON) tests/webgpu/requirements.py > $(WEBGPU)/requirements.txt
	$(WEBGPU)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--requirement $(WEBGPU)/requirements.txt
	$(WEBGPU)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(WEBGPU)/.ready

# Reads exports with other libraries, in environments that do not have this project: tests/interop/README.md.
interop: $(READY)
	$(BIN)/python tests/interop/make_artifacts.py build/interop/artifacts
	PYTHON=$(PYTHON) tests/interop/environments.sh build/interop
	build/interop/transformers-5/bin/python tests/interop/read_artifacts.py build/interop/artifacts
	build/interop/transformers-4.57/bin/python tests/interop/read_artifacts.py build/interop/artifacts

# Beside llama.cpp and OpenVINO GenAI, in environments of their own: make peers MODEL=... OUT=... (docs/performance.md).
peers: $(READY)
	test -n "$(MODEL)" -a -n "$(OUT)" || (echo "MODEL and OUT are needed: a checkpoint and a folder" >&2; exit 1)
	PYTHONPATH=benchmarks $(BIN)/python -m peers prepare "$(MODEL)" "$(OUT)"
	PYTHONPATH=benchmarks $(BIN)/python -m peers run "$(MODEL)" "$(OUT)" --json "$(OUT)/peers.json"

# The viewer as one folder, without torch: dist/medmo-edge (minutes).
package: $(READY)
	$(BIN)/python packaging/build.py

# The same, then starts it and checks that it answers.
package-smoke: $(READY)
	$(BIN)/python packaging/build.py --smoke

# Keeps freed memory in the process: where page faults are dear, half the training's time went into them.
KEEP_MEMORY := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000 MALLOC_TOP_PAD_=536870912 MALLOC_ARENA_MAX=1

# Trains the embedded model again from nothing (hours on a laptop).
train: $(READY)
	cd models && $(KEEP_MEMORY) ../$(BIN)/python -m tiny_training --work ../build/training --out ../build/medmo-tiny \
		--picture ../build/medmo-tiny.png

clean:
	rm -rf $(VENV) $(WEBGPU) build dist medmo-demo
