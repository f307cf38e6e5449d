/* Websites of accounts: "/~NAME/". */
#include "site/chosen.h"
#include "site/conf.h"
#include "site/question.h"
#include "site/root.h"
#include "site/router.h"
#include "site/shown.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <unistd.h>

/*
 * al has the website `www` of one tree, bo one that is missing. CGIextension cgi, a CGIpattern for
 * /bin, a handler (pl), an Alias and a FrontController of the host; FollowSymlinks below
 * /~al/loose.
 */
struct fixture {
    struct tree website;
    struct tree home;
    struct user_conf sites[2];
    struct snapshot *snapshot;
    struct file_cache *cache;
    struct loop loop;
    struct visit visit;
    struct exchange x;
    struct verdict verdict;
};

static void plant(struct fixture *f)
{
    tree_file(&f->website, "front.cgi", "x");
    tree_file(&f->website, "secret.txt", "x");
    tree_file(&f->home, "outside.txt", "x");
    tree_file(&f->home, "www/index.html", "x");
    tree_file(&f->home, "www/sub/a.txt", "x");
    tree_file(&f->home, "www/a.pl", "x");
    tree_file(&f->home, "www/.hidden", "x");
    tree_file(&f->home, "www/a.cgi", "x");
    tree_mode(&f->home, "www/a.cgi", 0755);
    tree_file(&f->home, "www/bin/tool", "x");
    tree_mode(&f->home, "www/bin/tool", 0755);
    tree_link(&f->home, "www/in.txt", "sub/a.txt");
    tree_link(&f->home, "www/out.txt", "../outside.txt");
    tree_folder(&f->home, "www/loose");
    tree_link(&f->home, "www/loose/out.txt", "../../outside.txt");
    tree_file(&f->home, "www/loose/b.cgi", "x");
    tree_mode(&f->home, "www/loose/b.cgi", 0755);
}

static struct user_conf user_of(struct conf *conf, const char *name, const char *home)
{
    return (struct user_conf){
        .name = slice_cstr(name),
        .path = arena_printf(conf->arena, "%s/www", home),
        .home = home,
        .user = geteuid() > 0 ? geteuid() : 1000,
        .group = 1000,
    };
}

static void set_up(struct fixture *f)
{
    struct conf conf;

    *f = (struct fixture){ .loop.now_ms = 1000 };
    tree_make(&f->website);
    tree_make(&f->home);
    plant(f);
    conf_make(&conf);
    f->sites[0] = user_of(&conf, "al", f->home.root);
    f->sites[1] = user_of(&conf, "bo", "/no/such/home");
    conf.server->users =
        (struct users_conf){ .directory = SLICE("www"), .sites = f->sites, .count = 2 };
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    conf_handler(&conf, &conf.server->cgi_handlers, "/usr/bin/perl", "pl");
    struct vhost_conf *host = conf_host(&conf, "a", f->website.root);
    host->user_websites = true;
    host->folder.execute_cgi = true;
    host->front_controller = SLICE("front.cgi");
    host->cgi_pattern = SLICE("/bin/**");
    conf_alias(&conf, host, "/lib", "/no/such/folder", "");
    struct directory_conf *loose = conf_directory(&conf, host, "/~al/loose");
    CONF_GIVE(&conf, loose, follow_symlinks, true);
    conf_host(&conf, "b", f->website.root);
    f->snapshot = conf_snapshot(&conf);
    f->cache = file_cache_new(100);
}

static void tear_down(struct fixture *f)
{
    verdict_done(&f->verdict, f->cache);
    arena_done(&f->x.arena);
    file_cache_free(f->cache);
    snapshot_drop(f->snapshot);
    tree_remove(&f->website);
    tree_remove(&f->home);
}

static void ask_by(struct fixture *f, enum method method, unsigned host, const char *target)
{
    question_make(&f->x, &f->loop, &f->visit, method, target);
    router_judge(f->snapshot, &f->snapshot->hosts[host], &f->x, f->cache, &f->verdict);
}

static void ask(struct fixture *f, unsigned host, const char *target)
{
    ask_by(f, METHOD_GET, host, target);
}

