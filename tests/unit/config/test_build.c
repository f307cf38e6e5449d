#include "config/model.h"

#include "config/text_source.h"
#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every case needs and none is about. */
#define PORT "Binding {\nPort = 80\n}\n"
#define SITE "Hostname = a\nWebsiteRoot = /srv\n"

#define POOL "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nExtension = php\n}\n"

/* ---- parts of a model as text ---- */

static void words(FILE *out, const struct conf_word *list)
{
    for (const struct conf_word *word = list; word; word = word->next)
        fprintf(out, "%s%.*s", word == list ? "" : ",", SLICE_ARGS(word->text));
}

static void show_hosts(FILE *out, const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        fprintf(out, "%u ", host->index);
        words(out, host->hostnames);
        fprintf(out, " %.*s;", SLICE_ARGS(host->website_root));
    }
}

static void show_start_files(FILE *out, const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        words(out, host->folder.start_files);
        fputc(';', out);
    }
}

static void show_front(FILE *out, const struct server_conf *conf)
{
    fprintf(out, "%.*s", SLICE_ARGS(conf->hosts->front_controller));
}

static void show_cgi(FILE *out, const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        fprintf(out, "%s %llu;", host->folder.execute_cgi ? "yes" : "no",
                (unsigned long long)host->folder.time_for_cgi_ms);
}

static void pairs(FILE *out, const struct conf_pair *pair)
{
    for (; pair; pair = pair->next)
        fprintf(out, "%.*s=%.*s;", SLICE_ARGS(pair->name), SLICE_ARGS(pair->value));
}

static void show_aliases(FILE *out, const struct server_conf *conf)
{
    for (const struct alias_conf *alias = conf->hosts->aliases; alias; alias = alias->next)
        fprintf(out, "%u %.*s %.*s %.*s;", alias->number, SLICE_ARGS(alias->url),
                SLICE_ARGS(alias->folder), SLICE_ARGS(alias->file));
    fprintf(out, "%u %u", conf->hosts->alias_count,
            conf->hosts->next ? conf->hosts->next->rule_base : 0);
}

static void show_directories(FILE *out, const struct server_conf *conf)
{
    const struct vhost_conf *host = conf->hosts;

    for (unsigned i = 0; i < host->directory_count; i++) {
        const struct directory_conf *directory = host->directories[i];
        unsigned given = 0;

        for (const struct folder_given *one = directory->given; one; one = one->next)
            given++;
        fprintf(out, "%.*s ", SLICE_ARGS(directory->id));
        words(out, directory->paths);
        fputc(' ', out);
        words(out, directory->extensions);
        fprintf(out, " %u given %s %llu ", given, directory->folder.execute_cgi ? "yes" : "no",
                (unsigned long long)directory->folder.time_for_cgi_ms);
        words(out, directory->folder.start_files);
        pairs(out, directory->folder.setenv);
        fputc('|', out);
    }
    fprintf(out, "%s %llu", host->folder.execute_cgi ? "yes" : "no",
            (unsigned long long)host->folder.time_for_cgi_ms);
}

static void handlers(FILE *out, const struct cgi_handler_conf *handler)
{
    for (; handler; handler = handler->next) {
        fprintf(out, "%.*s", SLICE_ARGS(handler->program));
        for (const struct conf_word *word = handler->arguments; word; word = word->next)
            fprintf(out, " [%.*s]", SLICE_ARGS(word->text));
        fputc(':', out);
        words(out, handler->extensions);
        fputc(';', out);
    }
}

static void show_handlers(FILE *out, const struct server_conf *conf)
{
    handlers(out, conf->cgi_handlers);
    words(out, conf->cgi_extensions);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        fputc('|', out);
        handlers(out, host->cgi_handlers);
        words(out, host->cgi_extensions);
    }
}

static void show_setenv(FILE *out, const struct server_conf *conf)
{
    pairs(out, conf->hosts->folder.setenv);
}

static void show_headers(FILE *out, const struct server_conf *conf)
{
    pairs(out, conf->hosts->custom_headers);
}

static void show_bindings(FILE *out, const struct server_conf *conf)
{
    char text[ADDRESS_TEXT_MOST];

    for (const struct binding_conf *b = conf->bindings; b; b = b->next)
        fprintf(out, "%u %s %.*s %llu %llu,%llu %llu;", b->index,
                address_text_port(&b->address, text), SLICE_ARGS(b->id),
                (unsigned long long)b->max_request_bytes, (unsigned long long)b->first_request_ms,
                (unsigned long long)b->next_request_ms, (unsigned long long)b->max_keep_alive);
}

static void show_fastcgi(FILE *out, const struct server_conf *conf)
{
    for (const struct fastcgi_conf *f = conf->fastcgi; f; f = f->next) {
        fprintf(out, "%u %.*s ", f->index, SLICE_ARGS(f->id));
        words(out, f->extensions);
        for (const struct connect_conf *target = f->targets; target; target = target->next)
            fprintf(out, " %.*s", SLICE_ARGS(target->text));
        fprintf(out, " %u %llu%s;", f->target_count, (unsigned long long)f->session_timeout_ms,
                f->all_local ? " local" : "");
    }
}

static void show_sessions(FILE *out, const struct server_conf *conf)
{
    for (const struct fastcgi_conf *f = conf->fastcgi; f; f = f->next) {
        fprintf(out, "%s ", f->stick_to == STICK_TO_COOKIE ? "cookie" : "address");
        words(out, f->session_cookies);
        fprintf(out, " %.*s;", SLICE_ARGS(f->sticky_cookie));
    }
    fprintf(out, " %.*s", SLICE_ARGS(conf->session_key));
}

static void show_used(FILE *out, const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        for (unsigned i = 0; i < host->use_fastcgi_count; i++)
            fprintf(out, "%s%u", i > 0 ? "," : "", host->use_fastcgi[i]->index);
        fputc(';', out);
    }
}

static void show_log(FILE *out, const struct conf_log *log)
{
    static const char *const kinds[] = { "file", "nowhere", "stdout", "stderr" };

    fprintf(out, "%s %.*s;", kinds[log->kind], SLICE_ARGS(log->path));
}

static void show_logs(FILE *out, const struct server_conf *conf)
{
    show_log(out, &conf->system_log);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        show_log(out, &host->access_log);
        show_log(out, &host->error_log);
    }
}

static void show_server(FILE *out, const struct server_conf *conf)
{
    fprintf(out, "%.*s:", SLICE_ARGS(conf->server_user));
    words(out, conf->server_groups);
    fprintf(out, " '%.*s' format %u url %llu", SLICE_ARGS(conf->server_string),
            (unsigned)conf->log_format.kind, (unsigned long long)conf->max_url_length);
}

