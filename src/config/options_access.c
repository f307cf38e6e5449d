/* Who may ask, and who has to say who he is: AccessList, PasswordFile and what belongs to it. */
#include "build.h"

#define REALM_MOST 200u

static const struct {
    const char *word;
    enum conf_access access;
} access_words[] = {
    { "allow", ACCESS_ALLOW },
    { "deny", ACCESS_DENY },
    { "pwd", ACCESS_PASSWORD },
};

static bool access_word(struct slice word, enum conf_access *ret)
{
    for (size_t i = 0; i < sizeof(access_words) / sizeof(access_words[0]); i++) {
        if (!slice_equal_nocase(word, slice_cstr(access_words[i].word)))
            continue;
        *ret = access_words[i].access;
        return true;
    }
    return false;
}

static bool rule_parse(struct build *build, const struct tree_node *node,
                       const struct option_row *row, struct slice item,
                       struct conf_access_rule *ret)
{
    struct slice word;
    struct slice net;

    slice_cut(item, ' ', &word, &net);
    net = slice_trim(net);
    if (!access_word(word, &ret->access)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, word,
                              "'%s' knows allow, deny and pwd, not '%.*s'", row->name,
                              SLICE_ARGS(word)),
                  "write for example: %s = allow 192.168.0.0/16, deny all", row->name);
        return false;
    }
    if (!address_net_parse(net, &ret->net)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, net.len > 0 ? net : item,
                              "'%.*s' is neither an address nor a network", SLICE_ARGS(net)),
                  "write 192.0.2.7, 192.0.2.0/24, 2001:db8::/32 or all");
        return false;
    }
    return true;
}

static const struct conf_access_rule *last_rule(const struct conf_access_rule *rule)
{
    while (rule && rule->next)
        rule = rule->next;
    return rule;
}

void access_list_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct conf_access_rule **end =
        (struct conf_access_rule **)(void *)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    const struct conf_access_rule *last = last_rule(*end);
    while (*end)
        end = &(*end)->next;
    while (items_next(&items, &item)) {
        struct conf_access_rule rule = { 0 };

        if (!rule_parse(build, node, row, item, &rule))
            continue;
        if (last && last->net.all)
            diag_hint(build->diags,
                      build_fault(build, DIAG_WARNING, node, item,
                                  "'%.*s' is never reached: the rule before it is for all",
                                  SLICE_ARGS(item)),
                      "the first rule that holds a client decides");
        *end = arena_new(build->arena, struct conf_access_rule);
        **end = rule;
        last = *end;
        end = &(*end)->next;
    }
}

/* ---- passwords ---- */

static const char *const login_words[] = { "none", "basic", "digest" };

static bool login_word(struct slice word, enum conf_login_kind *ret)
{
    for (unsigned i = 0; i < sizeof(login_words) / sizeof(login_words[0]); i++) {
        if (!slice_equal_nocase(word, slice_cstr(login_words[i])))
            continue;
        *ret = (enum conf_login_kind)i;
        return true;
    }
    return false;
}

static void refuse_login(struct build *build, const struct tree_node *node, struct slice part)
{
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part,
                          "'PasswordFile' wants basic:FILE, digest:FILE or none"),
              "for example: PasswordFile = basic:/etc/longhouse/users, /etc/longhouse/groups");
}

/* In a .hiawatha a name without slash in front is that of a file beside it. */
static bool login_path(struct build *build, const struct tree_node *node,
                       const struct option_row *row, struct slice text, struct slice *ret)
{
    const struct slice parts[] = { build->local_folder, SLICE("/"), text };

    if (build->local_folder.len == 0 || text.len == 0 || text.at[0] == '/')
        return path_clean(build, node, row, text, ret);
    *ret = arena_join(build->arena, parts, 3);
    return true;
}

