#ifndef TESTS_HTTP_DECODER_H
#define TESTS_HTTP_DECODER_H

/*
 * What a client makes of a coded body: decodes all that it has so far.
 */
#include "base/slice.h"
#include "http/negotiate.h"

#include <stdbool.h>
#include <stddef.h>

/* As far as `coded` reaches, into `out`; more than `room` ends the program. *ret_ended: it was the
 * whole body, and nothing lies behind it. */
size_t decode(enum coding coding, struct slice coded, char *out, size_t room, bool *ret_ended);

#endif
