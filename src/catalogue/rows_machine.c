// The options of the program on its machine: how it serves and measures, which products it takes, and what every
// command understands.
#include "catalogue/catalogue.h"

// clang-format off
const OptionRow dm_rows_serving[] = {
    {DM_SERVE, &(const Option){.name = "port", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "8080", .low = 0,
     .high = 65535, .argument = "N",
     .help = "port to listen on; 0 takes a free one. The address is written to standard error"}},
    {DM_SERVE, &(const Option){.name = "host", .type = DM_TEXT, DM_ONE_VALUE, .initial = "127.0.0.1",
     .argument = "ADDRESS",
     .help = "address of this machine, or a name of it, to listen on: 127.0.0.1 is for programs on this machine alone, "
             "0.0.0.0 takes all its addresses, so that whoever can reach one may ask; nothing is encrypted"}},
    {DM_SERVE, &(const Option){.name = "allow-origin", .type = DM_TEXT, .values_min = 1, .values_max = 64,
     .argument = "ORIGIN ...",
     .help = "pages from elsewhere that may ask in a browser (CORS), as https://example.org or http://localhost:3000; "
             "* for all of them. Without it the server's own page alone may"}},
    {DM_SERVE, &(const Option){.name = "timeout", .type = DM_REAL, DM_ONE_VALUE, .initial = "30", .low = 0.1,
     .high = 3600, .argument = "SECONDS",
     .help = "time that a client may take to send a request, or say nothing, before it is cut off. 100 can be "
             "connected at a time: another one is cut off at once"}},
    {0, NULL},
};

const OptionRow dm_rows_measuring[] = {
    {DM_BENCH, &(const Option){.name = "rounds", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "5", .low = 1,
     .high = 1000, .argument = "N",
     .help = "rounds, after one to warm up; their median is the result, the least and the most of them say how sure it "
             "is"}},
    {DM_BENCH, &(const Option){.name = "seconds", .type = DM_REAL, DM_ONE_VALUE, .initial = "3", .low = 0, .high = 3600,
     .argument = "F",
     .help = "length of a round, which ends with the update or the pass over the text that is going on then; train and "
             "translate take a quarter more for the matrix products by themselves"}},
    {DM_BENCH, &(const Option){.name = "profile", .type = DM_FLAG, .needs = "WHAT=train",
     .help = "also where the time goes, op by op"}},
    {DM_BENCH, &(const Option){.name = "latency", .type = DM_FLAG, .needs = "WHAT=translate",
     .help = "one sentence at a time, on one thread, and how long each takes"}},
    {DM_BENCH, &(const Option){.name = "path", .type = DM_FLAG, .needs = "WHAT=layer",
     .help = "also through how many layers the last state of the encoder feels the first piece, which takes longer the "
             "more there are"}},
    {DM_BENCH, &(const Option){.name = "json", .type = DM_FLAG,
     .help = "print the result as a JSON object; dragoman/dragoman.h says what its keys mean"}},
    {0, NULL},
};

