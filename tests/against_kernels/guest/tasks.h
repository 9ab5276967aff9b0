/*
 * Processes that own pages, among themselves: what process 1 orders (tasks.c), what a
 * task does (pages.c), and which pages of it can be seen (pagemap.c).
 */
#ifndef TASKS_H
#define TASKS_H

#include "guest.h"

#include <sys/mman.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#define MADV_DROP 64 /* our own: what drop is here */

#define MAX_TASKS 32
#define MAX_OBJECTS 8
#define MAX_PAGES 65536UL
/* Where a task's own pages lie, and its mappings of object 1, 2, ... behind. */
#define START(object) (0x100000000000UL + ((unsigned long)(object) << 32))

struct order {
	enum { WRITE, READ, ADVISE, REFER, TABLES, FORK, MAP, CPU, EXIT } what;
	int object;
	unsigned long first, nr_pages;
	/*
	 * ADVISE: the advice; REFER: how many of `references`; CPU: its number;
	 * FORK: the child's place. TABLES is for `nr_pages`.
	 */
	int argument;
	/* WRITE: the order of folios; contents in `numbers`, or a tag, or zeros. */
	int folio_order;
	unsigned long tag;
	int nr_contents;
	int numbers[512];
};

/* What REFER is to do: READ, WRITE or an advice of so many pages. Shared by all tasks. */
struct reference {
	uint32_t page;
	uint16_t nr_pages, advice;
	bool writes;
};
extern struct reference *references;

/* A socket for each task: process 1 has the first end. */
extern int sockets[MAX_TASKS][2];

/* --- pages.c --- */

/* Who runs whenever a task is to be switched to. */
void start_partner(void);
/* A page by which lru_drain() asks; and all that a task has, this one included. */
void make_spare(void);
void make_memory(void);
/* Do what is ordered, and never return; forked ones are at other places. */
void obey(int place) __attribute__((noreturn));

/* --- pagemap.c --- */

/* Pages of a process, of its own or those of an object that it maps there. */
void say_pages(const char *name, pid_t pid, int object, const char *object_name,
	       unsigned long nr_pages);

#endif
