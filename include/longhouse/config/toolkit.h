#ifndef CONFIG_TOOLKIT_H
#define CONFIG_TOOLKIT_H

/*
 * UrlToolkit sections as read: rows of rules, each a test and an action. site/toolkit.h is what
 * they do.
 */
#include "base/diag.h"
#include "base/slice.h"
#include "config/model.h"

#include <stdbool.h>
#include <stdint.h>

enum toolkit_test {
    TEST_ALWAYS,      /* Do */
    TEST_URL,         /* Match, MatchCI: `pattern` */
    TEST_HEADER,      /* `name` ("*": any field) and `pattern` */
    TEST_METHOD,      /* `name` */
    TEST_FILE,        /* RequestURI: `file` */
    TEST_CONNECTIONS, /* `connections` */
    TEST_TLS,
};

enum toolkit_file { ON_DISK_EXISTS, ON_DISK_IS_FILE, ON_DISK_IS_FOLDER, ON_DISK_NOT_FOUND };

enum toolkit_action {
    ACTION_BAN, /* and 403, when the rules are through */
    ACTION_CALL,
    ACTION_DENY_ACCESS,
    ACTION_EXIT,
    ACTION_GOTO,
    ACTION_NOT_FOUND,
    ACTION_OMIT_REQUEST_LOG,
    ACTION_REDIRECT,
    ACTION_RETURN,
    ACTION_REWRITE,
    ACTION_SKIP,
    ACTION_USE,
    ACTION_USE_FASTCGI,
};

/* What follows a Rewrite. */
enum toolkit_then { THEN_EXIT, THEN_CONTINUE, THEN_RETURN };

struct toolkit_rule {
    struct toolkit_rule *next;
    struct diag_place place;
    struct diag_place argument_place; /* of what the action names */
    struct slice text;                /* "Match ^/a Rewrite /b" */
    enum toolkit_test test;
    bool negated; /* '!' */
    bool any_case;
    struct slice pattern; /* config/regex.h */
    struct slice name;
    enum toolkit_file file;
    uint64_t connections;

    enum toolkit_action action;
    struct slice argument; /* the new URL, or the id that is named */
    uint64_t loops;        /* ACTION_REWRITE */
    enum toolkit_then then;
    int status;      /* ACTION_REDIRECT */
    uint64_t ban_ms; /* ACTION_BAN */
    uint64_t skip;   /* ACTION_SKIP: so many rules */
    const struct toolkit_conf *callee;
    const struct fastcgi_conf *fastcgi; /* as named; see struct conf_forced */
};

struct toolkit_conf {
    struct toolkit_conf *next;
    struct diag_place place;
    unsigned index; /* 0, 1, ... in the order of the text */
    struct slice id;
    struct toolkit_rule *rules;
    struct toolkit_rule *last_rule;
    unsigned rule_count;
    bool is_used;
    struct slice written; /* its options as they stand, to tell what has changed */
};

#define TOOLKIT_NESTED_MOST 10u /* a Call in a Call in a ... */

/* Does the action end the record it stands in? */
bool toolkit_leaves(const struct toolkit_rule *rule);

/* The test is true whatever is asked. */
bool toolkit_always(const struct toolkit_rule *rule);

#endif
