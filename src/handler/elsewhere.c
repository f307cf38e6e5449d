/*
 * Answers that a program leaves to the house: a file it chose (X-Sendfile, X-Accel-Redirect), what
 * a GET of another path of its host gives (a local redirect, RFC 3875 6.2.2), or the page for the
 * error that it told (TriggerOnCGIstatus).
 */
#include "errand.h"
#include "site/chosen.h"

#define LOCAL_REDIRECTS_MOST 10u
#define NAMED_MOST           200 /* of a path in the log */

/* Cut to what a line of the log can hold. */
#define NAMED(slice) SLICE_ARGS(slice_first((slice), NAMED_MOST))

/* What the new verdict holds is given back with the exchange; the old one's file is not needed. */
static struct verdict *new_verdict(struct errand *errand)
{
    struct exchange *x = errand->x;
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    if (x->hold)
        verdict_done(x->hold, errand->services->files);
    x->hold = verdict;
    return verdict;
}

/* ---- a file ---- */

/* What describes the file is for the house to say: the program spoke of its own empty body. */
static bool is_about_file(enum field_id id)
{
    return id == FIELD_ACCEPT_RANGES || id == FIELD_CONTENT_RANGE || id == FIELD_ETAG ||
           id == FIELD_LAST_MODIFIED || id == FIELD_LOCATION;
}

static struct fields kept_fields(const struct errand *errand)
{
    const struct fields *fields = &errand->delivery.reply.fields;
    struct fields kept = { 0 };

    for (uint32_t i = 0; i < fields->count; i++)
        if (!is_about_file(fields->at[i].id))
            fields_append(&kept, &errand->x->arena, fields->at[i]);
    return kept;
}

/* The place as the house sees it: a program with a root of its own (ServerRoot) names it below. */
static struct slice real_place(const struct errand *errand, struct slice place)
{
    const struct slice parts[] = { errand->program_root, place };

    return errand->program_root.len > 0 ? arena_join(&errand->x->arena, parts, 2) : place;
}

static void send_file(struct errand *errand)
{
    const struct reply *reply = &errand->delivery.reply;
    const struct snapshot *snapshot = errand->services->snapshot;
    struct file_cache *files = errand->services->files;
    struct exchange *x = errand->x;
    const struct mapping of = errand->verdict->resource.mapping;
    struct verdict *verdict = new_verdict(errand);
    const bool by_place = reply->sendfile.len > 0;
    const bool found =
        by_place ? chosen_by_place(snapshot, errand->host, x, &of, files,
                                   real_place(errand, reply->sendfile), verdict)
                 : chosen_by_path(snapshot, errand->host, x, &of, files, reply->accel, verdict);

    if (!found) {
        errand_fail(errand, verdict->status, 0, RESET_BROKEN, "%s '%.*s' is refused: %s",
                    by_place ? "X-Sendfile" : "X-Accel-Redirect",
                    NAMED(by_place ? reply->sendfile : reply->accel), verdict->why);
        return;
    }
    if (reply->status != 0 && reply->status != 206)
        verdict->status = reply->status;
    verdict->kept = kept_fields(errand);
    const struct verdict *first = hashes_first(x, verdict);
    exchange_hand_over(x, handler_for(first->answer), first);
}

/* ---- a path ---- */

static void send_path(struct errand *errand)
{
    const struct target *target = &errand->delivery.path;
    struct exchange *x = errand->x;

    if (x->redirects >= LOCAL_REDIRECTS_MOST) {
        errand_fail(errand, 502, 0, RESET_BROKEN,
                    "a local redirect to '%.*s' behind %u others: do they go round in a circle?",
                    NAMED(target->raw), x->redirects);
        return;
    }

    struct verdict *verdict = new_verdict(errand);
    exchange_redirect(x, target);
    router_judge(errand->services->snapshot, errand->host, x, errand->services->files, verdict);
    const struct verdict *first = login_first(x, verdict);
    exchange_hand_over(x, handler_for(first->answer), first);
}

/* ---- an error ---- */

/* What the status itself asks for, and what the house is told. */
static struct fields fields_of_error(const struct errand *errand)
{
    static const struct slice names[] = {
        SLICE_INIT("WWW-Authenticate"), SLICE_INIT("Allow"),          SLICE_INIT("Retry-After"),
        SLICE_INIT("X-Longhouse-Ban"),  SLICE_INIT("X-Hiawatha-Ban"),
    };
    const struct fields *fields = &errand->delivery.reply.fields;
    struct fields kept = { 0 };

    for (uint32_t i = 0; i < fields->count; i++)
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
            if (slice_equal_nocase(fields->at[i].name, names[j]))
                fields_add(&kept, &errand->x->arena, names[j], fields->at[i].value);
    return kept;
}

static void send_error(struct errand *errand)
{
    struct exchange *x = errand->x;
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    *verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = errand->delivery.reply.status,
        .why = "the program answered so by itself (TriggerOnCGIstatus)",
        .host = errand->host,
        .folder = errand->verdict->folder,
        .kept = fields_of_error(errand),
    };
    exchange_hand_over(x, handler_for(verdict->answer), verdict);
}

void errand_conclude(struct errand *errand)
{
    output_tap_keep(&errand->tap);
    errand_release(errand);
    if (exchange_is_over(errand->x)) {
        exchange_handler_done(errand->x);
        return;
    }
    switch (errand->delivery.way) {
    case DELIVERY_UNKNOWN:
    case DELIVERY_TO_CLIENT:
        exchange_handler_done(errand->x);
        break;
    case DELIVERY_FROM_FILE:
        send_file(errand);
        break;
    case DELIVERY_FROM_PATH:
        send_path(errand);
        break;
    case DELIVERY_FROM_HOUSE:
        send_error(errand);
        break;
    case DELIVERY_LETS_PASS:
        errand_let_pass(errand);
        break;
    }
}
