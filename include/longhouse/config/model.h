#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

/*
 * The typed configuration: what the option rows fill in. Plain data in one arena; lists are linked
 * in the order of the text. Times in the unit the name says, sizes in bytes. Each record keeps the
 * place where it begins, for later diagnostics and for `longhouse explain`.
 */
#include "base/address.h"
#include "base/diag.h"
#include "base/slice.h"
#include "config/acme_conf.h"
#include "config/backend_conf.h"
#include "config/bans_conf.h"
#include "config/conf_lists.h"
#include "config/confine_conf.h"
#include "config/log_format.h"
#include "config/logs_conf.h"
#include "config/screen_conf.h"
#include "config/ssh_conf.h"
#include "config/throttle_conf.h"
#include "config/tls_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHARSET_MOST 40u /* bytes of the name of a character set */

/* AccessList: what clients of a network may do. */
enum conf_access { ACCESS_ALLOW, ACCESS_DENY, ACCESS_PASSWORD };
struct conf_access_rule {
    struct conf_access_rule *next;
    enum conf_access access;
    struct address_net net;
};

/* PasswordFile: how visitors log in, and where it is written who they are. */
enum conf_login_kind { LOGIN_NONE, LOGIN_BASIC, LOGIN_DIGEST };
struct conf_login {
    enum conf_login_kind kind;
    struct slice file;
    struct slice group_file; /* empty: none */
    struct slice below; /* both lie in this folder, and no link leads out of it; empty: anywhere */
    struct diag_place place;
};

/* ExpirePeriod: how long files may be kept without asking again, and by whom. */
struct conf_expire {
    bool is_given;
    bool is_public; /* by proxies too, which share it */
    uint64_t age_s;
};

/* Compress: in which codings answers may be sent that have none, the first ones first. */
enum conf_coding { CONF_CODING_GZIP, CONF_CODING_BR, CONF_CODING_ZSTD };
#define CONF_CODINGS 3u
struct conf_compress {
    enum conf_coding codings[CONF_CODINGS];
    unsigned count; /* 0: in none */
};

/* ShowIndex: what a folder without a start file is answered with. */
enum conf_index { INDEX_NO, INDEX_PAGE, INDEX_XML };
struct show_index_conf {
    enum conf_index as;
    struct slice stylesheet; /* INDEX_XML: absolute, what shows it; empty: it is sent as it is */
};

/* Which field of a trusted proxy tells the client. */
enum conf_proxy_field {
    PROXY_FIELD_ANY,
    PROXY_FIELD_X_FORWARDED_FOR,
    PROXY_FIELD_FORWARDED,
    PROXY_FIELD_X_REAL_IP,
};

/* Whether a proxy tells its client by the PROXY protocol. */
enum conf_proxy_protocol { PROXY_PROTOCOL_NO, PROXY_PROTOCOL_YES, PROXY_PROTOCOL_REQUIRED };

/* CGIhandler = /usr/bin/perl:pl,pm */
struct cgi_handler_conf {
    struct cgi_handler_conf *next;
    struct slice program;        /* absolute path, or a bare name with /usr/bin before it */
    struct conf_word *arguments; /* between the program and the script */
    struct conf_word *extensions;
    struct diag_place place;
};

/* AcceptHTTP2: over TLS with yes, without it as well with prior-knowledge. */
enum conf_http2 { HTTP2_NO, HTTP2_YES, HTTP2_PRIOR_KNOWLEDGE };

struct binding_conf {
    struct binding_conf *next;
    struct diag_place place;
    unsigned index;               /* 0, 1, ... in the order of the text */
    struct slice id;              /* empty: none */
    union socket_address address; /* Interface and Port */
    struct slice interface;       /* as written, or "0.0.0.0" */
    uint16_t port;
    uint64_t max_keep_alive;
    uint64_t max_request_bytes;
    uint64_t first_request_ms; /* TimeForRequest */
    uint64_t next_request_ms;
    bool enable_trace;
    bool enable_alter;                /* PUT and DELETE of files */
    uint64_t max_upload_bytes;        /* of a PUT that makes a file */
    struct conf_net *trusted_proxies; /* besides those of the server */
    enum conf_proxy_protocol proxy_protocol;
    enum conf_http2 http2;
    struct tls_conf tls;  /* with certificates: TLS is spoken */
    struct slice written; /* its options as they stand, to tell what has changed */
};

/* What programs get as SERVER_NAME. */
enum conf_server_name { SERVER_NAME_HOSTNAME, SERVER_NAME_REQUEST };

