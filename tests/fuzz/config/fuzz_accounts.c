/* Any bytes as the accounts of a system: what has a website is found by its name, and is nobody
 * that must not have one. */
#include "account_list.h"
#include "config/text_source.h"
#include "config/users.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source_text accounts = { .name = "accounts" };

static struct source_text *find(struct source *source, struct arena *arena, struct slice path,
                                const char **ret_why)
{
    (void)source;
    (void)arena;
    if (slice_equal_cstr(path, "\n\nwww"))
        return &accounts;
    *ret_why = "not there";
    return NULL;
}

static void check_site(const struct users_conf *users, const struct user_conf *user,
                       struct arena *arena)
{
    uint32_t count;
    const uint32_t *groups = users_groups(user, arena, &count);
    const struct user_conf *found = users_find(users, user->name);

    assert(found && slice_equal(found->name, user->name));
    assert(user->user >= USERS_LEAST_UID && user->group != 0);
    assert(user->home[0] == '/' && slice_ends(user->path, SLICE("/www")));
    for (uint32_t i = 0; i < count; i++)
        assert(groups[i] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = { .find = find, .folder = SLICE("/etc/longhouse") };
    struct source_text main = { .name = "longhouse.conf",
                                .text = SLICE("Hostname = a\nWebsiteRoot = /srv\n"
                                              "UserWebsites = yes\nUserDirectory = www\n"
                                              "Binding {\nPort = 80\n}\n") };
    struct arena arena = { 0 };
    struct diags diags;

    accounts.text = slice_of(data, size);
    diags_init(&diags, &arena);
    struct load load = { .arena = &arena, .diags = &diags, .source = &source };
    const struct server_conf *conf = load_config(&load, &main);

    assert(conf);
    for (unsigned i = 0; i < conf->users.count; i++)
        check_site(&conf->users, &conf->users.sites[i], &arena);
    for (const struct user_passed_over *one = conf->users.passed_over; one; one = one->next)
        assert(one->why[0] != '\0');
    arena_done(&arena);
    return 0;
}
