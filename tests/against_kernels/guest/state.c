/* Knobs, control groups, and what the kernel shows of swap. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZSWAP "/sys/module/zswap/parameters/"
#define ZSWAP_DEBUG "/sys/kernel/debug/zswap"
#define THP "/sys/kernel/mm/transparent_hugepage"
#define SETTLED_ROUNDS 3
#define LONGEST_ROUNDS 1000

static const char *const vmstat_names[] = {
	"pswpin", "pswpout", "zswpin", "zswpout", "zswpwb",
	"swpin_zero", "swpout_zero", "thp_swpout", "thp_swpout_fallback",
};

/* --- numbers --- */

static unsigned long find(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *row = text; row; row = strchr(row, '\n')) {
		row += *row == '\n';
		if (!strncmp(row, name, length) &&
		    (row[length] == ' ' || row[length] == ':'))
			return strtoul(row + length + 1, NULL, 10);
	}
	return 0;
}

unsigned long zswap_counter(const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), ZSWAP_DEBUG "/%s", name);
	return read_text(path, text, sizeof(text)) ? 0 : strtoul(text, NULL, 10);
}

/* "swpout" is all that left memory, to wherever. */
unsigned long vmstat(const char *name)
{
	static char text[32768];

	read_text("/proc/vmstat", text, sizeof(text));
	if (strcmp(name, "swpout"))
		return find(text, name);
	return find(text, "pswpout") + find(text, "zswpout") +
	       find(text, "swpout_zero");
}

static void say_vmstat(void)
{
	static char text[32768];

	read_text("/proc/vmstat", text, sizeof(text));
	say("V");
	for (size_t n = 0; n < sizeof(vmstat_names) / sizeof(*vmstat_names); n++)
		if (strstr(text, vmstat_names[n]))
			say(" %s=%lu", vmstat_names[n], find(text, vmstat_names[n]));
	say("\n");
}

static void say_meminfo(void)
{
	static const char *const names[] = {
		"SwapCached", "SwapTotal", "SwapFree", "Zswap", "Zswapped",
	};
	static char text[8192];

	read_text("/proc/meminfo", text, sizeof(text));
	say("M");
	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		say(" %s=%lu", names[n], find(text, names[n]));
	say("\n");
}

/* Each file of a directory as name=number. */
static void say_directory(const char *mark, const char *directory)
{
	char path[512], text[64];
	struct dirent *entry;
	DIR *files = opendir(directory);

	if (!files)
		return;
	say("%s", mark);
	while ((entry = readdir(files))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_type != DT_REG || read_text(path, text, sizeof(text)))
			continue;
		text[strcspn(text, "\n")] = 0;
		say(" %s=%s", entry->d_name, text);
	}
	closedir(files);
	say("\n");
}

/* --- control groups --- */

#define CGROUP "/cgroup"

void cgroup_make(const char *name)
{
	char path[128];

	write_text(CGROUP "/cgroup.subtree_control", "+memory");
	snprintf(path, sizeof(path), CGROUP "/%s", name);
	if (mkdir(path, 0755) && errno != EEXIST)
		say_errno(path);
}

static void each_cgroup(void (*visit)(const char *name))
{
	struct dirent *entry;
	DIR *groups = opendir(CGROUP);

	while (groups && (entry = readdir(groups)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			visit(entry->d_name);
	if (groups)
		closedir(groups);
}

static void remove_cgroup(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), CGROUP "/%s", name);
	for (int round = 0; rmdir(path) && errno == EBUSY && round < 100; round++)
		usleep(1000);
}

static void say_cgroup(const char *name)
{
	char path[512], text[64];

	snprintf(path, sizeof(path), CGROUP "/%s/memory.zswap.current", name);
	if (!read_text(path, text, sizeof(text)))
		say("G %s %s", name, text);
}

void cgroups_end(void)
{
	each_cgroup(remove_cgroup);
}

/* --- knobs --- */

static void each_folio_knob(const char *value)
{
	char path[512];
	struct dirent *entry;
	DIR *sizes = opendir(THP);

	while (sizes && (entry = readdir(sizes))) {
		snprintf(path, sizeof(path), THP "/%s/enabled", entry->d_name);
		if (!strncmp(entry->d_name, "hugepages-", 10))
			write_text(path, value);
	}
	if (sizes)
		closedir(sizes);
}

/*
 * Pages come alone, folios by order where a write asks for them. zswap is
 * switched on once, so that large folios never come back whole.
 */
void knobs_default(void)
{
	write_text("/proc/sys/vm/page-cluster", "0");
	write_text(THP "/enabled", "madvise");
	each_folio_knob("never");
	write_text(ZSWAP "zpool", "zsmalloc");
	write_text(ZSWAP "compressor", "lzo");
	write_text(ZSWAP "max_pool_percent", "20");
	write_text(ZSWAP "accept_threshold_percent", "90");
	write_text(ZSWAP "shrinker_enabled", "N");
	write_text(ZSWAP "enabled", "Y");
}

/* set zswap.NAME|vm.NAME|CGROUP/memory.NAME VALUE */
void knob_set(const struct line *line)
{
	const char *name = line->words[1];
	char path[512];

	if (!strncmp(name, "zswap.", 6))
		snprintf(path, sizeof(path), ZSWAP "%s", name + 6);
	else if (!strncmp(name, "vm.", 3))
		snprintf(path, sizeof(path), "/proc/sys/vm/%s", name + 3);
	else if (strchr(name, '/'))
		snprintf(path, sizeof(path), CGROUP "/%s", name);
	else
		return say("! no knob %s\n", name);
	if ((errno = write_text(path, line->words[2])))
		say_errno(path);
}

/* --- state --- */

static unsigned long discards(void)
{
	char path[512], text[512];
	struct dirent *entry;
	DIR *disks = opendir("/sys/block");
	unsigned long sum = 0, count;

	while (disks && (entry = readdir(disks))) {
		snprintf(path, sizeof(path), "/sys/block/%s/stat", entry->d_name);
		if (entry->d_name[0] == '.' || read_text(path, text, sizeof(text)))
			continue;
		/* Kernel: Documentation/block/stat.rst, the twelfth number. */
		if (sscanf(text, "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu",
			   &count) == 1)
			sum += count;
	}
	if (disks)
		closedir(disks);
	return sum;
}

static unsigned long busy(void)
{
	return vmstat("pswpout") + discards() + zswap_counter("written_back_pages") +
	       zswap_counter("reject_reclaim_fail") + vmstat("nr_writeback");
}

/* Wait until the kernel's workers and disks rest. */
void state_settle(void)
{
	unsigned long before = busy(), now;
	int same = 0;

	for (int round = 0; same < SETTLED_ROUNDS && round < LONGEST_ROUNDS; round++) {
		usleep(2000);
		now = busy();
		same = now == before && !vmstat("nr_writeback") ? same + 1 : 0;
		before = now;
	}
	lru_drain();
}

/* state [settled] [counters] */
void state_say(const struct line *line)
{
	if (option(line, 1, "settled"))
		state_settle();
	tasks_say();
	areas_say();
	foreign_say();
	if (!option(line, 1, "counters"))
		return;
	/* What each CPU has counted by itself is added up. */
	write_text("/proc/sys/vm/stat_refresh", "1");
	say_vmstat();
	say_meminfo();
	say_directory("Z", ZSWAP_DEBUG);
	areas_say_counters();
	each_cgroup(say_cgroup);
}
