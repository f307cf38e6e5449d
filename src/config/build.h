#ifndef BUILD_H
#define BUILD_H

/*
 * A tree on its way to the model: what setters and checks share. The record of a section is filled
 * row by row; names that refer to something elsewhere are remembered with their places and looked
 * at when all is read.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/table.h"
#include "config/model.h"
#include "config/option.h"
#include "config/tree.h"

#include <stdbool.h>

/* A name whose place a later check needs. */
struct mention {
    struct mention *next;
    struct slice text;
    struct diag_place place;
    void *owner; /* the record it stands in */
};

struct mentions {
    struct mention *first;
    struct mention **end;
};

/* What is being filled: a section, or what stands outside sections. */
struct filling {
    const struct tree_node **given; /* by option_index(): the last use; NULL: not used */
    struct slice label;             /* "VirtualHost 'shop'" */
    struct slice where;             /* "in VirtualHost 'shop'", "outside sections" */
    struct folder_conf *folder;     /* where rows with AT_FOLDER() write; NULL: none belongs here */
    struct directory_conf *directory; /* NULL: it is another section */
};

struct build {
    struct arena *arena; /* borrowed */
    struct diags *diags; /* borrowed */
    struct server_conf *conf;
    const char *file; /* of the main text */
    struct filling *filling;
    const struct tree_node **given_in_section; /* no section stands in another: they share it */
    struct vhost_conf host_defaults; /* what each host begins as: lists in it are never added to */
    struct vhost_conf **hosts_end;
    struct binding_conf **bindings_end;
    struct fastcgi_conf **fastcgi_end;
    struct directory_conf **directories_end;
    struct toolkit_conf **toolkits_end;
    struct table proxy_sections; /* of such rules: "TARGET" -> its fastcgi_conf; while read */
    struct table fastcgi_ids;  /* FastCGIid -> the last fastcgi_conf of that name; while checked */
    struct slice local_folder; /* of a .hiawatha: names are relative to it; empty: it is none */
    struct diag_place place;   /* see build_place() */
    struct diag_place mimetype_place;
    struct diag_place session_key_place; /* of SessionKeyFile */

    struct mentions hostnames;          /* owner: vhost_conf */
    struct mentions use_fastcgi;        /* owner: vhost_conf */
    struct mentions fastcgi_auth;       /* owner: folder_conf */
    struct mentions use_bindings;       /* owner: vhost_conf */
    struct mentions use_directories;    /* owner: vhost_conf */
    struct mentions use_toolkits;       /* owner: vhost_conf */
    struct mentions pass_env;           /* owner: vhost_conf */
    struct mentions server_roots;       /* owner: fastcgi_conf */
    struct mentions keep_alives;        /* owner: binding_conf with a MaxKeepAlive of its own */
    const struct tree_node *keep_alive; /* MaxKeepAlive outside sections, or NULL */
};

void build_init(struct build *build, struct arena *arena, struct diags *diags, const char *file);

/* Tree to records. The model is complete only when no error was added. */
void build_run(struct build *build, const struct tree *tree);

/* A .hiawatha: rows with SCOPE_LOCAL. */
void build_local(struct build *build, const struct tree *tree, struct directory_conf *directory);

/* Cross checks, after build_run(); resolves names to records. */
void check_run(struct build *build);

/* Part of it. */
void check_php_settings(struct build *build);
void check_cache(struct build *build);
void check_kept(struct build *build);
void check_logs(struct build *build);
void check_access(struct build *build);
void check_alter(struct build *build);
void check_directories(struct build *build);
void check_aliases(struct build *build);
void check_reach(struct build *build);

/* Reads what there is for AutoTLS, and tells who will never get a certificate. */
struct load;
void load_automatic(const struct load *load, struct server_conf *conf);

/* A file that the house writes; without text as long as it is not there. */
struct conf_file *automatic_file(const struct load *load, struct slice path,
                                 const struct diag_place *place);

/* Reads what there is for TLSstaple, when the certificates are known. */
void load_staples(const struct load *load, struct server_conf *conf);

/* Reads the files of TLScertFile, TLSkeyFile and RequiredCA. */
void load_certificates(const struct load *load, const struct server_conf *conf);

/* Reads those of CAcertificates, or the system's where a backend is asked by TLS. */
void load_trust(const struct load *load, struct server_conf *conf);

/* Reads the files of FileHashes. */
void load_hashes(const struct load *load, const struct server_conf *conf);
void check_toolkits(struct build *build);

/* Asks for the accounts that have a website, where a host wants them. */
void users_load(const struct load *load, struct server_conf *conf);

