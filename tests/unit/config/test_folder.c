#include "config/folder.h"

#include "slice_assert.h"
#include "suite.h"

#include "config/text_source.h"

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
      TEST(a_host_executes_when_one_of_its_folders_does))