/* basic:FILE */
static bool login_parse(struct build *build, const struct tree_node *node,
                        const struct option_row *row, struct slice text, struct conf_login *ret)
{
    struct slice word;
    struct slice file;
    const bool has_file = slice_cut(text, ':', &word, &file);

    if (!login_word(slice_trim(word), &ret->kind) || has_file == (ret->kind == LOGIN_NONE)) {
        refuse_login(build, node, text);
        return false;
    }
    return !has_file || login_path(build, node, row, slice_trim(file), &ret->file);
}

/* ",GROUPFILE" adds to what stands above it; without that there is nothing to add to. */
static bool keep_former(struct build *build, const struct tree_node *node,
                        const struct conf_login *former)
{
    if (former->kind != LOGIN_NONE)
        return true;
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "a group file alone, and no PasswordFile above it in this section"),
              "write both: PasswordFile = basic:FILE, GROUPFILE");
    return false;
}

static void password_file_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct conf_login *login = (struct conf_login *)(void *)((char *)record + row->offset);
    struct conf_login given = { .place = tree_place(node, node->value) };
    struct slice first;
    struct slice groups;

    slice_cut(node->value, ',', &first, &groups);
    first = slice_trim(first);
    groups = slice_trim(groups);
    if (first.len == 0 && groups.len > 0) {
        if (!keep_former(build, node, login))
            return;
        given = *login;
    } else if (!login_parse(build, node, row, first, &given)) {
        return;
    }
    if (groups.len > 0 && !login_path(build, node, row, groups, &given.group_file))
        return;
    *login = given;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

static void login_message_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct slice *message = (struct slice *)(void *)((char *)record + row->offset);

    if (node->value.len == 0 || node->value.len > REALM_MOST || !is_printable(node->value))
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'LoginMessage' must be a line of 1 to %u bytes", REALM_MOST);
    else
        *message = node->value;
}

static const struct option_row rows[] = {
    {
        .name = "AccessList",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        .repeat = REPEAT_APPENDS,
        AT_FOLDER(access_rules),
        .set = access_list_set,
        .grammar = "(allow | deny | pwd) (ADDRESS[/BITS] | all)[, ...]",
        .text = "Who may ask, by the address of the client: the first rule that holds it decides. "
                "`allow`: without a password; `deny`: 403; `pwd`: with a password of PasswordFile. "
                "Whom no rule holds needs a password if there is a PasswordFile, and may ask "
                "otherwise. Behind a TrustedProxy the client that it names counts. "
                "`/.well-known/acme-challenge/` is open to all for files. May be repeated.",
    },
    {
        .name = "PasswordFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(login),
        .set = password_file_set,
        .grammar = "(basic | digest):FILE[, GROUPFILE] | none",
        .text = "Who wants anything has to log in as a user of the file (absolute path, readable "
                "for the user of the server). `basic`: lines `USER:HASH` with hashes of crypt(5), "
                "as `longhouse password` makes them; without TLS the password can be read on the "
                "way. `digest`: lines `USER:REALM:HASH`, where REALM is LoginMessage and HASH the "
                "MD5 or SHA-256 of `USER:REALM:PASSWORD`. GROUPFILE has lines `GROUP: USER USER "
                "...`. Both are read again when they change. `none`: nobody has to log in here.",
    },
    {
        .name = "RequiredGroup",
        .type = OPT_WORDS,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        .repeat = REPEAT_APPENDS,
        AT_FOLDER(required_groups),
        .grammar = "GROUP[, GROUP ...]",
        .text = "Who has logged in must be in one of these groups of the GROUPFILE of "
                "PasswordFile, else the answer is 403. May be repeated.",
    },
    {
        .name = "LoginMessage",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(login_message),
        .fallback = "Private page",
        .set = login_message_set,
        .grammar = "text",
        .text = "What browsers show when they ask for the password (the realm), and REALM in "
                "digest files.",
    },
};

const struct option_group access_options = { rows, sizeof(rows) / sizeof(rows[0]) };
