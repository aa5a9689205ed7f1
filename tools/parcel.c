// Packing and unpacking, in the same order.
#include "parcel.h"

#include <stdlib.h>
#include <string.h>

void parcel_put(Parcel *p, const void *bytes, size_t size)
{
    if (p->size + size > p->room) {
        char *more = allocate(2 * (p->size + size), 1);
        if (p->size) memcpy(more, p->bytes, p->size);
        free(p->bytes);
        p->bytes = more;
        p->room = 2 * (p->size + size);
    }
    if (size) memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
}

void parcel_put_text(Parcel *p, const char *text)
{
    parcel_put(p, text, strlen(text) + 1);
}

void parcel_take(Parcel *p, void *bytes, size_t size)
{
    memcpy(bytes, p->bytes + p->opened, size);
    p->opened += size;
}

char *parcel_take_text(Parcel *p)
{
    char *text = p->bytes + p->opened;
    p->opened += strlen(text) + 1;
    return text;
}

void parcel_free(Parcel *p)
{
    free(p->bytes);
    *p = (Parcel){0};
}
