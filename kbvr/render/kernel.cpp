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
// The picture is drawn in tiles of TILE_ROWS whole rows that stay in the cache. Each pixel keeps the nearest opaque
// sample and the nearest soft one (a sample of a matte layer, whose alpha comes from the texture). Colours are
// fetched after all quads of a tile are drawn. Arithmetic is strictly ordered and never fused, so that every
// instruction set and every number of threads gives the same bytes.

#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

constexpr int TILE_ROWS = 32;
constexpr float GROWTH_PX = 0.12f;        // hides the seams between neighbours that do not share vertices
constexpr float NOTHING = -1.0f;          // inverse depth where no quad was drawn
constexpr float TOO_CLOSE = 0.15f;        // what has come so much nearer (new depth over old) is passed, not seen
constexpr float RUBBER = 4.0f;            // what is drawn out by so much more than it is enlarged is no surface
constexpr float EDGE_ON = 0.02f;          // width over length; what is narrower shows its growth only
constexpr float SAME_SURFACE = 0.98f;     // a soft sample is kept if it is not behind the opaque one by more

struct Quad {
    float u, v, half, d, du, dv, slack_px;  // slack_px: further growth, for cells that are not quite planar
    int32_t layer;
};

struct Block {
    float u0, v0, u1, v1, d_min, d_max;
    int32_t first, count, soft, unused;
};

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
};

