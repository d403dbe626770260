import { made } from "./made";

const KEYS_ID = "keys";

/**
 * Make a canvas known to screen readers.
 *
 * It is an application, because screen readers then pass the arrow keys on, as they do for maps. A slider would not fit:
 * it has one value, but the head moves in two directions, and the picture is zoomed. The name is the photo's; what the
 * keys do is a description, which people can skip.
 */
export function describeKeys(canvas: HTMLCanvasElement, alt: string, frame: HTMLElement): void {
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "3D photo");
  canvas.setAttribute("aria-label", alt);
  canvas.setAttribute("aria-describedby", KEYS_ID);
  if (frame.querySelector(`#${KEYS_ID}`)) return;
  const text = made("p", "", "Arrow keys look around, plus and minus zoom, R resets the view, M opens the view modes.");
  text.id = KEYS_ID;
  text.hidden = true;
  frame.append(text);
}
