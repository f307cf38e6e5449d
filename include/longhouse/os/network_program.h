#ifndef OS_NETWORK_PROGRAM_H
#define OS_NETWORK_PROGRAM_H

/*
 * How a program begins that has nothing but a channel to the supervisor and the network (resolver,
 * acme): nobody else can use it, its end is the supervisor's to say, and it has no rights left when
 * it reads the first byte of a stranger.
 */

/*
 * `channel`: the descriptor that it was started with. No new privileges, no capability, no core
 * dump, not traceable (but in a build with sanitizers, whose leak check traces its own process),
 * and the filter of the resolver. 0; else the exit status: why is said on stderr, as `name`.
 */
int network_program_begin(const char *name, int channel);

#endif
