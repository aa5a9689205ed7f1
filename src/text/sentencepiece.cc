// SentencePiece behind a C interface: the only file that is not C, for the library has no other interface than C++.
#include "text/sentencepiece.h"

extern "C" {
#include "core/utf8.h"
}

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct SentencePiece {
    sentencepiece::SentencePieceProcessor processor;
    std::string map;  // the compiled rules of the normaliser
    bool bpe = false, bytes = false, tidies = true, marks_beginning = true;
};

// ---- Is the model sound? --------------------------------------------------------------------------------------------
// SentencePiece trusts the normalisation rules of a model: with wrong offsets in them it reads outside of its memory.
// So they are looked at before it gets them. The path to them in the file, as protocol buffer fields: ModelProto 3
// (normaliser) and 5 (denormaliser), in these NormalizerSpec 2 (the compiled rules).

static uint32_t little_endian(std::string_view bytes, size_t at)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return value;
}

// Compiled rules: u32 size of the trie, the trie (a Darts double array of u32 units), the replacements, each with its
// NUL. A unit at p is a value where bit 31 is set; otherwise its children are at p ^ offset ^ label, and bit 8 says
// that the one with label 0 is a value: where a replacement starts.
static bool rules_are_sound(std::string_view rules)
{
    if (rules.empty()) return true;
    if (rules.size() < 4) return false;
    size_t trie_size = little_endian(rules, 0);
    if (trie_size > rules.size() - 4 || trie_size % 4) return false;
    std::string_view trie = rules.substr(4, trie_size), replacements = rules.substr(4 + trie_size);
    size_t units = trie.size() / 4;
    if (units == 0 || units % 256 || replacements.empty() || replacements.back() != '\0') return false;
    for (size_t p = 0; p < units; p++) {
        uint32_t unit = little_endian(trie, 4 * p);
        if (unit >> 31) continue;  // a value: nobody goes on from here
        // Labels reach no further than the block of 256 units around it, so one bound serves them all.
        size_t child = p ^ (static_cast<size_t>(unit >> 10) << ((unit & (1u << 9)) >> 6));
        if (child >= units) return false;
        if (!(unit & (1u << 8))) continue;
        uint32_t value = little_endian(trie, 4 * child) & 0x7fffffffu;
        if (value >= replacements.size()) return false;
    }
    return true;
}

