#!/usr/bin/env bash
# What several machines would give. Measures updates of made-up text on one rank and on two, which are two hosts as far as
# the network knows: network namespaces of this machine, joined by a cable that tc limits to 1 and 10 Gb/s, one thread and
# one processor each. Then compares the bytes that passed with what they should be, fits a model of time to the seconds,
# and predicts from it what 1 to 64 machines give (scripts/scaling.py): tables, and a picture in the folder.
#   scripts/scaling.sh [--folder DIR] [--threads T] [--cores N] [--quick]
#   --folder    where measurements are kept, which are not made again      default: build/scaling
#   --threads   of a machine in the prediction                              default: 16
#   --cores     also T threads in each of R ranks on this machine, T times R up to N, in training and in translating, beside
#               the prediction
#   --quick     the smallest settings, to see whether it works: the seconds mean nothing
# For root, on a machine with two processors at least that does nothing else. Eleven minutes on two cores.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
usage() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$here/scripts/scaling.sh"; }
folder=$here/build/scaling threads=16 cores=0 quick=
while [ $# -gt 0 ]; do
    case $1 in
        --folder) folder=$(realpath -m "$2"); shift ;;
        --threads) threads=$2; shift ;;
        --cores) cores=$2; shift ;;
        --quick) quick=yes ;;
        --help | -h) usage; exit ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || { echo "scaling.sh: only root can make hosts of its own (network namespaces)" >&2; exit 2; }
. "$here/scripts/steps.sh"
install_packages iproute2 openmpi-bin libopenmpi-dev python3
[ -e "$here/build/libdragoman-mpi.so" ] || "$here/scripts/setup.sh"
dragoman=$here/build/dragoman
room=$(mktemp -d)
mkdir -p "$folder/cores"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# ---- Two hosts ----

hosts=(dragoman-a dragoman-b) net=10.213.71
remove_hosts() { for host in "${hosts[@]}"; do ip netns delete "$host" 2> "$room/log" || true; done; }
trap 'remove_hosts; rm -rf "$room"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_hosts() {
    remove_hosts
    ip netns add dragoman-a && ip netns add dragoman-b &&
        ip link add eth0 netns dragoman-a type veth peer name eth0 netns dragoman-b || return 1
    for i in 1 2; do
        ip -n "${hosts[i - 1]}" address add "$net.$i/24" dev eth0
        ip -n "${hosts[i - 1]}" link set eth0 up
        ip -n "${hosts[i - 1]}" link set lo up
    done
}

# A command in a host, which has a name of its own.
cat > "$room/in" << 'END'
#!/bin/bash
host=$1
shift
exec ip netns exec "$host" unshare --uts bash -c 'hostname "$0" && exec "$@"' "$host" "$@"
END
# What mpirun takes for ssh: [OPTIONS] ADDRESS COMMAND...
cat > "$room/reach" << END
#!/bin/bash
while [ "\${1#-}" != "\$1" ]; do shift; done
case \$1 in $net.1) host=dragoman-a ;; *) host=dragoman-b ;; esac
shift
exec "$room/in" \$host bash -c "\$*"
END
# A rank, on processors of its own.
cat > "$room/rank" << 'END'
#!/bin/bash
first=$((OMPI_COMM_WORLD_RANK * THREADS))
exec taskset -c "$first-$((first + THREADS - 1))" "$@"
END
chmod +x "$room"/{in,reach,rank}

set_rate() {  # Gb/s, or "free"
    local host
    for host in "${hosts[@]}"; do
        ip netns exec "$host" tc qdisc delete dev eth0 root 2> "$room/log" || true
        [ "$1" = free ] || ip netns exec "$host" tc qdisc add dev eth0 root tbf rate "$1gbit" burst 256kb latency 50ms 2> "$room/log" || return 1
    done
}

# ---- Measuring ----

options=(--rounds 5 --seconds 4) copies=250
[ -z "$quick" ] || options=(--rounds 1 --seconds 0 --mini-batch-words 64 --sentences 200) copies=1

measure() {  # FILE COMMAND...: what it prints, unless that is there
    local file=$1
    shift
    [ ! -s "$file" ] || return 0
    printf '%s\n' "${file#"$folder"/}" >&2
    "$@" > "$room/json" || exit 1
    mv "$room/json" "$file"
}