static void show_limits(FILE *out, const struct server_conf *conf)
{
    const unsigned long long numbers[] = {
        conf->connections_total, conf->connections_per_ip, conf->listen_backlog,
        conf->max_head_bytes,    conf->max_fields,         conf->max_environment_bytes,
        conf->body_rate,         conf->body_grace_ms,      conf->socket_send_timeout_ms,
        conf->reactors,          conf->drain_time_ms,      conf->kill_grace_ms,
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        fprintf(out, "%s%llu", i > 0 ? " " : "", numbers[i]);
}

static void nets(FILE *out, const struct conf_net *net)
{
    char text[ADDRESS_TEXT_MOST];

    for (; net; net = net->next)
        fprintf(out, "%s/%u%s", address_text(&net->net.base, text), net->net.bits,
                net->next ? "," : "");
}

static void show_proxies(FILE *out, const struct server_conf *conf)
{
    fprintf(out, "%u ", (unsigned)conf->proxy_field);
    nets(out, conf->trusted_proxies);
    fputc('|', out);
    nets(out, conf->bindings->trusted_proxies);
    fprintf(out, " %u", (unsigned)conf->bindings->proxy_protocol);
}

/* ---- texts that load ---- */

static const struct model_case {
    const char *text;
    void (*show)(FILE *out, const struct server_conf *conf);
    const char *expect;
} models[] = {
    /* hosts */
    { SITE PORT, show_hosts, "0 a /srv;" },
    { "Hostname = A, *.B.c, d.\nWebsiteRoot = /srv/\n" PORT, show_hosts, "0 a,*.b.c,d /srv;" },
    { "Hostname = a\nHostname = b\nWebsiteRoot = /srv\n" PORT, show_hosts, "0 a,b /srv;" },
    { "VirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n" SITE PORT, show_hosts,
      "0 a /srv;1 v /v;" },
    { "VirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\nVirtualHost {\nHostname = w\nWebsiteRoot "
      "= /w\n}\n" PORT,
      show_hosts, "0 v /v;1 w /w;" },
    { SITE PORT "WebsiteRoot = /other\n", show_hosts, "0 a /other;" },
    { SITE PORT "VirtualHost {\nHostname = f\nUseFastCGI = F\n}\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /run/f\n}\n",
      show_hosts, "0 a /srv;1 f ;" },

    /* start files: the first use replaces the default */
    { SITE PORT, show_start_files, "index.html;" },
    { SITE PORT "FrontController = /app/index.php\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /f\nExtension = php\n}\n",
      show_front, "app/index.php" },
    { SITE PORT "UseFastCGI = F\nSetenv PHP_VALUE = a=1\n" POOL
                "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nUseFastCGI = F\nSetenv PHP_VALUE = "
                "a=1\nSetenv OTHER = x\n}\n",
      show_front, "" },
    { SITE PORT "FrontController = /index.html\n", show_front, "index.html" },
    { SITE PORT "FrontController = /v1.0/front\n", show_front, "v1.0/front" },
    { SITE PORT "StartFile = x\n", show_start_files, "x;" },
    { SITE PORT "StartFile = x, y\nStartFile = z, x\n", show_start_files, "x,y,z;" },
    { SITE PORT "StartFile = x\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n",
      show_start_files, "x;index.html;" },

    /* ExecuteCGI and UseFastCGI */
    { SITE PORT, show_cgi, "no 5000;" },
    { SITE PORT "ExecuteCGI = yes\nTimeForCGI = 2 minutes\n", show_cgi, "yes 120000;" },
    { SITE PORT "UseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\n}\n", show_cgi,
      "yes 5000;" },
    { SITE PORT "UseFastCGI = F\nExecuteCGI = no\nFastCGIserver {\nFastCGIid = F\nConnectTo = "
                "/f\n}\n",
      show_cgi, "no 5000;" },
    { SITE PORT "ExecuteCGI = no\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = "
                "/f\n}\n",
      show_cgi, "yes 5000;" },

    /* Directory sections, in the order of UseDirectory */
    { SITE PORT "Directory {\nDirectoryID = d\nPath = /x/, /y\nPath = /\nTimeForCGI = 9\n"
                "StartFile = a, b\nSetenv A = 1\nSetenv B = 2\n}\nDirectory {\nDirectoryID = e\n"
                "ExecuteCGI = yes\nPath = /z\nExtensions = php,cgi\n}\nUseDirectory = e\n"
                "UseDirectory = d, e\n",
      show_directories,
      "e /z php,cgi 1 given yes 0 |d /x,/y,/  3 given no 9000 a,bA=1;B=2;|no 5000" },

    /* aliases, and the rules that come after those of their roots */
    { SITE PORT "Alias = /x:/a/b\nScriptAlias = / : /c/d.cgi\nScriptAlias = /y/:/e/f\n"
                "Alias /x/y:/z:1/\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n"
                "CGIhandler = /bin/p:pl\n",
      show_aliases, "1 /x /a/b ;2 / /c d.cgi;3 /y /e f;4 /x/y /z:1 ;4 10" },

    /* interpreters: newest first */
    { SITE PORT "CGIhandler = /bin/a:x\nCGIhandler = /bin/b -T -w:x, y\n", show_handlers,
      "/bin/b [-T] [-w]:x,y;/bin/a:x;|" },
    { SITE PORT "CGIhandler = perl:pl\nCGIextension = cgi\nCGIextension = exe, cgi\n",
      show_handlers, "/usr/bin/perl:pl;cgi,exe|" },
    { SITE PORT "CGIhandler = /bin/env a:b c:d:pl\n", show_handlers, "/bin/env [a:b] [c:d]:pl;|" },
    { SITE PORT "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nExecuteCGI = yes\nCGIhandler = "
                "/bin/a:x\nCGIextension = y\n}\n",
      show_handlers, "||/bin/a:x;y" },

    /* pairs in the order of the text */
    { SITE PORT "Setenv A = 1\nSetenv = B = x=y\nSetenv A = 2\nSetenv C =\n", show_setenv,
      "A=1;B=x=y;A=2;C=;" },
    { SITE PORT "CustomHeaderClient = X-B: 1\nCustomHeader = X-A: a: b\n", show_headers,
      "X-B=1;X-A=a: b;" },

    /* bindings */
    { SITE PORT, show_bindings, "0 0.0.0.0:80  10485760 10000,30000 1000;" },
    { SITE "Binding {\nInterface = ::1\nPort = 8080\nBindingId = six\nMaxRequestSize = "
           "64\nTimeForRequest = 3\nMaxKeepAlive = 5\n}\n",
      show_bindings, "0 [::1]:8080 six 65536 3000,3000 5;" },
    { SITE "Binding {\nPort = 8080\nInterface = 127.0.0.1\n}\nBinding {\nPort = 8081\n}\n",
      show_bindings,
      "0 127.0.0.1:8080  10485760 10000,30000 1000;1 0.0.0.0:8081  10485760 10000,30000 1000;" },
    { SITE "MaxKeepAlive = 7\nBinding {\nPort = 1\n}\nBinding {\nPort = 2\nMaxKeepAlive = 9\n}\n",
      show_bindings, "0 0.0.0.0:1  10485760 10000,30000 7;1 0.0.0.0:2  10485760 10000,30000 9;" },
    { SITE "Binding\n{\nPort\t= 80\n}\n", show_bindings,
      "0 0.0.0.0:80  10485760 10000,30000 1000;" },

    /* proxies */
    { SITE PORT, show_proxies, "0 | 0" },
    { SITE PORT "TrustedProxy = 127.0.0.1, ::1\nHideProxy = 10.0.0.0/8\nProxyField = Forwarded\n",
      show_proxies, "2 127.0.0.1/32,::1/128,10.0.0.0/8| 0" },
    { SITE "Binding {\nPort = 80\nTrustedProxy = 192.0.2.7\nProxyProtocol = required\n}\n",
      show_proxies, "0 |192.0.2.7/32 2" },

    /* FastCGI */
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/f\n}\n", show_fastcgi,
      "0 F  /run/f 1 900000 local;" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/f, 10.0.0.1:9\nConnectTo = "
                "[::1]:9\nExtension = php,inc\nSessionTimeout = 0\n}\n",
      show_fastcgi, "0 F php,inc /run/f 10.0.0.1:9 [::1]:9 3 0;" },
    { SITE PORT "FCGIserver {\nFCGIserverId = F\nConnectTo = /run/f\nServerRoot = /\n"
                "SessionTimeout = 30s\n}\n"
                "x",
      NULL, NULL },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /run/f\nServerRoot = /srv\n}\n",
      show_fastcgi, "0 F  /run/f 1 900000;" },
    { SITE PORT "UseFastCGI = G, F\nFastCGIserver {\nFastCGIid = F\nConnectTo = "
                "/f\n}\nFastCGIserver {\nFastCGIid = G\nConnectTo = /g\n}\n",
      show_used, "1,0;" },
    { SITE PORT "FastCGI = F\nFCGIserver {\nFCGIserverId = F\nConnectTo = /f\n}\n", show_used,
      "0;" },
    { SITE PORT "UseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = "
                "/f\n}\nFastCGIserver {\nFastCGIid = F\nConnectTo = /g\n}\n",
      show_used, "1;" },

    /* sessions */
    { SITE PORT POOL, show_sessions, "address  ; " },
    { SITE PORT "SessionKey = 0123456789 abcdef\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\n"
                "StickTo = cookie\n}\n",
      show_sessions, "cookie  LH-F; 0123456789 abcdef" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F G\nConnectTo = /f\nStickTo = cookie\n"
                "StickyCookieName = way\nSessionCookie = PHPSESSID, sid\nSessionCookie = x\n}\n",
      show_sessions, "cookie PHPSESSID,sid,x way; " },

    /* logs */
    { SITE PORT, show_logs,
      "file /var/log/longhouse/system.log;file /var/log/longhouse/access.log;file "
      "/var/log/longhouse/error.log;" },
    { SITE PORT "SystemLogfile = stdout\nAccessLogfile = none\nErrorLogfile = stderr\n", show_logs,
      "stdout ;nowhere ;stderr ;" },
    { SITE PORT "AccessLogfile = /x\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n", show_logs,
      "file /var/log/longhouse/system.log;file /x;file /var/log/longhouse/error.log;file "
      "/var/log/longhouse/access.log;file /var/log/longhouse/error.log;" },

    /* server */
    { SITE PORT, show_server, "www-data: 'Longhouse' format 0 url 8000" },
    { SITE PORT "ServerId = 33:44, adm\nServerString = NONE\nLogFormat = extended\nMaxUrlLength = "
                "none\n",
      show_server, "33:44,adm '' format 2 url 0" },
    { SITE PORT, show_limits, "10000 100 511 16384 100 65536 256 5000 30000 0 10000 2000" },
    { SITE PORT "ConnectionsTotal = 7\nConnectionsPerIP = 6\nListenBacklog = 5\nMaxHeadSize = "
                "8K\nMaxFields = 50\nMaxEnvironment = 128K\nMinBodyRate = 1K\nBodyGrace = "
                "1s\nSocketSendTimeout = 0\nReactors = 4\nDrainTime = 1 min\nKillGrace = 500 ms\n",
      show_limits, "7 6 5 8192 50 131072 1024 1000 0 4 60000 500" },
};

START_TEST(a_text_becomes_its_model)
{
    const struct model_case *it = &models[_i];
    struct loaded loaded;
    char *text = NULL;
    size_t len = 0;

    loaded_text(&loaded, it->text);
    if (!it->show) {
        ck_assert_ptr_null(loaded.conf);
        loaded_done(&loaded);
        return;
    }
    if (!loaded.conf) {
        char *report = loaded_report(&loaded);
        ck_abort_msg("%s\n%s", it->text, report);
    }
    FILE *out = open_memstream(&text, &len);
    it->show(out, loaded.conf);
    fclose(out);
    ck_assert_str_eq(text, it->expect);
    free(text);
    loaded_done(&loaded);
}
END_TEST

