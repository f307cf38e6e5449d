/* What became of the talk with a FastCGI program: an answer, another try, or a failure with its
 * reason. */
#include "base/unset.h"
#include "fastcgi_private.h"
#include "gateway/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define TAIL_LOOKED_AT 512

static const char *forbidden_cure(const struct fastcgi *self)
{
    const struct slice user = self->errand.services->snapshot->conf->server_user;

    if (user.len == 0)
        return "the user that the server runs as may not open the socket (php-fpm: listen.owner, "
               "listen.mode; the folders above it)";
    return arena_printf(&self->errand.x->arena,
                        "the user %.*s (ServerId) may not open the socket (php-fpm: listen.owner, "
                        "listen.mode; the folders above it)",
                        SLICE_ARGS(user))
        .at;
}

const char *fastcgi_connect_cure(const struct fastcgi *self, int error)
{
    switch (error) {
    case -ENOENT:
        return "the socket is not there; does the program run?";
    case -ECONNREFUSED:
        return "nobody listens there; does the program run?";
    case -EACCES:
    case -EPERM:
        return forbidden_cure(self);
    case OWNER_WRONG:
        return "the socket, or who listens on it, is not of the user that SocketOwner names";
    case -ECONNRESET:
    case -EPIPE:
        return "it closed before it read the request; does it restart, do its workers die?";
    case -ETIMEDOUT:
        return "no answer within ConnectTimeout; is it the right address, does a firewall stand "
               "between?";
    case -EAGAIN:
        return "its queue is full (php-fpm: pm.max_children, listen.backlog)";
    default:
        return "see connect(2)";
    }
}

/* ---- no connection ---- */

/* Another target, or the same one later: the place knows. */
static enum step find_another(struct fastcgi *self, enum place_fault fault, struct place_news *news)
{
    fcgi_link_close(&self->link);
    place_fail(&self->place, fault, news);
    self->state = FASTCGI_CHOOSING;
    return STEP_AGAIN;
}

/* Nothing is said about the target by it. */
static bool is_our_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

static enum step on_unreachable(struct fastcgi *self)
{
    const int error = self->link.error;

    if (is_our_shortage(error)) {
        fastcgi_fail(self, 503, RESET_BROKEN, "%.*s cannot be asked: %s; %s",
                     SLICE_ARGS(fastcgi_target(self)), strerror(-error),
                     error == -EMFILE || error == -ENFILE
                         ? "raise the limit of open files (ulimit -n, LimitNOFILE)"
                         : "the machine lacks memory");
        return STEP_AGAIN;
    }
    const bool is_gone =
        error == -ENOENT || error == -ECONNREFUSED || self->link.end == LINK_UNHEARD;
    struct log *log = self->errand.services->log;
    struct place_news news;

    self->last_target = fastcgi_target(self);
    self->last_error = error;
    self->last_why = NULL;
    find_another(self, is_gone ? PLACE_DOWN : PLACE_UNREACHABLE, &news);
    if (news.is_down)
        log_notice(log, "%s %.*s: %.*s is gone: %s; its requests wait (RestartHold)",
                   self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                   SLICE_ARGS(self->last_target), strerror(-error));
    if (news.rest_ms > 0)
        log_warning(log, "%s %.*s: cannot reach %.*s: %s; resting it for %" PRIu64 " s; %s",
                    self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                    SLICE_ARGS(self->last_target), strerror(-error), news.rest_ms / 1000,
                    fastcgi_connect_cure(self, error));
    return STEP_AGAIN;
}

static enum step on_insecure(struct fastcgi *self)
{
    struct place_news news;

    self->last_target = fastcgi_target(self);
    self->last_error = self->link.error;
    self->last_why = self->link.why;
    find_another(self, PLACE_UNREACHABLE, &news);
    if (news.rest_ms > 0)
        log_warning(self->errand.services->log, "%s %.*s: %.*s: %s; resting it for %" PRIu64 " s",
                    self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                    SLICE_ARGS(self->last_target), self->last_why, news.rest_ms / 1000);
    return STEP_AGAIN;
}

