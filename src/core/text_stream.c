// Text as people have it: a file or standard input, plain, gzip or zstd. The first bytes say which, not the name, which
// standard input does not have. gzip files may have several members and zstd files several frames: they are read on.
#include "core/text_stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"

enum { RAW_BYTES = 1 << 16, MOST_ROOM = 1 << 30 };  // read at once from the file, made at once of it

typedef enum Form { UNKNOWN, PLAIN, GZIP, ZSTD, OTHER } Form;  // unknown: nothing has been read yet; other: an archive

struct dm_text_stream {
    char *name;  // for errors
    int file;
    bool standard;  // input: it stays open
    bool ended;     // the file, not yet what was read of it
    Form form;
    unsigned char raw[RAW_BYTES];  // from ... used: read from the file, and not yet handed on
    size_t from, used;
    bool inside;          // a gzip member or zstd frame that has begun and not ended
    bool full;            // it has filled the room it was given: more of it may be ready without more of the file
    uint64_t read, made;  // bytes of the file, and of text from it
    z_stream gzip;
    ZSTD_DStream *zstd;
};

const char *dm_text_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

// What is more than memory.
static void release(void *what)
{
    dm_text_stream *stream = what;
    if (stream->form == GZIP) inflateEnd(&stream->gzip);
    ZSTD_freeDStream(stream->zstd);
    if (!stream->standard && stream->file >= 0) close(stream->file);
}

static Status open_stream(dm_text_stream **stream, const char *path, Error *error)
{
    const bool standard = strcmp(path, "-") == 0;
    *stream = NULL;
    if (!standard && dm_is_folder(path)) return dm_fail(error, "%s is a folder, but a file is needed", path);
    dm_text_stream *opened = dm_allocate(1, sizeof *opened);
    opened->name = dm_copy_string(dm_text_name(path));
    opened->standard = standard;
    opened->file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    dm_guard(release, opened);
    if (opened->file < 0) {
        Status status = dm_fail(error, "cannot open %s: %s", path, strerror(errno));
        dm_text_stream_close(opened);
        return status;
    }
    *stream = opened;
    return DM_OK;
}

dm_status dm_text_stream_open(dm_text_stream **stream, const char *path, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, open_stream(stream, path, error));
    if (status) *stream = NULL;
    return status;
}

void dm_text_stream_close(dm_text_stream *stream)
{
    if (!stream) return;
    dm_unguard(stream);
    release(stream);
    dm_free(stream->name);
    dm_free(stream);
}

bool dm_text_stream_ready(const dm_text_stream *stream)
{
    if (stream->form == GZIP || stream->form == ZSTD || stream->from < stream->used) return true;
    struct pollfd waiting = {.fd = stream->file, .events = POLLIN};
    return poll(&waiting, 1, 0) > 0;
}

// *got 0: the file is at its end. A terminal is not asked again.
static Status read_file(dm_text_stream *stream, void *bytes, size_t room, size_t *got, Error *error)
{
    ssize_t count = 0;
    if (!stream->ended) {
        do count = read(stream->file, bytes, room);
        while (count < 0 && errno == EINTR);
    }
    if (count < 0) return dm_fail(error, "cannot read %s: %s", stream->name, strerror(errno));
    stream->ended = count == 0;
    stream->read += (uint64_t)count;
    *got = (size_t)count;
    return DM_OK;
}

// ---- Which form -----------------------------------------------------------------------------------------------------

typedef struct Beginning {
    Form form;
    unsigned char mask;  // of the first byte
    size_t size;
    unsigned char bytes[10];
    const char *name, *unpack;  // of those that are not read: what they are called, and the command that unpacks them
} Beginning;

// How a form begins (RFC 1952, RFC 8878; a zstd file may begin with a frame to be skipped: 50 ... 5F 2A 4D 18).
static const Beginning beginnings[] = {
    {GZIP, 0xFF, 2, {0x1F, 0x8B}, NULL, NULL},
    {ZSTD, 0xFF, 4, {0x28, 0xB5, 0x2F, 0xFD}, NULL, NULL},
    {ZSTD, 0xF0, 4, {0x50, 0x2A, 0x4D, 0x18}, NULL, NULL},
    {OTHER, 0xFF, 6, {0xFD, '7', 'z', 'X', 'Z', 0}, "xz data", "xz -dc FILE"},
    {OTHER, 0xFF, 10, {'B', 'Z', 'h', '9', '1', 'A', 'Y', '&', 'S', 'Y'}, "bzip2 data", "bzip2 -dc FILE"},
    {OTHER, 0xFF, 4, {'P', 'K', 3, 4}, "a zip archive", "unzip -p FILE"},
    {OTHER, 0xFF, 4, {'P', 'K', 5, 6}, "a zip archive without files", "unzip -p FILE"},
    {OTHER, 0xFF, 6, {'7', 'z', 0xBC, 0xAF, 0x27, 0x1C}, "a 7z archive", "7z x -so FILE"},
    {OTHER, 0xFF, 6, {'R', 'a', 'r', '!', 0x1A, 7}, "a rar archive", "unrar p -inul FILE"},
    {OTHER, 0xFF, 4, {0x04, 0x22, 0x4D, 0x18}, "lz4 data", "lz4 -dc FILE"},
    {OTHER, 0xFF, 5, {'L', 'Z', 'I', 'P', 1}, "lzip data", "lzip -dc FILE"},
    {OTHER, 0xFF, 2, {0x1F, 0x9D}, "data of compress", "gzip -dc FILE"},
};

