// safetensors: what is written is read again, and no damage to a file passes.
#include "folder/safetensors.h"

#include <math.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/random.h"
#include "core/scratch.h"
#include "test.h"

// A file of this header and `data` zero bytes behind it.
static const char *file_with(const char *header, size_t data)
{
    uint64_t length = strlen(header);
    char *bytes = dm_allocate(8 + length + data, 1);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    const char *path = scratch_file("t.safetensors", bytes, 8 + length + data);
    dm_free(bytes);
    return path;
}

// Whether opening fails with a message that names the file and holds `wanted`.
static bool is_refused(const char *path, const char *wanted)
{
    SafeTensors file;
    Error error = {"no error"};
    if (dm_safetensors_open(&file, path, &error) == DM_OK) {
        dm_safetensors_close(&file);
        fprintf(stderr, "\n%s was opened, though: %s\n", path, wanted);
        return false;
    }
    if (strstr(error.message, wanted) && strstr(error.message, path)) return true;
    fprintf(stderr, "\nwanted: %s\n   got: %s\n", wanted, error.message);
    return false;
}

static const float first[] = {1, -2, 0.5f, 3, 1e-30f, -0.0f}, second[] = {7, 8, 9};

static const char *write_two(const char *name)
{
    const TensorToStore tensors[] = {{"second", DM_DTYPE_F32, 1, {3}, second},
                                     {"a.first", DM_DTYPE_F32, 2, {2, 3}, first}};
    const char *path = scratch(name);
    CU_ASSERT_EQUAL(dm_safetensors_write(path, tensors, 2, "{\"update\": \"17\"}", NULL), DM_OK);
    return path;
}

static void what_is_written_is_read_again(void)
{
    SafeTensors file;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_safetensors_open(&file, write_two("two.safetensors"), &error), DM_OK);
    CU_ASSERT_EQUAL(file.count, 2);
    const StoredTensor *a = dm_safetensors_find(&file, "a.first"), *b = dm_safetensors_find(&file, "second");
    CU_ASSERT_FATAL(a && b);
    CU_ASSERT(a->rank == 2 && a->shape[0] == 2 && a->shape[1] == 3 && a->elements == 6 && a->dtype == DM_DTYPE_F32);
    CU_ASSERT(b->rank == 1 && b->shape[0] == 3 && b->elements == 3);
    float values[6];
    dm_stored_to_float(a, values);
    CU_ASSERT_EQUAL(memcmp(values, first, sizeof first), 0);
    dm_stored_to_float(b, values);
    CU_ASSERT_EQUAL(memcmp(values, second, sizeof second), 0);
    CU_ASSERT_PTR_NULL(dm_safetensors_find(&file, "a"));
    CU_ASSERT_PTR_NOT_NULL(strstr(file.metadata, "\"update\":\"17\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(file.metadata, "\"format\":\"pt\""));
    dm_safetensors_close(&file);
}

static void the_same_tensors_give_the_same_bytes(void)
{
    char *a, *b;
    size_t size_a, size_b;
    uint64_t header;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(write_two("one.safetensors"), &a, &size_a, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(write_two("two.safetensors"), &b, &size_b, NULL), DM_OK);
    CU_ASSERT(size_a == size_b && memcmp(a, b, size_a) == 0);
    memcpy(&header, a, 8);
    CU_ASSERT_EQUAL(size_a, 8 + header + sizeof first + sizeof second);
    CU_ASSERT_EQUAL(memcmp(a + 8 + header, second, sizeof second), 0);  // in the order they were given
    dm_free(a);
    dm_free(b);
}

static void data_are_aligned_whatever_the_length_of_the_header(void)
{
    for (int length = 1; length <= 64; length++) {
        const char name[] = "sixty-four letters make a name that is as long as the alignment.";
        char *bytes;
        uint64_t header;
        const TensorToStore tensor = {name + 64 - length, DM_DTYPE_F32, 1, {3}, second};
        const char *path = scratch("aligned.safetensors");
        CU_ASSERT_EQUAL_FATAL(dm_safetensors_write(path, &tensor, 1, NULL, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &bytes, NULL, NULL), DM_OK);
        memcpy(&header, bytes, 8);
        CU_ASSERT_EQUAL((8 + header) % DM_DATA_ALIGNMENT, 0);
        dm_free(bytes);
    }
}

