#!/usr/bin/env python3
"""Where the parameters of a Transformer are, and where its operations go, by part and by length: counted, not timed
(dragoman info runs the model on a matrix library that only writes down what it is asked for).
"""
import json
import subprocess

from article import Article

SHAPES = {  # width, inner width, layers of either side, heads, vocabulary
    "tiny": (128, 256, 4, 4, 10000),
    "base": (512, 2048, 6, 8, 32000),  # Vaswani et al. 2017, table 3
    "base, vocabulary of 8,000": (512, 2048, 6, 8, 8000),
}
LENGTHS = [20, 100, 1000]


def describe(article, name, length):
    width, inner, layers, heads, vocabulary = SHAPES[name]
    folder = article.folder / name.replace(",", "").replace(" ", "-")
    folder.mkdir(exist_ok=True)
    sides = {f"{side}_{key}": value for side in ("encoder", "decoder")
             for key, value in (("layers", layers), ("attention_heads", heads), ("ffn_dim", inner))}
    (folder / "config.json").write_text(json.dumps(
        {"model_type": "marian", "d_model": width, **sides, "vocab_size": vocabulary, "activation_function": "relu",
         "scale_embedding": True, "eos_token_id": 0, "pad_token_id": vocabulary - 1,
         "decoder_start_token_id": vocabulary - 1}), encoding="utf-8")
    described = subprocess.run([article.dragoman, "info", "--model", folder, "--json", "--length", str(length)],
                               check=True, capture_output=True, text=True)
    return {part["name"]: part for part in json.loads(described.stdout)["parts"]}


def shares(parts, figure):
    total = sum(part[figure] for part in parts.values())
    return {name: 100 * part[figure] / total for name, part in parts.items()}


def main():
    article = Article(__doc__, "Most parameters are in the feed-forward layers, most operations in attention")
    rows, results, names = [], [], ["feed-forward", "self-attention", "attention to the encoder", "scores and mixing",
                                    "embeddings and output"]
    for shape in SHAPES:
        for length in LENGTHS:
            parts = describe(article, shape, length)
            figures = ["train"] if length != LENGTHS[0] else ["parameters", "train"]
            for figure in figures:
                share = shares(parts, figure)
                what = "parameters" if figure == "parameters" else f"operations, {length:,} pieces"
                rows.append([shape, what, *[f"{share.get(name, 0):.1f}" for name in names]])
                results.append({"shape": shape, "what": what, "percent": share})
    article.table(["shape", "% of", *names], rows)
    curves = {name: [(length, shares(describe(article, "base", length), "train")[name])
                     for length in (10, 20, 50, 100, 200, 500, 1000)] for name in names}
    article.end(results, curves, x="pieces of a sentence", y="% of the operations of training, base", log_x=True)


if __name__ == "__main__":
    main()
