/** Pointers on the picture: drag, pinch and wheel look around; a press without a drag is a click. */

const CLICK_PX = 5;
const WHEEL_ZOOM = 1.0012;
/** Trackpads report pinches as a slow wheel with the control key. */
const PINCH_ZOOM = 1.01;

export interface Gestures {
  /** Movement to the right and down, in shares of the element's height, and a factor of the field of view. */
  readonly turned: (right: number, down: number, zoom: number) => void;
  /** `kind` is mouse, touch or pen. */
  readonly clicked: (kind: string) => void;
}

export function listen(element: HTMLElement, { turned, clicked }: Gestures): void {
  const pointers = new Map<number, PointerEvent>();
  let movedPx = 0;
  element.addEventListener("pointerdown", (event) => {
    if (pointers.size === 0) movedPx = 0;
    pointers.set(event.pointerId, event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [right, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
    movedPx += Math.hypot(right, down);
    const spreadPx = spread(pointers);
    pointers.set(event.pointerId, event);
    const zoom = pointers.size === 2 ? spreadPx / spread(pointers) : 1;
    const shares = pointers.size * element.clientHeight;
    turned(-right / shares, -down / shares, zoom);
  });
  for (const kind of ["pointerup", "pointercancel"] as const) {
    element.addEventListener(kind, (event) => {
      pointers.delete(event.pointerId);
      if (kind === "pointerup" && event.button === 0 && pointers.size === 0 && movedPx < CLICK_PX) {
        clicked(event.pointerType);
      }
    });
  }
  const zoomed = (event: WheelEvent): void => {
    event.preventDefault(); // the page itself would zoom
    turned(0, 0, (event.ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM) ** event.deltaY);
  };
  element.addEventListener("wheel", zoomed, { passive: false });
}

function spread(pointers: ReadonlyMap<number, PointerEvent>): number {
  const [first, second] = [...pointers.values()];
  if (!first || !second) return 1;
  return Math.max(1, Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY));
}
