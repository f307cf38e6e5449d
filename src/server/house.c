#include "server/house.h"

#include "base/diag.h"
#include "config/load.h"
#include "gateway/backend.h"
#include "gateway/turnstile.h"
#include "handler/keeper.h"
#include "os/fd.h"
#include "server/bans.h"
#include "server/certificates.h"
#include "server/house_build.h"
#include "server/tally.h"
#include "server/workers_status.h"

#include <stdlib.h>
#include <string.h>

/* For CGI programs, where MaxCGI is not given. */
#define SEATS_OF_A_HOST 16u

/* What RequestLimitMask leaves at least. */
#define WIDE_BODY_BYTES ((uint64_t)32 * 1024 * 1024)
#define WIDE_HEAD_MS    UINT64_C(300000)

#define BUNDLE_MOST ((size_t)256 * 1024 * 1024)

static struct arena *arena_on_heap(void)
{
    struct arena *arena = malloc(sizeof(*arena));

    if (!arena)
        abort();
    arena_init(arena);
    return arena;
}

static void arena_free(struct arena *arena)
{
    arena_done(arena);
    free(arena);
}

/* The supervisor has checked the very same bytes, so a fault here is a fault of ours. */
static const char *house_load(struct house *house, const struct takeover *takeover)
{
    struct arena *arena = arena_on_heap();
    struct diags diags;
    char *bytes = NULL;
    size_t len = 0;

    diags_init(&diags, arena);
    if (fd_read_all(takeover->bundle_fd, BUNDLE_MOST, &bytes, &len) < 0) {
        arena_free(arena);
        return "the configuration handed over cannot be read";
    }
    struct slice bundle = arena_copy(arena, slice_of(bytes, len));
    free(bytes);

    struct source *source = NULL;
    struct source_text *main_text = bundle_open(bundle, arena, &source);
    const struct load load = { .arena = arena, .diags = &diags, .source = source };
    struct server_conf *conf = main_text ? load_config(&load, main_text) : NULL;
    if (!conf) {
        diags_print(&diags, stderr, false);
        arena_free(arena);
        return "the configuration handed over is faulty";
    }
    house->snapshot = snapshot_build(conf, arena, house->log);
    return NULL;
}

static void house_open_logs(struct house *house, struct takeover *takeover)
{
    log_writer_add(house->writer, LOG_TO_STDOUT, SLICE(""), 1);
    log_writer_add(house->writer, LOG_TO_STDERR, SLICE(""), 2);
    for (struct takeover_log *log = takeover->logs; log; log = log->next)
        log_writer_add(house->writer, LOG_TO_FILE, log->path, fd_take(&log->fd));
}

static void house_assign_logs(struct house *house)
{
    const struct server_conf *conf = house->snapshot->conf;
    struct log_file *system = log_writer_find(house->writer, &conf->system_log);

    if (system)
        house->log = &system->log;
    for (unsigned i = 0; i < conf->host_count; i++) {
        struct host *host = &house->snapshot->hosts[i];
        struct log_file *error = log_writer_find(house->writer, &host->conf->error_log);

        host->access_log = log_writer_find(house->writer, &host->conf->access_log);
        host->error_log = error ? &error->log : NULL;
    }
}

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

static void house_make_limits(struct house *house)
{
    const struct server_conf *conf = house->snapshot->conf;
    const size_t count = conf->binding_count ? conf->binding_count : 1;

    house->limits = calloc(count, sizeof(*house->limits));
    house->wide_limits = calloc(count, sizeof(*house->wide_limits));
    if (!house->limits || !house->wide_limits)
        abort();
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        house->limits[binding->index] = (struct wire_limits){
            .head = { .head_bytes = conf->max_head_bytes,
                      .target_bytes = conf->max_url_length,
                      .fields = (unsigned)conf->max_fields,
                      .body_bytes = binding->max_request_bytes },
            .first_head_ms = binding->first_request_ms,
            .next_head_ms = binding->next_request_ms,
            .body_bytes = binding->max_request_bytes,
            .body_rate = (unsigned)conf->body_rate,
            .body_grace_ms = conf->body_grace_ms,
            .send_ms = conf->socket_send_timeout_ms,
            .keep_alive_most = (unsigned)binding->max_keep_alive,
        };
        house->wide_limits[binding->index] = widened(house->limits[binding->index]);
    }
}

