// Text streams: plain, gzip and zstd are one and the same text; what is cut short, damaged or made to fill the memory
// is refused.
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "core/memory.h"
#include "core/random.h"
#include "core/text_stream.h"
#include "core/scratch.h"

typedef enum Form { PLAIN, GZIP, ZSTD, UNCHECKED, FORMS } Form;  // unchecked: zstd without a checksum at the end

typedef struct Bytes {
    char *at;
    size_t size, room;
} Bytes;

static void add(Bytes *bytes, const void *more, size_t size)
{
    if (bytes->size + size > bytes->room)
        bytes->at = dm_reallocate(bytes->at, bytes->room = 2 * (bytes->size + size), 1);
    memcpy(bytes->at + bytes->size, more, size);
    bytes->size += size;
}

static void add_gzip(Bytes *bytes, const char *text, size_t size)
{
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    size_t room = deflateBound(&z, size);
    char *out = dm_allocate(room, 1);
    z.next_in = (Bytef *)text, z.avail_in = (uInt)size, z.next_out = (Bytef *)out, z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) abort();
    add(bytes, out, room - z.avail_out);
    deflateEnd(&z);
    dm_free(out);
}

static void add_zstd(Bytes *bytes, const char *text, size_t size, bool checked)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checked);
    size_t room = ZSTD_compressBound(size);
    char *out = dm_allocate(room, 1);
    add(bytes, out, ZSTD_compress2(context, out, room, text, size));
    ZSTD_freeCCtx(context);
    dm_free(out);
}

// A text as one, or as `parts` members or frames.
static Bytes in_form(Form form, const char *text, size_t size, size_t parts)
{
    Bytes bytes = {dm_allocate(1, 1), 0, 1};
    for (size_t i = 0; i < parts; i++) {
        const size_t from = size * i / parts, to = size * (i + 1) / parts;
        if (form == PLAIN) add(&bytes, text + from, to - from);
        if (form == GZIP) add_gzip(&bytes, text + from, to - from);
        if (form == ZSTD || form == UNCHECKED) add_zstd(&bytes, text + from, to - from, form == ZSTD);
    }
    return bytes;
}

// A file that need not last, and need not reach the disk.
static const char *put(const char *name, const char *bytes, size_t size)
{
    const char *path = scratch(name);
    remove(path);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
    return path;
}

// Reads a file by so many bytes at once.
static Status read_by(const char *path, size_t room, Bytes *bytes, Error *error)
{
    dm_text_stream *stream;
    *bytes = (Bytes){dm_allocate(1, 1), 0, 1};
    char *some = dm_allocate(room, 1);
    size_t got = 1;
    Status status = dm_text_stream_open(&stream, path, error);
    while (!status && got) {
        status = dm_text_stream_read(stream, some, room, &got, error);
        if (!status) add(bytes, some, got);
    }
    dm_text_stream_close(stream);
    dm_free(some);
    return status;
}

static bool is(const Bytes *bytes, const char *text, size_t size)
{
    return bytes->size == size && memcmp(bytes->at, text, size) == 0;
}

// Words without much order: it does not compress to nothing, so that it takes many reads in every form.
static char *long_text(size_t size)
{
    char *text = dm_allocate(size + 1, 1);
    for (size_t i = 0; i < size; i++) {
        Random random = dm_random(i, 0, 0, 0);
        text[i] = "abcdefghijklmnopqrstuvwxyz     \n"[dm_random_below(&random, 32)];
    }
    return text;
}

static void plain_gzip_and_zstd_are_the_same_text_however_it_is_read(void)
{
    enum { LONG = 150000 };
    char *words = long_text(LONG);
    const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"", 0},      {"a\n", 2},          {"(", 1},    {"(\xB5/", 3}, {"P", 1},
        {"P*M\n", 4}, {"_*M\x19 text", 9}, {"\x1F", 1}, {"\x1F\n", 2}, {words, LONG},
    };
    static const size_t rooms[] = {1, 7, 1000, 1 << 20}, parts[] = {1, 2, 5};
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (int form = 0; form < FORMS; form++)
            for (size_t r = 0; r < DM_COUNT(rooms) * DM_COUNT(parts); r++) {
                Bytes file = in_form((Form)form, cases[i].text, cases[i].size, parts[r % DM_COUNT(parts)]), read;
                const char *path = put("text", file.at, file.size);
                CU_ASSERT_EQUAL(read_by(path, rooms[r / DM_COUNT(parts)], &read, NULL), DM_OK);
                CU_ASSERT(is(&read, cases[i].text, cases[i].size));
                dm_free(read.at);
                CU_ASSERT_EQUAL_FATAL(dm_text_read(path, &read.at, &read.size, NULL), DM_OK);
                CU_ASSERT(is(&read, cases[i].text, cases[i].size));
                CU_ASSERT_EQUAL(read.at[read.size], '\0');
                dm_free(read.at);
                dm_free(file.at);
            }
    dm_free(words);
}

