/* Swap areas: files and disks to have them on, swapon(2) and swapoff(2). */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#define MAX_AREAS 8
#define FLAG_DISCARD (0x10000 | 0x40000)

struct area {
	char name[32];
	char path[128];
	/* The kernel's number, -1 for none. */
	int zram;
	bool made;
};

static struct area areas[MAX_AREAS];
static int nr_areas;

/* --- places --- */

void disks_wait(int count)
{
	char path[64], number[32], disk[32], link[64];

	for (int found = 0; found < count; usleep(10000)) {
		found = 0;
		for (int n = 0; n < 4 * count + 4; n++) {
			snprintf(path, sizeof(path), "/sys/block/nvme0n%d/nsid", n);
			if (read_text(path, number, sizeof(number)))
				continue;
			snprintf(link, sizeof(link), "/disk/%d", atoi(number));
			snprintf(disk, sizeof(disk), "/dev/nvme0n%d", n);
			found += !access(disk, R_OK);
			if (symlink(disk, link) && errno != EEXIST)
				say_errno(link);
		}
	}
}

static void make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdir(part, 0755);
	}
}

/* mount TYPE SOURCE TARGET OPTIONS; "-" for no options */
void area_mount(const struct line *line)
{
	const char *options = strcmp(line->words[4], "-") ? line->words[4] : NULL;

	make_directories(line->words[3]);
	mkdir(line->words[3], 0755);
	if (mount(line->words[2], line->words[3], line->words[1], 0, options))
		say_errno(line->words[3]);
}

void area_umount(const struct line *line)
{
	if (umount(line->words[1]))
		say_errno(line->words[1]);
}

/* loop LINK FILE SECTOR_BYTES: a loop device over a file, found as LINK */
void area_loop(const struct line *line)
{
	struct loop_config config = { .block_size = number(line->words[3]) };
	int control = open("/dev/loop-control", O_RDWR);
	int free_one = ioctl(control, LOOP_CTL_GET_FREE);
	char path[32];
	int device;

	close(control);
	snprintf(path, sizeof(path), "/dev/loop%d", free_one);
	device = open(path, O_RDWR);
	config.fd = open(line->words[2], O_RDWR);
	if (device < 0 || ioctl(device, LOOP_CONFIGURE, &config))
		say_errno(path);
	close(config.fd);
	close(device);
	make_directories(line->words[1]);
	unlink(line->words[1]);
	if (symlink(path, line->words[1]))
		say_errno(line->words[1]);
}

