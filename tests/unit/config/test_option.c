#include "config/option.h"

#include "build.h"
#include "config/text_source.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table itself ---- */

START_TEST(each_row_is_complete)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        ck_assert_ptr_nonnull(row->name);
        ck_assert_uint_ne(row->scopes, 0);
        ck_assert_msg((row->type == OPT_OWN) == (row->set != NULL), "%s", row->name);
        ck_assert_msg(row->text && row->text[0], "%s has no text", row->name);
        if (row->type == OPT_GONE || row->type == OPT_NEEDLESS)
            continue;
        ck_assert_msg(row->grammar && row->grammar[0], "%s has no grammar", row->name);
        ck_assert_msg(row->most == 0 || row->least <= row->most, "%s", row->name);
        ck_assert_msg((row->type == OPT_CHOICE) == (row->choices != NULL), "%s", row->name);
        if (row->type == OPT_DURATION || row->type == OPT_SIZE)
            ck_assert_msg(row->unit > 0, "%s has no unit", row->name);
    }
}
END_TEST

START_TEST(a_name_has_one_row_for_each_scope)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        for (unsigned scope = 1; scope <= SCOPE_TOOLKIT; scope <<= 1) {
            if (row->scopes & scope)
                ck_assert_msg(option_find(slice_cstr(row->name), scope) == row, "%s", row->name);
        }
    }
}
END_TEST

START_TEST(each_former_name_is_that_of_one_row)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        struct slice rest = slice_cstr(row->former);
        struct slice former;

        while (slice_next(&rest, ' ', &former)) {
            ck_assert_ptr_eq(option_find(former, row->scopes), row);
            ck_assert_ptr_eq(option_find(slice_skip(former, 1), row->scopes), NULL);
        }
    }
}
END_TEST

START_TEST(rows_are_numbered_without_gaps)
{
    size_t index = 0;

    for (const struct option_row *row = option_next(NULL); row; row = option_next(row))
        ck_assert_uint_eq(option_index(row), index++);
    ck_assert_uint_eq(option_count(), index);
}
END_TEST

static const enum option_scope scopes[] = { SCOPE_SERVER,  SCOPE_BINDING,   SCOPE_HOST,
                                            SCOPE_FASTCGI, SCOPE_DIRECTORY, SCOPE_TOOLKIT,
                                            SCOPE_LOCAL };

START_TEST(the_rows_of_a_scope_come_in_the_order_of_the_table)
{
    const enum option_scope scope = scopes[_i];
    const struct option_list list = option_rows(scope);
    size_t count = 0;

    for (const struct option_row *row = option_next(NULL); row; row = option_next(row))
        if (row->scopes & scope)
            ck_assert_ptr_eq(list.rows[count++], row);
    ck_assert_uint_eq(list.count, count);
    ck_assert_uint_gt(count, 0);
}
END_TEST

/* Every default is taken without a word: a configuration of nearly nothing brings no message. */
START_TEST(all_defaults_are_good)
{
    struct loaded loaded;

    loaded_text(&loaded, "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n"
                         "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/f\n}\n");
    ck_assert_ptr_null(loaded.diags.first);
    ck_assert_ptr_nonnull(loaded.conf);
    loaded_done(&loaded);
}
END_TEST

/* ---- Hiawatha's vocabulary ---- */

static const char *const hiawatha_names[] = {
    /* server */
    "AnonymizeIP",
    "BanlistMask",
    "BanOnDeniedBody",
    "BanOnFlooding",
    "BanOnGarbage",
    "BanOnInvalidURL",
    "BanOnMaxPerIP",
    "BanOnMaxReqSize",
    "BanOnSQLi",
    "BanOnTimeout",
    "BanOnWrongPassword",
    "BlockExtensions",
    "CAcertificates",
    "CacheMaxFilesize",
    "CacheRProxyExtensions",
    "CacheSize",
    "CGIextension",
    "CGIhandler",
    "CGIwrapper",
    "ChallengeClient",
    "ConnectionsPerIP",
    "ConnectionsTotal",
    "DHsize",
    "ExploitLogfile",
    "GarbageLogfile",
    "GZipExtensions",
    "HideProxy",
    "KickOnBan",
    "KillTimedoutCGI",
    "ListenBacklog",
    "LogfileMask",
    "LogFormat",
    "LogTimeouts",
    "MaxServerLoad",
    "MaxUrlLength",
    "MimetypeConfig",
    "MinTLSversion",
    "MonitorServer",
    "PIDfile",
    "Platform",
    "RebanDuringBan",
    "ReconnectDelay",
    "RequestLimitMask",
    "ServerId",
    "ServerString",
    "SetResourceLimits",
    "SocketSendTimeout",
    "Syslog",
    "SkipCacheCookie",
    "CacheSize",
    "CacheMaxFilesize",
    "SystemLogfile",
    "ThreadKillRate",
    "ThreadPoolSize",
    "Throttle",
    "Tomahawk",
    "TunnelSSH",
    "UserDirectory",
    "WaitForCGI",
    "WorkDirectory",
    "WrapUserCGI",
    /* binding */
    "BindingId",
    "AcceptHTTP2",
    "EnableAccf",
    "EnableAlter",
    "EnableTRACE",
    "Interface",
    "MaxKeepAlive",
    "MaxRequestSize",
    "MaxUploadSize",
    "Port",
    "RequiredCA",
    "TimeForRequest",
    "TLScertFile",
    /* host */
    "AccessList",
    "AccessLogfile",
    "Alias",
    "AllowDotFiles",
    "AlterGroup",
    "AlterList",
    "AlterMode",
    "BanByCGI",
    "CustomHeaderBackend",
    "CustomHeaderClient",
    "CustomHeader",
    "DenyBody",
    "EnablePathInfo",
    "EnforceFirstHostname",
    "ErrorHandler",
    "ErrorLogfile",
    "ErrorXSLTfile",
    "ExecuteCGI",
    "FileHashes",
    "FollowSymlinks",
    "Hostname",
    "HTTPAuthToCGI",
    "LoginMessage",
    "NoExtensionAs",
    "PasswordFile",
    "PreventCSRF",
    "PreventXSRF",
    "PreventSQLi",
    "PreventXSS",
    "PublicKeyPins",
    "RandomHeader",
    "RequiredBinding",
    "RequiredGroup",
    "RequireTLS",
    "ReverseProxy",
    "RunOnAlter",
    "ScriptAlias",
    "SecureURL",
    "Setenv",
    "ShowIndex",
    "SkipCacheCookie",
    "StartFile",
    "TimeForCGI",
    "TriggerOnCGIstatus",
    "DenyBody",
    "BanOnDeniedBody",
    "PreventSQLi",
    "PreventXSS",
    "PreventCSRF",
    "BanOnSQLi",
    "ExploitLogfile",
    "GarbageLogfile",
    "UseDirectory",
    "UseFastCGI",
    "UseLocalConfig",
    "UseRProxy",
    "UserWebsites",
    "UseToolkit",
    "UseXSLT",
    "WebDAVapp",
    "WebsiteRoot",
    "WebSocket",
    "WrapCGI",
    /* directory */
    "DirectoryID",
    "ExpirePeriod",
    "Extensions",
    "Path",
    "RunOnDownload",
    "UploadSpeed",
    /* FastCGI */
    "ConnectTo",
    "Extension",
    "FastCGIid",
    "ServerRoot",
    "SessionTimeout",
    /* toolkit */
    "ToolkitID",
    "Do",
    "Header",
    "Match",
    "MatchCI",
    "Method",
    "RequestURI",
    "TotalConnections",
    "UseTLS",
    "UseSSL",
    /* older names */
    "SSLcertFile",
    "RequireSSL",
    "MinSSLversion",
    "UseGZfile",
    "IgnoreDotHiawatha",
    "DenyBot",
    "ImageReferer",
    "VolatileObject",
    "PreventCMDi",
    "CGIwrapId",
    "FCGIserverId",
    "FastCGI",
};

