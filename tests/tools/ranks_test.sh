# Training on several ranks of MPI: the bytes of the model are those of one process, however many ranks there are, with
# every optimizer and architecture, after a stop, after a kill, and where a run goes on with other ranks or none.
. "$(dirname "$0")/common.sh"
scripts=$(realpath "$(dirname "$0")/../../scripts")
cd "$room" || exit 1
mkdir temporary && export TMPDIR=$room/temporary  # of what other runs have left behind, this says nothing
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

make_text
sed 's/[a-z]*/x/g' src > tags
small="--train-sets src trg --segmenter space --dim-emb 32 --cpu-threads 1 --mini-batch-words 60 --shard-words 8 --quiet"
layers="--dim-ffn 96 --heads 2 --dec-depth 1"
stack="$layers --enc-depth 1"

# ---- Without MPI ----

mkdir alone
cp "$dragoman" alone/dragoman
check "a build without MPI" 1 "2 processes|OMPI_COMM_WORLD_SIZE|libopenmpi-dev" \
    env OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 LD_LIBRARY_PATH= alone/dragoman train $small $stack --model none
check "and its other ranks" 1 "" \
    env OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1 LD_LIBRARY_PATH= alone/dragoman train $small $stack --model none
[ ! -s err ] || fail "a rank that is not the first speaks: $(cat err)"
[ ! -e none ] || fail "a folder was made"

if [ ! -e "$(dirname "$dragoman")/libdragoman-mpi.so" ] || ! mpirun --version 2>/dev/null | grep -q "Open MPI"; then
    echo "Open MPI is not here, or dragoman was built without it: ranks were not tried."
    rm -rf "$room"
    exit $((failures > 0))
fi

# ---- With it ----

# on N COMMAND...: on so many ranks, all on this machine. The sanitizer takes what MPI keeps to its end for leaks.
on() {
    local ranks=$1
    shift
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 mpirun --oversubscribe --bind-to none --mca btl tcp,self \
        --mca btl_tcp_if_include lo -n "$ranks" "$@"
}

# equal WHAT RANKS OPTIONS...: one process, and as many ranks
equal() {
    local what=$1 ranks=$2 n
    shift 2
    rm -rf one
    "$dragoman" train $small --after 5u --model one "$@" 2> err || fail "$what: $(cat err)"
    for n in $ranks; do
        rm -rf several
        on "$n" "$dragoman" train $small --after 5u --model several "$@" 2> err || fail "$what, $n ranks: $(head -3 err)"
        same "$what, $n ranks" one/model.safetensors several/model.safetensors
    done
}

equal "a Transformer" "1 2 3 4" --type transformer $stack --lanes 7 --exponential-smoothing 0.001 --clip-norm 0.5 \
    --valid-sets src trg --valid-freq 2u --disp-freq 2u
equal "batch norm, descent, two batches an update" 3 --type transformer $stack --optimizer sgd --norm batch \
    --optimizer-delay 2
equal "experts" 2 --type transformer $stack --experts 4 --router sigmoid --balance bias
equal "a recurrent one" 3 --type rnn --dim-rnn 32 --average 2
equal "a convolutional one" 2 --type conv
equal "a decoder alone" 4 --type lm $layers
equal "all pieces at once" 2 --type transformer $stack --objective masked --valid-sets src trg --valid-freq 2u
equal "labels" 2 --type labels --train-sets src tags --dim-ffn 96 --heads 2 --enc-depth 1
if "$dragoman" train $small --after 1u --type transformer $stack --precision bf16 --model rounded 2> err; then
    equal "bf16" 3 --type transformer $stack --precision bf16
else
    grep -q bf16 err || fail "bf16: $(cat err)"
fi

"$dragoman" train $small $stack --after 1u --model begun.with 2> err
small="--train-sets src trg --cpu-threads 1 --mini-batch-words 60 --shard-words 8 --quiet" \
    equal "a model that is taken over" 2 --pretrained-model begun.with --lanes 4

# What was seen of an update is the same, too.
figures() {
    sed -E 's/"(target_tokens_per_)?seconds?":[^,}]*//g' "$1/train.jsonl"
}
rm -rf one several
seen="--after 12u --lr-warmup 1 --disp-freq 1u --clip-norm 1 --valid-sets valid.src valid.trg --valid-freq 4u"
(cat src; echo; cat src) > valid.src  # a line of nothing among what is dealt out
(cat trg; echo; cat trg) > valid.trg
seen="$seen --valid-metrics chrf bleu ce-mean-words"
"$dragoman" train $small $stack $seen --model one 2> err || fail "$(head -3 err)"
figures one > figures.one
grep -q '"hypothesis":"[a-z]' figures.one || fail "nothing was translated: $(cat figures.one)"
for n in 2 3 4; do
    rm -rf several
    on "$n" "$dragoman" train $small $stack $seen --model several 2> err || fail "validation on $n ranks: $(head -3 err)"
    figures several > figures.several
    same "the log of $n ranks" figures.one figures.several
