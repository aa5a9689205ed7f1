#!/bin/bash
# dragoman info: what it says of MarianMT folders made elsewhere and of a run of its own. Argument: the command to test.
. "$(dirname "$0")/common.sh"
golden=$(realpath "$(dirname "$0")/../golden/marian")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

show() {  # show WHAT ARGUMENTS...: into `shown`; and, without white space, into `json`
    local what=$1
    shift
    "$dragoman" info "$@" > shown 2> err || fail "$what: $(cat err)"
    [ ! -s err ] || fail "$what: something on stderr: $(cat err)"
    tr -d '\n\t' < shown > json
}

says() {  # says WHAT TEXT...: all of them are shown
    local what=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" json || fail "$what: '$text' is not there: $(head -c 3000 json)"
    done
}

# ---- Folders made elsewhere ----

for folder in "$golden"/*; do
    show "$folder" --model "$folder" --json
    # All that stands behind the header of the file, and nothing twice.
    header=$(od -An -t u8 -N 8 "$folder/model.safetensors")
    weights=$(($(stat -c %s "$folder/model.safetensors") - 8 - header))
    grep -qE "\"total\":\{\"count\":[0-9]+,\"bytes\":$weights,\"trained\"" json || fail "$folder: not $weights bytes"
done
show 'shared-swish' --model "$golden/shared-swish" --json
# 41 x 16; 4 (256 + 16) + 24 (16 + 1) + 16 (24 + 1) + 2 x 32 a layer; the same and 4 (256 + 16) + 32; 41 biases
says 'shared-swish' '"embeddings":{"count":656,"bytes":2624,"tables":[{"pieces":41,"used_by":["source", "target", "output"]}]}' \
    '"encoder":{"count":3920,"bytes":15680}' '"decoder":{"count":6160,"bytes":24640}' '"output":{"count":41,"bytes":164}' \
    '"total":{"count":10777,"bytes":43108,"trained":10736,"active":10777}' '"activation_function":"swish"' \
    '"encoder_layers":2,' '"encoder_attention_heads":4,' '"encoder_ffn_dim":24,' '"training":null' \
    '"languages":{"source":null,"target":null}' '"missing":["vocab.json", "source.spm", "target.spm"]' \
    "{\"name\":\"model.safetensors\",\"bytes\":$(stat -c %s "$golden/shared-swish/model.safetensors")}"
show 'separate' --model "$golden/separate" --json
says 'separate' '"tables":[{"pieces":29,"used_by":["source"]}, {"pieces":23,"used_by":["target", "output"]}]' \
    '"vocabulary":{"source":29,"target":23,"segmenter":"sentencepiece"}'
show 'untied' --model "$golden/untied" --json
says 'untied' '"tied_output":false' '"output":{"count":207,"bytes":828}'
show 'a drawing' --model "$golden/shared-relu"
says 'a drawing' 'shared-relu: transformer, ' 'embedding 23 x 8 of source, target and output, plus sinusoidal' \
    'encoder, 2 layers, post-norm' 'self-attention, 4 heads x 2' 'attention to the encoder, 2 heads x 4' \
    'feed-forward 8 - 12 - 8, relu' 'feed-forward 8 - 20 - 8, relu' 'output 8 - 23, by the embedding of the target' \
    'one table for source, target and output' 'made elsewhere' 'missing, so that no text can be translated: vocab.json' \
    'encode         2.3 k      1.28 k      3.58 k' 'train         16.5 k      11.5 k        28 k' 'sentences of 20 pieces'
show 'another architecture' --model "$golden/../rnn/shared"
# encode: 2 x 2 x 18 (8 + 6), keys 2 x 6 x 12, and in 20 pieces one bridge of 2 x 6 x 6
says 'another architecture' 'shared: rnn, ' 'encoder, 1 bidirectional GRU of 6 + 6' 'additive attention to the encoder' \
    'encode        1.16 k           0      1.16 k'

# 16 x 8, 2 x 8 (8 + 4), 3 (8 + 1), 4 x 3 x 8 x 6 and 5 norms of 8 a head
show 'heads that look ahead' --model "$golden/../glm4_moe/ahead" --json
says 'heads that look ahead' '"ahead":2,"ahead_form":"chain"' '"ahead":{"count":1926,"bytes":7704}' '"output":{"count":0,"bytes":0}'
show 'drawn heads' --model "$golden/../glm4_moe/ahead"
says 'drawn heads' "2 heads that look ahead, chain: 16 - 8 and a layer as the decoder's each" 'ahead                1,926'
show 'no heads' --model "$golden/../glm4_moe/shared" --json
grep -q '"ahead":{' json && fail 'parameters of heads that there are not'
# transformers saves a model without the heads that it drafts by, and still writes down how many there were.
cp -r "$golden/../glm4_moe/shared" headless
chmod -R u+w headless
sed -i 's/"num_nextn_predict_layers": 0/"num_nextn_predict_layers": 1/' headless/config.json
show 'heads that are not there' --model headless --json
says 'heads that are not there' '"ahead":0'
python3 - << 'PYTHON'
import json
said = json.load(open("headless/config.json"))
json.dump({**said, "dragoman": {"segmenter": "space"}}, open("headless/config.json", "w"))
pieces = ["</s>", "<unk>", *map(str, range(28)), "<pad>"]
json.dump({piece: i for i, piece in enumerate(pieces)}, open("headless/vocab.json", "w"))
PYTHON
check 'a model without its heads' 0 'Wrote headless-bf16' "$dragoman" quantize --model headless --output headless-bf16 --precision bf16
show 'a model without its heads' --model headless-bf16 --json
says 'a model without its heads' '"ahead":0'
show 'rows of CTC' --model "$golden/../order/ctc" --json
says 'rows of CTC' '"ctc_upsample":3'
show 'drawn rows of CTC' --model "$golden/../order/ctc"
says 'drawn rows of CTC' 'CTC: 3 rows for each piece of the source, and a row says a piece or nothing'

# ---- A run ----

colours=(red blue green gold pink grey teal lime navy rust)
RANDOM=4
for i in $(seq 40); do
    line= back=
    for j in $(seq $((2 + RANDOM % 4))); do
        word=${colours[RANDOM % 10]}
        line="$line $word" back="$word $back"
    done
    echo "${line# }" >> text.de
    echo "${back% }" >> text.en
done
train() {
    "$dragoman" train --train-sets text.de text.en --mini-batch-words 80 --lr-warmup 10 --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas "$@" 2> err ||
        fail "training: $(tail -n 3 err)"
}
train --model run --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 2 --heads 2 --vocab-size 40 --segmenter bpe --valid-sets text.de text.en --valid-metrics ce-mean-words chrf \
    --after 6e --learn-rate 0.02 --disp-freq 2u
show 'a run' --model run --json
# The best by the log itself: the lowest cost, the highest chrF, with their updates.
best() {  # best METRIC SORT-ORDER
    sed -nE "s/.*\"update\":([0-9]+),.*\"$1\":([0-9.e+-]+).*/\2 \1/p" run/train.jsonl | sort -s -k 1,1"$2" | head -n 1
}
read -r cost cost_update < <(best ce-mean-words g)
read -r chrf chrf_update < <(best chrf gr)
[ -n "$cost" ] && [ -n "$chrf" ] || fail "no validation in the log"
last=$(sed -nE 's/.*"update":([0-9]+).*/\1/p' run/train.jsonl | tail -n 1)
says 'a run' "\"ce-mean-words\":{\"value\":$cost,\"update\":$cost_update}" "\"updates\":$last,\"epoch\":6," \
    "\"chrf\":{\"value\":$chrf,\"update\":$chrf_update}" '"languages":{"source":"de","target":"en"}' \
    '"ended":"--after 6e is reached"' '"train-sets":["text.de", "text.en"]' '"segmenter":"bpe"' '"missing":[]' \
    "\"seconds\":$(sed -nE 's/.*"event":"end".*"seconds":([0-9.e+-]+).*/\1/p' run/train.jsonl)"
