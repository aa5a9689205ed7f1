#!/usr/bin/env bash
# The plurals of German nouns as text: letters of the singular and of the plural, most of which are copied.
#   scripts/plurals.sh --text-only [FOLDER]
#     FOLDER  is where the words come, or are already                  default: build/plurals.text
# The nouns (Wiktionary's, CC BY-SA 4.0) are not part of this project: they are taken from PyPI's package german-nouns, of
# which nothing is installed. Where there is no network, put german_nouns-1.2.5-py3-none-any.whl into FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

[ "${1:-}" != --text-only ] || shift
text=${1:-build/plurals.text}
mkdir -p "$text"
if [ ! -f "$text/test.plural" ]; then
    wheel=$text/german_nouns-1.2.5-py3-none-any.whl
    fetch_from_pypi "$wheel" german-nouns==1.2.5 0f113c59ea331aae750bc03c7b6c7217bae975c6677b4df8d8932093093f509f
    step python3 scripts/plurals.py "$wheel" "$text"
fi
