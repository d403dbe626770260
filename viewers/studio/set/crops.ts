/** A crop of the photo's shape: its top left corner and its size, as shares of the photo's sides. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly share: number;
}

const SHARE_MIN = 0.1;
const PLACES = 2;

const within = (value: number, min: number, max: number) => Math.max(min, Math.min(max, value));

/** Return the crop of a text like `0,10,80,80%`, or null for other texts. */
export function cropOf(text: string | undefined): Crop | null {
  const match = /^([\d.]+),([\d.]+),([\d.]+),([\d.]+)%$/.exec((text ?? "").replaceAll(" ", ""));
  if (!match) return null;
  const [x, y, width, height] = match.slice(1).map((one) => Number(one) / 100) as [number, number, number, number];
  const share = within(Math.max(width, height), SHARE_MIN, 1);
  return placed({ x: x + (width - share) / 2, y: y + (height - share) / 2, share });
}

export function textOf({ x, y, share }: Crop): string {
  const side = Math.floor(share * 100 * 10 ** PLACES) / 10 ** PLACES;
  const number = (value: number) => Number(within(value * 100, 0, 100 - side).toFixed(PLACES));
  return `${number(x)},${number(y)},${side},${side}%`;
}

/** Return the crop inside the photo. */
export function placed({ x, y, share }: Crop): Crop {
  const side = within(share, SHARE_MIN, 1);
  return { x: within(x, 0, 1 - side), y: within(y, 0, 1 - side), share: side };
}

/** Return the crop with another size around the same middle. */
export function scaled({ x, y, share }: Crop, by: number): Crop {
  const side = within(share * by, SHARE_MIN, 1);
  return placed({ x: x + (share - side) / 2, y: y + (share - side) / 2, share: side });
}
