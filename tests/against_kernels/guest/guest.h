/*
 * Process 1 of a booted kernel: does what the host writes, and says what it saw.
 *
 * main.c boots and serves jobs, words.c has lines and answers, log.c the kernel's
 * log, areas.c swap areas, tasks.c processes that own pages (pages.c what they do
 * with them, pagemap.c where those are), state.c what can be seen of all that.
 *
 * A job is lines of words; the answer to line N begins with "> N". A word that
 * cannot be understood, or a thing that cannot be done at all, is a line "! ...".
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096UL
#define MAX_WORDS 8192

/* --- words.c --- */

struct line {
	int count;
	char *words[MAX_WORDS];
};

void answer_start(void);
const char *answer_text(size_t *length);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_errno(const char *what);

/* Cut a line into its words, in place; false at the end of the job. */
bool next_line(char **job, struct line *line);
unsigned long number(const char *word);
/* The value of word "key=value" among the words from `first` on, or NULL. */
const char *option(const struct line *line, int first, const char *key);

/* Pieces of bytes from word `first` on: hexadecimal, or zN for N zeros. */
size_t unpack(const struct line *line, int first, unsigned char *bytes, size_t room);

/* Read a small file whole (a string); write one. Both return 0 or an errno. */
int read_text(const char *path, char *text, size_t size);
int write_text(const char *path, const char *text);

/* --- log.c --- */

void log_open(void);
/* Forget what was logged so far; say what was logged since. */
void log_forget(void);
void log_say(void);

/* --- areas.c --- */

/* Name each NVMe namespace /disk/NSID, once there are that many. */
void disks_wait(int count);
void area_put(const struct line *line);
void area_file(const struct line *line);
void area_mount(const struct line *line);
void area_umount(const struct line *line);
void area_loop(const struct line *line);
void area_try(const struct line *line);
void area_unlinked(const struct line *line);
void area_where(const struct line *line);
void area_hold(const struct line *line);
void area_on(const struct line *line);
void area_off(const struct line *line);
void areas_off(void);
void areas_say(void);
void areas_say_counters(void);
bool areas_any(void);

/* --- tasks.c --- */

#define MAX_CONTENTS 2048
/* Pages of contents, shared by all tasks. */
extern unsigned char (*contents)[PAGE];

void tasks_start(void);
bool task_word(const struct line *line);
void tasks_end(void);
void tasks_say(void);
/*
 * Folios leave the lists of this CPU, which hold them: a page that was written back
 * a moment ago keeps its slot on a write until then.
 */
void lru_drain(void);
/*
 * Swapped out outside of the tasks' own page-outs, since the last reset; nothing
 * is known of that once zswap has written pages back.
 */
void foreign_start(void);
void foreign_say(void);
/* Store one page in zswap and drop it: it may take pages again after this. */
void tasks_store_one(void);

/* --- state.c --- */

void state_say(const struct line *line);
void state_settle(void);
void knobs_default(void);
void knob_set(const struct line *line);
void cgroup_make(const char *name);
void cgroups_end(void);
unsigned long vmstat(const char *name);
unsigned long zswap_counter(const char *name);

#endif