// A member that ends where the caller's room does leaves nothing half done.
static void a_member_may_fill_the_room_to_its_last_byte(void)
{
    for (int form = GZIP; form < FORMS; form++) {
        Bytes file = in_form((Form)form, "abcdefgh", 8, 2), read;
        const char *path = put("text", file.at, file.size);
        for (size_t room = 1; room <= 8; room++) {
            CU_ASSERT_EQUAL(read_by(path, room, &read, NULL), DM_OK);
            CU_ASSERT(is(&read, "abcdefgh", 8));
            dm_free(read.at);
        }
        dm_free(file.at);
    }
}

static void zstd_frames_to_be_skipped_are_skipped(void)
{
    static const char skipped[] = "\x5A\x2A\x4D\x18\x03\0\0\0abc";
    Bytes file = {dm_allocate(1, 1), 0, 1}, read;
    for (int i = 0; i < 2; i++) {
        add(&file, skipped, sizeof skipped - 1);
        add_zstd(&file, "text\n", 5, true);
    }
    add(&file, skipped, sizeof skipped - 1);
    CU_ASSERT_EQUAL(read_by(put("text", file.at, file.size), 100, &read, NULL), DM_OK);
    CU_ASSERT(is(&read, "text\ntext\n", 10));
    dm_free(read.at);
    dm_free(file.at);
}

static bool says(const Error *error, const char *part)
{
    if (strstr(error->message, part)) return true;
    printf("\n  '%s' is not in: %s\n", part, error->message);
    return false;
}

static void a_file_cut_short_anywhere_is_refused_with_its_name(void)
{
    static const char *const tools[] = {"", "gzip", "zstd"};
    char *words = long_text(1000);
    for (int form = GZIP; form <= ZSTD; form++) {
        Bytes whole = in_form((Form)form, words, 1000, 2), read;
        Bytes first = in_form((Form)form, words, 500, 1);  // cut behind it, the file is whole
        for (size_t size = form == GZIP ? 2 : 4; size < whole.size; size++) {
            Error error = {""};
            const char *path = put("cut", whole.at, size);
            CU_ASSERT_EQUAL(read_by(path, 64, &read, &error), size == first.size ? DM_OK : DM_FAILURE);
            if (size != first.size)
                CU_ASSERT(says(&error, "cut ends in the middle of its ") && says(&error, tools[form]));
            dm_free(read.at);
        }
        dm_free(first.at);
        dm_free(whole.at);
    }
    dm_free(words);
}

// No bit may change and leave another text behind. (Some say when the file was made, and change nothing.)
static void a_damaged_file_is_refused_or_still_the_same_text(void)
{
    char *words = long_text(300);
    for (int form = GZIP; form <= ZSTD; form++) {
        Bytes file = in_form((Form)form, words, 300, 1), read;
        size_t refused = 0, first = form == GZIP ? 2 : 4;
        for (size_t i = first; i < file.size; i++)
            for (int bit = 0; bit < 8; bit++) {
                Error error = {""};
                file.at[i] ^= (char)(1 << bit);
                Status status = read_by(put("damaged", file.at, file.size), 1000, &read, &error);
                refused += status != DM_OK;
                CU_ASSERT(status ? says(&error, "damaged") : is(&read, words, 300));
                dm_free(read.at);
                file.at[i] ^= (char)(1 << bit);
            }
        CU_ASSERT(refused > (file.size - first) * 7);
        dm_free(file.at);
    }
    dm_free(words);
}

static void what_stands_behind_compressed_text_must_be_compressed_text(void)
{
    for (int form = GZIP; form <= ZSTD; form++) {
        Bytes file = in_form((Form)form, "text\n", 5, 1), read;
        add(&file, "more\n", 5);
        Error error = {""};
        CU_ASSERT_EQUAL(read_by(put("joined", file.at, file.size), 100, &read, &error), DM_FAILURE);
        CU_ASSERT(says(&error, "joined: its ") && says(&error, "damaged behind 5 bytes of text"));
        dm_free(read.at);
        dm_free(file.at);
    }
}

