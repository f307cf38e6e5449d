/* Options about requests that tell how they are decided. */
#include "build.h"

static const struct option_row rows[] = {
    {
        .name = "TraceFor",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, trace_for),
        .set = tracers_set,
        .grammar = "ADDRESS[/BITS][, ...]",
        .text = "Clients who may ask why a request is answered as it is: with the field "
                "`X-Longhouse-Trace: yes` they get a field of that name for each decision, with "
                "paths on the disk and places in the configuration, and also before a password is "
                "known. The answer is not to be cached. `longhouse explain` tells the same "
                "without a request. May be repeated.",
    },
};

const struct option_group trace_options = { rows, sizeof(rows) / sizeof(rows[0]) };
