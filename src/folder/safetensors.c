// safetensors, both ways. The file is read whole; nothing in it is believed before it was checked.
//   u64 header length N | N bytes of JSON | data
//   header: {"__metadata__": {text: text, ...}, name: {"dtype": ..., "shape": [...], "data_offsets": [begin, end]},
//   ...}
// The data of the tensors lie behind one another in some order, without gaps, up to the end of the file.
#include "folder/safetensors.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cjson.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/utf8.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors are little-endian, and so is this reader");

enum { LENGTH_BYTES = 8, MOST_HEADER = 100000000, MOST_RANK = DM_COUNT(((StoredTensor *)0)->shape) };

// ---- Reading ------------------------------------------------------------------------------------------------------

// Where the data of a tensor lie, counted from the end of the header.
typedef struct Extent {
    uint64_t begin, end;
    const char *name;
} Extent;

// A number of the header as u64: whole, not negative, exact in a double.
static bool whole_number(const cJSON *item, uint64_t *value)
{
    if (!cJSON_IsNumber(item)) return false;
    double number = item->valuedouble;
    if (!(number >= 0 && number <= 9007199254740992.0) || number != floor(number)) return false;
    *value = (uint64_t)number;
    return true;
}

static Status read_dtype(StoredTensor *tensor, const cJSON *entry, const char *path, Error *error)
{
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    if (!dtype) return dm_fail(error, "%s: tensor %s has no dtype: the file is damaged", path, tensor->name);
    for (size_t i = 0; i < DM_DTYPES; i++) {
        if (strcmp(dtype, dm_dtypes[i].name) != 0) continue;
        tensor->dtype = (Dtype)i;
        return DM_OK;
    }
    return dm_fail(
        error, "%s: tensor %s has the dtype %s, but only F32, F16, BF16 and I8 can be read: store it as one of them",
        path, tensor->name, dtype);
}

// Shape and element count; *bytes is what the data must take.
static Status read_shape(StoredTensor *tensor, const cJSON *entry, uint64_t *bytes, const char *path, Error *error)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), *item;
    if (!cJSON_IsArray(shape))
        return dm_fail(error, "%s: tensor %s has no shape: the file is damaged", path, tensor->name);
    uint64_t elements = 1;
    cJSON_ArrayForEach(item, shape)
    {
        uint64_t length;
        if (tensor->rank == MOST_RANK)
            return dm_fail(error, "%s: tensor %s has more than %d dimensions", path, tensor->name, (int)MOST_RANK);
        if (!whole_number(item, &length))
            return dm_fail(error,
                           "%s: the shape of tensor %s has a length that is not a whole number: the file is damaged",
                           path, tensor->name);
        if (__builtin_mul_overflow(elements, length, &elements))
            return dm_fail(error, "%s: the shape of tensor %s is too large: the file is damaged", path, tensor->name);
        tensor->shape[tensor->rank++] = (int64_t)length;
    }
    if (__builtin_mul_overflow(elements, (uint64_t)dm_dtypes[tensor->dtype].size, bytes))
        return dm_fail(error, "%s: the shape of tensor %s is too large: the file is damaged", path, tensor->name);
    tensor->elements = elements;
    return DM_OK;
}

static Status read_extent(Extent *extent, uint64_t bytes, const cJSON *entry, const char *path, Error *error)
{
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole_number(cJSON_GetArrayItem(offsets, 0), &extent->begin) ||
        !whole_number(cJSON_GetArrayItem(offsets, 1), &extent->end) || extent->begin > extent->end)
        return dm_fail(error, "%s: tensor %s has no valid data_offsets: the file is damaged", path, extent->name);
    if (extent->end - extent->begin != bytes)
        return dm_fail(error,
                       "%s: tensor %s takes %" PRIu64 " bytes, but its shape and dtype need %" PRIu64
                       ": the file is damaged",
                       path, extent->name, extent->end - extent->begin, bytes);
    return DM_OK;
}

static Status read_metadata(SafeTensors *file, const cJSON *metadata, Error *error)
{
    const cJSON *item;
    bool good = cJSON_IsObject(metadata) && !file->metadata;
    cJSON_ArrayForEach(item, metadata) good = good && cJSON_IsString(item);
    if (!good)
        return dm_fail(error, "%s: its __metadata__ is not one object of texts: the file is damaged", file->path);
    file->metadata = cJSON_PrintUnformatted(metadata);
    return DM_OK;
}

