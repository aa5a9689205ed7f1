#!/usr/bin/env python3
"""Training on the metric: a trained model learns on, by what its own translations cost (minimum risk, Shen et al. 2016 and
Edunov et al. 2018; self-critical, Rennie et al. 2017), beside the same model that learns on by teacher forcing for as many
epochs at the same rate. Whether a difference is more than chance, says a paired bootstrap of each seed's test against what the
same seed began with.

plurals:  of German nouns, letter by letter (scripts/inflect.sh). Percent that are wrong; the cost is the edits of letters.
sounds:   letters to sounds of English words, as in systems.py, whose Transformers are what is begun with. WER; the cost is
          the edits of sounds.
handbook: German to English on 15,000 pairs likewise. BLEU; the cost is 1 - BLEU of the sentence.
"""
import json
import subprocess

import systems
from article import Article, spread

systems.SIZES["plurals"] = [(2000, 10, None), (10000, 20, None)]
systems.FIRST["plurals"] = (0.002, 0.1)
SYSTEM = systems.FOUR[3]
EPOCHS = {"plurals": 2, "sounds": 1, "handbook": 1}
COSTS = {"plurals": "wer", "sounds": "wer", "handbook": "bleu"}
RATE = 0.1  # of the one that the model was trained with
HOW = {
    "teacher forcing": {},
    "teacher forcing without dropout": {"dropout": 0},  # as the objectives below are
    "minimum risk, drawn": {"objective": "minimum-risk", "risk_sharpness": 1, "risk_mix": 0.3},
    "minimum risk, beam": {"objective": "minimum-risk", "risk_from": "beam", "risk_mix": 0.3},
    "self-critical": {"objective": "self-critical", "risk_candidates": 1, "risk_mix": 0.3},
}


def plurals(article):
    text = article.text("scripts/inflect.sh", "plurals")
    files = {part: [text / f"{part}.{ending}" for ending in ("word", "form")] for part in ("train", "dev", "test")}
    return systems.Task(**systems.drawn(article, "plurals", files["train"]), dev=files["dev"], test=files["test"][0],
                        references=files["test"][1:], metric="exact")


def learn_on(article, task, began, how, seed):
    """A run that begins with the weights of another one."""
    rate, dropout = systems.chosen_for(task.name, SYSTEM)
    usual = {"risk_cost": COSTS[task.name]} if "objective" in HOW[how] else {"dropout": dropout}
    name = "-".join([task.name, *how.replace(",", "").split(), str(seed)])
    return article.train(name, task.train, task.dev, pretrained_model=began.folder, learn_rate=rate * RATE,
                         lr_schedule="linear", lr_warmup=0, mini_batch_words=systems.WORDS, after=f"{EPOCHS[task.name]}e",
                         early_stopping=0, valid_metrics=[task.metric, "ce-mean-words"], seed=seed,
                         precision=article.options.precision, **(usual | HOW[how]))


def chance(article, task, began, run):
    """How probable such a difference is by chance (paired bootstrap)."""
    outputs = [each.folder / f"{task.test.name}.out" for each in (began, run)]
    command = [article.dragoman, "score", "--json", "--paired-bs", "--metrics", task.metric]
    for reference in task.references:
        command += ["--ref", reference]
    scored = json.loads(subprocess.run([*command, "--", *outputs], check=True, capture_output=True, text=True).stdout)
    return next(value["p_value"] for key, value in scored[1].items() if key != "system")


def compare(article, task):
    began = []
    for seed in article.seeds:
        article.runs = article.folder if task.name == "plurals" else article.folder.parent / "systems"
        began.append(systems.train(article, task, SYSTEM, seed))
    article.runs = article.folder
    scores = [task.score(article, run) for run in began]
    rows = [["what is begun with", spread(scores, 1), "", spread([run.best() for run in began], 3),
             spread([run.seconds / 60 for run in began], 1)]]
    results = [{"task": task.name, "how": "begun with", "scores": scores}]
    for how in HOW:
        runs = [learn_on(article, task, run, how, seed) for run, seed in zip(began, article.seeds)]
        scores = [task.score(article, run) for run in runs]
        chances = [chance(article, task, *pair) for pair in zip(began, runs)]
        costs = [run.of("valid")[-1]["ce-mean-words"] for run in runs]
        rows.append([how, spread(scores, 1), ", ".join(f"{value:.3f}" for value in chances), spread(costs, 3),
                     spread([run.seconds / 60 for run in runs], 1)])
        results.append({"task": task.name, "how": how, "scores": scores, "chances": chances, "costs": costs,
                        "minutes": [run.seconds / 60 for run in runs]})
    measure = "BLEU" if task.metric == "bleu" else "% wrong"
    article.table([f"{task.name}: trained on by", measure, "p, of each seed", "validation cost at the end", "minutes"], rows)
    return results


def main():
    tasks = {"plurals": plurals, **systems.TASKS}
    article = Article(__doc__, "BLEU is what is measured, and not what is trained on",
                      lambda parser: systems.add_comparison(parser, list(COSTS)))
    article.end([entry for name in article.options.tasks for entry in compare(article, tasks[name](article))])


if __name__ == "__main__":
    main()
