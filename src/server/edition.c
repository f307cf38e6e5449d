#include "server/edition.h"

#include "base/diag.h"
#include "config/load.h"
#include "config/same.h"
#include "gateway/backend.h"
#include "gateway/turnstile.h"
#include "net/tls_remote.h"
#include "os/fd.h"
#include "server/certificates.h"
#include "server/takeover.h"
#include "server/throttle.h"

#include <stdlib.h>
#include <string.h>

/* For CGI programs, where MaxCGI is not given. */
#define SEATS_OF_A_HOST 16u

/* What RequestLimitMask leaves at least. */
#define WIDE_BODY_BYTES ((uint64_t)32 * 1024 * 1024)
#define WIDE_HEAD_MS    UINT64_C(300000)

#define BUNDLE_MOST ((size_t)256 * 1024 * 1024)

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (!memory)
        abort();
    return memory;
}

/* ---- the model ---- */

/* Groups read theirs as long as they live, which may be longer than the edition that made them. */
struct model {
    unsigned users;
    struct arena arena;
    struct server_conf *conf;
};

static struct model *model_hold(struct model *model)
{
    model->users++;
    return model;
}

static void model_drop(struct model *model)
{
    if (--model->users > 0)
        return;
    arena_done(&model->arena);
    free(model);
}

/* The supervisor has checked the very same bytes, so a fault here is a fault of ours. */
static const char *model_parse(struct model *model, int bundle_fd)
{
    struct source *source = NULL;
    struct diags diags;
    char *bytes = NULL;
    size_t len = 0;

    diags_init(&diags, &model->arena);
    if (fd_read_all(bundle_fd, BUNDLE_MOST, &bytes, &len) < 0)
        return "the configuration handed over cannot be read";
    struct slice bundle = arena_copy(&model->arena, slice_of(bytes, len));
    free(bytes);

    struct source_text *main_text = bundle_open(bundle, &model->arena, &source);
    const struct load load = { .arena = &model->arena, .diags = &diags, .source = source };
    model->conf = main_text ? load_config(&load, main_text) : NULL;
    if (model->conf)
        return NULL;
    diags_print(&diags, stderr, false);
    return "the configuration handed over is faulty";
}

static struct model *model_load(int bundle_fd, const char **ret_why)
{
    struct model *model = zeroed(1, sizeof(*model));

    model->users = 1;
    arena_init(&model->arena);
    *ret_why = model_parse(model, bundle_fd);
    if (!*ret_why)
        return model;
    model_drop(model);
    return NULL;
}

/* ---- bindings ---- */

/* Whom RequestLimitMask spares. */
static struct wire_limits widened(struct wire_limits limits)
{
    if (limits.body_bytes > 0 && limits.body_bytes < WIDE_BODY_BYTES)
        limits.body_bytes = limits.head.body_bytes = WIDE_BODY_BYTES;
    if (limits.first_head_ms > 0 && limits.first_head_ms < WIDE_HEAD_MS)
        limits.first_head_ms = WIDE_HEAD_MS;
    if (limits.next_head_ms > 0 && limits.next_head_ms < WIDE_HEAD_MS)
        limits.next_head_ms = WIDE_HEAD_MS;
    return limits;
}

static void make_limits(struct edition *edition)
{
    const struct server_conf *conf = edition->snapshot->conf;

    edition->limits = zeroed(conf->binding_count, sizeof(*edition->limits));
    edition->wide_limits = zeroed(conf->binding_count, sizeof(*edition->wide_limits));
    edition->bindings = zeroed(conf->binding_count, sizeof(struct binding_conf *));
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        const uint64_t put_bytes = binding->enable_alter ? binding->max_upload_bytes : 0;

        edition->bindings[binding->index] = binding;
        edition->limits[binding->index] = (struct wire_limits){
            .head = { .head_bytes = conf->max_head_bytes,
                      .target_bytes = conf->max_url_length,
                      .fields = (unsigned)conf->max_fields,
                      .body_bytes = binding->max_request_bytes,
                      .put_bytes = put_bytes },
            .first_head_ms = binding->first_request_ms,
            .next_head_ms = binding->next_request_ms,
            .body_bytes = binding->max_request_bytes,
            .put_bytes = put_bytes,
            .body_rate = (unsigned)conf->body_rate,
            .body_grace_ms = conf->body_grace_ms,
            .send_ms = conf->socket_send_timeout_ms,
            .keep_alive_most = (unsigned)binding->max_keep_alive,
            .http2 = (enum wire_http2)binding->http2,
        };
        edition->wide_limits[binding->index] = widened(edition->limits[binding->index]);
    }
}

const struct wire_limits *edition_limits(const struct edition *edition,
                                         const struct binding_conf *binding, bool unlimited)
{
    return unlimited ? &edition->wide_limits[binding->index] : &edition->limits[binding->index];
}

