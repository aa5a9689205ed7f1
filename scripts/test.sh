#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, and runs every test: the Release build on both matrix
# libraries, the same under AddressSanitizer and UndefinedBehaviorSanitizer, valgrind on the small tests, the thread
# sanitizer on those that share something among threads, a short demo.
#   scripts/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
install_packages clang curl groff-base libomp-dev mandoc python3 valgrind zsh zstd
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
    # gemm runs oneDNN too, whose code is made at run time and reads ahead, which valgrind takes for an error; gradient and
    # packs are not small: they would take ten minutes.
    case "$test" in *_gemm | *_gradient_* | *_packs) continue ;; esac
    echo "$test"
    OMP_NUM_THREADS=1 valgrind --quiet --child-silent-after-fork=yes --error-exitcode=1 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite "$test" openblas >/dev/null
done

echo
echo "== The thread sanitizer on what threads share: training, translating, the queue of dragoman serve"
threaded=(core_threads train_lanes train_update train_train translate_translator translate_public tensor_packs)
step env CC=clang CXX=clang++ cmake -S . -B build-tsan -DCMAKE_BUILD_TYPE=tsan
step cmake --build build-tsan --parallel "$(nproc)" --target dragoman "${threaded[@]/#/test_}"
# Libraries are not built for it, and it would take what their own threads do for races.
export TSAN_OPTIONS=ignore_noninstrumented_modules=1
for test in "${threaded[@]}"; do
    echo "build-tsan/tests/test_$test"
    "build-tsan/tests/test_$test" openblas >/dev/null
done
rm -f build-tsan/race.*
TSAN_OPTIONS="$TSAN_OPTIONS log_path=$PWD/build-tsan/race" step bash tests/tools/serve_test.sh build-tsan/dragoman
if cat build-tsan/race.* 2>/dev/null; then exit 1; fi

echo
echo "== Every test under AddressSanitizer and UndefinedBehaviorSanitizer"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
step ctest --test-dir build-asan --output-on-failure --parallel 2

echo
echo "== Every test"
step ctest --test-dir build-test --output-on-failure --parallel 2
