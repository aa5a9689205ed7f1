#!/usr/bin/env python3
"""base_folder.py DIR: a MarianMT folder of the base Transformer, 10,000 pieces that are words, random weights."""
import json
import os
import sys

import torch
from transformers import MarianConfig, MarianMTModel

PIECES = 10000

folder = sys.argv[1]
torch.manual_seed(1)
config = MarianConfig(vocab_size=PIECES, d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
                      decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048, activation_function="relu",
                      scale_embedding=True, eos_token_id=0, forced_eos_token_id=None, pad_token_id=PIECES - 1,
                      decoder_start_token_id=PIECES - 1, dragoman={"segmenter": "space"})
model = MarianMTModel(config)
model.generation_config.update(num_beams=5, early_stopping=True)  # as CTranslate2 does
model.save_pretrained(folder)
pieces = ["</s>", "<unk>"] + [f"w{i}" for i in range(2, PIECES - 1)] + ["<pad>"]
with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
    json.dump({piece: i for i, piece in enumerate(pieces)}, file)