inline float clampf(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

// Least and greatest screen row that a block can touch.
void block_rows(const Block& b, const View& c, float* y_min, float* y_max) {
    float low = 1e30f, high = -1e30f;
    for (int corner = 0; corner < 8; ++corner) {
        const float u = corner & 1 ? b.u1 : b.u0, v = corner & 2 ? b.v1 : b.v0;
        const float d = corner & 4 ? b.d_max : b.d_min;
        const float w = c.h[6] * u + c.h[7] * v + c.h[8] + d * c.e[2];
        if (!(w > 0.1f)) {  // the block comes close to the camera's plane: it may be anywhere
            *y_min = 0;
            *y_max = static_cast<float>(c.height);
            return;
        }
        const float y = (c.h[3] * u + c.h[4] * v + c.h[5] + d * c.e[1]) / w;
        low = y < low ? y : low;
        high = y > high ? y : high;
    }
    *y_min = low - 2;
    *y_max = high + 2;
}

void draw_span(const Plane& p, int64_t at, int count, float z, float dz, float u, float du, float v, float dv) {
    float* pz = p.z + at;
    float* pu = p.u + at;
    float* pv = p.v + at;
    for (int i = 0; i < count; ++i) {
        const float t = static_cast<float>(i);
        const float zi = z + t * dz, ui = u + t * du, vi = v + t * dv;
        const bool nearer = zi > pz[i];
        pz[i] = nearer ? zi : pz[i];
        pu[i] = nearer ? ui : pu[i];
        pv[i] = nearer ? vi : pv[i];
    }
}

void draw_quad(const Quad& q, const View& c, const Texture& t, const Plane& plane, int row_begin, int row_end) {
    const float w = c.h[6] * q.u + c.h[7] * q.v + c.h[8] + q.d * c.e[2];
    if (!(w > TOO_CLOSE)) return;
    const float inv_w = 1.0f / w;
    const float x0 = (c.h[0] * q.u + c.h[1] * q.v + c.h[2] + q.d * c.e[0]) * inv_w;
    const float y0 = (c.h[3] * q.u + c.h[4] * q.v + c.h[5] + q.d * c.e[1]) * inv_w;
    const float z0 = q.d * inv_w;
    const float wu = c.h[6] + q.du * c.e[2], wv = c.h[7] + q.dv * c.e[2];
    const float xu = (c.h[0] + q.du * c.e[0] - x0 * wu) * inv_w, xv = (c.h[1] + q.dv * c.e[0] - x0 * wv) * inv_w;
    const float yu = (c.h[3] + q.du * c.e[1] - y0 * wu) * inv_w, yv = (c.h[4] + q.dv * c.e[1] - y0 * wv) * inv_w;
    const float det = xu * yv - xv * yu;
    if (!(det > 1e-4f && det < 1e8f)) return;  // seen from behind, edge on, or not finite
    const float enlarged = c.h[0] * inv_w, stretch = xu * xu + xv * xv + yu * yu + yv * yv;
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
    for (int y = y_first; y <= y_last; ++y) {
        const float dy = static_cast<float>(y) + 0.5f - y0;
        const float su = uy * dy, sv = vy * dy;  // u - uc and v - vc at x = x0 on this row
        float low = -reach_x, high = reach_x;    // the span, relative to x0
        if (std::fabs(ux) > 1e-6f) {
            const float inv = 1.0f / ux, a = (-half_u - su) * inv, b = (half_u - su) * inv;
            low = std::fmax(low, std::fmin(a, b));
            high = std::fmin(high, std::fmax(a, b));
        } else if (std::fabs(su) > half_u) {
            continue;
        }
        if (std::fabs(vx) > 1e-6f) {
            const float inv = 1.0f / vx, a = (-half_v - sv) * inv, b = (half_v - sv) * inv;
            low = std::fmax(low, std::fmin(a, b));
            high = std::fmin(high, std::fmax(a, b));
        } else if (std::fabs(sv) > half_v) {
            continue;
        }
        const float from = clampf(x0 + low - 0.5f, 0.0f, static_cast<float>(c.width));
        const float to = clampf(x0 + high - 0.5f, -1.0f, static_cast<float>(c.width - 1));
        const int x_first = static_cast<int>(std::ceil(from)), x_last = static_cast<int>(std::floor(to));
        if (!(from <= to + 1) || x_last < x_first) continue;
        const float dx = static_cast<float>(x_first) + 0.5f - x0;
        const int64_t at = static_cast<int64_t>(y - row_begin) * c.width + x_first;
        draw_span(plane, at, x_last - x_first + 1, z0 + zx * dx + zy * dy, zx, q.u + ux * dx + su, ux,
                  q.v + vx * dx + sv + layer_v, vx);
    }
}

// Blend two packed RGBA texels, weight 0 to 256 of the second.
inline uint32_t mix(uint32_t a, uint32_t b, uint32_t weight) {
    const uint32_t even = 0x00FF00FFu, keep = 256 - weight;
    const uint32_t low = (((a & even) * keep + (b & even) * weight + 0x00800080u) >> 8) & even;
    const uint32_t high = (((a >> 8) & even) * keep + ((b >> 8) & even) * weight + 0x00800080u) & ~even;
    return low | high;
}

inline uint32_t fetch(const Texture& t, float u, float v, int layers) {
    const int last_x = t.width - 2, last_y = t.height * layers - 2;
    const float x = clampf((u + t.margin_px) * t.scale_x - 0.5f, 0.0f, static_cast<float>(last_x + 1));
    const float y = clampf((v + t.margin_px) * t.scale_y - 0.5f, 0.0f, static_cast<float>(last_y + 1));
    const int xi = x < static_cast<float>(last_x) ? static_cast<int>(x) : last_x;
    const int yi = y < static_cast<float>(last_y) ? static_cast<int>(y) : last_y;
    const uint32_t wx = static_cast<uint32_t>((x - static_cast<float>(xi)) * 256.0f);
    const uint32_t wy = static_cast<uint32_t>((y - static_cast<float>(yi)) * 256.0f);
    const uint32_t* row = t.texels + static_cast<int64_t>(yi) * t.width + xi;
    return mix(mix(row[0], row[1], wx), mix(row[t.width], row[t.width + 1], wx), wy);
}

// Give every pixel of one row that nothing covers the colour of the farther of its covered neighbours.
int fill_row(uint8_t* rgb, const float* z, int width) {
    int missing = 0;
    for (int x = 0; x < width;) {
        if (z[x] > NOTHING) {
            ++x;
            continue;
        }
        int end = x;
        while (end < width && !(z[end] > NOTHING)) ++end;
        const int left = x - 1, right = end;
        int source = -1;
        if (left >= 0 && right < width) source = z[left] <= z[right] ? left : right;
        else if (left >= 0) source = left;
        else if (right < width) source = right;
        missing += end - x;
        for (; x < end; ++x) {
            if (source >= 0) std::memcpy(rgb + 3 * x, rgb + 3 * source, 3);
            else std::memset(rgb + 3 * x, 0, 3);
        }
    }
    return missing;
}

int resolve_row(const Plane& opaque, const Plane& soft, int64_t at, const Texture& t, int layers, int width,
                uint8_t* rgb) {
    float* z = opaque.z + at;
    for (int x = 0; x < width; ++x) {
        uint32_t colour = z[x] > NOTHING ? fetch(t, opaque.u[at + x], opaque.v[at + x], layers) : 0;
        const float z_soft = soft.z[at + x];
        if (z_soft > NOTHING && z_soft >= z[x] * SAME_SURFACE) {
            const uint32_t over = fetch(t, soft.u[at + x], soft.v[at + x], layers);
            const uint32_t alpha = over >> 24;
            if (z[x] > NOTHING) {
                colour = mix(colour, over, alpha + (alpha >> 7));
            } else if (alpha > 127) {
                colour = over;
                z[x] = z_soft;
            }
        }
        rgb[3 * x] = static_cast<uint8_t>(colour);
        rgb[3 * x + 1] = static_cast<uint8_t>(colour >> 8);
        rgb[3 * x + 2] = static_cast<uint8_t>(colour >> 16);
    }
    return fill_row(rgb, z, width);
}

}  // namespace