enum conf_cgroup_kind { CGROUP_AUTO, CGROUP_NO, CGROUP_AT_PATH };

/* Where the control groups of programs are made. */
struct conf_cgroup {
    enum conf_cgroup_kind kind;
    struct slice path;
    struct diag_place place;
};

/*
 * What may differ from folder to folder: a host has all of it, a Directory section what it gives.
 * Whoever answers a request asks its verdict (site/folder_rules.h), never the host. A new member
 * needs a row with AT_FOLDER(member), SCOPE_DIRECTORY and, where a host may say it, SCOPE_HOST; and
 * nothing else.
 */
struct folder_conf {
    bool execute_cgi;
    struct conf_word *start_files;
    bool enable_path_info;
    bool follow_symlinks;
    uint64_t time_for_cgi_ms;
    uint64_t cgi_first_byte_ms; /* 0: no limit */
    uint64_t cgi_idle_ms;       /* 0: no limit */
    struct conf_net *debug_cgi; /* who sees why a program failed */
    struct conf_pair *setenv;   /* of one name the first counts; a Directory adds to the host's */
    bool http_auth_to_cgi;
    bool indexed_query;
    bool local_redirect;
    uint64_t output_spool_bytes;
    struct conf_access_rule *access_rules;
    struct conf_login login;
    struct conf_word *required_groups; /* one of them is enough; NULL: no group is wanted */
    struct slice login_message;
    const struct fastcgi_conf *fastcgi_auth; /* who lets requests pass; NULL: all do */
    struct show_index_conf show_index;
    struct slice
        wrap_id; /* WrapCGI of a Directory: who its programs are; empty: as the host says */
    const struct shared_speed_conf *upload_speed; /* NULL: as fast as it goes */
    struct conf_expire expire;                    /* overrides MaxAge */
    struct conf_compress compress;
    struct conf_access_rule *alter_rules; /* AlterList: who may PUT and DELETE; NULL: nobody */
    struct conf_word *alter_groups;       /* one of them is enough; NULL: no group is wanted */
    unsigned alter_mode;                  /* of files that PUT makes */
    struct slice run_on_download;         /* absolute; empty: nothing is run */
};

/* A member of struct folder_conf that a Directory section gives. */
struct folder_given {
    struct folder_given *next;
    size_t offset;
    size_t size;
};

/* A Directory section: what holds below some paths of the URL. */
struct directory_conf {
    struct directory_conf *next;
    struct diag_place place;
    struct slice id;
    struct conf_word *paths;      /* decoded, begin with '/', no slash behind: "/" or "/x/y" */
    struct conf_word *extensions; /* of the files it is for; NULL: all, and folders */
    struct folder_conf folder;    /* the members that are given */
    struct folder_given *given;
    struct diag_place wrap_place; /* of WrapCGI */
    bool is_used;                 /* by a host */
    struct slice written;         /* likewise */
};

/* Alias and ScriptAlias: a path of the URL and everything below it, or a file. */
struct alias_conf {
    struct alias_conf *next;
    struct diag_place place;
    unsigned number;  /* 1, 2, ... in the order of the text */
    struct slice url; /* decoded, begins with '/', no slash behind: "/x/y"; a file's may be "/" */
    struct slice folder; /* absolute: what the URL stands for, or where the file is */
    struct slice file;   /* the name in it, NUL terminated; empty: the folder itself is meant */
};

/* ErrorHandler = 404:/errors/404.html?a=b */
struct error_handler_conf {
    struct error_handler_conf *next;
    int status;
    struct slice path; /* of the URL, decoded, NUL terminated */
    struct slice query;
    bool has_query;
};

/* UserWebsites: an account with the folder of UserDirectory in its home. */
struct user_conf {
    struct slice name;
    struct slice path; /* of the folder, absolute, no slash behind, NUL terminated */
    const char *home;  /* absolute */
    uint32_t user;
    uint32_t group;
    struct slice groups; /* numbers with commas between them, `group` too */
};

/* One that has the folder and no website. */
struct user_passed_over {
    struct user_passed_over *next;
    struct slice name;
    const char *why;
};

struct users_conf {
    struct slice directory; /* below each home; NUL terminated */
    bool wrap;              /* WrapUserCGI: their programs are theirs */
    struct diag_place wrap_place;
    struct diag_place place; /* of the first UserWebsites = yes; file NULL: there is none, and no
                                account was looked for */
    struct user_conf *sites; /* by name (config/users.h) */
    unsigned count;
    struct user_passed_over *passed_over;
    unsigned passed_over_count;
};

