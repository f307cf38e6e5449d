#include "loop/mailbox.h"

#include "base/container.h"
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Newest first becomes oldest first. */
static struct letter *reversed(struct letter *letter)
{
    struct letter *first = NULL;

    while (letter) {
        struct letter *next = letter->next;
        letter->next = first;
        first = letter;
        letter = next;
    }
    return first;
}

/* The bell is silenced before the box is emptied: a letter that comes between the two rings it
 * again. */
static void silence(struct mailbox *mailbox)
{
    uint64_t rings;

    if (read(mailbox->io.fd, &rings, sizeof(rings)) < 0)
        assert(errno == EAGAIN || errno == EINTR);
    mailbox->io.readable = false;
}

static void mailbox_on_wake(struct task *task)
{
    struct mailbox *mailbox = container_of(task, struct mailbox, task);

    silence(mailbox);

    struct letter *letter =
        reversed(atomic_exchange_explicit(&mailbox->head, NULL, memory_order_acquire));
    while (letter) {
        struct letter *next = letter->next; /* the reader owns, and may free, the letter */
        letter->read(letter);
        letter = next;
    }
}

int mailbox_open(struct mailbox *mailbox, struct loop *loop)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return -errno;

    *mailbox = (struct mailbox){ .loop = loop, .task.run = mailbox_on_wake };
    io_init_quiet(&mailbox->io, fd, &mailbox->task);

    int r = io_wait(loop, &mailbox->io);
    if (r < 0)
        io_close(loop, &mailbox->io);
    return r;
}

void mailbox_close(struct mailbox *mailbox)
{
    io_close(mailbox->loop, &mailbox->io);
    loop_forget(mailbox->loop, &mailbox->task);
    atomic_store_explicit(&mailbox->head, NULL, memory_order_relaxed);
}

void mailbox_send(struct mailbox *mailbox, struct letter *letter)
{
    struct letter *head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);

    do
        letter->next = head;
    while (!atomic_compare_exchange_weak_explicit(&mailbox->head, &head, letter,
                                                  memory_order_release, memory_order_relaxed));
    if (head) /* whoever put the first one in rings */
        return;

    const uint64_t ring = 1;
    ssize_t put;
    do
        put = write(mailbox->io.fd, &ring, sizeof(ring));
    while (put < 0 && errno == EINTR);
    assert(put == sizeof(ring) || errno == EAGAIN); /* EAGAIN: it has long been ringing */
}
