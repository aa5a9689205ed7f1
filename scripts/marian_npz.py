#!/usr/bin/env python3
"""Marian's own model file as a model folder, and a model folder as Marian's file.

  scripts/marian_npz.py model.npz FOLDER [--vocabs SOURCE TARGET] [--sentencepiece SOURCE TARGET]
  scripts/marian_npz.py FOLDER model.npz

Transformers with an encoder and a decoder, post- or pre-norm, layer or RMS norms, tied or not, whose decoder looks back by
self-attention, by SSRU or by average attention. What one side has and the other has not is refused by the name of its option.

There: --vocabs are what Marian was given by its own option (.spm, .yml, .json or lines); if nothing is said, those that
model.npz.decoder.yml names, which Marian writes beside the model. Where they are no SentencePiece models, the folder takes
text in pieces, unless --sentencepiece names the models that cut it. The folder has Marian's epsilon (1e-6) in its norms, and a
row of zeros for <pad>, with which a decoder begins: Marian's begins with zeros. So scores are Marian's to the rounding.

Back: model.npz, model.npz.decoder.yml and the vocabularies (model.npz.vocab.spm, or .yml) are written; then
    marian-decoder -c model.npz.decoder.yml < text
(with --cpu-threads N). With pre-norm and self-attention in the decoder, Marian's search is not of the model that it trains and
scores by: from the second piece on it does not normalise keys and values. dragoman does.

A folder goes there that was trained with --positions timing, for these are Marian's sines. <pad> is left out, for Marian has
none. Marian's epsilon is 1e-6 whatever the folder says: with another one scores differ a little, which is said.
"""
import argparse
import array
import json
import math
import pathlib
import shutil
import struct
import sys

from marian_files import (EOS, PAD, UNKNOWN, SentencePiece, Tensor, as_yaml, identity, in_blocks, read_npz, read_safetensors,
                          read_vocabulary, read_yaml, refuse, write_npz, write_safetensors, write_vocabulary, zeros)

EPSILON = 1e-6  # of Marian's norms
OURS = 1e-5  # of layer norms where a folder says nothing
NEVER = -10000  # the logit of <pad>
NOT_WRITTEN = [UNKNOWN, *(f"<0x{byte:02X}>" for byte in range(32))]  # by Marian's search, unless it is told to


# ---- Names of weights ------------------------------------------------------------------------------------------------


class Shape:
    """What the names of weights go by."""
    pre = False
    rms = False
    encoder_layers = decoder_layers = 0
    autoreg = "self-attention"
    tied_layers = ()  # of the decoder: whose weights each has, counted from 1
    projection = True


