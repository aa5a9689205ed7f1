#!/usr/bin/env python3
"""What it costs to look only R pieces to either side: milliseconds and operations of a layer of the encoder, speed and
memory of training, against the length of the sentences; and what the translations of a handbook lose by it.
"""
from article import Article, spread

WINDOWS = [0, 16, 64, 256]  # 0: everywhere
WIDTH, INNER, LAYERS, HEADS, VOCABULARY = 256, 1024, 2, 4, 1000
PAIRS = 10000  # of the handbook


def folder_of(article, window):
    sides = {f"{side}_{key}": value for side in ("encoder", "decoder")
             for key, value in (("layers", LAYERS), ("attention_heads", HEADS), ("ffn_dim", INNER))}
    return article.shape(f"window-{window}", {
        "model_type": "dragoman", "dragoman": {"architecture": "transformer"}, "d_model": WIDTH, **sides,
        "vocab_size": VOCABULARY, "activation_function": "relu", "scale_embedding": True, "attention_window": window,
        "eos_token_id": 0, "pad_token_id": VOCABULARY - 1, "decoder_start_token_id": VOCABULARY - 1})


def measure(article, folder, length):
    """One thread, sentences of one length: pieces a second, and the most memory."""
    return article.bench("train", folder, length=length, sentences=32, mini_batch_words=max(4096, 2 * length),
                         cpu_threads=1, rounds=3, seconds=3 if article.full else 1)


def called(window):
    return f"r = {window}" if window else "everywhere"


def milliseconds(layer):
    """Forward and backward, of one sentence."""
    return 1e3 * sum(layer[f"{way}_seconds"]["median"] for way in ("forward", "backward"))


def operations(layer):
    return sum(layer["operations"][way]["total"] for way in ("forward", "backward")) / 1e6


def speeds(article):
    lengths = [64, 256, 1024, 4096, 8192] if article.full else [64, 256, 1024]
    layers, rows, results = [], [], []
    for window in WINDOWS:
        folder = folder_of(article, window)
        layer = {n: article.bench("layer", folder, length=n, rounds=3, seconds=1 if article.full else 0.3) for n in lengths}
        layers.append([called(window), *[f"{milliseconds(layer[n]):,.3g}, {operations(layer[n]):,.3g}" for n in lengths]])
        measured = {length: measure(article, folder, length) for length in lengths}
        speed = {n: measured[n]["target_tokens_per_second"]["median"] for n in lengths}
        rows.append([called(window), *[f"{speed[n]:,.0f}, {measured[n]['peak_memory_bytes'] / 2 ** 20:,.0f} MiB"
                                       for n in lengths]])
        results.append({"window": window, "layer": layer, "speed": speed, "bench": measured})
    article.table(["window", *[f"{n:,} pieces: ms of a layer, 10^6 operations" for n in lengths]], layers)
    article.table(["window", *[f"{n:,} pieces: target pieces a second, memory" for n in lengths]], rows)
    return results


def translations(article):
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    train, validation = [[text / f"{part}.{language}" for language in ("de", "en")] for part in ("train", "dev")]
    pairs = article.some(train, PAIRS, text / "train")
    rows, results = [], []
    for window in (0, 16, 8):
        runs = [article.train(f"handbook-{window}-{seed}", pairs, validation, vocab_size=3000, attention_window=window,
                              dim_emb=128, dim_ffn=256, enc_depth=3, dec_depth=3, heads=4, mini_batch_words=2048,
                              learn_rate=0.003, lr_schedule="cosine", lr_warmup=200, dropout=0.2, early_stopping=0,
                              after="12e" if article.full else "2e", valid_metrics=["ce-mean-words"], seed=seed)
                for seed in article.seeds]
        costs = [run.best() for run in runs]
        bleu = [article.score(run, text / "test.de", text / "test.en", "bleu")["bleu"] for run in runs]
        rows.append([window or "everywhere", spread(costs, 2), spread(bleu, 1)])
        results.append({"window": window, "validation": costs, "bleu": bleu})
    article.table(["window", "validation cost", "BLEU"], rows)
    return results


def main():
    article = Article(__doc__, "Self-attention can be restricted to a neighbourhood of size r")
    measured = speeds(article)
    curves = {called(entry["window"]): [(n, milliseconds(layer)) for n, layer in entry["layer"].items()] for entry in measured}
    article.end(measured + translations(article), curves, x="pieces of a sentence", y="ms of a layer, one thread",
                log_x=True, log_y=True)


if __name__ == "__main__":
    main()
