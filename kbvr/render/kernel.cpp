// Draw a scene of planar quads from any camera.
//
// A quad is a square of one layer on the photo's plane: centre (u, v) in photo pixels, half its side, and a
// plane of inverse depth d(u, v) = d + du (u - uc) + dv (v - vc). A camera is "plane + parallax":
//
//     (X, Y, w) = H (u, v, 1) + d e,    x = X / w,  y = Y / w,  new inverse depth z = d / w,
//
// so position and depth come out of one expression. Within one small quad the map is taken as affine around the
// quad's centre; its Jacobian is inverted, and every row of the quad is a span in which u, v and z are linear in x.
//
// On the row that lies dy below the centre, |u - uc| <= half_u and |v - vc| <= half_v bound x - x0 from both sides:
//
//     u - uc = ux (x - x0) + uy dy   =>   |x - x0 + (uy / ux) dy| <= half_u / |ux|,   and so for v.
//
// The picture is drawn in tiles of TILE_ROWS whole rows that stay in the cache. Each pixel keeps the nearest opaque
// sample and the nearest soft one (a sample of a matte layer, whose alpha comes from the texture). Colours are
// fetched after all quads of a tile are drawn, a row at a time: first where each pixel lies in the texture (float
// arithmetic that compilers turn into vector instructions), then the blend of the four texels there. Spans go in
// steps of LANES pixels. Arithmetic is strictly ordered and never fused, so that every instruction set and every
// number of threads gives the same bytes.

#include "quads.h"

#include <cmath>
#include <cstring>

