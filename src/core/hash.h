// FNV-1a (Fowler, Noll and Vo), 64 bits:  hash = DM_HASH;  for each part:  hash = dm_hash(hash, part)
// Parts are bytes by the book; whole numbers do as well. In a table of 2^n places the low bits choose one.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DM_HASH 14695981039346656037u

static inline uint64_t dm_hash(uint64_t hash, uint64_t part)
{
    return (hash ^ part) * 1099511628211u;
}

// To the bit.
static inline uint64_t dm_hash_floats(uint64_t hash, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        hash = dm_hash(hash, bits);
    }
    return hash;
}

static inline uint64_t dm_hash_text(const char *text, size_t length)
{
    uint64_t hash = DM_HASH;
    for (size_t i = 0; i < length; i++) hash = dm_hash(hash, (unsigned char)text[i]);
    return hash;
}
