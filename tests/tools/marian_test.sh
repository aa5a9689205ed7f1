#!/bin/bash
# Marian's own files as folders and back (scripts/marian_npz.py), against what Marian itself computes with them
# (tests/golden/marian-npz). Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
golden=$(realpath "$(dirname "$0")/../golden/marian-npz")
scripts=$(realpath "$(dirname "$0")/../../scripts")
python=${PYTHON:-python3}
cd "$room" || exit 1
convert() { "$python" -B "$scripts/marian_npz.py" "$@"; }

# ---- There: the scores are Marian's, and the text; and back: nothing is lost ----

near() {  # near FILE FILE HOW: the same numbers but for that much
    paste "$1" "$2" | awk -v how="$3" '{ d = $1 - $2; if (d * d > how * how) bad = 1 } END { exit bad || NR < 8 }'
}

begins() {  # begins FILE FILE: line by line, as the lines of the other, which Marian cuts at other lengths
    paste -d '\t' "$1" "$2" | awk -F '\t' '$2 == "" ? $1 != "" : index($1, $2) != 1 { bad = 1 } END { exit bad || NR < 8 }'
}

for kind in post untied pre ssru ssru-pre average rms; do
    from=$golden/$kind
    vocabularies=("$from"/source.* "$from"/target.*)
    [ -e "${vocabularies[0]}" ] || vocabularies=("$from"/vocab.* "$from"/vocab.*)
    check "$kind" 0 '' convert "$from/model.npz" "$kind" --vocabs "${vocabularies[@]}"
    "$dragoman" rescore --model "$kind" --normalize 0 "$from/source" "$from/target" > scores || fail "$kind does not rescore"
    near scores "$from/scores" 2e-4 || fail "$kind: $(paste scores "$from/scores" | head -4)"
    if [ -e "$from/greedy" ]; then
        "$dragoman" translate --model "$kind" --beam-size 1 --max-length-factor 3 < "$from/source" > greedy
        begins greedy "$from/greedy" || fail "$kind: $(paste -d '\n' greedy "$from/greedy" | head -4)"
    fi
    check "$kind, back" 0 '' convert "$kind" "$kind.npz"
    check "$kind, there again" 0 '' convert "$kind.npz" "$kind-again"
    for file in model.safetensors vocab.json; do same "$kind, there again: $file" "$kind/$file" "$kind-again/$file"; done
    "$dragoman" rescore --model "$kind-again" --normalize 0 "$from/source" "$from/target" > again
    same "$kind, there again: its scores" scores again
done
"$python" -B - "$scripts" "$golden" << 'PYTHON' || fail 'what is written back is not what was read'
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import marian_files

for kind in ("post", "untied", "pre", "ssru-pre", "average", "rms"):
    theirs, said = marian_files.read_npz(pathlib.Path(sys.argv[2]) / kind / "model.npz")
    back, again = marian_files.read_npz(pathlib.Path(f"{kind}.npz"))
    assert {n: (t.rows, t.cols, t.values) for n, t in theirs.items()} == \
        {n: (t.rows, t.cols, t.values) for n, t in back.items()}, kind
    differ = {"version", "dec-cell", "transformer-postprocess", "transformer-dim-aan", "transformer-aan-activation"}
    for name in set(said) & set(again) - differ:  # of order, or of what does not count
        assert said[name] == again[name] or not said[name] and not again[name], (kind, name, said[name], again[name])
PYTHON

# ---- What a folder is good for: it is taken over by training, and says what it is ----

check 'taken over' 0 '' "$dragoman" train --quiet --train-sets "$golden/post/source" "$golden/post/target" \
    --pretrained-model post --after 2u --mini-batch-words 40 --model further
grep -q '"norm_epsilon":	1e-06' further/config.json && grep -q '"positions":	"timing"' further/config.json ||
    fail "what was taken over is another model: $(cat further/config.json)"
check 'trained further, back' 0 '' convert further further.npz
"$dragoman" info --model ssru > drawing
grep -q 'ssru of what is written so far' drawing || fail "ssru: $(cat drawing)"

# One that this program trained: its norms add more than Marian's, which is said.
train=("$dragoman" train --quiet --train-sets "$golden/post/source" "$golden/post/target" --segmenter space --mini-batch-words 40
    --after 2u --dim-emb 8 --dim-ffn 14 --heads 2 --enc-depth 1 --dec-depth 1)
check 'trained' 0 '' "${train[@]}" --positions timing --model trained
check 'trained, back' 0 '1e-05|Marian' convert trained trained.npz
check 'trained, there again' 0 '' convert trained.npz trained-again
"$dragoman" rescore --model trained "$golden/post/source" "$golden/post/target" > scores
"$dragoman" rescore --model trained-again "$golden/post/source" "$golden/post/target" > again
near scores again 1e-2 || fail "trained: $(paste scores again | head -4)"

# ---- What one side cannot say is refused by its name ----

