/* Process 1: mounts, modules, and one job after another. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Namespaces that jobs come from and answers go to. */
#define JOBS "/disk/1"
#define ANSWERS "/disk/2"
#define BELL "/dev/ttyS1"

static FILE *bell;

static void mount_all(void)
{
	static const char *const mounts[][2] = {
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"},
		{"debugfs", "/sys/kernel/debug"}, {"cgroup2", "/cgroup"},
		{"tmpfs", "/tmp"},
	};

	for (size_t n = 0; n < sizeof(mounts) / sizeof(*mounts); n++) {
		mkdir(mounts[n][1], 0755);
		mount(mounts[n][0], mounts[n][1], mounts[n][0], 0, NULL);
	}
	mkdir("/disk", 0755);
}

/* Load the modules that /modules/PURPOSE.order lists, each once a boot. */
static void load_modules(const char *purpose)
{
	char names[4096], path[256], *place, *name;
	int fd;

	snprintf(path, sizeof(path), "/modules/%s.order", purpose);
	if (read_text(path, names, sizeof(names)))
		return;
	for (name = strtok_r(names, "\n", &place); name;
	     name = strtok_r(NULL, "\n", &place)) {
		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			fprintf(stderr, "module %s: %s\n", name, strerror(errno));
		close(fd);
		unlink(path);
	}
}

static int count_of_disks(void)
{
	char text[4096], *place;

	read_text("/proc/cmdline", text, sizeof(text));
	place = strstr(text, "swaptools.disks=");
	return place ? atoi(strchr(place, '=') + 1) : 2;
}

static void open_bell(void)
{
	struct termios raw;

	bell = fopen(BELL, "r+");
	tcgetattr(fileno(bell), &raw);
	cfmakeraw(&raw);
	tcsetattr(fileno(bell), TCSANOW, &raw);
	setvbuf(bell, NULL, _IONBF, 0);
}

static void say_machine(void)
{
	struct utsname name;
	char text[4096], *total;

	uname(&name);
	read_text("/proc/meminfo", text, sizeof(text));
	total = strstr(text, "MemTotal:");
	say("release %s\n", name.release);
	say("memory %lu\n", total ? strtoul(total + 9, NULL, 10) * 1024 : 0);
	read_text("/proc/filesystems", text, sizeof(text));
	for (char *place, *word = strtok_r(text, "\t\n", &place); word;
	     word = strtok_r(NULL, "\t\n", &place))
		if (strcmp(word, "nodev"))
			say("filesystem %s\n", word);
	say("zswap %d\n", !access("/sys/module/zswap/parameters/enabled", W_OK));
	say("zram %d\n", !access("/sys/class/zram-control", X_OK));
	say("loop %d\n", !access("/dev/loop-control", R_OK));
	say("folios %d\n",
	    !access("/sys/kernel/mm/transparent_hugepage/hugepages-16kB", X_OK));
}

static void reset(void)
{
	knobs_default();
	if (areas_any())
		tasks_store_one();
	tasks_end();
	areas_off();
	cgroups_end();
	foreign_start();
}

/* content NUMBER PIECE...: what a page of that number is */
static void content(const struct line *line)
{
	unsigned long which = number(line->words[1]) % MAX_CONTENTS;

	unpack(line, 2, contents[which], PAGE);
}

/* rest MILLISECONDS */
static void rest(const struct line *line)
{
	usleep(number(line->words[1]) * 1000);
}

/* tell PATH: a small file as it is */
static void tell(const struct line *line)
{
	static char text[1 << 16];
	char *place;

	if ((errno = read_text(line->words[1], text, sizeof(text))))
		return say_errno(line->words[1]);
	for (char *row = strtok_r(text, "\n", &place); row;
	     row = strtok_r(NULL, "\n", &place))
		say("%s\n", row);
}

static void obey(const struct line *line)
{
	static const struct {
		const char *word;
		void (*obey)(const struct line *line);
		int least;
	} orders[] = {
		{"put", area_put, 3}, {"file", area_file, 3},
		{"mount", area_mount, 5}, {"umount", area_umount, 2},
		{"loop", area_loop, 4}, {"try", area_try, 3},
		{"unlinked", area_unlinked, 2}, {"where", area_where, 2},
		{"hold", area_hold, 2}, {"rest", rest, 2}, {"tell", tell, 2},
		{"swapon", area_on, 4}, {"swapoff", area_off, 2},
		{"content", content, 3}, {"set", knob_set, 3}, {"state", state_say, 1},
	};

	if (!strcmp(line->words[0], "machine"))
		return say_machine();
	if (!strcmp(line->words[0], "reset"))
		return reset();
	if (!strcmp(line->words[0], "load") && line->count > 1)
		return load_modules(line->words[1]);
	if (!strcmp(line->words[0], "cgroup"))
		return cgroup_make(line->words[1]);
	for (size_t n = 0; n < sizeof(orders) / sizeof(*orders); n++)
		if (!strcmp(line->words[0], orders[n].word) &&
		    line->count >= orders[n].least)
			return orders[n].obey(line);
	if (!task_word(line))
		say("! no such order: %s\n", line->words[0]);
}

static void do_job(char *job)
{
	static struct line line;

	answer_start();
	for (int order = 0; next_line(&job, &line); order++) {
		say("> %d\n", order);
		if (line.count)
			obey(&line);
	}
}

/* Whole blocks past the page cache, since the host changes what lies there. */
static char *read_job(size_t length)
{
	size_t whole = (length + PAGE) / PAGE * PAGE;
	char *job = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(JOBS, O_RDONLY | O_DIRECT);
	size_t done = 0;
	ssize_t got;

	while (done < whole && (got = pread(fd, job + done, whole - done, done)) > 0)
		done += got;
	close(fd);
	job[length] = 0;
	return job;
}

static void write_answer(void)
{
	size_t length, done = 0;
	const char *text = answer_text(&length);
	int fd = open(ANSWERS, O_WRONLY | O_DIRECT);
	ssize_t put;

	while (done < length) {
		size_t rest = (length - done + PAGE - 1) / PAGE * PAGE;

		put = pwrite(fd, text + done, rest > 1 << 20 ? 1 << 20 : rest, done);
		if (put <= 0)
			break;
		done += put;
	}
	close(fd);
	fprintf(bell, "done %zu\n", length);
}

static void serve(void)
{
	char order[64];
	size_t length;
	char *job;

	fputs("ready\n", bell);
	while (fgets(order, sizeof(order), bell)) {
		if (sscanf(order, "go %zu", &length) != 1)
			break;
		job = read_job(length);
		do_job(job);
		munmap(job, (length + PAGE) / PAGE * PAGE);
		write_answer();
	}
}

int main(void)
{
	mount_all();
	load_modules("disks");
	disks_wait(count_of_disks());
	log_open();
	knobs_default();
	tasks_start();
	open_bell();
	serve();
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
