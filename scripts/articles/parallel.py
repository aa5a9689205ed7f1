#!/usr/bin/env python3
"""What it means that recurrent networks "cannot be parallelised": the same number of pieces in sentences of n pieces, few
and long or many and short. Milliseconds of a layer, forward and backward, in training, where all that is to be written is
known (teacher forcing), with one thread and two; the ops of a layer that wait for one another; and how long a sentence
takes that is written piece by piece, as every translation is (dragoman bench train and translate).
"""
import picture
from article import Article

WIDTH, INNER, HEADS, VOCABULARY = 256, 1024, 4, 1000
PIECES, SHARD = 4096, 2048  # of an update, and of what a thread takes at once

COMMON = {"d_model": WIDTH, "vocab_size": VOCABULARY, "model_type": "dragoman", "eos_token_id": 0,
          "pad_token_id": VOCABULARY - 1, "decoder_start_token_id": VOCABULARY - 1}
TYPES = {
    "Transformer": {"dragoman": {"architecture": "transformer"}, "activation_function": "relu", "scale_embedding": True,
                    **{f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in (
                        ("attention_heads", HEADS), ("ffn_dim", INNER))}},
    "GRU": {"dragoman": {"architecture": "rnn"}, "cell": "gru", "hidden_size": WIDTH, "attention": "dot",
            "encoder_direction": "forward"},
}
STACKS = {"one": (1, 1), "encoder": (3, 1), "decoder": (1, 3)}  # layers of either side


def per_layer(measured, kind, side, of):
    """What two more layers of a side add to one of either, halved."""
    return (of(measured[kind, side]) - of(measured[kind, "one"])) / 2


def milliseconds(result):
    """Of 1,000 pieces."""
    return 1e6 / result["target_tokens_per_second"]["median"]


def main():
    article = Article(__doc__, "Recurrent networks cannot be parallelised")
    lengths = [8, 32, 128, 512, 2048] if article.full else [8, 64, 512]
    seconds = 1.0 if article.full else 0.5
    folders = {(kind, stack): article.shape(f"{kind}-{stack}", {
        **COMMON, **config, "encoder_layers": layers[0], "decoder_layers": layers[1]})
        for kind, config in TYPES.items() for stack, layers in STACKS.items()}
    measured = {(n, threads): {of: article.bench("train", folder, length=n, sentences=2 * PIECES // n,
                                                 mini_batch_words=PIECES, shard_words=SHARD, cpu_threads=threads,
                                                 seconds=seconds, rounds=3) for of, folder in folders.items()}
                for n in lengths for threads in (1, 2)}
    rows, chains, curves = [], [], {}
    for kind in TYPES:
        for side in ("encoder", "decoder"):
            name = f"{kind}, {side}"
            for threads in (1, 2):
                times = [per_layer(measured[n, threads], kind, side, milliseconds) for n in lengths]
                rows.append([name, threads, *[f"{time:.2f}" for time in times]])
                curves[f"{name}, {threads} thread{'s' if threads > 1 else ''}"] = list(zip(lengths, times))
            chains.append([name, *[f"{per_layer(measured[n, 1], kind, side, lambda result: result['chain']):,.0f}"
                                   for n in lengths]])
    columns = [f"n = {n:,}" for n in lengths]
    article.table(["ms of a layer for 1,000 pieces", "threads", *columns], rows)
    article.table(["ops of a layer that wait for one another", *columns], chains)

    written = {(kind, n): article.bench("translate", folders[kind, "one"], length=n, sentences=20, beam_size=1,
                                        latency=True, seconds=seconds, rounds=3)
               for kind in TYPES for n in lengths if n <= 512}
    article.table(["ms of a sentence that is written", *[f"n = {n:,}" for n in lengths if n <= 512]],
                  [[kind, *[f"{written[kind, n]['latency_ms']['median']:.2f}" for n in lengths if n <= 512]]
                   for kind in TYPES])
    trained = [{"type": kind, "stack": stack, "n": n, "threads": threads, **{key: result[key] for key in (
        "target_tokens_per_second", "chain")}}
        for (n, threads), results in measured.items() for (kind, stack), result in results.items()]
    article.end({"trained": trained, "written": [{"type": kind, "n": n, **result["latency_ms"]} for (kind, n), result in
                                                 written.items()]},
                picture.lines(curves, x="n, pieces of a sentence", y="ms of a layer for 1,000 pieces", log_x=True,
                              log_y=True, title="training, forward and backward"))


if __name__ == "__main__":
    main()
