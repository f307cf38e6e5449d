/* Each number that is accepted must be the one that strtoull() and the units make of it. */
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNTOUCHED UINT64_C(0x5aa55aa55aa55aa5)

static char *as_cstr(struct slice text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        abort();
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}

static bool digits_only(struct slice text, bool hex)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.at[i]);

        if (!ascii_is_digit(c) && !(hex && c >= 'a' && c <= 'f'))
            return false;
    }
    return text.len > 0;
}

static void check_plain(struct slice text, bool hex)
{
    uint64_t number = UNTOUCHED;
    bool good = hex ? number_parse_hex(text, &number) : number_parse(text, UINT64_MAX, &number);
    char *copy = as_cstr(text);

    errno = 0;
    uint64_t expect = strtoull(copy, NULL, hex ? 16 : 10);
    bool expect_good = digits_only(text, hex) && errno == 0 && (!hex || text.len <= 16);

    assert(good == expect_good);
    assert(number == (good ? expect : UNTOUCHED));
    free(copy);
}

static void check_limit(struct slice text)
{
    uint64_t number;
    uint64_t again = UNTOUCHED;

    if (!number_parse(text, UINT64_MAX, &number))
        return;
    assert(number_parse(text, number, &again) && again == number);
    if (number > 0)
        assert(!number_parse(text, number - 1, &again));
}

/* With a unit the number is a multiple of what the digits say, and the bare unit does not matter.
 */
static void check_unit(struct slice text,
                       bool (*parse)(struct slice text, uint64_t bare_unit, uint64_t *ret))
{
    uint64_t one = UNTOUCHED;
    uint64_t thousand = UNTOUCHED;
    uint64_t digits;
    size_t count = 0;
    bool good = parse(text, 1, &one);
    bool good_thousand = parse(text, 1000, &thousand);

    while (count < text.len && ascii_is_digit(text.at[count]))
        count++;
    if (!good) {
        assert(!good_thousand && one == UNTOUCHED && thousand == UNTOUCHED);
        return;
    }
    assert(number_parse(slice_first(text, count), UINT64_MAX, &digits));
    if (digits == 0)
        assert(one == 0);
    else
        assert(one >= digits && one % digits == 0);
    if (good_thousand)
        assert(thousand == (count == text.len ? one * 1000 : one));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);

    check_plain(text, false);
    check_plain(text, true);
    check_limit(text);
    check_unit(text, number_parse_size);
    check_unit(text, number_parse_duration);
    return 0;
}