namespace {

constexpr int TILE_ROWS = 32;
constexpr int LANES = 8;                  // pixels that a span is drawn by at once
constexpr float GROWTH_PX = 0.12f;        // hides the seams between neighbours that do not share vertices
constexpr float NOTHING = -1.0f;          // inverse depth where no quad was drawn
constexpr float TOO_CLOSE = 0.15f;        // what has come so much nearer (new depth over old) is passed, not seen
constexpr float RUBBER = 4.0f;            // what is drawn out by so much more than it is enlarged is no surface
constexpr float EDGE_ON = 0.02f;          // width over length; what is narrower shows its growth only
constexpr float BEHIND = 0.96f;           // a layer behind the front one is drawn as so much farther: it loses ties
constexpr float SAME_SURFACE = 0.98f;     // a soft sample is kept if it is not behind the opaque one by more

// The vectors of Clang and GCC: element by element, on every instruction set.
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef uint8_t FourTexels __attribute__((vector_size(16)));
typedef uint8_t TwoTexels __attribute__((vector_size(8)));
typedef uint8_t OneTexel __attribute__((vector_size(4)));
typedef uint16_t Words __attribute__((vector_size(16)));
typedef uint16_t FourWords __attribute__((vector_size(8)));

struct Plane {  // a sample buffer of one tile
    float *z, *u, *v;
};

struct Texture {
    const uint32_t* texels;  // RGBA, layers stacked from top to bottom
    int32_t width, height;   // of one layer
    float scale_x, scale_y;  // texels per photo pixel
    float margin_px;         // of the layers beyond the photo's border, in photo pixels
    float layer_height_px;   // in photo pixels
};

struct View {
    float h[9], e[3];
    int32_t width, height;
    float enlargement;  // focal length over the photo's
};

inline float lesser(float a, float b) { return a < b ? a : b; }
inline float greater(float a, float b) { return a > b ? a : b; }
inline float clampf(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

struct Rows {
    float first, last;
};

// Least and greatest screen row that a block can touch; none if it lies beside the picture.
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

template <typename Vector, typename Scalar>
inline Vector load(const Scalar* from) {
    Vector loaded;
    std::memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

template <typename Vector, typename Scalar>
inline void store(Scalar* to, Vector value) {
    std::memcpy(to, &value, sizeof value);
}

// Whole vectors are read and written, what lies beyond the span unchanged: LANES floats behind a plane are ours, too.
inline void draw_span(const Plane& p, int64_t at, int count, float z, float dz, float u, float du, float v, float dv) {
    float *pz = p.z + at, *pu = p.u + at, *pv = p.v + at;
    const Floats lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const float end = static_cast<float>(count);
    for (int i = 0; i < count; i += LANES) {
        const Floats t = lane + static_cast<float>(i);
        const Floats zi = z + t * dz, old_z = load<Floats>(pz + i);
        const Ints nearer = (zi > old_z) & (t < end);
        store(pz + i, nearer ? zi : old_z);
        store(pu + i, nearer ? u + t * du : load<Floats>(pu + i));
        store(pv + i, nearer ? v + t * dv : load<Floats>(pv + i));
    }
}

void draw_quad(const Quad& q, const View& c, const Texture& t, const Plane& plane, int row_begin, int row_end) {
    const float w = c.h[6] * q.u + c.h[7] * q.v + c.h[8] + q.d * c.e[2];
    if (!(w > TOO_CLOSE)) return;
    const float inv_w = 1.0f / w;
    const float x0 = (c.h[0] * q.u + c.h[1] * q.v + c.h[2] + q.d * c.e[0]) * inv_w;
    const float y0 = (c.h[3] * q.u + c.h[4] * q.v + c.h[5] + q.d * c.e[1]) * inv_w;
    const float z0 = q.d * inv_w, tie = q.layer > 1 ? BEHIND : 1.0f;
    const float wu = c.h[6] + q.du * c.e[2], wv = c.h[7] + q.dv * c.e[2];
    const float xu = (c.h[0] + q.du * c.e[0] - x0 * wu) * inv_w, xv = (c.h[1] + q.dv * c.e[0] - x0 * wv) * inv_w;
    const float yu = (c.h[3] + q.du * c.e[1] - y0 * wu) * inv_w, yv = (c.h[4] + q.dv * c.e[1] - y0 * wv) * inv_w;
    const float det = xu * yv - xv * yu;
    if (!(det > 1e-4f && det < 1e8f)) return;  // seen from behind, edge on, or not finite
    const float enlarged = c.enlargement * inv_w, stretch = xu * xu + xv * xv + yu * yu + yv * yv;
    if (stretch > 2 * RUBBER * RUBBER * enlarged * enlarged || det < EDGE_ON * stretch) return;
    const float inv_det = 1.0f / det;
    const float ux = yv * inv_det, uy = -xv * inv_det, vx = -yu * inv_det, vy = xu * inv_det;
    const float zu = (q.du - z0 * wu) * inv_w, zv = (q.dv - z0 * wv) * inv_w;
    const float zx = zu * ux + zv * vx, zy = zu * uy + zv * vy;
    const float grow = GROWTH_PX + q.slack_px;
    const float half_u = q.half + grow * (std::fabs(ux) + std::fabs(uy));
    const float half_v = q.half + grow * (std::fabs(vx) + std::fabs(vy));
    const float reach_y = half_u * std::fabs(yu) + half_v * std::fabs(yv);
    const float reach_x = half_u * std::fabs(xu) + half_v * std::fabs(xv);
    // Written so that what is not a number is left out, too.
    if (!(y0 + reach_y >= row_begin && y0 - reach_y <= row_end && x0 + reach_x >= 0 && x0 - reach_x <= c.width)) return;
    const int y_first = static_cast<int>(std::ceil(clampf(y0 - reach_y - 0.5f, row_begin, row_end)));
    const int y_last = static_cast<int>(std::floor(clampf(y0 + reach_y - 0.5f, -1.0f, row_end - 1)));
    const float layer_v = static_cast<float>(q.layer) * t.layer_height_px;
    // The span of a row, relative to x0: between lean_u dy +- reach_u, and lean_v dy +- reach_v.
    const bool across_u = std::fabs(ux) > 1e-6f, across_v = std::fabs(vx) > 1e-6f;
    const float inv_ux = across_u ? 1.0f / ux : 0.0f, inv_vx = across_v ? 1.0f / vx : 0.0f;
    const float lean_u = -uy * inv_ux, reach_u = across_u ? half_u * std::fabs(inv_ux) : reach_x;
    const float lean_v = -vy * inv_vx, reach_v = across_v ? half_v * std::fabs(inv_vx) : reach_x;
    const float last_x = static_cast<float>(c.width - 1);
    for (int y = y_first; y <= y_last; ++y) {
        const float dy = static_cast<float>(y) + 0.5f - y0;
        const float at_u = lean_u * dy, at_v = lean_v * dy;
        const float low = greater(greater(at_u - reach_u, at_v - reach_v), -reach_x);
        const float high = lesser(lesser(at_u + reach_u, at_v + reach_v), reach_x);
        const float from = std::ceil(clampf(x0 + low - 0.5f, 0.0f, last_x + 1));
        const float to = std::floor(clampf(x0 + high - 0.5f, -1.0f, last_x));
        if (!(from <= to)) continue;
        const int x_first = static_cast<int>(from);
        const float dx = from + 0.5f - x0;
        const int64_t at = static_cast<int64_t>(y - row_begin) * c.width + x_first;
        draw_span(plane, at, static_cast<int>(to) - x_first + 1, (z0 + zx * dx + zy * dy) * tie, zx * tie,
                  q.u + ux * dx + uy * dy, ux, q.v + vx * dx + vy * dy + layer_v, vx);
    }
}

// Lay a texel whose colours are already times its alpha over another one.
inline uint32_t lay_over(uint32_t under, uint32_t over) {
    const uint32_t even = 0x00FF00FFu, alpha = over >> 24, keep = 256 - alpha - (alpha >> 7);
    uint32_t low = ((((under & even) * keep + 0x00800080u) >> 8) & even) + (over & even);
    uint32_t high = (((((under >> 8) & even) * keep + 0x00800080u) >> 8) & even) + ((over >> 8) & even);
    low |= ((low >> 8) & 0x00010001u) * 255;  // resampling may have made a colour more than its alpha
    high |= ((high >> 8) & 0x00010001u) * 255;
    return (low & even) | (high & even) << 8;
}

// The colours of a texel, no longer times its alpha, which is not 0.
inline uint32_t whole(uint32_t over) {
    const uint32_t alpha = over >> 24;
    uint32_t colours = 0;
    for (int at = 0; at < 24; at += 8) {
        const uint32_t colour = (over >> at & 255) * 255 / alpha;
        colours |= (colour < 255 ? colour : 255) << at;
    }
    return colours;
}

// Where a pixel lies in the texture: index of the upper left one of four texels, weights 0 to 256 of the others.
struct Place {
    uint32_t index;
    uint16_t right, lower;
};

inline Place place_of(const Texture& t, float u, float v, int layers) {
    const int last_x = t.width - 2, last_y = t.height * layers - 2;
    float x = greater((u + t.margin_px) * t.scale_x - 0.5f, 0.0f);  // in this order: what is not a number becomes 0
    float y = greater((v + t.margin_px) * t.scale_y - 0.5f, 0.0f);
    x = lesser(x, static_cast<float>(last_x + 1));
    y = lesser(y, static_cast<float>(last_y + 1));
    const int xi = x < static_cast<float>(last_x) ? static_cast<int>(x) : last_x;
    const int yi = y < static_cast<float>(last_y) ? static_cast<int>(y) : last_y;
    const float right = (x - static_cast<float>(xi)) * 256.0f, lower = (y - static_cast<float>(yi)) * 256.0f;
    return {static_cast<uint32_t>(yi) * static_cast<uint32_t>(t.width) + static_cast<uint32_t>(xi),
            static_cast<uint16_t>(static_cast<int>(right)), static_cast<uint16_t>(static_cast<int>(lower))};
}

// Blend four texels. In 16 bits, modulo 2^16: a 256 + (b - a) w is never negative and fits.
inline uint32_t blend(const Texture& t, Place p) {
    const uint32_t* texel = t.texels + p.index;
    const Words upper = __builtin_convertvector(load<TwoTexels>(texel), Words);
    const Words lower = __builtin_convertvector(load<TwoTexels>(texel + t.width), Words);
    const Words both = ((upper << 8) + (lower - upper) * p.lower + 128) >> 8;
    const FourWords left = __builtin_shufflevector(both, both, 0, 1, 2, 3);
    const FourWords right = __builtin_shufflevector(both, both, 4, 5, 6, 7);
    const OneTexel mixed = __builtin_convertvector(((left << 8) + (right - left) * p.right + 128) >> 8, OneTexel);
    return load<uint32_t>(reinterpret_cast<const uint8_t*>(&mixed));
}

// Give every pixel of one row that nothing covers the colour of the farther of its covered neighbours.
int fill_row(uint32_t* colours, const float* z, int width) {
    int missing = 0;
    for (int x = 0; x < width; ++x) missing += z[x] > NOTHING ? 0 : 1;
    if (missing == 0) return 0;
    for (int x = 0; x < width;) {
        if (z[x] > NOTHING) {
            ++x;
            continue;
        }
        int end = x;
        while (end < width && !(z[end] > NOTHING)) ++end;
        uint32_t colour = 0;
        if (x > 0 && end < width) colour = z[x - 1] <= z[end] ? colours[x - 1] : colours[end];
        else if (x > 0) colour = colours[x - 1];
        else if (end < width) colour = colours[end];
        for (; x < end; ++x) colours[x] = colour;
    }
    return missing;
}

inline bool any_drawn(const float* z) {
    const Ints drawn = load<Floats>(z) > NOTHING;
    int32_t any = 0;
    for (int i = 0; i < LANES; ++i) any |= drawn[i];
    return any != 0;
}

// Blend the soft samples of a row over its colours.
void blend_soft(float* z, const float* z_soft, const float* u, const float* v, const Texture& t, int layers, int width,
                uint32_t* colours) {
    for (int x = 0; x < width; ++x) {
        if (x % LANES == 0)  // soft samples are rare: step over whole vectors without any
            while (x + LANES <= width && !any_drawn(z_soft + x)) x += LANES;
        if (x == width) return;
        if (!(z_soft[x] > NOTHING && z_soft[x] >= z[x] * SAME_SURFACE)) continue;
        const uint32_t over = blend(t, place_of(t, u[x], v[x], layers));
        if (z[x] > NOTHING) {
            colours[x] = lay_over(colours[x], over);
        } else if (over >> 24 > 127) {
            colours[x] = whole(over);
            z[x] = z_soft[x];
        }
    }
}

void resolve_row(const Plane& opaque, const Plane& soft, int64_t at, const Texture& t, int layers, int width,
                 Place* places, uint32_t* colours) {
    const float *u = opaque.u + at, *v = opaque.v + at;
    for (int x = 0; x < width; ++x) places[x] = place_of(t, u[x], v[x], layers);
    for (int x = 0; x < width; ++x) colours[x] = blend(t, places[x]);
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

KBVR_API int32_t kbvr_tile_rows() { return TILE_ROWS; }

// Highest x86-64 level that this machine runs (2, 3 or 4); 0 on other machines.
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

// Floats of scratch that kbvr_render_rows wants.
KBVR_API int64_t kbvr_scratch_floats(int32_t width, int32_t block_count) {
    return 6 * static_cast<int64_t>(TILE_ROWS) * width + LANES + 3 * static_cast<int64_t>(width) +
           2 * static_cast<int64_t>(block_count);
}

// Draw rows [row_begin, row_end) of one view into rgb (height, width, 3). row_begin is a multiple of the tile rows.
// empty (height bytes) is set to 1 for the rows in which nothing covered any pixel; they are black.
// Returns the number of pixels that nothing covered.
KBVR_API int64_t kbvr_render_rows(const Quad* quads, const Block* blocks, int32_t block_count, const View* view,
                                  const Texture* texture, int32_t layers, float* scratch, uint8_t* rgb,
                                  uint8_t* empty, int32_t row_begin, int32_t row_end) {
    const int width = view->width;
    const int64_t size = static_cast<int64_t>(TILE_ROWS) * width;
    const Plane opaque = {scratch, scratch + size, scratch + 2 * size};
    const Plane soft = {scratch + 3 * size, scratch + 4 * size, scratch + 5 * size};
    Place* places = reinterpret_cast<Place*>(scratch + 6 * size + LANES);
    uint32_t* colours = reinterpret_cast<uint32_t*>(places + width);
    Rows* rows = reinterpret_cast<Rows*>(colours + width);
    for (int32_t b = 0; b < block_count; ++b) rows[b] = block_rows(blocks[b], *view);
    int64_t missing = 0;
    for (int tile = row_begin; tile < row_end; tile += TILE_ROWS) {
        const int tile_end = tile + TILE_ROWS < row_end ? tile + TILE_ROWS : row_end;
        for (int64_t i = 0; i < size; ++i) opaque.z[i] = NOTHING;
        for (int64_t i = 0; i < size; ++i) soft.z[i] = NOTHING;
        for (int32_t b = 0; b < block_count; ++b) {
            if (rows[b].last < tile || rows[b].first > tile_end) continue;
            const Block& block = blocks[b];
            const Plane& plane = block.soft ? soft : opaque;
            for (int32_t q = block.first; q < block.first + block.count; ++q)
                draw_quad(quads[q], *view, *texture, plane, tile, tile_end);
        }
        for (int y = tile; y < tile_end; ++y) {
            const int64_t at = static_cast<int64_t>(y - tile) * width;
            resolve_row(opaque, soft, at, *texture, layers, width, places, colours);
            const int uncovered = fill_row(colours, opaque.z + at, width);
            empty[y] = uncovered == width;
            missing += uncovered;
            store_rgb(colours, width, rgb + static_cast<int64_t>(y) * width * 3);
        }
    }
    return missing;
}
