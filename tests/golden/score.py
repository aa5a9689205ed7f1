#!/usr/bin/env python3
"""Writes tests/golden/score.json: what sacreBLEU 2.6 makes of lines that are hard to tokenize and hard to count.

    tests/golden/score.py > tests/golden/score.json
"""
import json
import sys

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.bleu import _get_tokenizer

TOKENIZERS = ["13a", "none", "zh", "char", "intl"]

WHITE = [c for c in map(chr, range(sys.maxunicode)) if c.isspace()]

def numbers(first, end):
    return [f"w{i}" for i in range(first, end)]


# name, hypotheses, references (a list of lines each; a line may be a list of words)
CASES = [
    ("plain", ["the cat sat on the mat .", "A man is riding a horse."],
     [["the cat was on the mat .", "A man rides a brown horse."]]),
    ("equal", ["the cat sat on the mat .", "He said: \"no\"."], [["the cat sat on the mat .", "He said: \"no\"."]]),
    ("empty lines", ["", "the cat sat on the mat", "", "here are five words now"],
     [["", "the cat sat on the mat", "something", ""]]),
    ("empty hypotheses", ["", "  "], [["the cat", "a dog"]]),
    ("all empty", ["", ""], [["", " "]]),
    ("no word in common", ["a b c d e", "f g"], [["h i j k l", "m n"]]),
    ("nothing beyond single words", ["a x b y c z", "d d"], [["c b a", "d"]]),
    ("two orders without a match", ["a b x c d y", "e"], [["a b c d", "e f g h"]]),
    ("one-word lines", ["yes", "no", "Hello"], [["yes", "no", "hello"]]),
    ("three words at most", ["one two three", "four five"], [["one two three", "four six"]]),
    ("short", ["the cat"], [["the cat sat on the mat and did not move for a long time"]]),
    ("repeated words", ["the the the the the the the", "a a b b a a"],
     [["the cat is on the mat", "a a b a a"], ["there is a cat on the mat", "a b b a"]]),
    ("references with ties", ["a b c d e", "a b c d e f", "x y z w"],
     [["a b c d", "a b c d", "x y z"], ["a b c d e f", "a b c d e f g h", "x y z w v"], ["a b c", "q", ""]]),
    ("no reference matches a line", ["abc", "the cat sat"], [["xyz", "the cat was"], ["uvwxyzuvwxyz", "a cat"]]),
    ("entities", ["&quot;Yes&quot; &amp; no", "&amp;lt; 3 &gt; 2 &apos;", "AT&T &amp;quot; <skipped>x"],
     [["\"Yes\" & no", "&lt; 3 > 2 '", "AT&T &quot; x"]]),
    ("newlines inside", ["hyphen-\nated words\nhere", "one\ntwo"], [["hyphenated words here", "one two"]]),
    ("numbers", ["It cost 1,234.56 euros, or 3.5.", "1990-2000: 5-year -7 .5 5. 7,a a,7", "... ,, .,. 1..2 3,,4"],
     [["It cost 1,234.56 euros or 3.5", "1990 - 2000: 5 - year - 7 .5 5 . 7 , a a , 7", "... ,, . 1..2 3 , , 4"]]),
    ("symbols", ["a/b\\c {d} [e] ^f_ `g~ h@i #j $5 %6 k's l=m+n*o|p",
                 "«quoted» “smart” ‘quotes’ – dash — … €5 №6 §7 ½²Ⅷ"],
     [["a / b \\ c { d } [ e ] ^ f _ ` g ~ h @ i # j $ 5 % 6 k's l = m",
       "« quoted » “ smart ” ‘ quotes ’ - dash — …"]]),
    ("Chinese", ["我爱中国。", "机器学习ABC很3.5有意思，对吗？", "他说：“好！”——然后走了…", "𠀀𪛖﨑龻龼㐀䶵䶶〇々"],
     [["我爱中国。", "机器学习 ABC 非常有意思,对吗?", "他说:“好。”——走了…", "𠀀 𪛖 﨑龻龼㐀䶵䶶〇々"]]),
    ("Japanese and Korean", ["カタカナとｶﾅ、ひらがな。", "한글은 아름답다."], [["カタカナと ｶﾅ、ひらがな", "한글은 정말 아름답다 ."]]),
    ("right to left", ["مرحبا، كيف حالك؟ ٣٫٥", "שלום, עולם!"], [["مرحبا كيف حالك ؟ ٣٫٥", "שלום עולם!"]]),
    ("Indic", ["यह ३,५ है।", "வணக்கம், ௧௨."], [["यह ३,५ है ।", "வணக்கம் , ௧௨."]]),
    ("emoji", ["👩‍👩‍👧 family 👍🏽!", "🇨🇳🇩🇪 ☃️✂ ok"], [["👩‍👩‍👧 family 👍 !", "🇨🇳 🇩🇪 ☃️ ✂️ ok"]]),
    ("combining marks", ["cafe\u0301, nai\u0308ve", "e\u0301. a\u0323\u0308-1", "\u0301x"],
     [["caf\u00e9, na\u00efve", "e\u0301 . a\u0323\u0308 - 1", "\u0301 x"]]),
    ("white space of all kinds", ["a\u00a0b\u3000c\u2003d\u2028e\u0085f", "\x1cx\x1fy\tz\x0bw\x0c",
                                  "no\u200bspace\u2060\ufeffhere",
                                  "".join(f"a{c}b." for c in WHITE), "a." + "".join(WHITE)],
     [["a b c d e f", "x y z w", "no\u200bspace\u2060\ufeffhere",
       "a b." * len(WHITE), "a."]]),
    ("capitals", ["İSTANBUL ISI ΑΣ ΣΑΣ. ΌΣΟΣ, Σ", "ÀÉÎ ДЯ ẞß Ǆǅ ꭰᎠ Ა 𐐀 Ⅷ Ⓐ ΩÅK",
                  "Α\u0301Σ\u0301 ΑΣ'Α ΑΣ\u00adΑ 1Σ Α.Σ"],
     [["i\u0307stanbul isi ας σας. όσος, σ", "àéî дя ßß ǆǆ ꭰꭰ ა 𐐨 ⅷ ⓐ ωåk", "α\u0301ς\u0301 ασ'α ασ\u00adα 1σ α.ς"]]),
    ("punctuation at words", ["(hi) 'tis -- so. . .. a, (b ,c) \"d\"! e?f é. 。x 中, (中)", "A dog's (life)... isn't, is it?"],
     [["( hi ) 'tis - so . .. a , b ,c \"d\" ! e?f é . 。x 中 , ( 中 )", "a dog's life ... isn't - is it ?"],
      ["(hi) tis -- so. . . a, (b), c \"d! e? f é 。 x 中 (中", "The dog's (life). Isn't it?"]]),
    ("moved phrases", ["on the mat the cat sat", "d e f a b c", "b a d c f e", "c d a b c d", "The end THE beginning ."],
     [["the cat sat on the mat", "a b c d e f", "a b c d e f", "a b c d", "the beginning the end ."],
      ["the cat on the mat sat", "a b c f d e", "a c b d", "", "end the the beginning"]]),
    ("moves to the limits", [numbers(11, 31) + numbers(0, 11), numbers(10, 60) + numbers(0, 10) + ["x"],
                             numbers(20, 71) + numbers(0, 20), numbers(20, 72) + numbers(0, 20)],
     [[numbers(0, 31), numbers(0, 60), numbers(0, 71), numbers(0, 72)]]),
    ("which move comes first",
     [list("ehfdghbge"), list("dccdddc"), list("adcca"), list("babbd"), list("aacdgfef"), list("babba")],
     [[list("bgefedghh"), list("ddcccdd"), list("caacd"), list("adbbb"), list("acffdge"), list("bbaab")]]),
    ("more moves than are tried", [list("cababbbccbccbcaaabcaabbbbabcbbabacbbccbc")],
     [[list("caabcaccbbbbbbcacbcacaaaababccabbbcbbbb")]]),
    ("as many moves as are tried, or more",
     [list("babbabbaababbaaabbbbababbaabba"), list("bcaacabbaaaabcbccbacbbbcabaabb")],
     [[list("aaabbbaaababbbbabaabbabbbababb"), list("bxbbcbababbbbbbacaabxccacbcacb")]]),
    ("edit distance far from the diagonal", [numbers(0, 30) + ["x"] * 23, numbers(0, 30) + ["x"] * 24,
                                             ["x"] * 60, ["w2"], numbers(0, 10), numbers(0, 120)],
     [[["y"] * 24 + numbers(0, 30), ["y"] * 25 + numbers(0, 30), numbers(0, 1), numbers(0, 57), numbers(0, 38),
       numbers(117, 120)]]),
    ("control characters", ["\x01\x02 a\x7fb", "tab\there\r"], [["\x01 \x02 a\x7fb", "tab here"]]),
]