/* Reads cgi-wrapper.conf when a host asks for it. */
void wrapper_load(const struct load *load, struct build *build);

/* Part of load_check_disk(). */
struct load_ask;
void check_sockets(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_syslog(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_run_as(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_users(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_sandbox(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_xslt(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_enter(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_htpasswd(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
bool htpasswd_find(struct load_ask *ask, const char *folder, char *ret_path, size_t room);
void check_passwords(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
void check_cgroup(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);

/* Which pools of workers there are, when all identities are known. */
void pools_number(struct build *build);

/* Handlers in effect and rule numbers of all hosts, when all is read. */
void programs_number(struct build *build);

/* What such a rule begins as, and its backend. */
struct proxy_conf proxy_begin(const struct tree_node *node, const struct option_row *row,
                              struct connect_conf *ret_target);

/* A section for rules of ReverseProxy and WebSocket, with all defaults and without targets. */
struct fastcgi_conf *build_section_of_proxy(struct build *build, const struct diag_place *place);

/* Its section: rules with the same backend share its connections. */
struct fastcgi_conf *section_for_proxy(struct build *build, const struct connect_conf *parsed,
                                       bool keeps);

/* SCHEME://HOST[:PORT][/PATH], SCHEMEs://... for TLS, or a unix socket. False: no such thing. */
bool proxy_read_url(struct slice word, struct slice scheme, struct build *build,
                    struct proxy_conf *rule, struct connect_conf *target);

/* Adds a copy to the end of the list. */
void proxy_add(struct build *build, struct proxy_conf **list, const struct proxy_conf *rule);

/* An error under a part of the value: "WHAT: 'PART'", with its cure. */
void proxy_refuse(struct build *build, const struct tree_node *node, struct slice part,
                  const char *what, const char *cure);

/* "IPv4:PORT", "[IPv6]:PORT", "HOST:PORT", "srv:NAME" or a unix socket. */
bool target_parse_text(struct slice text, struct connect_conf *ret);

/* "HOST[:PORT]" of a URL; one that is asked by TLS. On success the text of the target is set. */
bool target_parse_place(struct arena *arena, struct slice place, unsigned usual_port,
                        struct connect_conf *ret);
bool target_parse_secure(struct arena *arena, struct slice place, struct connect_conf *ret);

void build_mention(struct build *build, struct mentions *mentions, struct slice text,
                   struct diag_place place, void *owner);

/* The last use of the option in the section being filled; NULL: none. */
const struct tree_node *build_given(const struct build *build, const struct option_row *row);

/* A fault in the value of `node`, under `part` of it. */
#define build_fault(build, level, node, part, ...)                                                 \
    diag_add((build)->diags, (level), build_place((build), (node), (part)), __VA_ARGS__)

/* The place until the next call. */
const struct diag_place *build_place(struct build *build, const struct tree_node *node,
                                     struct slice part);

/* Sets the member of `record`; `row` must not be OPT_NEEDLESS or OPT_GONE. */
void option_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row);

/* The default of `row`, if it has one. */
void option_set_fallback(struct build *build, void *record, const struct option_row *row);

/* ---- for setters: parts of values ---- */

/* Walks the items of a list, trimmed; an empty one is a warning and left out, but a list of nothing
 * else is an error. */
struct items {
    struct slice rest;
    const struct tree_node *node;
    struct build *build;
    const struct option_row *row;
};
struct items items_of(struct build *build, const struct tree_node *node,
                      const struct option_row *row, struct slice value);
bool items_next(struct items *items, struct slice *ret);

void words_add(struct arena *arena, struct conf_word **list, struct slice text);
void pairs_add(struct arena *arena, struct conf_pair **list, struct slice name, struct slice value);
bool words_have(const struct conf_word *list, struct slice text);

/* Extensions: without dot, '/' or blanks. A leading dot is taken off with a warning. False: not
 * usable. */
bool extension_clean(struct build *build, const struct tree_node *node, struct slice item,
                     struct slice *ret);
void extensions_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row);
void connect_to_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row);
void cgi_handler_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row);

void setenv_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row);

/* Takes the next word of a command line off *rest. */
bool word_next(struct slice *rest, struct slice *ret);

/* Who programs are and what they may use, in a VirtualHost or, for workers, a FastCGIserver. */
void run_as_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row);
void limit_set(struct build *build, void *record, const struct tree_node *node,
               const struct option_row *row);
void cpu_limit_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row);
void group_limit_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row);
void umask_set(struct build *build, void *record, const struct tree_node *node,
               const struct option_row *row);

/* Why `path` is no path of a URL in its one form, decoded and without slash behind; NULL: it is. */
const char *url_path_fault(struct slice path);

/* An absolute path, or an error. A trailing slash is taken off. */
bool path_clean(struct build *build, const struct tree_node *node, const struct option_row *row,
                struct slice text, struct slice *ret);

/* One more line that answers share, empty. */
struct shared_speed_conf *shared_speed_add(struct build *build, const struct tree_node *node);

/* Absolute folders: appends to a list of struct conf_folder. */
void folders_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row);

