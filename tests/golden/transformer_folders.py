#!/usr/bin/env python3
"""Small random MarianMT and Pegasus folders and what PyTorch computes with them in float64: see README.md beside this
file.

  python tests/golden/transformer_folders.py [FORMAT | FORMAT/NAME ...]       (needs torch, transformers, safetensors)

Writes tests/golden/marian/NAME/ and tests/golden/pegasus/NAME/. The committed files were made by this script; the tests
read them, not this.
"""
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (MarianConfig, MarianMTModel, PegasusConfig, PegasusForConditionalGeneration)

from golden_folders import HERE, Subject, make_corpus, write_golden

FORMATS = {"marian": (MarianConfig, MarianMTModel), "pegasus": (PegasusConfig, PegasusForConditionalGeneration)}

# vocab, target: pieces on the source side (or both) and on the target side; ffn, heads, layers: encoder, decoder
FOLDERS = {
    "marian": [
        dict(name="shared-swish", seed=1, vocab=41, target=None, d=16, ffn=(24, 24), heads=(4, 4), layers=(2, 2),
             act="swish"),
        dict(name="shared-relu", seed=2, vocab=23, target=None, d=8, ffn=(12, 20), heads=(4, 2), layers=(2, 2),
             act="relu", scale=False),
        dict(name="separate", seed=3, vocab=29, target=23, d=8, ffn=(12, 12), heads=(2, 2), layers=(2, 2), act="gelu"),
        dict(name="untied", seed=4, vocab=25, target=23, d=8, ffn=(12, 12), heads=(2, 2), layers=(1, 1), act="tanh",
             tied=False),
        dict(name="half", seed=5, vocab=60, target=None, d=12, ffn=(16, 16), heads=(3, 3), layers=(2, 2), act="silu",
             dtype=torch.float16, pad_as_others=True),
        dict(name="bfloat", seed=6, vocab=37, target=None, d=8, ffn=(16, 16), heads=(2, 2), layers=(2, 2), act="relu",
             dtype=torch.bfloat16),
        dict(name="learned", seed=7, vocab=31, target=None, d=8, ffn=(12, 12), heads=(2, 2), layers=(2, 1), act="relu",
             places=40),
    ],
    "pegasus": [
        dict(name="swish", seed=3, vocab=41, target=None, d=16, ffn=(24, 24), heads=(4, 4), layers=(2, 2),
             act="swish"),
        dict(name="relu", seed=6, vocab=23, target=None, d=8, ffn=(12, 20), heads=(4, 2), layers=(3, 2), act="relu",
             scale=False),
        dict(name="learned", seed=9, vocab=27, target=None, d=8, ffn=(12, 16), heads=(2, 4), layers=(1, 2), act="swish",
             places=33),
    ],
}


def make_config(kind, spec, pad):
    if kind == "marian":
        more = dict(decoder_vocab_size=spec["target"], share_encoder_decoder_embeddings=spec["target"] is None)
    else:
        more = dict(normalize_before=True, normalize_embedding=False)  # CTranslate2's converter asks for them
    return FORMATS[kind][0](
        vocab_size=spec["vocab"], d_model=spec["d"], tie_word_embeddings=spec.get("tied", True),
        encoder_layers=spec["layers"][0], decoder_layers=spec["layers"][1],
        encoder_ffn_dim=spec["ffn"][0], decoder_ffn_dim=spec["ffn"][1],
        encoder_attention_heads=spec["heads"][0], decoder_attention_heads=spec["heads"][1],
        activation_function=spec["act"], scale_embedding=spec.get("scale", True), pad_token_id=pad,
        decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0, dropout=0.0,
        max_position_embeddings=spec.get("places", 64),
        **more)


def store_positions(model, path):
    """transformers takes its positions from the file where they are there, but does not write all of them."""
    tensors = load_file(path)
    for side in ("encoder", "decoder"):
        table = model.get_submodule(f"model.{side}.embed_positions").weight
        tensors[f"model.{side}.embed_positions.weight"] = table.detach().clone()
    save_file(tensors, path, {"format": "pt"})


def learn_positions(model):
    """The tables, which are frozen there, get gradients."""
    for side in ("encoder", "decoder"):
        model.get_submodule(f"model.{side}.embed_positions").weight.requires_grad_()


def make_folder(kind, spec):
    pad = (spec["target"] or spec["vocab"]) - 1
    torch.manual_seed(spec["seed"])
    model = FORMATS[kind][1](make_config(kind, spec, pad))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "embed_positions" in name and "places" not in spec:
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
    folder = HERE / kind / spec["name"]
    model.to(spec.get("dtype", torch.float32)).save_pretrained(folder)
    if "places" in spec:
        store_positions(model, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)
    return folder


def load(kind, spec, folder, dtype):
    model = FORMATS[kind][1].from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    if "places" in spec:
        learn_positions(model)

    def logits(source, inputs):
        return model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([inputs]),
                     use_cache=False).logits[0]

    return Subject(model, model.config.pad_token_id, logits)


def main():
    for kind in FOLDERS:
        for spec in FOLDERS[kind]:
            if sys.argv[1:] and not {kind, f"{kind}/{spec['name']}"} & set(sys.argv[1:]):
                continue
            folder = make_folder(kind, spec)
            target = spec["target"] or spec["vocab"]
            corpus = make_corpus(spec["vocab"], target, target - 1, spec["seed"])
            write_golden(folder, lambda path, dtype: load(kind, spec, path, dtype), corpus, trains="dtype" not in spec)


main()