const OptionRow dm_rows_machine[] = {
    {DM_TRAIN | DM_TRANSLATE | DM_GENERATE | DM_RESCORE | DM_REPORT | DM_SERVE, &(const Option){.name = "cpu-threads",
     .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0, .high = 4096, .argument = "N", .free_on_resume = true,
     .help = "threads; 0: one for each processor. The result does not depend on it"}},
    {DM_SHORTLIST | DM_ALIGN | DM_PREPARE, &(const Option){.name = "cpu-threads", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 4096, .argument = "N",
     .help = "threads; 0: one for each processor. The result does not depend on it"}},
    {DM_BENCH, &(const Option){.name = "cpu-threads", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 4096, .argument = "N", .needs = "WHAT=train,translate,gemm !latency",
     .help = "threads; 0: one for each processor"}},
    {DM_BENCH, &(const Option){.name = "gemm", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "auto",
     .choices = "auto|openblas|onednn", .argument = "NAME",
     .help = "matrix library; auto takes the faster one, or the one that --model was trained with; in bench gemm it "
             "takes each that there is"}},
    {DM_TRAIN, &(const Option){.name = "gemm", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "auto",
     .choices = "auto|openblas|onednn", .argument = "NAME",
     .stays = "the last digits of all products depend on it",
     .help = "matrix library; auto takes the faster one"}},
    {DM_TRANSLATE | DM_GENERATE | DM_RESCORE | DM_SERVE, &(const Option){.name = "gemm", .type = DM_CHOICE, DM_ONE_VALUE,
     .initial = "auto", .choices = "auto|openblas|onednn", .argument = "NAME",
     .help = "matrix library; auto takes the one that has kernels for packed weights. Where none has, dragoman's own "
             "multiply by the weights, and the library does what is left"}},
    {DM_TRAIN, &(const Option){.name = "precision", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "fp32",
     .choices = "fp32|bf16", .argument = "NAME",
     .may_change = true,
     .help = "of matrix products: bf16 rounds what goes into them to bfloat16 and adds up in float32, one and a half "
             "times as fast on processors with AVX-512 BF16 (AMX: more); weights, moments, norms, softmax and loss "
             "stay float32"}},
    {DM_TRANSLATE | DM_GENERATE | DM_RESCORE | DM_SERVE, &(const Option){.name = "precision", .type = DM_CHOICE, DM_ONE_VALUE,
     .initial = "auto", .choices = "auto|fp32|bf16|int8", .argument = "NAME",
     .help = "of matrix products: bf16 rounds what goes into them to bfloat16, int8 to integers with a scale for every "
             "row; one and a half times as fast and twice as fast, on processors with AVX-512 BF16 and VNNI, where "
             "there is only AVX2 int8 a quarter faster. auto is fp32, but int8 for a folder that quantize has made "
             "so"}},
    {DM_BENCH, &(const Option){.name = "precision", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "fp32",
     .choices = "fp32|bf16|int8", .argument = "NAME", .needs = "WHAT=train,translate,gemm",
     .help = "of matrix products, as in train and translate; int8 is for bench translate"}},
    {DM_TRAIN, &(const Option){.name = "lanes", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 64, .argument = "N",
     .stays = "the last digits of gradients depend on it",
     .help = "gradient buffers that threads add to in turn: more of them keep more threads busy and take more "
             "memory, and ranks (mpirun) share them; 0: 4, or 2 for more than 16 million weights; the result depends on "
             "it"}},
    {DM_TRAIN | DM_TRANSLATE | DM_GENERATE | DM_RESCORE, &(const Option){.name = "rank-timeout", .type = DM_REAL, DM_ONE_VALUE, .initial = "60", .low = 0,
     .high = 86400, .argument = "SECONDS", .free_on_resume = true,
     .help = "where mpirun or srun has started several ranks: time after which one that gives no sign of life is taken "
             "for lost, and all stop; 0: they wait for ever"}},
    {DM_TRAIN, &(const Option){.name = "shard-words", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0",
     .low = 0, .high = 1000000000, .argument = "N",
     .stays = "the last digits of gradients depend on it",
     .help = "target pieces that a thread takes at once, about and at most; 0: chosen from --mini-batch-words; the "
             "result depends on it"}},
    {DM_BENCH, &(const Option){.name = "lanes", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 64, .argument = "N", .needs = "WHAT=train",
     .help = "gradient buffers that threads add to in turn: more of them keep more threads busy and take more "
             "memory; 0: 4, or 2 for more than 16 million weights; the result depends on it"}},
    {DM_BENCH, &(const Option){.name = "rank-timeout", .type = DM_REAL, DM_ONE_VALUE, .initial = "60", .low = 0,
     .high = 86400, .argument = "SECONDS", .needs = "WHAT=train",
     .help = "where mpirun or srun has started several ranks, which share out the lanes: time after which one that gives "
             "no sign of life is taken for lost; 0: they wait for ever"}},
    {DM_BENCH, &(const Option){.name = "shard-words", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0",
     .low = 0, .high = 1000000000, .argument = "N", .needs = "WHAT=train,gemm",
     .help = "target pieces that a thread takes at once, about and at most; 0: chosen from --mini-batch-words; the "
             "result depends on it"}},
    {0, NULL},
};

const OptionRow dm_rows_general[] = {
    {DM_INFO, &(const Option){.name = "length", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "20", .low = 1,
     .high = 1024, .argument = "N",
     .help = "pieces of the sentences for which operations are counted: those of attention grow with them"}},
    {DM_INFO, &(const Option){.name = "experts", .type = DM_FLAG, .needs = "input",
     .help = "instead, which pieces of --input, and of its translations, go to which experts of a model that has some"}},
    {DM_INFO, &(const Option){.name = "input", .aliases = "i", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE",
     .needs = "experts",
     .help = "sentences, one a line, plain or compressed; - is standard input"}},
    {DM_INFO, &(const Option){.name = "json", .type = DM_FLAG,
     .help = "print JSON, for programs: the names in it stay as they are"}},
    {DM_EVERY_COMMAND, &dm_option_config},
    {DM_EVERY_COMMAND, &dm_option_help},
    {0, NULL},
};