/* Rules of the host: two (itself, pl) for each of WebsiteRoot, the alias and the accounts; then the
 * same with other links. */
static const struct {
    const char *target;
    enum answer answer;
    int status;
    const char *script;
    unsigned rule;
    unsigned account;
} answers[] = {
    { "/~al/", ANSWER_FILE, 0, "/~al/index.html", 0, 0 },
    { "/%7eal/sub/../index.html", ANSWER_FILE, 0, "/~al/index.html", 0, 0 },
    { "/~al", ANSWER_REDIRECT, 301, NULL, 0, 0 },
    { "/~al/sub", ANSWER_REDIRECT, 301, NULL, 0, 0 },
    { "/~al/gone", ANSWER_STATUS, 404, NULL, 0, 0 }, /* not for the FrontController */
    { "/~al/.hidden", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~al/in.txt", ANSWER_FILE, 0, "/~al/in.txt", 0, 0 },
    { "/~al/out.txt", ANSWER_STATUS, 403, NULL, 0, 0 },
    { "/~al/loose/out.txt", ANSWER_FILE, 0, NULL, 0, 0 },
    { "/~al/a.cgi", ANSWER_CGI, 0, "/~al/a.cgi", 4, 1 },
    { "/~al/a.pl", ANSWER_CGI, 0, "/~al/a.pl", 5, 1 },
    { "/~al/bin/tool", ANSWER_CGI, 0, "/~al/bin/tool", 4, 1 },
    { "/~al/loose/b.cgi", ANSWER_CGI, 0, "/~al/loose/b.cgi", 10, 1 },
    { "/front.cgi", ANSWER_STATUS, 403, NULL, 0, 0 }, /* not executable; nobody's */
    { "/~bo/", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~bo", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~no/", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~no", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~a/", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~ala/", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~/", ANSWER_STATUS, 404, NULL, 0, 0 },
    { "/~", ANSWER_STATUS, 404, NULL, 0, 0 },
};

START_TEST(each_path_is_answered_from_the_website_of_its_account)
{
    struct fixture f;

    tree_as_nobody();
    set_up(&f);
    ask(&f, 0, answers[_i].target);
    ck_assert_int_eq(f.verdict.answer, answers[_i].answer);
    ck_assert_int_eq(f.verdict.status, answers[_i].status);
    ck_assert_uint_eq(f.verdict.rule, answers[_i].rule);
    ck_assert_uint_eq(f.verdict.account, answers[_i].account);
    if (answers[_i].script)
        assert_slice(f.verdict.resource.script_name, answers[_i].script);
    tree_as_before();
    tear_down(&f);
}
END_TEST

START_TEST(nothing_is_altered_in_a_home)
{
    static const struct {
        const char *target;
        int status; /* 0: it may be */
    } cases[] = { { "/new.txt", 0 },
                  { "/secret.txt", 0 },
                  { "/~al/index.html", 405 },
                  { "/~al/new.txt", 404 },
                  { "/~no/new.txt", 404 } };
    const struct binding_conf binding = { .enable_alter = true };
    struct conf_access_rule everybody = { .access = ACCESS_ALLOW };
    struct fixture f;

    tree_as_nobody();
    set_up(&f);
    ((struct vhost_conf *)f.snapshot->hosts[0].conf)->folder.alter_rules = &everybody;
    ((struct vhost_conf *)f.snapshot->hosts[0].conf)->front_controller = SLICE("");
    f.visit.binding = &binding;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask_by(&f, METHOD_PUT, 0, cases[i].target);
        ck_assert_int_eq(f.verdict.status, cases[i].status);
        ck_assert((f.verdict.answer == ANSWER_ALTER) == (cases[i].status == 0));
        verdict_done(&f.verdict, f.cache);
        arena_done(&f.x.arena);
    }
    tree_as_before();
    tear_down(&f);
}
END_TEST

START_TEST(another_host_has_none)
{
    struct fixture f;

    tree_as_nobody();
    set_up(&f);
    ask(&f, 1, "/~al/");
    ck_assert_int_eq(f.verdict.status, 404);
    ck_assert(!f.verdict.resource.mapping.is_user);
    tree_as_before();
    tear_down(&f);
}
END_TEST

