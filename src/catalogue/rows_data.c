// The options under "Data": the text that a command reads, the folders that it reads and writes, what it writes.
#include "catalogue/catalogue.h"
#include "data/symmetrize.h"

// clang-format off
const OptionRow dm_rows_data[] = {
    {DM_TRAIN, &(const Option){.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "SRC TRG", .instead = "tsv", .free_on_resume = true,
     .help = "text to learn from: two files, line N of one is the translation of line N of the other; or for "
             "--type labels has a label for each of its words, or one; one file is text alone, for a language model (--type "
             "lm), which generate goes on from; - is standard input. Text may be "
             "compressed (gzip, zstd), wherever it is read"}},
    {DM_TRAIN, &(const Option){.name = "tsv", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .instead = "prepared", .free_on_resume = true,
     .help = "instead of --train-sets: one file of columns separated by tabs, a pair of sentences on each line"}},
    {DM_TRAIN, &(const Option){.name = "prepared", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .instead = "train-sets", .free_on_resume = true,
     .help = "instead of --train-sets: a text that dragoman prepare has cut and numbered, by its segmenter. It is mapped "
             "and not read into memory, of which about 50 bytes a pair are taken, and more with --segment-noise and "
             "--guided-alignment auto. The model is the same, byte for byte"}},
    {DM_PREPARE, &(const Option){.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "SRC TRG", .required = true, .instead = "tsv",
     .help = "the text: two files, line N of one is the translation of line N of the other, or one file of text alone; "
             "plain or compressed; - is standard input, which is kept in the folder while it is needed"}},
    {DM_SHORTLIST, &(const Option){.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 2,
     .values_max = 2, .argument = "SRC TRG", .required = true, .instead = "tsv",
     .help = "the text that the model has learnt from, or some like it: two files, line N of one is the translation of "
             "line N of the other"}},
    {DM_ALIGN, &(const Option){.name = "train-sets", .aliases = "t", .type = DM_TEXT, .values_min = 2,
     .values_max = 2, .argument = "SRC TRG", .required = true, .instead = "tsv",
     .help = "the text whose words are linked, and of which it is learnt: two files, line N of one is the translation of "
             "line N of the other, plain or compressed; - is standard input. A pair with an empty line has no links. The more "
             "text, the better: it is held in memory, with up to 1 GiB of what one round looks at and about 36 bytes for "
             "every two words that meet in a pair"}},
    {DM_SHORTLIST | DM_ALIGN | DM_PREPARE, &(const Option){.name = "tsv", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .help = "instead of --train-sets: one file of columns separated by tabs"}},
    {DM_SHORTLIST | DM_ALIGN, &(const Option){.name = "tsv-columns", .type = DM_INTEGER, .values_min = 2, .values_max = 2,
     .initial = "1 2", .low = 1, .high = 10000, .argument = "SRC TRG", .needs = "tsv",
     .help = "which columns of --tsv are source and target, counted from 1"}},
    {DM_TRAIN, &(const Option){.name = "valid-sets", .type = DM_TEXT, .values_min = 1, .values_max = 2,
     .argument = "SRC TRG", .instead = "valid-tsv", .free_on_resume = true,
     .help = "text that is not learnt from: it decides which checkpoint is the best, and when to stop"}},
    {DM_TRAIN, &(const Option){.name = "valid-tsv", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .free_on_resume = true,
     .help = "instead of --valid-sets: one file of columns separated by tabs"}},
    {DM_TRAIN, &(const Option){.name = "tsv-columns", .type = DM_INTEGER, .values_min = 1, .values_max = 2,
     .initial = "1 2", .low = 1, .high = 10000, .argument = "SRC TRG", .needs = "tsv|valid-tsv",
     .free_on_resume = true,
     .help = "which columns of --tsv and --valid-tsv are source and target, counted from 1; others are ignored. 2 1 is "
             "the other direction, one column is text alone"}},
    {DM_TRAIN | DM_SHORTLIST | DM_ALIGN | DM_PREPARE, &(const Option){.name = "on-bad-line", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "stop",
     .choices = "stop|skip|crop", .argument = "WHAT", .free_on_resume = true,
     .help = "what becomes of a line that is not UTF-8, has a NUL byte, or lacks a column, and of labels that are not as "
             "many as needed: stop there, skip the pair, or crop the line to what stands before the bad byte, and words and "
             "labels to as many as there are of both; how many there were is said"}},
    {DM_TRANSLATE | DM_GENERATE | DM_RESCORE, &(const Option){.name = "on-bad-line", .type = DM_CHOICE, DM_ONE_VALUE,
     .initial = "stop", .choices = "stop|skip|crop", .argument = "WHAT",
     .help = "what becomes of a line that is not UTF-8, has a NUL byte, lacks a column, or has more pieces than are taken: "
             "stop there, skip it (an empty line stands for it), or crop it to what stands before the bad byte and to as "
             "much as is taken; how many there were is said at the end"}},
    {DM_TRAIN, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .free_on_resume = true, .required = true, .recalls = true,
     .help = "folder for the model, its checkpoints and train.jsonl; if a run in it has stopped, the same command "
             "goes on with it, and so does --model DIR alone: what is not given stays as it was"}},
    {DM_TRANSLATE | DM_GENERATE | DM_SERVE, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, .values_min = 1,
     .values_max = 16, .argument = "DIR ...", .required = true,
     .help = "model folder: one that dragoman trained, or a MarianMT or Pegasus one made elsewhere; several with the same "
             "vocabulary are asked together, and the mean of their probabilities counts"}},
    {DM_INFO, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .required = true,
     .help = "model folder: one that dragoman trained, or a MarianMT or Pegasus one made elsewhere; or a text that dragoman "
             "prepare has numbered"}},
    {DM_RESCORE | DM_QUANTIZE | DM_SHORTLIST, &(const Option){.name = "model", .aliases = "m",
     .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR", .required = true,
     .help = "model folder: one that dragoman trained, or a MarianMT or Pegasus one made elsewhere"}},
    {DM_AVERAGE, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .required = true,
     .help = "model folder: its config.json says what the weights must look like, its model.safetensors is replaced"}},
    {DM_AVERAGE, &(const Option){.name = "FILE", .type = DM_TEXT, .values_min = 1, .values_max = 64, .repeats = true,
     .help = "what to average: these files of weights"}},
    {DM_AVERAGE, &(const Option){.name = "last", .type = DM_INTEGER, DM_ONE_VALUE, .low = 1, .high = 1000,
     .argument = "N",
     .help = "instead of files: the last N epoch checkpoints in the folder. Without files, --last and --best, all of "
             "them. There are as many as train --average keeps"}},
    {DM_AVERAGE, &(const Option){.name = "best", .type = DM_INTEGER, DM_ONE_VALUE, .low = 1, .high = 1000,
     .argument = "N",
     .help = "instead of files: of the epoch checkpoints in the folder the N that validated best, by the first of "
             "train's --valid-metrics (for which an epoch must have been validated at its end: --valid-freq 1e)"}},
    {DM_AVERAGE, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .help = "where to write the average, if not to model.safetensors in the folder"}},
    {DM_QUANTIZE, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .required = true,
     .help = "folder for the smaller model, which holds none yet"}},
    {DM_QUANTIZE, &(const Option){.name = "precision", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "int8",
     .choices = "int8|bf16", .argument = "NAME",
     .help = "how matrices are stored: int8, in 8 bits with a scale for each row, a quarter of float32's size; or "
             "bf16, the upper half of float32, which transformers and CTranslate2 read as well"}},
    {DM_SHORTLIST, &(const Option){.name = "first", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "100", .low = 0,
     .high = 1000000, .argument = "N",
     .help = "the most frequent pieces of the target, which are looked at whatever the source says"}},
    {DM_SHORTLIST, &(const Option){.name = "best", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "50", .low = 1,
     .high = 1000000, .argument = "N",
     .help = "the most probable translations of each source piece"}},
    {DM_REPORT, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, .values_min = 1, .values_max = 16,
     .argument = "DIR ...", .required = true,
     .help = "folders that dragoman train has written, or is writing; several are compared"}},
    {DM_BENCH, &(const Option){.name = "WHAT", .type = DM_CHOICE, DM_ONE_VALUE, .choices = "train|translate|gemm|layer",
     .required = true,
     .help = "what to measure: train (updates), translate, gemm (the matrix products of both, by themselves, with each "
             "library), or layer (one of the encoder, against --length)"}},
    {DM_BENCH, &(const Option){.name = "shape", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "tiny",
     .needs = "!model", .choices = "tiny|small|base|gru|lstm", .argument = "NAME",
     .help = "a model with random weights: tiny is that of the recipe for Multi30k (4 + 4 layers, width 128, ffn 256, "
             "4 heads, 10,000 pieces; updates of 8,192), small has 3 + 3 layers, width 256, ffn 1,024, 4 heads, 8,000 "
             "pieces (updates of 4,096), base is that of Vaswani et al. 2017: 6 + 6 layers, width 512, ffn 2,048, 8 "
             "heads, 32,000 pieces (updates of 4,096); gru and lstm are recurrent, a layer of either side, width 256, "
             "10,000 pieces (updates of 4,096), with additive and with general attention"}},
    {DM_BENCH, &(const Option){.name = "model", .aliases = "m", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .help = "instead of --shape: the shape that config.json of this model folder says, with random weights; with "
             "--input, the model itself"}},
    {DM_BENCH, &(const Option){.name = "input", .aliases = "i", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .needs = "WHAT=translate model",
     .help = "the lines of this file instead of made-up text; - is standard input"}},
    {DM_BENCH, &(const Option){.name = "sentences", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 10000000, .argument = "N", .needs = "WHAT=train,translate !input",
     .help = "sentences of the made-up text, which are as long as Multi30k's: 13 pieces on average, 3 to 40; 0: as "
             "many as Multi30k has, 29,000 to train on and 1,000 to translate"}},
    {DM_BENCH, &(const Option){.name = "length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 100000, .argument = "N", .needs = "WHAT=train,translate,layer !input",
     .help = "pieces of each made-up sentence, end of sentence counted; 0: as Multi30k's, of bench layer their mean, "
             "14"}},
    {DM_BENCH, &(const Option){.name = "lengths", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .needs = "WHAT=train,translate !input !length !sentences",
     .help = "as many made-up sentences as this file has lines, of those lengths: pieces of the source and of the "
             "target, ends of sentence counted"}},
    {DM_BENCH, &(const Option){.name = "pad-to", .type = DM_INTEGER, DM_ONE_VALUE, .low = 0,
     .high = 100000, .argument = "N", .needs = "WHAT=train,translate !input",
     .help = "padding put in on purpose, as programs have it that know only batches of equally long sentences: those "
             "that a thread takes at once are filled up to the longest of them, and to N pieces; translations go on "
             "until the last of a batch ends. Padding counts as no token, and not among the operations"}},
    {DM_BENCH, &(const Option){.name = "no-cache", .type = DM_FLAG, .needs = "WHAT=translate !input",
     .help = "for every piece, all that stand before it are decoded anew: what past keys and values save. (The share of "
             "the matrix library's speed is then not known: operations are counted as with them)"}},
    {DM_BENCH, &(const Option){.name = "seed", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 0,
     .high = 999999999999999, .argument = "N", .needs = "WHAT=train,translate,layer !input",
     .help = "of the made-up text and the weights"}},
    {DM_TRAIN, &(const Option){.name = "pretrained-model", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .stays = "what a run starts from counts at its beginning",
     .help = "start from this model folder: its weights, shape, segmenter and vocabulary"}},
    {DM_PREPARE, &(const Option){.name = "pretrained-model", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .help = "cut the text by the segmenter of this model folder, for a run that starts from it (train "
             "--pretrained-model)"}},
    {DM_PREPARE, &(const Option){.name = "copies", .type = DM_FLAG,
     .help = "also what pieces are copied as, which train --output-layer pointer learns: the folder is twice as large"}},
    {DM_PREPARE, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .argument = "DIR",
     .required = true,
     .help = "folder for the ids and the segmenter, four bytes for each piece and eight for each pair: train --prepared "
             "DIR. It is made as DIR.new, and has its name when it is whole"}},
    {DM_PREPARE, &(const Option){.name = "overwrite", .type = DM_FLAG,
     .help = "replace a prepared text that the folder holds, when the new one is whole"}},
    {DM_TRAIN, &(const Option){.name = "overwrite", .type = DM_FLAG, .free_on_resume = true,
     .help = "begin anew although the folder holds a run: that run is lost once the new one has its first checkpoint"}},
    {DM_RESCORE, &(const Option){.name = "SRC", .type = DM_TEXT, DM_ONE_VALUE, .required = true, .instead = "tsv",
     .help = "sentences, or text alone, one a line, plain or compressed; - is standard input"}},
    {DM_RESCORE, &(const Option){.name = "TRG", .type = DM_TEXT, DM_ONE_VALUE, .instead = "tsv",
     .help = "their translations, line by line; of text alone there are none"}},
    {DM_RESCORE, &(const Option){.name = "tsv", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .help = "instead of SRC and TRG: one file of columns separated by tabs, a pair of sentences on each line; - is "
             "standard input"}},
    {DM_RESCORE | DM_PREPARE, &(const Option){.name = "tsv-columns", .type = DM_INTEGER, .values_min = 1, .values_max = 2,
     .initial = "1 2", .low = 1, .high = 10000, .argument = "SRC TRG", .needs = "tsv",
     .help = "which columns of --tsv are source and target, counted from 1; others are ignored. One column is text "
             "alone"}},
    {DM_SCORE, &(const Option){.name = "HYP", .type = DM_TEXT, .values_min = 1, .values_max = 64, .initial = "-",
     .repeats = true,
     .help = "translations to score, one a line, plain or compressed; - is standard input. Several files, one of each "
             "system, are scored in a table"}},
    {DM_SCORE, &(const Option){.name = "ref", .aliases = "r", .type = DM_TEXT, .values_min = 1, .values_max = 64,
     .argument = "FILE", .required = true, .repeats = true,
     .help = "reference translations, line by line; give it again for each further file of references; for --metrics aer "
             "word links, sure (3-4) and possible ones (3p4)"}},
    {DM_DOCS, &(const Option){.name = "FORMAT", .type = DM_CHOICE, DM_ONE_VALUE, .choice = dm_docs_format,
     .required = true,
     .help = "what to write: completion for a shell, or the man page"}},
    {DM_TRANSLATE, &(const Option){.name = "input", .aliases = "i", .type = DM_TEXT, DM_ONE_VALUE, .initial = "-",
     .argument = "FILE",
     .help = "sentences, one a line, plain or compressed; - is standard input, which may be a terminal"}},
    {DM_TRANSLATE, &(const Option){.name = "tsv", .type = DM_FLAG,
     .help = "lines of the input are columns separated by tabs: the first is translated, the others are left out"}},
    {DM_TRANSLATE, &(const Option){.name = "tsv-columns", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 1,
     .high = 10000, .argument = "SRC", .needs = "tsv",
     .help = "the column that is translated, counted from 1"}},
    {DM_TRANSLATE, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .initial = "-",
     .argument = "FILE",
     .help = "where the translations go, line by line; an old file is replaced when all are there; - is standard "
             "output"}},
    {DM_GENERATE, &(const Option){.name = "input", .aliases = "i", .type = DM_TEXT, DM_ONE_VALUE, .initial = "-",
     .argument = "FILE",
     .help = "beginnings, one a line, plain or compressed; - is standard input, which may be a terminal"}},
    {DM_GENERATE, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .initial = "-",
     .argument = "FILE",
     .help = "where the texts go, line by line; an old file is replaced when all are there; - is standard output"}},
    {DM_ALIGN, &(const Option){.name = "symmetrize", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "grow-diag-final-and",
     .choice = dm_symmetrization_choice, .argument = "NAME",
     .help = "how the two directions become one (Och and Ney 2003)."}},
    {DM_ALIGN, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .initial = "-",
     .argument = "FILE",
     .help = "where the links go, line by line; an old file is replaced when all are there; - is standard output"}},
    {DM_REPORT, &(const Option){.name = "output", .aliases = "o", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .help = "where the page goes: report.html in the first folder if nothing is said; - is standard output"}},
    {0, NULL},
};
