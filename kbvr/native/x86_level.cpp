// Find out which compiled variants this machine can run.

#include "quads.h"

// Highest x86-64 level of this machine (2, 3 or 4); 0 on other architectures.
KBVR_API int32_t kbvr_x86_level() {
#if defined(__x86_64__) || defined(_M_X64)
    const auto cpuid = [](uint32_t leaf, uint32_t sub, uint32_t* r) {
        __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
    };
    const auto all = [](uint32_t value, uint32_t bits) { return (value & bits) == bits; };
    uint32_t top[4], one[4], seven[4], extended[4];
    cpuid(0, 0, top);
    cpuid(1, 0, one);
    if (top[0] < 7 || !all(one[2], 1u << 27)) return 2;  // OSXSAVE
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpuid(7, 0, seven);
    cpuid(0x80000001u, 0, extended);
    const bool v3 = all(low, 0x6u) && all(one[2], 1u << 12 | 1u << 22 | 1u << 28 | 1u << 29) &&
                    all(seven[1], 1u << 3 | 1u << 5 | 1u << 8) && all(extended[2], 1u << 5);
    const bool v4 = v3 && all(low, 0xE6u) && all(seven[1], 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31);
    return v4 ? 4 : (v3 ? 3 : 2);
#else
    return 0;
#endif
}
