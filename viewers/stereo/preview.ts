/** The small picture and the time over the scrub bar: a second, silent video element seeks there. */

import { clock, part } from "./dom";
import { LAYOUTS } from "./layouts";
import { aspectOf, eyesOf, type Show } from "./show";
import { empty } from "./source";

const WIDTH_PX = 160;
const MAX_HEIGHT_PX = 160;
/** Different pictures along the bar; between two of them the nearer one is shown. */
const STEPS = 240;
/** The part of a half sphere that is shown: its middle, each way. */
const MIDDLE = 0.5;

export class Preview {
  private readonly box = part("preview", HTMLElement);
  private readonly canvas = part("thumbnail", HTMLCanvasElement);
  private readonly label = part("preview-time", HTMLElement);
  private readonly made = new Map<number, HTMLCanvasElement>();
  private video: HTMLVideoElement | null = null;
  private source: Show["source"] = null;
  private wanted: number | null = null;
  /** Step of the seek in progress. */
  private coming: number | null = null;
  private look = "";

  constructor(private readonly show: Show) {}

  /** Show a time at a place from the left edge of the bar, in CSS pixels. */
  at(seconds: number, leftPx: number): void {
    this.begin();
    this.box.hidden = false;
    this.box.style.setProperty("--left", `${leftPx}px`);
    this.label.textContent = clock(seconds);
    const duration = this.show.source?.video?.duration ?? 0;
    const step = Math.min(STEPS - 1, Math.floor((STEPS * seconds) / duration));
    const made = this.made.get(step);
    this.wanted = step;
    if (made) this.paint(made);
    else this.seek();
  }

  hide(): void {
    this.box.hidden = true;
    this.wanted = null;
  }

  /** Open the video a second time when it is first needed, and forget the pictures of another file or layout. */
  private begin(): void {
    const { source, layout, isSwapped } = this.show;
    if (this.source !== source) this.close();
    const look = `${layout} ${isSwapped}`;
    if (this.look !== look) this.made.clear();
    this.look = look;
    if (this.video || !source?.video) return;
    this.source = source;
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.preload = "auto";
    video.src = source.video.currentSrc;
    video.onloadeddata = () => this.seek();
    video.onseeked = () => this.take();
    this.video = video;
    const [width, height] = sizePx(this.show);
    [this.canvas.width, this.canvas.height] = [width, height];
    this.canvas.hidden = true;
  }

  /** Release the second video. */
  close(): void {
    this.hide();
    if (this.video) {
      this.video.onseeked = null;
      empty(this.video);
    }
    this.made.clear();
    Object.assign(this, { video: null, source: null, coming: null });
  }

  /** Seek to the wanted picture, one seek at a time: the last one that was wanted counts. */
  private seek(): void {
    const { video } = this;
    if (!video || this.coming !== null || this.wanted === null || video.readyState < HTMLMediaElement.HAVE_METADATA) return;
    this.coming = this.wanted;
    video.currentTime = ((this.wanted + 0.5) * video.duration) / STEPS;
  }

  private take(): void {
    const { video, show, coming } = this;
    this.coming = null;
    if (!video || coming === null || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const picture = document.createElement("canvas");
    [picture.width, picture.height] = sizePx(show);
    const [left, top, across, down] = eyesOf(show)[0].rect;
    const share = LAYOUTS[show.layout].halfSphere ? MIDDLE : 1;
    const place = (from: number, length: number, sidePx: number): number => (from + (length * (1 - share)) / 2) * sidePx;
    picture
      .getContext("2d")
      ?.drawImage(
        video,
        place(left, across, video.videoWidth),
        place(top, down, video.videoHeight),
        across * share * video.videoWidth,
        down * share * video.videoHeight,
        0,
        0,
        picture.width,
        picture.height,
      );
    this.made.set(coming, picture);
    if (this.wanted === null) return;
    this.paint(picture);
    if (!this.made.has(this.wanted)) this.seek();
  }

  private paint(made: HTMLCanvasElement): void {
    this.canvas.hidden = false;
    [this.canvas.width, this.canvas.height] = [made.width, made.height];
    this.canvas.getContext("2d")?.drawImage(made, 0, 0);
  }
}

/** Return the width and height of a small picture, sharp on fine screens. */
function sizePx(show: Show): [number, number] {
  const aspect = aspectOf(show);
  const width = Math.min(WIDTH_PX, MAX_HEIGHT_PX * aspect);
  return [width, width / aspect].map((side) => Math.max(1, Math.round(side * Math.min(2, devicePixelRatio)))) as [number, number];
}