#if defined(_WIN32)
#define KBVR_API extern "C" __declspec(dllexport)
#else
#define KBVR_API extern "C" __attribute__((visibility("default")))
#endif

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

// Draw rows [row_begin, row_end) of one view into rgb (height, width, 3). row_begin is a multiple of the tile rows.
// scratch holds 6 * TILE_ROWS * width floats. Returns the number of pixels that nothing covered.
KBVR_API int64_t kbvr_render_rows(const Quad* quads, const Block* blocks, int32_t block_count, const View* view,
                                  const Texture* texture, int32_t layers, float* scratch, uint8_t* rgb,
                                  int32_t row_begin, int32_t row_end) {
    const int64_t size = static_cast<int64_t>(TILE_ROWS) * view->width;
    const Plane opaque = {scratch, scratch + size, scratch + 2 * size};
    const Plane soft = {scratch + 3 * size, scratch + 4 * size, scratch + 5 * size};
    int64_t missing = 0;
    for (int tile = row_begin; tile < row_end; tile += TILE_ROWS) {
        const int tile_end = tile + TILE_ROWS < row_end ? tile + TILE_ROWS : row_end;
        for (int64_t i = 0; i < size; ++i) opaque.z[i] = NOTHING;
        for (int64_t i = 0; i < size; ++i) soft.z[i] = NOTHING;
        for (int32_t b = 0; b < block_count; ++b) {
            const Block& block = blocks[b];
            float y_min, y_max;
            block_rows(block, *view, &y_min, &y_max);
            if (y_max < tile || y_min > tile_end) continue;
            const Plane& plane = block.soft ? soft : opaque;
            for (int32_t q = block.first; q < block.first + block.count; ++q)
                draw_quad(quads[q], *view, *texture, plane, tile, tile_end);
        }
        for (int y = tile; y < tile_end; ++y)
            missing += resolve_row(opaque, soft, static_cast<int64_t>(y - tile) * view->width, *texture, layers,
                                   view->width, rgb + static_cast<int64_t>(y) * view->width * 3);
    }
    return missing;
}
