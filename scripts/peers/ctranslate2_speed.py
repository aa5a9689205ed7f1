#!/usr/bin/env python3
"""How fast CTranslate2 translates with a MarianMT folder, or goes on with a text with one of GPT-2. Prints one JSON object.

  ctranslate2_speed.py convert --model DIR --to DIR
  ctranslate2_speed.py start --converted DIR --model DIR [options]
  ctranslate2_speed.py run --converted DIR --model DIR (--input FILE | --made-up N) [options]
  ctranslate2_speed.py generate --converted DIR --model DIR --made-up N --length N [options]

convert makes CTranslate2's own folder of the very folder that dragoman reads. start opens that a few times, without the
time that Python takes to begin and to find the library. run loads it, translates a part to warm
up and then everything once, and counts target tokens a second, end of sentence counted, as dragoman bench does. A
folder with source.spm has FILE cut by SentencePiece, outside the measured time; without it FILE holds pieces with
spaces between them. --made-up is for random weights: N sentences, and every translation gets the mean length of
dragoman bench's. generate goes on with N texts, greedily, each from one piece to --length of them.
"""
import argparse
import json
import os
import statistics
import time

import made_up

WARM_UP = 32  # sentences
STARTS = 9


class Pieces:
    """All of a tokenizer that the converter asks for, for folders that have a vocabulary but no SentencePiece."""

    eos_token, unk_token, bos_token, pad_token = "</s>", "<unk>", "</s>", "<pad>"

    def __init__(self, folder):
        with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as file:
            self.ids = json.load(file)
        self.names = {number: piece for piece, number in self.ids.items()}

    def get_vocab(self):
        return self.ids

    def convert_ids_to_tokens(self, numbers):
        return self.names[numbers] if isinstance(numbers, int) else [self.names[n] for n in numbers]


def convert(options):
    import transformers
    from ctranslate2.converters import TransformersConverter

    if not os.path.exists(os.path.join(options.model, "source.spm")):
        transformers.AutoTokenizer.from_pretrained = staticmethod(lambda folder, **_: Pieces(folder))
    TransformersConverter(options.model).convert(options.to, force=True)


def read(options):
    """Pieces of each sentence, and what makes text of pieces."""
    if options.made_up:
        with open(os.path.join(options.model, "vocab.json"), encoding="utf-8") as file:
            names = {number: piece for piece, number in json.load(file).items()}
        return [[names[i] for i in source] for source, _ in made_up.pairs(options.made_up, len(names))], " ".join
    with open(options.input, encoding="utf-8") as file:
        lines = file.read().splitlines()
    source, target = (os.path.join(options.model, side + ".spm") for side in ("source", "target"))
    if not os.path.exists(source):
        return [line.split() + ["</s>"] for line in lines], " ".join
    import sentencepiece

    cut = sentencepiece.SentencePieceProcessor(model_file=source)
    join = sentencepiece.SentencePieceProcessor(model_file=target)
    return [cut.encode(line, out_type=str) + ["</s>"] for line in lines], join.decode_pieces


def peak_memory():
    with open("/proc/self/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def open_translator(options, kind="Translator"):
    import ctranslate2

    return getattr(ctranslate2, kind)(options.converted, "cpu", compute_type=options.compute, intra_threads=options.intra,
                                      inter_threads=options.inter)


def start(options):
    import ctranslate2

    milliseconds = []
    for _ in range(STARTS):
        began = time.perf_counter()
        translator = open_translator(options)
        milliseconds.append(1000 * (time.perf_counter() - began))
        compute = translator.compute_type
        del translator
    print(json.dumps({"peer": "CTranslate2 " + ctranslate2.__version__, "compute": compute,
                      "start_ms": statistics.median(milliseconds), "peak_memory_bytes": peak_memory()}))


def generate(options):
    import ctranslate2

    generator = open_translator(options, "Generator")
    starts = [["w2"]] * options.made_up
    how = {"max_length": options.length - 1, "min_length": options.length - 1, "include_prompt_in_result": False,
           "max_batch_size": options.batch}
    generator.generate_batch(starts[: options.batch], **how)
    began = time.perf_counter()
    results = generator.generate_batch(starts, **how)
    seconds = time.perf_counter() - began
    tokens = sum(len(result.sequences_ids[0]) for result in results)
    print(json.dumps({"peer": "CTranslate2 " + ctranslate2.__version__, "compute": generator.compute_type,
                      "batch": options.batch, "intra": options.intra, "inter": options.inter, "target_tokens": tokens,
                      "target_tokens_per_second": {"median": tokens / seconds}, "peak_memory_bytes": peak_memory()}))


def run(options):
    import ctranslate2

    translator = open_translator(options)
    text, join = read(options)
    how = {"beam_size": options.beam_size, "max_batch_size": options.batch or -(-len(text) // options.inter)}
    if options.made_up:
        how.update(min_decoding_length=made_up.MEAN_LENGTH, max_decoding_length=made_up.MEAN_LENGTH)
    translator.translate_batch(text[:WARM_UP], **how)
    results, milliseconds = [], []
    start = time.perf_counter()
    for part in ([sentence] for sentence in text) if options.latency else [text]:
        began = time.perf_counter()
        results += translator.translate_batch(part, **how)
        milliseconds.append(1000 * (time.perf_counter() - began))
    seconds = time.perf_counter() - start
    ends = 0 if options.made_up else len(results)  # a translation that is cut at its length has no end of sentence
    tokens = ends + sum(len(result.hypotheses[0]) for result in results)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.writelines(join(result.hypotheses[0]) + "\n" for result in results)
    figures = {"peer": "CTranslate2 " + ctranslate2.__version__, "compute": translator.compute_type,
               "beam_size": options.beam_size, "batch": options.batch, "intra": options.intra, "inter": options.inter,
               "sentences": len(text), "target_tokens": tokens,
               "target_tokens_per_second": {"median": tokens / seconds}, "peak_memory_bytes": peak_memory()}
    if options.latency:
        figures["latency_ms"] = {"median": statistics.median(milliseconds),
                                 "p99": statistics.quantiles(milliseconds, n=100, method="inclusive")[98]}
    print(json.dumps(figures))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["convert", "start", "run", "generate"])
    parser.add_argument("--model", required=True, help="folder of transformers")
    parser.add_argument("--to", help="the folder to make of it")
    parser.add_argument("--converted", help="the folder that convert made")
    parser.add_argument("--input")
    parser.add_argument("--made-up", type=int, metavar="N", help="sentences instead of --input")
    parser.add_argument("--length", type=int, help="generate: pieces of a text, the first of which is there")
    parser.add_argument("--output", help="write the translations there")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--compute", default="float32", help="float32, int8, bfloat16 ...")
    parser.add_argument("--intra", type=int, default=1, help="threads of a batch")
    parser.add_argument("--inter", type=int, default=1, help="batches at a time")
    parser.add_argument("--batch", type=int, default=32, help="sentences; 0: all, in as many parts as --inter says")
    parser.add_argument("--latency", action="store_true", help="one sentence after the other")
    options = parser.parse_args()
    {"convert": convert, "start": start, "run": run, "generate": generate}[options.what](options)


if __name__ == "__main__":
    main()
