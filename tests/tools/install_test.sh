#!/bin/bash
# What `cmake --install` leaves: a tree that can be moved, in which a program of somebody else finds all it needs, by
# CMake and by pkg-config, shared and static; and that there is one version number. Argument: the command to test, in its build folder.
. "$(dirname "$0")/common.sh"
example=$(realpath "$(dirname "$0")/../install")
root=$(realpath "$(dirname "$0")/../..")
version=$(sed -n 's/^project(dragoman VERSION \([0-9.]*\) .*/\1/p' "$root/CMakeLists.txt")
major=${version%%.*}
build=$(dirname "$dragoman")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
flags=  # a sanitizer of the library is one of the program, too
nm -D "$build/libdragoman.so" > symbols
grep -q __asan_init symbols && flags='-fsanitize=address,undefined'
grep -q __tsan_init symbols && flags='-fsanitize=thread'

# ---- Where things go ----

DESTDIR=$room/stage cmake --install "$build" --prefix /opt/dragoman > out 2> err || fail "installing: $(tail -n 3 err)"
[ "$(find stage -mindepth 1 -maxdepth 2)" = "stage/opt
stage/opt/dragoman" ] || fail "files outside of the prefix: $(find stage -maxdepth 2)"
mv stage/opt/dragoman moved  # where no file could know of
library=$(dirname "$(find "$room/moved" -name libdragoman.a)")
for file in bin/dragoman share/man/man1/dragoman.1 share/bash-completion/completions/dragoman \
    share/zsh/site-functions/_dragoman; do
    [ -s "moved/$file" ] || fail "there is no $file"
done
[ "$(find moved/include -type f)" = moved/include/dragoman/dragoman.h ] || fail "headers: $(find moved/include -type f)"
[ "$(readlink "$library/libdragoman.so")" = "libdragoman.so.$major" ] ||
    fail "libdragoman.so is not a link to libdragoman.so.$major"
! grep -rlF -e "$build" -e "$room" -e /opt/dragoman moved/share "$library/cmake" "$library/pkgconfig" ||
    fail 'these files name a folder of this machine'
for file in "$dragoman" "$build/libdragoman.so" moved/bin/dragoman "$library/libdragoman.so"; do
    ! readelf -d "$file" | grep -E 'R(UN)?PATH.*(\[:|::|:\])' || fail "$file looks for libraries in the current directory"
done
[ ! -e "$build/libdragoman-mpi.so" ] || [ -s "$library/libdragoman-mpi.so" ] || fail 'the plug-in for MPI is not there'
moved/bin/dragoman docs man > man
same 'the installed man page' man moved/share/man/man1/dragoman.1

# ---- Symbols: all that dragoman.h declares and nothing else, with a version ----

echo "#include <dragoman/dragoman.h>" > header.c
"$cc" -E -P -Imoved/include header.c | tr '\n' ' ' |
    grep -oE 'visibility\("default"\)\)\)[^(;]*\(' | grep -oE 'dm_[a-z0-9_]+ *\($' | tr -d ' (' | sort > declared
[ "$(wc -l < declared)" -ge 20 ] || fail "only $(wc -l < declared) functions found in dragoman.h"
nm -D --defined-only "$library/libdragoman.so" | grep -v ' A ' | sed 's/.* //' | sort > exported
sed "s/$/@@LIBDRAGOMAN_$major/" declared | diff - exported > difference || fail "declared and exported: $(cat difference)"

# ---- The header by itself ----

strict=(-Imoved/include -Wall -Wextra -Wpedantic -Werror -fsyntax-only)
"$cc" -std=c99 "${strict[@]}" header.c 2> err || fail "the header in C99: $(head -n 3 err)"
"$cc" -std=c++11 "${strict[@]}" -x c++ header.c 2> err || fail "the header in C++11: $(head -n 3 err)"

# ---- A program of somebody else ----

make_text
"$dragoman" train --train-sets src trg --segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 \
    --mini-batch-words 60 --lr-warmup 10 --lr-schedule inv-sqrt --dropout 0.1 --learn-rate 0.02 --after 60u --model model --gemm openblas 2> err ||
    fail "training: $(tail -n 3 err)"
"$dragoman" translate --model model --mini-batch 1 < src > expected
[ "$(sort -u expected | wc -l)" -gt 5 ] || fail "the model gives the same translation to every line"

answers() {  # answers WHAT PROGRAM: the program translates as the command does, and has the library in it or not
    local what=$1 program=$2
    LD_LIBRARY_PATH=$library "$program" model < src > got 2> err || fail "$what: $(tail -n 3 err)"
    same "$what" expected got
    objdump -p "$program" | grep -q "NEEDED *libdragoman.so.$major"
    [ $? = "$3" ] || fail "$what: the shared library is needed where it should not, or the other way round"
}

CC=$cc CFLAGS=$flags LDFLAGS=$flags cmake -S "$example" -B cmake -DCMAKE_PREFIX_PATH="$room/moved" > out 2> err &&
    cmake --build cmake >> out 2>> err || fail "building by CMake: $(tail -n 5 err)"
answers 'shared, by CMake' cmake/shared 0
answers 'static, by CMake' cmake/static 1

export PKG_CONFIG_PATH=$library/pkgconfig
by_pkg_config() {  # by_pkg_config PROGRAM WORDS: what pkg-config says, split into words
    # shellcheck disable=SC2086
    "$cc" $flags "$example/translate.c" -o "$1" $2 2> err || fail "building by pkg-config: $(tail -n 5 err)"
}
by_pkg_config shared "$(pkg-config --cflags --libs dragoman)"
answers 'shared, by pkg-config' ./shared 0
by_pkg_config static "$(pkg-config --static --cflags --libs dragoman | sed s/-ldragoman/-l:libdragoman.a/)"
answers 'static, by pkg-config' ./static 1

# ---- The version stands in CMakeLists.txt; everything else asks for it ----

is() {  # is WHAT VERSION
    [ "$2" = "$version" ] || fail "the version of $1 is '$2', in CMakeLists.txt it is '$version'"
}
is 'the command' "$("$dragoman" --version | sed -n 's/^dragoman //p')"
is 'pkg-config' "$(pkg-config --modversion dragoman)"
is 'the CMake package' "$(sed -n 's/^set(PACKAGE_VERSION "\(.*\)")/\1/p' "$library/cmake/dragoman/dragoman-config-version.cmake")"
is 'the shared library' "$(readlink "$library/libdragoman.so.$major" | sed 's/^libdragoman.so.//')"
is 'the man page' "$(sed -n 's/^\.TH .*"dragoman \([0-9.]*\)".*/\1/p' man)"
is 'a signature' "$("$dragoman" score --ref trg -- trg 2> err | sed -n 's/^BLEU.*|version:dragoman-\([0-9.]*\) .*/\1/p')"
others=$(cd "$root" && grep -rlF "$version" CMakeLists.txt include src tools tests scripts --include='*.[ch]' --include='*.cc' \
    --include='*.sh' --include='*.py' --include='*.in' --include='*.cmake' --include='*.txt')
[ "$others" = CMakeLists.txt ] && [ "$(grep -cF "$version" "$root/CMakeLists.txt")" = 1 ] ||
    fail "the version is written in several places: $others"

# ---- The page about Python ----

[ "$(grep -c '^```python' "$root/README.md")" = 1 ] || fail 'README.md has one program in Python'
sed -n '/^```python/,/^```$/{/^```/!p}' "$root/README.md" > translate.py
"$dragoman" translate --model model < src > expected
if [ -z "$flags" ]; then  # Python itself is not made with a sanitizer, and cannot load a library that is
    LD_LIBRARY_PATH=$library python3 translate.py model < src > got 2> err || fail "in Python: $(tail -n 3 err)"
    same 'Python' expected got
    LD_LIBRARY_PATH=$library python3 translate.py nowhere < src > got 2> err && fail 'in Python: no error'
    grep -q 'RuntimeError: .*nowhere' err || fail "in Python, an error: $(tail -n 1 err)"
fi

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
