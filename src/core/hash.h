// FNV-1a (Fowler, Noll and Vo), 64 bits:  hash = DM_HASH;  for each part:  hash = dm_hash(hash, part)
// Parts are bytes by the book; whole numbers do as well. In a table of 2^n places the low bits choose one.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DM_HASH 14695981039346656037u

static inline uint64_t dm_hash(uint64_t hash, uint64_t part)
{
    return (hash ^ part) * 1099511628211u;
}

static inline uint64_t dm_hash_text(const char *text, size_t length)
{
    uint64_t hash = DM_HASH;
    for (size_t i = 0; i < length; i++) hash = dm_hash(hash, (unsigned char)text[i]);
    return hash;
}
