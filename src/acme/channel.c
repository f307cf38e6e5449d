/* What is said to the supervisor and heard from it; with libcurl it is the world of the protocol.
 */
#include "acme_private.h"

#include "base/container.h"
#include "base/encode.h"
#include "os/fd.h"
#include "os/pass.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_MS  10000u /* with the supervisor, and with the server behind it */
#define HEAR_MOST_MS 3600000u

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- what we say ---- */

/* Without the supervisor there is nothing to be done. */
static void say(const struct channel *channel, const struct handover *message)
{
    struct pollfd room = { .fd = channel->fd, .events = POLLOUT };
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    const int count = handover_encode(message, head, parts);
    int r;

    while ((r = pass_send(channel->fd, parts, count, NULL, 0)) == -EAGAIN)
        (void)poll(&room, 1, -1);
    if (r < 0)
        _Exit(EXIT_FAILURE);
}

void channel_say(const struct channel *channel, enum handover_kind kind, struct slice text)
{
    say(channel, &(struct handover){ .kind = kind, .text = text });
}

void channel_tell_state(const struct channel *channel, enum acme_thing thing,
                        struct acme_state state)
{
    char bytes[ACME_STATE_MOST];
    struct text text = text_on(bytes, sizeof(bytes));

    acme_state_encode(&state, &text);
    say(channel, &(struct handover){
                     .kind = HANDOVER_ACME_STATE, .index = thing, .text = text_slice(&text) });
}

void channel_complain(const struct channel *channel, const struct site *site, int64_t now_unix_s)
{
    char bytes[HANDOVER_TEXT_MOST];
    struct text text = text_on(bytes, sizeof(bytes));

    text_printf(&text,
                "%s gets no new certificate, the next try is in %lld s (docs/acme.md): ", site->id,
                (long long)(site->due_unix_s - now_unix_s));
    text_add_escaped(&text, slice_first(slice_cstr(site->error), ACME_STATE_MOST));
    channel_say(channel, HANDOVER_FAILED, text_slice(&text));
}

void channel_complain_of_staple(const struct channel *channel, const struct staple *staple,
                                int64_t now_unix_s)
{
    char bytes[HANDOVER_TEXT_MOST];
    struct text text = text_on(bytes, sizeof(bytes));

    text_add_cstr(&text, "the certificate '");
    text_add_escaped(&text, slice_first(slice_cstr(staple->name), ACME_STATE_MOST));
    text_printf(&text, "' %s, the next try is in %lld s (docs/tls.md): ",
                staple->is_revoked ? "is revoked by its authority (OCSP)"
                                   : "gets no answer of its authority (OCSP)",
                (long long)(staple->due_unix_s - now_unix_s));
    text_add_escaped(&text, slice_first(slice_cstr(staple->error), ACME_STATE_MOST));
    channel_say(channel, HANDOVER_FAILED, text_slice(&text));
}

/* ---- what we hear ---- */

static void take(struct channel *channel, const struct handover *message, int fd)
{
    if (message->kind == HANDOVER_ACME_TASKS && fd >= 0) {
        fd_close(&channel->tasks_fd);
        channel->tasks_fd = fd_take(&fd);
    } else if (message->kind == HANDOVER_ACME_RENEW) {
        sites_renew(channel->sites, message->text, (int64_t)time(NULL));
        if (message->text.len == 0)
            staples_renew(channel->staples, (int64_t)time(NULL));
    } else if (message->kind == HANDOVER_ACME_PROOF) {
        channel->proofs_told = message->number;
    } else if (message->kind == HANDOVER_ACME_KEEP) {
        struct text why = text_on(channel->why, sizeof(channel->why));

        text_add(&why, message->text);
        (void)text_cstr(&why);
        channel->kept_told++;
    }
    fd_close(&fd);
}

/* False: there is nothing more. */
static bool take_one(struct channel *channel)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover message;
    int fds[1] = { -1 };
    int fd_count = 0;
    const int len = pass_receive(channel->fd, bytes, sizeof(bytes), fds, 1, &fd_count);

    if (len == -EAGAIN)
        return false;
    if (len <= 0 || handover_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE)
        _Exit(EXIT_SUCCESS); /* the supervisor is gone, or does not speak properly */
    take(channel, &message, fds[0]);
    return true;
}

