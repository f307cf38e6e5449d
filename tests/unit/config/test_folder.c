#include "config/folder.h"

#include "config/roots.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST                                                                                       \
    "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nUseDirectory = d\n"                \
    "TimeForCGI = 7\nSetenv A = host\nSetenv B = host\nStartFile = x\n"                            \
    "Directory {\nDirectoryID = d\nPath = /d\n"

static void lay(struct loaded *loaded, const char *options, struct folder_conf *ret)
{
    char text[1024];

    snprintf(text, sizeof(text), HOST "%s}\n", options);
    loaded_text(loaded, text);
    ck_assert_ptr_nonnull(loaded->conf);
    *ret = loaded->conf->hosts->folder;
    folder_lay_over(ret, loaded->conf->hosts->directories[0], &loaded->arena);
}

START_TEST(what_is_given_replaces_and_the_rest_stays)
{
    struct loaded loaded;
    struct folder_conf folder;

    lay(&loaded, "ExecuteCGI = yes\nStartFile = y, z\n", &folder);
    ck_assert(folder.execute_cgi);
    ck_assert(!loaded.conf->hosts->folder.execute_cgi);
    assert_slice(folder.start_files->text, "y");
    assert_slice(folder.start_files->next->text, "z");
    ck_assert_uint_eq(folder.time_for_cgi_ms, 7000);
    ck_assert_ptr_eq(folder.setenv, loaded.conf->hosts->folder.setenv);
    loaded_done(&loaded);
}
END_TEST

/* A value equal to a default is given as well. */
START_TEST(no_and_zero_are_values)
{
    struct loaded loaded;
    struct folder_conf folder;

    lay(&loaded, "CGIidle = 0\nLocalRedirect = no\n", &folder);
    ck_assert(!folder.local_redirect);
    ck_assert(loaded.conf->hosts->folder.local_redirect);
    ck_assert_uint_eq(folder.cgi_idle_ms, 0);
    loaded_done(&loaded);
}
END_TEST

START_TEST(variables_come_before_those_of_the_host)
{
    static const char *const expect[][2] = {
        { "B", "here" }, { "C", "here" }, { "A", "host" }, { "B", "host" }
    };
    struct loaded loaded;
    struct folder_conf folder;
    unsigned i = 0;

    lay(&loaded, "Setenv B = here\nSetenv C = here\n", &folder);
    for (const struct conf_pair *pair = folder.setenv; pair; pair = pair->next, i++) {
        ck_assert_uint_lt(i, 4);
        assert_slice(pair->name, expect[i][0]);
        assert_slice(pair->value, expect[i][1]);
    }
    ck_assert_uint_eq(i, 4);
    loaded_done(&loaded);
}
END_TEST

/* ---- who the programs of a Directory are ---- */

#define WRAPPED                                                                                    \
    "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nRunAs = bob\nCGIfiles = 99\n"      \
    "UseDirectory = d, e, f\nDirectory {\nDirectoryID = d\nPath = /d\nWrapCGI = shop\n}\n"         \
    "Directory {\nDirectoryID = e\nPath = /e\nWrapCGI = shop\n}\n"                                 \
    "Directory {\nDirectoryID = f\nPath = /f\nCGIwrapId = other\n}\n"

static void load_wrapped(struct loaded *loaded, const char *wrapper)
{
    const struct text_file files[] = { { "longhouse.conf", WRAPPED },
                                       { "cgi-wrapper.conf", wrapper } };

    loaded_files(loaded, files, 2);
    loaded->source.files = NULL; /* was on this stack; the load is over */
    loaded->source.count = 0;
}

