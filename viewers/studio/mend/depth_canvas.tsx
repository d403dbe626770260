import { useEffect, useRef } from "preact/hooks";

import { coloured } from "./colours";
import { automaticLevels, depthLevels, guarded, onPatch, selection, type Edit, type Patch, type Region } from "./session";
import { isComparing, overlay } from "./tools";

/** The depth in colours over the photo, and the outlines of what is selected and protected. */
export function DepthCanvas({ edit }: { readonly edit: Edit }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, height] = edit.size;
  const [low, high] = edit.shown;
  const isOld = isComparing.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const paint = ({ x, y, width: w, height: h, levels }: Patch) => {
      if (w * h === levels.length && w) context.putImageData(new ImageData(coloured(levels, [low, high]), w, h), x, y);
    };
    const whole = (levels: Uint16Array) => paint({ x: 0, y: 0, width, height, levels });
    if (!isOld) {
      whole(depthLevels());
      return onPatch(paint);
    }
    let isEnded = false;
    void automaticLevels().then((levels) => levels && !isEnded && whole(levels));
    return () => (isEnded = true);
  }, [edit.id, width, height, low, high, isOld]);
  return (
    <>
      <canvas
        ref={canvas}
        class="over depth"
        width={width}
        height={height}
        style={{ opacity: isOld ? Math.max(0.6, overlay.value) : overlay.value }}
      />
      <svg class="over outlines" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {guarded.value && <Outline name="guarded" region={guarded.value} />}
        {selection.value && <Outline name="selected" region={selection.value} />}
      </svg>
    </>
  );
}

function Outline({ name, region }: { readonly name: string; readonly region: Region }) {
  return (
    <g class={name}>
      <path class="area" d={region.outline} fill-rule="evenodd" />
      <path class="solid" d={region.outline} />
      <path class="ants" d={region.outline} />
    </g>
  );
}
