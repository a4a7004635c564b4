/* Reset and exceptions of an Xtensa core with the call0 calling convention (Xtensa Instruction Set Architecture
 * Reference Manual, "Exception Option" and "Interrupt Option"). */

/* Interrupts stay masked until board_init. Register windows are off (PS.WOE is 0), whatever a boot loader used, and
 * no exception is in progress (PS.EXCM is 0). */
__asm__(".section .boot, \"ax\"\n"
        ".literal_position\n"
        ".align 4\n"
        ".global board_reset\n"
        "board_reset:\n"
        "    movi a2, 0xF\n" /* PS.INTLEVEL */
        "    wsr.ps a2\n"
        "    rsync\n"
        "    movi a1, memory_stack_top\n"
        "    movi a2, exception_vectors\n"
        "    wsr.vecbase a2\n"
        "    movi a0, board_start\n"
        "    jx a0\n");

/* Kernel, user and double exception, at their offsets in LX106 and then at those in ESP32's LX6 and ESP32-S3's LX7
 * (core-isa.h of each: XCHAL_KERNEL_VECOFS, XCHAL_USER_VECOFS, XCHAL_DOUBLEEXC_VECOFS). A core's other vectors are
 * those of register windows, of interrupts above level 1 and of the debugger, none of which is used. */
__asm__(".section .boot, \"ax\"\n"
        ".balign 1024\n"
        "exception_vectors:\n"
        "    .org exception_vectors + 0x30\n"
        "    j exception\n"
        "    .org exception_vectors + 0x50\n"
        "    j exception\n"
        "    .org exception_vectors + 0x70\n"
        "    j exception\n"
        "    .org exception_vectors + 0x300\n"
        "    j exception\n"
        "    .org exception_vectors + 0x340\n"
        "    j exception\n"
        "    .org exception_vectors + 0x3C0\n"
        "    j exception\n");

/* Saves what a C function may change: a0, a2 to a11 and the shift amount. */
__asm__(".section .boot, \"ax\"\n"
        ".literal_position\n"
        ".align 4\n"
        "exception:\n"
        "    addi a1, a1, -48\n"
        "    s32i a0, a1, 0\n"
        "    s32i a2, a1, 4\n"
        "    s32i a3, a1, 8\n"
        "    s32i a4, a1, 12\n"
        "    s32i a5, a1, 16\n"
        "    s32i a6, a1, 20\n"
        "    s32i a7, a1, 24\n"
        "    s32i a8, a1, 28\n"
        "    s32i a9, a1, 32\n"
        "    s32i a10, a1, 36\n"
        "    s32i a11, a1, 40\n"
        "    rsr.sar a2\n"
        "    s32i a2, a1, 44\n"
        "    movi a0, board_exception\n"
        "    callx0 a0\n"
        "    l32i a2, a1, 44\n"
        "    wsr.sar a2\n"
        "    l32i a0, a1, 0\n"
        "    l32i a2, a1, 4\n"
        "    l32i a3, a1, 8\n"
        "    l32i a4, a1, 12\n"
        "    l32i a5, a1, 16\n"
        "    l32i a6, a1, 20\n"
        "    l32i a7, a1, 24\n"
        "    l32i a8, a1, 28\n"
        "    l32i a9, a1, 32\n"
        "    l32i a10, a1, 36\n"
        "    l32i a11, a1, 40\n"
        "    addi a1, a1, 48\n"
        "    rfe\n");
