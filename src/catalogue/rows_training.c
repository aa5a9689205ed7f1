// The options of training: how the weights are learnt, for how long, and when they are looked at and kept. Defaults are
// for small corpora on a processor, minutes; those that hang on the size of the text are rules (train/defaults.c).
#include "catalogue/catalogue.h"
#include "score/metrics.h"
#include "score/tokenize.h"
#include "train/defaults.h"
#include "train/optimizer.h"
#include "train/objectives/objective.h"

// Where the learning rate falls to 0 at the end of training, another end is another learning rate.
static bool learn_rate_ends(const dm_options *run)
{
    return dm_schedule_ends(dm_options_text(run, "lr-schedule", 0));
}

// clang-format off
const OptionRow dm_rows_training[] = {
    {DM_TRAIN, &(const Option){.name = "dropout", .type = DM_REAL, DM_ONE_VALUE, .rule = dm_default_rule,
     .low = 0, .high = 0.95, .argument = "F",
     .may_change = true,
     .help = "probability that an activation is dropped, where states are added up and behind embeddings (Srivastava et "
             "al. 2014)"}},
    {DM_TRAIN, &(const Option){.name = "dropout-attention", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true, .needs = "type=transformer,lm,labels|pretrained-model", .off = "0",
     .help = "the same of the probabilities of attention: of what a place gets from another"}},
    {DM_TRAIN, &(const Option){.name = "dropout-ffn", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true, .needs = "type=transformer,lm,labels,conv|pretrained-model", .off = "0",
     .help = "the same inside the feed-forward blocks, behind the activation"}},
    {DM_TRAIN, &(const Option){.name = "layer-drop", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true, .needs = "type=transformer,lm,labels|pretrained-model", .off = "0",
     .help = "probability that sentences pass over a layer, in training alone (LayerDrop: Fan et al. 2020)"}},
    {DM_TRAIN, &(const Option){.name = "dropout-src", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true, .needs = "objective=teacher-forcing loss-on!=both", .off = "0",
     .help = "probability that a piece of the source is read without its embedding, as if it were blotted out (Gal and "
             "Ghahramani 2016; Sennrich et al. 2016, WMT)"}},
    {DM_TRAIN, &(const Option){.name = "dropout-trg", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true, .needs = "objective=teacher-forcing", .off = "0",
     .help = "the same of the pieces of the target that the decoder reads"}},
    {DM_TRAIN, &(const Option){.name = "segment-noise", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1, .argument = "F",
     .may_change = true, .needs = "segmenter!=space type!=labels !guided-alignment", .off = "0",
     .help = "words are cut into other pieces in every epoch: of --segmenter bpe F is the probability that a merge is left "
             "out (BPE-dropout: Provilkov et al. 2020, 0.1), of unigram the exponent of the probabilities with which one of "
             "all segmentations is drawn (Kudo 2018, 0.1 to 0.5; the smaller the noisier); 0: as they are translated"}},
    {DM_TRAIN, &(const Option){.name = "label-smoothing", .type = DM_REAL, DM_ONE_VALUE, .initial = "0.1", .low = 0,
     .high = 0.95, .argument = "F",
     .may_change = true,
     .help = "probability that is spread over the whole vocabulary"}},
    {DM_TRAIN, &(const Option){.name = "objective", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "teacher-forcing",
     .choice = dm_objective_choice, .argument = "NAME",
     .may_change = true,
     .help = "how sentences are run in training:"}},
    {DM_TRAIN, &(const Option){.name = "sampling-decay", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "inverse-sigmoid",
     .choice = dm_sampling_decay_choice, .argument = "NAME",
     .may_change = true, .needs = "objective=scheduled-sampling",
     .help = "how probable it is, in the i-th update, that a piece that is read is the reference's (Bengio et al. 2015, "
             "section 2.4; usual constants in brackets):"}},
    {DM_TRAIN, &(const Option){.name = "sampling-constants", .type = DM_REAL, .values_min = 1, .values_max = 3,
     .low = 0, .high = 1000000000, .argument = "K [C LEAST]",
     .may_change = true, .needs = "objective=scheduled-sampling",
     .help = "those of --sampling-decay; usual ones without it"}},
    {DM_TRAIN, &(const Option){.name = "sampling-from", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "best",
     .choice = dm_sampled_from_choice, .argument = "NAME",
     .may_change = true, .needs = "objective=scheduled-sampling",
     .help = "what the model's own piece is:"}},
    {DM_TRAIN, &(const Option){.name = "sampling-passes", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 0,
     .high = 100, .argument = "N",
     .may_change = true, .needs = "objective=scheduled-sampling",
     .help = "how the model is asked for its own pieces: by so many passes over all pieces at once (1: Mihaylova and "
             "Martins 2019; more: Duckworth et al. 2019), or 0: piece by piece, as it would write (Bengio et al. 2015), "
             "which takes longer"}},
    {DM_TRAIN, &(const Option){.name = "risk-cost", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "bleu",
     .choice = dm_risk_cost_choice, .argument = "NAME",
     .may_change = true, .needs = "objective=minimum-risk,self-critical",
     .help = "what a translation costs:"}},
    {DM_TRAIN, &(const Option){.name = "risk-candidates", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "8", .low = 1,
     .high = 200, .argument = "N",
     .may_change = true, .needs = "objective=minimum-risk,self-critical",
     .help = "translations of each sentence that are looked at in an update"}},
    {DM_TRAIN, &(const Option){.name = "risk-from", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "sample",
     .choice = dm_risk_candidates_choice, .argument = "NAME",
     .may_change = true, .needs = "objective=minimum-risk",
     .help = "where they come from; the reference is always one of them:"}},
    {DM_TRAIN, &(const Option){.name = "risk-sharpness", .type = DM_REAL, DM_ONE_VALUE, .low = 0, .high = 1000, .argument = "F",
     .may_change = true, .needs = "objective=minimum-risk",
     .help = "exponent of their probabilities, of which each gets its share of the risk; without it 0.005 for samples "
             "(Shen et al. 2016), and 1 for a beam, where it is divided by the pieces (Edunov et al. 2018)"}},
    {DM_TRAIN, &(const Option){.name = "risk-mix", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0, .high = 1,
     .argument = "F",
     .may_change = true, .needs = "objective=minimum-risk,self-critical",
     .help = "share of the cross-entropy of the reference in the loss; the rest is the risk's (Edunov et al. 2018 take 0.3)"}},
    {DM_TRAIN, &(const Option){.name = "loss-on", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "target",
     .choices = "both|target", .argument = "NAME", .off = "target",
     .needs = "type=lm|pretrained-model prompt-mask!=full prompt-positions!=restart objective=teacher-forcing,scheduled-sampling",
     .may_change = true,
     .help = "of pairs, for --type lm: what is to be predicted: the target alone, or both, the source too, as of text alone "
             "(validation is of the target all the same)"}},
    {DM_TRAIN, &(const Option){.name = "add-loss", .type = DM_WEIGHTED, .values_min = 1, .values_max = 8,
     .choice = dm_term_choice, .low = 0, .high = 1000, .argument = "TERM W ...",
     .may_change = true,
     .help = "what is added to the loss, each term with its weight (--add-loss r-drop 2.5):"}},
    {DM_TRAIN, &(const Option){.name = "guided-alignment", .type = DM_TEXT, DM_ONE_VALUE, .argument = "FILE|auto",
     .free_on_resume = true, .needs = "add-loss=guided-alignment",
     .help = "links between the words of the training pairs, in the format of Pharaoh and fast_align, as Marian takes "
             "them: line N has those of pair N, 0-0 1-2: source word, target word, counted from 0. Words are what "
             "blanks separate; all pieces of a word have its links. dragoman align makes such a file; auto makes links between the "
             "pieces themselves, of the training text and in the same way (fast_align's, Dyer et al. 2013)"}},
    {DM_TRAIN, &(const Option){.name = "guided-alignment-layer", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0",
     .low = 0, .high = 256, .argument = "N",
     .may_change = true, .needs = "add-loss=guided-alignment,coverage",
     .help = "the decoder's layer whose attention is looked at, counted from 1; 0: the last but one (Garg et al. 2019)"}},
    {DM_TRAIN, &(const Option){.name = "guided-alignment-head", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1",
     .low = 0, .high = 1024, .argument = "N",
     .may_change = true, .needs = "add-loss=guided-alignment,coverage",
     .help = "the head of this layer, counted from 1; 0: the mean of all its heads"}},
    {DM_TRAIN, &(const Option){.name = "balance", .type = DM_WEIGHTED, .values_min = 1, .values_max = 2,
     .initial = "loss", .choice = dm_balance_choice, .low = 0, .high = 1000,
     .argument = "KIND F", .needs = "experts|pretrained-model",
     .may_change = true,
     .help = "how experts come to be used alike (--balance loss 0.01):"}},
    {DM_TRAIN, &(const Option){.name = "mini-batch-words", .type = DM_INTEGER, DM_ONE_VALUE,
     .rule = dm_default_rule, .low = 1, .high = 1000000000, .argument = "N",
     .stays = "the place in the epoch is counted in such batches",
     .help = "target pieces of a batch, about; each update uses --optimizer-delay batches"}},
    {DM_BENCH, &(const Option){.name = "mini-batch-words", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1000000000, .argument = "N", .needs = "WHAT=train",
     .help = "target pieces of an update, about; 0: as the shape says, 4,096 with --model"}},
    {DM_TRAIN, &(const Option){.name = "optimizer-delay", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 1,
     .high = 10000, .argument = "N",
     .may_change = true,
     .help = "batches of an update: a larger batch in the same memory"}},
    {DM_TRAIN, &(const Option){.name = "optimizer", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "adam",
     .choices = "adam|sgd", .argument = "NAME",
     .stays = "the checkpoint has what this one remembers",
     .help = "how gradients become steps"}},
    {DM_TRAIN, &(const Option){.name = "optimizer-params", .type = DM_REAL, .values_min = 3, .values_max = 3,
     .initial = "0.9 0.98 1e-9", .low = 0, .high = 0.999999, .argument = "B1 B2 EPS",
     .may_change = true, .needs = "optimizer=adam",
     .help = "decay of the two moments, and epsilon"}},
    {DM_TRAIN, &(const Option){.name = "weight-decay", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 100, .argument = "F",
     .may_change = true,
     .help = "every step also takes this share of the weights, times the learning rate, off them, apart from the gradient "
             "(AdamW: Loshchilov and Hutter 2019)"}},
    {DM_TRAIN, &(const Option){.name = "clip-norm", .type = DM_REAL, DM_ONE_VALUE, .initial = "1", .low = 0,
     .high = 1000000000, .argument = "F",
     .may_change = true,
     .help = "longest gradient: longer ones are scaled down to it; 0: off"}},
    {DM_TRAIN, &(const Option){.name = "exponential-smoothing", .type = DM_REAL, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1, .argument = "F",
     .stays = "the moving average began with the run",
     .help = "validate and keep a moving average of the weights, into which each update mixes this share of the new "
             "ones (1e-4, say; more in the first updates): model.safetensors and all checkpoints but the state of the "
             "run hold it; 0: off"}},
    {DM_TRAIN, &(const Option){.name = "seed", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "1", .low = 0,
     .high = 999999999999999, .argument = "N",
     .stays = "all random numbers of the run hang on it",
     .help = "of all random numbers: the same seed gives the same model"}},
    {0, NULL},
};

