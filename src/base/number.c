#include "base/number.h"

#include "base/encode.h"

bool number_parse(struct slice text, uint64_t most, uint64_t *ret)
{
    uint64_t number = 0;

    if (text.len == 0)
        return false;

    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)(text.at[i] - '0');

        if (!ascii_is_digit(text.at[i]))
            return false;
        if (digit > most || number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret = number;
    return true;
}

bool number_parse_hex(struct slice text, uint64_t *ret)
{
    uint64_t number = 0;

    if (text.len == 0 || text.len > 16)
        return false;

    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.at[i]);

        if (digit < 0)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    *ret = number;
    return true;
}

struct unit {
    struct slice name;
    uint64_t factor;
};

#define UNIT(name, factor)                                                                         \
    {                                                                                              \
        SLICE_INIT(name), (factor)                                                                 \
    }

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)

static const struct unit size_units[] = {
    UNIT("B", 1),    UNIT("K", KIB),   UNIT("KB", KIB),  UNIT("KiB", KIB), UNIT("M", MIB),
    UNIT("MB", MIB), UNIT("MiB", MIB), UNIT("G", GIB),   UNIT("GB", GIB),  UNIT("GiB", GIB),
    UNIT("T", TIB),  UNIT("TB", TIB),  UNIT("TiB", TIB),
};

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)

static const struct unit duration_units[] = {
    UNIT("ms", 1),           UNIT("s", SECOND),   UNIT("sec", SECOND), UNIT("second", SECOND),
    UNIT("seconds", SECOND), UNIT("m", MINUTE),   UNIT("min", MINUTE), UNIT("minute", MINUTE),
    UNIT("minutes", MINUTE), UNIT("h", HOUR),     UNIT("hour", HOUR),  UNIT("hours", HOUR),
    UNIT("d", DAY),          UNIT("day", DAY),    UNIT("days", DAY),   UNIT("w", WEEK),
    UNIT("week", WEEK),      UNIT("weeks", WEEK),
};

static size_t count_digits(struct slice text)
{
    size_t count = 0;

    while (count < text.len && ascii_is_digit(text.at[count]))
        count++;
    return count;
}

/* 0 when there is no such unit. */
static uint64_t unit_factor(struct slice name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal_nocase(name, units[i].name))
            return units[i].factor;
    }
    return 0;
}

/* Blanks stand between the digits and the unit, nowhere else. */
static bool parse_with_unit(struct slice text, uint64_t bare_factor, const struct unit *units,
                            size_t unit_count, uint64_t *ret)
{
    size_t digits = count_digits(text);
    struct slice name = slice_skip(text, digits);
    uint64_t factor = bare_factor;
    uint64_t number;

    if (name.len > 0) {
        while (name.len > 1 && (name.at[0] == ' ' || name.at[0] == '\t'))
            name = slice_skip(name, 1);
        factor = unit_factor(name, units, unit_count);
        if (factor == 0)
            return false;
    }
    if (!number_parse(slice_first(text, digits), UINT64_MAX, &number))
        return false;
    if (factor != 0 && number > UINT64_MAX / factor)
        return false;
    *ret = number * factor;
    return true;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool number_parse_size(struct slice text, uint64_t bare_unit_bytes, uint64_t *ret_bytes)
{
    return parse_with_unit(text, bare_unit_bytes, size_units, COUNT(size_units), ret_bytes);
}

bool number_parse_duration(struct slice text, uint64_t bare_unit_ms, uint64_t *ret_ms)
{
    return parse_with_unit(text, bare_unit_ms, duration_units, COUNT(duration_units), ret_ms);
}