done

"$dragoman" info --model several > out
grep -q "ranks: 4 of 1 thread$" out || fail "info does not say ranks and threads: $(grep -A 4 training out)"

# ---- Ranks that do not fit one another ----

mkdir elsewhere
cp src elsewhere/src
sed 's/red/blue/' trg > elsewhere/trg
ends "another text" 1 "dragoman: rank 1 (|reads another text" on 1 "$dragoman" train $small $stack --model other : \
    -n 1 --wdir "$room/elsewhere" "$dragoman" train $small $stack --model other
ends "a file that is not there" 1 "dragoman: rank 1 (|src|copy that of rank 0" on 1 "$dragoman" train $small $stack --model other : \
    -n 1 --wdir "$room/alone" "$dragoman" train $small $stack --model other
grep -q "goes on" err && fail "a run that has not begun goes on: $(cat err)"
sed '7s/$/ \xff/' trg > elsewhere/trg
ends "a text that only one rank cannot read" 1 "dragoman: rank 1 (|trg: line 7" on 1 "$dragoman" train $small $stack \
    --model other : -n 1 --wdir "$room/elsewhere" "$dragoman" train $small $stack --model other
"$dragoman" prepare --train-sets src trg --segmenter space --output prepared 2> err || fail "prepare: $(cat err)"
here=(on 1 "$dragoman" train --prepared prepared $stack --gemm openblas --model another)
ends "a prepared text that is not there" 1 "dragoman: rank 1 (|prepared.json|copy that of rank 0" \
    "${here[@]}" : -n 1 --wdir "$room/elsewhere" "${here[@]:2}"
grep -q "goes on" err && fail "a run that has not begun goes on: $(cat err)"
cp -r prepared elsewhere
rm elsewhere/prepared/pairs.ids
ends "one that is not whole" 1 "dragoman: rank 1 (|pairs.ids" "${here[@]}" : -n 1 --wdir "$room/elsewhere" "${here[@]:2}"
ends "too many ranks" 2 "5 ranks have 4 lanes|--lanes" on 5 "$dragoman" train $small $stack --model many
ls "$TMPDIR"/dragoman-rank-* > left 2>/dev/null && fail "left behind: $(cat left)"

# ---- Translating and rescoring ----

for i in $(seq 300); do cat src; done > many.src
for i in $(seq 300); do cat trg; done > many.trg
"$dragoman" translate --model one -i many.src -o wanted --n-best 2 --beam-size 2
(
    PATH="$(dirname "$dragoman"):$PATH"  # and the plug-in is found all the same
    on 2 dragoman translate --model one -i many.src -o got --n-best 2 --beam-size 2
) 2> err || fail "translating: $(head -3 err)"
same "translating, 2 ranks" wanted got
(sed -n 1,2p src; sleep 0.1; sed -n 3p src) | on 3 "$dragoman" translate --model one > got 2> err
"$dragoman" translate --model one < src | head -3 > wanted
same "lines of a pipe" wanted got
"$dragoman" translate --model one -i src --prefix trg -o wanted
on 2 "$dragoman" translate --model one -i src --prefix trg -o got 2> err
same "prefixes" wanted got

(sed 5000q many.src; printf 'red \377\n'; sed 4000q many.src) > bad.src
"$dragoman" translate --model one -i bad.src -o wanted --on-bad-line crop 2> wanted.err
on 2 "$dragoman" translate --model one -i bad.src -o got --on-bad-line crop 2> err
same "bad lines" wanted got
same "what is said of them" wanted.err err
ends "a bad line" 1 "dragoman: bad.src: line 5001" on 2 "$dragoman" translate --model one -i bad.src -o half
[ ! -e half ] || fail "half of an output is left"
"$dragoman" rescore --model one many.src many.trg --word-scores > wanted
on 3 "$dragoman" rescore --model one many.src many.trg --word-scores > got 2> err
same "rescoring" wanted got