def joined(lines):
    return [line if isinstance(line, str) else " ".join(line) for line in lines]


LINES = [text for _, hypotheses, references in CASES for stream in [hypotheses, *references] for text in stream
         if isinstance(text, str)]
CASES = [(name, joined(hypotheses), [joined(lines) for lines in references]) for name, hypotheses, references in CASES]


# What a result says about its metric, as the test sets its options, and the metric
METRICS = [({"metric": "bleu", "tok": tok, "lowercase": lowercase}, BLEU(lowercase, tokenize=tok))
           for lowercase in (False, True) for tok in TOKENIZERS]
METRICS += [({"metric": "chrf", "word_order": order, "lowercase": lowercase}, CHRF(word_order=order, lowercase=lowercase))
            for lowercase in (False, True) for order in (0, 1, 2)]
METRICS += [({"metric": "ter"}, TER())]


def results(hypotheses, references):
    for settings, metric in METRICS:
        score = metric.corpus_score(hypotheses, references)
        signature = metric.get_signature().format()
        yield settings | {"score": score.score, "line": score.format(1, False, signature)} | (
            {"json": score.format(1, False, signature, True)} if hypotheses == CASES[0][1] else {})


def main():
    if sacrebleu.__version__ != "2.6.0":
        sys.exit(f"the golden values are those of sacreBLEU 2.6.0, and this is {sacrebleu.__version__}")
    cases = [{"name": name, "hypotheses": hypotheses, "references": references,
              "results": list(results(hypotheses, references))} for name, hypotheses, references in CASES]
    tokenizers = {tok: _get_tokenizer(tok)() for tok in TOKENIZERS}
    lines = [{"line": text, "lower": text.lower()}
             | {tok: tokenizer(text.rstrip()).split() for tok, tokenizer in tokenizers.items()}
             for text in dict.fromkeys(LINES)]
    rows = [",\n".join(json.dumps(row) for row in rows) for rows in (cases, lines)]
    print(f'{{"cases": [\n{rows[0]}\n],\n"lines": [\n{rows[1]}\n]}}')


main()