/* ---- texts with something to say ---- */

static const struct saying_case {
    const char *text;
    const char *says; /* "level line:column+span message" of the first, "= hint" behind it */
} sayings[] = {
    /* required things */
    { "", "error 0:0+0 there is no website = add Hostname and WebsiteRoot, or a VirtualHost "
          "section" },
    { SITE, "error 0:0+0 there is no Binding: the server would listen nowhere = add: Binding {, "
            "Port = 80 and }, each on a line of its own" },
    { PORT "Hostname = a\n",
      "error 4:1+8 the host 'a' has no WebsiteRoot = add: WebsiteRoot = /path; only a host that "
      "uses a FastCGIserver without Extension needs none" },
    { PORT "WebsiteRoot = /srv\n",
      "error 4:1+11 the default host (options outside sections) has no Hostname = add: Hostname = "
      "NAME[, NAME ...]; NAME may begin with \"*.\"" },
    { SITE PORT "VirtualHost {\nWebsiteRoot = /v\n}\n",
      "error 6:1+11 this VirtualHost has no Hostname = add: Hostname = NAME[, NAME ...]; NAME may "
      "begin with \"*.\"" },
    { SITE PORT "VirtualHost {\nHostname = v\n}\n",
      "error 6:1+11 the host 'v' has no WebsiteRoot = add: WebsiteRoot = /path; only a host that "
      "uses a FastCGIserver without Extension needs none" },
    { SITE PORT "VirtualHost {\nHostname = v\nUseFastCGI = F\n}\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /f\nExtension = php\n}\n",
      "error 6:1+11 the host 'v' has no WebsiteRoot = add: WebsiteRoot = /path; only a host that "
      "uses a FastCGIserver without Extension needs none" },
    { SITE "Binding {\n}\n", "error 3:1+7 this Binding has no Port = add: Port = number" },
    { SITE "Binding {\nBindingId = x\n}\n",
      "error 3:1+7 Binding 'x' has no Port = add: Port = number" },
    { SITE PORT "FastCGIserver {\nConnectTo = /f\n}\n",
      "error 6:1+13 this FastCGIserver has no FastCGIid = add: FastCGIid = name" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\n}\n",
      "error 6:1+13 FastCGIserver 'F' has neither ConnectTo nor Run = add: ConnectTo = TARGET "
      "[weight=N] [max=N] [probe=PORT | probe=ADDRESS] [backup][, TARGET ...]; TARGET = "
      "IPv4:PORT | [IPv6]:PORT | HOST:PORT | srv:NAME | "
      "/UNIXSOCKET | https://HOST[:PORT] [unverified]; "
      "or Run = /PROGRAM, for a "
      "program that the house runs" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nRun = /f\nConnectTo = /f\n}\n",
      "error 6:1+13 FastCGIserver 'F' has both Run and ConnectTo = Run: the house runs the "
      "program; ConnectTo: somebody else does" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nRun = f\n}\n",
      "error 8:7+1 'Run' must be an absolute path, not 'f' = begin it with '/'; the variable "
      "CONFIG_DIR stands for the configuration folder" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nRun = /f\nMinWorkers = 9\n}\n",
      "error 8:7+2 FastCGIserver 'F' has more MinWorkers (9) than MaxWorkers (8) = lower "
      "MinWorkers, or raise MaxWorkers" },
    { "VirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n" PORT,
      "note 1:1+11 this first VirtualHost is the default host = it answers for all names that no "
      "other host has; Hostname and WebsiteRoot outside sections would make one of its own" },
    { "AccessLogfile = /x\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\n}\n" PORT,
      "error 1:1+13 the default host (options outside sections) has no Hostname = add: Hostname = "
      "NAME[, NAME ...]; NAME may begin with \"*.\"" },

    /* unknown and misplaced */
    { SITE PORT "ExecuteCGl = yes\n",
      "error 6:1+10 unknown option 'ExecuteCGl' outside sections = did you mean 'ExecuteCGI'?" },
    { SITE PORT "VirtualHost {\nHostname = shop, b\nWebsiteRoot = /v\nExecuteCGl = yes\n}\n",
      "error 9:1+10 unknown option 'ExecuteCGl' in VirtualHost 'shop' = did you mean "
      "'ExecuteCGI'?" },
    { SITE "Binding {\nPrt = 80\nPort = 80\n}\n",
      "error 4:1+3 unknown option 'Prt' in this Binding = did you mean 'Port'?" },
    { SITE PORT "Xyzzy = 1\n", "error 6:1+5 unknown option 'Xyzzy' outside sections = `longhouse "
                               "manual` lists all options" },
    { SITE "Binding {\nPort = 80\nConnectoTo = x\n}\n",
      "error 5:1+10 unknown option 'ConnectoTo' in this Binding = did you mean 'ConnectTo'? It "
      "belongs in FastCGIserver sections" },
    { SITE PORT "Port = 80\n",
      "error 6:1+4 'Port' does not belong outside sections = it belongs in Binding sections" },
    { SITE "Binding {\nPort = 80\nServerId = x\n}\n",
      "error 5:1+8 'ServerId' does not belong in this Binding = it belongs outside sections" },
    { SITE PORT "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nConnectionsTotal = 1\n}\n",
      "error 9:1+16 'ConnectionsTotal' does not belong in VirtualHost 'v' = it belongs outside "
      "sections" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nStartFile = x\n}\n",
      "error 9:1+9 'StartFile' does not belong in FastCGIserver 'F' = it belongs in VirtualHost or "
      "Directory sections, or outside sections" },
    { SITE PORT "Binding = 80\n",
      "error 6:1+7 'Binding' is a section, not an option = write: Binding {" },
    { SITE PORT "VirtualHots {\n}\n",
      "error 6:1+11 unknown section 'VirtualHots' = did you mean 'VirtualHost'?" },
    { SITE PORT "Location {\n}\n", "error 6:1+8 unknown section 'Location' = known: Binding, "
                                   "VirtualHost, Directory, UrlToolkit, FastCGIserver" },

    /* lists of nothing */
    { SITE PORT "VirtualHost {\nHostname = ,\nWebsiteRoot = /v\n}\n",
      "error 7:12+1 the list of 'Hostname' names nothing" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo =,,\n}\n",
      "error 8:12+2 the list of 'ConnectTo' names nothing" },
    { SITE PORT "UseFastCGI = F\nSetenv PHP_VALUE = a=1\n" POOL
                "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nUseFastCGI = F\n}\n",
      "warning 13:1+11 the PHP settings of this host (Setenv PHP_VALUE) are others than those of "
      "the host at longhouse.conf:1, and both use the pool /f = a php-fpm worker keeps such a "
      "setting for all its later requests, whoever they are for: give each host a pool and a "
      "FastCGIserver of its own" },
    { SITE PORT "AccessLogfile = /a, daily\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\n"
                "AccessLogfile = /a\nErrorLogfile = /a, weekly\n}\n",
      "warning 11:16+10 '/a' begins anew daily, as an earlier option says, not weekly = a file has "
      "one period: write the same one, or name another file" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nMaxConnections = 2\n"
                "KeepConnections = 3\n}\n",
      "warning 6:1+13 FastCGIserver 'F': KeepConnections (3) is more than MaxConnections (2); no "
      "more than those are ever kept" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\n}\n"
                "FastCGIserver {\nFastCGIid = G\nConnectTo = /g, /f\nKeepConnections = 3\n}\n",
      "warning 12:17+2 '/f' is a target of FastCGIserver 'G' as well, whose idle connections "
      "(KeepConnections) occupy workers that 'F' may need = let one section serve both, or keep no "
      "connections to targets that are shared" },
    { SITE PORT "UseFastCGI = F\nSetenv PHP_ADMIN_VALUE = a=1\n" POOL
                "FastCGIserver {\nFastCGIid = G\nConnectTo = /f\nExtension = p\n}\n"
                "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nUseFastCGI = G\nSetenv "
                "PHP_ADMIN_VALUE = a=2\n}\n",
      "warning 18:1+11 the PHP settings of this host (Setenv PHP_ADMIN_VALUE) are others than "
      "those of the host at longhouse.conf:1, and both use the pool /f = a php-fpm worker keeps "
      "such a setting for all its later requests, whoever they are for: give each host a pool and "
      "a FastCGIserver of its own" },
    { SITE PORT "HostFolders = some\n",
      "error 6:15+4 'HostFolders' must be yes or no, not 'some'" },
    { SITE PORT "HostFolders = yes\nAlias = /x:/srv/x\n",
      "error 1:1+8 the host 'a' has HostFolders and Alias or ScriptAlias, which do not go "
      "together = give the names that want it a VirtualHost of their own" },
    { SITE PORT "HostFolders = yes\nUserWebsites = yes\n",
      "error 1:1+8 the host 'a' has HostFolders and UserWebsites, which do not go together = "
      "give the names that want it a VirtualHost of their own" },
    { SITE PORT "HostFolders = yes\nFrontController = /x.html\n",
      "error 1:1+8 the host 'a' has HostFolders and FrontController, which do not go together "
      "= give the names that want it a VirtualHost of their own" },
    { SITE PORT "FrontController = index.php\n",
      "error 6:19+9 'FrontController' must be the path of a file, not 'index.php' = it begins with "
      "'/', which stands for the WebsiteRoot; for example: FrontController = /index.php" },
    { SITE PORT "FrontController = /app/\n",
      "error 6:19+5 'FrontController' must be the path of a file, not '/app/' = it is a file, not "
      "a folder; for example: FrontController = /index.php" },
    { SITE PORT "FrontController = /app//../x.php\n",
      "error 6:19+14 'FrontController' must be the path of a file, not '/app//../x.php' = write it "
      "the short way, without '//', '/./' and '/../'; for example: FrontController = /index.php" },
    { SITE PORT "FrontController = /x.php?q\n",
      "error 6:19+8 'FrontController' must be the path of a file, not '/x.php?q' = write the path "
      "alone, as it lies on the disk: no query, no %XX; for example: FrontController "
      "= /index.php" },
    { SITE PORT "FrontController = /a.b/index.php\n",
      "warning 6:19+14 the FrontController '/a.b/index.php' is no program of this host: nothing "
      "takes '.php', and visitors would get its text = add: UseFastCGI = ID of a FastCGIserver "
      "with Extension = php, or a CGIhandler" },
    { SITE PORT "StartFile = ,\n", "error 6:13+1 the list of 'StartFile' names nothing" },

    /* a '}' that is missing: one error, and where it may belong */
    { "Binding {\nPort = 80\nHostname = a\nWebsiteRoot = /srv\nVirtualHost {\nHostname = v\n"
      "WebsiteRoot = /v\n}\n",
      "error 5:1+11 'VirtualHost' begins inside 'Binding' of line 1: sections do not nest = is the "
      "'}' of 'Binding' missing?" },

    /* the first in the text wins */
    { SITE PORT "VirtualHost {\nHostname = *.w\nWebsiteRoot = /v\n}\nVirtualHost {\nHostname = "
                "a.b.w\nWebsiteRoot = /v\n}\n",
      "warning 11:12+5 '*.w' at longhouse.conf:7:12 already takes the requests for 'a.b.w' = the "
      "host named first answers: move this one in front of it" },
    { SITE PORT "VirtualHost {\nHostname = *.w\nWebsiteRoot = /v\n}\nVirtualHost {\nHostname = "
                "*.b.w\nWebsiteRoot = /v\n}\n",
      "warning 11:12+5 '*.w' at longhouse.conf:7:12 already takes the requests for '*.b.w' = the "
      "host named first answers: move this one in front of it" },
    { SITE PORT "VirtualHost {\nHostname = a.w, *.w, w, b.w\nWebsiteRoot = /v\n}\n", "" },

    /* quotes */
    { SITE PORT "StartFile = 'a.html'\n",
      "warning 6:13+8 the quotes are part of the value = values are written without quotes, with "
      "blanks and all" },

    /* SSH */
    { SITE PORT "TunnelSSH = 10.0.0.0/8, 192.0.2.1\n", "" },
    { SITE PORT "TunnelSSH = 10.0.0.0/8;dXNlcjpwYXNz\n", "" },
    { SITE PORT "TunnelSSH = dXNlcjpwYXNz\n", "" },
    { SITE PORT "TunnelSSH = dXNlcg==\n",
      "error 6:13+8 'TunnelSSH' wants USER:PASSWORD in base64 here, not 'dXNlcg==' = `printf '%s' "
      "'user:password' | base64` writes it" },
    { SITE PORT "TunnelSSH = 10.0.0.1, b\n",
      "error 6:23+1 'TunnelSSH' wants IPv4 or IPv6 addresses or networks, not 'b' = for example: "
      "TunnelSSH = 127.0.0.1, ::1, 10.0.0.0/8" },

    /* stylesheets */
    { SITE PORT "UseXSLT = maybe\n", "error 6:11+5 'UseXSLT' must be yes or no, not 'maybe'" },
    { SITE PORT "ErrorXSLTfile = error.xslt\n",
      "error 6:17+10 'ErrorXSLTfile' must be an absolute path, not 'error.xslt' = begin it with "
      "'/'; the variable CONFIG_DIR stands for the configuration folder" },
    { SITE PORT "ShowIndex = index.xslt\n",
      "error 6:13+10 'ShowIndex' must be no, yes, xml or the path of a stylesheet, not "
      "'index.xslt'" },

    /* known, and needless */
    { SITE PORT "ThreadPoolSize = 100\n",
      "note 6:1+14 'ThreadPoolSize' is accepted and has no effect here = no connection has a "
      "thread of its own (Reactors)" },
    { SITE PORT "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nUseRProxy = yes\n}\n",
      "note 9:1+9 'UseRProxy' is accepted and has no effect here = Hiawatha reads it and does "
      "nothing; ReverseProxy stands in the host itself" },
    { SITE PORT "MinTLSversion = TLS1.1\n",
      "warning 6:17+6 TLS 1.0 and 1.1 are broken (RFC 8996) and never spoken = write 1.2, which is "
      "what happens" },
    { SITE PORT "MinTLSversion = 1.5\n",
      "error 6:17+3 'MinTLSversion' must be 1.2 or 1.3, not '1.5' = without it TLS 1.2 is the "
      "least" },
    { SITE PORT "RequireTLS = no; preload\n", "warning 6:14+11 includeSubDomains and preload are "
                                              "of no effect without a time = for example: "
                                              "RequireTLS = yes, 365d; includeSubDomains" },
    { SITE "Binding {\nPort = 443\nRequiredCA = x, y, z\n}\n",
      "error 5:20+1 'RequiredCA' has two files at most = put several certificates into the first "
      "file, several lists of revoked ones into the second" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x\nFoo = bar\n}\n",
      "error 10:1+3 unknown option 'Foo' in Directory 'd' = `longhouse manual` lists all options" },
    { SITE PORT
      "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x\nRunOnDownload = yes\n}\n",
      "error 10:17+3 'RunOnDownload' must be an absolute path, not 'yes' = begin it with '/'; "
      "the variable CONFIG_DIR stands for the configuration folder" },
    { SITE PORT "RunOnAlter = bin/altered\n",
      "error 6:14+11 'RunOnAlter' must be an absolute path, not 'bin/altered' = begin it with "
      "'/'; the variable CONFIG_DIR stands for the configuration folder" },
    { SITE PORT "RunOnAlter = /bin/altered\n",
      "warning 1:1+8 RunOnAlter has no effect: nobody may alter files of this host = add: "
      "AlterList = pwd all" },

    /* error handlers */
    { SITE PORT "ErrorHandler = 404\n",
      "error 6:16+3 'ErrorHandler' wants CODE:/PATH, not '404' = a status code, ':' and the path "
      "of "
      "a page; for example: ErrorHandler = 404:/errors/404.html" },
    { SITE PORT "ErrorHandler = 302:/x\n",
      "error 6:16+3 'ErrorHandler' wants CODE:/PATH, not '302:/x' = status codes of errors are 400 "
      "to 599; for example: ErrorHandler = 404:/errors/404.html" },
    { SITE PORT "ErrorHandler = 404:x?y\n",
      "error 6:20+1 'ErrorHandler' wants CODE:/PATH, not '404:x?y' = it begins with '/', which "
      "stands for the WebsiteRoot; for example: ErrorHandler = 404:/errors/404.html" },
    { SITE PORT "ErrorHandler = 404:/a.html\nErrorHandler = 500 : /b?c=d\n", "" },

    /* the gate */
    { "Hostname = *.a.b, a.b\nWebsiteRoot = /srv\nEnforceFirstHostname = yes\n" PORT,
      "warning 1:1+8 EnforceFirstHostname does nothing for the host '*.a.b': its first Hostname is "
      "a wildcard = put the name that visitors shall see in front" },
    { SITE PORT "EnforceFirstHostname = Maybe\n",
      "error 6:24+5 'EnforceFirstHostname' must be yes or no, not 'Maybe'" },
    { SITE PORT "SecureURL = 1\n", "error 6:13+1 'SecureURL' must be yes or no, not '1'" },
    { SITE PORT "BlockExtensions = a/b\n",
      "error 6:19+3 'a/b' is no extension = write what follows the last dot of the file names: "
      "php, pl, py" },
    { SITE PORT "EnforceFirstHostname = yes\nSecureURL = yes\nBlockExtensions = sql, bak\n", "" },

    /* what is kept */
    { "CacheRProxyExtensions = css, js\nCacheRProxyExtensions = woff2\n" SITE PORT
      "ReverseProxy = . /s\n",
      "" },
    { "CacheRProxyExtensions = css\n" SITE PORT,
      "warning 1:1+21 CacheRProxyExtensions keeps nothing: no host has a ReverseProxy = a backend "
      "of FastCGIserver asks for it itself, by X-Longhouse-Cache" },
    { "CacheRProxyExtensions = css\nCacheSize = 0\n" SITE PORT "ReverseProxy = . /s\n",
      "warning 1:1+21 CacheRProxyExtensions keeps nothing: CacheSize is 0 = take one of the two "
      "options away" },
    { "CacheRProxyExtensions = css\nCacheMaxFilesize = 0\n" SITE PORT "ReverseProxy = . /s\n",
      "warning 1:1+21 CacheRProxyExtensions keeps nothing: CacheMaxFilesize is 0 = take one of the "
      "two options away" },
    { "CacheRProxyExtensions = css, *.js\n" SITE PORT,
      "error 1:30+4 '*.js' is no extension = write what follows the last dot of the file names: "
      "php, pl, py" },

    /* aliases */
    { SITE PORT "Alias = /x\n",
      "error 6:9+2 'Alias' wants a path of the URL, ':' and a place on the disk = write: Alias = "
      "/PATH:/FOLDER" },
    { SITE PORT "ScriptAlias = :/x\n",
      "error 6:15+3 'ScriptAlias' wants a path of the URL, ':' and a place on the disk = write: "
      "ScriptAlias = /PATH:/FILE" },
    { SITE PORT "Alias = x:/y\n",
      "error 6:9+1 'x' is no path of a URL = it begins with '/', which stands for the WebsiteRoot; "
      "for example: Alias = /PATH:/FOLDER" },
    { SITE PORT "Alias = /x:y\n",
      "error 6:12+1 'Alias' must be an absolute path, not 'y' = begin it with '/'; the variable "
      "CONFIG_DIR stands for the configuration folder" },
    { SITE PORT "Alias = /:/y\n",
      "error 6:9+1 an Alias of the whole website = that is what WebsiteRoot is for" },
    { SITE PORT "Alias = /x:/y\nAlias = /x/:/z\n",
      "warning 6:9+5 this Alias is never reached: the Alias at longhouse.conf:7 has the same path "
      "= leave one of them out" },
    { SITE PORT "EnablePathInfo = yes\nAlias = /x:/y\nScriptAlias = /x:/z/z\n",
      "warning 7:9+5 this Alias is never reached: the ScriptAlias at longhouse.conf:8 has the same "
      "path = leave one of them out" },
    { SITE PORT "Alias = /x:/y\nScriptAlias = /x:/z/z\n", "" },
    { SITE PORT "ScriptAlias = /x:/z\n",
      "error 6:18+2 the ScriptAlias '/z' lies in the root of the disk = put it into a folder of "
      "its own" },

    /* Directory sections */
    { SITE PORT "UseDirectory = d\nDirectory {\nPath = /x\n}\n",
      "error 7:1+9 this Directory has no DirectoryID = add: DirectoryID = text" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\n}\n",
      "error 7:1+9 Directory 'd' has no Path = add: Path = /PATH[, /PATH ...]" },
    { SITE PORT "UseDirectory = d, e\nDirectory {\nDirectoryID = d\nPath = /x\n}\n",
      "error 6:19+1 UseDirectory names 'e', but no Directory has that DirectoryID = known: d" },
    { SITE PORT "UseDirectory = D\n",
      "error 6:16+1 UseDirectory names 'D', but no Directory has that DirectoryID = known: none" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x\n}\n"
                "Directory {\nDirectoryID = d\nPath = /y\n}\n",
      "error 11:1+9 a second Directory 'd' (the first is at longhouse.conf:7) = give it another "
      "DirectoryID; a host may name both in UseDirectory" },
    { SITE PORT "Directory {\nDirectoryID = d\nPath = /x\n}\n",
      "warning 6:1+9 no host uses the Directory 'd' = write in the host: UseDirectory = d" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = x\n}\n",
      "error 9:8+1 'x' is no path of a URL = it begins with '/', which stands for the WebsiteRoot; "
      "for example: Path = /private" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x, /%70rivate\n}\n",
      "error 9:12+10 '/%70rivate' is no path of a URL = write the path alone, as it lies on the "
      "disk: no query, no %XX; for example: Path = /private" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x/../y\n}\n",
      "error 9:8+7 '/x/../y' is no path of a URL = write it the short way, without '//', '/./' and "
      "'/../'; for example: Path = /private" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nExtensions = php\n"
                "StartFile = a\n}\n",
      "error 7:1+9 StartFile in the Directory 'd', which has Extensions = the extension is known "
      "only when the file is found: write a second Directory without Extensions for it" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nExtensions = php\n"
                "EnablePathInfo = yes\n}\n",
      "error 7:1+9 EnablePathInfo in the Directory 'd', which has Extensions = the extension is "
      "known only when the file is found: write a second Directory without Extensions for it" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nExtensions = php\n"
                "FollowSymlinks = yes\n}\n",
      "error 7:1+9 FollowSymlinks in the Directory 'd', which has Extensions = the extension is "
      "known only when the file is found: write a second Directory without Extensions for it" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nTimeForCGI = 0\n}\n",
      "error 10:14+1 'TimeForCGI' must be between 1 s and 3600 s, not '0'" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nTimeForCGI = 1\n"
                "TimeForCGI = 2\n}\n",
      "warning 11:1+10 'TimeForCGI' is given again (first in longhouse.conf on line 10) = the last "
      "one counts" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /\nHostname = b\n}\n",
      "error 10:1+8 'Hostname' does not belong in Directory 'd' = it belongs in VirtualHost "
      "sections or outside sections" },
    { SITE "Binding {\nPort = 80\nExecuteCGI = yes\n}\n",
      "error 5:1+10 'ExecuteCGI' does not belong in this Binding = it belongs in VirtualHost or "
      "Directory sections, or outside sections" },
    { SITE PORT "UseFastCGI = F\nUseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x\n"
                "Setenv PHP_VALUE = a=1\n}\n" POOL,
      "warning 8:1+9 the Directory 'd' has a PHP setting of its own (Setenv PHP_VALUE) = a php-fpm "
      "worker keeps such a setting for all its later requests, whatever they are for: write it in "
      "a .user.ini, or use a host with a pool of its own" },
    { SITE PORT "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /x\nExecuteCGI = yes\n}\n"
                "CGIextension = cgi\n",
      "" },
    /* toolkits: the first rule is on line 9 */
    { SITE PORT "UrlToolkit {\nMatch ^/a Skip 1\n}\n",
      "error 6:1+10 this UrlToolkit has no ToolkitID = add: ToolkitID = text" },
    { SITE PORT "UseToolkit = y, x\nUrlToolkit {\nToolkitID = x\n}\n",
      "error 6:14+1 UseToolkit names 'y', but no UrlToolkit has that ToolkitID = known: x" },
    { SITE PORT "UseToolkit = X\n",
      "error 6:14+1 UseToolkit names 'X', but no UrlToolkit has that ToolkitID = known: none" },
    { SITE PORT "UrlToolkit {\nToolkitID = x\n}\n",
      "warning 6:1+10 no host uses the UrlToolkit 'x' = write in the host: UseToolkit = x" },
    { SITE PORT
      "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Exit\n}\nUrlToolkit {\nToolkitID = x\n}\n",
      "warning 11:1+10 a second UrlToolkit 'x' (the first is at longhouse.conf:7) = the last one "
      "counts; give one of them another ToolkitID" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/(a Exit\n}\n",
      "error 9:9+1 the pattern '^/(a' cannot be read = a '(' without its ')'" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/\\d+ Exit\n}\n",
      "warning 9:9+1 the pattern '^/\\d+' may mean something else than it seems = in these "
      "patterns a backslash before a letter is the letter alone: for a digit write [0-9]" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a\n}\n",
      "error 9:9+1 'Match' without what is to be done = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch !\n}\n",
      "error 9:7+1 'Match' without a pattern = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Rewritee /b\n}\n",
      "error 9:11+8 'Rewritee' is nothing a rule can do = did you mean 'Rewrite'?" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Zzzzzzzzzzzz\n}\n",
      "error 9:11+12 'Zzzzzzzzzzzz' is nothing a rule can do = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Rewrite\n}\n",
      "error 9:17+1 'Match' without a new URL = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Rewrite /b 21\n}\n",
      "error 9:22+2 a Rewrite is repeated 1 to 20 times, not '21' = the number says how often the "
      "pattern is looked for again in the result" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Rewrite /b 2 Retrun\n}\n",
      "error 9:24+6 'Retrun' is more than a rule can hold = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Exit now\n}\n",
      "error 9:16+3 'now' is more than a rule can hold = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Redirect 304 /b\n}\n",
      "error 9:20+3 '304' is no status of a redirect = 301 and 308 are permanent, 302 and 307 are "
      "not, 303 makes a GET of it" },
    { SITE PORT
      "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/(.*) Redirect https://$1/\n}\n",
      "warning 9:23+11 whoever writes the URL chooses the host of this Redirect = write the host "
      "out, and only the path as $1" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Ban 3651d\n}\n",
      "error 9:15+5 Ban needs a time up to 3650 days, not '3651d' = seconds, or a number with m, h "
      "or d: Ban 10m" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch ^/a Ban\n}\n",
      "error 9:13+1 'Match' without a time = write: Match [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Rewrite /b\n}\n",
      "error 9:12+2 'Do' has no pattern for a Rewrite to work on = Use replaces the whole URL; or "
      "Call a toolkit with a Match" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Use b\n}\n",
      "error 9:8+1 Use needs a URL of this host, not 'b' = it begins with '/'; for another host "
      "there is Redirect" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Call y\n}\n",
      "error 9:9+1 Call names 'y', but no UrlToolkit has that ToolkitID = known: x" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Goto y\n}\n",
      "error 9:9+1 Goto names 'y', but no UrlToolkit has that ToolkitID = known: x" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo UseFastCGI y\n}\n",
      "error 9:15+1 UseFastCGI names 'y', but no FastCGIserver has that FastCGIid = known: none" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Call x\n}\n",
      "error 9:9+1 toolkits call each other in a circle: x > x = a Rewrite with a number (up to "
      "20) repeats itself without one" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nUseTLS Skip 0\nDo Exit\n}\n",
      "error 9:13+1 Skip needs a number of rules, not '0' = Skip 1 leaves out the next rule" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nUseTLS Skip 2\nDo Exit\n}\n",
      "warning 9:13+1 Skip 2 goes past the end: 1 rule is left in UrlToolkit 'x' = it ends this "
      "toolkit, which is plainer to read as Return" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Exit\nUseTLS Exit\n}\n",
      "warning 10:1+6 no request ever comes to this rule of UrlToolkit 'x' = a rule above it takes "
      "them all and leads elsewhere" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch .* Rewrite /b\nUseTLS "
                "Exit\nUseTLS Return\n}\n",
      "warning 10:1+6 no request ever comes to this rule of UrlToolkit 'x' = a rule above it takes "
      "them all and leads elsewhere" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Skip 1\nUseTLS Exit\nDo Exit\n}\n",
      "warning 10:1+6 no request ever comes to this rule of UrlToolkit 'x' = a rule above it takes "
      "them all and leads elsewhere" },
    { SITE PORT
      "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nUseTLS Skip 1\nDo Exit\nDo DenyAccess\n}\n",
      "" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMatch .* Rewrite /b Continue\nMatch "
                "!.* Exit\nDo DenyAccess\n}\n",
      "" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nRequestURI isfolder Return\n}\n",
      "error 9:12+8 RequestURI cannot ask for 'isfolder' = write: RequestURI "
      "exists|isfile|isdir|notfound ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nTotalConnections many Call x\n}\n",
      "error 9:18+4 'TotalConnections' must be at least 1, not 'many' = write a whole number: "
      "digits only" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nHeader X \"a b Exit\n}\n",
      "error 9:10+9 a quote that is not closed = the pattern ends with the quote that it begins "
      "with" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nHeader X\n}\n",
      "error 9:8+1 'Header' without a pattern = write: Header NAME|* [!]PATTERN ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nMethod !\n}\n",
      "error 9:8+1 'Method' without a method = write: Method [!]NAME ACTION" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nUseSSL Exit\n}\n",
      "note 9:1+6 'UseSSL' is a former name = the present one is 'UseTLS'" },
    { SITE PORT "UseToolkit = x\nUrlToolkit {\nToolkitID = x\nDo Call y\n}\nUrlToolkit "
                "{\nToolkitID = y\nDo Goto z\n}\n"
                "UrlToolkit {\nToolkitID = z\nUseTLS Call y\n}\n",
      "error 17:13+1 toolkits call each other in a circle: y > z > y = a Rewrite with a number (up "
      "to 20) repeats itself without one" },

    /* of older versions */
    { SITE PORT "UseGZfile = yes\n", "warning 6:1+9 'UseGZfile' is of an older Hiawatha and has no "
                                     "effect = a compressed neighbour of a file (.gz, .br, .zst) "
                                     "is always used" },
    { SITE PORT "FastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\n}\n",
      "note 6:1+7 'FastCGI' is a former name = the present one is 'UseFastCGI'" },
    { SITE PORT "MaxKeepAlive = 5\n",
      "note 6:1+12 'MaxKeepAlive' belongs in Binding sections now = here it counts for each "
      "Binding without a MaxKeepAlive of its own" },

    /* given again */
    { SITE PORT "TimeForCGI = 5\nTimeForCGI = 6\n",
      "warning 7:1+10 'TimeForCGI' is given again (first in longhouse.conf on line 6) = the last "
      "one counts" },
    { SITE "Binding {\nPort = 80\nPort = 81\n}\n",
      "warning 5:1+4 'Port' is given again (first in longhouse.conf on line 4) = the last one "
      "counts" },
    { SITE "Binding {\nPort = 80\nBindingId = a\nBindingId = b\n}\n",
      "error 6:1+9 'BindingId' is given twice in Binding 'a' (first on line 5)" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nFastCGIid = G\nConnectTo = /f\n}\n",
      "error 8:1+9 'FastCGIid' is given twice in FastCGIserver 'F' (first on line 7)" },

    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nProtocol = spdy\n}\n",
      "error 9:12+4 'Protocol' must be fastcgi | scgi | http, not 'spdy'" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nProtocol = http\n"
                "KeepConnections = 1\n}\n",
      "" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nProtocol = http\n"
                "Probe = /ping\n}\n",
      "error 6:1+13 a Probe that asks for a path in FastCGIserver 'F', which speaks HTTP = paths "
      "are asked by FastCGI only; write: Probe = connect" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nRun = /p\nProtocol = http\n}\n",
      "error 6:1+13 Run in FastCGIserver 'F', which speaks HTTP = workers of the house speak "
      "FastCGI or SCGI on a socket that they are given; start the program otherwise, and say "
      "ConnectTo" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nProtocol = scgi\n"
                "KeepConnections = 1\n}\n",
      "error 6:1+13 KeepConnections in FastCGIserver 'F', which speaks SCGI = SCGI ends each "
      "connection with its answer: leave KeepConnections out" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nProtocol = scgi\n"
                "Probe = /ping\n}\n",
      "error 6:1+13 a Probe that asks for a path in FastCGIserver 'F', which speaks SCGI = paths "
      "are asked by FastCGI only; write: Probe = connect" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = 127.0.0.1:9000 probe=9001\n}\n",
      "warning 8:13+14 '127.0.0.1:9000' says where it is to be probed, but nothing is probed = "
      "add for example: Probe = /ping" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f probe=9001\nProbe = /p\n}\n",
      "error 8:22+4 '9001' is nowhere to probe = write an address: probe=/run/php/status.sock" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = a.b:1 probe=/f\nProbe = /p\n}\n",
      "error 8:25+2 '/f' is nowhere to probe = write the port, which is asked on each address: "
      "probe=9001" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = [::1]:1 probe=x\nProbe = /p\n}\n",
      "error 8:27+1 'x' is nowhere to probe = write a port or an address: probe=9001, "
      "probe=/run/php/status.sock" },

    { SITE PORT "ReverseProxy = ^/a http://127.0.0.1:3000/app 5 keep-alive\n"
                "ReverseProxy = !^/b 2 http://app.test\nReverseProxy = . /run/app.sock 60\n",
      "" },
    { SITE PORT "ReverseProxy = ^/(a http://127.0.0.1\n",
      "error 6:16+4 the pattern of 'ReverseProxy' cannot be read: '^/(a' = a '(' "
      "without its ')'" },
    { SITE PORT "ReverseProxy = ^/a https://app.test\n"
                "ReverseProxy = ^/b https://[::1]:8443/app 5 unverified\n",
      "error 6:16+20 nobody vouches for the certificate of 'https://app.test:443': this machine "
      "has no list of authorities = install ca-certificates, or name a file by CAcertificates" },
    { SITE PORT "ReverseProxy = ^/a http://app.test unverified\n",
      "error 6:36+10 unknown word behind the URL of 'ReverseProxy': 'unverified' = known are a "
      "time limit in seconds (1 to 3600), keep-alive and, behind https, unverified" },
    { SITE PORT "ReverseProxy = ^/a https://:443\n",
      "error 6:20+12 'ReverseProxy' wants http://HOST[:PORT][/PATH], the same with https, or a "
      "unix socket: 'https://:443' = for example: ReverseProxy = ^/api http://127.0.0.1:3000" },
    { SITE PORT "FastCGIserver {\nFastCGIid = A\nProtocol = http\n"
                "ConnectTo = https://app.test weight=2, https://10.0.0.1:8443 unverified\n}\n"
                "UseFastCGI = A\n",
      "error 9:13+16 nobody vouches for the certificate of 'https://app.test:443': this machine "
      "has no list of authorities = install ca-certificates, or name a file by CAcertificates" },
    { SITE PORT "FastCGIserver {\nFastCGIid = A\nConnectTo = https://app.test\n}\n"
                "UseFastCGI = A\n",
      "error 8:13+16 'https://app.test:443' is asked by TLS, and section 'A' speaks FastCGI = TLS "
      "is for backends of HTTP: the section needs Protocol = http" },
    { SITE PORT "FastCGIserver {\nFastCGIid = A\nProtocol = http\n"
                "ConnectTo = https://app.test/app\n}\nUseFastCGI = A\n",
      "error 9:13+20 'ConnectTo' must be an address or a host with a port, or a unix socket, not "
      "'https://app.test/app' = write https://NAME or https://NAME:PORT, with the name that is in "
      "its certificate and nothing behind it" },
    { SITE PORT "ReverseProxy = ^/a ftp://app.test\n",
      "error 6:20+14 'ReverseProxy' wants http://HOST[:PORT][/PATH], the same with https, or a "
      "unix socket: "
      "'ftp://app.test' = for example: ReverseProxy = ^/api http://127.0.0.1:3000" },
    { SITE PORT "ReverseProxy = ^/a http://app.test:0/\n",
      "error 6:20+18 'ReverseProxy' wants http://HOST[:PORT][/PATH], the same with https, or a "
      "unix socket: "
      "'http://app.test:0/' = for example: ReverseProxy = ^/api http://127.0.0.1:3000" },
    { SITE PORT "ReverseProxy = ^/a http://app.test 0\n",
      "error 6:36+1 unknown word behind the URL of 'ReverseProxy': '0' = known are a time limit in "
      "seconds (1 to 3600), keep-alive and, behind https, unverified" },

    { SITE PORT "WebSocket = ws://127.0.0.1:3000 /chat, /live/*\n"
                "WebSocket = ws://[::1]:3000 *,/a 60\nWebSocket = /run/chat.sock /\n"
                "WebSocket = WS://chat.test /,/b\n",
      "" },
    { SITE PORT "WebSocket = WSS://10.0.0.1 /a\n",
      "error 6:13+17 nobody vouches for the certificate of 'https://10.0.0.1:443': this machine "
      "has "
      "no list of authorities = install ca-certificates, or name a file by CAcertificates" },
    { SITE PORT "WebSocket = http://127.0.0.1:3000 /chat\n",
      "error 6:13+21 'WebSocket' wants ws://HOST[:PORT], the same with wss, or a unix socket: "
      "'http://127.0.0.1:3000' = for example: WebSocket = ws://127.0.0.1:3000 /chat" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000/chat /chat\n",
      "error 6:13+24 'WebSocket' wants ws://HOST[:PORT], the same with wss, or a unix socket: "
      "'ws://127.0.0.1:3000/chat' = for example: WebSocket = ws://127.0.0.1:3000 /chat" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000\n",
      "error 6:13+19 'WebSocket' wants paths behind the backend: 'ws://127.0.0.1:3000' = for "
      "example: WebSocket = ws://127.0.0.1:3000 /chat, /live/*" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000 5\n",
      "error 6:33+1 the last word of 'WebSocket' is a number of minutes: '5' = from 1 to 10080, "
      "behind the paths: how long nothing need be said" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000 /chat 0\n",
      "error 6:39+1 the last word of 'WebSocket' is a number of minutes: '0' = from 1 to 10080, "
      "behind the paths: how long nothing need be said" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000 /chat 5 /more\n",
      "error 6:41+5 the last word of 'WebSocket' is a number of minutes: '/more' = from 1 to "
      "10080, behind the paths: how long nothing need be said" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000 /a,chat\n",
      "error 6:36+4 no path for 'WebSocket': 'chat' = a path begins with '/'; a '*' at its end "
      "stands for whatever follows, and '*' alone for all paths" },
    { SITE PORT "WebSocket = ws://127.0.0.1:3000 /*/a\n",
      "error 6:33+4 no path for 'WebSocket': '/*/a' = a path begins with '/'; a '*' at its end "
      "stands for whatever follows, and '*' alone for all paths" },

    /* names that must exist elsewhere */
    { SITE PORT "UseFastCGI = PHP7\nFastCGIserver {\nFastCGIid = PHP\nConnectTo = /f\n}\n",
      "error 6:14+4 UseFastCGI names 'PHP7', but no FastCGIserver has that FastCGIid = known: "
      "PHP" },
    { SITE PORT "UseFastCGI = PHP, php\nFastCGIserver {\nFastCGIid = PHP\nConnectTo = /f\n}\n",
      "error 6:19+3 UseFastCGI names 'php', but no FastCGIserver has that FastCGIid = known: PHP" },
    { SITE PORT "FastCGIauth = L\nFastCGIserver {\nFastCGIid = PHP\nConnectTo = /f\n}\n",
      "error 6:15+1 FastCGIauth names 'L', but no FastCGIserver has that FastCGIid = known: PHP" },
    { SITE PORT "FastCGIauth = L\nFastCGIserver {\nFastCGIid = L\nProtocol = scgi\nConnectTo = "
                "/f\n}\n",
      "error 6:15+1 FastCGIauth names 'L', which speaks SCGI = only FastCGI knows authorizers: the "
      "section needs Protocol = fastcgi" },
    { SITE PORT "FastCGIauth = L\nFastCGIserver {\nFastCGIid = L\nProtocol = http\nConnectTo = "
                "/f\n}\n",
      "error 6:15+1 FastCGIauth names 'L', which speaks HTTP = only FastCGI knows authorizers: the "
      "section needs Protocol = fastcgi" },
    { SITE PORT "UseFastCGI = X\n",
      "error 6:14+1 UseFastCGI names 'X', but no FastCGIserver has that FastCGIid = known: none" },
    { SITE "Binding {\nPort = 80\nBindingId = b\n}\nVirtualHost {\nHostname = v\nWebsiteRoot = "
           "/v\nRequiredBinding = b, c\n}\n",
      "error 10:22+1 RequiredBinding names 'c', but no Binding has that BindingId = known: b" },
    { SITE "RequiredBinding = b\nBinding {\nPort = 80\nBindingId = b\n}\n",
      "error 3:19+1 the default host must answer on every binding = use RequiredBinding in a "
      "VirtualHost that is not the default host" },

    /* the same thing twice */
    { SITE PORT PORT, "error 6:1+7 this Binding has the same address and port 80 as the one of "
                      "longhouse.conf:3 = give one of them another Port or Interface" },
    { SITE PORT "Binding {\nInterface = 127.0.0.1\nPort = 80\n}\n",
      "error 6:1+7 this Binding has the same address and port 80 as the one of longhouse.conf:3 = "
      "give one of them another Port or Interface" },
    { SITE PORT "VirtualHost {\nHostname = v, A\nWebsiteRoot = /v\n}\n",
      "warning 7:15+1 the Hostname 'a' is also at longhouse.conf:1:12 = the host named first "
      "answers for it" },
    { "Hostname = a, a\nWebsiteRoot = /srv\n" PORT,
      "warning 1:15+1 the Hostname 'a' is also at longhouse.conf:1:12 = once is enough" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\n}\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /g\n}\n",
      "warning 10:1+13 a second FastCGIserver 'F' (the first is at longhouse.conf:6) = the last "
      "one counts; to share the load, list all targets in one section" },
    { SITE PORT "CGIhandler = /bin/p:php\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /f\nExtension = php\n}\n",
      "note 7:14+1 FastCGIserver 'F' overrules CGIhandler for '.php' here" },
    { SITE PORT "CGIextension = php\nUseFastCGI = F\nFastCGIserver {\nFastCGIid = "
                "F\nConnectTo = /f\nExtension = php\n}\n",
      "note 7:14+1 FastCGIserver 'F' overrules CGIextension for '.php' here" },

    /* places of files */
    { SITE PORT "UseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\nServerRoot = "
                "/chroot\n}\n",
      "error 6:14+1 the WebsiteRoot '/srv' is outside the ServerRoot '/chroot' of FastCGIserver "
      "'F' = the program behind it sees only files below its ServerRoot" },
    { SITE PORT "UseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\nServerRoot = "
                "/sr\n}\n",
      "error 6:14+1 the WebsiteRoot '/srv' is outside the ServerRoot '/sr' of FastCGIserver 'F' = "
      "the program behind it sees only files below its ServerRoot" },
    { SITE PORT "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nCGIhandler = /bin/p:pl\n}\n",
      "warning 6:1+11 the host 'v' names CGI programs, but may not execute any = add: ExecuteCGI "
      "= yes" },
    { SITE PORT "WebsiteRoot = www\n",
      "warning 6:1+11 'WebsiteRoot' is given again (first in longhouse.conf on line 2) = the last "
      "one counts" },
    { "Hostname = a\nWebsiteRoot = /\n" PORT, "error 2:15+1 'WebsiteRoot' must not be '/'" },
    { SITE PORT "MimetypeConfig = my.types\n",
      "error 6:18+8 cannot read the media types from 'my.types': No such file or directory = leave "
      "MimetypeConfig out for the built-in table" },

    { SITE PORT "FastCGIserver {\nFastCGIid = F G\nConnectTo = /f\nStickTo = cookie\n}\n",
      "error 6:1+13 'F G' cannot be part of the name of a cookie (StickTo) = add: StickyCookieName "
      "= NAME" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nSessionCookie = a=b\n}\n",
      "error 9:17+3 'SessionCookie' wants the name of a cookie, not 'a=b' = letters, digits, '-', "
      "'_' and '.'; for example PHPSESSID" },
    { SITE PORT "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\nStickTo = cookie\n"
                "StickyCookieName = s\nSessionCookie = s\n}\n",
      "error 6:1+13 's' is the application's cookie (SessionCookie) and ours (StickyCookieName) = "
      "give StickyCookieName another name" },
    { SITE PORT "SessionKey = too short\n",
      "error 6:14+9 the key of sessions has 9 bytes; it must have at least 16 = make one with: "
      "openssl rand -hex 32" },
    { SITE "Binding {\nPort = 80\nProxyProtocol = yes\n}\n",
      "error 3:1+7 ProxyProtocol is for trusted proxies, and this Binding has none = add: "
      "TrustedProxy = ADDRESS of the proxy" },
    { SITE PORT "VirtualHost {\nHostname = v\nWebsiteRoot = /v\nCGIpattern = **.cgi\n}\n",
      "warning 6:1+11 the host 'v' names CGI programs, but may not execute any = add: ExecuteCGI "
      "= yes" },

    /* nothing to say */
    { SITE "TrustedProxy = 10.0.0.1\nBinding {\nPort = 80\nProxyProtocol = required\n}\n", "" },
    { SITE "Binding {\nPort = 80\nBindingId = b\n}\nBinding {\nPort = 81\nBindingId = "
           "c\n}\nVirtualHost {\nHostname = v\nWebsiteRoot = /v\nRequiredBinding = b\n}\n"
           "VirtualHost {\nHostname = v\nWebsiteRoot = /w\nRequiredBinding = c\n}\n",
      "" },
    { SITE "Binding {\nPort = 80\n}\nBinding {\nInterface = ::\nPort = 80\n}\n", "" },
    { SITE PORT "UseFastCGI = F\nFastCGIserver {\nFastCGIid = F\nConnectTo = /f\nServerRoot = "
                "/srv\n}\n",
      "" },
    { "set ROOT = /srv\nHostname = a\nWebsiteRoot = ROOT/www\n" PORT, "" },
};