mkdir -p elsewhere/one
cp one/* elsewhere/one && cp begun.with/model.safetensors elsewhere/one
for what in "translate -i $room/src" "rescore $room/src $room/trg"; do
    ends "$what by another model" 1 "dragoman: rank 1 (|another model in that folder" on 1 "$dragoman" $what --model one : \
        -n 1 --wdir "$room/elsewhere" "$dragoman" $what --model one
done

# ---- Measuring ----

# Of a model of a few blocks, so that a rank has no slice, or shares no node of the tree with others: what a rank sends.
for n in 1 2 3 4; do
    on "$n" "$dragoman" bench train --model one --cpu-threads 1 --lanes 7 --rounds 2 --seconds 0 --sentences 40 \
        --mini-batch-words 100 --json > "one-$n-free.json" 2> err || fail "bench train on $n ranks: $(head -3 err)"
done
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$scripts python3 - << 'PYTHON' || fail "bytes by formula and bytes counted"
import pathlib, scaling
for n in 2, 3, 4:
    said = scaling.Measured(pathlib.Path(f"one-{n}-free.json"))
    assert said.bytes_counted() == said.bytes_by_formula() and min(said.bytes_counted()) > 0, (n, said.bytes_counted(), said.bytes_by_formula())
    assert sum(rank["sent_bytes"] for rank in said.ranks) == sum(rank["received_bytes"] for rank in said.ranks)
assert scaling.Measured(pathlib.Path("one-1-free.json")).bytes_counted() == [0]
PYTHON
on 2 "$dragoman" bench train --model one --cpu-threads 1 --rounds 1 --seconds 0 --sentences 40 > text 2> err
[ "$(grep -c "^rank" text)" = 2 ] || fail "the seconds of two ranks, for people: $(cat text)"
ends "more ranks than lanes, measured" 2 "2 ranks have 1 lane among" on 2 "$dragoman" bench train --model one --lanes 1

# A dead rank leaves nothing under the name of the output, unless it was done.
for i in $(seq 40); do cat many.src; done > endless.src
on 3 "$dragoman" translate --model one -i endless.src -o endless --beam-size 12 > begun 2>&1 &
until ls endless.*.tmp > left 2> /dev/null || ! kill -0 $! 2> /dev/null; do sleep 0.01; done
victim=$(pgrep -P "$(pgrep -P $! mpirun || echo $!)" | shuf -n 1)
[ -z "$victim" ] || kill -KILL "$victim" 2> /dev/null
wait
[ ! -e endless ] || [ "$(wc -l < endless)" = "$(wc -l < endless.src)" ] || fail "a dead rank has left half an output"

# Nor does one that hangs, and of a run, which these ranks are not on, nobody speaks.
rm -f endless
on 2 "$dragoman" translate --model one -i endless.src -o endless --beam-size 12 --rank-timeout 1 > begun 2>&1 &
until ls endless.*.tmp > left 2> /dev/null || ! kill -0 $! 2> /dev/null; do sleep 0.01; done
victim=$(pgrep -P "$(pgrep -P $! mpirun || echo $!)" | shuf -n 1)
[ -z "$victim" ] || kill -STOP "$victim" 2> /dev/null
wait
[ -e endless ] || grep -q "no sign of life" begun || fail "a rank hangs, and nobody says so: $(cat begun)"
grep -q "saved" begun && fail "a rank of a translation hangs, and something was saved: $(cat begun)"

# ---- Stopped, killed, and gone on with ----

long="--after 60u --save-freq 5u --disp-freq 5u"
rm -rf one several
"$dragoman" train $small $stack $long --model one 2> err

# begin RANKS LINES: in the background, until its log has so many lines of updates; $started: mpirun
begin() {
    local lines=0
    on "$1" "$dragoman" train $small $stack $long --model several > begun 2>&1 &
    while [ "$lines" -lt "$2" ] && kill -0 $! 2> /dev/null; do
        sleep 0.01
        lines=$(grep -c '"event":"train"' several/train.jsonl 2> /dev/null)
        lines=${lines:-0}
    done
    started=$(pgrep -P $! mpirun || echo $!)
}

begin 3 1
kill -INT "$started" 2>/dev/null
wait
[ -e several/training.safetensors ] || fail "nothing was saved: $(cat begun)"
begin 2 4
victim=$(pgrep -P "$started" | shuf -n 1)
[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null
wait
begin 4 8
victim=$(pgrep -P "$started" | shuf -n 1)
[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null
wait
"$dragoman" train $small $stack $long --model several 2> err || fail "going on alone: $(cat err)"
same "after a stop and two kills" one/model.safetensors several/model.safetensors

rm -rf "$room"
exit $((failures > 0))
