// Continue a picture into its unknown pixels along its edges.
//
// After Bornemann and Maerz, "Fast Image Inpainting Based on Coherence Transport", 2007. An unknown pixel p becomes the
// mean of the known pixels q within RADIUS, those on the line through p along the edge first:
//
//     weight(q) = 1 / (r^2 (1 + z)^2),   r = |q - p|,   z = (mu a / RADIUS)^2 / 4,   mu = 1 + EDGE g^2 / (g^2 + d^4),
//
// where a is the part of q - p across the edge, and g the difference of the eigenvalues of the structure tensor, whose
// first eigenvector points across the edge. Unlike in the paper, the tensor too is continued from pixel to pixel, so
// that edges run straight on. Pixels are done in the order of their distance from the sources, and count as known for
// those that are farther away; among equally distant ones, the order would bend edges to one side.
//
// A pixel is eight numbers: red, green, blue, the tensor's xx, xy and yy, all times its confidence; that; its distance.

#include "quads.h"

namespace {

constexpr int RADIUS = 4, SIDE = 2 * RADIUS + 1;
constexpr float EDGE = 10.0f;   // how much narrower the weights are across a clear edge
constexpr float CLEAR = 3.0f;   // gradient of an edge that counts half, in 8-bit levels per pixel

typedef float Pixel __attribute__((vector_size(32), aligned(4)));

struct Disc {
    int32_t count, away[SIDE * SIDE];
    float x[SIDE * SIDE], y[SIDE * SIDE], square[SIDE * SIDE];
};

// The offsets of a disc, without its centre, in a picture of this width.
Disc disc_of(int32_t width) {
    Disc disc = {};
    for (int y = -RADIUS; y <= RADIUS; ++y) {
        for (int x = -RADIUS; x <= RADIUS; ++x) {
            const int square = x * x + y * y;
            if (square == 0 || square > RADIUS * RADIUS) continue;
            disc.away[disc.count] = y * width + x;
            disc.x[disc.count] = static_cast<float>(x);
            disc.y[disc.count] = static_cast<float>(y);
            disc.square[disc.count++] = static_cast<float>(square);
        }
    }
    return disc;
}

inline Pixel weighted(const Disc& disc, const Pixel* at, const float* weights) {
    const float distance = (*at)[7];
    Pixel total = {};
    for (int n = 0; n < disc.count; ++n) {
        const Pixel pixel = at[disc.away[n]];
        total += pixel * (pixel[7] < distance ? weights[n] : 0.0f);
    }
    return total;
}

// Weights along the edge of a structure tensor.
inline void edge_weights(const Disc& disc, float xx, float xy, float yy, float* weights) {
    const float half = (xx - yy) / 2, root = __builtin_sqrtf(half * half + xy * xy), gap = 2 * root;
    const float clear = CLEAR * CLEAR, mu = 1 + EDGE * gap * gap / (gap * gap + clear * clear);
    const float c = root > 0 ? half / root : 0, s = root > 0 ? xy / root : 0;  // of twice the angle
    const float scale = mu * mu / (4 * RADIUS * RADIUS);
    for (int n = 0; n < disc.count; ++n) {
        const float x = disc.x[n], y = disc.y[n];
        const float across = (x * x * (1 + c) + y * y * (1 - c)) / 2 + x * y * s;
        const float fall = 1 + scale * across;
        weights[n] = 1 / (disc.square[n] * fall * fall);
    }
}

}  // namespace

// Fill pixels in the given order. The picture has a border of at least RADIUS pixels without confidence.
KBVR_API void kbvr_along_edges(float* pixels, int32_t width, const int32_t* order, int32_t count) {
    const Disc disc = disc_of(width);
    float even[SIDE * SIDE], along[SIDE * SIDE];
    for (int n = 0; n < disc.count; ++n) even[n] = 1 / __builtin_sqrtf(disc.square[n]);
    for (int32_t i = 0; i < count; ++i) {
        Pixel* at = reinterpret_cast<Pixel*>(pixels) + order[i];
        const float distance = (*at)[7];
        const Pixel around = weighted(disc, at, even);
        if (!(around[6] > 0)) continue;
        const Pixel tensor = around / around[6];
        edge_weights(disc, tensor[3], tensor[4], tensor[5], along);
        Pixel result = weighted(disc, at, along);
        result /= result[6];
        for (int n = 3; n < 6; ++n) result[n] = tensor[n];
        result[7] = distance;
        *at = result;
    }
}
