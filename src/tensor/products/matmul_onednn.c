// Making, keeping and running matmul primitives of oneDNN 2. Every thread has its own: a primitive's memory objects say
// where the operands lie, so two threads cannot share them, and no lock is needed.
#ifdef DM_HAVE_ONEDNN_MATMUL
#include "tensor/products/matmul_onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/scope.h"

// ---- The thread's primitives ----------------------------------------------------------------------------------------

typedef struct Matmul Matmul;
struct Matmul {
    MatmulForm form;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, c;
    Matmul *next;
};

enum { BUCKETS = 1024, MOST = 4096 };

typedef struct Kept {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    Matmul *bucket[BUCKETS];
    int count;
} Kept;

static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;
static _Thread_local Kept *kept_here;

// What fails here is the library or the machine, never the user's input: the scope is left (core/scope.h). So handles
// that were made are destroyed before the next status is checked, or guarded.
// One thread at a time makes something of oneDNN's, so that the room that it was promised is not promised to others.
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static void let_others_make(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void begin_making(void)
{
    pthread_mutex_lock(&making);
    dm_guard(let_others_make, &making);
    dm_need_room(DM_ONEDNN_ROOM);
}

static void end_making(void)
{
    dm_unguard(&making);
    let_others_make(&making);
}

static void check(dnnl_status_t status, const char *what)
{
    char message[128];
    if (status == dnnl_success) return;
    if (status == dnnl_out_of_memory) dm_out_of_memory(0);
    snprintf(message, sizeof message, "oneDNN: %s failed with status %d", what, (int)status);
    dm_give_up(message);
}

static void destroy(void *what)
{
    const Matmul *matmul = what;
    if (matmul->primitive) dnnl_primitive_destroy(matmul->primitive);
    if (matmul->a) dnnl_memory_destroy(matmul->a);
    if (matmul->b) dnnl_memory_destroy(matmul->b);
    if (matmul->c) dnnl_memory_destroy(matmul->c);
}

static void forget(Kept *kept)
{
    for (int i = 0; i < BUCKETS; i++)
        while (kept->bucket[i]) {
            Matmul *matmul = kept->bucket[i];
            kept->bucket[i] = matmul->next;
            destroy(matmul);
            dm_free(matmul);
        }
    kept->count = 0;
}

static void release(void *what)
{
    const Kept *kept = what;
    if (kept->stream) dnnl_stream_destroy(kept->stream);
    if (kept->engine) dnnl_engine_destroy(kept->engine);
}

static void free_kept(void *kept)
{
    forget(kept);
    release(kept);
    dm_free(kept);
}

static void make_key(void)
{
    pthread_key_create(&kept_key, free_kept);
}

static Kept *kept_by_thread(void)
{
    if (kept_here) return kept_here;
    pthread_once(&kept_once, make_key);
    begin_making();
    Kept *kept = dm_allocate(1, sizeof *kept);
    dm_guard(release, kept);
    check(dnnl_engine_create(&kept->engine, dnnl_cpu, 0), "making an engine");
    check(dnnl_stream_create(&kept->stream, kept->engine, dnnl_stream_default_flags), "making a stream");
    if (pthread_setspecific(kept_key, kept) != 0) dm_out_of_memory(0);
    dm_unguard(kept);
    end_making();
    dm_belong(kept, NULL);  // to the thread
    return kept_here = kept;
}

static size_t hash_of(const MatmulForm *form)
{
    const int parts[] = {form->m,   form->n,           form->k,           form->lda, form->ldb,
                         form->ldc, form->transpose_a, form->transpose_b, form->add, form->type};
    uint64_t hash = DM_HASH;
    for (size_t i = 0; i < DM_COUNT(parts); i++) hash = dm_hash(hash, (unsigned)parts[i]);
    return (hash ^ hash >> 32) % BUCKETS;  // its low bits know little of large parts
}

// ---- Making one -----------------------------------------------------------------------------------------------------

static dnnl_data_type_t operand_type(int type)
{
    return type == DM_MATMUL_BF16 ? dnnl_bf16 : type == DM_MATMUL_S8 ? dnnl_s8 : dnnl_f32;
}

static dnnl_memory_desc_t stored(int rows, int cols, int leading, bool transposed, dnnl_data_type_t type)
{
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_strides(&desc, 2, (dnnl_dims_t){rows, cols}, type,
                                           (dnnl_dims_t){transposed ? 1 : leading, transposed ? leading : 1}),
          "describing a matrix");
    return desc;
}

