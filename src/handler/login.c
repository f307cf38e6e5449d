/*
 * Passwords: who asks for what a PasswordFile guards has to say who he is before anything else
 * answers, also with "404". The keeper tells whether that is true; until then the exchange waits
 * here, with its body untouched.
 *
 *   ASKING ──the keeper's answer──> handed over: to what is guarded, or to a 401, 403, 500 or 503
 */
#include "handler/registry.h"

#include "base/container.h"
#include "base/text.h"
#include "handler/keeper.h"
#include "handler/services.h"
#include "site/trace.h"

#include <string.h>

#define NAMED_MOST 100 /* of a user in the log */

struct question {
    struct exchange *x; /* borrowed */
    const struct verdict *guarded;
    bool about_altering; /* AlterGroup, when RequiredGroup is settled */
    struct login login;
    bool told; /* login.answer holds */
    bool over; /* the client is gone, the keeper is still at it */
};

const struct verdict *login_first(struct exchange *x, const struct verdict *verdict)
{
    if (!verdict->wants_login || x->request.failed != 0)
        return authorizer_first(x, verdict);

    struct verdict *question = arena_new(&x->arena, struct verdict);
    *question = (struct verdict){
        .answer = ANSWER_LOGIN, .host = verdict->host, .folder = verdict->folder, .guarded = verdict
    };
    return question;
}

void login_grant(struct exchange *x)
{
    const struct proof *proof = &x->request.proof;

    if (!proof->by)
        return;
    x->record.user = proof->user;
    fields_add(&x->request.granted, &x->arena, SLICE("AUTH_TYPE"), proof->scheme);
}

/* ---- the challenge (RFC 9110 11.6.1) ---- */

static void add_quoted(struct text *text, struct slice value)
{
    text_add_char(text, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            text_add_char(text, '\\');
        text_add_char(text, value.at[i]);
    }
    text_add_char(text, '"');
}

static struct slice quoted(struct exchange *x, struct slice value)
{
    const size_t room = 2 * value.len + 2;
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    add_quoted(&text, value);
    return text_slice(&text);
}

static void challenge_basic(const struct question *question, struct fields *fields)
{
    struct exchange *x = question->x;
    const struct slice realm = quoted(x, question->login.realm);

    fields_add(fields, &x->arena, SLICE("WWW-Authenticate"),
               arena_printf(&x->arena, "Basic realm=%.*s, charset=\"UTF-8\"", SLICE_ARGS(realm)));
}

/* RFC 7616 3.7: one field for each algorithm, the better one first. */
static void challenge_digest(const struct question *question, struct fields *fields)
{
    const struct services *services = question->x->services;
    const struct login *login = &question->login;
    struct arena *arena = &question->x->arena;
    const struct slice realm = quoted(question->x, login->realm);

    for (unsigned i = DIGEST_ALGORITHMS; i-- > 0;) {
        char nonce[DIGEST_NONCE_LEN];

        if (login->algorithms != 0 && !(login->algorithms >> i & 1))
            continue;
        keeper_nonce(services->keeper, login->realm, login->now_ms, nonce);
        fields_add(fields, arena, SLICE("WWW-Authenticate"),
                   arena_printf(arena,
                                "Digest realm=%.*s, qop=\"auth\", algorithm=%s, "
                                "nonce=\"%.*s\", charset=UTF-8%s",
                                SLICE_ARGS(realm), digest_algorithm_name(i), (int)sizeof(nonce),
                                nonce, login->answer == LOGIN_STALE ? ", stale=true" : ""));
    }
}

/* ---- answers ---- */

static struct verdict *short_answer(const struct question *question, int status, const char *why)
{
    struct verdict *verdict = arena_new(&question->x->arena, struct verdict);

    *verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = status,
        .why = why,
        .host = question->guarded->host,
        .folder = question->guarded->folder,
    };
    return verdict;
}

static void hand_over(struct exchange *x, const struct verdict *verdict)
{
    exchange_hand_over(x, handler_for(verdict->answer), verdict);
}

