#include "inspector/stage.h"

#include "base/container.h"
#include "binding.h"
#include "gateway/backend.h"
#include "handler/keeper.h"
#include "handler/registry.h"
#include "server/throttle.h"
#include "site/compression.h"
#include "site/origin.h"
#include "site/router.h"
#include "wire/h1_parse.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MOST 256u

struct stage {
    const struct server_conf *conf; /* borrowed */
    struct snapshot *snapshot;
    struct loop loop;
    struct mailbox mailbox;
    struct desk desk;
    struct log silence;
    struct services services;
    struct exchange_owner owner;

    /* The question that is asked. */
    const struct stage_question *question;
    struct arena *arena;
    struct stage_answer *answer;
    bool over;
};

static void write_nothing(struct log *log, enum log_level level, struct slice line)
{
    (void)log;
    (void)level;
    (void)line;
}

/* ---- who asks ---- */

static void tell_client(struct exchange *x)
{
    const struct visit *visit = x->visit;
    char peer[ADDRESS_TEXT_MOST];

    if (address_equal_ip(&visit->client, &visit->peer))
        trace_note(x->trace, TRACE_CLIENT, TRACE_FACT, "%s%s", visit->client_text,
                   visit->shared ? ", a trusted proxy that names no client" : "");
    else
        trace_note(x->trace, TRACE_CLIENT, TRACE_FACT, "%s, named by the trusted proxy %s",
                   visit->client_text, address_text(&visit->peer, peer));
}

/* As the house does when a request is admitted. */
static void learn_client(const struct stage *stage, struct exchange *x)
{
    struct visit *visit = arena_new(&x->arena, struct visit);

    *visit = *x->visit;
    x->visit = visit;
    if (visit->believed) {
        const struct origin origin = origin_find(stage->conf, visit->binding, &x->request.fields);

        origin_take(&origin, visit);
    }
    if (stage->question->is_banned)
        visit->refuse = REFUSE_BANNED;
    tell_client(x);
    if (stage->conf->challenge.threshold > 0)
        trace_note(x->trace, TRACE_CLIENT, TRACE_FACT,
                   "ChallengeClient: from %" PRIu64
                   " connections on it has to prove first that it is a browser",
                   stage->conf->challenge.threshold);
}

/* ---- the owner: what a reactor does ---- */

static void route(struct exchange_owner *owner, struct exchange *x)
{
    struct stage *stage = container_of(owner, struct stage, owner);
    struct verdict *verdict = arena_new(&x->arena, struct verdict);
    const struct host *host;

    x->services = &stage->services;
    x->hold = verdict;
    learn_client(stage, x);
    x->host = host = router_host(stage->snapshot, x->visit->binding, x->request.host, x->trace);
    const bool welcome = x->visit->refuse == REFUSE_NOTHING;
    if (welcome)
        router_judge(stage->snapshot, host, x, stage->services.files, verdict);
    else
        router_refuse(x, host, verdict);
    const struct verdict *first = welcome ? login_first(x, verdict) : verdict;
    x->handler = handler_for(first->answer);
    x->handler->start(x, first);
}

static void on_owner_head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    compression_apply(x, x->hold, NULL, SLICE(""));
}

static bool has_name(const struct host *host, struct slice name)
{
    for (const struct conf_word *word = host->conf->hostnames; word; word = word->next) {
        const struct slice domain = slice_skip(word->text, 1); /* of "*.d": ".d" */

        if (slice_equal(word->text, name))
            return true;
        if (slice_starts(word->text, SLICE("*.")) &&
            (slice_ends(name, domain) || slice_equal(slice_skip(domain, 1), name)))
            return true;
    }
    return name.len == 0;
}

static bool has_place(const struct verdict *verdict)
{
    return verdict->answer == ANSWER_FILE || verdict->answer == ANSWER_CGI ||
           verdict->answer == ANSWER_FASTCGI || verdict->answer == ANSWER_LISTING;
}

