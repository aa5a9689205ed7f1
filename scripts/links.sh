#!/usr/bin/env bash
# True links, to measure alignments by: letters and sounds of German words, from gruut's lexicon.
#   scripts/links.sh [FOLDER [WORDS]]
#     FOLDER   is where letters, sounds and links come                    default: build/links.text
#     WORDS    so many of the 278,000 words                               default: 50000
# The lexicon (Michael Hansen, MIT; of Wiktionary's pronunciations) is not part of this project: it is taken from PyPI's package
# gruut-lang-de, of which nothing is installed. Where there is no network, put gruut_lang_de-2.0.1.tar.gz into FOLDER.
# The toy corpus has true links of its own: scripts/toy_links.py FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

text=${1:-build/links.text}
mkdir -p "$text"
archive=$text/gruut_lang_de-2.0.1.tar.gz
fetch_from_pypi "$archive" gruut-lang-de==2.0.1 483ea98e094fcb5fe7191b6b8679cdf2fec85b3ec7f867a492d48fb0b7b415c0
[ -f "$text/test.links" ] || step python3 scripts/links.py "$archive" "$text" "${2:-50000}"