START_TEST(each_user_of_directories_is_an_identity_of_the_host)
{
    struct loaded loaded;
    struct folder_conf folder = { 0 };

    load_wrapped(&loaded, "Wrap = shop ; /srv/shop ; alice:web\nWrap = other ; ~carl ; carl\n");
    ck_assert_ptr_nonnull(loaded.conf);
    const struct vhost_conf *host = loaded.conf->hosts;
    ck_assert_uint_eq(host->wrap_count, 2);
    assert_slice(host->wraps[0].user, "alice");
    assert_slice(host->wraps[0].groups->text, "web");
    assert_slice(host->wraps[0].below, "/srv/shop");
    ck_assert_uint_eq(host->wraps[0].files, 99);
    assert_slice(host->wraps[1].user, "carl");
    ck_assert_ptr_null(host->wraps[1].groups);
    assert_slice(host->confine.user, "bob");
    ck_assert_uint_eq(roots_rules(host), 3);

    ck_assert_uint_eq(roots_identity(host, &folder), 0);
    ck_assert_ptr_eq(roots_confine(host, 0), &host->confine);
    folder_lay_over(&folder, host->directories[2], &loaded.arena);
    ck_assert_uint_eq(roots_identity(host, &folder), 2);
    ck_assert_ptr_eq(roots_confine(host, 2), &host->wraps[1]);
    folder_lay_over(&folder, host->directories[1], &loaded.arena);
    ck_assert_uint_eq(roots_identity(host, &folder), 1);
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_wrap_that_is_missing_is_told_where_it_is_wanted)
{
    struct loaded loaded;

    load_wrapped(&loaded, "Wrap = shop ; /srv/shop ; alice\n");
    char *said = loaded_report(&loaded);
    ck_assert_ptr_null(loaded.conf);
    ck_assert_ptr_nonnull(strstr(said, "longhouse.conf:22:13: error: WrapCGI names 'other', but "
                                       "cgi-wrapper.conf has no such Wrap line"));
    free(said);
    loaded_done(&loaded);
    loaded_text(&loaded, WRAPPED);
    said = loaded_report(&loaded);
    ck_assert_ptr_null(loaded.conf);
    ck_assert_ptr_nonnull(strstr(said, "longhouse.conf:12:11: error: WrapCGI needs "
                                       "cgi-wrapper.conf in the configuration folder"));
    free(said);
    loaded_done(&loaded);
}
END_TEST

/* With a root directory of its own, "/srv|shop", a program finds nothing outside of it. */
START_TEST(what_a_wrapped_program_cannot_reach_is_told)
{
    struct loaded loaded;
    const struct text_file files[] = {
        { "longhouse.conf", "Hostname = a\nWebsiteRoot = /srv/shop/a\nBinding {\nPort = 80\n}\n"
                            "WrapCGI = shop\nExecuteCGI = yes\nCGIextension = cgi\n"
                            "Alias = /in:/srv/shop/cgi\nAlias = /out:/srv-other\n" },
        { "cgi-wrapper.conf", "Wrap = shop ; /srv|shop ; alice\n" },
    };

    loaded_files(&loaded, files, 2);
    char *said = loaded_report(&loaded);
    ck_assert_ptr_nonnull(strstr(said,
                                 "longhouse.conf:10:9: warning: programs in '/srv-other' cannot "
                                 "run: it lies outside of '/srv'"));
    ck_assert_ptr_null(strstr(said, "'/srv/shop/cgi' cannot"));
    free(said);
    loaded.source.files = NULL;
    loaded.source.count = 0;
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_host_is_somebody_once)
{
    struct loaded loaded;
    const struct text_file files[] = {
        { "longhouse.conf", "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n"
                            "RunAs = bob\nWrapCGI = shop\nExecuteCGI = yes\nCGIextension = cgi\n" },
        { "cgi-wrapper.conf", "Wrap = shop ; /srv ; alice\n" },
    };

    loaded_files(&loaded, files, 2);
    char *said = loaded_report(&loaded);
    ck_assert_ptr_null(loaded.conf);
    ck_assert_ptr_nonnull(strstr(said, "a host has RunAs or WrapCGI, not both"));
    free(said);
    loaded.source.files = NULL;
    loaded.source.count = 0;
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_host_executes_when_one_of_its_folders_does)
{
    struct loaded loaded;
    struct folder_conf folder;

    lay(&loaded, "ExecuteCGI = yes\n", &folder);
    ck_assert(folder_any_executes(loaded.conf->hosts));
    loaded_done(&loaded);
    lay(&loaded, "ExecuteCGI = no\n", &folder);
    ck_assert(!folder_any_executes(loaded.conf->hosts));
    loaded_done(&loaded);
}
END_TEST

SUITE("folder", TEST(what_is_given_replaces_and_the_rest_stays), TEST(no_and_zero_are_values),
      TEST(variables_come_before_those_of_the_host),
      TEST(each_user_of_directories_is_an_identity_of_the_host),
      TEST(a_wrap_that_is_missing_is_told_where_it_is_wanted),
      TEST(what_a_wrapped_program_cannot_reach_is_told), TEST(a_host_is_somebody_once),
      TEST(a_host_executes_when_one_of_its_folders_does))
