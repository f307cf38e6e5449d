/*
 * fastcgi.localhost: a program that stays between requests. It runs twice, on two sockets; each
 * remembers what it answered, and each visitor stays with one of them.
 *
 *   worker SOCKET NAME
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VISITORS_MOST 64
#define ADDRESS_MOST  48

struct visitor {
    char address[ADDRESS_MOST];
    unsigned visits;
};

struct memory {
    const char *name;
    time_t since;
    unsigned long answers;
    struct visitor visitors[VISITORS_MOST]; /* the newest takes the place of the oldest */
    unsigned next;
};

static struct visitor *find_visitor(struct memory *memory, const char *address)
{
    for (unsigned i = 0; i < VISITORS_MOST; i++) {
        if (strcmp(memory->visitors[i].address, address) == 0)
            return &memory->visitors[i];
    }
    struct visitor *visitor = &memory->visitors[memory->next++ % VISITORS_MOST];
    snprintf(visitor->address, sizeof(visitor->address), "%s", address);
    visitor->visits = 0;
    return visitor;
}

static void answer(struct memory *memory, FCGX_Request *request)
{
    const char *address = FCGX_GetParam("REMOTE_ADDR", request->envp);
    struct visitor *visitor = find_visitor(memory, address ? address : "somebody");

    memory->answers++;
    visitor->visits++;
    FCGX_FPrintF(
        request->out,
        "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nX-Worker: %s\r\n\r\n"
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>fastcgi.localhost</title>\n<link rel=\"stylesheet\" href=\"/house.css\">\n"
        "<nav><a href=\"http://localhost:8080/\">← the demo house</a></nav>\n"
        "<header>\n<h1>Two workers, one website</h1>\n"
        "<p class=\"lead\">The same program runs twice. You were answered by</p>\n"
        "<p class=\"big\">worker %s</p>\n</header>\n"
        "<table>\n<tr><th>process<td>%d, awake for %ld seconds\n"
        "<tr><th>you<td>%s, here %u time%s\n<tr><th>all visitors<td>%lu answer%s\n</table>\n"
        "<p>Reload: it stays the same worker, because a visitor keeps to one for "
        "<code>SessionTimeout</code> minutes. Visit from another address, and the other one "
        "may answer:</p>\n"
        "<pre>curl -sI --interface 127.0.0.2 http://fastcgi.localhost:8080/ | grep X-Worker\n"
        "curl -sI --interface 127.0.0.3 http://fastcgi.localhost:8080/ | grep X-Worker</pre>\n"
        "<p>End one of them (<code>kill %d</code>), and the next visit goes to the other without "
        "an error.</p>\n</html>\n",
        memory->name, memory->name, (int)getpid(), (long)(time(NULL) - memory->since),
        visitor->address, visitor->visits, visitor->visits == 1 ? "" : "s", memory->answers,
        memory->answers == 1 ? "" : "s", (int)getpid());
}

int main(int argc, char **argv)
{
    static struct memory memory;
    FCGX_Request request;

    if (argc != 3) {
        fprintf(stderr, "usage: worker SOCKET NAME\n");
        return 2;
    }
    memory.name = argv[2];
    memory.since = time(NULL);
    signal(SIGPIPE, SIG_IGN); /* a visitor who leaves early must not end us */
    umask(0007);              /* the socket is for the user and the group of the house */

    FCGX_Init();
    int fd = FCGX_OpenSocket(argv[1], 64);
    if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0) {
        fprintf(stderr, "worker: cannot listen on %s\n", argv[1]);
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        answer(&memory, &request);
        FCGX_Finish_r(&request);
    }
    return 1;
}
