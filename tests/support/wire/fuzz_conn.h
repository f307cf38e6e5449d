#ifndef TESTS_WIRE_FUZZ_CONN_H
#define TESTS_WIRE_FUZZ_CONN_H

/*
 * A whole connection for fuzz targets: the first bytes of the input say how the handler behaves and
 * how the stream is split, the rest is what the client sends. Whatever it sends, nothing may be
 * held at the end, and every exchange that was begun has ended.
 */
#include "base/slice.h"
#include "wire/conn.h"

#include <stddef.h>
#include <stdint.h>

/* `opening` is sent before the rest of the input. */
void fuzz_conn(const uint8_t *data, size_t size, enum wire_http2 http2, struct slice opening);

#endif
