// The table of packed weights, and the products with them.
#include "tensor/products/packs.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/arena.h"
#include "core/error.h"
#include "tensor/products/integer_panels.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "core/scope.h"
#include "tensor/products/matmul_onednn.h"
#include "tensor/products/panels.h"

typedef struct Pack {
    const float *weight;  // its first row: the key, with `count` and `width`
    int count, width;
    float *scales;  // [count] of int8
    void *packed;
} Pack;

// A hash table that only grows, at most half full: looking up takes no lock. A larger one takes the place of one that
// is full, which stays where it is, for somebody may be looking there.
typedef struct Table Table;
struct Table {
    Table *smaller;  // the one before
    size_t slots;    // a power of two
    _Atomic(Pack *) slot[];
};

struct Packs {
    bool own;  // in panels, for kernels of our own; else as oneDNN has it
    MatmulType type;
    Precision precision;
    pthread_mutex_t adding;
    Arena arena;  // the packs and what they hold
    size_t count;
    _Atomic(Table *) table;
};

static const MatmulType types[] = {
    [DM_PRECISION_FP32] = DM_MATMUL_F32, [DM_PRECISION_BF16] = DM_MATMUL_BF16, [DM_PRECISION_INT8] = DM_MATMUL_S8};

// Whether there are kernels for packed weights does not depend on the size: none of 75 that were tried was without.
static bool gains(const GemmBackend *backend, Precision precision)
{
    enum { ANY = 64 };
    return backend->has && backend->has(precision) && dm_matmul_packed_size(ANY, ANY, types[precision]);
}

// Whether kernels of our own can take its place.
static bool has_own(Precision precision)
{
    return precision == DM_PRECISION_FP32 || (precision == DM_PRECISION_INT8 && dm_integer_panels_possible());
}

// It belongs where the packs do, as all that they come to hold while somebody translates.
static Table *new_table(Packs *packs, Table *smaller)
{
    enum { FIRST = 1024 };
    const size_t slots = smaller ? 2 * smaller->slots : FIRST;
    Table *table = dm_allocate(1, sizeof *table + slots * sizeof *table->slot);
    dm_belong(table, packs);
    table->smaller = smaller;
    table->slots = slots;
    return table;
}

Packs *dm_packs_create(const GemmBackend *backend, Precision precision)
{
    const bool own = !gains(backend, precision);
    assert(!own || has_own(precision));
    Packs *packs = dm_allocate(1, sizeof *packs);
    packs->own = own;
    packs->type = types[precision];
    packs->precision = precision;
    packs->arena.owner = packs;
    atomic_init(&packs->table, new_table(packs, NULL));
    pthread_mutex_init(&packs->adding, NULL);
    return packs;
}

void dm_packs_destroy(Packs *packs)
{
    if (!packs) return;
    for (Table *table = atomic_load(&packs->table), *smaller; table; table = smaller) {
        smaller = table->smaller;
        dm_free(table);
    }
    dm_arena_destroy(&packs->arena);
    pthread_mutex_destroy(&packs->adding);
    dm_free(packs);
}

// ---- Packing --------------------------------------------------------------------------------------------------------

static size_t packed_size(const Packs *packs, int count, int width)
{
    if (!packs->own) return dm_matmul_packed_size(count, width, packs->type);
    return packs->type == DM_MATMUL_S8 ? dm_integer_panels_size(count, width) : dm_panels_size(count, width);
}

// rows: [count, width], side by side
static void pack_integers(Packs *packs, Pack *pack, const float *rows)
{
    const int width = pack->width;
    const size_t size = (size_t)pack->count * (size_t)width;
    int8_t *integers = dm_allocate(size, sizeof *integers);
    pack->scales = dm_arena_take(&packs->arena, (size_t)pack->count * sizeof(float));
    for (size_t i = 0; i < (size_t)pack->count; i++)
        pack->scales[i] = dm_quantize_row(rows + i * (size_t)width, integers + i * (size_t)width, width);
    if (packs->own)
        dm_integer_panels_pack(pack->count, width, integers, pack->packed);
    else
        dm_matmul_pack(pack->count, width, DM_MATMUL_S8, integers, pack->packed);
    dm_free(integers);
}

