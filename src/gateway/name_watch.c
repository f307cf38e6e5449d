#include "gateway/name_watch.h"

#include "base/container.h"
#include "os/fd.h"
#include "os/pass.h"

#include <errno.h>
#include <stdlib.h>

#define PATIENCE_MS    60000u /* with the resolver, which has shorter deadlines of its own */
#define AGAIN_FIRST_MS 1000u  /* after a failure */
#define AGAIN_MOST_MS  60000u

/*  DUE ──channel──> ASKED ──answer, deadline──> RESTING ──time──> DUE      ASKED ── channel broken
 * ──> DUE */
enum name_state { NAME_DUE, NAME_ASKED, NAME_RESTING };

struct name {
    struct name *next;
    struct name_watch *watch;
    const struct connect_conf *conf; /* borrowed */
    struct name_listener listener;
    enum name_state state;
    uint32_t token;     /* of the question under way */
    struct timer timer; /* ASKED: of its deadline; RESTING: of the next question */
    struct task task;
    uint64_t again_ms;                                 /* RESTING: when */
    unsigned failures;                                 /* in a row */
    struct resolved addresses[RESOLVE_ADDRESSES_MOST]; /* the last good ones */
    unsigned count;
};

struct name_watch {
    struct loop *loop; /* borrowed */
    struct log *log;   /* borrowed */
    struct io io;      /* the channel; fd -1: none now */
    struct task task;
    struct name *names; /* owned */
    uint32_t last_token;
};

/* ---- one name ---- */

static void rest(struct name *name, uint64_t for_ms)
{
    struct loop *loop = name->watch->loop;

    name->state = NAME_RESTING;
    name->again_ms = loop->now_ms + for_ms;
    timer_stop(loop, &name->timer); /* the deadline may be later */
    timer_set(loop, &name->timer, name->again_ms);
}

static void fail(struct name *name, struct slice why)
{
    struct name_watch *watch = name->watch;
    const uint64_t again_ms =
        name->failures < 6 ? (uint64_t)AGAIN_FIRST_MS << name->failures : AGAIN_MOST_MS;

    if (name->failures == 0)
        log_warning(watch->log, "ConnectTo %.*s: %.*s; %s, asking again and again",
                    SLICE_ARGS(name->conf->text), SLICE_ARGS(why),
                    name->count > 0 ? "its last addresses stay" : "it is left out");
    if (name->count == 0)
        name->listener.missing(name->listener.self, name->conf);
    name->failures++;
    rest(name, again_ms);
}

static void succeed(struct name *name, const struct resolve_answer *answer)
{
    if (name->failures > 0)
        log_notice(name->watch->log, "ConnectTo %.*s: its addresses are known again",
                   SLICE_ARGS(name->conf->text));
    name->failures = 0;
    name->count = answer->count;
    for (unsigned i = 0; i < answer->count; i++)
        name->addresses[i] = answer->addresses[i];
    name->listener.found(name->listener.self, name->conf, name->addresses, name->count);
    rest(name, (uint64_t)answer->again_s * 1000);
}

static void disconnect(struct name_watch *watch)
{
    io_close(watch->loop, &watch->io);
    for (struct name *name = watch->names; name; name = name->next) {
        if (name->state != NAME_ASKED)
            continue;
        timer_stop(watch->loop, &name->timer);
        name->state = NAME_DUE;
    }
}

/* While the channel is full or broken the name stays due. */
static void ask(struct name *name)
{
    struct name_watch *watch = name->watch;
    const struct resolve_message message = {
        .kind = RESOLVE_ASK,
        .ask = { .token = ++watch->last_token,
                 .is_srv = name->conf->is_srv,
                 .port = name->conf->port,
                 .name = name->conf->host },
    };
    char bytes[RESOLVE_MESSAGE_MOST];
    struct iovec part = { bytes, resolve_encode(&message, bytes) };

    if (watch->io.fd < 0 || !watch->io.writable)
        return;
    int r = pass_send(watch->io.fd, &part, 1, NULL, 0);
    if (r == -EAGAIN) {
        watch->io.writable = false;
    } else if (r < 0) {
        disconnect(watch);
    } else {
        name->token = message.ask.token;
        name->state = NAME_ASKED;
        timer_set(watch->loop, &name->timer, watch->loop->now_ms + PATIENCE_MS);
    }
}

static void on_time(struct task *task)
{
    struct name *name = container_of(task, struct name, task);

    if (!name->timer.fired)
        return;
    name->timer.fired = false;
    if (name->state == NAME_ASKED) {
        fail(name, SLICE("the resolver does not answer"));
        return;
    }
    name->state = NAME_DUE;
    loop_wake(name->watch->loop, &name->watch->task);
}

/* ---- the channel ---- */

