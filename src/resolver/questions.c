/* The channel of one server process: a thread for each question, so many at a time. */
#include "base/host_name.h"
#include "os/fd.h"
#include "os/pass.h"
#include "resolver_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE    8u
#define STACK_SIZE ((size_t)256 * 1024)

struct hearer {
    int channel; /* owned */
    union socket_address nameserver;
};

struct question {
    int channel; /* owned: a copy */
    union socket_address nameserver;
    struct resolve_ask ask; /* its name is below */
    char name[HOST_NAME_MOST + 1];
};

static sem_t free_places; /* of all channels; set up before the first thread */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up(void)
{
    sem_init(&free_places, 0, AT_ONCE);
}

static int begin_thread(void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;

    int r = pthread_attr_init(&attributes);
    if (r != 0)
        return -r;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    r = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return -r;
}

/* Waits while the channel is full: the server reads on, or is gone. */
static void say(int channel, const struct resolve_answer *answer)
{
    const struct resolve_message message = { .kind = RESOLVE_ANSWER, .answer = *answer };
    char bytes[RESOLVE_MESSAGE_MOST];
    struct iovec part = { bytes, resolve_encode(&message, bytes) };
    struct pollfd room = { .fd = channel, .events = POLLOUT };

    while (pass_send(channel, &part, 1, NULL, 0) == -EAGAIN)
        (void)poll(&room, 1, -1);
}

static void *answer_question(void *argument)
{
    struct question *question = argument;
    struct resolve_answer answer;

    lookup(&question->ask, &question->nameserver, &answer);
    say(question->channel, &answer);
    fd_close(&question->channel);
    free(question);
    sem_post(&free_places);
    return NULL;
}

static void refuse(const struct hearer *hearer, const struct resolve_ask *ask)
{
    const struct resolve_answer answer = { .token = ask->token,
                                           .again_s = RESOLVE_AGAIN_LEAST_S,
                                           .error = SLICE("the resolver has no thread left") };

    say(hearer->channel, &answer);
}

static void take_question(const struct hearer *hearer, const struct resolve_ask *ask)
{
    struct question *question = calloc(1, sizeof(*question));

    if (!question)
        abort();
    while (sem_wait(&free_places) < 0 && errno == EINTR)
        ;
    *question = (struct question){ .channel = fcntl(hearer->channel, F_DUPFD_CLOEXEC, 3),
                                   .nameserver = hearer->nameserver,
                                   .ask = *ask };
    memcpy(question->name, ask->name.at, ask->name.len);
    question->ask.name.at = question->name;
    if (question->channel >= 0 && begin_thread(answer_question, question) == 0)
        return;
    refuse(hearer, ask);
    fd_close(&question->channel);
    free(question);
    sem_post(&free_places);
}

static void *hear(void *argument)
{
    struct hearer *hearer = argument;
    struct pollfd news = { .fd = hearer->channel, .events = POLLIN };
    char bytes[RESOLVE_MESSAGE_MOST];

    for (;;) {
        struct resolve_message message;
        int fd_count;
        int len = pass_receive(hearer->channel, bytes, sizeof(bytes), NULL, 0, &fd_count);

        if (len == -EAGAIN) {
            (void)poll(&news, 1, -1);
            continue;
        }
        if (len <= 0 ||
            resolve_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE ||
            message.kind != RESOLVE_ASK)
            break;
        take_question(hearer, &message.ask);
    }
    fd_close(&hearer->channel);
    free(hearer);
    return NULL;
}

int questions_begin(int channel, const union socket_address *nameserver)
{
    struct hearer *hearer = calloc(1, sizeof(*hearer));

    if (!hearer)
        abort();
    pthread_once(&once, set_up);
    *hearer = (struct hearer){ .channel = channel, .nameserver = *nameserver };
    int r = begin_thread(hear, hearer);
    if (r < 0) {
        fd_close(&hearer->channel);
        free(hearer);
    }
    return r; /* NOLINT(clang-analyzer-unix.Malloc): it belongs to its thread */
}
