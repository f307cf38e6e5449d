/*
 * The names in ConnectTo, looked up as the house would do it: by its resolver, as the user of the
 * server and without rights, so that whoever calls `check` reads nothing that a DNS server sent.
 */
#include "base/host_name.h"
#include "config/load.h"
#include "config/run_as.h"
#include "ipc/handover.h"
#include "ipc/resolve.h"
#include "os/fd.h"
#include "os/pass.h"
#include "os/sandbox.h"
#include "tool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_UP_MS 3000u /* for all names together */

struct question {
    struct question *next;
    const struct connect_conf *target;
    bool answered;
    struct slice addresses; /* "10.0.0.11:9000, 10.0.0.12:9000"; empty: none */
    struct slice why;       /* then */
};

struct questions {
    struct question *first;
    struct question *unsent;
    unsigned left; /* that are not answered */
    struct arena *arena;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void list(struct questions *questions, const struct server_conf *conf)
{
    struct question **end = &questions->first;

    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next)
        for (const struct connect_conf *target = section->targets; target; target = target->next) {
            if (target->host.len == 0)
                continue;
            *end = arena_new(questions->arena, struct question);
            **end = (struct question){ .target = target, .why = SLICE("no answer within 3 s") };
            end = &(*end)->next;
            questions->left++;
        }
    questions->unsent = questions->first;
}

/* ---- the resolver ---- */

static _Noreturn void become_resolver(const char *path, const struct account *account, int channel)
{
    if (account &&
        sandbox_become(account->user, account->group, account->groups, account->group_count) < 0)
        _exit(126);
    if (channel == HANDOVER_FD ? fcntl(channel, F_SETFD, 0) < 0 : dup2(channel, HANDOVER_FD) < 0)
        _exit(126);
    execl(path, "longhouse resolver", (char *)NULL);
    _exit(127);
}

/* 0, or negative errno. *ret_channel: to the resolver as its supervisor. */
static int start_resolver(const struct server_conf *conf, struct arena *arena, pid_t *ret_pid,
                          int *ret_channel)
{
    struct account account;
    const bool switches = geteuid() == 0;
    char path[4096];
    scoped_fd own = -1;
    scoped_fd its = -1;

    if (switches && account_find(conf->server_user, conf->server_groups, arena, &account))
        return -EPERM;
    if (!find_program("resolver", path, sizeof(path)))
        return -ENOENT;
    int r = pass_pair(&own, &its);
    if (r < 0)
        return r;
    *ret_pid = fork();
    if (*ret_pid < 0)
        return -errno;
    if (*ret_pid == 0)
        become_resolver(path, switches ? &account : NULL, its);
    *ret_channel = fd_take(&own);
    return 0;
}

/* Gives it a channel for questions, as a server has one. */
static int open_questions(const struct server_conf *conf, int resolver, int *ret)
{
    char nameserver[ADDRESS_TEXT_MOST] = "";
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    scoped_fd own = -1;
    scoped_fd its = -1;

    if (conf->nameserver.any.sa_family != AF_UNSPEC)
        address_text_port(&conf->nameserver, nameserver);
    const struct handover message = { .kind = HANDOVER_RESOLVER, .text = slice_cstr(nameserver) };
    int r = pass_pair(&own, &its);
    if (r == 0)
        r = pass_send(resolver, parts, handover_encode(&message, head, parts), &its, 1);
    if (r == 0)
        *ret = fd_take(&own);
    return r;
}

/* ---- questions and answers ---- */

static int send_one(struct questions *questions, int channel)
{
    const struct connect_conf *target = questions->unsent->target;
    struct resolve_message message = {
        .kind = RESOLVE_ASK,
        .ask = { .is_srv = target->is_srv, .port = target->port, .name = target->host },
    };
    char bytes[RESOLVE_MESSAGE_MOST];

    for (const struct question *q = questions->first; q != questions->unsent; q = q->next)
        message.ask.token++;
    struct iovec part = { bytes, resolve_encode(&message, bytes) };
    int r = pass_send(channel, &part, 1, NULL, 0);
    if (r == 0)
        questions->unsent = questions->unsent->next;
    return r;
}

