// Convert sRGB pictures to the pixel format of video encoders: Y'CbCr 4:2:0 of BT.709 in narrow range.
//
// With R, G, B from 0 to 255 (ITU-R BT.709-6, sections 3.2 to 3.5, for 8 bits):
//
//     Y  = 16 + 219/255 (0.2126 R + 0.7152 G + 0.0722 B)
//     Cb = 128 + 224/255 (B - Y0) / 1.8556,    Cr = 128 + 224/255 (R - Y0) / 1.5748,    Y0 the bracket of Y,
//
// with 16 fractional bits. A chroma sample is that of the mean of its four pixels. Integer arithmetic gives the same
// bytes on every machine.

#include "quads.h"

namespace {

constexpr int CHUNK = 256;  // pixels split into planes at once

struct Planes {
    uint8_t r[CHUNK], g[CHUNK], b[CHUNK];
};

void split(const uint8_t* rgb, int count, Planes* p) {
    for (int x = 0; x < count; ++x) {
        p->r[x] = rgb[3 * x];
        p->g[x] = rgb[3 * x + 1];
        p->b[x] = rgb[3 * x + 2];
    }
}

void luma(const Planes& p, int count, uint8_t* y) {
    for (int x = 0; x < count; ++x)
        y[x] = static_cast<uint8_t>((11966 * p.r[x] + 40254 * p.g[x] + 4064 * p.b[x] + (33 << 15)) >> 16);
}

void chroma(const Planes& upper, const Planes& lower, int count, uint8_t* cb, uint8_t* cr) {
    const auto sum = [](const uint8_t* a, const uint8_t* b, int x) { return a[x] + a[x + 1] + b[x] + b[x + 1]; };
    for (int i = 0; i < count / 2; ++i) {
        const int r = sum(upper.r, lower.r, 2 * i), g = sum(upper.g, lower.g, 2 * i), b = sum(upper.b, lower.b, 2 * i);
        cb[i] = static_cast<uint8_t>((-6596 * r - 22188 * g + 28784 * b + (257 << 17)) >> 18);
        cr[i] = static_cast<uint8_t>((28784 * r - 26145 * g - 2639 * b + (257 << 17)) >> 18);
    }
}

}  // namespace

// Convert a picture (height, width, 3) with even sides; strides are bytes per row.
KBVR_API void kbvr_yuv420(const uint8_t* rgb, int32_t width, int32_t height, uint8_t* y, int32_t y_stride, uint8_t* cb,
                          int32_t cb_stride, uint8_t* cr, int32_t cr_stride) {
    Planes upper, lower;
    for (int row = 0; row < height; row += 2) {
        const uint8_t* from = rgb + 3 * static_cast<int64_t>(row) * width;
        uint8_t* to = y + static_cast<int64_t>(row) * y_stride;
        for (int x = 0; x < width; x += CHUNK) {
            const int count = width - x < CHUNK ? width - x : CHUNK;
            split(from + 3 * x, count, &upper);
            split(from + 3 * (x + width), count, &lower);
            luma(upper, count, to + x);
            luma(lower, count, to + y_stride + x);
            const int64_t half = row / 2;
            chroma(upper, lower, count, cb + half * cb_stride + x / 2, cr + half * cr_stride + x / 2);
        }
    }
}
