// Fuzz target: any bytes as a safetensors file. Build and run it with clang:
//   clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc tests/fuzz/safetensors_fuzz.c
//     src/folder/safetensors.c src/core/{error,files,utf8,json,memory}.c -lcjson -lm -o safetensors_fuzz
//   ./safetensors_fuzz -max_len=4096 CORPUS_FOLDER
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/memory.h"
#include "folder/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    int descriptor = memfd_create("safetensors", MFD_CLOEXEC);
    if (descriptor < 0) abort();
    if (write(descriptor, bytes, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    SafeTensors file;
    Error error;
    if (dm_safetensors_open(&file, path, &error) == DM_OK) {
        for (int i = 0; i < file.count; i++) {
            if (file.list[i].elements > size) abort();  // every element takes a byte at least
            float *values = dm_allocate(file.list[i].elements, sizeof *values);
            dm_stored_to_float(file.list + i, values);
            dm_free(values);
        }
        dm_safetensors_close(&file);
    }
    close(descriptor);
    return 0;
}
