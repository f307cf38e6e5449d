/*
 * Programs, for whoever wants to know (site/trace.h): as whom they run and within which limits,
 * where a request may go. And the end of a rehearsal: what the program would be told, and nothing
 * is started.
 */
#include "errand.h"
#include "site/trace.h"

#include <inttypes.h>

/* ---- who it is ---- */

static void tell_user(struct trace *trace, const struct server_conf *conf,
                      const struct confine_conf *confine)
{
    if (confine->wrap_id.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &confine->wrap_place,
                  "runs as user %.*s (WrapCGI %.*s)", SLICE_ARGS(confine->user),
                  SLICE_ARGS(confine->wrap_id));
    else if (confine->user.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &confine->user_place,
                  "runs as user %.*s (RunAs)", SLICE_ARGS(confine->user));
    else if (conf->server_user.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL, "runs as user %.*s, that of the server",
                  SLICE_ARGS(conf->server_user));
    else
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL, "runs as the user of the server");
}

static const char *sandbox_text(enum conf_sandbox sandbox)
{
    switch (sandbox) {
    case SANDBOX_NO:
        break;
    case SANDBOX_READONLY:
        return "readonly";
    case SANDBOX_STRICT:
        return "strict";
    }
    return "no";
}

static void tell_room(struct trace *trace, const struct confine_conf *confine)
{
    const struct diag_place *place = &confine->limits_place;

    if (confine->chroot.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &confine->wrap_place,
                  "its root directory is %.*s", SLICE_ARGS(confine->chroot));
    if (confine->sandbox != SANDBOX_NO)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &confine->sandbox_place, "Sandbox = %s",
                  sandbox_text(confine->sandbox));
    if (confine->memory_bytes > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, place, "CGImemory: %" PRIu64 " bytes",
                  confine->memory_bytes);
    if (confine->group_memory_bytes > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &confine->group_place,
                  "CGIgroupMemory: %" PRIu64 " bytes", confine->group_memory_bytes);
    if (confine->cpu_s > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, place, "CGIcpu: %" PRIu64 " s", confine->cpu_s);
    if (confine->processes > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, place, "CGIprocesses: %" PRIu64,
                  confine->processes);
    if (confine->files > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, place, "CGIfiles: %" PRIu64, confine->files);
}

/* ---- limits ---- */

static void tell_time(struct trace *trace, const char *option, uint64_t ms)
{
    if (ms > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL, "%s: %" PRIu64 " ms", option, ms);
}

/* As errand_start_time() takes them. */
static void tell_times(struct trace *trace, const struct verdict *verdict)
{
    const struct folder_conf *folder = verdict->folder;
    const struct proxy_conf *proxy = verdict->proxy;

    if (proxy) {
        trace_add(trace, TRACE_BACKEND, TRACE_FACT, &proxy->place,
                  "it may say nothing for %" PRIu64 " ms, before its answer and within it",
                  proxy->wait_ms);
        return;
    }
    tell_time(trace, "TimeForCGI", folder->time_for_cgi_ms);
    tell_time(trace, "CGIfirstByte", folder->cgi_first_byte_ms);
    tell_time(trace, "CGIidle", folder->cgi_idle_ms);
}

static void tell_limits(struct trace *trace, const struct errand *errand)
{
    const struct vhost_conf *host = errand->host->conf;

    tell_times(trace, errand->verdict);
    if (host->max_cgi > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL,
                  "MaxCGI: %" PRIu64 " seats, and %" PRIu64 " requests wait for one for %" PRIu64
                  " ms at most (CGIqueue)",
                  host->max_cgi, host->cgi_queue_length, host->cgi_queue_ms);
}

/* ---- where it goes ---- */

static const char *balance_text(enum conf_balance balance)
{
    switch (balance) {
    case BALANCE_ROUND_ROBIN:
        break;
    case BALANCE_LEAST_CONN:
        return "the one with the fewest connections";
    case BALANCE_HASH:
        return "always the same one for a client";
    }
    return "each in turn";
}

static void tell_target(struct trace *trace, const struct fastcgi_conf *section,
                        const struct connect_conf *target)
{
    const uint64_t most =
        target->max_connections > 0 ? target->max_connections : section->max_connections;

    trace_add(trace, TRACE_BACKEND, TRACE_FACT, &target->place,
              "target %.*s, weight %" PRIu64 "%s%.*s", SLICE_ARGS(target->text), target->weight,
              target->backup ? ", only when no other is there" : "",
              SLICE_ARGS(most > 0
                             ? arena_printf(trace->arena, ", %" PRIu64 " connections at most", most)
                             : SLICE("")));
}

static void tell_section(struct trace *trace, const struct errand *errand)
{
    const struct fastcgi_conf *section = errand->verdict->fastcgi;
    const struct server_conf *conf = errand->services->snapshot->conf;

    if (section->run.program.len > 0) {
        trace_add(trace, TRACE_BACKEND, TRACE_FACT, &section->run.place,
                  "workers of our own: %.*s, %" PRIu64 " to %" PRIu64,
                  SLICE_ARGS(section->run.program), section->run.min_workers,
                  section->run.max_workers);
        tell_user(trace, conf, &section->run.confine);
        tell_room(trace, &section->run.confine);
    }
    for (const struct connect_conf *target = section->targets; target; target = target->next)
        tell_target(trace, section, target);
    if (section->target_count > 1)
        trace_add(trace, TRACE_BACKEND, TRACE_FACT, &section->place, "of these %u: %s",
                  section->target_count, balance_text(section->balance));
    trace_add(trace, TRACE_BACKEND, TRACE_FACT, &section->place,
              "connected to within %" PRIu64 " ms; %" PRIu64
              " requests wait for a target for %" PRIu64 " ms at most (Queue)",
              section->connect_timeout_ms, section->queue_length, section->queue_ms);
}

/* ---- the face ---- */

static void tell_owner(struct trace *trace, const struct errand *errand)
{
    const struct server_conf *conf = errand->services->snapshot->conf;
    const struct user_conf *owner = errand_owner(errand);

    if (owner)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, &conf->users.wrap_place,
                  "runs as user %.*s (WrapUserCGI)", SLICE_ARGS(owner->name));
    else
        tell_user(trace, conf, errand_confine(errand));
}

void errand_tell_trace(const struct errand *errand)
{
    struct trace *trace = errand->x->trace;

    if (!trace)
        return;
    if (errand->verdict->answer == ANSWER_FASTCGI) {
        tell_section(trace, errand);
    } else {
        tell_owner(trace, errand);
        tell_room(trace, errand_confine(errand));
    }
    tell_limits(trace, errand);
}

bool errand_is_rehearsed(const struct errand *errand)
{
    return trace_rehearses(errand->x->trace);
}

void errand_end_rehearsal(struct errand *errand)
{
    struct trace *trace = errand->x->trace;

    if (errand_is_question(errand)) {
        trace_add(trace, TRACE_LOGIN, TRACE_FACT, &errand->verdict->fastcgi->place,
                  "FastCGIauth '%.*s' is asked first; taken to let the request pass",
                  SLICE_ARGS(errand->verdict->fastcgi->id));
        errand_release(errand);
        errand_let_pass(errand);
        return;
    }
    trace->reached_program = true;
    trace->environment = arena_copy(trace->arena, errand_variables(errand));
    errand_release(errand);
    exchange_handler_done(errand->x);
}
