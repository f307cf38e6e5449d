/*
 * The bare bound: the least that still answers the same requests. One epoll loop that accepts
 * HTTP/1.1, starts programs with vfork, reads, waits, answers; or talks to FastCGI applications
 * with records that were encoded beforehand. No log, no hosts, no limits, no errors: it is no
 * server, only a measure.
 *
 *     bare PORT FOLDER [EXTENSION=SOCKET[=LINKS]]...
 *
 *     /x.cgi  is executed       /x.pl, /x.py, /x.sh  by their interpreters
 *     /x.txt  is read once and then sent out of memory
 *     /x.EXTENSION  is asked for at SOCKET, over so many connections that are kept; without LINKS
 *                   over a connection for each request, which the application is not asked to keep
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD_MOST   8192
#define ANSWER_MOST (256 * 1024)
#define PARTS_MOST  64
#define PIPE_BYTES  (256 * 1024)
#define FILE_MOST   (16u << 20)
#define APPS_MOST   4

enum kind { LISTENER, CLIENT, PROGRAM_OUT, PROGRAM_IN, LINK };

struct watch {
    enum kind kind;
    int fd;
    void *owner;
};

struct link {
    struct watch watch;
    struct app *app;
    struct client *client;
    struct link *next; /* free ones */
};

struct request { /* encoded beforehand: once for each path */
    char path[256];
    char bytes[8192];
    size_t len;
};

struct app {
    const char *extension, *socket;
    int keeps;
    int busy; /* links in use */
    struct link *free_links;
    struct client *first_waiting, **last_waiting;
    struct request requests[4];
};

struct client {
    struct watch watch;
    struct watch out; /* of the program */
    struct watch in;
    pid_t pid;
    uint64_t body_left;
    struct client *next; /* waits for a link */
    char path[256];
    struct iovec parts[PARTS_MOST]; /* not yet written */
    int part, part_count;
    char head[256];
    int last; /* the client wants no other answer on this connection */
    int asks; /* an application: the answer is put here, whoever is still there */
    size_t got, parsed;
    char in_bytes[HEAD_MOST];
    char answer[ANSWER_MOST];
};

static int epoll;
static const char *folder;
static char *environment[32];
static struct client *free_clients;
static struct app apps[APPS_MOST + 1]; /* the last has no extension */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(struct watch *w, enum kind kind, int fd, uint32_t events, void *owner)
{
    struct epoll_event event = { .events = events, .data.ptr = w };

    *w = (struct watch){ .kind = kind, .fd = fd, .owner = owner };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

/* A child may hold a copy until its exec: close alone would leave a stale entry. */
static void unwatch(struct watch *w)
{
    epoll_ctl(epoll, EPOLL_CTL_DEL, w->fd, NULL);
    close(w->fd);
    w->fd = -1;
}

static void free_client(struct client *client)
{
    client->next = free_clients;
    free_clients = client;
}

/* The event of a connection that is gone may still be in this batch: its memory is never given
 * back. */
static void leave(struct client *client)
{
    close(client->watch.fd);
    client->watch.fd = -1;
    if (!client->asks)
        free_client(client);
}

static void enter(int fd)
{
    struct client *client = free_clients;

    if (client)
        free_clients = client->next;
    else
        client = malloc(sizeof(*client));
    if (!client)
        die("malloc");
    client->in.fd = client->out.fd = -1;
    client->part = client->part_count = client->last = client->asks = 0;
    client->body_left = 0;
    watch(&client->watch, CLIENT, fd, EPOLLIN | EPOLLOUT | EPOLLET, client);
}

/* ---- answers ---- */

static void flush(struct client *client)
{
    while (client->part < client->part_count) {
        struct iovec *parts = client->parts + client->part;
        ssize_t put = writev(client->watch.fd, parts, client->part_count - client->part);

        if (put < 0)
            return; /* full: an edge will come; gone: the end will */
        while (client->part < client->part_count &&
               (size_t)put >= client->parts[client->part].iov_len)
            put -= (ssize_t)client->parts[client->part++].iov_len;
        if (client->part < client->part_count) {
            client->parts[client->part].iov_base =
                (char *)client->parts[client->part].iov_base + put;
            client->parts[client->part].iov_len -= (size_t)put;
        }
    }
    if (client->last && client->part_count > 0)
        leave(client);
}

/* parts[1..part_count) hold the content. */
static void send_content(struct client *client)
{
    size_t length = 0;

    for (int i = 1; i < client->part_count; i++)
        length += client->parts[i].iov_len;
    client->parts[0].iov_base = client->head;
    client->parts[0].iov_len = (size_t)snprintf(
        client->head, sizeof(client->head),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n", length,
        client->last ? "Connection: close\r\n" : "");
    client->part = 0;
    flush(client);
}

/* parts[1..part_count) hold what the program said; its head is replaced by one for HTTP. */
static void answer(struct client *client)
{
    struct iovec *first = &client->parts[1];
    char *end = memmem(first->iov_base, first->iov_len, "\n\n", 2);
    size_t skip = end ? 2 : 4;

    if (!end)
        end = memmem(first->iov_base, first->iov_len, "\r\n\r\n", 4);
    if (!end) {
        fprintf(stderr, "bare: an answer without a head\n");
        exit(1);
    }
    first->iov_len -= (size_t)(end - (char *)first->iov_base) + skip;
    first->iov_base = end + skip;
    send_content(client);
}

/* ---- files ---- */

static struct iovec read_file(const char *path)
{
    char name[512];
    struct iovec content = { malloc(FILE_MOST), 0 };
    FILE *file;

