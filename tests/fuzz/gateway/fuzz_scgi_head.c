/*
 * SCGI heads, read back as a program would: whatever the variables are, the netstring holds, the
 * length of the body comes first and once, and each variable that was taken is there.
 *
 * Input: names and values, each ended by LF.
 */
#include "gateway/scgi_head.h"

#include <stdint.h>
#include <stdlib.h>

#define BODY_LENGTH 4711u
#define MOST        4096u

static void require(bool good)
{
    if (!good)
        abort();
}

static struct slice take_text(struct slice *rest)
{
    struct slice text;

    require(slice_cut(*rest, '\0', &text, rest));
    return text;
}

/* The variables of the head, after checking what is around them. */
static struct slice open_head(struct slice bytes)
{
    struct slice digits;
    struct slice rest;
    size_t len = 0;

    require(slice_cut(bytes, ':', &digits, &rest));
    require(digits.len > 0 && digits.at[0] != '0');
    for (size_t i = 0; i < digits.len; i++)
        len = len * 10 + (size_t)(digits.at[i] - '0');
    require(rest.len == len + 1 && rest.at[len] == ',');
    rest.len = len;
    require(slice_equal(take_text(&rest), SLICE("CONTENT_LENGTH")));
    require(slice_equal(take_text(&rest), SLICE("4711")));
    require(slice_equal(take_text(&rest), SLICE("SCGI")));
    require(slice_equal(take_text(&rest), SLICE("1")));
    return rest;
}

/* The sink is never given NUL. */
static bool next_pair(struct slice *in, struct slice *ret_name, struct slice *ret_value)
{
    return slice_cut(*in, '\n', ret_name, in) && slice_cut(*in, '\n', ret_value, in) &&
           !slice_has(*ret_name, '\0') && !slice_has(*ret_value, '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct scgi_head head;
    struct slice in = slice_of(data, size);
    struct slice name;
    struct slice value;
    size_t taken = 0;
    size_t told = 0;

    scgi_head_init(&head, &arena, MOST, BODY_LENGTH);
    while (next_pair(&in, &name, &value))
        taken += head.sink.put(&head.sink, name, value) &&
                 !slice_equal(name, SLICE("CONTENT_LENGTH")) && !slice_equal(name, SLICE("SCGI"));

    struct slice rest = open_head(scgi_head_end(&head));
    for (; rest.len > 0; told++) {
        require(!slice_equal(take_text(&rest), SLICE("CONTENT_LENGTH")));
        take_text(&rest);
    }
    require(told == taken);
    arena_done(&arena);
    return 0;
}