static enum step on_busy(struct fastcgi *self, enum place_fault fault)
{
    struct place_news news;

    if (fcgi_link_is_replayable(&self->link))
        return find_another(self, fault, &news);
    fastcgi_blame(self);
    fastcgi_fail(self, 503, RESET_BROKEN, "%.*s is overloaded, and the body cannot be sent again",
                 SLICE_ARGS(fastcgi_target(self)));
    return STEP_AGAIN;
}

/* ---- a connection that closed ---- */

/*
 * A kept connection may be closed by the program at any moment. When nothing of an answer came, the
 * same request goes to the same target on a fresh one, unless the program may have executed it and
 * that was not safe to do twice.
 */
static bool may_try_fresh(const struct fastcgi *self)
{
    const struct fcgi_link *link = &self->link;

    return link->reused && !self->tried_fresh && !link->touched && fcgi_link_is_replayable(link) &&
           (method_is_safe(self->errand.x->request.method) || fcgi_link_was_cut_short(link));
}

/*
 * A last try: only what cannot have changed anything, and once. At another target if there is one,
 * else at the same: php-fpm that is stopped gently closes connections whose requests it has read
 * and will not execute.
 */
static bool may_try_again(const struct fastcgi *self)
{
    return !self->tried_again && !self->link.touched &&
           method_is_safe(self->errand.x->request.method) && self->errand.upload.length <= 0 &&
           fcgi_link_is_replayable(&self->link);
}

static enum step try_again(struct fastcgi *self, const char *how)
{
    const bool elsewhere = place_has_other(&self->place);

    self->tried_again = true;
    errand_note(&self->errand, LEVEL_WARNING, "%s %.*s: %.*s closed before a word (%s); trying %s",
                self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                SLICE_ARGS(fastcgi_target(self)), how, elsewhere ? "another target" : "once more");
    fastcgi_blame(self);
    if (elsewhere)
        self->place.tried[self->place.backend - self->group->targets] = true;
    fcgi_link_close(&self->link);
    place_leave(&self->place, NULL);
    self->state = FASTCGI_CHOOSING;
    return STEP_AGAIN;
}

static enum step on_closed(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct delivery *delivery = &errand->delivery;
    const char *how = self->link.error < 0 ? strerror(-self->link.error) : "end of file";

    if (may_try_fresh(self)) {
        self->tried_fresh = true;
        fastcgi_connect(self);
        return STEP_AGAIN;
    }
    if (may_try_again(self))
        return try_again(self, how);

    const char *words = errand_last_words(errand);
    fastcgi_blame(self);
    if (delivery_knows_head(delivery))
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "%.*s closed in the middle of its answer (%s), after %" PRIu64
                     " bytes; did its worker die?%s",
                     SLICE_ARGS(fastcgi_target(self)), how, delivery->body_bytes, words);
    else
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "%.*s closed before the head of its answer was complete (%s); %s%s",
                     SLICE_ARGS(fastcgi_target(self)), how, self->dialect->death, words);
    return STEP_AGAIN;
}

/* The request had begun, but was not read: it is as if there had been no connection. */
static enum step on_unheard(struct fastcgi *self)
{
    if (!self->link.reused || self->tried_fresh)
        return on_unreachable(self);
    self->tried_fresh = true;
    fastcgi_connect(self);
    return STEP_AGAIN;
}

/* ---- an answer ---- */

static enum step on_bad_head(struct fastcgi *self)
{
    const struct reply *reply = &self->errand.delivery.reply;
    const char *words = errand_last_words(&self->errand);

    fastcgi_blame(self);
    if (reply->sample_len > 0)
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "the answer of %.*s is refused: %s; it begins with '%.*s'%s",
                     SLICE_ARGS(fastcgi_target(self)), reply->why, (int)reply->sample_len,
                     reply->sample, words);
    else
        fastcgi_fail(self, 502, RESET_BROKEN, "%.*s ended the request, but %s%s",
                     SLICE_ARGS(fastcgi_target(self)), reply->why, words);
    return STEP_AGAIN;
}