const struct binding_conf *edition_find_binding(const struct edition *edition,
                                                const struct binding_conf *binding)
{
    for (unsigned i = 0; i < edition->binding_count; i++)
        if (address_equal_ip(&edition->bindings[i]->address, &binding->address) &&
            edition->bindings[i]->port == binding->port)
            return edition->bindings[i];
    return NULL;
}

/* ---- certificates ---- */

/* At the start `log` is where complaints about the start go. */
static struct log *system_log_of(const struct server_conf *conf, struct log_writer *writer,
                                 struct log *log)
{
    struct log_file *file = log_writer_find(writer, &conf->system_log);

    return file ? &file->log : log;
}

static const char *make_certificates(struct edition *edition, const struct takeover *takeover,
                                     struct proofs *proofs, struct log *log)
{
    const struct slice given = edition->snapshot->conf->session_key;
    const char *why = NULL;

    edition->certificates = certificates_new(
        edition->snapshot, given.len > 0 ? given : takeover->key, proofs, log, &why);
    return edition->certificates ? NULL : why;
}

/* ---- targets ---- */

struct shared_group {
    unsigned users;
    struct backend_group *group;
    struct model *model;
};

static void shared_drop(struct shared_group *shared)
{
    if (--shared->users > 0)
        return;
    backend_group_free(shared->group);
    model_drop(shared->model);
    free(shared);
}

/* Sessions that are not known here go the same way everywhere without a key; a drawn one would
 * part the front servers. */
static struct slice key_for(const struct server_conf *conf, const struct takeover *takeover,
                            const struct fastcgi_conf *section)
{
    const struct slice given = conf->session_key;

    return given.len > 0 || section->stick_to != STICK_TO_COOKIE ? given : takeover->key;
}

static struct shared_group *find_shared(const struct edition *former,
                                        const struct fastcgi_conf *section)
{
    for (unsigned i = 0; former && i < former->backend_count; i++)
        if (slice_equal(former->backends[i]->conf->id, section->id))
            return former->shared[i];
    return NULL;
}

static struct shared_group *share_group(struct edition *edition, const struct edition *former,
                                        const struct fastcgi_conf *section, struct slice key)
{
    struct shared_group *same = find_shared(former, section);

    if (same && (!section->uses_tls || edition->trust == former->trust) &&
        config_same_section(same->group->conf, section) &&
        backend_group_has_key(same->group, key)) {
        same->users++;
        return same;
    }
    struct shared_group *fresh = zeroed(1, sizeof(*fresh));

    fresh->users = 1;
    fresh->model = model_hold(edition->model);
    fresh->group = backend_group_new(section);
    backend_group_set_key(fresh->group, key);
    if (section->uses_tls)
        backend_group_set_trust(fresh->group, edition->trust);
    if (same)
        backend_group_inherit(fresh->group, same->group);
    return fresh;
}

/* Who vouches for backends: the former one lives on while nothing has changed. NULL: it is made, or
 * none is needed; else why not. */
static const char *make_trust(struct edition *edition, const struct edition *former)
{
    static char why[TLS_WHY_MOST];
    const struct slice text = edition->snapshot->conf->ca_text;

    if (text.len == 0)
        return NULL;
    if (former && former->trust && tls_trust_is_from(former->trust, text))
        edition->trust = tls_trust_hold(former->trust);
    else
        edition->trust = tls_trust_new(text, why);
    return edition->trust ? NULL : why;
}

static void make_backends(struct edition *edition, const struct takeover *takeover,
                          const struct edition *former)
{
    const struct server_conf *conf = edition->snapshot->conf;

    edition->backend_count = conf->fastcgi_count;
    edition->backends = zeroed(conf->fastcgi_count, sizeof(struct backend_group *));
    edition->shared = zeroed(conf->fastcgi_count, sizeof(struct shared_group *));
    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next) {
        struct shared_group *shared =
            share_group(edition, former, section, key_for(conf, takeover, section));

        edition->shared[section->index] = shared;
        edition->backends[section->index] = shared->group;
    }
}

bool edition_has_group(const struct edition *edition, const struct backend_group *group)
{
    for (unsigned i = 0; i < edition->backend_count; i++)
        if (edition->backends[i] == group)
            return true;
    return false;
}

/* ---- seats ---- */

/* Who sits in a host sits in the host of the same name. */
static void number_hosts(const struct snapshot *former, struct table *ret)
{
    for (unsigned i = former->conf->host_count; i-- > 0;) /* of one name the first counts */
        table_put(ret, former->hosts[i].name, &former->hosts[i]);
}

