// Render a scene of planar quads from any camera.
//
// A quad is a square of one layer on the photo's plane: centre (u, v) in photo pixels, half its side, and a
// plane of inverse depth d(u, v) = d + du (u - uc) + dv (v - vc). A camera is "plane + parallax":
//
//     (X, Y, w) = H (u, v, 1) + d e,    x = X / w,  y = Y / w,  new inverse depth z = d / w,
//
// so position and depth come out of one expression. Within one small quad the map is taken as affine around the
// quad's centre; its Jacobian is inverted, and every row of the quad is a span in which u, v and z are linear in x.
//
// On the row dy below the centre, |u - uc| <= half_u and |v - vc| <= half_v bound x - x0 from both sides:
//
//     u - uc = ux (x - x0) + uy dy   =>   |x - x0 + (uy / ux) dy| <= half_u / |ux|,   and likewise for v.
//
// The picture is drawn in tiles of TILE_ROWS whole rows that stay in the cache. Each pixel keeps the nearest opaque
// sample and the nearest soft one (a sample of a matte layer, whose alpha comes from the texture). Colours are
// fetched after all quads of a tile are drawn, a row at a time: first each pixel's position in the texture (float
// arithmetic that compilers vectorize), then the blend of the four texels there. Quads are set up and their rows found
// LANES at a time, and spans advance in steps of LANES pixels. Arithmetic is strictly ordered and never fused, so that
// every instruction set and every number of threads gives the same bytes.

#include "quads.h"
#include "texels.h"

#include <cmath>
#include <cstring>

