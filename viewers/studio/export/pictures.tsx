import type { ComponentChildren } from "preact";

import type { Purpose } from "./purposes";

/** A small landscape, which every picture shows in its own way. */
function Landscape({ x, y, width, height }: Readonly<Record<"x" | "y" | "width" | "height", number>>) {
  const at = (u: number, v: number) => `${x + u * width} ${y + v * height}`;
  return (
    <>
      <rect class="sky" x={x} y={y} width={width} height={height} rx="2" />
      <circle class="sun" cx={x + 0.76 * width} cy={y + 0.3 * height} r={0.11 * Math.min(width, 1.6 * height)} />
      <path class="far" d={`M${at(0, 0.85)}L${at(0.3, 0.42)}L${at(0.52, 0.7)}L${at(0.7, 0.5)}L${at(1, 0.85)}V${y + height}H${x}z`} />
      <path class="near" d={`M${at(0, 0.75)}Q${at(0.35, 0.66)} ${at(0.6, 0.88)}T${at(1, 0.82)}V${y + height - 2}Q${at(1, 1)} ${x + width - 2} ${y + height}H${x + 2}Q${at(0, 1)} ${x} ${y + height - 2}z`} />
    </>
  );
}

/** What a stereo video or picture is seen with, and so on; each in a rectangle of 96 x 60. */
const PICTURES: Readonly<Record<Purpose, () => ComponentChildren>> = Object.freeze({
  blog: () => (
    <>
      <rect class="sheet" x="22" y="5" width="52" height="50" rx="4" />
      <path class="ink" d="M28 12h22" />
      <Landscape x={28} y={18} width={40} height={22} />
      <path class="ink faint" d="M28 46h40M28 50.5h27" />
      <path class="move" d="M23 29h-8m3-3.5-3.5 3.5 3.5 3.5M73 29h8m-3-3.5 3.5 3.5-3.5 3.5" />
    </>
  ),
  headset: () => (
    <>
      <path class="strap" d="M14 30C14 15 30 9 48 9s34 6 34 21" />
      <path class="body" d="M16 24q0-4 4-4h56q4 0 4 4v18q0 5-5 5H62q-3 0-5-3l-5-7q-4-3-8 0l-5 7q-2 3-5 3H21q-5 0-5-5z" />
      <ellipse class="lens" cx="33" cy="32" rx="8" ry="7" />
      <ellipse class="lens" cx="63" cy="32" rx="8" ry="7" />
      <path class="glint" d="M29 30q1-3 4-3M59 30q1-3 4-3" />
    </>
  ),
  phone: () => (
    <>
      <rect class="body" x="33" y="3" width="30" height="54" rx="6" />
      <Landscape x={36} y={7} width={24} height={46} />
      <circle class="play" cx="48" cy="30" r="7.5" />
      <path class="play-mark" d="M46 26.5v7l5.5-3.5z" />
    </>
  ),
  page: () => (
    <>
      <rect class="sheet" x="14" y="7" width="68" height="46" rx="5" />
      <path class="ink faint" d="M14 17h68" />
      <circle class="dot" cx="20" cy="12" r="1.6" />
      <circle class="dot" cx="25.5" cy="12" r="1.6" />
      <circle class="dot" cx="31" cy="12" r="1.6" />
      <Landscape x={20} y={22} width={56} height={26} />
      <path class="pointer" d="m53 34 12 5-5 2-2.5 5z" />
    </>
  ),
  program: () => (
    <>
      <path class="face top" d="m48 6 24 12-24 12-24-12z" />
      <path class="face left" d="M24 18v24l24 12V30z" />
      <path class="face right" d="M72 18v24L48 54V30z" />
      <path class="wire" d="m36 12 24 12M60 12 36 24M24 30l24 12 24-12M36 24v24M60 24v24" />
    </>
  ),
  tv: () => (
    <>
      <rect class="body" x="12" y="6" width="72" height="42" rx="4" />
      <Landscape x={15} y={9} width={32.5} height={36} />
      <Landscape x={48.5} y={9} width={32.5} height={36} />
      <path class="ink thick" d="M36 55h24" />
    </>
  ),
  glasses: () => (
    <>
      <path class="frame" d="M10 22q2-6 9-6h58q7 0 9 6l1 4H9z" />
      <path class="red" d="M14 25h29l-2 14q-1 7-8 7h-8q-8 0-9-7z" />
      <path class="cyan" d="M53 25h29l-2 14q-1 7-9 7h-8q-7 0-8-7z" />
      <path class="frame-line" d="M14 25h29l-2 14q-1 7-8 7h-8q-8 0-9-7zM53 25h29l-2 14q-1 7-9 7h-8q-7 0-8-7zM43 28q5-4 10 0" />
    </>
  ),
  display: () => (
    <>
      <path class="glass" d="M28 8h40v40H28z" />
      <Landscape x={36} y={14} width={30} height={28} />
      <path class="glass-edge" d="M28 8h40v40H28zM28 8l8 6v28l-8 6" />
      <path class="move" d="M20 54q28 8 56 0m-4.5-1.5L76 54l-2 4.5" />
    </>
  ),
  vr180: () => (
    <>
      <path class="dome" d="M12 46a36 36 0 0 1 72 0z" />
      <path class="wire" d="M24 46a24 36 0 0 1 48 0M36 46a12 36 0 0 1 24 0M48 10v36M18 28h60M13.5 38h69" />
      <circle class="near" cx="48" cy="44" r="4" />
      <path class="near" d="M40 57q0-8 8-8t8 8z" />
    </>
  ),
  depth: () => (
    <>
      <rect class="depth-far" x="18" y="8" width="60" height="44" rx="3" />
      <path class="depth-middle" d="M18 42 38 22l14 15 10-8 16 13v7q0 3-3 3H21q-3 0-3-3z" />
      <path class="depth-near" d="M18 45q22-6 36 2t24 1v1q0 3-3 3H21q-3 0-3-3z" />
    </>
  ),
});

/** A drawing of what a purpose is. */
export function PurposePicture({ purpose }: { readonly purpose: Purpose }) {
  const Picture = PICTURES[purpose];
  return (
    <svg class="purpose-picture" viewBox="0 0 96 60" aria-hidden="true">
      <Picture />
    </svg>
  );
}