static const char *handler_name(const struct exchange *x, const struct verdict *verdict)
{
    if (x->record.handler)
        return x->record.handler;
    if (x->handler == &handler_reply)
        return verdict->answer == ANSWER_REDIRECT ? "redirect" : "reply";
    return x->handler ? x->handler->name : "reply";
}

static void on_ended(struct exchange_owner *owner, struct exchange *x)
{
    struct stage *stage = container_of(owner, struct stage, owner);
    const struct host *host = x->host;
    struct verdict *verdict = x->hold;

    stage->over = true;
    if (!verdict)
        return;
    stage->answer->host = host->name;
    stage->answer->is_unknown = host->conf->index == 0 && !has_name(host, x->request.host);
    stage->answer->handler = handler_name(x, verdict);
    if (has_place(verdict))
        stage->answer->path = arena_copy(stage->arena, verdict->resource.absolute);
    if (x->trace->reached_program || x->response.status / 100 == 2)
        throttle_tell(x, stage->conf, verdict);
    verdict_done(verdict, stage->services.files);
}

static const struct exchange_owner_ops owner_ops = { .route = route,
                                                     .head = on_owner_head,
                                                     .ended = on_ended };

/* ---- the wire: a client that reads the head and leaves ---- */

static void on_interim(struct exchange *x, int status, const struct fields *fields)
{
    (void)x;
    (void)status;
    (void)fields;
}

static void on_head(struct exchange *x)
{
    struct stage *stage = x->wire_self;
    const struct slice location = fields_value(&x->response.fields, FIELD_LOCATION);

    stage->answer->status = x->response.status;
    stage->answer->location = arena_copy(stage->arena, location);
}

static void on_reset(struct exchange *x, enum reset_reason reason)
{
    (void)x;
    (void)reason;
}

static const struct wire_ops wire_ops = {
    .name = "stage", .interim = on_interim, .head = on_head, .reset = on_reset
};

/* ---- the request ---- */

/* Where a CONNECT leads stands in place of the path: "http://a.example/localhost:22". */
static struct slice target_of(const struct stage_question *question)
{
    const struct slice target = question->url->target;

    return slice_equal(question->method, SLICE("CONNECT")) ? slice_skip(target, 1) : target;
}

static struct slice write_head(const struct stage_question *question, struct arena *arena)
{
    const struct slice target = target_of(question);

    return arena_printf(arena, "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n%.*s\r\n",
                        SLICE_ARGS(question->method), SLICE_ARGS(target),
                        SLICE_ARGS(question->url->authority), SLICE_ARGS(question->fields));
}

static void refuse(struct request *request, int status, const char *why)
{
    request->failed = status;
    request->failed_why = why;
}

/* By the parser of the house and its limits. */
static void read_head(const struct stage *stage, struct exchange *x)
{
    const struct server_conf *conf = stage->conf;
    const struct binding_conf *binding = stage->question->binding;
    const struct h1_limits limits = {
        .head_bytes = conf->max_head_bytes,
        .target_bytes = conf->max_url_length,
        .fields = (unsigned)conf->max_fields,
        .body_bytes = binding->max_request_bytes,
        .put_bytes = binding->enable_alter ? binding->max_upload_bytes : 0,
    };
    struct request *request = &x->request;
    struct h1_framing framing;
    struct parse_fault fault = { 0 };
    size_t scanned = 0;
    size_t len;

    const enum parse found = h1_find_head(stage->answer->head, limits.head_bytes, &scanned, &len);
    if (found != PARSE_DONE) {
        refuse(request, 431, "the head of the request is too large");
        request->version = 11;
        return;
    }
    if (h1_parse_head(arena_copy(&x->arena, slice_first(stage->answer->head, len)), &limits,
                      &x->arena, request, &framing, &fault) == PARSE_DONE)
        return;
    if (request->failed == 0)
        refuse(request, 400, fault.why);
    if (request->version == 0)
        request->version = 11;
}