# Programs rely on these names.
keys='activation_function active ahead architecture attention attention_window best bytes ce-mean-words chrf count
d_model decode decoder decoder_attention_heads decoder_autoreg decoder_ffn_dim decoder_layers decoder_mask
embeddings encode encoder encoder_attention_heads encoder_ffn_dim encoder_layers ended epoch examples experts
files folder kept languages length max_position_embeddings missing name norm norm_place operations outline
output output_layer parameters parts pieces positions precision prepared ranks scale_embedding seconds segmenter
source tables target text tied_output total train train-sets trained training update updates used_by value
version vocabulary weights'
grep -oE '"[a-zA-Z_-]+":' json | tr -d '":' | sort -u > got
tr ' ' '\n' <<< "$keys" | sort > wanted
diff wanted got > difference || fail "the names in the JSON: $(cat difference)"
show 'a drawn run' --model run
says 'a drawn run' "$last updates, in epoch 6, " 'on text.de and text.en' 'ended: --after 6e is reached' 'from de to en' \
    'SentencePiece (bpe)' 'decoder, 2 layers' "at update $chrf_update" 'encoder, 1 layer, post-norm'

train --model other --pretrained-model run --after 1u
show 'a run that began with a model' --model other --json
says 'a run that began with a model' '"segmenter":"sentencepiece"' '"best":{}'
echo '{"event":"train","epoch":7,"update":1234}' >> run/train.jsonl  # after its end
rm run/model.safetensors
show 'a run that goes on' --model run --json
says 'a run that goes on' '"updates":1234,"epoch":7' '"ended":null,"kept":null' '"bytes":null' '"missing":["model.safetensors"]'
show 'a drawn run that goes on' --model run
says 'a drawn run that goes on' '1,234 updates' 'not at its end' 'missing, so that no text can be translated: model.safetensors'

# ---- What is wrong ----

check 'no folder named' 2 'info needs --model DIR' "$dragoman" info
check 'no folder' 1 'nowhere' "$dragoman" info --model nowhere
check 'a file' 1 'text.de is a file' "$dragoman" info --model text.de
cp -r "$golden/shared-relu" broken
chmod -R u+w broken
sed -i 's/"d_model": 8/"d_model": 12/' broken/config.json
check 'weights of another shape' 1 'model.shared.weight|config.json|[23, 12]' "$dragoman" info --model broken
echo '{' > broken/config.json
check 'a broken configuration' 1 'broken/config.json' "$dragoman" info --model broken
echo 'no json' > other/train.jsonl
check 'a broken log' 1 'other/train.jsonl: line 1' "$dragoman" info --model other
echo '[1]' > run/tokenizer_config.json
check 'a broken tokenizer_config.json' 1 'run/tokenizer_config.json' "$dragoman" info --model run
full() { "$dragoman" info --model "$golden/half" > /dev/full; }
check 'a full disk' 1 'cannot write the output' full

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
