/*
 * acme_once DIRECTORY ROOTS NAME...: the protocol of src/acme against a real authority, one that
 * believes every proof. The key and the chain go to stdout, the reason of a failure to stderr.
 * acme_once DIRECTORY ROOTS --close KEYFILE: closes the account of this key (RFC 8555 7.3.6).
 */
#include "acme_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct here {
    struct world world; /* first */
    struct web *web;
};

static const char *here_ask(struct world *world, const struct web_request *request,
                            struct arena *arena, struct web_answer *ret)
{
    return web_ask(((struct here *)world)->web, request, arena, ret);
}

static bool here_show(struct world *world, const struct proof *proof)
{
    (void)world;
    return proof->token.len > 0;
}

static void here_hide(struct world *world, const struct proof *proof)
{
    (void)world;
    (void)proof;
}

static const char *here_keep(struct world *world, struct slice pem)
{
    (void)world;
    return pem.len > 0 ? NULL : "it is empty";
}

static void here_pause(struct world *world, uint64_t ms)
{
    const struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    (void)world;
    nanosleep(&time, NULL);
}

static int64_t here_now(struct world *world)
{
    (void)world;
    return (int64_t)time(NULL);
}

static struct slice read_whole(const char *path, struct arena *arena)
{
    char bytes[65536];
    FILE *file = fopen(path, "r");

    if (!file)
        abort();
    const size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return arena_copy(arena, slice_of(bytes, len));
}

static bool get_one(struct session *session, struct slice names)
{
    struct slice pem;

    if (!session_open(session) || !order_certificate(session, names, &pem))
        return false;
    fwrite(pem.at, 1, pem.len, stdout);
    return true;
}

static bool close_account(struct session *session)
{
    struct web_answer answer;
    struct problem problem;

    return session_open(session) &&
           session_post(session, session->account, SLICE("{\"status\":\"deactivated\"}"), &answer,
                        &problem);
}

int main(int argc, char **argv)
{
    static const struct world_ops ops = { here_ask,  here_show,  here_hide,
                                          here_keep, here_pause, here_now };
    struct arena arena = { 0 };
    struct here here = { .world.ops = &ops };
    struct slice names = { 0 };

    if (argc < 4)
        return 2;
    for (int i = 3; i < argc; i++)
        names = arena_printf(&arena, "%.*s%s%s", SLICE_ARGS(names), i > 3 ? " " : "", argv[i]);
    const bool closes = argc == 5 && strcmp(argv[3], "--close") == 0;
    const struct acme_tasks tasks = { .directory = slice_cstr(argv[1]),
                                      .contact = SLICE("mailto:root@a.test"),
                                      .account = closes ? read_whole(argv[4], &arena) : SLICE(""),
                                      .agrees = 1 };
    struct session session = { .world = &here.world, .arena = &arena, .tasks = &tasks };
    here.web = web_new(read_whole(argv[2], &arena));
    const bool good = closes ? close_account(&session) : get_one(&session, names);
    if (!good)
        fprintf(stderr, "%.*s\n", SLICE_ARGS(session.why));
    session_close(&session);
    web_free(here.web);
    arena_done(&arena);
    arena_pool_drain();
    return good ? 0 : 1;
}
