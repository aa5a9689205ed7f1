#!/usr/bin/env python3
"""What past keys and values save: the seconds that a decoder alone takes for a text of n pieces, greedily and on one
thread, with its caches and without them, where every piece decodes all that stand before it anew (dragoman bench translate
--no-cache); and what the caches take of memory, by the formula and as resident memory of the process, with as many heads of
keys and values as of queries, with two, and with one (Shazeer 2019; Ainslie et al. 2023).
"""
import picture
from article import Article

LAYERS, WIDTH, HEADS, VOCABULARY = 4, 256, 8, 1000
PADDING = 16  # floats behind the keys and values of a piece, so that those of one text do not share the sets of a cache

COMMON = {"model_type": "dragoman", "dragoman": {"architecture": "lm", "examples": "text"}, "d_model": WIDTH,
          "decoder_layers": LAYERS, "decoder_attention_heads": HEADS, "decoder_ffn_dim": 4 * WIDTH,
          "activation_function": "gelu", "norm_place": "pre", "positions": "rotary", "vocab_size": VOCABULARY,
          "eos_token_id": 0, "pad_token_id": VOCABULARY - 1, "decoder_start_token_id": 0}
KEY_HEADS = {"all 8": 0, "2": 2, "1": 1}


def seconds(result):
    return result["latency_ms"]["median"] / 1e3


def mib(count):
    return count / 2**20


def cached_bytes(key_heads, texts, pieces):
    """Keys and values of a piece, in every layer."""
    width = WIDTH * (key_heads or HEADS) // HEADS
    return texts * pieces * LAYERS * (2 * width + PADDING) * 4


def main():
    article = Article(__doc__, "Past keys and values make the time of a text grow with its length and no longer with the "
                               "square of it")
    lengths = [16, 64, 256, 1024, 2048] if article.full else [16, 64, 128]
    longest_without = 1024 if article.full else 128
    timing = {"sentences": 1, "latency": True, "beam_size": 1, "rounds": 3 if article.full else 1,
              "seconds": 1 if article.full else 0}
    folders = {name: article.shape(f"heads-{heads}", {**COMMON, "key_value_heads": heads})
               for name, heads in KEY_HEADS.items()}
    caches = {name: {n: seconds(article.bench("translate", folder, length=n, **timing)) for n in lengths}
              for name, folder in folders.items()}
    anew = {n: seconds(article.bench("translate", folders["all 8"], length=n, no_cache=True, **timing))
            for n in lengths if n <= longest_without}
    whole = caches["all 8"]
    article.table(["seconds of a text of n pieces", *[f"n = {n:,}" for n in lengths]], [
        ["with caches", *[f"{whole[n]:.4f}" for n in lengths]],
        ["without", *[f"{anew[n]:.4f}" if n in anew else "" for n in lengths]],
        ["times", *[f"{anew[n] / whole[n]:.1f}" if n in anew else "" for n in lengths]],
        *[[f"with caches, heads of keys: {name}", *[f"{of[n]:.4f}" for n in lengths]] for name, of in caches.items()
          if of is not whole]])

    texts, pieces = (16, 2048) if article.full else (32, 128)
    rows, memory = [], []
    for name, heads in KEY_HEADS.items():
        resident = {n: article.bench("translate", folders[name], length=n, sentences=texts, mini_batch=texts, beam_size=1,
                                     cpu_threads=1, rounds=1, seconds=0)["peak_memory_bytes"] for n in (2, pieces)}
        formula, counted = cached_bytes(heads, texts, pieces), resident[pieces] - resident[2]
        rows.append([name, f"{cached_bytes(heads, 1, 1):,}", f"{mib(formula):.1f}", f"{mib(counted):.1f}"])
        memory.append({"key_heads": name, "formula": formula, "resident": counted})
    article.table(["heads of keys and values", "bytes of a piece", f"MiB of {texts} texts of {pieces:,} pieces",
                   "resident memory more than of texts of 2 pieces, MiB (room is taken ahead, and what it grew out of stays "
                   "until the batch is done)"], rows)
    article.end({"with": caches, "without": anew, "memory": memory},
                picture.lines({"with caches": list(whole.items()), "without": list(anew.items())},
                              x="n, pieces of a text", y="seconds", log_x=True, log_y=True))


if __name__ == "__main__":
    main()
