// Fill a hole with patches of its surroundings: search for matching patches, and vote.
//
// For every pixel p of the hole, the search looks for a source q whose patch of 7x7 pixels resembles that of p
// (PatchMatch: Barnes et al. 2009):
//
//     cost(p, q) = sum w |T - S| / sum w  +  missing share * MISSING  +  |guide(p) - guide(q)| / 16  +  distance,
//
// where T and S are colours of the two patches, and w is the weight of a pixel in the patch of p if its counterpart is a
// source. The guide's colours count as much as they are trusted at p. A pixel of the hole then becomes the mean of what
// the patches that contain it suggest (Wexler et al. 2007),
//
//     T(x) = sum v(p) S(q(p) + x - p) / sum v(p),   v = window / (1 + (cost / SMALL)^2).
//
// Only sources are ever read as S. Colours are integers, sums of differences fit 16 bits, and candidates are tried in a
// fixed order with numbers from a hash, so that every machine finds the same patches.

#include "quads.h"

#include <cstring>

namespace {

constexpr int RADIUS = 3, SIDE = 2 * RADIUS + 1;
constexpr float MISSING = 150.0f;       // cost of a patch without a counterpart
constexpr float GUIDE_SCALE = 1.0f / 16;
constexpr int32_t TRUST_ONE = 16;
constexpr float SMALL = 12.0f;          // cost of a patch whose vote has half the weight
constexpr float WINDOW[SIDE] = {0.5f, 0.7f, 0.9f, 1.0f, 0.9f, 0.7f, 0.5f};

typedef uint16_t Row __attribute__((vector_size(16)));
typedef int16_t SignedRow __attribute__((vector_size(16)));

struct Level {
    uint16_t* rgb;           // three planes; voting writes the hole
    const uint16_t* weight;  // of a pixel in the patches of the hole: 0 to 8
    const uint16_t* source;  // 0xFFFF for a source, else 0
    const uint16_t* guide;   // what the match should have in common with the hole's pixel: red, green, blue and inverse
                             // depth; the fifth plane is the trust in these colours, in units of 1 / TRUST_ONE
    int32_t* match;          // index of the source that a pixel of the hole resembles; -1 outside the hole
    float* cost;
    int32_t width, height;   // of the planes, with a border of at least 4 pixels without weight and sources
    int32_t reach;           // largest distance of a random candidate
    float distance_cost;     // cost per pixel of distance
};

struct Patch {
    Row r[SIDE], g[SIDE], b[SIDE], w[SIDE];
    int32_t total;
};

inline Row load(const uint16_t* from) {
    Row row;
    std::memcpy(&row, from, sizeof row);
    return row;
}

inline Row difference(Row a, Row b) {
    const SignedRow d = (SignedRow)a - (SignedRow)b;
    return (Row)__builtin_elementwise_abs(d);
}

inline int32_t sum(Row row) {
    int32_t total = 0;
    for (int lane = 0; lane < 8; ++lane) total += row[lane];
    return total;
}

inline int64_t plane(const Level& l) { return static_cast<int64_t>(l.width) * l.height; }

Patch patch_at(const Level& l, int32_t p) {
    const Row inside = {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0};
    const int64_t size = plane(l);
    Patch patch;
    Row total = {};
    for (int y = 0; y < SIDE; ++y) {
        const int64_t at = p + static_cast<int64_t>(y - RADIUS) * l.width - RADIUS;
        patch.r[y] = load(l.rgb + at);
        patch.g[y] = load(l.rgb + size + at);
        patch.b[y] = load(l.rgb + 2 * size + at);
        patch.w[y] = load(l.weight + at) & inside;
        total += patch.w[y];
    }
    patch.total = sum(total);
    return patch;
}

inline float root(float square) { return __builtin_sqrtf(square); }

float cost_of(const Level& l, const Patch& patch, int32_t p, int32_t q) {
    const int64_t size = plane(l);
    Row far = {}, weight = {};
    for (int y = 0; y < SIDE; ++y) {
        const int64_t at = q + static_cast<int64_t>(y - RADIUS) * l.width - RADIUS;
        const Row w = patch.w[y] & load(l.source + at);
        const Row d = difference(patch.r[y], load(l.rgb + at)) + difference(patch.g[y], load(l.rgb + size + at)) +
                      difference(patch.b[y], load(l.rgb + 2 * size + at));
        far += d * w;
        weight += w;
    }
    const float counted = static_cast<float>(sum(weight)), total = static_cast<float>(patch.total);
    int32_t guide = 0;
    for (int channel = 0; channel < 4; ++channel) {
        const int32_t d = l.guide[channel * size + p] - l.guide[channel * size + q];
        if (channel == 3) guide = guide * l.guide[4 * size + p] / TRUST_ONE;
        guide += d < 0 ? -d : d;
    }
    const float dx = static_cast<float>(p % l.width - q % l.width), dy = static_cast<float>(p / l.width - q / l.width);
    const float apart = static_cast<float>(sum(far)) / counted + MISSING * (total - counted) / total;
    return apart + GUIDE_SCALE * static_cast<float>(guide) + l.distance_cost * root(dx * dx + dy * dy);
}

// A well-mixed number (the finalizer of MurmurHash3).
inline uint32_t mixed(uint32_t h) {
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    return h ^ (h >> 16);
}

struct Best {
    int32_t match;
    float cost;
};

inline void try_one(const Level& l, const Patch& patch, int32_t p, int32_t q, Best* best) {
    if (q == best->match || !l.source[q]) return;
    const float cost = cost_of(l, patch, p, q);
    if (cost < best->cost) *best = {q, cost};
}

void search(const Level& l, int32_t p, int32_t step, bool above, uint32_t pass) {
    const Patch patch = patch_at(l, p);
    Best best = {l.match[p], 0};
    best.cost = cost_of(l, patch, p, best.match);
    const int32_t neighbours[2] = {p - step, p - step * l.width};
    for (int n = 0; n < (above ? 2 : 1); ++n)
        if (l.match[neighbours[n]] >= 0) try_one(l, patch, p, l.match[neighbours[n]] + p - neighbours[n], &best);
    uint32_t number = mixed(static_cast<uint32_t>(p) * 0x9E3779B9u + pass);
    for (int32_t reach = l.reach; reach > 0; reach /= 2) {
        const uint32_t span = 2 * static_cast<uint32_t>(reach) + 1;
        const int32_t x = best.match % l.width + static_cast<int32_t>((number & 0xFFFF) * span >> 16) - reach;
        const int32_t y = best.match / l.width + static_cast<int32_t>((number >> 16) * span >> 16) - reach;
        number = mixed(number + 0x9E3779B9u);
        if (x >= 0 && y >= 0 && x < l.width && y < l.height) try_one(l, patch, p, y * l.width + x, &best);
    }
    l.match[p] = best.match;
    l.cost[p] = best.cost;
}

}  // namespace

