/** The colours of a depth map: near is warm, far is cold (Turbo, approximated as its authors do). */
const LEVELS = 256;

function turbo(x: number): number {
  const part = (...factors: readonly number[]) => {
    const value = factors.reduceRight((sum, factor) => sum * x + factor, 0);
    return Math.round(255 * Math.max(0, Math.min(1, value)));
  };
  const red = part(0.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943);
  const green = part(0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604);
  const blue = part(0.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973);
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}

const TABLE = Uint32Array.from({ length: LEVELS }, (_, level) => turbo(level / (LEVELS - 1)));

/** Return the colours (RGBA) of depth levels; those up to `low` are the coldest, from `high` on the warmest. */
export function coloured(levels: Uint16Array, [low, high]: readonly [number, number]): ImageDataArray {
  const pixels = new Uint32Array(levels.length);
  const scale = (LEVELS - 1) / (high - low);
  for (let index = 0; index < levels.length; index++) {
    const level = Math.round((levels[index]! - low) * scale);
    pixels[index] = TABLE[level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level]!;
  }
  return new Uint8ClampedArray(pixels.buffer);
}