void channel_hear(struct channel *channel, uint64_t wait_ms)
{
    struct pollfd news = { .fd = channel->fd, .events = POLLIN };

    if (poll(&news, 1, (int)(wait_ms < HEAR_MOST_MS ? wait_ms : HEAR_MOST_MS)) <= 0)
        return;
    while (take_one(channel))
        continue;
}

/* Until *told has come to `number`; false: it did not. */
static bool wait_for(struct channel *channel, const uint64_t *told, uint64_t number)
{
    const uint64_t end_ms = clock_ms() + PATIENCE_MS;

    for (uint64_t now_ms; *told < number && (now_ms = clock_ms()) < end_ms;)
        channel_hear(channel, end_ms - now_ms);
    return *told >= number;
}

/* The message behind the bytes. NULL, or why they are not. */
static const char *keep(struct channel *channel, struct slice bytes, const struct handover *message)
{
    const uint64_t number = channel->kept_told + 1;

    while (bytes.len > 0) {
        const struct slice piece = slice_first(bytes, HANDOVER_TEXT_MOST);

        channel_say(channel, HANDOVER_ACME_PIECE, piece);
        bytes = slice_skip(bytes, piece.len);
    }
    say(channel, message);
    if (!wait_for(channel, &channel->kept_told, number))
        return "the supervisor does not answer";
    return channel->why[0] != '\0' ? channel->why : NULL;
}

const char *channel_keep(struct channel *channel, struct slice id, struct slice pem)
{
    return keep(channel, pem, &(struct handover){ .kind = HANDOVER_ACME_KEEP, .text = id });
}

const char *channel_keep_staple(struct channel *channel, struct slice id, enum acme_news news,
                                struct slice answer)
{
    struct arena arena = { 0 };
    const size_t room = BASE64_LEN(answer.len);
    struct text text = text_on(arena_bytes(&arena, room + 1), room + 1); /* messages are texts */

    base64_encode(&text, answer);
    const char *why =
        keep(channel, text_slice(&text),
             &(struct handover){
                 .kind = HANDOVER_ACME_KEEP, .index = ACME_STAPLE, .number = news, .text = id });
    arena_done(&arena);
    return why;
}

/* ---- the world of the protocol ---- */

static struct channel *channel_of(struct world *world)
{
    return container_of(world, struct channel, world);
}

static const char *ask(struct world *world, const struct web_request *request, struct arena *arena,
                       struct web_answer *ret)
{
    return web_ask(channel_of(world)->web, request, arena, ret);
}

static bool show(struct world *world, const struct proof *proof)
{
    struct channel *channel = channel_of(world);
    char bytes[HANDOVER_TEXT_MOST];
    struct text text = text_on(bytes, sizeof(bytes));
    const uint64_t number = ++channel->proofs;

    text_printf(&text, "%.*s %.*s %.*s", SLICE_ARGS(proof->name), SLICE_ARGS(proof->token),
                SLICE_ARGS(proof->answer));
    if (text.cut)
        return false;
    say(channel, &(struct handover){
                     .kind = HANDOVER_ACME_PROOF, .number = number, .text = text_slice(&text) });
    return wait_for(channel, &channel->proofs_told, number);
}

static void hide(struct world *world, const struct proof *proof)
{
    struct channel *channel = channel_of(world);

    say(channel, &(struct handover){ .kind = HANDOVER_ACME_PROOF,
                                     .index = 1,
                                     .number = ++channel->proofs,
                                     .text = proof->token });
}

static const char *keep_account(struct world *world, struct slice pem)
{
    return channel_keep(channel_of(world), SLICE(""), pem);
}

static void pause_for(struct world *world, uint64_t ms)
{
    const uint64_t end_ms = clock_ms() + ms;

    for (uint64_t now_ms; (now_ms = clock_ms()) < end_ms;)
        channel_hear(channel_of(world), end_ms - now_ms);
}

static int64_t now_unix_s(struct world *world)
{
    (void)world;
    return (int64_t)time(NULL);
}

void channel_init(struct channel *channel, int fd, struct sites *sites, struct staples *staples)
{
    static const struct world_ops ops = {
        .ask = ask,
        .show = show,
        .hide = hide,
        .keep_account = keep_account,
        .pause = pause_for,
        .now_unix_s = now_unix_s,
    };

    *channel = (struct channel){
        .world.ops = &ops, .fd = fd, .sites = sites, .staples = staples, .tasks_fd = -1
    };
}
