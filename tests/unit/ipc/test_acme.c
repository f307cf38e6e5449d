#include "ipc/acme.h"

#include "suite.h"

static struct acme_site sites[] = {
    { .id = SLICE_INIT("a.test"),
      .names = SLICE_INIT("a.test www.a.test"),
      .pem = SLICE_INIT("-----BEGIN") },
    { .id = SLICE_INIT("b.test"), .names = SLICE_INIT("b.test") },
};

static struct acme_staple staples[] = {
    { .id = SLICE_INIT("00ff"),
      .name = SLICE_INIT("my site.pem"),
      .certificates = SLICE_INIT("-----BEGIN"),
      .answer = SLICE_INIT("\x30\x03\0\x01\x03") },
    { .id = SLICE_INIT("ff00") },
};

static const struct acme_tasks all[] = {
    { .directory = SLICE_INIT("https://ca/dir"),
      .contact = SLICE_INIT("mailto:a@a.test"),
      .roots = SLICE_INIT("roots"),
      .account = SLICE_INIT("key"),
      .proof = ACME_PROOF_ALPN,
      .agrees = 1,
      .count = 2,
      .sites = sites },
    { .directory = SLICE_INIT("https://ca/dir") },
    { .directory = SLICE_INIT("https://ca/dir"), .staple_count = 2, .staples = staples },
};

START_TEST(tasks_that_were_encoded_are_decoded)
{
    struct arena arena = { 0 };
    struct acme_tasks back;
    char *data;
    size_t len;

    acme_tasks_encode(&all[_i], &data, &len);
    ck_assert_int_eq(acme_tasks_decode(slice_of(data, len), &arena, &back, NULL), PARSE_DONE);
    ck_assert(slice_equal(back.directory, all[_i].directory));
    ck_assert(slice_equal(back.contact, all[_i].contact));
    ck_assert(slice_equal(back.roots, all[_i].roots));
    ck_assert(slice_equal(back.account, all[_i].account));
    ck_assert_int_eq(back.proof, all[_i].proof);
    ck_assert_uint_eq(back.agrees, all[_i].agrees);
    ck_assert_uint_eq(back.count, all[_i].count);
    for (uint32_t i = 0; i < back.count; i++) {
        ck_assert(slice_equal(back.sites[i].id, sites[i].id));
        ck_assert(slice_equal(back.sites[i].names, sites[i].names));
        ck_assert(slice_equal(back.sites[i].pem, sites[i].pem));
    }
    ck_assert_uint_eq(back.staple_count, all[_i].staple_count);
    for (uint32_t i = 0; i < back.staple_count; i++) {
        ck_assert(slice_equal(back.staples[i].id, staples[i].id));
        ck_assert(slice_equal(back.staples[i].name, staples[i].name));
        ck_assert(slice_equal(back.staples[i].certificates, staples[i].certificates));
        ck_assert(slice_equal(back.staples[i].answer, staples[i].answer));
    }
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(every_cut_and_every_added_byte_is_refused)
{
    struct arena arena = { 0 };
    struct acme_tasks back;
    struct parse_fault fault;
    char *data;
    size_t len;

    acme_tasks_encode(&all[_i], &data, &len);
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(acme_tasks_decode(slice_of(data, cut), &arena, &back, &fault), PARSE_BAD);
        ck_assert_uint_le(fault.at, cut);
    }
    data = realloc(data, len + 1);
    ck_assert_ptr_nonnull(data);
    data[len] = 'x';
    ck_assert_int_eq(acme_tasks_decode(slice_of(data, len + 1), &arena, &back, &fault), PARSE_BAD);
    arena_done(&arena);
    free(data);
}
END_TEST

START_TEST(a_number_out_of_range_is_refused)
{
    const struct acme_tasks wrong[] = { { .agrees = 2 },
                                        { .proof = (enum acme_proof)(ACME_PROOF_LAST + 1) } };
    struct arena arena = { 0 };
    struct acme_tasks back;
    struct parse_fault fault;

    for (size_t i = 0; i < 2; i++) {
        char *data;
        size_t len;

        acme_tasks_encode(&wrong[i], &data, &len);
        ck_assert_int_eq(acme_tasks_decode(slice_of(data, len), &arena, &back, &fault), PARSE_BAD);
        free(data);
    }
    arena_done(&arena);
}
END_TEST

START_TEST(a_state_comes_back_and_its_error_is_cut)
{
    char room[64];
    struct text text = text_on(room, sizeof(room));
    const struct acme_state state = { SLICE("a.test"), 1800000000, 1700000000,
                                      SLICE("it is down: try 2") };
    struct acme_state back;

    acme_state_encode(&state, &text);
    ck_assert_int_eq(acme_state_decode(text_slice(&text), &back, NULL), PARSE_DONE);
    ck_assert(slice_equal(back.id, state.id));
    ck_assert_uint_eq(back.until_unix_s, 1800000000);
    ck_assert_uint_eq(back.next_unix_s, 1700000000);
    ck_assert(slice_equal(back.error, state.error));

    text = text_on(room, 37);
    acme_state_encode(&state, &text);
    ck_assert(!text.cut);
    ck_assert_int_eq(acme_state_decode(text_slice(&text), &back, NULL), PARSE_DONE);
    ck_assert(slice_equal_cstr(back.error, "it is do"));
}
END_TEST

static const char *const wrong_states[] = {
    "", "a", "a 1", "a 1 2", "a b 2 x", "a 1 -2 x", "a  2 x", "a 99999999999999999999 1 x"
};

START_TEST(what_is_no_state_is_refused)
{
    struct acme_state back;
    struct parse_fault fault;

    ck_assert_int_eq(acme_state_decode(slice_cstr(wrong_states[_i]), &back, &fault), PARSE_BAD);
}
END_TEST

SUITE("acme", LOOP(tasks_that_were_encoded_are_decoded, all),
      LOOP(every_cut_and_every_added_byte_is_refused, all), TEST(a_number_out_of_range_is_refused),
      TEST(a_state_comes_back_and_its_error_is_cut),
      LOOP(what_is_no_state_is_refused, wrong_states))
