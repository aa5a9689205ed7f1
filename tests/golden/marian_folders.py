#!/usr/bin/env python3
"""Small random MarianMT folders and what PyTorch computes with them in float64: see README.md beside this file.

  python tests/golden/marian_folders.py        (needs torch, transformers, safetensors)

Writes tests/golden/marian/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math
import pathlib
import random

import torch
from safetensors.torch import save_file
from transformers import MarianConfig, MarianMTModel

HERE = pathlib.Path(__file__).parent / "marian"
SMOOTHING = 0.1
UPDATES = 10
RATE = 0.001
GREEDY_LIMIT = 20

# vocab, target: pieces on the source side (or both) and on the target side; ffn, heads, layers: encoder, decoder
FOLDERS = [
    dict(name="shared-swish", vocab=41, target=None, d=16, ffn=(24, 24), heads=(4, 4), layers=(2, 2), act="swish"),
    dict(name="shared-relu", vocab=23, target=None, d=8, ffn=(12, 20), heads=(4, 2), layers=(2, 2), act="relu",
         scale=False),
    dict(name="separate", vocab=29, target=23, d=8, ffn=(12, 12), heads=(2, 2), layers=(2, 2), act="gelu"),
    dict(name="untied", vocab=25, target=23, d=8, ffn=(12, 12), heads=(2, 2), layers=(1, 1), act="tanh", tied=False),
    dict(name="half", vocab=60, target=None, d=12, ffn=(16, 16), heads=(3, 3), layers=(2, 2), act="silu",
         dtype=torch.float16, pad_as_others=True),
    dict(name="bfloat", vocab=37, target=None, d=8, ffn=(16, 16), heads=(2, 2), layers=(2, 2), act="relu",
         dtype=torch.bfloat16),
]


def make_corpus(source_size, target_size, pad, seed):
    """Pairs of id sequences that end with eos (0) and never hold pad; on either side one is empty but for that."""
    chance = random.Random(seed)

    def draw(size, length):
        usable = [i for i in range(1, size) if i != pad]
        return [chance.choice(usable) for _ in range(length)] + [0]

    lengths = [(3, 4), (1, 1), (0, 2), (5, 0), (7, 5), (2, 9), (31, 24), (4, 4), (12, 10), (6, 8)]
    pairs = [(draw(source_size, s), draw(target_size, t)) for s, t in lengths]
    pairs.append(([5, 5, 5, 5, 0], [7, 7, 7, 0]))  # the same piece again and again
    return pairs


def make_folder(spec, seed):
    pad = (spec["target"] or spec["vocab"]) - 1
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=spec["vocab"], decoder_vocab_size=spec["target"], d_model=spec["d"],
        share_encoder_decoder_embeddings=spec["target"] is None, tie_word_embeddings=spec.get("tied", True),
        encoder_layers=spec["layers"][0], decoder_layers=spec["layers"][1],
        encoder_ffn_dim=spec["ffn"][0], decoder_ffn_dim=spec["ffn"][1],
        encoder_attention_heads=spec["heads"][0], decoder_attention_heads=spec["heads"][1],
        activation_function=spec["act"], scale_embedding=spec.get("scale", True), pad_token_id=pad,
        decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0, max_position_embeddings=64, dropout=0.0)
    model = MarianMTModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "embed_positions" in name:
                continue
            around = 1.0 if name.endswith("layer_norm.weight") else 0.0
            strong = (".v_proj.weight", ".out_proj.weight", ".fc1.weight", ".fc2.weight")
            spread = 0.6 if name.endswith(strong) else 0.3  # or it says one piece for ever
            weight.copy_(around + spread * torch.randn(weight.shape))
        model.final_logits_bias.copy_(0.3 * torch.randn(model.final_logits_bias.shape))
        if not spec.get("pad_as_others"):
            for table in (model.model.encoder.embed_tokens, model.model.decoder.embed_tokens, model.lm_head):
                table.weight[pad].zero_()
            model.final_logits_bias[0, pad] = -10000.0
    folder = HERE / spec["name"]
    model.to(spec.get("dtype", torch.float32)).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    return folder, pad


def log_probabilities(model, pad, source, target):
    """[target pieces, vocabulary]: one sentence at a time, so nothing is padded."""
    inputs = torch.tensor([[pad] + target[:-1]])
    logits = model(input_ids=torch.tensor([source]), decoder_input_ids=inputs, use_cache=False).logits[0]
    return torch.log_softmax(logits, dim=-1)


def losses(model, pad, corpus):
    """The smoothed objective and the negative log-likelihood (both summed), and each pair's log-probabilities."""
    objective, nll, chosen = 0, 0, []
    for source, target in corpus:
        logp = log_probabilities(model, pad, source, target)
        others = [i for i in range(logp.shape[1]) if i != pad]
        picked = logp[torch.arange(len(target)), torch.tensor(target)]
        objective = objective - (1 - SMOOTHING) * picked.sum() - SMOOTHING * logp[:, others].mean(dim=1).sum()
        nll = nll - picked.sum()
        chosen.append(picked)
    return objective, nll, chosen


