#include "ipc/spawn.h"

#include "suite.h"

#include <errno.h>
#include <string.h>

static struct slice joined(const struct iovec *parts, int count, char *room)
{
    size_t len = 0;

    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(room + len, parts[i].iov_base, parts[i].iov_len);
        len += parts[i].iov_len;
    }
    return slice_of(room, len);
}

static struct slice encoded(const struct spawn_message *message, char *room)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(message, head, parts);

    ck_assert_int_ge(count, 1);
    return joined(parts, count, room);
}

static const struct spawn_message messages[] = {
    { .kind = SPAWN_ASK,
      .ask = { .token = 7,
               .generation = 5,
               .rule = 3,
               .account = 9000,
               .stdin_kind = SPAWN_STDIN_FILE,
               .script = SLICE_INIT("cgi-bin/a.pl"),
               .environment = SLICE_INIT("A=1\0B=\0") } },
    { .kind = SPAWN_ASK, .ask = { .script = SLICE_INIT("x") } },
    { .kind = SPAWN_KILL, .kill_token = 0xfffffffe },
    { .kind = SPAWN_STARTED, .started = { 1, 4711, true } },
    { .kind = SPAWN_STARTED, .started = { 1, 4711, false } },
    { .kind = SPAWN_FAILED, .failed = { 2, SPAWN_STAGE_EXEC, ENOEXEC } },
    { .kind = SPAWN_EXITED, .exited = { 9, 256, 123456789012u, 4096, true } },
    { .kind = SPAWN_LOOK, .look_token = 0xfffffffd },
    { .kind = SPAWN_SEEN, .seen = { 3, SLICE_INIT("'a' (7) asleep in pipe_read, cpu 1 ms") } },
    { .kind = SPAWN_SEEN, .seen = { .token = 3 } },
};

static void assert_same(const struct spawn_message *a, const struct spawn_message *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    switch (a->kind) {
    case SPAWN_ASK:
        ck_assert_uint_eq(a->ask.token, b->ask.token);
        ck_assert_uint_eq(a->ask.generation, b->ask.generation);
        ck_assert_uint_eq(a->ask.rule, b->ask.rule);
        ck_assert_uint_eq(a->ask.account, b->ask.account);
        ck_assert_int_eq(a->ask.stdin_kind, b->ask.stdin_kind);
        ck_assert(slice_equal(a->ask.script, b->ask.script));
        ck_assert(slice_equal(a->ask.environment, b->ask.environment));
        break;
    case SPAWN_KILL:
        ck_assert_uint_eq(a->kill_token, b->kill_token);
        break;
    case SPAWN_STARTED:
        ck_assert_uint_eq(a->started.token, b->started.token);
        ck_assert_int_eq(a->started.pid, b->started.pid);
        ck_assert_int_eq(a->started.has_stdin, b->started.has_stdin);
        break;
    case SPAWN_FAILED:
        ck_assert_uint_eq(a->failed.token, b->failed.token);
        ck_assert_int_eq(a->failed.stage, b->failed.stage);
        ck_assert_int_eq(a->failed.error, b->failed.error);
        break;
    case SPAWN_EXITED:
        ck_assert_uint_eq(a->exited.token, b->exited.token);
        ck_assert_int_eq(a->exited.status, b->exited.status);
        ck_assert_uint_eq(a->exited.cpu_us, b->exited.cpu_us);
        ck_assert_uint_eq(a->exited.peak_kib, b->exited.peak_kib);
        ck_assert_int_eq(a->exited.family_left, b->exited.family_left);
        break;
    case SPAWN_LOOK:
        ck_assert_uint_eq(a->look_token, b->look_token);
        break;
    case SPAWN_SEEN:
        ck_assert_uint_eq(a->seen.token, b->seen.token);
        ck_assert(slice_equal(a->seen.text, b->seen.text));
        break;
    }
}

START_TEST(what_was_encoded_is_decoded)
{
    char room[1024];
    struct spawn_message back;
    struct slice bytes = encoded(&messages[_i], room);

    ck_assert_int_eq(spawn_decode(bytes, &back, NULL), PARSE_DONE);
    assert_same(&messages[_i], &back);
}
END_TEST

