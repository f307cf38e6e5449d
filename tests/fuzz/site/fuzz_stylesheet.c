/* Whatever a stylesheet says: the type that comes out can stand in a field. */
#include "http/field.h"
#include "site/stylesheet.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = slice_of(data, size);
    struct arena arena = { 0 };
    const struct slice type = stylesheet_type(text, &arena);

    assert(slice_has(type, '/') && field_is_value(type));
    assert(!stylesheet_stands_alone(text) || stylesheet_document_stands_alone(text));
    arena_done(&arena);
    return 0;
}