/* A line of FileHashes. */
#define CONF_HASH_LEN 32u /* SHA-256 */
struct conf_hash {
    struct slice path; /* absolute */
    unsigned char sum[CONF_HASH_LEN];
};

struct toolkit_conf; /* config/toolkit.h */

/* A section that a toolkit of the host sends requests to, and the one that stands for it there: a
 * pool of workers belongs to an identity. */
struct conf_forced {
    const struct fastcgi_conf *named;
    const struct fastcgi_conf *used;
};

struct vhost_conf {
    struct vhost_conf *next;
    struct diag_place place;
    unsigned index;              /* 0 = the default host */
    struct conf_word *hostnames; /* lower case, exact or "*.domain" */
    struct slice website_root;   /* absolute, no trailing slash; empty: nothing local */
    struct diag_place website_root_place;
    bool host_folders; /* below website_root lies a folder for each name that is asked for */
    struct folder_conf folder; /* where no Directory says otherwise */
    struct conf_word *use_directory_ids;
    struct directory_conf **directories; /* resolved, in order: later ones override */
    unsigned directory_count;
    struct alias_conf *aliases;
    unsigned alias_count;
    struct slice front_controller; /* below website_root, no leading '/', NUL terminated; empty:
                                      none */
    struct diag_place front_controller_place;
    uint64_t max_cgi;          /* seats: requests with a program at the same time; 0: not given */
    uint64_t cgi_queue_length; /* how many may wait for one */
    uint64_t cgi_queue_ms;     /* for so long */
    uint64_t collect_bytes;    /* bodies up to this length are complete before that */
    struct screen_conf screen;
    uint64_t ban_by_cgi_ms; /* BanByCGI: the longest; 0: no */
    enum conf_server_name server_name_as;
    struct conf_folder *sendfile_roots;
    struct conf_word *use_fastcgi_ids;
    struct fastcgi_conf **use_fastcgi; /* resolved, in order */
    unsigned use_fastcgi_count;
    struct proxy_conf *proxies; /* in order */
    struct proxy_conf *websockets;
    struct conf_word *use_toolkit_ids;
    const struct toolkit_conf **toolkits; /* resolved, in order */
    unsigned toolkit_count;
    struct conf_forced *forced; /* for their UseFastCGI, those that they call included */
    unsigned forced_count;
    bool user_websites; /* "/~NAME/" are websites of accounts */
    bool use_xslt;
    struct slice error_style; /* ErrorXSLTfile, absolute; empty: none */
    bool webdav_app;          /* PUT and DELETE are for programs alone */
    struct conf_log access_log;
    struct conf_log error_log;
    bool allow_dot_files;
    bool use_local_config;                /* .hiawatha files count */
    struct slice run_on_alter;            /* absolute; empty: nothing is run */
    struct conf_word *compress_types;     /* NULL: the usual ones (site/compression.h) */
    struct conf_word *skip_cache_cookies; /* who has one gets nothing that was kept */
    struct slice file_hashes;             /* FileHashes, as written; empty: none */
    struct diag_place file_hashes_place;
    struct conf_hash *hashes; /* what is in it */
    size_t hash_count;
    struct error_handler_conf *error_handlers; /* the last one first */
    bool trigger_on_cgi_status;                /* for errors of programs too */
    bool enforce_first_hostname;
    bool secure_url;            /* no encoded control bytes in a query */
    struct conf_net *trace_for; /* who may ask why a request is answered as it is */
    struct slice charset;       /* of text files; empty: none is said */
    bool has_max_age;
    uint64_t max_age_ms;          /* of files; 0: they are asked for each time */
    struct slice no_extension_as; /* empty: none */
    struct conf_word *required_bindings;
    struct tls_conf tls;
    struct require_tls_conf require_tls;
    uint64_t random_header;            /* most bytes of X-Random by TLS; 0: none */
    struct conf_pair *custom_headers;  /* sent in the order of the text */
    struct conf_pair *backend_headers; /* likewise, to HTTP backends */
    struct cgi_handler_conf
        *cgi_handlers; /* the host's own, newest first; the server's come after them */
    struct conf_word *cgi_extensions;
    struct slice cgi_pattern; /* site/pattern.h; empty: none */
    struct confine_conf confine;
    struct confine_conf *wraps; /* the same with another user: of its Directories with WrapCGI */
    unsigned wrap_count;
    struct confine_conf style_confine; /* the same for xsltproc: always in a sandbox of its own */

