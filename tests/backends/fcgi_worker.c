/*
 * A FastCGI application with several acts, chosen by the last part of the URL path:
 *
 *   echo     all parameters, then the body's size, then the body
 *   who      the name given on the command line and the process id
 *   count    the size of the body, which is thrown away
 *   mirror   each piece of the body as soon as it comes
 *   slow     sleeps ?MILLISECONDS, then answers
 *   stall    begins an answer, then sleeps ?MILLISECONDS
 *   crash    ends without an answer
 *   cut      begins an answer, then ends
 *   big      ?BYTES of answer
 *   stderr   two lines on stderr, then an answer
 *   mute     ends the request without a byte
 *   nohead   a body without a head
 *   status   "Status: ?"
 *   say      the query, with '|' for the end of a line and '+' for a blank
 *
 *   fcgi_worker SOCKET NAME
 *   fcgi_worker NAME          started with its listening socket as stdin, as a house or spawn-fcgi
 * does; with DEAF=1 in its environment it listens to no signal but KILL
 *
 * One request at a time, one connection for each, as most libfcgi programs.
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *worker_name;

static const char *param(const FCGX_Request *request, const char *name)
{
    const char *value = FCGX_GetParam(name, request->envp);

    return value ? value : "";
}

static long query_number(const FCGX_Request *request)
{
    return atol(param(request, "QUERY_STRING"));
}

static void wait_ms(long ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&left, NULL);
}

static void say_text_head(FCGX_Request *request)
{
    FCGX_FPrintF(request->out, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
}

static void copy_body(FCGX_Request *request, FCGX_Stream *out)
{
    char data[16384];
    int n;

    while ((n = FCGX_GetStr(data, sizeof(data), request->in)) > 0)
        FCGX_PutStr(data, n, out);
}

static void act_echo(FCGX_Request *request)
{
    char *body = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&body, &len);
    char data[16384];
    int n;

    if (!memory)
        abort();
    while ((n = FCGX_GetStr(data, sizeof(data), request->in)) > 0)
        fwrite(data, 1, (size_t)n, memory);
    fclose(memory);

    say_text_head(request);
    for (char **variable = request->envp; *variable; variable++)
        FCGX_FPrintF(request->out, "param.%s\n", *variable);
    FCGX_FPrintF(request->out, "worker=%s\nbody.bytes=%ld\nbody=", worker_name, (long)len);
    FCGX_PutStr(body, (int)len, request->out);
    free(body);
}

static void act_who(FCGX_Request *request)
{
    say_text_head(request);
    FCGX_FPrintF(request->out, "%s %d\n", worker_name, (int)getpid());
}

static void act_count(FCGX_Request *request)
{
    char data[65536];
    long long total = 0;
    int n;

    while ((n = FCGX_GetStr(data, sizeof(data), request->in)) > 0)
        total += n;
    say_text_head(request);
    FCGX_FPrintF(request->out, "bytes=%lld\n", total);
}

static void act_mirror(FCGX_Request *request)
{
    FCGX_FPrintF(request->out, "Content-Type: application/octet-stream\r\n\r\n");
    copy_body(request, request->out);
}

static void act_slow(FCGX_Request *request)
{
    wait_ms(query_number(request));
    act_who(request);
}

static void act_stall(FCGX_Request *request)
{
    say_text_head(request);
    FCGX_FPrintF(request->out, "so far");
    FCGX_FFlush(request->out);
    wait_ms(query_number(request));
}

static void act_crash(FCGX_Request *request)
{
    (void)request;
    _exit(3);
}

static void act_cut(FCGX_Request *request)
{
    FCGX_FPrintF(request->out, "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nso far");
    FCGX_FFlush(request->out);
    _exit(3);
}

static void act_big(FCGX_Request *request)
{
    char data[16384];
    long left = query_number(request);

    memset(data, 'x', sizeof(data));
    say_text_head(request);
    while (left > 0) {
        long part = left < (long)sizeof(data) ? left : (long)sizeof(data);

        if (FCGX_PutStr(data, (int)part, request->out) < 0)
            return;
        left -= part;
    }
}

static void act_stderr(FCGX_Request *request)
{
    FCGX_FPrintF(request->err, "first words of %s\nsecond words", worker_name);
    FCGX_FFlush(request->err);
    act_who(request);
}

static void act_mute(FCGX_Request *request)
{
    (void)request;
}

static void act_nohead(FCGX_Request *request)
{
    FCGX_FPrintF(request->out, "these are no fields");
}

static void act_status(FCGX_Request *request)
{
    FCGX_FPrintF(request->out, "Status: %s\r\n", param(request, "QUERY_STRING"));
    act_who(request);
}

static void act_say(FCGX_Request *request)
{
    for (const char *c = param(request, "QUERY_STRING"); *c; c++)
        FCGX_PutChar(*c == '|' ? '\n' : *c == '+' ? ' ' : *c, request->out);
}

static const struct act {
    const char *name;
    void (*run)(FCGX_Request *request);
} acts[] = {
    { "echo", act_echo }, { "who", act_who },       { "mirror", act_mirror },
    { "slow", act_slow }, { "stall", act_stall },   { "crash", act_crash },
    { "cut", act_cut },   { "big", act_big },       { "stderr", act_stderr },
    { "mute", act_mute }, { "nohead", act_nohead }, { "status", act_status },
    { "say", act_say },   { "count", act_count },
};

static void answer(FCGX_Request *request)
{
    const char *path = param(request, "SCRIPT_NAME");
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t len = strcspn(name, ".");

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (strlen(acts[i].name) == len && strncmp(acts[i].name, name, len) == 0) {
            acts[i].run(request);
            return;
        }
    }
    act_echo(request);
}

int main(int argc, char **argv)
{
    FCGX_Request request;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: fcgi_worker [SOCKET] NAME\n");
        return 2;
    }
    worker_name = argv[argc - 1];
    signal(SIGPIPE, SIG_IGN); /* a house that hangs up early must not end us */
    umask(0);                 /* the house may run as another user */

    FCGX_Init();
    if (getenv("DEAF")) {
        signal(SIGTERM, SIG_IGN);
        signal(SIGUSR1, SIG_IGN);
    }
    int fd = argc == 3 ? FCGX_OpenSocket(argv[1], 64) : 0;
    if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0) {
        fprintf(stderr, "fcgi_worker: cannot listen on %s\n", argv[1]);
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        answer(&request);
        FCGX_Finish_r(&request);
    }
    return 1;
}
