/* A line is taken or let go; what is taken is within its limits and points into the line. */
#include "server/legacy.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_in(struct slice part, struct slice whole)
{
    return part.len > 0 && part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice line = slice_of(data, size);
    const struct legacy_line one = legacy_parse(line);

    if (one.kind == LEGACY_BAN)
        assert(one.ban.cause > OFFENCE_NONE && one.ban.cause <= OFFENCE_ORDER);
    if (one.kind == LEGACY_TARGET)
        assert(lies_in(one.section, line) && lies_in(one.target.name, line));
    return 0;
}
