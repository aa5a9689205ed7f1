#!/usr/bin/env python3
"""Other people's recurrent translator as a model folder: how English words sound, by the encoder-decoder in PyPI's
package g2p_en (Park and Kim 2019, Apache-2.0), a GRU that reads letters and one that begins with its last state.

    g2p_en.py WHEEL FOLDER [WORDS]

WHEEL is g2p_en-2.1.0-py3-none-any.whl or the checkpoint20.npz in it. With WORDS, a file of words with spaces between their
letters (as scripts/g2p.sh writes), prints what the package computes for them, with numpy and as its own predict() does,
to compare with:
    dragoman translate --model FOLDER --beam-size 1 --input WORDS
The package stops after 20 sounds; of the first 1,000 test words of scripts/g2p.sh none comes so far, and all are the same.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile

import numpy

LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
SOUNDS = ["<pad>", "<unk>", "<s>", "</s>", *"""AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH
D DH EH0 EH1 EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH
UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH""".split()]
MOST_SOUNDS = 20


def read(path):
    with zipfile.ZipFile(path) as archive:
        inner = [name for name in archive.namelist() if name.endswith("checkpoint20.npz")]
        return dict(numpy.load(io.BytesIO(archive.read(inner[0])) if inner else path))


# ---- As the package does it ------------------------------------------------------------------------------------------

def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def step(weights, side, x, h):
    a = x @ weights[f"{side}_w_ih"].T + weights[f"{side}_b_ih"]
    b = h @ weights[f"{side}_w_hh"].T + weights[f"{side}_b_hh"]
    n = len(h)
    r, z = sigmoid(a[:n] + b[:n]), sigmoid(a[n:2 * n] + b[n:2 * n])
    return (1 - z) * numpy.tanh(a[2 * n:] + r * b[2 * n:]) + z * h


def predict(weights, letters):
    h = numpy.zeros(256, numpy.float32)
    for letter in [*letters, "</s>"]:
        h = step(weights, "enc", weights["enc_emb"][LETTERS.index(letter) if letter in LETTERS else 1], h)
    last, sounds = SOUNDS.index("<s>"), []
    while len(sounds) < MOST_SOUNDS:
        h = step(weights, "dec", weights["dec_emb"][last], h)
        last = int((h @ weights["fc_w"].T + weights["fc_b"]).argmax())
        if SOUNDS[last] == "</s>":
            break
        sounds.append(SOUNDS[last])
    return sounds


# ---- As a folder -----------------------------------------------------------------------------------------------------

def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensor.tobytes() for tensor in tensors.values()))


def reordered(pieces):
    """The end of the sentence is piece 0 and filling 2 on either side, as one configuration says it for both."""
    return ["</s>", "<unk>", "<pad>", *(piece for piece in pieces if piece not in ("</s>", "<unk>", "<pad>"))]


def write_folder(weights, folder):
    letters, sounds = reordered(LETTERS), reordered(SOUNDS)
    source = [LETTERS.index(piece) for piece in letters]
    target = [SOUNDS.index(piece) for piece in sounds]
    width = weights["enc_emb"].shape[1]
    tensors = {"model.encoder.embed_tokens.weight": weights["enc_emb"][source],
               "model.decoder.embed_tokens.weight": weights["dec_emb"][target],
               "lm_head.weight": weights["fc_w"][target],
               "model.decoder.readout.weight": numpy.eye(width), "model.decoder.readout.bias": numpy.zeros(width),
               "final_logits_bias": weights["fc_b"][target][None]}
    for ours, theirs in (("encoder", "enc"), ("decoder", "dec")):
        for kind in ("w_ih", "w_hh", "b_ih", "b_hh"):
            name = f"{'weight' if kind[0] == 'w' else 'bias'}_{kind[2:]}_l0"
            tensors[f"model.{ours}.gru.{name}"] = weights[f"{theirs}_{kind}"]
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors",
                      {name: numpy.ascontiguousarray(tensor, dtype="<f4") for name, tensor in tensors.items()})
    for name, pieces in (("vocab.json", letters), ("target_vocab.json", sounds)):
        (folder / name).write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}) + "\n", encoding="utf-8")
    config = {"model_type": "dragoman", "dragoman": {"architecture": "rnn", "segmenter": "space"}, "d_model": width,
              "hidden_size": width, "cell": "gru", "encoder_layers": 1, "decoder_layers": 1,
              "encoder_direction": "forward", "attention": "none", "vocab_size": len(letters),
              "decoder_vocab_size": len(sounds), "share_encoder_decoder_embeddings": False, "tie_word_embeddings": False,
              "eos_token_id": 0, "pad_token_id": 2, "decoder_start_token_id": sounds.index("<s>")}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def main(wheel, folder, words=None):
    weights = read(wheel)
    write_folder(weights, pathlib.Path(folder))
    if words:
        for line in pathlib.Path(words).read_text(encoding="utf-8").splitlines():
            print(*predict(weights, line.split()))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
