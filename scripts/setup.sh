#!/usr/bin/env bash
# Installs what is missing and builds Dragoman.
#   scripts/setup.sh [BUILD_FOLDER [CMAKE_OPTION ...]]      default: build, the Release build
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

folder=${1:-build}
packages="cmake g++ gcc make pkg-config libcjson-dev libcunit1-dev libdnnl-dev libedit-dev libmicrohttpd-dev libopenblas-openmp-dev libopenmpi-dev libsentencepiece-dev libzstd-dev zlib1g-dev"
install_packages $packages
step cmake -S . -B "$folder" "${@:2}"
step cmake --build "$folder" --parallel "$(nproc)"
