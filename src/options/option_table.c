// The table of options and the table of commands: everything that a user can set, with its default, range and help.
// Parsing, help, configuration files and the record of a run all read it; to add an option is to add a row.
// Defaults are for small corpora on a processor: some ten thousand pairs, minutes.
#include "options/option_parts.h"

#define ONE           .values_min = 1, .values_max = 1
#define EVERY_COMMAND DM_TRAIN | DM_TRANSLATE | DM_RESCORE | DM_SCORE | DM_REPORT | DM_AVERAGE | DM_DOCS | DM_INFO | \
                      DM_SERVE | DM_BENCH | DM_QUANTIZE | DM_SHORTLIST

// Groups, in the order of the help.
static const char data[] = "Data", segmentation[] = "Segmentation", shape[] = "Model shape", training[] = "Training",
                  schedule[] = "Schedule", validation[] = "Validation and saving", search[] = "Search",
                  writing[] = "What is written", serving[] = "Serving",
                  scoring[] = "Scoring", measuring[] = "Measuring", machine[] = "Machine", general[] = "General";

// clang-format off
const Option dm_option_table[] = {
    {.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 2, .values_max = 2, .commands = DM_TRAIN,
     .group = data, .argument = "SRC TRG", .required = true, .instead = "tsv",
     .help = "text to learn from: two files, line N of one is the translation of line N of the other; - is standard "
             "input. Text may be compressed (gzip, zstd), wherever it is read"},
    {.name = "tsv", .type = DM_TEXT, ONE, .commands = DM_TRAIN, .group = data, .argument = "FILE",
     .help = "instead of --train-sets: one file of columns separated by tabs, a pair of sentences on each line"},
    {.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 2, .values_max = 2, .commands = DM_SHORTLIST,
     .group = data, .argument = "SRC TRG", .required = true, .instead = "tsv",
     .help = "the text that the model has learnt from, or some like it: two files, line N of one is the translation of "
             "line N of the other"},
    {.name = "tsv", .type = DM_TEXT, ONE, .commands = DM_SHORTLIST, .group = data, .argument = "FILE",
     .help = "instead of --train-sets: one file of columns separated by tabs"},
    {.name = "tsv-columns", .type = DM_INTEGER, .values_min = 2, .values_max = 2, .initial = "1 2", .low = 1,
     .high = 10000, .commands = DM_SHORTLIST, .group = data, .argument = "SRC TRG", .only_with = "tsv",
     .help = "which columns of --tsv are source and target, counted from 1"},
    {.name = "valid-sets", .type = DM_TEXT, .values_min = 2, .values_max = 2, .commands = DM_TRAIN, .group = data,
     .argument = "SRC TRG", .instead = "valid-tsv",
     .help = "text that is not learnt from: it decides which checkpoint is the best, and when to stop"},
    {.name = "valid-tsv", .type = DM_TEXT, ONE, .commands = DM_TRAIN, .group = data, .argument = "FILE",
     .help = "instead of --valid-sets: one file of columns separated by tabs"},
    {.name = "tsv-columns", .type = DM_INTEGER, .values_min = 2, .values_max = 2, .initial = "1 2", .low = 1,
     .high = 10000, .commands = DM_TRAIN, .group = data, .argument = "SRC TRG", .only_with = "tsv valid-tsv",
     .help = "which columns of --tsv and --valid-tsv are source and target, counted from 1; others are ignored. 2 1 is "
             "the other direction"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, ONE, .commands = DM_TRAIN, .group = data, .argument = "DIR",
     .free_on_resume = true, .required = true,
     .help = "folder for the model, its checkpoints and train.jsonl; if a run in it has stopped, the same command "
             "goes on with it"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, .values_min = 1, .values_max = 16,
     .commands = DM_TRANSLATE | DM_SERVE, .group = data, .argument = "DIR ...", .required = true,
     .help = "model folder: one that dragoman trained, or a MarianMT one made elsewhere; several with the same "
             "vocabulary are asked together, and the mean of their probabilities counts"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, ONE, .commands = DM_RESCORE | DM_INFO | DM_QUANTIZE | DM_SHORTLIST,
     .group = data, .argument = "DIR", .required = true,
     .help = "model folder: one that dragoman trained, or a MarianMT one made elsewhere"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, ONE, .commands = DM_AVERAGE, .group = data, .argument = "DIR",
     .required = true,
     .help = "model folder: its config.json says what the weights must look like, its model.safetensors is replaced"},
    {.name = "FILE", .type = DM_TEXT, .values_min = 1, .values_max = 64, .commands = DM_AVERAGE, .group = data,
     .repeats = true,
     .help = "what to average: these files of weights"},
    {.name = "last", .type = DM_INTEGER, ONE, .low = 1, .high = 1000, .commands = DM_AVERAGE, .group = data,
     .argument = "N",
     .help = "instead of files: the last N epoch checkpoints in the folder. Without files, --last and --best, all of "
             "them. There are as many as train --average keeps"},
    {.name = "best", .type = DM_INTEGER, ONE, .low = 1, .high = 1000, .commands = DM_AVERAGE, .group = data,
     .argument = "N",
     .help = "instead of files: of the epoch checkpoints in the folder the N that validated best, by the first of "
             "train's --valid-metrics (for which an epoch must have been validated at its end: --valid-freq 1e)"},
    {.name = "output", .aliases = "o", .type = DM_TEXT, ONE, .commands = DM_AVERAGE, .group = data, .argument = "FILE",
     .help = "where to write the average, if not to model.safetensors in the folder"},
    {.name = "output", .aliases = "o", .type = DM_TEXT, ONE, .commands = DM_QUANTIZE, .group = data,
     .argument = "DIR", .required = true,
     .help = "folder for the smaller model, which holds none yet"},
    {.name = "precision", .type = DM_CHOICE, ONE, .initial = "int8", .choices = "int8|bf16", .commands = DM_QUANTIZE,
     .group = data, .argument = "NAME",
     .help = "how matrices are stored: int8, in 8 bits with a scale for each row, a quarter of float32's size; or bf16, "
             "the upper half of float32, which transformers and CTranslate2 read as well"},
    {.name = "first", .type = DM_INTEGER, ONE, .initial = "100", .low = 0, .high = 1000000, .commands = DM_SHORTLIST,
     .group = data, .argument = "N",
     .help = "the most frequent pieces of the target, which are looked at whatever the source says"},
    {.name = "best", .type = DM_INTEGER, ONE, .initial = "50", .low = 1, .high = 1000000, .commands = DM_SHORTLIST,
     .group = data, .argument = "N",
     .help = "the most probable translations of each source piece"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, .values_min = 1, .values_max = 16, .commands = DM_REPORT,
     .group = data, .argument = "DIR ...", .required = true,
     .help = "folders that dragoman train has written, or is writing; several are compared"},
    {.name = "WHAT", .type = DM_CHOICE, ONE, .choices = "train|translate|gemm", .commands = DM_BENCH, .group = data,
     .required = true,
     .help = "what to measure: train (updates), translate, or gemm (the matrix products of both, by themselves, with "
             "each library)"},
    {.name = "shape", .type = DM_CHOICE, ONE, .initial = "tiny", .choices = "tiny|small|base", .commands = DM_BENCH,
     .group = data, .argument = "NAME",
     .help = "a model with random weights: tiny is that of the recipe for Multi30k (4 + 4 layers, width 128, ffn 256, "
             "4 heads, 10,000 pieces; updates of 8,192), small has 3 + 3 layers, width 256, ffn 1,024, 4 heads, 8,000 "
             "pieces (updates of 4,096), base is that of Vaswani et al. 2017: 6 + 6 layers, width 512, ffn 2,048, 8 "
             "heads, 32,000 pieces (updates of 4,096)"},
    {.name = "model", .aliases = "m", .type = DM_TEXT, ONE, .commands = DM_BENCH, .group = data, .argument = "DIR",
     .help = "instead of --shape: the shape that config.json of this model folder says, with random weights; with "
             "--input, the model itself"},
    {.name = "input", .aliases = "i", .type = DM_TEXT, ONE, .commands = DM_BENCH, .group = data, .argument = "FILE",
     .help = "translate: the lines of this file, with --model, instead of made-up text; - is standard input"},
    {.name = "sentences", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 10000000, .commands = DM_BENCH,
     .group = data, .argument = "N",
     .help = "sentences of the made-up text, which are as long as Multi30k's: 13 pieces on average, 3 to 40; 0: as "
             "many as Multi30k has, 29,000 to train on and 1,000 to translate"},
    {.name = "length", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 100000, .commands = DM_BENCH,
     .group = data, .argument = "N",
     .help = "pieces of each made-up sentence, end of sentence counted; 0: as Multi30k's"},
    {.name = "seed", .type = DM_INTEGER, ONE, .initial = "1", .low = 0, .high = 999999999999999, .commands = DM_BENCH,
     .group = data, .argument = "N",
     .help = "of the made-up text and the weights"},
    {.name = "pretrained-model", .type = DM_TEXT, ONE, .commands = DM_TRAIN, .group = data, .argument = "DIR",
     .help = "start from this model folder: its weights, shape, segmenter and vocabulary"},
    {.name = "overwrite", .type = DM_FLAG, .commands = DM_TRAIN, .group = data, .free_on_resume = true,
     .help = "begin anew although the folder holds a run: that run is lost"},
    {.name = "SRC", .type = DM_TEXT, ONE, .commands = DM_RESCORE, .group = data, .required = true, .instead = "tsv",
     .help = "sentences, one a line, plain or compressed; - is standard input"},
    {.name = "TRG", .type = DM_TEXT, ONE, .commands = DM_RESCORE, .group = data, .required = true, .instead = "tsv",
     .help = "their translations, line by line"},
    {.name = "tsv", .type = DM_TEXT, ONE, .commands = DM_RESCORE, .group = data, .argument = "FILE",
     .help = "instead of SRC and TRG: one file of columns separated by tabs, a pair of sentences on each line; - is "
             "standard input"},
    {.name = "tsv-columns", .type = DM_INTEGER, .values_min = 2, .values_max = 2, .initial = "1 2", .low = 1,
     .high = 10000, .commands = DM_RESCORE, .group = data, .argument = "SRC TRG", .only_with = "tsv",
     .help = "which columns of --tsv are source and target, counted from 1; others are ignored"},
    {.name = "HYP", .type = DM_TEXT, .values_min = 1, .values_max = 64, .initial = "-", .commands = DM_SCORE,
     .group = data, .repeats = true,
     .help = "translations to score, one a line, plain or compressed; - is standard input. Several files, one of each "
             "system, are scored in a table"},
    {.name = "ref", .aliases = "r", .type = DM_TEXT, .values_min = 1, .values_max = 64, .commands = DM_SCORE,
     .group = data, .argument = "FILE", .required = true, .repeats = true,
     .help = "reference translations, line by line; give it again for each further file of references"},
    {.name = "FORMAT", .type = DM_CHOICE, ONE, .choices = "bash|zsh|man", .commands = DM_DOCS, .group = data,
     .required = true,
     .help = "what to write: completion for a shell, or the man page"},
    {.name = "input", .aliases = "i", .type = DM_TEXT, ONE, .initial = "-", .commands = DM_TRANSLATE, .group = data,
     .argument = "FILE",
     .help = "sentences, one a line, plain or compressed; - is standard input, which may be a terminal"},
    {.name = "tsv", .type = DM_FLAG, .commands = DM_TRANSLATE, .group = data,
     .help = "lines of the input are columns separated by tabs: the first is translated, the others are left out"},
    {.name = "tsv-columns", .type = DM_INTEGER, ONE, .initial = "1", .low = 1, .high = 10000,
     .commands = DM_TRANSLATE, .group = data, .argument = "SRC", .only_with = "tsv",
     .help = "with --tsv: the column that is translated instead, counted from 1"},
    {.name = "output", .aliases = "o", .type = DM_TEXT, ONE, .initial = "-", .commands = DM_TRANSLATE, .group = data,
     .argument = "FILE",
     .help = "where the translations go, line by line; - is standard output"},
    {.name = "output", .aliases = "o", .type = DM_TEXT, ONE, .commands = DM_REPORT, .group = data,
     .argument = "FILE",
     .help = "where the page goes: report.html in the first folder if nothing is said; - is standard output"},
    {.name = "vocab-size", .type = DM_INTEGER, ONE, .initial = "8000", .low = 8, .high = 1000000, .commands = DM_TRAIN,
     .group = segmentation, .argument = "N",
     .help = "pieces of the vocabulary that both languages share; less for small corpora"},
    {.name = "segmenter", .type = DM_CHOICE, ONE, .initial = "unigram", .choices = "unigram|bpe|space",
     .commands = DM_TRAIN, .group = segmentation, .argument = "KIND",
     .help = "how words are cut into pieces: a SentencePiece model (unigram, bpe) that is trained first, or space "
             "for text that is in pieces already, joined by @@ or whole words"},
    {.name = "max-length", .type = DM_INTEGER, ONE, .initial = "100", .low = 0, .high = 1000000000,
     .commands = DM_TRAIN, .group = segmentation, .argument = "N",
     .help = "pairs with more pieces than this on a side are left out; 0: none is"},
    {.name = "dim-emb", .type = DM_INTEGER, ONE, .initial = "256", .low = 2, .high = 65536, .commands = DM_TRAIN,
     .group = shape, .argument = "N",
     .help = "width of the embeddings and layers (d_model), a multiple of --heads"},
    {.name = "dim-ffn", .type = DM_INTEGER, ONE, .initial = "512", .low = 1, .high = 262144, .commands = DM_TRAIN,
     .group = shape, .argument = "N",
     .help = "width inside the feed-forward blocks"},
    {.name = "enc-depth", .type = DM_INTEGER, ONE, .initial = "3", .low = 1, .high = 256, .commands = DM_TRAIN,
     .group = shape, .argument = "N",
     .help = "encoder layers"},
    {.name = "dec-depth", .type = DM_INTEGER, ONE, .initial = "3", .low = 1, .high = 256, .commands = DM_TRAIN,
     .group = shape, .argument = "N",
     .help = "decoder layers"},
    {.name = "heads", .type = DM_INTEGER, ONE, .initial = "4", .low = 1, .high = 1024, .commands = DM_TRAIN,
     .group = shape, .argument = "N",
     .help = "attention heads of a layer"},
    {.name = "activation", .type = DM_CHOICE, ONE, .initial = "relu", .choices = "relu|gelu|swish|silu|tanh",
     .commands = DM_TRAIN, .group = shape, .argument = "NAME",
     .help = "activation inside the feed-forward blocks (swish and silu are the same)"},
    {.name = "dropout", .type = DM_REAL, ONE, .initial = "0.1", .low = 0, .high = 0.95, .commands = DM_TRAIN,
     .group = training, .argument = "F",
     .help = "probability that an activation is dropped; more for small corpora"},
    {.name = "label-smoothing", .type = DM_REAL, ONE, .initial = "0.1", .low = 0, .high = 0.95, .commands = DM_TRAIN,
     .group = training, .argument = "F",
     .help = "probability that is spread over the whole vocabulary"},
    {.name = "mini-batch-words", .type = DM_INTEGER, ONE, .initial = "2048", .low = 1, .high = 1000000000,
     .commands = DM_TRAIN, .group = training, .argument = "N",
     .help = "target pieces of a batch, about; each update uses --optimizer-delay batches"},
    {.name = "mini-batch-words", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 1000000000,
     .commands = DM_BENCH, .group = training, .argument = "N",
     .help = "train: target pieces of an update, about; 0: as the shape says, 4,096 with --model"},
    {.name = "optimizer-delay", .type = DM_INTEGER, ONE, .initial = "1", .low = 1, .high = 10000, .commands = DM_TRAIN,
     .group = training, .argument = "N",
     .help = "batches of an update: a larger batch in the same memory"},
    {.name = "optimizer", .type = DM_CHOICE, ONE, .initial = "adam", .choices = "adam|sgd", .commands = DM_TRAIN,
     .group = training, .argument = "NAME",
     .help = "how gradients become steps"},
    {.name = "optimizer-params", .type = DM_REAL, .values_min = 3, .values_max = 3, .initial = "0.9 0.98 1e-9",
     .low = 0, .high = 0.999999, .commands = DM_TRAIN, .group = training, .argument = "B1 B2 EPS",
     .help = "of adam: decay of the two moments, and epsilon"},
    {.name = "clip-norm", .type = DM_REAL, ONE, .initial = "1", .low = 0, .high = 1000000000, .commands = DM_TRAIN,
     .group = training, .argument = "F",
     .help = "longest gradient: longer ones are scaled down to it; 0: off"},
    {.name = "exponential-smoothing", .type = DM_REAL, ONE, .initial = "0", .low = 0, .high = 1, .commands = DM_TRAIN,
     .group = training, .argument = "F",
     .help = "validate and keep a moving average of the weights, into which each update mixes this share of the new "
             "ones (1e-4, say; more in the first updates): model.safetensors and all checkpoints but the state of the "
             "run hold it; 0: off"},
    {.name = "seed", .type = DM_INTEGER, ONE, .initial = "1", .low = 0, .high = 999999999999999, .commands = DM_TRAIN,
     .group = training, .argument = "N",
     .help = "of all random numbers: the same seed gives the same model"},
    {.name = "learn-rate", .aliases = "lr", .type = DM_REAL, ONE, .initial = "0.001", .low = 1e-12, .high = 100,
     .commands = DM_TRAIN, .group = schedule, .argument = "F",
     .help = "highest learning rate"},
    {.name = "lr-warmup", .type = DM_INTEGER, ONE, .initial = "400", .low = 0, .high = 1000000000, .commands = DM_TRAIN,
     .group = schedule, .argument = "N",
     .help = "updates in which the learning rate rises from 0"},
    {.name = "lr-schedule", .type = DM_CHOICE, ONE, .initial = "inv-sqrt", .choices = "constant|inv-sqrt|linear|cosine",
     .commands = DM_TRAIN, .group = schedule, .argument = "NAME",
     .help = "how it falls after that: not at all, with the inverse square root of the update, or to 0 at the end "
             "(--after) in a line or a half cosine"},
    {.name = "after", .aliases = "a", .type = DM_DURATION, ONE, .initial = "10e", .commands = DM_TRAIN,
     .group = schedule, .argument = "TIME", .free_on_resume = true,
     .help = "how long to train: 10e (epochs), 5000u (updates), 90s, 30m or 2h"},
    {.name = "early-stopping", .type = DM_INTEGER, ONE, .initial = "10", .low = 0, .high = 1000000000,
     .commands = DM_TRAIN, .group = schedule, .argument = "N", .free_on_resume = true,
     .help = "stop after this many validations without a better one; 0: never"},
    {.name = "valid-freq", .type = DM_DURATION, ONE, .initial = "1e", .commands = DM_TRAIN, .group = validation,
     .argument = "TIME",
     .help = "time from one validation to the next: epochs (1e), updates (500u) or 90s, 30m, 2h"},
    {.name = "valid-metrics", .type = DM_CHOICE, .values_min = 1, .values_max = 4, .initial = "ce-mean-words bleu",
     .choices = "ce-mean-words|perplexity|bleu|chrf", .commands = DM_TRAIN, .group = validation, .argument = "NAME ...",
     .help = "what to measure; the first decides about the best checkpoint and --early-stopping. bleu and chrf "
             "translate greedily"},
    {.name = "keep-best", .type = DM_CHOICE, .values_min = 1, .values_max = 4,
     .choices = "ce-mean-words|perplexity|bleu|chrf", .commands = DM_TRAIN, .group = validation,
     .argument = "NAME ...",
     .help = "also keep the best checkpoint by each of these --valid-metrics, as best-NAME.safetensors"},
    {.name = "save-freq", .type = DM_DURATION, ONE, .initial = "1e", .commands = DM_TRAIN, .group = validation,
     .argument = "TIME",
     .help = "time from one checkpoint to the next"},
    {.name = "average", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 1000, .commands = DM_TRAIN,
     .group = validation, .argument = "N",
     .help = "keep the checkpoints of the last N epochs (with --exponential-smoothing, of the smoothed weights) and "
             "average them at the end; 0: model.safetensors is the best checkpoint"},
    {.name = "disp-freq", .type = DM_DURATION, ONE, .initial = "100u", .commands = DM_TRAIN, .group = validation,
     .argument = "TIME", .free_on_resume = true,
     .help = "time from one line of the log to the next"},
    {.name = "quiet", .aliases = "q", .type = DM_FLAG, .commands = DM_TRAIN, .group = validation,
     .free_on_resume = true,
     .help = "no progress bar, no log on the terminal; train.jsonl is written all the same"},
    {.name = "beam-size", .aliases = "b", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 1000,
     .commands = DM_TRANSLATE, .group = search, .argument = "N",
     .help = "hypotheses kept at each step; 1 is greedy; 0: what the model folder says, else 5"},
    {.name = "beam-size", .aliases = "b", .type = DM_INTEGER, ONE, .initial = "1", .low = 1, .high = 1000,
     .commands = DM_BENCH, .group = search, .argument = "N",
     .help = "translate: hypotheses kept at each step; 1 is greedy"},
    {.name = "shortlist", .type = DM_FLAG, .commands = DM_TRANSLATE | DM_SERVE, .group = search,
     .help = "look only at pieces that may translate what stands in the batch, as dragoman shortlist has listed them: "
             "faster, and nearly always the same text. Sampling, ensembles, --no-repeat-ngram and what the user has begun "
             "look at all pieces"},
    {.name = "shortlist", .type = DM_FLAG, .commands = DM_BENCH, .group = search, .only_with = "input",
     .help = "translate, with --input: as in translate"},
    {.name = "normalize", .aliases = "n", .type = DM_REAL, ONE, .initial = "1", .low = 0, .high = 10,
     .commands = DM_TRANSLATE, .group = search, .argument = "F",
     .help = "hypotheses are compared by log-probability / length^F; 0: by log-probability alone"},
    {.name = "max-length-factor", .type = DM_REAL, ONE, .initial = "3", .low = 0.1, .high = 1000,
     .commands = DM_TRANSLATE, .group = search, .argument = "F",
     .help = "a translation has at most F times as many pieces as its source, and 10 more"},
    {.name = "min-length", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 100000, .commands = DM_TRANSLATE,
     .group = search, .argument = "N",
     .help = "a translation has at least N pieces"},
    {.name = "coverage-penalty", .type = DM_REAL, ONE, .initial = "0", .low = 0, .high = 1000, .commands = DM_TRANSLATE,
     .group = search, .argument = "F",
     .help = "add F * sum of log(min(1, attention that a source piece got in all)) to a hypothesis' score, so that "
             "nothing is left out (Wu et al. 2016)"},
    {.name = "no-repeat-ngram", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 1000,
     .commands = DM_TRANSLATE, .group = search, .argument = "N",
     .help = "no N pieces stand twice in a translation; 0: they may"},
    {.name = "diversity", .type = DM_REAL, ONE, .initial = "0", .low = 0, .high = 1000, .commands = DM_TRANSLATE,
     .group = search, .argument = "F",
     .help = "a more varied n-best list: the second best way to continue a hypothesis counts F less, the third 2 F less "
             "... where the beam is chosen (Li et al. 2016)"},
    {.name = "output-sampling", .type = DM_TEXT, .values_min = 1, .values_max = 2, .commands = DM_TRANSLATE,
     .group = search, .argument = "KIND",
     .help = "draw translations instead of searching for the best (with --n-best N, N of them): full (from the whole "
             "distribution), topk K (from the K most probable pieces) or topp P (from the fewest that have P of the "
             "probability)"},
    {.name = "temperature", .type = DM_REAL, ONE, .initial = "1", .low = 0.001, .high = 1000, .commands = DM_TRANSLATE,
     .group = search, .argument = "F",
     .help = "of --output-sampling: below 1 keeps closer to what is probable, above 1 strays"},
    {.name = "seed", .type = DM_INTEGER, ONE, .initial = "1", .low = 0, .high = 999999999999999,
     .commands = DM_TRANSLATE, .group = search, .argument = "N",
     .help = "of --output-sampling: the same seed draws the same translations"},
    {.name = "prefix", .type = DM_TEXT, ONE, .commands = DM_TRANSLATE, .group = search, .argument = "FILE",
     .help = "translations have to begin with the lines of this file; tab: with what stands behind a tab in the input"},
    {.name = "mini-batch", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 100000,
     .commands = DM_TRANSLATE | DM_RESCORE | DM_BENCH, .group = search, .argument = "N",
     .help = "sentences that a thread takes at once; 0: 16 in beam search, else 32, and fewer where there are few lines, "
             "so that all threads have some"},
    {.name = "n-best", .type = DM_INTEGER, ONE, .initial = "1", .low = 1, .high = 1000, .commands = DM_TRANSLATE,
     .group = writing, .argument = "N",
     .help = "the N best translations of a line, each on a line as: number of the line from 0 ||| text ||| F0= "
             "log-probability ||| score. There may be fewer: at most three times the beam"},
    {.name = "alignment", .type = DM_CHOICE, ONE, .choices = "hard|soft", .commands = DM_TRANSLATE, .group = writing,
     .argument = "KIND",
     .help = "after ||| also which words belong together: hard as 0-0 1-2 (source-target, from 0), soft as a list for "
             "each target word of what it gives the source words, and the end of the sentence, of its attention"},
    {.name = "unk-replace", .type = DM_FLAG, .commands = DM_TRANSLATE, .group = writing,
     .help = "write the source word that an unknown piece looks at in its place"},
    {.name = "json", .type = DM_FLAG, .commands = DM_TRANSLATE, .group = writing,
     .help = "an object for each line: text, score, pieces, their scores; with --n-best and --alignment these too"},
    {.name = "stream", .type = DM_FLAG, .commands = DM_TRANSLATE, .group = writing,
     .help = "greedy search shows each piece as soon as it is found; a line at a time"},
    {.name = "word-scores", .type = DM_FLAG, .commands = DM_TRANSLATE, .group = writing,
     .help = "after ||| also the log-probability of each piece and of the end of the sentence: WordScores= ..."},
    {.name = "summary", .type = DM_CHOICE, ONE, .choices = "cross-entropy|ce-mean-words|perplexity",
     .commands = DM_RESCORE, .group = writing, .argument = "NAME",
     .help = "one figure for all pairs instead of one for each: cross-entropy is the mean of -log P over the pairs, "
             "ce-mean-words the sum of -log P / pieces (ends of sentences counted), perplexity e^ce-mean-words"},
    {.name = "normalize", .aliases = "n", .type = DM_REAL, ONE, .initial = "0", .low = 0, .high = 10,
     .commands = DM_RESCORE, .group = writing, .argument = "F",
     .help = "write log P / pieces^F (end of sentence counted); 0: log P"},
    {.name = "word-scores", .type = DM_FLAG, .commands = DM_RESCORE, .group = writing,
     .help = "after ||| also the log-probability of each target piece and of the end of the sentence"},
    {.name = "port", .type = DM_INTEGER, ONE, .initial = "8080", .low = 0, .high = 65535, .commands = DM_SERVE,
     .group = serving, .argument = "N",
     .help = "port of 127.0.0.1 to listen on; 0 takes a free one. The address is written to standard error"},
    {.name = "timeout", .type = DM_REAL, ONE, .initial = "30", .low = 0.1, .high = 3600, .commands = DM_SERVE,
     .group = serving, .argument = "SECONDS",
     .help = "time that a client may take to send a request, or say nothing, before it is cut off"},
    {.name = "rounds", .type = DM_INTEGER, ONE, .initial = "5", .low = 1, .high = 1000, .commands = DM_BENCH,
     .group = measuring, .argument = "N",
     .help = "rounds, after one to warm up; their median is the result, the least and the most of them say how sure it "
             "is"},
    {.name = "seconds", .type = DM_REAL, ONE, .initial = "3", .low = 0, .high = 3600, .commands = DM_BENCH,
     .group = measuring, .argument = "F",
     .help = "length of a round, which ends with the update or the pass over the text that is going on then; train and "
             "translate take a quarter more for the matrix products by themselves"},
    {.name = "profile", .type = DM_FLAG, .commands = DM_BENCH, .group = measuring,
     .help = "train: also where the time goes, op by op"},
    {.name = "latency", .type = DM_FLAG, .commands = DM_BENCH, .group = measuring,
     .help = "translate: one sentence at a time, on one thread, and how long each takes"},
    {.name = "json", .type = DM_FLAG, .commands = DM_BENCH, .group = measuring,
     .help = "print the result as a JSON object; dragoman/dragoman.h says what its keys mean"},
    {.name = "metrics", .aliases = "m", .type = DM_CHOICE, .values_min = 1, .values_max = 3, .initial = "bleu",
     .choices = "bleu|chrf|ter", .commands = DM_SCORE, .group = scoring, .argument = "NAME ...",
     .help = "what to compute; of TER, which counts edits, less is better"},
    {.name = "tok", .type = DM_CHOICE, ONE, .initial = "13a", .choices = "13a|none|zh|char|intl", .commands = DM_SCORE,
     .group = scoring, .argument = "NAME",
     .help = "how BLEU cuts text into words; zh for Chinese, none for text that is in words already"},
    {.name = "lowercase", .aliases = "lc", .type = DM_FLAG, .commands = DM_SCORE, .group = scoring,
     .help = "compare without regard to case, as TER always does"},
    {.name = "chrf-word-order", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 2, .commands = DM_SCORE,
     .group = scoring, .argument = "N",
     .help = "longest n-grams of words that chrF counts beside those of characters; 2 is chrF++"},
    {.name = "confidence", .type = DM_FLAG, .commands = DM_SCORE, .group = scoring,
     .help = "also print the mean of bootstrap resamples and half the width of their 95% interval. Resamples are drawn "
             "otherwise than sacreBLEU draws them, so that these figures agree with its within chance, not to the digit"},
    {.name = "confidence-n", .type = DM_INTEGER, ONE, .initial = "1000", .low = 2, .high = 1000000,
     .commands = DM_SCORE, .group = scoring, .argument = "N",
     .help = "resamples of --confidence"},
    {.name = "paired-bs", .type = DM_FLAG, .commands = DM_SCORE, .group = scoring,
     .help = "compare each system with the first by paired bootstrap resampling: is the difference more than chance?"},
    {.name = "paired-bs-n", .type = DM_INTEGER, ONE, .initial = "1000", .low = 2, .high = 1000000,
     .commands = DM_SCORE, .group = scoring, .argument = "N",
     .help = "resamples of --paired-bs"},
    {.name = "paired-ar", .type = DM_FLAG, .commands = DM_SCORE, .group = scoring,
     .help = "the same by approximate randomization: translations are exchanged at random between the two"},
    {.name = "paired-ar-n", .type = DM_INTEGER, ONE, .initial = "10000", .low = 2, .high = 1000000,
     .commands = DM_SCORE, .group = scoring, .argument = "N",
     .help = "exchanges of --paired-ar"},
    {.name = "seed", .type = DM_INTEGER, ONE, .initial = "12345", .low = 0, .high = 999999999999999,
     .commands = DM_SCORE, .group = scoring, .argument = "N",
     .help = "of the random numbers of these tests: the same seed gives the same figures"},
    {.name = "json", .type = DM_FLAG, .commands = DM_SCORE, .group = scoring,
     .help = "print JSON with sacreBLEU's keys"},
    {.name = "cpu-threads", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 4096,
     .commands = DM_TRAIN | DM_TRANSLATE | DM_RESCORE | DM_REPORT | DM_SERVE, .group = machine, .argument = "N",
     .free_on_resume = true,
     .help = "threads; 0: one for each processor. The result does not depend on it"},
    {.name = "cpu-threads", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 4096, .commands = DM_SHORTLIST,
     .group = machine, .argument = "N",
     .help = "threads; 0: one for each processor. The result does not depend on it"},
    {.name = "cpu-threads", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 4096, .commands = DM_BENCH,
     .group = machine, .argument = "N",
     .help = "threads; 0: one for each processor"},
    {.name = "gemm", .type = DM_CHOICE, ONE, .initial = "auto", .choices = "auto|openblas|onednn",
     .commands = DM_BENCH, .group = machine, .argument = "NAME",
     .help = "matrix library; auto takes the faster one, or the one that --model was trained with; in bench gemm it "
             "takes each that there is"},
    {.name = "gemm", .type = DM_CHOICE, ONE, .initial = "auto", .choices = "auto|openblas|onednn",
     .commands = DM_TRAIN, .group = machine, .argument = "NAME",
     .help = "matrix library; auto takes the faster one"},
    {.name = "gemm", .type = DM_CHOICE, ONE, .initial = "auto", .choices = "auto|openblas|onednn",
     .commands = DM_TRANSLATE | DM_RESCORE | DM_SERVE, .group = machine, .argument = "NAME",
     .help = "matrix library; auto takes the one that has kernels for packed weights. Where none has, dragoman's own "
             "multiply by the weights, and the library does what is left"},
    {.name = "precision", .type = DM_CHOICE, ONE, .initial = "fp32", .choices = "fp32|bf16",
     .commands = DM_TRAIN, .group = machine, .argument = "NAME",
     .help = "of matrix products: bf16 rounds what goes into them to bfloat16 and adds up in float32, one and a half "
             "times as fast on processors with AVX-512 BF16 (AMX: more); weights, moments, norms, softmax and loss stay float32"},
    {.name = "precision", .type = DM_CHOICE, ONE, .initial = "auto", .choices = "auto|fp32|bf16|int8",
     .commands = DM_TRANSLATE | DM_RESCORE | DM_SERVE, .group = machine, .argument = "NAME",
     .help = "of matrix products: bf16 rounds what goes into them to bfloat16, int8 to integers with a scale for every "
             "row; one and a half times as fast and twice as fast, on processors with AVX-512 BF16 and VNNI, where there is "
             "only AVX2 int8 a quarter faster. auto is fp32, but int8 for a folder that quantize has made so"},
    {.name = "precision", .type = DM_CHOICE, ONE, .initial = "fp32", .choices = "fp32|bf16|int8",
     .commands = DM_BENCH, .group = machine, .argument = "NAME",
     .help = "of matrix products, as in train and translate; int8 is for bench translate"},
    {.name = "lanes", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 64, .commands = DM_TRAIN | DM_BENCH,
     .group = machine, .argument = "N",
     .help = "gradient buffers that threads add to in turn: more of them keep more threads busy and take more "
             "memory; 0: 4, or 2 for more than 16 million weights; the result depends on it"},
    {.name = "shard-words", .type = DM_INTEGER, ONE, .initial = "0", .low = 0, .high = 1000000000,
     .commands = DM_TRAIN | DM_BENCH, .group = machine, .argument = "N",
     .help = "target pieces that a thread takes at once, about and at most; 0: chosen from --mini-batch-words; the result "
             "depends on it"},
    {.name = "json", .type = DM_FLAG, .commands = DM_INFO, .group = general,
     .help = "print JSON, for programs: the names in it stay as they are"},
    {.name = "config", .aliases = "c", .type = DM_TEXT, ONE, .commands = EVERY_COMMAND, .group = general,
     .argument = "FILE", .free_on_resume = true,
     .help = "JSON object of options, comments allowed; the command line wins over it"},
    {.name = "help", .aliases = "h", .type = DM_FLAG, .commands = EVERY_COMMAND, .group = general,
     .free_on_resume = true,
     .help = "this text"},
    {.name = NULL},
};
// clang-format on