// A tar archive begins with a file's name and says what it is far behind it (POSIX.1, ustar).
static const Beginning tar = {OTHER, 0, 0, {0}, "a tar archive", "tar -xOf FILE"};

static bool is_tar(const void *bytes, size_t size)
{
    enum { AT = 257 };
    return size >= AT + 5 && memcmp((const char *)bytes + AT, "ustar", 5) == 0;
}

static Status refuse(const dm_text_stream *stream, const Beginning *found, Error *error)
{
    return dm_fail(error,
                   "%s is %s, not text: unpack it and give what comes out (%s > NEW); plain text, gzip and zstd "
                   "are read as they are",
                   stream->name, found->name, found->unpack);
}

// '9' stands for the digit that bzip2 says there.
static bool is_like(const Beginning *beginning, const unsigned char *bytes, size_t at)
{
    if (beginning->bytes[at] == '9') return bytes[at] >= '1' && bytes[at] <= '9';
    return (at ? bytes[at] : bytes[0] & beginning->mask) == beginning->bytes[at];
}

// UNKNOWN: the bytes may still become one of these forms. *found: the beginning of any form but plain text.
static Form form_of(const unsigned char *bytes, size_t size, const Beginning **found)
{
    Form form = PLAIN;
    *found = NULL;
    for (size_t i = 0; i < DM_COUNT(beginnings); i++) {
        size_t same = 0;
        while (same < size && same < beginnings[i].size && is_like(&beginnings[i], bytes, same)) same++;
        if (same == beginnings[i].size) {
            *found = &beginnings[i];
            return beginnings[i].form;
        }
        if (same == size) form = UNKNOWN;
    }
    return form;
}
// Reads no more than it takes: a line that somebody has typed is not held back.
static Status recognise(dm_text_stream *stream, Error *error)
{
    Form form = UNKNOWN;
    const Beginning *found = NULL;
    while (form == UNKNOWN && !stream->ended) {
        size_t got = 0;
        Status status = read_file(stream, stream->raw + stream->used, RAW_BYTES - stream->used, &got, error);
        if (status) return status;
        stream->used += got;
        form = form_of(stream->raw, stream->used, &found);
    }
    if (form == UNKNOWN) form = PLAIN;  // too short for another
    if (form == PLAIN && is_tar(stream->raw, stream->used)) found = &tar;
    if (found && found->form == OTHER) return refuse(stream, found, error);
    stream->inside = form != PLAIN;
    if (form == GZIP && inflateInit2(&stream->gzip, 16 + MAX_WBITS) != Z_OK)  // 16: gzip, not zlib
        return dm_fail(error, "out of memory: %s cannot be decompressed", stream->name);
    if (form == ZSTD && !(stream->zstd = ZSTD_createDStream()))
        return dm_fail(error, "out of memory: %s cannot be decompressed", stream->name);
    stream->form = form;
    return DM_OK;
}

// ---- Decompressing --------------------------------------------------------------------------------------------------

static const char *tool_of(const dm_text_stream *stream)
{
    return stream->form == GZIP ? "gzip" : "zstd";
}

static Status damaged(const dm_text_stream *stream, const char *reason, Error *error)
{
    char bytes[32];
    return dm_fail(error,
                   "%s: its %s data is damaged behind %s bytes of text (%s): fetch it or make it again (%s -t FILE "
                   "tests a file)",
                   stream->name, tool_of(stream), dm_with_commas(stream->made, bytes), reason, tool_of(stream));
}

static Status cut_short(const dm_text_stream *stream, Error *error)
{
    char bytes[32];
    return dm_fail(error,
                   "%s ends in the middle of its %s data, behind %s bytes of text: it was not written or copied to its "
                   "end; fetch it or make it again (%s -t FILE tests a file)",
                   stream->name, tool_of(stream), dm_with_commas(stream->made, bytes), tool_of(stream));
}

// Behind a member there may be zeros, as tapes and some writers fill up blocks: they say nothing.
static void skip_zeros(dm_text_stream *stream)
{
    while (!stream->inside && stream->from < stream->used && !stream->raw[stream->from]) stream->from++;
}

