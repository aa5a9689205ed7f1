#!/usr/bin/env python3
"""Small random folders of convolutional encoder-decoders and what PyTorch computes with them in float64: see README.md
beside this file.

  python tests/golden/conv_folders.py        (needs torch, safetensors)

Writes tests/golden/conv/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from golden_folders import HERE, TABLES, Subject, make_corpus, store, store_json, write_golden

FOLDERS = [
    dict(name="plain", seed=41, conv="plain", vocab=31, target=None, d=8, layers=(2, 2), kernel=3, largest=3),
    dict(name="separable", seed=43, conv="separable", vocab=29, target=23, d=6, layers=(1, 2), kernel=4, largest=4),
    dict(name="light", seed=47, conv="light", vocab=31, target=None, d=8, layers=(2, 2), kernel=3, largest=5, heads=2,
         ffn=10, activation="relu", place="post"),
    dict(name="dynamic", seed=53, conv="dynamic", vocab=31, target=None, d=8, layers=(1, 3), kernel=2, largest=7, heads=4,
         ffn=12, activation="swish", place="pre", tied=False),
]
ROOT = math.sqrt(0.5)


def window(x, k, causal):
    """[n, d] -> [n, k, d]: the rows that each row sees, zeros beyond the ends."""
    left = k - 1 if causal else (k - 1) // 2
    return F.pad(x, (0, 0, left, k - 1 - left)).unfold(0, k, 1).transpose(1, 2)


def glu(x):
    """Gates first: PyTorch has them last."""
    gate, value = x.chunk(2, -1)
    return torch.sigmoid(gate) * value


class Side(nn.Module):
    """A namespace."""


class Weight(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))


class Conv(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, d = config, config["d_model"]
        self.light = config["conv"] in ("light", "dynamic")
        self.model = Side()
        self.model.encoder, self.model.decoder = Side(), Side()
        if config["share_encoder_decoder_embeddings"]:
            self.model.shared = nn.Embedding(config["vocab_size"], d)
        else:
            self.model.encoder.embed_tokens = nn.Embedding(config["vocab_size"], d)
            self.model.decoder.embed_tokens = nn.Embedding(config["decoder_vocab_size"], d)
        if not config["tie_word_embeddings"]:
            self.lm_head = nn.Linear(d, config["decoder_vocab_size"], bias=False)
        for side in ("encoder", "decoder"):
            stack = getattr(self.model, side)
            stack.layers = nn.ModuleList(self.make_layer(side, i) for i in range(config[f"{side}_layers"]))
            if not self.light:
                stack.fc1, stack.fc2 = nn.Linear(d, d), nn.Linear(d, d)
            elif config["norm_place"] == "pre":
                stack.layer_norm = nn.LayerNorm(d)
        self.register_buffer("final_logits_bias", torch.zeros(1, config["decoder_vocab_size"]))

    def width(self, layer):
        k = self.config["kernel_size"]
        for _ in range(layer):
            k = max(k, min(2 * k + 1, self.config["largest_kernel_size"]))
        return k

    def make_layer(self, side, i):
        d, k, layer, kind = self.config["d_model"], self.width(i), Side(), self.config["conv"]
        if kind == "plain":
            layer.conv = nn.Linear(k * d, 2 * d)
        elif kind == "separable":
            layer.depthwise, layer.pointwise = Weight(d, k), nn.Linear(d, 2 * d)
        else:
            layer.in_proj, layer.out_proj, layer.conv_layer_norm = nn.Linear(d, 2 * d), nn.Linear(d, d), nn.LayerNorm(d)
            if kind == "light":
                layer.conv = Weight(self.config["heads"], k)
            else:
                layer.kernel_proj = nn.Linear(d, self.config["heads"] * k, bias=False)
            layer.fc1, layer.fc2 = nn.Linear(d, self.config["ffn_dim"]), nn.Linear(self.config["ffn_dim"], d)
            layer.final_layer_norm = nn.LayerNorm(d)
        if side == "decoder":
            layer.encoder_attn = Side()
            layer.encoder_attn.q_proj, layer.encoder_attn.out_proj = nn.Linear(d, d), nn.Linear(d, d)
            if self.light:
                layer.encoder_attn.k_proj, layer.encoder_attn.v_proj = nn.Linear(d, d), nn.Linear(d, d)
                layer.encoder_attn_layer_norm = nn.LayerNorm(d)
        return layer

    def embed(self, side, ids):
        d = self.config["d_model"]
        table = self.model.shared if self.config["share_encoder_decoder_embeddings"] else side.embed_tokens
        x = table(torch.tensor(ids)) * math.sqrt(d)
        half = (d + 1) // 2
        angles = torch.arange(len(ids), dtype=x.dtype)[:, None] / 10000 ** (2 * torch.arange(half, dtype=x.dtype) / d)
        return x + torch.cat([angles.sin(), angles.cos()], 1)[:, :d]

    def output_table(self):
        if not self.config["tie_word_embeddings"]:
            return self.lm_head.weight
        return self.model.shared.weight if self.config["share_encoder_decoder_embeddings"] else self.model.decoder.embed_tokens.weight

    def convolve(self, layer, x, k, causal):
        kind = self.config["conv"]
        if kind == "plain":
            return glu(layer.conv(window(x, k, causal).flatten(1)))
        if kind == "separable":
            return glu(layer.pointwise((window(x, k, causal) * layer.depthwise.weight.T).sum(1)))
        u, heads = glu(layer.in_proj(x)), self.config["heads"]
        logits = layer.conv.weight.expand(len(x), heads, k) if kind == "light" else layer.kernel_proj(u).view(len(x), heads, k)
        weights = logits.softmax(-1).repeat_interleave(x.shape[1] // heads, 1)  # [n, d, k]: head c div (d / heads)
        return layer.out_proj((window(u, k, causal).transpose(1, 2) * weights).sum(-1))

    def sublayer(self, norm, x, f):
        return norm(x + f(x)) if self.config["norm_place"] == "post" else x + f(norm(x))

    def feed_forward(self, layer, x):
        f = {"relu": F.relu, "swish": F.silu}[self.config["activation_function"]]
        return self.sublayer(layer.final_layer_norm, x, lambda y: layer.fc2(f(layer.fc1(y))))

    def end(self, stack, x):
        if not self.light:
            return stack.fc2(x)
        return stack.layer_norm(x) if self.config["norm_place"] == "pre" else x

    def encode(self, source):
        stack = self.model.encoder
        embedded = self.embed(stack, source)
        x = embedded if self.light else stack.fc1(embedded)
        for i, layer in enumerate(stack.layers):
            if self.light:
                x = self.sublayer(layer.conv_layer_norm, x, lambda y: self.convolve(layer, y, self.width(i), False))
                x = self.feed_forward(layer, x)
            else:
                x = (self.convolve(layer, x, self.width(i), False) + x) * ROOT
        z = self.end(stack, x)
        if self.light:
            return z, z
        slow = 0.5 / len(self.model.decoder.layers)
        z = z * slow + z.detach() * (1 - slow)  # as much forward, less on the way back
        return z, (z + embedded) * ROOT

    def forward(self, source, inputs):
        """[target pieces, vocabulary]"""
        stack, memory, d = self.model.decoder, self.encode(source), self.config["d_model"]
        embedded = self.embed(stack, inputs)
        x = embedded if self.light else stack.fc1(embedded)
        for i, layer in enumerate(stack.layers):
            cross = layer.encoder_attn

            def look(y):
                heads = self.config["heads"]
                q = cross.q_proj(y).view(len(y), heads, -1).transpose(0, 1)
                k, v = (proj(memory[0]).view(len(source), heads, -1).transpose(0, 1) for proj in (cross.k_proj, cross.v_proj))
                p = (q @ k.transpose(1, 2) / math.sqrt(d // heads)).softmax(-1)
                return cross.out_proj((p @ v).transpose(0, 1).flatten(1))

            if self.light:
                x = self.sublayer(layer.conv_layer_norm, x, lambda y: self.convolve(layer, y, self.width(i), True))
                x = self.sublayer(layer.encoder_attn_layer_norm, x, look)
                x = self.feed_forward(layer, x)
                continue
            u = self.convolve(layer, x, self.width(i), True)
            p = ((cross.q_proj(u) + embedded) * ROOT @ memory[0].T).softmax(-1)
            x = ((cross.out_proj(p @ memory[1] * math.sqrt(len(source))) + u) * ROOT + x) * ROOT
        return self.end(stack, x) @ self.output_table().T + self.final_logits_bias[0]


def make_folder(spec):
    pad = (spec["target"] or spec["vocab"]) - 1
    torch.manual_seed(spec["seed"])
    config = {
        "model_type": "dragoman", "dragoman": {"architecture": "conv"}, "conv": spec["conv"], "d_model": spec["d"],
        "encoder_layers": spec["layers"][0], "decoder_layers": spec["layers"][1], "kernel_size": spec["kernel"],
        "largest_kernel_size": spec["largest"], "heads": spec.get("heads", 1), "ffn_dim": spec.get("ffn", 512),
        "activation_function": spec.get("activation", "relu"), "norm": "layer", "norm_place": spec.get("place", "post"),
        "vocab_size": spec["vocab"], "decoder_vocab_size": spec["target"] or spec["vocab"],
        "share_encoder_decoder_embeddings": spec["target"] is None, "tie_word_embeddings": spec.get("tied", True),
        "pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad}
    model = Conv(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            scale = 0.4 if name in TABLES else 0.8 if weight.dim() == 1 else 1.2 / math.sqrt(weight.shape[1])
            weight.copy_(scale * torch.randn(weight.shape) + (1 if name.endswith("norm.weight") else 0))
            if name in TABLES:
                weight[pad].zero_()
        model.final_logits_bias.copy_(0.3 * torch.randn(model.final_logits_bias.shape))
        model.final_logits_bias[0, pad] = -10000.0
    folder = HERE / "conv" / spec["name"]
    folder.mkdir(parents=True, exist_ok=True)
    store_json(config, folder / "config.json")
    store(model.state_dict(), folder / "model.safetensors")
    return folder


def load(folder, dtype):
    model = Conv(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.to(dtype)
    pad = model.config["pad_token_id"]

    return Subject(model, pad, model)


def main():
    for spec in FOLDERS:
        target = spec["target"] or spec["vocab"]
        write_golden(make_folder(spec), load, make_corpus(spec["vocab"], target, target - 1, spec["seed"]))


main()
