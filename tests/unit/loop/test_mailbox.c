#include "loop/mailbox.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "suite.h"

#include <pthread.h>
#include <stdlib.h>

enum { SENDERS = 4, LETTERS_EACH = 2000 };

struct note {
    struct letter letter;
    unsigned sender;
    unsigned number;
};

static struct loop loop;
static struct mailbox mailbox;
static unsigned next_number[SENDERS];
static unsigned received;

static void note_read(struct letter *letter)
{
    struct note *note = container_of(letter, struct note, letter);

    ck_assert_uint_eq(note->number, next_number[note->sender]);
    next_number[note->sender]++;
    if (++received == SENDERS * LETTERS_EACH)
        loop_stop(&loop);
    free(note);
}

static void send_note(unsigned sender, unsigned number)
{
    struct note *note = malloc(sizeof(*note));

    ck_assert_ptr_nonnull(note);
    *note = (struct note){ .letter.read = note_read, .sender = sender, .number = number };
    mailbox_send(&mailbox, &note->letter);
}

static void *sender_main(void *argument)
{
    const unsigned *sender = argument;

    for (unsigned i = 0; i < LETTERS_EACH; i++)
        send_note(*sender, i);
    return NULL;
}

START_TEST(letters_of_many_threads_arrive_in_each_ones_order)
{
    pthread_t threads[SENDERS];
    unsigned names[SENDERS];
    struct driver *driver;

    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&loop, driver);
    ck_assert_int_eq(mailbox_open(&mailbox, &loop), 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        names[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, sender_main, &names[i]), 0);
    }
    loop_run(&loop);
    for (unsigned i = 0; i < SENDERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(received, SENDERS * LETTERS_EACH);
    mailbox_close(&mailbox);
    loop_done(&loop);
}
END_TEST

START_TEST(a_letter_waits_until_the_loop_turns)
{
    loop_init(&loop, driver_fake_new());
    ck_assert_int_eq(mailbox_open(&mailbox, &loop), 0);
    loop_settle(&loop);
    send_note(0, 0);
    send_note(0, 1);
    ck_assert_uint_eq(received, 0);
    loop_settle(&loop);
    ck_assert_uint_eq(received, 2);
    send_note(0, 2);
    loop_settle(&loop);
    ck_assert_uint_eq(received, 3);
    mailbox_close(&mailbox);
    loop_done(&loop);
}
END_TEST

static void answering_read(struct letter *letter)
{
    received++;
    free(container_of(letter, struct note, letter));
    send_note(1, 0);
}

START_TEST(a_reader_may_send_to_its_own_box)
{
    struct note *note = malloc(sizeof(*note));

    ck_assert_ptr_nonnull(note);
    loop_init(&loop, driver_fake_new());
    ck_assert_int_eq(mailbox_open(&mailbox, &loop), 0);
    *note = (struct note){ .letter.read = answering_read };
    mailbox_send(&mailbox, &note->letter);
    loop_settle(&loop);
    ck_assert_uint_eq(received, 2);
    mailbox_close(&mailbox);
    loop_done(&loop);
}
END_TEST

START_TEST(a_closed_box_leaves_nothing_behind)
{
    static struct note unread;
    size_t open_before;

    loop_init(&loop, driver_fake_new());
    open_before = fd_count_open();
    ck_assert_int_eq(mailbox_open(&mailbox, &loop), 0);
    unread.letter.read = note_read;
    mailbox_send(&mailbox, &unread.letter);
    mailbox_close(&mailbox);
    loop_settle(&loop);
    ck_assert_uint_eq(received, 0);
    ck_assert_uint_eq(fd_count_open(), open_before);
    loop_done(&loop);
}
END_TEST

SUITE("mailbox", TEST(letters_of_many_threads_arrive_in_each_ones_order),
      TEST(a_letter_waits_until_the_loop_turns), TEST(a_reader_may_send_to_its_own_box),
      TEST(a_closed_box_leaves_nothing_behind))
