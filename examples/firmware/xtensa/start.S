/*
 * Reset, window overflow and exception handler for a core with register windows (dc233c). The assembler is one for a core
 * without: their instructions are given as numbers (Xtensa Instruction Set Architecture Reference Manual, chapter 6).
 */
#define SIMCALL_EXIT 1
#define SIMCALL_WRITE 4
#define PS_WITH_WINDOWS 0x40020
#define RAM_SIZE 0x2000

	.macro instruction code
	.byte (\code) & 255, ((\code) >> 8) & 255, (\code) >> 16
	.endm
#define CALLX4_A4 instruction 0x0004d0
#define ENTRY_A1_32 instruction 0x004136
#define SIMCALL instruction 0x005100
#define RFWO instruction 0x003400
/* s32e at, as, 4 * n - 64; l32e likewise */
#define S32E(t, s, n) instruction (0x490000|(n<<12)|(s<<8)|(t<<4))
#define L32E(t, s, n) instruction (0x090000|(n<<12)|(s<<8)|(t<<4))
#define WSR_WINDOWBASE(t) instruction (0x134800|(t<<4))
#define WSR_WINDOWSTART(t) instruction (0x134900|(t<<4))

	.section .reset, "ax"
	j 1f
	.align 4
2:	.word start
1:	l32r a0, 2b
	jx a0

	.section .vectors, "ax"
	/* Of a function that made a call4. */
	S32E(0, 5, 12)
	S32E(1, 5, 13)
	S32E(2, 5, 14)
	S32E(3, 5, 15)
	RFWO
	.org 0x80
	/* Of one that made a call8: a4..a7 go below the stack of its caller. */
	S32E(0, 9, 12)
	L32E(0, 1, 13)
	S32E(1, 9, 13)
	S32E(2, 9, 14)
	S32E(3, 9, 15)
	S32E(4, 0, 8)
	S32E(5, 0, 9)
	S32E(6, 0, 10)
	S32E(7, 0, 11)
	RFWO
	.org 0x300
	j handler
	.org 0x340
	j handler

	.text
	.align 4
	.global start
start:
	movi a0, vectors
	wsr.vecbase a0
	movi a0, 0
	WSR_WINDOWBASE(0)
	movi a2, 1
	WSR_WINDOWSTART(2)
	rsync
	movi a1, stack_top
	movi a2, PS_WITH_WINDOWS
	wsr.ps a2
	rsync
	movi a6, 41
	movi a4, app
	CALLX4_A4

	.align 4
handler:
	wsr.excsave1 a0
	movi a0, saved
	.irp number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	s32i a\number, a0, 20 + 4 * \number
	.endr
	rsr.epc1 a2
	s32i a2, a0, 0
	rsr.exccause a2
	s32i a2, a0, 4
	rsr.excvaddr a2
	s32i a2, a0, 8
	rsr.sar a2
	s32i a2, a0, 12
	rsr.ps a2
	s32i a2, a0, 16
	rsr.excsave1 a2
	s32i a2, a0, 20
	movi a2, PS_WITH_WINDOWS
	wsr.ps a2
	rsync
	l32i a2, a0, 28
	rsr.excsave1 a0
	/* Windows are spilled by calling until all of them have been needed. */
	movi a6, 9
	movi a4, spill
	CALLX4_A4
	.align 4
spill:
	ENTRY_A1_32
	beqz a2, 1f
	addi a6, a2, -1
	movi a4, spill
	CALLX4_A4
1:	movi a2, SIMCALL_WRITE
	movi a3, 1
	movi a4, ram
	movi a5, RAM_SIZE
	SIMCALL
	movi a2, SIMCALL_EXIT
	movi a3, 0
	SIMCALL
