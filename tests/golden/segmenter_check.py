#!/usr/bin/env python3
"""What transformers' MarianTokenizer makes of each line of a text, for tests/text/segmenter_test.c to compare with.

    tests/golden/segmenter_check.py FOLDER TEXT > EXPECTED     one JSON object a line: text, source, target, decoded

The committed tests/golden/segmenter.jsonl was made so of tests/golden/segmenter.txt and the folder that the test
trains, which SEGMENTER_COPY=FOLDER test_text_segmenter leaves in an existing folder. Any other model folder and text:

    SEGMENTER_FOLDER=FOLDER SEGMENTER_EXPECTED=EXPECTED test_text_segmenter

Needs transformers and sentencepiece. Lines that spell </s>, <unk> or <pad> are left out: MarianTokenizer takes them for
the pieces themselves, Dragoman for text.
"""
import json
import sys
import warnings

warnings.filterwarnings('ignore', message='Recommended: pip install sacremoses')
from transformers import MarianTokenizer

folder, text = sys.argv[1:]
tokenizer = MarianTokenizer.from_pretrained(folder)
for line in open(text, encoding='utf-8', newline='\n'):
    line = line.rstrip('\n')
    if any(special in line for special in ('</s>', '<unk>', '<pad>')):
        continue
    source, target = tokenizer(line).input_ids, tokenizer(text_target=line).input_ids
    decoded = tokenizer.decode(target, skip_special_tokens=True)
    print(json.dumps({'text': line, 'source': source, 'target': target, 'decoded': decoded}, ensure_ascii=False))
