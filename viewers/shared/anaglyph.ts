/**
 * Red-cyan anaglyphs: row-major matrices of both eyes for linear light; the anaglyph is the sum of the results.
 *
 * Least-squares fits to the transmission of filters and screens: Dubois, "A projection method to generate anaglyph
 * stereo images", ICASSP 2001, and site.uottawa.ca/~edubois/anaglyph. Same numbers as in
 * kbvr/formats/packing/anaglyph.py.
 */
export const DUBOIS = Object.freeze({
  left: Object.freeze([0.437, 0.449, 0.164, -0.062, -0.062, -0.024, -0.048, -0.05, -0.017] as const),
  right: Object.freeze([-0.011, -0.032, -0.007, 0.377, 0.761, 0.009, -0.026, -0.093, 1.234] as const),
});

/** GLSL conversions between linear light and sRGB, IEC 61966-2-1. */
export const SRGB_GLSL = `
vec3 toLinear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c)); }
vec3 toSrgb(vec3 c) { return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)); }
`;
