#include "http/press_shelf.h"

#include "http/exchange.h"

#include <string.h>

void press_shelf_init(struct press_shelf *shelf)
{
    answer_store_init(&shelf->forms, 0);
}

void press_shelf_limit(struct press_shelf *shelf, size_t most_bytes)
{
    answer_store_limit(&shelf->forms, most_bytes);
}

void press_shelf_done(struct press_shelf *shelf)
{
    answer_store_done(&shelf->forms);
}

static struct slice write_key(char out[PRESS_FORM_KEY], uint64_t content, enum coding coding,
                              enum effort effort)
{
    memcpy(out, &content, sizeof(content));
    out[sizeof(content)] = (char)coding;
    out[sizeof(content) + 1] = (char)effort;
    return slice_of(out, PRESS_FORM_KEY);
}

struct file_ref *press_shelf_find(struct press_shelf *shelf, uint64_t content, enum coding coding,
                                  enum effort effort)
{
    const struct fields any = { 0 };
    const struct stored_answer *form = NULL;
    char key[PRESS_FORM_KEY];

    if (content == 0)
        return NULL;
    for (unsigned better = EFFORT_FULL; !form && better <= effort; better++)
        form = answer_store_find(&shelf->forms,
                                 write_key(key, content, coding, (enum effort)better), &any, 0);
    return form ? form->body : NULL;
}

/* ---- copies ---- */

void press_copy_begin(struct press_copy *copy, struct press_shelf *shelf, struct exchange *x,
                      enum coding coding, enum effort effort, struct slice folder)
{
    *copy = (struct press_copy){ .shelf = shelf };
    spill_init(&copy->spill, x->loop, &x->arena, folder);
    write_key(copy->key, x->response.content, coding, effort);
}

void press_copy_add(struct press_copy *copy, struct slice bytes)
{
    if (!copy->shelf)
        return;
    if (copy->spill.bytes + bytes.len > copy->shelf->forms.most_bytes / 4 ||
        spill_put(&copy->spill, bytes) < 0)
        press_copy_drop(copy);
}

void press_copy_keep(struct press_copy *copy)
{
    struct file_ref *body = NULL;

    if (copy->shelf)
        body = spill_to_file(&copy->spill);
    if (body) {
        struct stored_answer *form = stored_answer_new(slice_of(copy->key, sizeof(copy->key)));

        form->body = body;
        form->until_ms = UINT64_MAX;
        answer_store_put(&copy->shelf->forms, form);
    }
    press_copy_drop(copy);
}

void press_copy_drop(struct press_copy *copy)
{
    spill_done(&copy->spill);
    copy->shelf = NULL;
}
