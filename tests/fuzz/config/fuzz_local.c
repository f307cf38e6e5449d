/*
 * A .hiawatha, which whoever may write to a folder writes: whatever it is, it is understood or has
 * a fault with a place, and no file that it names lies outside of the website.
 */
#include "config/local.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct local_conf *local, struct slice file)
{
    if (local->fault.len > 0 || file.len == 0)
        return;
    assert(slice_starts(file, SLICE("/srv/www/")));
    assert(slice_find_slice(file, SLICE("/../")) == SLICE_NONE);
    assert(slice_find_slice(file, SLICE("/.")) != SLICE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LOCAL_TEXT_MOST)
        return 0;
    struct local_conf *local =
        local_conf_read(&(struct local_source){ .path = SLICE("/srv/www/a/.hiawatha"),
                                                .root = SLICE("/srv/www"),
                                                .text = slice_of((const char *)data, size) });

    assert(local->fault.len == 0 || slice_starts(local->fault, SLICE("/srv/www/a/.hiawatha:")));
    check_file(local, local->directory.folder.login.file);
    check_file(local, local->directory.folder.login.group_file);
    assert(!local->directory.folder.setenv && !local->directory.folder.execute_cgi);
    local_conf_free(local);
    return 0;
}
