#include "site/question.h"

#include "http/target.h"

#include <assert.h>

void question_make(struct exchange *x, struct loop *loop, const struct visit *visit,
                   enum method method, const char *target)
{
    struct parse_fault fault;

    *x = (struct exchange){ .loop = loop, .visit = visit };
    x->request.method = method;
    enum parse parse =
        target_parse(slice_cstr(target), method == METHOD_CONNECT, method == METHOD_OPTIONS,
                     &x->arena, &x->request.target, &fault);
    assert(parse == PARSE_DONE);
}
