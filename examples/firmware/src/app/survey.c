/* A larger station (SURVEY=1): a grid of readings, and a thread that goes through it in halves of halves. */
#include "app/station.h"

#include "libc.h"

#define GRID_WIDTH 64
#define GRID_HEIGHT 95
#define LEVELS 11

struct cell {
	int16_t height;
	uint16_t moisture;
	float wind;
};

struct area {
	uint16_t left, top, right, bottom;
};

struct survey {
	char name[20];
	uint32_t visited;
	int64_t total_height;
	struct area current;
};

static struct cell grid[GRID_HEIGHT][GRID_WIDTH];
static struct survey survey = {.name = "north face"};

K_THREAD_STACK_DEFINE(survey_stack, 6144);
static struct k_thread survey_thread_data;

static NOINLINE int32_t survey_cell(const struct cell *cell, struct survey *self)
{
	self->visited++;
	self->total_height += cell->height;
	return cell->height;
}

/* Always the half that lies higher; at the bottom it looks at a cell and takes a rest. */
static NOINLINE int32_t survey_area(struct survey *self, struct area area, unsigned int level)
{
	char label[24];
	uint16_t middle_x = (uint16_t)((area.left + area.right) / 2);
	uint16_t middle_y = (uint16_t)((area.top + area.bottom) / 2);
	struct area halves[2] = {area, area};
	int32_t heights[2] = {grid[middle_y][middle_x].height, grid[area.top][area.left].height};

	snprintk(label, sizeof(label), "%s/%u", self->name, level);
	self->current = area;
	if (level == LEVELS) {
		int32_t height = survey_cell(&grid[middle_y][middle_x], self);

		k_sleep(1000);
		return height + label[0];
	}
	if (level % 2 == 0) {
		halves[0].right = middle_x;
		halves[1].left = middle_x;
	} else {
		halves[0].bottom = middle_y;
		halves[1].top = middle_y;
	}
	heights[0] += survey_area(self, halves[heights[0] < heights[1]], level + 1);
	return heights[0] + label[0];
}

static void survey_thread(void *p1, void *p2, void *p3)
{
	struct survey *self = p1;

	(void)p2;
	(void)p3;
	for (unsigned int y = 0; y < GRID_HEIGHT; y++) {
		for (unsigned int x = 0; x < GRID_WIDTH; x++) {
			grid[y][x] = (struct cell){(int16_t)(x * y % 997), (uint16_t)(x ^ y), (float)x / (float)(y + 1)};
		}
	}
	for (;;) {
		survey_area(self, (struct area){0, 0, GRID_WIDTH - 1, GRID_HEIGHT - 1}, 0);
	}
}

void survey_start(void)
{
	k_thread_start(k_thread_create(&survey_thread_data, survey_stack, sizeof(survey_stack), survey_thread, &survey,
				       NULL, NULL, 9, 0, "survey"));
}