/* php-fpm, with its 404 "File not found.": what it was told is nowhere for it. */
static bool says_script_is_unknown(const struct errand *errand)
{
    UNSET char bytes[TAIL_LOOKED_AT];

    if (errand->delivery.reply.status != 404)
        return false;
    const struct slice tail = last_words_tail(&errand->words, bytes, sizeof(bytes));
    return slice_find_slice(tail, SLICE("Primary script unknown")) != SLICE_NONE;
}

static void note_unknown_script(struct fastcgi *self)
{
    if (!says_script_is_unknown(&self->errand))
        return;
    errand_note(&self->errand, LEVEL_WARNING,
                "%s %.*s: %.*s does not find SCRIPT_FILENAME '%.*s'; does it see the same folders "
                "(ServerRoot, where it has a root of its own), and may its user read them?",
                self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                SLICE_ARGS(fastcgi_target(self)), SLICE_ARGS(self->errand.told.script_filename));
}

static void note_oddities(struct fastcgi *self)
{
    struct errand *errand = &self->errand;

    errand_note_repairs(errand);
    note_unknown_script(self);
    if (self->link.skipped > 0)
        errand_note(errand, LEVEL_WARNING, "%s %.*s: skipped %u records of unknown types",
                    self->dialect->name, SLICE_ARGS(fastcgi_section(self)), self->link.skipped);
    if (self->link.app_status != 0)
        errand_note(errand, LEVEL_NOTICE, "it ended with status %u, with its answer complete",
                    self->link.app_status);
}

static enum step on_complete(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct delivery *delivery = &errand->delivery;

    switch (delivery_finish(delivery)) {
    case DELIVERY_BAD:
        return on_bad_head(self);
    case DELIVERY_TOO_FEW:
        fastcgi_blame(self);
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "%.*s sent %" PRIu64 " of the %" PRId64 " bytes it announced%s",
                     SLICE_ARGS(fastcgi_target(self)), delivery->body_bytes, delivery->reply.length,
                     errand_last_words(errand));
        return STEP_AGAIN;
    case DELIVERY_DONE:
    case DELIVERY_ELSEWHERE:
        break;
    }
    errand->x->record.program.exited = true;
    errand->x->record.program.exit_code = self->link.app_status;
    note_oddities(self);
    place_praise(&self->place);
    fastcgi_let_go(self, fcgi_link_take_conn(&self->link));
    errand_conclude(errand);
    return STEP_AGAIN;
}

enum step fastcgi_conclude(struct fastcgi *self)
{
    switch (self->link.end) {
    case LINK_NOT_YET:
        break;
    case LINK_COMPLETE:
        return on_complete(self);
    case LINK_SWITCHED:
        return fastcgi_begin_tunnel(self);
    case LINK_BUSY:
        return on_busy(self, PLACE_BUSY);
    case LINK_OVERLOADED:
        return on_busy(self, PLACE_OVERLOADED);
    case LINK_UNREACHABLE:
        return on_unreachable(self);
    case LINK_INSECURE:
        return on_insecure(self);
    case LINK_UNHEARD:
        return on_unheard(self);
    case LINK_CLOSED:
        return on_closed(self);
    case LINK_BAD_HEAD:
        return on_bad_head(self);
    case LINK_STRANGE:
        fastcgi_blame(self);
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "%.*s does not speak as expected: %s; does it speak %s?",
                     SLICE_ARGS(fastcgi_target(self)), self->link.why, self->dialect->name);
        break;
    case LINK_BODY_LOST:
        fastcgi_fail(self, 500, RESET_BROKEN, "the body cannot be read from WorkDirectory: %s",
                     strerror(-self->link.error));
        break;
    }
    return STEP_AGAIN;
}