static struct visit visit_of(const struct stage *stage)
{
    const struct stage_question *question = stage->question;
    const struct binding_conf *binding = question->binding;
    struct visit visit = {
        .client = question->from,
        .peer = question->from,
        .local = binding->address,
        .local_port = binding->port,
        .secure = binding->tls.certificates != NULL,
        .binding = binding,
    };
    char text[ADDRESS_TEXT_MOST];

    address_text(&question->from, text);
    memccpy(visit.client_text, text, 0, sizeof(visit.client_text) - 1);
    visit.shared = visit.believed = origin_trusts(stage->conf, binding, &question->from);
    return visit;
}

/* Until whoever answers has let go. The keeper has no threads here: its work is done in between. */
static void play(struct stage *stage, struct exchange *x)
{
    while (!x->handler_finished) {
        const bool worked = keeper_work(stage->services.keeper);

        if (x->response.head_sent)
            exchange_cancel(x, RESET_CLIENT_GONE);
        loop_turn(&stage->loop, worked || x->response.head_sent ? 0 : 1);
    }
    exchange_wire_done(x);
    while (!stage->over)
        loop_turn(&stage->loop, 0);
}

void stage_ask(struct stage *stage, const struct stage_question *question, struct arena *arena,
               struct stage_answer *ret)
{
    *ret = (struct stage_answer){ .handler = "reply" };
    trace_init(&ret->trace, arena);
    ret->trace.rehearses = true;
    ret->head = write_head(question, arena);
    binding_tell(question->binding, question->url, &ret->trace);
    stage->question = question;
    stage->arena = arena;
    stage->answer = ret;
    stage->over = false;

    const struct visit visit = visit_of(stage);
    struct exchange *x = exchange_new(&stage->loop, &stage->owner, &visit, &wire_ops, stage);
    x->trace = &ret->trace;
    read_head(stage, x);
    body_finish(&x->request.body, BODY_COMPLETE);
    exchange_begin(x);
    play(stage, x);
}

/* ---- the stage ---- */

static void open_backends(struct stage *stage)
{
    const struct server_conf *conf = stage->conf;
    struct services *services = &stage->services;

    services->backend_count = conf->fastcgi_count;
    services->backends = calloc(conf->fastcgi_count + 1u, sizeof(struct backend_group *));
    if (!services->backends)
        abort();
    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next) {
        services->backends[section->index] = backend_group_new(section);
        backend_group_set_key(services->backends[section->index], conf->session_key);
    }
}

int stage_open(const struct server_conf *conf, struct stage **ret)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct driver *driver;

    if (!stage)
        abort();
    int r = driver_epoll_new(&driver);
    if (r < 0) {
        free(stage);
        return r;
    }
    stage->conf = conf;
    stage->silence.write = write_nothing;
    stage->owner.ops = &owner_ops;
    loop_init(&stage->loop, driver);
    r = mailbox_open(&stage->mailbox, &stage->loop);
    if (r < 0) {
        loop_done(&stage->loop);
        free(stage);
        return r;
    }
    desk_open(&stage->desk, &stage->loop, &stage->mailbox);
    stage->snapshot = snapshot_build(conf, NULL, &stage->silence);
    stage->services = (struct services){
        .loop = &stage->loop,
        .log = &stage->silence,
        .files = file_cache_new(FILES_MOST),
        .snapshot = stage->snapshot,
        .desk = &stage->desk,
        .keeper = keeper_new(0, &stage->silence),
    };
    open_backends(stage);
    *ret = stage;
    return 0;
}

void stage_close(struct stage *stage)
{
    struct services *services = &stage->services;

    for (unsigned i = 0; i < services->backend_count; i++)
        backend_group_free(services->backends[i]);
    free(services->backends);
    keeper_free(services->keeper);
    file_cache_free(services->files);
    snapshot_drop(stage->snapshot);
    desk_close(&stage->desk);
    mailbox_close(&stage->mailbox);
    loop_done(&stage->loop);
    free(stage);
}
