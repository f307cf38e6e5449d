#include "handler/fuzz_backend.h"

#include "handler/two_programs.h"
#include "os/fd.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#define PLAN_BYTES  3u
#define SAID_MOST   4096u
#define LONG_MS     120000u
#define BODY        "name=value&more=of+it"
#define CONNECTIONS 8u /* a backend that is lost again and again is given up */

enum leaving { HANGS_UP, FALLS_SILENT, CLIENT_LEAVES, CLIENT_STALLS, LEAVINGS };

/* How this run goes. */
struct plan {
    size_t split; /* bytes said at a time; 0: all at once */
    const char *method;
    bool has_body;
    bool keeps;
    bool body_waits; /* the client ends its body when the backend has said all */
    enum leaving leaving;
};

static struct plan plan_of(const uint8_t *data)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };
    const unsigned method = data[1] % 4;

    return (struct plan){
        .split = data[0],
        .method = methods[method],
        .has_body = method >= 2,
        .keeps = (data[1] & 0x10) != 0,
        .body_waits = (data[1] & 0x20) != 0,
        .leaving = (enum leaving)(data[2] % LEAVINGS),
    };
}

static void forget_line(struct log *log, enum log_level level, struct slice line)
{
    (void)log;
    (void)level;
    assert(line.len > 0);
}

static void end_body(struct visitor *v)
{
    if (v->x && v->x->request.body.end == BODY_OPEN)
        visitor_end_body(v, BODY_COMPLETE);
}

static void ask(struct two_programs *two, const struct plan *plan)
{
    struct visitor *v = two->v;

    visitor_ask(v, plan->method, "/a.php?q=1",
                plan->has_body ? (int64_t)strlen(BODY) : VISITOR_NO_BODY, NULL);
    if (plan->has_body)
        visitor_send(v, BODY);
    if (!plan->body_waits)
        end_body(v);
}

/* Takes what has come, on a new connection if there is one. */
static void hear(struct two_programs *two, unsigned *connections)
{
    struct fastcgi_fake *fake = &two->fakes[0];

    if (*connections < CONNECTIONS && fastcgi_fake_accept(fake))
        ++*connections;
    visitor_settle(two->v);
    if (fake->fd >= 0)
        fastcgi_fake_read(fake, SIZE_MAX);
    fake->pending_len = fake->raw ? 0 : fake->pending_len;
}

/* A request after the other over what is said, each in the place of one that has ended. */
static void talk(struct two_programs *two, const struct plan *plan, struct slice said)
{
    struct fastcgi_fake *fake = &two->fakes[0];
    unsigned connections = 0;

    while (said.len > 0 && connections < CONNECTIONS) {
        if (!two->v->x)
            ask(two, plan);
        hear(two, &connections);
        struct slice part = plan->split == 0 ? said : slice_first(said, plan->split);
        if (fake->fd >= 0 && send(fake->fd, part.at, part.len, MSG_NOSIGNAL) < 0)
            fd_close(&fake->fd);
        said = slice_skip(said, part.len);
        visitor_settle(two->v);
    }
}

static void leave(struct two_programs *two, enum leaving leaving)
{
    struct visitor *v = two->v;

    switch (leaving) {
    case HANGS_UP:
    case LEAVINGS:
        fastcgi_fake_hang_up(&two->fakes[0]);
        break;
    case CLIENT_LEAVES:
        if (v->x)
            visitor_leave(v, RESET_CLIENT_GONE);
        break;
    case FALLS_SILENT:
    case CLIENT_STALLS:
        break;
    }
    visitor_settle(v);
    end_body(v);
    visitor_pass(v, LONG_MS);
    if (v->stalled && v->x)
        visitor_take_again(v);
}

static void check(const struct visitor *v)
{
    assert(!v->x && v->ended > 0);
    assert(v->status == 0 || (v->status >= 200 && v->status <= 599));
    assert(v->status != 0 || v->reset != RESET_NONE || v->end == BODY_OPEN);
}

void fuzz_backend(const uint8_t *data, size_t size, enum conf_protocol protocol)
{
    if (size <= PLAN_BYTES || size > PLAN_BYTES + SAID_MOST)
        return;

    const struct plan plan = plan_of(data);
    struct two_programs *two = two_programs_open();

    two->sections[0].protocol = protocol;
    two->sections[0].keep_connections = plan.keeps ? 4 : 0;
    two->sections[0].keep_ms = 30000;
    two->fakes[0].raw = protocol != PROTOCOL_FASTCGI;
    two->v->log.write = forget_line;
    two->v->stalled = plan.leaving == CLIENT_STALLS;
    talk(two, &plan, slice_of(data + PLAN_BYTES, size - PLAN_BYTES));
    leave(two, plan.leaving);
    check(two->v);
    two_programs_close(two);
}
