#!/usr/bin/env python3
"""random_folder.py base|gpt2 DIR: a folder of transformers with random weights whose pieces are words. base: MarianMT, the
base Transformer with 10,000 pieces. gpt2: a decoder alone, the shape of GPT-2's smallest (Radford et al. 2019): 12 layers,
width 768, 50,257 pieces."""
import json
import os
import sys

import torch
import transformers


def base():
    pieces = 10000
    config = transformers.MarianConfig(
        vocab_size=pieces, d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048, activation_function="relu",
        scale_embedding=True, eos_token_id=0, forced_eos_token_id=None, pad_token_id=pieces - 1,
        decoder_start_token_id=pieces - 1, dragoman={"segmenter": "space"})
    model = transformers.MarianMTModel(config)
    model.generation_config.update(num_beams=5, early_stopping=True)  # as CTranslate2 does
    return model


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        bos_token_id=0, eos_token_id=0, pad_token_id=50256, dragoman={"segmenter": "space"}))


shape, folder = sys.argv[1:]
torch.manual_seed(1)
model = {"base": base, "gpt2": gpt2}[shape]()
model.save_pretrained(folder)
pieces = ["</s>", "<unk>"] + [f"w{i}" for i in range(2, model.config.vocab_size - 1)] + ["<pad>"]
with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
    json.dump({piece: i for i, piece in enumerate(pieces)}, file)