START_TEST(each_fault_is_named_at_its_place)
{
    static const char *const levels[] = { "note", "warning", "error" };
    const struct saying_case *it = &sayings[_i];
    char said[1024] = "";
    struct loaded loaded;

    loaded_text(&loaded, it->text);
    const struct diag *diag = loaded.diags.first;
    if (diag)
        snprintf(said, sizeof(said), "%s %u:%u+%u %.*s%s%.*s", levels[diag->level],
                 diag->place.line, diag->place.column, diag->place.span, SLICE_ARGS(diag->message),
                 diag->hint.len > 0 ? " = " : "", SLICE_ARGS(diag->hint));
    ck_assert_msg(strcmp(said, it->says) == 0, "%s\n says '%s'\n  not '%s'", it->text, said,
                  it->says);
    if (diag)
        ck_assert_str_eq(diag->place.file, "longhouse.conf");
    ck_assert_int_eq(loaded.conf == NULL, loaded.diags.errors > 0);
    loaded_done(&loaded);
}
END_TEST

/* ---- pools of workers ---- */

static const char own_workers[] =
    "WorkDirectory = /w\nHostname = a\nWebsiteRoot = /a\nUseFastCGI = P\nBinding {\nPort = 80\n}\n"
    "FastCGIserver {\nFastCGIid = P\nRun = /usr/bin/php-cgi -c /etc/php.ini\nMinWorkers = 1\n"
    "MaxWorkers = 4\nExtension = php\nMaxRequests = 500\nWorkerAge = 1h\nWorkerMemory = 64M\n"
    "IdleTime = 5s\nCGIfiles = 100\nCGInice = 3\nCGIumask = 077\nNoNewPrivs = no\n"
    "Setenv A = 1\nErrorLogfile = /l\n}\n"
    "FastCGIserver {\nFastCGIid = F\nConnectTo = /f\n}\n"
    "FastCGIserver {\nFastCGIid = Q\nRun = /q\nRunAs = bob\nMinWorkers = 2\n}\n"
    "VirtualHost {\nHostname = b\nWebsiteRoot = /b\nUseFastCGI = P, F\nRunAs = alice\n}\n"
    "VirtualHost {\nHostname = c\nWebsiteRoot = /c\nUseFastCGI = P\nRunAs = alice\n}\n"
    "VirtualHost {\nHostname = d\nWebsiteRoot = /d\nUseFastCGI = P\nRunAs = alice:web\n}\n"
    "VirtualHost {\nHostname = e\nWebsiteRoot = /e\nUseFastCGI = Q\nRunAs = alice\n}\n"
    "WorkersMemory = 1G\n";