    snprintf(name, sizeof(name), "%s%s", folder, path);
    file = fopen(name, "r");
    if (!file || !content.iov_base)
        die(name);
    content.iov_len = fread(content.iov_base, 1, FILE_MOST, file);
    fclose(file);
    return content;
}

static void send_file(struct client *client)
{
    static char paths[4][256];
    static struct iovec contents[4];
    int i = 0;

    while (strcmp(paths[i], client->path) != 0 && paths[i][0])
        i++;
    if (!paths[i][0]) {
        strcpy(paths[i], client->path);
        contents[i] = read_file(client->path);
    }
    client->parts[1] = contents[i];
    client->part_count = 2;
    send_content(client);
}

/* ---- CGI ---- */

static void make_pipe(int ends[2], int ours)
{
    if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0)
        die("pipe");
}

static const char *interpreter_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    return strcmp(dot, ".pl") == 0   ? "/usr/bin/perl"
           : strcmp(dot, ".py") == 0 ? "/usr/bin/python3"
           : strcmp(dot, ".sh") == 0 ? "/bin/sh"
                                     : NULL;
}

static pid_t launch(char *const arguments[], int in, int out)
{
    pid_t pid = vfork();

    if (pid != 0)
        return pid;
    dup2(out, 1);
    if (in >= 0)
        dup2(in, 0);
    execve(arguments[0], arguments, environment);
    _exit(127);
}

static void start_program(struct client *client)
{
    char script[512];
    const char *interpreter = interpreter_of(client->path);
    char *arguments[] = { (char *)interpreter, script, NULL };
    int in[2] = { -1, -1 };
    int out[2];

    snprintf(script, sizeof(script), "%s%s", folder, client->path);
    make_pipe(out, 0);
    if (client->body_left > 0) {
        make_pipe(in, 1);
        fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES);
    }
    client->pid = launch(interpreter ? arguments : arguments + 1, in[0], out[1]);
    close(out[1]);
    watch(&client->out, PROGRAM_OUT, out[0], EPOLLIN, client);
    if (in[0] >= 0) {
        close(in[0]);
        watch(&client->in, PROGRAM_IN, in[1], EPOLLOUT | EPOLLET, client);
    }
    client->got = 0;
}

