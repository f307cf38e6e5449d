#include "config/same.h"

#include "config/text_source.h"
#include "suite.h"

#define HEAD "Binding {\nPort = 80\n}\nHostname = a\nWebsiteRoot = /srv\n"
#define BODY "FastCGIid = F\nConnectTo = /f, /g\nExtension = php\nConnectTimeout = 3\n"

static const struct {
    const char *text;
    bool same;
} others[] = {
    { HEAD "FastCGIserver {\n" BODY "}\n", true },
    { "set x = 3\n\n" HEAD "FastCGIserver {\n  FastCGIid=F\nConnectTo = /f, /g\n"
      "Extension = php\nConnectTimeout = x\n}\n",
      true },
    { HEAD "FastCGIserver {\n" BODY "MaxConnections = 5\n}\n", false },
    { HEAD "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nExtension = php\n}\n", false },
};

START_TEST(a_section_is_the_same_by_what_it_says)
{
    struct loaded a;
    struct loaded b;

    loaded_text(&a, others[0].text);
    loaded_text(&b, others[_i].text);
    ck_assert_ptr_nonnull(a.conf);
    ck_assert_ptr_nonnull(b.conf);
    ck_assert_int_eq(config_same_section(a.conf->fastcgi, b.conf->fastcgi), others[_i].same);
    loaded_done(&a);
    loaded_done(&b);
}
END_TEST

SUITE("config/same", LOOP(a_section_is_the_same_by_what_it_says, others))