static const struct {
    const char *id;
    const char *user;
    unsigned least;
} pools[] = {
    { "P", "", 1 },
    { "Q", "bob", 0 }, /* nobody uses it */
    { "P (alice)", "alice", 1 },
    { "P (alice)", "alice", 1 }, /* with another group */
    { "Q (alice)", "alice", 2 },
};

START_TEST(each_section_has_a_pool_for_each_identity_that_uses_it)
{
    struct loaded loaded;

    loaded_text(&loaded, own_workers);
    ck_assert_uint_eq(loaded.diags.errors, 0);
    ck_assert_uint_eq(loaded.conf->pool_count, sizeof(pools) / sizeof(pools[0]));
    ck_assert_uint_eq(loaded.conf->workers_memory_bytes, 1u << 30);
    for (unsigned i = 0; i < loaded.conf->pool_count; i++) {
        const struct fastcgi_conf *pool = loaded.conf->pools[i];
        ck_assert(slice_equal_cstr(pool->id, pools[i].id));
        ck_assert(slice_equal_cstr(pool->run.confine.user, pools[i].user));
        ck_assert_uint_eq(pool->target_count, 1);
        ck_assert_ptr_null(pool->targets->next);
        ck_assert(slice_starts(pool->targets->text, SLICE("/w/workers-")));
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(pool->run.key, loaded.conf->pools[j]->run.key);
        ck_assert_uint_eq(pool->run.pool, i);
        ck_assert_uint_eq(pool->run.min_workers, pools[i].least);
        ck_assert(pool->all_local);
    }
    loaded_done(&loaded);
}
END_TEST