static int by_place(const void *a, const void *b)
{
    const Extent *p = a, *q = b;
    if (p->begin != q->begin) return p->begin < q->begin ? -1 : 1;
    return (p->end > q->end) - (p->end < q->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const StoredTensor *)a)->name, ((const StoredTensor *)b)->name);
}

// The tensors must fill the data, from its first byte to its last, each byte belonging to one.
static Status check_extents(Extent *extents, int count, uint64_t header, const SafeTensors *file, Error *error)
{
    uint64_t at = 0, size = file->size - header;
    qsort(extents, (size_t)count, sizeof *extents, by_place);
    for (int i = 0; i < count; at = extents[i++].end) {
        if (extents[i].begin == at) continue;
        return dm_fail(error, "%s: the data of tensor %s %s: the file is damaged", file->path, extents[i].name,
                       extents[i].begin < at ? "overlap those of another" : "have a gap before them");
    }
    if (at > size)
        return dm_fail(error,
                       "%s is cut short: it has %zu bytes, its header needs %" PRIu64 " (%" PRIu64
                       " are missing): get it again",
                       file->path, file->size, at + header, at - size);
    if (at < size)
        return dm_fail(error, "%s has %" PRIu64 " bytes behind its last tensor: the file is damaged", file->path,
                       size - at);
    return DM_OK;
}

// A row of int8 is worth its numbers times the row's scale, which must be a finite one, not below 0.
static Status find_scale(const SafeTensors *file, StoredTensor *tensor, Error *error)
{
    char *name = dm_format("%s_scale", tensor->name);
    const StoredTensor *scale = dm_safetensors_find(file, name);
    dm_free(name);
    if (tensor->rank != 2)
        return dm_fail(error, "%s: tensor %s is of int8, but no matrix: the file is damaged", file->path, tensor->name);
    if (!scale)
        return dm_fail(error,
                       "%s: tensor %s is of int8, but there is no tensor %s_scale, by which its rows are to be "
                       "multiplied: get the file again",
                       file->path, tensor->name, tensor->name);
    if (scale->dtype != DM_DTYPE_F32 || scale->rank != 2 || scale->shape[0] != tensor->shape[0] || scale->shape[1] != 1)
        return dm_fail(error, "%s: tensor %s must be F32 [%" PRId64 ", 1], a factor for each row of %s", file->path,
                       scale->name, tensor->shape[0], tensor->name);
    for (size_t i = 0; i < scale->elements && scale->bytes; i++) {
        float factor;
        memcpy(&factor, scale->bytes + i * sizeof factor, sizeof factor);
        if (!(factor >= 0 && isfinite(factor)))
            return dm_fail(error, "%s: tensor %s holds %g for row %zu, but a finite number of at least 0 is needed",
                           file->path, scale->name, (double)factor, i);
    }
    tensor->scale = scale;
    return DM_OK;
}

static Status read_tensors(SafeTensors *file, const cJSON *header, uint64_t header_end, Error *error)
{
    const cJSON *entry;
    int entries = cJSON_GetArraySize(header);
    file->list = dm_allocate((size_t)entries, sizeof *file->list);
    Extent *extents = dm_allocate((size_t)entries, sizeof *extents);
    Status status = DM_OK;
    cJSON_ArrayForEach(entry, header)
    {
        if (strcmp(entry->string, "__metadata__") == 0) {
            status = read_metadata(file, entry, error);
        } else {
            StoredTensor *tensor = file->list + file->count;
            Extent *extent = extents + file->count++;
            uint64_t bytes = 0;
            tensor->name = dm_copy_string(entry->string);
            extent->name = tensor->name;
            status = read_dtype(tensor, entry, file->path, error);
            if (!status) status = read_shape(tensor, entry, &bytes, file->path, error);
            if (!status) status = read_extent(extent, bytes, entry, file->path, error);
            if (!status && !file->header_only && extent->end <= file->size - header_end)
                tensor->bytes = (const unsigned char *)file->memory + header_end + extent->begin;
        }
        if (status) goto done;
    }
    status = check_extents(extents, file->count, header_end, file, error);
    if (status) goto done;
    qsort(file->list, (size_t)file->count, sizeof *file->list, by_name);
    for (int i = 1; i < file->count && !status; i++)
        if (strcmp(file->list[i - 1].name, file->list[i].name) == 0)
            status = dm_fail(error, "%s: there are two tensors with the name %s: the file is damaged", file->path,
                             file->list[i].name);
    for (int i = 0; i < file->count && !status; i++)
        if (file->list[i].dtype == DM_DTYPE_I8) status = find_scale(file, file->list + i, error);
done:
    dm_free(extents);
    return status;
}