static const char *code_of(dnnl_primitive_desc_t description)
{
    const char *code = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &code);
    return code;
}

// B in whatever order the library likes for one row of A: products of any number of rows have fast code for that. What
// it likes for many rows can lack, in int8 on AMX, the sums of columns that its code for a few rows wants, and those
// products then run in reference code, a thousand times slower.
static dnnl_memory_desc_t packed(const Kept *kept, int n, int k, int type, bool *is_blocked)
{
    enum { ROWS = 1 };
    dnnl_memory_desc_t a = stored(ROWS, k, k, false, operand_type(type)), any,
                       c = stored(ROWS, n, n, false, type == DM_MATMUL_S8 ? dnnl_s32 : dnnl_f32);
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t description;
    check(dnnl_memory_desc_init_by_tag(&any, 2, (dnnl_dims_t){k, n}, operand_type(type), dnnl_format_tag_any),
          "describing a matrix");
    check(dnnl_matmul_desc_init(&matmul, &a, &any, NULL, &c), "describing a product");
    check(dnnl_primitive_desc_create(&description, &matmul, NULL, kept->engine, NULL), "finding code for a product");
    const dnnl_memory_desc_t chosen = *dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    if (is_blocked)
        *is_blocked =
            strncmp(code_of(description), "brg", 3) == 0;  // the kernels that read packed matrices as they lie
    dnnl_primitive_desc_destroy(description);
    return chosen;
}

typedef struct Operands {
    dnnl_memory_desc_t a, b, c;
} Operands;

static Operands operands_of(const Kept *kept, const MatmulForm *form)
{
    const dnnl_data_type_t type = operand_type(form->type);
    return (Operands){.a = stored(form->m, form->k, form->lda, form->transpose_a, type),
                      .b = form->ldb ? stored(form->k, form->n, form->ldb, form->transpose_b, type)
                                     : packed(kept, form->n, form->k, form->type, NULL),
                      .c =
                          stored(form->m, form->n, form->ldc, false, form->type == DM_MATMUL_S8 ? dnnl_s32 : dnnl_f32)};
}

static dnnl_primitive_desc_t describe(const Kept *kept, const MatmulForm *form, const Operands *operands)
{
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t after = NULL;
    check(dnnl_matmul_desc_init(&matmul, &operands->a, &operands->b, NULL, &operands->c), "describing a product");
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (!status) status = dnnl_post_ops_create(&after);
    if (!status && form->add) status = dnnl_post_ops_append_sum(after, 1);
    if (!status) status = dnnl_primitive_attr_set_post_ops(attributes, after);
    if (!status) status = dnnl_primitive_desc_create(&description, &matmul, attributes, kept->engine, NULL);
    if (after) dnnl_post_ops_destroy(after);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    check(status, "finding code for a product");
    return description;
}

// What was asked for by any thread. Names are only added.
static struct {
    pthread_mutex_t adding;
    int count;
    char name[32][64];
} codes = {.adding = PTHREAD_MUTEX_INITIALIZER};

static void note_code(const char *name)
{
    pthread_mutex_lock(&codes.adding);
    int i = 0;
    while (i < codes.count && strcmp(codes.name[i], name) != 0) i++;
    if (i == codes.count && i < (int)DM_COUNT(codes.name))
        snprintf(codes.name[codes.count++], sizeof codes.name[i], "%s", name);
    pthread_mutex_unlock(&codes.adding);
}

int dm_matmul_codes(const char *names[], int most)
{
    pthread_mutex_lock(&codes.adding);
    const int count = codes.count < most ? codes.count : most;
    for (int i = 0; i < count; i++) names[i] = codes.name[i];
    pthread_mutex_unlock(&codes.adding);
    return count;
}

