#include "ipc/resolve.h"

#include "suite.h"

#include <string.h>

static struct slice encoded(const struct resolve_message *message, char *room)
{
    return slice_of(room, resolve_encode(message, room));
}

static struct resolved at(const char *text, uint16_t priority, uint16_t weight)
{
    struct resolved one = { .priority = priority, .weight = weight };

    ck_assert(address_parse_target(slice_cstr(text), &one.address));
    return one;
}

START_TEST(a_question_arrives)
{
    const struct resolve_message sent = {
        .kind = RESOLVE_ASK, .ask = { .token = 9, .port = 9000, .name = SLICE("app.example.org") }
    };
    char room[RESOLVE_MESSAGE_MOST];
    struct resolve_message got;

    ck_assert_int_eq(resolve_decode(encoded(&sent, room), &got, NULL), PARSE_DONE);
    ck_assert_int_eq(got.kind, RESOLVE_ASK);
    ck_assert_uint_eq(got.ask.token, 9);
    ck_assert_uint_eq(got.ask.port, 9000);
    ck_assert(!got.ask.is_srv);
    ck_assert(slice_equal(got.ask.name, SLICE("app.example.org")));
}
END_TEST

START_TEST(an_answer_arrives_with_all_addresses)
{
    const struct resolve_message sent = {
        .kind = RESOLVE_ANSWER,
        .answer = { .token = 3,
                    .again_s = 60,
                    .count = 2,
                    .addresses = { at("10.1.2.3:9000", 1, 2), at("[2001:db8::7]:9001", 3, 65535) } }
    };
    char room[RESOLVE_MESSAGE_MOST];
    char text[ADDRESS_TEXT_MOST];
    struct resolve_message got;

    ck_assert_int_eq(resolve_decode(encoded(&sent, room), &got, NULL), PARSE_DONE);
    ck_assert_uint_eq(got.answer.token, 3);
    ck_assert_uint_eq(got.answer.again_s, 60);
    ck_assert_uint_eq(got.answer.count, 2);
    ck_assert_str_eq(address_text_port(&got.answer.addresses[0].address, text), "10.1.2.3:9000");
    ck_assert_str_eq(address_text_port(&got.answer.addresses[1].address, text),
                     "[2001:db8::7]:9001");
    ck_assert_uint_eq(got.answer.addresses[0].weight, 2);
    ck_assert_uint_eq(got.answer.addresses[1].priority, 3);
    ck_assert_uint_eq(got.answer.addresses[1].weight, 65535);
}
END_TEST

START_TEST(an_error_arrives)
{
    const struct resolve_message sent = {
        .kind = RESOLVE_ANSWER,
        .answer = { .token = 3, .again_s = 1, .error = SLICE("there is no such name") }
    };
    char room[RESOLVE_MESSAGE_MOST];
    struct resolve_message got;

    ck_assert_int_eq(resolve_decode(encoded(&sent, room), &got, NULL), PARSE_DONE);
    ck_assert_uint_eq(got.answer.count, 0);
    ck_assert(slice_equal(got.answer.error, SLICE("there is no such name")));
}
END_TEST

#define ASK    "\1\0\0\0\1\0\0\0"
#define ANSWER "\2\0\0\0\1\0\0\0"
#define BAD(bytes, why)                                                                            \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, why                                                              \
    }

static const struct {
    const char *bytes;
    size_t len;
    const char *why;
} bad[] = {
    BAD("", "unknown kind of message"),
    BAD("\3\0\0\0\1\0\0\0", "unknown kind of message"),
    BAD(ASK "\0\0\0\0\0\0\0\0name", "the port is outside its range"),
    BAD(ASK "\1\0\0\0\1\0\0\0name", "the port is outside its range"),
    BAD(ASK "\2\0\0\0\1\0\0\0name", "neither a host nor a service"),
    BAD(ASK "\0\0\0\0\1\0\0\0a b", "the name is none of a host"),
    BAD(ASK "\0\0\0\0\1\0\0\0", "the name is none of a host"),
    BAD(ANSWER "\0\0\0\0\0\0\0\0why", "the time of the next question is outside its range"),
    BAD(ANSWER "\1\0\0\0\21\0\0\0", "too many addresses"),
    BAD(ANSWER "\1\0\0\0\1\0\0\0", "an address is too short"),
    BAD(ANSWER "\1\0\0\0\0\0\0\0", "either addresses or an error"),
};

START_TEST(what_is_no_message_is_refused)
{
    struct resolve_message message;
    struct parse_fault fault;

    ck_assert_int_eq(resolve_decode(slice_of(bad[_i].bytes, bad[_i].len), &message, &fault),
                     PARSE_BAD);
    ck_assert_str_eq(fault.why, bad[_i].why);
}
END_TEST

SUITE("resolve", TEST(a_question_arrives), TEST(an_answer_arrives_with_all_addresses),
      TEST(an_error_arrives), LOOP(what_is_no_message_is_refused, bad))
