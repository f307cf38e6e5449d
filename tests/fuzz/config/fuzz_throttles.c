/*
 * The throttle file of thttpd: each line is told apart with its number and its place, and what is
 * read of it lies within it.
 */
#include "config/throttle_conf.h"

#include "read_throttles.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct speed_line *line)
{
    assert(line->pattern.len > 0);
    assert(line->pattern.at >= line->line.at);
    assert(line->pattern.at + line->pattern.len <= line->line.at + line->line.len);
    if (line->why)
        return;
    assert(line->bytes_per_s > 0 && line->bytes_per_s <= SPEED_MOST);
    assert(line->least_per_s <= line->bytes_per_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct speed_lines walk = { .rest = slice_of(size > 0 ? (const char *)data : "", size) };
    struct speed_line line;
    unsigned before = 0;

    while (speed_lines_next(&walk, &line)) {
        assert(line.number > before);
        before = line.number;
        check_line(&line);
    }
    return 0;
}