/* From the socket to the program, as far as both go. */
static void pump_body(struct client *client)
{
    while (client->body_left > 0) {
        ssize_t moved = splice(client->watch.fd, NULL, client->in.fd, NULL, client->body_left,
                               SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (moved <= 0)
            return;
        client->body_left -= (uint64_t)moved;
    }
    if (client->in.fd >= 0)
        unwatch(&client->in);
}

static void read_program(struct client *client, uint32_t events)
{
    const size_t room = ANSWER_MOST - client->got;
    ssize_t got = read(client->out.fd, client->answer + client->got, room);

    if (got > 0)
        client->got += (size_t)got;
    if (got > 0 && !((events & EPOLLHUP) && (size_t)got < room))
        return;
    unwatch(&client->out);
    waitpid(client->pid, NULL, 0);
    client->parts[1] = (struct iovec){ client->answer, client->got };
    client->part_count = 2;
    answer(client);
}

/* ---- FastCGI ---- */

static char *put_head(char *at, int type, size_t len)
{
    const unsigned char head[8] = {
        1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len, 0, 0
    };

    memcpy(at, head, 8);
    return at + 8;
}

static size_t put_param(char *at, const char *name, size_t name_len, const char *value)
{
    const size_t value_len = strlen(value);

    at[0] = (char)name_len;
    at[1] = (char)value_len;
    memcpy(at + 2, name, name_len);
    memcpy(at + 2 + name_len, value, value_len);
    return 2 + name_len + value_len;
}

/* The whole request: everything but the script is the same each time. */
static size_t encode(char *at, const char *path, int keeps)
{
    const char begin_body[8] = { 0, 1, (char)keeps }; /* responder */
    char *const begin = at;
    char params[4096];
    char script[512];
    size_t len = 0;

    for (char **entry = environment; *entry; entry++) {
        char *equals = strchr(*entry, '=');
        len += put_param(params + len, *entry, (size_t)(equals - *entry), equals + 1);
    }
    snprintf(script, sizeof(script), "%s%s", folder, path);
    len += put_param(params + len, "SCRIPT_NAME", 11, path);
    len += put_param(params + len, "SCRIPT_FILENAME", 15, script);
    at = put_head(at, 1, sizeof(begin_body));
    memcpy(at, begin_body, sizeof(begin_body));
    at = put_head(at + sizeof(begin_body), 4, len);
    memcpy(at, params, len);
    at = put_head(at + len, 4, 0);
    return (size_t)(put_head(at, 5, 0) - begin);
}

static const struct request *request_for(struct app *app, const char *path)
{
    struct request *request = app->requests;

    while (strcmp(request->path, path) != 0 && request->path[0])
        request++;
    if (!request->path[0]) {
        strcpy(request->path, path);
        request->len = encode(request->bytes, path, app->keeps);
    }
    return request;
}

/* Not before there is something to say: libfcgi drops connections that are silent at first. -1: no
 * more of them fit into the application's queue. */
static int open_link(const struct app *app)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", app->socket);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd < 0 || errno != EAGAIN || app->busy == 0)
        die(app->socket);
    close(fd);
    return -1;
}

static void free_link(struct link *link)
{
    link->next = link->app->free_links;
    link->app->free_links = link;
}

static void add_link(struct app *app)
{
    struct link *link = calloc(1, sizeof(*link));

    if (!link)
        die("calloc");
    link->watch.fd = -1;
    link->app = app;
    free_link(link);
}

static void wait_for_link(struct app *app, struct client *client)
{
    client->next = NULL;
    *app->last_waiting = client;
    app->last_waiting = &client->next;
}

static void ask_application(struct app *app, struct client *client)
{
    const struct request *request = request_for(app, client->path);
    struct link *link;
    int fd;

    client->asks = 1;
    if (!app->free_links && !app->keeps)
        add_link(app);
    link = app->free_links;
    fd = !link ? -1 : link->watch.fd >= 0 ? link->watch.fd : open_link(app);
    if (fd < 0) {
        wait_for_link(app, client);
        return;
    }
    app->free_links = link->next;
    app->busy++;
    link->client = client;
    client->got = client->parsed = 0;
    client->part_count = 1;
    if (write(fd, request->bytes, request->len) != (ssize_t)request->len)
        die("write to the application");
    if (link->watch.fd < 0)
        watch(&link->watch, LINK, fd, EPOLLIN, link);
}

static void release(struct link *link)
{
    struct app *app = link->app;
    struct client *client = app->first_waiting;

    if (!app->keeps) {
        close(link->watch.fd);
        link->watch.fd = -1;
    }
    app->busy--;
    free_link(link);
    if (!client)
        return;
    app->first_waiting = client->next;
    if (!app->first_waiting)
        app->last_waiting = &app->first_waiting;
    ask_application(app, client);
}

static void read_application(struct link *link)
{
    struct client *client = link->client;
    ssize_t got = read(link->watch.fd, client->answer + client->got, ANSWER_MOST - client->got);

    if (got <= 0)
        die("read from the application");
    client->got += (size_t)got;
    while (client->got - client->parsed >= 8) {
        const unsigned char *head = (unsigned char *)client->answer + client->parsed;
        size_t len = (size_t)head[4] << 8 | head[5];

        if (client->got - client->parsed < 8 + len + head[6])
            return;
        if (head[1] == 6 && len > 0)
            client->parts[client->part_count++] = (struct iovec){ (char *)head + 8, len };
        client->parsed += 8 + len + head[6];
        if (head[1] == 3) {
            client->asks = 0;
            if (client->watch.fd >= 0)
                answer(client);
            else
                free_client(client);
            release(link);
            return;
        }
    }
}

static struct app *app_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    struct app *app = apps;

    while (app->extension && !(dot && strcmp(dot + 1, app->extension) == 0))
        app++;
    return app->extension ? app : NULL;
}

