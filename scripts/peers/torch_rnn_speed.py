#!/usr/bin/env python3
"""How fast PyTorch trains the recurrent models of dragoman bench, and translates with them. Prints one JSON object.

  torch_rnn_speed.py train [--shape gru|lstm] [--precision fp32|bf16] [--batch-tokens N] [--cell whole|parts] [--threads N]
  torch_rnn_speed.py translate [--shape gru|lstm] [--precision fp32|bf16] [--batch N] [--cell whole|parts] [--threads N]

A layer of nn.GRU or nn.LSTM of width 256 reads in both directions, packed, so that each sentence ends where it ends. gru
writes as Bahdanau et al. 2015: additive attention with the state before, step by step in training too; lstm as Luong et
al. 2015: general attention with the states behind, so that in training one call of nn.LSTM makes them all. Training is
torch_speed.py's: the same text, batches and loss. translate is a greedy search of made-up sentences in batches of about
the same length, whose translations have the mean length of dragoman bench's.

--cell: a step of the decoder as one call of PyTorch's cell, or as its parts, of which the products with the embeddings
are one for all steps; lstm's training has neither.
"""
import torch_speed  # before all else: it may start this program again

import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import made_up
from torch_speed import BEGIN, PAD, VOCABULARY

WIDTH, DROPOUT, LEAST_PASSES = 256, 0.1, 2
SHAPES = {"gru": nn.GRU, "lstm": nn.LSTM}


def gru_parts(given, state, cell):
    """given [n, 3h]: the products with all that is read."""
    (h,) = state
    read_r, read_z, read_n = given.chunk(3, -1)
    own_r, own_z, own_n = F.linear(h, cell.weight_hh, cell.bias_hh).chunk(3, -1)
    z = torch.sigmoid(read_z + own_z)
    n = torch.tanh(torch.addcmul(read_n, torch.sigmoid(read_r + own_r), own_n))
    return (torch.lerp(n, h, z),)


def lstm_parts(given, state, cell):
    h, c = state
    i, f, g, o = (given + F.linear(h, cell.weight_hh, cell.bias_hh)).chunk(4, -1)
    c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
    return torch.sigmoid(o) * torch.tanh(c), c