    /* Filled in by build: what is in effect for this host. */
    struct cgi_handler_conf *
        *handlers; /* the host's own, then the server's; the first that claims wins */
    unsigned handler_count;
    /*
     * The first of the program rules of this host (config/roots.h). Numbered over all hosts in
     * order, so that supervisor and server agree.
     */
    unsigned rule_base;
    struct slice written; /* its options as they stand, to tell what has changed */
};

struct server_conf {
    struct slice server_id;   /* as written; empty: not given */
    struct slice server_user; /* "www-data" or a number */
    struct diag_place server_id_place;
    struct conf_word *server_groups; /* empty: those of the user */
    struct slice pid_file;           /* empty: none */
    struct conf_log system_log;
    struct conf_log exploit_log;
    struct conf_log garbage_log;
    uint64_t connections_total;
    uint64_t connections_per_ip;
    struct bans_conf bans;
    struct challenge_conf challenge;
    struct throttle_conf *throttles;
    struct shared_speed_conf *shared_speeds;
    unsigned shared_speed_count;
    struct conf_net *trusted_proxies;
    enum conf_proxy_field proxy_field;
    uint64_t max_url_length;            /* 0: no limit */
    struct slice mimetype_config;       /* empty: not given */
    struct slice mimetype_text;         /* its content; empty: the built-in table */
    struct conf_word *block_extensions; /* of files that are never sent */
    struct conf_word *cgi_extensions;
    struct cgi_handler_conf
        *cgi_handlers; /* newest first: the first that claims an extension wins */
    struct slice work_directory;
    struct acme_conf acme;
    struct ssh_conf ssh;
    struct slice session_key;      /* SessionKey, or what SessionKeyFile holds; empty: none */
    struct slice session_key_file; /* empty: none */
    struct slice control_socket;   /* unix socket for `longhouse status`, `stop` ... */
    uint64_t cache_bytes;          /* of the output of programs that is kept; 0: none */
    uint64_t cache_answer_bytes;   /* of one of them */
    struct conf_word *cache_proxy_extensions; /* of paths whose answers by ReverseProxy are kept */
    struct diag_place cache_proxy_place;
    uint64_t compress_cache_bytes; /* of compressed forms of files that are kept; 0: none */
    struct log_format log_format;
    struct conf_syslog syslog;
    bool anonymize_ip;
    bool log_timeouts;
    struct conf_rule *log_mask; /* who gets deny is in no access log */
    struct slice server_string; /* empty: no Server field */
    uint64_t listen_backlog;
    union socket_address nameserver; /* of no family: what the system says */
    uint64_t socket_send_timeout_ms; /* 0: never */
    uint64_t reactors;               /* 0: one per core */
    uint64_t spawners;
    uint64_t drain_time_ms; /* how long TERM waits for answers in flight */
    uint64_t max_cgi_total; /* seats of all hosts together */
    uint64_t kill_grace_ms; /* between TERM and KILL for programs */
    uint64_t min_uid;       /* the least for RunAs */
    struct users_conf users;
    struct conf_cgroup cgroup;
    struct conf_word *wrapper_programs; /* interpreters that hosts with WrapCGI may use */
    bool kill_timed_out_cgi;
    bool wait_for_cgi;
    uint64_t max_environment_bytes;
    uint64_t body_rate; /* least bytes/s of a request body */
    uint64_t body_grace_ms;
    uint64_t max_head_bytes;
    uint64_t max_fields;
    bool from_thttpd;           /* the text is in the form of thttpd.conf */
    struct slice written;       /* the options outside sections as they stand */
    int least_tls;              /* version: 12 or 13 */
    bool kernel_tls;            /* KernelTLS: where there is such a kernel */
    struct conf_file *ca_files; /* CAcertificates; folders too, and no texts of their own */
    struct slice ca_text;       /* who vouches for backends: PEM; empty: none is asked by TLS */
    bool error_page_version;    /* yes: error pages name the version */
    struct binding_conf *bindings;
    unsigned binding_count;
    struct fastcgi_conf *fastcgi;
    unsigned fastcgi_count;
    /*
     * Sections with Run, one for each identity that uses them: a host with RunAs has one of its
     * own. They are among `fastcgi` too, with a unix socket in WorkDirectory as their one target.
     */
    struct fastcgi_conf **pools;
    unsigned pool_count;
    uint64_t workers_memory_bytes; /* of all pools together; 0: no limit */
    struct directory_conf *directories;
    struct toolkit_conf *toolkits;
    unsigned toolkit_count;
    struct vhost_conf *hosts; /* the default host first, then in the order of the text */
    unsigned host_count;
};

#endif
