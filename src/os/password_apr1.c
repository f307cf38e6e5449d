/*
 * "$apr1$SALT$HASH": what Apache's htpasswd has written for decades, and crypt(5) does not know. It
 * is the MD5 of crypt(5) with a word of its own: a thousand rounds over password and salt.
 */
#include "os_private.h"

#include "base/sum.h"

#define SALT_MOST   8u
#define ROUNDS      1000u
#define HASH_DIGITS 22u

static const struct slice magic = SLICE_INIT("$apr1$");

/* Six bits for each digit, the lowest first. */
static void add_digits(struct text *text, uint32_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++, value >>= 6)
        text_add_char(text, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz"[value & 63]);
}

static void write_digits(struct text *text, const unsigned char sum[MD5_LEN])
{
    static const unsigned char order[5][3] = {
        { 0, 6, 12 }, { 1, 7, 13 }, { 2, 8, 14 }, { 3, 9, 15 }, { 4, 10, 5 }
    };

    for (unsigned i = 0; i < 5; i++)
        add_digits(text,
                   (uint32_t)sum[order[i][0]] << 16 | (uint32_t)sum[order[i][1]] << 8 |
                       sum[order[i][2]],
                   4);
    add_digits(text, sum[11], 2);
}

static void add_sum(struct sum *md5, const unsigned char sum[MD5_LEN])
{
    sum_add(md5, slice_of(sum, MD5_LEN));
}

/* The sum that the rounds begin with. */
static void begin(struct slice password, struct slice salt, unsigned char sum[MD5_LEN])
{
    struct sum md5;

    sum_begin(&md5, SUM_MD5);
    sum_add(&md5, password);
    sum_add(&md5, salt);
    sum_add(&md5, password);
    sum_end(&md5, sum);

    sum_begin(&md5, SUM_MD5);
    sum_add(&md5, password);
    sum_add(&md5, magic);
    sum_add(&md5, salt);
    for (size_t left = password.len; left > 0; left -= left < MD5_LEN ? left : MD5_LEN)
        sum_add(&md5, slice_of(sum, left < MD5_LEN ? left : MD5_LEN));
    for (size_t bits = password.len; bits > 0; bits >>= 1)
        sum_add(&md5, bits & 1 ? SLICE("\0") : slice_first(password, 1));
    sum_end(&md5, sum);
}

static void go_round(unsigned round, struct slice password, struct slice salt,
                     unsigned char sum[MD5_LEN])
{
    struct sum md5;

    sum_begin(&md5, SUM_MD5);
    if (round & 1)
        sum_add(&md5, password);
    else
        add_sum(&md5, sum);
    if (round % 3 != 0)
        sum_add(&md5, salt);
    if (round % 7 != 0)
        sum_add(&md5, password);
    if (round & 1)
        add_sum(&md5, sum);
    else
        sum_add(&md5, password);
    sum_end(&md5, sum);
}

/* Cuts the hash into its parts; false: it is none of these. */
static bool cut(struct slice hash, struct slice *ret_salt, struct slice *ret_digits)
{
    return slice_starts(hash, magic) &&
           slice_cut(slice_skip(hash, magic.len), '$', ret_salt, ret_digits) &&
           ret_salt->len <= SALT_MOST && ret_digits->len == HASH_DIGITS;
}

bool apr1_is(struct slice hash)
{
    struct slice salt;
    struct slice digits;

    return cut(hash, &salt, &digits);
}

bool apr1_fits(struct slice hash, struct slice password)
{
    unsigned char sum[MD5_LEN];
    char out[HASH_DIGITS];
    struct text text = text_on(out, sizeof(out));
    struct slice salt;
    struct slice digits;

    if (!cut(hash, &salt, &digits))
        return false;
    begin(password, salt, sum);
    for (unsigned round = 0; round < ROUNDS; round++)
        go_round(round, password, salt, sum);
    write_digits(&text, sum);
    return slice_equal_secret(text_slice(&text), digits);
}
