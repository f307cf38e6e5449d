#include "handler/probe.h"

#include "base/text.h"
#include "handler/registry.h"
#include "http/field_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct probe *probe_of(struct exchange_owner *owner)
{
    return container_of(owner, struct probe, owner);
}

/* ---- the owner: what the reactor does ---- */

static void route(struct exchange_owner *owner, struct exchange *x)
{
    struct probe *probe = probe_of(owner);
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    x->services = &probe->services;
    x->hold = verdict;
    x->host = router_host(probe->snapshot, &probe->binding, x->request.host, NULL);
    if (probe->answer) {
        verdict->host = x->host;
        probe->answer(x);
        return;
    }
    router_judge(probe->snapshot, x->host, x, probe->services.files, verdict);
    ck_assert_int_ne(verdict->answer, ANSWER_CGI);
    ck_assert_int_ne(verdict->answer, ANSWER_FASTCGI);
    x->handler = handler_for(verdict->answer);
    x->handler->start(x, verdict);
}

static void head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    (void)x;
}

static void ended(struct exchange_owner *owner, struct exchange *x)
{
    struct probe *probe = probe_of(owner);

    probe->ended++;
    snprintf(probe->cause, sizeof(probe->cause), "%s", x->record.cause ? x->record.cause : "");
    verdict_done(x->hold, probe->services.files);
}

static const struct exchange_owner_ops owner_ops = { .route = route, .head = head, .ended = ended };

/* ---- the wire ---- */

static void on_interim(struct exchange *x, int status, const struct fields *fields)
{
    (void)x;
    (void)status;
    (void)fields;
}

static void on_head(struct exchange *x)
{
    struct probe *probe = x->wire_self;
    struct text text = text_on(probe->head, sizeof(probe->head));

    probe->heads++;
    probe->status = x->response.status;
    probe->length = x->response.length;
    for (uint32_t i = 0; i < x->response.fields.count; i++) {
        text_add(&text, x->response.fields.at[i].name);
        text_add_cstr(&text, ": ");
        text_add(&text, x->response.fields.at[i].value);
        text_add_char(&text, '\n');
    }
    text_cstr(&text);
    ck_assert(!text.cut);
}

static void on_reset(struct exchange *x, enum reset_reason reason)
{
    struct probe *probe = x->wire_self;

    (void)reason;
    probe->resets++;
}

static const struct wire_ops wire_ops = {
    .name = "probe", .interim = on_interim, .head = on_head, .reset = on_reset
};

static void keep(struct probe *probe, const void *bytes, size_t len)
{
    ck_assert_uint_le(probe->body_len + len, sizeof(probe->body));
    memcpy(probe->body + probe->body_len, bytes, len);
    probe->body_len += len;
}

static void take_span(struct probe *probe, struct body *body)
{
    struct file_ref *file;
    uint64_t offset;
    uint64_t len;

    ck_assert(body_peek_file(body, &file, &offset, &len));
    ck_assert_uint_lt(probe->span_count, PROBE_SPANS_MOST);
    probe->spans[probe->span_count++] = (struct probe_span){ offset, len };
    if (len <= sizeof(probe->body) - probe->body_len) {
        ck_assert_int_eq(pread(file->fd, probe->body + probe->body_len, (size_t)len, (off_t)offset),
                         (ssize_t)len);
        probe->body_len += (size_t)len;
    }
    body_take(body, len);
}

static void drain(struct probe *probe, struct body *body)
{
    struct iovec piece;

    while (!body_empty(body)) {
        if (body_peek(body, &piece, 1) == 1) {
            keep(probe, piece.iov_base, piece.iov_len);
            body_take(body, piece.iov_len);
        } else {
            take_span(probe, body);
        }
    }
}

/* ---- the log ---- */

static void log_line(struct log *log, enum log_level level, struct slice line)
{
    struct probe *probe = container_of(log, struct probe, log);
    size_t len = strlen(probe->logged);

    (void)level;
    probe->logged_lines++;
    snprintf(probe->logged + len, sizeof(probe->logged) - len, "%.*s\n", SLICE_ARGS(line));
}

/* ---- the house ---- */

struct probe *probe_new(void)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    ck_assert_ptr_nonnull(probe);
    tree_make(&probe->tree);
    probe->driver = driver_fake_new();
    loop_init(&probe->loop, probe->driver);
    probe->owner.ops = &owner_ops;
    probe->log.write = log_line;
    probe->visit = (struct visit){ .binding = &probe->binding };
    return probe;
}

struct vhost_conf *probe_host(struct probe *probe, struct conf *conf)
{
    return conf_host(conf, "site.test", probe->tree.root);
}

void probe_open(struct probe *probe, struct conf *conf)
{
    probe->snapshot = conf_snapshot(conf);
    probe->services = (struct services){
        .loop = &probe->loop,
        .log = &probe->log,
        .files = file_cache_new(100),
        .snapshot = probe->snapshot,
    };
}

void probe_free(struct probe *probe)
{
    file_cache_free(probe->services.files);
    snapshot_drop(probe->snapshot);
    loop_done(&probe->loop);
    tree_remove(&probe->tree);
    free(probe);
}

static void forget_answer(struct probe *probe)
{
    probe->status = 0;
    probe->length = 0;
    probe->head[0] = '\0';
    probe->body_len = 0;
    probe->span_count = 0;
    probe->heads = 0;
    probe->resets = 0;
    probe->ended = 0;
}

static void read_fields(struct exchange *x, const char *fields)
{
    struct slice rest = slice_cstr(fields);
    struct field_line line;
    size_t used;

    while (rest.len > 0) {
        ck_assert_int_eq(field_line_parse(rest, LINE_ANY, &line, &used, NULL), PARSE_DONE);
        fields_add(&x->request.fields, &x->arena, line.name, line.value);
        rest = slice_skip(rest, used);
    }
}

void probe_ask(struct probe *probe, const char *method, const char *target, const char *fields)
{
    struct exchange *x = exchange_new(&probe->loop, &probe->owner, &probe->visit, &wire_ops, probe);
    struct request *request = &x->request;

    forget_answer(probe);
    request->method_name = slice_cstr(method);
    request->method = method_of(request->method_name);
    request->version = 11;
    request->host = SLICE("site.test");
    ck_assert_int_eq(target_parse(slice_cstr(target), false, request->method == METHOD_OPTIONS,
                                  &x->arena, &request->target, NULL),
                     PARSE_DONE);
    read_fields(x, fields);
    body_finish(&request->body, BODY_COMPLETE);
    snprintf(probe->id, sizeof(probe->id), "%s", x->id_text);

    exchange_begin(x);
    loop_settle(&probe->loop);
    ck_assert_uint_eq(probe->ended, 0);
    probe->put_bytes = x->response.body.put_bytes;
    file_cache_clear(probe->services.files);
    drain(probe, &x->response.body);
    probe->end = x->response.body.end;
    exchange_wire_done(x);
    loop_settle(&probe->loop);
    ck_assert_uint_eq(probe->ended, 1);
}

const char *probe_field(struct probe *probe, const char *name)
{
    static char value[1024];
    struct slice rest = slice_cstr(probe->head);
    struct slice line;

    while (slice_next(&rest, '\n', &line)) {
        struct slice field;
        struct slice text;

        if (!slice_cut(line, ':', &field, &text) || !slice_equal_nocase(field, slice_cstr(name)))
            continue;
        text = slice_trim(text);
        snprintf(value, sizeof(value), "%.*s", SLICE_ARGS(text));
        return value;
    }
    return NULL;
}
