// The options of searching for a translation, and of what is written of it.
#include "catalogue/catalogue.h"

// clang-format off
const OptionRow dm_rows_search[] = {
    {DM_TRANSLATE, &(const Option){.name = "beam-size", .aliases = "b", .type = DM_INTEGER, DM_ONE_VALUE,
     .initial = "0", .low = 0, .high = 1000, .argument = "N", .needs = "!output-sampling",
     .help = "hypotheses kept at each step; 1 is greedy; 0: what the model folder says, else 5. Of a model with --output-layer "
             "ctc: texts of prefix beam search (Graves 2012), each by the sum over its paths; 1 or 0: the best path alone"}},
    {DM_GENERATE, &(const Option){.name = "beam-size", .aliases = "b", .type = DM_INTEGER, DM_ONE_VALUE,
     .initial = "0", .low = 0, .high = 1000, .argument = "N", .needs = "!output-sampling",
     .help = "hypotheses kept at each step; 1 is greedy; 0: what the model folder says, else 1"}},
    {DM_BENCH, &(const Option){.name = "beam-size", .aliases = "b", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1",
     .low = 1, .high = 1000, .argument = "N", .needs = "WHAT=translate",
     .help = "hypotheses kept at each step; 1 is greedy"}},
    {DM_TRANSLATE, &(const Option){.name = "shortlist", .type = DM_FLAG,
     .needs = "!output-sampling !no-repeat-ngram !model+",
     .help = "look only at pieces that may translate what stands in the batch, as dragoman shortlist has listed them: "
             "faster, and nearly always the same text. What the user has begun looks at all pieces"}},
    {DM_SERVE, &(const Option){.name = "shortlist", .type = DM_FLAG, .needs = "!model+",
     .help = "look only at pieces that may translate what stands in the batch, as dragoman shortlist has listed them: "
             "faster, and nearly always the same text"}},
    {DM_BENCH, &(const Option){.name = "shortlist", .type = DM_FLAG, .needs = "WHAT=translate input",
     .help = "as in translate"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "normalize", .aliases = "n", .type = DM_REAL, DM_ONE_VALUE, .low = 0,
     .high = 10, .argument = "F", .needs = "beam-size!=1|n-best|json !output-sampling|n-best|json !stream",
     .help = "hypotheses are compared by log-probability / length^F; 0: by log-probability alone. Where it is not given: "
             "what the model folder says (length_penalty), else 1"}},
    {DM_TRANSLATE, &(const Option){.name = "max-length-factor", .type = DM_REAL, DM_ONE_VALUE, .initial = "3",
     .low = 0.1, .high = 1000, .argument = "F",
     .help = "a translation has at most F times as many pieces as its source, and 10 more"}},
    {DM_TRANSLATE, &(const Option){.name = "min-length", .type = DM_INTEGER, DM_ONE_VALUE, .low = 0,
     .high = 100000, .argument = "N",
     .help = "a translation has at least N pieces, however short --max-length-factor would have it. Where it is not given: "
             "what the model folder says, else 0"}},
    {DM_TRANSLATE, &(const Option){.name = "length", .type = DM_TEXT, DM_ONE_VALUE, .argument = "N|LOW-HIGH",
     .needs = "!min-length",
     .help = "a translation has N pieces, or LOW to HIGH (--length 5-9), whatever its source has"}},
    {DM_TRANSLATE, &(const Option){.name = "iterations", .type = DM_INTEGER, DM_ONE_VALUE, .low = 1, .high = 1000,
     .argument = "T",
     .help = "of a model that writes in any order (train --objective masked), mask-predict (Ghazvininejad et al. 2019): all "
             "pieces are said in one pass, then in up to T - 1 more those again that the model was least sure of, fewer from "
             "pass to pass, until nothing changes; 10 if nothing is said"}},
    {DM_TRANSLATE, &(const Option){.name = "length-beam", .type = DM_INTEGER, DM_ONE_VALUE, .low = 1, .high = 256,
     .argument = "B",
     .help = "of such a model, lengths of a line that are tried, the likeliest ones: the best one by log-probability / "
             "length^F of --normalize is taken, --n-best shows the others; 5 if nothing is said"}},
    {DM_GENERATE, &(const Option){.name = "max-length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "100", .low = 1,
     .high = 100000, .argument = "N",
     .help = "at most N pieces come behind a line, fewer where the model's positions end before"}},
    {DM_GENERATE, &(const Option){.name = "min-length", .type = DM_INTEGER, DM_ONE_VALUE, .low = 0,
     .high = 100000, .argument = "N",
     .help = "at least N pieces come before the end of the text. Where it is not given: what the model folder says, else "
             "0"}},
    {DM_GENERATE, &(const Option){.name = "stop", .type = DM_TEXT, .values_min = 1, .values_max = 16,
     .argument = "PIECE ...",
     .help = "the text ends with the first of these pieces, as vocab.json spells them (without the mark of a word's "
             "beginning they may also begin one), as it does at its own end: --stop . ! ?"}},
    {DM_TRANSLATE, &(const Option){.name = "coverage-penalty", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1000, .argument = "F", .off = "0",
     .needs = "beam-size!=1|n-best|json !output-sampling|n-best|json !stream",
     .help = "add F * sum of log(min(1, attention that a source piece got in all)) to a hypothesis' score, so that "
             "nothing is left out (Wu et al. 2016)"}},
    {DM_TRANSLATE, &(const Option){.name = "no-repeat-ngram", .type = DM_INTEGER, DM_ONE_VALUE, .low = 0, .high = 1000,
     .argument = "N", .off = "0",
     .help = "no N pieces stand twice in a translation; 0: they may. Where it is not given: what the model folder says "
             "(no_repeat_ngram_size), else 0"}},
    {DM_GENERATE, &(const Option){.name = "no-repeat-ngram", .type = DM_INTEGER, DM_ONE_VALUE, .low = 0, .high = 1000,
     .argument = "N", .off = "0",
     .help = "no N pieces stand twice in what comes behind a line; 0: they may. Where it is not given: what the model "
             "folder says (no_repeat_ngram_size), else 0"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "diversity", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1000, .argument = "F", .off = "0", .needs = "!output-sampling !stream beam-size!=1",
     .help = "a more varied n-best list: the second best way to continue a hypothesis counts F less, the third 2 F "
             "less ... where the beam is chosen (Li et al. 2016)"}},
    {DM_TRANSLATE, &(const Option){.name = "output-sampling", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "KIND",
     .help = "draw translations instead of searching for the best (with --n-best N, N of them): full (from the whole "
             "distribution), topk K (from the K most probable pieces) or topp P (from the fewest that have P of the "
             "probability)"}},
    {DM_GENERATE, &(const Option){.name = "output-sampling", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "KIND",
     .help = "draw texts instead of searching for the best (with --n-best N, N of them): full (from the whole "
             "distribution), topk K (from the K most probable pieces) or topp P (from the fewest that have P of the "
             "probability)"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "temperature", .type = DM_REAL, DM_ONE_VALUE, .initial = "1", .low = 0.001,
     .high = 1000, .argument = "F", .needs = "output-sampling",
     .help = "below 1 keeps closer to what is probable, above 1 strays"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "seed", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1",
     .low = 0, .high = 999999999999999, .argument = "N", .needs = "output-sampling",
     .help = "the same seed draws the same text"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "draft", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DRAFT",
     .help = "speculative decoding (Leviathan et al. 2023): the next pieces are guessed, and the model checks all guesses "
             "in one pass. Greedy search (--beam-size 1) writes the same bytes, sampling draws from the same distribution, "
             "sooner where guesses are cheap and good. Guesses come from a folder of a smaller model with the same "
             "vocabularies; self: the model's own heads that look ahead (train --ahead, Stern et al. 2018); lookup: what "
             "followed the last pieces before; source: what stands in the source, where most of it is copied"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "draft-length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0",
     .low = 0, .high = 1000, .argument = "N", .needs = "draft",
     .help = "pieces that are guessed at once; 0: two more after all were right, one less after others"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "draft-accept", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1",
     .low = 1, .high = 100, .argument = "N", .off = "1", .needs = "draft !output-sampling",
     .help = "take over a guess that is among the N best pieces (Stern et al. 2018, section 5.2): sooner, but above 1 the text "
             "may be another one than without drafts"}},
    {DM_TRANSLATE, &(const Option){.name = "prefix", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .help = "translations have to begin with the lines of this file; tab: with what stands behind a tab in the "
             "input"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "mini-batch", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 100000, .argument = "N", .needs = "!stream",
     .help = "sentences that a thread takes at once; 0: 16 in beam search, else 32, and fewer where there are few "
             "lines, so that all threads have some"}},
    {DM_RESCORE, &(const Option){.name = "mini-batch", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 100000, .argument = "N",
     .help = "pairs, or windows of text, that a thread takes at once; 0: 32, and fewer where there are few, so that all "
             "threads have some"}},
    {DM_BENCH, &(const Option){.name = "mini-batch", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 100000, .argument = "N", .needs = "WHAT=translate !latency",
     .help = "sentences that a thread takes at once; 0: 16 in beam search, else 32, and fewer where there are few "
             "lines, so that all threads have some"}},
    {0, NULL},
};