def greedy(model, pad, source):
    """The likeliest piece (pad apart) at every step, and by how much the closest of these choices was won."""
    ids, margin = [], math.inf
    while len(ids) < GREEDY_LIMIT and (not ids or ids[-1] != 0):
        logp = log_probabilities(model, pad, source, ids + [0])[-1]
        logp[pad] = -math.inf
        best, second = torch.topk(logp, 2).values.tolist()
        margin = min(margin, best - second)
        ids.append(int(logp.argmax()))
    return ids, margin


def trained(model):
    return {n: w for n, w in model.named_parameters() if "embed_positions" not in n}


def without_pad(name, gradient, pad):
    """The pad row is frozen in every table."""
    gradient = gradient.clone()
    if name in ("model.shared.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
                "lm_head.weight"):
        gradient[pad] = 0
    return gradient


def ten_updates(model, pad, corpus):
    count = sum(len(target) for _, target in corpus)
    optimizer = torch.optim.Adam(trained(model).values(), lr=RATE, betas=(0.9, 0.98), eps=1e-9)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        (losses(model, pad, corpus)[0] / count).backward()
        for name, weight in trained(model).items():
            weight.grad = without_pad(name, weight.grad, pad)
        optimizer.step()
    return {n: w.detach().clone() for n, w in trained(model).items()}


def load(folder, dtype):
    model = MarianMTModel.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    return model.eval()


def store(tensors, path):
    save_file({n: t.detach().to(torch.float32).contiguous() for n, t in tensors.items()}, path, {"format": "pt"})


def worst_difference(exact, single):
    """By how much float32 in PyTorch itself differs: what a test may ask for lies above it."""
    worst = (0.0, "")
    for name, value in exact.items():
        if not name.endswith("k_proj.bias"):
            difference = ((single[name].double() - value).norm() / value.norm()).item()
            worst = max(worst, (difference, name))
    return worst


def main():
    for seed, spec in enumerate(FOLDERS, start=1):
        folder, pad = make_folder(spec, seed)
        corpus = make_corpus(spec["vocab"], spec["target"] or spec["vocab"], pad, seed)
        model = load(folder, torch.float64)
        objective, nll, chosen = losses(model, pad, corpus)
        pairs = []
        for (source, target), picked in zip(corpus, chosen):
            with torch.no_grad():
                ids, margin = greedy(model, pad, source)
            pairs.append({"source": source, "target": target, "log_probabilities": picked.tolist(),
                          "greedy": ids, "greedy_margin": margin})
        expected = {"label_smoothing": SMOOTHING, "objective": objective.item(), "nll": nll.item(),
                    "count": sum(len(target) for _, target in corpus), "pairs": pairs}
        (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
        print(f"{spec['name']}: nll per piece {nll.item() / expected['count']:.3f}, "
              f"closest greedy choice {min(p['greedy_margin'] for p in pairs):.1e}")
        if spec.get("dtype"):
            continue
        objective.backward()
        gradients = {n: without_pad(n, w.grad, pad) for n, w in trained(model).items()}
        store(gradients, folder / "gradients.safetensors")
        both = [(source, target) for source, target in corpus if len(source) > 1 and len(target) > 1]  # as training does
        exact = ten_updates(load(folder, torch.float64), pad, both)
        store(exact, folder / "after_ten_updates.safetensors")
        single = ten_updates(load(folder, torch.float32), pad, both)
        print("   ten updates in float32 differ by", worst_difference(exact, single))


main()
