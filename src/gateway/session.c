#include "gateway/session.h"

#include "gateway/balance.h"
#include "gateway/place.h"
#include "http/cookie.h"

#include <inttypes.h>

static const struct fastcgi_conf *conf_of(const struct session *session)
{
    return session->group->conf;
}

static uint64_t now_ms(const struct session *session)
{
    return session->x->loop->now_ms;
}

static int64_t unix_s(const struct session *session)
{
    return session->x->record.begun_unix_ms / 1000;
}

static bool has_own_cookie(const struct session *session)
{
    return conf_of(session)->stick_to == STICK_TO_COOKIE;
}

struct slice session_own_cookie(const struct backend_group *group)
{
    return group->conf->stick_to == STICK_TO_COOKIE ? group->conf->sticky_cookie
                                                    : (struct slice){ 0 };
}

static bool is_of_application(const struct fastcgi_conf *conf, struct slice name)
{
    for (const struct conf_word *word = conf->session_cookies; word; word = word->next)
        if (slice_equal(word->text, name))
            return true;
    return false;
}

/* ---- the request ---- */

/* What our cookie calls a target: of those of one host in ConnectTo each by its address. */
static uint64_t name_of(struct backend_group *group, unsigned target)
{
    const struct backend *backend = &group->targets[target];
    char text[ADDRESS_TEXT_MOST];

    if (backend->conf->host.len == 0)
        return sticky_cookie_name(&group->secret, backend->conf->text);

    union socket_address address;
    if (!place_address(group, backend, &address))
        return 0; /* nobody is there */
    return sticky_cookie_name(&group->secret, slice_cstr(address_text_port(&address, text)));
}

static int find_target(struct backend_group *group, uint64_t name)
{
    for (unsigned i = 0; i < group->count; i++)
        if (name != 0 && name_of(group, i) == name)
            return (int)i;
    return SESSION_NOBODY;
}

/* Of several (other paths or domains may have one) the first that is ours counts. */
static void take_own(struct session *session, struct slice text)
{
    const struct fastcgi_conf *conf = conf_of(session);
    const uint64_t now_s = (uint64_t)unix_s(session);
    struct sticky_cookie cookie;

    session->has_own = true;
    if (session->told >= 0 ||
        !sticky_cookie_read(&session->group->secret, conf->id, text, &cookie) ||
        cookie.until_s <= now_s)
        return;
    session->told = find_target(session->group, cookie.target);
    session->is_fresh = (cookie.until_s - now_s) * 2000 > conf->session_timeout_ms;
}

static void take_cookies(struct session *session)
{
    const struct fastcgi_conf *conf = conf_of(session);
    const struct slice own = session_own_cookie(session->group);
    struct cookie_walk walk = { .fields = &session->x->request.fields };
    struct slice name;
    struct slice value;

    while (cookie_walk_next(&walk, &name, &value)) {
        if (own.len > 0 && slice_equal(name, own)) {
            take_own(session, value);
        } else if (session->value.len == 0 && value.len > 0 && is_of_application(conf, name)) {
            session->value = value;
            session->key = sticky_key_of_session(name, value);
        }
    }
}

void session_init(struct session *session, struct backend_group *group, struct exchange *x)
{
    *session = (struct session){
        .group = group->has_sessions ? group : NULL,
        .x = x,
        .told = SESSION_NOBODY,
        .target = SESSION_NOBODY,
    };
    if (!session->group)
        return;
    if (has_own_cookie(session) || conf_of(session)->session_cookies)
        take_cookies(session);
    else
        session->key = sticky_key_of_client(&x->visit->client);
}

/* ---- its target ---- */

static bool takes_strangers(const struct session *session, const struct backend *backend,
                            bool backups)
{
    return !backend->absent && !backend->drained && backend->backup == backups &&
           !backend_is_resting(backend, now_ms(session));
}

/* Where all front servers send a session that they do not know. */
static int choose_for_stranger(const struct session *session)
{
    struct backend_group *group = session->group;
    bool *fit = arena_array(&session->x->arena, bool, group->count);
    int chosen = BALANCE_NOBODY;

    pthread_mutex_lock(&group->lock);
    for (unsigned backups = 0; backups < 2 && chosen < 0; backups++) {
        for (unsigned i = 0; i < group->count; i++)
            fit[i] = takes_strangers(session, &group->targets[i], backups > 0);
        chosen = balance_choose_by_name(group, group->secret.sessions, session->value, fit);
    }
    pthread_mutex_unlock(&group->lock);
    return chosen;
}

static bool is_known(const struct session *session, unsigned *ret_target)
{
    const struct backend_group *group = session->group;

    return group->sticky &&
           sticky_find(group->sticky, &session->key, now_ms(session), ret_target) &&
           *ret_target < group->count;
}

