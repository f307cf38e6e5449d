/* What the router has decided, in words: who is to answer, and who is let in. */
#include "http/websocket.h"
#include "router_private.h"
#include "site/trace.h"

#include <inttypes.h>

static const char *why_of(const struct verdict *verdict)
{
    return verdict->why ? verdict->why : "no reason given";
}

static void tell_cgi(struct trace *trace, const struct verdict *verdict)
{
    const struct cgi_handler_conf *interpreter = verdict->interpreter;

    if (interpreter)
        trace_add(trace, TRACE_HANDLER, TRACE_YES, &interpreter->place, "cgi: %.*s runs it; %s",
                  SLICE_ARGS(interpreter->program), why_of(verdict));
    else
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "cgi: it is run itself; %s",
                  why_of(verdict));
}

/* As the access log names it. */
static const char *handler_of(const struct fastcgi_conf *section)
{
    switch (section->protocol) {
    case PROTOCOL_FASTCGI:
        break;
    case PROTOCOL_SCGI:
        return "scgi";
    case PROTOCOL_HTTP:
        return "proxy";
    }
    return "fastcgi";
}

/* What is asked of an HTTP backend may become a tunnel. */
static void tell_websocket(struct exchange *x, const struct verdict *verdict)
{
    const uint64_t idle_ms = verdict->proxy ? verdict->proxy->tunnel_idle_ms : TUNNEL_IDLE_MS;

    if (verdict->fastcgi->protocol == PROTOCOL_HTTP && websocket_key_of(&x->request).len > 0)
        trace_add(
            x->trace, TRACE_HANDLER, TRACE_FACT, NULL,
            "it asks for a WebSocket: if the backend agrees it is a tunnel, closed after %" PRIu64
            " min of silence",
            idle_ms / 60000);
}

static void tell_fastcgi(struct exchange *x, const struct verdict *verdict)
{
    struct trace *trace = x->trace;
    const struct fastcgi_conf *section = verdict->fastcgi;

    trace_add(trace, TRACE_HANDLER, TRACE_YES,
              verdict->proxy ? &verdict->proxy->place : &section->place, "%s: %s '%.*s'; %s",
              handler_of(section), verdict->proxy ? verdict->proxy->option : "FastCGIserver",
              SLICE_ARGS(section->id), why_of(verdict));
    tell_websocket(x, verdict);
}

void router_tell_answer(const struct judge *judge)
{
    const struct verdict *verdict = judge->verdict;
    struct trace *trace = judge->x->trace;

    switch (verdict->answer) {
    case ANSWER_STATUS:
        trace_add(trace, TRACE_HANDLER, verdict->status < 400 ? TRACE_YES : TRACE_NO, NULL,
                  "%d: %s", verdict->status, why_of(verdict));
        break;
    case ANSWER_REDIRECT:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "%d to %.*s: %s", verdict->status,
                  SLICE_ARGS(verdict->location), why_of(verdict));
        break;
    case ANSWER_FILE:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "file: %.*s",
                  SLICE_ARGS(verdict->resource.absolute));
        break;
    case ANSWER_XSLT:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "xslt: %.*s, shown by %.*s",
                  SLICE_ARGS(verdict->resource.absolute), SLICE_ARGS(verdict->style.absolute));
        break;
    case ANSWER_CGI:
        tell_cgi(trace, verdict);
        break;
    case ANSWER_FASTCGI:
        tell_fastcgi(judge->x, verdict);
        break;
    case ANSWER_ALTER:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "alter: %.*s",
                  SLICE_ARGS(verdict->resource.absolute));
        break;
    case ANSWER_LISTING:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, NULL, "listing: %s", why_of(verdict));
        break;
    case ANSWER_SSH:
        trace_add(trace, TRACE_HANDLER, TRACE_YES, &judge->snapshot->conf->ssh.place,
                  "ssh: a tunnel to %s (%s)", verdict->ssh, verdict->why);
        break;
    case ANSWER_LOGIN:
    case ANSWER_SCREEN:
    case ANSWER_HASH:
        break;
    }
}

/* What is run when all has gone well (handler/afterwards.h). */
void router_tell_afterwards(const struct judge *judge)
{
    const struct verdict *verdict = judge->verdict;
    const struct slice altered = judge->host->conf->run_on_alter;
    const struct slice downloaded = verdict->folder->run_on_download;
    struct trace *trace = judge->x->trace;

    if (verdict->answer == ANSWER_ALTER && altered.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL,
                  "RunOnAlter: %.*s runs once the file is altered", SLICE_ARGS(altered));
    if (verdict->answer == ANSWER_FILE && judge->x->request.method == METHOD_GET &&
        downloaded.len > 0)
        trace_add(trace, TRACE_PROGRAM, TRACE_FACT, NULL,
                  "RunOnDownload: %.*s runs once the file is sent", SLICE_ARGS(downloaded));
}

void router_tell_altering(const struct judge *judge, enum access access)
{
    const struct folder_conf *folder = judge->verdict->folder;
    struct trace *trace = judge->x->trace;

    if (access == ACCESS_REFUSED)
        trace_add(trace, TRACE_ACCESS, TRACE_NO, NULL, "403: %s",
                  folder->alter_rules ? "AlterList does not let this client alter files"
                                      : "no AlterList lets anybody alter files here");
    else if (access == ACCESS_AFTER_LOGIN)
        trace_add(trace, TRACE_ACCESS, TRACE_FACT, NULL,
                  "a password is wanted of who alters files%s",
                  folder->alter_groups ? ", and a group of AlterGroup" : "");
    else
        trace_add(trace, TRACE_ACCESS, TRACE_YES, NULL, "this client may alter files");
}

void router_tell_access(const struct judge *judge, enum access access, bool is_open_to_all)
{
    const struct folder_conf *folder = judge->verdict->folder;
    const struct conf_login *login = &folder->login;
    struct trace *trace = judge->x->trace;

    if (access == ACCESS_FREE)
        trace_add(trace, TRACE_ACCESS, TRACE_YES, NULL, "open to this client");
    else if (is_open_to_all)
        trace_add(trace, TRACE_ACCESS, TRACE_YES, NULL,
                  "open to all: where certificates are proven");
    else if (access == ACCESS_REFUSED)
        trace_add(trace, TRACE_ACCESS, TRACE_NO, NULL,
                  "403: AccessList does not let this client in");
    else if (login->kind == LOGIN_NONE)
        trace_add(trace, TRACE_ACCESS, TRACE_NO, NULL,
                  "403: a password is wanted, and there is no PasswordFile");
    else
        trace_add(trace, TRACE_ACCESS, TRACE_FACT, &login->place,
                  "a password is wanted: %s, PasswordFile %.*s",
                  login->kind == LOGIN_DIGEST ? "Digest" : "Basic", SLICE_ARGS(login->file));
}
