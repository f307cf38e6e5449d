#ifndef CONFIG_BANS_CONF_H
#define CONFIG_BANS_CONF_H

/*
 * What is configured against clients that misbehave: how long they are banned for what, and whom
 * the rules spare. Times of 0: no ban. Part of the model.
 */
#include "base/address.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* "deny 10.0.0.0/8" in a list, of which the first that holds an address decides. */
enum conf_rule_word { RULE_ALLOW, RULE_DENY };

struct conf_rule {
    struct conf_rule *next;
    enum conf_rule_word word;
    struct address_net net;
};

/* True when the first rule that holds the address says deny. Without one: false. */
bool conf_rules_deny(const struct conf_rule *rules, const union socket_address *address);

#define BAN_MOST_MS (UINT64_C(3650) * 86400000)

/* A time above 0 and not above BAN_MOST_MS; a bare number counts seconds. */
bool ban_time_parse(struct slice text, uint64_t *ret_ms);

struct bans_conf {
    uint64_t garbage_ms;
    uint64_t invalid_url_ms;
    uint64_t max_per_ip_ms;
    uint64_t request_size_ms;
    uint64_t timeout_ms;
    uint64_t denied_body_ms;
    uint64_t sql_ms;
    uint64_t flood_requests;  /* more than so many */
    uint64_t flood_window_ms; /* within this time */
    uint64_t flood_ms;
    uint64_t wrong_passwords; /* so many */
    uint64_t wrong_password_ms;
    struct conf_rule *spared;    /* BanlistMask: who gets deny is never banned */
    bool kick;                   /* a ban ends the client's connections */
    bool restart;                /* who comes back during a ban begins it anew */
    uint64_t reconnect_delay_ms; /* a closed connection counts for so much longer */
    struct conf_rule *unlimited; /* RequestLimitMask: limits do not count for who gets deny */
    uint64_t load_percent;       /* MaxServerLoad; 0: off */
};

#endif