// What is no safetensors file gives a wild header length.
static Status refuse_header(const SafeTensors *file, uint64_t length, Error *error)
{
    if (dm_refuse_pointer(file->path, file->memory, file->size, error)) return DM_FAILURE;
    if (length > MOST_HEADER)
        return dm_fail(error, "%s is not a safetensors file: its header would have %" PRIu64 " bytes", file->path,
                       length);
    return dm_fail(error,
                   "%s is cut short: it has %zu bytes, its header needs %" PRIu64 " (%" PRIu64
                   " are missing): get it again",
                   file->path, file->size, length + LENGTH_BYTES, length + LENGTH_BYTES - file->size);
}

static Status read_header(SafeTensors *file, Error *error)
{
    uint64_t length;
    if (file->size < LENGTH_BYTES)
        return dm_fail(error,
                       "%s is cut short: it has %zu bytes, and the length of its header alone takes %d: get it again",
                       file->path, file->size, LENGTH_BYTES);
    memcpy(&length, file->memory, sizeof length);
    if (length > MOST_HEADER || length > file->size - LENGTH_BYTES) return refuse_header(file, length, error);

    const char *text = (const char *)file->memory + LENGTH_BYTES, *end = NULL;
    if (!length || *text != '{' || dm_utf8_valid(text, (size_t)length) < length)
        return dm_fail(error, "%s is not a safetensors file: its header is not a JSON object", file->path);
    cJSON *header = cJSON_ParseWithLengthOpts(text, (size_t)length, &end, 0);
    while (header && end < text + length && *end == ' ') end++;
    Status status;
    if (!header || end < text + length)
        status = dm_fail(error, "%s: its header is not valid JSON: the file is damaged", file->path);
    else
        status = read_tensors(file, header, length + LENGTH_BYTES, error);
    cJSON_Delete(header);
    return status;
}

static void close_file(void *descriptor)
{
    close(*(int *)descriptor);
}

// Fewer bytes than the file had a moment ago are fewer than its header needs.
static Status read_bytes(SafeTensors *file, int descriptor, size_t size, Error *error)
{
    uint64_t header;
    size_t wanted = size, used = 0;
    if (file->header_only && pread(descriptor, &header, sizeof header, 0) == sizeof header && header <= MOST_HEADER &&
        header < size - LENGTH_BYTES)
        wanted = LENGTH_BYTES + (size_t)header;
    file->memory = dm_allocate_huge(wanted);
    for (ssize_t got = 1; used < wanted && got > 0; used += (size_t)got) {
        do got = read(descriptor, (char *)file->memory + used, wanted - used);
        while (got < 0 && errno == EINTR);
        if (got < 0) return dm_fail(error, "cannot read %s: %s", file->path, strerror(errno));
    }
    file->size = used < wanted ? used : size;
    return DM_OK;
}