/* Appends the addresses and networks of `value`. `danger`: what one does that holds everybody. */
void nets_add(struct build *build, struct conf_net **list, const struct tree_node *node,
              const struct option_row *row, struct slice value, const char *danger);

/* Addresses and networks whose word counts: appends to a list of struct conf_net. */
void tracers_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row);
void watchers_set(struct build *build, void *record, const struct tree_node *node,
                  const struct option_row *row);
void address_rules_set(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row);
void access_list_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row);
void proxies_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row);

/* Yes or no, or an error. */
void yes_no_parse(struct build *build, bool *member, const struct tree_node *node,
                  const struct option_row *row);

/* A number with its unit, within the limits of the row, or an error. */
bool count_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                 struct slice text, uint64_t *ret);
bool size_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                struct slice text, uint64_t *ret);
bool duration_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                    struct slice text, uint64_t *ret);

/* COUNT[, TIME]: the count within the limits of the row, the time from 100 ms to an hour. Each
 * keeps its value where the text has a fault. */
void count_and_time_parse(struct build *build, const struct tree_node *node,
                          const struct option_row *row, uint64_t *ret_count, uint64_t *ret_time_ms);

/* What confines the programs of a record: of a host, or the workers of a section. */
struct confine_conf *confine_of(void *record, const struct option_row *row);

/* USER[:GROUP[,GROUP ...]]; false when a part is missing. */
bool run_as_parse(struct arena *arena, struct slice text, struct slice *ret_user,
                  struct conf_word **ret_groups);

/* "3600 s", "16 KiB": as people write it. `out` has room for 32 bytes; returns it. */
char *show_duration(uint64_t ms, char out[32]);
char *show_size(uint64_t bytes, char out[32]);

/* ---- sessions of FastCGI sections ---- */

/* The name of our cookie where none is given. */
void sessions_complete(struct build *build, struct fastcgi_conf *fastcgi);

/* Our cookie is not the application's. */
void sessions_check_cookies(struct build *build);

/* The key of our cookies, or an error: it is too short to be one. */
void session_key_take(struct diags *diags, const struct diag_place *place, struct slice text,
                      struct server_conf *conf);

/* ---- the rows ---- */

struct option_group {
    const struct option_row *rows;
    size_t count;
};
extern const struct option_group server_options;
extern const struct option_group binding_options;
extern const struct option_group http2_options;
extern const struct option_group host_options;
extern const struct option_group header_options;
extern const struct option_group fastcgi_options;
extern const struct option_group proxy_options;
extern const struct option_group websocket_options;
extern const struct option_group session_options;
extern const struct option_group path_options;
extern const struct option_group compress_options;
extern const struct option_group file_options;
extern const struct option_group directory_options;
extern const struct option_group toolkit_options;
extern const struct option_group alias_options;
extern const struct option_group gate_options;
extern const struct option_group trace_options;
extern const struct option_group ssh_options;
extern const struct option_group error_options;
extern const struct option_group program_options;
extern const struct option_group sandbox_options;
extern const struct option_group worker_options;
extern const struct option_group tls_options;
extern const struct option_group access_options;
extern const struct option_group alter_options;
extern const struct option_group local_options;
extern const struct option_group hash_options;
extern const struct option_group ban_options;
extern const struct option_group log_options;
extern const struct option_group syslog_options;
extern const struct option_group acme_options;
extern const struct option_group cache_options;
extern const struct option_group throttle_options;
extern const struct option_group screen_options;
extern const struct option_group challenge_options;
extern const struct option_group index_options;
extern const struct option_group user_options;
extern const struct option_group xslt_options;
extern const struct option_group needless_options;

/* The row of a member of `type`, as designated initialisers. */
#define AT(type, member) .offset = offsetof(struct type, member)

/* Of a member that may differ from folder to folder. (The struct around it: that the size of a
 * pointer is meant.) */
#define AT_FOLDER(member)                                                                          \
    AT(folder_conf, member),                                                                       \
        .folder_size = sizeof(struct { __typeof__(((struct folder_conf *)0)->member) it; })

#endif
