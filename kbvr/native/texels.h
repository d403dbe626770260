// The texture of all layers: positions of pixels in it, and the blend of four texels.

#pragma once

#include <cstdint>
#include <cstring>

namespace {

// The vectors of Clang and GCC: element by element, on every instruction set.
typedef uint8_t FourTexels __attribute__((vector_size(16)));
typedef uint8_t TwoTexels __attribute__((vector_size(8)));
typedef uint8_t OneTexel __attribute__((vector_size(4)));
typedef uint16_t Words __attribute__((vector_size(16)));
typedef uint16_t TwoPixels __attribute__((vector_size(32)));
typedef uint16_t FourPixels __attribute__((vector_size(64)));
typedef uint16_t FourWords __attribute__((vector_size(8)));

struct Texture {
    const uint32_t* texels;  // RGBA, layers stacked from top to bottom
    int32_t width, height;   // of one layer
    float scale_x, scale_y;  // texels per photo pixel
    float margin_px;         // of the layers beyond the photo's border, in photo pixels
    float layer_height_px;   // in photo pixels
    int32_t first_hidden;    // the first of the layers behind the front one
};

template <typename Number>
inline Number lesser(Number a, Number b) { return a < b ? a : b; }
template <typename Number>
inline Number greater(Number a, Number b) { return a > b ? a : b; }

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

// Lay a premultiplied texel over another one.
inline uint32_t lay_over(uint32_t under, uint32_t over) {
    const uint32_t even = 0x00FF00FFu, alpha = over >> 24, keep = 256 - alpha - (alpha >> 7);
    uint32_t low = ((((under & even) * keep + 0x00800080u) >> 8) & even) + (over & even);
    uint32_t high = (((((under >> 8) & even) * keep + 0x00800080u) >> 8) & even) + ((over >> 8) & even);
    low |= ((low >> 8) & 0x00010001u) * 255;  // resampling can make a colour exceed its alpha
    high |= ((high >> 8) & 0x00010001u) * 255;
    return (low & even) | (high & even) << 8;
}

// Colours of a premultiplied texel divided by its alpha, which must not be 0.
inline uint32_t whole(uint32_t over) {
    const uint32_t alpha = over >> 24;
    uint32_t colours = 0;
    for (int at = 0; at < 24; at += 8) {
        const uint32_t colour = (over >> at & 255) * 255 / alpha;
        colours |= (colour < 255 ? colour : 255) << at;
    }
    return colours;
}

// A pixel's position in the texture: index of the upper left of four texels, and weights 0 to 256 of the others.
struct Place {
    uint32_t index;
    uint16_t right, lower;
};

inline Place place_of(const Texture& t, float u, float v, int layers) {
    const int last_x = t.width - 2, last_y = t.height * layers - 2;
    float x = greater((u + t.margin_px) * t.scale_x - 0.5f, 0.0f);  // in this order, NaN becomes 0
    float y = greater((v + t.margin_px) * t.scale_y - 0.5f, 0.0f);
    x = lesser(x, static_cast<float>(last_x + 1));
    y = lesser(y, static_cast<float>(last_y + 1));
    const int xi = lesser(static_cast<int>(x), last_x), yi = lesser(static_cast<int>(y), last_y);
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

// Blend the texels of four pixels at once: their indices, and their weights (right, lower) in turn.
inline FourPixels texels_of_four(const uint32_t* row, const uint32_t* index) {
    const auto two = [&](int i) {
        const TwoTexels first = load<TwoTexels>(row + index[i]), second = load<TwoTexels>(row + index[i + 1]);
        return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    };
    const FourTexels a = two(0), b = two(2);
    const auto four = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
                                              19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    return __builtin_convertvector(four, FourPixels);
}

inline void blend_four(const Texture& t, const uint32_t* index, const uint32_t* weights, uint32_t* colours) {
    const Words w = load<Words>(weights);
    const FourPixels upper = texels_of_four(t.texels, index), lower = texels_of_four(t.texels + t.width, index);
    const FourPixels down = __builtin_shufflevector(w, w, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5,
                                                    5, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7);
    const FourPixels both = ((upper << 8) + (lower - upper) * down + 128) >> 8;
    const TwoPixels left =
        __builtin_shufflevector(both, both, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const TwoPixels right =
        __builtin_shufflevector(both, both, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    const TwoPixels across = __builtin_shufflevector(w, w, 0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    store(colours, __builtin_convertvector(((left << 8) + (right - left) * across + 128) >> 8, FourTexels));
}

}  // namespace
