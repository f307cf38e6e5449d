#include "gateway/intake.h"

void intake_init(struct intake *intake, struct exchange *x, struct slice folder)
{
    struct request *request = &x->request;

    *intake = (struct intake){
        .x = x,
        .state = INTAKE_READY,
        .source = &request->body,
        .length = request->has_body ? request->length : -1,
    };
    if (request->has_body && request->length < 0) {
        intake->state = INTAKE_COLLECTING;
        intake->source = &intake->spill.body;
        spill_init(&intake->spill, x->loop, &x->arena, folder);
        exchange_want_body(x);
    }
}

enum intake_state intake_advance(struct intake *intake)
{
    struct body *body = &intake->x->request.body;

    if (intake->state != INTAKE_COLLECTING)
        return intake->state;

    int r = spill_take(&intake->spill, body);
    if (r < 0) {
        intake->error = r;
        intake->state = INTAKE_FAILED;
    } else if (body->end == BODY_BROKEN) {
        intake->state = INTAKE_BROKEN;
    } else if (body->end == BODY_COMPLETE) {
        spill_finish(&intake->spill);
        intake->length = (int64_t)intake->spill.bytes;
        intake->state = INTAKE_READY;
    }
    return intake->state;
}

bool intake_waits_for_client(const struct intake *intake)
{
    const struct body *source = intake->source;

    return intake->length > 0 && source->end == BODY_OPEN && body_empty(source) &&
           !source->reader_gone;
}

void intake_abandon(struct intake *intake)
{
    body_abandon(&intake->x->request.body);
    if (intake->source != &intake->x->request.body)
        body_abandon(intake->source);
}

void intake_done(struct intake *intake)
{
    intake_abandon(intake);
    spill_done(&intake->spill);
}
