// Cover one layer with squares in which inverse depth is a plane.
//
// A square of side s with samples d(x, y), offsets p = x - (s - 1) / 2 and q from its middle, has by least squares
//
//     d = mean d,   du = sum p d / (s sum p^2),   dv = sum q d / (s sum p^2),
//
// and the error max |d + du p + dv q - d(x, y)|. If it is not planar enough, its four quarters are tried, so that every
// pixel with a surface is covered exactly once, by a square whose side is 1 to 32.
//
// Where two squares meet, depth may bend or step by less than a jump; a square grows by half of that (slack_px) to
// hide the seam. Bend is the second difference of depth along rows and columns, step the first, both without jumps.
//
// Sums accumulate column by column, in the same order on every instruction set.

#include "quads.h"

#include <cmath>

namespace {

constexpr int LARGEST = 32;
constexpr int BLOCK_PX = 32;
constexpr float MOST_SLACK_PX = 1.0f;

struct Layer {
    const float* depth;    // (height, width), 1/m
    const uint8_t* alpha;  // the last of each pixel's four bytes
    int32_t width, height, largest, index, soft, margin;
};

struct Limits {
    float tolerance;     // largest error of a quad, 1/m
    float jump;          // largest difference between neighbouring pixels of one surface, 1/m
    float per_px;        // one pixel of parallax at the largest camera move, 1/m
    float forward_m;     // the largest move along the optical axis
    float tolerance_px;  // largest error from perspective within a quad
};

inline float greater(float a, float b) { return a > b ? a : b; }

inline float rise(const Layer& l, int from, int to, float jump) {
    const float step = l.depth[to] - l.depth[from];
    return std::fabs(step) > jump ? 0.0f : step;
}

// Maximum bend of a square's pixels, or maximum step for a square of one pixel.
float seam(const Layer& l, int x0, int y0, int side, float jump) {
    float most = 0;
    for (int y = y0; y < y0 + side; ++y) {
        const bool above = y > 0, below = y + 1 < l.height;
        for (int x = x0; x < x0 + side; ++x) {
            const int at = y * l.width + x;
            const float left = x > 0 ? rise(l, at - 1, at, jump) : 0, right = x + 1 < l.width ? rise(l, at, at + 1, jump) : 0;
            const float up = above ? rise(l, at - l.width, at, jump) : 0, down = below ? rise(l, at, at + l.width, jump) : 0;
            if (side == 1)
                return greater(greater(std::fabs(left), std::fabs(right)), greater(std::fabs(up), std::fabs(down)));
            if (x > 0 && x + 1 < l.width) most = greater(most, std::fabs(right - left));
            if (above && below) most = greater(most, std::fabs(down - up));
        }
    }
    return most;
}

// Fit a plane to a square; return whether it is within the limits.
bool fit(const Layer& l, const Limits& limits, int x0, int y0, int side, Quad* quad) {
    float sum[LARGEST] = {0}, lean[LARGEST] = {0}, error[LARGEST] = {0};
    const float middle = static_cast<float>(side - 1) / 2;
    const float* corner = l.depth + static_cast<int64_t>(y0) * l.width + x0;
    for (int y = 0; y < side; ++y) {
        const float* row = corner + static_cast<int64_t>(y) * l.width;
        const float q = static_cast<float>(y) - middle;
        for (int x = 0; x < side; ++x) {
            sum[x] += row[x];
            lean[x] += q * row[x];
        }
    }
    float d = 0, du = 0, dv = 0, squares = 0;
    for (int x = 0; x < side; ++x) {
        const float p = static_cast<float>(x) - middle;
        d += sum[x];
        du += p * sum[x];
        dv += lean[x];
        squares += p * p;
    }
    const float norm = greater(1.0f, static_cast<float>(side) * squares);
    d /= static_cast<float>(side * side);
    du /= norm;
    dv /= norm;
    const float steepest = greater(std::fabs(du), std::fabs(dv));
    if (!(steepest <= limits.jump)) return false;
    // Small enough for perspective within it to be nearly affine.
    const float half = static_cast<float>(side) / 2;
    if (side > 2 && !(half * half * steepest * limits.forward_m <= limits.tolerance_px)) return false;
    for (int y = 0; y < side; ++y) {
        const float* row = corner + static_cast<int64_t>(y) * l.width;
        const float base = d + dv * (static_cast<float>(y) - middle);
        for (int x = 0; x < side; ++x) {
            const float away = std::fabs(row[x] - (base + du * (static_cast<float>(x) - middle)));
            error[x] = away > error[x] ? away : error[x];
        }
    }
    float most = 0;
    for (int x = 0; x < side; ++x) most = greater(most, error[x]);
    if (side > 2 && !(most <= limits.tolerance)) return false;
    const float slack = greater(most - limits.tolerance, seam(l, x0, y0, side, limits.jump) / 2) / limits.per_px;
    const float margin = static_cast<float>(l.margin);
    *quad = {static_cast<float>(x0) + half - margin, static_cast<float>(y0) + half - margin, half, d, du, dv,
             slack < MOST_SLACK_PX ? slack : MOST_SLACK_PX, l.index};
    return true;
}

// Cover a square's pixels that have a surface; return the end of the quads.
Quad* cover(const Layer& l, const Limits& limits, int x0, int y0, int side, Quad* out) {
    if (x0 >= l.width || y0 >= l.height) return out;
    bool any = false, all = x0 + side <= l.width && y0 + side <= l.height;
    for (int y = y0; y < y0 + side && y < l.height; ++y) {
        const uint8_t* alpha = l.alpha + 4 * static_cast<int64_t>(y) * l.width;
        for (int x = x0; x < x0 + side && x < l.width; ++x) {
            any |= alpha[4 * x] > 0;
            all &= alpha[4 * x] > 0;
        }
    }
    if (!any) return out;
    if (all && fit(l, limits, x0, y0, side, out)) return out + 1;
    if (side == 1) return out;
    const int half = side / 2;
    for (int quarter = 0; quarter < 4; ++quarter)
        out = cover(l, limits, x0 + (quarter & 1) * half, y0 + (quarter >> 1) * half, half, out);
    return out;
}

Block box(const Layer& l, const Quad* first, const Quad* end) {
    Block b = {1e30f, 1e30f, -1e30f, -1e30f, 1e30f, -1e30f, 0, static_cast<int32_t>(end - first), l.soft, 0};
    for (const Quad* q = first; q < end; ++q) {
        const float lean = (std::fabs(q->du) + std::fabs(q->dv)) * q->half;
        b.u0 = -greater(-b.u0, q->half - q->u);
        b.v0 = -greater(-b.v0, q->half - q->v);
        b.u1 = greater(b.u1, q->u + q->half);
        b.v1 = greater(b.v1, q->v + q->half);
        b.d_min = -greater(-b.d_min, lean - q->d);
        b.d_max = greater(b.d_max, q->d + lean);
    }
    return b;
}

}  // namespace

KBVR_API int32_t kbvr_block_px() { return BLOCK_PX; }

// Mesh rows [row, row + BLOCK_PX) of a layer; row is a multiple of BLOCK_PX. `quads` must hold one quad per pixel,
// `blocks` one block per BLOCK_PX columns; blocks count quads from the start of `quads`. Returns the number of blocks.
KBVR_API int32_t kbvr_mesh_rows(const Layer* layer, const Limits* limits, int32_t row, Quad* quads, Block* blocks) {
    int32_t count = 0;
    Quad* end = quads;
    for (int x = 0; x < layer->width; x += BLOCK_PX) {
        Quad* first = end;
        for (int y = row; y < row + BLOCK_PX; y += layer->largest)
            for (int inside = x; inside < x + BLOCK_PX; inside += layer->largest)
                end = cover(*layer, *limits, inside, y, layer->largest, end);
        if (end == first) continue;
        blocks[count] = box(*layer, first, end);
        blocks[count++].first = static_cast<int32_t>(first - quads);
    }
    return count;
}
