#!/usr/bin/env python3
"""Small random models of labels, and what transformers computes with them in float64: see README.md beside this file.

  python tests/golden/labels_folders.py        (needs torch, transformers, safetensors)

Writes tests/golden/FORMAT/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import random
import re

import torch
from safetensors.torch import load_file
from transformers import (MegatronBertConfig, MegatronBertForSequenceClassification,
                          MegatronBertForTokenClassification)

from golden_folders import HERE, RATE, SMOOTHING, UPDATES, store, store_json

# positions: learned, a table that is trained, or sine, one that is constant. format: of our own with our names, or that of
# these classes, saved by them; there a piece's type has a vector, which is not trained
FOLDERS = [
    dict(format="megatron-bert", name="words", seed=51, label="words", positions="learned", labels=7, d=12, ffn=20, heads=3,
         layers=2, act="gelu", epsilon=1e-12),
    dict(format="megatron-bert", name="sentences", seed=52, label="sentences", positions="learned", labels=3, d=8, ffn=14,
         heads=2, layers=1, act="gelu_new", epsilon=1e-3),
    dict(format="labels", name="sentences", seed=53, label="sentences", positions="sine", labels=3, d=8, ffn=14, heads=2,
         layers=1, act="relu", epsilon=1e-5),
]
PIECES, PLACES, LENGTHS = 23, 33, [3, 1, 0, 5, 7, 2, 31, 4, 12, 6]
NAMES = [(r"^bert\.", ""), (r"^embeddings\.word_embeddings", "model.encoder.embed_tokens"),
         (r"^embeddings\.position_embeddings", "model.encoder.embed_positions"), (r"^encoder\.ln", "model.encoder.layer_norm"),
         (r"^encoder\.layer\.", "model.encoder.layers."), (r"attention\.ln", "self_attn_layer_norm"),
         (r"attention\.self\.query", "self_attn.q_proj"), (r"attention\.self\.key", "self_attn.k_proj"),
         (r"attention\.self\.value", "self_attn.v_proj"), (r"attention\.output\.dense", "self_attn.out_proj"),
         (r"intermediate\.dense", "fc1"), (r"(layers\.\d+)\.output\.dense", r"\1.fc2"),
         (r"(layers\.\d+)\.ln", r"\1.final_layer_norm")]


def ours(name):
    """The name that our format has for a tensor of theirs."""
    for theirs, own in NAMES:
        name = re.sub(theirs, own, name)
    return name


def sinusoids(places, width):
    half = width // 2
    angle = torch.arange(places, dtype=torch.float64)[:, None] / 10000.0 ** (2 * torch.arange(half, dtype=torch.float64) / width)
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class Subject:
    def __init__(self, spec):
        config = MegatronBertConfig(
            vocab_size=PIECES, hidden_size=spec["d"], num_hidden_layers=spec["layers"], num_attention_heads=spec["heads"],
            intermediate_size=spec["ffn"], hidden_act=spec["act"], hidden_dropout_prob=0, attention_probs_dropout_prob=0,
            max_position_embeddings=PLACES, layer_norm_eps=spec["epsilon"], pad_token_id=PIECES - 1, eos_token_id=0,
            id2label={i: f"w{i}" for i in range(spec["labels"])}, label2id={f"w{i}": i for i in range(spec["labels"])})
        kind = MegatronBertForTokenClassification if spec["label"] == "words" else MegatronBertForSequenceClassification
        self.spec, self.model = spec, kind(config).double().eval()
        self.words, self.own = spec["label"] == "words", spec["format"] == "labels"
        bert = self.model.bert.embeddings
        fixed = [bert.token_type_embeddings.weight, self.model.classifier.bias]
        with torch.no_grad():
            bert.token_type_embeddings.weight.zero_()
            if spec["positions"] == "sine":
                bert.position_embeddings.weight.copy_(sinusoids(PLACES, spec["d"]))
                fixed.append(bert.position_embeddings.weight)
        for weight in fixed:
            weight.requires_grad = False

    def named(self):
        constant = ["token_type"] + (["position"] if self.spec["positions"] == "sine" else [])
        return {ours(name) if self.own else name: weight for name, weight in self.model.named_parameters()
                if not any(word in name for word in constant)}

    def stored(self):
        """What stands in a file of weights that were read: the vector of a piece's type is that of its place."""
        type_of_piece = self.model.bert.embeddings.token_type_embeddings.weight[0]
        return {name: weight.detach() + (type_of_piece if "position_embeddings" in name else 0)
                for name, weight in trained(self).items()}

    def log_probabilities(self, source):
        """[labels of this source, labels]: without its end."""
        logits = self.model(torch.tensor([source])).logits[0]
        return torch.log_softmax(logits[:len(source) - 1] if self.words else logits[None], dim=-1)


