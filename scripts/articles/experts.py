#!/usr/bin/env python3
"""Experts against dense blocks at equal operations a piece, on a mixture of tasks in one model: a handbook in three
languages into English, how English words sound, and numbers read out.

A dense block is as wide as the experts that work on a piece together. "fine" splits each expert into four and takes four
times as many; "shared" has one of the fine ones always on.
"""
import random

from article import Article, spread

LANGUAGES = ["zh-cn", "de", "fr"]
INNER = 128
MODELS = {  # options beside those of all
    "dense": {},
    "4 experts, top 1": {"experts": 4, "experts_top": 1, "experts_dim": INNER},
    "8 experts, top 1": {"experts": 8, "experts_top": 1, "experts_dim": INNER},
    "16 experts, top 1": {"experts": 16, "experts_top": 1, "experts_dim": INNER},
    "8 experts, top 2 of half the width": {"experts": 8, "experts_top": 2, "experts_dim": INNER // 2},
    "fine: 32, top 4": {"experts": 32, "experts_top": 4, "experts_dim": INNER // 4},
    "fine, one shared: 32, top 3 + 1": {"experts": 32, "experts_top": 3, "experts_shared": 1, "experts_dim": INNER // 4},
    "8 experts, top 1, unbalanced": {"experts": 8, "experts_top": 1, "experts_dim": INNER, "balance": "none"},
}


def read_pairs(text, source, target, part):
    return list(zip(*[(text / f"{part}.{name}").read_text(encoding="utf-8").splitlines() for name in (source, target)]))


def number_pairs(count, seed):
    words, dice = "zero one two three four five six seven eight nine".split(), random.Random(seed)
    drawn = [[dice.randrange(10) for _ in range(dice.randrange(4, 13))] for _ in range(count)]
    return [(" ".join(map(str, digits)), " ".join(words[digit] for digit in digits)) for digits in drawn]


def mixture(article):
    """Files of train, dev, and a test of each task; the first word of the source says which task it is."""
    size = 12000 if article.full else 3000
    tasks = {}
    for language in LANGUAGES:
        text = article.text("scripts/handbook.sh", "--text-only", language)
        tasks[language] = {part: read_pairs(text, language, "en", part) for part in ("train", "dev", "test")}
    sounds = article.text("scripts/g2p.sh", "--text-only")
    tasks["sounds"] = {"train": read_pairs(sounds, "letters", "sounds", "train"),
                       "dev": read_pairs(sounds, "letters", "sounds", "dev"),
                       "test": read_pairs(sounds, "letters", "sounds.1", "test")}
    tasks["digits"] = {"train": number_pairs(size, 1), "dev": number_pairs(300, 2), "test": number_pairs(300, 3)}
    dice, files = random.Random(1), {}
    most = {"train": size, "dev": 300, "test": 1000}
    for part in most:
        chosen = {task: [(f"<{task}> {source}", target) for source, target in
                         random.Random(task).sample(parts[part], min(most[part], len(parts[part])))]
                  for task, parts in tasks.items()}
        if part == "test":
            files |= {task: write(article.folder / task, pairs) for task, pairs in chosen.items()}
        else:
            together = [pair for pairs in chosen.values() for pair in pairs]
            dice.shuffle(together)
            files[part] = write(article.folder / part, together)
    return files


def write(stem, pairs):
    paths = [stem.with_suffix(suffix) for suffix in (".source", ".target")]
    for path, lines in zip(paths, zip(*pairs)):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return paths


def main():
    article = Article(__doc__, "With experts capacity grows, and the cost of a token does not")
    files = mixture(article)
    rows, results, curves = [], [], {}
    for name, options in MODELS.items():
        runs = [article.train(f"{name.replace(' ', '-').replace(',', '').replace(':', '')}-{seed}", files["train"],
                              files["dev"], vocab_size=4000, dim_emb=64, dim_ffn=INNER, enc_depth=3, dec_depth=3, heads=4,
                              mini_batch_words=2048, learn_rate=0.003, lr_schedule="cosine", lr_warmup=400, dropout=0.1,
                              early_stopping=0, after="4e" if article.full else "2e", valid_metrics=["ce-mean-words"],
                              seed=seed, **options) for seed in article.seeds]
        described = [article.describe(run) for run in runs]
        costs = [run.best() for run in runs]
        scores = {}
        for task in [*LANGUAGES, "sounds", "digits"]:
            metric = "bleu" if task in LANGUAGES else "exact"
            scores[task] = [article.score(run, *files[task], metric)[metric] for run in runs]
        rows.append([name, f"{described[0]['parameters']['total']['count'] / 1e6:.2f}",
                     f"{described[0]['operations']['train']['total'] / 1e6:.1f}",
                     spread([run.of('train')[-1]['cost'] for run in runs], 2),
                     spread(costs, 3), *[spread(values, 1) for values in scores.values()]])
        results.append({"model": name, "validation": costs, "scores": scores,
                        "load": [run.of("train")[-1].get("routers") for run in runs]})
        curves[name] = [(event["update"], event["ce-mean-words"]) for event in runs[0].of("valid")]
    article.table(["model", "million parameters", "million operations a piece", "training cost", "validation cost",
                   *[f"{task}: BLEU" for task in LANGUAGES], "sounds: exact", "digits: exact"], rows)
    article.end(results, curves, x="updates", y="validation cost, nats a piece", log_y=True)


if __name__ == "__main__":
    main()
