#!/usr/bin/env python3
"""Small random Transformers with positions, windows and scans that no other program has in an encoder-decoder, and what
PyTorch computes with them in float64: see README.md beside this file.

  python tests/golden/position_folders.py [NAME ...]        (needs torch, safetensors)

Writes tests/golden/positions/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from golden_folders import HERE, TABLES, Subject, make_corpus, store, store_json, write_golden

# heads, layers: encoder, decoder
FOLDERS = [
    dict(name="rotary", seed=41, positions="rotary", window=2, place="post", d=12, heads=(3, 1), layers=(1, 2), act="relu"),
    dict(name="alibi", seed=43, positions="alibi", window=0, place="pre", d=12, heads=(3, 2), layers=(2, 1), act="swish"),
    dict(name="none", seed=47, positions="none", window=4, place="post", d=8, heads=(2, 4), layers=(1, 1), act="gelu"),
    dict(name="average", seed=53, positions="none", window=0, place="pre", d=8, heads=(2, 2), layers=(1, 2), act="relu",
         autoreg="average-attention"),
    dict(name="ssru", seed=59, positions="none", window=0, place="post", d=8, heads=(2, 2), layers=(1, 2), act="relu",
         autoreg="ssru"),
]
ACTIVATIONS = {"relu": torch.relu, "swish": F.silu, "gelu": F.gelu}
VOCABULARY, FFN = 29, 14


def slopes(heads):
    """Press et al. 2022, as in their code: where there is no power of two, every second one of twice the next lower."""
    power = 2 ** int(math.log2(heads))
    first = [2 ** (-8 * (h + 1) / power) for h in range(power)]
    return first if power == heads else first + [2 ** (-4 * (h + 1) / power) for h in range(2 * power)][::2][:heads - power]


def turned(x):
    """[heads, n, width]: pairs (k, k + width/2) by the angle place / 10000^(2k/width)."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(d, d) for _ in range(4))

    def forward(self, x, seen, kind=None, causal=False, window=0):
        """kind: of positions, in self-attention; None: of another sequence."""
        q, k, v = (p(y).view(len(y), self.heads, -1).transpose(0, 1)
                   for p, y in ((self.q_proj, x), (self.k_proj, seen), (self.v_proj, seen)))
        if kind == "rotary":
            q, k = turned(q), turned(k)
        away = torch.arange(len(x))[:, None] - torch.arange(len(seen))[None]
        mask = torch.zeros(self.heads, len(x), len(seen), dtype=x.dtype)
        if kind == "alibi":
            slope = torch.tensor(slopes(self.heads), dtype=x.dtype)[:, None, None]
            mask = -slope * torch.where(away >= 0, away, -away / 2)
        if causal:
            mask = mask.masked_fill(away < 0, -math.inf)
        if kind and window:
            mask = mask.masked_fill(away.abs() > window, -math.inf)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(mixed.transpose(0, 1).reshape(x.shape))


class Average(nn.Module):
    """Zhang et al. 2018, equations 1 to 3."""

    def __init__(self, d, act):
        super().__init__()
        self.act = act
        self.fc1, self.fc2, self.gate = nn.Linear(d, FFN), nn.Linear(FFN, d), nn.Linear(2 * d, 2 * d)

    def forward(self, x):
        mean = x.cumsum(0) / torch.arange(1, len(x) + 1)[:, None]
        made = self.fc2(self.act(self.fc1(mean)))
        i, f = torch.sigmoid(self.gate(torch.cat([x, made], 1))).chunk(2, 1)
        return i * x + f * made


class Ssru(nn.Module):
    """Kim et al. 2019, section 4.2."""

    def __init__(self, d):
        super().__init__()
        self.cell, self.forget = nn.Linear(d, d, bias=False), nn.Linear(d, d)

    def forward(self, x):
        state, rows = torch.zeros_like(x[0]), []
        for z, f in zip(self.cell(x), torch.sigmoid(self.forget(x))):
            state = f * state + (1 - f) * z
            rows.append(torch.relu(state))
        return torch.stack(rows)