def weights(shape):
    """(ours, Marian's): of matrices, which Marian has [in, out], and of vectors."""
    ending = "_pre" if shape.pre else ""

    def norm(ours, theirs, end=ending):
        kind = "rms" if shape.rms else "ln"
        yield f"{ours}.weight", f"{theirs}_{kind}_scale{end}"
        if not shape.rms:
            yield f"{ours}.bias", f"{theirs}_ln_bias{end}"

    def linear(ours, theirs, name):
        yield f"{ours}.weight", f"{theirs}_W{name}"
        yield f"{ours}.bias", f"{theirs}_b{name}"

    def attention(layer, ours, theirs):
        for kind in "qkv" + "o" * shape.projection:
            yield from linear(f"{layer}.{ours}.{'out' if kind == 'o' else kind}_proj", theirs, kind)
        yield from norm(f"{layer}.{ours}_layer_norm", f"{theirs}_Wo")

    def looking_back(layer, theirs):
        if shape.autoreg == "ssru":
            yield f"{layer}.ssru.cell.weight", f"{theirs}_rnn_W"
            yield from linear(f"{layer}.ssru.forget", f"{theirs}_rnn", "f")
            yield from norm(f"{layer}.autoreg_layer_norm", f"{theirs}_rnn" if shape.pre else f"{theirs}_rnn_ffn")
        elif shape.autoreg == "average-attention":
            for i in "12":
                yield from linear(f"{layer}.average.fc{i}", f"{theirs}_aan", i)
            yield from norm(f"{layer}.autoreg_layer_norm", f"{theirs}_aan_ffn")
        else:
            yield from attention(layer, "self_attn", f"{theirs}_self")

    for side, layers in ("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers):
        for i in range(layers):
            tied = side == "decoder" and shape.tied_layers
            layer, theirs = f"model.{side}.layers.{i}", f"{side}_l{shape.tied_layers[i] if tied else i + 1}"
            if side == "encoder":
                yield from attention(layer, "self_attn", f"{theirs}_self")
            else:
                yield from looking_back(layer, theirs)
                yield from attention(layer, "encoder_attn", f"{theirs}_context")
            for n in "12":
                yield from linear(f"{layer}.fc{n}", f"{theirs}_ffn", n)
            yield from norm(f"{layer}.final_layer_norm", f"{theirs}_ffn_ffn")
        if shape.pre:
            yield from norm(f"model.{side}.layer_norm", f"{side}_top", "")


def gates(shape):
    """Of average attention: ours, whose gates see both what was there and what was made of it, and Marian's two, each of
    which sees one of them."""
    if shape.autoreg == "average-attention":
        for i in range(shape.decoder_layers):
            yield f"model.decoder.layers.{i}.average.gate", f"decoder_l{shape.tied_layers[i] if shape.tied_layers else i + 1}_aan"


def is_matrix(ours):
    return ours.endswith(".weight") and not ours.endswith("norm.weight")


# ---- From Marian -----------------------------------------------------------------------------------------------------

# Options whose other values are other models: the values that a folder can say, and what the others mean.
ONLY = {
    "type": (("transformer",), "another kind of model"),
    "right-left": (("false",), "targets that are written from their end"),
    "ulr": (("false",), "universal embeddings"),
    "input-types": (("", "sequence"), "inputs of another kind"),
    "lemma-dim-emb": (("0",), "factored vocabularies"),
    "factors-dim-emb": (("0",), "factored vocabularies"),
    "transformer-ffn-depth": (("2",), "another depth of the feed-forward blocks"),
    "transformer-decoder-ffn-depth": (("0", "2"), "another depth of the feed-forward blocks"),
    "transformer-ffn-activation": (("relu", "swish"), "an activation that dragoman does not have: its gelu is x Phi(x), Marian's "
                                                      "x sigmoid(1.702 x)"),
    "transformer-postprocess-emb": (("", "d"), "a norm on the embeddings"),
    "transformer-rnn-projection": (("false",), "a matrix behind the recurrent unit"),
    "transformer-aan-depth": (("2",), "another depth of the blocks of average attention"),
    "transformer-aan-nogate": (("false",), "average attention without gates"),
    "transformer-pool": (("false",), "a decoder that sees one row of the encoder"),
    "transformer-train-positions": (("false",), "learned positions, of which Marian's search takes the first for all pieces"),
    "transformer-train-position-embeddings": (("false",), "learned positions, of which Marian's search takes the first for all "
                                                          "pieces"),
    "transformer-disable-position-embeddings": (("false",), "embeddings without positions"),
    "transformer-attention-mask": (("default",), "another mask of attention"),
    "transformer-no-bias": (("false",), "layers without biases"),
    "transformer-no-affine": (("false",), "norms without weights"),
}
OF_AVERAGE = ("transformer-aan-depth", "transformer-aan-nogate")
OF_RECURRENT = ("transformer-rnn-projection",)


def flag(options, name):
    return options.get(name) == "true"


def ops(options, name):
    """Without dropout, which counts in training alone."""
    return options.get(f"transformer-{name}", "").replace("d", "")


def read_shape(options, path):
    def no(name, means):
        refuse(f"{path}: {name} is {options.get(name, 'missing')}, which means {means}: no folder can say that")

    shape = Shape()
    autoreg, cell = options.get("transformer-decoder-autoreg", "self-attention"), options.get("dec-cell")
    shape.autoreg = "ssru" if autoreg == "rnn" else autoreg
    if shape.autoreg not in ("self-attention", "average-attention", "ssru"):
        no("transformer-decoder-autoreg", "another way to look back")
    for name, (values, means) in ONLY.items():
        counts = shape.autoreg == "average-attention" if name in OF_AVERAGE else \
            shape.autoreg == "ssru" if name in OF_RECURRENT else True
        said = options.get(name, values[0])
        for value in said if isinstance(said, list) else [said]:
            if counts and value not in values:
                no(name, means)
    if shape.autoreg == "ssru" and cell != "ssru":
        no("dec-cell", "another cell than ssru in the layers of a Transformer")
    if shape.autoreg == "ssru" and flag(options, "layer-normalization"):
        no("layer-normalization", "norms inside the recurrent unit")

    before, behind, top = (ops(options, name) for name in ("preprocess", "postprocess", "postprocess-top"))
    norm = "r" if "r" in before + behind else "n"
    shape.rms, shape.pre = norm == "r", bool(before)
    if (before, behind, top) not in (("", f"a{norm}", ""), (norm, "a", norm)):
        refuse(f"{path}: transformer-preprocess \"{before}\", transformer-postprocess \"{behind}\" and "
               f"transformer-postprocess-top \"{top}\" (dropout left out) are none of \"\", \"an\" and \"\" (post-norm), or "
               "\"n\", \"a\" and \"n\" (pre-norm), or these with r for n: no folder can say that")
    if shape.autoreg == "average-attention":
        inner = options.get("transformer-decoder-dim-ffn", "0")
        like = {"transformer-dim-aan": inner if inner != "0" else options["transformer-dim-ffn"],
                "transformer-aan-activation": options["transformer-ffn-activation"]}
        for name, value in like.items():
            if options.get(name) != value:
                no(name, f"average attention with another block than the feed-forward ones ({value})")
        if shape.pre:
            no("transformer-preprocess", "with average-attention a norm behind the mean, before which a folder has it")
    shape.encoder_layers, shape.decoder_layers = int(options["enc-depth"]), int(options["dec-depth"])
    shape.tied_layers = [int(n) for n in options.get("transformer-tied-layers") or []]
    shape.projection = not flag(options, "transformer-no-projection")
    return shape


def beside(npz, ending):
    return npz.with_name(npz.name + ending)


def said_vocabularies(npz):
    path = beside(npz, ".decoder.yml")
    if not path.exists():
        refuse(f"which vocabularies? Name both with --vocabs ({path}, where Marian says it, is not there)")
    said = read_yaml(path.read_text(encoding="utf-8"), path)
    found = [pathlib.Path(name) for name in said.get("vocabs", [])]
    return [path.parent / name for name in found] if said.get("relative-paths") == "true" else found


def read_sides(npz, given, cutters):
    """For either side, its pieces and its SentencePiece model, or None; and whether they are one vocabulary."""
    paths = given or said_vocabularies(npz)
    if len(paths) != 2:
        refuse(f"{npz}: {len(paths)} vocabularies are named, but a folder has those of a source and a target: name two, or one "
               "twice")
    sides = [read_vocabulary(path) for path in paths]
    if cutters:
        sides = [(pieces, SentencePiece(path)) for (pieces, _), path in zip(sides, cutters)]
    elif (sides[0][1] is None) != (sides[1][1] is None):
        refuse("one vocabulary is a SentencePiece model and one is not: cut the text of both sides, or of none")
    for path, (pieces, _) in zip(paths, sides):
        for piece in EOS, UNKNOWN:
            if piece not in pieces:
                refuse(f"{path} has no {piece}")
    return sides, sides[0][0] == sides[1][0]


def named(pieces, count):
    """As many pieces as the table has rows. What has no name, and a <pad> that is none of ours, get one that is in no text."""
    pieces = pieces[:count] + [""] * (count - len(pieces))
    return [piece if piece not in ("", PAD) else f"<unused {i}>" for i, piece in enumerate(pieces)]


def to_folder(npz, folder, vocabularies, cutters):
    theirs, options = read_npz(npz)
    shape = read_shape(options, npz)
    sides, one = read_sides(npz, vocabularies, cutters)
    left = dict(theirs)

    def take(name):
        if name not in theirs:
            refuse(f"{npz} has no {name}, which its options speak of")
        left.pop(name, None)
        return theirs[name]

    all_tied = flag(options, "tied-embeddings-all")
    shared = all_tied or flag(options, "tied-embeddings-src")
    tied = all_tied or flag(options, "tied-embeddings")
    source, target = ("Wemb", "Wemb") if shared else ("encoder_Wemb", "decoder_Wemb")
    pieces = [named(side[0], take(name).rows) for side, name in zip(sides, (source, target))]
    if shared and not one:
        refuse(f"{npz}: tied-embeddings-all gives both sides one table, but their vocabularies are not the same")
    pad = len(pieces[0]) if one else 2  # of both sides
    width = theirs[source].cols

    ours = {"model.shared.weight": take(source).with_row(pad, 0)} if shared else {
        "model.encoder.embed_tokens.weight": take(source).with_row(pad, 0),
        "model.decoder.embed_tokens.weight": take(target).with_row(pad, 0)}
    out = "decoder_ff_logit_out"
    if not tied:
        legacy = f"{out}_W" in theirs
        ours["lm_head.weight"] = (take(f"{out}_W").transposed() if legacy else take(f"{out}_Wt")).with_row(pad, 0)
    for name, marian in weights(shape):
        ours[name] = take(marian).transposed() if is_matrix(name) else take(marian)
        if name.endswith("v_proj.bias") and not shape.projection:
            ours[name.replace("v_proj.bias", "out_proj.weight")] = identity(width)
            ours[name.replace("v_proj", "out_proj")] = zeros(1, width)
    for name, marian in gates(shape):
        ours[f"{name}.weight"] = in_blocks(take(f"{marian}_Wi").transposed(), take(f"{marian}_Wf").transposed())
        both = take(f"{marian}_bi").values + take(f"{marian}_bf").values
        ours[f"{name}.bias"] = Tensor(1, len(both), both)
    bias = take(f"{out}_b") if f"{out}_b" in theirs else zeros(1, len(pieces[1]))
    cut = bias.values
    ours["final_logits_bias"] = Tensor(1, len(cut) + 1, cut[:pad] + array.array("f", [NEVER]) + cut[pad:])
    if left:
        refuse(f"{npz} also has {', '.join(sorted(left)[:5])}{' ...' if len(left) > 5 else ''}: no folder can hold that")

    for side in pieces:
        side.insert(pad, PAD)
    heads, ffn = int(options["transformer-heads"]), int(options["transformer-dim-ffn"])
    config = {
        "model_type": "dragoman",
        "vocab_size": len(pieces[0]), "decoder_vocab_size": len(pieces[1]),
        "share_encoder_decoder_embeddings": shared, "tie_word_embeddings": tied, "d_model": width,
        "encoder_layers": shape.encoder_layers, "decoder_layers": shape.decoder_layers,
        "encoder_attention_heads": heads, "decoder_attention_heads": heads, "encoder_ffn_dim": ffn,
        "decoder_ffn_dim": int(options.get("transformer-decoder-dim-ffn", 0)) or ffn,
        "activation_function": options.get("transformer-ffn-activation", "swish"), "scale_embedding": True,
        "norm": "rms" if shape.rms else "layer", "norm_place": "pre" if shape.pre else "post", "norm_epsilon": EPSILON,
        "positions": "timing", "decoder_autoreg": shape.autoreg,
        "decoder_start_token_id": pad, "eos_token_id": pieces[1].index(EOS), "pad_token_id": pad, "dtype": "float32",
        "dragoman": {"architecture": "transformer", "segmenter": "sentencepiece" if sides[0][1] else "space"}}
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", ours)
    names = ["vocab.json"] if one else ["vocab.json", "target_vocab.json"]
    for name, side in zip(names, pieces):
        (folder / name).write_text(json.dumps({piece: i for i, piece in enumerate(side)}, ensure_ascii=False, indent=0) + "\n",
                                   encoding="utf-8")
    for name, (_, model) in zip(("source.spm", "target.spm"), sides):
        if model:
            (folder / name).write_bytes(model.data)
    never = [pad, *(pieces[1].index(piece) for piece in NOT_WRITTEN if piece in pieces[1])]
    generation = {"bad_words_ids": [[piece] for piece in never], **search_of(npz)}
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=1) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def search_of(npz):
    """What marian-decoder does where model.npz.decoder.yml is its configuration."""
    path = beside(npz, ".decoder.yml")
    said = read_yaml(path.read_text(encoding="utf-8"), path) if path.exists() else {}
    beam, normalize = int(said.get("beam-size", 12)), float(said.get("normalize", 0))
    if beam < 1 or not 0 <= normalize < math.inf:
        refuse(f"{path}: beam-size {beam} with normalize {normalize} is no way to search")
    return {"num_beams": beam, "length_penalty": normalize, "early_stopping": False}