# THREADS OPTIONS...: on one rank
alone() { OMPI_COMM_WORLD_RANK=0 THREADS=$1 "$room/rank" "$dragoman" bench train --json --cpu-threads "$@" "${options[@]}"; }
# RANKS THREADS COMMAND...: on several on this host
on_ranks() {
    local ranks=$1
    THREADS=$2 mpirun --oversubscribe --bind-to none --mca btl tcp,self --mca btl_tcp_if_include lo -n "$ranks" \
        "$room/rank" "$dragoman" "${@:3}" --cpu-threads "$2"
}
together() { on_ranks "$1" "$2" bench train --json "${@:3}" "${options[@]}"; }  # RANKS THREADS OPTIONS...
# OPTIONS...: one in each of two hosts
apart() {
    "$room/in" dragoman-a env THREADS=1 mpirun --host "$net.1,$net.2" --map-by node --bind-to none -n 2 \
        --mca plm_rsh_agent "$room/reach" --mca btl tcp,self --mca btl_tcp_if_include "$net.0/24" \
        --mca oob_tcp_if_include "$net.0/24" -x THREADS -x OMPI_ALLOW_RUN_AS_ROOT -x OMPI_ALLOW_RUN_AS_ROOT_CONFIRM \
        "$room/rank" "$dragoman" bench train --json --cpu-threads 1 "$@" "${options[@]}"
}

# NAME WIDTH INNER LAYERS HEADS PIECES: the shape of a model, without weights
make_shape() {
    mkdir -p "$folder/$1"
    printf '{"model_type": "marian", "d_model": %d, "encoder_ffn_dim": %d, "decoder_ffn_dim": %d, "encoder_layers": %d,
 "decoder_layers": %d, "encoder_attention_heads": %d, "decoder_attention_heads": %d, "vocab_size": %d, "eos_token_id": 0,
 "pad_token_id": %d, "decoder_start_token_id": %d, "activation_function": "relu", "scale_embedding": true}\n' \
        "$2" "$3" "$3" "$4" "$4" "$5" "$5" "$6" $(($6 - 1)) $(($6 - 1)) > "$folder/$1/config.json"
}
make_shape least 8 8 1 1 100          # so small that its exchange is latency
make_shape large 1024 4096 6 16 24000 # 200 million weights

gemm() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["gemm"])' "$1"; }

declare -A shapes=([least]="--model $folder/least" [tiny]="--shape tiny" [base]="--shape base" [large]="--model $folder/large")
for name in least tiny base large; do
    measure "$folder/$name-1-free.json" alone 1 ${shapes[$name]}
done
if make_hosts 2> "$room/why"; then
    rates="1 10 free"
    set_rate 1 || { echo "tc cannot limit the cable here ($(head -n 1 "$room/log")): measured as fast as it is, rates only modelled"; rates=free; }
    for rate in $rates; do
        set_rate "$rate"
        for name in least tiny base; do
            measure "$folder/$name-2-$rate.json" apart ${shapes[$name]} --gemm "$(gemm "$folder/$name-1-free.json")"
        done
    done
else
    echo "No network namespaces here ($(head -n 1 "$room/why")): two ranks on one host, and rates only modelled"
    for name in least tiny base; do
        measure "$folder/$name-2-free.json" together 2 1 ${shapes[$name]} --gemm "$(gemm "$folder/$name-1-free.json")"
    done
fi

# Threads and ranks of this machine: the shape that needs them most is the one whose updates are short. Its translations are
# those of a model that knows nothing, but as long as their sources; what a line by itself takes, to begin mostly, is taken off.
seconds_of() {  # COMMAND...
    local begun=$EPOCHREALTIME
    "$@" > "$room/log"
    awk "BEGIN { print $EPOCHREALTIME - $begun }"
}
translating() {  # RANKS THREADS
    local one all
    one=$(seconds_of on_ranks "$1" "$2" translate --model "$folder/cores/model" -i "$room/line" --max-length-factor 1)
    all=$(seconds_of on_ranks "$1" "$2" translate --model "$folder/cores/model" -i "$room/lines" --max-length-factor 1)
    awk "BEGIN { print $all - $one }"
}
if [ "$cores" -gt 0 ]; then
    head -n 1 "$here/data/toy/test.zh" > "$room/line"
    for ((i = 0; i < copies; i++)); do cat "$here/data/toy/test.zh"; done > "$room/lines"
    [ -e "$folder/cores/model/model.safetensors" ] ||
        "$dragoman" train --train-sets "$here"/data/toy/train.{zh,en} --model "$folder/cores/model" --after 1u --quiet \
            --dim-emb 128 --dim-ffn 256 --enc-depth 4 --dec-depth 4 --heads 4
fi
for ((ranks = 1; ranks <= cores; ranks *= 2)); do
    for ((each = 1; ranks * each <= cores; each *= 2)); do
        measure "$folder/cores/tiny$each-$ranks-free.json" together $ranks $each --shape tiny --lanes 64 \
            --gemm "$(gemm "$folder/tiny-1-free.json")"
        measure "$folder/cores/translating-$ranks-$each.seconds" translating $ranks $each
    done
done
python3 "$here/scripts/scaling.py" "$folder" --threads "$threads"