const OptionRow dm_rows_schedule[] = {
    {DM_TRAIN, &(const Option){.name = "learn-rate", .aliases = "lr", .type = DM_REAL, DM_ONE_VALUE, .initial = "0.001",
     .low = 1e-12, .high = 100, .argument = "F",
     .may_change = true,
     .help = "highest learning rate"}},
    {DM_TRAIN, &(const Option){.name = "lr-warmup", .type = DM_INTEGER, DM_ONE_VALUE, .rule = dm_default_rule, .low = 0,
     .high = 1000000000, .argument = "N",
     .may_change = true,
     .help = "updates in which the learning rate rises from 0"}},
    {DM_TRAIN, &(const Option){.name = "lr-schedule", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "cosine",
     .choices = "constant|inv-sqrt|linear|cosine", .argument = "NAME",
     .may_change = true,
     .help = "how it falls after that: not at all, with the inverse square root of the update, or to 0 at the end "
             "(--after) in a line or a half cosine"}},
    {DM_TRAIN, &(const Option){.name = "after", .aliases = "a", .type = DM_DURATION, DM_ONE_VALUE,
     .rule = dm_default_rule, .argument = "TIME", .free_on_resume = true,
     .fixed = learn_rate_ends,
     .may_change = true,
     .help = "how long to train: 10e (epochs), 5000u (updates), 90s, 30m or 2h. With --lr-schedule linear or cosine a time "
             "becomes a number of updates after a minute (or a tenth of it), by the speed up to there"}},
    {DM_TRAIN, &(const Option){.name = "early-stopping", .type = DM_INTEGER, DM_ONE_VALUE,
     .rule = dm_default_rule, .low = 0, .high = 1000000000, .argument = "N", .free_on_resume = true,
     .needs = "valid-sets|valid-tsv", .off = "0",
     .help = "stop after this many validations without a better one; 0: never"}},
    {0, NULL},
};

