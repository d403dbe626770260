/** Length of a swipe, in pixels, and how much wider than high it is. */
const MIN_PX = 48;
const FLATNESS = 1.6;

/** Tell when a finger swipes over an element to the left (1) or to the right (-1), but not where a part keeps touches. */
export function onSwipe(host: HTMLElement, keeps: (target: Element) => boolean, swiped: (direction: -1 | 1) => void): void {
  let start: readonly [number, number] | null = null;
  host.addEventListener("pointerdown", (event) => {
    const isOurs = event.pointerType !== "mouse" && event.isPrimary && !keeps(event.target as Element);
    start = isOurs ? [event.clientX, event.clientY] : null;
  });
  host.addEventListener("pointercancel", () => (start = null));
  host.addEventListener("pointerup", (event) => {
    if (!start || !event.isPrimary) return;
    const [x, y] = [event.clientX - start[0], event.clientY - start[1]];
    start = null;
    if (Math.abs(x) >= MIN_PX && Math.abs(x) >= FLATNESS * Math.abs(y)) swiped(x < 0 ? 1 : -1);
  });
}
