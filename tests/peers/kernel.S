# The guest of tests that need none: it halts. A kernel for QEMU (PVH) and for Firecracker alike.
    .section .note.pvh, "a", @note
    .align 4
    .long 4, 8, 18              # XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad _start
    .text
    .code32
    .globl _start
_start:
    cli
1:  hlt
    jmp 1b