static struct turnstiles *renew_turnstiles(const struct edition *edition,
                                           const struct edition *former)
{
    const struct snapshot *before = former->snapshot;
    const unsigned count = edition->snapshot->conf->host_count;
    unsigned *kept = zeroed(count, sizeof(*kept));
    struct table names = { 0 };

    number_hosts(before, &names);
    for (unsigned i = 0; i < count; i++) {
        const struct host *host = table_find(&names, edition->snapshot->hosts[i].name);

        kept[i] = host ? (unsigned)(host - before->hosts) : before->conf->host_count;
        if (host) /* not for a second host of this name */
            table_remove(&names, host->name);
    }
    struct turnstiles *renewed = turnstiles_renew(former->turnstiles, count, kept);
    table_done(&names);
    free(kept);
    return renewed;
}

static void make_turnstiles(struct edition *edition, const struct edition *former)
{
    const struct server_conf *conf = edition->snapshot->conf;

    edition->turnstiles = former ? renew_turnstiles(edition, former)
                                 : turnstiles_new((unsigned)conf->max_cgi_total, conf->host_count);
}

void edition_settle(struct edition *edition)
{
    const struct server_conf *conf = edition->snapshot->conf;

    throttle_lines_settle(edition->throttles, conf);
    turnstiles_set_total(edition->turnstiles, (unsigned)conf->max_cgi_total);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        turnstiles_set(edition->turnstiles, host->index,
                       (struct turnstile_rules){ .seats = host->max_cgi ? (unsigned)host->max_cgi
                                                                        : SEATS_OF_A_HOST,
                                                 .line_most = (unsigned)host->cgi_queue_length,
                                                 .wait_ms = host->cgi_queue_ms });
}

/* ---- logs ---- */

static void assign_logs(struct edition *edition, struct log_writer *writer)
{
    const struct server_conf *conf = edition->snapshot->conf;

    edition->exploit_logs = (struct exploit_logs){
        .exploits = log_writer_find(writer, &conf->exploit_log),
        .garbage = log_writer_find(writer, &conf->garbage_log),
    };
    for (unsigned i = 0; i < conf->host_count; i++) {
        struct host *host = &edition->snapshot->hosts[i];
        struct log_file *error = log_writer_find(writer, &host->conf->error_log);

        host->access_log = log_writer_find(writer, &host->conf->access_log);
        host->error_log = error ? &error->log : NULL;
    }
}

/* ---- the whole ---- */

struct edition *edition_build(struct takeover *takeover, struct log_writer *writer, struct log *log,
                              struct proofs *proofs, const struct edition *former,
                              const char **ret_why)
{
    struct model *model = model_load(takeover->bundle_fd, ret_why);

    if (!model)
        return NULL;
    if (takeover->listener_count != model->conf->binding_count) {
        *ret_why = "the number of sockets handed over is not the number of bindings";
        model_drop(model);
        return NULL;
    }
    struct edition *edition = zeroed(1, sizeof(*edition));

    edition->generation = takeover->generation;
    edition->model = model;
    edition->snapshot = snapshot_build(model->conf, NULL, log);
    edition->snapshot->generation = (uint32_t)takeover->generation;
    edition->binding_count = takeover->listener_count;
    edition->listeners = takeover->listeners;
    takeover->listeners = NULL;
    takeover->listener_count = 0;
    make_limits(edition);
    *ret_why =
        make_certificates(edition, takeover, proofs, system_log_of(model->conf, writer, log));
    if (!*ret_why)
        *ret_why = make_trust(edition, former);
    if (*ret_why) {
        edition_free(edition);
        return NULL;
    }
    make_backends(edition, takeover, former);
    make_turnstiles(edition, former);
    if (model->conf->challenge.threshold > 0)
        edition->challenge_key = challenge_key_of(
            model->conf->challenge.secret,
            model->conf->session_key.len > 0 ? model->conf->session_key : takeover->key);
    edition->throttles = throttle_lines_new(model->conf, former ? former->throttles : NULL);
    assign_logs(edition, writer);
    return edition;
}

void edition_close_listeners(struct edition *edition)
{
    for (unsigned i = 0; i < edition->binding_count; i++)
        fd_close(&edition->listeners[i]);
}

void edition_free(struct edition *edition)
{
    for (unsigned i = 0; i < edition->backend_count; i++)
        shared_drop(edition->shared[i]);
    free(edition->shared);
    free(edition->backends);
    throttle_lines_free(edition->throttles);
    turnstiles_free(edition->turnstiles);
    certificates_free(edition->certificates);
    tls_trust_drop(edition->trust);
    edition_close_listeners(edition);
    free(edition->listeners);
    free(edition->limits);
    free(edition->wide_limits);
    free(edition->bindings);
    snapshot_drop(edition->snapshot);
    model_drop(edition->model);
    free(edition);
}
