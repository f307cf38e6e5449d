#include "http/answer_store.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct answer_store store;
static struct arena arena;

static void begin(size_t most_bytes)
{
    answer_store_init(&store, most_bytes);
}

static void end(void)
{
    answer_store_done(&store);
    arena_done(&arena);
    ck_assert_uint_eq(store.used_bytes, 0);
    ck_assert_uint_eq(store.count, 0);
}

/* The fields of a request; "a=1;b=2". */
static struct fields request(const char *text)
{
    struct fields fields = { 0 };
    struct slice rest = slice_cstr(text);
    struct slice item;
    struct slice name;
    struct slice value;

    while (slice_next(&rest, ';', &item)) {
        slice_cut(item, '=', &name, &value);
        fields_add(&fields, &arena, name, value);
    }
    return fields;
}

/* `varies`: names, with commas. */
static void put(const char *key, const char *content, const char *varies, const char *asked)
{
    struct stored_answer *answer = stored_answer_new(slice_cstr(key));
    const struct fields fields = request(asked);
    struct slice rest = slice_cstr(varies);
    struct slice name;

    while (slice_next(&rest, ',', &name))
        stored_answer_vary(answer, name, &fields);
    answer->body = file_ref_of_bytes(strdup(content), strlen(content));
    answer->until_ms = 1000;
    answer->owner = 7;
    answer->name = (uint64_t)key[0];
    answer_store_put(&store, answer);
}

static const char *find_at(const char *key, const char *asked, uint64_t now_ms)
{
    static char content[8192];
    const struct fields fields = request(asked);
    const struct stored_answer *answer =
        answer_store_find(&store, slice_cstr(key), &fields, now_ms);

    if (!answer)
        return "none";
    snprintf(content, sizeof(content), "%.*s", SLICE_ARGS(answer->body->bytes));
    return content;
}

static const char *find(const char *key, const char *asked)
{
    return find_at(key, asked, 0);
}

START_TEST(what_was_put_is_found_until_its_time_is_over)
{
    begin(1 << 20);
    put("a", "of a", "", "");
    put("b", "of b", "", "");
    ck_assert_str_eq(find("a", ""), "of a");
    ck_assert_str_eq(find("b", "x=1"), "of b");
    ck_assert_str_eq(find("c", ""), "none");
    ck_assert_str_eq(find_at("a", "", 999), "of a");
    ck_assert_str_eq(find_at("a", "", 1000), "none");
    ck_assert_uint_eq(store.count, 1);
    end();
}
END_TEST

START_TEST(the_same_key_is_kept_once)
{
    begin(1 << 20);
    put("a", "old", "", "");
    put("a", "new", "", "");
    ck_assert_str_eq(find("a", ""), "new");
    ck_assert_uint_eq(store.count, 1);
    end();
}
END_TEST

START_TEST(an_answer_that_varies_is_given_to_who_asks_likewise)
{
    begin(1 << 20);
    put("a", "packed", "accept-encoding", "Accept-Encoding=gzip");
    put("a", "plain", "Accept-Encoding", "");
    ck_assert_str_eq(find("a", "Accept-Encoding=gzip"), "packed");
    ck_assert_str_eq(find("a", ""), "plain");
    ck_assert_str_eq(find("a", "Accept-Encoding=br"), "none");
    put("a", "packed again", "accept-encoding", "Accept-Encoding=gzip");
    ck_assert_str_eq(find("a", "ACCEPT-ENCODING=gzip"), "packed again");
    ck_assert_uint_eq(store.count, 2);
    end();
}
END_TEST

START_TEST(several_fields_of_a_name_are_one_list)
{
    begin(1 << 20);
    put("a", "two", "Accept", "Accept=x;Other=1;Accept=y");
    ck_assert_str_eq(find("a", "Accept=x;Accept=y"), "two");
    ck_assert_str_eq(find("a", "Accept=x, y"), "two");
    ck_assert_str_eq(find("a", "Accept=x"), "none");
    ck_assert_str_eq(find("a", "Accept=x;Accept=y;Accept=z"), "none");
    ck_assert_str_eq(find("a", "Accept=xy"), "none");
    end();
}
END_TEST

START_TEST(too_many_variants_push_out_the_oldest)
{
    char asked[16];

    begin(1 << 20);
    for (unsigned i = 0; i < 2 * STORE_VARIANTS_MOST; i++) {
        snprintf(asked, sizeof(asked), "X=%u", i);
        put("a", asked, "X", asked);
    }
    ck_assert_uint_eq(store.count, STORE_VARIANTS_MOST);
    ck_assert_str_eq(find("a", "X=7"), "none");
    ck_assert_str_eq(find("a", "X=8"), "X=8");
    ck_assert_str_eq(find("a", "X=15"), "X=15");
    end();
}
END_TEST

START_TEST(what_was_not_asked_for_goes_first_when_there_is_no_room)
{
    char content[4000];

    memset(content, 'x', sizeof(content) - 1);
    content[sizeof(content) - 1] = '\0';
    begin(30000);
    put("a", content, "", "");
    put("b", content, "", "");
    put("c", content, "", "");
    ck_assert_str_ne(find("a", ""), "none");
    put("d", content, "", "");
    ck_assert_str_eq(find("b", ""), "none");
    ck_assert_str_ne(find("a", ""), "none");
    ck_assert_str_ne(find("c", ""), "none");
    ck_assert_str_ne(find("d", ""), "none");
    ck_assert_uint_le(store.used_bytes, 30000);
    end();
}
END_TEST

START_TEST(what_never_fits_is_not_kept)
{
    begin(100);
    put("a", "short", "", "");
    ck_assert_str_eq(find("a", ""), "none");
    end();
}
END_TEST

START_TEST(answers_are_forgotten_by_owner_and_name)
{
    begin(1 << 20);
    put("a1", "1", "", "");
    put("a2", "2", "", "");
    put("b", "3", "", "");
    answer_store_forget(&store, 8, 'a', true);
    ck_assert_uint_eq(store.count, 3);
    answer_store_forget(&store, 7, 'a', false);
    ck_assert_str_eq(find("a1", ""), "none");
    ck_assert_str_eq(find("a2", ""), "none");
    ck_assert_str_eq(find("b", ""), "3");
    answer_store_forget(&store, 7, 0, true);
    ck_assert_uint_eq(store.count, 0);
    end();
}
END_TEST

/* Who sends it still needs it. */
START_TEST(a_body_outlives_its_answer)
{
    const struct fields none = { 0 };

    begin(1 << 20);
    put("a", "content", "", "");
    struct file_ref *body = file_ref_hold(answer_store_find(&store, SLICE("a"), &none, 0)->body);
    answer_store_forget_all(&store);
    ck_assert(slice_equal_cstr(body->bytes, "content"));
    file_ref_drop(body);
    end();
}
END_TEST

SUITE("http/answer_store", TEST(what_was_put_is_found_until_its_time_is_over),
      TEST(the_same_key_is_kept_once), TEST(an_answer_that_varies_is_given_to_who_asks_likewise),
      TEST(several_fields_of_a_name_are_one_list), TEST(too_many_variants_push_out_the_oldest),
      TEST(what_was_not_asked_for_goes_first_when_there_is_no_room),
      TEST(what_never_fits_is_not_kept), TEST(answers_are_forgotten_by_owner_and_name),
      TEST(a_body_outlives_its_answer))
