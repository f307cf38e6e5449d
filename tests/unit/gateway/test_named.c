#include "gateway/named.h"

#include "gateway/place.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <string.h>

/* ---- a section with one host, and a request ---- */

static struct loop loop;
static struct mailbox mailbox;
static struct desk desk;
static struct connect_conf target;
static struct fastcgi_conf conf;
static struct backend_group *group;
static struct place place;
static struct task task;
static bool tried[BACKEND_ADDRESSES_MOST];
static bool fit[BACKEND_ADDRESSES_MOST];
static const union socket_address client = { .in4 = { .sin_family = AF_INET } };

static void on_wake(struct task *one)
{
    (void)one;
}

static void begin(bool is_srv)
{
    loop_init(&loop, driver_fake_new());
    ck_assert_int_eq(mailbox_open(&mailbox, &loop), 0);
    desk_open(&desk, &loop, &mailbox);
    target = (struct connect_conf){ .host = SLICE("app.test"),
                                    .text = SLICE("app.test:9"),
                                    .port = 9,
                                    .is_srv = is_srv,
                                    .weight = 1 };
    conf = (struct fastcgi_conf){ .id = SLICE("APP"),
                                  .targets = &target,
                                  .target_count = 1,
                                  .queue_length = 4,
                                  .queue_ms = 5000 };
    group = backend_group_new(&conf);
    task = (struct task){ .run = on_wake };
    place_init(&place, group, &desk, &task, 0, &client, tried, fit);
}

static void end(void)
{
    place_leave(&place, NULL);
    backend_group_free(group);
    desk_close(&desk);
    mailbox_close(&mailbox);
    loop_done(&loop);
}

static struct resolved at(const char *text, uint16_t priority, uint16_t weight)
{
    struct resolved one = { .priority = priority, .weight = weight };

    ck_assert(address_parse_target(slice_cstr(text), &one.address));
    return one;
}

static bool set(const char *first, const char *second)
{
    const struct resolved both[] = { at(first, 0, 0), at(second ? second : first, 0, 0) };

    return named_set(group, &target, both, second ? 2 : 1, &desk);
}

/* The target with that address; NULL: none has it now. */
static struct backend *with(const char *text)
{
    char address[ADDRESS_TEXT_MOST];

    for (unsigned i = 0; i < group->count; i++)
        if (!group->targets[i].absent &&
            strcmp(address_text_port(&group->targets[i].address, address), text) == 0)
            return &group->targets[i];
    return NULL;
}

START_TEST(who_comes_before_the_first_answer_waits_for_it)
{
    begin(false);
    ck_assert_int_eq(place_take(&place), PLACE_WAITING);
    ck_assert(set("10.0.0.1:9", NULL));
    ck_assert_int_eq(place.state, PLACE_GIVEN);
    ck_assert_ptr_eq(place.backend, with("10.0.0.1:9"));
    end();
}
END_TEST

START_TEST(when_there_is_no_address_nobody_waits)
{
    begin(false);
    ck_assert_int_eq(place_take(&place), PLACE_WAITING);
    named_fail(group, &target, &desk);
    ck_assert_int_eq(place.state, PLACE_NONE);
    ck_assert_int_eq(place_take(&place), PLACE_NOBODY);
    ck_assert(named_none(group));
    end();
}
END_TEST

START_TEST(an_address_that_stays_keeps_its_target)
{
    begin(false);
    ck_assert(set("10.0.0.1:9", "10.0.0.2:9"));
    struct backend *second = with("10.0.0.2:9");
    ck_assert(!set("10.0.0.2:9", "10.0.0.1:9"));
    ck_assert(set("10.0.0.3:9", "10.0.0.2:9"));
    ck_assert_ptr_eq(with("10.0.0.2:9"), second);
    ck_assert_ptr_null(with("10.0.0.1:9"));
    ck_assert_ptr_nonnull(with("10.0.0.3:9"));
    end();
}
END_TEST

START_TEST(a_target_in_use_is_not_given_another_address)
{
    begin(false);
    set("10.0.0.1:9", NULL);
    ck_assert_int_eq(place_take(&place), PLACE_GIVEN);
    struct backend *used = place.backend;
    ck_assert(set("10.0.0.2:9", NULL));
    ck_assert_ptr_ne(with("10.0.0.2:9"), used);
    ck_assert(used->absent);
    ck_assert(set("10.0.0.1:9", NULL));
    ck_assert_ptr_eq(with("10.0.0.1:9"), used);
    end();
}
END_TEST

START_TEST(srv_records_have_weights_and_ranks)
{
    begin(true);
    const struct resolved three[] = { at("10.0.0.1:9", 1, 60000), at("10.0.0.2:9", 1, 0),
                                      at("10.0.0.3:9", 2, 30000) };

    ck_assert(named_set(group, &target, three, 3, &desk));
    ck_assert_uint_eq(with("10.0.0.1:9")->weight, 100);
    ck_assert_uint_eq(with("10.0.0.2:9")->weight, 1);
    ck_assert_uint_eq(with("10.0.0.3:9")->weight, 50);
    ck_assert(!with("10.0.0.1:9")->backup);
    ck_assert(with("10.0.0.3:9")->backup);
    end();
}
END_TEST

SUITE("named", TEST(who_comes_before_the_first_answer_waits_for_it),
      TEST(when_there_is_no_address_nobody_waits), TEST(an_address_that_stays_keeps_its_target),
      TEST(a_target_in_use_is_not_given_another_address), TEST(srv_records_have_weights_and_ranks))