// Rows of a weight side by side: its own, or of columns of a wider one a copy, *copy, for the caller to free.
static const float *side_by_side(const Tensor *weight, int first, int count, float **copy)
{
    *copy = NULL;
    if (weight->stride == weight->cols) return dm_row(weight, first);
    const size_t width = (size_t)weight->cols;
    *copy = dm_allocate((size_t)count * width, sizeof(float));
    for (int i = 0; i < count; i++) memcpy(*copy + (size_t)i * width, dm_row(weight, first + i), width * sizeof(float));
    return *copy;
}

static Pack *make_pack(Packs *packs, const Tensor *weight, int first, int count)
{
    const int width = weight->cols;
    float *copy;
    const float *rows = side_by_side(weight, first, count, &copy);
    Pack *pack = dm_arena_take(&packs->arena, sizeof *pack);
    *pack = (Pack){.weight = dm_row(weight, first), .count = count, .width = width};
    pack->packed = dm_arena_take(&packs->arena, packed_size(packs, count, width));
    if (packs->type == DM_MATMUL_S8)
        pack_integers(packs, pack, rows);
    else if (packs->own)
        dm_panels_pack(count, width, rows, pack->packed);
    else
        dm_matmul_pack(count, width, packs->type, rows, pack->packed);
    dm_free(copy);
    return pack;
}

static size_t slot_of(const Table *table, const float *weight)
{
    return (size_t)(((uint64_t)(uintptr_t)weight >> 6) * 0x9E3779B97F4A7C15u >> 32) & (table->slots - 1);
}

// The pack where it is, or NULL; *at: the slot it is in or would be put in.
static Pack *look_up(const Table *table, const float *weight, int count, int width, size_t *at)
{
    for (*at = slot_of(table, weight);; *at = (*at + 1) & (table->slots - 1)) {
        Pack *pack = atomic_load_explicit(&table->slot[*at], memory_order_acquire);
        if (!pack || (pack->weight == weight && pack->count == count && pack->width == width)) return pack;
    }
}

static void put(Table *table, Pack *pack)
{
    size_t at;
    look_up(table, pack->weight, pack->count, pack->width, &at);
    atomic_store_explicit(&table->slot[at], pack, memory_order_release);
}