# ---- To Marian -------------------------------------------------------------------------------------------------------

# Keys whose other values are other models, as ONLY.
THEIRS = {
    "norm": (("layer", "rms"), "another norm"),
    "norm_place": (("post", "pre"), "norms in another place"),
    "activation_function": (("relu", "swish", "silu"), "an activation that Marian does not have: its gelu is x sigmoid(1.702 x)"),
    "scale_embedding": ((True,), "embeddings that are not scaled"),
    "experts": ((0,), "mixtures of experts"),
    "attention_window": ((0,), "attention to what is near"),
    "output_layer": (("softmax",), "another output"),
    "decoder_mask": (("causal",), "a decoder that sees all of a target"),
    "ahead": ((0,), "heads for later pieces"),
    "normalize_embedding": ((False,), "a norm on the embeddings"),
}


def shape_of_config(config, path):
    shape = Shape()
    kind = config.get("model_type")
    architecture = config.get("dragoman", {}).get("architecture", "transformer" if kind in ("marian", "pegasus") else None)
    if kind not in ("marian", "pegasus", "dragoman") or architecture != "transformer":
        refuse(f"{path}: a model of type {architecture or kind} is none that Marian's Transformer can be")
    for key, (values, means) in THEIRS.items():
        value = config.get(key, values[0])
        if value not in values:
            refuse(f"{path}: {key} is {json.dumps(value)}, which means {means}: Marian cannot say that")
    if config.get("positions", "sine") != "timing":
        refuse(f"{path}: positions is \"{config.get('positions', 'sine')}\", but the sines that Marian adds are those of "
               "dragoman train --positions timing: the longest is a little longer")
    for ours in "encoder_attention_heads", "decoder_attention_heads":
        if config[ours] != config["encoder_attention_heads"]:
            refuse(f"{path}: {ours} is {config[ours]}, but Marian has one transformer-heads for both sides")
    shape.pre = config.get("norm_place", "pre" if config.get("normalize_before") or kind == "pegasus" else "post") == "pre"
    shape.rms = config.get("norm") == "rms"
    shape.encoder_layers, shape.decoder_layers = config["encoder_layers"], config["decoder_layers"]
    shape.autoreg = config.get("decoder_autoreg", "self-attention")
    if shape.autoreg == "average-attention" and shape.pre:
        refuse(f"{path}: decoder_autoreg is average-attention, before whose mean the norm stands here, and behind it in Marian")
    epsilon = config.get("norm_epsilon", EPSILON if shape.rms else OURS)
    if abs(epsilon - EPSILON) > 1e-12:
        print(f"marian_npz.py: the norms of this model add {epsilon:g} to the variance, Marian's {EPSILON:g}: scores will differ "
              "in the fifth digit or so", file=sys.stderr)
    return shape


