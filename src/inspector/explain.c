/*
 * `longhouse explain URL...`: for each URL, why the house answers it as it does.
 */
#include "binding.h"
#include "http/method.h"
#include "inspector/inspector.h"
#include "inspector_private.h"
#include "os/fd.h"
#include "send.h"
#include "tool/load.h"
#include "tool/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char how[] = "explain URL... [-c FILE|DIR] [-X METHOD] [-H 'NAME: VALUE'] "
                          "[--from ADDRESS] [--json] [--run]";

struct wish {
    const char *config;
    struct slice method;
    struct slice fields; /* lines with CRLF */
    union socket_address from;
    bool has_from;
    bool json;
    bool run;
    const char **urls; /* NULL behind the last one */
    unsigned url_count;
};

static int wrong(const char *what, const char *word, const char *cure)
{
    fprintf(stderr, "longhouse: %s '%s'\n      = %s\n", what, word, cure);
    return 2;
}

/* ---- the command line: 0, or the exit status ---- */

static int take_method(struct wish *wish, const char *value)
{
    if (!field_is_token(slice_cstr(value)))
        return wrong("no method can be called", value, "one word, as in: -X POST");
    wish->method = slice_cstr(value);
    return 0;
}

static int take_field(struct wish *wish, const char *value, struct arena *arena)
{
    const struct slice line = slice_cstr(value);
    struct slice name;
    struct slice rest;

    if (!slice_cut(line, ':', &name, &rest) || !field_is_token(name) || slice_has(line, '\n') ||
        slice_has(line, '\r'))
        return wrong("this is no field of a request:", value,
                     "a name, a colon, a value, as in: -H 'Accept-Language: de'");
    if (slice_equal_nocase(name, SLICE("Host")))
        return wrong("the host is told by the URL, not by", value,
                     "write it there; --run asks the binding of the house whatever it is");
    const struct slice parts[] = { wish->fields, line, SLICE("\r\n") };
    wish->fields = arena_join(arena, parts, 3);
    return 0;
}

static int take_from(struct wish *wish, const char *value)
{
    if (!address_parse_ip(slice_cstr(value), 0, &wish->from))
        return wrong("this is no address:", value,
                     "IPv4 or IPv6, as in: --from 192.0.2.7, --from 2001:db8::7");
    wish->has_from = true;
    return 0;
}

static int take_word(struct wish *wish, int argc, char **argv, int *at, struct arena *arena)
{
    const char *value;

    if ((value = word_value("-c", argc, argv, at)) != NULL)
        wish->config = value;
    else if ((value = word_value("-X", argc, argv, at)) != NULL)
        return take_method(wish, value);
    else if ((value = word_value("-H", argc, argv, at)) != NULL)
        return take_field(wish, value, arena);
    else if ((value = word_value("--from", argc, argv, at)) != NULL)
        return take_from(wish, value);
    else if (strcmp(argv[*at], "--json") == 0)
        wish->json = true;
    else if (strcmp(argv[*at], "--run") == 0)
        wish->run = true;
    else if (argv[*at][0] == '-')
        return wrong("there is no option", argv[*at], how);
    else
        wish->urls[wish->url_count++] = argv[*at];
    return 0;
}

static int read_words(struct wish *wish, int argc, char **argv, struct arena *arena)
{
    *wish = (struct wish){ .config = CONFIG_FOLDER, .method = SLICE("GET") };
    address_parse_ip(SLICE("127.0.0.1"), 0, &wish->from);
    wish->urls = arena_array(arena, const char *, (size_t)argc + 1);
    for (int i = 0; i < argc; i++) {
        const int status = take_word(wish, argc, argv, &i, arena);

        if (status != 0)
            return status;
    }
    if (wish->url_count == 0)
        return usage(how);
    if (wish->run && wish->has_from)
        return wrong("--run comes from this machine, and", "--from",
                     "says otherwise; leave one of them out");
    return 0;
}

/* ---- bans: only the running house knows them ---- */

static bool line_is_about(struct slice line, const union socket_address *client)
{
    unsigned char wanted[16];
    unsigned char key[16];
    union socket_address banned;
    struct slice word;
    struct slice rest;

    (void)slice_cut(line, ' ', &word, &rest);
    (void)slice_cut(word, '/', &word, &rest); /* IPv6: a network */
    if (!address_parse_ip(word, 0, &banned))
        return false;
    const unsigned len = address_client_key(client, wanted);
    return address_client_key(&banned, key) == len && memcmp(key, wanted, len) == 0;
}

/* Nobody is banned in a house that does not run, or does not speak with us. */
static bool is_banned(const struct server_conf *conf, const union socket_address *client,
                      struct arena *arena)
{
    static const char question[] = "bans\n";
    char *text = NULL;
    size_t len = 0;
    bool banned = false;
    struct slice line;