class Layer(nn.Module):
    def __init__(self, config, side):
        super().__init__()
        d, heads = config["d_model"], config[f"{side}_attention_heads"]
        self.config = config
        autoreg = config.get("decoder_autoreg", "self-attention") if side == "decoder" else "self-attention"
        if autoreg == "average-attention":
            self.average = Average(d, ACTIVATIONS[config["activation_function"]])
        elif autoreg == "ssru":
            self.ssru = Ssru(d)
        else:
            self.self_attn, self.self_attn_layer_norm = Attention(d, heads), nn.LayerNorm(d)
        if autoreg != "self-attention":
            self.autoreg_layer_norm = nn.LayerNorm(d)
        if side == "decoder":
            self.encoder_attn, self.encoder_attn_layer_norm = Attention(d, heads), nn.LayerNorm(d)
        self.fc1, self.fc2, self.final_layer_norm = nn.Linear(d, FFN), nn.Linear(FFN, d), nn.LayerNorm(d)

    def around(self, norm, x, f):
        return norm(x + f(x)) if self.config["norm_place"] == "post" else x + f(norm(x))

    def forward(self, x, memory=None):
        c, act = self.config, ACTIVATIONS[self.config["activation_function"]]
        if hasattr(self, "autoreg_layer_norm"):
            x = self.around(self.autoreg_layer_norm, x, self.average if hasattr(self, "average") else self.ssru)
        else:
            x = self.around(self.self_attn_layer_norm, x, lambda y: self.self_attn(
                y, y, c["positions"], memory is not None and c.get("decoder_mask") != "none", c["attention_window"]))
        if memory is not None:
            x = self.around(self.encoder_attn_layer_norm, x, lambda y: self.encoder_attn(y, memory))
        return self.around(self.final_layer_norm, x, lambda y: self.fc2(act(self.fc1(y))))


class Stack(nn.Module):
    def __init__(self, config, side):
        super().__init__()
        self.layers = nn.ModuleList(Layer(config, side) for _ in range(config[f"{side}_layers"]))
        if config["norm_place"] == "pre":
            self.layer_norm = nn.LayerNorm(config["d_model"])

    def forward(self, x, memory=None):
        for layer in self.layers:
            x = layer(x, memory)
        return self.layer_norm(x) if hasattr(self, "layer_norm") else x


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = nn.Module()
        self.model.shared = nn.Embedding(VOCABULARY, config["d_model"])
        self.model.encoder, self.model.decoder = Stack(config, "encoder"), Stack(config, "decoder")
        self.register_buffer("final_logits_bias", torch.zeros(1, VOCABULARY))

    def forward(self, source, inputs):
        source, inputs = (self.model.shared(torch.tensor(ids)) * math.sqrt(self.config["d_model"])
                          for ids in (source, inputs))
        y = self.model.decoder(inputs, self.model.encoder(source))
        return y @ self.model.shared.weight.T + self.final_logits_bias[0]


def configuration(spec):
    pad = VOCABULARY - 1
    return {
        "model_type": "dragoman", "dragoman": {"architecture": "transformer"}, "d_model": spec["d"],
        "encoder_layers": spec["layers"][0], "decoder_layers": spec["layers"][1],
        "encoder_attention_heads": spec["heads"][0], "decoder_attention_heads": spec["heads"][1],
        "encoder_ffn_dim": FFN, "decoder_ffn_dim": FFN, "activation_function": spec["act"], "scale_embedding": True,
        "norm": "layer", "norm_place": spec["place"], "positions": spec["positions"],
        "attention_window": spec["window"], "vocab_size": VOCABULARY, "decoder_vocab_size": VOCABULARY,
        "share_encoder_decoder_embeddings": True, "tie_word_embeddings": True,
        "pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad,
        **({"decoder_autoreg": spec["autoreg"]} if "autoreg" in spec else {})}


def make_random(model, pad):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            around = 1.0 if name.endswith("layer_norm.weight") else 0.0
            strong = (".v_proj.weight", ".out_proj.weight", ".fc1.weight", ".fc2.weight", ".cell.weight")
            weight.copy_(around + (0.6 if name.endswith(strong) else 0.3) * torch.randn(weight.shape))
            if name in TABLES:
                weight[pad].zero_()
        model.final_logits_bias.copy_(0.3 * torch.randn(model.final_logits_bias.shape))
        model.final_logits_bias[0, pad] = -10000.0


def make_folder(spec, kind=Transformer, config=None, where="positions"):
    config = config or configuration(spec)
    torch.manual_seed(spec["seed"])
    model = kind(config)
    make_random(model, config["pad_token_id"])
    folder = HERE / where / spec["name"]
    folder.mkdir(parents=True, exist_ok=True)
    store_json(config, folder / "config.json")
    store(model.state_dict(), folder / "model.safetensors")
    return folder


def load(folder, dtype):
    model = Transformer(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.to(dtype)
    return Subject(model, model.config["pad_token_id"], model)


def main():
    for spec in FOLDERS:
        if sys.argv[1:] and spec["name"] not in sys.argv[1:]:
            continue
        write_golden(make_folder(spec), load, make_corpus(VOCABULARY, VOCABULARY, VOCABULARY - 1, spec["seed"]))


if __name__ == "__main__":
    main()
