#include "resolver_private.h"

#include "suite.h"

#include <arpa/nameser.h>

/* An answer with one question, "a" of type `t`, and so many records. */
#define HEAD(flags, count, t)                                                                      \
    "\0\1" flags "\0\1\0" count "\0\0\0\0"                                                         \
    "\1a\0\0" t "\0\1"
#define RECORD(t, ttl, len) "\xc0\x0c\0" t "\0\1\0\0\0" ttl "\0" len
#define BYTES(text)         text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t len;
    unsigned type;
    bool good;
    unsigned count;
    uint32_t ttl_s;
} cases[] = {
    { BYTES(HEAD("\x84\0", "\1", "\1") RECORD("\1", "\11", "\4") "\12\0\0\1"), ns_t_a, true, 1, 9 },
    { BYTES(HEAD("\x84\0", "\2", "\1")
                RECORD("\1", "\11", "\4") "\12\0\0\1" RECORD("\1", "\7", "\4") "\12\0\0"
                                                                               "\2"),
      ns_t_a, true, 2, 7 },
    { BYTES(HEAD("\x84\0", "\1", "\1") RECORD("\1", "\11", "\4") "\12\0\0\1"), ns_t_aaaa, true, 0,
      9 },
    { BYTES(HEAD("\x84\0", "\1", "\1") RECORD("\1", "\11", "\3") "\12\0\0"), ns_t_a, false, 0, 0 },
    { BYTES(HEAD("\x84\0", "\2", "\1") RECORD("\1", "\11", "\4") "\12\0\0\1"), ns_t_a, false, 0,
      0 },
    { BYTES(HEAD("\x84\3", "\0", "\1")), ns_t_a, true, 0, UINT32_MAX },
    { BYTES(HEAD("\4\0", "\0", "\1")), ns_t_a, false, 0, 0 },
    { BYTES("short"), ns_t_a, false, 0, 0 },
};

START_TEST(an_answer_is_read_or_refused)
{
    static struct dns_answer answer;

    ck_assert(dns_read(slice_of(cases[_i].bytes, cases[_i].len), cases[_i].type, &answer) ==
              cases[_i].good);
    if (!cases[_i].good)
        return;
    ck_assert_uint_eq(answer.count, cases[_i].count);
    ck_assert_uint_eq(answer.ttl_s, cases[_i].ttl_s);
}
END_TEST

START_TEST(a_service_has_rank_weight_port_and_host)
{
    static const char bytes[] =
        HEAD("\x84\0", "\1", "\41") RECORD("\41", "\5", "\11") "\0\1\0\2\0\3\1b\0";
    static struct dns_answer answer;

    ck_assert(dns_read(slice_of(bytes, sizeof(bytes) - 1), ns_t_srv, &answer));
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_uint_eq(answer.records[0].priority, 1);
    ck_assert_uint_eq(answer.records[0].weight, 2);
    ck_assert_uint_eq(answer.records[0].port, 3);
    ck_assert_str_eq(answer.records[0].host, "b");
}
END_TEST

SUITE("dns", LOOP(an_answer_is_read_or_refused, cases),
      TEST(a_service_has_rank_weight_port_and_host))