    scoped_fd fd = control_connect(arena_cstr(arena, conf->control_socket));
    if (fd < 0 || fd_write_all(fd, question, sizeof(question) - 1) < 0 ||
        fd_read_all(fd, (size_t)16 * 1024 * 1024, &text, &len) < 0)
        return false;
    struct slice rest = slice_of(text, len);
    while (!banned && slice_next(&rest, '\n', &line))
        banned = line_is_about(line, client);
    free(text);
    return banned;
}

/* ---- one URL ---- */

struct job {
    const struct wish *wish;
    const struct server_conf *conf;
    struct stage *stage;
    bool is_banned;
};

static int no_binding(const struct server_conf *conf, const struct url *url, const char *text)
{
    fprintf(stderr, "longhouse: no Binding has what '%s' asks for (%s", text,
            url->secure ? "TLS" : "no TLS");
    if (url->port > 0)
        fprintf(stderr, ", port %u", url->port);
    fprintf(stderr, ")\n      = there are:");
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        fprintf(stderr, "%s %s on port %u (%s:%u)", binding == conf->bindings ? "" : ",",
                binding->tls.certificates ? "https" : "http", binding->port, binding->place.file,
                binding->place.line);
    fputc('\n', stderr);
    return 2;
}

/* The house answers for such a name, too, but hardly as it is meant. */
static void warn_unknown(const struct server_conf *conf, const struct url *url, struct arena *arena)
{
    unsigned count = 0;
    unsigned next = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        for (const struct conf_word *word = host->hostnames; word; word = word->next)
            count++;
    const char **names = arena_array(arena, const char *, count);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        for (const struct conf_word *word = host->hostnames; word; word = word->next)
            names[next++] = arena_cstr(arena, word->text);
    const char *nearest = diag_nearest(url->host, names, count);
    fprintf(stderr,
            "longhouse: no Hostname of the configuration is '%.*s': the default host "
            "answers for it\n",
            SLICE_ARGS(url->host));
    if (nearest)
        fprintf(stderr, "      = did you mean '%s'?\n", nearest);
}

static void send_too(const struct job *job, const struct stage_question *question,
                     const struct stage_answer *answer, struct arena *arena, struct sent *ret)
{
    union socket_address address = send_address(&question->binding->address);
    const char *name = question->url->secure ? arena_cstr(arena, question->url->host) : NULL;

    (void)job;
    address_set_port(&address, question->binding->port);
    send_request(&address, name, answer->head, arena, ret);
}

static int explain(const struct job *job, const char *text)
{
    const struct wish *wish = job->wish;
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct stage_answer answer;
    struct sent sent;
    struct url url;

    if (url_parse(slice_cstr(text), &arena, &url, &fault) != PARSE_DONE) {
        const int status = wrong("this is no URL that can be explained:", text, fault.why);

        arena_done(&arena);
        return status;
    }
    const struct stage_question question = {
        .url = &url,
        .binding = binding_for(job->conf, &url),
        .method = wish->method,
        .fields = wish->fields,
        .from = wish->from,
        .is_banned = job->is_banned,
    };
    if (!question.binding) {
        arena_done(&arena);
        return no_binding(job->conf, &url, text);
    }
    stage_ask(job->stage, &question, &arena, &answer);
    if (answer.is_unknown)
        warn_unknown(job->conf, &url, &arena);
    if (wish->run)
        send_too(job, &question, &answer, &arena, &sent);
    if (wish->json)
        show_json(stdout, &question, &answer, wish->run ? &sent : NULL);
    else
        show_text(stdout, has_colours(stdout), &question, &answer, wish->run ? &sent : NULL);
    const int status = wish->run && sent.why ? 1 : 0;
    arena_done(&arena);
    return status;
}

/* ---- all of them ---- */

static int explain_all(const struct wish *wish, const struct server_conf *conf, struct arena *arena)
{
    struct job job = { .wish = wish, .conf = conf };
    int status = 0;

    job.is_banned = is_banned(conf, &wish->from, arena);
    if (!become_server_user(conf, arena))
        return 1;
    const int r = stage_open(conf, &job.stage);
    if (r < 0) {
        fprintf(stderr, "longhouse: %s\n", strerror(-r));
        return 1;
    }
    for (unsigned i = 0; i < wish->url_count; i++) {
        const int one = explain(&job, wish->urls[i]);

        if (!wish->json && i + 1 < wish->url_count)
            putchar('\n');
        status = one > status ? one : status;
    }
    stage_close(job.stage);
    return status;
}

int inspector_explain(int argc, char **argv)
{
    struct arena arena = { 0 };
    struct wish wish;
    int status = read_words(&wish, argc, argv, &arena);

    if (status == 0) {
        const struct server_conf *conf = tool_load(wish.config, false, &arena, NULL);

        status = conf ? explain_all(&wish, conf, &arena) : 1;
    }
    arena_done(&arena);
    return status;
}
