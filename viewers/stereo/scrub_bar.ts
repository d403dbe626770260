/** The bar of a video's time: what has loaded, what has played, and where to go. */

import { clock, part } from "./dom";
import type { Preview } from "./preview";

/** Width of the slider's thumb, whose middle marks the time. */
const THUMB_PX = 16;
/** Times this near to each other are the same one. */
const SAME_S = 0.001;

export class ScrubBar {
  private readonly box = part("scrub", HTMLElement);
  private readonly range = part("position", HTMLInputElement);
  private readonly time = part("time", HTMLOutputElement);
  private video: HTMLVideoElement | null = null;
  private wantedS: number | null = null;
  /** Where the seek in progress leads. */
  private askedS: number | null = null;
  private isHeld = false;
  private frameS = 0;

  constructor(private readonly preview: Preview) {
    this.range.oninput = () => {
      this.seek(Number(this.range.value));
      if (this.isHeld) this.showPreview(Number(this.range.value));
    };
    this.range.addEventListener("pointerdown", () => (this.isHeld = true));
    for (const event of ["pointerup", "pointercancel"] as const) {
      this.range.addEventListener(event, ({ pointerType }) => {
        this.isHeld = false;
        if (pointerType !== "mouse") preview.hide();
      });
    }
    this.range.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && !this.isHeld) this.showPreview(this.secondsAt(event.clientX));
    });
    this.range.addEventListener("pointerleave", () => this.isHeld || preview.hide());
    addEventListener("keydown", () => preview.hide());
  }

  /** Set the video, or none, and the duration of its frames. */
  take(video: HTMLVideoElement | null, frameS: number): void {
    this.preview.close();
    this.video = video;
    this.frameS = frameS;
    this.wantedS = null;
    this.isHeld = false;
    for (const event of ["progress", "durationchange", "loadeddata", "timeupdate"]) {
      video?.addEventListener(event, () => this.update());
    }
    video?.addEventListener("seeked", () => this.arrive());
  }

  /** Return whether the video has an end, and is sent in parts. */
  get canSeek(): boolean {
    const { video } = this;
    const last = (video?.seekable.length ?? 0) - 1;
    return video !== null && Number.isFinite(video.duration) && last >= 0 && video.seekable.end(last) > 0;
  }

  /** Where the video is, or will be after the seek in progress. */
  get nowS(): number {
    return this.wantedS ?? this.video?.currentTime ?? 0;
  }

  /**
   * Seek, at most to the last frame, because looped videos start again at their very end. While one seek is in progress,
   * only the last wish of those that follow counts.
   */
  seek(seconds: number): void {
    const { video } = this;
    if (!video || !this.canSeek) return;
    const wantedS = Math.max(0, Math.min(video.duration - this.frameS / 2, seconds));
    if (!video.seeking && Math.abs(wantedS - video.currentTime) < SAME_S) return;
    const isBusy = video.seeking;
    this.wantedS = wantedS;
    if (!isBusy) this.ask(video, wantedS);
    this.update();
  }

  update(): void {
    const { video, range } = this;
    if (!video) return;
    const [now, all] = [clock(this.nowS), clock(video.duration)];
    const duration = Number.isFinite(video.duration) ? video.duration : 0;
    this.time.value = `${now} / ${all}`;
    range.disabled = !this.canSeek;
    range.max = String(duration);
    if (!this.isHeld) range.value = String(this.nowS);
    range.setAttribute("aria-valuetext", `${now} of ${all}`);
    this.box.style.setProperty("--played", String(duration ? this.nowS / duration : 0));
    this.box.style.setProperty("--buffered", stripes(video.buffered, duration));
  }

  private ask(video: HTMLVideoElement, seconds: number): void {
    this.askedS = seconds;
    video.currentTime = seconds;
  }

  private arrive(): void {
    const { video, wantedS } = this;
    if (!video || wantedS === null) return;
    if (wantedS === this.askedS) this.wantedS = null;
    else this.ask(video, wantedS);
    this.update();
  }

  private showPreview(seconds: number): void {
    if (!this.video || !this.canSeek) return;
    const share = seconds / this.video.duration;
    this.preview.at(seconds, THUMB_PX / 2 + share * (this.range.clientWidth - THUMB_PX));
  }

  private secondsAt(clientX: number): number {
    const { left, width } = this.range.getBoundingClientRect();
    const share = (clientX - left - THUMB_PX / 2) / (width - THUMB_PX);
    return Math.min(1, Math.max(0, share)) * (this.video?.duration ?? 0);
  }
}

/** Return a gradient that is light where the video has loaded. */
function stripes(ranges: TimeRanges, duration: number): string {
  const percent = (seconds: number): string => `${((100 * seconds) / duration).toFixed(2)}%`;
  const stops = Array.from({ length: duration ? ranges.length : 0 }, (_, index) => {
    const [from, to] = [percent(ranges.start(index)), percent(ranges.end(index))];
    return `transparent ${from}, currentColor ${from} ${to}, transparent ${to}`;
  });
  return `linear-gradient(to right, ${["transparent 0%", ...stops, "transparent 100%"].join(", ")})`;
}