START_TEST(every_name_of_hiawatha_is_known)
{
    ck_assert_msg(option_find(slice_cstr(hiawatha_names[_i]), ~0u) != NULL, "%s",
                  hiawatha_names[_i]);
}
END_TEST

/* Those that a website of Hiawatha most likely has. */
static const char *const available_names[] = {
    "ServerId",         "PIDfile",
    "SystemLogfile",    "ConnectionsTotal",
    "ConnectionsPerIP", "MaxUrlLength",
    "MimetypeConfig",   "CGIextension",
    "CGIhandler",       "WorkDirectory",
    "LogFormat",        "ServerString",
    "ListenBacklog",    "SocketSendTimeout",
    "BindingId",        "EnableTRACE",
    "Interface",        "MaxKeepAlive",
    "MaxRequestSize",   "Port",
    "TimeForRequest",   "Hostname",
    "WebsiteRoot",      "StartFile",
    "ExecuteCGI",       "TimeForCGI",
    "EnablePathInfo",   "Setenv",
    "UseFastCGI",       "AccessLogfile",
    "ErrorLogfile",     "FollowSymlinks",
    "AllowDotFiles",    "NoExtensionAs",
    "RequiredBinding",  "CustomHeaderClient",
    "FastCGIid",        "ConnectTo",
    "Extension",        "SessionTimeout",
    "ServerRoot",       "KillTimedoutCGI",
    "WaitForCGI",       "WrapCGI",
    "BanlistMask",      "BanOnFlooding",
    "BanOnGarbage",     "BanOnInvalidURL",
    "BanOnMaxPerIP",    "BanOnMaxReqSize",
    "BanOnTimeout",     "BanOnWrongPassword",
    "KickOnBan",        "MaxServerLoad",
    "RebanDuringBan",   "ReconnectDelay",
    "RequestLimitMask", "BanByCGI",
    "Throttle",         "UploadSpeed",
    "Syslog",           "TriggerOnCGIstatus",
    "UserWebsites",     "UserDirectory",
    "WrapUserCGI",
};

START_TEST(common_options_have_an_effect)
{
    const struct option_row *row = option_find(slice_cstr(available_names[_i]), ~0u);

    ck_assert_ptr_nonnull(row);
    ck_assert_int_ne(row->type, OPT_NEEDLESS);
    ck_assert_int_ne(row->type, OPT_GONE);
}
END_TEST

START_TEST(names_are_found_in_any_case_and_by_their_former_ones)
{
    const struct option_row *row = option_find(SLICE("UseFastCGI"), SCOPE_HOST);

    ck_assert_ptr_eq(option_find(SLICE("usefastcgi"), SCOPE_HOST), row);
    ck_assert_ptr_eq(option_find(SLICE("FASTCGI"), SCOPE_HOST), row);
    ck_assert_ptr_null(option_find(SLICE("UseFastCGI"), SCOPE_BINDING));
    ck_assert_ptr_null(option_find(SLICE("UseFastCG"), SCOPE_HOST));
}
END_TEST

/* ---- values: what each option takes, and what it says otherwise ---- */