static bool read_varint(std::string_view *bytes, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
        unsigned char byte = static_cast<unsigned char>(bytes->front());
        bytes->remove_prefix(1);
        *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

// Takes one field off the front of a message; *body: its bytes where it has a length (wire type 2), else empty. *value:
// of a whole number.
static bool read_field(std::string_view *message, uint64_t *number, std::string_view *body, uint64_t *value)
{
    uint64_t tag, size = 0;
    *value = 0;
    if (!read_varint(message, &tag)) return false;
    *number = tag >> 3;
    *body = {};
    switch (tag & 7) {
    case 0: return read_varint(message, value);
    case 1: size = 8; break;
    case 5: size = 4; break;
    case 2:
        if (!read_varint(message, &size)) return false;
        break;
    default: return false;
    }
    if (size > message->size()) return false;
    if ((tag & 7) == 2) *body = message->substr(0, size);
    message->remove_prefix(size);
    return true;
}

static bool model_is_sound(std::string_view model)
{
    uint64_t number, value;
    std::string_view body, rules;
    while (!model.empty()) {
        if (!read_field(&model, &number, &body, &value)) return false;
        if (number != 3 && number != 5) continue;
        for (std::string_view spec = body; !spec.empty();) {
            if (!read_field(&spec, &number, &rules, &value)) return false;
            if (number == 2 && !rules_are_sound(rules)) return false;
        }
    }
    return true;
}

// What the library does not tell, of a model that it has opened: TrainerSpec (2) says the kind (3; 2 is BPE) and whether
// bytes are pieces (35); NormalizerSpec (3) has the rules (2) and what is done with spaces (3 and 4).
static void read_rules(SentencePiece *to, std::string_view model)
{
    uint64_t part, number, value;
    std::string_view body, text;
    while (read_field(&model, &part, &body, &value)) {
        if (part != 2 && part != 3) continue;
        for (std::string_view spec = body; read_field(&spec, &number, &text, &value);) {
            if (part == 2 && number == 3) to->bpe = value == 2;
            if (part == 2 && number == 35) to->bytes = value != 0;
            if (part == 3 && number == 2) to->map = text;
            if (part == 3 && number == 3) to->marks_beginning = value != 0;
            if (part == 3 && number == 4) to->tidies = value != 0;
        }
    }
}

// ---- Using a model --------------------------------------------------------------------------------------------------

// What the functions of C++ return to those of C, which alone may leave a scope.
enum class Outcome { done, refused, no_memory };

static Outcome open_model(SentencePiece **model, const char *bytes, size_t size, const char *name, Error *error)
{
    std::string reason = "its parts do not fit together";
    try {
        if (size && model_is_sound({bytes, size})) {
            std::unique_ptr<SentencePiece> opened(new SentencePiece);
            auto status = opened->processor.LoadFromSerializedProto({bytes, size});
            if (status.ok() && opened->processor.GetPieceSize() > 0) {
                read_rules(opened.get(), {bytes, size});
                *model = opened.release();
                return Outcome::done;
            }
            reason = status.ToString();
        }
    } catch (const std::bad_alloc &) {
        return Outcome::no_memory;
    } catch (const std::exception &exception) {
        reason = exception.what();
    }
    dm_fail(error, "%s is damaged or no SentencePiece model (%s): take it from its source again", name,
            size ? reason.c_str() : "it is empty");
    return Outcome::refused;
}

static void close_model(void *model)
{
    delete static_cast<SentencePiece *>(model);
}

Status dm_sentencepiece_open(SentencePiece **model, const char *bytes, size_t size, const char *name, Error *error)
{
    *model = nullptr;
    const Outcome outcome = open_model(model, bytes, size, name, error);
    if (outcome == Outcome::no_memory) dm_out_of_memory(size);
    if (outcome == Outcome::refused) return DM_FAILURE;
    dm_guard(close_model, *model);
    return DM_OK;
}

void dm_sentencepiece_close(SentencePiece *model)
{
    if (!model) return;
    dm_unguard(model);
    close_model(model);
}

int dm_sentencepiece_size(const SentencePiece *model)
{
    return model->processor.GetPieceSize();
}

const char *dm_sentencepiece_piece(const SentencePiece *model, int id)
{
    if (model->processor.IsUnknown(id) || model->processor.IsControl(id)) return nullptr;
    return model->processor.IdToPiece(id).c_str();
}

int dm_sentencepiece_id(const SentencePiece *model, const char *piece)
{
    const int id = model->processor.PieceToId(piece);
    return model->processor.IsUnknown(id) || model->processor.IsControl(id) ? -1 : id;
}

float dm_sentencepiece_score(const SentencePiece *model, int id)
{
    return model->processor.GetScore(id);
}

bool dm_sentencepiece_is_merged(const SentencePiece *model, int id)
{
    return !model->processor.IsByte(id) && !model->processor.IsUnused(id);
}

SentencePieceRules dm_sentencepiece_rules(const SentencePiece *model)
{
    return {model->bpe,           model->bytes,      model->tidies,
            model->marks_beginning, model->map.data(), model->map.size()};
}

// NULL: out of memory
static char *encode(const SentencePiece *model, std::string_view text, int *count)
try {
    std::vector<std::string> pieces;
    if (!model->processor.Encode({text.data(), text.size()}, &pieces).ok()) pieces.clear();
    size_t size = 1;
    for (const std::string &piece : pieces) size += piece.size() + 1;
    char *all = static_cast<char *>(dm_try_allocate(size)), *end = all;
    for (const std::string &piece : pieces) {
        if (all) std::memcpy(end, piece.c_str(), piece.size() + 1), end += piece.size() + 1;
    }
    *count = static_cast<int>(pieces.size());
    return all;
} catch (const std::exception &) {
    return nullptr;
}

char *dm_sentencepiece_encode(const SentencePiece *model, const char *text, size_t size, int *count)
{
    char *pieces = encode(model, {text, size}, count);
    if (!pieces) dm_out_of_memory(size);
    return pieces;
}

static char *decode(const SentencePiece *model, const char *const *pieces, int count, size_t *size)
try {
    std::vector<std::string> all(pieces, pieces + count);
    std::string text;
    if (!model->processor.Decode(all, &text).ok()) text.clear();
    *size = text.size();
    char *copy = static_cast<char *>(dm_try_allocate(text.size() + 1));
    if (copy) std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
} catch (const std::exception &) {
    return nullptr;
}

char *dm_sentencepiece_decode(const SentencePiece *model, const char *const *pieces, int count)
{
    size_t size = 0;
    char *text = decode(model, pieces, count, &size);
    if (!text) dm_out_of_memory(0);
    char *mended = dm_utf8_mended(text, size);
    dm_free(text);
    return mended;
}

// ---- Training -------------------------------------------------------------------------------------------------------

namespace
{
class Sentences : public sentencepiece::SentenceIterator
{
  public:
    explicit Sentences(const SentencePieceTraining *training) : training_(training)
    {
        Next();
    }
    bool done() const override
    {
        return done_;
    }
    void Next() override
    {
        const char *sentence = training_->next(training_->context);
        done_ = !sentence;
        if (sentence) value_ = sentence;
    }
    const std::string &value() const override
    {
        return value_;
    }
    sentencepiece::util::Status status() const override
    {
        return {};
    }

  private:
    const SentencePieceTraining *training_;
    std::string value_;
    bool done_ = false;
};
}  // namespace

// The nearest size that the text allows, out of SentencePiece's own words (0.1.97: "... too high (9). Please set it to
// a value <= 7." and "... smaller than required_chars. 9 vs 12. ..."), or 0.
static int allowed_size(const std::string &message)
{
    for (const char *mark : {"value <= ", " vs "}) {
        size_t at = message.find(mark);
        if (at != std::string::npos) return std::atoi(message.c_str() + at + std::strlen(mark));
    }
    return 0;
}

static Outcome train(char **bytes, size_t *size, int *allowed, const SentencePieceTraining *training, Error *error)
try {
    std::unordered_map<std::string, std::string> flags = {
        {"model_type", training->kind},
        {"vocab_size", std::to_string(training->size)},
        {"character_coverage", std::to_string(training->coverage)},
        {"max_sentence_length", std::to_string(training->sentence_bytes)},
        {"unk_id", "0"},
        {"bos_id", "-1"},
        {"eos_id", "-1"},
        {"pad_id", "-1"},
        // Sums of floats are added up per thread: another number of threads is another model.
        {"num_threads", "8"},
        {"minloglevel", "4"},  // above all levels: silence
    };
    std::string model;
    Sentences sentences(training);
    auto status = sentencepiece::SentencePieceTrainer::Train(flags, &sentences, &model);
    if (status.ok()) {
        *size = model.size();
        *bytes = static_cast<char *>(dm_try_allocate(model.size() + 1));
        if (!*bytes) return Outcome::no_memory;
        std::memcpy(*bytes, model.data(), model.size());
        return Outcome::done;
    }
    const std::string reason = status.ToString();
    *allowed = allowed_size(reason);
    dm_fail(error, "SentencePiece: %s", reason.c_str());
    return Outcome::refused;
} catch (const std::bad_alloc &) {
    return Outcome::no_memory;
} catch (const std::exception &exception) {
    dm_fail(error, "SentencePiece: %s", exception.what());
    return Outcome::refused;
}

Status dm_sentencepiece_train(char **bytes, size_t *size, int *allowed, const SentencePieceTraining *training,
                              Error *error)
{
    *bytes = nullptr;
    *allowed = 0;
    const Outcome outcome = train(bytes, size, allowed, training, error);
    if (outcome == Outcome::no_memory) dm_out_of_memory(0);
    return outcome == Outcome::done ? DM_OK : DM_FAILURE;
}