/* file PATH BYTES [sparse|allocated]: zeros written, nothing, or promised */
void area_file(const struct line *line)
{
	static const char zeros[PAGE];
	unsigned long length = number(line->words[2]);
	int fd, error = 0;

	make_directories(line->words[1]);
	fd = open(line->words[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return say_errno(line->words[1]);
	if (option(line, 3, "sparse"))
		error = ftruncate(fd, length) ? errno : 0;
	else if (option(line, 3, "allocated"))
		error = posix_fallocate(fd, 0, length);
	else
		while (length && !error) {
			size_t part = length < PAGE ? length : PAGE;

			error = write(fd, zeros, part) < 0 ? errno : 0;
			length -= part;
		}
	fsync(fd);
	close(fd);
	errno = error;
	if (error)
		say_errno(line->words[1]);
}

/* put PATH OFFSET PIECE... */
void area_put(const struct line *line)
{
	static unsigned char bytes[16 * PAGE];
	size_t length = unpack(line, 3, bytes, sizeof(bytes));
	int fd = open(line->words[1], O_WRONLY);

	if (fd < 0 || pwrite(fd, bytes, length, number(line->words[2])) < 0)
		say_errno(line->words[1]);
	close(fd);
}

/* --- one swapon(2) --- */

/* try PATH FLAGS: swap on, and off again; what it said, and what was logged */
void area_try(const struct line *line)
{
	int error;

	log_forget();
	error = swapon(line->words[1], number(line->words[2])) ? errno : 0;
	say("swapon %d\n", error);
	log_say();
	if (!error && swapoff(line->words[1]))
		say_errno("swapoff");
}

/* unlinked PATH: through a descriptor, when the name is gone */
void area_unlinked(const struct line *line)
{
	char path[32], zero[] = "0", word[] = "try";
	struct line there = { .count = 3, .words = { word, path, zero } };
	int fd = open(line->words[1], O_RDONLY);

	if (fd < 0 || unlink(line->words[1]))
		return say_errno(line->words[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	area_try(&there);
	close(fd);
}

/* where LINK: the kernel's name of what a link leads to */
void area_where(const struct line *line)
{
	char target[PATH_MAX];

	if (!realpath(line->words[1], target))
		return say_errno(line->words[1]);
	say("name %s\n", strrchr(target, '/') + 1);
}

/* --- areas that stay --- */

static int write_header(const char *path, uint32_t pages, const char *bad)
{
	static unsigned char page[PAGE];
	uint32_t *words = (uint32_t *)(page + 1024);
	uint32_t *listed = (uint32_t *)(page + 1536);
	int fd = open(path, O_WRONLY);
	char *end;

	memset(page, 0, sizeof(page));
	words[0] = 1;
	words[1] = pages - 1;
	for (; bad && *bad; bad = *end ? end + 1 : end)
		listed[words[2]++] = strtoul(bad, &end, 0);
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || pwrite(fd, page, PAGE, 0) != PAGE || fsync(fd)) {
		close(fd);
		return errno ? errno : EIO;
	}
	return close(fd);
}

static void make_zram(struct area *area, unsigned long pages, const char *algorithm)
{
	char text[64], path[128];

	if (read_text("/sys/class/zram-control/hot_add", text, sizeof(text)))
		return say_errno("zram");
	area->zram = atoi(text);
	snprintf(area->path, sizeof(area->path), "/dev/zram%d", area->zram);
	snprintf(path, sizeof(path), "/sys/block/zram%d/comp_algorithm", area->zram);
	write_text(path, algorithm ? algorithm : "lzo");
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", area->zram);
	snprintf(text, sizeof(text), "%lu", pages * PAGE);
	if ((errno = write_text(path, text)))
		say_errno(path);
}

static void make_file(struct area *area, unsigned long pages)
{
	int fd = open(area->path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if ((errno = posix_fallocate(fd, 0, pages * PAGE)))
		say_errno(area->path);
	fsync(fd);
	close(fd);
	area->made = true;
}

/* `place` is a link in /disk, whose target is named as the kernel's queue is. */
static void set_rotational(const char *place, bool rotational)
{
	char target[PATH_MAX], path[PATH_MAX + 64];

	if (!realpath(place, target))
		return say_errno(place);
	snprintf(path, sizeof(path), "/sys/block%s/queue/rotational",
		 strrchr(target, '/'));
	if ((errno = write_text(path, rotational ? "1" : "0")))
		say_errno(path);
}

static int prepare(struct area *area, const struct line *line)
{
	unsigned long pages = number(line->words[3]);
	const char *queue = option(line, 4, "queue");
	const char *at = option(line, 4, "at");

	area->zram = -1;
	area->made = false;
	snprintf(area->path, sizeof(area->path), "%s", at ? at : "");
	if (!strcmp(line->words[2], "zram"))
		make_zram(area, pages, option(line, 4, "algorithm"));
	else if (!strcmp(line->words[2], "file"))
		make_file(area, pages);
	if (queue)
		set_rotational(queue, option(line, 4, "rotational"));
	return write_header(area->path, pages, option(line, 4, "bad"));
}

/*
 * swapon NAME block|file|zram PAGES [at=PATH] [queue=DISK] [rotational]
 * [discard] [prio=N] [bad=N,N] [algorithm=NAME]
 */
void area_on(const struct line *line)
{
	struct area *area = &areas[nr_areas];
	const char *priority = option(line, 4, "prio");
	int flags = option(line, 4, "discard") ? FLAG_DISCARD : 0;

	if (nr_areas == MAX_AREAS)
		return say("! too many areas\n");
	snprintf(area->name, sizeof(area->name), "%s", line->words[1]);
	if (priority)
		flags |= SWAP_FLAG_PREFER | number(priority);
	errno = prepare(area, line);
	if (errno)
		return say_errno(area->path);
	nr_areas++;
	say("swapon %d\n", swapon(area->path, flags) ? errno : 0);
}

/* hold PATH: swapon(2) of what has its header already */
void area_hold(const struct line *line)
{
	struct area *area = &areas[nr_areas++];

	*area = (struct area){ .zram = -1 };
	snprintf(area->path, sizeof(area->path), "%s", line->words[1]);
	if (swapon(area->path, 0))
		say_errno(area->path);
}

static void put_away(struct area *area)
{
	char number_text[16];

	snprintf(number_text, sizeof(number_text), "%d", area->zram);
	if (area->zram >= 0)
		write_text("/sys/class/zram-control/hot_remove", number_text);
	if (area->made)
		unlink(area->path);
	*area = areas[--nr_areas];
}

void area_off(const struct line *line)
{
	for (int n = 0; n < nr_areas; n++) {
		if (strcmp(areas[n].name, line->words[1]))
			continue;
		say("swapoff %d\n", swapoff(areas[n].path) ? errno : 0);
		return put_away(&areas[n]);
	}
	say("! no area %s\n", line->words[1]);
}

void areas_off(void)
{
	while (nr_areas) {
		if (swapoff(areas[nr_areas - 1].path) && errno != EINVAL)
			say_errno(areas[nr_areas - 1].path);
		put_away(&areas[nr_areas - 1]);
	}
}

bool areas_any(void)
{
	return nr_areas > 0;
}

static void say_area(const char *path, const char *rest)
{
	char target[PATH_MAX];

	for (int n = 0; n < nr_areas; n++)
		if (realpath(areas[n].path, target) && !strcmp(target, path))
			say("S %s %s\n", areas[n].name, rest);
}

static void say_zram(const struct area *area)
{
	char path[64], text[256];

	if (area->zram < 0)
		return;
	snprintf(path, sizeof(path), "/sys/block/zram%d/mm_stat", area->zram);
	if (!read_text(path, text, sizeof(text)))
		say("X %s %s", area->name, text);
}

/* S NAME TYPE SIZE USED PRIO, in the order of their types */
void areas_say(void)
{
	char text[4096], rest[128], *place, *row;

	read_text("/proc/swaps", text, sizeof(text));
	strtok_r(text, "\n", &place);
	while ((row = strtok_r(NULL, "\n", &place))) {
		char path[PATH_MAX], type[32], size[32], used[32], priority[32];

		if (sscanf(row, "%s %31s %31s %31s %31s", path, type, size, used,
			   priority) != 5)
			continue;
		snprintf(rest, sizeof(rest), "%s %s %s %s", type, size, used,
			 priority);
		say_area(path, rest);
	}
}

/* X NAME mm_stat */
void areas_say_counters(void)
{
	for (int n = 0; n < nr_areas; n++)
		say_zram(&areas[n]);
}