const OptionRow dm_rows_validation[] = {
    {DM_TRAIN, &(const Option){.name = "valid-freq", .type = DM_DURATION, DM_ONE_VALUE, .initial = "1e",
     .argument = "TIME", .needs = "valid-sets|valid-tsv",
     .may_change = true,
     .help = "time from one validation to the next: epochs (1e), updates (500u) or 90s, 30m, 2h"}},
    {DM_TRAIN, &(const Option){.name = "valid-metrics", .type = DM_CHOICE, .values_min = 1, .values_max = DM_MOST_METRICS,
     .initial = "ce-mean-words bleu", .choice = dm_metric_choice, .argument = "NAME ...", .needs = "valid-sets|valid-tsv",
     .may_change = true,
     .help = "what to measure (of --type labels, ce-mean-words and accuracy if nothing is said); the first decides about the best checkpoint and --early-stopping. ce-mean-words and "
             "perplexity are of the given translations, all others of the model's own, greedily"}},
    {DM_TRAIN, &(const Option){.name = "valid-tok", .type = DM_CHOICE, DM_ONE_VALUE, .choice = dm_tokenizer_choice,
     .argument = "NAME", .needs = "valid-sets|valid-tsv valid-metrics=bleu",
     .may_change = true,
     .help = "how bleu of the validation cuts text into words, as score --tok; if nothing is said, none with --segmenter "
             "space, zh or char where most of the text to be translated into has no spaces between words, else 13a"}},
    {DM_TRAIN, &(const Option){.name = "keep-best", .type = DM_CHOICE, .values_min = 1, .values_max = DM_MOST_METRICS,
     .choice = dm_metric_choice, .argument = "NAME ...", .needs = "valid-sets|valid-tsv",
     .may_change = true,
     .help = "also keep the best checkpoint by each of these --valid-metrics, as best-NAME.safetensors"}},
    {DM_TRAIN, &(const Option){.name = "save-freq", .type = DM_DURATION, DM_ONE_VALUE, .initial = "1e",
     .argument = "TIME",
     .may_change = true,
     .help = "time from one checkpoint to the next"}},
    {DM_TRAIN, &(const Option){.name = "average", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "0", .low = 0,
     .high = 1000, .argument = "N",
     .may_change = true,
     .help = "keep the checkpoints of the last N epochs (with --exponential-smoothing, of the smoothed weights) and "
             "average them at the end; 0: model.safetensors is the best checkpoint"}},
    {DM_TRAIN, &(const Option){.name = "disp-freq", .type = DM_DURATION, DM_ONE_VALUE, .initial = "100u",
     .argument = "TIME", .free_on_resume = true,
     .help = "time from one line of the log to the next"}},
    {DM_TRAIN, &(const Option){.name = "change", .type = DM_FLAG, .free_on_resume = true,
     .help = "go on with a run although some options are others than it was begun with (learning rate, dropout, "
             "validation, frequencies and the like): train.jsonl says which, and from which update on. Shape, vocabulary, "
             "seed and text stay"}},
    {DM_TRAIN, &(const Option){.name = "quiet", .aliases = "q", .type = DM_FLAG, .free_on_resume = true,
     .help = "no progress bar, no log on the terminal; train.jsonl is written all the same"}},
    {0, NULL},
};