/* *ret_how: what says so; untouched where nothing does. */
static int find(const struct session *session, struct slice *ret_how)
{
    const bool by_application = session->value.len > 0;
    unsigned target;

    if (conf_of(session)->session_cookies && !by_application)
        return SESSION_NOBODY; /* what our cookie says is of a session that is over */
    if (session->told >= 0) {
        *ret_how = SLICE("cookie");
        return session->told;
    }
    if (is_known(session, &target)) {
        *ret_how = by_application ? SLICE("application") : SLICE("address");
        return (int)target;
    }
    if (!by_application)
        return SESSION_NOBODY;
    *ret_how = SLICE("application");
    return choose_for_stranger(session);
}

int session_target(struct session *session)
{
    struct slice how = { 0 };
    const int target = session->group ? find(session, &how) : SESSION_NOBODY;

    session->x->record.program.session = target >= 0 ? how : (struct slice){ 0 };
    return target;
}

void session_settle(struct session *session, unsigned target)
{
    if (!session->group)
        return;
    session->target = (int)target;
    if (session->group->sticky)
        sticky_put(session->group->sticky, &session->key,
                   session->value.len > 0 ? STICKY_UNPROVEN : STICKY_PROVEN, now_ms(session),
                   target);
}

/* ---- the answer ---- */

/* What the answer says about the application's session. */
struct news {
    bool opened;
    bool ended;
};

static void note_session(struct session *session, const struct set_cookie *cookie,
                         struct news *news)
{
    struct sticky *sticky = session->group->sticky;

    if (cookie->ends) {
        news->ended = true;
        if (sticky)
            sticky_forget(sticky, &session->key);
        return;
    }
    news->opened = true;
    if (sticky) {
        const struct sticky_key key = sticky_key_of_session(cookie->name, cookie->value);

        sticky_put(sticky, &key, STICKY_PROVEN, now_ms(session), (unsigned)session->target);
    }
}

static struct news note_sessions(struct session *session, const struct fields *fields)
{
    struct news news = { 0 };
    struct set_cookie cookie;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id == FIELD_SET_COOKIE &&
            set_cookie_parse(fields->at[i].value, unix_s(session), &cookie) &&
            is_of_application(conf_of(session), cookie.name))
            note_session(session, &cookie, &news);
    }
    return news;
}

/* Whether Cache-Control has the directive, with or without a value. */
static bool has_directive(const struct fields *fields, struct slice name)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice rest = fields->at[i].value;
        struct slice item;
        struct slice value;

        while (fields->at[i].id == FIELD_CACHE_CONTROL && slice_next(&rest, ',', &item)) {
            slice_cut(item, '=', &item, &value);
            if (slice_equal_nocase(slice_trim(item), name))
                return true;
        }
    }
    return false;
}

/* A cookie that a cache gives to others would send all of them to one target. */
static void add_cookie(struct session *session, struct fields *fields, const char *value,
                       uint64_t age_s)
{
    struct arena *arena = &session->x->arena;

    if (has_directive(fields, SLICE("public")) || has_directive(fields, SLICE("s-maxage")))
        return;
    if (!has_directive(fields, SLICE("private")) && !has_directive(fields, SLICE("no-store")))
        fields_add_id(fields, arena, FIELD_CACHE_CONTROL, SLICE("private"));
    fields_add_id(fields, arena, FIELD_SET_COOKIE,
                  arena_printf(arena,
                               "%.*s=%s; Path=/; Max-Age=%" PRIu64 "; HttpOnly; SameSite=Lax%s",
                               SLICE_ARGS(conf_of(session)->sticky_cookie), value, age_s,
                               session->x->visit->secure ? "; Secure" : ""));
}

static void give_cookie(struct session *session, struct fields *fields)
{
    struct backend_group *group = session->group;
    const uint64_t age_s = (group->conf->session_timeout_ms + 999) / 1000;
    const struct sticky_cookie cookie = {
        .target = name_of(group, session->target),
        .until_s = (uint64_t)unix_s(session) + age_s,
    };
    char text[STICKY_COOKIE_LEN + 1];

    sticky_cookie_write(&group->secret, group->conf->id, &cookie, text);
    add_cookie(session, fields, text, age_s);
}

void session_heed(struct session *session, struct fields *fields)
{
    if (!session->group || session->target < 0)
        return;

    const struct news news = note_sessions(session, fields);
    const bool has_session = !conf_of(session)->session_cookies || news.opened ||
                             (session->value.len > 0 && !news.ended);
    if (!has_own_cookie(session))
        return;
    if (has_session && (session->told != session->target || !session->is_fresh))
        give_cookie(session, fields);
    else if (!has_session && session->has_own && news.ended)
        add_cookie(session, fields, "", 0);
}
