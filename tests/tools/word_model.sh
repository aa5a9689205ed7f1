# A model for the shell tests, which source this: make_folder FOLDER makes one whose 41 pieces are words: </s> <unk> w2
# ... w39 <pad>. It names its matrix library: where none packs weights, every run would measure which is faster, and the
# last digits of two runs could differ.
golden=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../golden/marian/shared-swish")

make_folder() {
    mkdir -p "$1"
    cp "$golden"/{config.json,generation_config.json,model.safetensors} "$1"
    sed -i '0,/{/s//{ "dragoman": {"segmenter": "space", "gemm": "openblas"},/' "$1/config.json"
    {
        printf '{"</s>": 0, "<unk>": 1'
        for i in $(seq 2 39); do printf ', "w%d": %d' "$i" "$i"; done
        printf ', "<pad>": 40}\n'
    } > "$1/vocab.json"
}
