#include "server_name.h"

#define KIND_HOST_NAME 0

/* A length of two bytes and as many bytes behind it; false: there are not so many. */
static bool take_counted(struct slice *rest, struct slice *ret)
{
    if (rest->len < 2)
        return false;
    const size_t len = (size_t)(unsigned char)rest->at[0] << 8 | (unsigned char)rest->at[1];
    if (len > rest->len - 2)
        return false;
    *ret = slice_of(rest->at + 2, len);
    *rest = slice_skip(*rest, 2 + len);
    return true;
}

struct slice server_name_first(struct slice extension)
{
    struct slice list;
    struct slice name;

    if (!take_counted(&extension, &list))
        return SLICE("");
    while (list.len > 0) {
        const unsigned char kind = (unsigned char)list.at[0];

        list = slice_skip(list, 1);
        if (!take_counted(&list, &name))
            return SLICE("");
        if (kind == KIND_HOST_NAME)
            return name;
    }
    return SLICE("");
}