/* Sessions that are not known here go the same way everywhere without a key; a drawn one would
 * part the front servers. */
static struct slice key_for(const struct house *house, const struct takeover *takeover,
                            const struct fastcgi_conf *section)
{
    const struct slice given = house->snapshot->conf->session_key;

    return given.len > 0 || section->stick_to != STICK_TO_COOKIE ? given : takeover->key;
}

static const char *house_make_certificates(struct house *house, const struct takeover *takeover)
{
    const struct slice given = house->snapshot->conf->session_key;
    const char *why = NULL;

    house->certificates =
        certificates_new(house->snapshot, given.len > 0 ? given : takeover->key, &why);
    return house->certificates ? NULL : why;
}

static void house_make_backends(struct house *house, const struct takeover *takeover)
{
    const struct server_conf *conf = house->snapshot->conf;

    house->backend_count = conf->fastcgi_count;
    house->backends =
        calloc(conf->fastcgi_count ? conf->fastcgi_count : 1, sizeof(struct backend_group *));
    if (!house->backends)
        abort();
    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next) {
        house->backends[section->index] = backend_group_new(section);
        backend_group_set_key(house->backends[section->index], key_for(house, takeover, section));
    }
}

static void house_make_turnstiles(struct house *house)
{
    const struct server_conf *conf = house->snapshot->conf;

    house->turnstiles = turnstiles_new((unsigned)conf->max_cgi_total, conf->host_count);
    for (unsigned i = 0; i < conf->host_count; i++) {
        const struct vhost_conf *host = house->snapshot->hosts[i].conf;

        turnstiles_set(house->turnstiles, host->index,
                       (struct turnstile_rules){ .seats = host->max_cgi ? (unsigned)host->max_cgi
                                                                        : SEATS_OF_A_HOST,
                                                 .line_most = (unsigned)host->cgi_queue_length,
                                                 .wait_ms = host->cgi_queue_ms });
    }
}

const char *house_build(struct house *house, struct takeover *takeover)
{
    *house = (struct house){ .writer = log_writer_start() };
    if (!house->writer)
        return "no thread for the logs is to be had";
    house_open_logs(house, takeover);
    const struct conf_log to_stderr = { .kind = LOG_TO_STDERR };
    house->log = &log_writer_find(house->writer, &to_stderr)->log;

    const char *why = house_load(house, takeover);
    if (why)
        return why;
    const struct server_conf *conf = house->snapshot->conf;
    if (takeover->listener_count != conf->binding_count)
        return "the number of sockets handed over is not the number of bindings";
    house_assign_logs(house);
    house_make_limits(house);
    why = house_make_certificates(house, takeover);
    if (why)
        return why;
    house_make_backends(house, takeover);
    house_make_turnstiles(house);
    house->keeper = keeper_new((takeover->reactors + 1) / 2, house->log);
    house->workers = workers_status_new(conf);
    house->guard =
        guard_new(conf->connections_total, conf->connections_per_ip, conf->bans.reconnect_delay_ms);
    house->bans = bans_new();
    house->requests = tally_new();
    house->passwords = tally_new();
    house->binding_count = takeover->listener_count;
    house->listeners = takeover->listeners;
    takeover->listeners = NULL;
    takeover->listener_count = 0;
    house->reactors = calloc(takeover->reactors, sizeof(struct reactor *));
    if (!house->reactors)
        abort();
    return NULL;
}

void house_free(struct house *house)
{
    for (unsigned i = 0; i < house->backend_count; i++)
        backend_group_free(house->backends[i]);
    free(house->backends);
    turnstiles_free(house->turnstiles);
    keeper_free(house->keeper);
    workers_status_free(house->workers);
    for (unsigned i = 0; i < house->binding_count; i++)
        fd_close(&house->listeners[i]);
    free(house->listeners);
    free(house->limits);
    certificates_free(house->certificates);
    free(house->wide_limits);
    free(house->reactors);
    if (house->guard)
        guard_free(house->guard);
    if (house->bans)
        bans_free(house->bans);
    if (house->requests)
        tally_free(house->requests);
    if (house->passwords)
        tally_free(house->passwords);
    if (house->writer)
        log_writer_stop(house->writer);
    if (house->snapshot)
        snapshot_drop(house->snapshot);
}
