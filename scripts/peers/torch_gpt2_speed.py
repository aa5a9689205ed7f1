#!/usr/bin/env python3
"""How fast PyTorch trains GPT-2's smallest shape (Radford et al. 2019) on windows of text. Prints one JSON object.

  torch_gpt2_speed.py [--precision fp32|bf16] [--batch-tokens N] [--threads N]

A decoder alone, pre-norm, learned positions, one embedding of 50,257 pieces that is the output, too; Adam and all else as in
torch_speed.py. No window has padding.
"""
import torch_speed  # before all else: it may start this program again

import json

import torch
from torch import nn
from torch.nn import functional as F

import made_up

SHAPES = {"gpt2": (12, 768, 12, 50257)}
WINDOW = 128  # pieces
DROPOUT = 0.1


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2, self.drop = nn.LayerNorm(width), nn.LayerNorm(width), nn.Dropout(DROPOUT)
        self.attention = torch_speed.Attention(width, heads, cross=False)
        self.ffn = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.drop(self.attention(self.norm1(x), causal=True))
        return x + self.drop(self.ffn(self.norm2(x)))


class Decoder(nn.Module):
    def __init__(self, layers, width, heads, vocabulary):
        super().__init__()
        self.pad = vocabulary - 1
        self.embedding, self.places = nn.Embedding(vocabulary, width), nn.Embedding(1024, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.01)
        self.layers, self.norm = nn.ModuleList(Layer(width, heads) for _ in range(layers)), nn.LayerNorm(width)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, _, text):
        x = self.drop(self.embedding(text) + self.places.weight[: text.shape[1]])
        for layer in self.layers:
            x = layer(x)
        return F.linear(self.norm(x), self.embedding.weight)


def main():
    options = torch_speed.options_of_training(__doc__, SHAPES).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    shape = SHAPES[options.shape]
    text = made_up.windows(2000, WINDOW, shape[-1])
    print(json.dumps(torch_speed.measure_training(Decoder(*shape).train(), text, options)))


if __name__ == "__main__":
    main()