static void take_answer(struct name_watch *watch, const struct resolve_answer *answer)
{
    for (struct name *name = watch->names; name; name = name->next) {
        if (name->state != NAME_ASKED || name->token != answer->token)
            continue;
        if (answer->count > 0)
            succeed(name, answer);
        else
            fail(name, answer->error);
        return;
    }
}

static void read_answers(struct name_watch *watch)
{
    char bytes[RESOLVE_MESSAGE_MOST];

    while (watch->io.fd >= 0 && watch->io.readable) {
        struct resolve_message message;
        int fd_count;
        int len = pass_receive(watch->io.fd, bytes, sizeof(bytes), NULL, 0, &fd_count);

        if (len == -EAGAIN) {
            watch->io.readable = false;
        } else if (len > 0 &&
                   resolve_decode(slice_of(bytes, (size_t)len), &message, NULL) == PARSE_DONE &&
                   message.kind == RESOLVE_ANSWER) {
            take_answer(watch, &message.answer);
        } else {
            if (len > 0)
                log_error(watch->log, "the resolver does not speak properly: not heard any more");
            disconnect(watch);
        }
    }
}

static void on_channel(struct task *task)
{
    struct name_watch *watch = container_of(task, struct name_watch, task);

    read_answers(watch);
    for (struct name *name = watch->names; name; name = name->next)
        if (name->state == NAME_DUE)
            ask(name);
    if (watch->io.fd >= 0 && io_wait(watch->loop, &watch->io) < 0)
        disconnect(watch);
}

void name_watch_connect(struct name_watch *watch, int channel)
{
    disconnect(watch);
    io_init(&watch->io, channel, &watch->task);
    loop_wake(watch->loop, &watch->task);
}

/* ---- from the cradle to the grave ---- */

struct name_watch *name_watch_new(struct loop *loop, struct log *log)
{
    struct name_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        abort();
    *watch = (struct name_watch){ .loop = loop, .log = log, .io.fd = -1, .task.run = on_channel };
    return watch;
}

void name_watch_add(struct name_watch *watch, const struct connect_conf *conf,
                    struct name_listener listener)
{
    struct name *name = calloc(1, sizeof(*name));
    struct name **end = &watch->names;

    if (!name)
        abort();
    while (*end)
        end = &(*end)->next;
    *name = (struct name){ .watch = watch, .conf = conf, .listener = listener };
    name->task.run = on_time;
    name->timer.task = &name->task;
    *end = name;
}

void name_watch_free(struct name_watch *watch)
{
    if (!watch)
        return;
    io_close(watch->loop, &watch->io);
    loop_forget(watch->loop, &watch->task);
    for (struct name *name = watch->names, *next; name; name = next) {
        next = name->next;
        timer_stop(watch->loop, &name->timer);
        loop_forget(watch->loop, &name->task);
        free(name);
    }
    free(watch);
}

/* ---- status ---- */

static uint64_t again_in_s(const struct name *name)
{
    const uint64_t now_ms = name->watch->loop->now_ms;

    return name->state == NAME_RESTING && name->again_ms > now_ms
               ? (name->again_ms - now_ms + 999) / 1000
               : 0;
}

void name_watch_describe(const struct name_watch *watch, struct text *text)
{
    char address[ADDRESS_TEXT_MOST];

    for (const struct name *name = watch->names; name; name = name->next) {
        text_printf(text, "  %.*s:", SLICE_ARGS(name->conf->text));
        for (unsigned i = 0; i < name->count; i++)
            text_printf(text, " %s", address_text_port(&name->addresses[i].address, address));
        if (name->count == 0)
            text_add_cstr(text, " no address");
        if (name->failures > 0)
            text_printf(text, "; asked %u time%s in vain", name->failures,
                        name->failures == 1 ? "" : "s");
        if (name->state == NAME_RESTING)
            text_printf(text, "; asked again in %llu s\n", (unsigned long long)again_in_s(name));
        else
            text_add_cstr(text, "; being asked\n");
    }
}

void name_watch_describe_json(const struct name_watch *watch, struct text *text)
{
    char address[ADDRESS_TEXT_MOST];

    text_add_char(text, '[');
    for (const struct name *name = watch->names; name; name = name->next) {
        text_add_cstr(text, name == watch->names ? "{\"name\":" : ",{\"name\":");
        text_add_json(text, name->conf->text);
        text_add_cstr(text, ",\"addresses\":[");
        for (unsigned i = 0; i < name->count; i++) {
            text_add_cstr(text, i > 0 ? "," : "");
            text_add_json(text,
                          slice_cstr(address_text_port(&name->addresses[i].address, address)));
        }
        text_printf(text, "],\"failures\":%u,\"again_s\":%llu}", name->failures,
                    (unsigned long long)again_in_s(name));
    }
    text_add_char(text, ']');
}
