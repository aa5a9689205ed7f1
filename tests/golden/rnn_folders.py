#!/usr/bin/env python3
"""Small random folders of recurrent encoder-decoders and what PyTorch computes with them in float64: see README.md
beside this file, which has the formulas.

  python tests/golden/rnn_folders.py        (needs torch, safetensors)

Writes tests/golden/rnn/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math

import torch
from safetensors.torch import load_file
from torch import nn

from golden_folders import HERE, TABLES, Subject, make_corpus, store, store_json, write_golden

# vocab, target: pieces on the source side (or both) and on the target side; h: width of the states
FOLDERS = [
    dict(name="shared", seed=13, vocab=31, target=None, d=8, h=6, layers=1),
    dict(name="deep", seed=19, vocab=29, target=23, d=6, h=10, layers=2),
    dict(name="no-attention", seed=37, vocab=31, target=None, d=8, h=6, layers=1, attention="none", tied=False),
]


class Attention(nn.Module):
    """Additive (Bahdanau et al. 2015, A.1.2): what is learnt of how a state and an annotation go together."""

    def __init__(self, h):
        super().__init__()
        self.query = nn.Linear(h, h, bias=False)
        self.key = nn.Linear(2 * h, h)
        self.v = nn.Linear(h, 1, bias=False)

    def forward(self, state, annotations):  # [h], [source pieces, 2 h] -> [source pieces]
        scores = self.v(torch.tanh(self.query(state) + self.key(annotations)))
        return torch.softmax(scores[:, 0], dim=0)


class Side(nn.Module):
    """A namespace: model.encoder, model.decoder."""


class Rnn(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        d, h, attends = config["d_model"], config["hidden_size"], config["attention"] == "additive"
        source, target = config["vocab_size"], config["decoder_vocab_size"]
        self.model = Side()
        self.model.encoder, self.model.decoder = Side(), Side()
        if config["share_encoder_decoder_embeddings"]:
            self.model.shared = nn.Embedding(source, d)
        else:
            self.model.encoder.embed_tokens = nn.Embedding(source, d)
            self.model.decoder.embed_tokens = nn.Embedding(target, d)
        if not config["tie_word_embeddings"]:
            self.lm_head = nn.Linear(d, target, bias=False)
        self.model.encoder.gru = nn.GRU(d, h, num_layers=config["encoder_layers"], bidirectional=True)
        self.model.decoder.bridge = nn.Linear(h, h)
        if attends:
            self.model.decoder.attention = Attention(h)
        self.model.decoder.gru = nn.GRU(d + 2 * h, h)
        self.model.decoder.readout = nn.Linear(h + 2 * h + d, d)
        self.register_buffer("final_logits_bias", torch.zeros(1, target))

    def embed(self, side, ids):
        table = self.model.shared if self.config["share_encoder_decoder_embeddings"] else side.embed_tokens
        return table(torch.tensor(ids)) * (math.sqrt(self.config["d_model"]) if self.config["scale_embedding"] else 1)

    def output_table(self):
        if not self.config["tie_word_embeddings"]:
            return self.lm_head.weight
        shared = self.config["share_encoder_decoder_embeddings"]
        return self.model.shared.weight if shared else self.model.decoder.embed_tokens.weight

    def forward(self, source, inputs):
        """[target pieces, vocabulary], and of each piece the weights of the source pieces (or nothing)."""
        h, decoder = self.config["hidden_size"], self.model.decoder
        annotations, _ = self.model.encoder.gru(self.embed(self.model.encoder, source))  # [source pieces, 2 h]
        ends = torch.cat([annotations[-1, :h], annotations[0, h:]])  # the last state of either direction
        state = torch.tanh(decoder.bridge(annotations[0, h:]))
        logits, weights = [], []
        for embedding in self.embed(decoder, inputs):
            context = ends
            if self.config["attention"] == "additive":
                weights.append(decoder.attention(state, annotations))  # by the state before this piece
                context = weights[-1] @ annotations
            state = decoder.gru(torch.cat([embedding, context])[None], state[None])[1][0]
            read = torch.tanh(decoder.readout(torch.cat([state, context, embedding])))
            logits.append(self.output_table() @ read + self.final_logits_bias[0])
        return torch.stack(logits), weights


def make_folder(spec):
    pad = (spec["target"] or spec["vocab"]) - 1
    torch.manual_seed(spec["seed"])
    config = {
        "model_type": "dragoman", "dragoman": {"architecture": "rnn"},
        "d_model": spec["d"], "hidden_size": spec["h"], "encoder_layers": spec["layers"],
        "attention": spec.get("attention", "additive"),
        "vocab_size": spec["vocab"], "decoder_vocab_size": spec["target"] or spec["vocab"],
        "share_encoder_decoder_embeddings": spec["target"] is None, "tie_word_embeddings": spec.get("tied", True),
        "scale_embedding": False, "pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad}
    model = Rnn(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_((1.5 if name in TABLES else 0.8) * torch.randn(weight.shape))
            if name in TABLES:
                weight[pad].zero_()
        model.final_logits_bias.copy_(0.3 * torch.randn(model.final_logits_bias.shape))
        model.final_logits_bias[0, pad] = -10000.0
    folder = HERE / "rnn" / spec["name"]
    folder.mkdir(parents=True, exist_ok=True)
    store_json(config, folder / "config.json")
    store(model.state_dict(), folder / "model.safetensors")
    return folder


def load(folder, dtype):
    model = Rnn(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.to(dtype)
    pad = model.config["pad_token_id"]

    def attention(source, target):
        weights = model(source, [pad] + target[:-1])[1]
        return {"attention": torch.stack(weights).tolist()} if weights else {}

    return Subject(model, pad, lambda source, inputs: model(source, inputs)[0], attention)


def main():
    for spec in FOLDERS:
        target = spec["target"] or spec["vocab"]
        write_golden(make_folder(spec), load, make_corpus(spec["vocab"], target, target - 1, spec["seed"]))


main()
