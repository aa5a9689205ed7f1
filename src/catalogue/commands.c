// The commands, the groups of their options in the order of the help, and what the overview and the man page say of the
// whole program: together the table.
#include "catalogue/catalogue.h"
#include "folder/folder_files.h"

static const Command commands[] = {
    {"train", &dm_catalogue, DM_TRAIN,
     "(--train-sets SRC [TRG] | --tsv FILE | --prepared DIR) --model DIR [options]",
     "learn to translate from pairs of sentences",
     "Learns from pairs of sentences and writes a model folder, which transformers and CTranslate2 open as well. Raw "
     "text is cut into pieces by a SentencePiece model that is trained first. Ctrl-C saves; the same command goes on, "
     "and "
     "so does train --model DIR alone. Some defaults are by the text: by how many words a side of it has, about. What "
     "they come to is said when a run begins, and stays with it.",
     "dragoman train --train-sets train.zh train.en --valid-sets dev.zh dev.en --model zh-en\n"
     "dragoman train --config zh-en.json --after 30m\n"
     "dragoman train --model zh-en --after 20e --change --learn-rate 0.0005\n"
     "dragoman train --tsv pairs.tsv.gz --tsv-columns 2 1 --model en-zh\n"
     "dragoman train --train-sets bpe.en bpe.de --segmenter space --model en-de --after 5000u\n"
     "dragoman train --type lm --train-sets text.en --valid-sets dev.en --model en"},
    {"prepare", &dm_catalogue, DM_PREPARE, "(--train-sets SRC [TRG] | --tsv FILE) --output DIR [options]",
     "number a text that is larger than memory, for train",
     "Cuts a text into pieces and numbers them, once, in a folder that train --prepared maps: so training begins at "
     "once, "
     "and takes memory for the order of the pairs alone. The text is read as a stream, twice and once more for a "
     "segmenter, "
     "and never all of it is in memory: for --segmenter space the words are that there are, for a SentencePiece model "
     "100 MiB "
     "of lines, evenly chosen from the whole text, as train chooses them. A run may take the same folder with any "
     "--max-length, --seed, shape and number of threads or ranks; pairs that are too long are left out, and lines of "
     "text "
     "alone cut, when it begins. Labels and the links of --guided-alignment are learnt from text: train --train-sets. "
     "info says what a folder holds, and whether it is whole.",
     "dragoman prepare --train-sets train.zh.zst train.en.zst --output prepared\n"
     "dragoman train --prepared prepared --valid-sets dev.zh dev.en --model zh-en\n"
     "zstd -dc pairs.tsv.zst | dragoman prepare --tsv - --vocab-size 32000 --output prepared\n"
     "dragoman prepare --tsv more.tsv --pretrained-model zh-en --output more\n"
     "dragoman info --model prepared"},
    {"translate", &dm_catalogue, DM_TRANSLATE, "--model DIR [options]", "translate lines, or what you type",
     "Reads sentences, one a line, and writes their translations in the same order; from a pipe it answers as soon as "
     "no further line waits. On a terminal it asks for sentences: :help lists what else can be typed, Ctrl-D leaves.",
     "dragoman translate --model zh-en\n"
     "dragoman translate --model zh-en < test.zh > test.out\n"
     "dragoman translate --model zh-en --beam-size 1 --input test.zh.gz --output test.out\n"
     "dragoman translate --model zh-en --n-best 5 --alignment hard < test.zh\n"
     "dragoman translate --model zh-en another-zh-en --json < test.zh"},
    {"generate", &dm_catalogue, DM_GENERATE, "--model DIR [options]", "go on with text, line by line or as you type",
     "Reads the beginnings of texts, one a line, and writes each with what a model that has learnt from text alone "
     "(train with one file) goes on with; an empty line is gone on with from nothing. From a pipe it answers as soon "
     "as "
     "no further line waits. On a terminal it is a conversation: the text grows, and what was read stays in the "
     "model's caches, so that every line goes on where the last answer stopped, and Enter alone lets the model go on; "
     ":new begins another text, :help lists what else can be typed, Ctrl-D leaves.",
     "dragoman generate --model en\n"
     "echo 'Once upon a time' | dragoman generate --model en --output-sampling topp 0.9\n"
     "dragoman generate --model en --stop . --max-length 60 --n-best 3 < beginnings.txt"},
    {"rescore", &dm_catalogue, DM_RESCORE, "--model DIR (SRC [TRG] | --tsv FILE) [options]",
     "say how probable given translations, or texts, are",
     "Writes for each pair of lines the natural logarithm of the probability P that the model gives the translation, "
     "as it goes; or one figure for all of them. Of a model that has learnt from text alone, the same of each line of "
     "one text: what its pieces cost, each behind those before it, and the end of the line. Where the model has no "
     "piece that a text begins with, the first piece of a line is given, and does not count. A line of more pieces "
     "than "
     "the model was trained with at once is cut into windows, as it was in training.",
     "dragoman rescore --model zh-en test.zh test.en\n"
     "dragoman rescore --model zh-en test.zh test.en --word-scores\n"
     "dragoman rescore --model zh-en --tsv test.tsv --summary perplexity\n"
     "dragoman rescore --model en test.en --summary perplexity"},
    {"average", &dm_catalogue, DM_AVERAGE, "--model DIR [FILE ... | --last N | --best N] [options]",
     "make one model of several checkpoints, which train --average keeps",
     "Averages the weights of checkpoints, which often translates better than any of them. `train --average N` does it "
     "at the end of a run; this does it later, and with others.",
     "dragoman average --model zh-en --last 3\n"
     "dragoman average --model zh-en --best 3 --output zh-en/best-3.safetensors\n"
     "dragoman average --model zh-en zh-en/best-bleu.safetensors zh-en/best-chrf.safetensors"},
    {"quantize", &dm_catalogue, DM_QUANTIZE, "--model DIR --output DIR [options]", "store a model in fewer bits",
     "Writes a model folder with smaller weights: matrices in 8 bits or bfloat16, biases and norms as they are. All "
     "commands that read models read it; its run cannot go on from it, but a new one can begin with it "
     "(--pretrained-model).",
     "dragoman quantize --model zh-en --output zh-en-int8\n"
     "dragoman quantize --model zh-en --output zh-en-bf16 --precision bf16"},
    {"shortlist", &dm_catalogue, DM_SHORTLIST, "--model DIR (--train-sets SRC TRG | --tsv FILE) [options]",
     "list the pieces that may translate a piece",
     "Learns from pairs of sentences which target pieces translate a source piece, and writes the list into the model "
     "folder (vmap.txt, which CTranslate2 reads as well). With it, `translate --shortlist` looks at some hundred "
     "pieces "
     "instead of all of them.",
     "dragoman shortlist --model zh-en --train-sets train.zh train.en\n"
     "dragoman translate --model zh-en --shortlist < test.zh"},
    {"align", &dm_catalogue, DM_ALIGN, "(--train-sets SRC TRG | --tsv FILE) [options]",
     "link the words of sentences and their translations",
     "Learns from pairs of sentences which words translate one another, and writes for each pair which of its words "
     "do: "
     "0-0 1-2 links word 0 of the source with word 0 of the target, and 1 with 2 (the format of Pharaoh, Koehn 2004). "
     "Words are what blanks separate, as they stand. It is IBM's first model with the prior of fast_align (Dyer, "
     "Chahuneau and Smith 2013): the partner of a word is as far into its sentence, about; how much so is learnt. Both "
     "directions are learnt at once, each by its own words, and asked together when links are chosen (Liang, Taskar "
     "and "
     "Klein 2006); then they are made one. Sentences of more than 200 words are not learnt from, and linked in parts. "
     "train --guided-alignment reads what it writes.",
     "dragoman align --train-sets train.en train.de > train.links\n"
     "dragoman align --tsv pairs.tsv.gz --symmetrize intersection --output pairs.links\n"
     "dragoman score --metrics aer --ref gold.links train.links"},
    {"score", &dm_catalogue, DM_SCORE, "--ref FILE [--ref FILE ...] [HYP ...] [options]",
     "compare translations with references: BLEU, chrF, TER, error rates",
     "Writes BLEU, chrF, chrF++ and TER, digit for digit those of sacreBLEU, and error rates, with their signatures; "
     "of "
     "several systems a table, and whether they differ by more than chance.",
     "dragoman score --ref test.en test.out\n"
     "dragoman translate --model zh-en < test.zh | dragoman score --ref test.en --metrics bleu chrf ter\n"
     "dragoman score --ref test.de test.out --tok none --lowercase --json\n"
     "dragoman score --ref test.en baseline.out test.out --paired-bs\n"
     "dragoman score --metrics aer --ref gold.links test.links"},
    {"report", &dm_catalogue, DM_REPORT, "--model DIR [DIR ...] [options]",
     "show training runs as a page for the browser",
     "Writes one page that needs nothing else: curves, sample translations, attention, BLEU by length and the settings "
     "of a run; of several runs, also what is different. A run that is still going on can be looked at as well.",
     "dragoman report --model zh-en\n"
     "dragoman report --model zh-en zh-en-wide --output both.html"},
    {"serve", &dm_catalogue, DM_SERVE, "--model DIR [options]", "translate in the browser, and for other programs",
     "A page to translate in, at the address that it prints, and behind it JSON over HTTP. POST /translate takes a "
     "list of sentences, or an object with \"lines\" and any of beam_size, normalize, max_length_factor, n_best and "
     "alignment (true or \"soft\", \"hard\"), and answers with a list of objects as translate --json has them. "
     "POST /attention takes an object with \"line\" and answers with what every head looks at. GET /info says which "
     "model this is, GET /health how the server is: status (ok, or with 503, ending), model, version, how many "
     "requests "
     "are waiting, and lines translated so far. What is wrong with a request is in the \"error\" of the answer. "
     "Requests "
     "that come at the same time are translated together. Only programs on this machine are answered, unless --host "
     "says otherwise. Ctrl-C or SIGTERM ends it, with status 0, when all that was asked before is answered; a second "
     "one at once.",
     "dragoman serve --model zh-en\n"
     "dragoman serve --model en-de --port 9000\n"
     "curl localhost:9000/translate -d '[\"good morning\", \"how are you ?\"]'\n"
     "curl localhost:9000/translate -d '{\"lines\": [\"good morning\"], \"n_best\": 3, \"alignment\": true}'\n"
     "curl localhost:9000/translate -d '{\"lines\": [\"good morning\"], \"beam_size\": 1}' | jq -r .[].text\n"
     "curl localhost:9000/attention -d '{\"line\": \"good morning\"}'\n"
     "curl localhost:9000/info"},
    {"bench", &dm_catalogue, DM_BENCH, "train|translate|gemm|layer [--shape NAME | --model DIR] [options]",
     "measure how fast this machine trains and translates",
     "Writes tokens a second, what share they are of the speed of the matrix library alone (measured between the "
     "rounds, on the same products), and memory. Made-up translations are all of one length; those that end one after "
     "the other, as real ones do, are a figure of their own. The library's code is what oneDNN calls what it ran; its "
     "reference code is very slow. Tokens are pieces, end of sentence counted, as words are in the log of train. layer "
     "measures what a layer of the encoder costs a sentence of --length pieces, on one thread: operations, how many "
     "ops "
     "wait for one another, seconds forward and backward, and with --path through how many layers the last state feels "
     "the first piece. A layer is what a second one adds to an encoder of one.",
     "dragoman bench train\n"
     "dragoman bench train --shape base --profile\n"
     "dragoman bench translate --beam-size 5 --cpu-threads 1 --json\n"
     "dragoman bench translate --model zh-en --input test.zh --latency\n"
     "dragoman bench gemm --shape small --rounds 10 --seconds 5\n"
     "dragoman bench layer --shape base --length 1000 --path"},
    {"info", &dm_catalogue, DM_INFO, "--model DIR [options]", "show what a model folder holds",
     "Draws the architecture and counts parameters by part, operations a token and files; says what is known of the "
     "vocabulary, the languages and the training run. Nothing is computed with the model, whose weights may even be "
     "missing. With --experts it translates, and shows what the experts of the model are for.",
     "dragoman info --model zh-en\n"
     "dragoman info --model zh-en --experts --input test.zh\n"
     "dragoman info --model zh-en --json > zh-en.json"},
    {"docs", &dm_catalogue, DM_DOCS, "FORMAT", "write the man page, or completion for a shell",
     "Writes what the installed program brings along: completion of commands, options and values for bash or zsh, or "
     "the man page. All of it is made of the same table as this help.",
     "dragoman docs man | man -l -\n"
     "dragoman docs zsh > ~/.zfunc/_dragoman\n"
     "source <(dragoman docs bash)"},
    {.name = NULL},
};

