/*
 * Logins by a cookie or a password, as a program of one's own would do them: asked as FastCGI
 * authorizer it decides, asked as responder it is the form at /login.
 *
 *   fcgi_authorizer SOCKET
 *
 * As authorizer, by the path: /login is for everybody, /slow takes 5 s, /vague says no status,
 * /crash ends it, /basic asks for a password. Everything else is for who has a cookie "key=NAME" or
 * the password of joe.
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *param(const FCGX_Request *request, const char *name)
{
    const char *value = FCGX_GetParam(name, request->envp);

    return value ? value : "";
}

static int starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- as authorizer ---- */

/* FastCGI 1.0, 6.3: none of these is told. */
static const char *forbidden_variable(const FCGX_Request *request)
{
    static const char *const names[] = { "CONTENT_LENGTH", "PATH_INFO", "PATH_TRANSLATED",
                                         "SCRIPT_NAME" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (FCGX_GetParam(names[i], request->envp))
            return names[i];
    return NULL;
}

static int find_user(const FCGX_Request *request, char name[32])
{
    if (strcmp(param(request, "HTTP_AUTHORIZATION"), "Basic am9lOnNlY3JldA==") == 0)
        return snprintf(name, 32, "joe") > 0;
    return sscanf(param(request, "HTTP_COOKIE"), "key=%31[a-z]", name) == 1;
}

static void judge(FCGX_Request *request)
{
    const char *path = param(request, "REQUEST_URI");
    const char *forbidden = forbidden_variable(request);
    char name[32];

    if (forbidden)
        FCGX_FPrintF(request->out, "Status: 500\r\nX-Told: %s\r\n\r\n", forbidden);
    else if (starts(path, "/login"))
        FCGX_FPrintF(request->out, "Status: 200 OK\r\n\r\n");
    else if (starts(path, "/vague"))
        FCGX_FPrintF(request->out, "Content-Type: text/html\r\n\r\n<h1>It works</h1>");
    else if (starts(path, "/crash"))
        _exit(1);
    else if (find_user(request, name))
        FCGX_FPrintF(request->out,
                     "Status: 200 OK\r\nSet-Cookie: dropped=1\r\nVariable-REMOTE_USER: %s\r\n"
                     "Variable-LOGIN_BY: %s\r\nVariable-REMOTE_ADDR: 6.6.6.6\r\n\r\nunseen",
                     name, param(request, "HTTP_COOKIE")[0] ? "cookie" : "password");
    else if (starts(path, "/basic"))
        FCGX_FPrintF(request->out,
                     "Status: 401 Who are you?\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     "Content-Type: text/plain\r\n\r\npassword, please");
    else
        FCGX_FPrintF(request->out, "Status: 303\r\nLocation: /login\r\n\r\n");
}

/* ---- as responder ---- */

static void show_form(FCGX_Request *request)
{
    char body[256];
    int len = FCGX_GetStr(body, sizeof(body) - 1, request->in);

    body[len > 0 ? len : 0] = '\0';
    if (strcmp(body, "name=joe&password=secret") == 0)
        FCGX_FPrintF(request->out, "Status: 303\r\nSet-Cookie: key=joe\r\nLocation: /\r\n\r\n");
    else
        FCGX_FPrintF(request->out, "Content-Type: text/html\r\n\r\n<form method=post>");
}

int main(int argc, char **argv)
{
    FCGX_Request request;

    if (argc > 2) {
        fprintf(stderr, "usage: fcgi_authorizer [SOCKET]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a house that hangs up early must not end us */
    umask(0);                 /* the house may run as another user */

    FCGX_Init();
    int fd = argc > 1 ? FCGX_OpenSocket(argv[1], 64) : 0;
    if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0) {
        fprintf(stderr, "fcgi_authorizer: cannot listen\n");
        return 1;
    }
    while (FCGX_Accept_r(&request) == 0) {
        if (starts(param(&request, "REQUEST_URI"), "/slow"))
            sleep(5);
        if (strcmp(param(&request, "FCGI_ROLE"), "AUTHORIZER") == 0)
            judge(&request);
        else
            show_form(&request);
        FCGX_Finish_r(&request);
    }
    return 1;
}
