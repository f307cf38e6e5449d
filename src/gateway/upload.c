#include "gateway/upload.h"

void upload_init(struct upload *upload, struct exchange *x, struct slice folder)
{
    struct request *request = &x->request;

    *upload = (struct upload){
        .x = x,
        .state = UPLOAD_READY,
        .source = &request->body,
        .length = request->has_body ? request->length : -1,
    };
    if (request->has_body && request->length < 0) {
        upload->state = UPLOAD_COLLECTING;
        upload->source = &upload->spill.body;
        spill_init(&upload->spill, x->loop, &x->arena, folder);
        exchange_want_body(x);
    }
}

enum upload_state upload_advance(struct upload *upload)
{
    struct body *body = &upload->x->request.body;

    if (upload->state != UPLOAD_COLLECTING)
        return upload->state;

    int r = spill_take(&upload->spill, body);
    if (r < 0) {
        upload->error = r;
        upload->state = UPLOAD_FAILED;
    } else if (body->end == BODY_BROKEN) {
        upload->state = UPLOAD_BROKEN;
    } else if (body->end == BODY_COMPLETE) {
        spill_finish(&upload->spill);
        upload->length = (int64_t)upload->spill.bytes;
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
    body_abandon(&upload->x->request.body);
    if (upload->source != &upload->x->request.body)
        body_abandon(upload->source);
}

void upload_done(struct upload *upload)
{
    upload_abandon(upload);
    spill_done(&upload->spill);
}