// clang-format off
static const OptionGroup groups[] = {
    {"Data", dm_rows_data},
    {"Segmentation", dm_rows_segmentation},
    {"Model shape", dm_rows_shape},
    {"Training", dm_rows_training},
    {"Schedule", dm_rows_schedule},
    {"Validation and saving", dm_rows_validation},
    {"Search", dm_rows_search},
    {"What is written", dm_rows_writing},
    {"Serving", dm_rows_serving},
    {"Measuring", dm_rows_measuring},
    {"Scoring", dm_rows_scoring},
    {"Machine", dm_rows_machine},
    {"General", dm_rows_general},
    {NULL, NULL},
};
// clang-format on

static const Meaning exit_statuses[] = {
    {"0", "success"},
    {"1", "a failure of the input or the system: a missing file, a broken line, a full disk"},
    {"2", "a wrong command line or configuration file"},
    {"130", "a run that Ctrl-C stopped; it has saved, and the same command goes on with it"},
    {NULL, NULL},
};

static bool file_of_models(int index, Meaning *file)
{
    if (index >= DM_FOLDER_FILES) return false;
    *file = (Meaning){dm_folder_rows[index].name, dm_folder_rows[index].what};
    return true;
}

const CommandTable dm_catalogue = {
    .commands = commands,
    .groups = groups,
    .other_names = dm_other_names,
    .other_commands = dm_other_commands,
    .summary = "train translation models, translate with them, score the result",
    .about = "Trains translation models (Transformers, in folders that other programs open, and recurrent ones) on a "
             "processor, translates with them, and scores the result.",
    .next_steps = "A first model: train with --train-sets and --model, then translate with the same --model. Results "
                  "go to standard output, all else to standard error. Exit status: 0 done, 1 the input or the system "
                  "failed, 2 the command line is wrong, 130 Ctrl-C stopped a training run, which can go on.",
    .configuration =
        "{\"train-sets\": [\"train.zh\", \"train.en\"], \"dropout\": 0.3}  // dragoman train --config FILE",
    .exit_statuses = exit_statuses,
    .file_of_models = file_of_models,
};