def from_folder(folder, npz):
    if not (folder / "config.json").exists():
        refuse(f"{folder} has no config.json, so it is not the folder of a model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape = shape_of_config(config, folder / "config.json")
    ours = read_safetensors(folder / "model.safetensors")
    pad, start = config["pad_token_id"], config["decoder_start_token_id"]
    shared, tied = config.get("share_encoder_decoder_embeddings", True), config.get("tie_word_embeddings", True)

    def take(name):
        if name not in ours:
            refuse(f"{folder}/model.safetensors has no {name}, which config.json speaks of")
        return ours[name]

    table = take("model.shared.weight" if shared else "model.decoder.embed_tokens.weight")
    if any(table.chosen([start]).values):
        refuse(f"{folder}: decoder_start_token_id is {start}, whose embedding is not zero, but Marian's decoder begins with "
               "zeros")
    rows = [i for i in range(table.rows) if i != pad]
    theirs = {}
    for name, marian in weights(shape):
        theirs[marian] = take(name).transposed() if is_matrix(name) else take(name)
    for name, marian in gates(shape):
        width, gate, bias = config["d_model"], take(f"{name}.weight"), take(f"{name}.bias").values
        for i, kind in enumerate("if"):
            if any(gate.part(i * width, (1 - i) * width, width, width).values):
                refuse(f"{folder}: the gates of average attention see both what was there and what was made of it, of which "
                       "Marian's see one each")
            theirs[f"{marian}_W{kind}"] = gate.part(i * width, i * width, width, width).transposed()
            theirs[f"{marian}_b{kind}"] = Tensor(1, width, bias[i * width:(i + 1) * width])
    if shared:
        theirs["Wemb"] = table.chosen(rows)
    else:
        encoder = take("model.encoder.embed_tokens.weight")
        theirs["encoder_Wemb"] = encoder.chosen([i for i in range(encoder.rows) if i != pad])
        theirs["decoder_Wemb"] = table.chosen(rows)
    if not tied:
        theirs["decoder_ff_logit_out_Wt"] = take("lm_head.weight").chosen(rows)
    bias = ours.get("final_logits_bias")
    theirs["decoder_ff_logit_out_b"] = bias.transposed().chosen(rows).transposed() if bias else zeros(1, len(rows))

    sizes = [theirs["Wemb" if shared else f"{side}_Wemb"].rows for side in ("encoder", "decoder")]
    write_npz(npz, theirs, marian_options(config, shape, sizes, shared, tied))
    write_decoder(folder, npz, write_vocabularies(folder, npz, pad))


def marian_options(config, shape, sizes, shared, tied):
    norm = "r" if shape.rms else "n"
    ffn, decoder = config["encoder_ffn_dim"], config["decoder_ffn_dim"]
    activation = {"silu": "swish"}.get(config["activation_function"], config["activation_function"])
    return {
        "type": "transformer", "dim-vocabs": sizes, "dim-emb": config["d_model"], "enc-depth": shape.encoder_layers,
        "dec-depth": shape.decoder_layers, "dec-cell": "ssru" if shape.autoreg == "ssru" else "gru", "skip": False,
        "layer-normalization": False, "right-left": False, "input-types": [], "special-vocab": [],
        "tied-embeddings": tied and not shared, "tied-embeddings-src": shared and not tied,
        "tied-embeddings-all": shared and tied,
        "transformer-heads": config["encoder_attention_heads"], "transformer-no-projection": False,
        "transformer-rnn-projection": False, "transformer-dim-ffn": ffn,
        "transformer-decoder-dim-ffn": 0 if decoder == ffn else decoder, "transformer-ffn-depth": 2,
        "transformer-decoder-ffn-depth": 0, "transformer-ffn-activation": activation, "transformer-dim-aan": decoder,
        "transformer-aan-depth": 2, "transformer-aan-activation": activation, "transformer-aan-nogate": False,
        "transformer-preprocess": norm if shape.pre else "", "transformer-postprocess": "da" if shape.pre else f"da{norm}",
        "transformer-postprocess-emb": "d", "transformer-postprocess-top": norm if shape.pre else "",
        "transformer-decoder-autoreg": {"ssru": "rnn"}.get(shape.autoreg, shape.autoreg), "transformer-tied-layers": [],
        "transformer-train-position-embeddings": False, "ulr": False, "output-omit-bias": False, "lemma-dim-emb": 0,
        "version": "v1.12.0"}


def write_vocabularies(folder, npz, pad):
    """The names of both sides' files."""
    separate = (folder / "target_vocab.json").exists()
    names, cut = [], True
    models = [folder / "source.spm", folder / "target.spm"]
    models = [SentencePiece(path) for path in models if path.exists()]
    sides = ["vocab.json", "target_vocab.json"] if separate else ["vocab.json"]
    for i, name in enumerate(sides):
        ids = json.loads((folder / name).read_text(encoding="utf-8"))
        pieces = [piece for piece, number in sorted(ids.items(), key=lambda item: item[1]) if number != pad]
        one = models and (separate or models[0].data == models[1].data)
        model = models[i].with_ids(pieces) if one else None
        path = beside(npz, f".{'target_' if i else ''}vocab.{'spm' if model else 'yml'}")
        cut = cut and bool(model)
        if model:
            path.write_bytes(model)
        else:
            write_vocabulary(path, pieces)
        names.append(path.name)
    if models and not cut:
        for name in "source.spm", "target.spm":
            shutil.copy(folder / name, beside(npz, f".{name}"))
        print(f"marian_npz.py: Marian is to read and write text in pieces: {npz.name}.source.spm and .target.spm, which are "
              "copies, cut it and join it", file=sys.stderr)
    return names if separate else names * 2


def write_decoder(folder, npz, vocabularies):
    path = folder / "generation_config.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    names = folder / ("target_vocab.json" if (folder / "target_vocab.json").exists() else "vocab.json")
    unknown = [json.loads(names.read_text(encoding="utf-8"))[UNKNOWN]]
    lines = ["relative-paths: true", "models:", f"  - {npz.name}", "vocabs:", *(f"  - {name}" for name in vocabularies),
             f"beam-size: {said.get('num_beams', 5)}", f"normalize: {said.get('length_penalty', 1)}",
             f"allow-unk: {as_yaml(unknown not in said.get('bad_words_ids', []))}", "max-length-factor: 3"]
    beside(npz, ".decoder.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, help="model.npz, or a folder")
    parser.add_argument("made", type=pathlib.Path, help="the folder to make, or the model.npz")
    parser.add_argument("--vocabs", type=pathlib.Path, nargs=2, metavar=("SOURCE", "TARGET"), help="Marian's vocabularies")
    parser.add_argument("--sentencepiece", type=pathlib.Path, nargs=2, metavar=("SOURCE", "TARGET"),
                        help="SentencePiece models that cut text for such vocabularies as are none")
    options = parser.parse_args()
    if (options.model.suffix == ".npz") == (options.made.suffix == ".npz"):
        parser.error("one of the two has to be a file model.npz, the other a folder")
    if not options.model.exists():
        refuse(f"there is no {options.model}")
    if options.made.exists():
        refuse(f"{options.made} is there already: name one that can be made")
    if options.model.is_dir() and (options.vocabs or options.sentencepiece):
        parser.error("a folder has vocabularies of its own")
    there = called_so(options.made)
    try:
        if options.model.is_dir():
            from_folder(options.model, options.made)
        else:
            to_folder(options.model, options.made, options.vocabs, options.sentencepiece)
    except BaseException as error:
        remove(called_so(options.made) - there)
        if isinstance(error, (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, struct.error)):
            refuse(f"{options.model} is not as such a model is written: {type(error).__name__}, {error}")
        raise


def called_so(path):
    """What is there of a model's files."""
    return {other for other in path.parent.iterdir() if other.name.startswith(path.name)}


def remove(half_made):
    for path in half_made:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    main()
