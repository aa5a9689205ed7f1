#!/usr/bin/env bash
# Forms of words, for small tasks on which much can be copied: plurals of German nouns, past tenses of English verbs.
#   scripts/inflect.sh plurals|pasts [FOLDER]
#     FOLDER   is where words and forms come, letter by letter               default: build/plurals.text or build/pasts.text
# The plurals are Wiktionary's (CC BY-SA), from PyPI's package german-nouns; the past tenses are those of Kevin Atkinson's
# Automatically Generated Inflection Database, from PyPI's pyinflect (MIT). Neither is part of this project, and of the packages
# nothing is installed. Where there is no network, put german_nouns-1.2.5-py3-none-any.whl or
# pyinflect-0.5.1-py3-none-any.whl into FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

what=${1:-}
text=${2:-build/$what.text}
case $what in
plurals)
    wheel=$text/german_nouns-1.2.5-py3-none-any.whl
    package=(german-nouns==1.2.5 0f113c59ea331aae750bc03c7b6c7217bae975c6677b4df8d8932093093f509f)
    ;;
pasts)
    wheel=$text/pyinflect-0.5.1-py3-none-any.whl
    package=(pyinflect==0.5.1 94f052d48939bd4748942d807b2b87f15dcb94acb32b99d7162dba5d37188ea8)
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
mkdir -p "$text"
fetch_from_pypi "$wheel" "${package[@]}"
[ -f "$text/test.form" ] || step python3 scripts/inflect.py "$what" "$wheel" "$text"
