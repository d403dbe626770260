// The records that meshing writes and rendering reads, also declared in kbvr/ldi/quads.py.

#pragma once

#include <cstdint>

#if defined(_WIN32)
#define KBVR_API extern "C" __declspec(dllexport)
#else
#define KBVR_API extern "C" __attribute__((visibility("default")))
#endif

struct Quad {
    float u, v, half, d, du, dv, slack_px;  // slack_px: further growth, for cells that are not quite planar
    int32_t layer;
};

struct Block {
    float u0, v0, u1, v1, d_min, d_max;
    int32_t first, count, soft, unused;
};