const Command dm_command_table[] = {
    {"train", DM_TRAIN, "(--train-sets SRC TRG | --tsv FILE) --model DIR [options]",
     "learn to translate from pairs of sentences",
     "Learns from pairs of sentences and writes a model folder, which transformers and CTranslate2 open as well. Raw "
     "text is cut into pieces by a SentencePiece model that is trained first. Ctrl-C saves; the same command goes on.",
     "dragoman train --train-sets train.zh train.en --valid-sets dev.zh dev.en --model zh-en\n"
     "dragoman train --config zh-en.json --after 30m\n"
     "dragoman train --tsv pairs.tsv.gz --tsv-columns 2 1 --model en-zh\n"
     "dragoman train --train-sets bpe.en bpe.de --segmenter space --model en-de --after 5000u"},
    {"translate", DM_TRANSLATE, "--model DIR [options]", "translate lines, or what you type",
     "Reads sentences, one a line, and writes their translations in the same order; from a pipe it answers as soon as "
     "no further line waits. On a terminal it asks for sentences: :help lists what else can be typed, Ctrl-D leaves.",
     "dragoman translate --model zh-en\n"
     "dragoman translate --model zh-en < test.zh > test.out\n"
     "dragoman translate --model zh-en --beam-size 1 --input test.zh.gz --output test.out\n"
     "dragoman translate --model zh-en --n-best 5 --alignment hard < test.zh\n"
     "dragoman translate --model zh-en another-zh-en --json < test.zh"},
    {"rescore", DM_RESCORE, "--model DIR (SRC TRG | --tsv FILE) [options]", "say how probable given translations are",
     "Writes for each pair of lines the natural logarithm of the probability P that the model gives the translation, "
     "as it goes; or one figure for all of them.",
     "dragoman rescore --model zh-en test.zh test.en\n"
     "dragoman rescore --model zh-en test.zh test.en --word-scores\n"
     "dragoman rescore --model zh-en --tsv test.tsv --summary perplexity"},
    {"average", DM_AVERAGE, "--model DIR [FILE ... | --last N | --best N] [options]",
     "make one model of several checkpoints",
     "Averages the weights of checkpoints, which often translates better than any of them. `train --average N` does it "
     "at the end of a run; this does it later, and with others.",
     "dragoman average --model zh-en --last 5\n"
     "dragoman average --model zh-en --best 3 --output zh-en/best-3.safetensors\n"
     "dragoman average --model zh-en zh-en/best-bleu.safetensors zh-en/best-chrf.safetensors"},
    {"quantize", DM_QUANTIZE, "--model DIR --output DIR [options]", "store a model in fewer bits",
     "Writes a model folder with smaller weights: matrices in 8 bits or bfloat16, biases and norms as they are. All "
     "commands that read models read it; its run cannot go on from it, but a new one can begin with it "
     "(--pretrained-model).",
     "dragoman quantize --model zh-en --output zh-en-int8\n"
     "dragoman quantize --model zh-en --output zh-en-bf16 --precision bf16"},
    {"shortlist", DM_SHORTLIST, "--model DIR (--train-sets SRC TRG | --tsv FILE) [options]",
     "list the pieces that may translate a piece",
     "Learns from pairs of sentences which target pieces translate a source piece, and writes the list into the model "
     "folder (vmap.txt, which CTranslate2 reads as well). With it, `translate --shortlist` looks at some hundred pieces "
     "instead of all of them.",
     "dragoman shortlist --model zh-en --train-sets train.zh train.en\n"
     "dragoman translate --model zh-en --shortlist < test.zh"},
    {"score", DM_SCORE, "--ref FILE [--ref FILE ...] [HYP ...] [options]",
     "compare translations with references: BLEU, chrF, TER",
     "Writes BLEU, chrF, chrF++ and TER, digit for digit those of sacreBLEU, with their signature; of several systems "
     "a table, and whether they differ by more than chance.",
     "dragoman score --ref test.en test.out\n"
     "dragoman translate --model zh-en < test.zh | dragoman score --ref test.en --metrics bleu chrf ter\n"
     "dragoman score --ref test.de test.out --tok none --lowercase --json\n"
     "dragoman score --ref test.en baseline.out test.out --paired-bs"},
    {"report", DM_REPORT, "--model DIR [DIR ...] [options]", "show training runs as a page for the browser",
     "Writes one page that needs nothing else: curves, sample translations, attention, BLEU by length and the settings "
     "of a run; of several runs, also what is different. A run that is still going on can be looked at as well.",
     "dragoman report --model zh-en\n"
     "dragoman report --model zh-en zh-en-wide --output both.html"},
    {"serve", DM_SERVE, "--model DIR [options]", "translate in the browser, and for other programs on this machine",
     "A page to translate in, at the address that it prints, and behind it JSON over HTTP. POST /translate takes a list "
     "of sentences, or an object with \"lines\" and any of beam_size, normalize, max_length_factor, n_best and "
     "alignment (true or \"soft\", \"hard\"), and answers with a list of objects as translate --json has them. "
     "POST /attention takes an object with \"line\" and answers with what every head looks at. GET /info says which "
     "model this is. What is wrong with a request is in the \"error\" of the answer. Requests that come at the same "
     "time are translated together. Only programs on this machine are answered; Ctrl-C ends.",
     "dragoman serve --model zh-en\n"
     "dragoman serve --model en-de --port 9000\n"
     "curl localhost:9000/translate -d '[\"good morning\", \"how are you ?\"]'\n"
     "curl localhost:9000/translate -d '{\"lines\": [\"good morning\"], \"n_best\": 3, \"alignment\": true}'\n"
     "curl localhost:9000/translate -d '{\"lines\": [\"good morning\"], \"beam_size\": 1}' | jq -r .[].text\n"
     "curl localhost:9000/attention -d '{\"line\": \"good morning\"}'\n"
     "curl localhost:9000/info"},
    {"bench", DM_BENCH, "train|translate|gemm [--shape NAME | --model DIR] [options]",
     "measure how fast this machine trains and translates",
     "Writes tokens a second, what share they are of the speed of the matrix library alone (measured between the "
     "rounds, on the same products), and memory. Tokens are pieces, end of sentence counted, as words are "
     "in the log of train.",
     "dragoman bench train\n"
     "dragoman bench train --shape base --profile\n"
     "dragoman bench translate --beam-size 5 --cpu-threads 1 --json\n"
     "dragoman bench translate --model zh-en --input test.zh --latency\n"
     "dragoman bench gemm --shape small --rounds 10 --seconds 5"},
    {"info", DM_INFO, "--model DIR [options]", "show what a model folder holds",
     "Draws the architecture and counts parameters by part, operations a token and files; says what is known of the "
     "vocabulary, the languages and the training run. Nothing is computed with the model, whose weights may even be "
     "missing.",
     "dragoman info --model zh-en\n"
     "dragoman info --model zh-en --json > zh-en.json"},
    {"docs", DM_DOCS, "FORMAT", "write the man page, or completion for a shell",
     "Writes what the installed program brings along: completion of commands, options and values for bash or zsh, or "
     "the man page. All of it is made of the same table as this help.",
     "dragoman docs man | man -l -\n"
     "dragoman docs zsh > ~/.zfunc/_dragoman\n"
     "source <(dragoman docs bash)"},
    {.name = NULL},
};
