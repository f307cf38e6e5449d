#ifndef TESTS_FUZZ_BACKEND_H
#define TESTS_FUZZ_BACKEND_H

/*
 * Whole requests to a backend that says whatever the input holds, for fuzz targets: from the choice
 * of the target to the end of the exchange, on fake time. The first bytes of the input say how the
 * talk goes (what is asked, how many bytes are said at a time, who leaves when); the rest is what
 * the backend says.
 */
#include "config/model.h"

#include <stddef.h>
#include <stdint.h>

void fuzz_backend(const uint8_t *data, size_t size, enum conf_protocol protocol);

#endif
