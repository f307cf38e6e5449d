#include "gateway/upload.h"

static bool is_to_be_collected(const struct request *request, uint64_t collect_most)
{
    if (!request->has_body)
        return false;
    return request->length < 0 ||
           (!request->expects_continue && (uint64_t)request->length <= collect_most);
}

/* It fits into the queue that it comes in: no copy is needed. */
static bool fits_where_it_is(const struct request *request)
{
    return request->length >= 0 && (uint64_t)request->length <= BODY_HIGH;
}

void upload_init(struct upload *upload, struct exchange *x, struct slice folder,
                 uint64_t collect_most)
{
    struct request *request = &x->request;

    *upload = (struct upload){
        .x = x,
        .state = UPLOAD_READY,
        .source = &request->body,
        .length = request->has_body ? request->length : -1,
    };
    if (request->has_body && request->collected) {
        upload->source = &upload->spill.body;
        spill_repeat(&upload->spill, request->collected, x->loop, &x->arena);
        return;
    }
    if (!is_to_be_collected(request, collect_most))
        return;
    upload->state = UPLOAD_COLLECTING;
    if (!fits_where_it_is(request)) {
        upload->source = &upload->spill.body;
        spill_init(&upload->spill, x->loop, &x->arena, folder);
        exchange_want_body(x);
    }
}

void upload_init_none(struct upload *upload, struct exchange *x)
{
    *upload = (struct upload){
        .x = x,
        .state = UPLOAD_READY,
        .source = &upload->spill.body,
        .length = -1,
        .leaves = true,
    };
    spill_init(&upload->spill, x->loop, &x->arena, SLICE(""));
    spill_finish(&upload->spill);
}

void upload_init_document(struct upload *upload, struct exchange *x)
{
    *upload = (struct upload){
        .x = x,
        .state = UPLOAD_READY,
        .source = &upload->spill.body,
        .length = (int64_t)x->request.collected->bytes,
        .leaves = true,
    };
    spill_repeat(&upload->spill, x->request.collected, x->loop, &x->arena);
}

/* What is collected elsewhere is taken from the queue. 0 or negative errno. */
static int take_some(struct upload *upload)
{
    struct body *body = &upload->x->request.body;

    return upload->source == body ? 0 : spill_take(&upload->spill, body);
}

enum upload_state upload_advance(struct upload *upload)
{
    struct body *body = &upload->x->request.body;

    if (upload->state != UPLOAD_COLLECTING)
        return upload->state;

    int r = take_some(upload);
    if (r < 0) {
        upload->error = r;
        upload->state = UPLOAD_FAILED;
    } else if (body->end == BODY_BROKEN) {
        upload->state = UPLOAD_BROKEN;
    } else if (body->end == BODY_COMPLETE) {
        if (upload->source != body) {
            spill_finish(&upload->spill);
            upload->length = (int64_t)upload->spill.bytes;
        }
        upload->state = UPLOAD_READY;
    }
    return upload->state;
}

bool upload_waits_for_client(const struct upload *upload)
{
    const struct body *source = upload->source;

    return upload->length > 0 && source->end == BODY_OPEN && body_empty(source) &&
           !source->reader_gone;
}

void upload_abandon(struct upload *upload)
{
    if (!upload->leaves)
        body_abandon(&upload->x->request.body);
    if (upload->source != &upload->x->request.body)
        body_abandon(upload->source);
}

void upload_done(struct upload *upload)
{
    upload_abandon(upload);
    spill_done(&upload->spill);
}
