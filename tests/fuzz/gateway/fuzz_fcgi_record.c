/*
 * FastCGI records from a backend that may say anything: read at once and byte by byte must tell the
 * same story.
 */
#include "gateway/fcgi_record.h"

#include <stdint.h>
#include <stdlib.h>

/* A checksum of what was read, that does not depend on how streams were cut. */
struct story {
    uint64_t sum;
    bool bad;
};

static void note(struct story *story, unsigned value)
{
    story->sum = (story->sum ^ value) * UINT64_C(0x100000001b3);
}

static bool feed(struct fcgi_reader *reader, struct slice bytes, struct story *story)
{
    struct fcgi_piece piece;
    struct parse_fault fault;

    for (;;) {
        switch (fcgi_reader_next(reader, &bytes, &piece, &fault)) {
        case PARSE_DONE:
            for (size_t i = 0; i < piece.content.len; i++)
                note(story, (unsigned)piece.type << 8 | (unsigned char)piece.content.at[i]);
            if (piece.content.len == 0)
                note(story, 0x10000u + (unsigned)piece.type + piece.status + piece.app_status);
            break;
        case PARSE_MORE:
            if (bytes.len > 0)
                abort();
            return true;
        case PARSE_BAD:
            if (!fault.why)
                abort();
            story->bad = true;
            return false;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct fcgi_reader whole = { 0 };
    struct fcgi_reader single = { 0 };
    struct story a = { 0 };
    struct story b = { 0 };

    feed(&whole, in, &a);
    for (size_t i = 0; i < size && feed(&single, slice_of(in.at + i, 1), &b); i++)
        ;
    if (a.sum != b.sum || a.bad != b.bad)
        abort();
    return 0;
}