def make_corpus(spec):
    chance, pairs = random.Random(spec["seed"]), []
    for length in LENGTHS:
        source = [chance.randint(1, PIECES - 2) for _ in range(length)] + [0]
        count = length if spec["label"] == "words" else min(length, 1)
        pairs.append((source, [chance.randrange(spec["labels"]) for _ in range(count)]))
    return pairs


def losses(subject, corpus):
    objective, nll, chosen = 0, 0, []
    for source, target in corpus:
        if not target:
            chosen.append(torch.zeros(0))
            continue
        logp = subject.log_probabilities(source)
        picked = logp[torch.arange(len(target)), torch.tensor(target)]
        objective = objective - (1 - SMOOTHING) * picked.sum() - SMOOTHING * logp.mean(dim=1).sum()
        nll = nll - picked.sum()
        chosen.append(picked)
    return objective, nll, chosen


def trained(subject):
    return {name: weight for name, weight in subject.named().items() if weight.requires_grad}


def ten_updates(subject, corpus):
    count = sum(len(target) for _, target in corpus)
    weights = trained(subject)
    optimizer = torch.optim.Adam(weights.values(), lr=RATE, betas=(0.9, 0.98), eps=1e-9)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        (losses(subject, corpus)[0] / count).backward()
        optimizer.step()
    return subject.stored()


def is_norm(name):
    return name.endswith(("layer_norm.weight", "ln.weight"))


def make_folder(spec):
    torch.manual_seed(spec["seed"])
    subject = Subject(spec)
    with torch.no_grad():
        for name, weight in subject.named().items():
            if "embed_positions" in name or weight.requires_grad or name == "classifier.bias":
                weight.copy_(((1.0 if is_norm(name) else 0.0) + 0.4 * torch.randn(weight.shape)).float())
        embeddings = subject.model.bert.embeddings
        if not subject.own:
            embeddings.token_type_embeddings.weight.copy_(0.4 * torch.randn(2, spec["d"]).float())
        embeddings.word_embeddings.weight[PIECES - 1].zero_()
    folder = HERE / spec["format"] / spec["name"]
    folder.mkdir(parents=True, exist_ok=True)
    if not subject.own:
        subject.model.float().save_pretrained(folder)
        (folder / "model.safetensors").chmod(0o644)
        return folder
    config = {
        "model_type": "dragoman", "dragoman": {"architecture": "labels"}, "d_model": spec["d"],
        "encoder_layers": spec["layers"], "encoder_attention_heads": spec["heads"], "encoder_ffn_dim": spec["ffn"],
        "activation_function": spec["act"], "scale_embedding": False, "norm": "layer", "norm_place": "pre",
        "positions": spec["positions"], "max_position_embeddings": PLACES, "label": spec["label"], "vocab_size": PIECES,
        "decoder_vocab_size": spec["labels"], "share_encoder_decoder_embeddings": False, "tie_word_embeddings": False,
        "pad_token_id": PIECES - 1, "eos_token_id": 0}
    store_json(config, folder / "config.json")
    store(subject.named(), folder / "model.safetensors")
    return folder


def load(folder, spec):
    subject = Subject(spec)
    stored = load_file(folder / "model.safetensors")
    types = "bert.embeddings.token_type_embeddings.weight"
    with torch.no_grad():
        for name, weight in subject.named().items():
            weight.copy_(stored[name])
        if types in stored:
            subject.model.bert.embeddings.token_type_embeddings.weight.copy_(stored[types])
    return subject


def main():
    for spec in FOLDERS:
        folder, corpus = make_folder(spec), make_corpus(spec)
        subject = load(folder, spec)
        objective, nll, chosen = losses(subject, corpus)
        pairs = [{"source": source, "target": target, "places": list(range(len(target))), "log_probabilities": picked.tolist()}
                 for (source, target), picked in zip(corpus, chosen)]
        count = sum(len(target) for _, target in corpus)
        store_json({"label_smoothing": SMOOTHING, "objective": objective.item(), "nll": nll.item(), "count": count,
                    "pairs": pairs}, folder / "expected.json")
        objective.backward()
        store({name: weight.grad for name, weight in trained(subject).items()}, folder / "gradients.safetensors")
        store(ten_updates(load(folder, spec), [pair for pair in corpus if pair[1]]), folder / "after_ten_updates.safetensors")
        print(f"{spec['format']}/{spec['name']}: nll per label {nll.item() / count:.3f}")


main()
