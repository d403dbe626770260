import { useLayoutEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";

import type { Size } from "../types";

/** Return the size of an element, which is followed as it changes. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, set] = useState<Size>([0, 0]);
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const take = () => set((before) => keep(before, [box.clientWidth, box.clientHeight]));
    const observer = new ResizeObserver(take);
    observer.observe(box);
    take();
    return () => observer.disconnect();
  }, []);
  return size;
}

function keep(before: Size, now: Size): Size {
  return before[0] === now[0] && before[1] === now[1] ? before : now;
}

/** Return the largest size of an aspect within another. */
export function contained(aspect: number, [width, height]: Size): Size {
  const scaled = Math.min(width, height * aspect);
  return [Math.round(scaled), Math.round(scaled / aspect)];
}