class Recurrent(nn.Module):
    def __init__(self, shape, whole_cell):
        super().__init__()
        self.pad, self.whole_cell = PAD, whole_cell
        self.additive = shape == "gru"  # and the other one is general
        self.states, self.parts = (1, gru_parts) if shape == "gru" else (2, lstm_parts)
        self.embedding, self.drop = nn.Embedding(VOCABULARY, WIDTH), nn.Dropout(DROPOUT)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))
        self.encoder = SHAPES[shape](WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * WIDTH, self.states * WIDTH)
        if self.additive:
            self.cell = nn.GRUCell(3 * WIDTH, WIDTH)
            self.query, self.key = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(2 * WIDTH, WIDTH)
            self.v = nn.Linear(WIDTH, 1, bias=False)
        else:
            self.decoder = nn.LSTM(WIDTH, WIDTH, batch_first=True)
            self.query = nn.Linear(WIDTH, 2 * WIDTH, bias=False)
        self.readout = nn.Linear((4 if self.additive else 3) * WIDTH, WIDTH)

    def one_cell(self):
        """That of a step: of nn.LSTM, its weights under the names that nn.LSTMCell has."""
        if self.additive:
            return self.cell
        cell = nn.LSTMCell(WIDTH, WIDTH)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(cell, name, getattr(self.decoder, name + "_l0"))
        return cell

    def read(self, source):
        """What is looked at, its keys, what is not there, and the first state."""
        lengths = (source != self.pad).sum(1)
        packed = pack_padded_sequence(self.drop(self.embedding(source)), lengths, batch_first=True, enforce_sorted=False)
        rows, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(rows, batch_first=True)
        last = last[0] if self.states == 2 else last  # of LSTM, the outputs
        state = torch.tanh(self.bridge(torch.cat([last[0], last[1]], -1)))
        missing = torch.arange(memory.shape[1]) >= lengths[:, None]
        keys = self.key(memory) if self.additive else memory.transpose(1, 2)
        return memory, keys, missing, state.chunk(self.states, -1)

    def look_before(self, state, memory, keys, missing):
        scores = self.v(torch.tanh(keys + self.query(state)[:, None])).squeeze(-1)
        weights = scores.masked_fill(missing, -torch.inf).softmax(-1).to(memory.dtype)
        return torch.bmm(weights[:, None], memory)[:, 0]

    def look_after(self, states, memory, keys, missing):
        """states [n, steps, h]"""
        scores = torch.bmm(self.query(states), keys).masked_fill(missing[:, None], -torch.inf)
        return torch.bmm(scores.softmax(-1).to(memory.dtype), memory)

    def step(self, cell, embedded, given, state, context):
        """embedded [n, d], given: its product where that has been made; context: what is read beside it, or None."""
        if self.whole_cell:
            read = embedded if context is None else torch.cat([embedded, context], -1)
            made = cell(read, state if self.states == 2 else state[0])
            return made if self.states == 2 else (made,)
        if context is not None:
            given = given + F.linear(context, cell.weight_ih[:, WIDTH:])
        return self.parts(given, state, cell)

    def products(self, cell, embedded):
        return None if self.whole_cell else F.linear(embedded, cell.weight_ih[:, :WIDTH], cell.bias_ih)

    def write(self, *parts):
        return F.linear(self.drop(torch.tanh(self.readout(torch.cat(parts, -1)))), self.embedding.weight, self.bias)

    def forward(self, source, target):
        """Teacher forcing: the target is shifted."""
        memory, keys, missing, state = self.read(source)
        embedded = self.drop(self.embedding(target))
        if not self.additive:
            states, _ = self.decoder(embedded, tuple(part[None].contiguous() for part in state))
            return self.write(states, self.look_after(states, memory, keys, missing))
        given = self.products(self.cell, embedded)
        tops, contexts = [], []
        for t in range(target.shape[1]):
            contexts.append(self.look_before(state[0], memory, keys, missing))
            state = self.step(self.cell, embedded[:, t], None if given is None else given[:, t], state, contexts[-1])
            tops.append(state[0])
        return self.write(torch.stack(tops, 1), torch.stack(contexts, 1), embedded)

    def translate(self, source, length):
        """Greedily, so many pieces of each."""
        memory, keys, missing, state = self.read(source)
        cell, written = self.one_cell(), []
        piece = torch.full((len(source),), BEGIN)
        for _ in range(length):
            embedded = self.embedding(piece)
            context = self.look_before(state[0], memory, keys, missing) if self.additive else None
            state = self.step(cell, embedded, self.products(cell, embedded), state, context)
            if self.additive:
                logits = self.write(state[0], context, embedded)
            else:
                logits = self.write(state[0], self.look_after(state[0][:, None], memory, keys, missing)[:, 0])
            piece = logits.argmax(-1)
            written.append(piece)
        return torch.stack(written, 1)


def measure_search(model, options):
    """Whole passes over the text, after a first part to warm up."""
    sources = sorted((source for source, _ in made_up.pairs(options.sentences, VOCABULARY)), key=len, reverse=True)
    size = options.batch or len(sources)
    batches = [torch_speed.padded(sources[at:at + size], PAD) for at in range(0, len(sources), size)]
    model.eval()
    if options.precision == "bf16":
        model.bfloat16()
    rates, tokens = [], made_up.MEAN_LENGTH * len(sources)
    with torch.inference_mode():
        for batch in batches[:3]:
            model.translate(batch, made_up.MEAN_LENGTH)
        began = time.perf_counter()
        while len(rates) < LEAST_PASSES or time.perf_counter() - began < options.seconds:
            start = time.perf_counter()
            for batch in batches:
                model.translate(batch, made_up.MEAN_LENGTH)
            rates.append(tokens / (time.perf_counter() - start))
    return {"peer": "PyTorch " + torch.__version__, "shape": options.shape, "precision": options.precision,
            "batch": options.batch, "sentences": len(sources), "target_tokens_per_second": {
                "median": statistics.median(rates), "min": min(rates), "max": max(rates)},
            "peak_memory_bytes": torch_speed.peak_memory()}


def main():
    parser = torch_speed.options_of_training(__doc__, SHAPES)
    parser.add_argument("what", choices=["train", "translate"])
    parser.add_argument("--cell", default="parts", choices=["whole", "parts"])
    parser.add_argument("--batch", type=int, default=32, help="translate: sentences; 0: all")
    parser.add_argument("--sentences", type=int, default=300, help="translate: of the text")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = Recurrent(options.shape, options.cell == "whole").train()
    if options.what == "train":
        figures = torch_speed.measure_training(model, made_up.pairs(29000, VOCABULARY), options)
    else:
        figures = measure_search(model, options)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
