/*
 * Processes that own pages. Each does one order at a time and then waits; all of
 * them are children of process 1, forked ones too, so that it can wait for them.
 */
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned char (*contents)[PAGE];
struct reference *references;
int sockets[MAX_TASKS][2];

struct task {
	char name[32];
	pid_t pid;
	int cpu;
	/* Objects that are mapped, a bit each. */
	unsigned mapped;
};

struct object {
	char name[32];
	int fd;
	unsigned long nr_pages;
};

static struct task tasks[MAX_TASKS];
static struct object objects[MAX_OBJECTS + 1];
/* The task that works, -1 for none yet, and the object it works in (0: its own). */
static int working = -1, working_object, working_cpu;
static unsigned long swapped_before, swapped_by_tasks, nr_writes;
static unsigned long written_back_before;

static int ask(int place, const struct order *order)
{
	int result = EPIPE;
	unsigned long before = vmstat("swpout");

	send(sockets[place][0], order, sizeof(*order), 0);
	recv(sockets[place][0], &result, sizeof(result), 0);
	if (order->what == ADVISE)
		swapped_by_tasks += vmstat("swpout") - before;
	return result;
}

static void move(int place)
{
	struct order order = { .what = CPU, .argument = working_cpu };

	if (tasks[place].cpu != working_cpu)
		ask(place, &order);
	tasks[place].cpu = working_cpu;
}

static int place_of(const char *name)
{
	for (int place = 0; place < MAX_TASKS; place++)
		if (tasks[place].pid && !strcmp(tasks[place].name, name))
			return place;
	return -1;
}

static int new_place(const char *name)
{
	for (int place = 0; place < MAX_TASKS; place++) {
		if (tasks[place].pid)
			continue;
		tasks[place] = (struct task){ .cpu = -1 };
		snprintf(tasks[place].name, sizeof(tasks[place].name), "%s", name);
		return place;
	}
	say("! too many tasks\n");
	return -1;
}

static int move_to_cgroup(const char *cgroup, pid_t pid)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "/cgroup/%s/cgroup.procs", cgroup);
	snprintf(text, sizeof(text), "%d", pid);
	return write_text(path, text);
}

static void start(const char *name, const char *cgroup)
{
	int place = new_place(name);

	if (place < 0)
		return;
	tasks[place].pid = fork();
	if (!tasks[place].pid) {
		if (cgroup && move_to_cgroup(cgroup, getpid()))
			_exit(2);
		make_memory();
		obey(place);
	}
	working = place;
	working_object = 0;
}

static int worker(void)
{
	if (working < 0)
		start("main", NULL);
	move(working);
	return working;
}

static void turn(const struct line *line)
{
	const char *cgroup = option(line, 2, "cgroup");
	int place = place_of(line->words[1]);

	if (place < 0)
		return start(line->words[1], cgroup);
	working = place;
	working_object = 0;
}

static void fork_task(const struct line *line)
{
	int place = new_place(line->words[1]);
	struct order order = { .what = FORK, .argument = place };

	if (place < 0)
		return;
	tasks[place].mapped = tasks[worker()].mapped;
	tasks[place].cpu = tasks[working].cpu;
	tasks[place].pid = ask(working, &order);
}

static void end(int place)
{
	struct order order = { .what = EXIT };

	send(sockets[place][0], &order, sizeof(order), 0);
	waitpid(tasks[place].pid, NULL, 0);
	tasks[place].pid = 0;
	if (working == place) {
		working = -1;
		working_object = 0;
	}
}

static struct object *object_named(const char *name)
{
	for (int n = 1; n <= MAX_OBJECTS; n++)
		if (!strcmp(objects[n].name, name))
			return &objects[n];
	return NULL;
}

static void map_object(struct object *object)
{
	int number = object - objects;
	struct order order = { .what = MAP, .object = number,
			       .nr_pages = object->nr_pages, .argument = object->fd };

	if (!(tasks[worker()].mapped & 1 << number) &&
	    (errno = ask(working, &order)))
		say_errno(object->name);
	tasks[working].mapped |= 1 << number;
	working_object = number;
}

/* shm NAME [PAGES] */
static void shm(const struct line *line)
{
	struct object *object = object_named(line->words[1]);

	if (!object) {
		object = object_named("");
		if (!object || line->count < 3)
			return say("! no object %s\n", line->words[1]);
		snprintf(object->name, sizeof(object->name), "%s", line->words[1]);
		object->nr_pages = number(line->words[2]);
		object->fd = syscall(SYS_memfd_create, object->name, 0);
		if (ftruncate(object->fd, object->nr_pages * PAGE))
			say_errno(object->name);
	}
	map_object(object);
}

static void unlink_object(const struct line *line)
{
	struct object *object = object_named(line->words[1]);

	if (!object)
		return say("! no object %s\n", line->words[1]);
	close(object->fd);
	object->fd = -1;
}

static void parse_contents(struct order *order, const char *text)
{
	char *end;

	for (; *text && order->nr_contents < 512; text = *end ? end + 1 : end)
		order->numbers[order->nr_contents++] =
			strtoul(text, &end, 10) % MAX_CONTENTS;
}