// Read, not mapped: who writes into the file afterwards, or cuts it short, changes nothing here.
static Status read_file(SafeTensors *file, Error *error)
{
    struct stat info;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is not waited for
    if (descriptor < 0) return dm_fail(error, "cannot open %s: %s", file->path, strerror(errno));
    dm_guard(close_file, &descriptor);
    Status status = DM_OK;
    if (fstat(descriptor, &info) != 0)
        status = dm_fail(error, "cannot read %s: %s", file->path, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        status = dm_fail(error, "%s is a folder, but a file is needed", file->path);
    else if (!S_ISREG(info.st_mode))
        status = dm_fail(error, "%s is not an ordinary file, but one is needed", file->path);
    else
        status = read_bytes(file, descriptor, (size_t)info.st_size, error);
    dm_unguard(&descriptor);
    close(descriptor);
    return status;
}

static Status open_file(SafeTensors *file, const char *path, bool header_only, Error *error)
{
    *file = (SafeTensors){.path = dm_copy_string(path), .header_only = header_only};
    Status status = read_file(file, error);
    if (!status) status = read_header(file, error);
    if (status) dm_safetensors_close(file);
    return status;
}

Status dm_safetensors_open(SafeTensors *file, const char *path, Error *error)
{
    return open_file(file, path, false, error);
}

Status dm_safetensors_open_header(SafeTensors *file, const char *path, Error *error)
{
    return open_file(file, path, true, error);
}

void dm_safetensors_close(SafeTensors *file)
{
    for (int i = 0; i < file->count; i++) dm_free(file->list[i].name);
    dm_free(file->memory);
    dm_free(file->list);
    dm_free(file->metadata);
    dm_free(file->path);
    *file = (SafeTensors){0};
}

const StoredTensor *dm_safetensors_find(const SafeTensors *file, const char *name)
{
    const StoredTensor wanted = {.name = (char *)name};
    if (!file->count) return NULL;
    return bsearch(&wanted, file->list, (size_t)file->count, sizeof wanted, by_name);
}

static void scale_rows(const StoredTensor *tensor, float *out)
{
    const size_t rows = (size_t)tensor->shape[0], cols = (size_t)tensor->shape[1];
    for (size_t i = 0; i < rows; i++) {
        float factor;
        memcpy(&factor, tensor->scale->bytes + i * sizeof factor, sizeof factor);
        for (size_t j = i * cols; j < (i + 1) * cols; j++) out[j] = (float)(int8_t)tensor->bytes[j] * factor;
    }
}

void dm_stored_to_float(const StoredTensor *tensor, float *out)
{
    if (!tensor->elements) return;
    if (tensor->dtype == DM_DTYPE_I8)
        scale_rows(tensor, out);
    else
        dm_dtype_to_float(tensor->dtype, tensor->bytes, tensor->elements, out);
}

size_t dm_stored_bytes(const StoredTensor *tensor)
{
    return tensor->elements * dm_dtypes[tensor->dtype].size + (tensor->scale ? dm_stored_bytes(tensor->scale) : 0);
}

// ---- Writing ------------------------------------------------------------------------------------------------------

static size_t bytes_of(const TensorToStore *tensor)
{
    size_t bytes = dm_dtypes[tensor->dtype].size;
    for (int i = 0; i < tensor->rank; i++) bytes *= (size_t)tensor->shape[i];
    return bytes;
}

static cJSON *make_header(const TensorToStore *tensors, int count, const char *metadata)
{
    cJSON *header = cJSON_CreateObject(), *texts = metadata ? cJSON_Parse(metadata) : cJSON_CreateObject();
    assert(cJSON_IsObject(texts));
    cJSON_DeleteItemFromObjectCaseSensitive(texts, "format");
    cJSON_AddStringToObject(texts, "format", "pt");  // transformers asks for it
    cJSON_AddItemToObject(header, "__metadata__", texts);
    double at = 0;
    for (int i = 0; i < count; i++) {
        cJSON *entry = cJSON_AddObjectToObject(header, tensors[i].name);
        cJSON_AddStringToObject(entry, "dtype", dm_dtypes[tensors[i].dtype].name);
        cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
        for (int j = 0; j < tensors[i].rank; j++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensors[i].shape[j]));
        double end = at + (double)bytes_of(tensors + i);
        cJSON_AddItemToObject(entry, "data_offsets", cJSON_CreateDoubleArray((const double[]){at, end}, 2));
        at = end;
    }
    return header;
}

Status dm_safetensors_write(const char *path, const TensorToStore *tensors, int count, const char *metadata,
                            Error *error)
{
    FileWriter writer;
    Status status = dm_writer_open(&writer, path, error);
    if (status) return status;
    cJSON *header = make_header(tensors, count, metadata);
    char *text = cJSON_PrintUnformatted(header);
    // Spaces behind the header are part of the format; with them the data are aligned.
    uint64_t used = strlen(text), begin = LENGTH_BYTES + used;
    uint64_t length = used + (DM_DATA_ALIGNMENT - begin % DM_DATA_ALIGNMENT) % DM_DATA_ALIGNMENT;
    fwrite(&length, sizeof length, 1, writer.stream);
    fwrite(text, 1, used, writer.stream);
    fprintf(writer.stream, "%*s", (int)(length - used), "");
    for (int i = 0; i < count; i++) fwrite(tensors[i].data, 1, bytes_of(tensors + i), writer.stream);
    cJSON_free(text);
    cJSON_Delete(header);
    return dm_writer_commit(&writer, error);
}
