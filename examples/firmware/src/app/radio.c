/* A radio whose receive interrupt reads a FIFO. On this board its registers are a few words of RAM. */
#include "app/station.h"

#include "arch/arch.h"
#include "libc.h"

#define FRAME_BYTES 16

struct radio_registers {
	volatile uint32_t status;
	volatile uint32_t fifo;
};

struct radio_device {
	struct radio_registers *registers;
	uint8_t channel;
	int8_t rssi;
	uint16_t frames;
};

static struct radio_registers emulated = {.status = 4, .fifo = 0x2a};
static struct radio_device radio = {&emulated, 26, -71, 0};

/* Frames that were received; the last of them stay. */
#define FRAMES 4
static uint64_t frame_memory[FRAMES * FRAME_BYTES / sizeof(uint64_t)];
static struct k_mem_slab frame_slab;
static uint8_t *kept[2];

static bool retransmit;

static ALWAYS_INLINE uint32_t radio_read_fifo(const struct radio_device *device)
{
	return device->registers->fifo;
}

static NOINLINE size_t radio_receive(struct radio_device *device, uint8_t *frame, size_t size)
{
	size_t received = 0;

	while (received < size) {
		uint32_t word = radio_read_fifo(device);

		for (unsigned int i = 0; i < sizeof(word); i++) {
			frame[received++] = (uint8_t)(word >> (8 * i));
		}
	}
	device->frames++;
	return received;
}

#ifdef ARCH_URGENT_IRQ
static void retransmission_isr(const void *arg)
{
	uint8_t header[4];

	radio_receive((struct radio_device *)arg, header, sizeof(header));
}
#endif

static NOINLINE void radio_keep(uint8_t *frame)
{
	if (kept[1] != NULL) {
		k_mem_slab_free(&frame_slab, kept[1]);
	}
	kept[1] = kept[0];
	kept[0] = frame;
}

static void radio_isr(const void *arg)
{
	struct radio_device *device = (struct radio_device *)arg;
	uint8_t *frame = k_mem_slab_alloc(&frame_slab);
	size_t size = radio_receive(device, frame, FRAME_BYTES);

	device->rssi = (int8_t)(frame[0] - (int)size);
	radio_keep(frame);
#ifdef ARCH_URGENT_IRQ
	if (retransmit) {
		device->registers = (struct radio_registers *)ARCH_NOWHERE;
		arch_irq_pend(ARCH_URGENT_IRQ);
		device->frames++;
	}
#endif
}

void radio_init(void)
{
	k_mem_slab_init(&frame_slab, frame_memory, FRAME_BYTES, FRAMES);
	arch_irq_connect(ARCH_SOFTWARE_IRQ, radio_isr, &radio);
#ifdef ARCH_URGENT_IRQ
	arch_irq_connect(ARCH_URGENT_IRQ, retransmission_isr, &radio);
#endif
	radio_receive_interrupt();
	radio_receive_interrupt();
	radio_receive_interrupt();
}

void radio_receive_interrupt(void)
{
	arch_irq_pend(ARCH_SOFTWARE_IRQ);
}

void radio_break_register_map(void)
{
	radio.registers = (struct radio_registers *)ARCH_NOWHERE; /* nothing is there */
}

void radio_break_retransmission(void)
{
	retransmit = true;
}

struct radio_device *radio_find(const char *name)
{
	return strcmp(name, "radio") == 0 ? &radio : NULL;
}

NOINLINE void radio_retune(struct radio_device *device, uint8_t channel)
{
	device->channel = channel;
	device->frames = 0;
}
