#!/usr/bin/env python3
"""Layer norm, RMS norm and batch norm in the same Transformer, post-norm and pre-norm, German to English on pages of a
handbook. In training, batch norm treats a piece by the pieces of its whole batch, the later ones of its own sentence among
them; who translates knows none of these, and takes the running statistics. So the cost of training sentences is taken
twice: as they were learnt, from the log of the last epoch (with dropout), and as a translation would see them.
"""
import subprocess

from article import Article, spread

KINDS = ["layer", "rms", "batch"]
PAIRS = 10000


def seen_again(article, run, pairs):
    """The cost of 500 of the training sentences, as rescore has it."""
    few = []
    for path in pairs:
        few.append(article.folder / f"seen{path.suffix}")
        few[-1].write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:500]), encoding="utf-8")
    command = [article.dragoman, "rescore", "--model", run.folder, *few, "--summary", "ce-mean-words", "--cpu-threads",
               str(article.threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    article = Article(__doc__, "LayerNorm rather than BatchNorm")
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    train, validation = [[text / f"{part}.{language}" for language in ("de", "en")] for part in ("train", "dev")]
    pairs = article.some(train, PAIRS, text / "train")
    rows, results, curves = [], [], {}
    for place in ("post", "pre"):
        for kind in KINDS:
            runs = [article.train(f"{place}-{kind}-{seed}", pairs, validation, vocab_size=3000, norm=kind,
                                  norm_place=place, dim_emb=128, dim_ffn=256, enc_depth=3, dec_depth=3, heads=4,
                                  mini_batch_words=2048, learn_rate=0.003, lr_schedule="cosine", lr_warmup=200, dropout=0.2,
                                  after="12e" if article.full else "2e", early_stopping=0,
                                  valid_metrics=["ce-mean-words"], seed=seed) for seed in article.seeds]
            learnt = [run.of("train")[-1]["cost"] for run in runs]
            again = [seen_again(article, run, pairs) for run in runs]
            costs = [run.best() for run in runs]
            bleu = [article.score(run, text / "test.de", text / "test.en", "bleu")["bleu"] for run in runs]
            rows.append([place, kind, spread(learnt, 2), spread(again, 2), spread(costs, 2), spread(bleu, 1)])
            results.append({"place": place, "norm": kind, "learnt": learnt, "again": again, "validation": costs,
                            "bleu": bleu})
            curves[f"{kind}, {place}"] = [(event["update"], event["ce-mean-words"]) for event in runs[0].of("valid")]
    article.table(["place", "norm", "cost as it was learnt", "of the same text, translating", "validation cost", "BLEU"], rows)
    article.end(results, curves, x="updates", y="validation cost, nats a piece", log_y=True)


if __name__ == "__main__":
    main()
