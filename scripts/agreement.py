#!/usr/bin/env python3
"""Shows that transformers and CTranslate2 translate with a model folder as dragoman does: greedy search, line by line. With
one that has learnt from text alone, lines are beginnings that all of them go on with; of one that has learnt labels, the
labels of words or of lines.

  scripts/agreement.py FOLDER SOURCE_FILE [--dragoman build/dragoman]
  scripts/agreement.py FOLDER SOURCE_FILE --random LlamaForCausalLM

The second makes FOLDER first, by transformers: a small model of that class with random weights, and a tokenizer that has
learnt its pieces from the file. So it is seen whether a folder that somebody else has made opens here.

Of a folder with heads that look ahead (train --ahead-form chain), transformers drafts too, by generate(use_mtp=True), and the
passes of either are compared line by line: they are as many where all guesses are the same.

Prints how many lines agree and the first ones that do not. A line that differs is explained where transformers, too,
comes to dragoman's translation once it takes the second-best piece at steps where the two best are closer than 1e-4 in
log-probability. Exit status 0: all lines agree or are explained; 1 otherwise.

It runs with the Python of .venv in this project's folder, where there is one; what has to be in it, it says.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

NEAR_TIE = 1e-4
BATCH = 32
MOST_VARIANTS = 32
ENOUGH = 10
GENERATED = 100  # pieces that dragoman generate writes by default

DECODER = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
               max_position_embeddings=512, initializer_range=0.3)
LABELS = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, initializer_range=0.3)
RANDOM = {
    "GPT2LMHeadModel": dict(n_embd=64, n_layer=2, n_head=4, n_positions=512, initializer_range=0.3),
    "LlamaForCausalLM": DECODER,
    "MixtralForCausalLM": dict(DECODER, num_local_experts=4, num_experts_per_tok=2),
    "Glm4MoeForCausalLM": dict(
        DECODER, moe_intermediate_size=48, n_routed_experts=5, num_experts_per_tok=3, n_shared_experts=2, head_dim=16,
        first_k_dense_replace=0, num_mtp_layers=0,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}),
    "MegatronBertForTokenClassification": dict(LABELS, num_labels=7),
    "MegatronBertForSequenceClassification": dict(LABELS, num_labels=5),
}

try:
    import ctranslate2
    import torch
    import tokenizers
    import transformers
    import sentencepiece  # noqa: F401 (MarianTokenizer asks for it)
except ImportError as missing:
    root = pathlib.Path(__file__).resolve().parent.parent
    python = root / ".venv" / "bin" / "python"
    if python.exists() and pathlib.Path(sys.prefix) != root / ".venv":
        os.execv(python, [str(python), *sys.argv])
    sys.exit(f"agreement.py: {missing.name} is missing. Install what this script needs into a virtual environment (on "
             "Debian, python3 -m venv needs the package python3-venv), then give the same command again:\n"
             f"    python3 -m venv {root / '.venv'}\n"
             f"    {root / '.venv'}/bin/pip install torch transformers ctranslate2 sentencepiece")


def make_random(folder, class_name, lines):
    """Saves a model and a tokenizer as somebody would who has trained them. Labels begin with a piece of their own, as BERT
    has it; a text begins with the piece that ends one, as GPT-2's do."""
    labels = class_name.startswith("Megatron")
    words = tokenizers.Tokenizer(tokenizers.models.Unigram())
    words.pre_tokenizer, words.decoder = tokenizers.pre_tokenizers.Metaspace(), tokenizers.decoders.Metaspace()
    specials = ["</s>", "<unk>", "<pad>", "<s>"]
    words.train_from_iterator(lines, tokenizers.trainers.UnigramTrainer(
        vocab_size=400, special_tokens=specials, unk_token="<unk>", show_progress=False))
    eos, _, pad, bos = [words.token_to_id(piece) for piece in specials]
    words.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>" if labels else "</s> $A", special_tokens=[("</s>", eos), ("<s>", bos)])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="</s>", unk_token="<unk>", pad_token="<pad>", bos_token="<s>" if labels else "</s>",
    ).save_pretrained(folder)
    torch.manual_seed(1)
    kind = getattr(transformers, class_name)
    model = kind(kind.config_class(vocab_size=words.get_vocab_size(), eos_token_id=eos, pad_token_id=pad,
                                   bos_token_id=bos if labels else eos, **RANDOM[class_name]))
    model.save_pretrained(folder)


