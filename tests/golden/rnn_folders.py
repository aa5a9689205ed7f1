#!/usr/bin/env python3
"""Small random folders of recurrent encoder-decoders and what PyTorch computes with them in float64: see README.md
beside this file, which has the formulas.

  python tests/golden/rnn_folders.py        (needs torch, safetensors)

Cells are torch.gru_cell and torch.lstm_cell, a piece at a time. Writes tests/golden/rnn/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math

import torch
from safetensors.torch import load_file
from torch import nn

from golden_folders import HERE, TABLES, Subject, make_corpus, store, store_json, write_golden

# vocab, target: pieces on the source side (or both) and on the target side; h: width of an output
FOLDERS = [
    dict(name="shared", seed=13, vocab=31, target=None, d=8, h=6, layers=(1, 1)),
    dict(name="deep", seed=19, vocab=29, target=23, d=6, h=10, layers=(2, 2), residual=True),
    dict(name="no-attention", seed=37, vocab=31, target=None, d=8, h=6, layers=(2, 3), attention="none", tied=False,
         direction="forward", reverse=True, cell="lstm"),
    dict(name="both-ends", seed=59, vocab=31, target=None, d=6, h=8, layers=(1, 2), attention="none"),
    dict(name="dot", seed=61, vocab=31, target=None, d=8, h=6, layers=(1, 1), attention="dot"),
    dict(name="general", seed=67, vocab=31, target=None, d=8, h=6, layers=(2, 2), attention="general", cell="lstm",
         direction="backward", residual=True),
    dict(name="feeding", seed=71, vocab=29, target=23, d=8, h=6, layers=(1, 2), attention="general", cell="lstm",
         feeding=True),
]


class Attention(nn.Module):
    """What is learnt of how a state and an annotation go together; m: width of an annotation."""

    def __init__(self, kind, h, m):
        super().__init__()
        self.kind = kind
        if kind == "additive":  # Bahdanau et al. 2015, A.1.2
            self.query, self.key, self.v = nn.Linear(h, h, bias=False), nn.Linear(m, h), nn.Linear(h, 1, bias=False)
        elif kind == "general":  # Luong et al. 2015, equation 8
            self.query = nn.Linear(h, m, bias=False)

    def forward(self, state, annotations):  # [h], [source pieces, m] -> [source pieces]
        if self.kind == "additive":
            scores = self.v(torch.tanh(self.query(state) + self.key(annotations)))[:, 0]
        elif self.kind == "general":
            scores = annotations @ self.query(state)
        else:
            scores = annotations @ state.repeat(annotations.shape[1] // len(state))
        return torch.softmax(scores, dim=0)


class Side(nn.Module):
    """A namespace: model.encoder, model.decoder."""


class Rnn(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        d, h, kind = config["d_model"], config["hidden_size"], config["attention"]
        source, target = config["vocab_size"], config["decoder_vocab_size"]
        self.cell, both = config["cell"], config["encoder_direction"] == "both"
        m, self.state = h * (2 if both else 1), h * (2 if self.cell == "lstm" else 1)
        self.model = Side()
        self.model.encoder, self.model.decoder = Side(), Side()
        if config["share_encoder_decoder_embeddings"]:
            self.model.shared = nn.Embedding(source, d)
        else:
            self.model.encoder.embed_tokens = nn.Embedding(source, d)
            self.model.decoder.embed_tokens = nn.Embedding(target, d)
        if not config["tie_word_embeddings"]:
            self.lm_head = nn.Linear(d, target, bias=False)
        beside = m if kind == "additive" else d if config["input_feeding"] else 0
        directions = {"both": ["", "_reverse"], "forward": [""], "backward": ["_reverse"]}[config["encoder_direction"]]
        self.add_cells(self.model.encoder, config["encoder_layers"], directions, d, m)
        self.add_cells(self.model.decoder, config["decoder_layers"], [""], d + beside, h)
        if kind != "none" or both:
            self.model.decoder.bridge = nn.Linear(m, config["decoder_layers"] * self.state)
        if kind in ("additive", "general"):
            self.model.decoder.attention = Attention(kind, h, m)
        else:
            self.attention = [Attention(kind, h, m)]  # of no weights: not among the modules
        width = {"additive": h + m + d, "none": h}.get(kind, h + m)
        self.model.decoder.readout = nn.Linear(width, d)
        self.register_buffer("final_logits_bias", torch.zeros(1, target))

    def add_cells(self, side, layers, directions, width, above):
        """Weights of nn.GRU or nn.LSTM, whose directions need not both be there."""
        cells, gates, h = Side(), 4 if self.cell == "lstm" else 3, self.config["hidden_size"]
        for layer in range(layers):
            for direction in directions:
                for name, shape in (("weight_ih", (gates * h, width)), ("weight_hh", (gates * h, h)),
                                    ("bias_ih", (gates * h,)), ("bias_hh", (gates * h,))):
                    cells.register_parameter(f"{name}_l{layer}{direction}", nn.Parameter(torch.zeros(shape)))
            width = above
        setattr(side, self.cell, cells)

    def step(self, side, which, x, state):
        """state: [h], or of an LSTM [h | c]"""
        weights = [getattr(getattr(side, self.cell), f"{name}_{which}")
                   for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if self.cell == "gru":
            return torch.gru_cell(x[None], state[None], *weights)[0]
        return torch.cat(torch.lstm_cell(x[None], [half[None] for half in state.chunk(2)], *weights), 1)[0]

    def out(self, state):
        return state[:self.config["hidden_size"]]

    def run(self, which, x, order):
        """The outputs in the order of x, and the last state."""
        state, outputs = x.new_zeros(self.state), {}
        for i in order:
            state = self.step(self.model.encoder, which, x[i], state)
            outputs[i] = self.out(state)
        return torch.stack([outputs[i] for i in range(len(x))]), state

    def encode(self, source):
        """Annotations [source pieces, m], the last outputs of either direction, the last state of each layer."""
        x, n, kind = self.embed(self.model.encoder, source), len(source), self.config["encoder_direction"]
        forward = [*range(n - 2, -1, -1), n - 1] if self.config["reverse_source"] else range(n)
        states = []
        for layer in range(self.config["encoder_layers"]):
            ran = []
            if kind != "backward":
                ran.append(self.run(f"l{layer}", x, forward))
            if kind != "forward":
                ran.append(self.run(f"l{layer}_reverse", x, range(n - 1, -1, -1)))
            outputs = torch.cat([outputs for outputs, _ in ran], 1)
            states.append(ran[0][1])
            x = outputs + x if layer and self.config["residual"] else outputs
        h = self.config["hidden_size"]
        ends = torch.cat([x[-1, :h], x[0, h:]]) if kind == "both" else x[0] if kind == "backward" else x[-1]
        return x, ends, states

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
        config, decoder, layers = self.config, self.model.decoder, self.config["decoder_layers"]
        kind = config["attention"]
        annotations, ends, last = self.encode(source)
        if kind != "none" or config["encoder_direction"] == "both":
            states = list(torch.tanh(decoder.bridge(ends)).chunk(layers))
        else:
            states = [last[min(layer, len(last) - 1)] for layer in range(layers)]
        look = decoder.attention if kind in ("additive", "general") else self.attention[0]
        fed, logits, weights = annotations.new_zeros(config["d_model"]), [], []
        for embedding in self.embed(decoder, inputs):
            x, context = embedding, None
            if kind == "additive":
                weights.append(look(self.out(states[-1]), annotations))  # by the state before this piece
                context = weights[-1] @ annotations
                x = torch.cat([x, context])
            elif config["input_feeding"]:
                x = torch.cat([x, fed])
            top = None
            for layer in range(layers):
                states[layer] = self.step(decoder, f"l{layer}", x if top is None else top, states[layer])
                out = self.out(states[layer])
                top = out + top if layer and config["residual"] else out
            if kind in ("dot", "general"):
                weights.append(look(top, annotations))
                context = weights[-1] @ annotations
            if kind == "none":
                fed = decoder.readout(top)
            else:
                fed = torch.tanh(decoder.readout(torch.cat([top, context, *([embedding] if kind == "additive" else [])])))
            logits.append(self.output_table() @ fed + self.final_logits_bias[0])
        return torch.stack(logits), weights


def make_folder(spec):
    pad = (spec["target"] or spec["vocab"]) - 1
    torch.manual_seed(spec["seed"])
    config = {
        "model_type": "dragoman", "dragoman": {"architecture": "rnn"},
        "d_model": spec["d"], "hidden_size": spec["h"], "cell": spec.get("cell", "gru"),
        "encoder_layers": spec["layers"][0], "decoder_layers": spec["layers"][1],
        "encoder_direction": spec.get("direction", "both"), "attention": spec.get("attention", "additive"),
        "input_feeding": spec.get("feeding", False), "residual": spec.get("residual", False),
        "reverse_source": spec.get("reverse", False),
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


if __name__ == "__main__":
    main()