static void say_unauthorized(struct question *question, const char *why)
{
    struct verdict *verdict = short_answer(question, 401, why);

    if (question->login.conf->kind == LOGIN_DIGEST)
        challenge_digest(question, &verdict->kept);
    else
        challenge_basic(question, &verdict->kept);
    hand_over(question->x, verdict);
}

static void say_no_member(struct question *question)
{
    const struct slice user = slice_first(question->login.auth.user, NAMED_MOST);

    hand_over(question->x,
              short_answer(question, 403,
                           arena_printf(&question->x->arena,
                                        "the user '%.*s' is in none of the groups of %s",
                                        SLICE_ARGS(user),
                                        question->about_altering ? "AlterGroup" : "RequiredGroup")
                               .at));
}

static void say_busy(struct question *question)
{
    struct verdict *verdict = short_answer(question, 503, "too many passwords wait to be checked");

    verdict->retry_after_s = KEEPER_RETRY_AFTER_S;
    hand_over(question->x, verdict);
}

static void say_broken(struct question *question)
{
    const struct login *login = &question->login;
    const bool is_group = strcmp(login->broken, "PasswordFile") != 0;
    const struct slice file = is_group ? login->conf->group_file : login->conf->file;

    hand_over(question->x,
              short_answer(question, 500,
                           arena_printf(&question->x->arena,
                                        "the %s '%.*s' cannot be read: %s; the user of the server "
                                        "must be able to",
                                        login->broken, SLICE_ARGS(file), strerror(-login->error))
                               .at));
}

/* One of a .hiawatha goes with the verdict, which may be replaced by another one. */
static const struct conf_login *copy_conf(struct exchange *x, const struct conf_login *conf)
{
    struct conf_login *copy = arena_new(&x->arena, struct conf_login);

    *copy = *conf;
    copy->file = arena_copy(&x->arena, conf->file);
    return copy;
}

static void ask_about(struct exchange *x, const struct verdict *guarded, bool about_altering);

static void let_pass(struct question *question)
{
    const struct login *login = &question->login;
    struct exchange *x = question->x;

    if (!login->is_proven)
        x->request.proof = (struct proof){
            .by = copy_conf(x, login->conf),
            .user = arena_copy(&x->arena, login->auth.user),
            .scheme = login->conf->kind == LOGIN_DIGEST ? SLICE("Digest") : SLICE("Basic"),
        };
    x->request.granted = (struct fields){ 0 };
    login_grant(x);
    if (question->guarded->alter_groups && !question->about_altering)
        ask_about(x, question->guarded, true);
    else
        hand_over(x, authorizer_first(x, question->guarded));
}

/* For who wants to know. */
static void tell(const struct question *question)
{
    static const char *const texts[] = {
        [LOGIN_WAITS] = "the keeper is asked",
        [LOGIN_GOOD] = "the password is right",
        [LOGIN_NEEDED] = "there is no password in the request",
        [LOGIN_WRONG] = "the user or the password is wrong",
        [LOGIN_STALE] = "the Digest nonce is used up, or not of this process",
        [LOGIN_NO_MEMBER] = "the user is in none of the groups of RequiredGroup",
        [LOGIN_BUSY] = "too many passwords wait to be checked",
        [LOGIN_BROKEN] = "the file cannot be read",
    };
    const struct login *login = &question->login;
    const struct slice user = slice_first(login->auth.user, NAMED_MOST);

    trace_note_at(question->x->trace, TRACE_LOGIN, trace_mark_of(login->answer == LOGIN_GOOD),
                  &login->conf->place, "%s%.*s%s%s", user.len > 0 ? "user '" : "", SLICE_ARGS(user),
                  user.len > 0 ? "': " : "", texts[login->answer]);
}

static void conclude(struct question *question)
{
    tell(question);
    switch (question->login.answer) {
    case LOGIN_WAITS:
        break;
    case LOGIN_GOOD:
        let_pass(question);
        break;
    case LOGIN_NEEDED:
        say_unauthorized(question, "a password is needed");
        break;
    case LOGIN_WRONG:
        exchange_blame(question->x, OFFENCE_WRONG_PASSWORD, 0);
        say_unauthorized(question, "the user or the password is wrong");
        break;
    case LOGIN_STALE:
        say_unauthorized(question, "the Digest nonce is used up");
        break;
    case LOGIN_NO_MEMBER:
        say_no_member(question);
        break;
    case LOGIN_BUSY:
        say_busy(question);
        break;
    case LOGIN_BROKEN:
        say_broken(question);
        break;
    }
}