// Improve the matches of the hole's pixels in rows [first, end), forward if `pass` is even, else backward.
// Rows outside are not looked at.
KBVR_API void kbvr_match_rows(const Level* level, int32_t first, int32_t end, uint32_t pass) {
    const Level& l = *level;
    const bool backward = pass & 1;
    for (int32_t row = first; row < end; ++row) {
        const int32_t y = backward ? end - 1 - (row - first) : row;
        for (int32_t column = 0; column < l.width; ++column) {
            const int32_t p = y * l.width + (backward ? l.width - 1 - column : column);
            if (l.match[p] >= 0) search(l, p, backward ? -1 : 1, row > first, pass);
        }
    }
}

// Give the hole's pixels in rows [first, end) the colours that the patches around them vote for.
KBVR_API void kbvr_vote_rows(const Level* level, int32_t first, int32_t end) {
    const Level& l = *level;
    const int64_t size = plane(l);
    for (int32_t x = first * l.width; x < end * l.width; ++x) {
        if (l.match[x] < 0) continue;
        float total = 0, colour[3] = {0, 0, 0};
        for (int dy = -RADIUS; dy <= RADIUS; ++dy) {
            for (int dx = -RADIUS; dx <= RADIUS; ++dx) {
                const int32_t away = dy * l.width + dx, match = l.match[x + away];
                if (match < 0 || !l.source[match - away]) continue;
                const float relative = l.cost[x + away] / SMALL;
                const float vote = l.weight[x + away] * WINDOW[dy + RADIUS] * WINDOW[dx + RADIUS] / (1 + relative * relative);
                total += vote;
                for (int c = 0; c < 3; ++c) colour[c] += vote * static_cast<float>(l.rgb[c * size + match - away]);
            }
        }
        for (int c = 0; c < 3; ++c) l.rgb[c * size + x] = static_cast<uint16_t>(colour[c] / total + 0.5f);
    }
}
