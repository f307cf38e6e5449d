#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

/*
 * The front door's verbs. Each gets the words behind the verb and returns the exit status:
 * 0 fine, 1 it did not work (said on stderr), 2 used wrongly.
 */
#include <stdbool.h>

int tool_run(int argc, char **argv);     /* start the house */
int tool_serve(int argc, char **argv);   /* serve a folder now, without a configuration */
int tool_thttpd(int argc, char **argv);  /* the command line of thttpd */
int tool_check(int argc, char **argv);   /* check a configuration */
int tool_explain(int argc, char **argv); /* why a URL is answered as it is */
int tool_doctor(int argc, char **argv);  /* does all work that is configured? */
int tool_show(int argc, char **argv);    /* the configuration as it is read */
int tool_import(int argc, char **argv);  /* one in another form, as ours */
int tool_status(int argc, char **argv);
int tool_acme(int argc, char **argv);    /* orders about certificates to the running house */
int tool_backend(int argc, char **argv); /* orders about FastCGI targets to the running house */
int tool_ban(int argc, char **argv);     /* orders about clients */
int tool_unban(int argc, char **argv);
int tool_bans(int argc, char **argv);
int tool_reload(int argc, char **argv);   /* apply the changed configuration */
int tool_upgrade(int argc, char **argv);  /* a new version of the program takes over */
int tool_stop(int argc, char **argv);     /* end it, answers in flight first */
int tool_password(int argc, char **argv); /* a user's line in a password file */
int tool_manual(int argc, char **argv);   /* all options, as Markdown or man page */
int tool_schema(int argc, char **argv);   /* of the YAML form, as JSON */
int tool_completion(int argc, char **argv);

#define CONFIG_FOLDER "/etc/longhouse"

#endif