// As one text in memory it is refused; as a stream it is read, for nobody has to keep it.
static void a_file_made_to_fill_the_memory_is_refused(void)
{
    enum { SIZE = 68 << 20 };
    char *text = dm_allocate(SIZE, 1);
    memset(text, 'a', SIZE);
    for (int form = PLAIN; form <= ZSTD; form++) {
        Bytes file = in_form((Form)form, text, SIZE, 1), read = {0};
        const char *path = put("bomb", file.at, file.size);
        Error error = {""};
        CU_ASSERT_EQUAL(dm_text_read(path, &read.at, &read.size, &error), form == PLAIN ? DM_OK : DM_FAILURE);
        if (form != PLAIN) CU_ASSERT(says(&error, "bomb: ") && says(&error, "as if it was made to fill the memory"));
        dm_free(read.at);
        dm_text_stream *stream;
        CU_ASSERT_EQUAL_FATAL(dm_text_stream_open(&stream, path, NULL), DM_OK);
        size_t size = 0, got;
        char some[4096];
        do {
            CU_ASSERT_EQUAL_FATAL(dm_text_stream_read(stream, some, sizeof some, &got, NULL), DM_OK);
            size += got;
        } while (got);
        CU_ASSERT_EQUAL(size, SIZE);
        dm_text_stream_close(stream);
        dm_free(file.at);
    }
    dm_free(text);
}

// Where reading waited for more than there is, this would never end.
// As gzip reads it: behind a member zeros say nothing, up to the end or to the next member.
static void zeros_behind_gzip_members_are_passed_over(void)
{
    enum { BLOCK = 70000 };  // more than is read at once
    static const char zeros[BLOCK];
    static const size_t fills[] = {1, 512, BLOCK};
    for (size_t f = 0; f < DM_COUNT(fills); f++)
        for (size_t room = 1; room <= 8192; room *= 8192) {
            Bytes bytes = in_form(GZIP, "one\n", 4, 1), text;
            add(&bytes, zeros, fills[f]);
            add_gzip(&bytes, "", 0);
            add(&bytes, zeros, fills[f]);
            add_gzip(&bytes, "two\n", 4);
            add(&bytes, zeros, fills[f]);
            Error error = {""};
            CU_ASSERT_EQUAL(read_by(put("zeros.gz", bytes.at, bytes.size), room, &text, &error), DM_OK);
            CU_ASSERT_STRING_EQUAL(error.message, "");
            CU_ASSERT(is(&text, "one\ntwo\n", 8));
            dm_free(bytes.at), dm_free(text.at);
        }
}

static void archives_are_named_with_what_to_do(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *name, *unpack;
    } cases[] = {
        {"\xFD"
         "7zXZ\0\0\4",
         8, "is xz data, not text", "xz -dc FILE"},
        {"BZh11AY&SY\x12", 11, "is bzip2 data", "bzip2 -dc FILE"},
        {"BZh91AY&SY\x12", 11, "is bzip2 data", "bzip2 -dc FILE"},
        {"PK\3\4\x14", 5, "is a zip archive", "unzip -p FILE"},
        {"7z\xBC\xAF\x27\x1C", 6, "is a 7z archive", "7z x -so FILE"},
        {"Rar!\x1A\x07\x01", 7, "is a rar archive", "unrar"},
        {"\x04\x22\x4D\x18", 4, "is lz4 data", "lz4 -dc FILE"},
        {"LZIP\1", 5, "is lzip data", "lzip -dc FILE"},
        {"\x1F\x9D\x90", 3, "is data of compress", "gzip -dc FILE"},
    };
    Bytes text;
    Error error;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        CU_ASSERT_EQUAL(read_by(put("some.file", cases[i].bytes, cases[i].size), 4096, &text, &error), DM_FAILURE);
        bool good = strstr(error.message, cases[i].name) && strstr(error.message, cases[i].unpack) &&
                    strstr(error.message, "some.file");
        if (!good) printf("\n  %s\n", error.message);
        CU_ASSERT(good);
        dm_free(text.at);
    }
    static const char *const texts[] = {"BZh", "BZhabc\n", "PK", "PKxx\n", "7z x\n", "LZIP\n", "Rar!\n", "B\n", "7"};
    for (size_t i = 0; i < DM_COUNT(texts); i++) {
        CU_ASSERT_EQUAL(read_by(put("some.file", texts[i], strlen(texts[i])), 4096, &text, &error), DM_OK);
        CU_ASSERT(is(&text, texts[i], strlen(texts[i])));
        dm_free(text.at);
    }
    char archive[1024] = "train.zh";
    memcpy(archive + 257, "ustar", 5);
    for (Form form = PLAIN; form < FORMS; form++) {  // also in the forms that are read
        Bytes bytes = in_form(form, archive, sizeof archive, 1);
        CU_ASSERT_EQUAL(read_by(put("some.tar", bytes.at, bytes.size), 4096, &text, &error), DM_FAILURE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "some.tar is a tar archive"));
        dm_free(text.at), dm_free(bytes.at);
    }
}

