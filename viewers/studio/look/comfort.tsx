import { Icon } from "../parts/icon";
import { comfortPlan, output } from "../planning";
import { texts } from "../texts";
import type { PlanState } from "../types";

const WIDTH = 320;
const HEIGHT = 84;
const BARS = 40;
/** Share of the picture beyond the limits at which it is too strong for some people, and for many. */
const SOME = 0.01;
const MANY = 0.1;

/** How the depth is spread in front of the screen and behind it, against what eyes can tolerate. */
export function Comfort() {
  const { histogram } = comfortPlan.value ?? {};
  if (!histogram) return null;
  const beyond = beyondShare(histogram);
  const verdict = beyond < SOME ? "comfortable" : beyond < MANY ? "some" : "many";
  return (
    <section aria-labelledby="comfort">
      <h3 id="comfort">{output.value === comfortPlan.value?.output ? texts.look.comfort : texts.look.comfortStereo}</h3>
      <p class={`verdict ${verdict}`}>
        <Icon name={verdict === "comfortable" ? "tick" : "warn"} />
        {texts.look.verdicts[verdict]}
      </p>
      <Chart histogram={histogram} />
      <p class="help">{texts.look.comfortHelp(Math.round(100 * beyond))}</p>
    </section>
  );
}

type Histogram = NonNullable<PlanState["histogram"]>;

function middles({ parallax_percent: edges }: Histogram): readonly number[] {
  return edges.slice(1).map((edge, index) => (edge + edges[index]!) / 2);
}

function beyondShare(histogram: Histogram): number {
  const [low, high] = histogram.limits;
  const all = histogram.share.reduce((sum, one) => sum + one, 0) || 1;
  const beyond = middles(histogram).map((at, bin) => (at < low || at > high ? histogram.share[bin]! : 0));
  return beyond.reduce((sum, one) => sum + one, 0) / all;
}

/** Return a histogram with fewer bins, so that bars can be seen. */
function coarse(histogram: Histogram): Histogram {
  const { parallax_percent: edges, share } = histogram;
  const filled = share.flatMap((one, bin) => (one > 0 ? [bin] : []));
  const [first, last] = [filled[0] ?? 0, filled.at(-1) ?? share.length - 1];
  const size = Math.max(1, Math.ceil((last + 1 - first) / BARS));
  const starts = Array.from({ length: Math.ceil((last + 1 - first) / size) }, (_, index) => first + index * size);
  const sum = (start: number) => share.slice(start, start + size).reduce((all, one) => all + one, 0);
  const ends = [...starts, Math.min(last + 1, starts.at(-1)! + size)];
  return { ...histogram, parallax_percent: ends.map((bin) => edges[bin]!), share: starts.map(sum) };
}

function Chart({ histogram }: { readonly histogram: Histogram }) {
  const { parallax_percent: edges, share, limits } = coarse(histogram);
  const shown = share.map((one, bin) => (one > 0 ? bin : -1)).filter((bin) => bin >= 0);
  const [first, last] = [shown[0] ?? 0, shown.at(-1) ?? share.length - 1];
  const pad = 0.08 * (limits[1] - limits[0] || 1);
  const from = Math.min(limits[0], edges[first]!, 0) - pad;
  const to = Math.max(limits[1], edges[last + 1]!, 0) + pad;
  const x = (percent: number) => (WIDTH * (percent - from)) / (to - from || 1);
  const most = Math.max(...share, 1e-9);
  const bars = shown.map((bin) => {
    const [left, right] = [x(edges[bin]!), x(edges[bin + 1]!)];
    const height = Math.max(1, Math.sqrt(share[bin]! / most) * (HEIGHT - 8));
    const middle = (edges[bin]! + edges[bin + 1]!) / 2;
    const isBeyond = middle < limits[0] || middle > limits[1];
    const width = Math.max(1, right - left - 0.5);
    const place = { x: left, y: HEIGHT - height, width, height };
    return <rect key={bin} class={isBeyond ? "beyond" : ""} {...place} />;
  });
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={texts.look.chart(limits[0], limits[1])}>
        <rect class="comfort-zone" x={x(limits[0])} y={0} width={x(limits[1]) - x(limits[0])} height={HEIGHT} />
        {bars}
        <line class="screen-line" x1={x(0)} x2={x(0)} y1={0} y2={HEIGHT} />
      </svg>
      <figcaption>
        <span>{texts.look.near}</span>
        <span>{texts.look.screen}</span>
        <span>{texts.look.far}</span>
      </figcaption>
    </figure>
  );
}