/* What stands around the line under test. */
static const struct {
    const char *before;
    const char *after;
} around[] = {
    { "", "\nHostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n" },
    { "Binding {\n", "\nPort = 80\n}\nHostname = a\nWebsiteRoot = /srv\n" },
    { "FastCGIserver {\n", "\nConnectTo = /run/f\nFastCGIid = F\n}\nHostname = a\nWebsiteRoot = "
                           "/srv\nBinding {\nPort = 80\n}\n" },
    { "Directory {\n", "\nDirectoryID = d\nPath = /d\n}\nUseDirectory = d\nHostname = a\n"
                       "WebsiteRoot = /srv\nBinding {\nPort = 80\n}\n" },
};

enum { OUTER, BINDING, FASTCGI, DIRECTORY };

static const struct value_case {
    int where;
    const char *line;
    const char *says; /* "column+span message"; NULL: taken without a word */
} cases[] = {
    /* counts */
    { OUTER, "ConnectionsTotal = 1", NULL },
    { OUTER, "ConnectionsTotal = 1000000", NULL },
    { OUTER, "ConnectionsTotal = 0",
      "20+1 'ConnectionsTotal' must be between 1 and 1000000, not '0'" },
    { OUTER, "ConnectionsTotal = 1000001",
      "20+7 'ConnectionsTotal' must be between 1 and 1000000, not '1000001'" },
    { OUTER, "ConnectionsTotal = -1",
      "20+2 'ConnectionsTotal' must be between 1 and 1000000, not '-1'" },
    { OUTER, "ConnectionsTotal = +1",
      "20+2 'ConnectionsTotal' must be between 1 and 1000000, not '+1'" },
    { OUTER, "ConnectionsTotal = 5x",
      "20+2 'ConnectionsTotal' must be between 1 and 1000000, not '5x'" },
    { OUTER, "ConnectionsTotal = 99999999999999999999999",
      "20+23 'ConnectionsTotal' must be between 1 and 1000000, not '99999999999999999999999'" },
    { OUTER, "ConnectionsTotal = 1 2",
      "20+3 'ConnectionsTotal' must be between 1 and 1000000, not '1 2'" },
    { OUTER, "ConnectionsPerIP = 0",
      "20+1 'ConnectionsPerIP' must be between 1 and 1000000, not '0'" },
    { OUTER, "ListenBacklog = 65536",
      "17+5 'ListenBacklog' must be between 1 and 65535, not '65536'" },
    { OUTER, "Reactors = 257", "12+3 'Reactors' must be between 0 and 256, not '257'" },
    { OUTER, "Reactors = 0", NULL },
    { OUTER, "MaxFields = 9", "13+1 'MaxFields' must be between 10 and 10000, not '9'" },
    { OUTER, "MaxUrlLength = none", NULL },
    { OUTER, "MaxUrlLength = NONE", NULL },
    { OUTER, "MaxUrlLength = 0", NULL },
    { OUTER, "MaxUrlLength = some",
      "16+4 'MaxUrlLength' must be between 0 and 16777216, not 'some'" },

    /* networks */
    { OUTER, "TrustedProxy = 127.0.0.1, ::1, 10.0.0.0/8", NULL },
    { BINDING, "TrustedProxy = 127.0.0.1", NULL },
    { BINDING, "AcceptHTTP2 = no", NULL },
    { BINDING, "AcceptHTTP2 = prior-knowledge", NULL },
    { BINDING, "AcceptHTTP2 = h2c",
      "15+3 'AcceptHTTP2' must be yes | no | prior-knowledge, not 'h2c'" },
    { BINDING, "ProxyProtocol = no", NULL },
    { BINDING, "ProxyProtocol = v2", "17+2 'ProxyProtocol' must be no | yes | required, not 'v2'" },
    { OUTER, "HideProxy = 127.0.0.1,10.0.0.0/33",
      "23+11 'HideProxy' wants IPv4 or IPv6 addresses or networks, not '10.0.0.0/33'" },
    { OUTER, "TrustedProxy = nginx.local",
      "16+11 'TrustedProxy' wants IPv4 or IPv6 addresses or networks, not 'nginx.local'" },
    { OUTER, "TrustedProxy = all",
      "16+3 'TrustedProxy = all' lets every visitor name the address it comes from" },
    { OUTER, "TrustedProxy = ::/0",
      "16+4 'TrustedProxy = ::/0' lets every visitor name the address it comes from" },
    { OUTER, "ProxyField = X-Client",
      "14+8 'ProxyField' must be any | X-Forwarded-For | Forwarded | X-Real-IP, not 'X-Client'" },

    /* durations */
    { OUTER, "TimeForCGI = 1", NULL },
    { OUTER, "TimeForCGI = 3600", NULL },
    { OUTER, "TimeForCGI = 0", "14+1 'TimeForCGI' must be between 1 s and 3600 s, not '0'" },
    { OUTER, "TimeForCGI = 3601", "14+4 'TimeForCGI' must be between 1 s and 3600 s, not '3601'" },
    { OUTER, "TimeForCGI = 30s", NULL },
    { OUTER, "TimeForCGI = 5 minutes", NULL },
    { OUTER, "TimeForCGI = 1h", NULL },
    { OUTER, "TimeForCGI = 1500 ms", NULL },
    { OUTER, "CGIfirstByte = 0", NULL },
    { OUTER, "CGIidle = 250ms", NULL },
    { OUTER, "CGIidle = 2h", "11+2 'CGIidle' must be between 0 s and 3600 s, not '2h'" },
    { OUTER, "MaxCGI = 10000", NULL },
    { OUTER, "MaxCGI = 0", "10+1 'MaxCGI' must be between 1 and 10000, not '0'" },
    { OUTER, "MaxCGItotal = 0", "15+1 'MaxCGItotal' must be between 1 and 100000, not '0'" },
    { OUTER, "CGIqueue = 0", NULL },
    { OUTER, "CGIqueue = 100, 5s", NULL },
    { OUTER, "CGIqueue = many", "12+4 'CGIqueue' must be between 0 and 100000, not 'many'" },
    { OUTER, "CGIqueue = 5, 0", "15+1 'CGIqueue' must be between 100 ms and 3600 s, not '0'" },
    { OUTER, "DebugCGI = 127.0.0.1, ::1, 10.0.0.0/8", NULL },
    { OUTER, "DebugCGI = all",
      "12+3 'DebugCGI = all' shows every visitor what programs are told, secrets too" },
    { OUTER, "DebugCGI = localhost",
      "12+9 'DebugCGI' wants IPv4 or IPv6 addresses or networks, not 'localhost'" },
    { OUTER, "TraceFor = 127.0.0.1, 2001:db8::/32", NULL },
    { OUTER, "TraceFor = all",
      "12+3 'TraceFor = all' tells every visitor who asks for it what is configured, and where it "
      "lies on the disk" },
    { OUTER, "TraceFor = me",
      "12+2 'TraceFor' wants IPv4 or IPv6 addresses or networks, not 'me'" },
    { OUTER, "TimeForCGI = 500 ms",
      "14+6 'TimeForCGI' must be between 1 s and 3600 s, not '500 ms'" },
    { OUTER, "TimeForCGI = 2h", "14+2 'TimeForCGI' must be between 1 s and 3600 s, not '2h'" },
    { OUTER, "TimeForCGI = soon", "14+4 'TimeForCGI' must be between 1 s and 3600 s, not 'soon'" },
    { OUTER, "TimeForCGI = 5 parsecs",
      "14+9 'TimeForCGI' must be between 1 s and 3600 s, not '5 parsecs'" },
    { OUTER, "SocketSendTimeout = 0", NULL },
    { OUTER, "SocketSendTimeout = 2 days",
      "21+6 'SocketSendTimeout' must be between 0 s and 1 day, not '2 days'" },
    { OUTER, "KillGrace = 61", "13+2 'KillGrace' must be between 0 s and 60 s, not '61'" },
    { OUTER, "DrainTime = 1 min", NULL },
    { OUTER, "BodyGrace = 0", NULL },
    { FASTCGI, "SessionTimeout = 0", NULL },
    { FASTCGI, "SessionTimeout = 90 s", NULL },
    { FASTCGI, "SessionTimeout = 2 weeks", NULL },
    { FASTCGI, "SessionTimeout = x",
      "18+1 'SessionTimeout' must be between 0 s and 365 days, not 'x'" },
    { FASTCGI, "ConnectTimeout = 250 ms", NULL },
    { FASTCGI, "ConnectTimeout = 0",
      "18+1 'ConnectTimeout' must be between 1 ms and 300 s, not '0'" },

    /* sizes */
    { OUTER, "MaxHeadSize = 16K", NULL },
    { OUTER, "MaxHeadSize = 16384", NULL },
    { OUTER, "MaxHeadSize = 1023",
      "15+4 'MaxHeadSize' must be between 1 KiB and 1 MiB, not '1023'" },
    { OUTER, "MaxHeadSize = 2M", "15+2 'MaxHeadSize' must be between 1 KiB and 1 MiB, not '2M'" },
    { OUTER, "MaxEnvironment = 1K",
      "18+2 'MaxEnvironment' must be between 4 KiB and 1 MiB, not '1K'" },
    { OUTER, "MinBodyRate = 0", NULL },
    { OUTER, "MinBodyRate = 1 KiB", NULL },
    { BINDING, "MaxRequestSize = 64", NULL },
    { BINDING, "MaxRequestSize = 200M", NULL },
    { BINDING, "MaxRequestSize = 1 GiB", NULL },
    { BINDING, "MaxRequestSize = 0",
      "18+1 'MaxRequestSize' must be between 1 byte and 1 TiB, not '0'" },
    { BINDING, "MaxRequestSize = 2T",
      "18+2 'MaxRequestSize' must be between 1 byte and 1 TiB, not '2T'" },
    { BINDING, "MaxRequestSize = big",
      "18+3 'MaxRequestSize' must be between 1 byte and 1 TiB, not 'big'" },

    /* yes and no */
    { OUTER, "ExecuteCGI = yes", NULL },
    { OUTER, "ExecuteCGI = no", NULL },
    { OUTER, "ExecuteCGI = true", NULL },
    { OUTER, "ExecuteCGI = false", NULL },
    { OUTER, "ExecuteCGI = Yes", "14+3 'Yes' is read as 'yes', but Hiawatha wants small letters" },
    { OUTER, "ExecuteCGI = NO", "14+2 'NO' is read as 'no', but Hiawatha wants small letters" },
    { OUTER, "ExecuteCGI = on", "14+2 'ExecuteCGI' must be yes or no, not 'on'" },
    { OUTER, "ExecuteCGI = 1", "14+1 'ExecuteCGI' must be yes or no, not '1'" },
    { OUTER, "ExecuteCGI = yes no", "14+6 'ExecuteCGI' must be yes or no, not 'yes no'" },
    { BINDING, "EnableTRACE = maybe", "15+5 'EnableTRACE' must be yes or no, not 'maybe'" },

    /* choices */
    { OUTER, "LogFormat = common", NULL },
    { OUTER, "LogFormat = extended", NULL },
    { OUTER, "LogFormat = hiawatha", NULL },
    { OUTER, "LogFormat = json", NULL },
    { OUTER, "LogFormat = Common",
      "13+6 'LogFormat' must be hiawatha | common | extended | json | \"FORMAT\", not 'Common'" },
    { OUTER, "LogFormat = combined",
      "13+8 'LogFormat' must be hiawatha | common | extended | json | \"FORMAT\", not 'combined'" },

    /* a text with letters */
    { OUTER, "LogFormat = %h %s", NULL },
    { OUTER, "LogFormat = \"%h %l %u %t \\\"%r\\\" %>s %b %{ms}T %{cpu_us}n\"", NULL },
    { OUTER, "LogFormat = %h \"%r\" 100%%", NULL },
    { OUTER, "LogFormat = %h %Z", "16+1 'LogFormat': no such letter is known" },
    { OUTER, "LogFormat = %h %",
      "16+1 'LogFormat': a letter is missing; a percent sign is written %%" },
    { OUTER, "LogFormat = %h %{x}i %i",
      "22+1 'LogFormat': a field wants its name: %{User-Agent}i, %{Content-Type}o" },
    { OUTER, "LogFormat = %{a b}o",
      "13+1 'LogFormat': a field wants its name: %{User-Agent}i, %{Content-Type}o" },
    { OUTER, "LogFormat = %h %{cookie}i",
      "16+1 'LogFormat': this field holds secrets, which stay out of logs" },
    { OUTER, "LogFormat = %{weeks}T", "13+1 'LogFormat': this letter has no such name in braces" },
    { OUTER, "LogFormat = %n", "13+1 'LogFormat': this letter wants a name in braces before it" },
    { OUTER, "LogFormat = %{id", "14+1 'LogFormat': the brace is not closed" },
    { OUTER, "LogFormat = %>h", "13+1 'LogFormat': '<' and '>' are for %>s only" },
    { OUTER, "LogFormat = \"%h", "13+1 'LogFormat': the quote is not closed" },
    { OUTER, "LogFormat = \"%h\" \"%r\"",
      "16+1 'LogFormat': a quote inside of the quotes is written \\\"" },
    { OUTER, "LogFormat = \"%h \\q\"", "17+1 'LogFormat': after a backslash comes \", \\ or t" },

    /* paths */
    { OUTER, "PIDfile = /run/x.pid", NULL },
    { OUTER, "PIDfile = x.pid", "11+5 'PIDfile' must be an absolute path, not 'x.pid'" },
    { OUTER, "PIDfile = /", "11+1 'PIDfile' must not be '/'" },
    { OUTER, "WorkDirectory = /var/lib/x/",
      "17+11 the '/' at the end is left out; Hiawatha refuses it" },
    { OUTER, "ControlSocket = run", "17+3 'ControlSocket' must be an absolute path, not 'run'" },
    { FASTCGI, "ServerRoot = srv", "14+3 'ServerRoot' must be an absolute path, not 'srv'" },

    /* logs */
    { OUTER, "AccessLogfile = /var/log/a", NULL },
    { OUTER, "AccessLogfile = none", NULL },
    { OUTER, "AccessLogfile = stdout", NULL },
    { OUTER, "ErrorLogfile = stderr", NULL },
    { OUTER, "ErrorLogfile = /dev/stderr", NULL },
    { OUTER, "SystemLogfile = /dev/null", NULL },
    { OUTER, "AccessLogfile = access.log",
      "17+10 'AccessLogfile' must be an absolute path, none, stdout or stderr, not 'access.log'" },
    { OUTER, "AccessLogfile = /var/log/a, daily", NULL },
    { OUTER, "AccessLogfile = /var/log/a , weekly", NULL },
    { OUTER, "ErrorLogfile = /var/log/e, monthly", NULL },
    { OUTER, "SystemLogfile = /var/log/s,daily", NULL },
    { OUTER, "AccessLogfile = /var/log/a, hourly",
      "29+6 a log begins anew daily, weekly or monthly, not 'hourly'" },
    { OUTER, "AccessLogfile = /var/log/a,",
      "17+11 a log begins anew daily, weekly or monthly, not ''" },
    { OUTER, "AccessLogfile = none, daily", "23+5 'daily': only a file can begin anew" },

    /* what programs said */
    { OUTER, "CacheSize = 10", NULL },
    { OUTER, "CacheSize = 0", NULL },
    { OUTER, "CacheSize = 2G", "13+2 'CacheSize' must be between 0 bytes and 1 GiB, not '2G'" },
    { OUTER, "CacheMaxFilesize = 64K", NULL },
    { OUTER, "CacheMaxFilesize = big",
      "20+3 'CacheMaxFilesize' must be between 0 bytes and 1 GiB, not 'big'" },
    { OUTER, "SkipCacheCookie = a, b", NULL },
    { OUTER, "SkipCacheCookie = ,", "19+1 the list of 'SkipCacheCookie' names nothing" },

    /* the system's log */
    { OUTER, "Syslog = system", NULL },
    { OUTER, "Syslog = access, error;website", NULL },
    { OUTER, "Syslog = all\nSyslogSocket = /run/log", NULL },
    { OUTER, "Syslog = acess", "10+5 'Syslog' knows no log 'acess'" },
    { OUTER, "Syslog = all;", "10+4 '' cannot be the name in front of the lines" },
    { OUTER, "Syslog = all;a b", "14+3 'a b' cannot be the name in front of the lines" },
    { OUTER, "SyslogSocket = log", "16+3 'SyslogSocket' must be an absolute path, not 'log'" },

    /* who */
    { OUTER, "ServerId = www-data", NULL },
    { OUTER, "ServerId = 33", NULL },
    { OUTER, "ServerId = www-data:www-data,adm", NULL },
    { OUTER, "ServerId = 33:33, 44", NULL },
    { OUTER, "ServerId = root", "12+4 'ServerId' must not name the superuser (user 'root')" },
    { OUTER, "ServerId = 0", "12+1 'ServerId' must not name the superuser (user '0')" },
    { OUTER, "ServerId = 00", "12+2 'ServerId' must not name the superuser (user '00')" },
    { OUTER, "ServerId = www:root", "16+4 'ServerId' must not name the superuser (group 'root')" },
    { OUTER, "ServerId = www:33,0", "19+1 'ServerId' must not name the superuser (group '0')" },
    { OUTER, "ServerId = :33", "12+3 'ServerId' names an empty user" },
    { OUTER, "ServerId = www:", "12+4 'ServerId' names an empty group" },
    { OUTER, "ServerId = two words", "12+9 'two words' is no user name and no user number" },
    { OUTER, "ServerId = 12x", "12+3 '12x' is no user name and no user number" },
    { OUTER, "ServerId = 4294967295", "12+10 '4294967295' is no user name and no user number" },

    /* what it calls itself */
    { OUTER, "ServerString = House 1.0", NULL },
    { OUTER, "ServerString = none", NULL },
    { OUTER,
      "ServerString = "
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567",
      "16+128 'ServerString' must be at most 127 bytes long, not 128" },

    /* interpreters */
    { OUTER, "CGIhandler = /usr/bin/perl:pl", NULL },
    { OUTER, "CGIhandler = /usr/bin/perl:pl,pm", NULL },
    { OUTER, "CGIhandler = /usr/bin/perl : pl , pm", NULL },
    { OUTER, "CGIhandler = /usr/bin/perl -T:pl", NULL },
    { OUTER, "CGIhandler = /usr/bin/env -S a:b perl:pl", NULL },
    { OUTER, "CGIhandler = perl:pl", "14+4 'perl' is taken as /usr/bin/perl" },
    { OUTER, "CGIhandler = bin/perl:pl",
      "14+8 'CGIhandler' wants an absolute path, not 'bin/perl'" },
    { OUTER, "CGIhandler = /usr/bin/perl",
      "14+13 'CGIhandler' wants a program, ':' and extensions" },
    { OUTER,
      "CGIhandler = /usr/bin/perl:", "14+14 'CGIhandler' wants a program, ':' and extensions" },
    { OUTER, "CGIhandler = :pl", "14+3 'CGIhandler' wants a program, ':' and extensions" },
    { OUTER, "CGIhandler = /usr/bin/perl:pl,",
      "30+1 an empty item in the list of 'CGIhandler' is left out" },
    { OUTER, "CGIhandler = /usr/bin/perl:.pl",
      "28+3 an extension is written without its dot; 'pl' is taken" },
    { OUTER, "CGIextension = cgi", NULL },
    { OUTER, "CGIextension = cgi, exe", NULL },
    { OUTER, "CGIextension = .cgi",
      "16+4 an extension is written without its dot; 'cgi' is taken" },
    { OUTER, "CGIextension = a/b", "16+3 'a/b' is no extension" },
    { OUTER, "CGIextension = a, *", "19+1 '*' is no extension" },
    { OUTER, "CGIextension = a,,b",
      "18+1 an empty item in the list of 'CGIextension' is left out" },
    { OUTER, "CGIextension = a,", "17+1 an empty item in the list of 'CGIextension' is left out" },
    { OUTER, "CGIextension = ,a", "16+1 an empty item in the list of 'CGIextension' is left out" },

    /* hosts */
    { OUTER, "Hostname = www.example.org", NULL },
    { OUTER, "Hostname = WWW.Example.ORG", NULL },
    { OUTER, "Hostname = *.example.org, example.com.", NULL },
    { OUTER, "Hostname = 127.0.0.1, [::1], xn--bcher-kva.example", NULL },
    { OUTER, "Hostname = x/y", "12+3 'x/y' is no host name" },
    { OUTER, "Hostname = http://x", "12+8 'http://x' is no host name" },
    { OUTER, "Hostname = b, x:80", "15+4 'x:80' is no host name" },
    { OUTER, "Hostname = *", "12+1 '*' is no host name" },
    { OUTER, "Hostname = *x", "12+2 '*x' is no host name" },
    { OUTER, "Hostname = x.*.y", "12+5 'x.*.y' is no host name" },
    { OUTER, "Hostname = .x", "12+2 '.x' is no host name" },
    { OUTER, "Hostname = x..y", "12+4 'x..y' is no host name" },
    { OUTER, "Hostname = two words", "12+9 'two words' is no host name" },
    { OUTER,
      "Hostname = b\xc3\xbc"
      "cher.example",
      "12+15 'b\xc3\xbc"
      "cher.example' is no host name" },
    { OUTER, "StartFile = index.php", NULL },
    { OUTER, "StartFile = index.php, index.html", NULL },
    { OUTER, "StartFile = a/b",
      "13+3 'StartFile' must be a file name without '/' of at most 255 bytes" },
    { OUTER, "NoExtensionAs = php", NULL },
    { OUTER, "NoExtensionAs = .php",
      "17+4 an extension is written without its dot; 'php' is taken" },
    { OUTER, "Setenv A = B", NULL },
    { OUTER, "Setenv = A = B", NULL },
    { OUTER, "Setenv A = B = C", NULL },
    { OUTER, "Setenv A=", NULL },
    { OUTER, "Setenv A", "8+1 'Setenv' wants a name, '=' and a value" },
    { OUTER, "Setenv A B = C", "8+3 a variable's name has no blanks" },
    { OUTER, "CustomHeaderClient = X-A: b", NULL },
    { OUTER, "CustomHeaderClient = X-A: b: c", NULL },
    { OUTER, "CustomHeaderClient = X-A",
      "22+3 'CustomHeaderClient' wants a name, ':' and a value" },
    { OUTER, "CustomHeaderClient = X A: b", "22+3 'X A' is no name of a header field" },
    { OUTER, "CustomHeaderClient = content-length: 5",
      "22+14 the server itself writes 'content-length'" },
    { OUTER, "CustomHeaderBackend = X-A: b", NULL },
    { OUTER, "CustomHeaderBackend = via: me", "23+3 the server itself writes 'via'" },
    { OUTER, "CustomHeader = X-A: b", "1+12 'CustomHeader' is a former name" },

    /* bindings */
    { BINDING, "Interface = 127.0.0.1", NULL },
    { BINDING, "Interface = ::", NULL },
    { BINDING, "Interface = localhost",
      "13+9 'Interface' must be an IPv4 or IPv6 address, not 'localhost'" },
    { BINDING, "Interface = 1.2.3.4:80",
      "13+10 'Interface' must be an IPv4 or IPv6 address, not '1.2.3.4:80'" },
    { BINDING, "MaxKeepAlive = 0", NULL },
    { BINDING, "TimeForRequest = 5", NULL },
    { BINDING, "TimeForRequest = 5, 30", NULL },
    { BINDING, "TimeForRequest = 5s, 2 min", NULL },
    { BINDING, "TimeForRequest = 0, 30",
      "18+1 'TimeForRequest' must be between 1 s and 1 day, not '0'" },
    { BINDING, "TimeForRequest = 5, x",
      "21+1 'TimeForRequest' must be between 1 s and 1 day, not 'x'" },
    { BINDING, "TimeForRequest = 5, 6, 7",
      "21+4 'TimeForRequest' must be between 1 s and 1 day, not '6, 7'" },
    { BINDING, "BindingId = a,b", "13+3 'BindingId' must be one name without commas" },

    /* FastCGI */
    { FASTCGI, "ConnectTo = 127.0.0.1:9000", NULL },
    { FASTCGI, "ConnectTo = [::1]:9000, ::1.9001, /run/x", NULL },
    { FASTCGI, "ConnectTo = localhost:9000", NULL },
    { FASTCGI, "ConnectTo = app.example.org:9000 weight=2, srv:_fcgi._tcp.example.org", NULL },
    { FASTCGI, "ConnectTo = app.example.org",
      "13+15 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'app.example.org'" },
    { FASTCGI, "ConnectTo = app_.-x.org:9000",
      "13+16 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'app_.-x.org:9000'" },
    { FASTCGI, "ConnectTo = srv:a..b",
      "13+8 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'srv:a..b'" },
    { FASTCGI, "ConnectTo = 127.0.0.1",
      "13+9 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'127.0.0.1'" },
    { FASTCGI, "ConnectTo = 1.2.3.4:80, run/x",
      "25+5 'ConnectTo' must be an address or a host with a port, or a unix socket, not 'run/x'" },
    { FASTCGI, "ConnectTo = unix:/run/x",
      "13+11 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'unix:/run/x'" },
    { FASTCGI, "ConnectTo = 1.2.3.4:65536",
      "13+13 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'1.2.3.4:65536'" },
    /* bans */
    { OUTER, "AnonymizeIP = perhaps", "15+7 'AnonymizeIP' must be yes or no, not 'perhaps'" },
    { OUTER, "LogTimeouts = 1", "15+1 'LogTimeouts' must be yes or no, not '1'" },
    { OUTER, "LogfileMask = deny 127.0.0.1, deny ::1", NULL },
    { OUTER, "LogfileMask = none",
      "15+4 'LogfileMask' wants allow or deny and an address or network, not 'none'" },
    { OUTER, "BanOnGarbage = 300", NULL },
    { OUTER, "BanOnGarbage = 5m", NULL },
    { OUTER, "BanOnGarbage = soon",
      "16+4 'BanOnGarbage' must be between 0 s and 3650 days, not 'soon'" },
    { OUTER, "BanOnFlooding = 10/1:15", NULL },
    { OUTER, "BanOnFlooding = 1000 / 1h : 2d", NULL },
    { OUTER, "BanOnFlooding = 10",
      "17+2 'BanOnFlooding' wants REQUESTS/TIME:BANTIME, each of them "
      "above 0" },
    { OUTER, "BanOnFlooding = 0/1:15",
      "17+1 'BanOnFlooding' wants REQUESTS/TIME:BANTIME, each of them above 0" },
    { OUTER, "BanOnFlooding = 10/x:15",
      "20+1 'BanOnFlooding' wants REQUESTS/TIME:BANTIME, each of them above 0" },
    { OUTER, "BanOnFlooding = 10/1:",
      "17+5 'BanOnFlooding' wants REQUESTS/TIME:BANTIME, each of them above 0" },
    { OUTER, "BanOnWrongPassword = 5:10m", NULL },
    { OUTER, "BanOnWrongPassword = 5",
      "22+1 'BanOnWrongPassword' wants NUMBER:BANTIME, both above 0" },
    { OUTER, "BanlistMask = deny 10.0.0.0/8, Allow ::1, deny all", NULL },
    { OUTER, "BanlistMask = 10.0.0.0/8",
      "15+10 'BanlistMask' wants allow or deny and an address or network, not '10.0.0.0/8'" },
    { OUTER, "RequestLimitMask = deny 10.0.0.0/8, deny me",
      "37+7 'RequestLimitMask' wants allow or deny and an address or network, not 'deny me'" },
    { OUTER, "MaxServerLoad = 2.5", NULL },
    { OUTER, "MaxServerLoad = 0.7x",
      "17+4 'MaxServerLoad' must be a load with at most two decimals, not '0.7x'" },
    { OUTER, "BanByCGI = yes", NULL },
    { OUTER, "BanByCGI = no, 10m", NULL },
    { OUTER, "BanByCGI = yes, 0",
      "12+6 'BanByCGI' wants yes or no, and perhaps the longest time, not 'yes, 0'" },
    /* speeds */
    { OUTER, "Throttle = .zip:200", NULL },
    { OUTER, "Throttle = video/ : 2M", NULL },
    { OUTER, "Throttle = Video/mp4:500 B", NULL },
    { OUTER, "Throttle = zip:200",
      "12+3 'Throttle' wants a media type or an extension, and a speed" },
    { OUTER, "Throttle = .zip", "12+4 'Throttle' wants a media type or an extension, and a speed" },
    { OUTER, "Throttle = .:20", "12+1 'Throttle' wants a media type or an extension, and a speed" },
    { OUTER, "Throttle = .zip:0", "17+1 '0' is no speed above 0" },
    { OUTER, "Throttle = .zip:fast", "17+4 'fast' is no speed above 0" },
    { OUTER, "ChallengeClient = 200, httpheader, 60", NULL },
    { OUTER, "ChallengeClient = 200,JavaScript,5m, a secret", NULL },
    { OUTER, "ChallengeClient = 0, httpheader, 0", NULL },
    { OUTER, "ChallengeClient = 200", "19+3 'ChallengeClient': three things are wanted" },
    { OUTER, "ChallengeClient = many, httpheader, 60",
      "19+4 'ChallengeClient': the number of connections is a number" },
    { OUTER, "ChallengeClient = 200, cookie, 60",
      "24+6 'ChallengeClient': clients are challenged by httpheader or javascript" },
    { OUTER, "ChallengeClient = 200, httpheader, long",
      "36+4 'ChallengeClient': the time is a number of seconds, or has m, h or d" },
    { OUTER, "DenyBody = ^.*%3Cscript.*$", NULL },
    { OUTER, "DenyBody = (a", "12+1 the pattern '(a' cannot be read" },
    { OUTER, "PreventSQLi = detect", NULL },
    { OUTER, "PreventXSS = block", NULL },
    { OUTER, "PreventXSS = yes", "14+3 'PreventXSS = yes' is of an older Hiawatha" },
    { OUTER, "PreventXSRF = prevent", "1+11 'PreventXSRF' is a former name" },
    { OUTER, "PreventSQLi = block, 10", "22+2 what is behind the comma has no effect" },
    { OUTER, "PreventCSRF = maybe",
      "15+5 'PreventCSRF' must be no, detect, prevent or block, not 'maybe'" },
    { OUTER, "BanOnSQLi = 5m", NULL },
    { OUTER, "BanOnDeniedBody = soon",
      "19+4 'BanOnDeniedBody' must be between 0 s and 3650 days, not 'soon'" },
    { OUTER, "ExploitLogfile = exploit.log",
      "18+11 'ExploitLogfile' must be an absolute path, none, stdout or stderr, not "
      "'exploit.log'" },
    { OUTER, "GarbageLogfile = none", NULL },
    { OUTER, "ThrottlePattern = **.iso 2000", NULL },
    { OUTER, "ThrottlePattern = a|b/** 10-2M", NULL },
    { OUTER, "ThrottlePattern = **.iso",
      "19+6 'ThrottlePattern' wants a pattern, of at most 1000 bytes, and a speed" },
    { OUTER, "ThrottlePattern = **.iso 0", "26+1 '0' is no speed above 0" },
    { OUTER, "ThrottlePattern = **.iso x-10", "26+1 'x' is no speed above 0" },
    { OUTER, "ThrottlePattern = **.iso 20-10", "26+5 the least speed is above the whole one" },
    { DIRECTORY, "UploadSpeed = 100, 20", NULL },
    { DIRECTORY, "UploadSpeed = 2M,1", NULL },
    { DIRECTORY, "UploadSpeed = 100", "15+3 'UploadSpeed' wants a speed and a number of answers" },
    { DIRECTORY, "UploadSpeed = 0, 20", "15+1 '0' is no speed above 0" },
    { DIRECTORY, "UploadSpeed = 100, 0",
      "20+1 'UploadSpeed' must be between 1 and 1000000, not '0'" },
    { OUTER, "UploadSpeed = 100, 20", "1+11 'UploadSpeed' does not belong outside sections" },
    { FASTCGI, "Extension = php, .inc",
      "18+4 an extension is written without its dot; 'inc' is taken" },
};