static const struct {
    const char *options;
    uint64_t most;
    uint64_t kept;
    uint64_t keep_ms;
} keeps[] = {
    { "}\n", 8, 8, 30000 },
    { "MaxWorkers = 3\nSetenv PHP_FCGI_CHILDREN = 4\nIdleTime = 8\n}\n", 12, 12, 4000 },
    { "}\nWorkersMemory = 1G\n", 8, 0, 30000 },
    { "MaxConnections = 5\nKeepConnections = 2\nKeepTime = 90\n}\nWorkersMemory = 1G\n", 5, 2,
      90000 },
    { "MaxConnections = 0\nKeepConnections = 0\n}\n", 0, 0, 30000 },
};

START_TEST(as_many_connections_are_kept_as_workers_can_serve)
{
    char text[1024];
    struct loaded loaded;

    snprintf(text, sizeof(text),
             SITE PORT "WorkDirectory = /w\nFastCGIserver {\nFastCGIid = F\nRun = /f\n%s",
             keeps[_i].options);
    loaded_text(&loaded, text);
    ck_assert_uint_eq(loaded.diags.errors, 0);
    const struct fastcgi_conf *pool = loaded.conf->pools[0];
    ck_assert_uint_eq(pool->max_connections, keeps[_i].most);
    ck_assert_uint_eq(pool->keep_connections, keeps[_i].kept);
    ck_assert_uint_eq(pool->keep_ms, keeps[_i].keep_ms);
    loaded_done(&loaded);
}
END_TEST

