// oneDNN's matmul primitive as a call: code is made once for every form of product and kept by the thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// oneDNN writes the code that it makes wherever its memory came from, and has it come from nowhere where there is none:
// so much has to be there before (dm_need_room), much more than it uses, since other threads take theirs meanwhile.
enum { DM_ONEDNN_ROOM = 1 << 27 };  // bytes

typedef enum MatmulType { DM_MATMUL_F32, DM_MATMUL_BF16, DM_MATMUL_S8 } MatmulType;  // of A and B

// A form of product: all that the code depends on. C [m, n] = A [m, k] B [k, n], or C += A B. C is float32, or int32
// where A and B are int8.
typedef struct MatmulForm {
    int m, n, k;
    int lda, ldb, ldc;  // distance between stored rows; ldb 0: B is packed (dm_matmul_pack)
    int transpose_a, transpose_b, add;
    int type;
} MatmulForm;

#ifdef DM_HAVE_ONEDNN_MATMUL
void dm_matmul(const MatmulForm *form, const void *a, const void *b, void *c);

// Whether the library has but its reference code for a product, plain loops a thousand times slower than its kernels.
bool dm_matmul_is_reference(const MatmulForm *form);

// The library's names of all code that this process has asked it for so far, "brg:avx512_core_bf16" and the like; those
// that begin with "ref" are reference code. Writes `most` at most, which stay as they are; returns how many.
int dm_matmul_codes(const char *names[], int most);

// B as the library likes it best, for products with any number of rows: bytes that it takes (0: the library has no code
// for this that is made for packed matrices; take the plain ones), and the packing itself. weight: float32 [n, k]
// (int8 where the type is that), B being its transpose.
size_t dm_matmul_packed_size(int n, int k, MatmulType type);
void dm_matmul_pack(int n, int k, MatmulType type, const void *weight, void *packed);
#else  // a build without it packs nothing
static inline void dm_matmul(const MatmulForm *form, const void *a, const void *b, void *c)
{
    (void)form, (void)a, (void)b, (void)c;
}

static inline bool dm_matmul_is_reference(const MatmulForm *form)
{
    (void)form;
    return false;
}

static inline int dm_matmul_codes(const char *names[], int most)
{
    (void)names, (void)most;
    return 0;
}

static inline size_t dm_matmul_packed_size(int n, int k, MatmulType type)
{
    (void)n, (void)k, (void)type;
    return 0;
}

static inline void dm_matmul_pack(int n, int k, MatmulType type, const void *weight, void *packed)
{
    (void)n, (void)k, (void)type, (void)weight, (void)packed;
}
#endif