class SentencePieces:
    """A folder with source.spm and target.spm."""

    def __init__(self, folder):
        self.tokenizer = transformers.MarianTokenizer.from_pretrained(folder)
        self.separate = self.tokenizer.separate_vocabs

    def pieces(self, line):
        return self.tokenizer.tokenize(line) + [self.tokenizer.eos_token]

    def ids(self, line):
        return self.tokenizer(line).input_ids

    def text(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def text_of_pieces(self, pieces):
        return self.tokenizer.spm_target.decode_pieces(pieces).strip()


class Words:
    """A folder without SentencePiece models: pieces stand between spaces, `@@` at an end joins. By tokenizer.json
    AutoTokenizer and CTranslate2's converter open it; where it is missing, the converter is left out."""

    def __init__(self, folder):
        self.separate = not (folder / "tokenizer.json").exists()
        if not self.separate:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self.piece = {i: piece for piece, i in self.vocabulary.items()}

    def ids(self, line):
        if not self.separate:
            return self.tokenizer(line).input_ids
        unknown, end = self.vocabulary["<unk>"], self.vocabulary["</s>"]
        return [self.vocabulary.get(piece, unknown) for piece in line.split()] + [end]

    def pieces(self, line):
        return [self.piece[i] for i in self.ids(line)]

    def text(self, ids):
        return self.text_of_pieces([self.piece[i] for i in ids if self.piece[i] not in ("</s>", "<pad>")])

    def text_of_pieces(self, pieces):
        return (" ".join(pieces) + " ").replace("@@ ", "").rstrip()


class Prompts:
    """A folder of a decoder alone, which AutoTokenizer opens: a line becomes what its translation goes on from."""

    separate = False

    def __init__(self, folder):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def ids(self, line):
        return self.tokenizer(line).input_ids

    def pieces(self, line):
        return self.tokenizer.convert_ids_to_tokens(self.ids(line))

    def text(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()

    def text_of_pieces(self, pieces):
        return self.text(self.tokenizer.convert_tokens_to_ids(pieces))


class Labelled(list):
    """Ids of a line, and which of them its labels are of."""


class Labels:
    """A folder that says labels, which AutoTokenizer opens: of each word, which blanks separate, at its first piece, or of
    the line, at its first one."""

    separate = False

    def __init__(self, folder, words):
        self.tokenizer, self.words = transformers.AutoTokenizer.from_pretrained(folder), words

    def ids(self, line):
        if not self.words:
            ids = Labelled(self.tokenizer(line).input_ids)
            ids.places = [0]
            return ids
        words = [word for word in re.split("[ \t\n\v\f\r]+", line) if word]
        encoding = self.tokenizer(words, is_split_into_words=True)
        ids, of = Labelled(encoding.input_ids), encoding.word_ids()
        if set(range(len(words))) - set(of):
            sys.exit(f"agreement.py: the tokenizer leaves nothing of one of the words of: {line}")
        ids.places = [of.index(word) for word in range(len(words))]
        return ids


def read_lines(path):
    text = path.read_text(encoding="utf-8-sig")
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


def by_dragoman(program, folder, source, text, labels):
    command = [program, "generate" if text else "translate", "--model", folder, "--input", source,
               *([] if labels else ["--beam-size", "1"])]
    output = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if output.returncode:
        sys.exit(f"agreement.py: {' '.join(map(str, command))} failed with exit status {output.returncode}")
    return output.stdout.removesuffix("\n").split("\n")


class Transformers:
    kind = transformers.AutoModelForSeq2SeqLM
    around = 0  # pieces of what is read that are not of the source and its end

    def __init__(self, folder, segmenter):
        self.model = self.kind.from_pretrained(folder, dtype=torch.float32).eval()
        self.segmenter = segmenter
        settings = self.model.generation_config
        self.start, self.eos, self.pad = settings.decoder_start_token_id, settings.eos_token_id, settings.pad_token_id
        self.never = [word[0] for word in settings.bad_words_ids or []] + [self.pad]
        self.most = settings.max_new_tokens or settings.max_length or 512
        settings.max_length = None
        settings.forced_eos_token_id = None  # dragoman ends a translation at the limit as it is

    def limit(self, source):
        """How many pieces dragoman allows by default, end of sentence counted: --max-length-factor 3."""
        return min(3 * (len(source) - self.around) + 10, self.most)

    def cut(self, ids, source):
        ids = [i for i in ids[:self.limit(source)] if i != self.pad]
        return ids[:ids.index(self.eos)] if self.eos in ids else ids

    def written(self, ids, source):
        return self.segmenter.text(self.cut(ids, source))

    @torch.inference_mode()
    def greedy(self, sources):
        length = max(map(len, sources))
        batch = torch.tensor([source + [self.pad] * (length - len(source)) for source in sources])
        mask = torch.tensor([[1] * len(source) + [0] * (length - len(source)) for source in sources])
        out = self.model.generate(input_ids=batch, attention_mask=mask, num_beams=1, do_sample=False,
                                  max_new_tokens=max(map(self.limit, sources)))
        return [self.written(ids[1:], source) for ids, source in zip(out.tolist(), sources)]

    def scores(self, source, ids):
        """Logits of what comes behind these ids."""
        return self.model(input_ids=torch.tensor([source]),
                          decoder_input_ids=torch.tensor([[self.start] + ids])).logits[0, -1]

    @torch.inference_mode()
    def variants(self, source):
        """All texts that greedy search may give where a near tie may fall either way."""
        texts, open_ones = set(), [[]]
        while open_ones and len(texts) < MOST_VARIANTS:
            ids = open_ones.pop()
            while len(ids) < self.limit(source) and self.eos not in ids:
                scores = torch.log_softmax(self.scores(source, ids).double(), dim=-1)
                scores[self.never] = -torch.inf
                (best, second), (first, other) = (t.tolist() for t in torch.topk(scores, 2))
                if best - second < NEAR_TIE:
                    open_ones.append(ids + [other])
                ids = ids + [first]
            texts.add(self.written(ids, source))
        return texts


def name_heads(folder):
    """Tells transformers which layers of the file are heads, which it knows of released models alone."""
    config = transformers.AutoConfig.from_pretrained(folder)
    first, heads = config.num_hidden_layers, getattr(config, "num_mtp_layers", None) or 0
    if heads:
        kind = transformers.AutoModelForCausalLM._model_mapping[type(config)]
        kind._keys_to_ignore_on_load_unexpected = [rf"model\.layers\.{first + k}\..*" for k in range(heads)]


class Decoder(Transformers):
    kind = transformers.AutoModelForCausalLM
    around = 1  # what it begins with

    def __init__(self, folder, segmenter, text):
        name_heads(folder)
        super().__init__(folder, segmenter)
        self.goes_on = text  # with what it reads, which is written too
        self.heads = getattr(self.model.config, "num_mtp_layers", None) or 0

    def limit(self, source):
        return min(GENERATED, self.most) if self.goes_on else super().limit(source)

    def written(self, ids, source):
        return self.segmenter.text((source if self.goes_on else []) + self.cut(ids, source))

    @torch.inference_mode()
    def greedy(self, sources):
        length = max(map(len, sources))
        batch = torch.tensor([[self.pad] * (length - len(source)) + source for source in sources])
        mask = torch.tensor([[0] * (length - len(source)) + [1] * len(source) for source in sources])
        out = self.model.generate(input_ids=batch, attention_mask=mask, num_beams=1, do_sample=False,
                                  bad_words_ids=[[self.pad]],  # which dragoman never writes, whatever the folder says
                                  max_new_tokens=max(map(self.limit, sources)))
        return [self.written(ids[length:], source) for ids, source in zip(out.tolist(), sources)]

    @torch.inference_mode()
    def drafted(self, source):
        """Greedy search by drafts, and passes of the model."""
        passes, limit = 0, self.limit(source)

        def count(*_):
            nonlocal passes
            passes += 1

        hook = self.model.get_decoder().register_forward_hook(count)
        out = self.model.generate(input_ids=torch.tensor([source]), num_beams=1, do_sample=False, bad_words_ids=[[self.pad]],
                                  max_new_tokens=limit, use_mtp=True)
        hook.remove()
        return self.written(out[0, len(source):].tolist(), source), passes

    def scores(self, source, ids):
        return self.model(input_ids=torch.tensor([source + ids])).logits[0, -1]


class Labeller:
    """What transformers says of the places of a line."""

    def __init__(self, folder, words):
        kind = transformers.AutoModelForTokenClassification if words else transformers.AutoModelForSequenceClassification
        self.model, self.words = kind.from_pretrained(folder, dtype=torch.float32).eval(), words
        self.names, self.pad = self.model.config.id2label, self.model.config.pad_token_id

    @torch.inference_mode()
    def scores(self, sources):
        """[labels of the line, labels], of each line."""
        length = max(map(len, sources))
        batch = torch.tensor([source + [self.pad] * (length - len(source)) for source in sources])
        mask = torch.tensor([[1] * len(source) + [0] * (length - len(source)) for source in sources])
        logits = self.model(input_ids=batch, attention_mask=mask).logits
        return [found[source.places] if self.words else found[None] for found, source in zip(logits, sources)]

    def greedy(self, sources):
        return [" ".join(self.names[i] for i in scores.argmax(-1).tolist()) for scores in self.scores(sources)]

    def variants(self, source):
        texts = [[]]
        for scores in torch.log_softmax(self.scores([source])[0].double(), dim=-1):
            near = [self.names[i] for i, score in enumerate(scores.tolist()) if scores.max() - score < NEAR_TIE]
            texts = [text + [name] for text in texts for name in near][:MOST_VARIANTS]
        return {" ".join(text) for text in texts}


def by_ctranslate2(folder, lines, segmenter, limits):
    with tempfile.TemporaryDirectory() as scratch:
        converted = pathlib.Path(scratch) / "model"
        ctranslate2.converters.TransformersConverter(str(folder)).convert(str(converted))
        translator = ctranslate2.Translator(str(converted), compute_type="float32")
        results = translator.translate_batch([segmenter.pieces(line) for line in lines], beam_size=1,
                                             max_batch_size=BATCH, max_decoding_length=max(limits), max_input_length=0)
    return [segmenter.text_of_pieces(result.hypotheses[0][:limit]) for result, limit in zip(results, limits)]


def decoder_by_ctranslate2(folder, lines, segmenter, limits, text):
    with tempfile.TemporaryDirectory() as scratch:
        converted = pathlib.Path(scratch) / "model"
        ctranslate2.converters.TransformersConverter(str(folder)).convert(str(converted))
        generator = ctranslate2.Generator(str(converted), compute_type="float32")
        texts = []
        for line, limit in zip(lines, limits):
            found = generator.generate_batch([segmenter.pieces(line)], beam_size=1, max_length=limit,
                                             suppress_sequences=[["<pad>"]], include_prompt_in_result=False)
            texts.append(segmenter.text_of_pieces((segmenter.pieces(line) if text else []) + found[0].sequences[0]))
    return texts


def compare_drafts(program, folder, path, kept, peer, sources, theirs):
    """Drafts by heads of the model: the text is that without drafts, and passes are as many. One line may differ by a near
    tie of two guesses."""
    command = [program, "generate" if peer.goes_on else "translate", "--model", folder, "--input", path, "--json", "--draft",
               "self", "--draft-length", str(peer.heads), *([] if peer.goes_on else ["--beam-size", "1"])]
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", check=True).stdout
    lines = output.removesuffix("\n").split("\n")
    ours = [json.loads(lines[i])["passes"] for i in kept]
    drafted = [peer.drafted(source) for source in sources]
    same_text = sum(text == their for (text, _), their in zip(drafted, theirs))
    same_passes = sum(passes == our for (_, passes), our in zip(drafted, ours))
    print(f"transformers by use_mtp: {same_text} of {len(theirs)} lines as without it; as many passes as dragoman in "
          f"{same_passes}, {sum(passes for _, passes in drafted)} and {sum(ours)} in all")
    return same_text == len(theirs) and same_passes >= len(theirs) - max(1, len(theirs) // 50)


def compare(name, theirs, ours, lines, explain, show):
    """Prints one comparison; returns whether all lines agree or are explained."""
    different = [i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b]
    unexplained = []
    for i in different:  # once several have no explanation the question is settled, and each takes a second
        if len(unexplained) >= ENOUGH or not {ours[i], theirs[i]} <= explain(i):
            unexplained.append(i)
    print(f"{name}: {len(lines) - len(different)} of {len(lines)} lines agree"
          + (f", {len(different) - len(unexplained)} of the others by a near tie" if different else ""))
    for i in different[:show]:
        print(f"  line {i + 1}{'' if i in unexplained else ' (near tie)'}: {lines[i]}")
        print(f"    dragoman: {ours[i]}\n    {name}: {theirs[i]}")
    return not unexplained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="a model folder")
    parser.add_argument("source", type=pathlib.Path, help="sentences, one a line")
    parser.add_argument("--dragoman", default="build/dragoman", metavar="PATH", help="the command (build/dragoman)")
    parser.add_argument("--random", choices=RANDOM, metavar="CLASS", help=f"make the folder first: {', '.join(RANDOM)}")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="differences that are printed (5)")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
    transformers.utils.logging.disable_progress_bar()

    if args.random:
        if args.folder.exists():
            sys.exit(f"agreement.py: {args.folder} is there already: name a folder that --random can make")
        make_random(args.folder, args.random, read_lines(args.source))
    config = json.loads((args.folder / "config.json").read_text(encoding="utf-8"))
    kind, alone = config["model_type"], config["model_type"] in ("gpt2", "llama", "mixtral", "glm4_moe")
    text = alone and config.get("dragoman", {}).get("examples", "text") == "text"
    labels, words = kind == "megatron-bert", config.get("architectures") == ["MegatronBertForTokenClassification"]
    lines, ours = read_lines(args.source), by_dragoman(args.dragoman, args.folder, args.source, text, labels)
    if len(lines) != len(ours):
        sys.exit(f"agreement.py: {args.source} has {len(lines)} lines, but dragoman wrote {len(ours)}")
    for i in [i for i, line in enumerate(lines) if not line.strip()]:
        if ours[i]:
            sys.exit(f"agreement.py: line {i + 1} is empty, but dragoman wrote: {ours[i]}")
    kept = [i for i, line in enumerate(lines) if line.strip()]  # an empty line stays empty, which is dragoman's own affair
    lines, ours = [lines[i] for i in kept], [ours[i] for i in kept]
    if not lines:
        sys.exit(f"agreement.py: {args.source} has no sentences")

    whole = Prompts if alone else SentencePieces if (args.folder / "source.spm").exists() else Words
    segmenter = Labels(args.folder, words) if labels else whole(args.folder)
    peer = Labeller(args.folder, words) if labels else \
        Decoder(args.folder, segmenter, text) if alone else Transformers(args.folder, segmenter)
    sources = [segmenter.ids(line) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: len(sources[i]))
    theirs = [""] * len(lines)
    for at in range(0, len(order), BATCH):
        chosen = order[at:at + BATCH]
        for i, text in zip(chosen, peer.greedy([sources[i] for i in chosen])):
            theirs[i] = text

    known = {}

    def explain(i):
        if i not in known:
            known[i] = peer.variants(sources[i])
        return known[i]

    good = compare(f"transformers {transformers.__version__}", theirs, ours, lines, explain, args.show)
    if alone and peer.heads:
        good = compare_drafts(args.dragoman, args.folder, args.source, kept, peer, sources, theirs) and good
    if segmenter.separate:
        print("CTranslate2: left out, its converter knows only one vocabulary, and a tokenizer with it")
    elif kind in ("mixtral", "glm4_moe", "megatron-bert"):
        print(f"CTranslate2: left out, its converter does not know {kind}")
    else:
        limits = [peer.limit(source) for source in sources]
        theirs = decoder_by_ctranslate2(args.folder, lines, segmenter, limits, text) if alone else \
            by_ctranslate2(args.folder, lines, segmenter, limits)
        good = compare(f"CTranslate2 {ctranslate2.__version__}", theirs, ours, lines, explain, args.show) and good
    sys.exit(0 if good else 1)


main()