const OptionRow dm_rows_writing[] = {
    {DM_TRANSLATE, &(const Option){.name = "n-best", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 1,
     .high = 1000, .argument = "N",
     .help = "the N best translations of a line, each on a line as: number of the line from 0 ||| text ||| F0= "
             "log-probability ||| score. There may be fewer, and a beam of B finds at most 2 B - 1. Of a model of "
             "labels the N-th has of each word the N-th best label, and --word-scores its probability"}},
    {DM_GENERATE, &(const Option){.name = "n-best", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 1,
     .high = 1000, .argument = "N",
     .help = "the N best texts of a line, each on a line as: number of the line from 0 ||| text ||| F0= log-probability "
             "of what came ||| score. There may be fewer, and a beam of B finds at most 2 B - 1"}},
    {DM_TRANSLATE, &(const Option){.name = "alignment", .type = DM_CHOICE, DM_ONE_VALUE, .choices = "hard|soft",
     .argument = "KIND",
     .help = "after ||| also which words belong together: hard as 0-0 1-2 (source-target, from 0), soft as a list for "
             "each target word of what it gives the source words, and the end of the sentence, of its attention"}},
    {DM_TRANSLATE, &(const Option){.name = "unk-replace", .type = DM_FLAG,
     .help = "write the source word that an unknown piece looks at in its place"}},
    {DM_TRANSLATE, &(const Option){.name = "json", .type = DM_FLAG,
     .help = "an object for each line: text, score, pieces, their scores; with --n-best and --alignment these too"}},
    {DM_GENERATE, &(const Option){.name = "json", .type = DM_FLAG,
     .help = "an object for each line: text, score, the pieces that came, their scores; with --n-best these too"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "stream", .type = DM_FLAG,
     .help = "greedy search shows each piece as soon as it is found; a line at a time"}},
    {DM_TRANSLATE | DM_GENERATE, &(const Option){.name = "word-scores", .type = DM_FLAG, .needs = "!json",
     .help = "after ||| also the log-probability of each piece and of the end of the sentence: WordScores= ..."}},
    {DM_RESCORE, &(const Option){.name = "summary", .type = DM_CHOICE, DM_ONE_VALUE,
     .choices = "cross-entropy|ce-mean-words|perplexity", .argument = "NAME",
     .help = "one figure for all pairs instead of one for each: cross-entropy is the mean of -log P over the pairs, "
             "ce-mean-words the sum of -log P / pieces (ends of sentences counted), perplexity e^ce-mean-words"}},
    {DM_RESCORE, &(const Option){.name = "no-eos", .type = DM_FLAG,
     .help = "of text alone: the end of a line does not count, for the text goes on behind it"}},
    {DM_RESCORE, &(const Option){.name = "normalize", .aliases = "n", .type = DM_REAL, DM_ONE_VALUE, .initial = "0",
     .low = 0, .high = 10, .argument = "F", .needs = "!summary", .off = "0",
     .help = "write log P / pieces^F (end of sentence counted); 0: log P"}},
    {DM_RESCORE, &(const Option){.name = "word-scores", .type = DM_FLAG, .needs = "!summary",
     .help = "after ||| also the log-probability of each target piece and of the end of the sentence"}},
    {0, NULL},
};
