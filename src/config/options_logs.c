/* Options about what the logs tell of clients. */
#include "build.h"

static const struct option_row rows[] = {
    {
        .name = "AnonymizeIP",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, anonymize_ip),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Access logs and error logs name the network of a client instead of its address: "
                "the first 24 bits of IPv4, 48 of IPv6. Fields of proxies that tell it "
                "(X-Forwarded-For, Forwarded, X-Real-IP) are left out. Bans in the system log "
                "keep the address, or nobody could lift them; programs get it too.",
    },
    {
        .name = "LogfileMask",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, log_mask),
        .set = address_rules_set,
        .grammar = "allow|deny ADDRESS|NETWORK|all[, ...]",
        .text = "Whose requests get into the access logs: the first rule that holds the client "
                "decides, and `deny` leaves them out. For monitoring, for example `deny "
                "127.0.0.1`.",
    },
    {
        .name = "LogTimeouts",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, log_timeouts),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "A request that was not completed in time (TimeForRequest) is a line in the error "
                "log as well. In the access log it is a 408 in any case.",
    },
};

const struct option_group log_options = { rows, sizeof(rows) / sizeof(rows[0]) };
