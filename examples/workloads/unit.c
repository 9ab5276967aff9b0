/* What the compiler run of the workloads compiles: a table, sorted and looked up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	unsigned long key;
	char name[24];
};

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static const struct row *find(const struct row *rows, size_t nr, unsigned long key)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rows[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low < nr && rows[low].key == key ? &rows[low] : NULL;
}

int main(void)
{
	enum { NR = 1024 };
	struct row *rows = calloc(NR, sizeof(*rows));
	unsigned long key = 1, found = 0;

	if (!rows)
		return 1;
	for (size_t at = 0; at < NR; at++) {
		key = key * 6364136223846793005UL + 1442695040888963407UL;
		rows[at].key = key >> 40;
		snprintf(rows[at].name, sizeof(rows[at].name), "row %zu", at);
	}
	qsort(rows, NR, sizeof(*rows), by_key);
	for (key = 0; key < 1UL << 24; key += 4097)
		found += find(rows, NR, key) != NULL;
	printf("%lu found, first %s\n", found, rows[0].name);
	free(rows);
	return 0;
}