altered() {  # altered KIND OPTION VALUE: altered.npz, whose options say that
    "$python" -B - "$scripts" "$golden/$1/model.npz" "$2" "$3" << 'PYTHON'
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import marian_files

tensors, options = marian_files.read_npz(pathlib.Path(sys.argv[2]))
options[sys.argv[3]] = sys.argv[4]
marian_files.write_npz("altered.npz", tensors, options)
PYTHON
}
refused() {  # refused KIND OPTION VALUE
    rm -rf no
    altered "$@"
    check "refused: --$2 $3" 1 "$2" convert altered.npz no --vocabs "$golden/$1"/vocab.* "$golden/$1"/vocab.*
    [ ! -e no ] || fail "refused: --$2 $3: a folder was left"
}
# headed FROM TO: altered.npz, where the header of Wemb says TO
headed() {
    "$python" -B - "$golden/post/model.npz" "$1" "$2" << 'PYTHON'
import sys, zipfile
whole = zipfile.ZipFile(sys.argv[1])
with zipfile.ZipFile("altered.npz", "w") as made:
    for name in whole.namelist():
        data = whole.read(name)
        if name == "Wemb.npy":
            assert sys.argv[2].encode() in data
            data = data.replace(sys.argv[2].encode(), sys.argv[3].encode(), 1)
            data = data.replace(b" " * (len(data) - len(whole.read(name))) + b"\n", b"\n", 1)
        made.writestr(name, data)
PYTHON
    check "refused: $2" 1 Wemb convert altered.npz no --vocabs "$golden/post"/vocab.* "$golden/post"/vocab.*
    [ ! -e no ] || fail "refused: $2: a folder was left"
}
rm -rf no
headed "'fortran_order': False" "'fortran_order': True "
headed "'shape': (" "'shape': (1"
headed "'shape': (" "'shape': (-"
refused post type s2s
refused post right-left true
refused post transformer-ffn-depth 3
refused post transformer-ffn-activation gelu
refused post transformer-preprocess n
refused post transformer-postprocess-emb n
refused post transformer-train-position-embeddings true
refused post transformer-attention-mask alibi
refused post lemma-dim-emb 32
refused ssru dec-cell gru
refused ssru layer-normalization true
refused ssru transformer-rnn-projection true
refused average transformer-aan-nogate true
refused average transformer-dim-aan 20
rm -rf no
altered post enc-depth 2
check 'a tensor too few' 1 'encoder_l2_self_Wq' convert altered.npz no --vocabs "$golden"/post/vocab.yml "$golden"/post/vocab.yml
altered post dec-depth 1
check 'a tensor too many' 1 'decoder_l2_' convert altered.npz no --vocabs "$golden"/post/vocab.yml "$golden"/post/vocab.yml
check 'no vocabularies' 1 '--vocabs|altered.npz.decoder.yml' convert altered.npz no
check 'no such vocabulary' 1 'nowhere.yml' convert "$golden/post/model.npz" no --vocabs nowhere.yml nowhere.yml
altered post transformer-heads x
check 'no number of heads' 1 'altered.npz is not as such a model is written' convert altered.npz no --vocabs "$golden"/post/vocab.{yml,yml}
cp "$golden/post/model.npz" searched.npz
for way in 'beam-size: lots' 'beam-size: -3' 'normalize: nan'; do
    printf 'vocabs:\n  - %s\n  - %s\n%s\n' "$golden"/post/vocab.{yml,yml} "$way" > searched.npz.decoder.yml
    check "a search by $way" 1 'searched.npz' convert searched.npz no
    [ ! -e no ] || fail "a search by $way: a folder was left"
done
cp -r post half
rm half/vocab.json
check 'no vocabulary to write' 1 'half is not as|vocab.json' convert half half.npz
ls half.npz* 2> err && fail 'a file was left of a model that could not be written'
: > half/model.safetensors
check 'no weights' 1 'half' convert half half.npz
check 'there already' 1 'post is there already' convert "$golden/post/model.npz" post
check 'no folder' 1 'config.json' convert "$golden/post" no.npz
cp "$golden/post/vocab.yml" other.npz
check 'no npz' 1 'other.npz cannot be opened' convert other.npz no
for row in '--positions sine|positions is "sine"|--positions timing' '--positions timing --activation gelu|activation_function' \
    '--positions timing --norm batch|norm is "batch"' '--positions timing --experts 2|experts is 2' \
    '--positions timing --attention-window 2|attention_window is 2' \
    '--positions timing --dec-autoreg average-attention|gates of average attention'; do
    IFS='|' read -r options words <<< "$row"
    rm -rf no
    # shellcheck disable=SC2086
    check "trained with $options" 0 '' "${train[@]}" $options --model no
    check "refused: $options" 1 "$words" convert no no.npz
    [ ! -e no.npz ] || fail "refused: $options: a file was left"
done
check 'int8' 0 '' "$dragoman" quantize --model trained --output int8
check 'refused: int8' 1 'I8|quantize' convert int8 no.npz

[ "$failures" = 0 ] && echo 'marian: all as it should be'
exit $((failures > 0))