/* `words`: EXTENSION=SOCKET[=LINKS] */
static void add_app(struct app *app, char *words)
{
    char *links;

    app->extension = strsep(&words, "=");
    app->socket = strsep(&words, "=");
    links = strsep(&words, "=");
    app->keeps = links != NULL;
    app->last_waiting = &app->first_waiting;
    for (int count = links ? atoi(links) : 0; count > 0; count--)
        add_link(app);
}

/* ---- clients ---- */

static void begin_request(struct client *client, size_t len)
{
    char *end = memmem(client->in_bytes, len, "\r\n\r\n", 4);
    char *path = memchr(client->in_bytes, '/', len);
    char *length = memmem(client->in_bytes, len, "\r\nContent-Length:", 17);
    struct app *app;
    size_t path_len;

    if (!end || !path) {
        fprintf(stderr, "bare: a head that did not come in one piece\n");
        exit(1);
    }
    path_len = strcspn(path, " ?");
    memcpy(client->path, path, path_len);
    client->path[path_len] = '\0';
    client->body_left = length && length < end ? strtoull(length + 17, NULL, 10) : 0;
    client->last = memmem(client->in_bytes, len, "\r\nConnection: close", 19) != NULL;
    if (strstr(client->path, ".txt")) {
        send_file(client);
        return;
    }
    app = app_of(client->path);
    if (app) {
        ask_application(app, client);
        return;
    }
    start_program(client);
    if (client->body_left > 0) {
        size_t had = len - (size_t)(end + 4 - client->in_bytes);

        if (had > 0 && write(client->in.fd, end + 4, had) != (ssize_t)had)
            die("write to the program");
        client->body_left -= had;
        pump_body(client);
    }
}

static void on_client(struct client *client, uint32_t events)
{
    if (events & EPOLLOUT)
        flush(client);
    if (client->in.fd >= 0) {
        pump_body(client);
        return;
    }
    if (!(events & EPOLLIN))
        return;
    ssize_t got = recv(client->watch.fd, client->in_bytes, sizeof(client->in_bytes), 0);
    if (got > 0) {
        begin_request(client, (size_t)got);
    } else if (got == 0 || errno != EAGAIN) {
        leave(
            client); /* between requests: the load never leaves in the middle of one that counts */
    }
}

static void on_listener(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        const int on = 1;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        enter(fd);
    }
}

static int open_listener(int port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1024) < 0)
        die("listen");
    return fd;
}

/* What RFC 3875 asks for, and no more. */
static void make_environment(void)
{
    static char *const entries[] = {
        "GATEWAY_INTERFACE=CGI/1.1",
        "SERVER_SOFTWARE=bare",
        "SERVER_PROTOCOL=HTTP/1.1",
        "SERVER_NAME=127.0.0.1",
        "SERVER_PORT=80",
        "REQUEST_METHOD=GET",
        "QUERY_STRING=",
        "REMOTE_ADDR=127.0.0.1",
        "REMOTE_PORT=1024",
        "HTTP_HOST=127.0.0.1",
        "REQUEST_URI=/program",
        "CONTENT_LENGTH=1048576",
        "PATH=/usr/local/bin:/usr/bin:/bin",
    };
    size_t count = sizeof(entries) / sizeof(entries[0]);

    memcpy(environment, entries, count * sizeof(entries[0]));
    environment[count++] = strcat(strcpy(malloc(512), "DOCUMENT_ROOT="), folder);
}

int main(int argc, char **argv)
{
    struct watch listener;
    struct epoll_event events[128];

    if (argc < 3)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    folder = argv[2];
    make_environment();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(&listener, LISTENER, open_listener(atoi(argv[1])), EPOLLIN, NULL);
    for (int i = 0; i < APPS_MOST && i < argc - 3; i++)
        add_app(&apps[i], argv[3 + i]);
    for (;;) {
        int count = epoll_wait(epoll, events, 128, -1);

        for (int i = 0; i < count; i++) {
            struct watch *w = events[i].data.ptr;

            if (w->fd < 0)
                continue; /* closed in this batch */
            switch (w->kind) {
            case LISTENER:
                on_listener(w->fd);
                break;
            case CLIENT:
                on_client(w->owner, events[i].events);
                break;
            case PROGRAM_OUT:
                read_program(w->owner, events[i].events);
                break;
            case PROGRAM_IN:
                pump_body(w->owner);
                break;
            case LINK:
                read_application(w->owner);
                break;
            }
        }
    }
}
