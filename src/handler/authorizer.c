/*
 * Logins by a program of one's own: where a host or a Directory has FastCGIauth, that FastCGI
 * program is asked as authorizer (FastCGI 1.0, 6.3) before whatever the router chose may answer.
 * The question is a request like any other (handler/fastcgi.c) but for its verdict, which holds the
 * guarded one.
 *
 * Nothing but a clear "Status: 200" lets a request pass. The request's body is not touched before.
 */
#include "errand.h"

#define PREFIX SLICE("Variable-")

bool errand_is_question(const struct errand *errand)
{
    return errand->verdict->guarded != NULL;
}

const struct verdict *authorizer_first(struct exchange *x, const struct verdict *verdict)
{
    const struct fastcgi_conf *section = verdict->host ? verdict->folder->fastcgi_auth : NULL;

    if (!section || x->request.failed != 0 || verdict->answer == ANSWER_SSH)
        return screen_first(x, hashes_first(x, verdict));

    struct verdict *question = arena_new(&x->arena, struct verdict);
    *question = (struct verdict){
        .answer = ANSWER_FASTCGI,
        .host = verdict->host,
        .folder = verdict->folder,
        .fastcgi = section,
        .resource = { .absolute = verdict->resource.absolute },
        .guarded = verdict,
    };
    x->record.user = (struct slice){ 0 }; /* of a path that led here, if any */
    x->request.granted = (struct fields){ 0 };
    login_grant(x);
    return question;
}

/* ---- what it tells about the client ---- */

static void grant(struct exchange *x, struct slice name, struct slice value)
{
    struct field *former = fields_find_name(&x->request.granted, name);

    if (former)
        former->value = value;
    else
        fields_add(&x->request.granted, &x->arena, name, value);
}

static void take_variable(struct errand *errand, struct slice name, struct slice value)
{
    struct exchange *x = errand->x;

    if (slice_equal(name, SLICE("REMOTE_USER")))
        x->record.user = arena_copy(&x->arena, value);
    else if (meta_may_be_granted(name))
        grant(x, arena_copy(&x->arena, name), arena_copy(&x->arena, value));
    else
        errand_note(errand, LEVEL_WARNING,
                    "FastCGIauth: the variable %.*s is not its to set, and left out",
                    SLICE_ARGS(name));
}

/* RFC 3875 4.1.1: how the user was found out, as far as the request tells. */
static void add_auth_type(struct exchange *x)
{
    const struct slice name = SLICE("AUTH_TYPE");
    struct slice scheme;
    struct slice rest;

    if (x->record.user.len == 0 || fields_find_name(&x->request.granted, name))
        return;
    slice_cut(fields_value(&x->request.fields, FIELD_AUTHORIZATION), ' ', &scheme, &rest);
    if (scheme.len > 0)
        grant(x, name, scheme);
}

static void take_variables(struct errand *errand)
{
    const struct fields *fields = &errand->delivery.reply.fields;

    for (uint32_t i = 0; i < fields->count; i++)
        if (slice_starts_nocase(fields->at[i].name, PREFIX))
            take_variable(errand, slice_skip(fields->at[i].name, PREFIX.len), fields->at[i].value);
    add_auth_type(errand->x);
}

void errand_let_pass(struct errand *errand)
{
    struct exchange *x = errand->x;

    take_variables(errand);
    x->record.handler = NULL;
    x->record.program = (struct program_record){ 0 };
    const struct verdict *next = screen_first(x, hashes_first(x, errand->verdict->guarded));
    exchange_hand_over(x, handler_for(next->answer), next);
}
