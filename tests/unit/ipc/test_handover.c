#include "ipc/handover.h"

#include "suite.h"

#include <errno.h>
#include <string.h>

static struct slice encoded(const struct handover *message, char *room)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    size_t len = 0;
    int count = handover_encode(message, head, parts);

    ck_assert_int_ge(count, 1);
    for (int i = 0; i < count; i++) {
        memcpy(room + len, parts[i].iov_base, parts[i].iov_len);
        len += parts[i].iov_len;
    }
    return slice_of(room, len);
}

static const struct handover messages[] = {
    { .kind = HANDOVER_BUNDLE },
    { .kind = HANDOVER_LISTENER, .index = 0xfffffffe },
    { .kind = HANDOVER_LOG, .text = SLICE_INIT("/var/log/longhouse/access.log") },
    { .kind = HANDOVER_GO, .number = 64 },
    { .kind = HANDOVER_STOP, .number = 0x0102030405060708 },
    { .kind = HANDOVER_FAILED, .text = SLICE_INIT("x") },
    { .kind = HANDOVER_STOPPED },
    { .kind = HANDOVER_RESOLVER, .text = SLICE_INIT("127.0.0.1:53") },
    { .kind = HANDOVER_CGROUP },
    { .kind = HANDOVER_SANDBOX, .index = 2 },
    { .kind = HANDOVER_KEY, .text = SLICE_INIT("0123456789abcdef") },
    { .kind = HANDOVER_SAID, .index = 3, .text = SLICE_INIT("words of a worker") },
};

START_TEST(what_was_encoded_is_decoded)
{
    char room[1024];
    struct handover back;
    struct slice bytes = encoded(&messages[_i], room);

    ck_assert_int_eq(handover_decode(bytes, &back, NULL), PARSE_DONE);
    ck_assert_int_eq(back.kind, messages[_i].kind);
    ck_assert_uint_eq(back.index, messages[_i].index);
    ck_assert_uint_eq(back.number, messages[_i].number);
    ck_assert(slice_equal(back.text, messages[_i].text));
}
END_TEST

START_TEST(every_cut_and_every_added_byte_is_refused)
{
    char room[1024] = { 0 };
    struct handover back;
    struct parse_fault fault;
    struct slice bytes = encoded(&messages[_i], room);

    for (size_t len = 0; len < bytes.len; len++) {
        ck_assert_int_eq(handover_decode(slice_first(bytes, len), &back, &fault), PARSE_BAD);
        ck_assert_uint_le(fault.at, HANDOVER_HEAD);
    }
    bytes.len++;
    ck_assert_int_eq(handover_decode(bytes, &back, &fault), PARSE_BAD);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *why;
} strange[] = {
    { "", 0, "message too short" },
    { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, "unknown kind of message" },
    { "\177\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, "unknown kind of message" },
    { "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 24, "the text has another length" },
    { "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 24, "reserved bytes are not zero" },
    { "\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 25, "NUL in the text" },
};

START_TEST(strange_bytes_are_refused)
{
    struct handover back;
    struct parse_fault fault;
    struct slice bytes = slice_of(strange[_i].bytes, strange[_i].len);

    ck_assert_int_eq(handover_decode(bytes, &back, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, strange[_i].why);
}
END_TEST

START_TEST(a_text_over_the_limit_is_not_encoded)
{
    static char long_text[HANDOVER_TEXT_MOST + 1];
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    struct handover message = { .kind = HANDOVER_FAILED };

    message.text = slice_of(long_text, sizeof(long_text));
    ck_assert_int_eq(handover_encode(&message, head, parts), -EMSGSIZE);
    message.text.len--;
    ck_assert_int_eq(handover_encode(&message, head, parts), 2);
}
END_TEST

SUITE("ipc/handover", LOOP(what_was_encoded_is_decoded, messages),
      LOOP(every_cut_and_every_added_byte_is_refused, messages),
      LOOP(strange_bytes_are_refused, strange), TEST(a_text_over_the_limit_is_not_encoded))
