/*
 * The bare bound: the least that still answers the same requests. One epoll loop that accepts
 * HTTP/1.1, starts programs with vfork, reads, waits, answers; or talks to a FastCGI application
 * over kept connections with records that were encoded beforehand. No log, no hosts, no limits, no
 * errors: it is no server, only a measure.
 *
 *     bare PORT FOLDER [SOCKET LINKS]
 *
 *     /x.cgi  is executed       /x.pl, /x.py, /x.sh  by their interpreters
 *     /x.txt  is read once and then sent out of memory                  everything else goes to
 * SOCKET
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

enum kind { LISTENER, CLIENT, PROGRAM_OUT, PROGRAM_IN, LINK };

struct watch {
    enum kind kind;
    int fd;
    void *owner;
};

struct link {
    struct watch watch;
    struct client *client;
    struct link *next; /* free ones */
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
    size_t got, parsed;
    char in_bytes[HEAD_MOST];
    char answer[ANSWER_MOST];
};

static int epoll;
static const char *folder;
static const char *application; /* its socket */
static char *environment[32];
static struct link *free_links;
static struct client *free_clients;
static struct client *first_waiting, **last_waiting = &first_waiting;

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

/* The event of a connection that is gone may still be in this batch: its memory is never given
 * back. */
static void leave(struct client *client)
{
    close(client->watch.fd);
    client->watch.fd = -1;
    client->next = free_clients;
    free_clients = client;
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
    client->part = client->part_count = client->last = 0;
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

/* The whole request: everything but the script is the same each time. */
static size_t encode(char *at, const char *path)
{
    char *const begin = at;
    char params[4096];
    size_t len = 0;

    for (char **entry = environment; *entry; entry++) {
        char *equals = strchr(*entry, '=');
        size_t name = (size_t)(equals - *entry);
        size_t value = strlen(equals + 1);

        params[len++] = (char)name;
        params[len++] = (char)value;
        memcpy(params + len, *entry, name);
        memcpy(params + len + name, equals + 1, value);
        len += name + value;
    }
    params[len++] = 11;
    params[len++] = (char)strlen(path);
    memcpy(params + len, "SCRIPT_NAME", 11);
    memcpy(params + len + 11, path, strlen(path));
    len += 11 + strlen(path);
    at = put_head(at, 1, 8);
    memcpy(at, "\0\1\1\0\0\0\0\0", 8); /* responder, keep the connection */
    at = put_head(at + 8, 4, len);
    memcpy(at, params, len);
    at = put_head(at + len, 4, 0);
    return (size_t)(put_head(at, 5, 0) - begin);
}

/* Not before there is something to say: libfcgi drops connections that are silent at first. */
static void connect_link(struct link *link)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", application);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die(application);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    watch(&link->watch, LINK, fd, EPOLLIN, link);
}

static void make_links(int count)
{
    while (count-- > 0) {
        struct link *link = calloc(1, sizeof(*link));

        link->watch.fd = -1;
        link->next = free_links;
        free_links = link;
    }
}

static void send_request(struct link *link, struct client *client)
{
    static char paths[4][256]; /* encoded beforehand: once for each path */
    static char requests[4][8192];
    static size_t lengths[4];
    int i = 0;

    while (strcmp(paths[i], client->path) != 0 && paths[i][0])
        i++;
    if (!paths[i][0]) {
        strcpy(paths[i], client->path);
        lengths[i] = encode(requests[i], client->path);
    }
    if (link->watch.fd < 0)
        connect_link(link);
    link->client = client;
    client->got = client->parsed = 0;
    client->part_count = 1;
    if (write(link->watch.fd, requests[i], lengths[i]) != (ssize_t)lengths[i])
        die("write to the application");
}

static void ask_application(struct client *client)
{
    struct link *link = free_links;

    client->next = NULL;
    if (!link) {
        *last_waiting = client;
        last_waiting = &client->next;
        return;
    }
    free_links = link->next;
    send_request(link, client);
}

static void release(struct link *link)
{
    struct client *client = first_waiting;

    if (!client) {
        link->next = free_links;
        free_links = link;
        return;
    }
    first_waiting = client->next;
    if (!first_waiting)
        last_waiting = &first_waiting;
    send_request(link, client);
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
            answer(client);
            release(link);
            return;
        }
    }
}

/* ---- clients ---- */

static void begin_request(struct client *client, size_t len)
{
    char *end = memmem(client->in_bytes, len, "\r\n\r\n", 4);
    char *path = memchr(client->in_bytes, '/', len);
    char *length = memmem(client->in_bytes, len, "\r\nContent-Length:", 17);
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
    if (!strchr(client->path, '.') || strstr(client->path, ".app")) {
        ask_application(client);
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
    if (argc > 4) {
        application = argv[3];
        make_links(atoi(argv[4]));
    }
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