static Status unzip(dm_text_stream *stream, char *bytes, size_t room, size_t *got, Error *error)
{
    z_stream *z = &stream->gzip;
    if (!stream->inside) inflateReset(z);  // another member follows
    z->next_in = stream->raw + stream->from;
    z->avail_in = (uInt)(stream->used - stream->from);
    z->next_out = (Bytef *)bytes;
    z->avail_out = (uInt)room;
    const int result = inflate(z, Z_NO_FLUSH);
    stream->from = stream->used - z->avail_in;
    *got = room - z->avail_out;
    stream->made += *got;
    if (result == Z_MEM_ERROR) return dm_fail(error, "out of memory: %s cannot be decompressed", stream->name);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)  // the last one: nothing left to do for now
        return damaged(stream, z->msg ? z->msg : "without a reason", error);
    stream->inside = result != Z_STREAM_END;
    return DM_OK;
}

static Status unzstd(dm_text_stream *stream, char *bytes, size_t room, size_t *got, Error *error)
{
    ZSTD_inBuffer in = {stream->raw, stream->used, stream->from};
    ZSTD_outBuffer out = {bytes, room, 0};
    const size_t result = ZSTD_decompressStream(stream->zstd, &out, &in);
    stream->from = in.pos;
    *got = out.pos;
    stream->made += *got;
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
        return dm_fail(error,
                       "%s asks for more than 128 MiB of memory to be decompressed: make it again without that, zstd "
                       "-dc --long=31 FILE | zstd > NEW",
                       stream->name);
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
        return dm_fail(error, "out of memory: %s cannot be decompressed", stream->name);
    if (ZSTD_isError(result)) return damaged(stream, ZSTD_getErrorName(result), error);
    stream->inside = result != 0;
    return DM_OK;
}

static Status decompress(dm_text_stream *stream, char *bytes, size_t room, size_t *got, Error *error)
{
    Status status = DM_OK;
    const bool first = stream->made == 0;
    *got = 0;
    while (!status && !*got) {
        if (stream->from == stream->used && !stream->full) {
            stream->from = 0;
            status = read_file(stream, stream->raw, RAW_BYTES, &stream->used, error);
            if (!status && !stream->used) return stream->inside ? cut_short(stream, error) : DM_OK;
        }
        if (stream->form == GZIP) skip_zeros(stream);
        const size_t from = stream->from;
        if (!status && (stream->inside || from < stream->used))
            status = (stream->form == GZIP ? unzip : unzstd)(stream, bytes, room, got, error);
        if (!status && !*got && stream->from == from && from < stream->used)  // it would go on so for ever
            status = damaged(stream, "it does not go on", error);
        if (!status && first && is_tar(bytes, *got)) status = refuse(stream, &tar, error);
        stream->full = stream->inside && *got == room;
    }
    return status;
}

dm_status dm_text_stream_read(dm_text_stream *stream, char *bytes, size_t room, size_t *got, dm_error *error)
{
    assert(room);
    if (room > MOST_ROOM) room = MOST_ROOM;
    Status status = stream->form == UNKNOWN ? recognise(stream, error) : DM_OK;
    if (status) return status;
    if (stream->form != PLAIN) return decompress(stream, bytes, room, got, error);
    const size_t left = stream->used - stream->from;
    if (!left) return read_file(stream, bytes, room, got, error);
    *got = left < room ? left : room;
    memcpy(bytes, stream->raw + stream->from, *got);
    stream->from += *got;
    return DM_OK;
}

// ---- A whole text ---------------------------------------------------------------------------------------------------

// Sentences become 3 to 10 times as many bytes, a generated text perhaps 50; one line without end or again and again
// 1,000 and more. What is made to fill the memory is stopped before it does.
static Status check_growth(const dm_text_stream *stream, Error *error)
{
    enum { SMALL = 64 << 20, MOST_TIMES = 250 };
    char read[32], made[32];
    if (stream->form == PLAIN || stream->made <= SMALL || stream->made / MOST_TIMES <= stream->read) return DM_OK;
    return dm_fail(error,
                   "%s: %s bytes of it have become %s bytes of text, as if it was made to fill the memory. If it is "
                   "meant so, decompress it and give what comes out (%s -d FILE)",
                   stream->name, dm_with_commas(stream->read, read), dm_with_commas(stream->made, made),
                   tool_of(stream));
}

static size_t first_room(const dm_text_stream *stream)
{
    struct stat info;
    const bool known = fstat(stream->file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    return (known ? (size_t)info.st_size : 0) + RAW_BYTES;
}

Status dm_text_read(const char *path, char **bytes, size_t *size, Error *error)
{
    dm_text_stream *stream;
    Status status = dm_text_stream_open(&stream, path, error);
    if (status) return status;
    size_t used = 0, room = first_room(stream), got = 1;
    char *text = dm_reallocate(NULL, room, 1);
    while (!status && got) {
        if (used + 1 == room) text = dm_reallocate(text, room *= 2, 1);
        status = dm_text_stream_read(stream, text + used, room - used - 1, &got, error);
        if (status) break;
        used += got;
        status = check_growth(stream, error);
    }
    dm_text_stream_close(stream);
    if (status) {
        dm_free(text);
        return status;
    }
    text[used] = '\0';
    *bytes = text;
    *size = used;
    return DM_OK;
}