static void a_damaged_header_is_refused_with_its_reason(void)
{
#define TENSOR(rest) "{\"t\":{\"dtype\":\"F32\"," rest "}}"
    static const struct {
        const char *header;
        size_t data;
        const char *reason;
    } cases[] = {
        {"[]", 0, "not a JSON object"},
        {" {}", 0, "not a JSON object"},
        {"{\"\xff\":1}", 0, "not a JSON object"},
        {"{\"t\":", 0, "not valid JSON"},
        {"{}x", 0, "not valid JSON"},
        {"{}", 1, "1 bytes behind its last tensor"},
        {"{\"t\":1}", 0, "tensor t has no dtype"},
        {"{\"t\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "tensor t has the dtype I64"},
        {TENSOR("\"data_offsets\":[0,4]"), 4, "tensor t has no shape"},
        {TENSOR("\"shape\":[-1],\"data_offsets\":[0,4]"), 4, "not a whole number"},
        {TENSOR("\"shape\":[0.5],\"data_offsets\":[0,4]"), 4, "not a whole number"},
        {TENSOR("\"shape\":[\"1\"],\"data_offsets\":[0,4]"), 4, "not a whole number"},
        {TENSOR("\"shape\":[1e300],\"data_offsets\":[0,4]"), 4, "not a whole number"},
        {TENSOR("\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 0, "too large"},
        {TENSOR("\"shape\":[4294967296,1073741824],\"data_offsets\":[0,0]"), 0, "too large"},
        {TENSOR("\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]"), 4, "more than 8 dimensions"},
        {TENSOR("\"shape\":[1]"), 4, "no valid data_offsets"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[0]"), 4, "no valid data_offsets"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[0,4,8]"), 4, "no valid data_offsets"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[4,0]"), 4, "no valid data_offsets"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[-4,0]"), 4, "no valid data_offsets"},
        {TENSOR("\"shape\":[2],\"data_offsets\":[0,4]"), 4, "takes 4 bytes, but its shape and dtype need 8"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[4,8]"), 8, "have a gap before them"},
        {TENSOR("\"shape\":[1],\"data_offsets\":[0,4]"), 5, "1 bytes behind its last tensor"},
        {"{\"t\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
         "\"u\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[2,6]}}",
         6, "tensor u overlap"},
        {"{\"t\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
         "\"t\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,4]}}",
         4, "two tensors with the name t"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
        {"{\"__metadata__\":[]}", 0, "__metadata__"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT(is_refused(file_with(cases[i].header, cases[i].data), cases[i].reason));
}

// An int8 matrix [2, 3] with a scale [2, 1] in front of it, some of it changed.
static void int8_needs_a_sound_scale(void)
{
#define INT8(scale_name, scale_dtype, scale_shape, scale_end, shape, end)                                              \
    "{\"" scale_name "\":{\"dtype\":\"" scale_dtype "\",\"shape\":" scale_shape ",\"data_offsets\":[0," scale_end      \
    "]},\"w\":{\"dtype\":\"I8\",\"shape\":" shape ",\"data_offsets\":[" scale_end "," end "]}}"
    static const struct {
        const char *header;
        size_t data;
        const char *reason;
    } cases[] = {
        {INT8("scale", "F32", "[2,1]", "8", "[2,3]", "14"), 14, "there is no tensor w_scale"},
        {INT8("w_scale", "F32", "[1,1]", "4", "[2,3]", "10"), 10, "w_scale must be F32 [2, 1]"},
        {INT8("w_scale", "F32", "[3,1]", "12", "[2,3]", "18"), 18, "w_scale must be F32 [2, 1]"},
        {INT8("w_scale", "F32", "[2]", "8", "[2,3]", "14"), 14, "w_scale must be F32 [2, 1]"},
        {INT8("w_scale", "F16", "[2,1]", "4", "[2,3]", "10"), 10, "w_scale must be F32 [2, 1]"},
        {INT8("w_scale", "F32", "[6,1]", "24", "[6]", "30"), 30, "tensor w is of int8, but no matrix"},
        {INT8("w_scale", "F32", "[4294967296,1]", "0", "[4294967296,0]", "0"), 0, "takes 0 bytes"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT(is_refused(file_with(cases[i].header, cases[i].data), cases[i].reason));
    static const float bad[] = {NAN, INFINITY, -1, -0x1p-140f};
    for (int i = -1; i < (int)DM_COUNT(bad); i++) {
        const float scale[] = {0.5f, i < 0 ? 0 : bad[i]};
        const int8_t numbers[] = {127, -127, -128, 1, 2, 3};
        const TensorToStore tensors[] = {{"w_scale", DM_DTYPE_F32, 2, {2, 1}, scale},
                                         {"w", DM_DTYPE_I8, 2, {2, 3}, numbers}};
        const char *path = scratch("int8.safetensors");
        CU_ASSERT_EQUAL_FATAL(dm_safetensors_write(path, tensors, 2, NULL, NULL), DM_OK);
        if (i >= 0) {
            CU_ASSERT(is_refused(path, "for row 1, but a finite number of at least 0 is needed"));
            continue;
        }
        SafeTensors file;
        float values[6];
        CU_ASSERT_EQUAL_FATAL(dm_safetensors_open(&file, path, NULL), DM_OK);
        const StoredTensor *w = dm_safetensors_find(&file, "w");
        CU_ASSERT_EQUAL(dm_stored_bytes(w), 6 + 8);
        dm_stored_to_float(w, values);
        CU_ASSERT(values[0] == 63.5f && values[1] == -63.5f && values[2] == -64 && values[3] == 0 && values[5] == 0);
        dm_safetensors_close(&file);
    }
}

static void a_file_cut_anywhere_is_refused(void)
{
    char *bytes, wanted[128];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(write_two("two.safetensors"), &bytes, &size, NULL), DM_OK);
    for (size_t kept = 0; kept < size; kept++) {
        snprintf(wanted, sizeof wanted, "is cut short: it has %zu bytes", kept);
        CU_ASSERT(is_refused(scratch_file("cut.safetensors", bytes, kept), wanted));
    }
    snprintf(wanted, sizeof wanted, "its header needs %zu (5 are missing)", size);
    CU_ASSERT(is_refused(scratch_file("cut.safetensors", bytes, size - 5), wanted));
    dm_free(bytes);
}

static void what_is_no_safetensors_file_is_refused(void)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                      zip[] = "PK\3\4 and so on";
    CU_ASSERT(is_refused(scratch_file("p", pointer, sizeof pointer - 1), "git lfs pull"));
    CU_ASSERT(is_refused(scratch_file("z", zip, sizeof zip), "is not a safetensors file"));
    CU_ASSERT(is_refused(scratch("nothing"), "cannot open"));
    CU_ASSERT(is_refused("/tmp", "is a folder"));
    CU_ASSERT(is_refused("/dev/null", "not an ordinary file"));
}

// Every F16, against the definition: (-1)^s 2^(e-15) 1.f, subnormals 2^-14 0.f.
static void every_half_and_bfloat_becomes_its_float(void)
{
    enum { ALL = 1 << 16 };
    uint16_t *bits = dm_allocate(ALL, sizeof *bits);
    float *values = dm_allocate(ALL, sizeof *values);
    for (int i = 0; i < ALL; i++) bits[i] = (uint16_t)i;
    StoredTensor tensor = {.dtype = DM_DTYPE_F16, .elements = ALL, .bytes = (const unsigned char *)bits};
    dm_stored_to_float(&tensor, values);
    int wrong = 0;
    for (int i = 0; i < ALL; i++) {
        int exponent = i >> 10 & 31, fraction = i & 1023;
        double wanted = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        if (exponent == 31) wanted = fraction ? NAN : INFINITY;
        if (isnan(wanted))
            wrong += !isnan(values[i]);
        else
            wrong += values[i] != (i & 0x8000 ? -wanted : wanted) || !signbit(values[i]) != !(i & 0x8000);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tensor.dtype = DM_DTYPE_BF16;
    dm_stored_to_float(&tensor, values);
    for (int i = 0; i < ALL; i++) {
        uint32_t got;
        memcpy(&got, values + i, 4);
        wrong += got != (uint32_t)i << 16;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    dm_free(bits);
    dm_free(values);
}

// Opens files with some bytes changed at random and touches all they claim to hold: the sanitizers watch.
static void random_damage_never_reads_outside_the_file(void)
{
    char *bytes;
    size_t size;
    Random random = dm_random(1, 0, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(write_two("two.safetensors"), &bytes, &size, NULL), DM_OK);
    const size_t header = size - sizeof first - sizeof second;
    int opened = 0;
    for (int round = 0; round < 2000; round++) {
        char *damaged = dm_allocate(size, 1);
        memcpy(damaged, bytes, size);
        for (int i = 0; i <= round % 3; i++) {
            static const char likely[] = "0123456789{}[],:\"-.eF";
            size_t at = (size_t)dm_random_below(&random, header);
            damaged[at] = at < 8 ? (char)dm_random_next(&random) : likely[dm_random_below(&random, sizeof likely - 1)];
        }
        FILE *stream = fopen(scratch("damaged"), "wb");  // not dm_write_file, which syncs
        fwrite(damaged, 1, size, stream);
        fclose(stream);
        SafeTensors file;
        Error error;
        if (dm_safetensors_open(&file, scratch("damaged"), &error) == DM_OK) {
            opened++;
            for (int i = 0; i < file.count; i++) {
                CU_ASSERT_FATAL(file.list[i].elements <= sizeof first + sizeof second);
                float values[sizeof first + sizeof second];
                dm_stored_to_float(file.list + i, values);
            }
            dm_safetensors_close(&file);
        }
        dm_free(damaged);
    }
    CU_ASSERT(opened > 0 && opened < 2000);
    dm_free(bytes);
}

static void a_place_that_cannot_be_written_is_named(void)
{
    Error error = {""};
    const TensorToStore tensor = {"t", DM_DTYPE_F32, 1, {3}, second};
    CU_ASSERT_EQUAL(dm_safetensors_write("/dev/full/t.safetensors", &tensor, 1, NULL, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "/dev/full/t.safetensors"));
}

const Fact facts[] = {
    FACT(what_is_written_is_read_again),
    FACT(the_same_tensors_give_the_same_bytes),
    FACT(data_are_aligned_whatever_the_length_of_the_header),
    FACT(a_damaged_header_is_refused_with_its_reason),
    FACT(int8_needs_a_sound_scale),
    FACT(a_file_cut_anywhere_is_refused),
    FACT(what_is_no_safetensors_file_is_refused),
    FACT(every_half_and_bfloat_becomes_its_float),
    FACT(random_damage_never_reads_outside_the_file),
    FACT(a_place_that_cannot_be_written_is_named),
    {NULL, NULL},
};
