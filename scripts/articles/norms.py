#!/usr/bin/env python3
"""Layer norm, RMS norm and batch norm in the same Transformer, post-norm and pre-norm, German to English on pages of a
handbook; and what batch norm does to a decoder: the cost of whole sentences as they were trained, and piece by piece.
"""
from article import Article, spread

KINDS = ["layer", "rms", "batch"]


def main():
    article = Article(__doc__, "LayerNorm rather than BatchNorm")
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    pairs, validation = [[text / f"{part}.{language}" for language in ("de", "en")] for part in ("train", "dev")]
    rows, results, curves = [], [], {}
    for place in ("post", "pre"):
        for kind in KINDS:
            runs = [article.train(f"{place}-{kind}-{seed}", pairs, validation, vocab_size=4000, norm=kind,
                                  norm_place=place, dim_emb=128, dim_ffn=256, enc_depth=3, dec_depth=3, heads=4,
                                  mini_batch_words=2048, learn_rate=0.003, lr_schedule="cosine", lr_warmup=500, dropout=0.2,
                                  after="10e" if article.full else "2e", early_stopping=0,
                                  valid_metrics=["ce-mean-words", "bleu"], seed=seed) for seed in article.seeds]
            trained = [run.of("train")[-1]["cost"] for run in runs]
            costs = [run.best() for run in runs]
            bleu = [article.score(run, text / "test.de", text / "test.en", "bleu")["bleu"] for run in runs]
            rows.append([place, kind, spread(trained, 2), spread(costs, 2), spread(bleu, 1)])
            results.append({"place": place, "norm": kind, "training": trained, "validation": costs, "bleu": bleu})
            curves[f"{kind}, {place}"] = [(event["update"], event["ce-mean-words"]) for event in runs[0].of("valid")]
    article.table(["place", "norm", "training cost at the end, with dropout", "validation cost", "BLEU"], rows)
    article.end(results, curves, x="updates", y="validation cost, nats a piece", log_y=True)


if __name__ == "__main__":
    main()
