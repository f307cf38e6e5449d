#include "http/press.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

/* Looks at a handler that has paused before what it put is flushed: in the next turn, and there
 * behind all that was woken before. Who writes on without a break is not flushed at each piece. */
#define PATIENCE 2u

enum step { STEP_AGAIN, STEP_WAIT };

/* How many presses this thread has begun in a turn of its loop. */
static _Thread_local struct {
    uint64_t turn;
    unsigned begun;
} rush;

bool press_effort(const struct loop *loop, enum effort *ret)
{
    const unsigned begun = rush.turn == loop->turns ? rush.begun : 0;
    const unsigned open = coders_in_use();
    const unsigned busy = begun > open ? begun : open;

    if (open >= PRESSES_MOST)
        return false;
    *ret = busy < PRESSES_HALF ? EFFORT_FULL : busy < PRESSES_LEAST ? EFFORT_HALF : EFFORT_LEAST;
    return true;
}

static void note_rush(const struct loop *loop)
{
    if (rush.turn != loop->turns)
        rush.begun = 0;
    rush.turn = loop->turns;
    rush.begun++;
}

/* ---- the head ---- */

void press_hold_head(struct press *press)
{
    press->holds_head = true;
    if (press->coder)
        loop_wake(press->x->loop, &press->task);
    else
        press_release_head(press);
}

void press_release_head(struct press *press)
{
    struct exchange *x = press->x;

    if (!press->holds_head)
        return;
    press->holds_head = false;
    if (!exchange_is_over(x))
        x->wire->head(x);
}

/* ---- the bytes ---- */

/* The front of what the handler put. False: a file became shorter. */
static bool peek(struct press *press, struct slice *ret)
{
    struct body *body = &press->x->response.body;
    struct file_ref *file = NULL;
    uint64_t offset = 0;
    uint64_t len = 0;
    struct iovec memory;
    ssize_t got;

    if (body_peek(body, &memory, 1) == 1) {
        *ret = slice_first(slice_of(memory.iov_base, memory.iov_len), CHUNK_SIZE);
        return true;
    }
    if (!body_peek_file(body, &file, &offset, &len)) {
        *ret = SLICE("");
        return true;
    }
    if (!press->window)
        press->window = chunk_new();
    do {
        got = pread(file->fd, press->window->data, len < CHUNK_SIZE ? (size_t)len : CHUNK_SIZE,
                    (off_t)offset);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    *ret = slice_of(press->window->data, (size_t)got);
    return true;
}

static void finish(struct press *press, enum body_end how)
{
    coder_close(press->coder);
    press->coder = NULL;
    chunk_free(press->window);
    press->window = NULL;
    if (how == BODY_COMPLETE)
        press_copy_keep(&press->copy);
    else
        press_copy_drop(&press->copy);
    body_finish(&press->out, how);
}

static enum step shrank(struct press *press)
{
    struct exchange *x = press->x;

    if (!x->record.cause)
        x->record.cause = "the file shrank while it was sent";
    finish(press, BODY_BROKEN);
    body_abandon(&x->response.body);
    return STEP_WAIT;
}

/* One step of the act: STEP_WAIT when the wire has no room. */
static enum step work(struct press *press, struct slice in, size_t *left)
{
    struct body *body = &press->x->response.body;
    const size_t offered = in.len;
    size_t room = 0;
    size_t len = 0;
    char *out = body_reserve(&press->out, &room);

    if (!out) {
        body_reader_stuck(body);
        return STEP_WAIT;
    }
    const bool is_done = coder_step(press->coder, press->act, &in, out, room, &len);
    const size_t taken = offered - in.len;

    press_copy_add(&press->copy, slice_of(out, len));
    body_commit(&press->out, len);
    body_take(body, taken);
    *left -= taken < *left ? taken : *left;
    if (taken > 0)
        press->is_dirty = true;
    if (!is_done)
        return STEP_AGAIN;
    if (press->act == CODER_END) {
        finish(press, BODY_COMPLETE);
        return STEP_WAIT;
    }
    if (press->act == CODER_FLUSH)
        press->is_dirty = false;
    press->act = CODER_TAKE;
    return STEP_AGAIN;
}

/* The handler has put no more so far: that was all, it broke, or it pauses. */
static enum step look_behind(struct press *press)
{
    struct loop *loop = press->x->loop;

    switch (press->x->response.body.end) {
    case BODY_COMPLETE:
        press->act = CODER_END;
        return STEP_AGAIN;
    case BODY_BROKEN:
        finish(press, BODY_BROKEN);
        return STEP_WAIT;
    case BODY_OPEN:
        break;
    }
    if (!press->is_dirty)
        return STEP_WAIT;
    if (press->patience == PATIENCE) {
        press->act = CODER_FLUSH;
        return STEP_AGAIN;
    }
    if (press->patience++ == 0)
        loop_wake_next_turn(loop, &press->task);
    else
        loop_wake(loop, &press->task);
    return STEP_WAIT;
}

static enum step advance(struct press *press, size_t *left)
{
    struct slice in = SLICE("");

    if (press->act != CODER_TAKE)
        return work(press, in, left);
    if (*left == 0) {
        loop_wake_next_turn(press->x->loop, &press->task);
        return STEP_WAIT;
    }
    if (!peek(press, &in))
        return shrank(press);
    if (in.len == 0)
        return look_behind(press);
    press->patience = 0;
    return work(press, in, left);
}

static void on_wake(struct task *task)
{
    struct press *press = container_of(task, struct press, task);
    size_t left = PRESS_TURN_BYTES;
    enum step step = STEP_AGAIN;

    while (press->coder && step == STEP_AGAIN)
        step = advance(press, &left);
    press_release_head(press);
}

/* ---- life ---- */

/* Stands between the body of the handler and its reader. */
static struct press *insert(struct exchange *x)
{
    struct body *body = &x->response.body;

    assert(!x->press && !x->response.head_sent);
    struct press *press = arena_new(&x->arena, struct press);

    *press = (struct press){ .x = x, .task.run = on_wake };
    body_init(&press->out, x->loop, &x->arena);
    press->out.reader = body->reader;
    press->out.writer = &press->task;
    press->out.pace = body->pace;
    body->pace = NULL;
    body->reader = &press->task;
    x->response.out = &press->out;
    x->press = press;
    return press;
}

void press_start(struct exchange *x, enum coding coding, enum effort effort)
{
    struct press *press = insert(x);

    press->coder = coder_open(coding, effort);
    press->effort = effort;
    press->act = CODER_TAKE;
    note_rush(x->loop);
}

void press_copy_to(struct press *press, struct press_shelf *shelf, enum coding coding,
                   struct slice folder)
{
    press_copy_begin(&press->copy, shelf, press->x, coding, press->effort, folder);
}

void press_repeat(struct exchange *x, struct file_ref *form)
{
    struct press *press = insert(x);

    body_put_file(&press->out, form, 0, form->size);
    body_finish(&press->out, BODY_COMPLETE);
}

void press_stop(struct press *press)
{
    if (press->coder)
        finish(press, BODY_BROKEN);
    press->holds_head = false;
    press->out.reader = NULL;
    body_abandon(&press->out);
    press->x->response.body.reader = NULL;
    loop_forget(press->x->loop, &press->task);
}

void press_done(struct press *press)
{
    press_stop(press);
    body_done(&press->out);
}
