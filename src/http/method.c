#include "http/method.h"

static bool is(struct slice name, const char *text)
{
    return memcmp(name.at, text, name.len) == 0;
}

enum method method_of(struct slice name)
{
    switch (name.len) {
    case 3:
        if (is(name, "GET"))
            return METHOD_GET;
        return is(name, "PUT") ? METHOD_PUT : METHOD_OTHER;
    case 4:
        if (is(name, "POST"))
            return METHOD_POST;
        return is(name, "HEAD") ? METHOD_HEAD : METHOD_OTHER;
    case 5:
        if (is(name, "PATCH"))
            return METHOD_PATCH;
        return is(name, "TRACE") ? METHOD_TRACE : METHOD_OTHER;
    case 6:
        return is(name, "DELETE") ? METHOD_DELETE : METHOD_OTHER;
    case 7:
        if (is(name, "OPTIONS"))
            return METHOD_OPTIONS;
        return is(name, "CONNECT") ? METHOD_CONNECT : METHOD_OTHER;
    default:
        return METHOD_OTHER;
    }
}

bool method_is_safe(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS ||
           method == METHOD_TRACE;
}

bool method_is_idempotent(enum method method)
{
    return method_is_safe(method) || method == METHOD_PUT || method == METHOD_DELETE;
}
