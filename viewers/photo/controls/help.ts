import { MOUSE_HELP, TOUCH_HELP, type Hint } from "./commands";
import { made } from "./made";

/** Return the help for what this device has: a touch screen, a mouse and keys, or all of them. */
export function help(): HTMLElement[] {
  const hasTouch = matchMedia("(any-pointer: coarse)").matches;
  const hasMouse = matchMedia("(any-pointer: fine)").matches || !hasTouch;
  return [...(hasTouch ? [listed(TOUCH_HELP)] : []), ...(hasMouse ? [listed(MOUSE_HELP)] : [])];
}

function listed(hints: readonly Hint[]): HTMLElement {
  const list = made("dl");
  for (const [action, effect] of hints) list.append(made("dt", "", action), made("dd", "", effect));
  return list;
}