START_TEST(each_value_is_taken_or_explained)
{
    const struct value_case *it = &cases[_i];
    struct loaded loaded;
    char text[1024];
    char said[512] = "-";

    snprintf(text, sizeof(text), "%s%s%s", around[it->where].before, it->line,
             around[it->where].after);
    loaded_text(&loaded, text);
    const struct diag *diag = loaded.diags.first;
    if (diag)
        snprintf(said, sizeof(said), "%u+%u %.*s", diag->place.column, diag->place.span,
                 SLICE_ARGS(diag->message));
    ck_assert_msg(strcmp(said, it->says ? it->says : "-") == 0, "%s\n says '%s'\n  not '%s'",
                  it->line, said, it->says ? it->says : "-");
    loaded_done(&loaded);
}
END_TEST

SUITE("option", TEST(each_row_is_complete), TEST(a_name_has_one_row_for_each_scope),
      TEST(each_former_name_is_that_of_one_row), TEST(rows_are_numbered_without_gaps),
      LOOP(the_rows_of_a_scope_come_in_the_order_of_the_table, scopes), TEST(all_defaults_are_good),
      LOOP(every_name_of_hiawatha_is_known, hiawatha_names),
      LOOP(common_options_have_an_effect, available_names),
      TEST(names_are_found_in_any_case_and_by_their_former_ones),
      LOOP(each_value_is_taken_or_explained, cases))