static struct slice join(struct arena *arena, const struct resolve_answer *answer)
{
    struct slice all = { 0 };
    char text[ADDRESS_TEXT_MOST];

    for (unsigned i = 0; i < answer->count; i++)
        all = arena_printf(arena, "%.*s%s%s", SLICE_ARGS(all), i > 0 ? ", " : "",
                           address_text_port(&answer->addresses[i].address, text));
    return all;
}

static void take_answer(struct questions *questions, const struct resolve_answer *answer)
{
    struct question *question = questions->first;

    for (uint32_t i = 0; question && i < answer->token; i++)
        question = question->next;
    if (!question || question->answered)
        return;
    question->answered = true;
    question->addresses = join(questions->arena, answer);
    question->why = arena_copy(questions->arena, answer->error);
    questions->left--;
}

static int receive_one(struct questions *questions, int channel)
{
    char bytes[RESOLVE_MESSAGE_MOST];
    struct resolve_message message;
    int fd_count;
    int len = pass_receive(channel, bytes, sizeof(bytes), NULL, 0, &fd_count);

    if (len <= 0)
        return len == 0 ? -ECONNRESET : len;
    if (resolve_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE ||
        message.kind != RESOLVE_ANSWER)
        return -EBADMSG;
    take_answer(questions, &message.answer);
    return 0;
}

/* Until all is answered, the time is over, or the resolver has failed. */
static void talk(struct questions *questions, int channel)
{
    const uint64_t end_ms = now_ms() + LOOK_UP_MS;
    int r = 0;

    while (questions->left > 0 && (r == 0 || r == -EAGAIN)) {
        const uint64_t now = now_ms();
        struct pollfd news = { .fd = channel,
                               .events = (short)(POLLIN | (questions->unsent ? POLLOUT : 0)) };

        if (now >= end_ms || (poll(&news, 1, (int)(end_ms - now)) < 0 && errno != EINTR))
            return;
        if (questions->unsent && (news.revents & POLLOUT))
            r = send_one(questions, channel);
        else if (news.revents)
            r = receive_one(questions, channel);
    }
}

static void ask_resolver(struct questions *questions, const struct server_conf *conf)
{
    pid_t pid = 0;
    scoped_fd resolver = -1;
    scoped_fd channel = -1;
    int r = start_resolver(conf, questions->arena, &pid, &resolver);

    if (r == 0)
        r = open_questions(conf, resolver, &channel);
    if (r == 0)
        talk(questions, channel);
    else
        for (struct question *q = questions->first; q; q = q->next)
            q->why =
                arena_printf(questions->arena, "the resolver cannot be started: %s", strerror(-r));
    fd_close(&resolver); /* it ends */
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* ---- the face ---- */

static void tell(const struct question *question, FILE *out, struct diags *diags)
{
    const struct connect_conf *target = question->target;

    if (question->addresses.len > 0) {
        fprintf(out, "  %.*s is %.*s\n", SLICE_ARGS(target->text), SLICE_ARGS(question->addresses));
        return;
    }
    fprintf(out, "  %.*s is not known\n", SLICE_ARGS(target->text));
    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &target->place, "'%.*s' cannot be resolved now: %.*s",
                       SLICE_ARGS(target->text), SLICE_ARGS(question->why)),
              "it is asked again while the house runs, and has no address until then; is the DNS "
              "server right (Nameserver, /etc/resolv.conf)?");
}

void names_print(const struct server_conf *conf, struct arena *arena, FILE *out,
                 struct diags *diags)
{
    struct questions questions = { .arena = arena };

    list(&questions, conf);
    if (!questions.first)
        return;
    signal(SIGPIPE, SIG_IGN);
    ask_resolver(&questions, conf);
    fprintf(out, "Names in ConnectTo\n");
    for (const struct question *question = questions.first; question; question = question->next)
        tell(question, out, diags);
    fputc('\n', out);
}