// Room for one more. Who looks into the smaller table meanwhile, and does not find it, comes here and waits.
static void make_room(Packs *packs)
{
    Table *table = atomic_load(&packs->table);
    if (2 * (packs->count + 1) <= table->slots) return;
    Table *larger = new_table(packs, table);
    for (size_t i = 0; i < table->slots; i++) {
        Pack *pack = atomic_load(&table->slot[i]);
        if (pack) put(larger, pack);
    }
    atomic_store_explicit(&packs->table, larger, memory_order_release);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static const Pack *find(Packs *packs, const Tensor *weight, int first, int count)
{
    size_t at;
    const float *rows = dm_row(weight, first);
    const Table *table = atomic_load_explicit(&packs->table, memory_order_acquire);
    Pack *pack = look_up(table, rows, count, weight->cols, &at);
    if (pack) return pack;
    pthread_mutex_lock(&packs->adding);
    dm_guard(unlock, &packs->adding);
    pack = look_up(atomic_load(&packs->table), rows, count, weight->cols, &at);
    if (!pack) {
        make_room(packs);
        pack = make_pack(packs, weight, first, count);
        put(atomic_load(&packs->table), pack);
        packs->count++;
    }
    dm_unguard(&packs->adding);
    pthread_mutex_unlock(&packs->adding);
    return pack;
}

// ---- Products -------------------------------------------------------------------------------------------------------

// How many rows are multiplied at once where so many are left: few forms of product, for each of which the library
// makes code, and such that a row comes out the same whatever is multiplied with it. float32 and int8 do so by
// themselves. Of bf16 oneDNN 2.6 has two kernels on AMX, and the slower one takes over where rows times count is at
// most OTHER, or a row is by itself; and long rows it adds up in parts, of a length that changes beyond LONG_PORTION
// rows. So zero rows are added, or the portions are short.
static int portion_of(MatmulType type, int left, int count, int width)
{
    enum { PORTION = DM_PACKED_PORTION, STEP = DM_OPERAND_ROWS, OTHER = 256, LONG = 1024, LONG_PORTION = 64 };
    int most = PORTION, least = 1;
    if (type == DM_MATMUL_BF16) {
        if (width >= LONG) most = LONG_PORTION;
        if (count * STEP <= OTHER)
            most = STEP;
        else
            least = OTHER / count + 2 < STEP ? OTHER / count + 2 : STEP;
    }
    return left >= most ? most : left >= STEP ? left / STEP * STEP : left > least ? left : least;
}

// Writes the products of `rows` rows from `row` on to y. Those that were added are dropped.
static void take_rows(const Packs *packs, const Pack *pack, const PackedProduct *p, int row, int rows, float *products)
{
    if (rows > p->rows - row) rows = p->rows - row;
    for (int i = 0; i < rows; i++) {
        float *from = products + (size_t)i * (size_t)p->count, *to = p->y + (size_t)(row + i) * (size_t)p->stride;
        if (packs->type == DM_MATMUL_S8)
            dm_widen_row((const int32_t *)from, p->scales[row + i], pack->scales, p->bias, p->count, to);
        else if (from != to)
            memcpy(to, from, (size_t)p->count * sizeof(float));
    }
}

static void multiply_by_library(const Packs *packs, const Pack *pack, const PackedProduct *p)
{
    static const size_t sizes[] = {
        [DM_MATMUL_F32] = sizeof(float), [DM_MATMUL_BF16] = sizeof(Bf16), [DM_MATMUL_S8] = 1};
    const int width = p->weight->cols;
    for (int row = 0, rows; row < p->rows; row += rows) {
        rows = portion_of(packs->type, p->rows - row, p->count, width);
        const bool aside = p->stride != p->count || rows > p->rows - row;  // rows with gaps: oneDNN is very slow
        float *products = aside ? p->scratch : p->y + (size_t)row * (size_t)p->stride;
        const MatmulForm form = {
            .m = rows, .n = p->count, .k = width, .lda = width, .ldc = p->count, .type = (int)packs->type};
        dm_matmul(&form, (const char *)p->x + (size_t)row * (size_t)width * sizes[packs->type], pack->packed, products);
        take_rows(packs, pack, p, row, rows, products);
    }
}

bool dm_packed_multiply(Packs *packs, const PackedProduct *p)
{
    const Pack *pack = find(packs, p->weight, p->first, p->count);
    if (dm_packs_take_int16(packs)) {
        const IntegerPanels weight = {p->count, p->weight->cols, pack->packed, pack->scales};
        dm_integer_panels_multiply(&weight, p->x, p->scales, p->rows, p->bias, p->y, p->stride);
        return true;
    }
    if (packs->own) {
        dm_panels_multiply(p->x, p->rows, p->weight->cols, pack->packed, p->count, p->y, p->stride);
        return false;
    }
    multiply_by_library(packs, pack, p);
    return packs->type == DM_MATMUL_S8;
}

const char *dm_packs_kernels(const Packs *packs)
{
    return packs->own ? "own kernels" : "onednn";
}

bool dm_packs_take_int16(const Packs *packs)
{
    return packs->own && packs->type == DM_MATMUL_S8;
}

Precision dm_packs_precision(const Packs *packs)
{
    return packs->precision;
}

Status dm_gemm_choose_for_search(const GemmBackend **backend, Precision precision, const char *asked,
                                 const char *trained, Error *error)
{
    enum { ANY_WIDTH = 0 };  // nothing is measured
    const bool any = strcmp(asked, "auto") == 0;
    for (int i = 0; any && dm_gemm_backends[i]; i++)
        if (gains(dm_gemm_backends[i], precision)) {
            *backend = dm_gemm_backends[i];
            return DM_OK;
        }
    if (!has_own(precision)) return dm_gemm_choose_for(backend, precision, asked, ANY_WIDTH, error);
    if (!any) return dm_gemm_choose(backend, asked, ANY_WIDTH, error);
    if (!trained || dm_gemm_choose(backend, trained, ANY_WIDTH, NULL)) *backend = dm_gemm_backends[0];
    return DM_OK;
}