/* ---- the handler ---- */

static void on_told(struct login *login)
{
    struct question *question = container_of(login, struct question, login);

    question->told = true;
    if (question->over)
        exchange_handler_done(question->x);
    else
        exchange_wake(question->x);
}

/* The Digest speaks of the request that came, so that nobody uses it for another one. */
static bool speaks_of_request(const struct authorization *auth, const struct request *request)
{
    const struct target *target = &request->target;
    struct slice path;
    struct slice query;

    if (auth->scheme != AUTH_DIGEST || slice_equal(auth->uri, target->raw))
        return true;
    const bool has_query = slice_cut(auth->uri, '?', &path, &query);
    return slice_equal(path, target->raw_path) && has_query == target->has_query &&
           slice_equal(query, target->query);
}

/* What the client says, once; a second field would be a second opinion. NULL, or why it says
 * nothing. */
static const char *read_credentials(struct question *question)
{
    struct exchange *x = question->x;
    const struct fields *fields = &x->request.fields;
    struct authorization *auth = &question->login.auth;
    const char *why = NULL;

    if (fields_count_id(fields, FIELD_AUTHORIZATION) > 1)
        return "there are several Authorization fields";
    if (!authorization_parse(fields_value(fields, FIELD_AUTHORIZATION), &x->arena, auth, &why))
        return why;
    if (!speaks_of_request(auth, &x->request))
        return "the Digest is for another request";
    return NULL;
}

/* The same file has been asked already, for what led here. */
static bool is_proven(const struct exchange *x, const struct conf_login *conf)
{
    const struct conf_login *by = x->request.proof.by;

    return by && by->kind == conf->kind && slice_equal(by->file, conf->file);
}

static void ask(struct question *question)
{
    const struct services *services = question->x->services;

    const enum login_answer answer = keeper_ask(services->keeper, &question->login);

    if (answer == LOGIN_WAITS) /* a thread may have written login.answer by now */
        return;
    question->login.answer = answer;
    conclude(question);
}

static void ask_about(struct exchange *x, const struct verdict *guarded, bool about_altering)
{
    const struct folder_conf *folder = guarded->folder;
    const struct services *services = x->services;
    struct question *question = arena_new(&x->arena, struct question);

    *question = (struct question){
        .x = x,
        .guarded = guarded,
        .about_altering = about_altering,
        .login = { .conf = &folder->login,
                   .groups = about_altering ? guarded->alter_groups : folder->required_groups,
                   .realm = folder->login_message,
                   .method = x->request.method_name,
                   .host = guarded->host->conf->index,
                   .client = &x->visit->client,
                   .desk = services->desk,
                   .told = on_told,
                   .now_ms = x->loop->now_ms,
                   .is_proven = is_proven(x, &folder->login) },
    };
    x->handler_self = question;
    if (question->login.is_proven) {
        question->login.auth.user = x->request.proof.user;
        ask(question);
        return;
    }
    const char *why = read_credentials(question);
    if (why)
        say_unauthorized(question, why);
    else
        ask(question);
}

static void login_start(struct exchange *x, const struct verdict *verdict)
{
    ask_about(x, verdict->guarded, false);
}

static void login_advance(struct exchange *x)
{
    struct question *question = x->handler_self;

    if (question->told)
        conclude(question);
}

static void login_cancel(struct exchange *x, enum reset_reason reason)
{
    struct question *question = x->handler_self;

    (void)reason;
    if (question->told || keeper_forget(&question->login))
        exchange_handler_done(x);
    else
        question->over = true;
}

const struct handler_ops handler_login = {
    .name = "login",
    .start = login_start,
    .advance = login_advance,
    .cancel = login_cancel,
};