namespace {

constexpr int TILE_ROWS = 32;
constexpr int LANES = 8;                  // quads, rows or pixels processed at once

struct Constant {
    const char* name;
    float value;
};

// Constants shared with gpu.wgsl: gpu_scene.py reads them from here and appends them to the shader's source.
#define SHARED_CONSTANTS(constant)                                                                                    \
    constant(GROWTH_PX, 0.12f)         /* hides the seams between neighbours that do not share vertices */            \
    constant(NO_SAMPLE, -1.0f)         /* inverse depth where no quad was drawn */                                    \
    constant(TOO_CLOSE, 0.15f)         /* nearer than this (new depth over old) a surface is passed, not seen */      \
    constant(MOST_STRETCH, 4.0f)       /* stretched by this much more than it is enlarged, it is no surface */        \
    constant(MOST_GROWN, 2.0f)         /* times its growth when it faces the camera: a lean quad reaches no farther */  \
    constant(EDGE_ON, 0.02f)           /* width over length; a narrower quad would show its growth only */            \
    constant(HIDDEN_DEPTH_BIAS, 0.96f) /* times the inverse depth of hidden layers, which so lose ties */             \
    constant(SAME_SURFACE, 0.98f)      /* a soft sample is kept unless it is farther than the opaque one by more */

#define DEFINED(name, value) constexpr float name = value;
#define LISTED(name, value) {#name, value},
SHARED_CONSTANTS(DEFINED)
constexpr Constant SHARED[] = {SHARED_CONSTANTS(LISTED){nullptr, 0}};

// As in texels.h.
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

struct Plane {  // a sample buffer of one tile
    float *z, *u, *v;
};

struct View {
    float h[9], e[3];
    int32_t width, height;
    float enlargement;  // focal length divided by the photo's
};

struct Rows {
    float first, last;
};

// First and last screen row that a block can touch; none if the block is outside the picture.
Rows block_rows(const Block& b, const View& c) {
    float top = 1e30f, bottom = -1e30f, left = 1e30f, right = -1e30f;
    for (int corner = 0; corner < 8; ++corner) {
        const float u = corner & 1 ? b.u1 : b.u0, v = corner & 2 ? b.v1 : b.v0;
        const float d = corner & 4 ? b.d_max : b.d_min;
        const float w = c.h[6] * u + c.h[7] * v + c.h[8] + d * c.e[2];
        if (!(w > 0.1f)) return {0, static_cast<float>(c.height)};  // close to the camera's plane: it may be anywhere
        const float inv_w = 1.0f / w;
        const float x = (c.h[0] * u + c.h[1] * v + c.h[2] + d * c.e[0]) * inv_w;
        const float y = (c.h[3] * u + c.h[4] * v + c.h[5] + d * c.e[1]) * inv_w;
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
    }
    if (right < -2 || left > static_cast<float>(c.width) + 2) return {1e30f, -1e30f};
    return {top - 2, bottom + 2};
}

inline Floats all(float x) { return Floats{} + x; }

// Whole vectors are read and written, unchanged beyond the span: LANES floats behind a plane are reserved for that.
inline void draw_span(const Plane& p, int64_t at, int count, float z, float dz, float z_most, float u, float du, float v,
                      float dv) {
    float *pz = p.z + at, *pu = p.u + at, *pv = p.v + at;
    const Floats lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const float end = static_cast<float>(count);
    for (int i = 0; i < count; i += LANES) {
        const Floats t = lane + static_cast<float>(i);
        const Floats zi = lesser(z + t * dz, all(z_most)), old_z = load<Floats>(pz + i);
        const Ints nearer = (zi > old_z) & (t < end);
        store(pz + i, nearer ? zi : old_z);
        store(pu + i, nearer ? u + t * du : load<Floats>(pu + i));
        store(pv + i, nearer ? v + t * dv : load<Floats>(pv + i));
    }
}

// Eight quads, ready to be drawn; y_first > y_last if there is nothing to draw.
struct Drawn {
    Floats x0, y0, z0, zx, zy, z_most, u, ux, uy, v, vx, vy, layer_v, lean_u, reach_u, lean_v, reach_v, reach_x, depth_bias;
    Ints y_first, y_last;
};

inline Floats absolute(Floats x) { return __builtin_elementwise_abs(x); }
inline Floats clamped(Floats x, float low, float high) { return x < low ? all(low) : (x > high ? all(high) : x); }

static_assert(LANES == 8 && sizeof(Quad) == sizeof(Floats), "eight quads of eight numbers are set up at once");

// Transpose eight records of eight numbers, in three rounds of interleaving halves.
inline void transpose(Floats* r) {
    Floats a[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        a[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; ++i) {
        const int low = i & ~2, high = i | 2;
        r[i] = i & 2 ? __builtin_shufflevector(a[low], a[high], 2, 3, 10, 11, 6, 7, 14, 15)
                     : __builtin_shufflevector(a[low], a[high], 0, 1, 8, 9, 4, 5, 12, 13);
    }
    for (int i = 0; i < 4; ++i) {
        const Floats low = r[i], high = r[i + 4];
        r[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// Set up the first `count` of eight quads for the rows [row_begin, row_end).
Drawn set_up(const Quad* eight, int count, const View& c, const Texture& t, int row_begin, int row_end) {
    Floats r[8];
    std::memcpy(r, eight, sizeof r);
    transpose(r);
    const Floats u = r[0], v = r[1], half = r[2], d = r[3], du = r[4], dv = r[5], slack_px = r[6];
    const Floats w = c.h[6] * u + c.h[7] * v + c.h[8] + d * c.e[2];
    Ints visible = w > TOO_CLOSE;
    const Floats inv_w = 1.0f / w;
    const Floats x0 = (c.h[0] * u + c.h[1] * v + c.h[2] + d * c.e[0]) * inv_w;
    const Floats y0 = (c.h[3] * u + c.h[4] * v + c.h[5] + d * c.e[1]) * inv_w;
    const Floats z0 = d * inv_w;
    const Floats wu = c.h[6] + du * c.e[2], wv = c.h[7] + dv * c.e[2];
    const Floats xu = (c.h[0] + du * c.e[0] - x0 * wu) * inv_w, xv = (c.h[1] + dv * c.e[0] - x0 * wv) * inv_w;
    const Floats yu = (c.h[3] + du * c.e[1] - y0 * wu) * inv_w, yv = (c.h[4] + dv * c.e[1] - y0 * wv) * inv_w;
    const Floats det = xu * yv - xv * yu;
    visible &= (det > 1e-4f) & (det < 1e8f);  // neither seen from behind nor edge on, and finite
    const Floats enlarged = c.enlargement * inv_w, stretch = xu * xu + xv * xv + yu * yu + yv * yv;
    visible &= (stretch <= 2 * MOST_STRETCH * MOST_STRETCH * enlarged * enlarged) & (det >= EDGE_ON * stretch);
    const Floats inv_det = 1.0f / det;
    const Floats ux = yv * inv_det, uy = -xv * inv_det, vx = -yu * inv_det, vy = xu * inv_det;
    const Floats zu = (du - z0 * wu) * inv_w, zv = (dv - z0 * wv) * inv_w;
    const Floats grow = GROWTH_PX + slack_px;
    const Floats most = (MOST_GROWN / c.enlargement) * w;
    const Floats half_u = half + grow * lesser(absolute(ux) + absolute(uy), most);
    const Floats half_v = half + grow * lesser(absolute(vx) + absolute(vy), most);
    const Floats reach_y = half_u * absolute(yu) + half_v * absolute(yv);
    const Floats reach_x = half_u * absolute(xu) + half_v * absolute(xv);
    const float begin = static_cast<float>(row_begin), end = static_cast<float>(row_end);
    // Written so that NaN is skipped too.
    visible &= (y0 + reach_y >= begin) & (y0 - reach_y <= end) & (x0 + reach_x >= 0.0f);
    visible &= (x0 - reach_x <= static_cast<float>(c.width)) & (Ints{0, 1, 2, 3, 4, 5, 6, 7} < count);
    const Floats first = __builtin_elementwise_ceil(clamped(y0 - reach_y - 0.5f, begin, end));
    const Floats last = __builtin_elementwise_floor(clamped(y0 + reach_y - 0.5f, -1.0f, end - 1));
    // The span of a row, relative to x0: within lean_u dy +- reach_u and lean_v dy +- reach_v.
    const Ints across_u = absolute(ux) > 1e-6f, across_v = absolute(vx) > 1e-6f;
    const Floats inv_ux = across_u ? 1.0f / ux : all(0), inv_vx = across_v ? 1.0f / vx : all(0);
    const Ints layer = load<Ints>(r + 7);
    return {x0, y0, z0, zu * ux + zv * vx, zu * uy + zv * vy,
            z0 + half * (absolute(zu) + absolute(zv)),  // where a quad is grown it comes no nearer
            u, ux, uy, v, vx, vy,
            __builtin_convertvector(layer, Floats) * t.layer_height_px,
            -uy * inv_ux, across_u ? half_u * absolute(inv_ux) : reach_x,
            -vy * inv_vx, across_v ? half_v * absolute(inv_vx) : reach_x, reach_x,
            layer >= t.first_hidden ? all(HIDDEN_DEPTH_BIAS) : all(1.0f),
            __builtin_convertvector(visible ? first : all(1), Ints),
            __builtin_convertvector(visible ? last : all(0), Ints)};
}

// Draw one of eight quads, LANES rows at once.
void draw_quad(const Drawn& q, int i, const View& c, const Plane& plane, int row_begin) {
    const Floats lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const float x0 = q.x0[i], reach_x = q.reach_x[i], last_x = static_cast<float>(c.width - 1);
    const int y_last = q.y_last[i];
    for (int y = q.y_first[i]; y <= y_last; y += LANES) {
        const Floats dy = lane + static_cast<float>(y) + 0.5f - q.y0[i];
        const Floats at_u = q.lean_u[i] * dy, at_v = q.lean_v[i] * dy;
        const Floats low = greater(greater(at_u - q.reach_u[i], at_v - q.reach_v[i]), all(-reach_x));
        const Floats high = lesser(lesser(at_u + q.reach_u[i], at_v + q.reach_v[i]), all(reach_x));
        const Floats from = __builtin_elementwise_ceil(clamped(x0 + low - 0.5f, 0.0f, last_x + 1));
        const Floats to = __builtin_elementwise_floor(clamped(x0 + high - 0.5f, -1.0f, last_x));
        const Floats dx = from + 0.5f - x0;
        const Floats z = (q.z0[i] + q.zx[i] * dx + q.zy[i] * dy) * q.depth_bias[i], u = q.u[i] + q.ux[i] * dx + q.uy[i] * dy;
        const Floats v = q.v[i] + q.vx[i] * dx + q.vy[i] * dy + q.layer_v[i];
        const Ints x_first = __builtin_convertvector(from, Ints), x_last = __builtin_convertvector(to, Ints);
        const int rows = y_last - y + 1 < LANES ? y_last - y + 1 : LANES;
        int64_t row = static_cast<int64_t>(y - row_begin) * c.width;
        for (int k = 0; k < rows; ++k, row += c.width)
            draw_span(plane, row + x_first[k], x_last[k] - x_first[k] + 1, z[k], q.zx[i] * q.depth_bias[i],
                      q.z_most[i] * q.depth_bias[i], u[k], q.ux[i], v[k], q.vx[i]);
    }
}

// Draw a block's quads into the rows [row_begin, row_end), eight at a time.
void draw_block(const Quad* quads, int count, const View& c, const Texture& t, const Plane& plane, int row_begin,
                int row_end) {
    for (int first = 0; first < count; first += LANES) {
        const int some = count - first < LANES ? count - first : LANES;
        Quad eight[LANES] = {};
        std::memcpy(eight, quads + first, some * sizeof(Quad));
        const Drawn drawn = set_up(eight, some, c, t, row_begin, row_end);
        for (int i = 0; i < some; ++i) draw_quad(drawn, i, c, plane, row_begin);
    }
}

// Give each uncovered pixel of a row the colour of its farther covered neighbour.
int fill_row(uint32_t* colours, const float* z, int width) {
    int missing = 0;
    for (int x = 0; x < width; ++x) missing += z[x] > NO_SAMPLE ? 0 : 1;
    if (missing == 0) return 0;
    for (int x = 0; x < width;) {
        if (z[x] > NO_SAMPLE) {
            ++x;
            continue;
        }
        int end = x;
        while (end < width && !(z[end] > NO_SAMPLE)) ++end;
        uint32_t colour = 0;
        if (x > 0 && end < width) colour = z[x - 1] <= z[end] ? colours[x - 1] : colours[end];
        else if (x > 0) colour = colours[x - 1];
        else if (end < width) colour = colours[end];
        for (; x < end; ++x) colours[x] = colour;
    }
    return missing;
}

inline bool any_drawn(const float* z) {
    const Ints drawn = load<Floats>(z) > NO_SAMPLE;
    int32_t any = 0;
    for (int i = 0; i < LANES; ++i) any |= drawn[i];
    return any != 0;
}

// Blend the soft samples of a row over its colours.
void blend_soft(float* z, const float* z_soft, const float* u, const float* v, const Texture& t, int layers, int width,
                uint32_t* colours) {
    for (int x = 0; x < width; ++x) {
        if (x % LANES == 0)  // soft samples are rare: skip whole vectors without any
            while (x + LANES <= width && !any_drawn(z_soft + x)) x += LANES;
        if (x == width) return;
        if (!(z_soft[x] > NO_SAMPLE && z_soft[x] >= z[x] * SAME_SURFACE)) continue;
        const uint32_t over = blend(t, place_of(t, u[x], v[x], layers));
        if (z[x] > NO_SAMPLE) {
            colours[x] = lay_over(colours[x], over);
        } else if (over >> 24 > 127) {
            colours[x] = whole(over);
            z[x] = z_soft[x];
        }
    }
}

void resolve_row(const Plane& opaque, const Plane& soft, int64_t at, const Texture& t, int layers, int width,
                 uint32_t* index, uint32_t* weights, uint32_t* colours) {
    const float *u = opaque.u + at, *v = opaque.v + at;
    for (int x = 0; x < width; ++x) {
        const Place p = place_of(t, u[x], v[x], layers);
        index[x] = p.index;
        weights[x] = static_cast<uint32_t>(p.right) | static_cast<uint32_t>(p.lower) << 16;
    }
    int x = 0;
    for (; x + 4 <= width; x += 4) blend_four(t, index + x, weights + x, colours + x);
    for (; x < width; ++x) colours[x] = blend(t, place_of(t, u[x], v[x], layers));
    blend_soft(opaque.z + at, soft.z + at, soft.u + at, soft.v + at, t, layers, width, colours);
}

// Four pixels at a time; the last bytes written are overwritten by the next ones, so the row's end goes one by one.
void store_rgb(const uint32_t* colours, int width, uint8_t* rgb) {
    int x = 0;
    for (; x + 6 <= width; x += 4) {
        const FourTexels rgba = load<FourTexels>(colours + x);
        store(rgb + 3 * x, __builtin_shufflevector(rgba, rgba, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15));
    }
    for (; x < width; ++x) std::memcpy(rgb + 3 * x, colours + x, 3);
}

}  // namespace

// The shared constants; the last has no name.
KBVR_API const Constant* kbvr_shared_constants() { return SHARED; }

// Number of scratch floats that kbvr_render_rows requires.
KBVR_API int64_t kbvr_scratch_floats(int32_t width, int32_t block_count) {
    return 6 * static_cast<int64_t>(TILE_ROWS) * width + LANES + 3 * static_cast<int64_t>(width) +
           2 * static_cast<int64_t>(block_count);
}

// Draw rows [row_begin, row_end) of a view into rgb (height, width, 3); row_begin is a multiple of TILE_ROWS.
// empty (height bytes) is set to 1 for rows without a covered pixel, which stay black. Returns the number of uncovered
// pixels.
KBVR_API int64_t kbvr_render_rows(const Quad* quads, const Block* blocks, int32_t block_count, const View* view,
                                  const Texture* texture, int32_t layers, float* scratch, uint8_t* rgb,
                                  uint8_t* empty, int32_t row_begin, int32_t row_end) {
    const int width = view->width;
    const int64_t size = static_cast<int64_t>(TILE_ROWS) * width;
    const Plane opaque = {scratch, scratch + size, scratch + 2 * size};
    const Plane soft = {scratch + 3 * size, scratch + 4 * size, scratch + 5 * size};
    uint32_t* index = reinterpret_cast<uint32_t*>(scratch + 6 * size + LANES);
    uint32_t *weights = index + width, *colours = weights + width;
    Rows* rows = reinterpret_cast<Rows*>(colours + width);
    for (int32_t b = 0; b < block_count; ++b) rows[b] = block_rows(blocks[b], *view);
    int64_t missing = 0;
    for (int tile = row_begin; tile < row_end; tile += TILE_ROWS) {
        const int tile_end = tile + TILE_ROWS < row_end ? tile + TILE_ROWS : row_end;
        for (int64_t i = 0; i < size; ++i) opaque.z[i] = NO_SAMPLE;
        for (int64_t i = 0; i < size; ++i) soft.z[i] = NO_SAMPLE;
        for (int32_t b = 0; b < block_count; ++b) {
            if (rows[b].last < tile || rows[b].first > tile_end) continue;
            const Block& block = blocks[b];
            const Plane& plane = block.soft ? soft : opaque;
            draw_block(quads + block.first, block.count, *view, *texture, plane, tile, tile_end);
        }
        for (int y = tile; y < tile_end; ++y) {
            const int64_t at = static_cast<int64_t>(y - tile) * width;
            resolve_row(opaque, soft, at, *texture, layers, width, index, weights, colours);
            const int uncovered = fill_row(colours, opaque.z + at, width);
            empty[y] = uncovered == width;
            missing += uncovered;
            store_rgb(colours, width, rgb + static_cast<int64_t>(y) * width * 3);
        }
    }
    return missing;
}