START_TEST(every_cut_and_every_added_byte_is_refused)
{
    char room[1024] = { 0 };
    struct spawn_message back;
    struct parse_fault fault;
    struct slice bytes = encoded(&messages[_i], room);

    for (size_t len = 0; len < bytes.len; len++) {
        ck_assert_int_eq(spawn_decode(slice_first(bytes, len), &back, &fault), PARSE_BAD);
        ck_assert_uint_le(fault.at, len);
    }
    bytes.len++;
    ck_assert_int_eq(spawn_decode(bytes, &back, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, "bytes behind the message");
}
END_TEST

static const struct {
    struct slice script;
    struct slice environment;
    const char *why; /* NULL: accepted */
} asks[] = {
    { SLICE_INIT("a/b/c.cgi"), SLICE_INIT("A=1\0"), NULL },
    { SLICE_INIT("a..b/..c"), SLICE_INIT(""), NULL },
    { SLICE_INIT(""), SLICE_INIT("A=1\0"), "the script has no name" },
    { SLICE_INIT("/bin/sh"), SLICE_INIT(""), "the script is not relative" },
    { SLICE_INIT(".."), SLICE_INIT(""), "the script has a '..' segment" },
    { SLICE_INIT("a/../../b"), SLICE_INIT(""), "the script has a '..' segment" },
    { SLICE_INIT("a/.."), SLICE_INIT(""), "the script has a '..' segment" },
    { SLICE_INIT("a\0b"), SLICE_INIT(""), "NUL in the script's name" },
    { SLICE_INIT("a"), SLICE_INIT("A=1"), "the environment does not end with NUL" },
    { SLICE_INIT("a"), SLICE_INIT("A\0"), "an entry of the environment has no name" },
    { SLICE_INIT("a"), SLICE_INIT("=1\0"), "an entry of the environment has no name" },
    { SLICE_INIT("a"), SLICE_INIT("A=1\0\0"), "an entry of the environment has no name" },
};

static const struct {
    struct slice arguments;
    const char *why; /* NULL: accepted */
} words[] = {
    { SLICE_INIT("a\0b c\0\0"), NULL },
    { SLICE_INIT("a"), "the arguments do not end with NUL" },
    { SLICE_INIT("-a\0"), "an argument begins with '-'" },
    { SLICE_INIT("a\0--\0"), "an argument begins with '-'" },
};

START_TEST(arguments_are_no_options)
{
    char room[1024];
    struct spawn_message back;
    struct parse_fault fault;
    struct spawn_message message = {
        .kind = SPAWN_ASK,
        .ask = { .script = SLICE("a"), .arguments = words[_i].arguments },
    };
    enum parse got = spawn_decode(encoded(&message, room), &back, &fault);

    ck_assert_int_eq(got, words[_i].why ? PARSE_BAD : PARSE_DONE);
    if (words[_i].why)
        ck_assert_str_eq(fault.why, words[_i].why);
    else
        ck_assert(slice_equal(back.ask.arguments, words[_i].arguments));
}
END_TEST

START_TEST(an_ask_is_judged)
{
    char room[1024];
    struct spawn_message back;
    struct parse_fault fault;
    struct spawn_message message = {
        .kind = SPAWN_ASK,
        .ask = { .script = asks[_i].script, .environment = asks[_i].environment },
    };
    enum parse got = spawn_decode(encoded(&message, room), &back, &fault);

    ck_assert_int_eq(got, asks[_i].why ? PARSE_BAD : PARSE_DONE);
    if (asks[_i].why)
        ck_assert_str_eq(fault.why, asks[_i].why);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *why;
} strange[] = {
    { "\0\0\0\0\1\0\0\0", 8, "unknown kind of message" },
    { "\10\0\0\0\1\0\0\0", 8, "unknown kind of message" },
    { "\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0a", 37,
      "unknown kind of stdin" },
    { "\3\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0", 16, "a value is outside its range" },
    { "\4\0\0\0\1\0\0\0\14\0\0\0\2\0\0\0", 16, "a value is outside its range" },
    { "\7\0\0\0\1\0\0\0\1\0\0\0\n", 13, "a control byte in the text" },
    { "\7\0\0\0\1\0\0\0\1\0\0\0\177", 13, "a control byte in the text" },
    { "\7\0\0\0\1\0\0\0\1\14\0\0", 12, "the text is too long" },
    { "\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377\1\0\0\0\0\0\0\0a", 37,
      "message too short" },
};

START_TEST(strange_bytes_are_refused)
{
    struct spawn_message back;
    struct parse_fault fault;
    struct slice bytes = slice_of(strange[_i].bytes, strange[_i].len);

    ck_assert_int_eq(spawn_decode(bytes, &back, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, strange[_i].why);
}
END_TEST

START_TEST(what_does_not_fit_one_datagram_is_not_encoded)
{
    static char environment[SPAWN_MESSAGE_MOST + 1];
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    struct spawn_message message = { .kind = SPAWN_ASK, .ask.script = SLICE("a") };

    message.ask.environment = slice_of(environment, sizeof(environment));
    ck_assert_int_eq(spawn_encode(&message, head, parts), -EMSGSIZE);
    message.ask.environment.len = SPAWN_MESSAGE_MOST - 36;
    ck_assert_int_eq(spawn_encode(&message, head, parts), -EMSGSIZE);
    message.ask.environment.len = SPAWN_MESSAGE_MOST - 37;
    ck_assert_int_eq(spawn_encode(&message, head, parts), 4);

    message = (struct spawn_message){ .kind = SPAWN_SEEN };
    message.seen.text = slice_of(environment, SPAWN_SEEN_MOST + 1);
    ck_assert_int_eq(spawn_encode(&message, head, parts), -EMSGSIZE);
    message.seen.text.len--;
    ck_assert_int_eq(spawn_encode(&message, head, parts), 2);
}
END_TEST

START_TEST(every_stage_has_a_text)
{
    for (int stage = SPAWN_STAGE_RULE; stage <= SPAWN_STAGE_GONE; stage++)
        ck_assert_str_ne(spawn_stage_text((enum spawn_stage)stage), "unknown");
}
END_TEST

START_TEST(each_refusal_has_its_words)
{
    ck_assert_str_eq(spawn_refusal_text(0), spawn_refusal_text(99));
    ck_assert_str_eq(spawn_refusal_text(-1), spawn_refusal_text(99));
    for (int i = SPAWN_REFUSED_OUTSIDE; i <= SPAWN_REFUSED_FOLDER_WRITABLE; i++)
        ck_assert_str_ne(spawn_refusal_text(i), spawn_refusal_text(99));
}
END_TEST

SUITE("ipc/spawn", TEST(each_refusal_has_its_words), LOOP(what_was_encoded_is_decoded, messages),
      LOOP(every_cut_and_every_added_byte_is_refused, messages), LOOP(an_ask_is_judged, asks),
      LOOP(arguments_are_no_options, words), LOOP(strange_bytes_are_refused, strange),
      TEST(what_does_not_fit_one_datagram_is_not_encoded), TEST(every_stage_has_a_text))