// Streams of several members and frames, each with some bytes changed, doubled or cut out: every one ends, with the
// text or with a complaint, and never gives more than a few times what there was.
static void a_hostile_stream_comes_to_an_end(void)
{
    enum { SIZE = 3000, ROUNDS = 400, MOST = 64 << 20 };
    char *words = long_text(SIZE);
    for (int i = 0; i < ROUNDS; i++) {
        Random random = dm_random(7, (uint64_t)i, 0, 0);
        Bytes bytes = in_form(i % 2 ? GZIP : i % 4 ? ZSTD : UNCHECKED, words, SIZE, 1 + (size_t)i % 4);
        for (int change = 0; change < 3; change++) {
            const size_t at = (size_t)dm_random_below(&random, bytes.size), left = bytes.size - at;
            const size_t some = (size_t)dm_random_below(&random, left < 40 ? left : 40);
            const uint64_t what = dm_random_below(&random, 4);
            if (what == 0) bytes.at[at] = (char)dm_random_below(&random, 256);
            if (what == 1) memset(bytes.at + at, 0, some);
            if (what == 2) memmove(bytes.at + at, bytes.at + at + some, left - some), bytes.size -= some;
            if (what == 3) add(&bytes, bytes.at + at, some);
        }
        dm_text_stream *stream;
        char part[777];
        size_t got = 1, all = 0;
        Error error = {""};
        CU_ASSERT_EQUAL_FATAL(dm_text_stream_open(&stream, put("hostile", bytes.at, bytes.size), &error), DM_OK);
        while (got && all < MOST && !dm_text_stream_read(stream, part, sizeof part, &got, &error)) all += got;
        CU_ASSERT(all < MOST && (!got || *error.message));
        dm_text_stream_close(stream);
        dm_free(bytes.at);
    }
    dm_free(words);
}

static void a_pipe_gives_what_is_there(void)
{
    static const char *const begins[] = {"a\n", "(\n", "P\n", "(\xB5\n", "\x1F\n"};
    for (size_t i = 0; i < DM_COUNT(begins); i++) {
        int ends[2];
        CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
        char *path = dm_format("/dev/fd/%d", ends[0]), some[100];
        dm_text_stream *stream;
        CU_ASSERT_EQUAL_FATAL(dm_text_stream_open(&stream, path, NULL), DM_OK);
        close(ends[0]);
        CU_ASSERT(!dm_text_stream_ready(stream));
        const char *lines[] = {begins[i], "b\n"};
        for (int k = 0; k < 2; k++) {
            const size_t size = strlen(lines[k]);
            size_t got = 0;
            CU_ASSERT_EQUAL(write(ends[1], lines[k], size), (ssize_t)size);
            CU_ASSERT(dm_text_stream_ready(stream));
            CU_ASSERT_EQUAL(dm_text_stream_read(stream, some, 1, &got, NULL), DM_OK);
            CU_ASSERT(got == 1 && some[0] == lines[k][0]);
            CU_ASSERT(dm_text_stream_ready(stream));
            CU_ASSERT_EQUAL(dm_text_stream_read(stream, some, sizeof some, &got, NULL), DM_OK);
            CU_ASSERT(got == size - 1 && memcmp(some, lines[k] + 1, got) == 0);
            CU_ASSERT(!dm_text_stream_ready(stream));
        }
        close(ends[1]);
        CU_ASSERT(dm_text_stream_ready(stream));
        size_t got = 1;
        CU_ASSERT_EQUAL(dm_text_stream_read(stream, some, sizeof some, &got, NULL), DM_OK);
        CU_ASSERT_EQUAL(got, 0);
        dm_text_stream_close(stream);
        dm_free(path);
    }
}

const Fact facts[] = {
    FACT(plain_gzip_and_zstd_are_the_same_text_however_it_is_read),
    FACT(a_member_may_fill_the_room_to_its_last_byte),
    FACT(zstd_frames_to_be_skipped_are_skipped),
    FACT(a_file_cut_short_anywhere_is_refused_with_its_name),
    FACT(a_damaged_file_is_refused_or_still_the_same_text),
    FACT(what_stands_behind_compressed_text_must_be_compressed_text),
    FACT(a_file_made_to_fill_the_memory_is_refused),
    FACT(zeros_behind_gzip_members_are_passed_over),
    FACT(archives_are_named_with_what_to_do),
    FACT(a_hostile_stream_comes_to_an_end),
    FACT(a_pipe_gives_what_is_there),
    {NULL, NULL},
};