/* ---- files that a program chose ---- */

static const struct {
    const char *target; /* of the program */
    const char *chosen;
    bool by_path;
    int status; /* 200: it is sent */
} choices[] = {
    { "/~al/a.cgi", "HOME/www/sub/a.txt", false, 200 },
    { "/~al/a.cgi", "HOME/www/out.txt", false, 403 },
    { "/~al/loose/b.cgi", "HOME/www/loose/out.txt", false, 200 },
    { "/~al/a.cgi", "HOME/outside.txt", false, 502 },
    { "/~al/a.cgi", "HOME/www/a.pl", false, 403 },
    { "/~al/a.cgi", "WEBSITE/secret.txt", false, 502 },
    { "/secret.txt", "WEBSITE/secret.txt", false, 200 },
    { "/~al/a.cgi", "/~al/sub/a.txt", true, 200 },
    { "/~al/a.cgi", "/~al/../secret.txt", true, 502 },
    { "/~al/a.cgi", "/secret.txt", true, 502 },
    { "/~al/a.cgi", "/~alx/a.txt", true, 502 },
    { "/~al/a.cgi", "/~al", true, 403 },
    { "/~al/a.cgi", "/~al/", true, 403 },
};

START_TEST(a_program_gives_what_is_its_accounts)
{
    struct fixture f;
    char place[256];
    const char *chosen = choices[_i].chosen;

    tree_as_nobody();
    set_up(&f);
    if (!choices[_i].by_path) {
        const char *rest = strchr(chosen, '/');

        snprintf(place, sizeof(place), "%s%s", chosen[0] == 'H' ? f.home.root : f.website.root,
                 rest);
        chosen = place;
    }
    ask(&f, 0, choices[_i].target);
    const struct mapping of = f.verdict.resource.mapping;
    verdict_done(&f.verdict, f.cache);
    bool found = choices[_i].by_path ? chosen_by_path(f.snapshot, &f.snapshot->hosts[0], &f.x, &of,
                                                      f.cache, slice_cstr(chosen), &f.verdict)
                                     : chosen_by_place(f.snapshot, &f.snapshot->hosts[0], &f.x, &of,
                                                       f.cache, slice_cstr(chosen), &f.verdict);
    ck_assert_int_eq(f.verdict.status, choices[_i].status);
    ck_assert(found == (choices[_i].status == 200));
    tree_as_before();
    tear_down(&f);
}
END_TEST

/* ---- folders that list themselves ---- */

START_TEST(an_index_goes_by_the_path_of_the_url)
{
    static const struct {
        const char *name;
        bool shown;
    } names[] = {
        { "plain.txt", true }, { "a.cgi", true }, { "bin/tool", true }, { "private/x", false }
    };
    struct conf_access_rule nobody = { .access = ACCESS_DENY };
    struct fixture f;

    tree_as_nobody();
    set_up(&f);
    struct directory_conf *closed = f.snapshot->hosts[0].conf->directories[0];
    closed->paths->text = SLICE("/~al/private"); /* and nothing of the host's own /private */
    closed->folder.access_rules = &nobody;
    closed->given->offset = offsetof(struct folder_conf, access_rules);
    closed->given->size = sizeof(nobody.next);
    ask(&f, 0, "/~al/");
    const struct shown shown = { .snapshot = f.snapshot,
                                 .host = &f.snapshot->hosts[0],
                                 .mapping = &f.verdict.resource.mapping,
                                 .client = &f.visit.client,
                                 .scratch = &f.x.arena };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert(shown_file(&shown, slice_cstr(names[i].name), SLICE(""), true) == names[i].shown);
    tree_as_before();
    tear_down(&f);
}
END_TEST

SUITE("site/users", LOOP(each_path_is_answered_from_the_website_of_its_account, answers),
      TEST(nothing_is_altered_in_a_home), TEST(another_host_has_none),
      LOOP(a_program_gives_what_is_its_accounts, choices),
      TEST(an_index_goes_by_the_path_of_the_url))
