#!/bin/bash
# The conversation of dragoman translate on a terminal, typed by conversation.py. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
here=$(realpath "$(dirname "$0")")
cd "$room" || exit 1
make_folder model
make_folder other

# A model with a segmenter of its own, in a folder that was moved, away from the text it learnt from.
for i in $(seq 40); do
    echo "he is number $i, and she is not" >> train.en
    echo "他是第 $i 个，她不是。" >> train.zh
done
"$dragoman" train --train-sets train.zh train.en --vocab-size 60 --segmenter bpe --dim-emb 16 --dim-ffn 32 \
    --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 200 --lr-warmup 10 --learn-rate 0.02 --after 60u --quiet \
    --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas --model trained || exit 1
mkdir elsewhere
mv trained elsewhere/raw
rm train.en train.zh
make_text
"$dragoman" train --type rnn --rnn-attention none --train-sets src trg --segmenter space --dim-emb 16 --dim-rnn 16 \
    --gemm openblas --after 2u --quiet --model blind || exit 1
python3 "$here/conversation.py" "$dragoman" "$room/model" "$room/other" "$room/elsewhere/raw" "$room/blind" "$room"
