#!/usr/bin/env python3
"""Tokens added to the tokenizer of a folder, and what transformers makes of text with them.

    tests/golden/added_tokens.py FOLDER     writes tests/golden/added_tokens; FOLDER as for segmenter_check.py

new has the files that transformers 5.24 writes, old those of transformers 4.25 (text and id alone, and what is special
by another file). expected.jsonl is as segmenter_check.py writes it.
"""
import json
import pathlib
import shutil
import sys
import tempfile
import warnings

warnings.filterwarnings('ignore', message='Recommended: pip install sacremoses')
from transformers import AddedToken, MarianTokenizer

TEXTS = ['I love <name> and China', '<name>', ' <name>  <sep> I ', '<sep>机器<name>学习', 'NEWTOKNEWTOK2 NEWTOK2',
         'NEWTOKNEWTO', 'a word, swordy word wordword word', 'word', 'left  strip  right', 'strip', '>>deu<< <name> >>deu<<',
         '<name>>>deu<< China', '麟我们麟', 'love', 'I lovely love', '<sep><sep>', '', 'word<name>word strip word strip',
         'China\t strip 　China', 'strip word']
here = pathlib.Path(__file__).parent / 'added_tokens'


def expect(folder, to):
    tokenizer = MarianTokenizer.from_pretrained(folder)
    with open(to / 'expected.jsonl', 'w', encoding='utf-8') as file:
        for text in TEXTS:
            source, target = tokenizer(text).input_ids, tokenizer(text_target=text).input_ids
            decoded = tokenizer.decode(target, skip_special_tokens=True)
            print(json.dumps({'text': text, 'source': source, 'target': target, 'decoded': decoded},
                             ensure_ascii=False), file=file)


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch) / 'folder'
    shutil.copytree(sys.argv[1], folder)
    tokenizer = MarianTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(['<name>', '麟', 'NEWTOK', 'NEWTOK2'])
    tokenizer.add_special_tokens({'additional_special_tokens': ['<sep>']})
    tokenizer.add_tokens([AddedToken('word', single_word=True), AddedToken('strip', lstrip=True, rstrip=True)])
    tokenizer.save_pretrained(folder)
    for name in 'new', 'old':
        (here / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / 'tokenizer_config.json', here / 'new')
    expect(folder, here / 'new')

    settings = json.loads((folder / 'tokenizer_config.json').read_text(encoding='utf-8'))
    for key in 'added_tokens_decoder', 'extra_special_tokens':
        settings.pop(key)
    special = {'additional_special_tokens': ['<sep>'], 'eos_token': '</s>', 'unk_token': '<unk>', 'pad_token': '<pad>'}
    (folder / 'tokenizer_config.json').write_text(json.dumps(settings), encoding='utf-8')
    (folder / 'special_tokens_map.json').write_text(json.dumps(special), encoding='utf-8')
    for name in 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json':
        shutil.copy(folder / name, here / 'old')
    expect(folder, here / 'old')
