#ifndef CONFIG_BACKEND_CONF_H
#define CONFIG_BACKEND_CONF_H

/*
 * Programs that are asked by connections: sections of FastCGIserver with their targets or workers,
 * and the rules of ReverseProxy and WebSocket. Part of the model.
 */
#include "base/address.h"
#include "base/diag.h"
#include "base/slice.h"
#include "config/conf_lists.h"
#include "config/confine_conf.h"
#include "config/logs_conf.h"

#include <stdbool.h>
#include <stdint.h>

/* How a target of HTTP is asked. */
enum connect_tls {
    CONNECT_PLAIN,
    CONNECT_TLS,            /* its certificate is verified */
    CONNECT_TLS_UNVERIFIED, /* whatever certificate it shows */
};

struct connect_conf {
    struct connect_conf *next;
    union socket_address address; /* of no family: `host` is to be looked up */
    struct slice host;            /* a name; empty: none */
    bool is_srv;                  /* of SRV records, which tell the ports */
    uint16_t port;                /* of the host, not of SRV records */
    enum connect_tls tls;
    struct slice text; /* the address or name as written */
    struct diag_place place;
    uint64_t weight;                    /* its share beside the others; 1: the usual one */
    uint64_t max_connections;           /* 0: what the section says */
    bool backup;                        /* asked only when no other target is there */
    union socket_address probe_address; /* of no family: the target itself is probed, */
    uint16_t probe_port;                /* 0, or on another port */
};

/* What the programs of a FastCGIserver section speak. */
enum conf_protocol { PROTOCOL_FASTCGI, PROTOCOL_SCGI, PROTOCOL_HTTP };

/* Which of several targets a request without a session goes to. */
enum conf_balance { BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONN, BALANCE_HASH };

/* What tells the visitors of a section apart. */
enum conf_stick_to { STICK_TO_ADDRESS, STICK_TO_COOKIE };

/* Workers of our own: the program of a FastCGIserver section with Run. */
struct run_conf {
    struct slice program; /* absolute; empty: the section has ConnectTo */
    struct conf_word *arguments;
    struct diag_place place;
    unsigned pool; /* its number, see server_conf.pools */
    uint64_t key;  /* of the pool: the same in each generation that has it */
    struct confine_conf confine;
    struct conf_pair *setenv;
    struct conf_log error_log; /* of what workers say on stderr; place.file NULL: the system log */
    uint64_t min_workers;
    uint64_t max_workers;
    unsigned capacity;     /* requests that one serves at a time: the children it forks, or 1 */
    uint64_t max_requests; /* of one worker; 0: no limit. The same for the following */
    uint64_t age_ms;
    uint64_t memory_bytes;
    bool sets_connections; /* MaxConnections is given, KeepConnections, KeepTime */
    bool sets_kept;
    bool sets_keep_time;
    uint64_t idle_ms; /* after so long without need for it a worker ends */
};

#define PROXY_WAIT_MS 5000u /* for a backend that says nothing */
#define PROXY_KEEPS   16u   /* idle connections of a ReverseProxy with keep-alive */

#define TUNNEL_IDLE_MS 600000u /* where no rule says how long a WebSocket may be silent */

/* A rule of ReverseProxy or WebSocket. */
struct proxy_conf {
    struct proxy_conf *next;
    struct diag_place place;
    const char *option;   /* which of them */
    struct slice pattern; /* ReverseProxy */
    bool is_inverted;
    struct conf_word *paths; /* WebSocket: each is a path, or ends in '*' and is the beginning of
                                some */
    unsigned skip;           /* parts of the path that are taken off its front */
    struct slice path;       /* and what is put there, without a slash at its end */
    struct slice host;       /* the name to ask for; empty: that of the request */
    uint64_t wait_ms; /* the backend may say nothing for so long, until its answer is there */
    uint64_t tunnel_idle_ms; /* and both sides of a WebSocket */
    const struct fastcgi_conf *section;
};

struct fastcgi_conf {
    struct fastcgi_conf *next;
    struct diag_place place;
    unsigned index;
    struct slice id;
    enum conf_protocol protocol;
    struct connect_conf *targets;
    unsigned target_count;
    struct conf_word *extensions; /* NULL: every request */
    uint64_t session_timeout_ms;  /* 0: plain rotation */
    struct slice socket_owner;    /* a user's name or number; empty: whoever */
    struct diag_place socket_owner_place;
    enum conf_stick_to stick_to;
    struct conf_word *session_cookies; /* of the application; NULL: every visitor has a session */
    struct slice sticky_cookie;        /* the name of our own */
    struct slice server_root;          /* empty: none */
    uint64_t connect_timeout_ms;
    enum conf_balance balance;
    uint64_t max_connections;  /* to each target; 0: no bound */
    uint64_t keep_connections; /* idle ones, to each target */
    uint64_t keep_ms;          /* for so long */
    uint64_t queue_length;     /* how many may wait for a target */
    uint64_t queue_ms;         /* for so long */
    uint64_t restart_hold_ms;  /* how long a target that is gone may be starting anew */
    uint64_t rest_failures;    /* so many failed requests ... */
    uint64_t rest_window_ms;   /* ... within that time let a target rest; 0 failures: never */
    bool probe;                /* its targets are asked whether they are well: */
    struct slice probe_path;   /* by a GET of this; empty: by connecting */
    uint64_t probe_every_ms;
    uint64_t probe_timeout_ms;
    uint64_t slow_start_ms; /* until a target that came back has its full share */
    uint64_t collect_bytes; /* bodies up to this length are complete before a target is asked */
    struct run_conf run;
    bool is_of_proxy;     /* no section of the text: rules of ReverseProxy or WebSocket made it */
    bool uses_tls;        /* some target is asked by TLS */
    bool all_local;       /* every target is on this machine and server_root is empty */
    struct slice written; /* its options as they stand, for config/same.h */
};

#endif
