#!/usr/bin/env bash
# Makes two environments without this project: current transformers 5, and 4.57. Usage: environments.sh FOLDER
set -euo pipefail
folder=$1
python=${PYTHON:-python3.11}
common=(torch==2.14.1 torchvision==0.29.1 accelerate bitsandbytes==0.50.2 pillow)
export BUILD_CUDA_EXT=0 PIP_DISABLE_PIP_VERSION_CHECK=1

if [ ! -e "$folder/transformers-5/.ready" ]; then
    "$python" -m venv --clear "$folder/transformers-5"
    "$folder/transformers-5/bin/pip" install --quiet "${common[@]}" "transformers==5.24.0" optimum==2.3.0 gptqmodel==7.7.0
    touch "$folder/transformers-5/.ready"
fi
if [ ! -e "$folder/transformers-4.57/.ready" ]; then
    "$python" -m venv --clear "$folder/transformers-4.57"
    pip="$folder/transformers-4.57/bin/pip"
    "$pip" install --quiet setuptools wheel "${common[@]}" "transformers==4.57.6" optimum==2.1.0
    # Its metadata asks for transformers 5.2 or later, but it also works with 4.57: so without its dependencies.
    "$pip" install --quiet --no-build-isolation --no-deps gptqmodel==5.8.0
    "$pip" install --quiet "transformers==4.57.6" threadpoolctl packaging device-smi protobuf requests pypcre tokenicer \
        logbar jinja2 ninja maturin datasets pyarrow dill torchao defuser
    touch "$folder/transformers-4.57/.ready"
fi
