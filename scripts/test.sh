#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, and runs every test: the Release build on both matrix
# libraries, the same under AddressSanitizer and UndefinedBehaviorSanitizer, valgrind on the small tests, a short demo.
#   scripts/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
install_packages curl groff-base mandoc python3 valgrind zsh zstd
# A browser, for the page of dragoman serve. Where it cannot be had, the test of the page says that it was left out.
if ! command -v chromium chromium-browser google-chrome >/dev/null; then
    install_packages chromium || echo "There is no Chromium to be had: the page will not be tried in a browser."
fi
scripts/setup.sh build-test -DDRAGOMAN_WERROR=ON
scripts/setup.sh build-asan -DDRAGOMAN_WERROR=ON -DCMAKE_BUILD_TYPE=asan

echo
echo "== A short demo: 200 updates, translate, score"
demo=build-test/demo
rm -rf "$demo"
step build-test/dragoman train --config scripts/recipes/toy.json --model "$demo" --after 200u --valid-freq 200u
step build-test/dragoman translate --model "$demo" --input data/toy/test.zh --output "$demo/test.en"
step build-test/dragoman score --ref data/toy/test.en -- "$demo/test.en"

echo
echo "== valgrind on the small tests"
export OMP_WAIT_POLICY=passive  # threads that wait do not take the processor from others
for test in build-test/tests/test_{core,text,tensor}_*; do
    # gemm runs oneDNN too, whose code is made at run time and reads ahead, which valgrind takes for an error; gradient is
    # not small: it would take ten minutes.
    case "$test" in *_gemm | *_gradient) continue ;; esac
    echo "$test"
    OMP_NUM_THREADS=1 valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite "$test" openblas >/dev/null
done

echo
echo "== Every test under AddressSanitizer and UndefinedBehaviorSanitizer"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
step ctest --test-dir build-asan --output-on-failure --parallel 2

echo
echo "== Every test"
step ctest --test-dir build-test --output-on-failure --parallel 2