static Matmul *make_matmul(const Kept *kept, const MatmulForm *form)
{
    Matmul *made = dm_allocate(1, sizeof *made);
    const Operands operands = operands_of(kept, form);
    begin_making();
    const dnnl_primitive_desc_t description = describe(kept, form, &operands);
    made->form = *form;
    note_code(code_of(description));
    const dnnl_status_t status = dnnl_primitive_create(&made->primitive, description);
    dnnl_primitive_desc_destroy(description);
    check(status, "making code for a product");
    dm_guard(destroy, made);
    check(dnnl_memory_create(&made->a, &operands.a, kept->engine, DNNL_MEMORY_NONE), "making a memory object");
    check(dnnl_memory_create(&made->b, &operands.b, kept->engine, DNNL_MEMORY_NONE), "making a memory object");
    check(dnnl_memory_create(&made->c, &operands.c, kept->engine, DNNL_MEMORY_NONE), "making a memory object");
    dm_unguard(made);
    end_making();
    dm_belong(made, NULL);  // to those that the thread keeps
    return made;
}

bool dm_matmul_is_reference(const MatmulForm *form)
{
    const Kept *kept = kept_by_thread();
    const Operands operands = operands_of(kept, form);
    const dnnl_primitive_desc_t description = describe(kept, form, &operands);
    const bool is = strncmp(code_of(description), "ref", 3) == 0;
    dnnl_primitive_desc_destroy(description);
    return is;
}

// ---- Running --------------------------------------------------------------------------------------------------------

static const Matmul *find(Kept *kept, const MatmulForm *form)
{
    Matmul **bucket = &kept->bucket[hash_of(form)];
    for (Matmul *at = *bucket; at; at = at->next)
        if (memcmp(&at->form, form, sizeof *form) == 0) return at;
    if (kept->count == MOST) forget(kept);
    Matmul *made = make_matmul(kept, form);
    made->next = *bucket;
    *bucket = made;
    kept->count++;
    return made;
}

void dm_matmul(const MatmulForm *form, const void *a, const void *b, void *c)
{
    Kept *kept = kept_by_thread();
    const Matmul *matmul = find(kept, form);
    dnnl_memory_set_data_handle(matmul->a, (void *)(size_t)a);
    dnnl_memory_set_data_handle(matmul->b, (void *)(size_t)b);
    dnnl_memory_set_data_handle(matmul->c, c);
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, matmul->a}, {DNNL_ARG_WEIGHTS, matmul->b}, {DNNL_ARG_DST, matmul->c}};
    check(dnnl_primitive_execute(matmul->primitive, kept->stream, DM_COUNT(arguments), arguments), "a product");
}

// ---- Packing --------------------------------------------------------------------------------------------------------

size_t dm_matmul_packed_size(int n, int k, MatmulType type)
{
    bool is_blocked;
    const dnnl_memory_desc_t desc = packed(kept_by_thread(), n, k, type, &is_blocked);
    return is_blocked ? dnnl_memory_desc_get_size(&desc) : 0;
}

void dm_matmul_pack(int n, int k, MatmulType type, const void *weight, void *memory)
{
    const Kept *kept = kept_by_thread();
    const dnnl_memory_desc_t from = stored(k, n, k, true, type == DM_MATMUL_S8 ? dnnl_s8 : dnnl_f32),
                             to = packed(kept, n, k, type, NULL);
    begin_making();
    dnnl_primitive_desc_t description;
    Matmul reorder = {0};  // a: from, b: to
    check(dnnl_reorder_primitive_desc_create(&description, &from, kept->engine, &to, kept->engine, NULL),
          "finding code for packing");
    dnnl_status_t status = dnnl_primitive_create(&reorder.primitive, description);
    dnnl_primitive_desc_destroy(description);
    if (!status) status = dnnl_memory_create(&reorder.a, &from, kept->engine, (void *)(size_t)weight);
    if (!status) status = dnnl_memory_create(&reorder.b, &to, kept->engine, memory);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, reorder.a}, {DNNL_ARG_TO, reorder.b}};
    if (!status) status = dnnl_primitive_execute(reorder.primitive, kept->stream, DM_COUNT(arguments), arguments);
    destroy(&reorder);
    end_making();
    check(status, "packing");
}
#else
typedef int NotInThisBuild;
#endif