static void touch(const struct line *line)
{
	const char *folio_order = option(line, 3, "order");
	const char *content = option(line, 3, "content");
	const char *length = option(line, 3, "length");
	struct order order = { .what = WRITE };

	order.first = number(line->words[1]);
	order.nr_pages = number(line->words[2]);
	if (order.first + order.nr_pages > MAX_PAGES)
		return say("! pages beyond the task's\n");
	if (!strcmp(line->words[0], "read"))
		order.what = READ;
	if (!strcmp(line->words[0], "pageout")) {
		order.what = ADVISE;
		order.argument = MADV_PAGEOUT;
	}
	if (!strcmp(line->words[0], "drop")) {
		order.what = ADVISE;
		order.argument = MADV_DROP;
	}
	order.folio_order = folio_order ? number(folio_order) : 0;
	order.tag = length && !strcmp(length, "0") ? 0 : ++nr_writes;
	if (content)
		parse_contents(&order, content);
	worker();
	order.object = working_object;
	if ((errno = ask(working, &order)))
		say_errno(line->words[0]);
}

static bool parse_reference(struct reference *reference, const char *word)
{
	char *end;

	*reference = (struct reference){ .page = strtoul(word, &end, 10), .nr_pages = 1 };
	reference->writes = *end == 'w';
	if (*end == 'p' || *end == 'd') {
		reference->advice = *end == 'p' ? MADV_PAGEOUT : MADV_DONTNEED;
		reference->nr_pages = number(end + 1);
	}
	return reference->page + reference->nr_pages <= MAX_PAGES;
}

/*
 * refer PAGE[w|pPAGES|dPAGES]...: touch pages one after another, write to those with
 * a w, page out and drop so many. The processor looks each of them up anew.
 */
static void refer(const struct line *line)
{
	struct order order = { .what = REFER, .argument = line->count - 1 };

	for (int n = 1; n < line->count; n++)
		if (!parse_reference(&references[n - 1], line->words[n]))
			return say("! pages beyond the task's\n");
	if ((errno = ask(worker(), &order)))
		say_errno("refer");
}

/* tables PAGES: have the page tables of so many pages, and no page */
static void tables(const struct line *line)
{
	struct order order = { .what = TABLES, .nr_pages = number(line->words[1]) };

	if (order.nr_pages > MAX_PAGES)
		return say("! pages beyond the task's\n");
	if ((errno = ask(worker(), &order)))
		say_errno("tables");
}

/* join CGROUP: the task lives there from now on, and what it has stays charged */
static void join(const struct line *line)
{
	if ((errno = move_to_cgroup(line->words[1], tasks[worker()].pid)))
		say_errno(line->words[1]);
}

/* All that tasks do; false for another word. */
bool task_word(const struct line *line)
{
	const char *word = line->words[0];
	static const char *const touches[] = {"write", "read", "pageout", "drop"};

	for (size_t n = 0; n < 4 && line->count >= 3; n++)
		if (!strcmp(word, touches[n]))
			return touch(line), true;
	if (!strcmp(word, "exit")) {
		end(worker());
		return true;
	}
	if (line->count < 2)
		return false;
	if (!strcmp(word, "refer"))
		refer(line);
	else if (!strcmp(word, "tables"))
		tables(line);
	else if (!strcmp(word, "join"))
		join(line);
	else if (!strcmp(word, "task"))
		turn(line);
	else if (!strcmp(word, "fork"))
		fork_task(line);
	else if (!strcmp(word, "shm"))
		shm(line);
	else if (!strcmp(word, "unlink"))
		unlink_object(line);
	else if (!strcmp(word, "cpu"))
		working_cpu = number(line->words[1]);
	else
		return false;
	return true;
}

void tasks_start(void)
{
	contents = mmap(NULL, MAX_CONTENTS * PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	references = mmap(NULL, MAX_WORDS * sizeof(*references),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int place = 0; place < MAX_TASKS; place++)
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets[place]);
	make_spare();
	start_partner();
	foreign_start();
}

void tasks_end(void)
{
	for (int place = 0; place < MAX_TASKS; place++)
		if (tasks[place].pid)
			end(place);
	for (int n = 1; n <= MAX_OBJECTS; n++) {
		if (objects[n].name[0] && objects[n].fd >= 0)
			close(objects[n].fd);
		objects[n] = (struct object){ 0 };
	}
	working_cpu = 0;
}

void tasks_store_one(void)
{
	static char text[][16] = {"pageout", "0", "1"};
	static char random[] = "write";
	struct line line = { .count = 3,
			     .words = {random, text[1], text[2]} };

	tasks_end();
	touch(&line);
	line.words[0] = text[0];
	touch(&line);
}

void foreign_start(void)
{
	swapped_before = vmstat("swpout");
	written_back_before = zswap_counter("written_back_pages");
	swapped_by_tasks = 0;
}

void foreign_say(void)
{
	unsigned long foreign = vmstat("swpout") - swapped_before - swapped_by_tasks;

	if (foreign && zswap_counter("written_back_pages") == written_back_before)
		say("foreign %lu\n", foreign);
}

void tasks_say(void)
{
	for (int place = 0; place < MAX_TASKS; place++) {
		struct task *task = &tasks[place];

		if (!task->pid)
			continue;
		say_pages(task->name, task->pid, 0, "", MAX_PAGES);
		for (int n = 1; n <= MAX_OBJECTS; n++)
			if (task->mapped & 1 << n)
				say_pages(task->name, task->pid, n,
					  objects[n].name, objects[n].nr_pages);
	}
}
