#!/usr/bin/env bash
# How fast Dragoman is beside PyTorch (training), CTranslate2 (translating) and Marian (both), measured in turn on this machine.
#   scripts/peers.sh [train] [recurrent] [translate] [text] [latency] [start] [marian] [--model DIR --input FILE]
#                    [--marian MODEL.npz FILE] [--rounds N] [--quick] [--json FILE]
# Parts by name; none: all. About seventy minutes on two cores; --quick, with one round of little of each, about 10.
#   train      updates of the tiny Transformer and of base (10,000 pieces), fp32 and bf16, against PyTorch in fp32 and
#              under bf16 autocast, in batches of 1,024 and 4,096 tokens, its memory kept between steps
#   recurrent  the same of two recurrent models with attention, bench's shapes gru and lstm, and their greedy search in
#              batches of 1, of 32, of all; of PyTorch with nn.GRU and nn.LSTM, packed, in each of its ways to run a step
#   translate  with a trained folder and its text, and with base and random weights at fixed lengths; greedy and beam 5;
#              one thread and all; batches of 1, of 32, of all; against CTranslate2 in each precision it has here, with
#              one batch on all threads or a batch on each; then the lines that both translate alike
#   text       a decoder alone of the shape of GPT-2's smallest: updates of 1,024 tokens of text against PyTorch; greedy texts
#              of 128 pieces in batches of 1 and of 32 against CTranslate2, with one text on all threads or one on each
#   latency    up to 1,000 sentences one after the other on one thread, beam 5
#   start      dragoman translate on an empty input, from the beginning of the process to its end; of the peer only how
#              long it takes to open the model, Python and the library being there; base is a folder of transformers
#   marian     Marian's tiny student shape (6 + 2 layers, width 256, ffn 1,536, SSRU): updates; greedy translations with the
#              same weights (scripts/marian_npz.py) against Marian's fp32 and its own int8; then the lines that both translate
#              alike. --marian is a model that Marian has trained, with model.npz.decoder.yml beside it, and text for it; without
#              it Marian trains one with the toy text, for eight minutes, in build/marian
# --model is a MarianMT folder, --input text for it, of which 300 lines are used (latency: 1,000); without them the toy
# translator of scripts/demo.sh, which is trained first where build/toy has none, and its test text. The first round
# finds the best settings of the peers, later rounds (--rounds, default 3) keep to them. Measure on a machine that does
# nothing else.
# Builds Dragoman in build. PyTorch, transformers, CTranslate2 and pymarian go into a virtual environment, build/peers-venv, or
# stand in one already: PEERS_VENV=DIR scripts/peers.sh (pymarian may be missing there: then marian is left out)
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
case " $* " in *" --help "* | *" -h "*) sed -n '2,/^set/s/^# \{0,1\}//p' "$here/scripts/peers.sh"; exit ;; esac
"$here/scripts/setup.sh" >&2
venv=${PEERS_VENV:-$here/build/peers-venv}
if ! "$venv/bin/python" -c "import torch, transformers, ctranslate2, sentencepiece, safetensors" 2>/dev/null; then
    if [ -n "${PEERS_VENV:-}" ]; then
        echo "peers.sh: $venv lacks torch, transformers, ctranslate2, sentencepiece or safetensors" >&2
        exit 1
    fi
    . "$here/scripts/steps.sh"
    install_packages python3-venv >&2
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch transformers ctranslate2 sentencepiece safetensors >&2
fi
if [ -z "${PEERS_VENV:-}" ] && [ ! -e "$venv/bin/pymarian" ]; then
    "$venv/bin/pip" install --quiet pymarian==1.12.31 >&2
fi
exec "$venv/bin/python" "$here/scripts/peers/compare.py" "$@"