START_TEST(hosts_use_the_pool_of_their_identity)
{
    static const unsigned used[] = { 0, 2, 2, 3, 4 };
    struct loaded loaded;
    unsigned i = 0;

    loaded_text(&loaded, own_workers);
    for (const struct vhost_conf *host = loaded.conf->hosts; host; host = host->next)
        ck_assert_ptr_eq(host->use_fastcgi[0], loaded.conf->pools[used[i++]]);
    ck_assert_ptr_null(loaded.conf->hosts->next->use_fastcgi[1]->run.program.at);

    unsigned sections = 0;
    for (const struct fastcgi_conf *f = loaded.conf->fastcgi; f; f = f->next)
        ck_assert_uint_eq(f->index, sections++);
    ck_assert_uint_eq(sections, loaded.conf->fastcgi_count);
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_pool_has_what_its_section_says)
{
    struct loaded loaded;

    loaded_text(&loaded, own_workers);
    const struct run_conf *run = &loaded.conf->pools[2]->run;
    ck_assert(slice_equal_cstr(run->program, "/usr/bin/php-cgi"));
    ck_assert(slice_equal_cstr(run->arguments->next->text, "/etc/php.ini"));
    ck_assert_uint_eq(run->max_workers, 4);
    ck_assert_uint_eq(run->max_requests, 500);
    ck_assert_uint_eq(run->age_ms, 3600000);
    ck_assert_uint_eq(run->memory_bytes, 64 << 20);
    ck_assert_uint_eq(run->idle_ms, 5000);
    ck_assert_uint_eq(run->confine.files, 100);
    ck_assert_uint_eq(run->confine.nice, 3);
    ck_assert_uint_eq(run->confine.umask, 077);
    ck_assert(!run->confine.no_new_privs);
    ck_assert(slice_equal_cstr(run->setenv->value, "1"));
    ck_assert(slice_equal_cstr(run->error_log.path, "/l"));
    loaded_done(&loaded);
}
END_TEST

SUITE("build", TEST(each_section_has_a_pool_for_each_identity_that_uses_it),
      LOOP(as_many_connections_are_kept_as_workers_can_serve, keeps),
      TEST(hosts_use_the_pool_of_their_identity), TEST(a_pool_has_what_its_section_says),
      LOOP(a_text_becomes_its_model, models), LOOP(each_fault_is_named_at_its_place, sayings))
