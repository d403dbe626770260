import { framed, type Box, type Fit, type Size } from "./look/framing";

/** Return the photo's size, in pixels of the photo; null if it is not known yet. */
function sizeOf(poster: HTMLImageElement): Size | null {
  const sides = ["width", "height"].map((name) => Number(poster.getAttribute(name)));
  const [width, height] = sides.every((side) => side > 0) ? sides : [poster.naturalWidth, poster.naturalHeight];
  return width && height ? [width, height] : null;
}

/** Return the box around the subject, which the attribute data-subject tells: left, top, right, bottom. */
function subjectOf(poster: HTMLImageElement): Box | null {
  const sides = poster.dataset["subject"]?.split(" ").map(Number) ?? [];
  return sides.length === 4 && sides.every(Number.isFinite) ? (sides as number[] & Box) : null;
}

/** Place a poster in its element as the scene's first view shows the photo. */
export function placePoster(poster: HTMLImageElement, element: HTMLElement, fit: Fit): void {
  const size = sizeOf(poster);
  const [width, height] = [element.clientWidth, element.clientHeight];
  if (!size || !width || !height) return;
  const frame = framed(size, subjectOf(poster), width / height, fit);
  const scale = width / frame.width;
  const places = {
    left: (frame.width / 2 - frame.x) * scale,
    top: (frame.height / 2 - frame.y) * scale,
    width: size[0] * scale,
    height: size[1] * scale,
  };
  const { style } = poster;
  for (const [name, value_px] of Object.entries(places)) style.setProperty(name, `${value_px}px`);
  style.setProperty("object-fit", "fill");
  style.setProperty("position", "absolute");
}
