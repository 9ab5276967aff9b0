/*
 * What a task does with its pages, one order at a time.
 */
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPARE ((char *)0x80000000000UL)
/* More pages than are forgotten one by one. Kernel: tlb_single_page_flush_ceiling. */
#define FLUSHED ((char *)0x90000000000UL)
#define FLUSHED_PAGES 64
enum { TASK, PARTNER };
#define PAGES_OF_A_TABLE 512
#define KNOB "/sys/kernel/mm/transparent_hugepage/hugepages-%lukB/enabled"

static void fill(unsigned char *page, const struct order *order, unsigned long n)
{
	if (order->nr_contents) {
		int which = order->nr_contents == 1 ? 0 : n;

		memcpy(page, contents[order->numbers[which]], PAGE);
		return;
	}
	uint64_t word = order->tag * 1000003 + order->first + n;
	uint64_t *words = (uint64_t *)page;

	for (size_t at = 0; at < PAGE / sizeof(word); at++)
		words[at] = order->tag ? word : 0;
}

static int do_write(const struct order *order, unsigned char *start)
{
	size_t length = order->nr_pages * PAGE;
	char knob[128];

	if (order->folio_order) {
		snprintf(knob, sizeof(knob), KNOB, PAGE / 1024 << order->folio_order);
		if (madvise(start, length, MADV_HUGEPAGE) ||
		    (errno = write_text(knob, "madvise")))
			return errno;
	}
	for (unsigned long n = 0; n < order->nr_pages; n++)
		fill(start + n * PAGE, order, n);
	if (order->folio_order) {
		write_text(knob, "never");
		madvise(start, length, MADV_NOHUGEPAGE);
	}
	return 0;
}

static int do_read(const struct order *order, unsigned char *start)
{
	for (unsigned long n = 0; n < order->nr_pages; n++)
		(void)*(volatile unsigned char *)(start + n * PAGE);
	return 0;
}

/*
 * Have the processor forget all translations: else a page whose accessed bit the
 * kernel has cleared may be used again and not get it.
 */
static void forget_translations(void)
{
	mprotect(FLUSHED, FLUSHED_PAGES * PAGE, PROT_READ);
	mprotect(FLUSHED, FLUSHED_PAGES * PAGE, PROT_READ | PROT_WRITE);
}

/* Whose turn it is: a task's, or its partner's. */
static int *turn;

static void wait_for_turn(int whose)
{
	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) != whose)
		syscall(SYS_futex, turn, FUTEX_WAIT, !whose, NULL, NULL, 0);
}

static void give_turn(int whose)
{
	__atomic_store_n(turn, whose, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/*
 * Have the processor go to another task, and come back: page tables of a task that
 * was not switched to since they were walked are not walked again. A timer may be over
 * before the task sleeps; the partner has to run for the task to go on.
 * Kernel: include/linux/mm_types.h lru_gen_use_mm().
 */
static void be_switched_to(void)
{
	give_turn(PARTNER);
	wait_for_turn(TASK);
}

void start_partner(void)
{
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (fork())
		return;
	for (;;) {
		wait_for_turn(PARTNER);
		give_turn(TASK);
	}
}

/*
 * Let nobody run amid what the task does, but when it waits for its partner: a reclaim
 * that begins two generations walks twice if the task was away meanwhile.
 */
static void run_alone(bool alone)
{
	struct sched_param param = { .sched_priority = alone };

	sched_setscheduler(0, alone ? SCHED_FIFO : SCHED_OTHER, &param);
}

void lru_drain(void)
{
	madvise(SPARE, PAGE, MADV_COLD);
}

static int refer_alone(const struct order *order, unsigned char *start)
{
	for (int n = 0; n < order->argument; n++) {
		const struct reference *each = &references[n];
		volatile uint64_t *page = (uint64_t *)(start + each->page * PAGE);

		be_switched_to();
		forget_translations();
		if (each->advice) {
			if (madvise((void *)page, each->nr_pages * PAGE, each->advice))
				return errno;
		} else if (each->writes) {
			*page = each->page + 1;
		} else {
			(void)*page;
		}
	}
	return 0;
}

/* Whoever ran before may have left folios of his own on this CPU's lists. */
static int do_refer(const struct order *order, unsigned char *start)
{
	int result;

	run_alone(true);
	lru_drain();
	result = refer_alone(order, start);
	run_alone(false);
	return result;
}

static int do_tables(const struct order *order, unsigned char *start)
{
	for (unsigned long n = 0; n < order->nr_pages; n += PAGES_OF_A_TABLE) {
		start[n * PAGE] = 1;
		if (madvise(start + n * PAGE, PAGE, MADV_DONTNEED))
			return errno;
	}
	return 0;
}

static int do_advise(const struct order *order, unsigned char *start)
{
	int advice = order->argument;

	if (advice == MADV_DROP)
		advice = order->object ? MADV_REMOVE : MADV_DONTNEED;
	return madvise(start, order->nr_pages * PAGE, advice) ? errno : 0;
}

/* Through process 1, which holds the descriptor. */
static int do_map(const struct order *order)
{
	char path[32];
	int fd, error = 0;

	snprintf(path, sizeof(path), "/proc/1/fd/%d", order->argument);
	fd = open(path, O_RDWR);
	if (mmap((void *)START(order->object), order->nr_pages * PAGE,
		 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		error = errno;
	close(fd);
	return error;
}

/* Folios that wait on this CPU's lists leave before the task does. */
static int do_cpu(const struct order *order)
{
	cpu_set_t set;

	lru_drain();
	CPU_ZERO(&set);
	CPU_SET(order->argument, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? errno : 0;
}

static int do_order(const struct order *order)
{
	unsigned char *start =
		(unsigned char *)START(order->object) + order->first * PAGE;

	switch (order->what) {
	case WRITE:
		return do_write(order, start);
	case READ:
		return do_read(order, start);
	case REFER:
		return do_refer(order, start);
	case TABLES:
		return do_tables(order, start);
	case ADVISE:
		return do_advise(order, start);
	case MAP:
		return do_map(order);
	case CPU:
		return do_cpu(order);
	default:
		return EINVAL;
	}
}

void obey(int place)
{
	struct order order;
	int result;

	while (recv(sockets[place][1], &order, sizeof(order), 0) > 0) {
		if (order.what == EXIT)
			_exit(0);
		if (order.what == FORK) {
			result = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
			if (result == 0) {
				place = order.argument;
				continue;
			}
		} else {
			result = do_order(&order);
		}
		send(sockets[place][1], &result, sizeof(result), 0);
	}
	_exit(1);
}

void make_spare(void)
{
	mmap(SPARE, PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	*SPARE = 1;
}

void make_memory(void)
{
	char *memory = mmap((void *)START(0), MAX_PAGES * PAGE,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
			    -1, 0);

	madvise(memory, MAX_PAGES * PAGE, MADV_NOHUGEPAGE);
	/* Shared, so that it is never one mapping with another. */
	memset(mmap(FLUSHED, FLUSHED_PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
	       1, FLUSHED_PAGES * PAGE);
	make_spare();
}
