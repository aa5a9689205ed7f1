// Parcels: bytes for another rank, or to be kept until it is their turn.
#pragma once
#include "tools.h"

typedef struct Parcel {
    char *bytes;
    size_t size, room;
    size_t opened;  // so much of it has been taken out
} Parcel;

void parcel_put(Parcel *parcel, const void *bytes, size_t size);
void parcel_put_text(Parcel *parcel, const char *text);
void parcel_take(Parcel *parcel, void *bytes, size_t size);
char *parcel_take_text(Parcel *parcel);  // in it
void parcel_free(Parcel *parcel);
